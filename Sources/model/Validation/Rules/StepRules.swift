import JSONValue
import Templating

extension ValidationRun {
  func checkSteps(_ template: CallableTemplate, in origin: TemplateOrigin, scope: inout TagScope) {
    let (name, path) = (template.name, template.path["steps"])
    checkNonLeaf(template)
    var names: Set<String> = []
    var groups: [String: Int] = [:]
    for (group, steps) in template.list("steps").enumerated() {
      for step in steps.array ?? [] { groups[step.text(at: "name")] = group }
    }
    for (group, steps) in template.list("steps").enumerated() {
      // What the steps of a group produce is there for the groups after it.
      var produced = TagScope()
      for (index, step) in (steps.array ?? []).enumerated() {
        let place = path[group][index]
        let stepName = step.text(at: "name")
        let prefix = "templates.\(name).steps[\(group)]"
        if stepName.isEmpty {
          report("name-required", "\(prefix).name is required", at: place)
        } else {
          let complaints = isTemplated(stepName) ? [] : NameRule.field.complaints(stepName)
          if !names.insert(stepName).inserted {
            report("name-not-unique", "\(prefix).name '\(stepName)' is not unique", at: place["name"])
          } else if !complaints.isEmpty {
            report("name-invalid", "\(prefix).name '\(stepName)' is invalid: \(complaints.joined(separator: ";"))", at: place["name"])
          }
        }
        let hooks = hookScope(of: step, in: template, groups: groups, group: group)
        check(
          step, named: stepName, prefix: "\(prefix).\(stepName)", in: origin, scope: scope, hooks: hooks, produced: &produced, of: template,
          at: place)
      }
      scope.formUnion(produced)
    }
  }

  private func check(
    _ step: JSON, named stepName: String, prefix: String, in origin: TemplateOrigin, scope: TagScope, hooks: HookScope,
    produced: inout TagScope, of template: CallableTemplate, at place: FieldPath
  ) {
    var own = scope
    produced.insert("steps.\(stepName).status")
    addItems(of: step, to: &own, prefix: prefix, at: place)
    checkArguments(step["arguments"] ?? [:], prefix: "\(prefix).arguments.", allowsEmptyValues: false, at: place["arguments"])
    var called: (template: CallableTemplate, origin: TemplateOrigin)?
    nested(prefix) {
      called = resolve(step, in: origin, at: place)
      if let called {
        let outer = step.holds("inline") ? own : TagScope()
        visit(called.template, in: called.origin, calledAt: callPlace(step, place), outer: outer)
      }
    }
    var hooks = hooks
    hooks.beginsWithoutOutputs = beginsWithoutOutputs(called)
    checkHooks(step["hooks"], prefix: prefix, in: origin, scope: hooks, at: place["hooks"])
    checkExitTemplate(step, prefix: prefix, in: origin, at: place)
    checkWhen(step.text(at: "when"), prefix: prefix, at: place["when"])
    let words = "templates.\(template.name).steps"
    checkCallTags(step, own, prefix: words, at: place)
    if step.holds("hooks") {
      addOutputs(of: called?.template, as: "steps.\(stepName)", to: &own, isAggregate: false, isAncestor: true)
      checkHookTags(step["hooks"], own, isLoop: hooks.isLoop, of: "steps.\(stepName)", prefix: words, at: place["hooks"])
    }
    addOutputs(of: called?.template, as: "steps.\(stepName)", to: &produced, isAggregate: hooks.isLoop, isAncestor: false)
    if let called {
      nested(prefix) { checkSupplied(called.template, by: step["arguments"] ?? [:], at: argumentsPlace(step, place)) }
    }
  }

  /// What the hooks of a step see: the steps of the groups before, and the step itself, of which each item of a loop has a name of its own.
  private func hookScope(of step: JSON, in template: CallableTemplate, groups: [String: Int], group: Int) -> HookScope {
    let name = step.text(at: "name")
    let items = step.elements("withItems").count
    var scope = HookScope(name: name, isLoop: isLoop(step), isIdle: isNever(step.text(at: "when")))
    let (isLoop, mayLackItems) = (scope.isLoop, items < 2 || !step.text(at: "when").isEmpty)
    scope.variables.step = { other in
      if other == name { return isLoop ? .value(.nil) : ForeseenVariables.begun }
      if isLoop, other.hasPrefix(name + "(") { return mayLackItems ? .unknown : .value(.nil) }
      guard let place = groups[other] else { return isTemplated(other) ? .unknown : .value(.nil) }
      return place < group ? ForeseenVariables.begun : place == group ? .unknown : .value(.nil)
    }
    scope.variables.names = { groups.keys.sorted() }
    scope.variables.inputs = ForeseenVariables.inputs(of: template)
    // An inline template sees the item of the step that it is written in.
    if isLoop || template.name.isEmpty { scope.variables.item = .unknown }
    return scope
  }

