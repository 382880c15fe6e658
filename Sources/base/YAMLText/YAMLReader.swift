import Basics
import CLibYAML
import JSONValue

/// Builds JSON with positions from libyaml's events.
struct YAMLReader {
  enum Failure: Error {
    /// libyaml refuses the text.
    case syntax(YAMLError)
    /// The text is YAML but not what we accept.
    case meaning(YAMLError)

    var problem: YAMLError {
      switch self {
      case .syntax(let problem), .meaning(let problem): problem
      }
    }
  }

  /// A finished value: how many values it holds and how deep they nest, for the limits where an alias repeats it.
  private struct Node {
    var value: JSON
    var positions: PositionNode
    var count = 1
    var height = 0
  }

  private let limits: YAMLLimits
  private var events: YAMLEvents
  private var anchors: [String: Node] = [:]
  private var openAnchors: Set<String> = []
  private var expanded = 0
  private var truthWords: [SourcePosition: String] = [:]

  /// The buffer must outlive the reader, and ``close()`` must be called.
  init(_ bytes: UnsafeBufferPointer<UInt8>, limits: YAMLLimits) {
    self.limits = limits
    events = YAMLEvents(bytes)
  }

  mutating func close() { events.close() }

  mutating func documents() throws(Failure) -> [YAMLDocument] {
    var result: [YAMLDocument] = []
    while true {
      let event = try events.next()
      switch event.kind {
      case .streamEnd: return result
      case .streamStart, .documentEnd: continue
      case .documentStart:
        anchors = [:]
        openAnchors = []
        truthWords = [:]
        let node = try node(try events.next(), depth: 0)
        if !node.value.isNull {
          result.append(YAMLDocument(value: node.value, positions: PositionMap(root: node.positions), truthWords: truthWords))
        }
      default: throw failure("unexpected content between documents", event.position)
      }
    }
  }

  private func failure(_ message: String, _ position: SourcePosition) -> Failure { .meaning(YAMLError(message, at: position)) }

  private mutating func node(_ event: YAMLEvent, depth: Int) throws(Failure) -> Node {
    let result: Node
    switch event.kind {
    case .alias(let name): return try alias(name, event.position, depth: depth)
    case .scalar(let text, let tag, let isPlain):
      result = Node(value: try scalar(text, tag, isPlain, event.position), positions: PositionNode(event.position))
    case .sequenceStart:
      try enter(event, depth: depth)
      result = try sequence(event.position, depth: depth + 1)
    case .mappingStart:
      try enter(event, depth: depth)
      result = try mapping(event.position, depth: depth + 1)
    default: throw failure("unexpected end of a value", event.position)
    }
    if let anchor = event.anchor {
      openAnchors.remove(anchor)
      anchors[anchor] = result
    }
    return result
  }

  private mutating func enter(_ event: YAMLEvent, depth: Int) throws(Failure) {
    guard depth < limits.depth else { throw failure("nested deeper than \(limits.depth) levels", event.position) }
    if let anchor = event.anchor { openAnchors.insert(anchor) }
  }

  private mutating func alias(_ name: String, _ position: SourcePosition, depth: Int) throws(Failure) -> Node {
    if openAnchors.contains(name) { throw failure("anchor '\(name)' contains itself", position) }
    guard let node = anchors[name] else { throw failure("unknown anchor '\(name)' referenced", position) }
    guard depth + node.height <= limits.depth else { throw failure("nested deeper than \(limits.depth) levels", position) }
    try expand(node.count, position)
    return node
  }

  private mutating func expand(_ count: Int, _ position: SourcePosition) throws(Failure) {
    expanded += count
    guard expanded <= limits.expandedNodes else {
      throw failure("aliases expand to more than \(limits.expandedNodes) values", position)
    }
  }

  private mutating func sequence(_ position: SourcePosition, depth: Int) throws(Failure) -> Node {
    var elements: [JSON] = []
    var positions = PositionNode(position)
    var count = 1
    var height = 0
    while true {
      let event = try events.next()
      if case .sequenceEnd = event.kind {
        return Node(value: .array(elements), positions: positions, count: count, height: height + 1)
      }
      let element = try node(event, depth: depth)
      elements.append(element.value)
      positions.append(element.positions)
      count += element.count
      height = max(height, element.height)
    }
  }

