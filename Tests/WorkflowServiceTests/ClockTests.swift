import Basics
import JSONValue
import KubeModel
import Synchronization
import Testing
import WorkflowCore

@testable import WorkflowService

/// Clocks that jump: the wall clock, when somebody sets it, and both when the machine sleeps.
@Suite("Clocks that jump") struct ClockTests {
  private final class Clocks: Sendable {
    private let set = Atomic<Int64>(0)
    private let passed = Atomic<Int64>(0)

    /// Somebody sets the wall clock.
    func set(by seconds: Int64) { set.add(seconds, ordering: .sequentiallyConsistent) }
    /// Time passes; for a machine that sleeps, at once.
    func pass(seconds: Int64) { passed.add(seconds, ordering: .sequentiallyConsistent) }

    var wall: @Sendable () -> Instant {
      { SystemClock.now() + TimeSpan(seconds: self.set.load(ordering: .relaxed) + self.passed.load(ordering: .relaxed)) }
    }
    var steady: @Sendable () -> Instant { { SystemClock.steady() + TimeSpan(seconds: self.passed.load(ordering: .relaxed)) } }
  }

  private static let waiting: JSON = ["entrypoint": "wait", "templates": [["name": "wait", "suspend": [:]]]]

  /// Makes the service look at its clocks: it has done so when it has begun a new workflow.
  private func nudge(_ bench: Bench, _ name: String) async throws {
    try bench.submit(name, Self.waiting)
    try await bench.reaches(name, "Running")
  }

  private func seconds(_ bench: Bench, _ name: String) throws -> Int64 {
    let status = try #require(try bench.stored(name)).status
    let start = try #require(status["startedAt"]?.string.flatMap(Instant.init(rfc3339:)))
    let end = try #require(status["finishedAt"]?.string.flatMap(Instant.init(rfc3339:)))
    return (end - start).milliseconds / 1000
  }

