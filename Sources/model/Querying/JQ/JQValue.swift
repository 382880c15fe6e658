import Basics
import JSONValue

/// A value of a running filter. Numbers are what gojq makes of them: literals and counts are integers (of any length), numbers of the
/// input are floating-point, numbers read by `fromjson` keep their text until something is computed from them.
enum JQValue: Sendable {
  case null
  case bool(Bool)
  case int(Int64)
  case double(Double)
  case big(BigInteger)
  /// A number's text as `fromjson` read it.
  case literal(String)
  case string(String)
  case array(JQArray)
  case object(JQObject)
}

/// Elements with an identity, by which paths are checked.
final class JQArray: Sendable {
  let elements: [JQValue]
  /// How deep the value nests, itself included.
  let depth: Int
  static let empty = JQArray([], depth: 1)
  /// An array of its own that stands for nothing, while paths are deleted.
  static let marker = JQArray([], depth: 1)

  fileprivate init(_ elements: [JQValue], depth: Int) {
    self.elements = elements
    self.depth = depth
  }
}

/// Members in the order of their keys' bytes, with an identity, by which paths are checked.
final class JQObject: Sendable {
  typealias Member = (key: String, value: JQValue)
  let members: [Member]
  let depth: Int
  static let empty = JQObject([], depth: 1)

  fileprivate init(_ members: [Member], depth: Int) {
    self.members = members
    self.depth = depth
  }

  /// The position of a key, or where it would stand.
  func position(of key: String) -> (index: Int, isFound: Bool) {
    var low = 0
    var high = members.count
    while low < high {
      let middle = (low + high) / 2
      let order = compareBytes(members[middle].key, key)
      if order == 0 { return (middle, true) }
      if order < 0 { low = middle + 1 } else { high = middle }
    }
    return (low, false)
  }

  subscript(key: String) -> JQValue? {
    let (index, isFound) = position(of: key)
    return isFound ? members[index].value : nil
  }
}

/// The order of two texts by their bytes.
func compareBytes(_ left: String, _ right: String) -> Int {
  var first = left.utf8.makeIterator()
  var second = right.utf8.makeIterator()
  while true {
    switch (first.next(), second.next()) {
    case (nil, nil): return 0
    case (nil, _): return -1
    case (_, nil): return 1
    case (let a?, let b?): if a != b { return a < b ? -1 : 1 }
    }
  }
}

extension JQValue {
  /// The deepest nesting of a value.
  static let maximumDepth = 1000

  static func makeArray(_ elements: [JQValue]) throws(JQFailure) -> JQValue {
    if elements.isEmpty { return .array(.empty) }
    var depth = 0
    for element in elements { depth = max(depth, element.depth) }
    guard depth < maximumDepth else { throw .limit("the value nests too deeply") }
    return .array(JQArray(elements, depth: depth + 1))
  }

  /// An object of members in the order of their keys, without repetitions.
  static func makeObject(sorted members: [JQObject.Member]) throws(JQFailure) -> JQValue {
    if members.isEmpty { return .object(.empty) }
    var depth = 0
    for member in members { depth = max(depth, member.value.depth) }
    guard depth < maximumDepth else { throw .limit("the value nests too deeply") }
    return .object(JQObject(members, depth: depth + 1))
  }

  /// An object of members in any order; of a repeated key the last one counts.
  static func makeObject(_ members: [JQObject.Member]) throws(JQFailure) -> JQValue {
    var sorted: [JQObject.Member] = []
    let ordered = members.enumerated().sorted {
      let order = compareBytes($0.element.key, $1.element.key)
      return order == 0 ? $0.offset < $1.offset : order < 0
    }
    for (_, member) in ordered {
      if let last = sorted.last, compareBytes(last.key, member.key) == 0 { sorted.removeLast() }
      sorted.append(member)
    }
    return try makeObject(sorted: sorted)
  }

  var depth: Int {
    switch self {
    case .array(let array): array.depth
    case .object(let object): object.depth
    default: 0
    }
  }

  var isTruthy: Bool {
    switch self {
    case .null, .bool(false): false
    default: true
    }
  }

  var isNull: Bool { if case .null = self { true } else { false } }

