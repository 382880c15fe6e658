import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing

@testable import NodeService

private let outputs: JSON = [
  "outputs": [
    "parameters": [
      ["name": "a", "valueFrom": ["path": "/tmp/a"]], ["name": "b", "valueFrom": ["path": "/tmp/b", "default": "fallback\n"]],
    ],
    "artifacts": [["name": "art", "path": "/tmp/art"], ["name": "maybe", "path": "/tmp/maybe", "optional": true]],
  ]
]

@Suite struct OutcomeTests {
  @Test("outputs are collected and stored with the status") func collected() async throws {
    try await Bench.with { bench in
      var spec = Bench.simple
      spec["containers"] = [
        ["name": "main", "image": "alpine", "command": ["true"], "env": [["name": "ARGO_INCLUDE_SCRIPT_OUTPUT", "value": "true"]]]
      ]
      try bench.create("p", spec: spec, template: outputs)
      try await bench.started("p")
      let plan = try #require(bench.runner.plan("p"))
      #expect(plan.containers[0].outputs.map(\.path) == ["/tmp/a", "/tmp/b", "/tmp/art", "/tmp/maybe"])
      #expect(plan.containers[0].capturesResult)
      let directory = try bench.directory("p")
      #expect(mode(directory) == 0o700)
      #expect(mode(bench.state + "/pods") == 0o700)
      try bench.write("one\n\n", directory + "/outputs/0")
      try bench.write("data", directory + "/outputs/2")
      try bench.write("said", directory + "/containers/main/result")
      bench.end("p")
      try await bench.reaches("p", "Succeeded")
      let result = try #require(try bench.result("p"))
      #expect(result["parameters"] == [["name": "a", "value": "one\n"], ["name": "b", "value": "fallback"]])
      #expect(result["artifacts"] == [["name": "art", "local": ["key": "n/wf/p/art"]]])
      #expect(result["result"] == "said")
      #expect(try bench.store.get(Bench.key("p"))?.spec["nodeName"] == "machine")
    }
  }

  @Test("an output that is not there fails the wait container, not the main one") func missing() async throws {
    try await Bench.with { bench in
      try bench.create("p", template: outputs)
      try await bench.started("p")
      bench.end("p")
      try await bench.reaches("p", "Failed")
      let statuses = try bench.status("p")["containerStatuses"]
      #expect(statuses?[0]?.at("state", "terminated", "exitCode") == 0)
      #expect(statuses?[1]?["name"] == "wait")
      #expect(statuses?[1]?.at("state", "terminated", "message")?.string?.hasPrefix("open /tmp/a: ") == true)
      #expect(try bench.result("p")?["parameters"] == [["name": "b", "value": "fallback"]])
    }
  }

  @Test("logs are archived as what was printed, under the key of the pod") func archivedLogs() async throws {
    try await Bench.with { bench in
      try bench.create("p", template: ["archiveLocation": ["archiveLogs": true, "s3": ["endpoint": "e", "bucket": "b", "key": "k/p"]]])
      try await bench.started("p")
      let log = "2026-11-21T02:44:13.123456789Z stdout F one\n2026-11-21T02:44:13.2Z stderr P tw\n2026-11-21T02:44:13.3Z stderr F o\n"
      try bench.write(log, try bench.directory("p") + "/containers/main/log")
      bench.end("p")
      try await bench.reaches("p", "Succeeded")
      #expect(bench.artifacts.saves.withLock { $0.map(\.name) } == ["main-logs"])
      let saved = try #require(bench.artifacts.saved.withLock { $0.first })
      #expect(saved.artifact["s3"] == ["endpoint": "e", "bucket": "b", "key": "k/p/main.log"])
      #expect(saved.bytes == Array("one\ntwo\n".utf8))
      #expect(!LocalFiles.exists(try bench.directory("p") + "/containers/main/archived.log"))
    }
  }

  @Test("an artifact without a place goes to the pod's archive location, and one with a key is reached there") func archivePlace()
    async throws
  {
    try await Bench.with { bench in
      let location: JSON = ["s3": ["endpoint": "e", "bucket": "b", "key": "k/p"], "archiveLogs": false]
      let template: JSON = [
        "archiveLocation": location, "inputs": ["artifacts": [["name": "in", "path": "/in", "s3": ["key": "a/b"]]]],
        "outputs": [
          "artifacts": [
            ["name": "packed", "path": "/o"], ["name": "plain", "path": "/out/f.txt", "archive": ["none": [:]]],
            ["name": "keyed", "path": "/o2", "gcs": ["key": "x"]],
          ]
        ],
      ]
      try bench.create("p", template: template)
      try await bench.started("p")
      #expect(bench.artifacts.loads.withLock { $0.first?.artifact["s3"] } == ["endpoint": "e", "bucket": "b", "key": "a/b"])
      for number in 0..<3 { try bench.write("x", try bench.directory("p") + "/outputs/\(number)") }
      bench.end("p")
      try await bench.reaches("p", "Succeeded")
      let saved = bench.artifacts.saved.withLock { $0.map(\.artifact) }
      #expect(saved.map { $0["s3"]?["key"] } == ["", "k/p/f.txt", "x"])
      #expect(saved.allSatisfy { $0["s3"]?["bucket"] == "b" && $0["gcs"] == nil })
      #expect(bench.artifacts.saves.withLock { $0.map(\.prefix) } == ["k/p", "k/p", "k/p"])
    }
  }

