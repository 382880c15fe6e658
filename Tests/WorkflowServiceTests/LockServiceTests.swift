import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing
import WorkflowCore

@testable import WorkflowService

/// Hands commits on and remembers them.
private final class Recorder: ResourceStoring {
  let commits = Mutex<[[Write]]>([])
  private let inner: any ResourceStoring
  init(_ inner: any ResourceStoring) { self.inner = inner }

  func commit(_ writes: [Write]) throws(KubeStatus) -> [Resource?] {
    commits.withLock { $0.append(writes) }
    return try inner.commit(writes)
  }
  func get(_ key: ResourceKey) throws(KubeStatus) -> Resource? { try inner.get(key) }
  func owned(by uid: String) throws(KubeStatus) -> [Resource] { try inner.owned(by: uid) }
  func list(_ kind: ResourceKind, namespace: String?, labels: LabelSelector) throws(KubeStatus) -> [Resource] {
    try inner.list(kind, namespace: namespace, labels: labels)
  }
  func watch(_ kinds: Set<ResourceKind>, handler: @escaping @Sendable ([WatchEvent]) -> Void) -> any WatchHandle {
    inner.watch(kinds, handler: handler)
  }
  func runs(uid: String?) throws(KubeStatus) -> [RunRow] { try inner.runs(uid: uid) }
  func nodes(ofRun uid: String) throws(KubeStatus) -> [NodeRow] { try inner.nodes(ofRun: uid) }
}

/// Locks over the workflows of a store.
@Suite struct LockServiceTests {
  private static let mutex: JSON = ["mutexes": [["name": "m"]]]
  private static let message = "Waiting for n/Mutex/m lock. Lock status: 0/1"

  private func spec(_ synchronization: JSON = mutex, _ extra: JSONObject = [:], onTemplate: Bool = false) -> JSON {
    var template = leaf
    var spec: JSONObject = ["entrypoint": "leaf"]
    if onTemplate { template["synchronization"] = synchronization } else { spec["synchronization"] = synchronization }
    spec["templates"] = [template]
    for (key, value) in extra { spec[key] = value }
    return .object(spec)
  }

  private func configMap(_ name: String, _ data: JSONObject) -> Resource {
    Resource(.configMap, json: ["metadata": ["name": .string(name), "namespace": "n"], "data": .object(data)])
  }

  private func message(_ bench: Bench, _ name: String) throws -> String { try bench.stored(name)?.status["message"]?.string ?? "" }

  private func endPod(_ bench: Bench, _ node: TinyNode, _ name: String) throws {
    let pods = try bench.objects(.pod).filter { $0.label(ArgoKey.workflow) == name && $0.status["phase"]?.string == "Running" }
    for pod in pods { node.end(pod, TinyNode.Ending()) }
  }

  @Test("a workflow waits as Pending for one that holds its mutex, and begins in the transaction that ends the other")
  func workflowMutex() async throws {
    let held = Mutex<Recorder?>(nil)
    let bench = try Bench { database in
      let recorder = Recorder(database)
      held.withLock { $0 = recorder }
      return recorder
    }
    let recorder = try #require(held.withLock { $0 })
    let node = TinyNode(bench.database) { _ in nil }
    let service = bench.service()
    node.start()
    try service.start()
    let first = try bench.submit("a", spec()).uid
    try await bench.reaches("a", "Running")
    try bench.submit("b", spec())
    try await bench.reaches("b", "Pending")
    #expect(try message(bench, "b") == Self.message)
    #expect(try bench.stored("b")?.status["startedAt"] == nil)
    let status = try service.workflow(Bench.key("b"))?.status
    #expect(status?["synchronization"] == ["mutex": ["waiting": [["mutex": "n/Mutex/m", "holder": "n/a"]]]])
    try await eventually("a runs") { try bench.objects(.pod).contains { $0.status["phase"]?.string == "Running" } }
    try endPod(bench, node, "a")
    try await bench.reaches("b", "Running")
    #expect(try bench.phase("a") == "Succeeded" && message(bench, "b") == "")
    let end = recorder.commits.withLock { commits in
      commits.first { writes in
        writes.contains { if case .putRun(let row) = $0 { row.uid == first && row.isFinished } else { false } }
      }
    }
    let begins = try #require(end).contains { if case .create(let pod) = $0 { pod.label(ArgoKey.workflow) == "b" } else { false } }
    #expect(begins)
    try await eventually("b runs") { try bench.objects(.pod).contains { $0.name == "b" && $0.status["phase"]?.string == "Running" } }
    try endPod(bench, node, "b")
    try await bench.reaches("b", "Succeeded")
    service.stop()
    node.stop()
  }