  /// jq's name of the type.
  var typeName: String {
    switch self {
    case .null: "null"
    case .bool: "boolean"
    case .int, .double, .big, .literal: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }

  var isNumber: Bool {
    switch self {
    case .int, .double, .big, .literal: true
    default: false
    }
  }

  /// A number's text as jq reads it in filters, `tonumber` and JSON.
  static func number(_ text: String) -> JQValue {
    if let value = Int64(text) { return .int(value) }
    if text.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }) {
      if let value = Double(padded(text)), value.isFinite { return .double(value) }
    } else if let value = BigInteger(text) {
      return .big(value)
    }
    return .double(text.hasPrefix("-") ? -.infinity : .infinity)
  }

  /// Swift reads no `.5` and `5.`.
  private static func padded(_ text: String) -> String {
    var bytes: [UInt8] = []
    let source = Array(text.utf8)
    for (index, byte) in source.enumerated() {
      let isPoint = byte == UInt8(ascii: ".")
      if isPoint, bytes.last.map({ !(0x30...0x39).contains($0) }) ?? true { bytes.append(0x30) }
      bytes.append(byte)
      if isPoint, index + 1 == source.count || !(0x30...0x39).contains(source[index + 1]) { bytes.append(0x30) }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The number without its source text.
  var computed: JQValue { if case .literal(let text) = self { .number(text) } else { self } }

  var double: Double? {
    switch computed {
    case .int(let value): Double(value)
    case .double(let value): value
    case .big(let value): value.double
    default: nil
    }
  }

  /// A number as an integer by truncation, clamped to 64 bits.
  var integer: Int? {
    switch computed {
    case .int(let value): Int(value)
    case .double(let value): Self.clamped(value)
    case .big(let value): value.int64.map { Int($0) } ?? (value.isNegative ? .min : .max)
    default: nil
    }
  }

  /// As ``integer``, rounded up.
  var integerRoundedUp: Int? { if case .double(let value) = self { Self.clamped(value.rounded(.up)) } else { integer } }

  static func clamped(_ value: Double) -> Int {
    if value >= -0x1p63, value < 0x1p63 { return Int(value) }
    return value > 0 ? .max : .min
  }

  var array: [JQValue]? { if case .array(let array) = self { array.elements } else { nil } }
  var string: String? { if case .string(let text) = self { text } else { nil } }
}

extension JQValue {
  private var rank: Int {
    switch self {
    case .null: 0
    case .bool(false): 1
    case .bool(true): 2
    case .int, .double, .big, .literal: 3
    case .string: 4
    case .array: 5
    case .object: 6
    }
  }

  /// jq's order of all values: null, false, true, numbers, strings, arrays, objects. NaN is below every number.
  static func compare(_ left: JQValue, _ right: JQValue) -> Int {
    switch (left.computed, right.computed) {
    case (.int(let a), .int(let b)): return a < b ? -1 : a == b ? 0 : 1
    case (.big(let a), .big(let b)): return BigInteger.compare(a, b)
    case (.int(let a), .big(let b)): return BigInteger.compare(BigInteger(a), b)
    case (.big(let a), .int(let b)): return BigInteger.compare(a, BigInteger(b))
    case (.string(let a), .string(let b)): return compareBytes(a, b)
    case (.array(let a), .array(let b)):
      if a === b { return 0 }
      for (x, y) in zip(a.elements, b.elements) {
        let order = compare(x, y)
        if order != 0 { return order }
      }
      return a.elements.count < b.elements.count ? -1 : a.elements.count == b.elements.count ? 0 : 1
    case (.object(let a), .object(let b)):
      if a === b { return 0 }
      for (x, y) in zip(a.members, b.members) {
        let order = compareBytes(x.key, y.key)
        if order != 0 { return order }
      }
      if a.members.count != b.members.count { return a.members.count < b.members.count ? -1 : 1 }
      for (x, y) in zip(a.members, b.members) {
        let order = compare(x.value, y.value)
        if order != 0 { return order }
      }
      return 0
    default:
      if let a = left.double, let b = right.double { return a < b || a.isNaN ? -1 : a == b ? 0 : 1 }
      return left.rank < right.rank ? -1 : left.rank == right.rank ? 0 : 1
    }
  }
}

extension JQValue {
  /// The value of a document; its numbers become floating-point, as Go's `encoding/json` makes them.
  init(_ json: JSON, depth: Int = 0) throws(JQFailure) {
    guard depth < Self.maximumDepth else { throw .limit("the document nests too deeply") }
    switch json {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .double(Double(value))
    case .double(let value): self = .double(value)
    case .number(let text): self = .double(Double(text) ?? .infinity)
    case .string(let text): self = .string(text)
    case .array(let elements):
      var values: [JQValue] = []
      values.reserveCapacity(elements.count)
      for element in elements { values.append(try JQValue(element, depth: depth + 1)) }
      self = try .makeArray(values)
    case .object(let object):
      var members: [JQObject.Member] = []
      members.reserveCapacity(object.count)
      for member in object { members.append((member.key, try JQValue(member.value, depth: depth + 1))) }
      self = try .makeObject(members)
    }
  }

  /// The value as JSON, keys in the order of their bytes.
  var json: JSON {
    switch self {
    case .null: .null
    case .bool(let value): .bool(value)
    case .int(let value): .int(value)
    case .double(let value): .double(value)
    case .big(let value): .number(value.description)
    case .literal(let text): .number(text)
    case .string(let text): .string(text)
    case .array(let array): .array(array.elements.map(\.json))
    case .object(let object): .object(JSONObject(object.members.map { ($0.key, $0.value.json) }))
    }
  }

  /// Whether a number in the value is infinite or none, which Go's `encoding/json` refuses.
  var unsupportedNumber: Double? {
    switch self {
    case .double(let value): return value.isFinite ? nil : value
    case .array(let array):
      for element in array.elements { if let found = element.unsupportedNumber { return found } }
      return nil
    case .object(let object):
      for member in object.members { if let found = member.value.unsupportedNumber { return found } }
      return nil
    default: return nil
    }
  }
}
