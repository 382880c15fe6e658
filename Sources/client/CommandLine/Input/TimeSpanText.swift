import Basics

extension TimeSpan {
  /// Reads `90s`, `5m`, `1h30m`, `1.5h`, `250ms`, or a number of seconds; nil when it is none or is negative.
  init?(argument text: String) {
    let units: [(name: String, milliseconds: Double)] = [("ms", 1), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("d", 86_400_000)]
    var rest = Substring(text)
    var total = 0.0
    if rest.isEmpty { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
      guard let number = Double(digits) else { return nil }
      rest = rest.dropFirst(digits.count)
      if rest.isEmpty, digits.count == text.count {
        total = number * 1000
      } else {
        guard let unit = units.first(where: { rest.hasPrefix($0.name) }) else { return nil }
        rest = rest.dropFirst(unit.name.count)
        total += number * unit.milliseconds
      }
    }
    guard total < 9e15 else { return nil }
    self.init(milliseconds: Int64(total))
  }
}
