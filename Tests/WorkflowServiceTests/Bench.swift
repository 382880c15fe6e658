import ArgoModel
import Basics
import ClusterService
import Contracts
import JSONValue
import KubeAPI
import KubeModel
import ResourceDB
import Synchronization
import Testing

@testable import WorkflowService

/// Plays pods: answers each new Pod with status patches and a WorkflowTaskResult, on a thread of its own.
final class TinyNode: Sendable {
  /// What becomes of a pod; nil: it goes on running.
  struct Ending: Sendable {
    var exitCode: Int64 = 0
    var outputs: JSON?
  }
  /// Pods created, by name, in order.
  let created = Mutex<[String]>([])
  private let store: any ResourceStoring
  private let inbox = Mailbox<Resource>()
  private let handle = Mutex<(any WatchHandle)?>(nil)
  private let thread = Mutex<OSThread?>(nil)
  private let script: @Sendable (Resource) -> Ending?

  init(_ store: any ResourceStoring, script: @escaping @Sendable (Resource) -> Ending? = { _ in Ending() }) {
    self.store = store
    self.script = script
  }

  func start() {
    let inbox = inbox
    let watch = store.watch([.pod]) { events in
      for event in events where event.change != .deleted {
        if event.change == .added { self.created.withLock { $0.append(event.resource.name) } }
        inbox.post(event.resource)
      }
    }
    handle.withLock { $0 = watch }
    let started = startThread(name: "tiny-node") { [self] in
      while let pods = inbox.takeAll() { for pod in pods { play(pod) } }
    }
    thread.withLock { $0 = started }
  }

  func stop() {
    handle.withLock { $0.take() }?.cancel()
    inbox.close()
    thread.withLock { $0.take() }?.join()
  }

  func play(_ pod: Resource) {
    if pod.deletionTimestamp != nil {
      _ = try? store.commit([.delete(pod.key)])
      return
    }
    let phase = pod.status["phase"]?.string
    if phase == "Succeeded" || phase == "Failed" { return }
    if pod.annotation(stopAnnotation) != nil {
      end(pod, Ending(exitCode: 143))
    } else if phase == nil {
      if let ending = script(pod) {
        end(pod, ending)
      } else {
        let running: JSON = [
          "status": ["phase": "Running", "containerStatuses": [["name": "main", "ready": true, "state": ["running": [:]]]]]
        ]
        _ = try? store.commit([.patch(pod.key, running)])
      }
    }
  }

  func end(_ pod: Resource, _ ending: Ending) {
    var writes: [Write] = []
    if let outputs = ending.outputs, let id = pod.annotation(ArgoKey.nodeID) {
      writes.append(
        .create(
          Resource(
            .workflowTaskResult,
            json: [
              "metadata": [
                "name": .string(id), "namespace": .string(pod.namespace),
                "labels": [ArgoKey.workflow: .string(pod.label(ArgoKey.workflow) ?? "")],
              ],
              "outputs": outputs,
            ])))
    }
    let state: JSON = ["terminated": ["exitCode": .int(ending.exitCode), "reason": ending.exitCode == 0 ? "Completed" : "Error"]]
    writes.append(
      .patch(
        pod.key,
        [
          "status": [
            "phase": ending.exitCode == 0 ? "Succeeded" : "Failed",
            "containerStatuses": [["name": "main", "ready": false, "state": state]],
          ]
        ]))
    _ = try? store.commit(writes)
  }
}

/// A workflow service over a store in memory.
final class Bench: Sendable {
  let database: ResourceDatabase
  let store: any ResourceStoring
  let progress = Mutex<[RunProgress]>([])

  init(over wrapped: (ResourceDatabase) -> any ResourceStoring = { $0 }) throws {
    database = try ResourceDatabase(file: ":memory:")
    store = wrapped(database)
  }

  /// Without `steady`, waiting goes by the clock that is given.
  func service(
    clock: (@Sendable () -> Instant)? = nil, steady: (@Sendable () -> Instant)? = nil, machineStart: String = "first"
  ) -> WorkflowService {
    WorkflowService(
      store: store, clock: clock ?? SystemClock.now, steady: steady ?? clock ?? SystemClock.steady, machineStart: machineStart
    ) { progress in
      self.progress.withLock { $0.append(progress) }
    }
  }

