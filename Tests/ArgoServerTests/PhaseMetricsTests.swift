import ArgoModel
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Testing

@testable import ArgoServer

/// The metrics of the original's controller.
@Suite struct PhaseMetricsTests {
  private func add(_ name: String, _ phase: String, namespace: String = "n", to bench: WorkflowBench) throws {
    let metadata: JSON = ["name": .string(name), "namespace": .string(namespace), "labels": [ArgoKey.phase: .string(phase)]]
    try bench.store.create(Resource(.workflow, json: ["metadata": metadata, "spec": WorkflowBench.single]))
  }

  private func told(_ bench: WorkflowBench, _ lines: String...) async throws {
    try await eventually("\(lines) of\n\(bench.index.metricsText())") {
      Set(lines).isSubset(of: bench.index.metricsText().split(separator: "\n").map(String.init))
    }
  }

  @Test("workflows are told by phase as they are, and by what they came to since the start") func phases() async throws {
    let bench = try WorkflowBench()
    try add("before", "Succeeded", to: bench)
    try bench.index.start()
    try add("a", "Running", to: bench)
    try add("b", "Running", to: bench)
    try add("c", "Failed", namespace: "m", to: bench)
    try await told(
      bench, #"argo_workflows_gauge{phase="Running"} 2"#, #"argo_workflows_gauge{phase="Succeeded"} 1"#,
      #"argo_workflows_total_count{namespace="n",phase="Running"} 2"#, #"argo_workflows_total_count{namespace="m",phase="Failed"} 1"#,
      "argo_workflows_is_leader 1")
    #expect(!bench.index.metricsText().contains(#"total_count{namespace="n",phase="Succeeded"}"#))
    var changed = try #require(try bench.store.get(bench.key("a")))
    changed.json["metadata"]?["labels"] = [ArgoKey.phase: "Succeeded"]
    try bench.store.update(changed)
    try bench.store.commit([.delete(ResourceKey(.workflow, namespace: "m", name: "c"))])
    try await told(
      bench, #"argo_workflows_gauge{phase="Running"} 1"#, #"argo_workflows_gauge{phase="Succeeded"} 2"#,
      #"argo_workflows_gauge{phase="Failed"} 0"#, #"argo_workflows_total_count{namespace="n",phase="Succeeded"} 1"#,
      #"argo_workflows_total_count{namespace="m",phase="Failed"} 1"#)
  }
}
