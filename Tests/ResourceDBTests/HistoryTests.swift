import Basics
import Contracts
import JSONValue
import KubeModel
import Synchronization
import Testing

@testable import ResourceDB

/// Collects what a watch from a revision tells.
final class ChangeRecorder: Sendable {
  private let collected = Mutex<[RecordedChange]>([])
  var record: @Sendable ([RecordedChange]) -> Void {
    { changes in self.collected.withLock { $0 += changes } }
  }
  var changes: [RecordedChange] { collected.withLock { $0 } }
  /// Each change as `ADDED a 3`.
  var lines: [String] {
    changes.map { "\($0.event.change.rawValue) \($0.event.resource.name) \($0.event.resource.resourceVersion ?? 0)" }
  }
}

extension ResourceDatabase {
  static func withHistory(file: String = ":memory:", cacheBytes: Int = 1 << 20, _ limits: HistoryLimits = HistoryLimits()) throws
    -> ResourceDatabase
  {
    var settings = ResourceDatabaseSettings()
    settings.cacheBytes = cacheBytes
    settings.history = limits
    return try ResourceDatabase(file: file, settings: settings, now: { Instant(seconds: 1_000_000) })
  }

  fileprivate func put(_ name: String, _ value: Int64) throws {
    try commit([.patch(Resource.test(name).key, ["spec": ["value": .int(value)]])])
  }
}

@Suite("history")
struct HistoryTests {
  /// Small caches make texts come from the tables.
  @Test("a watch from a revision tells every change after it with what the object was before", arguments: [0, 1 << 20])
  func watchFromRevision(cacheBytes: Int) throws {
    let store = try ResourceDatabase.withHistory(cacheBytes: cacheBytes)
    try store.create(.test("a"))
    try store.create(.test("b"))
    try store.put("a", 1)
    try store.put("a", 2)
    try store.commit([.delete(Resource.test("b").key)])
    try store.create(.test("b"))
    let seen = ChangeRecorder()
    let watch = try store.watch(.pod, after: 2, handler: seen.record)
    try store.put("b", 7)
    watch.cancel()
    #expect(seen.lines == ["MODIFIED a 3", "MODIFIED a 4", "DELETED b 5", "ADDED b 6", "MODIFIED b 7"])
    let values = seen.changes.map { $0.event.resource.spec["value"]?.int }
    #expect(values == [1, 2, nil, nil, 7])
    #expect(seen.changes.map { $0.previous?.spec["value"]?.int } == [nil, 1, nil, nil, nil])
    #expect(seen.changes.map { $0.previous?.resourceVersion } == [1, 3, 2, nil, 6])
  }

  @Test("changes come in parts, each with the revision through which they are all")
  func parts() throws {
    let store = try ResourceDatabase.withHistory(cacheBytes: 0)
    try store.create(.test("a"))
    for value in 1...5 { try store.put("a", Int64(value)) }
    try store.create(Resource(.configMap, json: ["metadata": ["name": "c", "namespace": "n"]]))
    let first = try store.changes(of: .pod, after: 0, limit: 4)
    #expect(first.changes.map { $0.event.resource.spec["value"]?.int } == [nil, 1, 2, 3])
    #expect(first.through == 4)
    let second = try store.changes(of: .pod, after: 4, limit: 4)
    #expect(second.changes.map { $0.event.resource.spec["value"]?.int } == [4, 5])
    #expect(second.through == 7)
  }

