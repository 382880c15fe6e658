import Basics

/// Times and durations in Argo's words (spec section 6.1).
package enum Humanize {
  private static let minute: Int64 = 60
  private static let hour: Int64 = 3600
  private static let day: Int64 = 86_400
  private static let week: Int64 = 7 * day
  private static let month: Int64 = 30 * day
  private static let year: Int64 = 12 * month

  /// Up to two units: `9 seconds`, `1 minute 5 seconds`, `2 hours 3 minutes`, `1 day 4 hours`. The sign is dropped.
  package static func duration(_ span: TimeSpan) -> String {
    let seconds = wholeSeconds(span)
    let first = oneUnit(seconds)
    if seconds < minute { return first }
    if seconds < hour { return "\(first) \(seconds % minute) seconds" }
    if seconds < day { return "\(first) \(seconds / minute % 60) minutes" }
    return "\(first) \(seconds / hour % 24) hours"
  }

  /// From `start` to `finish`, or to `now` while there is no finish.
  package static func duration(from start: Instant?, to finish: Instant?, now: Instant) -> String {
    guard let start else { return duration(.zero) }
    return duration((finish ?? now) - start)
  }

  /// One unit in short: `9s`, `1m`, `2h`, `3d`. The sign is dropped.
  package static func shortDuration(_ span: TimeSpan) -> String {
    let seconds = wholeSeconds(span)
    if seconds < minute { return "\(seconds)s" }
    if seconds < hour { return "\(seconds / minute)m" }
    if seconds < day { return "\(seconds / hour)h" }
    return "\(seconds / day)d"
  }

  /// From `start` to `finish` in short, or to `now` while there is no finish.
  package static func shortDuration(from start: Instant?, to finish: Instant?, now: Instant) -> String {
    guard let start else { return "0s" }
    return shortDuration((finish ?? now) - start)
  }

  /// How long ago, in one unit: `now`, `9 seconds ago`, `1 minute ago`, `2 weeks ago`, `3 days from now`.
  package static func ago(_ instant: Instant, now: Instant) -> String {
    let span = now - instant
    let seconds = wholeSeconds(span)
    if seconds == 0 { return "now" }
    return oneUnit(seconds) + (span.milliseconds < 0 ? " from now" : " ago")
  }

  /// `Sat Nov 21 02:44:13 +0000 (9 seconds ago)`; nil is Go's zero time.
  package static func timestamp(_ instant: Instant?, _ context: DisplayContext) -> String {
    guard let instant else { return "Mon Jan 01 00:00:00 +0000 (a long while ago)" }
    let offset = context.utcOffset(instant)
    let time = CivilTime(instant + TimeSpan(seconds: offset))
    let sign = offset < 0 ? "-" : "+"
    let zone = "\(sign)\((abs(offset) / hour).padded(2))\((abs(offset) / minute % 60).padded(2))"
    let clock = "\(time.hour.padded(2)):\(time.minute.padded(2)):\(time.second.padded(2))"
    return "\(weekdays[time.weekday]) \(months[time.month - 1]) \(time.day.padded(2)) \(clock) \(zone) "
      + "(\(ago(instant, now: context.now)))"
  }

  /// As Go prints a `time.Duration` of whole seconds: `9s`, `1m5s`, `2h0m3s`.
  package static func goDuration(seconds: Int64) -> String {
    let rest = seconds.magnitude
    let sign = seconds < 0 ? "-" : ""
    if rest < 60 { return "\(sign)\(rest)s" }
    if rest < 3600 { return "\(sign)\(rest / 60)m\(rest % 60)s" }
    return "\(sign)\(rest / 3600)h\(rest / 60 % 60)m\(rest % 60)s"
  }

  private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  private static func wholeSeconds(_ span: TimeSpan) -> Int64 {
    Int64(clamping: span.milliseconds.magnitude) / 1000
  }

  private static func oneUnit(_ seconds: Int64) -> String {
    switch seconds {
    case ..<1: "0 seconds"
    case 1: "1 second"
    case ..<minute: "\(seconds) seconds"
    case ..<(2 * minute): "1 minute"
    case ..<hour: "\(seconds / minute) minutes"
    case ..<(2 * hour): "1 hour"
    case ..<day: "\(seconds / hour) hours"
    case ..<(2 * day): "1 day"
    case ..<week: "\(seconds / day) days"
    case ..<(2 * week): "1 week"
    case ..<month: "\(seconds / week) weeks"
    case ..<(2 * month): "1 month"
    case ..<year: "\(seconds / month) months"
    case ..<(18 * month): "1 year"
    case ..<(2 * year): "2 years"
    case ..<(37 * year): "\(seconds / year) years"
    default: "a long while"
    }
  }
}
