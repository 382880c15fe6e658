import Basics

/// sprig's functions of time. The machine's own zone counts as UTC; a zone that nobody knows is UTC, as in sprig.
enum SprigDates {
  static func call(_ call: Sprig.Call) throws(ExpressionError) -> ExprValue? {
    switch call.name {
    case "now": return .time(try call.now())
    case "date": return .string(GoTime.format(try time(call, 1), try call.string(0)))
    case "dateInZone", "date_in_zone":
      return .string(GoTime.format(try time(call, 1), try call.string(0), in: zone(try call.string(2))))
    case "htmlDate": return .string(GoTime.format(try time(call, 0), "2006-01-02"))
    case "htmlDateInZone":
      return .string(GoTime.format(try time(call, 0), "2006-01-02", in: zone(try call.string(1))))
    case "unixEpoch": return .string(String(try time(call, 0).seconds))
    case "ago":
      let span = (try call.now() - time(call, 0)).milliseconds
      return .string(duration(seconds: span / 1000))
    case "toDate":
      let (layout, text) = (try call.string(0), try call.string(1))
      guard let time = GoTime.parse(text, layout) else {
        throw call.failure("parsing time \(GoQuote.quoted(text)) as \(GoQuote.quoted(layout)): cannot parse")
      }
      return .time(time)
    case "dateModify", "date_modify", "modify":
      let (text, time) = (try call.string(0), try time(call, 1))
      guard let span = nanoseconds(text) else { return .time(time) }
      return .time(time + TimeSpan(milliseconds: span / 1_000_000))
    case "duration":
      return .string(duration(seconds: Sprig.Call.int64(try call.value(0))))
    case "durationRound": return .string(rounded(try call.value(0), call))
    default: return nil
    }
  }

  private static func duration(seconds: Int64) -> String {
    GoDuration(nanoseconds: seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue).description
  }

  /// Nil when the text is no duration.
  private static func nanoseconds(_ text: String) -> Int64? { (try? GoDuration(parsing: text))?.nanoseconds }

  private static func zone(_ name: String) -> TimeZoneRules { name == "Local" ? .utc : SystemTimeZones.named(name) ?? .utc }

  /// A time, or Unix seconds; anything else is now.
  private static func time(_ call: Sprig.Call, _ index: Int) throws(ExpressionError) -> Instant {
    switch try call.value(index) {
    case .time(let instant, _): instant
    case .int(let seconds): Instant(milliseconds: seconds.multipliedReportingOverflow(by: 1000).partialValue)
    default: try call.now()
    }
  }

  private static func rounded(_ value: ExprValue, _ call: Sprig.Call) -> String {
    var nanoseconds: Int64 = 0
    switch value {
    case .string(let text): nanoseconds = Self.nanoseconds(text) ?? 0
    case .int(let number), .duration(let number): nanoseconds = number
    case .time(let instant, _): if let now = call.scope.now { nanoseconds = (now - instant).milliseconds &* 1_000_000 }
    default: break
    }
    let seconds = nanoseconds.magnitude / 1_000_000_000
    let units: [(UInt64, String)] = [(31_536_000, "y"), (2_592_000, "mo"), (86_400, "d"), (3600, "h"), (60, "m"), (1, "s")]
    for (size, name) in units where seconds > size { return "\(seconds / size)\(name)" }
    return seconds == 1 ? "1s" : "0s"
  }
}
