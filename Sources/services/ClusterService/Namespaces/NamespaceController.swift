import Basics
import Contracts
import JSONValue
import KubeAPI
import KubeModel

/// The life of namespaces: they get what every namespace has, and one that is deleted goes when everything in it is gone.
struct NamespaceController: Controller {
  let store: any ResourceStoring
  let catalog: any CatalogProviding
  /// Those that are made at the start.
  let names: [String]

  var name: String { "namespace" }
  static let nameLabel = "kubernetes.io/metadata.name"
  /// How soon a namespace whose contents wait for somebody is looked at again.
  private static let pause = TimeSpan(milliseconds: 500)

  func watches(_ kind: ResourceKind) -> Bool { kind == .namespace }
  func concerned(by event: WatchEvent) -> [WorkItem] { event.change == .deleted ? [] : [WorkItem(event.resource.key)] }
  func initial() throws(KubeStatus) -> [WorkItem] {
    try store.list(.namespace, namespace: nil, labels: .everything).map { WorkItem($0.key) }
  }

  /// Makes the namespaces that every cluster has, where they are missing.
  func makeStandard() throws(KubeStatus) {
    var writes: [Write] = []
    for name in names where try store.get(ResourceKey(.namespace, namespace: "", name: name)) == nil {
      let namespace = Resource(.namespace, json: ["metadata": ["name": .string(name)]])
      writes.append(.create(Self.completed(namespace)))
    }
    if !writes.isEmpty { try store.commit(writes) }
  }

  /// The namespace with what every new one has: its name as a label, the finalizer of its contents, its phase.
  static func completed(_ namespace: Resource) -> Resource {
    var namespace = namespace
    if namespace.label(nameLabel) != namespace.name, !namespace.name.isEmpty { namespace.setLabel(nameLabel, namespace.name) }
    guard namespace.status["phase"] == nil else { return namespace }
    if namespace.spec["finalizers"] == nil {
      var spec = namespace.spec
      spec["finalizers"] = [.string(Resource.namespaceFinalizer)]
      namespace.spec = spec
    }
    var status = namespace.status
    status["phase"] = "Active"
    namespace.status = status
    return namespace
  }

  func reconcile(_ item: WorkItem, at now: Instant) throws(KubeStatus) -> Instant? {
    guard let namespace = try store.get(item.key) else { return nil }
    guard namespace.deletionTimestamp != nil else {
      let completed = Self.completed(namespace)
      if completed != namespace { try store.commit([.update(completed)]) }
      return nil
    }
    guard namespace.pendingFinalizers.contains(Resource.namespaceFinalizer), namespace.hasNamespaceFinalizer else {
      if namespace.pendingFinalizers.isEmpty { try store.commit([namespace.removal]) }
      return nil
    }
    let remains = try empty(namespace.name, at: now)
    guard let current = try store.get(item.key), current.uid == namespace.uid else { return nil }
    if remains.isEmpty {
      try store.commit([current.withoutNamespaceFinalizer()])
      return nil
    }
    var shown = current
    shown.status = remains.status(after: current.status, at: now)
    if shown.status != current.status { try store.commit([.update(shown)]) }
    return now + Self.pause
  }

  /// Deletes what is in a namespace; returns what must wait.
  private func empty(_ namespace: String, at now: Instant) throws(KubeStatus) -> NamespaceRemains {
    var remains = NamespaceRemains()
    var seen: Set<String> = []
    let kinds = catalog.catalog.kinds.map(\.kind) + ResourceKind.known
    // What tells of the others' end comes last.
    let ordered = kinds.filter { $0.kind != "Event" } + kinds.filter { $0.kind == "Event" }
    for kind in ordered where kind.isNamespaced && seen.insert(kind.qualifiedPlural).inserted {
      let objects = try store.list(kind, namespace: namespace, labels: .everything)
      guard !objects.isEmpty else { continue }
      var writes: [Write] = []
      var waiting: [Resource] = []
      for object in objects {
        let deletion = object.deletion(at: now)
        if let deletion { writes.append(deletion) }
        if case .deleteIf = deletion { continue }
        waiting.append(object)
      }
      remains.note(kind, waiting, refused: try store.commitEach(writes))
    }
    return remains
  }
}

extension Resource {
  fileprivate var hasNamespaceFinalizer: Bool {
    (spec["finalizers"]?.array ?? []).contains { $0.string == Resource.namespaceFinalizer }
  }

  /// What says that a namespace's contents are gone: its removal when nothing else is to be waited for.
  fileprivate func withoutNamespaceFinalizer() -> Write {
    var changed = self
    var spec = changed.spec
    let rest = (spec["finalizers"]?.array ?? []).filter { $0.string != Resource.namespaceFinalizer }
    spec["finalizers"] = rest.isEmpty ? nil : .array(rest)
    changed.spec = spec
    return changed.pendingFinalizers.isEmpty ? removal : .update(changed)
  }
}
