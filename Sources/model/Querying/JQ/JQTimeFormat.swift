import Basics

private let months = [
  "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
]
private let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

/// `strftime` and `strptime` with C's directives.
enum JQTimeFormat {
  private static let compounds: [Character: String] = [
    "D": "%m/%d/%y", "F": "%Y-%m-%d", "R": "%H:%M", "r": "%I:%M:%S %p", "T": "%H:%M:%S", "c": "%a %b %e %H:%M:%S %Y", "v": "%e-%b-%Y",
    "x": "%m/%d/%y", "X": "%H:%M:%S", "+": "%a %b %e %H:%M:%S %Z %Y",
  ]

  /// The time in UTC by a pattern; an unknown directive stays as it is. `-`, `_` and `0` after `%` set the padding, `^` upper case.
  static func text(_ time: JQTime.Moment, _ pattern: String) -> String {
    var result = ""
    var rest = Array(pattern.unicodeScalars)[...]
    while let scalar = rest.popFirst() {
      guard scalar == "%" else {
        result.unicodeScalars.append(scalar)
        continue
      }
      var source = "%"
      var padding: Character?
      var isUpper = false
      while let flag = rest.first, "-_0^:".unicodeScalars.contains(flag) {
        rest.removeFirst()
        source.unicodeScalars.append(flag)
        if flag == "^" { isUpper = true } else if flag != ":" { padding = Character(flag) }
      }
      guard let letter = rest.popFirst() else { return result + source }
      source.unicodeScalars.append(letter)
      let made = directive(Character(letter), time, padding, hasColon: source.hasPrefix("%:"))
      result += made.map { isUpper ? $0.uppercased() : $0 } ?? source
    }
    return result
  }

  private static func directive(_ letter: Character, _ time: JQTime.Moment, _ padding: Character?, hasColon: Bool) -> String? {
    let civil = time.civil
    let firstDay = CivilTime.days(year: civil.year, month: 1, day: 1)
    let yearDay = Int(CivilTime.days(year: civil.year, month: civil.month, day: civil.day) - firstDay)
    func number(_ value: Int, _ width: Int, _ usual: Character = "0") -> String {
      let digits = String(value.magnitude)
      let fill = padding ?? usual
      let missing = fill == "-" ? 0 : max(0, width - digits.utf8.count)
      return (value < 0 ? "-" : "") + String(repeating: fill == "_" ? " " : "0", count: missing) + digits
    }
    if let pattern = compounds[letter] { return text(time, pattern) }
    let (isoYear, isoWeek) = isoWeek(year: Int(civil.year), yearDay: yearDay, weekday: civil.weekday)
    switch letter {
    case "Y": return number(Int(civil.year), 4)
    case "C": return number(Int(civil.year.floorDivided(by: 100)), 2)
    case "y": return number(Int(civil.year - civil.year.floorDivided(by: 100) * 100), 2)
    case "m": return number(civil.month, 2)
    case "d": return number(civil.day, 2)
    case "e": return number(civil.day, 2, "_")
    case "H": return number(civil.hour, 2)
    case "k": return number(civil.hour, 2, "_")
    case "I": return number((civil.hour + 11) % 12 + 1, 2)
    case "l": return number((civil.hour + 11) % 12 + 1, 2, "_")
    case "M": return number(civil.minute, 2)
    case "S": return number(civil.second, 2)
    case "f": return Int(time.nanoseconds / 1000).padded(6)
    case "j": return number(yearDay + 1, 3)
    case "s": return String(time.seconds)
    case "u": return String(civil.weekday == 0 ? 7 : civil.weekday)
    case "w": return String(civil.weekday)
    case "U": return number((yearDay + 7 - civil.weekday) / 7, 2)
    case "W": return number((yearDay + 7 - (civil.weekday + 6) % 7) / 7, 2)
    case "V": return number(isoWeek, 2)
    case "G": return number(isoYear, 4)
    case "g": return number(isoYear % 100, 2)
    case "B": return months[civil.month - 1]
    case "b", "h": return String(months[civil.month - 1].prefix(3))
    case "A": return days[civil.weekday]
    case "a": return String(days[civil.weekday].prefix(3))
    case "p": return civil.hour < 12 ? "AM" : "PM"
    case "P": return civil.hour < 12 ? "am" : "pm"
    case "Z": return "UTC"
    case "z": return hasColon ? "+00:00" : "+0000"
    case "n": return "\n"
    case "t": return "\t"
    case "%": return "%"
    default: return nil
    }
  }

