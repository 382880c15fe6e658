/// A time zone's offsets from UTC through the years, as the system's tz database has them (RFC 9636).
package struct TimeZoneRules: Sendable, Hashable {
  package let name: String
  /// When an offset begins, in seconds since 1970, ascending, and the offset in seconds east of UTC.
  private let transitions: [Transition]
  /// Before the first transition.
  private let first: Kind
  /// After the last one.
  private let rule: PosixZone?

  private struct Transition: Sendable, Hashable {
    var time: Int64
    var kind: Kind
    var offset: Int { kind.offset }
  }

  /// An offset with its name: `CET`, `-03`.
  struct Kind: Sendable, Hashable {
    var offset: Int
    var abbreviation: String
  }

  package static let utc = TimeZoneRules(name: "UTC", offset: 0)

  /// A zone with one offset, in seconds east of UTC.
  package init(name: String, offset: Int) {
    self.name = name
    transitions = []
    first = Kind(offset: offset, abbreviation: name)
    rule = nil
  }

  /// Reads a TZif file; nil when the bytes are none.
  package init?(name: String, tzif bytes: [UInt8]) {
    var reader = TZifReader(bytes: bytes)
    guard var header = reader.header() else { return nil }
    if header.version >= 2 {
      guard reader.skip(header.size(width: 4)), let second = reader.header() else { return nil }
      header = second
    }
    let width = header.version >= 2 ? 8 : 4
    guard let block = reader.take(header.size(width: width)) else { return nil }
    var body = TZifReader(bytes: Array(block))
    let times = (0..<header.times).map { _ in body.integer(width) }
    let kinds = (0..<header.times).map { _ in Int(body.integer(1) & 0xFF) }
    var types: [(offset: Int, isDST: Bool, name: Int)] = []
    for _ in 0..<header.types { types.append((Int(body.integer(4)), body.integer(1) != 0, Int(body.integer(1) & 0xFF))) }
    let names = Array(body.take(header.characters) ?? [])
    let all = types.map { type in
      let letters = type.name < names.count ? names[type.name...].prefix { $0 != 0 } : []
      return (kind: Kind(offset: type.offset, abbreviation: String(decoding: letters, as: UTF8.self)), isDST: type.isDST)
    }
    guard !types.isEmpty, kinds.allSatisfy({ $0 < types.count }) else { return nil }
    self.name = name
    transitions = zip(times, kinds).map { Transition(time: $0, kind: all[$1].kind) }
    first = (all.first { !$0.isDST } ?? all[0]).kind
    rule = header.version >= 2 ? PosixZone(reader.footer()) : nil
  }

  /// The offset that is in force at a moment, and from when until when.
  func lookup(_ second: Int64) -> (offset: Int, start: Int64, end: Int64) {
    guard let last = transitions.last else {
      return rule?.lookup(second) ?? (first.offset, .min, .max)
    }
    if second < transitions[0].time { return (first.offset, .min, transitions[0].time) }
    if second >= last.time {
      guard let rule else { return (last.offset, last.time, .max) }
      let found = rule.lookup(second)
      return (found.offset, max(found.start, last.time), found.end)
    }
    var low = 0
    var high = transitions.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if transitions[middle].time <= second { low = middle } else { high = middle }
    }
    return (transitions[low].offset, transitions[low].time, transitions[high].time)
  }

  /// The offset from UTC at a moment, in seconds.
  package func offset(at instant: Instant) -> Int { lookup(instant.milliseconds.floorDivided(by: 1000)).offset }

  /// The name of the offset at a moment: `CET`, `CEST`.
  package func abbreviation(at instant: Instant) -> String {
    let second = instant.milliseconds.floorDivided(by: 1000)
    guard let place = transitions.lastIndex(where: { $0.time <= second }) else {
      return transitions.isEmpty ? rule?.abbreviation(at: second) ?? first.abbreviation : first.abbreviation
    }
    if place == transitions.count - 1, let rule { return rule.abbreviation(at: second) }
    return transitions[place].kind.abbreviation
  }

  /// The moment of a time of day on a date here, by the rule of Go's `time.Date`: fields may be out of range and are carried over; one
  /// that daylight saving skips or repeats gets one of its two possible meanings. Returns seconds since 1970.
  package func seconds(year: Int64, month: Int, day: Int, hour: Int, minute: Int, second: Int) -> Int64 {
    let months = Int64(month - 1)
    let years = months.floorDivided(by: 12)
    let days = CivilTime.days(year: year + years, month: Int(months - years * 12) + 1, day: 1) + Int64(day - 1)
    let local = days * 86_400 + Int64(hour * 3600 + minute * 60 + second)
    var found = lookup(local)
    let utc = local - Int64(found.offset)
    if utc < found.start || utc >= found.end { found = lookup(utc) }
    return local - Int64(found.offset)
  }
}

/// Big-endian numbers of a TZif file; what is beyond the end reads as 0.
private struct TZifReader {
  let bytes: [UInt8]
  var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  struct Header {
    var version: Int
    var utcs: Int
    var standards: Int
    var leaps: Int
    var times: Int
    var types: Int
    var characters: Int

    func size(width: Int) -> Int { times * width + times + types * 6 + characters + leaps * (width + 4) + standards + utcs }
  }

  mutating func header() -> Header? {
    guard position + 44 <= bytes.count, bytes[position..<position + 4].elementsEqual("TZif".utf8) else { return nil }
    let version = bytes[position + 4] == 0 ? 1 : Int(bytes[position + 4]) - 0x30
    position += 20
    let counts = (0..<6).map { _ in Int(integer(4)) }
    guard counts.allSatisfy({ (0...65_536).contains($0) }) else { return nil }
    return Header(
      version: version, utcs: counts[0], standards: counts[1], leaps: counts[2], times: counts[3], types: counts[4], characters: counts[5])
  }

  /// A signed number of so many bytes.
  mutating func integer(_ width: Int) -> Int64 {
    var value: UInt64 = 0
    for offset in 0..<width { value = value << 8 | (position + offset < bytes.count ? UInt64(bytes[position + offset]) : 0) }
    position += width
    let shift = UInt64(64 - width * 8)
    return Int64(bitPattern: value << shift) >> Int64(shift)
  }

  mutating func skip(_ count: Int) -> Bool {
    position += count
    return position <= bytes.count
  }

  mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard position + count <= bytes.count else { return nil }
    defer { position += count }
    return bytes[position..<position + count]
  }

  /// What stands between the newlines at the end.
  func footer() -> String {
    guard position < bytes.count, bytes[position] == 0x0A else { return "" }
    return String(decoding: bytes[(position + 1)...].prefix { $0 != 0x0A }, as: UTF8.self)
  }
}
