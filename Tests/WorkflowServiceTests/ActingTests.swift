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

@Suite struct ActingTests {
  private static let chainOfTwo: JSON = [
    "entrypoint": "main",
    "templates": [
      ["name": "main", "steps": [[["name": "a", "template": "t"]], [["name": "b", "template": "t"]]]],
      ["name": "t", "container": ["image": "alpine"]],
    ],
  ]

  private func key(_ name: String) -> ResourceKey { ResourceKey(.workflow, namespace: "n", name: name) }

  private func refusal(_ body: () throws -> Void) -> String {
    do {
      try body()
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test("a failed run is retried: the failed pod is made anew, under its name, and nothing else") func retry() async throws {
    let isMended = Atomic<Bool>(false)
    try await Bench.with(script: { pod in
      let fails = pod.annotation(ArgoKey.nodeName)?.hasSuffix(".b") == true && !isMended.load(ordering: .relaxed)
      return TinyNode.Ending(exitCode: fails ? 1 : 0)
    }) { bench, service, node in
      try bench.submit("w", Self.chainOfTwo)
      try await bench.reaches("w", "Failed")
      #expect(refusal { try service.retry(key("v")) }.contains("\"v\" not found"))
      let before = try bench.objects(.pod)
      isMended.store(true, ordering: .relaxed)
      let retried = try service.retry(key("w"))
      #expect(retried.status["phase"] == "Running")
      #expect(retried.label(ArgoKey.completed) == "false")
      let second = refusal { try service.retry(key("w")) }
      #expect(second == "Cannot retry a workflow in phase Running" || second.hasPrefix("To retry a succeeded workflow"))
      try await bench.reaches("w", "Succeeded")
      let after = try bench.objects(.pod)
      #expect(Set(before.map(\.name)) == Set(after.map(\.name)))
      #expect(Set(before.map(\.uid)).intersection(after.map(\.uid)).count == 1)
      #expect(node.created.withLock { $0.count } == 3)
      #expect(try bench.stored("w")?.status["message"] == nil)
      #expect(refusal { try service.retry(key("w")) }.hasPrefix("To retry a succeeded workflow"))
    }
  }

  @Test("late news of a removed pod is not news of its successor") func lateNews() async throws {
    let fails = Atomic<Bool>(true)
    try await Bench.with(script: { _ in TinyNode.Ending(exitCode: fails.load(ordering: .relaxed) ? 1 : 0) }) { bench, service, _ in
      try bench.submit("w", Self.chainOfTwo)
      try await bench.reaches("w", "Failed")
      for round in 0..<20 {
        // The pod changes once more just before it is replaced.
        let pod = try #require(try bench.objects(.pod).first)
        try bench.database.commit([.patch(pod.key, ["metadata": ["labels": ["round": .string("\(round)")]]])])
        try service.retry(key("w"))
        try await bench.reaches("w", "Failed")
        #expect(try bench.stored("w")?.status["message"]?.string?.hasPrefix("child '") == true)
      }
      fails.store(false, ordering: .relaxed)
      try service.retry(key("w"))
      try await bench.reaches("w", "Succeeded")
    }
  }

  @Test("a retried run survives a restart of the service") func restart() async throws {
    let bench = try Bench()
    let fails = Atomic<Bool>(true)
    let node = TinyNode(bench.database) { pod in
      if pod.annotation(ArgoKey.nodeName)?.hasSuffix(".b") != true { return TinyNode.Ending() }
      return fails.load(ordering: .relaxed) ? TinyNode.Ending(exitCode: 1) : nil
    }
    node.start()
    let first = bench.service()
    try first.start()
    try bench.submit("w", Self.chainOfTwo)
    try await bench.reaches("w", "Failed")
    fails.store(false, ordering: .relaxed)
    try first.retry(key("w"))
    first.stop()
    let second = bench.service()
    try second.start()
    let pod = try #require(try bench.objects(.pod).first { $0.annotation(ArgoKey.nodeName)?.hasSuffix(".b") == true })
    try await eventually("b runs") { (try? bench.database.get(pod.key))??.status["phase"] == "Running" }
    node.end(pod, TinyNode.Ending())
    try await bench.reaches("w", "Succeeded")
    second.stop()
    node.stop()
    #expect(try bench.database.nodes(ofRun: try #require(try bench.stored("w")).uid).count == 5)
  }

  @Test("stop, terminate, suspend and resume answer when they are stored, and the object tells it") func commands() async throws {
    try await Bench.with(script: { _ in nil }) { bench, service, _ in
      try bench.submit("w", Self.chainOfTwo)
      try await bench.reaches("w", "Running")
      let suspended = try service.act(key("w"), .suspend, labels: LabelEdit(["by": "ann", "old": "x"]))
      #expect(suspended.spec["suspend"] == true)
      #expect(suspended.label("by") == "ann")
      #expect(try service.act(key("w"), .resume()).spec["suspend"] == nil)
      let stopped = try service.act(key("w"), .stop(message: nil))
      #expect(stopped.spec["shutdown"] == "Stop")
      try await bench.reaches("w", "Failed")
      #expect(
        refusal { try service.act(key("w"), .terminate) } == "cannot shutdown a completed workflow: workflow: \"w\", namespace: \"n\"")
      #expect(refusal { try service.act(key("w"), .suspend) } == "cannot suspend completed workflows")
      // A retry forgets the stop.
      let retried = try service.retry(key("w"), labels: LabelEdit(["by": "jo", "old": nil]))
      #expect(retried.spec["shutdown"] == nil)
      #expect(retried.label("by") == "jo")
      try await bench.reaches("w", "Running")
      try service.act(key("w"), .terminate)
      try await bench.reaches("w", "Failed")
    }
  }

  @Test("a suspended node is set and resumed by a selector") func set() async throws {
    let spec: JSON = [
      "entrypoint": "main",
      "templates": [
        [
          "name": "main", "suspend": [:],
          "outputs": ["parameters": [["name": "p", "valueFrom": ["supplied": [:]]]]],
        ]
      ],
    ]
    try await Bench.with { bench, service, _ in
      try bench.submit("w", spec)
      try await bench.reaches("w", "Running")
      let other = try #require(NodeSelector("displayName==x"))
      #expect(
        refusal { try service.act(key("w"), .resume(selector: other)) }
          == "currently, set only targets suspend nodes: no suspend nodes matching nodeFieldSelector: displayName=x")
      let own = try #require(NodeSelector("displayName=w"))
      #expect(refusal { try service.act(key("w"), .resume()) }.hasPrefix("raw output parameter 'p' has not been set"))
      try service.act(key("w"), .set(selector: own, outputParameters: ["p": "v"], message: nil, phase: nil))
      try service.act(key("w"), .resume(selector: own))
      try await bench.reaches("w", "Succeeded")
    }
  }