  func isLoop(_ holder: JSON) -> Bool {
    !holder.elements("withItems").isEmpty || !holder.text(at: "withParam").isEmpty || holder.holds("withSequence")
  }

  func checkNonLeaf(_ template: CallableTemplate) {
    if template.has("activeDeadlineSeconds") {
      report(
        "active-deadline", "templates.\(template.name).activeDeadlineSeconds is only valid for leaf templates",
        at: template.path["activeDeadlineSeconds"])
    }
  }

  /// Where findings about what a step calls are shown.
  func callPlace(_ holder: JSON, _ place: FieldPath) -> FieldPath {
    if holder.holds("templateRef") { return place["templateRef"] }
    return holder.holds("template") ? place["template"] : place
  }

  func argumentsPlace(_ holder: JSON, _ place: FieldPath) -> FieldPath {
    holder.holds("arguments") ? place["arguments"] : callPlace(holder, place)
  }

  /// Adds what loops define; `prefix` is that of messages about the loop's own fields.
  func addItems(of holder: JSON, to scope: inout TagScope, prefix: String, at path: FieldPath) {
    let items = holder.elements("withItems")
    let parameter = holder.text(at: "withParam")
    let sequence = holder.holds("withSequence") ? holder["withSequence"] : nil
    if [!items.isEmpty, !parameter.isEmpty, sequence != nil].filter({ $0 }).count > 1 {
      report("loop", "\(prefix) only one of withItems, withParam, withSequence can be specified", at: path)
    }
    if let sequence, sequence.holds("count"), sequence.holds("end") {
      report("loop", "\(prefix) only one of count or end can be defined in withSequence", at: path["withSequence"])
    }
    checkSequence(of: holder, prefix: prefix, at: path)
    if !items.isEmpty || !parameter.isEmpty || sequence != nil {
      scope.insert("item")
      scope.needsEveryTag = true
    }
    for item in items {
      switch item {
      case .object(let members): for key in members.keys { scope.insert("item.\(key)") }
      case .array(let elements): for index in elements.indices { scope.insert("item.[\(index)]") }
      case .string(let text) where isTemplated(text): scope.allowsAnyItem = true
      default: break
      }
    }
    if !parameter.isEmpty {
      scope.allowsAnyItem = true
      // A step that its `when` keeps from running may have any list.
      if holder.text(at: "when").isEmpty { checkLoopList(parameter, prefix: prefix, at: path["withParam"]) }
    }
  }

  /// Whether Go reads a text into a list: `null` is an empty one.
  static func isListText(_ text: String) -> Bool {
    switch try? JSON.parse(text) {
    case .array, .null: true
    default: false
    }
  }

  /// A `withParam` without tags must be the JSON text of a list.
  private func checkLoopList(_ text: String, prefix: String, at path: FieldPath) {
    if isTemplated(text) || Self.isListText(text) { return }
    report("loop", "\(prefix) withParam value could not be parsed as a JSON list: \(text)", at: path)
  }

  /// Adds what later steps or tasks may name of a node.
  func addOutputs(of template: CallableTemplate?, as node: String, to scope: inout TagScope, isAggregate: Bool, isAncestor: Bool) {
    for field in ["id", "startedAt", "finishedAt", "hostNodeName"] { scope.insert("\(node).\(field)") }
    if isAncestor { scope.insert("\(node).status") }
    guard let template else {
      // What it is has been reported, or is only known at run time: no second complaint about what it has.
      scope.openNodes.insert("\(node).")
      return
    }
    if template.json["daemon"]?.bool == true { scope.insert("\(node).ip") }
    if template.hasResult || (isAggregate && template.typeName == "ContainerSet") {
      scope.insert("\(node).outputs.result")
      scope.insert("\(node).exitCode")
    }
    if isAggregate { scope.insert("\(node).outputs.parameters") }
    for parameter in template.list("outputs", "parameters") {
      scope.insert("\(node).outputs.parameters.\(parameter.text(at: "name"))")
      let global = parameter.text(at: "globalName")
      if holdsParameterTag(global) { scope.allowsAnyWorkflowParameterOutput = true }
      if !global.isEmpty { globals.insert("workflow.outputs.parameters.\(global)") }
    }
    for artifact in template.list("outputs", "artifacts") {
      scope.insert("\(node).outputs.artifacts.\(artifact.text(at: "name"))")
      let global = artifact.text(at: "globalName")
      if holdsParameterTag(global) { scope.allowsAnyWorkflowArtifactOutput = true }
      if !global.isEmpty { globals.insert("workflow.outputs.artifacts.\(global)") }
    }
  }
}
