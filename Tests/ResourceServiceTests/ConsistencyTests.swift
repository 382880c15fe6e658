import Basics
import Contracts
import JSONValue
import KubeModel
import ResourceService
import Synchronization
import Testing

@testable import ResourceDB

/// The same numbers for the same seed.
private struct SeededRandom: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// What a client holds of the objects that it selected.
private struct Mirror: Sendable {
  var objects: [ResourceKey: Resource] = [:]
  var revision: Int64 = 0
  var faults: [String] = []

  mutating func take(_ signal: WatchSignal) -> KubeStatus? {
    switch signal {
    case .failed(let status): return status
    case .bookmark(let revision, _):
      if revision < self.revision { faults.append("bookmark \(revision) after \(self.revision)") }
      self.revision = max(self.revision, revision)
    case .event(let event):
      let key = event.resource.key
      let revision = event.resource.resourceVersion ?? 0
      if revision <= self.revision { faults.append("\(event.change) \(key.name) \(revision) after \(self.revision)") }
      self.revision = revision
      switch (event.change, objects[key] != nil) {
      case (.added, false), (.modified, true): objects[key] = event.resource
      case (.deleted, true): objects[key] = nil
      default: faults.append("\(event.change) \(key.name) \(revision), which was \(objects[key] == nil ? "not there" : "there")")
      }
    }
    return nil
  }
}

/// A client that lists and watches, lets go and resumes at random, and lists anew when its revision is too old.
private final class MirrorClient: Sendable {
  let bench: Bench
  let labels: LabelSelector
  let mirror = Mutex(Mirror())
  /// Lists as they were read: of which revision, with what in them.
  let snapshots = Mutex<[(revision: Int64, items: [Resource])]>([])
  let relists = Mutex(0)

  init(_ bench: Bench, _ labels: LabelSelector) {
    self.bench = bench
    self.labels = labels
  }

  func run(seed: UInt64, isOver: () -> Bool) throws {
    var random = SeededRandom(state: seed)
    var mustList = true
    while true {
      let endsAfter = isOver()
      if mustList { try list(pageSize: Int.random(in: 1...7, using: &random)) }
      mustList = try !watch(last: endsAfter, count: Int.random(in: 0...40, using: &random))
      if endsAfter, !mustList { return }
    }
  }

  private func list(pageSize: Int) throws {
    var options = ListOptions()
    options.labels = labels
    options.limit = pageSize
    var items: [Resource] = []
    var revision: Int64 = 0
    relists.withLock { $0 += 1 }
    while true {
      do {
        let page = try bench.service.list(.configMap, namespace: "n", options)
        items += page.items
        revision = page.revision
        options.continueToken = page.continueToken
      } catch {
        guard error.reason == .expired else { throw error }
        items = []
        options.continueToken = ""
        // The history is short here: a list that is always too slow reads all at once.
        options.limit = 0
        continue
      }
      if options.continueToken.isEmpty { break }
    }
    snapshots.withLock { $0.append((revision, items)) }
    mirror.withLock { mirror in
      mirror.objects = Dictionary(items.map { ($0.key, $0) }) { first, _ in first }
      if mirror.objects.count != items.count { mirror.faults.append("a list has an object twice") }
      mirror.revision = revision
    }
  }

  /// Watches until so many signals have come, or, when it is the last watch, until the newest revision. False: the revision is too old.
  private func watch(last: Bool, count: Int) throws -> Bool {
    var options = WatchOptions()
    options.labels = labels
    options.allowsBookmarks = true
    options.resourceVersion = String(mirror.withLock { $0.revision })
    let target = bench.store.revision
    let progress = Mailbox<Int64>()
    let failure = Mutex<KubeStatus?>(nil)
    let handle = try bench.service.watch(.configMap, namespace: "n", options) { signals in
      for signal in signals {
        let revision = self.mirror.withLock { mirror -> Int64 in
          if let status = mirror.take(signal) { failure.withLock { $0 = status } }
          return mirror.revision
        }
        progress.post(revision)
      }
      if failure.withLock({ $0 }) != nil { progress.close() }
    }
    var seen = 0
    let deadline = SystemClock.steady() + TimeSpan(seconds: 60)
    while seen < count || last {
      let pause = last ? deadline : SystemClock.steady() + TimeSpan(milliseconds: 5)
      guard let revisions = progress.takeAll(deadline: pause), !revisions.isEmpty else { break }
      seen += revisions.count
      if last, revisions.contains(where: { $0 >= target }) { break }
    }
    handle.cancel()
    return failure.withLock { $0 } == nil
  }
}

