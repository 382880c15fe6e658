import Basics
import JSONValue

/// The nodes of a workflow as the tree that `argo get` draws (spec section 6.1): Steps and DAG nodes own the nodes of their boundary,
/// step groups and retries own their children; TaskGroup and Container nodes are not in it. Building and walking it is linear.
struct NodeTree {
  /// One line of the tree.
  struct Row {
    var node: Int
    /// Branches drawn before the icon.
    var prefix: String
    var isLeaf: Bool
  }

  private enum Role { case boundary, group, leaf, undrawn }

  let nodes: [NodeFields]
  private var roles: [Role]
  private var children: [[Int]]
  private var roots: [String: Int] = [:]

  init(nodes members: JSONObject) {
    nodes = members.map { NodeFields(json: $0.value) }
    roles = nodes.map { node in
      switch node.type {
      case "Steps", "DAG": .boundary
      case "StepGroup", "Retry": .group
      case "Pod", "Skipped", "Suspend", "HTTP", "Plugin": .leaf
      default: .undrawn
      }
    }
    children = Array(repeating: [], count: nodes.count)
    var positions: [String: Int] = [:]
    positions.reserveCapacity(nodes.count)
    for (position, member) in members.enumerated() { positions[member.key] = position }
    var parents: [Int?] = Array(repeating: nil, count: nodes.count)
    for (position, node) in nodes.enumerated() where roles[position] == .group {
      for child in node.children {
        if let name = child.string, let child = positions[name], child != position { parents[child] = position }
      }
    }
    for (position, member) in members.enumerated() where roles[position] != .undrawn {
      let boundary = nodes[position].boundaryID
      if let parent = parents[position] {
        children[parent].append(position)
      } else if boundary.isEmpty {
        roots[member.key] = position
      } else if let parent = positions[boundary], roles[parent] == .boundary, parent != position {
        children[parent].append(position)
      }
    }
    sortSiblings()
  }

  /// By start, then, where all of the same second belong to loops, by loop index, else by name.
  private mutating func sortSiblings() {
    struct Key {
      var start: Int64
      var index: Int?
      var name: String
      var base: Substring
    }
    for parent in children.indices where children[parent].count > 1 {
      let keyed = children[parent].map { position -> (position: Int, key: Key) in
        let name = nodes[position].displayName
        let start = nodes[position].startedAt?.seconds ?? .min
        let base = name.prefix { $0 != "(" }
        return (position, Key(start: start, index: Self.loopIndex(name), name: name, base: base))
      }
      var secondsWithPlainNames: Set<Int64> = []
      for (_, key) in keyed where key.index == nil { secondsWithPlainNames.insert(key.start) }
      children[parent] = keyed.sorted { left, right in
        let (left, right) = (left.key, right.key)
        if left.start != right.start { return left.start < right.start }
        if secondsWithPlainNames.contains(left.start), left.base != right.base { return left.base < right.base }
        if let first = left.index, let second = right.index, first != second { return first < second }
        return left.name < right.name
      }.map(\.position)
    }
  }

  /// The number in `name(3:item)`.
  private static func loopIndex(_ name: String) -> Int? {
    guard let open = name.utf8.firstIndex(of: UInt8(ascii: "(")), let colon = name.utf8.firstIndex(of: UInt8(ascii: ":")), open < colon
    else { return nil }
    return Int(name[name.index(after: open)..<colon])
  }

  /// The lines below and with a root node in drawing order; empty when there is no such root. `isShown` hides nodes; their children stay.
  func rows(root: String, glyphs: Bool, isShown: (NodeFields) -> Bool) -> [Row] {
    guard let root = roots[root] else { return [] }
    struct Frame {
      var node: Int
      var prefix: String
      var childPrefix: String
    }
    var result: [Row] = []
    var stack = [Frame(node: root, prefix: " ", childPrefix: " ")]
    while let frame = stack.popLast() {
      let node = nodes[frame.node]
      let below = children[frame.node]
      let (isHidden, indents) = hiding(node, isShown)
      if !isHidden { result.append(Row(node: frame.node, prefix: frame.prefix, isLeaf: below.isEmpty)) }
      var frames: [Frame] = []
      frames.reserveCapacity(below.count)
      for (place, child) in below.enumerated() {
        let isLast = place == below.count - 1
        let branch = Branch(isHidden: isHidden, indents: indents, isFirst: place == 0, isLast: isLast, glyphs: glyphs)
        let start = isHidden && place == 0 ? frame.prefix : frame.childPrefix
        frames.append(Frame(node: child, prefix: start + branch.own, childPrefix: frame.childPrefix + branch.below))
      }
      stack.append(contentsOf: frames.reversed())
    }
    return result
  }

  /// Whether a node has no line, and whether its children are then drawn as a fork of their own.
  private func hiding(_ node: NodeFields, _ isShown: (NodeFields) -> Bool) -> (isHidden: Bool, indents: Bool) {
    switch node.type {
    case "StepGroup": (true, true)
    case "Retry" where node.children.count == 1: (true, false)
    case "Skipped" where node.phase == "Omitted": (true, false)
    default: (!isShown(node), false)
    }
  }
}

/// The branch drawn before a child, and what continues below it.
private struct Branch {
  var own = ""
  var below = ""

  init(isHidden: Bool, indents: Bool, isFirst: Bool, isLast: Bool, glyphs: Bool) {
    if isHidden && !indents { return }
    below = isLast ? "  " : (glyphs ? "│ " : "| ")
    if isHidden && isFirst && isLast {
      own = glyphs ? "──" : "--"
    } else if isHidden && isFirst {
      own = glyphs ? "┬─" : "+-"
    } else if isLast {
      own = glyphs ? "└─" : "`-"
    } else {
      own = glyphs ? "├─" : "|-"
    }
  }
}