  @Test("what ends by a stop is told to the observer") func told() async throws {
    try await Bench.with { bench, service, _ in
      try bench.submit("w", ["entrypoint": "main", "templates": [["name": "main", "suspend": [:]]]])
      try await bench.reaches("w", "Running")
      try service.act(key("w"), .stop(message: nil))
      let rows = bench.progress.withLock { $0.flatMap(\.nodes) }
      #expect(rows.map(\.phase) == ["Running", "Failed"])
    }
  }

  @Test("resubmitted and forked runs are new workflows, stored with what they take over") func derived() async throws {
    let failing = Atomic<Bool>(true)
    try await Bench.with(script: { pod in
      let fails = pod.annotation(ArgoKey.nodeName)?.hasSuffix(".b") == true && failing.load(ordering: .relaxed)
      return TinyNode.Ending(exitCode: fails ? 1 : 0)
    }) { bench, service, node in
      try bench.submit("w", Self.chainOfTwo)
      try await bench.reaches("w", "Failed")
      failing.store(false, ordering: .relaxed)
      let plain = try service.resubmit(key("w"), ResubmitRequest(priority: 3), labels: LabelEdit(["by": "jo"]))
      try await bench.reaches(plain.name, "Succeeded")
      #expect(plain.name.hasPrefix("w-"))
      #expect(plain.label(ArgoKey.resubmittedFrom) == "w")
      #expect(plain.spec["priority"] == 3)
      #expect(plain.label("by") == "jo")
      let count = node.created.withLock { $0.count }
      let memoized = try service.resubmit(key("w"), ResubmitRequest(isMemoized: true))
      try await bench.reaches(memoized.name, "Succeeded")
      #expect(node.created.withLock { $0.count } == count + 1)
      let fork = try service.fork(key("w"), ForkRequest(node: "b"))
      try await bench.reaches(fork.name, "Succeeded")
      #expect(node.created.withLock { $0.count } == count + 2)
      #expect(fork.label(ForkKey.from) == "w")
      // From the rows alone.
      let seen = try #require(try service.workflow(fork.key))
      let phases = seen.status["nodes"]?.object?.values.filter { $0["displayName"] == "a" }.map { $0["type"] }
      #expect(phases == ["Skipped"])
      #expect(refusal { try service.fork(key("w"), ForkRequest(node: "zz")) }.hasPrefix("no node of workflow w"))
      #expect(try bench.objects(.workflow).count == 4)
    }
  }
}
