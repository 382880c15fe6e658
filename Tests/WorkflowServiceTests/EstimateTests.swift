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

/// Durations estimated from the last run of the same template (spec 2.20).
@Suite struct EstimateTests {
  @Test("a second run of a template is estimated from the first, its nodes too")
  func second() async throws {
    let bench = try Bench()
    let node = TinyNode(bench.database)
    let clock = Atomic<Int64>(1_000_000)
    let service = bench.service { Instant(milliseconds: clock.load(ordering: .relaxed)) }
    node.start()
    try service.start()
    defer {
      service.stop()
      node.stop()
    }
    let pause: JSON = ["name": "pause", "suspend": [:]]
    let main: JSON = ["name": "main", "steps": [[["name": "wait", "template": "pause"]]]]
    try bench.database.create(
      Resource(
        .workflowTemplate,
        json: ["metadata": ["name": "t", "namespace": "n"], "spec": ["entrypoint": "main", "templates": [main, pause]]]))
    func run(_ name: String) async throws -> JSON {
      let stored = try bench.submit(name, ["workflowTemplateRef": ["name": "t"]])
      try await eventually("\(name) waits") { try service.workflow(Bench.key(name))?.status["nodes"]?.object?.count == 3 }
      clock.add(42_000, ordering: .relaxed)
      service.command(runUID: stored.uid, .resume())
      try await bench.reaches(name, "Succeeded")
      return try #require(try service.workflow(Bench.key(name))?.status)
    }
    #expect(try await run("first")["estimatedDuration"] == nil)
    let status = try await run("second")
    #expect(status["estimatedDuration"] == 42)
    let wait = status["nodes"]?.object?.first { $0.value["displayName"] == "wait" }?.value
    #expect(wait?["estimatedDuration"] == 42)
  }
}
