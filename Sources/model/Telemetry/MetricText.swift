import Basics

/// Pieces of Prometheus' text format.
enum MetricText {
  /// A number as Prometheus' own client writes it: the shortest text.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if value == value.rounded(), value.magnitude < 1e15 { return String(Int64(value)) }
    return "\(value)"
  }

  /// HELP texts escape backslashes and line breaks.
  static func help(_ text: String) -> String { escape(text, quotes: false) }

  /// `{a="1",b="2"}`; nothing without labels. Values escape backslashes, line breaks and quotes.
  static func labels(_ labels: [MetricLabel]) -> String {
    guard !labels.isEmpty else { return "" }
    return "{" + labels.map { "\($0.name)=\"\(escape($0.value, quotes: true))\"" }.joined(separator: ",") + "}"
  }

  private static func escape(_ text: String, quotes: Bool) -> String {
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): bytes += Array("\\\\".utf8)
      case UInt8(ascii: "\n"): bytes += Array("\\n".utf8)
      case UInt8(ascii: "\""): bytes += Array((quotes ? "\\\"" : "\"").utf8)
      default: bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension MetricSeries {
  func write(_ name: String, labels: [MetricLabel], buckets: [Double], at now: Instant, to output: inout String) {
    guard counts.contains(where: { $0 > 0 }) else {
      output += "\(name)\(MetricText.labels(labels)) \(MetricText.number(reading(at: now)))\n"
      return
    }
    var total: UInt64 = 0
    for (place, bound) in (buckets + [.infinity]).enumerated() {
      total &+= counts[place]
      output += "\(name)_bucket\(MetricText.labels(labels + [MetricLabel("le", MetricText.number(bound))])) \(total)\n"
    }
    output += "\(name)_sum\(MetricText.labels(labels)) \(MetricText.number(value))\n"
    output += "\(name)_count\(MetricText.labels(labels)) \(total)\n"
  }
}
