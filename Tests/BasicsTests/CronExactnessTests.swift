import Basics
import Testing

private func at(_ text: String) throws -> Instant { try #require(Instant(rfc3339: text)) }

/// More of robfig/cron's corners: sparse dates, both day fields, and clocks that go forward or back.
@Suite struct CronExactnessTests {
  @Test(
    "the next time of a schedule in UTC",
    arguments: [
      ("* * * * *", "2026-11-21T02:44:13Z", "2026-11-21T02:45:00Z"),
      ("* * * * *", "2026-11-21T02:44:00Z", "2026-11-21T02:45:00Z"),
      ("*/15 * * * *", "2026-11-21T02:44:13Z", "2026-11-21T02:45:00Z"),
      ("*/15 * * * *", "2026-12-31T23:45:00Z", "2027-01-01T00:00:00Z"),
      ("5/20 * * * *", "2026-11-21T02:26:00Z", "2026-11-21T02:45:00Z"),
      ("10-12,40 * * * *", "2026-11-21T02:12:30Z", "2026-11-21T02:40:00Z"),
      ("0 9-17/4 * * ?", "2026-11-21T13:00:00Z", "2026-11-21T17:00:00Z"),
      ("30 8 * jan,JUL *", "2026-02-03T00:00:00Z", "2026-07-01T08:30:00Z"),
      ("0 12 1 * *", "2026-11-21T02:44:13Z", "2026-12-01T12:00:00Z"),
      ("0 12 * * MON-wed", "2026-11-21T02:44:13Z", "2026-11-23T12:00:00Z"),
      // Day of month and day of week: either, unless one of them is a star.
      ("0 12 1 * MON", "2026-11-21T02:44:13Z", "2026-11-23T12:00:00Z"),
      ("0 12 1 * MON", "2026-11-30T13:00:00Z", "2026-12-01T12:00:00Z"),
      ("0 0 */10 * 5", "2026-11-21T02:44:13Z", "2026-11-27T00:00:00Z"),
      ("0 0 ? * 5", "2026-11-21T02:44:13Z", "2026-11-27T00:00:00Z"),
      ("0 0 29 2 *", "2021-01-01T00:00:00Z", "2024-02-29T00:00:00Z"),
      ("0 0 31 * *", "2026-11-21T00:00:00Z", "2026-12-31T00:00:00Z"),
      ("@yearly", "2026-11-21T02:44:13Z", "2027-01-01T00:00:00Z"),
      ("@annually", "2026-11-21T02:44:13Z", "2027-01-01T00:00:00Z"),
      ("@monthly", "2026-11-21T02:44:13Z", "2026-12-01T00:00:00Z"),
      ("@weekly", "2026-11-21T02:44:13Z", "2026-11-22T00:00:00Z"),
      ("@daily", "2026-11-21T02:44:13Z", "2026-11-22T00:00:00Z"),
      ("@midnight", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"),
      ("@hourly", "2026-11-21T02:44:13Z", "2026-11-21T03:00:00Z"),
      ("@every 1h30m", "2026-11-21T02:44:13.5Z", "2026-11-21T04:14:13Z"),
      ("@every 1.9s", "2026-11-21T02:44:13Z", "2026-11-21T02:44:14Z"),
      ("@every 10ms", "2026-11-21T02:44:13Z", "2026-11-21T02:44:14Z"),
      ("TZ=UTC 0 0 * * *", "2026-11-21T02:44:13Z", "2026-11-22T00:00:00Z"),
    ])
  func utc(schedule: String, after: String, expected: String) throws {
    #expect(try CronSchedule(parsing: schedule).next(after: at(after))?.rfc3339 == expected)
  }

  @Test(
    "a date that never comes within five years",
    arguments: [("0 0 31 2 *", "2026-01-01T00:00:00Z"), ("0 0 29 2 *", "2097-01-01T00:00:00Z"), (", * * * *", "2026-01-01T00:00:00Z")])
  func never(schedule: String, after: String) throws {
    #expect(try CronSchedule(parsing: schedule).next(after: at(after)) == nil)
  }

  private static let hasZones = SystemTimeZones.named("Europe/Paris") != nil

  @Test(
    "clocks that go forward and back", .enabled(if: hasZones, "no time zone database on this machine"),
    arguments: [
      // Spring: 02:00 to 03:00 does not exist.
      ("CRON_TZ=Europe/Paris 30 2 * * *", "2026-03-28T12:00:00Z", ["2026-03-30T00:30:00Z"]),
      ("CRON_TZ=Europe/Paris 0 * * * *", "2026-03-29T00:00:00Z", ["2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"]),
      ("CRON_TZ=America/New_York 30 2 11 Mar ?", "2012-03-11T05:00:00Z", ["2013-03-11T06:30:00Z"]),
      ("CRON_TZ=America/New_York 0 1 * * *", "2012-03-11T05:00:00Z", ["2012-03-11T06:00:00Z", "2012-03-12T05:00:00Z"]),
      // Autumn: 02:00 to 03:00 comes twice, and so does what asks for it.
      (
        "CRON_TZ=Europe/Paris 30 2 * * *", "2026-10-24T12:00:00Z", ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"]
      ),
      ("CRON_TZ=America/New_York 0 1 * * ?", "2012-11-04T04:00:00Z", ["2012-11-04T05:00:00Z", "2012-11-04T06:00:00Z"]),
      ("CRON_TZ=America/New_York 0 3 * * ?", "2012-11-04T04:00:00Z", ["2012-11-04T08:00:00Z", "2012-11-05T08:00:00Z"]),
      // A midnight that does not exist.
      ("CRON_TZ=America/Sao_Paulo 0 0 * * *", "2018-11-03T15:00:00Z", ["2018-11-05T02:00:00Z"]),
      ("CRON_TZ=America/Sao_Paulo 0 0 4 11 *", "2018-01-01T00:00:00Z", ["2019-11-04T03:00:00Z"]),
      // robfig/cron does not notice that it has come to the day after.
      ("CRON_TZ=America/Sao_Paulo 30 1 3 11 *", "2018-11-03T05:00:00Z", ["2018-11-04T03:30:00Z"]),
      ("CRON_TZ=America/Sao_Paulo 0 9 4 11 *", "2018-01-01T00:00:00Z", ["2018-11-04T11:00:00Z"]),
      // Half an hour, forty-five minutes, and what the file's last line says about the years behind its table.
      ("CRON_TZ=Australia/Lord_Howe 0 * * * *", "2026-10-03T14:30:00Z", ["2026-10-03T16:00:00Z"]),
      ("CRON_TZ=Asia/Kathmandu 0 0 * * *", "2026-01-01T00:00:00Z", ["2026-01-01T18:15:00Z"]),
      ("CRON_TZ=Europe/Paris 0 0 1 7 *", "2050-01-01T00:00:00Z", ["2050-06-30T22:00:00Z"]),
      ("CRON_TZ=Europe/Paris 0 0 1 1 *", "2050-07-01T00:00:00Z", ["2050-12-31T23:00:00Z"]),
      ("CRON_TZ=America/New_York 30 2 13 Mar ?", "2050-01-01T00:00:00Z", ["2051-03-13T06:30:00Z"]),
    ])
  func zones(schedule: String, after: String, expected: [String]) throws {
    let cron = try CronSchedule(parsing: schedule)
    var moment = try at(after)
    for text in expected {
      moment = try #require(cron.next(after: moment))
      #expect(moment.rfc3339 == text)
    }
  }

  @Test("a schedule without a zone follows the caller's", .enabled(if: hasZones, "no time zone database on this machine"))
  func callersZone() throws {
    let paris = try #require(SystemTimeZones.named("Europe/Paris"))
    let cron = try CronSchedule(parsing: "0 0 * * *", local: paris)
    #expect(try cron.next(after: at("2026-07-01T12:00:00Z"))?.rfc3339 == "2026-07-01T22:00:00Z")
    for (text, name) in [
      ("1800-01-01", "LMT"), ("2026-07-01", "CEST"), ("2026-12-01", "CET"), ("2080-07-01", "CEST"), ("2080-12-01", "CET"),
    ] {
      #expect(try paris.abbreviation(at: at(text + "T00:00:00Z")) == name)
    }
  }

  @Test(
    "what is no schedule, in robfig/cron's words",
    arguments: [
      ("", "empty spec string"),
      ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
      ("* * * * * *", "expected exactly 5 fields, found 6: [* * * * * *]"),
      ("60 * * * *", "end of range (60) above maximum (59): 60"),
      ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
      ("* * * * 7", "end of range (7) above maximum (6): 7"),
      ("5-2 * * * *", "beginning of range (5) beyond end of range (2): 5-2"),
      ("*/0 * * * *", "step of range should be a positive number: */0"),
      ("*/-1 * * * *", "negative number (-1) not allowed: -1"),
      ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
      ("1/2/3 * * * *", "too many slashes: 1/2/3"),
      ("x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"),
      ("1- * * * *", "failed to parse int from : strconv.Atoi: parsing \"\": invalid syntax"),
      (
        "99999999999999999999 * * * *",
        "failed to parse int from 99999999999999999999: strconv.Atoi: parsing \"99999999999999999999\": value out of range"
      ),
      ("@fortnightly", "unrecognized descriptor: @fortnightly"),
      ("@every x", "failed to parse duration @every x: time: invalid duration \"x\""),
      ("CRON_TZ=Mars/Base * * * * *", "provided bad location Mars/Base: unknown time zone Mars/Base"),
    ])
  func refused(schedule: String, message: String) {
    let error = #expect(throws: CronScheduleError.self) { try CronSchedule(parsing: schedule) }
    #expect(error?.description == message)
  }
}
