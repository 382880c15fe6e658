import Basics
import Contracts
import JSONValue
import KubeModel

/// The life of CustomResourceDefinitions: their names are accepted, their kinds served, and when one is deleted its objects go before it.
struct DefinitionController: Controller {
  let store: any ResourceStoring
  let catalog: CatalogProvider

  var name: String { "customresourcedefinition" }
  static let finalizer = "customresourcecleanup.apiextensions.k8s.io"
  private static let pause = TimeSpan(milliseconds: 500)

  func watches(_ kind: ResourceKind) -> Bool { kind == .customResourceDefinition }
  func concerned(by event: WatchEvent) -> [WorkItem] { [WorkItem(event.resource.key)] }
  func initial() throws(KubeStatus) -> [WorkItem] {
    try store.list(.customResourceDefinition, namespace: nil, labels: .everything).map { WorkItem($0.key) }
  }

  func reconcile(_ item: WorkItem, at now: Instant) throws(KubeStatus) -> Instant? {
    guard let definition = try store.get(item.key) else {
      try catalog.refresh()
      // What it had may be another's now.
      for other in try store.list(.customResourceDefinition, namespace: nil, labels: .everything) where other.deletionTimestamp == nil {
        try establish(other, at: now)
      }
      return nil
    }
    if definition.deletionTimestamp != nil { return try empty(definition, at: now) }
    try establish(definition, at: now)
    try catalog.refresh()
    return nil
  }

  private func establish(_ definition: Resource, at now: Instant) throws(KubeStatus) {
    let group = definition.spec["group"]?.string
    let others = try store.list(.customResourceDefinition, namespace: nil, labels: .everything).filter {
      $0.spec["group"]?.string == group && $0.uid != definition.uid
    }
    var changed = definition
    if !definition.finalizers.contains(Self.finalizer) {
      var metadata = changed.metadata
      metadata["finalizers"] = .array((definition.finalizers + [Self.finalizer]).map { .string($0) })
      changed.metadata = metadata
    }
    changed.status = Self.status(of: definition, names: DefinitionNames(definition, others: others), at: now)
    if changed != definition { try store.commit([.update(changed)]) }
  }

  /// The status of a definition with these names (Kubernetes' naming and establishing controllers).
  static func status(of definition: Resource, names: DefinitionNames, at now: Instant) -> JSON {
    var status = definition.status
    status["acceptedNames"] = names.accepted
    var conditions = DefinitionConditions(status["conditions"])
    if let conflict = names.conflict {
      conditions.set("NamesAccepted", false, conflict.reason, conflict.message, at: now)
      if !conditions.isTrue("Established") {
        conditions.set("Established", false, "NotAccepted", "not all names are accepted", at: now)
      }
    } else {
      conditions.set("NamesAccepted", true, "NoConflicts", "no conflicts found", at: now)
      if !conditions.isTrue("Established") {
        conditions.set("Established", true, "InitialNamesAccepted", "the initial names have been accepted", at: now)
      }
    }
    status["conditions"] = conditions.json
    var versions = status["storedVersions"]?.array ?? []
    if let stored = definition.storageVersion, !versions.contains(.string(stored)) { versions.append(.string(stored)) }
    status["storedVersions"] = .array(versions)
    return status
  }

  /// Deletes the objects of a definition that is deleted, and lets it go when none is left.
  private func empty(_ definition: Resource, at now: Instant) throws(KubeStatus) -> Instant? {
    guard definition.finalizers.contains(Self.finalizer) else { return nil }
    var isEmpty = true
    if let kind = definition.definedKind, definition.isEstablished {
      let objects = try store.list(kind, namespace: nil, labels: .everything)
      let refused = try store.commitEach(objects.compactMap { $0.deletion(at: now) })
      isEmpty = refused == 0 && objects.allSatisfy(\.pendingFinalizers.isEmpty)
    }
    var conditions = DefinitionConditions(definition.status["conditions"])
    var changed = definition
    if isEmpty {
      guard let removal = definition.removal(ofFinalizer: Self.finalizer) else { return nil }
      try store.commit([removal])
      try catalog.refresh()
      return nil
    }
    conditions.set("Terminating", true, "InstanceDeletionInProgress", "CustomResource deletion is in progress", at: now)
    changed.status["conditions"] = conditions.json
    if changed != definition { try store.commit([.update(changed)]) }
    return now + Self.pause
  }
}

/// The conditions of a CustomResourceDefinition.
struct DefinitionConditions: Sendable {
  private var list: [JSON]
  init(_ json: JSON?) { list = json?.array ?? [] }
  var json: JSON { .array(list) }

  func isTrue(_ type: String) -> Bool { list.contains { $0["type"]?.string == type && $0["status"]?.string == "True" } }

  mutating func set(_ type: String, _ isTrue: Bool, _ reason: String, _ message: String, at now: Instant) {
    let value: JSON = isTrue ? "True" : "False"
    let entry: JSON = [
      "lastTransitionTime": .string(now.rfc3339), "message": .string(message), "reason": .string(reason), "status": value,
      "type": .string(type),
    ]
    guard let index = list.firstIndex(where: { $0["type"]?.string == type }) else { return list.append(entry) }
    var changed = entry
    if list[index]["status"] == value { changed["lastTransitionTime"] = list[index]["lastTransitionTime"] }
    list[index] = changed
  }
}

extension Resource {
  /// Of a CustomResourceDefinition: the version in which objects are stored.
  var storageVersion: String? {
    (spec["versions"]?.array ?? []).first { $0["storage"]?.bool == true }?["name"]?.string
  }

  /// The kind that a CustomResourceDefinition defines, in its storage version.
  var definedKind: ResourceKind? {
    guard let group = spec["group"]?.string, let version = storageVersion, let kind = spec.at("names", "kind")?.string,
      let plural = spec.at("names", "plural")?.string
    else { return nil }
    return ResourceKind(group: group, version: version, kind: kind, plural: plural, isNamespaced: spec["scope"]?.string != "Cluster")
  }
}