  @Test("locks that are held and waited for survive a restart, in their order", arguments: [false, true])
  func restart(_ onTemplate: Bool) async throws {
    let bench = try Bench()
    let node = TinyNode(bench.database) { _ in nil }
    node.start()
    let first = bench.service()
    try first.start()
    try bench.submit("a", spec(onTemplate: onTemplate))
    try await eventually("a runs") { try bench.objects(.pod).contains { $0.status["phase"]?.string == "Running" } }
    try bench.submit("b", spec(onTemplate: onTemplate))
    try bench.submit("c", spec(Self.mutex, ["priority": 5], onTemplate: onTemplate))
    try await eventually("both wait") {
      try ["b", "c"].allSatisfy { name in
        let workflow = try first.workflow(Bench.key(name))
        return onTemplate
          ? workflow?.status.at("nodes", name, "synchronizationStatus") != nil : workflow?.status["message"]?.string == Self.message
      }
    }
    first.stop()
    let second = bench.service()
    try second.start()
    try bench.submit("d", spec(Self.mutex, ["priority": 9], onTemplate: onTemplate))
    try await eventually("d waits") { try second.workflow(Bench.key("d"))?.status["synchronization"] != nil }
    #expect(try bench.objects(.pod).count == 1)
    var order: [String] = []
    for _ in 0..<4 {
      var name = ""
      try await eventually("one runs") {
        let running = try bench.objects(.pod).filter { $0.status["phase"]?.string == "Running" }
        #expect(running.count <= 1)
        name = running.first?.label(ArgoKey.workflow) ?? ""
        return !name.isEmpty
      }
      order.append(name)
      try endPod(bench, node, name)
      try await bench.reaches(name, "Succeeded")
    }
    #expect(order == ["a", "d", "c", "b"])
    second.stop()
    node.stop()
  }

  @Test("what held a lock when it was deleted, or cannot be restored, holds it no longer")
  func gone() async throws {
    let bench = try Bench()
    let node = TinyNode(bench.database) { _ in nil }
    node.start()
    let first = bench.service()
    try first.start()
    try bench.submit("a", spec())
    try await bench.reaches("a", "Running")
    for name in ["b", "c", "d"] {
      try bench.submit(name, spec())
      try await bench.reaches(name, "Pending")
    }
    try bench.database.commit([.delete(Bench.key("a"))])
    try await bench.reaches("b", "Running")
    // A waiter that goes leaves the queue.
    try bench.database.commit([.delete(Bench.key("c"))])
    first.stop()
    let broken = try #require(try bench.stored("b")).uid
    try bench.database.commit([
      .putNode(NodeRow(runUID: broken, index: 0, id: "b", phase: "Nonsense", record: [:]))
    ])
    let second = bench.service()
    try second.start()
    try await bench.reaches("b", "Error")
    try await bench.reaches("d", "Running")
    second.stop()
    node.stop()
  }

  @Test("a changed limit holds at once, of a ConfigMap and of the store")
  func limits() async throws {
    let bench = try Bench()
    let node = TinyNode(bench.database) { _ in nil }
    node.start()
    try bench.database.create(configMap("locks", ["s": "1"]))
    let limit = Resource(.syncLimit, json: ["metadata": ["name": "k", "namespace": "n"], "spec": ["limit": 1]])
    try bench.database.create(limit)
    let service = bench.service()
    try service.start()
    let both: JSON = ["semaphores": [["configMapKeyRef": ["name": "locks", "key": "s"]], ["database": ["key": "k"]]]]
    for name in ["a", "b", "c"] {
      try bench.submit(name, spec(both))
      try await bench.reaches(name, name == "a" ? "Running" : "Pending")
    }
    #expect(try message(bench, "b") == "Waiting for n/ConfigMap/locks/s lock. Lock status: 0/1")
    try bench.database.commit([.patch(configMap("locks", [:]).key, ["data": ["s": "2"]])])
    let database = "Waiting for n/Database/k lock (sem/n/k). Lock status: 1/1"
    try await eventually("b stands before the other") { try message(bench, "b") == database }
    #expect(try bench.phase("b") == "Pending")
    try bench.database.commit([.patch(limit.key, ["spec": ["limit": 5]])])
    try await bench.reaches("b", "Running")
    #expect(try bench.phase("c") == "Pending")
    // What is no number changes nothing.
    try bench.database.commit([.patch(configMap("locks", [:]).key, ["data": ["s": "many"]])])
    try bench.database.commit([.patch(configMap("locks", [:]).key, ["data": ["s": "3"]])])
    try await bench.reaches("c", "Running")
    for (name, lock) in [
      ("none", ["configMapKeyRef": ["name": "nothing", "key": "s"]]), ("key", ["configMapKeyRef": ["name": "locks", "key": "x"]]),
    ]
      as [(String, JSON)]
    {
      try bench.submit(name, spec(["semaphores": [lock]]))
      try await bench.reaches(name, "Failed")
      #expect(try message(bench, name).hasPrefix("Failed to acquire the synchronization lock. failed to initialize semaphore n/ConfigMap/"))
    }
    service.stop()
    node.stop()
  }

  @Test("a stop ends workflows that wait for a lock")
  func stopped() async throws {
    try await Bench.with(script: { _ in nil }) { bench, service, _ in
      try bench.submit("a", spec())
      try await bench.reaches("a", "Running")
      let waiting = try bench.submit("b", spec()).uid
      try bench.submit("c", spec())
      try await bench.reaches("b", "Pending")
      try await bench.reaches("c", "Pending")
      service.command(runUID: waiting, .stop(message: nil))
      try await bench.reaches("b", "Failed")
      try bench.patch("c", ["spec": ["shutdown": "Terminate"]])
      try await bench.reaches("c", "Failed")
      #expect(try message(bench, "c") == "Stopped with strategy 'Terminate'")
    }
  }
}
