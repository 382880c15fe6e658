import Basics
import Contracts
import KubeAPI
import KubeModel

/// Removes what is left of owners that are gone, and lets those go that wait for what they own: background, foreground and orphaning deletion
/// (Kubernetes' garbage collector). A namespaced owner counts only in the object's own namespace.
struct GarbageCollector: Controller {
  let store: any HistoryStoring
  let catalog: any CatalogProviding

  var name: String { "garbage collector" }

  /// Kinds whose objects own nothing.
  private static let barren: Set<String> = ["Event", "WorkflowTaskResult"]
  /// Kinds whose objects change often and whose owners never do.
  private static let steady: Set<String> = ["Event", "WorkflowTaskResult", "WorkflowTaskSet", "Pod"]

  func watches(_ kind: ResourceKind) -> Bool { true }

  func concerned(by event: WatchEvent) -> [WorkItem] {
    let object = event.resource
    switch event.change {
    case .deleted:
      var items = Self.barren.contains(object.kind.kind) ? [] : [WorkItem(object.key, uid: object.uid)]
      for owner in object.ownerReferences where owner.blocksOwner {
        if let key = key(of: owner, from: object) { items.append(WorkItem(key)) }
      }
      return items
    case .added: return object.deletionTimestamp != nil || !object.ownerReferences.isEmpty ? [WorkItem(object.key)] : []
    case .modified:
      if object.deletionTimestamp != nil { return object.waitsForDependents ? [WorkItem(object.key)] : [] }
      return Self.steady.contains(object.kind.kind) || object.ownerReferences.isEmpty ? [] : [WorkItem(object.key)]
    }
  }

  func initial() throws(KubeStatus) -> [WorkItem] {
    var items: [WorkItem] = []
    var seen: Set<String> = []
    for kind in catalog.catalog.kinds.map(\.kind) + ResourceKind.known where seen.insert(kind.qualifiedPlural).inserted {
      for object in try store.list(kind, namespace: nil, labels: .everything)
      where object.waitsForDependents || !object.ownerReferences.isEmpty {
        items.append(WorkItem(object.key))
      }
    }
    return items
  }

  func reconcile(_ item: WorkItem, at now: Instant) throws(KubeStatus) -> Instant? {
    let stored = try store.get(item.key)
    if !item.uid.isEmpty, stored?.uid != item.uid {
      for dependent in try dependents(of: item.uid) { try judge(dependent, at: now) }
      return nil
    }
    guard let object = stored else { return nil }
    guard object.deletionTimestamp != nil else {
      try judge(object, at: now)
      return nil
    }
    if object.finalizers.contains(Resource.orphanFinalizer) {
      try orphan(object)
    } else if object.finalizers.contains(Resource.foregroundFinalizer) {
      try clear(object, at: now)
    }
    return nil
  }

  private func dependents(of uid: String) throws(KubeStatus) -> [Resource] {
    try store.dependents(of: uid)
  }

  // MARK: Dependents

  private func judge(_ object: Resource, at now: Instant) throws(KubeStatus) {
    var owners: [(OwnerReference, OwnerState)] = []
    for reference in object.ownerReferences { owners.append((reference, try state(of: reference, from: object))) }
    guard !owners.isEmpty, object.deletionTimestamp == nil else { return }
    let isLeft = owners.contains { $0.1 == .leaving }
    let hasDependents = isLeft ? try !dependents(of: object.uid).isEmpty : false
    switch OwnershipDecision(owners, hasDependents: hasDependents) {
    case .keep: break
    case .detach(let uids): try store.commit([.update(object.detached(from: uids))])
    case .delete(let isForeground):
      if let deletion = object.deletion(at: now, adding: isForeground ? [Resource.foregroundFinalizer] : []) {
        try store.commit([deletion])
      }
    }
  }

  private func state(of reference: OwnerReference, from object: Resource) throws(KubeStatus) -> OwnerState {
    guard let key = key(of: reference, from: object) else { return .unknown }
    guard let owner = try store.get(key), owner.uid == reference.uid else { return .absent }
    return owner.deletionTimestamp != nil && owner.finalizers.contains(Resource.foregroundFinalizer) ? .leaving : .present
  }

  /// What an owner reference names; nil for a kind that nobody serves, or a namespaced owner of an object outside of namespaces.
  private func key(of reference: OwnerReference, from object: Resource) -> ResourceKey? {
    let served = catalog.catalog.kind(apiVersion: reference.apiVersion, kind: reference.kind)?.kind
    guard let kind = served ?? ResourceKind.known(apiVersion: reference.apiVersion, kind: reference.kind) else { return nil }
    if kind.isNamespaced, !object.kind.isNamespaced { return nil }
    return ResourceKey(kind, namespace: object.namespace, name: reference.name)
  }

  // MARK: Owners that wait

  /// Lets what an object owns go its own way.
  private func orphan(_ owner: Resource) throws(KubeStatus) {
    let freed = try dependents(of: owner.uid).map { Write.update($0.detached(from: [owner.uid])) }
    if try store.commitEach(freed) > 0 { throw .conflict(owner.key) }
    if let removal = owner.removal(ofFinalizer: Resource.orphanFinalizer) { try store.commit([removal]) }
  }

  /// Deletes what an object owns; it goes itself when nothing is left that blocks it.
  private func clear(_ owner: Resource, at now: Instant) throws(KubeStatus) {
    for dependent in try dependents(of: owner.uid) where dependent.deletionTimestamp == nil { try judge(dependent, at: now) }
    let isBlocked = try dependents(of: owner.uid).contains { dependent in
      dependent.ownerReferences.contains { $0.uid == owner.uid && $0.blocksOwner }
    }
    guard !isBlocked, let removal = owner.removal(ofFinalizer: Resource.foregroundFinalizer) else { return }
    try store.commit([removal])
  }
}

extension Resource {
  fileprivate var waitsForDependents: Bool {
    deletionTimestamp != nil && (finalizers.contains(Resource.orphanFinalizer) || finalizers.contains(Resource.foregroundFinalizer))
  }
}
