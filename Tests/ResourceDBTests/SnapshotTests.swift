import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import Synchronization
import Testing

@testable import ResourceDB

@Suite("copies of a database in use") struct SnapshotTests {
  private let directory: TemporaryDirectory
  private var file: String { directory.database }
  private var copy: String { directory.path + "/copy.db" }

  init() throws { directory = try TemporaryDirectory() }

  private func counter(_ name: String, _ value: Int64) -> Resource {
    Resource(.configMap, json: ["metadata": ["name": .string(name), "namespace": "n"], "data": ["n": .string(String(value))]])
  }

  @Test("a copy is of one moment, whatever is written meanwhile, and writers go on")
  func consistency() throws {
    var settings = ResourceDatabaseSettings()
    settings.history = HistoryLimits()
    let store = try ResourceDatabase(file: file, settings: settings)
    // Two objects that every commit changes together, and a third of bulk.
    try store.commit([.create(counter("left", 0)), .create(counter("right", 0))])
    for number in 0..<300 { try store.create(.test("p-\(number)", payload: 3000)) }
    let isOver = Atomic<Bool>(false)
    let written = Atomic<Int>(0)
    let writer = startThread(name: "writer") {
      var value: Int64 = 1
      while !isOver.load(ordering: .relaxed) {
        _ = try? store.commit([.update(counter("left", value)), .update(counter("right", value))])
        written.wrappingAdd(1, ordering: .relaxed)
        value += 1
      }
    }
    var last: Int64 = 0
    for round in 0..<8 {
      let before = written.load(ordering: .relaxed)
      while written.load(ordering: .relaxed) < before + 20 { usleep(1000) }
      let place = directory.path + "/copy-\(round).db"
      let told = try ResourceDatabase.snapshot(of: file, to: place)
      var information = stat()
      #expect(stat(place, &information) == 0 && information.st_mode & 0o777 == 0o600)
      #expect(try ResourceDatabase.inspect(place, checks: true) == told)
      let opened = try ResourceDatabase(file: place)
      let maps = try opened.list(.configMap, namespace: "n", labels: .everything)
      #expect(maps.count == 2 && maps[0].json["data"] == maps[1].json["data"])
      #expect(try opened.list(.pod, namespace: nil, labels: .everything).count == 300)
      #expect(opened.revision == told.revision && told.revision > last)
      last = told.revision
      opened.close()
    }
    isOver.store(true, ordering: .relaxed)
    writer.join()
    #expect(store.revision > last)
    store.close()
    // Nobody serves it now.
    #expect(try ResourceDatabase.snapshot(of: file, to: copy).revision >= last)
  }

  @Test("a copy tells which pods have ended and with which keys its Secrets are encrypted")
  func content() throws {
    let store = try ResourceDatabase(file: file, sealing: TestSealing("00000000000000ab"))
    for (name, phase) in [("a", "Running"), ("b", "Succeeded"), ("c", "Failed"), ("d", "Pending")] {
      var pod = Resource.test(name)
      pod.json["status"] = ["phase": .string(phase)]
      try store.create(pod)
    }
    try store.create(Resource(.secret, json: ["metadata": ["name": "s", "namespace": "n"], "data": ["a": "Yg=="]]))
    let told = try ResourceDatabase.snapshot(of: file, to: copy)
    #expect(told.endedPods.map(\.name).sorted() == ["b", "c"])
    #expect(told.endedPods.allSatisfy { $0.namespace == "n" && !$0.uid.isEmpty })
    #expect(told.sealingKeys == ["00000000000000ab"])
    #expect(told.schema == Int64(Schema.steps.count))
    store.close()
  }

  @Test("a restored copy gives out no revision twice, and watchers of before list anew")
  func restored() throws {
    var settings = ResourceDatabaseSettings()
    settings.history = HistoryLimits()
    let store = try ResourceDatabase(file: file, settings: settings)
    for number in 0..<10 { try store.create(.test("p-\(number)")) }
    let told = try ResourceDatabase.snapshot(of: file, to: copy)
    // What the clients of the original see after the copy was made.
    for number in 10..<20 { try store.create(.test("p-\(number)")) }
    let seen = store.revision
    store.close()
    try ResourceDatabase.markRestored(copy)
    let again = try ResourceDatabase(file: copy, settings: settings)
    #expect(again.revision > seen + 100_000)
    #expect(again.oldest.load(ordering: .relaxed) > seen)
    #expect(try again.list(.pod, namespace: nil, labels: .everything).count == 10)
    #expect(told.revision == 10)
    again.close()
    let third = try ResourceDatabase(file: copy, settings: settings)
    #expect(third.revision == again.revision)
    third.close()
  }

  @Test("a damaged copy, a file of another program and one of a newer version are told as such; nothing stays of a copy that failed")
  func refusals() throws {
    let store = try ResourceDatabase(file: file)
    for number in 0..<50 { try store.create(.test("p-\(number)", payload: 2000)) }
    _ = try ResourceDatabase.snapshot(of: file, to: copy)
    store.close()
    var bytes = try #require(readFile(copy))
    for index in stride(from: 8192, to: bytes.count, by: 4096) { for place in 0..<64 { bytes[index + place] = 0xFF } }
    writeFile(copy, bytes)
    #expect { try ResourceDatabase.inspect(copy, checks: true) } throws: { "\($0)".contains("damaged") }
    // The source itself is damaged: no copy that looks good comes of it.
    let second = directory.path + "/second.db"
    #expect(throws: KubeStatus.self) { try ResourceDatabase.snapshot(of: copy, to: second) }
    #expect(access(second, F_OK) != 0)
    let foreign = directory.path + "/foreign.db"
    writeFile(foreign, [])
    #expect { try ResourceDatabase.snapshot(of: foreign, to: second) } throws: { "\($0)".contains("is a database of another program") }
    let connection = try Connection(file: file, access: .readWrite, busyMilliseconds: 0)
    try connection.execute("PRAGMA user_version = 1000")
    #expect { try ResourceDatabase.snapshot(of: file, to: second) } throws: { "\($0)".contains("was written by a newer version") }
    #expect(access(second, F_OK) != 0)
  }
}
