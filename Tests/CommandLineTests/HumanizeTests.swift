import Basics
import Testing

@testable import CommandLine

@Suite("Durations and times in words") struct HumanizeTests {
  @Test(
    "A duration has up to two units",
    arguments: [
      (0, "0 seconds"), (1, "1 second"), (9, "9 seconds"), (59, "59 seconds"), (60, "1 minute 0 seconds"), (65, "1 minute 5 seconds"),
      (150, "2 minutes 30 seconds"), (3600, "1 hour 0 minutes"), (7380, "2 hours 3 minutes"), (86_400, "1 day 0 hours"),
      (100_800, "1 day 4 hours"), (8 * 86_400, "1 week 0 hours"), (-59, "59 seconds"),
    ] as [(Int64, String)])
  func longDuration(seconds: Int64, expected: String) {
    #expect(Humanize.duration(TimeSpan(seconds: seconds)) == expected)
  }

  @Test(
    "A short duration has one unit",
    arguments: [
      (0, "0s"), (1, "1s"), (9, "9s"), (60, "1m"), (119, "1m"), (3599, "59m"), (3600, "1h"), (7380, "2h"), (86_400, "1d"),
      (30 * 86_400, "30d"),
    ] as [(Int64, String)])
  func shortDuration(seconds: Int64, expected: String) {
    #expect(Humanize.shortDuration(TimeSpan(seconds: seconds)) == expected)
  }

  @Test("A duration runs to the present while there is no finish, and is nothing without a start")
  func openEnds() {
    let start = Fixture.origin
    #expect(Humanize.shortDuration(from: start, to: nil, now: Fixture.at(61)) == "1m")
    #expect(Humanize.shortDuration(from: nil, to: nil, now: start) == "0s")
    #expect(Humanize.duration(from: nil, to: nil, now: start) == "0 seconds")
  }

  @Test("The largest and smallest spans do not trap", arguments: [Int64.min, .max])
  func extremes(milliseconds: Int64) {
    let span = TimeSpan(milliseconds: milliseconds)
    #expect(Humanize.duration(span).hasPrefix("a long while"))
    #expect(Humanize.shortDuration(span).hasSuffix("d"))
  }

  @Test(
    "A relative time is told in one unit",
    arguments: [
      (0, "now"), (1, "1 second ago"), (9, "9 seconds ago"), (90, "1 minute ago"), (7300, "2 hours ago"), (15 * 86_400, "2 weeks ago"),
      (40 * 86_400, "1 month ago"), (-7300, "2 hours from now"),
    ] as [(Int64, String)])
  func ago(seconds: Int64, expected: String) {
    #expect(Humanize.ago(Fixture.origin, now: Fixture.at(seconds)) == expected)
  }

  @Test("A timestamp has Go's layout in the local time zone")
  func timestamp() {
    var context = Fixture.context(after: 9)
    #expect(Humanize.timestamp(Fixture.origin, context) == "Sat Nov 21 02:44:13 +0000 (9 seconds ago)")
    context.utcOffset = { _ in -12_600 }
    #expect(Humanize.timestamp(Fixture.origin, context) == "Fri Nov 20 23:14:13 -0330 (9 seconds ago)")
  }

  @Test("Go's durations", arguments: [(9, "9s"), (65, "1m5s"), (7203, "2h0m3s")] as [(Int64, String)])
  func goDuration(seconds: Int64, expected: String) {
    #expect(Humanize.goDuration(seconds: seconds) == expected)
  }
}