  private mutating func mapping(_ position: SourcePosition, depth: Int) throws(Failure) -> Node {
    var object = JSONObject()
    var positions = PositionNode(position)
    var merges: [(node: Node, position: SourcePosition)] = []
    var count = 1
    var height = 0
    while true {
      let event = try events.next()
      if case .mappingEnd = event.kind { break }
      let key = try key(event, depth: depth)
      let child = try node(try events.next(), depth: depth)
      height = max(height, child.height)
      guard let key else {
        merges.append((child, event.position))
        continue
      }
      if let first = positions.index(of: key) {
        throw failure("key \"\(key)\" is repeated; it is first at \(positions.keys[first].position)", event.position)
      }
      object[key] = child.value
      positions.append(key, at: event.position, child.positions)
      count += child.count
    }
    for (node, position) in merges {
      count += node.count
      let sources =
        node.value.array == nil ? [(node.value, node.positions)] : zip(node.value.array ?? [], node.positions.children).map { $0 }
      for (source, marks) in sources {
        guard let members = source.object else { throw failure("a merge key (<<) needs a mapping or a list of mappings", position) }
        try expand(members.count, position)
        for (index, member) in members.enumerated() where positions.index(of: member.key) == nil {
          object[member.key] = member.value
          positions.append(member.key, at: marks.keys[index].position, marks.children[index])
        }
      }
    }
    return Node(value: .object(object), positions: positions, count: count, height: height + 1)
  }

  /// The name of a key, nil for a merge key.
  private mutating func key(_ event: YAMLEvent, depth: Int) throws(Failure) -> String? {
    switch event.kind {
    case .scalar(let text, let tag, let isPlain):
      if tag == YAMLTag.merge || (text == "<<" && isPlain && tag == nil) { return nil }
      let (text, scalar) = try resolve(text, tag, isPlain, event.position)
      note(scalar, text, tag, event.position)
      guard let name = scalar.key(text) else { throw failure("a key must not be null", event.position) }
      if let anchor = event.anchor { anchors[anchor] = Node(value: .string(name), positions: PositionNode(event.position)) }
      return name
    case .alias(let name):
      let node = try alias(name, event.position, depth: depth)
      switch node.value {
      case .string(let text): return text
      case .int, .bool, .double, .number: return node.value.text()
      default: throw failure("a key must be a scalar", event.position)
      }
    default: throw failure("a key must be a scalar, not a mapping or a list", event.position)
    }
  }

  /// Keeps the place of a word such as `yes` that was read as a truth value.
  private mutating func note(_ scalar: YAMLScalar, _ text: String, _ tag: String?, _ position: SourcePosition) {
    guard case .bool = scalar, tag == nil, !["true", "false"].contains(text.lowercased()) else { return }
    truthWords[position] = text
  }

  private mutating func scalar(_ text: String, _ tag: String?, _ isPlain: Bool, _ position: SourcePosition) throws(Failure) -> JSON {
    if tag == nil, !isPlain { return .string(text) }
    let (text, scalar) = try resolve(text, tag, isPlain, position)
    note(scalar, text, tag, position)
    guard let value = scalar.json(text) else { throw failure("\(text) has no form in JSON", position) }
    return value
  }

  private func resolve(
    _ text: String, _ tag: String?, _ isPlain: Bool, _ position: SourcePosition
  ) throws(Failure) -> (text: String, scalar: YAMLScalar) {
    guard let tag else { return (text, isPlain ? YAMLScalar(plain: text) : .string) }
    let scalar = YAMLScalar(plain: text)
    switch (tag, scalar) {
    case (YAMLTag.binary, _):
      guard let bytes = Base64.decode(text) else { throw failure("!!binary value is no base64", position) }
      guard let decoded = String(validating: bytes, as: UTF8.self) else {
        throw failure("!!binary value is no text and has no form in JSON", position)
      }
      return (decoded, .string)
    case (YAMLTag.int, .int), (YAMLTag.int, .unsigned), (YAMLTag.float, .int), (YAMLTag.float, .float), (YAMLTag.bool, .bool),
      (YAMLTag.null, .null):
      return (text, scalar)
    case (YAMLTag.int, _), (YAMLTag.float, _), (YAMLTag.bool, _), (YAMLTag.null, _):
      throw failure("cannot read `\(text)` as !!\(tag.dropFirst(YAMLTag.prefix.count))", position)
    default: return (text, .string)
    }
  }
}

/// The tags of YAML's own types, in the long form in which libyaml reports them.
enum YAMLTag {
  static let prefix = "tag:yaml.org,2002:"
  static let null = prefix + "null"
  static let bool = prefix + "bool"
  static let int = prefix + "int"
  static let float = prefix + "float"
  static let binary = prefix + "binary"
  static let merge = prefix + "merge"
}
