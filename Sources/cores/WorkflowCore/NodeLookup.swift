import ArgoModel
import Basics

/// Finds nodes by the hash of their names, from which their IDs and the names of their pods are made too. It holds numbers of nodes and no names.
struct NodeTable: Sendable {
  /// Numbers of nodes, each at the first free place from that of its hash on; -1: free.
  private var places: [Int32] = []
  private var count = 0

  private func place(of hash: UInt32) -> Int {
    Int(truncatingIfNeeded: (UInt64(hash) &* 0x9E37_79B9_7F4A_7C15) >> 32) & (places.count - 1)
  }

  /// Adds the next node.
  mutating func insertNext(of nodes: [Node]) {
    if (count + 1) * 4 > places.count * 3 { grow(nodes) }
    put(count, nodes[count].hash)
    count += 1
  }

  private mutating func put(_ number: Int, _ hash: UInt32) {
    var place = place(of: hash)
    while places[place] >= 0 { place = (place + 1) & (places.count - 1) }
    places[place] = Int32(number)
  }

  private mutating func grow(_ nodes: [Node]) {
    places = Array(repeating: -1, count: max(16, places.count * 2))
    for number in 0..<count { put(number, nodes[number].hash) }
  }

  /// The newest of the nodes with this hash for which `isMeant` holds.
  func last(_ hash: UInt32, in nodes: [Node], where isMeant: (Int) -> Bool) -> Int? {
    guard !places.isEmpty else { return nil }
    var found: Int?
    var place = place(of: hash)
    while places[place] >= 0 {
      let number = Int(places[place])
      if nodes[number].hash == hash, isMeant(number) { found = number }
      place = (place + 1) & (places.count - 1)
    }
    return found
  }
}

extension RunState {
  /// A node's ID. Whoever asks often asks here: the node's own property copies it.
  func id(of node: Int) -> String {
    nodes[node].detailsBox?.value.id ?? (nodes[node].hasUsualNames ? NodeNames.joined(name, nodes[node].hash) : nodes[node].name)
  }

  func node(named name: String) -> Int? { node(named: name, hash: fnv1a32(name)) }

  func node(named name: String, hash: UInt32) -> Int? { nodeTable.last(hash, in: nodes) { nodes[$0].name == name } }

  /// The node whose pod has this name.
  func node(ofPod pod: String) -> Int? {
    if !unusualPods.isEmpty, let node = unusualPods[pod] { return node }
    if pod == name { return node(named: name).flatMap { nodes[$0].hasPod ? $0 : nil } }
    guard let hash = Self.hash(inPod: pod) else { return nil }
    return nodeTable.last(hash, in: nodes) { nodes[$0].hasUsualPod && nodes[$0].source.isPod(pod, hash) }
  }

  /// The number that the name of a pod ends with.
  private static func hash(inPod name: String) -> UInt32? {
    var name = name
    return name.withUTF8 { name in
      var hash: UInt64 = 0
      var scale: UInt64 = 1
      for place in stride(from: name.count - 1, through: 0, by: -1) {
        let byte = name[place]
        if byte == UInt8(ascii: "-") { return scale > 1 ? UInt32(exactly: hash) : nil }
        guard (0x30...0x39).contains(byte), scale < 100_000_000_000 else { return nil }
        hash += UInt64(byte - 0x30) * scale
        scale *= 10
      }
      return nil
    }
  }

  /// Says which pod a node has.
  mutating func setPod(_ node: Int, _ pod: String) {
    nodes[node].hasPod = true
    if nodes[node].hasUsualNames ? nodes[node].source.isPod(pod, nodes[node].hash) : pod == nodes[node].name { return }
    nodes[node].details.podName = pod
    unusualPods[pod] = node
  }

  /// Gives a new node Argo's ID, or, where another node of the run has it, that with a number.
  mutating func setID(_ node: Int) {
    let hash = nodes[node].hash
    guard nodeTable.last(hash, in: nodes, where: { $0 != node }) != nil else { return }
    let base = nodes[node].id
    var candidate = base
    var number = 0
    while nodeTable.last(hash, in: nodes, where: { $0 != node && nodes[$0].id == candidate }) != nil {
      number += 1
      candidate = "\(base)-\(number)"
    }
    if number > 0 { nodes[node].details.id = candidate }
  }

  /// Builds the tables by which nodes are found anew.
  mutating func indexNodes() {
    nodeTable = NodeTable()
    unusualPods = [:]
    nodeByTask = [:]
    for index in nodes.indices {
      nodeTable.insertNext(of: nodes)
      if let pod = nodes[index].details.podName { unusualPods[pod] = index }
      if nodes[index].hasTask { nodeByTask[nodes[index].id] = index }
    }
  }
}

extension NodeSource {
  /// Whether a name is that of the pod of a node of this source whose name has this hash.
  func isPod(_ name: String, _ hash: UInt32) -> Bool {
    var name = name
    return name.withUTF8 { name in
      guard name.count > podBytes.count else { return false }
      var rest = hash
      var place = name.count
      repeat {
        place -= 1
        guard name[place] == UInt8(truncatingIfNeeded: 0x30 + rest % 10) else { return false }
        rest /= 10
      } while rest > 0 && place > podBytes.count
      guard rest == 0, place == podBytes.count else { return false }
      for place in podBytes.indices where name[place] != podBytes[place] { return false }
      return true
    }
  }
}
