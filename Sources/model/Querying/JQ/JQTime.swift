import Basics

/// The time of day that `now` yields.
struct JQClock: Sendable {
  var now: Instant
}

/// jq's functions on times. Local time is UTC: a filter's result does not depend on the machine.
enum JQTime {
  /// The result, or nil when the name is none of these.
  static func call(_ name: String, _ value: JQValue, _ arguments: [JQValue], _ clock: JQClock) throws(JQFailure) -> JQValue? {
    switch name {
    case "now": return .double(Double(clock.now.milliseconds) / 1000)
    case "gmtime", "localtime":
      guard let seconds = value.double else { throw .cannotApply(name, value) }
      return try brokenDown(seconds)
    case "mktime":
      guard let parts = value.array else { throw .cannotApply(name, value) }
      guard let time = Moment(parts) else { throw .failed(name, value, "expected an array of 8 numbers") }
      return .double(time.epoch)
    case "strftime", "strflocaltime":
      let broken = try value.double.map { seconds throws(JQFailure) in try brokenDown(seconds) } ?? value
      guard let parts = broken.array, let format = arguments[0].string else { throw .cannotApply(name, broken, arguments[0]) }
      guard let time = Moment(parts) else { throw .failed(name, broken, arguments[0], "expected an array of 8 numbers") }
      return .string(JQTimeFormat.text(time, format))
    case "strptime":
      guard let text = value.string, let format = arguments[0].string else { throw .cannotApply(name, value, arguments[0]) }
      guard let seconds = JQTimeFormat.parse(text, format) else {
        throw .failed(name, value, arguments[0], "failed to parse \(value.text) with \(arguments[0].text)")
      }
      return try brokenDown(seconds)
    default: return nil
    }
  }

  /// Year, month from 0, day, hour, minute, second with its fraction, weekday from Sunday, day of the year from 0.
  private static func brokenDown(_ seconds: Double) throws(JQFailure) -> JQValue {
    let whole = seconds.isNaN ? 0 : Int64(min(max(seconds, -9e15), 9e15))
    let time = CivilTime(Instant(seconds: whole))
    let fraction = seconds.isFinite ? seconds - seconds.rounded(.down) : 0
    let yearDay = CivilTime.days(year: time.year, month: time.month, day: time.day) - CivilTime.days(year: time.year, month: 1, day: 1)
    return try .makeArray([
      .int(time.year), .int(Int64(time.month - 1)), .int(Int64(time.day)), .int(Int64(time.hour)), .int(Int64(time.minute)),
      .double(Double(time.second) + fraction), .int(Int64(time.weekday)), .int(yearDay),
    ])
  }

  /// A moment in UTC.
  struct Moment {
    var seconds: Int64
    var nanoseconds: Int64
    var epoch: Double { Double(seconds) + Double(nanoseconds) / 1e9 }
    var civil: CivilTime { CivilTime(Instant(seconds: seconds)) }

    init(seconds: Int64, nanoseconds: Int64) {
      self.seconds = min(max(seconds, -9_000_000_000_000_000), 9_000_000_000_000_000)
      self.nanoseconds = nanoseconds
    }

    /// From broken-down time; parts out of their ranges carry over, missing ones are zero. Nil when a part is no number.
    init?(_ parts: [JQValue]) {
      var numbers: [Int64] = []
      var nanoseconds: Int64 = 0
      for (index, part) in parts.prefix(8).enumerated() {
        guard let number = part.integer else { return nil }
        numbers.append(Int64(min(max(number, -100_000_000), 100_000_000)))
        if index == 5, let exact = part.double, exact.isFinite { nanoseconds = Int64((exact - exact.rounded(.down)) * 1e9) }
      }
      while numbers.count < 6 { numbers.append(0) }
      let year = numbers[0] + numbers[1].floorDivided(by: 12)
      let month = Int(numbers[1] - numbers[1].floorDivided(by: 12) * 12) + 1
      let days = CivilTime.days(year: year, month: month, day: 1) + numbers[2] - 1
      self.init(seconds: days * 86_400 + numbers[3] * 3600 + numbers[4] * 60 + numbers[5], nanoseconds: nanoseconds)
    }
  }
}
