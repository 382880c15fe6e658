import Basics

/// sprig's functions of time, in UTC; a zone other than UTC is refused.
enum SprigDates {
  static func call(_ call: Sprig.Call) throws(ExpressionError) -> ExprValue? {
    switch call.name {
    case "now": return .time(try call.now())
    case "date": return .string(GoTime.format(try time(call, 1), try call.string(0)))
    case "dateInZone", "date_in_zone":
      try utc(call, try call.string(2))
      return .string(GoTime.format(try time(call, 1), try call.string(0)))
    case "htmlDate": return .string(GoTime.format(try time(call, 0), "2006-01-02"))
    case "htmlDateInZone":
      try utc(call, try call.string(1))
      return .string(GoTime.format(try time(call, 0), "2006-01-02"))
    case "unixEpoch": return .string(String(try time(call, 0).seconds))
    case "ago":
      let span = (try call.now() - time(call, 0)).milliseconds
      return .string(GoDuration.text((span / 1000).multipliedReportingOverflow(by: 1_000_000_000).partialValue))
    case "toDate":
      let (layout, text) = (try call.string(0), try call.string(1))
      guard let time = GoTime.parse(text, layout) else {
        throw call.failure("parsing time \(GoQuoting.quote(text)) as \(GoQuoting.quote(layout)): cannot parse")
      }
      return .time(time)
    case "dateModify", "date_modify", "modify":
      let (text, time) = (try call.string(0), try time(call, 1))
      guard let span = GoDuration.parse(text) else { return .time(time) }
      return .time(time + TimeSpan(milliseconds: span / 1_000_000))
    case "duration":
      let seconds = Sprig.Call.int64(try call.value(0))
      return .string(GoDuration.text(seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue))
    case "durationRound": return .string(rounded(try call.value(0), call))
    default: return nil
    }
  }

  private static func utc(_ call: Sprig.Call, _ zone: String) throws(ExpressionError) {
    guard ["UTC", "", "GMT", "Etc/UTC", "Local"].contains(zone) else { throw call.failure("time zone \(zone) is not supported") }
  }

  /// A time, or Unix seconds; anything else is now.
  private static func time(_ call: Sprig.Call, _ index: Int) throws(ExpressionError) -> Instant {
    switch try call.value(index) {
    case .time(let instant): instant
    case .int(let seconds): Instant(milliseconds: seconds.multipliedReportingOverflow(by: 1000).partialValue)
    default: try call.now()
    }
  }

  private static func rounded(_ value: ExprValue, _ call: Sprig.Call) -> String {
    var nanoseconds: Int64 = 0
    switch value {
    case .string(let text): nanoseconds = GoDuration.parse(text) ?? 0
    case .int(let number), .duration(let number): nanoseconds = number
    case .time(let instant): if let now = call.scope.now { nanoseconds = (now - instant).milliseconds &* 1_000_000 }
    default: break
    }
    let seconds = nanoseconds.magnitude / 1_000_000_000
    let units: [(UInt64, String)] = [(31_536_000, "y"), (2_592_000, "mo"), (86_400, "d"), (3600, "h"), (60, "m"), (1, "s")]
    for (size, name) in units where seconds > size { return "\(seconds / size)\(name)" }
    return seconds == 1 ? "1s" : "0s"
  }
}
