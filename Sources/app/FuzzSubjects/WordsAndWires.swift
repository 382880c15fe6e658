internal import Basics
internal import JSONValue
internal import KubeModel
internal import LanguageService
internal import Querying

extension FuzzSubject {
  /// Small notations.
  static let words: [FuzzSubject] = [
    FuzzSubject(text: "label-selector", seeds: ["a=b,c!=d,e in (f, g),!h,i notin (j),k", "a.b/c==d", "x>1,y<2"]) { text in
      guard let selector = try? LabelSelector.parse(text) else { return }
      _ = selector.matches(["a": "b", "e": "f"])
    },
    FuzzSubject(text: "field-selector", seeds: ["metadata.name=a,status.phase!=Running", "a==b\\,c\\=d", "x="]) { text in
      _ = try? FieldSelector.parse(text)
      _ = try? ResourceCondition(parsing: text)
    },
    FuzzSubject(
      text: "cron",
      seeds: [
        "*/5 0-23/2 1,15 JAN-DEC MON", "@every 1h30m", "CRON_TZ=UTC 0 0 * * ?", "@daily", "0 0 31 2 *", "TZ=Europe/Berlin 30 2 * * *",
      ]
    ) { text in
      guard let schedule = try? CronSchedule(parsing: text, zone: { _ in .utc }) else { return }
      var moment = Instant(seconds: 1_700_000_000)
      for _ in 0..<3 {
        guard let next = schedule.next(after: moment) else { return }
        try check(next > moment, "\(text): the next time is not later")
        moment = next
      }
    },
    FuzzSubject(text: "duration", seeds: ["1h30m0.5s", "-2ms", "1.5e3s", "100", "3µs", "9223372036854775807ns"]) { text in
      if let duration = try? GoDuration(parsing: text) {
        let again = try? GoDuration(parsing: "\(duration)")
        try check(again == duration, "\(text): written and read it is another duration: \(duration)")
      }
      _ = try? GoDuration(argo: text)
    },
    FuzzSubject(text: "quantity", seeds: ["1Gi", "100m", "1e3", "0.5Ki", "-2.5n", "9223372036854775807E"]) { text in
      if let quantity = Quantity(text) { _ = (quantity.value, quantity.milliValue, quantity.double) }
    },
    FuzzSubject(
      text: "time", seeds: ["2023-11-14T22:13:20Z", "2023-11-14T22:13:20.123456789+01:30", "0000-01-01T00:00:00Z", "9999-12-31T23:59:60Z"]
    ) { text in
      guard let instant = Instant(rfc3339: text) else { return }
      let again = Instant(rfc3339: instant.rfc3339)
      try check(again.map { abs($0.milliseconds - instant.milliseconds) < 1000 } ?? false, "\(text): written and read it is another time")
    },
  ]

  /// Bytes from other programs.
  static let wires: [FuzzSubject] = [
    FuzzSubject(
      "language-server",
      seeds: [
        "Content-Length: 2\r\n\r\n{}",
        "Content-Length: 58\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{}}Content-Length: 118\r\n\r\n{\"method\":\"textDocument/didOpen\",\"params\":{\"textDocument\":{\"uri\":\"file:///a\",\"text\":\"kind: Workflow\\nspec: {{{x\"}}}    ",
      ]
    ) { bytes in
      var framing = MessageFraming()
      framing.append(bytes)
      var server = LanguageServer(
        parts: LanguageServerParts(files: { _ in [] }, file: { _ in nil }, isTimeZone: { _ in true }, defaults: { _ in nil }, version: "1"))
      for _ in 0..<100 {
        guard let message = try? framing.next() else { return }
        _ = server.receive(message)
        _ = server.publish()
      }
    }
  ]
}
