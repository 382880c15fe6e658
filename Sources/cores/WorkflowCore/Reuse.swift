import ArgoModel
import Basics
import Contracts
import JSONValue

/// What a run takes over from an earlier one (memoized resubmission, fork): nodes, by their path, which is the node's name without the
/// workflow's. The engine walks the templates as ever; where it would start one of these nodes, the earlier outcome stands for it.
///
/// Kept as rows beside the nodes' with numbers below 0, written once with the run's first commit.
package struct ReuseTable: Sendable {
  /// The outcome of a node of an earlier run.
  struct Earlier: Sendable {
    /// The phase that the new node has.
    var phase: NodePhase
    var message: String
    var outputs: JSON?
    var hostNodeName: String?
    var podIP: String?
  }

  private var nodes: [String: Earlier] = [:]
  /// Values of input parameters that replace those that a node is started with.
  private var inputs: [String: [String: String]] = [:]
  /// Not yet told to the store.
  var isChanged = false

  package init() {}

  package var isEmpty: Bool { nodes.isEmpty && inputs.isEmpty }
  /// How many nodes are taken over.
  package var count: Int { nodes.count }

  func node(at path: Substring) -> Earlier? { nodes.isEmpty ? nil : nodes[String(path)] }

  mutating func set(_ node: Earlier, at path: String) {
    nodes[path] = node
    isChanged = true
  }

  mutating func edit(inputs values: [String: String], at path: String) {
    inputs[path, default: [:]].merge(values) { $1 }
    isChanged = true
  }

  /// Forgets the nodes at paths for which `isGone` holds: they are to run.
  mutating func remove(where isGone: (String) -> Bool) {
    let count = nodes.count
    for path in nodes.keys where isGone(path) { nodes[path] = nil }
    if nodes.count != count { isChanged = true }
  }

  /// A node's bound inputs with the values that its fork gave.
  func edited(_ bound: JSON?, of path: Substring) -> JSON? {
    guard !inputs.isEmpty, let values = inputs[String(path)] else { return bound }
    var result = bound ?? .object([:])
    var parameters = result.list("parameters")
    for place in parameters.indices {
      if let name = parameters[place]["name"]?.string, let value = values[name] { parameters[place]["value"] = .string(value) }
    }
    result["parameters"] = .array(parameters)
    return result
  }

  // MARK: Rows

  func rows(runUID: String) -> [NodeRow] {
    var rows: [NodeRow] = []
    for (path, node) in nodes.sorted(by: { $0.key < $1.key }) {
      var record: JSONObject = ["message": .string(node.message)]
      record["outputs"] = node.outputs
      record["hostNodeName"] = node.hostNodeName.map { .string($0) }
      record["podIP"] = node.podIP.map { .string($0) }
      rows.append(
        NodeRow(runUID: runUID, index: -1 - rows.count, id: path, phase: node.phase.rawValue, record: ["reused": .object(record)]))
    }
    for (path, values) in inputs.sorted(by: { $0.key < $1.key }) {
      let members = JSONObject(values.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
      rows.append(NodeRow(runUID: runUID, index: -1 - rows.count, id: path, phase: "", record: ["inputs": .object(members)]))
    }
    return rows.reversed()
  }

  mutating func restore(_ row: NodeRow) {
    let kept = row.record.json
    if let record = kept["reused"], let phase = NodePhase(rawValue: row.phase) {
      nodes[row.id] = Earlier(
        phase: phase, message: record["message"]?.string ?? "", outputs: record["outputs"], hostNodeName: record["hostNodeName"]?.string,
        podIP: record["podIP"]?.string)
    }
    for (name, value) in kept["inputs"]?.object ?? [:] { inputs[row.id, default: [:]][name] = value.string }
  }
}

extension RunState {
  /// A node's name without the workflow's: the same in every run of the workflow.
  func path(_ name: String) -> Substring { Substring(name.utf8.dropFirst(self.name.utf8.count)) }

  /// Adds the node that stands for one of an earlier run.
  mutating func addReused(_ earlier: ReuseTable.Earlier, _ start: Start) -> Int {
    let node = addNode(
      start.name, type: .skipped, phase: earlier.phase, message: earlier.message, origin: start.origin, owner: start.owner,
      boundary: start.boundary, parents: start.parents)
    nodes[node].isReused = true
    nodes[node].outputs = earlier.outputs
    nodes[node].hostNodeName = earlier.hostNodeName
    if let address = earlier.podIP { nodes[node].details.podIP = address }
    stack.append(.ended(node))
    return node
  }
}
