import Basics

/// Go's layouts ("2006-01-02 15:04:05").
package enum GoTime {
  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
  ]
  private static let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

  fileprivate enum Piece {
    case longMonth, month, numericMonth, zeroMonth, longDay, shortDay, day, spaceDay, zeroDay, yearDay, hour24, hour12, zeroHour12, minute
    case zeroMinute, second, zeroSecond, longYear, year, upperHalf, lowerHalf, zone, zoneColon, zoneHour, zoneZ, zoneZColon, zoneName
    case fraction(digits: Int, trims: Bool, mark: UInt8)
  }

  private static let words: [(String, Piece)] = [
    ("January", .longMonth), ("Jan", .month), ("Monday", .longDay), ("Mon", .shortDay), ("MST", .zoneName), ("2006", .longYear),
    ("002", .yearDay), ("01", .zeroMonth), ("02", .zeroDay), ("03", .zeroHour12), ("04", .zeroMinute), ("05", .zeroSecond),
    ("06", .year), ("15", .hour24), ("PM", .upperHalf), ("pm", .lowerHalf), ("-07:00", .zoneColon), ("-0700", .zone), ("-07", .zoneHour),
    ("Z07:00", .zoneZColon), ("Z0700", .zoneZ), ("_2", .spaceDay), ("1", .numericMonth), ("2", .day), ("3", .hour12), ("4", .minute),
    ("5", .second),
  ]

  /// The layout element at the start of the bytes, and its length.
  private static func piece(_ layout: ArraySlice<UInt8>) -> (Piece, Int)? {
    for (word, piece) in words where layout.starts(with: word.utf8) {
      if case .spaceDay = piece, layout.starts(with: "_2006".utf8) { continue }
      return (piece, word.utf8.count)
    }
    if let mark = layout.first, mark == UInt8(ascii: ".") || mark == UInt8(ascii: ","), let digit = layout.dropFirst().first,
      digit == 0x30 || digit == 0x39
    {
      let run = layout.dropFirst().prefix { $0 == digit }
      let after = layout.dropFirst(1 + run.count).first
      if after == nil || !(0x30...0x39).contains(after ?? 0) {
        return (.fraction(digits: run.count, trims: digit == 0x39, mark: mark), run.count + 1)
      }
    }
    return nil
  }

  /// The time in a zone by a layout.
  package static func format(_ instant: Instant, _ layout: String, in zone: TimeZoneRules = .utc) -> String {
    let place = (offset: zone.offset(at: instant), name: zone.abbreviation(at: instant))
    let time = CivilTime(instant + TimeSpan(seconds: Int64(place.offset)))
    var output = ""
    var rest = Array(layout.utf8)[...]
    var literal: [UInt8] = []
    while let byte = rest.first {
      guard let (piece, length) = piece(rest) else {
        literal.append(byte)
        rest = rest.dropFirst()
        continue
      }
      output += String(decoding: literal, as: UTF8.self)
      literal = []
      rest = rest.dropFirst(length)
      output += text(piece, time, place.offset, place.name)
    }
    return output + String(decoding: literal, as: UTF8.self)
  }

  private static func text(_ piece: Piece, _ time: CivilTime, _ zone: Int, _ zoneName: String) -> String {
    let hour12 = time.hour % 12 == 0 ? 12 : time.hour % 12
    switch piece {
    case .longMonth: return months[time.month - 1]
    case .month: return String(months[time.month - 1].prefix(3))
    case .numericMonth: return String(time.month)
    case .zeroMonth: return time.month.padded(2)
    case .longDay: return days[time.weekday]
    case .shortDay: return String(days[time.weekday].prefix(3))
    case .day: return String(time.day)
    case .spaceDay: return (time.day < 10 ? " " : "") + String(time.day)
    case .zeroDay: return time.day.padded(2)
    case .yearDay: return yearDay(time).padded(3)
    case .hour24: return time.hour.padded(2)
    case .hour12: return String(hour12)
    case .zeroHour12: return hour12.padded(2)
    case .minute: return String(time.minute)
    case .zeroMinute: return time.minute.padded(2)
    case .second: return String(time.second)
    case .zeroSecond: return time.second.padded(2)
    case .longYear: return time.year.padded(4)
    case .year: return (time.year % 100).padded(2)
    case .upperHalf: return time.hour < 12 ? "AM" : "PM"
    case .lowerHalf: return time.hour < 12 ? "am" : "pm"
    case .zone: return offset(zone, "", hasMinutes: true)
    case .zoneColon: return offset(zone, ":", hasMinutes: true)
    case .zoneHour: return offset(zone, "", hasMinutes: false)
    case .zoneZ: return zone == 0 ? "Z" : offset(zone, "", hasMinutes: true)
    case .zoneZColon: return zone == 0 ? "Z" : offset(zone, ":", hasMinutes: true)
    case .zoneName: return zoneName
    case .fraction(let digits, let trims, let mark):
      var text = time.millisecond.padded(3) + "000000"
      text = digits <= 9 ? String(text.prefix(digits)) : text + String(repeating: "0", count: min(digits, 30) - 9)
      if trims { while text.hasSuffix("0") { text.removeLast() } }
      return text.isEmpty ? "" : String(UnicodeScalar(mark)) + text
    }
  }

  private static func offset(_ zone: Int, _ separator: String, hasMinutes: Bool) -> String {
    let minutes = zone.magnitude / 60
    let hours = (zone < 0 ? "-" : "+") + (minutes / 60).padded(2)
    return hasMinutes ? hours + separator + (minutes % 60).padded(2) : hours
  }

  /// The day of the year, from 1.
  static func yearDay(_ time: CivilTime) -> Int {
    let start = CivilTime.days(year: time.year, month: 1, day: 1)
    return Int(CivilTime.days(year: time.year, month: time.month, day: time.day) - start) + 1
  }

  static let rfc3339 = "2006-01-02T15:04:05Z07:00"

  /// Reads a time by a layout, in UTC where the text has no offset; nil when the text does not match it.
  static func parse(_ text: String, _ layout: String) -> Instant? { parse(text, layout, in: .utc)?.instant }

  /// Reads a time by a layout: in the zone of its offset, which is `zone` where it agrees with that, or, without one, in `zone`. Nil when the
  /// text does not match.
  package static func parse(_ text: String, _ layout: String, in zone: TimeZoneRules) -> (instant: Instant, zone: TimeZoneRules)? {
    var reader = TimeReader(text: Array(text.utf8))
    var rest = Array(layout.utf8)[...]
    while let byte = rest.first {
      if let (piece, length) = piece(rest) {
        rest = rest.dropFirst(length)
        guard read(piece, &reader) else { return nil }
        if case .zeroSecond = piece, reader.peek == UInt8(ascii: "."), GoTime.piece(rest) == nil { reader.fraction() }
        continue
      }
      guard reader.take() == byte else { return nil }
      rest = rest.dropFirst()
    }
    return reader.isAtEnd ? reader.time(in: zone) : nil
  }

  private static func read(_ piece: Piece, _ reader: inout TimeReader) -> Bool {
    switch piece {
    case .longMonth: return reader.name(months, into: \.month, from: 1)
    case .month: return reader.name(months.map { String($0.prefix(3)) }, into: \.month, from: 1)
    case .longDay: return reader.name(days, into: \.ignored, from: 0)
    case .shortDay: return reader.name(days.map { String($0.prefix(3)) }, into: \.ignored, from: 0)
    case .numericMonth: return reader.number(1...2, into: \.month)
    case .zeroMonth: return reader.number(2...2, into: \.month)
    case .day: return reader.number(1...2, into: \.day)
    case .spaceDay:
      if reader.peek == 0x20 { _ = reader.take() }
      return reader.number(1...2, into: \.day)
    case .zeroDay: return reader.number(2...2, into: \.day)
    case .yearDay: return reader.number(3...3, into: \.ignored)
    case .hour24: return reader.number(2...2, into: \.hour)
    case .hour12, .minute, .second:
      return reader.number(1...2, into: piece.field)
    case .zeroHour12, .zeroMinute, .zeroSecond: return reader.number(2...2, into: piece.field)
    case .longYear: return reader.number(4...4, into: \.year)
    case .year:
      guard reader.number(2...2, into: \.year) else { return false }
      reader.year += reader.year >= 69 ? 1900 : 2000
      return true
    case .upperHalf, .lowerHalf: return reader.half()
    case .zone, .zoneColon, .zoneHour: return reader.zone(allowsZ: false)
    case .zoneZ, .zoneZColon: return reader.zone(allowsZ: true)
    case .zoneName: return reader.zoneName()
    case .fraction:
      if reader.peek == UInt8(ascii: ".") || reader.peek == UInt8(ascii: ",") { reader.fraction() }
      return true
    }
  }
}

