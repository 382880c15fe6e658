import JSONValue
import Templating

/// What hooks see besides the tags of their arguments.
struct HookScope {
  /// What their expressions read.
  var variables = ForeseenVariables()
  /// The step or task whose hooks they are.
  var name = ""
  var isLoop = false
  var isDAG = false
  /// Nothing ever comes to them: the step has a condition that is false.
  var isIdle = false
  /// The step is known to have no outputs when it begins: it comes from no cache.
  var beginsWithoutOutputs = false

  /// What the expression of a hook reads. All but exit hooks are looked at from the step's begin on.
  func variables(of hook: String) -> ForeseenVariables {
    guard hook != "exit", beginsWithoutOutputs, !isLoop || isDAG else { return variables }
    var early = variables
    let (own, step) = (name, variables.step)
    early.step = { name in
      guard name == own, case .members(let members) = step(name) else { return step(name) }
      return .members { ["outputs", "exitCode"].contains($0) ? .value(.nil) : members($0) }
    }
    return early
  }
}

extension ValidationRun {
  func checkHooks(_ hooks: JSON?, prefix: String, in origin: TemplateOrigin, scope: HookScope, at path: FieldPath) {
    for (name, hook) in hooks?.object ?? [:] {
      let expression = hook.text(at: "expression")
      if name != "exit", expression.isEmpty {
        report("hook-expression", "\(prefix).\(name) Expression required", at: path[name])
      }
      if !expression.isEmpty { check(expression, of: name, prefix: "\(prefix).\(name)", scope, at: path[name]["expression"]) }
      nested("\(prefix).\(name)") {
        if let called = resolve(hook, in: origin, at: path[name]) {
          visit(called.template, in: called.origin, calledAt: callPlace(hook, path[name]))
          checkSupplied(called.template, by: hook["arguments"] ?? [:], at: argumentsPlace(hook, path[name]))
        }
      }
    }
  }

  /// Whether what is called is known to have no outputs when it begins: it is carried out by others, and comes from no cache.
  func beginsWithoutOutputs(_ called: (template: CallableTemplate, origin: TemplateOrigin)?) -> Bool {
    guard let called, called.template.isLeaf else { return false }
    let defaults = [called.origin.spec["templateDefaults"], options.defaults?["templateDefaults"]]
    return !called.template.has("memoize") && !defaults.contains { $0?.holds("memoize") == true }
  }

  /// Checks a hook's condition. Where it cannot be evaluated the engine fails the step, the task or the workflow; an exit hook of a task just
  /// does not run.
  private func check(_ expression: String, of name: String, prefix: String, _ scope: HookScope, at path: FieldPath) {
    checkExpression(expression, what: "expression", prefix: prefix, at: path)
    if isTemplated(expression) { return }
    // The workflow's exit handler runs without regard to it.
    let isIgnored = scope.name.isEmpty && name == "exit"
    let isFatal = !isIgnored && !scope.isIdle && !(scope.isDAG && name == "exit")
    checkComparisons(expression, isStrict: isFatal, prefix: prefix, at: path)
    guard !isIgnored, let forecast = try? Expression(compiling: expression).forecast(scope.variables(of: name).root) else { return }
    var problem: String?
    var hint: String?
    if let failure = forecast.failure {
      problem = "the expression cannot be evaluated: \(failure.error)"
      hint = failure.missing.flatMap { self.hint(forMissing: $0, scope) }
    } else if forecast.isNoCondition(allowsText: true) {
      problem = "the expression is neither true nor false"
      hint = "compare it with something: … == 'Failed'"
    }
    guard let problem, !hasReported(path) else { return }
    if isFatal {
      report("hook-expression", "\(prefix) \(problem)", hint: hint, at: path)
    } else {
      advise("hook-expression", "\(prefix) never runs: \(problem)", hint: hint, at: path)
    }
  }

  private func hint(forMissing path: [String], _ scope: HookScope) -> String? {
    guard let root = path.first else { return nil }
    if path.count == 1 {
      if root == "item" { return scope.isDAG ? "only hooks of steps know the item" : "only hooks of loops know an item" }
      return rootHint(path)
    }
    guard path.count >= 2, root == "steps" || root == "tasks" else { return nil }
    let (word, name) = (scope.isDAG ? "task" : "step", path[1])
    if scope.isLoop, name == scope.name || name.hasPrefix("\(scope.name)(") { return Self.loopHint("\(root).\(scope.name)") }
    if path.count > 2 {
      guard name == scope.name, path[2] == "outputs" else { return nil }
      return "hooks are looked at as soon as the \(word) begins: write \(root).\(name).status == 'Succeeded' && …"
    }
    if let near = nearest(to: name, in: scope.variables.names()) { return "did you mean '\(near)'?" }
    return scope.variables.names().contains(name) ? "\(word) '\(name)' has not begun then" : "there is no \(word) '\(name)'"
  }

  /// What to do where a hook of a loop needs the item that it belongs to.
  static func loopHint(_ node: String) -> String {
    let name = node.split(separator: ".").last ?? ""
    return
      "each item of a loop has a name of its own, such as \(name)(0:x): loop over a template of steps that has this step and its hook, "
      + "where steps.\(name) is the item"
  }

  /// Checks the tags in hooks. Those of a loop are filled in before the first item begins; only artifacts are looked up when a hook starts.
  func checkHookTags(_ hooks: JSON?, _ scope: TagScope, isLoop: Bool, of node: String, prefix: String, at path: FieldPath) {
    guard let hooks, !hooks.isNull else { return }
    var scope = scope
    scope.isCall = true
    guard isLoop else {
      checkTags(hooks, scope, prefix: prefix, at: path)
      return
    }
    let isTask = node.hasPrefix("tasks.")
    var early = scope
    early.loop = node
    for (name, hook) in hooks.object ?? [:] {
      let artifacts = hook["arguments"]?.elements("artifacts") ?? []
      for (index, artifact) in artifacts.enumerated() {
        let place = path[name]["arguments"]["artifacts"][index]
        let from = artifact["from"] ?? .null
        checkTags(from, isTask ? scope : early, prefix: prefix, at: place["from"])
        checkTags(artifact, early, prefix: prefix, at: place, skipping: ["from"])
      }
      checkTags(hook["arguments"] ?? .null, early, prefix: prefix, at: path[name]["arguments"], skipping: ["artifacts"])
      checkTags(hook, early, prefix: prefix, at: path[name], skipping: ["arguments"])
    }
  }

  func checkExitTemplate(_ holder: JSON, prefix: String, in origin: TemplateOrigin, at path: FieldPath) {
    let name = holder.text(at: "onExit")
    if name.isEmpty || isTemplated(name) { return }
    nested(prefix) {
      if let template = origin.template(named: name) {
        visit(template, in: origin, calledAt: path["onExit"])
      } else {
        let near = nearest(to: name, in: origin.templates.map(\.name)).map { "did you mean '\($0)'?" }
        report("template-undefined", "template name '\(name)' undefined", hint: near, at: path["onExit"])
      }
    }
  }
}
