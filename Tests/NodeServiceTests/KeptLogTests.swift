import ArgoModel
import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing

@testable import NodeService

/// Logs that outlive their pods.
@Suite struct KeptLogTests {
  private static let log = "2026-11-28T10:00:00.000000001Z stdout F one\n2026-11-28T10:00:01.000000000Z stderr F two\n"
  private static let owners: JSON = [
    ["apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "name": "wf", "uid": "wf-uid", "controller": true]
  ]

  private func read(_ bench: Bench, _ pod: String, _ edit: (inout LogOptions) -> Void = { _ in }) throws -> String {
    var options = LogOptions()
    edit(&options)
    let result = Mutex<[UInt8]>([])
    try bench.node.readKeptLog(ofWorkflow: "wf-uid", pod: pod, options) { bytes in
      result.withLock { $0 += bytes }
      return true
    }
    return String(decoding: result.withLock { $0 }, as: UTF8.self)
  }

  private func run(
    _ bench: Bench, _ name: String, log: String, ownedByWorkflow: Bool = true, round: Int = 1, labels: [String: String] = [:]
  )
    async throws
  {
    var pod = Bench.pod(
      name, spec: ["containers": [["name": "main", "image": "alpine", "command": ["true"]], ["name": "side", "image": "alpine"]]])
    if ownedByWorkflow { pod.metadata["ownerReferences"] = Self.owners }
    pod.setLabel(ArgoKey.completed, "false")
    for (name, value) in labels { pod.setLabel(name, value) }
    try bench.store.create(pod)
    try await eventually("\(name) started") { bench.runner.started.filter { $0 == name }.count == round }
    try bench.write(log, try bench.directory(name) + "/containers/main/log")
    bench.end(name, [("main", 0), ("side", 0)])
    try await bench.reaches(name, "Succeeded")
  }

  @Test("a workflow's log is there when the pod is gone, until it is removed; a later pod of the name takes its place")
  func kept() async throws {
    let bench = try Bench(keepsLogs: true)
    try bench.node.start()
    defer { bench.node.stop() }
    try await run(bench, "p", log: Self.log, labels: ["team": "blue", ArgoKey.workflow: "wf"])
    let directory = try bench.directory("p")
    try bench.store.commit([.delete(Bench.key("p"))])
    try await eventually("its directory is gone") { !LocalFiles.exists(directory) }
    #expect(try read(bench, "p") == "one\ntwo\n")
    #expect(
      try read(bench, "p") {
        $0.tailLines = 1; $0.follows = true
      } == "two\n")
    let cursor = try bench.node.openKeptLog(ofWorkflow: "wf-uid", pod: "p", LogOptions())
    #expect((cursor.next(about: 1) + cursor.next(about: 1000)).map { String(decoding: $0.text, as: UTF8.self) } == ["one", "two"])
    #expect(bench.node.keptLogs(ofWorkflow: "wf-uid").map { $0.pod } == ["p"])
    #expect(bench.node.keptLogs(ofWorkflow: "wf-uid").map { $0.containers } == [["main"]])
    #expect(bench.node.keptLogs(ofWorkflow: "wf-uid").map { $0.labels["team"] } == ["blue"])
    #expect(throws: KubeStatus.self) { try read(bench, "p") { $0.container = ".labels" } }
    #expect(throws: KubeStatus.self) { try read(bench, "p") { $0.container = "side" } }
    #expect(throws: KubeStatus.self) { try read(bench, "q") }
    try await run(bench, "p", log: "2026-11-28T10:00:09.000000001Z stdout F anew\n", round: 2)
    #expect(try read(bench, "p") == "anew\n")
    #expect(bench.node.keptLogs(ofWorkflow: "wf-uid").map { $0.labels } == [[ArgoKey.completed: "false"]])
    #expect(bench.node.keptWorkflows() == ["wf-uid"])
    try bench.node.removeKept(ofWorkflow: "wf-uid", artifacts: nil, below: [])
    try bench.node.removeKept(ofWorkflow: "wf-uid", artifacts: nil, below: [])
    #expect(throws: KubeStatus.self) { try read(bench, "p") }
    #expect(bench.node.keptWorkflows().isEmpty)
    // The pod that is there has its own still.
    #expect(LocalFiles.exists(try bench.directory("p") + "/containers/main/log"))
  }

