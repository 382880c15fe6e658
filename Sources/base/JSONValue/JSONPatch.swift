/// Why a patch cannot be read or applied.
package struct JSONPatchError: Error, Sendable, Hashable, CustomStringConvertible {
  package var description: String
  package init(_ description: String) { self.description = description }
}

/// A JSON Patch (RFC 6902): operations that all succeed or change nothing.
package struct JSONPatch: Sendable, Hashable {
  package enum Operation: Sendable, Hashable {
    case add(JSONPointer, JSON)
    case remove(JSONPointer)
    case replace(JSONPointer, JSON)
    case move(from: JSONPointer, to: JSONPointer)
    case copy(from: JSONPointer, to: JSONPointer)
    case test(JSONPointer, JSON)
  }

  /// More operations are refused, and so is moving or copying more values than ``maximumGrowth``, or removing one by one from large objects and lists.
  package static let maximumOperations = 10_000
  package static let maximumGrowth = 1_000_000
  /// How many values all that something is removed from may hold together.
  private static let maximumShifts = 5_000_000

  package var operations: [Operation]
  package init(_ operations: [Operation]) { self.operations = operations }

  /// Reads the array of operations of a patch document.
  package init(_ document: JSON) throws(JSONPatchError) {
    guard let entries = document.array else { throw JSONPatchError("a JSON patch is an array of operations, not \(document.typeName)") }
    guard entries.count <= Self.maximumOperations else {
      throw JSONPatchError("the patch has more than \(Self.maximumOperations) operations")
    }
    operations = []
    for (number, entry) in entries.enumerated() {
      func pointer(_ field: String) throws(JSONPatchError) -> JSONPointer {
        guard let text = entry[field]?.string else { throw JSONPatchError("operation \(number): '\(field)' is missing") }
        guard let pointer = JSONPointer(text) else { throw JSONPatchError("operation \(number): '\(text)' is no JSON pointer") }
        return pointer
      }
      func value() throws(JSONPatchError) -> JSON {
        guard let value = entry["value"] else { throw JSONPatchError("operation \(number): 'value' is missing") }
        return value
      }
      switch entry["op"]?.string {
      case "add": operations.append(.add(try pointer("path"), try value()))
      case "remove": operations.append(.remove(try pointer("path")))
      case "replace": operations.append(.replace(try pointer("path"), try value()))
      case "move": operations.append(.move(from: try pointer("from"), to: try pointer("path")))
      case "copy": operations.append(.copy(from: try pointer("from"), to: try pointer("path")))
      case "test": operations.append(.test(try pointer("path"), try value()))
      case let name?: throw JSONPatchError("operation \(number): unknown operation '\(name)'")
      case nil: throw JSONPatchError("operation \(number): 'op' is missing")
      }
    }
  }

  /// The document after all operations; the first that fails is told and nothing is changed.
  package func applied(to document: JSON) throws(JSONPatchError) -> JSON {
    var result = document
    var grown = 0
    var shifted = 0
    for (number, operation) in operations.enumerated() {
      do throws(JSONPatchError) {
        try Self.shift(operation, in: result, &shifted)
        try Self.apply(operation, to: &result, grown: &grown)
      } catch {
        throw JSONPatchError("operation \(number): \(error)")
      }
    }
    return result
  }

  private static func apply(_ operation: Operation, to document: inout JSON, grown: inout Int) throws(JSONPatchError) {
    func missing(_ pointer: JSONPointer) -> JSONPatchError { JSONPatchError("nothing is at '\(pointer)'") }
    switch operation {
    case .add(let path, let value):
      try checkDepth(value, path)
      try document.add(value, at: path.tokens[...], path)
    case .remove(let path): _ = try document.remove(at: path.tokens[...], path)
    case .replace(let path, let value):
      guard document.at(path) != nil else { throw missing(path) }
      try checkDepth(value, path)
      try document.replace(value, at: path.tokens[...], path)
    case .move(let from, let path):
      guard let value = document.at(from) else { throw missing(from) }
      if from == path { return }
      guard !path.tokens.starts(with: from.tokens) else { throw JSONPatchError("'\(from)' cannot move into itself") }
      try grow(value, &grown)
      try checkDepth(value, path)
      _ = try document.remove(at: from.tokens[...], from)
      try document.add(value, at: path.tokens[...], path)
    case .copy(let from, let path):
      guard let value = document.at(from) else { throw missing(from) }
      try grow(value, &grown)
      try checkDepth(value, path)
      try document.add(value, at: path.tokens[...], path)
    case .test(let path, let value):
      guard let found = document.at(path) else { throw missing(path) }
      guard found == value else { throw JSONPatchError("the value at '\(path)' is not the expected one") }
    }
  }

  /// Counts what a removal has to move up.
  private static func shift(_ operation: Operation, in document: JSON, _ shifted: inout Int) throws(JSONPatchError) {
    let path: JSONPointer
    switch operation {
    case .remove(let from), .move(let from, _): path = JSONPointer(tokens: Array(from.tokens.dropLast()))
    default: return
    }
    switch document.at(path) {
    case .object(let object)?: shifted += object.count
    case .array(let elements)?: shifted += elements.count
    default: return
    }
    guard shifted <= maximumShifts else { throw JSONPatchError("the patch removes too much one by one from large objects or lists") }
  }

  private static func grow(_ value: JSON, _ grown: inout Int) throws(JSONPatchError) {
    grown += value.nodeCount
    guard grown <= maximumGrowth else { throw JSONPatchError("the patch moves or copies more than \(maximumGrowth) values") }
  }

  private static func checkDepth(_ value: JSON, _ path: JSONPointer) throws(JSONPatchError) {
    guard path.tokens.count <= JSON.maximumDepth, value.isNested(within: JSON.maximumDepth - path.tokens.count) else {
      throw JSONPatchError("nested deeper than \(JSON.maximumDepth) levels")
    }
  }
}

