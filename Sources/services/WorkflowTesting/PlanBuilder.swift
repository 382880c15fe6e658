import ArgoModel
import JSONValue
import KubeModel
import WorkflowCore

/// Makes the tree of a plan from the nodes of its rehearsal.
struct PlanBuilder {
  private let nodes: NodeViews
  private let walk: SymbolicWalk
  private let pods: [String: Resource]
  private var children: [String: [NodeView]] = [:]
  private var tops: [NodeView] = []

  init(_ nodes: NodeViews, _ walk: SymbolicWalk, _ rehearsal: Rehearsal) {
    self.nodes = nodes
    self.walk = walk
    pods = Dictionary(
      rehearsal.pods.map { ($0.annotation(ArgoKey.nodeID) ?? "", $0) }, uniquingKeysWith: { first, _ in first })
    // An item belongs to its loop, an attempt to its node, everything else to the template that calls it.
    var owners: [String: String] = [:]
    for node in nodes.all where node.type == "TaskGroup" || node.type == "Retry" {
      for child in node.children where nodes[child]?.path.hasPrefix(node.path + "(") == true { owners[child] = node.id }
    }
    for node in nodes.all where node.type != "StepGroup" && node.type != "Container" {
      if let owner = owners[node.id] ?? (node.boundaryID.isEmpty ? nil : node.boundaryID) {
        children[owner, default: []].append(node)
      } else {
        tops.append(node)
      }
    }
  }

  func tree() -> [Plan.Node] { tops.map { planned($0, in: nil) } }

  static func images(_ pod: Resource) -> [String] {
    ["initContainers", "containers"].flatMap { field in
      (pod.spec[field]?.array ?? []).compactMap { $0["name"]?.string == "wait" ? nil : $0["image"]?.string }
    }
  }

  private func planned(_ node: NodeView, in template: String?) -> Plan.Node {
    let parts = children[node.id] ?? []
    // Of a node that may be tried again, the one attempt is the node.
    if node.type == "Retry", let attempt = parts.first {
      var result = planned(attempt, in: template)
      result.name = walk.marks.shown(node.displayName)
      result.id = node.id
      result.retries = retries(attempt)
      result.next = next(node)
      return result
    }
    let call = template.map { "\($0)/\(NodeView.withoutParentheses(node.displayName))" } ?? ""
    let isOver = ["Skipped", "Omitted", "Error", "Failed"].contains(node.phase)
    let message = node.message.isEmpty ? node.phase : "\(node.phase): \(walk.marks.shown(node.message))"
    let inside = node.type == "TaskGroup" ? template : node.templateName
    return Plan.Node(
      id: node.id, name: walk.marks.shown(node.displayName), type: node.type, template: node.templateName,
      inputs: (node.json.at("inputs", "parameters")?.array ?? []).map { parameter in
        let value = parameter["value"].map { $0.string ?? $0.text(.go) } ?? ""
        return (parameter["name"]?.string ?? "", walk.marks.shown(value))
      },
      images: pods[node.id].map(Self.images).map { $0.map { walk.marks.shown($0) } } ?? [], condition: walk.conditions[call],
      loop: walk.loops[call], retries: nil, note: isOver ? message : nil, isError: node.phase == "Error" || node.phase == "Failed",
      parts: parts.map { planned($0, in: inside) }, next: next(node))
  }

  private func retries(_ attempt: NodeView) -> String? {
    let text = pods[attempt.id]?.annotation(ArgoKey.template) ?? ""
    let limit = (try? JSON.parse(text))?.at("retryStrategy", "limit")
    return limit.map { $0.string ?? $0.text(.go) } ?? "yes"
  }

  /// The units that begin after a node: what lies behind groups and attempts.
  private func next(_ node: NodeView) -> [String] {
    let inner = Set((children[node.id] ?? []).map(\.id))
    var result: [String] = []
    var seen: Set<String> = []
    var open = node.type == "Steps" || node.type == "DAG" ? (node.json["outboundNodes"]?.array ?? []).compactMap(\.string) : node.children
    if node.type == "Steps" || node.type == "DAG" { open = open.flatMap { nodes[$0]?.children ?? [] } }
    if node.type == "Retry" || node.type == "TaskGroup" { open = open.flatMap { inner.contains($0) ? nodes[$0]?.children ?? [] : [$0] } }
    while let id = open.popLast() {
      guard seen.insert(id).inserted, let found = nodes[id] else { continue }
      if found.type == "StepGroup" { open += found.children } else if !inner.contains(id) { result.append(id) }
    }
    return result.sorted()
  }
}
