import ArgoModel
import Basics
import ClusterService
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing
import WorkflowCore

@testable import WorkflowService

@Suite struct RunTests {
  @Test("a workflow runs to its end, and its object says so") func succeeded() async throws {
    try await Bench.with { bench, service, node in
      try bench.submit("w", chain(3))
      try await bench.reaches("w", "Succeeded")
      let stored = try #require(try bench.stored("w"))
      #expect(stored.label(ArgoKey.phase) == "Succeeded")
      #expect(stored.label(ArgoKey.completed) == "true")
      #expect(stored.status["progress"] == "3/3")
      #expect(stored.status["finishedAt"]?.string != nil)
      #expect(Set(node.created.withLock { $0 }).count == 3)
      // After the end the nodes come from the rows.
      let nodes = try #require(try service.workflow(Bench.key("w"))?.status["nodes"]?.object)
      #expect(nodes.filter { $0.value["type"] == "Pod" }.allSatisfy { $0.value["phase"] == "Succeeded" })
      #expect(nodes.count == 7)
      #expect(try bench.database.runs(uid: nil).isEmpty)
    }
  }

  @Test("nodes can be read while the run goes on") func live() async throws {
    try await Bench.with(script: { _ in nil }) { bench, service, _ in
      try bench.submit("w", single)
      try await eventually("running") {
        try service.workflow(Bench.key("w"))?.status["nodes"]?["w"]?["phase"] == "Running"
      }
      #expect(try bench.phase("w") == "Running")
      #expect(try service.workflow(Bench.key("none")) == nil)
    }
  }

  @Test("outputs reach the next step, and the results are removed with the run's end") func outputs() async throws {
    let seen = Mutex<String?>(nil)
    try await Bench.with(
      script: { pod in
        if pod.annotation(ArgoKey.nodeName)?.hasSuffix("s1") == true {
          seen.withLock { $0 = pod.spec["containers"]?[0]?["args"]?[0]?.string }
        }
        return TinyNode.Ending(outputs: ["result": "said"])
      }
    ) { bench, _, _ in
      try bench.submit(
        "w",
        [
          "entrypoint": "main",
          "templates": [
            [
              "name": "main",
              "steps": [
                [["name": "s0", "template": "leaf"]],
                [
                  [
                    "name": "s1", "template": "echo",
                    "arguments": ["parameters": [["name": "p", "value": "{{steps.s0.outputs.result}}"]]],
                  ]
                ],
              ],
            ],
            leaf,
            [
              "name": "echo", "inputs": ["parameters": [["name": "p"]]],
              "container": ["image": "alpine", "command": ["echo"], "args": ["{{inputs.parameters.p}}"]],
            ],
          ],
        ])
      try await bench.reaches("w", "Succeeded")
      #expect(seen.withLock { $0 } == "said")
      try await eventually("results removed") { try bench.objects(.workflowTaskResult).isEmpty }
    }
  }

  @Test("a failed pod fails the workflow with its message") func failed() async throws {
    try await Bench.with(script: { _ in TinyNode.Ending(exitCode: 3) }) { bench, _, _ in
      try bench.submit("w", single)
      try await bench.reaches("w", "Failed")
      #expect(try bench.stored("w")?.status["message"] == "main: Error (exit code 3)")
    }
  }

  @Test("stop and terminate end a run and stop its pods", arguments: [false, true]) func commands(_ isTerminated: Bool) async throws {
    try await Bench.with(script: { _ in nil }) { bench, service, _ in
      let uid = try bench.submit("w", single).uid
      try await bench.reaches("w", "Running")
      service.command(runUID: uid, isTerminated ? .terminate : .stop(message: nil))
      service.command(runUID: "nobody", .terminate)
      try await bench.reaches("w", "Failed")
      #expect(try bench.objects(.pod).first?.annotation(stopAnnotation) != nil)
    }
  }

  @Test("a patch of spec.shutdown does the same", arguments: ["Stop", "Terminate"]) func shutdown(_ strategy: String) async throws {
    try await Bench.with(script: { _ in nil }) { bench, _, _ in
      try bench.submit("w", single)
      try await bench.reaches("w", "Running")
      try bench.patch("w", ["spec": ["shutdown": .string(strategy)]])
      try await bench.reaches("w", "Failed")
      #expect(try bench.stored("w")?.status["message"]?.string?.contains(strategy) == true)
    }
  }

  @Test("spec.suspend holds new steps back until it is taken away") func suspend() async throws {
    try await Bench.with { bench, service, node in
      try bench.submit("w", chain(1, ["suspend": true]))
      try await eventually("started") { try bench.database.runs(uid: nil).count == 1 }
      #expect(node.created.withLock { $0 }.isEmpty)
      try bench.patch("w", ["metadata": ["labels": ["touched": "yes"]]])
      try bench.patch("w", ["spec": ["suspend": nil]])
      try await bench.reaches("w", "Succeeded")
    }
  }

