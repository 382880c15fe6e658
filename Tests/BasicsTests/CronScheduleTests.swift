import Basics
import Testing

/// Schedules and time zones as robfig/cron and Go read them.
@Suite struct CronScheduleTests {
  /// The next times after a moment, written in UTC.
  private func next(_ schedule: String, after: String, _ count: Int = 1, local: TimeZoneRules = .utc) throws -> [String] {
    let schedule = try CronSchedule(parsing: schedule, local: local)
    var time = try #require(Instant(rfc3339: after))
    var result: [String] = []
    for _ in 0..<count {
      guard let found = schedule.next(after: time) else { return result + ["never"] }
      result.append(found.rfc3339)
      time = found
    }
    return result
  }

  @Test(
    "fields, lists, ranges, steps and names",
    arguments: [
      ("* * * * *", "2026-01-01T00:00:30Z", "2026-01-01T00:01:00Z"),
      ("* * * * *", "2026-01-01T00:00:59.5Z", "2026-01-01T00:01:00Z"),
      ("*/15 * * * *", "2026-01-01T00:46:00Z", "2026-01-01T01:00:00Z"),
      ("5/20 * * * *", "2026-01-01T00:26:00Z", "2026-01-01T00:45:00Z"),
      ("0 9-17/4 * * *", "2026-01-01T10:00:00Z", "2026-01-01T13:00:00Z"),
      ("30 4 1,15 * *", "2026-01-02T00:00:00Z", "2026-01-15T04:30:00Z"),
      ("0 0 * * MON-FRI", "2026-01-02T12:00:00Z", "2026-01-05T00:00:00Z"),
      ("0 0 ? FEB sun", "2026-01-02T12:00:00Z", "2026-02-01T00:00:00Z"),
      ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
      ("0 0 31 * *", "2026-04-01T00:00:00Z", "2026-05-31T00:00:00Z"),
      ("0 0 30 2 *", "2026-01-01T00:00:00Z", "never"),
      // Where both day fields are restricted one of them is enough.
      ("0 0 13 * FRI", "2026-01-10T00:00:00Z", "2026-01-13T00:00:00Z"),
      ("0 0 13 * FRI", "2026-01-13T00:00:00Z", "2026-01-16T00:00:00Z"),
      // A step over a star is no star.
      ("0 0 */2 * FRI", "2026-01-01T12:00:00Z", "2026-01-02T00:00:00Z"),
      ("59 23 31 12 *", "2026-12-31T23:59:00Z", "2027-12-31T23:59:00Z"),
    ])
  func fields(schedule: String, after: String, expected: String) throws {
    #expect(try next(schedule, after: after) == [expected])
  }

  @Test(
    "descriptors",
    arguments: [
      ("@hourly", "2026-03-04T05:06:07Z", "2026-03-04T06:00:00Z"), ("@daily", "2026-03-04T05:06:07Z", "2026-03-05T00:00:00Z"),
      ("@midnight", "2026-03-04T05:06:07Z", "2026-03-05T00:00:00Z"), ("@weekly", "2026-03-04T05:06:07Z", "2026-03-08T00:00:00Z"),
      ("@monthly", "2026-03-04T05:06:07Z", "2026-04-01T00:00:00Z"), ("@yearly", "2026-03-04T05:06:07Z", "2027-01-01T00:00:00Z"),
      ("@annually", "2026-03-04T05:06:07Z", "2027-01-01T00:00:00Z"), ("@every 90m", "2026-03-04T05:06:07.9Z", "2026-03-04T06:36:07Z"),
      ("@every 10ms", "2026-03-04T05:06:07Z", "2026-03-04T05:06:08Z"), ("@every 1.7s", "2026-03-04T05:06:07Z", "2026-03-04T05:06:08Z"),
    ])
  func descriptors(schedule: String, after: String, expected: String) throws {
    #expect(try next(schedule, after: after) == [expected])
  }

