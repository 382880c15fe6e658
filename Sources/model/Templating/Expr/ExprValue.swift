import Basics
import JSONValue

/// A value of the expression language: JSON, plus times, durations and functions.
package enum ExprValue: Sendable, Hashable {
  case `nil`
  case bool(Bool)
  case int(Int64)
  case double(Double)
  case string(String)
  case array([ExprValue])
  /// Enumerated in the order of the keys' bytes (Go's maps have no order).
  case map([String: ExprValue])
  /// A moment, and the zone in which it is told.
  case time(Instant, TimeZoneRules)
  /// What `timezone()` gives.
  case zone(TimeZoneRules)
  /// Nanoseconds.
  case duration(Int64)
  /// A function by its name, `sprig.` included.
  case function(String)

  package var isNil: Bool { self == .nil }

  /// A moment told in UTC.
  package static func time(_ instant: Instant) -> ExprValue { .time(instant, .utc) }
}

extension ExprValue {
  /// The value of a JSON document: integers become `.int`, those out of range `.double`.
  package init(_ json: JSON) {
    switch json {
    case .null: self = .nil
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .int(value)
    case .double(let value): self = .double(value)
    case .number(let text): self = .double(Double(text) ?? 0)
    case .string(let text): self = .string(text)
    case .array(let elements): self = .array(elements.map { ExprValue($0) })
    case .object(let object):
      var members: [String: ExprValue] = [:]
      members.reserveCapacity(object.count)
      for (key, value) in object { members[key] = ExprValue(value) }
      self = .map(members)
    }
  }

  /// The value as JSON, members in the order of their keys; nil for what has no JSON form (functions).
  package var json: JSON? {
    switch self {
    case .nil: return .null
    case .bool(let value): return .bool(value)
    case .int(let value): return .int(value)
    case .double(let value): return value.isFinite ? .double(value) : nil
    case .string(let text): return .string(text)
    case .array(let elements):
      var result: [JSON] = []
      result.reserveCapacity(elements.count)
      for element in elements {
        guard let value = element.json else { return nil }
        result.append(value)
      }
      return .array(result)
    case .map(let members):
      var result = JSONObject()
      for key in members.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
        guard let value = members[key]?.json else { return nil }
        result[key] = value
      }
      return .object(result)
    case .time(let instant, let zone): return .string(zone == .utc ? instant.rfc3339 : GoTime.format(instant, GoTime.rfc3339, in: zone))
    case .zone: return .object([:])
    case .duration(let nanoseconds): return .int(nanoseconds)
    case .function: return nil
    }
  }

  /// What a `{{=…}}` tag with this result inserts: a string as it is, everything else as Go's JSON text (spec 3.1).
  package func insertedText() throws(ExpressionError) -> String {
    if case .string(let text) = self { return text }
    guard let json else { throw ExpressionError(message: "a value of type \(typeName) has no JSON form", offset: 0) }
    return json.text(.go)
  }

  /// The Go type's name as expr-lang's messages print it.
  package var typeName: String {
    switch self {
    case .nil: "<nil>"
    case .bool: "bool"
    case .int: "int"
    case .double: "float64"
    case .string: "string"
    case .array: "[]interface {}"
    case .map: "map[string]interface {}"
    case .time: "time.Time"
    case .zone: "*time.Location"
    case .duration: "time.Duration"
    case .function: "func"
    }
  }
}

/// The variables of an expression and its sources of time and chance. Only the roots that an expression names are asked for, so build them
/// lazily; ``Expression/references`` tells beforehand what will be used.
package protocol ExpressionScope: Sendable {
  /// The variable, or nil when there is none of this name. An absent optional output is a member with the value `.nil`.
  func root(_ name: String) -> ExprValue?
  /// The time of `now()`; nil makes functions of time fail.
  var now: Instant? { get }
  /// The next number of a random sequence; nil makes random functions fail.
  func random() -> UInt64?
}

extension ExpressionScope {
  package var now: Instant? { nil }
  package func random() -> UInt64? { nil }
}

/// A scope without variables.
package struct EmptyScope: ExpressionScope {
  package init() {}
  package func root(_ name: String) -> ExprValue? { nil }
}

/// A scope of given values.
package struct ValueScope: ExpressionScope {
  package var values: [String: ExprValue]
  package var now: Instant?
  package var randomSource: (@Sendable () -> UInt64)?

  package init(_ values: [String: ExprValue] = [:], now: Instant? = nil, random: (@Sendable () -> UInt64)? = nil) {
    self.values = values
    self.now = now
    randomSource = random
  }

  /// A scope of the flat variables of spec 3.3, nested by splitting their names at dots. A name that is also a prefix of another is
  /// dropped, as Argo does (`workflow.parameters` beside `workflow.parameters.x`).
  package init(flat: [String: ExprValue], now: Instant? = nil, random: (@Sendable () -> UInt64)? = nil) {
    self.init([:], now: now, random: random)
    for (name, value) in flat.sorted(by: { $0.key < $1.key }) {
      var root = ExprValue.map(values)
      values = [:]
      ValueScope.insert(value, at: name.split(separator: ".", maxSplits: 100, omittingEmptySubsequences: false)[...], into: &root)
      if case .map(let members) = root { values = members }
    }
  }

  private static func insert(_ value: ExprValue, at path: ArraySlice<Substring>, into target: inout ExprValue) {
    guard let step = path.first else {
      if case .map = target { return }
      target = value
      return
    }
    var members: [String: ExprValue] = [:]
    if case .map(let held) = target { members = held }
    target = .nil
    let isLast = path.count == 1
    if isLast {
      if members[String(step)] == nil { members[String(step)] = value }
    } else {
      insert(value, at: path.dropFirst(), into: &members[String(step), default: .map([:])])
    }
    target = .map(members)
  }

  package func root(_ name: String) -> ExprValue? { values[name] }
  package func random() -> UInt64? { randomSource?() }
}
