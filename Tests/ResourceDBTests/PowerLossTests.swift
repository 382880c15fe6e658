import Contracts
import FaultKit
import JSONValue
import KubeModel
import Testing

@testable import ResourceDB

@Suite("Loss of power")
struct PowerLossTests {
  /// What was so when a commit had returned.
  private struct Acknowledged {
    var moment: Int
    var isDurable: Bool
    var revision: Int64
    var pods: [Resource]
  }

  private static let counter = Resource.test("counter").key

  /// Random commits over a disk that keeps a record; the last word of each is its number.
  private func work(_ store: ResourceDatabase, on disk: FaultyDisk, using generator: inout SeededGenerator) throws -> [Acknowledged] {
    var done = [Acknowledged(moment: disk.moment, isDurable: true, revision: store.revision, pods: [])]
    for number in 1...60 {
      var writes: [Write] = []
      for pod in Set((0..<3).map { _ in Int.random(in: 0..<12, using: &generator) }).sorted() {
        let key = Resource.test("p\(pod)").key
        let text = String(repeating: "x", count: Int.random(in: 0..<4000, using: &generator))
        switch try (store.get(key), Int.random(in: 0..<4, using: &generator)) {
        case (nil, _): writes.append(.create(.test(key.name, payload: text.count)))
        case (_, 0): writes.append(.delete(key))
        default: writes.append(.patch(key, ["spec": ["text": .string(text)]]))
        }
      }
      let count: JSON = ["spec": ["count": .int(Int64(number))]]
      var counter = Resource.test(Self.counter.name)
      counter.json = counter.json.merged(with: count)
      writes.append(number == 1 ? .create(counter) : .patch(Self.counter, count))
      let isDurable = Int.random(in: 0..<3, using: &generator) > 0
      try store.commit(writes, isDurable: isDurable)
      done.append(Acknowledged(moment: disk.moment, isDurable: isDurable, revision: store.revision, pods: try pods(store)))
    }
    return done
  }

  private func pods(_ store: ResourceDatabase) throws -> [Resource] { try store.list(.pod, namespace: nil, labels: .everything) }

  @Test(
    "whenever the power fails, the database is whole, has what was acknowledged as durable, and of the rest a beginning",
    arguments: [UInt64.random(in: .min ... .max), 1, 2])
  func anyMoment(seed: UInt64) throws {
    print("PowerLossTests.anyMoment: seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    let directory = try TemporaryDirectory()
    let disk = FaultyDisk()
    // Below what is looked at afterwards lies a layer whose flushes cost nothing.
    let second = FaultyDisk()
    defer {
      disk.remove()
      second.remove()
    }
    var settings = ResourceDatabaseSettings()
    settings.fileSystem = disk.name
    settings.history = HistoryLimits()
    settings.checkpointPages = Int.random(in: 10...40, using: &generator)
    settings.cacheBytes = 0
    let store = try ResourceDatabase(file: directory.database, settings: settings)
    let opened = disk.moment
    let done = try work(store, on: disk, using: &generator)
    store.close()
    let operations = disk.operations
    // A third of them while the database is made.
    var moments: Set = [0, operations.count]
    // And when each commit that need not be there had returned: most of these lose something, whatever the seed.
    moments.formUnion(done.filter { !$0.isDurable }.map(\.moment))
    for number in 0..<75 { moments.insert(Int.random(in: 0...(number < 25 ? opened : operations.count), using: &generator)) }
    var power = PowerLoss()
    var losses = 0
    for moment in 0...operations.count {
      if moment > 0 { power.apply(operations[moment - 1]) }
      guard moments.contains(moment) else { continue }
      let image = "\(directory.path)/\(moment).db"
      for (name, bytes) in power.files(using: &generator) {
        writeFile(image + name.dropFirst("store.db".count), bytes)
      }
      let acknowledged = done.lastIndex { $0.isDurable && $0.moment <= moment } ?? 0
      let found = try check(image, on: second, against: done, "seed \(seed), moment \(moment)")
      #expect(found >= acknowledged, "seed \(seed), moment \(moment)")
      if found < (done.lastIndex { $0.moment <= moment } ?? 0) { losses += 1 }
      // Clients may have seen the revisions of what was lost: they are not given out again.
      let seen = done.last { $0.moment <= moment }?.revision ?? 0
      var revived = ResourceDatabaseSettings()
      revived.history = HistoryLimits()
      revived.fileSystem = second.name
      let next = try ResourceDatabase(file: image, settings: revived)
      #expect(next.revision >= seen, "seed \(seed), moment \(moment)")
      next.close()
    }
    #expect(losses > 0, "no power loss lost anything: the layer does not work; seed \(seed)")
  }

  /// Opens what the power has left; how many commits it has.
  private func check(_ image: String, on disk: FaultyDisk, against done: [Acknowledged], _ place: String) throws -> Int {
    var settings = ResourceDatabaseSettings()
    settings.fileSystem = disk.name
    let store = try ResourceDatabase(file: image, settings: settings)
    defer { store.close() }
    let verdict = try store.withConnection { (connection) throws(StoreFailure) -> String in
      let statement = try Statement(connection, "PRAGMA integrity_check", isKept: false)
      defer { statement.finalize() }
      return try statement.step() ? statement.string(0) : ""
    }
    #expect(verdict == "ok", "\(place)")
    let number = try store.get(Self.counter)?.json["spec"]?["count"]?.int.map(Int.init) ?? 0
    #expect(try pods(store) == done[number].pods, "\(place)")
    #expect(store.revision == done[number].revision, "\(place)")
    // As if the machine had been started anew since.
    try store.withConnection { (connection) throws(StoreFailure) in try connection.execute("UPDATE revision SET boot = 'earlier'") }
    return number
  }
}
