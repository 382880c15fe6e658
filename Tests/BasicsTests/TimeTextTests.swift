import Basics
import Testing

@Suite struct TimeTextTests {
  @Test(
    "durations are read as Go reads them",
    arguments: [
      ("0", 0), ("-0", 0), ("0s", 0), ("5s", 5_000_000_000), ("+5s", 5_000_000_000), ("-5s", -5_000_000_000), ("1h30m", 5_400_000_000_000),
      ("1.5s", 1_500_000_000), ("1.s", 1_000_000_000), (".5s", 500_000_000), ("10ns", 10), ("11us", 11_000), ("12µs", 12_000),
      ("12\u{3BC}s", 12_000),
      ("13ms", 13_000_000), ("39h9m14.425s", 140_954_425_000_000), ("9007199254.740993s", 9_007_199_254_740_993_000),
      ("9223372036854775807ns", .max), ("-9223372036854775808ns", .min), ("-2562047h47m16.854775808s", .min),
      ("0.100000000000000000000h", 360_000_000_000), ("0.3333333333333333333h", 1_200_000_000_000),
    ] as [(String, Int64)])
  func durations(text: String, nanoseconds: Int64) throws {
    #expect(try GoDuration(parsing: text).nanoseconds == nanoseconds)
  }

  @Test(
    "what is no duration is refused in Go's words",
    arguments: [
      ("", "time: invalid duration \"\""), ("3", "time: missing unit in duration \"3\""), ("-", "time: invalid duration \"-\""),
      ("s", "time: invalid duration \"s\""), (".", "time: invalid duration \".\""), (".s", "time: invalid duration \".s\""),
      ("5x", "time: unknown unit \"x\" in duration \"5x\""), ("1d", "time: unknown unit \"d\" in duration \"1d\""),
      ("3000000h", "time: invalid duration \"3000000h\""), ("9223372036854775808ns", "time: invalid duration \"9223372036854775808ns\""),
      ("1 s", "time: unknown unit \" s\" in duration \"1 s\""), ("5s ", "time: unknown unit \"s \" in duration \"5s \""),
      ("--5s", "time: invalid duration \"--5s\""),
    ])
  func refusals(text: String, message: String) {
    #expect(throws: DurationError(message)) { try GoDuration(parsing: text) }
  }

  @Test("Argo reads a bare integer as seconds", arguments: [("10", 10), ("-3", -3), ("1m", 60)] as [(String, Int64)])
  func argo(text: String, seconds: Int64) throws {
    #expect(try GoDuration(argo: text).nanoseconds == seconds * 1_000_000_000)
  }

  @Test("Argo's refusal names the text", arguments: ["1x", "", "99999999999999"])
  func argoRefusal(text: String) {
    do {
      _ = try GoDuration(argo: text)
      Issue.record("accepted")
    } catch {
      #expect(error.description.hasPrefix("unable to parse \(text) as a duration: "))
    }
  }

  @Test(
    "durations are written as Go writes them",
    arguments: [
      (0, "0s"), (1, "1ns"), (1100, "1.1µs"), (2_200_000, "2.2ms"), (3_300_000_000, "3.3s"), (245_000_000_000, "4m5s"),
      (245_001_000_000, "4m5.001s"),
      (18_367_001_000_000, "5h6m7.001s"), (480_000_000_001, "8m0.000000001s"), (.max, "2562047h47m16.854775807s"),
      (.min, "-2562047h47m16.854775808s"),
      (-1_500_000_000, "-1.5s"), (3_600_000_000_000, "1h0m0s"),
    ] as [(Int64, String)])
  func texts(nanoseconds: Int64, text: String) {
    #expect(GoDuration(nanoseconds: nanoseconds).description == text)
  }

  @Test("strftime letters stand for what Argo's templates expect")
  func letters() throws {
    let instant = try #require(Instant(rfc3339: "2026-01-04T00:07:09.042Z"))
    let all = Instant.strftimeLetters.map { instant.strftime($0) ?? "?" }
    let expected = ["January", "Jan", "01", "Sunday", "Sun", "04", "00", "12", "07", "09", "2026", "26", "AM", "UTC", "+0000", "042"]
    #expect(all == expected)
    #expect(instant.strftime("q") == nil)
    #expect(instant.formatted("%Y-%m-%d %% %q%") == "2026-01-04 % %q%")
    #expect(instant.argoText == "Sun Jan 04 00:07:09 +0000")
    #expect(Instant(milliseconds: instant.milliseconds + 46_800_000).strftime("I") == "01")
  }

  @Test(
    "spans are told in words as argo get does",
    arguments: [
      (0, "0 seconds", "0s", "now"), (1, "1 second", "1s", "1 second ago"), (9, "9 seconds", "9s", "9 seconds ago"),
      (60, "1 minute", "1m", "1 minute ago"), (65, "1 minute 5 seconds", "1m", "1 minute ago"), (300, "5 minutes", "5m", "5 minutes ago"),
      (7385, "2 hours 3 minutes", "2h", "2 hours ago"), (100_800, "1 day 4 hours", "1d", "1 day ago"), (86_401, "1 day", "1d", "1 day ago"),
      (-120, "0 seconds", "0s", "2 minutes from now"),
    ] as [(Int64, String, String, String)])
  func words(seconds: Int64, long: String, short: String, relative: String) {
    let span = TimeSpan(seconds: seconds)
    #expect(span.longText == long)
    #expect(span.shortText == short)
    #expect(span.relativeText == relative)
  }
}
