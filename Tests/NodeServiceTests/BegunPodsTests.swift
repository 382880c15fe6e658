import Basics
import Contracts
import JSONValue
import KubeModel
import Testing

@testable import NodeService

@Suite("Pods that had begun when the power failed") struct BegunPodsTests {
  /// The same state after the process has ended and another has begun, which takes this for the machine's start.
  private func next(_ bench: Bench, machineStart: String = MachineStart.current) -> NodeService {
    var settings = bench.settings
    settings.machineStart = machineStart
    return NodeService(
      store: bench.store, runner: bench.runner, artifacts: bench.artifacts, settings: settings, helpers: bench.helpers, workerCount: 2)
  }

  private func message(_ bench: Bench, _ pod: String) throws -> String? {
    try bench.status(pod)["initContainerStatuses"]?[0]?.at("state", "terminated", "message")?.string
  }

  @Test("one whose directory is lost fails and does not begin again; those that waited begin") func lost() async throws {
    let bench = try Bench(maximumPods: 1)
    try bench.node.start()
    try bench.create("begun")
    try await bench.started("begun")
    try bench.create("waiting")
    bench.node.stop()
    LocalFiles.removeTree(try bench.directory("begun"))
    let node = next(bench, machineStart: "another")
    try node.start()
    defer { node.stop() }
    try await bench.reaches("begun", "Failed")
    #expect(try message(bench, "begun") == BegunPods.lost)
    try await bench.started("waiting")
    #expect(bench.runner.started == ["begun", "waiting"])
  }

  @Test("it is still lost to a third start, whatever began meanwhile") func third() async throws {
    let bench = try Bench()
    try LocalFiles.makeDirectories(bench.state + "/pods")
    let pods = BegunPods(directory: bench.state + "/pods", machineStart: "first")
    try pods.record("a")
    let later = BegunPods(directory: bench.state + "/pods", machineStart: "second")
    try later.read(keeping: ["a", "b"])
    try later.record("b")
    let last = BegunPods(directory: bench.state + "/pods", machineStart: "second")
    try last.read(keeping: ["a", "b"])
    #expect(last.isUnaccounted("a"))
    #expect(!last.isUnaccounted("b"))
    try last.record("c")
    let after = BegunPods(directory: bench.state + "/pods", machineStart: "third")
    try after.read(keeping: ["b"])
    #expect(!after.isUnaccounted("a"), "it is over")
    #expect(after.isUnaccounted("b"))
  }

  @Test("what was withdrawn and a line that is cut do not count") func withdrawn() throws {
    let bench = try Bench()
    let directory = bench.state + "/pods"
    let pods = BegunPods(directory: directory, machineStart: "first")
    for uid in ["a", "b"] { try pods.record(uid) }
    pods.withdraw("a")
    try LocalFiles.write(try LocalFiles.read(directory + "/begun") + Array("+c".utf8), to: directory + "/begun")
    let later = BegunPods(directory: directory, machineStart: "second")
    try later.read(keeping: ["a", "b", "c"])
    #expect(["a", "b", "c"].map(later.isUnaccounted) == [false, true, false])
  }

  @Test("many threads record, and each pod is in the file when its call returns") func threads() async throws {
    let bench = try Bench()
    let directory = bench.state + "/pods"
    let pods = BegunPods(directory: directory, machineStart: "first")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<200 {
        group.addTask {
          try pods.record("pod-\(number)")
          let text = String(decoding: try LocalFiles.read(directory + "/begun"), as: UTF8.self)
          #expect(text.contains("+pod-\(number)\n"))
          if number < 190 { pods.forget("pod-\(number)") }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test("a file that cannot be written keeps pods from beginning, and they begin when it can") func unwritable() async throws {
    let bench = try Bench()
    // A directory has the name of the file.
    try LocalFiles.makeDirectories(bench.state + "/pods/begun.tmp")
    try bench.node.start()
    defer { bench.node.stop() }
    try bench.create("a")
    try await bench.reaches("a", "Failed")
    #expect(try message(bench, "a")?.contains("begun.tmp") == true)
    #expect(bench.runner.started.isEmpty)
    LocalFiles.removeTree(bench.state + "/pods/begun.tmp")
    try bench.create("b")
    try await bench.started("b")
  }

  @Test("a file that cannot be read keeps the service from starting") func unreadable() throws {
    let bench = try Bench()
    try LocalFiles.makeDirectories(bench.state + "/pods/begun")
    #expect { try bench.node.start() } throws: { ($0 as? KubeStatus)?.message.contains("must not be begun twice") == true }
  }

  @Test("after the end of a process alone, pods whose directory is not there begin again") func sameStart() async throws {
    let bench = try Bench()
    try bench.node.start()
    try bench.create("a")
    try await bench.started("a")
    bench.node.stop()
    LocalFiles.removeTree(try bench.directory("a"))
    let node = next(bench)
    try node.start()
    defer { node.stop() }
    try await eventually("begun again") { bench.runner.started == ["a", "a"] }
  }
}
