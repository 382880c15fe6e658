import Basics
import JSONValue

/// Numbers and values as Go reads and prints them.
enum GoNumber {
  /// `strconv.ParseFloat`.
  static func double(_ text: String) -> Double? { text.utf8.contains(0x20) ? nil : Double(text) }

  /// `strconv.Atoi`.
  static func integer(_ text: String) -> Int64? { Int64(text) }

  /// `%v` of a float64: the shortest digits, with an exponent below 1e-4 and from 1e6 on (`strconv` with `g` and -1).
  static func text(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    let (digits, exponent) = decimal(value.magnitude)
    guard exponent < -4 || exponent >= 6 else { return JSON.numberText(value) }
    let size = abs(exponent)
    return (value < 0 ? "-" : "") + digits.prefix(1) + (digits.count > 1 ? "." + digits.dropFirst() : "") + (exponent < 0 ? "e-" : "e+")
      + (size < 10 ? "0" : "") + String(size)
  }

  /// The shortest digits that mean the value, without zeros around them, and the power of ten of the first; none and 0 for zero.
  private static func decimal(_ value: Double) -> (digits: String, exponent: Int) {
    let parts = value.description.split(separator: "e")
    let mantissa = parts[0].split(separator: ".")
    let all = mantissa.joined()
    let digits = all.drop { $0 == "0" }
    guard let last = digits.lastIndex(where: { $0 != "0" }) else { return ("", 0) }
    let scale = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    return (String(digits[...last]), mantissa[0].count - (all.count - digits.count) - 1 + scale)
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
    case .time(let instant, let zone): return GoTime.format(instant, "2006-01-02 15:04:05.999999999 -0700 MST", in: zone)
    case .zone(let zone): return zone.name
    case .duration(let nanoseconds): return GoDuration(nanoseconds: nanoseconds).description
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