  @Test("pages of one list show its first page's revision, whatever happens meanwhile", arguments: [0, 1 << 20])
  func consistentPages(cacheBytes: Int) throws {
    let store = try ResourceDatabase.withHistory(cacheBytes: cacheBytes)
    for name in ["a", "b", "c", "d", "e"] {
      var pod = Resource.test(name)
      pod.setLabel("team", "x")
      try store.create(pod)
    }
    var request = PageRequest(.pod, namespace: nil)
    request.limit = 2
    let first = try store.page(request)
    #expect(first.items.map(\.name) == ["a", "b"])
    #expect(first.revision == 5)
    #expect(first.hasMore)
    // Changed, removed, removed and made anew, new: none of it shows.
    try store.put("c", 1)
    try store.commit([.delete(Resource.test("d").key)])
    try store.commit([.delete(Resource.test("e").key)])
    try store.create(.test("e"))
    try store.create(.test("bb"))
    try store.put("bb", 3)
    request.limit = 0
    request.after = ListPosition(namespace: "n", name: "b")
    request.revision = first.revision
    request.labels = LabelSelector([.equals("team", "x")])
    let rest = try store.page(request)
    #expect(rest.items.map(\.name) == ["c", "d", "e"])
    #expect(rest.items.map(\.resourceVersion) == [3, 4, 5])
    #expect(rest.items.allSatisfy { $0.spec["value"] == nil })
    #expect(!rest.hasMore)
    request.namespace = "n"
    #expect(try store.page(request).items == rest.items)
    request.revision = nil
    #expect(try store.page(request).items.map(\.name) == ["c"])
  }

  @Test("pages over namespaces follow each other without gap or repetition")
  func pagesOverNamespaces() throws {
    let store = try ResourceDatabase.withHistory()
    for namespace in ["n", "m", "n-1", "a"] {
      for name in ["x", "y-1", "y"] { try store.create(.test(name, namespace: namespace)) }
    }
    var request = PageRequest(.pod, namespace: nil)
    let all = try store.page(request).items.map { "\($0.namespace)/\($0.name)" }
    #expect(all.count == 12)
    #expect(all == all.sorted { $0.replacing("/", with: "\u{0}") < $1.replacing("/", with: "\u{0}") })
    request.limit = 5
    var seen: [String] = []
    while true {
      let page = try store.page(request)
      seen += page.items.map { "\($0.namespace)/\($0.name)" }
      guard page.hasMore, let last = page.items.last else { break }
      request.after = ListPosition(namespace: last.namespace, name: last.name)
    }
    #expect(seen == all)
    #expect(try store.count(.pod, namespace: nil) == 12)
    #expect(try store.count(.pod, namespace: "n-1") == 3)
    try store.commit([.delete(Resource.test("x", namespace: "n-1").key), .create(.test("z", namespace: "m"))])
    try store.put("x", 1)
    #expect(try store.count(.pod, namespace: nil) == 12)
    #expect(try store.count(.pod, namespace: "n-1") == 2)
    #expect(try store.count(.pod, namespace: "m") == 4)
  }

  @Test("pages as texts are the pages as objects, now and of a revision")
  func texts() throws {
    let store = try ResourceDatabase.withHistory(cacheBytes: 0)
    for index in 0..<5 {
      var pod = Resource.test("p\(index)")
      // What looks like the beginning of metadata elsewhere is not it.
      pod.json["a"] = ["metadata": ["name": "inner"], "text": "\"metadata\":{\\"]
      pod.setLabel("half", index < 3 ? "first" : "second")
      try store.create(pod)
    }
    // An object that came with its apiVersion first, and one with nothing at the usual place.
    try store.create(Resource(.pod, json: ["apiVersion": "v1", "kind": "Pod", "metadata": ["name": "q", "namespace": "n"]]))
    let revision = store.revision
    try store.put("p1", 1)
    for (labels, old) in [(LabelSelector.everything, false), (.everything, true), (LabelSelector([.equals("half", "first")]), true)] {
      var request = PageRequest(.pod, namespace: "n")
      request.labels = labels
      request.limit = 4
      request.revision = old ? revision : nil
      let objects = try store.page(request)
      request.wantsTexts = true
      let texts = try store.page(request)
      #expect(texts.items.isEmpty)
      #expect(try texts.texts.map { try JSON.parse($0) } == objects.items.map(\.json))
      #expect(texts.hasMore == objects.hasMore && texts.end == objects.end && texts.revision == objects.revision)
    }
  }

