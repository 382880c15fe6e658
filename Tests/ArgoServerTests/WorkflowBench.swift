import ArgoServer
import Basics
import ClusterService
import Contracts
import JSONValue
import KubeAPI
import KubeModel
import ResourceDB
import ResourceService
import Testing
import WorkflowService

/// The services behind the Argo API over a store in memory, with a namespace `n`. Pods are made and nobody runs them.
final class WorkflowBench: Sendable {
  let store: ResourceDatabase
  let resources: ResourceService
  let workflows: WorkflowService
  let index: WorkflowIndex
  let server: WorkflowServer
  static let user = UserInfo(name: "system:serviceaccount:argo:argo-server")

  init(logs: (any LogOpening)? = nil) throws {
    var settings = ResourceDatabaseSettings()
    settings.history = HistoryLimits()
    store = try ResourceDatabase(file: ":memory:", settings: settings)
    try store.create(Resource(.namespace, json: ["metadata": ["name": "n"], "status": ["phase": "Active"]]))
    workflows = WorkflowService(store: store, archive: store)
    let catalog = CatalogProvider(store: store) { Catalog(crds: $0) }
    resources = ResourceService(store: store, kinds: { catalog.catalog }, composer: workflows)
    index = WorkflowIndex(store: store)
    var parts = WorkflowServerParts(
      store: store, resources: resources, acting: workflows, composer: workflows, index: index, checks: ManifestChecks(resources: resources)
    )
    parts.logs = logs
    (parts.archive, parts.archivedActing) = (store, workflows)
    parts.now = { Instant(seconds: 1_700_000_000) }
    server = WorkflowServer(parts)
  }

  /// With its services started; they end with it.
  static func started() throws -> WorkflowBench {
    let bench = try WorkflowBench()
    try bench.workflows.start()
    try bench.index.start()
    return bench
  }

  deinit {
    index.stop()
    workflows.stop()
    resources.stop()
  }

  static let leaf: JSON = ["name": "leaf", "container": ["image": "alpine", "command": ["true"]]]
  static let single: JSON = ["entrypoint": "leaf", "templates": [leaf]]

  func key(_ name: String) -> ResourceKey { ResourceKey(.workflow, namespace: "n", name: name) }

  @discardableResult func apply(_ kind: ResourceKind, _ name: String, _ spec: JSON) throws -> Resource {
    let namespace: String? = kind.isNamespaced ? "n" : nil
    return try resources.create(
      kind, namespace: namespace, ["metadata": ["name": .string(name)], "spec": spec], WriteOptions(user: Self.user, fieldManager: "test")
    ).resource
  }

  func reaches(_ name: String, _ phase: String) async throws {
    try await eventually("\(name) \(phase)") { try self.store.get(self.key(name))?.status["phase"]?.string == phase }
  }

  /// The refusal of a call.
  func refusal(_ body: () throws -> Void) -> KubeStatus? {
    do {
      try body()
      return nil
    } catch {
      return error as? KubeStatus
    }
  }
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