  /// ISO 8601's week and the year that it counts in.
  private static func isoWeek(year: Int, yearDay: Int, weekday: Int) -> (year: Int, week: Int) {
    func weeks(_ year: Int) -> Int {
      let first = Int((CivilTime.days(year: Int64(year), month: 1, day: 1) % 7 + 11) % 7)
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      return first == 4 || first == 3 && isLeap ? 53 : 52
    }
    let week = (yearDay - (weekday + 6) % 7 + 10) / 7
    if week < 1 { return (year - 1, weeks(year - 1)) }
    return week > weeks(year) ? (year + 1, 1) : (year, week)
  }

  /// The seconds since 1970 of a text that fits the pattern entirely; nil when it does not.
  static func parse(_ text: String, _ pattern: String) -> Double? {
    var reader = TimeTextReader(Array(text.utf8))
    guard reader.read(Array(pattern.utf8)), reader.isAtEnd else { return nil }
    return reader.seconds
  }

  fileprivate static func expansion(_ letter: UInt8) -> [UInt8]? {
    compounds[Character(Unicode.Scalar(letter))].map { Array($0.utf8) }
  }
}

/// Reads a time by a pattern of `strptime`.
private struct TimeTextReader {
  let text: [UInt8]
  var position = 0
  var year = 1900
  var month = 1
  var day = 1
  var hour = 0
  var minute = 0
  var second = 0
  var nanoseconds = 0
  var yearDay: Int?
  var isAfternoon: Bool?
  var offset = 0
  var epoch: Int?

  init(_ text: [UInt8]) { self.text = text }

  var isAtEnd: Bool { position == text.count }
  private var next: UInt8? { position < text.count ? text[position] : nil }

  var seconds: Double? {
    if let epoch { return Double(epoch) }
    var hour = hour
    if let isAfternoon { hour = hour % 12 + (isAfternoon ? 12 : 0) }
    var days = CivilTime.days(year: Int64(year), month: month, day: day)
    if let yearDay { days = CivilTime.days(year: Int64(year), month: 1, day: 1) + Int64(yearDay) - 1 }
    guard yearDay != nil || CivilTime(Instant(seconds: days * 86_400)).day == day else { return nil }
    let whole = days * 86_400 + Int64(hour * 3600 + minute * 60 + second - offset)
    return Double(whole) + Double(nanoseconds) / 1e9
  }

  mutating func read(_ pattern: [UInt8]) -> Bool {
    var index = 0
    while index < pattern.count {
      let byte = pattern[index]
      index += 1
      guard byte == UInt8(ascii: "%"), index < pattern.count else {
        guard next == byte else { return false }
        position += 1
        continue
      }
      var letter = pattern[index]
      index += 1
      if letter == UInt8(ascii: ":"), index < pattern.count {
        letter = pattern[index]
        index += 1
      }
      guard directive(letter) else { return false }
    }
    return true
  }

