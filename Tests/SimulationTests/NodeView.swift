import Contracts
import JSONValue

/// The stored nodes as the checks see them: what Argo's `NodeStatus` says, and nothing of the engine's own record.
struct NodeView {
  struct Node {
    var id: String
    var name: String
    var type: String
    var phase: String
    var boundary: String
    var template: String
    var isDaemoned: Bool
    var isHook: Bool
    var result: String?
    var isFulfilled: Bool { phase != "Pending" && phase != "Running" }
  }

  private(set) var nodes: [Node] = []
  private var byName: [String: Int] = [:]
  private var byID: [String: Int] = [:]

  subscript(name: String) -> Node? { byName[name].map { nodes[$0] } }
  func node(id: String) -> Node? { byID[id].map { nodes[$0] } }

  mutating func take(_ row: NodeRow) throws(Violation) {
    let status = row.record.json["status"] ?? .null
    let node = Node(
      id: row.id, name: status["name"]?.string ?? "", type: status["type"]?.string ?? "", phase: row.phase,
      boundary: status["boundaryID"]?.string ?? "",
      template: status["templateName"]?.string ?? status.at("templateRef", "template")?.string ?? "",
      isDaemoned: status["daemoned"]?.bool ?? false, isHook: status.at("nodeFlag", "hooked")?.bool ?? false,
      result: status.at("outputs", "result")?.string)
    if status["phase"]?.string != row.phase {
      throw Violation("row \(row.id) says \(row.phase), its status \(status["phase"]?.string ?? "")")
    }
    if row.index < nodes.count {
      let before = nodes[row.index]
      if before.name != node.name || before.type != node.type { throw Violation("node \(before.name) became \(node.name) \(node.type)") }
      if before.isFulfilled, before.phase != node.phase, node.phase != "Error" {
        throw Violation("node \(node.name) went from \(before.phase) to \(node.phase)")
      }
      nodes[row.index] = node
    } else {
      if byName[node.name] != nil { throw Violation("two nodes \(node.name)") }
      if byID[node.id] != nil { throw Violation("two nodes of ID \(node.id)") }
      byName[node.name] = nodes.count
      byID[node.id] = nodes.count
      nodes.append(node)
    }
  }
}

extension NodeRow: NodeRowText {
  var rowText: String { "\(index) \(record.json.text(.canonical))" }
}
