import Basics
import Contracts
import Glibc
import JSONValue
import ResourceDB
import Synchronization
import Testing

@testable import NodeService

@Suite("Pods for which the machine has no room") struct LackTests {
  @Test(
    "a pod is started again while the machine lacks processes, memory, open files or room", arguments: [EAGAIN, ENOMEM, EMFILE, ENOSPC])
  func refused(number: Int32) async throws {
    try await Bench.with { bench in
      bench.runner.state.withLock { $0.lack = number }
      try bench.create("p")
      try await Task.sleep(for: .milliseconds(50))
      #expect(try bench.phase("p") != "Failed")
      bench.runner.state.withLock { $0.lack = 0 }
      try await bench.started("p")
      bench.end("p")
      try await bench.reaches("p", "Succeeded")
    }
  }

  @Test("a pod that its supervisor gave up for want of processes is started again, and stopped if that was asked for") func givenUp()
    async throws
  {
    try await Bench.with { bench in
      for name in ["p", "q"] {
        try bench.create(name)
        try await bench.started(name)
      }
      bench.end("p", []) { $0.failure = PodReport.lackFailure }
      try await eventually("started again") { bench.runner.started == ["p", "q", "p"] }
      #expect(try bench.phase("p") != "Failed")
      bench.end("p")
      try await bench.reaches("p", "Succeeded")

      try bench.store.commit([.patch(Bench.key("q"), ["metadata": ["annotations": [stopAnnotation: "terminate"]]])])
      try await eventually("told to stop") { !bench.runner.stops("q").isEmpty }
      bench.end("q", []) { $0.failure = PodReport.lackFailure }
      try await bench.reaches("q", "Failed")
      #expect(bench.runner.started.count == 3)
    }
  }

  @Test("where the machine has lacked processes few pods begin at once, and more as they get them") func fewer() async throws {
    try await Bench.with(maximumPods: 20, startTime: TimeSpan(seconds: 3600)) { bench in
      let names = (0..<12).map { "p\($0)" }
      for name in names { try bench.create(name) }
      try await eventually("all begin") { bench.runner.started.count == 12 }
      for name in names { bench.end(name, []) { $0.failure = PodReport.lackFailure } }
      var running = 0
      // One; then two more than that had been, since it got what it needs; and so on.
      for wave in [1, 2, 4] {
        try await eventually("\(wave) begin") { bench.runner.started.count >= 12 + running + wave }
        try await Task.sleep(for: .milliseconds(100))
        #expect(bench.runner.started.count == 12 + running + wave)
        for name in bench.runner.started.suffix(wave) { bench.runner.tell(name, Bench.report([("main", nil)])) }
        running += wave
      }
      try await eventually("all have begun again") { bench.runner.started.count == 24 }
      #expect(Set(bench.runner.started.suffix(12)) == Set(names))
    }
  }
}
