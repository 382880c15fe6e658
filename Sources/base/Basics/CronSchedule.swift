/// Why a text is no cron schedule, in the words of robfig/cron, which Argo's users see.
package struct CronScheduleError: Error, Sendable, Hashable, CustomStringConvertible {
  package var description: String
  package init(_ description: String) { self.description = description }
}

/// A cron schedule as robfig/cron's standard parser reads it: five fields (minute, hour, day of month, month, day of week) with names, ranges,
/// lists and steps; `@hourly` and the like; `@every 1h30m`; before them `CRON_TZ=Zone` or `TZ=Zone`.
package struct CronSchedule: Sendable {
  private enum Form: Sendable {
    case fields(minutes: UInt64, hours: UInt64, days: UInt64, months: UInt64, weekdays: UInt64)
    /// Seconds, at least 1.
    case every(Int64)
  }

  /// Set where a field is `*` or `?`, whatever it stands for.
  private static let star: UInt64 = 1 << 63

  private let form: Form
  private let zone: TimeZoneRules

  /// Reads a schedule. `zone` finds a time zone by name; `local` is that of a schedule that names none.
  package init(
    parsing text: String, local: TimeZoneRules = .utc, zone find: (String) -> TimeZoneRules? = SystemTimeZones.named
  ) throws(CronScheduleError) {
    guard !text.isEmpty else { throw CronScheduleError("empty spec string") }
    var rest = text[...]
    var zone = local
    if text.hasPrefix("TZ=") || text.hasPrefix("CRON_TZ=") {
      let name = rest.drop { $0 != "=" }.dropFirst().prefix { $0 != " " }
      guard let found = find(String(name)) else {
        throw CronScheduleError("provided bad location \(name): unknown time zone \(name)")
      }
      zone = found
      rest = rest.drop { $0 != " " }.drop { $0.isWhitespace }
      while rest.last?.isWhitespace == true { rest.removeLast() }
    }
    self.zone = zone
    if rest.first == "@" {
      form = try Self.descriptor(String(rest))
      return
    }
    let fields = rest.split(whereSeparator: \.isWhitespace)
    guard fields.count == 5 else {
      throw CronScheduleError("expected exactly 5 fields, found \(fields.count): [\(fields.joined(separator: " "))]")
    }
    form = .fields(
      minutes: try Field.minute.bits(fields[0]), hours: try Field.hour.bits(fields[1]), days: try Field.day.bits(fields[2]),
      months: try Field.month.bits(fields[3]), weekdays: try Field.weekday.bits(fields[4]))
  }

  private static func descriptor(_ text: String) throws(CronScheduleError) -> Form {
    func all(_ field: Field) -> UInt64 { field.range(field.low, field.high, 1) | star }
    let first: UInt64 = 1
    switch text {
    case "@yearly", "@annually": return .fields(minutes: first, hours: first, days: 2, months: 2, weekdays: all(.weekday))
    case "@monthly": return .fields(minutes: first, hours: first, days: 2, months: all(.month), weekdays: all(.weekday))
    case "@weekly": return .fields(minutes: first, hours: first, days: all(.day), months: all(.month), weekdays: first)
    case "@daily", "@midnight":
      return .fields(minutes: first, hours: first, days: all(.day), months: all(.month), weekdays: all(.weekday))
    case "@hourly": return .fields(minutes: first, hours: all(.hour), days: all(.day), months: all(.month), weekdays: all(.weekday))
    default: break
    }
    guard text.hasPrefix("@every ") else { throw CronScheduleError("unrecognized descriptor: \(text)") }
    do throws(DurationError) {
      return .every(max(1, try GoDuration(parsing: String(text.dropFirst(7))).nanoseconds / 1_000_000_000))
    } catch {
      throw CronScheduleError("failed to parse duration \(text): \(error)")
    }
  }

  // MARK: The next time

  /// The first time after a moment, on the whole second; nil when there is none within five years. Times that daylight saving skips do not
  /// come, those it repeats may come twice, exactly as robfig/cron has it.
  package func next(after moment: Instant) -> Instant? {
    let second = moment.milliseconds.floorDivided(by: 1000)
    guard case .fields(let minutes, let hours, let days, let months, let weekdays) = form else {
      guard case .every(let delay) = form else { return nil }
      return Instant(milliseconds: (second + delay) * 1000)
    }
    guard ![minutes, hours, days | weekdays, months].contains(0) else { return nil }
    var time = Local(second + 1, zone)
    let lastYear = time.civil.year + 5
    var isMoved = false
    func move(to second: Int64) {
      isMoved = true
      time = Local(second, zone)
    }
    /// To a date at the time of day that is, or at its beginning when nothing smaller has been moved yet.
    func move(month: Int, day: Int) {
      let civil = time.civil
      move(
        to: zone.seconds(
          year: civil.year, month: month, day: day, hour: isMoved ? civil.hour : 0, minute: isMoved ? civil.minute : 0,
          second: isMoved ? civil.second : 0))
    }
    // Larger fields are looked at again only where a smaller one comes back to its beginning, as robfig/cron does it: where daylight saving
    // skips midnight, a time on the day after can be the answer.
    search: while time.civil.year <= lastYear {
      while months & (1 << UInt64(time.civil.month)) == 0 {
        move(month: time.civil.month + 1, day: isMoved ? time.civil.day : 1)
        if time.civil.month == 1 { continue search }
      }
      while !Self.matches(time.civil, days: days, weekdays: weekdays) {
        move(month: time.civil.month, day: time.civil.day + 1)
        // Midnight that daylight saving skips.
        let hour = time.civil.hour
        if hour != 0 { move(to: time.second + Int64(hour > 12 ? 24 - hour : -hour) * 3600) }
        if time.civil.day == 1 { continue search }
      }
      while hours & (1 << UInt64(time.civil.hour)) == 0 {
        if !isMoved {
          let civil = time.civil
          move(to: zone.seconds(year: civil.year, month: civil.month, day: civil.day, hour: civil.hour, minute: 0, second: 0))
        }
        move(to: time.second + 3600)
        if time.civil.hour == 0 { continue search }
      }
      while minutes & (1 << UInt64(time.civil.minute)) == 0 {
        if !isMoved { move(to: time.second.floorDivided(by: 60) * 60) }
        move(to: time.second + 60)
        if time.civil.minute == 0 { continue search }
      }
      while time.civil.second != 0 {
        move(to: time.second + 1)
        if time.civil.second == 0 { continue search }
      }
      return Instant(milliseconds: time.second * 1000)
    }
    return nil
  }

  /// Where one of the two day fields is a star both must match, else one of them.
  private static func matches(_ civil: CivilTime, days: UInt64, weekdays: UInt64) -> Bool {
    let day = days & (1 << UInt64(civil.day)) != 0
    let weekday = weekdays & (1 << UInt64(civil.weekday)) != 0
    return (days | weekdays) & star != 0 ? day && weekday : day || weekday
  }

  /// A moment with its local reading.
  private struct Local {
    let second: Int64
    let civil: CivilTime
    init(_ second: Int64, _ zone: TimeZoneRules) {
      self.second = second
      civil = CivilTime(Instant(milliseconds: (second + Int64(zone.lookup(second).offset)) * 1000))
    }
  }

  // MARK: Fields

  private struct Field {
    var low: UInt64
    var high: UInt64
    var names: [String] = []

    static let minute = Field(low: 0, high: 59)
    static let hour = Field(low: 0, high: 23)
    static let day = Field(low: 1, high: 31)
    static let month = Field(
      low: 1, high: 12, names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
    static let weekday = Field(low: 0, high: 6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"])

    func range(_ start: UInt64, _ end: UInt64, _ step: UInt64) -> UInt64 {
      stride(from: start, through: end, by: Int(clamping: step)).reduce(0) { $0 | 1 << $1 }
    }

    func bits(_ text: Substring) throws(CronScheduleError) -> UInt64 {
      var bits: UInt64 = 0
      for part in text.split(separator: ",") { bits |= try self.bits(ofPart: part) }
      return bits
    }

    private func bits(ofPart text: Substring) throws(CronScheduleError) -> UInt64 {
      let halves = text.split(separator: "/", omittingEmptySubsequences: false)
      let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false)
      var start = low
      var end = high
      var extra: UInt64 = 0
      if ends[0] == "*" || ends[0] == "?" {
        extra = CronSchedule.star
      } else {
        guard ends.count <= 2 else { throw CronScheduleError("too many hyphens: \(text)") }
        start = try number(ends[0], isNamed: true)
        end = ends.count == 2 ? try number(ends[1], isNamed: true) : start
      }
      var step: UInt64 = 1
      guard halves.count <= 2 else { throw CronScheduleError("too many slashes: \(text)") }
      if halves.count == 2 {
        step = try number(halves[1], isNamed: false)
        if ends.count == 1 { end = high }
        if step > 1 { extra = 0 }
      }
      if start < low { throw CronScheduleError("beginning of range (\(start)) below minimum (\(low)): \(text)") }
      if end > high { throw CronScheduleError("end of range (\(end)) above maximum (\(high)): \(text)") }
      if start > end { throw CronScheduleError("beginning of range (\(start)) beyond end of range (\(end)): \(text)") }
      if step == 0 { throw CronScheduleError("step of range should be a positive number: \(text)") }
      return range(start, end, step) | extra
    }

    private func number(_ text: Substring, isNamed: Bool) throws(CronScheduleError) -> UInt64 {
      if isNamed, let place = names.firstIndex(of: text.lowercased()) { return low + UInt64(place) }
      guard let value = Int64(text) else {
        let digits = text.utf8.first.map { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") } == true ? text.utf8.dropFirst() : text.utf8
        let isNumber = !digits.isEmpty && digits.allSatisfy { (0x30...0x39).contains($0) }
        throw CronScheduleError(
          "failed to parse int from \(text): strconv.Atoi: parsing \(GoQuote.quoted(String(text))): "
            + (isNumber ? "value out of range" : "invalid syntax"))
      }
      guard value >= 0 else { throw CronScheduleError("negative number (\(value)) not allowed: \(text)") }
      return UInt64(value)
    }
  }
}
