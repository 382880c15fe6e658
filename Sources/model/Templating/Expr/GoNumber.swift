import Basics
import JSONValue

/// Numbers and values as Go reads and prints them.
enum GoNumber {
  /// `strconv.ParseFloat`.
  static func double(_ text: String) -> Double? { text.utf8.contains(0x20) ? nil : Double(text) }

  /// `strconv.Atoi`.
  static func integer(_ text: String) -> Int64? { Int64(text) }

  /// `%v` of a float64: shortest, with an exponent below 1e-4 and from 1e21 on.
  static func text(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    let magnitude = abs(value)
    if magnitude != 0, magnitude < 1e-4 || magnitude >= 1e21 {
      var text = value.description
      if let mark = text.firstIndex(of: "e") {
        var mantissa = String(text[..<mark])
        if mantissa.hasSuffix(".0") { mantissa.removeLast(2) }
        let exponent = Int(text[text.index(after: mark)...]) ?? 0
        text = mantissa + "e" + (exponent < 0 ? "-" : "+") + (abs(exponent) < 10 ? "0" : "") + String(abs(exponent))
      } else {
        // Swift writes 1e-5 … with an exponent below 1e-4 only; digits above 2^53 come without one.
        var digits = text.hasSuffix(".0") ? String(text.dropLast(2)) : text
        let sign = digits.hasPrefix("-") ? "-" : ""
        if !sign.isEmpty { digits.removeFirst() }
        let exponent = digits.utf8.count - 1
        while digits.hasSuffix("0"), digits.utf8.count > 1 { digits.removeLast() }
        text = sign + String(digits.prefix(1)) + (digits.utf8.count > 1 ? "." + digits.dropFirst() : "") + "e+\(exponent)"
      }
      return text
    }
    return JSON.numberText(value)
  }

  /// The double as an integer by truncation, as Go converts it; out of range is the smallest integer.
  static func truncated(_ value: Double) -> Int64 { Int64(exactly: value.rounded(.towardZero)) ?? .min }

  /// `fmt.Sprintf("%v")`.
  static func text(_ value: ExprValue) -> String {
    switch value {
    case .nil: return "<nil>"
    case .bool(let value): return value ? "true" : "false"
    case .int(let value): return String(value)
    case .double(let value): return text(value)
    case .string(let value): return value
    case .array(let elements): return "[" + elements.map { text($0) }.joined(separator: " ") + "]"
    case .map(let members):
      let pairs = members.sortedByKeyBytes().map { "\($0.key):\(text($0.value))" }
      return "map[" + pairs.joined(separator: " ") + "]"
    case .time(let instant): return GoTime.format(instant, "2006-01-02 15:04:05.999999999 -0700 MST")
    case .duration(let nanoseconds): return GoDuration.text(nanoseconds)
    case .function(let name): return name
    }
  }
}

extension Dictionary where Key == String {
  /// The members in the order of their keys' bytes.
  func sortedByKeyBytes() -> [(key: String, value: Value)] {
    sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { (key: $0.key, value: $0.value) }
  }
}

/// Go's `time.Duration` in nanoseconds.
enum GoDuration {
  /// `1h2m3.5s`.
  static func text(_ nanoseconds: Int64) -> String {
    if nanoseconds == 0 { return "0s" }
    let sign = nanoseconds < 0 ? "-" : ""
    let total = nanoseconds.magnitude
    func decimal(_ value: UInt64, _ unit: UInt64) -> String {
      let whole = value / unit
      var fraction = String(value % unit)
      if value % unit == 0 { return String(whole) }
      fraction = String(repeating: "0", count: String(unit).utf8.count - 1 - fraction.utf8.count) + fraction
      while fraction.hasSuffix("0") { fraction.removeLast() }
      return "\(whole).\(fraction)"
    }
    if total < 1000 { return "\(sign)\(total)ns" }
    if total < 1_000_000 { return sign + decimal(total, 1000) + "µs" }
    if total < 1_000_000_000 { return sign + decimal(total, 1_000_000) + "ms" }
    let seconds = decimal(total % 60_000_000_000, 1_000_000_000) + "s"
    let minutes = total / 60_000_000_000
    if minutes == 0 { return sign + seconds }
    return minutes < 60 ? "\(sign)\(minutes)m\(seconds)" : "\(sign)\(minutes / 60)h\(minutes % 60)m\(seconds)"
  }

  /// `time.ParseDuration`; nil when the text is none.
  static func parse(_ text: String) -> Int64? {
    var rest = Substring(text)
    var isNegative = false
    if let first = rest.first, first == "-" || first == "+" {
      isNegative = first == "-"
      rest.removeFirst()
    }
    if rest == "0" { return 0 }
    guard !rest.isEmpty else { return nil }
    let units: [(String, Double)] = [
      ("ns", 1), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10), ("h", 3.6e12),
    ]
    var total = 0.0
    var exact: Int64 = 0
    while !rest.isEmpty {
      let number = rest.prefix { $0 == "." || ("0"..."9").contains($0) }
      guard !number.isEmpty, number != ".", number.utf8.count < 40 else { return nil }
      rest = rest.dropFirst(number.count)
      let unit = rest.prefix { $0 != "." && !("0"..."9").contains($0) }
      guard let scale = units.first(where: { $0.0 == unit })?.1 else { return nil }
      rest = rest.dropFirst(unit.count)
      guard let value = Double(number.hasSuffix(".") ? number + "0" : number) else { return nil }
      total += value * scale
      if let whole = Int64(number) {
        let (product, overflow) = whole.multipliedReportingOverflow(by: Int64(scale))
        let (sum, overflows) = exact.addingReportingOverflow(product)
        guard !overflow, !overflows else { return nil }
        exact = sum
      } else {
        guard abs(total) < 9.2e18 else { return nil }
        exact = exact &+ Int64((value * scale).rounded())
      }
    }
    guard abs(total) < 9.2e18 else { return nil }
    return isNegative ? -exact : exact
  }
}
