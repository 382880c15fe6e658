import JSONValue
import Templating

/// What the `depends` of a task saw.
extension Explanation {
  /// The items of a task's loop.
  private func loopItems(_ node: NodeView) -> [NodeView] {
    guard node.type == "TaskGroup" else { return [] }
    return node.children.compactMap { nodes[$0] }.filter { $0.json.at("nodeFlag", "hooked")?.bool != true }
  }

  /// How the items of a loop are: `: 2 of 3 items Failed: a(0:x), a(2:z); 1 Succeeded: a(1:y)`. Empty for what is no loop.
  func items(of node: NodeView) -> String {
    let items = loopItems(node)
    let phases = ["Failed", "Error", "Running", "Pending", "Succeeded", "Skipped"]
    var parts: [String] = []
    for phase in phases {
      let own = items.filter { $0.phase == phase }
      if own.isEmpty { continue }
      let names = own.prefix(5).map(\.displayName).joined(separator: ", ") + (own.count > 5 ? " and \(own.count - 5) more" : "")
      parts.append("\(own.count)\(parts.isEmpty ? " of \(items.count) items" : "") \(phase): \(names)")
    }
    return parts.isEmpty ? "" : ": " + parts.joined(separator: "; ")
  }

  /// The results that a task's `depends` asks for by name, and whether they held.
  func terms(of call: TemplateCallView, _ boundary: NodeView) -> String {
    guard call.group == nil, let depends = call.json["depends"]?.string, let terms = try? DependsExpression.parse(depends).terms else {
      return ""
    }
    var lines: [String] = []
    for term in terms {
      guard let result = term.result, let node = units(term.task, in: boundary).first else { continue }
      let line = "    \(term.task).\(result) was \(holds(result, node))\n"
      if !lines.contains(line) { lines.append(line) }
    }
    return lines.joined()
  }

  private func holds(_ result: String, _ node: NodeView) -> Bool {
    switch result {
    case "Errored": return node.phase == "Error"
    case "Daemoned": return node.json["daemoned"]?.bool == true
    case "AnySucceeded": return loopItems(node).contains { $0.phase == "Succeeded" }
    case "AllFailed":
      let items = loopItems(node)
      return !items.isEmpty && items.allSatisfy { $0.phase == "Failed" }
    default: return node.phase == result
    }
  }
}
