import ArgoClient
import JSONValue
import Synchronization
import Testing

@testable import CommandLine

/// Where a log that broke off goes on.
@Suite struct LogPlaceTests {
  private static func entry(_ pod: String, _ time: String, _ content: String) -> JSON {
    ["podName": .string(pod), "time": .string(time), "content": .string(content)]
  }

  private func shown(_ place: inout LogPlace, _ entries: [JSON]) -> [String] {
    entries.filter { place.takes($0) }.map { $0["content"]?.string ?? "" }
  }

  @Test("no line comes twice and none is lost, whatever lines have one time and however often the stream breaks") func exact() {
    // Both pods print lines of one time; one of them steps back in time, as clocks do.
    let all = [
      Self.entry("a", "1", "a1"), Self.entry("a", "2", "a2"), Self.entry("a", "2", "a2 again"), Self.entry("b", "2", "b2"),
      Self.entry("a", "2", "a2 thrice"), Self.entry("b", "3", "b3"), Self.entry("b", "1", "b back"), Self.entry("c", "1", "c late"),
      Self.entry("a", "4", "a4"), Self.entry("b", "5", "b5"),
    ]
    let contents = all.map { $0["content"]?.string ?? "" }
    for first in 0...all.count {
      for second in first...all.count {
        // Where the last line that came is older than those before it, its place cannot be told.
        if [first, second].contains(where: { all[..<$0].last { $0["podName"] == "b" }?["content"] == "b back" }) { continue }
        var place = LogPlace([])
        var lines = shown(&place, [["begun": "2026-11-28T10:00:00.000Z"]] + all[..<first])
        place.lost()
        lines += shown(&place, [["begun": "2026-11-28T10:00:09.000Z"]] + all[..<second])
        place.lost()
        lines += shown(&place, [["begun": "2026-11-28T10:00:19.000Z"]] + all + [["ended": true]])
        #expect(lines.sorted() == contents.sorted(), "\(first) \(second)")
        #expect(place.isOver && place.isKnown)
      }
    }
  }

  @Test("a pod whose last line is not there any more goes on with what is newer") func rotated() {
    var place = LogPlace([])
    _ = shown(&place, [Self.entry("a", "5", "old")])
    place.lost()
    let lines = shown(&place, [Self.entry("a", "4", "older"), Self.entry("a", "6", "new"), Self.entry("a", "1", "back")])
    #expect(lines == ["new", "back"])
  }

  @Test("tail and since mean the same lines after a restart") func options() {
    let time = Mutex(ContinuousClock.now)
    var place = LogPlace(
      [("logOptions.tailLines", "5"), ("logOptions.sinceSeconds", "60"), ("grep", "x")], clock: { time.withLock { $0 } })
    func texts(_ place: LogPlace) -> [String] { place.query.map { "\($0.name)=\($0.value)" } }
    #expect(texts(place) == ["logOptions.tailLines=5", "logOptions.sinceSeconds=60", "grep=x", "resumable=true"])
    let isLine = place.takes(["begun": "1970-01-01T00:00:10.250Z"])
    #expect(!isLine)
    time.withLock { $0 += .seconds(30) }
    place.lost()
    #expect(
      texts(place) == [
        "logOptions.sinceTime.seconds=10", "logOptions.sinceTime.nanos=250000000", "logOptions.sinceSeconds=91", "grep=x", "resumable=true",
      ])
  }

  @Test("a server that tells no times is read once") func plain() {
    var place = LogPlace([])
    let lines = shown(&place, [["podName": "a", "content": "x"], ["podName": "a", "content": "x"]])
    #expect(lines == ["x", "x"])
    #expect(!place.isKnown)
  }
}
