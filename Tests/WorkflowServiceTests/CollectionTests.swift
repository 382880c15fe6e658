import ArgoModel
import Basics
import ClusterService
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Testing
import WorkflowCore

@testable import WorkflowService

/// What goes by itself: workflows by `ttlStrategy` and retention policy, pods by `podGC`.
@Suite struct CollectionTests {
  private func spec(_ extra: JSONObject) -> JSON {
    var spec = single.object ?? [:]
    for (key, value) in extra { spec[key] = value }
    return .object(spec)
  }

  private func run(
    _ settings: WorkflowSettings = WorkflowSettings(), exitCode: Int64 = 0, _ body: (Bench) async throws -> Void
  ) async throws {
    let bench = try Bench()
    let node = TinyNode(bench.database) { _ in TinyNode.Ending(exitCode: exitCode) }
    let service = WorkflowService(store: bench.store, settings: settings)
    let collector = try bench.collector()
    node.start()
    try service.start()
    defer {
      service.stop()
      node.stop()
      collector.stop()
    }
    try await body(bench)
  }

  @Test("a finished workflow goes at the end of its time, with its pods and rows")
  func timeToLive() async throws {
    try await run { bench in
      let gone = try bench.submit("gone", spec(["ttlStrategy": ["secondsAfterSuccess": 0, "secondsAfterFailure": 100_000]]))
      try bench.submit("kept", spec(["ttlStrategy": ["secondsAfterFailure": 0]]))
      try await eventually("the workflow is deleted") { try bench.stored("gone") == nil }
      try await bench.reaches("kept", "Succeeded")
      try await eventually("its rows are deleted") {
        try bench.database.runs(uid: gone.uid).isEmpty && bench.objects(.pod).allSatisfy { $0.owningRun != gone.uid }
      }
      #expect(try bench.stored("kept") != nil)
    }
  }

  @Test(
    "the time is that of the phase: Error has only secondsAfterCompletion",
    arguments: [
      ("Succeeded", 1), ("Failed", 2), ("Error", 3), ("Running", nil),
    ] as [(String, Int64?)])
  func phases(phase: String, expected: Int64?) throws {
    let strategy = TTLStrategy(["secondsAfterSuccess": 1, "secondsAfterFailure": 2, "secondsAfterCompletion": 3])
    let phase = try #require(WorkflowPhase(rawValue: phase))
    #expect(strategy?.span(after: phase) == expected.map { TimeSpan(seconds: $0) })
    #expect(TTLStrategy(["secondsAfterFailure": 2])?.span(after: .error) == nil)
  }

  @Test("a time that a template or the defaults give counts, also after a restart")
  func inherited() async throws {
    var settings = WorkflowSettings(defaults: Resource(.workflow, json: ["spec": ["ttlStrategy": ["secondsAfterCompletion": 100_000]]]))
    let bench = try Bench()
    let node = TinyNode(bench.database)
    node.start()
    defer { node.stop() }
    let first = WorkflowService(store: bench.store, settings: settings)
    try first.start()
    try bench.submit("w", single)
    try await bench.reaches("w", "Succeeded")
    first.stop()
    // As if the time had passed: the run's row says how long, the object when it ended.
    try bench.patch("w", ["status": ["finishedAt": "2020-01-01T00:00:00Z"]])
    settings.podGCDelay = .zero
    let second = WorkflowService(store: bench.store, settings: settings)
    try second.start()
    defer { second.stop() }
    try await eventually("deleted by the second service") { try bench.stored("w") == nil }
  }

  @Test("a time that a user sets on a finished workflow counts")
  func edited() async throws {
    try await run { bench in
      try bench.submit("w", single)
      try await bench.reaches("w", "Succeeded")
      try bench.patch("w", ["spec": ["ttlStrategy": ["secondsAfterCompletion": 0]]])
      try await eventually("deleted") { try bench.stored("w") == nil }
    }
  }

  @Test(
    "pods go by the strategy of their workflow",
    arguments: [
      ("OnPodCompletion", 0, true), ("OnPodCompletion", 1, true), ("OnPodSuccess", 0, true), ("OnPodSuccess", 1, false),
      ("OnWorkflowCompletion", 1, true), ("OnWorkflowSuccess", 0, true), ("OnWorkflowSuccess", 1, false),
    ] as [(String, Int64, Bool)])
  func pods(strategy: String, exitCode: Int64, goes: Bool) async throws {
    try await run(exitCode: exitCode) { bench in
      try bench.submit("w", spec(["podGC": ["strategy": .string(strategy), "deleteDelayDuration": "1ms"]]))
      try await bench.reaches("w", exitCode == 0 ? "Succeeded" : "Failed")
      if goes {
        try await eventually("the pod is deleted") { try bench.objects(.pod).isEmpty }
      } else {
        // A later workflow of the same service shows that the moment has passed.
        try bench.submit("later", spec(["podGC": ["strategy": "OnPodCompletion", "deleteDelayDuration": "50ms"]]))
        try await eventually("the later pod came and went") {
          try bench.phase("later") != nil && bench.objects(.pod).map(\.name) == ["w"]
        }
      }
      #expect(try bench.phase("w") == (exitCode == 0 ? "Succeeded" : "Failed"))
    }
  }

