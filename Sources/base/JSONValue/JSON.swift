/// A JSON value. Objects keep the order of their keys; integers stay exact.
///
/// Numbers: what fits `Int64` and is written without fraction or exponent is `.int`; everything else is `.double`, except integers out
/// of range, which keep their source text in `.number` so that nothing is lost by reading and writing a document.
package enum JSON: Sendable, Hashable {
  case null
  case bool(Bool)
  case int(Int64)
  case double(Double)
  /// The source text of an integer that does not fit `Int64`.
  case number(String)
  case string(String)
  case array([JSON])
  case object(JSONObject)
}

extension JSON {
  package var isNull: Bool { if case .null = self { true } else { false } }
  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var int: Int64? { if case .int(let value) = self { value } else { nil } }
  package var string: String? { if case .string(let value) = self { value } else { nil } }
  package var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
  package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

  /// The value as a floating-point number, whichever way the number is stored.
  package var double: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    case .number(let text): Double(text)
    default: nil
    }
  }

  /// The JSON type's name as messages use it: `null`, `boolean`, `integer`, `number`, `string`, `array`, `object`.
  package var typeName: String {
    switch self {
    case .null: "null"
    case .bool: "boolean"
    case .int: "integer"
    case .double, .number: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }

  /// The member named `key`, or nil when this is no object or has no such member. Setting on a non-object replaces it by an object;
  /// setting nil removes the member. Edits happen in place: no level is copied when this value is uniquely held.
  package subscript(key: String) -> JSON? {
    get { if case .object(let object) = self { object[key] } else { nil } }
    set {
      modifyObject { $0[key] = newValue }
    }
    _modify {
      var object: JSONObject
      if case .object(let held) = self { object = held } else { object = JSONObject() }
      self = .null
      defer { self = .object(object) }
      yield &object[key]
    }
  }

  /// The element at `index`, or nil when this is no array or the index is out of bounds.
  package subscript(index: Int) -> JSON? {
    if case .array(let elements) = self, elements.indices.contains(index) { elements[index] } else { nil }
  }

  /// The value at a path of member names, or nil when a step is missing.
  package func at(_ path: String...) -> JSON? { at(path) }

  /// The value at a path of member names, or nil when a step is missing.
  package func at(_ path: [String]) -> JSON? {
    var value = self
    for step in path {
      guard let next = value[step] else { return nil }
      value = next
    }
    return value
  }

  /// Edits the object in place; a value that is no object becomes an empty object first.
  package mutating func modifyObject(_ body: (inout JSONObject) -> Void) {
    var object: JSONObject
    if case .object(let held) = self { object = held } else { object = JSONObject() }
    self = .null
    body(&object)
    self = .object(object)
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int64) { self = .int(value) }
  package init(floatLiteral value: Double) { self = .double(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(arrayLiteral elements: JSON...) { self = .array(elements) }
  package init(nilLiteral: ()) { self = .null }
  package init(dictionaryLiteral elements: (String, JSON)...) { self = .object(JSONObject(elements)) }

  /// A string, or null for nil.
  package init(_ value: String?) { self = value.map { .string($0) } ?? .null }
}