  @Test("where the clock is set an hour on or back, what waits an hour waits an hour", arguments: [3600, -3600, 0] as [Int64])
  func setting(by jump: Int64) async throws {
    let bench = try Bench()
    let clocks = Clocks()
    let node = TinyNode(bench.database)
    let service = bench.service(clock: clocks.wall, steady: clocks.steady)
    node.start()
    try service.start()
    defer {
      service.stop()
      node.stop()
    }
    try bench.submit("suspended", ["entrypoint": "wait", "templates": [["name": "wait", "suspend": ["duration": "2h"]]]])
    try bench.submit(
      "limited", ["entrypoint": "wait", "activeDeadlineSeconds": 7200, "templates": [["name": "wait", "suspend": [:]]]])
    let ttl: JSON = ["secondsAfterCompletion": 7200]
    try bench.submit("early", ["entrypoint": "leaf", "ttlStrategy": ttl, "templates": [leaf]])
    try bench.submit("late", ["entrypoint": "wait", "ttlStrategy": ttl, "templates": [["name": "wait", "suspend": ["duration": "1s"]]]])
    try await bench.reaches("early", "Succeeded")
    for name in ["suspended", "limited"] { try await bench.reaches(name, "Running") }
    clocks.set(by: jump)
    clocks.pass(seconds: 10)
    try await bench.reaches("late", "Succeeded")
    try await nudge(bench, "n1")
    clocks.pass(seconds: 3600)
    try await nudge(bench, "n2")
    // A change of the object, as a user makes one, changes nothing.
    try bench.patch("late", ["metadata": ["annotations": ["a": "b"]]])
    try await nudge(bench, "n3")
    for name in ["suspended", "limited"] { #expect(try bench.phase(name) == "Running") }
    for name in ["early", "late"] { #expect(try bench.phase(name) == "Succeeded") }
    clocks.pass(seconds: 3600)
    try await nudge(bench, "n4")
    try await bench.reaches("suspended", "Succeeded")
    try await bench.reaches("limited", "Failed")
    for name in ["early", "late"] { try await eventually("\(name) is gone") { try bench.stored(name) == nil } }
    for name in ["suspended", "limited"] { #expect((7200..<10_000).contains(try seconds(bench, name))) }
    // New workflows have the clock as it is.
    let created = try #require(try bench.stored("n4")?.status["startedAt"]?.string.flatMap(Instant.init(rfc3339:)))
    #expect(abs((created - clocks.wall()).milliseconds) < 1_000_000)
  }

  @Test("what was due while the machine slept happens right after")
  func sleep() async throws {
    let bench = try Bench()
    let clocks = Clocks()
    let service = bench.service(clock: clocks.wall, steady: clocks.steady)
    try service.start()
    defer { service.stop() }
    try bench.submit("suspended", ["entrypoint": "wait", "templates": [["name": "wait", "suspend": ["duration": "1h"]]]])
    try await bench.reaches("suspended", "Running")
    clocks.pass(seconds: 7200)
    try await nudge(bench, "n")
    try await bench.reaches("suspended", "Succeeded")
    #expect((7200..<10_000).contains(try seconds(bench, "suspended")))
  }

  @Test("where the clock is set while the service is down, what waits two hours waits two hours", arguments: [3600, -3600] as [Int64])
  func settingMeanwhile(by jump: Int64) async throws {
    let bench = try Bench()
    let clocks = Clocks()
    let first = bench.service(clock: clocks.wall, steady: clocks.steady)
    try first.start()
    try bench.submit("w", ["entrypoint": "wait", "templates": [["name": "wait", "suspend": ["duration": "2h"]]]])
    try await bench.reaches("w", "Running")
    first.stop()
    clocks.set(by: jump)
    clocks.pass(seconds: 10)
    let second = bench.service(clock: clocks.wall, steady: clocks.steady)
    try second.start()
    defer { second.stop() }
    try await nudge(bench, "n1")
    clocks.pass(seconds: 3600)
    try await nudge(bench, "n2")
    #expect(try bench.phase("w") == "Running")
    clocks.pass(seconds: 3600)
    try await nudge(bench, "n3")
    try await bench.reaches("w", "Succeeded")
    #expect((7200..<10_000).contains(try seconds(bench, "w")))
  }

  @Test("after a start of the machine, whose steady clock begins anew, waiting goes on by the wall clock")
  func newMachineStart() async throws {
    let bench = try Bench()
    let clocks = Clocks()
    let first = bench.service(clock: clocks.wall, steady: { clocks.steady() + TimeSpan(seconds: 500_000) })
    try first.start()
    for (name, duration) in [("short", "1h"), ("long", "3h")] {
      try bench.submit(name, ["entrypoint": "wait", "templates": [["name": "wait", "suspend": ["duration": .string(duration)]]]])
      try await bench.reaches(name, "Running")
    }
    first.stop()
    clocks.pass(seconds: 7200)
    let second = bench.service(clock: clocks.wall, steady: clocks.steady, machineStart: "second")
    try second.start()
    try await bench.reaches("short", "Succeeded")
    #expect(try bench.phase("long") == "Running")
    #expect((7200..<10_000).contains(try seconds(bench, "short")))
    second.stop()
    // The clock of the second start is kept as that of the first was.
    clocks.set(by: -3600)
    clocks.pass(seconds: 3600)
    let third = bench.service(clock: clocks.wall, steady: clocks.steady, machineStart: "second")
    try third.start()
    defer { third.stop() }
    try await bench.reaches("long", "Succeeded")
    #expect((10_800..<14_000).contains(try seconds(bench, "long")))
  }

  @Test("a run that is taken up after the clock was set back and the machine started anew has no negative durations")
  func restart() async throws {
    let bench = try Bench()
    let clocks = Clocks()
    let first = bench.service(clock: clocks.wall, steady: clocks.steady)
    try first.start()
    try bench.submit("w", Self.waiting)
    try await bench.reaches("w", "Running")
    first.stop()
    clocks.set(by: -3600)
    let second = bench.service(clock: clocks.wall, steady: clocks.steady, machineStart: "second")
    try second.start()
    let uid = try #require(try bench.stored("w")).uid
    second.command(runUID: uid, .resume())
    try await bench.reaches("w", "Succeeded")
    #expect((0..<3000).contains(try seconds(bench, "w")))
    second.stop()
  }
}
