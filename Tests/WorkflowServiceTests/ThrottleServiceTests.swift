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

/// How many workflows may be under way at once.
@Suite struct ThrottleServiceTests {
  private static let message = "Workflow processing has been postponed because too many workflows are already running"
  private static let map = ResourceKey(.configMap, namespace: "argo", name: "workflow-controller-configmap")

  private func settings() -> WorkflowSettings {
    var settings = WorkflowSettings()
    settings.runLimits = { maps in
      var limits = RunLimits()
      for map in maps {
        if let total = map.json.at("data", "parallelism")?.string.flatMap({ Int($0) }) { limits.total = total }
        if let own = map.json.at("data", "namespaceParallelism")?.string.flatMap({ Int($0) }) { limits.namespaceDefault = own }
      }
      return limits
    }
    return settings
  }

  private func with(
    _ data: JSONObject, _ body: (Bench, WorkflowService, TinyNode) async throws -> Void
  ) async throws {
    let bench = try Bench()
    let node = TinyNode(bench.database) { _ in nil }
    node.start()
    try bench.database.create(
      Resource(
        .configMap, json: ["metadata": ["name": .string(Self.map.name), "namespace": .string(Self.map.namespace)], "data": .object(data)]))
    let service = WorkflowService(
      store: bench.store, settings: settings(), observer: { progress in bench.progress.withLock { $0.append(progress) } })
    try service.start()
    try await body(bench, service, node)
    service.stop()
    node.stop()
  }

  private func priority(_ priority: Int64) -> JSON {
    var spec = single
    spec["priority"] = .int(priority)
    return spec
  }

  private func endPod(_ bench: Bench, _ node: TinyNode, _ name: String) async throws {
    try await eventually("\(name) runs") { try bench.objects(.pod).contains { $0.name == name && $0.status["phase"]?.string == "Running" } }
    for pod in try bench.objects(.pod) where pod.name == name { node.end(pod, TinyNode.Ending()) }
    try await bench.reaches(name, "Succeeded")
  }

  @Test("workflows beyond the controller's limit are postponed, and begin by priority; after a restart too", arguments: [false, true])
  func total(_ restarts: Bool) async throws {
    try await with(["parallelism": "1"]) { bench, service, node in
      try bench.submit("a", single)
      try await bench.reaches("a", "Running")
      for (name, value) in [("b", 0), ("c", 2), ("d", 1)] as [(String, Int64)] {
        try bench.submit(name, priority(value))
        try await bench.reaches(name, "Pending")
        #expect(try bench.stored(name)?.status["message"]?.string == Self.message)
        #expect(try bench.stored(name)?.label(ArgoKey.phase) == "Pending")
      }
      #expect(bench.progress.withLock { $0.contains { $0.workflow.name == "b" && $0.phase == .pending && $0.hasChangedStatus } })
      var last = service
      if restarts {
        service.stop()
        last = WorkflowService(store: bench.store, settings: settings())
        try last.start()
      }
      for name in ["a", "c", "d", "b"] {
        try await endPod(bench, node, name)
        #expect(try bench.stored(name)?.status["message"] == nil)
      }
      #expect(node.created.withLock { $0 } == ["a", "c", "d", "b"])
      if restarts { last.stop() }
    }
  }

  @Test("a namespace's label beats the default, and both may change while workflows wait")
  func namespaces() async throws {
    try await with(["namespaceParallelism": "1"]) { bench, _, node in
      for name in ["a", "b", "c", "d"] {
        try bench.submit(name, single)
        try await bench.reaches(name, name == "a" ? "Running" : "Pending")
      }
      try bench.database.create(
        Resource(.namespace, json: ["metadata": ["name": "n", "labels": [ArgoKey.parallelismLimit: "2"]]]))
      try await bench.reaches("b", "Running")
      #expect(try bench.phase("c") == "Pending")
      try bench.database.commit([.delete(ResourceKey(.namespace, namespace: "", name: "n"))])
      try bench.database.commit([.patch(Self.map, ["data": ["namespaceParallelism": "3"]])])
      try await bench.reaches("c", "Running")
      #expect(try bench.phase("d") == "Pending")
      for name in ["a", "b", "c", "d"] { try await endPod(bench, node, name) }
    }
  }

  @Test("a postponed workflow can be stopped and deleted without its turn")
  func ended() async throws {
    try await with(["parallelism": "1"]) { bench, service, node in
      try bench.submit("a", single)
      try await bench.reaches("a", "Running")
      let stopped = try bench.submit("b", single).uid
      for name in ["c", "d", "e"] { try bench.submit(name, single) }
      try await bench.reaches("e", "Pending")
      service.command(runUID: stopped, .suspend)
      service.command(runUID: stopped, .stop(message: nil))
      try await bench.reaches("b", "Failed")
      #expect(try bench.stored("b")?.status["message"]?.string == "Stopped with strategy 'Stop'")
      try bench.patch("c", ["spec": ["shutdown": "Terminate"]])
      try await bench.reaches("c", "Failed")
      try bench.database.commit([.delete(Bench.key("d"))])
      try await endPod(bench, node, "a")
      try await endPod(bench, node, "e")
      #expect(node.created.withLock { $0 } == ["a", "e"])
    }
  }

  @Test("a postponed workflow can be suspended and resumed; it asks when it begins")
  func suspended() async throws {
    try await with(["parallelism": "1"]) { bench, service, node in
      try bench.submit("a", single)
      try await bench.reaches("a", "Running")
      for name in ["b", "c"] {
        try bench.submit(name, single)
        try await bench.reaches(name, "Pending")
        let suspended = try service.act(Bench.key(name), .suspend, labels: LabelEdit(["by": "jo"]))
        #expect(suspended.spec["suspend"] == true)
        #expect(suspended.label("by") == "jo")
      }
      #expect(try service.act(Bench.key("c"), .resume()).spec["suspend"] == nil)
      try await endPod(bench, node, "a")
      try await bench.reaches("b", "Running")
      #expect(try service.workflow(Bench.key("b"))?.status["nodes"] == nil)
      try service.act(Bench.key("b"), .resume())
      for name in ["b", "c"] { try await endPod(bench, node, name) }
      #expect(node.created.withLock { $0 } == ["a", "b", "c"])
    }
  }

  @Test("a workflow that waits for a lock counts as under way")
  func waitingCounts() async throws {
    try await with(["parallelism": "2"]) { bench, _, node in
      let locked: JSON = ["entrypoint": "leaf", "templates": [leaf], "synchronization": ["mutexes": [["name": "m"]]]]
      try bench.submit("a", locked)
      try await bench.reaches("a", "Running")
      try bench.submit("b", locked)
      try await bench.reaches("b", "Pending")
      try bench.submit("c", single)
      try await bench.reaches("c", "Pending")
      #expect(try bench.stored("c")?.status["message"]?.string == Self.message)
      for name in ["a", "b", "c"] { try await endPod(bench, node, name) }
    }
  }
}
