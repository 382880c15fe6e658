/// A place in a text, for messages: line and column count from 1, the column in characters (Unicode scalars).
package struct SourcePosition: Sendable, Hashable, Comparable, CustomStringConvertible {
  package var line: Int
  package var column: Int

  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// The place of a byte in UTF-8 text; an offset past the end is the end.
  package init(ofByte offset: Int, in bytes: some Sequence<UInt8>) {
    line = 1
    column = 1
    for byte in bytes.prefix(offset) {
      if byte == 0x0A {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
  }

  /// `line:column`
  package var description: String { "\(line):\(column)" }

  package static func < (left: SourcePosition, right: SourcePosition) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

/// One step into a document: a member of an object or an element of an array.
package enum PathStep: Sendable, Hashable {
  case key(String)
  case index(Int)
}

/// Where every key and value of a document stands in its source. Values that come from an alias or a merge key stand where their
/// anchor was written.
package struct PositionMap: Sendable {
  let root: PositionNode

  /// The position of the key that a path ends in. For an element of an array, and for the root, that of the value itself; for a path that
  /// does not exist, that of its nearest ancestor.
  package func key(at path: [PathStep]) -> SourcePosition { find(path).key }

  /// The position of the value at a path, or of its nearest existing ancestor.
  package func value(at path: [PathStep]) -> SourcePosition { find(path).value }

  /// Whether the document has a value at the path.
  package func contains(_ path: [PathStep]) -> Bool { find(path).isComplete }

  private func find(_ path: [PathStep]) -> (key: SourcePosition, value: SourcePosition, isComplete: Bool) {
    var node = root
    var key = root.position
    for step in path {
      switch step {
      case .key(let name):
        guard let index = node.index(of: name) else { return (key, node.position, false) }
        key = node.keys[index].position
        node = node.children[index]
      case .index(let index):
        guard node.keys.isEmpty, node.children.indices.contains(index) else { return (key, node.position, false) }
        node = node.children[index]
        key = node.position
      }
    }
    return (key, node.position, true)
  }
}

/// The positions of one value and of all below it; `keys` and `children` run in parallel for an object, `keys` is empty otherwise.
struct PositionNode: Sendable {
  static let indexThreshold = 16

  var position: SourcePosition
  private(set) var keys: [(name: String, position: SourcePosition)] = []
  private(set) var children: [PositionNode] = []
  private var indices: [String: Int]?

  init(_ position: SourcePosition) { self.position = position }

  func index(of name: String) -> Int? {
    if let indices { return indices[name] }
    return keys.firstIndex { $0.name == name }
  }

  mutating func append(_ child: PositionNode) { children.append(child) }

  mutating func append(_ name: String, at position: SourcePosition, _ child: PositionNode) {
    keys.append((name, position))
    children.append(child)
    if indices != nil {
      indices?[name] = keys.count - 1
    } else if keys.count > Self.indexThreshold {
      indices = Dictionary(keys.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { first, _ in first })
    }
  }
}
