import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing

@testable import NodeService

/// A custom object whose status a test sets.
private let widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 1}\n"
private let outputs: JSON = [
  "parameters": [
    ["name": "name", "valueFrom": ["jsonPath": "{.metadata.name}"]],
    ["name": "phase", "valueFrom": ["jqFilter": ".status.phase", "default": "d"]],
    ["name": "none", "valueFrom": ["jsonPath": "{.status.nothing}", "default": "d"]], ["name": "plain", "value": "p"],
  ]
]

@Suite("Waits and outputs of resource templates") struct ActionWaitTests {
  private func key() throws -> ResourceKey {
    ResourceKey(try #require(ResourceKind.of(apiVersion: "example.com/v1", kind: "Widget")), namespace: "n", name: "w")
  }

  private func set(_ bench: Bench, _ status: JSON) throws { try bench.store.commit([.patch(try key(), ["status": status])]) }

  private func waiting(_ conditions: [String: String], action: String = "create") -> JSON {
    var resource: JSONObject = ["action": .string(action), "manifest": .string(widget)]
    for (name, text) in conditions { resource[name] = .string(text) }
    return .object(resource)
  }

  private static let both = [
    "successCondition": "status.phase == Ready, status.count > 2", "failureCondition": "status.phase in (Broken, Gone)",
  ]

  @Test("the step ends when its object meets the success condition, with outputs as of then")
  func success() async throws {
    try await Bench.with { (bench: Bench) async throws in
      try bench.act("p", waiting(Self.both), outputs: outputs)
      try await bench.reaches("p", "Running")
      try set(bench, ["phase": "Ready", "count": 2])
      try await eventually("it was looked at") { try bench.log("p").contains("success conditions matched: 1 of 2") }
      #expect(try bench.phase("p") == "Running")
      try set(bench, ["count": 3])
      #expect(try await bench.ending("p") == "")
      #expect(try bench.values("p") == ["name": "w", "phase": "Ready", "none": ""])
    }
  }

  @Test("a failure condition that holds fails the step in Argo's words")
  func failure() async throws {
    try await Bench.with { (bench: Bench) async throws in
      try bench.act("p", waiting(Self.both), outputs: outputs)
      try await bench.reaches("p", "Running")
      try set(bench, ["phase": "Broken", "count": 3])
      #expect(try await bench.ending("p") == "64: failure condition 'status.phase in (Broken,Gone)' evaluated true")
      #expect(try bench.result("p")?["parameters"] == nil)
    }
  }

  @Test("an object that is deleted while it is waited for")
  func deleted() async throws {
    try await Bench.with { (bench: Bench) async throws in
      try bench.act("p", waiting(Self.both))
      try await bench.reaches("p", "Running")
      try bench.store.commit([.delete(try key())])
      #expect(
        try await bench.ending("p")
          == "64: The resource has been deleted while its status was still being checked. Will not be retried: widgets.example.com \"w\" not found"
      )
    }
  }

