package import JSONValue

extension JSON {
  /// Argo's AnyString: a string as it is, a number in plain decimal notation (`1e3` is `1000`), a boolean as its word; nil for null.
  /// Objects and arrays, which Argo refuses, give their compact JSON.
  package var anyString: String? {
    switch self {
    case .null: nil
    case .string(let text): text
    case .bool(let value): value ? "true" : "false"
    case .int(let value): String(value)
    case .double(let value): Self.plainDecimal(value)
    case .number(let text): text
    case .array, .object: text(.go)
    }
  }

  /// The shortest decimal notation without exponent that reads back as the same number (Go's `FormatFloat` with `'f', -1`).
  package static func plainDecimal(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf" }
    var text = value.description
    if text.hasSuffix(".0") { text.removeLast(2) }
    guard let mark = text.firstIndex(where: { $0 == "e" || $0 == "E" }), let exponent = Int(text[text.index(after: mark)...]) else {
      return text
    }
    var mantissa = String(text[..<mark])
    let sign = mantissa.hasPrefix("-") ? "-" : ""
    if !sign.isEmpty { mantissa.removeFirst() }
    let parts = mantissa.split(separator: ".", omittingEmptySubsequences: false)
    let whole = String(parts[0])
    var fraction = parts.count > 1 ? String(parts[1]) : ""
    if fraction == "0" { fraction = "" }
    let digits = whole + fraction
    let point = whole.count + exponent
    if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
    if point >= digits.count { return sign + digits + String(repeating: "0", count: point - digits.count) }
    return sign + digits.prefix(point) + "." + digits.dropFirst(point)
  }

  /// A member that is a string, or nil when it is absent, empty or something else.
  package func text(_ key: String) -> String? {
    guard let value = self[key]?.string, !value.isEmpty else { return nil }
    return value
  }

  /// The elements of a member that is a list; empty otherwise.
  package func list(_ key: String) -> [JSON] { self[key]?.array ?? [] }

  /// A member that is there and not null.
  package func present(_ key: String) -> JSON? {
    guard let value = self[key], !value.isNull else { return nil }
    return value
  }

  /// An integer given as a number or as a string of digits.
  package var looseInt: Int64? {
    switch self {
    case .int(let value): value
    case .double(let value): Int64(exactly: value)
    case .string(let text): Int64(text)
    default: nil
    }
  }
}