  @Test("after the machine went down under an open database, clients have to list anew and no revision is given out twice")
  func powerLoss() throws {
    let directory = try TemporaryDirectory()
    let first = try ResourceDatabase.withHistory(file: directory.database)
    try first.create(.test("a"))
    // The process is killed: nothing is lost, and nothing changes.
    let killed = directory.path + "/killed.db"
    writeFile(killed, readFile(directory.database) ?? [])
    writeFile(killed + "-wal", readFile(directory.database + "-wal") ?? [])
    let revived = try ResourceDatabase.withHistory(file: killed)
    #expect(revived.revision == 1 && revived.oldestRevision == 0)
    // The machine went down: the same, but of another start of it.
    try revived.writer.withLock { try $0?.connection.execute("UPDATE revision SET boot = 'another'") }
    let lost = directory.path + "/lost.db"
    writeFile(lost, readFile(killed) ?? [])
    writeFile(lost + "-wal", readFile(killed + "-wal") ?? [])
    revived.close()
    first.close()
    let after = try ResourceDatabase.withHistory(file: lost)
    #expect(after.revision > 1)
    #expect(after.oldestRevision == after.revision)
    #expect(throws: KubeStatus.self) { try after.watch(.pod, after: 1) { _ in } }
    #expect(try after.create(.test("b")).resourceVersion == after.revision)
    after.close()
    let again = try ResourceDatabase.withHistory(file: directory.database)
    #expect(again.revision == 1 && again.oldestRevision == 0)
    again.close()
  }

  @Test("what the history no longer has is expired, in Kubernetes' words")
  func expired() throws {
    var limits = HistoryLimits()
    limits.seconds = -1
    limits.changes = 3
    let store = try ResourceDatabase.withHistory(limits)
    try store.create(.test("a"))
    for value in 1...9 { try store.put("a", Int64(value)) }
    #expect(store.oldestRevision == 0)
    while store.trimHistory() {}
    #expect(store.oldestRevision == 7)
    #expect(store.revision == 10)
    let old = KubeStatus(.expired, "too old resource version: 6 (7)")
    #expect(throws: old) { _ = try store.watch(.pod, after: 6) { _ in } }
    var request = PageRequest(.pod, namespace: nil)
    request.revision = 6
    #expect(throws: old) { _ = try store.page(request) }
    request.revision = 7
    #expect(try store.page(request).items.map { $0.spec["value"]?.int } == [6])
    #expect(try store.changes(of: .pod, after: 7, limit: 10).changes.map { $0.previous?.spec["value"]?.int } == [6, 7, 8])
  }

  @Test("young changes stay beyond the count, and size goes before age")
  func limits() throws {
    var limits = HistoryLimits()
    limits.changes = 1
    let store = try ResourceDatabase.withHistory(limits)
    try store.create(.test("a", payload: 1000))
    for value in 1...9 { try store.put("a", Int64(value)) }
    while store.trimHistory() {}
    #expect(store.oldestRevision == 0)
    limits.bytes = 5000
    let small = try ResourceDatabase.withHistory(limits)
    try small.create(.test("a", payload: 1000))
    for value in 1...9 { try small.put("a", Int64(value)) }
    while small.trimHistory() {}
    #expect(small.oldestRevision > 0)
  }

  @Test("the history outlives its process, and one with a gap is not believed")
  func reopen() throws {
    let directory = try TemporaryDirectory()
    let first = try ResourceDatabase.withHistory(file: directory.database)
    try first.create(.test("a"))
    try first.put("a", 1)
    first.close()
    let second = try ResourceDatabase.withHistory(file: directory.database)
    #expect(second.oldestRevision == 0)
    try second.put("a", 2)
    let seen = ChangeRecorder()
    try second.watch(.pod, after: 1, handler: seen.record).cancel()
    #expect(seen.lines == ["MODIFIED a 2", "MODIFIED a 3"])
    second.close()
    let without = try ResourceDatabase(file: directory.database)
    try without.put("a", 3)
    without.close()
    let third = try ResourceDatabase.withHistory(file: directory.database)
    #expect(third.oldestRevision == 4)
    #expect(throws: KubeStatus(.expired, "too old resource version: 3 (4)")) { _ = try third.changes(of: .pod, after: 3, limit: 1) }
    third.close()
  }

