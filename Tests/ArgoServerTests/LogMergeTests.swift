import Contracts
import Synchronization
import Testing

@testable import ArgoServer

/// A log in memory, in portions of so many lines; a test may let it grow.
final class MemoryLog: LogCursor {
  private let state: Mutex<(lines: [LogLine], given: Int)>
  private let portion: Int
  private let tail: LogLine?
  init(_ lines: [(String, String)], portion: Int = 2, tail: String? = nil) {
    state = Mutex((lines.map { LogLine(time: Array($0.0.utf8), text: Array($0.1.utf8)) }, 0))
    self.portion = portion
    self.tail = tail.map { LogLine(time: Array("9".utf8), text: Array($0.utf8)) }
  }
  func next(about bytes: Int) -> [LogLine] {
    state.withLock { state in
      let lines = Array(state.lines.dropFirst(state.given).prefix(portion))
      state.given += lines.count
      return lines
    }
  }
  func rest() -> [LogLine] {
    guard let tail,
      state.withLock({ state in
        defer { state.given = .max }; return state.given != .max
      })
    else { return [] }
    return [tail]
  }
  func append(_ time: String, _ text: String) {
    state.withLock { $0.lines.append(LogLine(time: Array(time.utf8), text: Array(text.utf8))) }
  }
}

@Suite struct LogMergeTests {
  private func source(_ id: String, start: String = "", _ open: @escaping () -> LogMerge.Opening) -> LogMerge.Source {
    LogMerge.Source(id: id, pod: id, start: Array(start.utf8), open: open)
  }

  private func drained(_ merge: inout LogMerge) -> [String] {
    var result: [String] = []
    let goesOn = merge.drain { pod, lines in
      result += lines.map { "\(pod):\(String(decoding: $0.text, as: UTF8.self))" }
      return true
    }
    #expect(goesOn)
    return result
  }

  @Test("lines of several logs come by their times, whatever the portions") func order() {
    var merge = LogMerge()
    let logs: [(String, [(String, String)])] = [
      ("a", [("1", "a1"), ("4", "a4"), ("5", "a5"), ("9", "a9")]), ("b", [("2", "b2"), ("3", "b3"), ("8", "b8")]), ("c", []),
      ("d", [("0", "d0"), ("6", "d6"), ("7", "d7")]),
    ]
    for (name, lines) in logs {
      merge.add(source(name) { .opened(MemoryLog(lines)) })
      merge.end(name)
    }
    #expect(drained(&merge) == ["d:d0", "a:a1", "b:b2", "b:b3", "a:a4", "a:a5", "d:d6", "d:d7", "b:b8", "a:a9"])
    #expect(merge.isOver)
  }

  @Test("a log is opened only when its first line may be the next one") func lazily() {
    var merge = LogMerge()
    let open = Mutex(0)
    let most = Mutex(0)
    for index in 0..<500 {
      let name = "pod-\(1000 + index)"
      let start = "2026-11-28T10:\(10 + index / 60):\(10 + index % 60 % 50)"
      merge.add(
        source(name, start: start) {
          open.withLock { $0 += 1 }
          return .opened(MemoryLog([(start + ".500000000Z", name)]))
        })
      merge.end(name)
    }
    var seen = 0
    let goesOn = merge.drain { _, lines in
      seen += lines.count
      most.withLock { $0 = max($0, open.withLock { $0 } - seen) }
      return true
    }
    #expect(goesOn && merge.isOver)
    #expect(seen == 500)
    // Of the same second, at most: not five hundred.
    #expect(most.withLock { $0 } < 20)
  }

  @Test("a log that is not there yet is asked again, one that never comes is let go when its container has ended") func later() {
    var merge = LogMerge()
    let log = Mutex<MemoryLog?>(nil)
    merge.add(source("a") { log.withLock { $0 }.map { .opened($0) } ?? .notYet })
    merge.add(source("b") { .never })
    merge.add(source("c") { .notYet })
    #expect(drained(&merge) == [])
    #expect(!merge.isOver)
    let memory = MemoryLog([("1", "first")], tail: "no end")
    log.withLock { $0 = memory }
    #expect(drained(&merge) == ["a:first"])
    memory.append("2", "second")
    #expect(drained(&merge) == ["a:second"])
    merge.end("c")
    #expect(drained(&merge) == [])
    merge.end("a")
    #expect(drained(&merge) == ["a:no end"])
    #expect(merge.isOver)
    // It is known already.
    merge.add(source("a") { .opened(MemoryLog([("1", "again")])) })
    #expect(merge.isOver)
  }

  @Test("who wants no more ends it") func leaving() {
    var merge = LogMerge()
    merge.add(source("a") { .opened(MemoryLog([("1", "x"), ("2", "y"), ("3", "z")], portion: 1)) })
    var calls = 0
    let goesOn = merge.drain { _, _ in
      calls += 1
      return false
    }
    #expect(!goesOn && calls == 1)
  }
}
