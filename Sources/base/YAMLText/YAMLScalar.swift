import JSONValue

/// What a scalar stands for, by the rules of go-yaml v2 (the parser inside `sigs.k8s.io/yaml`): its `resolve.go`.
enum YAMLScalar: Equatable {
  case null
  case bool(Bool)
  case int(Int64)
  /// An integer above `Int64.max` that fits 64 bits.
  case unsigned(UInt64)
  case float(Double)
  case string

  /// Resolves a plain scalar.
  init(plain text: String) {
    self =
      text.utf8.withContiguousStorageIfAvailable { YAMLScalar(bytes: $0, text) }
      ?? Array(text.utf8)
      .withUnsafeBufferPointer { YAMLScalar(bytes: $0, text) }
  }

  private init(bytes: UnsafeBufferPointer<UInt8>, _ text: String) {
    guard let first = bytes.first else {
      self = .null
      return
    }
    switch first {
    case UInt8(ascii: "~"), UInt8(ascii: "y"), UInt8(ascii: "Y"), UInt8(ascii: "n"), UInt8(ascii: "N"), UInt8(ascii: "t"),
      UInt8(ascii: "T"),
      UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "o"), UInt8(ascii: "O"):
      self = bytes.count <= 5 ? Self.word(text) : .string
    case UInt8(ascii: "."): self = Self.dotted(bytes, text)
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"): self = Self.number(bytes, text)
    default: self = .string
    }
  }

  private static func word(_ text: String) -> YAMLScalar {
    switch text {
    case "~", "null", "Null", "NULL": .null
    case "true", "True", "TRUE", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON": .bool(true)
    case "false", "False", "FALSE", "n", "N", "no", "No", "NO", "off", "Off", "OFF": .bool(false)
    default: .string
    }
  }

  private static func special(_ text: String) -> YAMLScalar? {
    switch text {
    case ".nan", ".NaN", ".NAN": .float(.nan)
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": .float(.infinity)
    case "-.inf", "-.Inf", "-.INF": .float(-.infinity)
    default: nil
    }
  }

  private static func dotted(_ bytes: UnsafeBufferPointer<UInt8>, _ text: String) -> YAMLScalar {
    if let special = special(text) { return special }
    guard isFloat(bytes), let value = Double(text), value.isFinite else { return .string }
    return .float(value)
  }

  private static func number(_ bytes: UnsafeBufferPointer<UInt8>, _ text: String) -> YAMLScalar {
    if let special = special(text) { return special }
    let plain = bytes.filter { $0 != UInt8(ascii: "_") }
    return plain.withUnsafeBufferPointer { digits in
      if let integer = integer(digits) { return integer }
      guard isFloat(digits), let value = Double(String(decoding: digits, as: UTF8.self)), value.isFinite else { return .string }
      return .float(value)
    }
  }

  /// Go's `strconv.ParseInt(text, 0, 64)`, then `ParseUint`: a sign, then `0x`, `0o`, `0b`, a leading zero for octal, or decimal digits.
  private static func integer(_ bytes: UnsafeBufferPointer<UInt8>) -> YAMLScalar? {
    var rest = bytes[...]
    let sign = rest.first
    if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest = rest.dropFirst() }
    var base: UInt64 = 10
    if rest.first == UInt8(ascii: "0"), rest.count > 1 {
      rest = rest.dropFirst()
      switch (rest.first ?? 0) | 0x20 {
      case UInt8(ascii: "x"): base = 16
      case UInt8(ascii: "o"): base = 8
      case UInt8(ascii: "b"): base = 2
      default: base = 0
      }
      if base == 0 { base = 8 } else { rest = rest.dropFirst() }
    }
    guard !rest.isEmpty else { return nil }
    var magnitude: UInt64 = 0
    for byte in rest {
      let digit: UInt64
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt64(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = UInt64(byte - UInt8(ascii: "a")) + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = UInt64(byte - UInt8(ascii: "A")) + 10
      default: return nil
      }
      guard digit < base else { return nil }
      let (product, overflow) = magnitude.multipliedReportingOverflow(by: base)
      let (sum, carry) = product.addingReportingOverflow(digit)
      if overflow || carry { return nil }
      magnitude = sum
    }
    if sign == UInt8(ascii: "-") {
      if magnitude == Int64.min.magnitude { return .int(.min) }
      return Int64(exactly: magnitude).map { .int(-$0) }
    }
    if let value = Int64(exactly: magnitude) { return .int(value) }
    return sign == UInt8(ascii: "+") ? nil : .unsigned(magnitude)
  }

  /// go-yaml's pattern `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`.
  private static func isFloat(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var index = 0
    func isAt(_ accepted: StaticString) -> Bool {
      guard index < bytes.count else { return false }
      return UnsafeBufferPointer(start: accepted.utf8Start, count: accepted.utf8CodeUnitCount).contains(bytes[index])
    }
    func digits() -> Int {
      let start = index
      while index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) { index += 1 }
      return index - start
    }
    if isAt("+-") { index += 1 }
    let whole = digits()
    if isAt(".") {
      index += 1
      if digits() == 0, whole == 0 { return false }
    } else if whole == 0 {
      return false
    }
    if isAt("eE") {
      index += 1
      if isAt("+-") { index += 1 }
      if digits() == 0 { return false }
    }
    return index == bytes.count
  }

  /// The JSON value, nil where JSON has none. A float that Go's `encoding/json` would print as an integer is an integer.
  func json(_ text: String) -> JSON? {
    switch self {
    case .null: return .null
    case .bool(let value): return .bool(value)
    case .int(let value): return .int(value)
    case .unsigned(let value): return .number(String(value))
    case .string: return .string(text)
    case .float(let value):
      guard value.isFinite else { return nil }
      if let whole = Int64(exactly: value) { return .int(whole) }
      return .double(value)
    }
  }

  /// The object key that `sigs.k8s.io/yaml` makes of a scalar; nil for null, which it refuses.
  func key(_ text: String) -> String? {
    switch self {
    case .null: return nil
    case .bool(let value): return value ? "true" : "false"
    case .int(let value): return String(value)
    case .unsigned(let value): return String(value)
    case .string: return text
    case .float(let value):
      if value.isNaN { return ".nan" }
      if value.isInfinite { return value < 0 ? "-.inf" : ".inf" }
      let shortest = Float(value).description
      return shortest.hasSuffix(".0") ? String(shortest.dropLast(2)) : shortest
    }
  }
}