  @Test("conditions that cannot be read fail after the action")
  func unreadable() async throws {
    try await Bench.with { (bench: Bench) async throws in
      let message = try await bench.outcome("p", waiting(["successCondition": "status.phase == (a"]))
      #expect(message.hasPrefix("64: success condition 'status.phase == (a' failed to parse: "))
      #expect(try bench.store.get(try key()) != nil)
      #expect(
        try await bench.outcome("q", waiting(["successCondition": "a"], action: "delete"))
          == "64: successCondition, failureCondition and outputs are not supported for delete action")
      #expect(try bench.store.get(try key()) != nil)
    }
  }

  @Test("a get of what is not there gives defaults where that is forgiven")
  func absent() async throws {
    try await Bench.with { (bench: Bench) async throws in
      let get: JSON = ["action": "get", "flags": ["--ignore-not-found"], "manifest": .string(widget)]
      #expect(try await bench.outcome("p", get, outputs: outputs) == "")
      #expect(try bench.values("p") == ["name": "", "phase": "d", "none": "d"])
    }
  }

  @Test("a filter that cannot be applied fails the step")
  func badFilter() async throws {
    try await Bench.with { (bench: Bench) async throws in
      let outputs: JSON = ["parameters": [["name": "a", "valueFrom": ["jqFilter": ".metadata.name + 1"]]]]
      #expect(try await bench.outcome("p", waiting([:]), outputs: outputs).hasPrefix("64: cannot add: string (\"w\") and number (1)"))
    }
  }

  @Test("a wait ends by a stop request, at its deadline, and with its pod")
  func ended() async throws {
    try await Bench.with { (bench: Bench) async throws in
      try bench.act("p", waiting(Self.both))
      try await bench.reaches("p", "Running")
      try bench.store.commit([.patch(Bench.key("p"), ["metadata": ["annotations": [stopAnnotation: "terminate"]]])])
      #expect(try await bench.ending("p") == "143: ")
      try bench.act("q", waiting(Self.both, action: "get"), spec: ["activeDeadlineSeconds": 1])
      #expect(try await bench.ending("q") == "143: ")
      #expect(try bench.status("q")["reason"] == "DeadlineExceeded")
      try bench.act("r", waiting(Self.both, action: "get"))
      try await bench.reaches("r", "Running")
      let directory = try bench.directory("r")
      try bench.store.commit([.delete(Bench.key("r"))])
      try await eventually("its directory goes") { !LocalFiles.exists(directory) }
      bench.node.waitUntilIdle(timeout: TimeSpan(seconds: 5))
    }
  }

  @Test("many waits take no thread and no place among the pods that run")
  func many() async throws {
    try await Bench.with(maximumPods: 1) { (bench: Bench) async throws in
      try bench.store.create(Resource(try key().kind, json: ["metadata": ["name": "w", "namespace": "n"]]))
      for number in 0..<50 { try bench.act("p\(number)", waiting(Self.both, action: "get")) }
      try await eventually("all wait") { try (0..<50).allSatisfy { try bench.phase("p\($0)") == "Running" } }
      try bench.create("process")
      try await bench.started("process")
      bench.end("process")
      try await bench.reaches("process", "Succeeded")
      try set(bench, ["phase": "Ready", "count": 3])
      try await eventually("all end") { try (0..<50).allSatisfy { try bench.phase("p\($0)") == "Succeeded" } }
    }
  }
}

@Suite("Resource templates after a crash") struct ActionCrashTests {
  private let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: made-}\ndata: {a: '1'}\n"

  @Test("what was done before the crash is not done again, and the wait goes on")
  func wait() async throws {
    let bench = try Bench()
    let resource: JSON = ["action": "create", "manifest": .string(manifest), "successCondition": "data.go == yes"]
    try bench.node.start()
    try bench.act("p", resource, outputs: ["parameters": [["name": "n", "valueFrom": ["jsonPath": "{.metadata.name}"]]]])
    try await bench.reaches("p", "Running")
    bench.node.stop()
    // What a kill leaves: the pod, its directory, the object.
    let second = NodeService(store: bench.store, runner: bench.runner, artifacts: bench.artifacts, settings: bench.settings, workerCount: 2)
    try second.start()
    defer { second.stop() }
    let made = try bench.store.list(.configMap, namespace: "n", labels: .everything)
    #expect(made.count == 1)
    try await eventually("it is waited for again") { try bench.log("p").components("success conditions matched: 0 of 1") >= 2 }
    try bench.store.commit([.patch(made[0].key, ["data": ["go": "yes"]])])
    #expect(try await bench.ending("p") == "")
    #expect(try bench.values("p") == ["n": made[0].name])
    #expect(try bench.store.list(.configMap, namespace: "n", labels: .everything).count == 1)
  }

  @Test("a crash right after the transaction of the action")
  func afterCommit() async throws {
    let bench = try Bench()
    let resource: JSON = ["action": "create", "manifest": .string(manifest)]
    let pod = try bench.act("p", resource)
    // The worker died when it had committed: nothing but the store knows.
    let action = ResourceAction(
      pod: pod, template: ["resource": resource], manifest: Array(manifest.utf8), manifestPath: "/tmp/manifest.yaml", store: bench.store,
      log: ActionLog(podDirectory: bench.state))
    let first = try action.perform()
    #expect(first?.name.hasPrefix("made-") == true)
    try LocalFiles.makeDirectories(try bench.directory("p"))
    try bench.node.start()
    defer { bench.node.stop() }
    #expect(try await bench.ending("p") == "")
    #expect(try bench.store.list(.configMap, namespace: "n", labels: .everything).map(\.name) == [first?.name ?? ""])
  }

  @Test("a store that cannot write for a moment does not fail the action")
  func later() async throws {
    let failing = Failing()
    let bench = try Bench(over: failing.over)
    try bench.node.start()
    defer { bench.node.stop() }
    failing.count.store(1, ordering: .sequentiallyConsistent)
    #expect(try await bench.outcome("p", ["action": "create", "manifest": .string(manifest)]) == "")
    #expect(try bench.store.list(.configMap, namespace: "n", labels: .everything).count == 1)
  }
}

