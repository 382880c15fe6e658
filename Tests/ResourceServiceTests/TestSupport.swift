import Basics
import Contracts
import JSONValue
import KubeAPI
import KubeModel
import ResourceDB
import ResourceService
import Synchronization
import Testing

/// A catalogue of a few kinds.
struct TestCatalog: KindCatalog {
  var kinds: [APIKind]
  func kind(group: String, version: String, plural: String) -> APIKind? {
    kinds.first { $0.kind.group == group && $0.kind.version == version && $0.kind.plural == plural }
  }
  func kind(apiVersion: String, kind: String) -> APIKind? { kinds.first { $0.kind.apiVersion == apiVersion && $0.kind.kind == kind } }
  func schema(of kind: APIKind) -> TypeSchema? { kind.isCustom ? nil : type(kind.typeName) }
  func type(_ name: String) -> TypeSchema? { BuiltInTypes.all[name] }

  static let small: TestCatalog = {
    var pod = APIKind(.pod, singular: "pod", typeName: "io.k8s.api.core.v1.Pod")
    pod.subresources = [APIKind.Subresource("status", kind: "Pod", verbs: ["get", "patch", "update"])]
    pod.selectableFields = ["spec.nodeName", "status.phase"]
    var workflow = APIKind(.workflow, singular: "workflow", typeName: "io.argoproj.v1alpha1.Workflow")
    workflow.isCustom = true
    var widget = APIKind(.widget, singular: "widget", typeName: "")
    widget.isCustom = true
    widget.subresources = [APIKind.Subresource("status", kind: "Widget", verbs: ["get", "patch", "update"])]
    var old = widget
    old.kind.version = "v1alpha1"
    old.isPreferredVersion = false
    return TestCatalog(kinds: [
      pod, workflow, widget, old, APIKind(.configMap, singular: "configmap", typeName: "io.k8s.api.core.v1.ConfigMap"),
      APIKind(.namespace, singular: "namespace", typeName: "io.k8s.api.core.v1.Namespace"),
      APIKind(.secret, singular: "secret", typeName: "io.k8s.api.core.v1.Secret"),
    ])
  }()
}

extension ResourceKind {
  static let widget = ResourceKind(group: "example.com", version: "v1", kind: "Widget", plural: "widgets")
  static let oldWidget = ResourceKind(group: "example.com", version: "v1alpha1", kind: "Widget", plural: "widgets")
}

/// A service over a store in memory, with a namespace `n`.
struct Bench {
  let store: ResourceDatabase
  let service: ResourceService

  init(
    admitters: [any Admitting] = [], composer: (any ResourceComposing)? = nil, history: HistoryLimits = HistoryLimits(),
    file: String = ":memory:",
    settings: ResourceServiceSettings = ResourceServiceSettings()
  ) throws {
    var database = ResourceDatabaseSettings()
    database.history = history
    store = try ResourceDatabase(file: file, settings: database)
    service = ResourceService(
      store: store, kinds: { TestCatalog.small }, admitters: admitters, composer: composer, settings: settings)
    if try store.get(ResourceKey(.namespace, namespace: "", name: "n")) == nil {
      try store.create(Resource(.namespace, json: ["metadata": ["name": "n"]]))
    }
  }

  var options: WriteOptions { WriteOptions(user: UserInfo(name: "tester"), fieldManager: "test") }

  @discardableResult func create(_ kind: ResourceKind, _ json: JSON) throws -> Resource {
    try service.create(kind, namespace: kind.isNamespaced ? "n" : nil, json, options).resource
  }
  func key(_ kind: ResourceKind, _ name: String) -> ResourceKey { ResourceKey(kind, namespace: "n", name: name) }
  @discardableResult func patch(_ kind: ResourceKind, _ name: String, _ patch: JSON, subresource: String = "") throws -> Resource {
    try service.patch(key(kind, name), subresource: subresource, .merge, patch, options).resource
  }
}

/// Collects what a watch says; `wait` until enough is there.
final class SignalRecorder: Sendable {
  private let collected = Mutex<[WatchSignal]>([])
  private let arrivals = Mailbox<Int>()

  var sink: @Sendable ([WatchSignal]) -> Void {
    { signals in
      let count = self.collected.withLock { collected in
        collected += signals
        return collected.count
      }
      self.arrivals.post(count)
    }
  }

  var signals: [WatchSignal] { collected.withLock { $0 } }

  /// Waits until so many signals have come; a minute is more than any machine needs.
  func wait(count: Int) -> [WatchSignal] {
    let deadline = SystemClock.steady() + TimeSpan(seconds: 60)
    while signals.count < count, SystemClock.steady() < deadline { _ = arrivals.takeAll(deadline: deadline) }
    return signals
  }

  /// `ADDED a`, `BOOKMARK`, `FAILED Expired`.
  static func lines(_ signals: [WatchSignal]) -> [String] {
    signals.map { signal in
      switch signal {
      case .event(let event): "\(event.change.rawValue) \(event.resource.name)"
      case .bookmark(_, let endsInitial): endsInitial ? "BOOKMARK END" : "BOOKMARK"
      case .failed(let status): "FAILED \(status.reason.rawValue)"
      }
    }
  }
}

func pod(_ name: String, labels: JSON = [:]) -> JSON {
  ["metadata": ["name": .string(name), "labels": labels], "spec": ["containers": [["name": "main", "image": "a"]]]]
}
