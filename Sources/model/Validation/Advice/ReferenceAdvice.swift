import JSONValue
import Templating
import YAMLText

/// References to outputs that may not be there.
extension AdviceRun {
  func adviseReferences() {
    for (index, template) in templates.enumerated() {
      let calls = template.calls
      if calls.isEmpty { continue }
      let scope = CallScope(calls, isDAG: template.has("dag"))
      for call in calls {
        var own = call.json
        own["inline"] = nil
        for reference in ReferenceScanner.references(in: own, at: call.path) { advise(reference, of: call, in: template, scope) }
      }
      let outputs = template.path["outputs"].steps
      for reference in references[index] where reference.path.steps.starts(with: outputs) {
        advise(reference, of: nil, in: template, scope)
      }
    }
  }

  /// `call` is who reads; nil for the outputs of the template itself.
  private func advise(_ reference: LocatedReference, of call: TemplateCall?, in template: CallableTemplate, _ scope: CallScope) {
    guard reference.name.count >= 3, reference.name[0] == scope.root else { return }
    let name = reference.name[1]
    if name == call?.name || ["name", "json"].contains(name) { return }
    // An item's own name, in the hooks of its loop.
    if let call, call.isLoop, name.hasPrefix("\(call.name)(") { return }
    let text = reference.name.joined(separator: ".")
    guard let producer = scope.calls[name] else {
      // What a simple tag names must be in scope: that is an error already.
      if reference.isExpression, !reference.isGuarded {
        let near = nearest(to: name, in: scope.calls.keys).map { "did you mean '\($0)'?" }
        say("not-upstream", "\(text): templates.\(template.name) has no \(scope.word) '\(name)'", hint: near, at: reference.path)
      }
      return
    }
    if let call, !scope.call(call, comesAfter: producer) {
      let isError = !reference.isExpression && (!scope.isDAG || reference.name[2] == "status" || isArgument(reference.path, of: call))
      if isError || reference.isGuarded { return }
      say(
        "not-upstream", "\(text): \(scope.word) '\(call.name)' does not wait for '\(name)'",
        hint: scope.isDAG ? "add '\(name)' to its depends" : "move it to a later group", at: reference.path)
      return
    }
    adviseSkipped(reference, text, of: call, from: producer, in: template, scope)
  }

  /// What the DAG rules look at: arguments that begin with a tag of a task.
  private func isArgument(_ path: FieldPath, of call: TemplateCall) -> Bool {
    guard path.steps.starts(with: call.path["arguments"].steps) else { return false }
    return path.steps.last == .key("value") || path.steps.last == .key("from")
  }

  private func adviseSkipped(
    _ reference: LocatedReference, _ text: String, of call: TemplateCall?, from producer: TemplateCall, in template: CallableTemplate,
    _ scope: CallScope
  ) {
    guard reference.name[2] == "outputs", !reference.isGuarded, !producer.isLoop, let called = called(by: producer.json) else { return }
    guard let reason = scope.reason(for: producer, missingIn: call) else { return }
    if reference.name.count >= 5, reference.name[3] == "parameters" {
      let parameter = called.list("outputs", "parameters").first { $0.text(at: "name") == reference.name[4] }
      if parameter?["valueFrom"]?["default"] != nil || parameter == nil { return }
    }
    if let call {
      let condition = call.json.text(at: "when")
      if condition.contains("\(scope.root).\(producer.name).status") || (!condition.isEmpty && condition == producer.json.text(at: "when"))
      {
        return
      }
      if reference.isAlone, hasFallback(reference.path, of: call) { return }
    } else if hasOwnFallback(reference.path, of: template) {
      return
    }
    say(
      "skipped-output", "\(text) is missing when \(scope.word) '\(producer.name)' does not run (\(reason))",
      hint: "give the output valueFrom.default, or write {{=\(Self.expression(reference.name)) ?? ''}}", at: reference.path)
  }