extension GoTime.Piece {
  fileprivate var field: WritableKeyPath<TimeReader, Int> {
    switch self {
    case .hour12, .zeroHour12: \.hour
    case .minute, .zeroMinute: \.minute
    default: \.second
    }
  }
}

private struct TimeReader {
  var text: [UInt8]
  var position = 0
  var year = 0
  var month = 1
  var day = 1
  var hour = 0
  var minute = 0
  var second = 0
  var milliseconds = 0
  /// East of UTC, where the text says so.
  var offset: Int?
  var isAfternoon: Bool?
  var ignored = 0

  init(text: [UInt8]) { self.text = text }

  var peek: UInt8? { position < text.count ? text[position] : nil }
  var isAtEnd: Bool { position == text.count }
  mutating func take() -> UInt8? {
    defer { position += position < text.count ? 1 : 0 }
    return peek
  }

  mutating func number(_ digits: ClosedRange<Int>, into field: WritableKeyPath<TimeReader, Int>) -> Bool {
    var value = 0
    var count = 0
    while count < digits.upperBound, let byte = peek, (0x30...0x39).contains(byte) {
      value = value * 10 + Int(byte - 0x30)
      position += 1
      count += 1
    }
    self[keyPath: field] = value
    return count >= digits.lowerBound
  }

