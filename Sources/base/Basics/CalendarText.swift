private let monthNames = [
  "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
]
private let dayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

extension Instant {
  /// The letters of `{{workflow.creationTimestamp.<letter>}}`.
  package static let strftimeLetters = "BbmAadHIMSYypZzL"

  /// What one of strftime's letters stands for in UTC; nil for a letter that Argo does not offer. `L` is the milliseconds.
  package func strftime(_ letter: Character) -> String? {
    let time = CivilTime(self)
    switch letter {
    case "B": return monthNames[time.month - 1]
    case "b": return String(monthNames[time.month - 1].prefix(3))
    case "m": return time.month.padded(2)
    case "A": return dayNames[time.weekday]
    case "a": return String(dayNames[time.weekday].prefix(3))
    case "d": return time.day.padded(2)
    case "H": return time.hour.padded(2)
    case "I": return ((time.hour + 11) % 12 + 1).padded(2)
    case "M": return time.minute.padded(2)
    case "S": return time.second.padded(2)
    case "Y": return time.year.padded(4)
    case "y": return (time.year - time.year.floorDivided(by: 100) * 100).padded(2)
    case "p": return time.hour < 12 ? "AM" : "PM"
    case "Z": return "UTC"
    case "z": return "+0000"
    case "L": return time.millisecond.padded(3)
    default: return nil
    }
  }

  /// A pattern of ``strftime(_:)`` letters after `%`; `%%` is a percent sign, an unknown letter stays as it is.
  package func formatted(_ pattern: String) -> String {
    var result = ""
    var rest = pattern[...]
    while let character = rest.popFirst() {
      guard character == "%", let letter = rest.first else {
        result.append(character)
        continue
      }
      rest.removeFirst()
      result += letter == "%" ? "%" : strftime(letter) ?? "%\(letter)"
    }
    return result
  }

  /// The time as `argo get` prints it, in UTC: `Sat Nov 21 02:44:13 +0000`.
  package var argoText: String { formatted("%a %b %d %H:%M:%S %z") }
}

extension TimeSpan {
  private static let units: [(name: String, short: String, seconds: Int64)] = [
    ("day", "d", 86_400), ("hour", "h", 3600), ("minute", "m", 60), ("second", "s", 1),
  ]

  private static func count(_ count: Int64, _ name: String) -> String { count == 1 ? "1 \(name)" : "\(count) \(name)s" }

  /// At most the two largest units, as `argo get` prints durations: `9 seconds`, `1 minute 5 seconds`, `2 hours 3 minutes`, `1 day`.
  /// A negative span counts as zero.
  package var longText: String {
    let total = max(0, milliseconds / 1000)
    guard let first = Self.units.firstIndex(where: { total >= $0.seconds }) else { return "0 seconds" }
    let unit = Self.units[first]
    var text = Self.count(total / unit.seconds, unit.name)
    if first + 1 < Self.units.count {
      let next = Self.units[first + 1]
      let remainder = total % unit.seconds / next.seconds
      if remainder > 0 { text += " " + Self.count(remainder, next.name) }
    }
    return text
  }

  /// The largest unit only, as in the columns of `argo list`: `9s`, `1m`, `2h`, `3d`. A negative span counts as zero.
  package var shortText: String {
    let total = max(0, milliseconds / 1000)
    guard let unit = Self.units.first(where: { total >= $0.seconds }) else { return "0s" }
    return "\(total / unit.seconds)\(unit.short)"
  }

  /// This long before now, or after it when negative: `5 minutes ago`, `now`, `2 hours from now`.
  package var relativeText: String {
    let total = (milliseconds / 1000).magnitude
    guard let unit = Self.units.first(where: { total >= UInt64($0.seconds) }) else { return "now" }
    return Self.count(Int64(total / UInt64(unit.seconds)), unit.name) + (milliseconds < 0 ? " from now" : " ago")
  }
}