@Suite("consistency")
struct ConsistencyTests {
  @Test(
    "lists and watches that resume anywhere agree with the truth while threads write and the history is cut",
    arguments: [1, 2, 3] as [UInt64])
  func mirrors(seed: UInt64) throws {
    var limits = HistoryLimits()
    limits.seconds = -1
    limits.changes = 60
    var settings = ResourceServiceSettings()
    settings.bookmarkInterval = TimeSpan(milliseconds: 15)
    let bench = try Bench(history: limits, settings: settings)
    defer { bench.service.stop() }
    let truth = Mutex<[RecordedChange]>([])
    let truthWatch = try bench.store.watch(.configMap, after: bench.store.revision) { changes in truth.withLock { $0 += changes } }
    let selectors = [
      LabelSelector.everything, LabelSelector([.equals("color", "red")]), LabelSelector([.notEquals("color", "red"), .exists("color")]),
    ]
    let clients = (0..<6).map { MirrorClient(bench, selectors[$0 % 3]) }
    let isOver = Atomic(false)
    let failures = Mutex<[String]>([])
    let writers = (0..<3).map { number in
      startThread(name: "writer") {
        var random = SeededRandom(state: seed &* 100 &+ UInt64(number))
        for step in 0..<250 {
          let name = "c\(Int.random(in: 0..<25, using: &random))"
          let color = ["red", "green", "blue"][Int.random(in: 0..<3, using: &random)]
          let labels: JSON = Int.random(in: 0..<5, using: &random) == 0 ? ["color": nil] : ["color": .string(color)]
          do {
            switch Int.random(in: 0..<10, using: &random) {
            case 0...1: _ = try bench.service.delete(bench.key(.configMap, name), DeleteOptions(), bench.options)
            case 2...4: try bench.create(.configMap, ["metadata": ["name": .string(name), "labels": ["color": .string(color)]]])
            default:
              try bench.patch(.configMap, name, ["metadata": ["labels": labels], "data": ["step": .string("\(number)-\(step)")]])
            }
          } catch let status as KubeStatus where [.notFound, .alreadyExists, .conflict].contains(status.reason) {
          } catch {
            failures.withLock { $0.append("\(error)") }
          }
        }
      }
    }
    let trimmer = startThread(name: "trimmer") {
      while !isOver.load(ordering: .acquiring) {
        if !bench.store.trimHistory() { _ = Mailbox<Void>().takeAll(deadline: SystemClock.steady() + TimeSpan(milliseconds: 2)) }
      }
    }
    let readers = clients.enumerated().map { number, client in
      startThread(name: "reader") {
        do {
          try client.run(seed: seed &* 1000 &+ UInt64(number)) { isOver.load(ordering: .acquiring) }
        } catch { failures.withLock { $0.append("\(error)") } }
      }
    }
    for writer in writers { writer.join() }
    isOver.store(true, ordering: .releasing)
    for reader in readers { reader.join() }
    trimmer.join()
    truthWatch.cancel()
    #expect(failures.withLock { $0 }.isEmpty)

    let changes = truth.withLock { $0 }
    #expect(changes.count > 200)
    for client in clients {
      let mirror = client.mirror.withLock { $0 }
      #expect(mirror.faults.isEmpty)
      let present = try bench.store.list(.configMap, namespace: "n", labels: client.labels)
      #expect(Set(mirror.objects.values) == Set(present))
      for (revision, items) in client.snapshots.withLock({ $0 }) {
        let expected = state(changes, at: revision).filter { client.labels.matches($0.labels) }
        #expect(Set(items) == Set(expected), "the list of revision \(revision)")
      }
    }
    // The test is about resuming: there were more watches than lists, and the history was cut.
    #expect(bench.store.oldestRevision > 0)
  }

  /// All objects as they were at a revision.
  private func state(_ changes: [RecordedChange], at revision: Int64) -> [Resource] {
    var objects: [ResourceKey: Resource] = [:]
    for change in changes {
      guard (change.event.resource.resourceVersion ?? 0) <= revision else { break }
      objects[change.event.resource.key] = change.event.change == .deleted ? nil : change.event.resource
    }
    return Array(objects.values)
  }
}