  mutating func name(_ names: [String], into field: WritableKeyPath<TimeReader, Int>, from first: Int) -> Bool {
    for (index, name) in names.enumerated() where text[position...].starts(with: name.utf8, by: { $0 | 0x20 == $1 | 0x20 }) {
      position += name.utf8.count
      self[keyPath: field] = index + first
      return true
    }
    return false
  }

  mutating func half() -> Bool {
    guard let letter = take(), let second = take(), second | 0x20 == UInt8(ascii: "m") else { return false }
    switch letter | 0x20 {
    case UInt8(ascii: "a"): isAfternoon = false
    case UInt8(ascii: "p"): isAfternoon = true
    default: return false
    }
    return true
  }

  mutating func fraction() {
    position += 1
    var scale = 100
    while let byte = peek, (0x30...0x39).contains(byte) {
      milliseconds += Int(byte - 0x30) * scale
      scale /= 10
      position += 1
    }
  }

  mutating func zone(allowsZ: Bool) -> Bool {
    if allowsZ, peek == UInt8(ascii: "Z") {
      position += 1
      offset = 0
      return true
    }
    guard let sign = take(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return false }
    var hours = 0
    var minutes = 0
    guard number(2...2, into: \.ignored) else { return false }
    hours = ignored
    if peek == UInt8(ascii: ":") { position += 1 }
    if let byte = peek, (0x30...0x39).contains(byte) {
      guard number(2...2, into: \.ignored) else { return false }
      minutes = ignored
    }
    offset = (hours * 3600 + minutes * 60) * (sign == UInt8(ascii: "-") ? -1 : 1)
    return true
  }

  mutating func zoneName() -> Bool {
    let start = position
    while let byte = peek, (0x41...0x5A).contains(byte) { position += 1 }
    return position - start >= 3
  }

  func time(in zone: TimeZoneRules) -> (instant: Instant, zone: TimeZoneRules)? {
    var hour = hour
    if let isAfternoon {
      guard hour <= 12 else { return nil }
      hour = hour % 12 + (isAfternoon ? 12 : 0)
    }
    guard (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60 else { return nil }
    let days = CivilTime.days(year: Int64(year), month: month, day: day)
    let civil = CivilTime(Instant(seconds: days * 86_400))
    guard civil.day == day else { return nil }
    guard let offset else {
      let local = zone.seconds(year: Int64(year), month: month, day: day, hour: hour, minute: minute, second: second)
      return (Instant(milliseconds: local * 1000 + Int64(milliseconds)), zone)
    }
    let inDay = Int64(hour * 3600 + minute * 60 + second - offset)
    let instant = Instant(milliseconds: (days * 86_400 + inDay) * 1000 + Int64(milliseconds))
    if zone.offset(at: instant) == offset { return (instant, zone) }
    if offset == 0 { return (instant, .utc) }
    let minutes = offset.magnitude / 60
    let name = (offset < 0 ? "-" : "+") + Int(minutes / 60).padded(2) + Int(minutes % 60).padded(2)
    return (instant, TimeZoneRules(name: name, offset: offset))
  }
}