  private mutating func directive(_ letter: UInt8) -> Bool {
    if let pattern = JQTimeFormat.expansion(letter) { return read(pattern) }
    switch Character(Unicode.Scalar(letter)) {
    case "Y": return number(4, into: \.year)
    case "y":
      guard number(2, into: \.year) else { return false }
      year += year < 69 ? 2000 : 1900
      return true
    case "m": return number(2, into: \.month, in: 1...12)
    case "d": return number(2, into: \.day, in: 1...31)
    case "e": return spaced(into: \.day, in: 1...31)
    case "H": return number(2, into: \.hour, in: 0...23)
    case "k": return spaced(into: \.hour, in: 0...23)
    case "I": return number(2, into: \.hour, in: 1...12)
    case "l": return spaced(into: \.hour, in: 1...12)
    case "M": return number(2, into: \.minute, in: 0...59)
    case "S": return number(2, into: \.second, in: 0...60)
    case "j":
      var day = 0
      guard digits(3, into: &day), (1...366).contains(day) else { return false }
      yearDay = day
      return true
    case "f":
      var digit = 100_000_000
      let start = position
      while let byte = next, (0x30...0x39).contains(byte) {
        nanoseconds += Int(byte - 0x30) * digit
        digit /= 10
        position += 1
      }
      return position > start
    case "s":
      let isNegative = next == UInt8(ascii: "-")
      if isNegative { position += 1 }
      var value = 0
      guard digits(15, into: &value) else { return false }
      epoch = isNegative ? -value : value
      return true
    case "B", "b", "h": return name(months, isLong: nil) { $0.month = $1 + 1 }
    case "A", "a": return name(days, isLong: nil) { _, _ in }
    case "p", "P": return name(["AM", "PM"], isLong: true) { $0.isAfternoon = $1 == 1 }
    case "u", "w":
      var ignored = 0
      return digits(1, into: &ignored)
    case "U", "W", "V", "g":
      var ignored = 0
      return digits(2, into: &ignored)
    case "Z":
      let start = position
      while let byte = next, (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) { position += 1 }
      return position > start
    case "z": return zone()
    case "n", "t":
      guard let byte = next, [0x20, 0x09, 0x0A].contains(byte) else { return false }
      position += 1
      return true
    case "%":
      guard next == UInt8(ascii: "%") else { return false }
      position += 1
      return true
    default: return false
    }
  }

  /// At most so many digits, at least one.
  private mutating func digits(_ count: Int, into value: inout Int) -> Bool {
    let start = position
    value = 0
    while position - start < count, let byte = next, (0x30...0x39).contains(byte) {
      value = value * 10 + Int(byte - 0x30)
      position += 1
    }
    return position > start
  }

  private mutating func number(_ count: Int, into field: WritableKeyPath<TimeTextReader, Int>, in range: ClosedRange<Int>? = nil) -> Bool {
    var value = 0
    guard digits(count, into: &value), range?.contains(value) ?? true else { return false }
    self[keyPath: field] = value
    return true
  }

  private mutating func spaced(into field: WritableKeyPath<TimeTextReader, Int>, in range: ClosedRange<Int>) -> Bool {
    if next == 0x20 { position += 1 }
    return number(2, into: field, in: range)
  }

  /// A name in full or by its first three letters, in any case.
  private mutating func name(_ names: [String], isLong: Bool?, _ found: (inout TimeTextReader, Int) -> Void) -> Bool {
    for (index, name) in names.enumerated() {
      for candidate in isLong == true ? [name] : [name, String(name.prefix(3))]
      where text[position...].starts(with: candidate.utf8, by: { $0 | 0x20 == $1 | 0x20 }) {
        position += candidate.utf8.count
        found(&self, index)
        return true
      }
    }
    return false
  }

  private mutating func zone() -> Bool {
    if next == UInt8(ascii: "Z") {
      position += 1
      return true
    }
    guard let sign = next, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return false }
    position += 1
    var hours = 0
    var minutes = 0
    guard digits(2, into: &hours) else { return false }
    if next == UInt8(ascii: ":") { position += 1 }
    if next.map({ (0x30...0x39).contains($0) }) == true { guard digits(2, into: &minutes) else { return false } }
    offset = (hours * 3600 + minutes * 60) * (sign == UInt8(ascii: "-") ? -1 : 1)
    return true
  }
}