  @Test("a run that a command resumed is not suspended again by a later change") func resumed() async throws {
    try await Bench.with { bench, service, _ in
      let uid = try bench.submit("w", chain(2, ["suspend": true])).uid
      try await eventually("started") { try bench.database.runs(uid: nil).count == 1 }
      service.command(runUID: uid, .resume())
      try bench.patch("w", ["metadata": ["labels": ["touched": "yes"]]])
      try await bench.reaches("w", "Succeeded")
    }
  }

  @Test("a suspended step goes on when its time is over") func timer() async throws {
    try await Bench.with { bench, _, _ in
      try bench.submit("w", ["entrypoint": "wait", "templates": [["name": "wait", "suspend": ["duration": "1"]]]])
      try await bench.reaches("w", "Succeeded")
    }
  }

  @Test("parameters come from ConfigMaps that say so") func configMap() async throws {
    let seen = Mutex<String?>(nil)
    try await Bench.with(
      script: { pod in
        seen.withLock { $0 = pod.spec["containers"]?[0]?["args"]?[0]?.string }
        return TinyNode.Ending()
      }
    ) { bench, _, _ in
      for (name, labels) in [("good", [ArgoKey.configMapType: "Parameter"] as JSON), ("bad", [:])] {
        try bench.database.create(
          Resource(
            .configMap, json: ["metadata": ["name": .string(name), "namespace": "n", "labels": labels], "data": ["k": "from the map"]]))
      }
      for name in ["good", "bad"] {
        try bench.submit(
          name,
          [
            "entrypoint": "e",
            "arguments": ["parameters": [["name": "p", "valueFrom": ["configMapKeyRef": ["name": .string(name), "key": "k"]]]]],
            "templates": [["name": "e", "container": ["image": "alpine", "command": ["echo"], "args": ["{{workflow.parameters.p}}"]]]],
          ])
      }
      try await bench.reaches("good", "Succeeded")
      #expect(seen.withLock { $0 } == "from the map")
      try await eventually("refused") { try ["Failed", "Error"].contains(bench.phase("bad")) }
    }
  }

  @Test("two runs go on at once, and the observer hears of each in order") func two() async throws {
    try await Bench.with { bench, _, _ in
      for name in ["a", "b"] { try bench.submit(name, chain(4)) }
      for name in ["a", "b"] { try await bench.reaches(name, "Succeeded") }
      try await eventually("reported") { bench.progress.withLock { $0.count(where: \.isFinished) } == 2 }
      let progress = bench.progress.withLock { $0 }
      for name in ["a", "b"] {
        let own = progress.filter { $0.workflow.name == name }
        #expect(own.last?.isFinished == true)
        #expect(own.count(where: \.isFinished) == 1)
        #expect(own.first?.phase == .running)
        // Each node's phases as the observer hears them never go back.
        var ended: Set<String> = []
        for row in own.flatMap(\.nodes) {
          let isOver = row.phase == "Succeeded"
          #expect(isOver || !ended.contains(row.id))
          if isOver { ended.insert(row.id) }
        }
        #expect(ended.count == 9)
      }
    }
  }

  @Test("a deleted workflow takes its pods, results and rows with it") func deleted() async throws {
    try await Bench.with(script: { _ in nil }) { bench, service, _ in
      let collector = try bench.collector()
      defer { collector.stop() }
      let uid = try bench.submit("w", single).uid
      try await bench.reaches("w", "Running")
      try bench.submit("other", single)
      try await bench.reaches("other", "Running")
      try bench.database.commit([.delete(Bench.key("w"))])
      try await eventually("removed") { try bench.objects(.pod).map(\.name) == ["other"] }
      try await eventually("rows removed") { try bench.database.runs(uid: uid).isEmpty }
      #expect(try service.workflow(Bench.key("w")) == nil)
      #expect(try bench.phase("other") == "Running")
    }
  }

  @Test("a workflow made again at once under its name has nothing of the old one") func again() async throws {
    let count = Mutex(0)
    try await Bench.with(
      script: { _ in
        count.withLock { count in
          count += 1
          return count == 1 ? nil : TinyNode.Ending()
        }
      }
    ) { bench, _, _ in
      try bench.submit("w", single)
      try await bench.reaches("w", "Running")
      try bench.database.commit([.delete(Bench.key("w"))])
      try bench.submit("w", single)
      try await eventually("over") { try ["Succeeded", "Failed", "Error"].contains(bench.phase("w")) }
      #expect(try bench.phase("w") == "Succeeded")
    }
  }

  @Test("a pod that the store refuses fails its node and no other run") func refusedPod() async throws {
    let flaky = Mutex<Flaky?>(nil)
    let bench = try Bench { database in
      let store = Flaky(database)
      flaky.withLock { $0 = store }
      return store
    }
    let node = TinyNode(bench.database)
    node.start()
    let service = bench.service()
    try bench.submit("good", single)
    try bench.submit("bad", single)
    flaky.withLock { $0 }?.refusedPod.withLock { $0 = "bad" }
    try service.start()
    defer {
      service.stop()
      node.stop()
    }
    try await bench.reaches("good", "Succeeded")
    try await bench.reaches("bad", "Error")
    #expect(try bench.stored("bad")?.status["message"] == "no such pod, please")
  }
}
