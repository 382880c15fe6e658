import ArgoModel
import Basics
import ClusterService
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing

@testable import WorkflowService

@Suite struct RestartTests {
  @Test("a new service goes on where the last one stopped, and makes no pod twice") func restart() async throws {
    let bench = try Bench()
    let isReleased = Atomic<Bool>(false)
    let node = TinyNode(bench.database) { pod in
      pod.annotation(ArgoKey.nodeName)?.hasSuffix("s1") == true && !isReleased.load(ordering: .relaxed) ? nil : TinyNode.Ending()
    }
    node.start()
    let first = bench.service()
    try first.start()
    try bench.submit("w", chain(3))
    try await eventually("second step") { node.created.withLock { $0.count } == 2 }
    first.stop()
    // Ends while nobody decides.
    let pod = try #require(try bench.objects(.pod).first { $0.annotation(ArgoKey.nodeName)?.hasSuffix("s1") == true })
    isReleased.store(true, ordering: .relaxed)
    node.end(pod, TinyNode.Ending())
    try bench.submit("v", single)
    let second = bench.service()
    try second.start()
    try await bench.reaches("w", "Succeeded")
    try await bench.reaches("v", "Succeeded")
    second.stop()
    node.stop()
    let created = node.created.withLock { $0 }
    #expect(created.count == 4)
    #expect(Set(created).count == 4)
  }

  @Test("a pod that was deleted meanwhile is an error of its node") func lostPod() async throws {
    let bench = try Bench()
    let node = TinyNode(bench.database) { _ in nil }
    node.start()
    let first = bench.service()
    try first.start()
    try bench.submit("w", single)
    try await bench.reaches("w", "Running")
    first.stop()
    try bench.database.commit([.delete(ResourceKey(.pod, namespace: "n", name: "w"))])
    let second = bench.service()
    try second.start()
    try await bench.reaches("w", "Error")
    #expect(try bench.stored("w")?.status["message"] == "pod deleted")
    second.stop()
    node.stop()
  }

  @Test("a workflow that was deleted meanwhile leaves nothing") func deletedMeanwhile() async throws {
    let bench = try Bench()
    let node = TinyNode(bench.database) { _ in nil }
    node.start()
    let first = bench.service()
    try first.start()
    let uid = try bench.submit("w", single).uid
    try await bench.reaches("w", "Running")
    first.stop()
    try bench.database.commit([.delete(Bench.key("w"))])
    let second = bench.service()
    let collector = try bench.collector()
    defer { collector.stop() }
    try second.start()
    try await eventually("removed") { try bench.objects(.pod).isEmpty && bench.database.runs(uid: uid).isEmpty }
    second.stop()
    node.stop()
  }

  @Test("a run whose rows cannot be read is given up with a reason") func unreadable() async throws {
    let bench = try Bench()
    let uid = try bench.submit("w", single).uid
    try bench.database.commit([
      .putRun(RunRow(uid: uid, namespace: "n", name: "w", header: [:], isFinished: false)),
      .putNode(NodeRow(runUID: uid, index: 0, id: "w", phase: "Nonsense", record: [:])),
    ])
    let service = bench.service()
    try service.start()
    try await bench.reaches("w", "Error")
    service.stop()
    #expect(try bench.stored("w")?.status["message"]?.string?.hasPrefix("the stored run cannot be read") == true)
    #expect(try bench.database.runs(uid: nil).isEmpty)
  }

  @Test("a shutdown that was asked for meanwhile is obeyed") func shutdownMeanwhile() async throws {
    let bench = try Bench()
    let node = TinyNode(bench.database) { _ in nil }
    node.start()
    let first = bench.service()
    try first.start()
    try bench.submit("w", single)
    try await bench.reaches("w", "Running")
    first.stop()
    try bench.patch("w", ["spec": ["shutdown": "Terminate"]])
    let second = bench.service()
    try second.start()
    try await bench.reaches("w", "Failed")
    second.stop()
    node.stop()
  }

  @Test("a timer is set again, and fires by the service's clock") func timers() async throws {
    let bench = try Bench()
    let offset = Atomic<Int64>(0)
    let clock: @Sendable () -> Instant = { SystemClock.now() + TimeSpan(seconds: offset.load(ordering: .relaxed)) }
    let first = bench.service(clock: clock)
    try first.start()
    try bench.submit("w", ["entrypoint": "wait", "templates": [["name": "wait", "suspend": ["duration": "1h"]]]])
    try await bench.reaches("w", "Running")
    first.stop()
    offset.store(3601, ordering: .relaxed)
    let second = bench.service(clock: clock)
    try second.start()
    // Armed for the wall clock's hour; any message makes the service look.
    try bench.submit("nudge", ["entrypoint": "wait", "templates": [["name": "wait", "suspend": [:]]]])
    try await bench.reaches("w", "Succeeded")
    second.stop()
  }

  @Test("a store that cannot write for a while loses nothing") func flaky() async throws {
    let held = Mutex<Flaky?>(nil)
    let bench = try Bench { database in
      let store = Flaky(database)
      held.withLock { $0 = store }
      return store
    }
    let flaky = try #require(held.withLock { $0 })
    let node = TinyNode(bench.database)
    node.start()
    let service = bench.service()
    try service.start()
    flaky.failures.store(3, ordering: .sequentiallyConsistent)
    try bench.submit("w", chain(3))
    try await bench.reaches("w", "Succeeded")
    #expect(flaky.failures.load(ordering: .sequentiallyConsistent) == 0)
    #expect(Set(node.created.withLock { $0 }).count == node.created.withLock { $0 }.count)
    service.stop()
    node.stop()
  }

  @Test("a service whose store cannot write stops, and the next one decides again") func stopWhileFailing() async throws {
    let held = Mutex<Flaky?>(nil)
    let bench = try Bench { database in
      let store = Flaky(database)
      held.withLock { $0 = store }
      return store
    }
    let flaky = try #require(held.withLock { $0 })
    let node = TinyNode(bench.database)
    node.start()
    flaky.failures.store(1_000_000, ordering: .sequentiallyConsistent)
    try bench.submit("w", single)
    let first = bench.service()
    try first.start()
    try await eventually("a failed commit") { flaky.failures.load(ordering: .sequentiallyConsistent) < 1_000_000 }
    first.stop()
    #expect(try bench.phase("w") == nil)
    #expect(bench.progress.withLock { $0.isEmpty })
    flaky.failures.store(0, ordering: .sequentiallyConsistent)
    let second = bench.service()
    try second.start()
    try await bench.reaches("w", "Succeeded")
    second.stop()
    node.stop()
  }

  @Test("a service that was never started stops, and one whose store cannot be read does not start") func ends() throws {
    let bench = try Bench()
    bench.service().stop()
    bench.database.close()
    let service = bench.service()
    #expect(throws: KubeStatus.self) { try service.start() }
    service.stop()
  }
}
