import Basics

/// Reads Argo's durations: a whole number of seconds, or Go's notation (`1h30m`, `2.5s`, `100ms`); nil when it is neither.
func parseDuration(_ text: String) -> TimeSpan? {
  let text = text.trimmed
  if let seconds = Int64(text) { return TimeSpan(seconds: seconds) }
  var bytes = Array(text.utf8)[...]
  var sign = 1.0
  if let first = bytes.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
    if first == UInt8(ascii: "-") { sign = -1 }
    bytes = bytes.dropFirst()
  }
  guard !bytes.isEmpty else { return nil }
  if bytes.elementsEqual("0".utf8) { return .zero }
  var milliseconds = 0.0
  while !bytes.isEmpty {
    let number = bytes.prefix { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
    guard !number.isEmpty, let value = Double(String(decoding: number, as: UTF8.self)) else { return nil }
    bytes = bytes.dropFirst(number.count)
    let unit = bytes.prefix { !(0x30...0x39).contains($0) && $0 != UInt8(ascii: ".") }
    bytes = bytes.dropFirst(unit.count)
    switch String(decoding: unit, as: UTF8.self) {
    case "ns": milliseconds += value / 1_000_000
    case "us", "µs", "μs": milliseconds += value / 1000
    case "ms": milliseconds += value
    case "s": milliseconds += value * 1000
    case "m": milliseconds += value * 60_000
    case "h": milliseconds += value * 3_600_000
    default: return nil
    }
  }
  let total = sign * milliseconds
  guard total.magnitude < 9e18 else { return nil }
  return TimeSpan(milliseconds: Int64(total.rounded()))
}

/// A duration as Argo's messages say it: `4 seconds`, `1 minute 30 seconds`: the two largest units.
func humanDuration(_ span: TimeSpan) -> String {
  let seconds = max(0, span.milliseconds / 1000)
  let parts: [(Int64, String)] = [
    (seconds / 86_400, "day"), (seconds / 3600 % 24, "hour"), (seconds / 60 % 60, "minute"), (seconds % 60, "second"),
  ]
  guard let first = parts.firstIndex(where: { $0.0 > 0 }) else { return "0 seconds" }
  return parts[first..<min(first + 2, parts.count)].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" }.joined(
    separator: " ")
}
