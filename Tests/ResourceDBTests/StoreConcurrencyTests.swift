import Contracts
import JSONValue
import KubeModel
import Synchronization
import Testing

@testable import ResourceDB

@Suite struct StoreConcurrencyTests {
  @Test("eight threads commit, watchers see every change once and in order, and readers see their own writes", arguments: [true, false])
  func threads(isInMemory: Bool) throws {
    let directory = try TemporaryDirectory()
    var settings = ResourceDatabaseSettings()
    settings.cacheBytes = 20_000
    let store = try ResourceDatabase(file: isInMemory ? ":memory:" : directory.database, settings: settings)
    let seen = Recorder()
    let watch = store.watch([.pod], handler: seen.record)
    let failures = Mutex<[String]>([])
    onThreads(8) { thread in
      do {
        for number in 0..<500 {
          let run = RunRow(uid: "run-\(thread)", namespace: "n", name: "w", header: ["n": .int(Int64(number))], isFinished: false)
          let results = try store.commit([.create(.test("p-\(thread)-\(number)")), .putRun(run), .putNode(.test("run-\(thread)", number))])
          guard let stored = results[0] else { throw KubeStatus(.internalError, "no result") }
          if try store.get(stored.key) != stored { throw KubeStatus(.internalError, "\(stored.name) is not what was written") }
          if number % 100 == 0, try store.runs(uid: run.uid) != [run] { throw KubeStatus(.internalError, "the run is old") }
          if number % 3 == 0 { try store.commit([.delete(stored.key)]) }
        }
      } catch {
        failures.withLock { $0.append("\(error)") }
      }
    }
    #expect(failures.withLock { $0 } == [])
    let versions = seen.events.compactMap(\.resource.resourceVersion)
    #expect(versions.count == 8 * (500 + 167))
    #expect(versions == Array(1...Int64(8 * (500 + 167))))
    #expect(try store.list(.pod, namespace: nil, labels: .everything).count == 8 * 333)
    #expect(try store.nodes(ofRun: "run-3").count == 500)
    watch.cancel()
  }

  @Test("of the requests in a group those that are refused fail alone")
  func isolation() throws {
    let cache = ResourceCache(limit: 1000)
    let connection = try Connection(file: ":memory:", access: .readWrite, busyMilliseconds: 0)
    try Schema.migrate(connection, file: "f")
    let writer = try Writer(connection, file: "f", cache: cache, durability: .full, random: { 0 })
    let preparation = WritePreparation(now: ResourceDatabase.systemClock, random: ResourceDatabase.systemRandom)
    func create(_ names: String...) throws -> [PreparedWrite] { try names.map { try preparation.prepare(.create(.test($0))) } }
    let outcome = writer.perform(
      [try create("a"), try create("b", "a"), try create("c"), try create("c"), try create("b")], isDurable: true)
    let succeeded = outcome.results.map { if case .success = $0 { true } else { false } }
    #expect(succeeded == [true, false, true, false, true])
    #expect(outcome.changes.map(\.key.name) == ["a", "c", "b"])
    #expect(outcome.changes.compactMap(\.event.resource.resourceVersion) == [1, 2, 3])
    #expect(writer.revision == 3)
  }

  @Test("threads that update one object with its version lose no update")
  func optimism() throws {
    let store = try ResourceDatabase.forTests()
    var counter = Resource.test("counter")
    counter.json["count"] = 0
    let key = try store.create(counter).key
    onThreads(8) { _ in
      var done = 0
      while done < 50 {
        guard var current = try? store.get(key) else { return }
        current.json["count"] = .int((current.json["count"]?.int ?? 0) + 1)
        if (try? store.update(current)) != nil { done += 1 }
      }
    }
    #expect(try store.get(key)?.json["count"] == 400)
  }

  @Test("when a commit returns its events were told, whichever thread told them")
  func toldOnReturn() throws {
    let store = try ResourceDatabase.forTests()
    let seen = Recorder()
    let watch = store.watch([.pod], handler: seen.record)
    let failures = Violations()
    onThreads(4) { thread in
      for number in 0..<50 {
        let name = "p-\(thread)-\(number)"
        guard (try? store.create(.test(name))) != nil, seen.events.contains(where: { $0.resource.name == name }) else {
          failures.add()
          continue
        }
      }
    }
    #expect(failures.count == 0)
    watch.cancel()
  }

  @Test("a cancelled watch's handler is not running and never runs again")
  func cancellation() throws {
    let store = try ResourceDatabase.forTests()
    let violations = Mutex(0)
    let wrong = Violations()
    let stop = Mutex(false)
    onThreads(3) { thread in
      if thread == 0 {
        for _ in 0..<300 {
          let cancelled = Flag()
          let watch = store.watch([.pod]) { _ in if cancelled.isSet { wrong.add() } }
          watch.cancel()
          cancelled.set()
        }
        stop.withLock { $0 = true }
      } else {
        var number = 0
        while !stop.withLock({ $0 }) {
          number += 1
          do { try store.create(.test("p-\(thread)-\(number)")) } catch { violations.withLock { $0 += 1 } }
        }
      }
    }
    #expect(violations.withLock { $0 } == 0)
    #expect(wrong.count == 0)
  }
}

private final class Flag: Sendable {
  private let value = Mutex(false)
  var isSet: Bool { value.withLock { $0 } }
  func set() { value.withLock { $0 = true } }
}

private final class Violations: Sendable {
  private let value = Mutex(0)
  var count: Int { value.withLock { $0 } }
  func add() { value.withLock { $0 += 1 } }
}