extension JSON {
  /// Values in this one, itself included.
  fileprivate var nodeCount: Int {
    switch self {
    case .array(let elements): elements.reduce(1) { $0 + $1.nodeCount }
    case .object(let object): object.reduce(1) { $0 + $1.value.nodeCount }
    default: 1
    }
  }

  fileprivate func isNested(within depth: Int) -> Bool {
    switch self {
    case .array(let elements): depth > 0 && elements.allSatisfy { $0.isNested(within: depth - 1) }
    case .object(let object): depth > 0 && object.allSatisfy { $0.value.isNested(within: depth - 1) }
    default: true
    }
  }

  /// Takes the value out of its place, edits the container's child at the token and puts it back, so that no level is copied.
  private mutating func modifyChild<Result>(
    _ token: String, _ whole: JSONPointer, _ body: (inout JSON) throws(JSONPatchError) -> Result
  ) throws(JSONPatchError) -> Result {
    let missing = JSONPatchError("nothing is at '\(whole)'")
    switch self {
    case .object(var object):
      self = .null
      defer { self = .object(object) }
      guard var child = object[token] else { throw missing }
      object[token] = .null
      defer { object[token] = child }
      return try body(&child)
    case .array(var elements):
      self = .null
      defer { self = .array(elements) }
      guard let index = JSONPointer.index(token), index < elements.count else { throw missing }
      return try body(&elements[index])
    default: throw missing
    }
  }

  fileprivate mutating func add(_ value: JSON, at tokens: ArraySlice<String>, _ whole: JSONPointer) throws(JSONPatchError) {
    guard let token = tokens.first else {
      self = value
      return
    }
    if tokens.count > 1 {
      return try modifyChild(token, whole) { child throws(JSONPatchError) in try child.add(value, at: tokens.dropFirst(), whole) }
    }
    switch self {
    case .object(var object):
      self = .null
      object[token] = value
      self = .object(object)
    case .array(var elements):
      self = .null
      defer { self = .array(elements) }
      guard let index = token == "-" ? elements.count : JSONPointer.index(token), index <= elements.count else {
        throw JSONPatchError("'\(whole)' is outside the array")
      }
      elements.insert(value, at: index)
    default: throw JSONPatchError("the parent of '\(whole)' is no object or array")
    }
  }

  fileprivate mutating func replace(_ value: JSON, at tokens: ArraySlice<String>, _ whole: JSONPointer) throws(JSONPatchError) {
    guard let token = tokens.first else {
      self = value
      return
    }
    try modifyChild(token, whole) { child throws(JSONPatchError) in try child.replace(value, at: tokens.dropFirst(), whole) }
  }

  fileprivate mutating func remove(at tokens: ArraySlice<String>, _ whole: JSONPointer) throws(JSONPatchError) {
    guard let token = tokens.first else {
      self = .null
      return
    }
    if tokens.count > 1 {
      return try modifyChild(token, whole) { child throws(JSONPatchError) in try child.remove(at: tokens.dropFirst(), whole) }
    }
    let missing = JSONPatchError("nothing is at '\(whole)'")
    switch self {
    case .object(var object):
      self = .null
      defer { self = .object(object) }
      guard object.removeValue(forKey: token) != nil else { throw missing }
    case .array(var elements):
      self = .null
      defer { self = .array(elements) }
      guard let index = JSONPointer.index(token), index < elements.count else { throw missing }
      elements.remove(at: index)
    default: throw missing
    }
  }
}