  @Test("pods of nobody, and those of a run without a server, leave nothing")
  func others() async throws {
    let bench = try Bench(keepsLogs: true)
    try bench.node.start()
    defer { bench.node.stop() }
    try await run(bench, "p", log: Self.log, ownedByWorkflow: false)
    #expect(bench.node.keptWorkflows().isEmpty)
    try await Bench.with { bench in
      try await run(bench, "p", log: Self.log)
      #expect(bench.node.keptWorkflows().isEmpty)
      #expect(bench.node.keptLogs(ofWorkflow: "wf-uid").isEmpty)
    }
  }

  @Test("names that lead elsewhere find nothing and remove nothing")
  func hostileNames() throws {
    let bench = try Bench(keepsLogs: true)
    try bench.write("secret", bench.state + "/secret")
    try bench.write("x", bench.state + "/logs/wf-uid/p/main")
    func denied(_ uid: String, _ pod: String, _ container: String) -> Bool {
      var options = LogOptions()
      options.container = container
      do {
        try bench.node.readKeptLog(ofWorkflow: uid, pod: pod, options) { _ in true }
        return false
      } catch {
        return error.reason == .notFound
      }
    }
    #expect(!denied("wf-uid", "p", "main"))
    for hostile in ["..", ".", "", "../..", "a/b", "p/../../..", "\0"] {
      #expect(denied(hostile, "p", "main"))
      #expect(denied("wf-uid", hostile, "main"))
      if !hostile.isEmpty { #expect(denied("wf-uid", "p", hostile)) }
      #expect(bench.node.keptLogs(ofWorkflow: hostile).isEmpty)
      try bench.node.removeKept(ofWorkflow: hostile, artifacts: nil, below: [])
    }
    symlink(bench.state + "/secret", bench.state + "/logs/wf-uid/p/link")
    #expect(denied("wf-uid", "p", "link"))
    #expect(LocalFiles.exists(bench.state + "/secret"))
  }

  @Test("with an archived workflow go the artifacts below its name in this program's own repository, and no others")
  func artifacts() throws {
    let bench = try Bench(keepsLogs: true)
    func artifact(_ name: String, _ more: JSONObject) -> JSON {
      var artifact: JSONObject = ["name": .string(name)]
      for (key, value) in more { artifact[key] = value }
      return .object(artifact)
    }
    let outputs: JSON = [
      artifact("own", ["local": ["key": "n/wf/p/own.tgz"]]), artifact("shared", ["local": ["key": "shared/x"]]),
      artifact("bucket", ["s3": ["key": "n/wf/p/own.tgz"]]), artifact("similar", ["local": ["key": "n/wf-2/p/own.tgz"]]),
      artifact("never", ["local": ["key": "n/wf/p/never"], "artifactGC": ["strategy": "Never"]]),
      artifact("old", ["local": ["key": "wf/wf-p-1/own.tgz"]]), artifact("other", ["local": ["key": "m/wf/p/own.tgz"]]),
    ]
    func workflow(_ spec: JSON) -> Resource {
      Resource(
        .workflow,
        json: [
          "metadata": ["name": "wf", "namespace": "n", "uid": "wf-uid"], "spec": spec,
          "status": ["nodes": ["a": ["outputs": ["artifacts": outputs]], "b": ["phase": "Failed"]]],
        ])
    }
    try bench.node.removeKept(ofWorkflow: "wf-uid", artifacts: workflow(["artifactGC": ["strategy": "Never"]]), below: ["n/wf/"])
    #expect(bench.artifacts.deletions.withLock { $0.isEmpty })
    try bench.node.removeKept(ofWorkflow: "wf-uid", artifacts: workflow([:]), below: ["n/wf/", "wf/wf"])
    #expect(bench.artifacts.deletions.withLock { $0.map { $0["name"]?.string } } == ["own", "old"])
    // Nothing is the workflow's alone.
    try bench.node.removeKept(ofWorkflow: "wf-uid", artifacts: workflow([:]), below: [])
    #expect(bench.artifacts.deletions.withLock { $0.count } == 2)
  }
}