  @Test("a result that an earlier workflow of the name has left is replaced") func staleResult() async throws {
    try await Bench.with { bench in
      try bench.store.create(
        Resource(.workflowTaskResult, json: ["metadata": ["name": "wf-p", "namespace": "n"], "outputs": ["result": "old"]]))
      try bench.create("p")
      try await bench.started("p")
      try bench.write("new", try bench.directory("p") + "/containers/main/result")
      bench.end("p")
      try await bench.reaches("p", "Succeeded")
      #expect(try bench.result("p")?["result"] == "new")
    }
  }

  @Test("secrets and scratch space do not outlive the pod's run") func cleaned() async throws {
    try await Bench.with { bench in
      try bench.secret("s", ["k": "hidden"])
      var spec = Bench.simple
      spec["volumes"] = [["name": "s", "secret": ["secretName": "s"]]]
      try bench.create("p", spec: spec)
      try await bench.started("p")
      let directory = try bench.directory("p")
      #expect(LocalFiles.exists(directory + "/volumes/s/k"))
      bench.end("p")
      try await bench.reaches("p", "Succeeded")
      bench.node.waitUntilIdle(timeout: TimeSpan(seconds: 20))
      #expect(!LocalFiles.exists(directory + "/volumes"))
      #expect(LocalFiles.exists(directory))
    }
  }

  @Test(
    "how containers end is how the pod ends",
    arguments: [
      ([("main", 0)], "Succeeded"), ([("main", 3)], "Failed"), ([("main", 0), ("side", 137)], "Succeeded"),
      ([("init", 1), ("main", nil)], "Failed"), ([("init", 0), ("main", 0)], "Succeeded"), ([("init", 1)], "Failed"), ([], "Failed"),
    ] as [([(String, Int32?)], String)]) func phases(_ ends: [(String, Int32?)], _ phase: String)
  {
    var roles = [ContainerRole(name: "main", role: .main), ContainerRole(name: "side", role: .sidecar)]
    if ends.first?.0 == "init" { roles.insert(ContainerRole(name: "init", role: .initial), at: 0) }
    var report = Bench.report(ends)
    report.isFinished = true
    #expect(PodStatusView.finished(report, roles: roles, waitFailure: nil)["phase"]?.string == phase)
  }

  @Test("memory, deadline and supervisor failures are told as a kubelet does") func failures() {
    let roles = [ContainerRole(name: "main", role: .main)]
    var report = Bench.report([("main", 137)])
    report.containers[0].message = "OOMKilled"
    report.containers[0].signal = 9
    let killed = PodStatusView.finished(report, roles: roles, waitFailure: nil)["containerStatuses"]?[0]?.at("state", "terminated")
    #expect(killed?["reason"] == "OOMKilled")
    #expect(killed?["signal"] == 9)
    report.isPastDeadline = true
    let late = PodStatusView.finished(report, roles: roles, waitFailure: nil)
    #expect(late["reason"] == "DeadlineExceeded")
    #expect(late["message"] == "Pod was active on the node longer than the specified deadline")
    report.failure = "namespaces refused"
    let failed = PodStatusView.finished(report, roles: roles, waitFailure: nil)
    #expect(failed["initContainerStatuses"]?[0]?["name"] == "init")
    #expect(failed["initContainerStatuses"]?[0]?.at("state", "terminated", "message") == "namespaces refused")
  }

  @Test("a pod whose init containers run is Pending") func pending() {
    let roles = [ContainerRole(name: "i", role: .initial), ContainerRole(name: "main", role: .main)]
    var report = Bench.report([("i", nil), ("main", nil)])
    report.containers[1].startedAt = nil
    let status = PodStatusView.running(report, roles: roles, isReady: true)
    #expect(status["phase"] == "Pending")
    #expect(status["containerStatuses"]?[0]?.at("state", "waiting", "reason") == "PodInitializing")
    report.containers[1].startedAt = 1
    #expect(PodStatusView.running(report, roles: roles, isReady: true)["phase"] == "Running")
  }

  @Test("a store that cannot write loses no outcome") func patience() async throws {
    let failing = Failing()
    let bench = try Bench(over: { failing.over($0) })
    try bench.node.start()
    defer { bench.node.stop() }
    try bench.create("p")
    try await bench.started("p")
    failing.count.store(3, ordering: .sequentiallyConsistent)
    bench.end("p")
    try await bench.reaches("p", "Succeeded")
    #expect(failing.count.load(ordering: .sequentiallyConsistent) == 0)
  }

  @Test("a service whose store cannot write stops all the same") func stopWhileFailing() async throws {
    let failing = Failing()
    let bench = try Bench(over: { failing.over($0) })
    try bench.node.start()
    try bench.create("p")
    try await bench.started("p")
    failing.count.store(1_000_000, ordering: .sequentiallyConsistent)
    bench.end("p")
    try await eventually("a failed commit") { failing.count.load(ordering: .sequentiallyConsistent) < 1_000_000 }
    bench.node.stop()
    #expect(try bench.phase("p") == nil)
  }
}
