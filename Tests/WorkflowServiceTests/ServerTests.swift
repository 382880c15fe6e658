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

/// What the service does for those who use it through an API.
@Suite struct ServerTests {
  private final class Heard: EventRecording {
    let events = Mutex<[ObjectEvent]>([])
    func record(_ event: ObjectEvent) { events.withLock { $0.append(event) } }
    var reasons: [String] { events.withLock { $0.map(\.reason) } }
  }

  private func with(
    _ settings: WorkflowSettings = WorkflowSettings(), events: Heard? = nil,
    script: @escaping @Sendable (Resource) -> TinyNode.Ending? = { _ in TinyNode.Ending() },
    _ body: (Bench, WorkflowService, TinyNode) async throws -> Void
  ) async throws {
    let bench = try Bench()
    let node = TinyNode(bench.database, script: script)
    node.start()
    let service = WorkflowService(store: bench.store, settings: settings, events: events)
    try service.start()
    defer {
      service.stop()
      node.stop()
    }
    try await body(bench, service, node)
  }

  private func wide(_ count: Int, _ more: JSONObject = [:]) -> JSON {
    let steps: JSON = [["name": "s", "template": "leaf", "withSequence": ["count": .string(String(count))]]]
    var spec: JSONObject = ["entrypoint": "main", "templates": [["name": "main", "steps": [steps]], leaf]]
    for (key, value) in more { spec[key] = value }
    return .object(spec)
  }

  @Test("readers see the nodes of a workflow, while it runs, when it is over, and of an old version of the object too")
  func composed() async throws {
    try await with(script: { $0.name.contains("w2") ? nil : TinyNode.Ending() }) { bench, service, _ in
      try bench.submit("w1", chain(2))
      try await bench.reaches("w1", "Succeeded")
      let stored = try #require(try bench.stored("w1"))
      #expect(stored.status["nodes"] == nil)
      for _ in 0..<2 {
        let shown = try service.composed(stored)
        #expect(shown.status["nodes"]?.object?.count == 5)
        #expect(shown.status["phase"] == "Succeeded" && shown.resourceVersion == stored.resourceVersion)
      }
      try bench.submit("w2", single)
      try await eventually("runs") { try service.workflow(Bench.key("w2"))?.status.at("nodes", "w2", "phase") == "Running" }
      let map = Resource(.configMap, json: ["status": ["nodes": "mine"]])
      #expect(try service.composed(map) == map)
    }
  }

  @Test("the nodes of a workflow that is over lie in its object, if they are few; a retry begins anew")
  func storedNodes() async throws {
    var settings = WorkflowSettings()
    settings.storedNodes = 5
    let fails = Mutex(true)
    let script: @Sendable (Resource) -> TinyNode.Ending? = { pod in
      TinyNode.Ending(exitCode: pod.name.contains("retried") && fails.withLock { $0 } ? 1 : 0)
    }
    try await with(settings, script: script) { bench, service, _ in
      try bench.submit("few", chain(2))
      try bench.submit("many", chain(3))
      try bench.submit("retried", chain(2))
      try await bench.reaches("few", "Succeeded")
      try await bench.reaches("many", "Succeeded")
      let few = try #require(try bench.stored("few"))
      #expect(few.status["nodes"]?.object?.count == 5 && few.status["progress"] == "2/2")
      #expect(try service.composed(few) == few)
      #expect(try bench.stored("many")?.status["nodes"] == nil)
      #expect(try service.workflow(Bench.key("many"))?.status["nodes"]?.object?.count == 7)
      try await bench.reaches("retried", "Failed")
      #expect(try bench.stored("retried")?.status["nodes"]?.object?.count == 3)
      fails.withLock { $0 = false }
      try await eventually("may be retried") { (try? service.retry(Bench.key("retried"))) != nil }
      try await bench.reaches("retried", "Succeeded")
      let nodes = try bench.stored("retried")?.status["nodes"]?.object
      #expect(nodes?.count == 5 && nodes?.values.allSatisfy { $0["phase"] == "Succeeded" } == true)
    }
  }