  private static func expression(_ name: [String]) -> String {
    name.dropFirst().reduce(name.first ?? "") { text, member in
      member.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x5F } ? "\(text).\(member)" : "\(text)['\(member)']"
    }
  }

  /// Whether the argument's input has a value of its own, which stands in for a missing one.
  private func hasFallback(_ path: FieldPath, of call: TemplateCall) -> Bool {
    let rest = path.steps.dropFirst(call.path.steps.count)
    guard rest.first == .key("arguments"), rest.count >= 3, case .key(let list) = rest[rest.startIndex + 1],
      case .index(let index) = rest[rest.startIndex + 2]
    else { return false }
    let arguments = call.json["arguments"]?.elements(list) ?? []
    guard arguments.indices.contains(index) else { return false }
    if arguments[index]["optional"]?.bool == true { return true }
    guard let called = called(by: call.json) else { return true }
    let input = called.list("inputs", list).first { $0.text(at: "name") == arguments[index].text(at: "name") }
    guard let input else { return true }
    return input.holds("value") || input.holds("default") || input["optional"]?.bool == true || hasLocation(input)
  }

  private func hasLocation(_ artifact: JSON) -> Bool { ArtifactKind.allCases.contains { artifact.holds($0.rawValue) } }

  private func hasOwnFallback(_ path: FieldPath, of template: CallableTemplate) -> Bool {
    let rest = path.steps.dropFirst(template.path.steps.count)
    guard rest.count >= 3, case .key(let list) = rest[rest.startIndex + 1], case .index(let index) = rest[rest.startIndex + 2] else {
      return false
    }
    let outputs = template.list("outputs", list)
    guard outputs.indices.contains(index) else { return false }
    return outputs[index]["valueFrom"]?["default"] != nil || outputs[index]["optional"]?.bool == true
  }
}

/// The steps or tasks of a template by name, and who waits for whom.
private struct CallScope {
  let isDAG: Bool
  let calls: [String: TemplateCall]
  private let graph: TaskGraph
  private let terms: [String: [(task: String, result: String?)]]

  var root: String { isDAG ? "tasks" : "steps" }
  var word: String { isDAG ? "task" : "step" }

  init(_ calls: [TemplateCall], isDAG: Bool) {
    self.isDAG = isDAG
    self.calls = Dictionary(calls.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var terms: [String: [(task: String, result: String?)]] = [:]
    for call in calls where isDAG {
      let depends = call.json.text(at: "depends")
      terms[call.name] =
        depends.isEmpty
        ? call.json.elements("dependencies").compactMap(\.string).map { ($0, nil) }
        : ((try? DependsExpression.parse(depends))?.terms ?? []).map { ($0.task, $0.result) }
    }
    self.terms = terms
    graph = TaskGraph(terms.mapValues { $0.map(\.task) })
  }

  func call(_ call: TemplateCall, comesAfter other: TemplateCall) -> Bool {
    if isDAG { return graph.task(call.name, waitsFor: other.name) }
    return (other.group ?? 0) < (call.group ?? 0)
  }

  /// Why a producer may have no outputs although its reader runs; nil when it has them. `reader` is nil for the outputs of the template.
  func reason(for producer: TemplateCall, missingIn reader: TemplateCall?) -> String? {
    let condition = producer.json.text(at: "when")
    let mayBeSkipped = !condition.isEmpty && condition != "true"
    guard isDAG else { return mayBeSkipped ? "when: \(condition)" : nil }
    let depends = (terms[producer.name] ?? []).first { !["Succeeded", "Daemoned", nil].contains($0.result) }
    let direct = (reader.flatMap { terms[$0.name] } ?? []).filter { $0.task == producer.name }.map(\.result)
    // A bare name is met by a skipped task and not by an omitted one.
    if mayBeSkipped, direct.isEmpty || direct.contains(nil) || direct.contains("Skipped") { return "when: \(condition)" }
    if let depends, direct.contains("Omitted") || reader == nil { return "depends on \(depends.task).\(depends.result ?? "")" }
    return nil
  }
}