  @Test("pods that the label selector does not match are kept, and the workflow ends as it would")
  func selector() async throws {
    try await run { bench in
      let template: JSON = [
        "name": "leaf", "metadata": ["labels": ["keep": "{{inputs.parameters.k}}"]], "inputs": ["parameters": [["name": "k"]]],
        "container": ["image": "alpine", "command": ["true"]],
      ]
      let steps: JSON = .array(
        ["yes", "no"].map { value in
          [["name": .string(value), "template": "leaf", "arguments": ["parameters": [["name": "k", "value": .string(value)]]]]]
        })
      try bench.submit(
        "w",
        [
          "entrypoint": "main", "templates": [["name": "main", "steps": steps], template],
          "podGC": [
            "strategy": "OnPodCompletion", "deleteDelayDuration": "0s",
            "labelSelector": ["matchExpressions": [["key": "keep", "operator": "NotIn", "values": ["yes"]]]],
          ],
        ])
      try await bench.reaches("w", "Succeeded")
      try await eventually("one is kept") { try bench.objects(.pod).map { $0.label("keep") } == ["yes"] }
    }
  }

  @Test("the retention policy keeps the newest of each phase")
  func retention() async throws {
    var settings = WorkflowSettings()
    settings.retention = RetentionPolicy(["completed": 2, "failed": 1])
    try await run(settings) { bench in
      for number in 0..<5 {
        try bench.database.create(
          Resource(
            .workflow,
            json: [
              "metadata": [
                "name": .string("w\(number)"), "namespace": "n", "creationTimestamp": .string("2020-01-01T00:00:0\(number)Z"),
              ], "spec": single,
            ]))
      }
      try await eventually("two are left") { try bench.objects(.workflow).count == 2 }
    }
  }

  @Test("where only references to templates are allowed, a workflow of its own is an Error")
  func restriction() async throws {
    var settings = WorkflowSettings()
    settings.restriction = UserOverrides(allowing: "nodeSelector")
    try await run(settings) { bench in
      try bench.database.create(
        Resource(.workflowTemplate, json: ["metadata": ["name": "t", "namespace": "n"], "spec": single]))
      try bench.submit("own", single)
      try bench.submit("ref", ["workflowTemplateRef": ["name": "t"]])
      try await bench.reaches("own", "Error")
      try await bench.reaches("ref", "Succeeded")
      try bench.submit(
        "more",
        [
          "workflowTemplateRef": ["name": "t"], "nodeSelector": ["a": "b"], "podSpecPatch": "{}", "dnsPolicy": "Default", "volumes": [],
          "artifactGC": ["strategy": "Never", "serviceAccountName": "x"],
        ])
      try await bench.reaches("more", "Error")
      #expect(
        try bench.stored("more")?.status["message"]
          == "fields [ArtifactGC.ServiceAccountName DNSPolicy PodSpecPatch] are not permitted when using workflowTemplateRef with templateReferencing restriction"
      )
      #expect(
        try bench.stored("own")?.status["message"]
          == "workflows must use workflowTemplateRef to be executed when the controller is in reference mode")
    }
  }

  @Test("who waits for workflows finds them at their end; the next start deletes them")
  func keptWhileWaitedFor() async throws {
    let bench = try Bench()
    let node = TinyNode(bench.database)
    node.start()
    defer { node.stop() }
    var settings = WorkflowSettings()
    settings.keepsFinished = true
    let first = WorkflowService(store: bench.store, settings: settings)
    try first.start()
    try bench.submit("w", spec(["ttlStrategy": ["secondsAfterCompletion": 0]]))
    try await bench.reaches("w", "Succeeded")
    try bench.submit("next", single)
    try await bench.reaches("next", "Succeeded")
    first.stop()
    #expect(try bench.phase("w") == "Succeeded")
    let second = WorkflowService(store: bench.store, settings: settings)
    try second.start()
    defer { second.stop() }
    try await eventually("deleted by the second service") { try bench.stored("w") == nil }
    #expect(try bench.phase("next") == "Succeeded")
  }

  @Test("labels and annotations of the defaults come onto the workflow, where it has none of its own")
  func defaultMetadata() async throws {
    let metadata: JSON = ["labels": ["team": "x", "own": "default"], "annotations": ["note": "y"]]
    try await run(WorkflowSettings(defaults: Resource(.workflow, json: ["metadata": metadata]))) { bench in
      try bench.database.create(
        Resource(.workflow, json: ["metadata": ["name": "w", "namespace": "n", "labels": ["own": "mine"]], "spec": single]))
      try await bench.reaches("w", "Succeeded")
      let stored = try #require(try bench.stored("w"))
      #expect(stored.label("team") == "x" && stored.label("own") == "mine" && stored.annotation("note") == "y")
    }
  }

  private static let artifacts: JSON = [
    "artifacts": [["name": "a", "local": ["key": "k/a"], "artifactGC": ["strategy": "OnWorkflowCompletion"]]]
  ]

  private func tasks(_ bench: Bench) throws -> [Resource] { try bench.objects(.workflowArtifactGCTask) }

  @Test("artifacts that go with the workflow's end are handed over as a task; what it did comes back onto the nodes")
  func artifactTask() async throws {
    let bench = try Bench()
    let node = TinyNode(bench.database) { _ in TinyNode.Ending(outputs: Self.artifacts) }
    let service = bench.service()
    node.start()
    try service.start()
    defer {
      service.stop()
      node.stop()
    }
    try bench.submit("w", single)
    try await eventually("a task") { try tasks(bench).count == 1 }
    let task = try #require(try tasks(bench).first)
    try bench.database.commit([
      .patch(task.key, ["status": ["artifactResultsByNode": ["w": ["artifactResults": ["a": ["name": "a", "success": true]]]]]])
    ])
    try await eventually("the task is gone") { try tasks(bench).isEmpty }
    let artifact = try service.workflow(Bench.key("w"))?.status.at("nodes", "w", "outputs", "artifacts")?.array?.first
    #expect(artifact?["deleted"] == true)
  }

  @Test("a workflow that is deleted leaves a task for the artifacts that are still there, which outlives it")
  func artifactsOfDeleted() async throws {
    let bench = try Bench()
    let node = TinyNode(bench.database) { _ in TinyNode.Ending(outputs: Self.artifacts) }
    let service = bench.service()
    node.start()
    try service.start()
    defer {
      service.stop()
      node.stop()
    }
    let collector = try bench.collector()
    defer { collector.stop() }
    try bench.submit("w", single)
    try await bench.reaches("w", "Succeeded")
    try bench.database.commit([.delete(Bench.key("w"))])
    try await eventually("only the deletion's task is left") {
      try tasks(bench).map { $0.name.hasPrefix("w-artgc-wfdel-") } == [true] && bench.objects(.pod).isEmpty
    }
    let task = try #require(try tasks(bench).first)
    #expect(task.spec.at("artifactsByNode", "w", "artifacts", "a", "local", "key") == "k/a")
    let failed: JSON = ["w": ["artifactResults": ["a": ["name": "a", "success": false, "error": "x"]]]]
    try bench.database.commit([.patch(task.key, ["status": ["artifactResultsByNode": failed]])])
    try await bench.submitAndSucceed("later")
    #expect(try tasks(bench).contains { $0.name == task.name })
    try bench.database.commit([
      .patch(task.key, ["status": ["artifactResultsByNode": ["w": ["artifactResults": ["a": ["success": true]]]]]])
    ])
    try await eventually("gone") { try !tasks(bench).contains { $0.name == task.name } }
  }
}

