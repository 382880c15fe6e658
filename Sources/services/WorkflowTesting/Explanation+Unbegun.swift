import JSONValue
import KubeModel

/// What has no node: steps and tasks that have not begun, or never will.
extension Explanation {
  /// Whether nothing of the run begins until somebody resumes it.
  var isSuspended: Bool { workflow.spec["suspend"]?.bool == true }
  static var suspended: String { "it waits: the workflow is suspended" }
  static func isOver(_ phase: String) -> Bool { ["Succeeded", "Failed", "Error", "Skipped", "Omitted"].contains(phase) }

  /// Why a step or task of this path or name has no node; nil when the workflow has none of it.
  func unbegun(_ wanted: String) -> String? {
    let words = wanted.split(separator: ".").map(String.init)
    guard let last = words.last else { return nil }
    if last == "onExit", words.count == 1, let handler = exitHandler {
      return "onExit: has not begun\n  \(handler) runs when the workflow is over\n"
    }
    let parent = words.dropLast().joined(separator: ".")
    // Where it would have its place: in nodes that run steps or tasks of this name.
    let places = nodes.all.filter { node in
      guard ["Steps", "DAG"].contains(node.type) else { return false }
      let fits = parent.isEmpty || node.path == parent || node.base == parent || node.displayName == parent
      return fits && calls(of: node.templateName).contains { $0.json["name"]?.string == last }
    }
    if !places.isEmpty {
      return places.prefix(20).map { place in
        calls(of: place.templateName).filter { $0.json["name"]?.string == last }.map { unbegun($0, in: place) }.joined()
      }.joined(separator: "\n")
    }
    if !parent.isEmpty, let above = nodes.matching(parent).isEmpty ? unbegun(parent) : nil {
      guard templates.values.contains(where: { calls(in: $0).contains { $0.json["name"]?.string == last } }) else { return nil }
      return "\(wanted): has not begun, since \(parent) has not\n\n\(above)"
    }
    // A step of a template that no node has come to.
    let owners = templates.filter { calls(in: $0.value).contains { $0.json["name"]?.string == last } }.keys.sorted()
    guard parent.isEmpty, !owners.isEmpty else { return nil }
    if nodes.all.isEmpty {
      let status = workflow.json["status"] ?? [:]
      return "\(last): has not begun, since the workflow has not\(suffix(status["message"]?.string ?? ""))\n"
    }
    let lines = owners.map { "  it is a step of the template \($0), which no node has come to\n" }
    return "\(last): has not begun\n" + lines.joined()
  }

  private var exitHandler: String? {
    let spec = workflow.json.at("status", "storedWorkflowTemplateSpec") ?? workflow.spec
    if let name = spec["onExit"]?.string, !name.isEmpty { return name }
    return spec.at("hooks", "exit", "template")?.string
  }

  private func unbegun(_ call: TemplateCallView, in boundary: NodeView) -> String {
    let name = call.json["name"]?.string ?? ""
    let path = boundary.path.isEmpty ? name : "\(boundary.path).\(name)"
    var output = "\(path) (\(call.group == nil ? "task" : "step") of \(boundary.templateName)): has not begun\n"
    output += before(call, boundary)
    output += "  \(reason(call, in: boundary))\n"
    if let condition = call.json["when"]?.string, !condition.isEmpty { output += "  when: \(condition) was not looked at\n" }
    return output
  }

  private func reason(_ call: TemplateCallView, in boundary: NodeView) -> String {
    let owner = boundary.path.isEmpty ? "the workflow" : boundary.path
    let isOver = Self.isOver(boundary.phase)
    if let group = call.group {
      let own = calls(of: boundary.templateName)
      let earlier = own.filter { ($0.group ?? 0) < group }
      for number in Set(earlier.compactMap(\.group)).sorted() {
        let open = states(own.filter { $0.group == number }, in: boundary)
        if let stopped = open.first(where: { ["Failed", "Error"].contains($0.phase) }), isOver {
          return "its group was never reached: \(stopped.displayName) ended \(stopped.phase) in group \(number)"
        }
        let running = open.filter { ["Running", "Pending"].contains($0.phase) }
        if !running.isEmpty {
          return "it waits for group \(number): \(running.prefix(5).map { "\($0.displayName) is \($0.phase)" }.joined(separator: ", "))"
        }
      }
    } else {
      let open = awaited(call).filter { name in
        let states = units(name, in: boundary)
        return states.isEmpty || states.contains { ["Running", "Pending"].contains($0.phase) }
      }
      if !isOver, !open.isEmpty {
        let texts = open.prefix(5).map { name in
          units(name, in: boundary).first { ["Running", "Pending"].contains($0.phase) }.map { "\(name), which is \($0.phase)" }
            ?? "\(name), which has not begun"
        }
        return "it waits for \(texts.joined(separator: ", "))"
      }
    }
    if isOver { return "it never began: \(owner) ended \(boundary.phase)\(suffix(boundary.message))" }
    return place(in: boundary, owner) ?? "it may begin: everything that it waits for has ended"
  }

  /// What keeps a step from beginning whose turn it is.
  private func place(in boundary: NodeView, _ owner: String) -> String? {
    if isSuspended { return Self.suspended }
    let active = nodes.all.filter { $0.boundaryID == boundary.id && ["Running", "Pending"].contains($0.phase) && $0.type != "StepGroup" }
    if let limit = templates[boundary.templateName]?["parallelism"]?.int, active.count >= limit {
      return "it waits for a place: \(boundary.templateName) runs at most \(limit) at once (parallelism), and these run: \(list(active))"
    }
    let pods = nodes.all.filter { $0.type == "Pod" && ["Running", "Pending"].contains($0.phase) }
    if let limit = workflow.spec["parallelism"]?.int, pods.count >= limit {
      return "it waits for a place: the workflow runs at most \(limit) pods at once (parallelism), and these run: \(list(pods))"
    }
    let hasFailed = nodes.all.contains { $0.boundaryID == boundary.id && ["Failed", "Error"].contains($0.phase) }
    if hasFailed, !active.isEmpty {
      return "it will not begin: something of \(owner) has failed, and what runs is waited for: \(list(active))"
    }
    return nil
  }

  private func list(_ nodes: [NodeView]) -> String {
    nodes.prefix(5).map { name($0) }.joined(separator: ", ") + (nodes.count > 5 ? " and \(nodes.count - 5) more" : "")
  }

  private func states(_ calls: [TemplateCallView], in boundary: NodeView) -> [NodeView] {
    calls.flatMap { units($0.json["name"]?.string ?? "", in: boundary) }
  }
}