@Suite("Data templates") struct DataActionTests {
  private func outcome(_ bench: Bench, _ pod: String, _ data: JSON) async throws -> String {
    try bench.create(
      pod, spec: ["containers": [["name": "main", "image": "argoexec", "command": ["argoexec", "data"]]]], template: ["data": data])
    return try await bench.ending(pod)
  }
  private let source: JSON = ["artifactPaths": ["name": "all", "s3": ["bucket": "b"]]]

  @Test("the files of a source go through the expressions, and the JSON is the result")
  func list() async throws {
    try await Bench.with { (bench: Bench) async throws in
      for name in ["a.pdf", "b.txt", "c&d.pdf"] { bench.artifacts.saves.withLock { $0.append((name, "", "k")) } }
      let steps: JSON = [["expression": "filter(data, {# endsWith '.pdf'})"], ["expression": "map(data, {# + '.ready'})"]]
      #expect(try await outcome(bench, "p", ["source": source, "transformation": steps]) == "")
      #expect(try bench.result("p")?["result"] == #"["k/a.pdf.ready","k/c\u0026d.pdf.ready"]"#)
      #expect(try await outcome(bench, "q", ["source": source]) == "")
      #expect(try bench.result("q")?["result"]?.string?.hasPrefix(#"["k/a.pdf","k/b.txt","#) == true)
    }
  }

  @Test("nothing found is null as in Go, and a list after an expression")
  func empty() async throws {
    try await Bench.with { (bench: Bench) async throws in
      #expect(try await outcome(bench, "p", ["source": source]) == "")
      #expect(try bench.result("p")?["result"] == "null")
      #expect(try await outcome(bench, "q", ["source": source, "transformation": [["expression": "filter(data, {true})"]]]) == "")
      #expect(try bench.result("q")?["result"] == "[]")
    }
  }

  @Test("errors are told in Argo's words")
  func errors() async throws {
    try await Bench.with { (bench: Bench) async throws in
      #expect(
        try await outcome(bench, "p", ["source": [:]])
          == "64: unable to process data template: unable to process data source: no valid source is used for data template")
      let steps: JSON = [["expression": "data"], ["expression": "nope(data)"]]
      #expect(
        try await outcome(bench, "q", ["source": source, "transformation": steps])
          .hasPrefix("64: unable to process data template: unable to process data transformation: error processing data step 1: "))
    }
  }
}

extension String {
  /// How often a text occurs.
  func components(_ part: String) -> Int { ranges(of: part).count }
}