  @Test("watchers are told that nodes have changed, though the phase has not, and at most so often")
  func republication() async throws {
    let time = Mutex(Instant(seconds: 1_000_000))
    let bench = try Bench()
    let node = TinyNode(bench.database) { _ in nil }
    node.start()
    var settings = WorkflowSettings()
    settings.republication = TimeSpan(seconds: 1)
    let clock: @Sendable () -> Instant = { time.withLock { $0 } }
    let service = WorkflowService(store: bench.store, settings: settings, clock: clock, steady: clock)
    try service.start()
    defer {
      service.stop()
      node.stop()
    }
    try bench.submit("w", wide(4))
    try await bench.reaches("w", "Running")
    try await eventually("all run") {
      try bench.objects(.pod).count == 4 && bench.objects(.pod).allSatisfy { $0.status["phase"] == "Running" }
    }
    func revision() throws -> Int64 { try bench.stored("w")?.status["argosyRevision"]?.int ?? 0 }
    for pod in try bench.objects(.pod).prefix(2) { node.end(pod, TinyNode.Ending()) }
    try await eventually("two are over") {
      try service.workflow(Bench.key("w"))?.status["progress"] == "2/4"
    }
    let before = try revision()
    #expect(before <= 1_000_000_000)
    #expect(try service.workflow(Bench.key("w"))?.status["argosyRevision"] == nil)
    node.end(try #require(try bench.objects(.pod).last), TinyNode.Ending())
    try await eventually("three are over") { try service.workflow(Bench.key("w"))?.status["progress"] == "3/4" }
    #expect(try bench.stored("w")?.status["progress"] != "3/4")
    time.withLock { $0 = Instant(seconds: 1_000_002) }
    try await eventually("told") { try bench.stored("w")?.status["progress"] == "3/4" }
    #expect(try revision() == 1_000_002_000)
    #expect(try bench.phase("w") == "Running")
  }

  @Test("a workflow that validation refuses fails as Argo says it and never begins")
  func invalid() async throws {
    let heard = Heard()
    var settings = WorkflowSettings()
    settings.problem = { $0.name == "bad" ? "templates.main.steps is broken" : nil }
    try await with(settings, events: heard) { bench, service, _ in
      try bench.submit("bad", single)
      try bench.submit("good", single)
      try await bench.reaches("bad", "Failed")
      try await bench.reaches("good", "Succeeded")
      let bad = try #require(try service.workflow(Bench.key("bad")))
      #expect(bad.status["message"] == "invalid spec: templates.main.steps is broken")
      #expect(bad.label(ArgoKey.completed) == "true" && bad.label(ArgoKey.phase) == "Failed")
      #expect(bad.status["finishedAt"]?.string != nil)
      #expect(try bench.objects(.pod).map(\.name) == ["good"])
      #expect(
        heard.events.withLock { $0.contains { $0.about.name == "bad" && $0.message.hasPrefix("invalid spec: ") && $0.kind == .warning } })
    }
  }

  @Test("a pod whose service account is not there is an error of its node, in Kubernetes' words")
  func serviceAccount() async throws {
    var settings = WorkflowSettings()
    settings.checksServiceAccounts = true
    try await with(settings) { bench, service, _ in
      var spec = single
      spec["serviceAccountName"] = "robot"
      try bench.submit("w", spec)
      try await bench.reaches("w", "Error")
      let message = "pods \"w\" is forbidden: error looking up service account n/robot: serviceaccount \"robot\" not found"
      #expect(try service.workflow(Bench.key("w"))?.status.at("nodes", "w", "message")?.string == message)
      #expect(try bench.objects(.pod).isEmpty)
      try bench.database.create(Resource(.serviceAccount, json: ["metadata": ["name": "robot", "namespace": "n"]]))
      try bench.submit("again", spec)
      try await bench.reaches("again", "Succeeded")
    }
  }

