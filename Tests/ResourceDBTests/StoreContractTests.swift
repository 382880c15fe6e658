import Basics
import Contracts
import JSONValue
import KubeModel
import Testing

@testable import ResourceDB

/// What services rely on, whichever store they have.
@Suite struct StoreContractTests {
  @Test("a created object gets uid, creationTimestamp, resourceVersion and generation")
  func createFills() throws {
    let store = try ResourceDatabase.forTests()
    let stored = try store.create(Resource(.pod, json: ["metadata": ["name": "a", "namespace": "n", "generation": 7], "x": 1]))
    #expect(stored.uid.utf8.count == 36)
    #expect(Array(stored.uid)[14] == "4")
    #expect(stored.creationTimestamp == Instant(seconds: 1_000_000))
    #expect(stored.resourceVersion == 1)
    #expect(stored.metadata["generation"] == 1)
    #expect(stored.json["x"] == 1)
    #expect(try store.get(stored.key) == stored)
  }

  @Test("a uid that the caller chose is kept, so that a run's row can be stored with its workflow")
  func keepsUID() throws {
    let store = try ResourceDatabase.forTests()
    var workflow = Resource(.workflow, json: ["metadata": ["name": "w", "namespace": "n"]])
    workflow.uid = "u1"
    let run = RunRow(uid: "u1", namespace: "n", name: "w", header: ["a": 1], isFinished: false)
    let results = try store.commit([.create(workflow), .putNode(.test("u1", 0)), .putRun(run)])
    #expect(results.count == 3)
    #expect(results[0]?.uid == "u1")
    #expect(try store.runs(uid: nil) == [run])
    #expect(try store.nodes(ofRun: "u1") == [.test("u1", 0)])
  }

  @Test("a name is made from generateName and made anew when it is taken")
  func generateName() throws {
    // Draws of 0 make one suffix again and again until they run out.
    let draws = Draws()
    let store = try ResourceDatabase(file: ":memory:", random: { draws.next(zeros: 20) })
    let resource = Resource(.pod, json: ["metadata": ["generateName": "p-", "namespace": "n"]])
    let first = try store.create(resource)
    let second = try store.create(resource)
    #expect(first.name == "p-bbbbb")
    #expect(second.name != first.name)
    #expect(second.name.hasPrefix("p-"))
    #expect(second.name.utf8.count == 7)
    #expect(second.name.utf8.dropFirst(2).allSatisfy { ObjectNames.alphabet.contains($0) })
    #expect(try store.get(second.key) == second)
    #expect(second.generateName == "p-")
  }

  @Test("a name that is taken by another kind or namespace is free")
  func keysAreApart() throws {
    let store = try ResourceDatabase.forTests()
    try store.create(.test("a", namespace: "n"))
    try store.create(.test("a", namespace: "m"))
    try store.create(Resource(.configMap, json: ["metadata": ["name": "a", "namespace": "n"]]))
    #expect(throws: KubeStatus.alreadyExists(ResourceKey(.pod, namespace: "n", name: "a"))) { try store.create(.test("a", namespace: "n")) }
  }

  @Test(
    "names that are no RFC 1123 subdomains are invalid",
    arguments: [
      "", "A", "a_b", "-a", "a-", "a..b", ".a", "a.", "a/b", "ä", "a b", String(repeating: "a", count: 254),
    ])
  func invalidNames(name: String) throws {
    let store = try ResourceDatabase.forTests()
    let failure = #expect(throws: KubeStatus.self) { try store.create(.test(name)) }
    #expect(failure?.reason == .invalid)
  }

  @Test("names that are RFC 1123 subdomains are taken", arguments: ["a", "0", "a-b.c--d", String(repeating: "a", count: 253)])
  func validNames(name: String) throws {
    #expect(try ResourceDatabase.forTests().create(.test(name)).name == name)
  }