  /// A garbage collector over the store, started.
  func collector() throws -> ClusterService {
    let catalog = CatalogProvider(store: database) { Catalog(crds: $0) }
    let settings = ClusterSettings(volumeDirectory: "/tmp/argosy-no-volumes-\(UInt64.random(in: 0 ... .max))")
    let service = ClusterService(store: database, catalog: catalog, scope: .runs, settings: settings)
    try service.start()
    return service
  }

  /// Runs a test with a service and a node, and stops both.
  static func with(
    script: @escaping @Sendable (Resource) -> TinyNode.Ending? = { _ in TinyNode.Ending() },
    _ body: (Bench, WorkflowService, TinyNode) async throws -> Void
  ) async throws {
    let bench = try Bench()
    let node = TinyNode(bench.database, script: script)
    let service = bench.service()
    node.start()
    try service.start()
    defer {
      service.stop()
      node.stop()
    }
    try await body(bench, service, node)
  }

  @discardableResult
  func submit(_ name: String, _ spec: JSON) throws -> Resource {
    try database.create(Resource(.workflow, json: ["metadata": ["name": .string(name), "namespace": "n"], "spec": spec]))
  }

  static func key(_ name: String) -> ResourceKey { ResourceKey(.workflow, namespace: "n", name: name) }
  func stored(_ name: String) throws -> Resource? { try database.get(Self.key(name)) }
  func phase(_ name: String) throws -> String? { try stored(name)?.status["phase"]?.string }
  func reaches(_ name: String, _ phase: String) async throws {
    try await eventually("\(name) \(phase)") { try self.phase(name) == phase }
  }
  func patch(_ name: String, _ patch: JSON) throws { try database.commit([.patch(Self.key(name), patch)]) }
  func objects(_ kind: ResourceKind) throws -> [Resource] { try database.list(kind, namespace: nil, labels: .everything) }
}

struct NeverHappened: Error, CustomStringConvertible { var description: String }

/// Waits until something is so; fails after a long time.
func eventually(_ what: String, _ condition: () throws -> Bool) async throws {
  for _ in 0..<60_000 {
    if try condition() { return }
    try await Task.sleep(for: .milliseconds(2))
  }
  throw NeverHappened(description: "never happened: " + what)
}

let leaf: JSON = ["name": "leaf", "container": ["image": "alpine", "command": ["true"]]]

/// One step group after the other, a step named `s<number>` in each.
func chain(_ count: Int, _ extra: JSONObject = [:]) -> JSON {
  let steps = (0..<count).map { number -> JSON in [["name": .string("s\(number)"), "template": "leaf"]] }
  var spec: JSONObject = ["entrypoint": "main", "templates": [["name": "main", "steps": .array(steps)], leaf]]
  for (key, value) in extra { spec[key] = value }
  return .object(spec)
}

let single: JSON = ["entrypoint": "leaf", "templates": [leaf]]

/// Fails commits on request.
final class Flaky: ResourceStoring {
  /// The next commits that fail.
  let failures = Atomic<Int>(0)
  /// Refuses requests that create this pod.
  let refusedPod = Mutex<String?>(nil)
  private let inner: any ResourceStoring
  init(_ inner: any ResourceStoring) { self.inner = inner }

  func commit(_ writes: [Write]) throws(KubeStatus) -> [Resource?] {
    if failures.load(ordering: .sequentiallyConsistent) > 0 {
      failures.subtract(1, ordering: .sequentiallyConsistent)
      throw KubeStatus(.internalError, "no space left")
    }
    if let refused = refusedPod.withLock({ $0 }) {
      for case .create(let object) in writes where object.name == refused { throw KubeStatus(.invalid, "no such pod, please") }
    }
    return try inner.commit(writes)
  }
  func get(_ key: ResourceKey) throws(KubeStatus) -> Resource? { try inner.get(key) }
  func owned(by uid: String) throws(KubeStatus) -> [Resource] { try inner.owned(by: uid) }
  func list(_ kind: ResourceKind, namespace: String?, labels: LabelSelector) throws(KubeStatus) -> [Resource] {
    try inner.list(kind, namespace: namespace, labels: labels)
  }
  func watch(_ kinds: Set<ResourceKind>, handler: @escaping @Sendable ([WatchEvent]) -> Void) -> any WatchHandle {
    inner.watch(kinds, handler: handler)
  }
  func runs(uid: String?) throws(KubeStatus) -> [RunRow] { try inner.runs(uid: uid) }
  func nodes(ofRun uid: String) throws(KubeStatus) -> [NodeRow] { try inner.nodes(ofRun: uid) }
}
