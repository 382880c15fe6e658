import ArgoModel
import Basics
import JSONValue
import KubeModel
import Templating

/// Why the nodes of a run are as they are, from what the run has kept: its specification, its nodes with their messages, inputs and outputs, and what
/// happened on their way (`argosyHistory`).
package struct Explanation: Sendable {
  let workflow: Resource
  let nodes: NodeViews
  let templates: [String: JSON]
  private let start: Instant

  package init(_ workflow: Resource) {
    self.workflow = workflow
    let status = workflow.json["status"] ?? [:]
    let start = status["startedAt"]?.string.flatMap(Instant.init(rfc3339:)) ?? Instant(milliseconds: 0)
    self.start = start
    nodes = NodeViews(status: status, workflow: workflow.name, start: start)
    var templates: [String: JSON] = [:]
    for (key, template) in status["storedTemplates"]?.object ?? [:] {
      templates[key.split(separator: "/").last.map(String.init) ?? key] = template
    }
    let spec = status["storedWorkflowTemplateSpec"] ?? workflow.spec
    for template in spec["templates"]?.array ?? [] { templates[template["name"]?.string ?? ""] = template }
    self.templates = templates
  }

  /// The whole run: what it came to, and the nodes that decided that.
  package func overview() -> String {
    let status = workflow.json["status"] ?? [:]
    let phase = status["phase"]?.string ?? ""
    var output = "\(workflow.name): \(phase.isEmpty ? "has not begun" : phase)\(suffix(status["message"]?.string ?? ""))\n"
    if isSuspended, !Self.isOver(phase) { output += "  \(Self.suspended)\n" }
    if let root = nodes.all.first(where: { $0.path.isEmpty }), root.phase == "Failed" || root.phase == "Error" {
      for cause in causes(of: root) { output += "  because \(cause)\n" }
    }
    for node in nodes.all where ["Running", "Pending"].contains(node.phase) {
      if let reason = waiting(node) { output += "  \(name(node)) waits: \(reason)\n" }
    }
    for node in nodes.all where node.phase == "Skipped" || node.phase == "Omitted" {
      output += "  \(name(node)) did not run: \(node.message)\n"
    }
    for node in nodes.all where node.type == "Retry" && node.children.count > 1 {
      output += "  \(name(node)) was tried \(nodes.attempts(of: node)) times: \(node.phase)\n"
    }
    return output
  }

  /// One node, or each of those that a name means; of a step or task that has not begun what it waits for. Nil when there is none.
  package func node(_ name: String) -> String? {
    var found = nodes.all.filter { $0.id == name }
    if found.isEmpty { found = nodes.matching(name) }
    return found.isEmpty ? unbegun(name) : found.map(explained).joined(separator: "\n")
  }

  func name(_ node: NodeView) -> String { node.path.isEmpty ? workflow.name : node.path }
  func suffix(_ message: String) -> String { message.isEmpty ? "" : ": \(message)" }

  private func explained(_ node: NodeView) -> String {
    var output =
      "\(name(node)) (\(node.type)\(node.templateName.isEmpty ? "" : " of \(node.templateName)")): \(node.phase)\(suffix(node.message))\n"
    let boundary = nodes[node.boundaryID]
    if let boundary, let call = call(node, in: boundary) {
      output += before(call, boundary) + terms(of: call, boundary)
      if let condition = call.json["when"]?.string, !condition.isEmpty { output += self.condition(condition, node, boundary) }
      if call.isLoop { output += "  an item of the loop over \(loop(call.json, boundary))\n" }
    }
    for (name, value) in node.inputs.sorted(by: { $0.key < $1.key }) { output += "  input \(name) = \(value)\n" }
    if node.type == "Retry" { output += attempts(of: node) }
    output += memoization(of: node)
    output += history(of: node)
    if let reason = waiting(node) { output += "  it waits: \(reason)\n" }
    if ["Failed", "Error"].contains(node.phase) { for cause in causes(of: node) { output += "  because \(cause)\n" } }
    if let end = node.finishedAt, node.type != "Skipped" {
      output += "  it began after \(node.startedAt)s and took \(end - node.startedAt)s\n"
    }
    for (name, value) in node.outputs.sorted(by: { $0.key < $1.key }) { output += "  output \(name) = \(value)\n" }
    return output
  }

  // MARK: Why it ran

  private func call(_ node: NodeView, in boundary: NodeView) -> TemplateCallView? {
    let wanted = NodeView.withoutParentheses(node.displayName)
    return calls(of: boundary.templateName).first { $0.json["name"]?.string == wanted }
  }

  struct TemplateCallView {
    var json: JSON
    var group: Int?
    var isLoop: Bool { ["withItems", "withParam", "withSequence"].contains { json[$0].map { !$0.isNull } ?? false } }
  }

  func calls(of name: String) -> [TemplateCallView] { calls(in: templates[name] ?? [:]) }

  func calls(in template: JSON) -> [TemplateCallView] {
    var result: [TemplateCallView] = []
    for (group, steps) in (template["steps"]?.array ?? []).enumerated() {
      result += (steps.array ?? []).map { TemplateCallView(json: $0, group: group) }
    }
    return result + (template.at("dag", "tasks")?.array ?? []).map { TemplateCallView(json: $0, group: nil) }
  }

  /// The nodes of the calls of one name within a boundary.
  func units(_ name: String, in boundary: NodeView) -> [NodeView] {
    let found = nodes.all.filter { $0.boundaryID == boundary.id && $0.displayName == name }
    if !found.isEmpty { return found }
    return nodes.all.filter { $0.boundaryID == boundary.id && NodeView.withoutParentheses($0.displayName) == name }
  }

  /// What a step or task comes after, and how that is.
  func before(_ call: TemplateCallView, _ boundary: NodeView) -> String {
    var output = ""
    var names: [String] = []
    if let group = call.group {
      names = calls(of: boundary.templateName).filter { $0.group == group - 1 }.compactMap { $0.json["name"]?.string }
      if !names.isEmpty { output += "  its group came after group \(group - 1):\n" }
    } else {
      names = awaited(call)
      if let depends = call.json["depends"]?.string, !depends.isEmpty {
        output += "  depends: \(depends)\n"
      } else if !names.isEmpty {
        output += "  dependencies: \(names.joined(separator: ", "))\n"
      }
    }
    for name in names {
      let states = units(name, in: boundary)
      if states.isEmpty { output += "    \(name) has not begun\n" }
      for state in states.prefix(20) { output += "    \(state.displayName) is \(state.phase)\(items(of: state))\n" }
    }
    return output
  }

  /// The tasks that a task waits for.
  func awaited(_ call: TemplateCallView) -> [String] {
    guard let depends = call.json["depends"]?.string, !depends.isEmpty else {
      return call.json["dependencies"]?.array?.compactMap(\.string) ?? []
    }
    var names: [String] = []
    for term in (try? DependsExpression.parse(depends))?.terms ?? [] where !names.contains(term.task) { names.append(term.task) }
    return names
  }

  private func condition(_ condition: String, _ node: NodeView, _ boundary: NodeView) -> String {
    let values = TagTemplate(compiling: condition).tags.compactMap { tag -> String? in
      guard case .simple(let name, _) = tag else { return nil }
      return value(of: name, in: boundary).map { "    {{\(name)}} was \($0)\n" }
    }
    let isSkipped = node.phase == "Skipped" && node.message.hasPrefix("when ")
    let result =
      isSkipped ? "was false" : node.phase == "Omitted" ? "was not looked at" : node.phase == "Error" ? "did not let it fail" : "was true"
    let text = transitions(of: node).first { $0.kind == "condition" }?.text ?? Self.skippedCondition(node.message)
    let read = text.map { $0 == condition ? "" : "    it read: \($0)\n" } ?? ""
    return "  when: \(condition) \(node.phase == "Error" && node.type == "Skipped" ? "could not be evaluated" : result)\n" + read
      + values.joined()
  }

  /// The condition in the message of a node that it kept from running.
  private static func skippedCondition(_ message: String) -> String? {
    guard message.hasPrefix("when '"), message.hasSuffix("' evaluated false") else { return nil }
    return String(message.dropFirst("when '".count).dropLast("' evaluated false".count))
  }

  /// Whether a cache was asked instead of running it, and what came of that.
  private func memoization(of node: NodeView) -> String {
    guard let status = node.json["memoizationStatus"], let key = status["key"]?.string else { return "" }
    let place = "the entry \"\(key)\" of the cache \(status["cacheName"]?.string ?? "")"
    return status["hit"]?.bool == true
      ? "  memoize: its outputs are \(place); it did not run itself\n" : "  memoize: \(place) was not there or too old, so it ran\n"
  }

  // MARK: On its way

  private struct Transition {
    var at: Instant
    var kind: String
    var text: String
  }

  private func transitions(of node: NodeView) -> [Transition] {
    (workflow.json.at("argosyHistory", node.id)?.array ?? []).compactMap { entry in
      guard let at = entry[0]?.int, let kind = entry[1]?.string else { return nil }
      return Transition(at: Instant(milliseconds: at), kind: kind, text: entry[2]?.string ?? "")
    }
  }

  /// What was recorded while it went on, with the time since the run's begin.
  private func history(of node: NodeView) -> String {
    transitions(of: node).map { transition in
      let text =
        switch transition.kind {
        case "condition": "its condition was true"
        case "locked": "got the lock \(transition.text)"
        case "began": "began to run"
        case "resumed": transition.text.isEmpty ? "was resumed" : "was resumed: \(transition.text)"
        default: transition.text
        }
      let seconds = Double((transition.at - start).milliseconds / 100) / 10
      return "  after \(seconds)s: \(text)\n"
    }.joined()
  }

  private func loop(_ call: JSON, _ boundary: NodeView) -> String {
    if let list = call["withParam"]?.string {
      if case .simple(let name, _)? = TagTemplate(compiling: list).onlyTag, let value = value(of: name, in: boundary) {
        return "\(list), which was \(value.count <= 120 ? value : value.prefix(119) + "…")"
      }
      return list
    }
    return (call["withItems"] ?? call["withSequence"] ?? .null).text()
  }

  /// What a tag stood for, where the nodes still tell it.
  private func value(of name: String, in boundary: NodeView) -> String? {
    let words = name.split(separator: ".").map(String.init)
    guard let root = words.first else { return nil }
    switch root {
    case "inputs" where words.count == 3 && words[1] == "parameters": return boundary.inputs[words[2]]
    case "workflow" where words.count == 3 && words[1] == "parameters":
      let spec = workflow.json.at("status", "storedWorkflowTemplateSpec") ?? workflow.spec
      let parameter = spec.at("arguments", "parameters")?.array?.first { $0["name"]?.string == words[2] }
      return parameter?["value"].map { $0.string ?? $0.text(.go) }
    case "workflow" where words.count == 2 && words[1] == "name": return workflow.name
    case "steps", "tasks":
      guard words.count >= 3, let unit = units(words[1], in: boundary).first else { return nil }
      if words[2] == "status" { return unit.phase }
      if words[2] == "exitCode" { return unit.json.at("outputs", "exitCode")?.string }
      return words.count >= 4 && words[2] == "outputs" ? unit.outputs[words[words.count - 1]] : nil
    default: return nil
    }
  }

  // MARK: Why it failed, waits, was tried again

  private func attempts(of node: NodeView) -> String {
    var output = ""
    let strategy = templates[node.templateName]?["retryStrategy"] ?? workflow.spec["retryStrategy"] ?? [:]
    if let limit = strategy["limit"] { output += "  retryStrategy: at most \(limit.string ?? limit.text(.go)) more attempts" }
    output += output.isEmpty ? "" : ", \(strategy["retryPolicy"]?.string ?? "OnFailure")"
    output += strategy["expression"]?.string.map { ", if \($0)" } ?? ""
    output += output.isEmpty ? "" : "\n"
    for child in node.children.compactMap({ nodes[$0] }) {
      let end = child.finishedAt.map { " after \($0 - child.startedAt)s" } ?? ""
      output += "    \(child.displayName): \(child.phase)\(end)\(suffix(child.message))\n"
    }
    return output
  }

  private func waiting(_ node: NodeView) -> String? {
    if let lock = node.json.at("synchronizationStatus", "waiting")?.string { return "for the lock \(lock)" }
    if node.type == "Suspend", node.phase == "Running" { return "for somebody to resume it" + suffix(node.message) }
    if node.phase == "Pending", !node.message.isEmpty { return node.message }
    return nil
  }

  /// The nodes below whose end a failure came from, innermost.
  private func causes(of node: NodeView) -> [String] {
    var result: [String] = []
    var open = [node]
    var seen: Set<String> = []
    // Attempts are told by the node that they are of.
    let attempts = Set(nodes.all.filter { $0.type == "Retry" }.flatMap(\.children))
    while let next = open.popLast(), result.count < 20 {
      guard seen.insert(next.id).inserted, ["Failed", "Error"].contains(next.phase) else { continue }
      let inner = nodes.all.filter {
        ($0.boundaryID == next.id && !attempts.contains($0.id)
          || (next.type == "Retry" || next.type == "TaskGroup") && next.children.contains($0.id))
          && ["Failed", "Error"].contains($0.phase) && $0.type != "StepGroup"
      }
      if inner.isEmpty {
        if next.id != node.id { result.append("\(name(next)) ended \(next.phase)\(suffix(next.message))") }
      } else {
        // Of attempts the last decided.
        open += next.type == "Retry" ? inner.suffix(1) : inner.reversed()
      }
    }
    return result
  }
}