  @Test("an update keeps uid, creationTimestamp and generation, and gives a new resourceVersion")
  func updateKeeps() throws {
    let store = try ResourceDatabase.forTests()
    let stored = try store.create(.test("a"))
    var changed = Resource.test("a")
    changed.json["spec"] = ["x": 2]
    let updated = try store.update(changed)
    #expect(updated.uid == stored.uid)
    #expect(updated.creationTimestamp == stored.creationTimestamp)
    #expect(updated.metadata["generation"] == 1)
    #expect(updated.resourceVersion == 2)
    #expect(try store.get(updated.key) == updated)
  }

  @Test("an update of an older version conflicts, of a missing object is not found, of a strange version conflicts")
  func updateRefusals() throws {
    let store = try ResourceDatabase.forTests()
    var stored = try store.create(.test("a"))
    try store.update(stored)
    #expect(throws: KubeStatus.conflict(stored.key)) { try store.update(stored) }
    stored.editMetadata { $0["resourceVersion"] = "abc" }
    #expect(throws: KubeStatus.conflict(stored.key)) { try store.update(stored) }
    let missing = Resource.test("b")
    #expect(throws: KubeStatus.notFound(missing.key)) { try store.update(missing) }
  }

  @Test("a transaction is all or nothing, and a failed one uses up no revision and tells nothing")
  func atomic() throws {
    let store = try ResourceDatabase.forTests()
    try store.create(.test("a"))
    let seen = Recorder()
    let watch = store.watch([.pod], handler: seen.record)
    #expect(throws: KubeStatus.self) { try store.commit([.create(.test("b")), .delete(Resource.test("a").key), .create(.test("b"))]) }
    #expect(try store.get(Resource.test("b").key) == nil)
    #expect(try store.get(Resource.test("a").key) != nil)
    #expect(store.revision == 1)
    #expect(seen.events.isEmpty)
    watch.cancel()
  }

  @Test("a removal is told with its own revision; removing what is not there is no error and tells nothing")
  func delete() throws {
    let store = try ResourceDatabase.forTests()
    let seen = Recorder()
    let stored = try store.create(.test("a"))
    let watch = store.watch([.pod], handler: seen.record)
    try store.commit([.delete(stored.key)])
    try store.commit([.delete(stored.key)])
    #expect(seen.events.map(\.change) == [.deleted])
    #expect(seen.events.first?.resource.uid == stored.uid)
    #expect(seen.events.first?.resource.resourceVersion == 2)
    #expect(try store.get(stored.key) == nil)
    #expect(try store.list(.pod, namespace: nil, labels: .everything).isEmpty)
    watch.cancel()
  }