extension Bench {
  /// Runs one more workflow: what came before has been dealt with when it is over.
  fileprivate func submitAndSucceed(_ name: String) async throws {
    try submit(name, single)
    try await reaches(name, "Succeeded")
  }
}

/// Kubernetes' garbage collection of what a workflow owns.
@Suite struct OwnershipTests {
  @Test("what a deleted workflow owns goes with it, whatever it is")
  func owned() async throws {
    let bench = try Bench()
    let node = TinyNode(bench.database) { _ in TinyNode.Ending(exitCode: 0) }
    let service = WorkflowService(store: bench.store, settings: WorkflowSettings())
    node.start()
    try service.start()
    defer {
      service.stop()
      node.stop()
    }
    let collector = try bench.collector()
    defer { collector.stop() }
    let parent = try bench.submit("parent", single)
    try await bench.reaches("parent", "Succeeded")
    let widget = try #require(ResourceKind.of(apiVersion: "example.com/v1", kind: "Widget"))
    func metadata(_ name: String, owner: String) -> JSON {
      [
        "name": .string(name), "namespace": "n",
        "ownerReferences": [
          ["apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "name": "parent", "uid": .string(owner), "controller": true]
        ],
      ]
    }
    for kind in [ResourceKind.configMap, widget] {
      try bench.database.create(Resource(kind, json: ["metadata": metadata("owned", owner: parent.uid)]))
      try bench.database.create(Resource(kind, json: ["metadata": ["name": "other", "namespace": "n"]]))
    }
    var suspended = single
    suspended["suspend"] = true
    let child = try bench.database.create(
      Resource(.workflow, json: ["metadata": metadata("child", owner: parent.uid), "spec": suspended]))
    try await bench.reaches("child", "Running")
    try bench.database.create(Resource(.configMap, json: ["metadata": metadata("grandchild", owner: child.uid)]))
    try bench.database.commit([.delete(parent.key)])
    try await eventually("all of it goes") {
      try bench.objects(widget).map(\.name) == ["other"] && bench.objects(.configMap).map(\.name) == ["other"]
        && bench.stored("child") == nil
    }
    try await eventually("nothing is left") { try bench.database.dependents(of: parent.uid).isEmpty }
  }
}
