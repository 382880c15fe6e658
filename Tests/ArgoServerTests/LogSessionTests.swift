import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing

@testable import ArgoServer

/// Logs in memory by pod and container.
final class MemoryLogs: LogOpening {
  let logs = Mutex<[String: MemoryLog]>([:])
  func openLog(of pod: Resource, _ options: LogOptions) throws(KubeStatus) -> (any LogCursor)? {
    guard ["main", "side"].contains(options.container) else { throw KubeStatus(.badRequest, "no such container") }
    return logs.withLock { $0["\(pod.name)/\(options.container)"] }
  }
  func put(_ pod: String, _ log: MemoryLog, container: String = "main") { logs.withLock { $0["\(pod)/\(container)"] = log } }
}

@Suite struct LogSessionTests {
  private static let spec: JSON = ["entrypoint": "leaf", "templates": [WorkflowBench.leaf]]

  private func pod(_ bench: WorkflowBench, _ name: String, _ phase: String, labels: [String: String] = [:]) throws {
    var all: JSONObject = [ArgoKey.workflow: "w"]
    for (key, value) in labels { all[key] = .string(value) }
    try bench.store.create(
      Resource(
        .pod,
        json: [
          "metadata": ["name": .string(name), "namespace": "n", "labels": .object(all)],
          "status": ["phase": .string(phase), "startTime": "2026-11-28T10:00:00Z"],
        ]))
  }

  private func bench(_ logs: MemoryLogs, phase: String) throws -> WorkflowBench {
    let bench = try WorkflowBench(logs: logs)
    try bench.store.create(
      Resource(
        .workflow,
        json: ["metadata": ["name": "w", "namespace": "n"], "spec": Self.spec, "status": ["phase": .string(phase), "nodes": [:]]]))
    return bench
  }

  private func lines(_ bench: WorkflowBench, _ edit: (inout LogRequest) -> Void = { _ in }) throws -> [String] {
    var request = LogRequest(namespace: "n", name: "w")
    edit(&request)
    var result: [String] = []
    try bench.server.logs(request).run { entries in
      result += entries.map { "\($0.podName) \($0.content)" }
      return true
    }
    return result
  }

  @Test("of a finished workflow: all pods by time, or one, with times, by expression, by container, by label") func finished() throws {
    let logs = MemoryLogs()
    let bench = try bench(logs, phase: "Succeeded")
    try pod(bench, "a", "Succeeded", labels: ["team": "blue"])
    try pod(bench, "b", "Failed")
    try pod(bench, "c", "Succeeded")
    let time = "2026-11-28T10:00:0"
    logs.put("a", MemoryLog([(time + "1.000000000Z", "one\r"), (time + "3.000000000Z", "three")]))
    logs.put("b", MemoryLog([(time + "2.000000000Z", "two")], tail: "end"))
    logs.put("b", MemoryLog([(time + "2.000000000Z", "beside")]), container: "side")
    #expect(try lines(bench) == ["a one", "b two", "a three", "b end"])
    for (name, log) in [("a", [(time + "1.000000000Z", "one")]), ("b", [(time + "2.000000000Z", "two")])] {
      logs.put(name, MemoryLog(log))
    }
    #expect(try lines(bench) { $0.podName = "b" } == ["b two"])
    logs.put("a", MemoryLog([(time + "1.000000000Z", "one")]))
    logs.put("b", MemoryLog([(time + "2.000000000Z", "two")]))
    #expect(
      try lines(bench) {
        $0.options.hasTimestamps = true; $0.grep = "02.*w"
      } == ["b \(time)2.000000000Z two"])
    #expect(try lines(bench) { $0.options.container = "side" } == ["b beside"])
    logs.put("a", MemoryLog([(time + "1.000000000Z", "one")]))
    #expect(try lines(bench) { $0.selector = "team in (blue)" } == ["a one"])
    #expect(bench.refusal { _ = try lines(bench) { $0.grep = "[" } }?.message.hasPrefix("failed to compile \"[\": ") == true)
    #expect(bench.refusal { _ = try lines(bench) { $0.selector = "a in" } }?.reason == .badRequest)
    #expect(bench.refusal { _ = try lines(bench) { $0.name = "nope" } }?.reason == .notFound)
  }

  @Test("it follows pods that start later, and ends with the workflow") func following() async throws {
    let logs = MemoryLogs()
    let bench = try bench(logs, phase: "Running")
    try pod(bench, "a", "Running")
    try pod(bench, "b", "Pending")
    let first = MemoryLog([("1", "a1")])
    logs.put("a", first)
    let seen = Mutex<[String]>([])
    let isOver = Mutex(false)
    var request = LogRequest(namespace: "n", name: "w")
    request.options.follows = true
    let session = try bench.server.logs(request)
    startThread(name: "follower") {
      session.run { entries in
        seen.withLock { $0 += entries.map(\.content) }
        return true
      }
      isOver.withLock { $0 = true }
    }
    try await eventually("a1") { seen.withLock { $0 } == ["a1"] }
    first.append("2", "a2")
    try await eventually("a2") { seen.withLock { $0 } == ["a1", "a2"] }
    func change(_ kind: ResourceKind, _ name: String, _ status: JSON) throws {
      try bench.store.commit([.patch(ResourceKey(kind, namespace: "n", name: name), ["status": status])])
    }
    try change(.pod, "b", ["phase": "Running"])
    // It has printed nothing yet; its log comes with its first line.
    logs.put("b", MemoryLog([("3", "b3")]))
    try await eventually("b3") { seen.withLock { $0 } == ["a1", "a2", "b3"] }
    try change(.pod, "a", ["phase": "Succeeded"])
    try pod(bench, "c", "Running")
    logs.put("c", MemoryLog([("4", "c4")], tail: "c5"))
    try await eventually("c4") { seen.withLock { $0.count } == 4 }
    try change(.workflow, "w", ["phase": "Failed"])
    try change(.pod, "c", ["phase": "Failed"])
    #expect(!isOver.withLock { $0 })
    // A pod that is removed is over too.
    try bench.store.commit([.delete(ResourceKey(.pod, namespace: "n", name: "b"))])
    try await eventually("the end") { isOver.withLock { $0 } }
    #expect(seen.withLock { $0 } == ["a1", "a2", "b3", "c4", "c5"])
  }

  @Test("who leaves is not followed for, even when nothing is printed") func leaving() async throws {
    let logs = MemoryLogs()
    let bench = try bench(logs, phase: "Running")
    try pod(bench, "a", "Running")
    var request = LogRequest(namespace: "n", name: "w")
    request.options.follows = true
    let session = try bench.server.logs(request)
    let isThere = Mutex(true)
    let isOver = Mutex(false)
    startThread(name: "follower") {
      session.run { _ in isThere.withLock { $0 } }
      isOver.withLock { $0 = true }
    }
    isThere.withLock { $0 = false }
    try await eventually("the end") { isOver.withLock { $0 } }
  }
}
