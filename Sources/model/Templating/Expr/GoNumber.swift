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
