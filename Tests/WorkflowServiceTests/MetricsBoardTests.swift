import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Testing

@testable import WorkflowService

@Suite struct MetricsBoardTests {
  /// A chain of steps that each count one, and a clock of the workflow.
  private func counted(_ count: Int) -> JSON {
    var spec = chain(count)
    var template = leaf
    template["metrics"] = ["prometheus": [["name": "steps", "help": "h", "counter": ["value": "1"]]]]
    spec["templates"] = .array([spec["templates"]?[0] ?? .null, template])
    spec["metrics"] = [
      "prometheus": [["name": "live", "help": "h", "gauge": ["value": "{{workflow.duration}}", "realtime": true]]]
    ]
    return spec
  }

  private func value(_ name: String, _ service: WorkflowService) -> String? {
    service.metricsText().split(separator: "\n").first { $0.hasPrefix("argo_workflows_\(name) ") }.map {
      String($0.dropFirst("argo_workflows_\(name) ".count))
    }
  }

  @Test("workflows of one store count together, and a restart goes on from there") func restart() async throws {
    let bench = try Bench()
    let node = TinyNode(bench.database) { pod in pod.annotation(ArgoKey.nodeName)?.hasSuffix("s2") == true ? nil : TinyNode.Ending() }
    node.start()
    let first = bench.service()
    try first.start()
    for name in ["a", "b", "c"] { try bench.submit(name, counted(3)) }
    try await eventually("third steps") { try bench.objects(.pod).count { $0.status["phase"] == "Running" } == 3 }
    first.stop()
    #expect(value("steps", first) == "6")
    let second = bench.service()
    try second.start()
    #expect(value("steps", second) == "6")
    for pod in try bench.objects(.pod) where pod.status["phase"] == "Running" { node.end(pod, TinyNode.Ending()) }
    for name in ["a", "b", "c"] { try await bench.reaches(name, "Succeeded") }
    second.stop()
    #expect(value("steps", second) == "9")
    let third = bench.service()
    try third.start()
    third.stop()
    node.stop()
    #expect(value("steps", third) == "9")
    // The clocks of finished workflows stand still.
    #expect(third.metricsText() == second.metricsText())
  }

  @Test("a workflow that is deleted takes its clock along, not what it counted") func deleted() async throws {
    try await Bench.with { bench, service, _ in
      try bench.submit("w", counted(1))
      try await bench.reaches("w", "Succeeded")
      #expect(value("live", service) != nil)
      try bench.database.commit([.delete(Bench.key("w"))])
      try await eventually("clock gone") { value("live", service) == nil }
      #expect(value("steps", service) == "1")
    }
  }

  @Test("a name that another workflow has taken for another kind is a condition of the second") func taken() async throws {
    try await Bench.with { bench, service, _ in
      try bench.submit("w", counted(1))
      try await bench.reaches("w", "Succeeded")
      var spec = single
      spec["metrics"] = ["prometheus": [["name": "steps", "help": "h", "gauge": ["value": "7"]]]]
      try bench.submit("v", spec)
      try await bench.reaches("v", "Succeeded")
      let conditions = try service.workflow(Bench.key("v"))?.status["conditions"]?.array ?? []
      #expect(
        conditions.first { $0["type"] == "MetricsError" }?["message"]
          == "could not construct metric 'steps': found existing counter for custom metric steps of type Gauge")
      #expect(value("steps", service) == "1")
    }
  }
}
