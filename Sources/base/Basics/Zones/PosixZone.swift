/// The rule at the end of a TZif file, in the notation of the `TZ` variable: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct PosixZone: Sendable, Hashable {
  private let standard: Int
  private let saving: (offset: Int, start: Change, end: Change)?
  private let standardName: String
  private let savingName: String

  /// A day of the year and the local time of day at which the clock is changed, in seconds.
  private struct Change: Sendable, Hashable {
    enum Day: Sendable, Hashable {
      /// 1...365, February 29 is never counted.
      case julian(Int)
      /// 0...365.
      case zeroBased(Int)
      /// The `week`th (5: last) `weekday` of a month.
      case weekday(month: Int, week: Int, weekday: Int)
    }
    var day: Day
    var time: Int

    /// Seconds from the beginning of the year, local.
    func second(ofYear year: Int64) -> Int64 {
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      let days: Int64
      switch day {
      case .julian(let number): days = Int64(number - 1 + (isLeap && number >= 60 ? 1 : 0))
      case .zeroBased(let number): days = Int64(number)
      case .weekday(let month, let week, let weekday):
        let start = CivilTime.days(year: year, month: 1, day: 1)
        let first = CivilTime.days(year: year, month: month, day: 1)
        let next = CivilTime.days(year: month == 12 ? year + 1 : year, month: month % 12 + 1, day: 1)
        let weekdayOfFirst = Int((first % 7 + 11) % 7)
        var date = first + Int64((weekday - weekdayOfFirst + 7) % 7) + Int64((week - 1) * 7)
        while date >= next { date -= 7 }
        days = date - start
      }
      return days * 86_400 + Int64(time)
    }
  }

  static func == (left: PosixZone, right: PosixZone) -> Bool {
    left.standard == right.standard && left.standardName == right.standardName && left.savingName == right.savingName
      && left.saving?.offset == right.saving?.offset && left.saving?.start == right.saving?.start
      && left.saving?.end == right.saving?.end
  }

  func hash(into hasher: inout Hasher) { hasher.combine(standard) }

  /// nil when the text is none.
  init?(_ text: String) {
    var rest = Array(text.utf8)[...]
    guard let name = Self.name(&rest), let offset = Self.time(&rest) else { return nil }
    standard = -offset
    standardName = name
    guard !rest.isEmpty else {
      saving = nil
      savingName = ""
      return
    }
    guard let name = Self.name(&rest) else { return nil }
    savingName = name
    var savingOffset = standard + 3600
    if let first = rest.first, first != UInt8(ascii: ",") {
      guard let offset = Self.time(&rest) else { return nil }
      savingOffset = -offset
    }
    guard let start = Self.change(&rest), let end = Self.change(&rest), rest.isEmpty else { return nil }
    saving = (savingOffset, start, end)
  }

  /// The offset at a moment, and from when until when it is in force.
  func lookup(_ second: Int64) -> (offset: Int, start: Int64, end: Int64) {
    guard let saving else { return (standard, .min, .max) }
    let year = CivilTime(Instant(milliseconds: (second + Int64(standard)) &* 1000)).year
    // The changes of three years in order, each with the offset that follows.
    var changes: [(time: Int64, offset: Int)] = []
    for year in (year - 1)...(year + 1) {
      let start = CivilTime.days(year: year, month: 1, day: 1) * 86_400
      changes.append((start + saving.start.second(ofYear: year) - Int64(standard), saving.offset))
      changes.append((start + saving.end.second(ofYear: year) - Int64(saving.offset), standard))
    }
    changes.sort { $0.time < $1.time }
    let place = changes.lastIndex { $0.time <= second } ?? 0
    return (changes[place].offset, changes[place].time, place + 1 < changes.count ? changes[place + 1].time : .max)
  }

  /// The name of the offset at a moment.
  func abbreviation(at second: Int64) -> String {
    guard let saving, saving.offset != standard else { return standardName }
    return lookup(second).offset == saving.offset ? savingName : standardName
  }

  // MARK: Reading

  private static func name(_ rest: inout ArraySlice<UInt8>) -> String? {
    if rest.first == UInt8(ascii: "<") {
      guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return nil }
      defer { rest = rest[(end + 1)...] }
      return String(decoding: rest[(rest.startIndex + 1)..<end], as: UTF8.self)
    }
    let name = rest.prefix { (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }
    rest = rest.dropFirst(name.count)
    return name.count >= 3 ? String(decoding: name, as: UTF8.self) : nil
  }

  private static func number(_ rest: inout ArraySlice<UInt8>) -> Int? {
    let digits = rest.prefix { (0x30...0x39).contains($0) }
    rest = rest.dropFirst(digits.count)
    return digits.count > 4 ? nil : Int(String(decoding: digits, as: UTF8.self))
  }

  private static func take(_ character: Character, _ rest: inout ArraySlice<UInt8>) -> Bool {
    guard rest.first == character.asciiValue else { return false }
    rest = rest.dropFirst()
    return true
  }

  /// `[+-]hh[:mm[:ss]]` in seconds.
  private static func time(_ rest: inout ArraySlice<UInt8>) -> Int? {
    let sign = take("-", &rest) ? -1 : 1
    if sign == 1 { _ = take("+", &rest) }
    guard let hours = number(&rest) else { return nil }
    var seconds = hours * 3600
    if take(":", &rest) {
      guard let minutes = number(&rest) else { return nil }
      seconds += minutes * 60
      if take(":", &rest) {
        guard let more = number(&rest) else { return nil }
        seconds += more
      }
    }
    return sign * seconds
  }

  private static func change(_ rest: inout ArraySlice<UInt8>) -> Change? {
    guard take(",", &rest) else { return nil }
    let day: Change.Day
    if take("M", &rest) {
      guard let month = number(&rest), take(".", &rest), let week = number(&rest), take(".", &rest), let weekday = number(&rest),
        (1...12).contains(month), (1...5).contains(week), (0...6).contains(weekday)
      else { return nil }
      day = .weekday(month: month, week: week, weekday: weekday)
    } else if take("J", &rest) {
      guard let number = number(&rest), (1...365).contains(number) else { return nil }
      day = .julian(number)
    } else {
      guard let number = number(&rest), (0...365).contains(number) else { return nil }
      day = .zeroBased(number)
    }
    guard take("/", &rest) else { return Change(day: day, time: 7200) }
    return time(&rest).map { Change(day: day, time: $0) }
  }
}