  @Test("a conditional removal removes only what was looked at")
  func conditionalDelete() throws {
    let store = try ResourceDatabase.withHistory()
    let stored = try store.create(.test("a"))
    let key = stored.key
    #expect(
      throws: KubeStatus(
        .conflict,
        "Operation cannot be fulfilled on pods \"a\": Precondition failed: UID in precondition: other, UID in object meta: \(stored.uid)")
    ) { try store.commit([.deleteIf(key, Preconditions(uid: "other"))]) }
    #expect(throws: KubeStatus.self) { try store.commit([.deleteIf(key, Preconditions(resourceVersion: 7))]) }
    try store.commit([.deleteIf(key, Preconditions(uid: stored.uid, resourceVersion: 1))])
    #expect(try store.get(key) == nil)
    #expect(throws: KubeStatus.notFound(key)) { try store.commit([.deleteIf(key, Preconditions())]) }
  }

  @Test("every owner finds what it owns, also together with others")
  func dependents() throws {
    let store = try ResourceDatabase.withHistory()
    var pod = Resource.test("a")
    pod.json["metadata"]?["ownerReferences"] = [["uid": "u1"], ["uid": "u2", "controller": true], ["uid": "u3"]]
    try store.create(pod)
    var other = Resource.test("b")
    other.json["metadata"]?["ownerReferences"] = [["uid": "u1"]]
    try store.create(other)
    #expect(try Set(store.dependents(of: "u1").map(\.name)) == ["a", "b"])
    #expect(try store.dependents(of: "u2").map(\.name) == ["a"])
    #expect(try store.dependents(of: "u3").map(\.name) == ["a"])
    pod.json["metadata"]?["ownerReferences"] = [["uid": "u3"]]
    try store.update(pod)
    #expect(try store.dependents(of: "u1").map(\.name) == ["b"])
    #expect(try store.dependents(of: "u3").map(\.name) == ["a"])
    try store.commit([.delete(pod.key)])
    #expect(try store.dependents(of: "u3").isEmpty)
  }

  @Test("watches that begin anywhere while threads write see each change once and in order")
  func handOver() throws {
    let store = try ResourceDatabase.withHistory(cacheBytes: 4096)
    let starts = Mutex<[(Int64, ChangeRecorder)]>([])
    onThreads(6) { thread in
      for round in 0..<60 {
        if thread < 4 {
          let name = "p\(thread)-\(round % 5)"
          if (try? store.put(name, Int64(round))) == nil { _ = try? store.create(.test(name)) }
          if round % 7 == 6 { _ = try? store.commit([.delete(Resource.test(name).key)]) }
        } else {
          let start = max(0, store.revision - Int64(round % 9))
          let seen = ChangeRecorder()
          if (try? store.watch(.pod, after: start, handler: seen.record)) != nil { starts.withLock { $0.append((start, seen)) } }
        }
      }
    }
    let truth = try store.changes(of: .pod, after: 0, limit: 10_000).changes
    #expect(truth.map { $0.event.resource.resourceVersion } == (1...store.revision).map { $0 })
    let watches = starts.withLock { $0 }
    #expect(watches.count == 120)
    for (start, seen) in watches {
      let expected = truth.filter { ($0.event.resource.resourceVersion ?? 0) > start }
      #expect(seen.changes.map(\.event.resource) == expected.map(\.event.resource))
      #expect(seen.changes.map(\.event.change) == expected.map(\.event.change))
      #expect(seen.changes.map(\.previous) == expected.map(\.previous))
    }
  }
}
