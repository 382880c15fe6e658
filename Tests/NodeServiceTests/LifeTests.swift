import Basics
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing

@testable import NodeService

@Suite struct LifeTests {
  @Test("a pod that cannot be started fails with the reason, and leaves its place") func refused() async throws {
    try await Bench.with(maximumPods: 1) { bench in
      bench.runner.state.withLock { $0.refusal = "no supervisor" }
      try bench.create("a")
      try await bench.reaches("a", "Failed")
      #expect(try bench.status("a")["initContainerStatuses"]?[0]?.at("state", "terminated", "message") == "no supervisor")
      bench.runner.state.withLock { $0.refusal = nil }
      try bench.create("b")
      try await bench.started("b")
    }
  }

  @Test("pods beyond the capacity wait in order") func capacity() async throws {
    try await Bench.with(maximumPods: 2) { bench in
      for name in ["c", "a", "d", "b"] { try bench.create(name) }
      try await eventually("two started") { bench.runner.started.count == 2 }
      #expect(Set(bench.runner.started) == ["c", "a"])
      bench.end("a")
      try await bench.started("d")
      #expect(!bench.runner.started.contains("b"))
      bench.end("d")
      try await bench.started("b")
    }
  }

  @Test("Running is written after a while, and at once for daemons") func running() async throws {
    try await Bench.with { bench in
      try bench.create("p")
      try bench.create("d", template: ["daemon": true])
      try await bench.started("p")
      try await bench.started("d")
      bench.runner.tell("d", Bench.report([("main", nil)]))
      try await bench.reaches("d", "Running")
      #expect(try bench.status("d")["containerStatuses"]?[0]?["ready"] == true)
      bench.runner.tell("p", Bench.report([("main", nil)]))
      try await bench.reaches("p", "Running")
    }
  }

  @Test("a pod that ends soon is never written as Running") func short() async throws {
    try await Bench.with(announcementDelay: TimeSpan(seconds: 3600)) { bench in
      let phases = Mutex<[String]>([])
      let watch = bench.store.watch([.pod]) { events in
        phases.withLock { $0 += events.compactMap { $0.resource.status["phase"]?.string } }
      }
      try bench.create("p")
      try await bench.started("p")
      bench.runner.tell("p", Bench.report([("main", nil)]))
      bench.end("p")
      try await eventually("told") { phases.withLock { $0.last } == "Succeeded" }
      watch.cancel()
      #expect(phases.withLock { $0 } == ["Succeeded"])
    }
  }

  @Test("a pod that is asked to stop before it starts never does") func stopWaiting() async throws {
    try await Bench.with(maximumPods: 1) { bench in
      try bench.create("a")
      try bench.create("b")
      try bench.create("c", annotations: [stopAnnotation: "kill"])
      try await bench.started("a")
      try bench.store.commit([.patch(Bench.key("b"), ["metadata": ["annotations": [stopAnnotation: "terminate"]]])])
      for pod in ["b", "c"] {
        try await bench.reaches(pod, "Failed")
        #expect(
          try bench.status(pod)["initContainerStatuses"]?[0]?.at("state", "terminated", "message") == "stopped before it started")
      }
      bench.end("a")
      bench.node.waitUntilIdle(timeout: TimeSpan(seconds: 20))
      #expect(bench.runner.started == ["a"])
    }
  }

  @Test("a pod that runs is stopped as asked, each manner once") func stopRunning() async throws {
    try await Bench.with { bench in
      try bench.create("p")
      try await bench.started("p")
      for _ in 0..<2 {
        try bench.store.commit([.patch(Bench.key("p"), ["metadata": ["annotations": [stopAnnotation: "terminate"]]])])
      }
      try await eventually("stopped") { bench.runner.stops("p").contains(.gracefully) }
      try bench.store.commit([.patch(Bench.key("p"), ["metadata": ["annotations": [stopAnnotation: "kill"]]])])
      try await eventually("killed") { bench.runner.stops("p").contains(.immediately) }
      bench.end("p", [("main", 137)])
      try await bench.reaches("p", "Failed")
    }
  }

  @Test("a deleted pod is killed and its directory removed, and one made again under its name runs") func deleted() async throws {
    try await Bench.with { bench in
      let first = try bench.create("p")
      try await bench.started("p")
      try bench.store.commit([.delete(Bench.key("p"))])
      let second = try bench.create("p")
      try await eventually("killed") { bench.runner.stops("p").contains(.immediately) }
      try await eventually("started again") { bench.runner.started == ["p", "p"] }
      #expect(first.uid != second.uid)
      bench.end("p")
      try await bench.reaches("p", "Succeeded")
    }
  }

  @Test("what a deleted pod reports is not written onto its successor") func successor() async throws {
    try await Bench.with { bench in
      let first = try bench.create("p")
      try await bench.started("p")
      let observe = bench.runner.state.withLock { $0.observers["p"] }
      try bench.store.commit([.delete(Bench.key("p"))])
      try bench.create("p")
      try await eventually("started again") { bench.runner.started == ["p", "p"] }
      var report = Bench.report([("main", 1)])
      report.isFinished = true
      observe?(report)
      try await eventually("removed") { !LocalFiles.exists(bench.node.directory(of: first)) }
      #expect(try bench.phase("p") == nil)
    }
  }

  @Test("waiting for idleness sees pods that were just made") func idle() async throws {
    try await Bench.with { bench in
      bench.runner.state.withLock { $0.refusal = "no" }
      for number in 0..<20 {
        try bench.create("p\(number)")
        bench.node.waitUntilIdle(timeout: TimeSpan(seconds: 20))
        #expect(try bench.phase("p\(number)") == "Failed")
      }
    }
  }
}