  @Test(
    "time zones, and the days on which clocks are changed",
    arguments: [
      ("CRON_TZ=Asia/Tokyo 30 4 * * *", "2026-01-01T00:00:00Z", ["2026-01-01T19:30:00Z", "2026-01-02T19:30:00Z"]),
      ("TZ=America/New_York 0 9 * * *", "2026-03-07T15:00:00Z", ["2026-03-08T13:00:00Z", "2026-03-09T13:00:00Z"]),
      // 02:30 is skipped on 8 March: the day has none.
      ("CRON_TZ=America/New_York 30 2 * * *", "2026-03-07T08:00:00Z", ["2026-03-09T06:30:00Z"]),
      // 01:30 comes twice on 1 November.
      (
        "CRON_TZ=America/New_York 30 1 * * *", "2026-10-31T12:00:00Z",
        ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", "2026-11-02T06:30:00Z"]
      ),
      (
        "CRON_TZ=America/New_York 0 * * * *", "2026-11-01T04:30:00Z",
        ["2026-11-01T05:00:00Z", "2026-11-01T06:00:00Z", "2026-11-01T07:00:00Z"]
      ),
      ("CRON_TZ=Europe/Berlin 0 3 * * *", "2026-03-28T12:00:00Z", ["2026-03-29T01:00:00Z"]),
      // Midnight is skipped in Havana on 8 March 2026.
      ("CRON_TZ=America/Havana 0 0 * * *", "2026-03-07T12:00:00Z", ["2026-03-09T04:00:00Z"]),
      ("CRON_TZ=Asia/Kolkata 0 0 * * *", "2026-01-01T00:00:00Z", ["2026-01-01T18:30:00Z"]),
      // Half an hour is skipped at two: 02:15 is not there that day.
      ("CRON_TZ=Australia/Lord_Howe 15 2 * * *", "2026-10-03T00:00:00Z", ["2026-10-04T15:15:00Z"]),
      // Far in the future the rule at the end of the zone's file counts.
      ("CRON_TZ=America/New_York 0 12 1 7 *", "2094-01-01T00:00:00Z", ["2094-07-01T16:00:00Z"]),
      ("CRON_TZ=UTC 0 12 * * *", "2026-01-01T00:00:00Z", ["2026-01-01T12:00:00Z"]),
    ] as [(String, String, [String])])
  func zones(schedule: String, after: String, expected: [String]) throws {
    try #require(SystemTimeZones.named("America/New_York") != nil, "this machine has no tz database (Debian: tzdata)")
    #expect(try next(schedule, after: after, expected.count) == expected)
  }

  @Test("a schedule without a zone is local")
  func local() throws {
    #expect(
      try next("0 0 * * *", after: "2026-01-01T00:00:00Z", local: TimeZoneRules(name: "X", offset: -5 * 3600)) == ["2026-01-01T05:00:00Z"])
  }

  @Test(
    "what is wrong is said as robfig/cron says it",
    arguments: [
      ("", "empty spec string"),
      ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
      ("60 * * * *", "end of range (60) above maximum (59): 60"),
      ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
      ("* * * * 7", "end of range (7) above maximum (6): 7"),
      ("10-5 * * * *", "beginning of range (10) beyond end of range (5): 10-5"),
      ("*/0 * * * *", "step of range should be a positive number: */0"),
      ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
      ("1/2/3 * * * *", "too many slashes: 1/2/3"),
      ("x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"),
      ("@never", "unrecognized descriptor: @never"),
      ("@every x", "failed to parse duration @every x: time: invalid duration \"x\""),
      ("CRON_TZ=Nowhere/Here * * * * *", "provided bad location Nowhere/Here: unknown time zone Nowhere/Here"),
      ("TZ=../../etc/passwd * * * * *", "provided bad location ../../etc/passwd: unknown time zone ../../etc/passwd"),
    ])
  func errors(schedule: String, message: String) {
    #expect(throws: CronScheduleError(message)) { try CronSchedule(parsing: schedule) }
  }
}