  @Test("a list is by namespace and name, of one kind, with the labels asked for", arguments: [0, 1 << 20])
  func list(cacheBytes: Int) throws {
    let store = try ResourceDatabase.forTests(cacheBytes: cacheBytes)
    for (namespace, name, color) in [("m", "b", "red"), ("m", "a", "blue"), ("a", "z", "red"), ("m-1", "a", "red")] {
      try store.create(
        Resource(.pod, json: ["metadata": ["name": .string(name), "namespace": .string(namespace), "labels": ["color": .string(color)]]]))
    }
    try store.create(Resource(.secret, json: ["metadata": ["name": "s", "namespace": "m"]]))
    let red = LabelSelector([.equals("color", "red")])
    #expect(
      try store.list(.pod, namespace: nil, labels: .everything).map { "\($0.namespace)/\($0.name)" } == ["a/z", "m/a", "m/b", "m-1/a"])
    #expect(try store.list(.pod, namespace: "m", labels: red).map(\.name) == ["b"])
    #expect(try store.list(.pod, namespace: nil, labels: red).compactMap(\.resourceVersion) == [3, 1, 4])
    #expect(try store.list(.workflow, namespace: nil, labels: .everything).isEmpty)
  }

  @Test(
    "a Secret's stringData is stored encoded in data, where it wins",
    arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("häß", "aMOkw58=")])
  func stringData(plain: String, encoded: String) throws {
    let store = try ResourceDatabase.forTests()
    var secret = Resource(.secret, json: ["metadata": ["name": "s", "namespace": "n"], "data": ["k": "eA==", "o": "eQ=="]])
    secret.json["stringData"] = ["k": .string(plain)]
    let stored = try store.create(secret)
    #expect(stored.json["data"] == ["k": .string(encoded), "o": "eQ=="])
    #expect(stored.json["stringData"] == nil)
    #expect(try store.get(stored.key) == stored)
  }

  @Test("runs and nodes are rows: replaced, listed while unfinished, removed together")
  func runs() throws {
    let store = try ResourceDatabase.forTests()
    var run = RunRow(uid: "r", namespace: "n", name: "w", header: ["a": [1, 2.5, "x"]], isFinished: false)
    try store.commit([.putRun(run), .putNode(.test("r", 1)), .putNode(.test("r", 0))])
    try store.commit([.putRun(RunRow(uid: "s", namespace: "n", name: "w2", header: [:], isFinished: true))])
    #expect(try store.runs(uid: nil) == [run])
    #expect(try store.runs(uid: "s").map(\.name) == ["w2"])
    var node = NodeRow.test("r", 1)
    node.phase = "Succeeded"
    run.isFinished = true
    try store.commit([.putNode(node), .putRun(run)])
    #expect(try store.nodes(ofRun: "r") == [.test("r", 0), node])
    #expect(try store.runs(uid: nil).isEmpty)
    try store.commit([.deleteRun(uid: "r")])
    #expect(try store.nodes(ofRun: "r").isEmpty)
    #expect(try store.runs(uid: "r").isEmpty)
    let failure = #expect(throws: KubeStatus.self) { try store.commit([.putNode(.test("r", 0))]) }
    #expect(failure?.reason == .invalid)
  }

  @Test("a document that could not be read again is refused")
  func deep() throws {
    let store = try ResourceDatabase.forTests()
    var value: JSON = 1
    for _ in 0..<JSON.maximumDepth { value = .array([value]) }
    var pod = Resource.test("a")
    pod.json["spec"] = value
    let failure = #expect(throws: KubeStatus.self) { try store.create(pod) }
    #expect(failure?.reason == .invalid)
  }

  @Test("a watch tells its kinds alone, nothing of before, and nothing once cancelled")
  func watch() throws {
    let store = try ResourceDatabase.forTests()
    let pod = try store.create(.test("a"))
    let seen = Recorder()
    let watch = store.watch([.pod, .secret], handler: seen.record)
    try store.update(pod)
    try store.create(Resource(.configMap, json: ["metadata": ["name": "c", "namespace": "n"]]))
    try store.commit([.create(Resource(.secret, json: ["metadata": ["name": "s", "namespace": "n"]])), .delete(pod.key)])
    watch.cancel()
    try store.create(.test("b"))
    #expect(seen.events.map(\.change) == [.modified, .added, .deleted])
    #expect(seen.events.compactMap(\.resource.resourceVersion) == [2, 4, 5])
  }

  @Test("a handler that commits and cancels its own watch does not deadlock")
  func reentrant() throws {
    let store = try ResourceDatabase.forTests()
    let seen = Recorder()
    let handle = HandleBox()
    handle.set(
      store.watch([.pod]) { events in
        seen.record(events)
        if seen.events.count == 1 {
          _ = try? store.create(.test("second"))
        } else {
          handle.cancel()
        }
      })
    try store.create(.test("first"))
    try store.create(.test("third"))
    #expect(seen.events.map(\.resource.name) == ["first", "second"])
  }

  @Test("an object evicted from memory is read from the database")
  func eviction() throws {
    let store = try ResourceDatabase.forTests(cacheBytes: 2000)
    var stored: [Resource] = []
    for number in 0..<50 { stored.append(try store.create(.test("p\(number)", payload: 100))) }
    for _ in 0..<2 {
      for resource in stored { #expect(try store.get(resource.key) == resource) }
    }
    let updated = try store.update(stored[3])
    #expect(try store.get(updated.key) == updated)
  }
}
