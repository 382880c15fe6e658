package import JSONValue

/// One step from a value to a value inside it, as field ownership names places (structured-merge-diff's `fieldpath`).
package enum PathElement: Sendable, Hashable {
  /// A member of an object.
  case field(String)
  /// The element of a list whose members have these values; ascending by name.
  case key([KeyField])
  /// The element of a set.
  case value(JSON)
  /// The element of a list by its place.
  case index(Int)

  package struct KeyField: Sendable, Hashable {
    package var name: String
    package var value: JSON
    package init(_ name: String, _ value: JSON) {
      self.name = name
      self.value = value.canonicalNumber
    }
  }

  /// An element by its keys, in any order.
  static func key(of fields: [KeyField]) -> PathElement {
    .key(fields.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
  }
  static func element(_ value: JSON) -> PathElement { .value(value.canonicalNumber) }
}

extension PathElement: CustomStringConvertible {
  /// As messages have it: `.spec`, `[name="main"]`, `[="x"]`, `[3]`.
  package var description: String {
    switch self {
    case .field(let name): "." + name
    case .key(let fields): "[" + fields.map { "\($0.name)=\($0.value.pathText)" }.joined(separator: ",") + "]"
    case .value(let value): "[=\(value.pathText)]"
    case .index(let index): "[\(index)]"
    }
  }
}

// MARK: - FieldsV1

extension PathElement {
  /// The key of the element in FieldsV1: `f:spec`, `k:{"name":"main"}`, `v:"x"`, `i:3`.
  var fieldsText: String {
    switch self {
    case .field(let name): "f:" + name
    case .key(let fields): "k:" + JSON.object(JSONObject(fields.map { ($0.name, $0.value) })).text(.go)
    case .value(let value): "v:" + value.text(.go)
    case .index(let index): "i:\(index)"
    }
  }

  enum Reading: Sendable, Hashable {
    case element(PathElement)
    /// Of a kind that a later version may know: left out.
    case unknown
    case invalid(String)
  }

  static func read(_ text: String) -> Reading {
    let bytes = text.utf8
    guard bytes.count >= 2 else { return .invalid("key must be 2 characters long: \(text)") }
    guard bytes.dropFirst().first == UInt8(ascii: ":") else { return .invalid("missing colon: \(text)") }
    let rest = String(text.unicodeScalars.dropFirst(2))
    switch bytes.first {
    case UInt8(ascii: "f"): return .element(.field(rest))
    case UInt8(ascii: "v"):
      guard let value = try? JSON.parse(rest) else { return .invalid("no JSON value: \(text)") }
      return .element(.element(value))
    case UInt8(ascii: "k"):
      guard let fields = (try? JSON.parse(rest))?.object else { return .invalid("no JSON object: \(text)") }
      return .element(.key(of: fields.map { KeyField($0.key, $0.value) }))
    case UInt8(ascii: "i"):
      guard let index = Int(rest) else { return .invalid("no number: \(text)") }
      return .element(.index(index))
    default: return .unknown
    }
  }
}

// MARK: - Order

/// Fields come first, then keys, values, places; each by what they hold.
extension PathElement: Comparable {
  package static func < (left: PathElement, right: PathElement) -> Bool {
    switch (left, right) {
    case (.field(let left), .field(let right)): left.utf8.lexicographicallyPrecedes(right.utf8)
    case (.key(let left), .key(let right)): precedes(left, right)
    case (.value(let left), .value(let right)): left.order(to: right) < 0
    case (.index(let left), .index(let right)): left < right
    default: left.rank < right.rank
    }
  }

  private var rank: Int {
    switch self {
    case .field: 0
    case .key: 1
    case .value: 2
    case .index: 3
    }
  }

  private static func precedes(_ left: [KeyField], _ right: [KeyField]) -> Bool {
    for (one, other) in zip(left, right) {
      if one.name != other.name { return one.name.utf8.lexicographicallyPrecedes(other.name.utf8) }
      let order = one.value.order(to: other.value)
      if order != 0 { return order < 0 }
    }
    return left.count < right.count
  }
}

extension JSON {
  /// The value with a whole number as an integer, so that 1 and 1.0 are one value.
  var canonicalNumber: JSON {
    guard case .double(let value) = self, let whole = Int64(exactly: value) else { return self }
    return .int(whole)
  }

  /// Whether two values are the same to field ownership: numbers go by their value.
  func isSame(as other: JSON) -> Bool {
    switch (self, other) {
    case (.double, .int), (.int, .double): return canonicalNumber == other.canonicalNumber
    case (.array(let left), .array(let right)):
      return left.count == right.count && zip(left, right).allSatisfy { $0.isSame(as: $1) }
    case (.object(let left), .object(let right)):
      return left.count == right.count && left.allSatisfy { key, value in right[key].map { value.isSame(as: $0) } ?? false }
    default: return self == other
    }
  }

  /// Negative, 0 or positive: numbers, strings, booleans, lists, objects, null.
  fileprivate func order(to other: JSON) -> Int {
    switch (self, other) {
    case (.int(let left), .int(let right)): return left < right ? -1 : left == right ? 0 : 1
    case (.string(let left), .string(let right)):
      return left == right ? 0 : left.utf8.lexicographicallyPrecedes(right.utf8) ? -1 : 1
    case (.bool(let left), .bool(let right)): return left == right ? 0 : right ? -1 : 1
    case (.array(let left), .array(let right)):
      for (one, two) in zip(left, right) {
        let order = one.order(to: two)
        if order != 0 { return order }
      }
      return left.count - right.count
    case (.object(let left), .object(let right)):
      let (left, right) = (left.sortedByKey(), right.sortedByKey())
      for (one, two) in zip(left, right) {
        if one.key != two.key { return one.key.utf8.lexicographicallyPrecedes(two.key.utf8) ? -1 : 1 }
        let order = one.value.order(to: two.value)
        if order != 0 { return order }
      }
      return left.count - right.count
    default:
      if rank != other.rank { return rank - other.rank }
      guard let left = double, let right = other.double else { return 0 }
      return left < right ? -1 : left == right ? 0 : 1
    }
  }

  private var rank: Int {
    switch self {
    case .int, .double, .number: 0
    case .string: 1
    case .bool: 2
    case .array: 3
    case .object: 4
    case .null: 5
    }
  }

  fileprivate var pathText: String {
    switch self {
    case .array(let elements): "[" + elements.map(\.pathText).joined(separator: ",") + "]"
    case .object(let object): object.map { "\($0.key)=\($0.value.pathText)" }.joined()
    default: text()
    }
  }
}