  @Test("events tell of workflows and nodes as Argo does")
  func events() async throws {
    let heard = Heard()
    try await with(events: heard, script: { TinyNode.Ending(exitCode: $0.name.contains("fails") ? 3 : 0) }) { bench, _, _ in
      try bench.submit("w", single)
      try await bench.reaches("w", "Succeeded")
      try bench.submit("fails", single)
      try await bench.reaches("fails", "Failed")
      try await eventually("told") { heard.reasons.count == 8 }
      let events = heard.events.withLock { $0 }
      func told(_ name: String) -> [String] {
        events.filter { $0.about.name == name }.map { "\($0.kind.rawValue) \($0.reason) \($0.message)" }
      }
      #expect(
        told("w") == [
          "Normal WorkflowRunning Workflow Running", "Normal WorkflowNodeRunning Running node w",
          "Normal WorkflowNodeSucceeded Succeeded node w", "Normal WorkflowSucceeded Workflow completed",
        ])
      #expect(
        told("fails") == [
          "Normal WorkflowRunning Workflow Running", "Normal WorkflowNodeRunning Running node fails",
          "Warning WorkflowNodeFailed Failed node fails: main: Error (exit code 3)", "Warning WorkflowFailed main: Error (exit code 3)",
        ])
      let node = try #require(events.first { $0.reason == "WorkflowNodeSucceeded" })
      #expect(
        node.annotations == [
          "workflows.argoproj.io/node-name": "w", "workflows.argoproj.io/node-type": "Pod", "workflows.argoproj.io/node-id": "w",
        ])
      #expect(node.component == "workflow-controller")
    }
  }

  @Test("parallelism and activeDeadlineSeconds of a workflow that runs can be patched")
  func limits() async throws {
    try await with(script: { _ in nil }) { bench, service, node in
      try bench.submit("w", wide(5, ["parallelism": 1]))
      try await eventually("one runs") { try bench.objects(.pod).count == 1 }
      try bench.patch("w", ["metadata": ["labels": ["a": "b"]]])
      try bench.patch("w", ["spec": ["parallelism": 3]])
      try await eventually("three run") { try bench.objects(.pod).count == 3 }
      try bench.patch("w", ["spec": ["parallelism": .null]])
      try await eventually("all run") { try bench.objects(.pod).count == 5 }
      #expect(try bench.phase("w") == "Running")
      try bench.patch("w", ["spec": ["activeDeadlineSeconds": 1]])
      try await bench.reaches("w", "Failed")
      let messages = try service.workflow(Bench.key("w"))?.status["nodes"]?.object?.values.compactMap { $0["message"]?.string } ?? []
      #expect(messages.contains("Step exceeded its deadline"))
    }
  }

  @Test("a changed configuration map holds for what begins after it; only the controller's own counts where that is said")
  func configuration() async throws {
    @Sendable func settings(_ maps: [Resource]) -> WorkflowSettings {
      var settings = WorkflowSettings()
      for map in maps {
        if let name = map.json.at("data", "entrypoint")?.string {
          settings.defaults = Resource(.workflow, json: ["spec": ["entrypoint": .string(name)]])
        }
      }
      settings.reading = settings.reading ?? { _ in WorkflowSettings() }
      settings.configurationNamespaces = ["argo"]
      return settings
    }
    @Sendable func reading(_ maps: [Resource]) -> WorkflowSettings {
      var result = settings(maps)
      result.reading = reading
      return result
    }
    try await with(reading([])) { bench, service, _ in
      let spec: JSON = ["templates": [leaf]]
      func map(_ namespace: String, _ entrypoint: String) throws {
        try bench.database.create(
          Resource(
            .configMap,
            json: [
              "metadata": ["name": "workflow-controller-configmap", "namespace": .string(namespace)],
              "data": ["entrypoint": .string(entrypoint)],
            ]))
      }
      try map("argo", "leaf")
      try map("mallory", "other")
      try bench.submit("w", spec)
      try await bench.reaches("w", "Succeeded")
      try bench.database.commit([
        .patch(ResourceKey(.configMap, namespace: "argo", name: "workflow-controller-configmap"), ["data": ["entrypoint": "missing"]])
      ])
      try bench.submit("late", spec)
      try await eventually("over") { try ["Failed", "Error"].contains(bench.phase("late")) }
      #expect(service.settings.defaults?.spec["entrypoint"] == "missing")
    }
  }

  @Test("after a restart nothing is told again") func restart() async throws {
    let bench = try Bench()
    let node = TinyNode(bench.database) { _ in nil }
    node.start()
    defer { node.stop() }
    let first = WorkflowService(store: bench.store, events: Heard())
    try first.start()
    try bench.submit("w", single)
    try await eventually("runs") { try first.workflow(Bench.key("w"))?.status.at("nodes", "w", "phase") == "Running" }
    first.stop()
    let heard = Heard()
    let second = WorkflowService(store: bench.store, events: heard)
    try second.start()
    defer { second.stop() }
    node.end(try #require(try bench.objects(.pod).first), TinyNode.Ending())
    try await bench.reaches("w", "Succeeded")
    try await eventually("told") { heard.reasons.contains("WorkflowSucceeded") }
    #expect(heard.reasons == ["WorkflowNodeSucceeded", "WorkflowSucceeded"])
  }
}