@Suite struct RestartTests {
  @Test("pods of an earlier process are taken over before others start, whatever the capacity") func adopted() async throws {
    let bench = try Bench(maximumPods: 1)
    try bench.create("a")
    try bench.create("b")
    let directory = try bench.directory("b")
    try LocalFiles.makeDirectories(directory)
    bench.runner.state.withLock { $0.adoptable[directory] = Bench.report([("main", nil)]) }
    try bench.node.start()
    defer { bench.node.stop() }
    try await bench.reaches("b", "Running")
    #expect(bench.runner.started.isEmpty)
    bench.end("b")
    try await bench.reaches("b", "Succeeded")
    try await bench.started("a")
    #expect(bench.runner.state.withLock { $0.adopted } == [directory])
  }

  @Test("a pod that was prepared and never started begins anew") func begunAnew() async throws {
    let bench = try Bench()
    try bench.create("p")
    let directory = try bench.directory("p")
    try bench.write("half", directory + "/volumes/x")
    try bench.node.start()
    defer { bench.node.stop() }
    try await bench.started("p")
    #expect(!LocalFiles.exists(directory + "/volumes/x"))
  }

  @Test("a pod that was asked to stop meanwhile is taken over and stopped") func stopped() async throws {
    let bench = try Bench()
    try bench.create("p", annotations: [stopAnnotation: "terminate"])
    let directory = try bench.directory("p")
    try LocalFiles.makeDirectories(directory)
    bench.runner.state.withLock { $0.adoptable[directory] = Bench.report([("main", nil)]) }
    try bench.node.start()
    defer { bench.node.stop() }
    try await eventually("stopped") { bench.runner.stops("p") == [.gracefully] }
  }

  @Test("a pod that ended meanwhile is concluded") func ended() async throws {
    let bench = try Bench()
    try bench.create("p")
    let directory = try bench.directory("p")
    try bench.write("said", directory + "/containers/main/result")
    var report = Bench.report([("main", 0)])
    report.isFinished = true
    bench.runner.state.withLock { [report] in $0.adoptable[directory] = report }
    try bench.node.start()
    defer { bench.node.stop() }
    try await bench.reaches("p", "Succeeded")
    #expect(try bench.result("p")?["result"] == "said")
  }

  @Test("a service that was never started stops") func unstarted() throws { try Bench().node.stop() }

  @Test("a store that cannot be read stops the start") func unreadable() throws {
    let bench = try Bench()
    bench.store.close()
    #expect(throws: KubeStatus.self) { try bench.node.start() }
    bench.node.stop()
  }
}
