package import JSONValue
package import KubeModel

/// One change in a transaction.
package enum Write: Sendable {
  /// Stores a new object: gives it uid, creationTimestamp, resourceVersion, and a name from `generateName` (five characters of
  /// `bcdfghjklmnpqrstvwxz2456789`, Kubernetes' alphabet) where it has none. Fails `alreadyExists`.
  case create(Resource)
  /// Replaces an object. With a resourceVersion in it the stored one must be the same, else `conflict`; fails `notFound`.
  case update(Resource)
  /// Changes an object by a JSON merge patch (RFC 7386) applied to what is stored at that moment; fails `notFound`.
  case patch(ResourceKey, JSON)
  /// Removes an object; removing what is not there is no error.
  case delete(ResourceKey)
  /// Removes an object that is still the one that was looked at; fails `notFound` and, in Kubernetes' words, `conflict`.
  case deleteIf(ResourceKey, Preconditions)
  /// Inserts or replaces the row of a run (see ``RunRow``).
  case putRun(RunRow)
  /// Inserts or replaces one node's row.
  case putNode(NodeRow)
  /// Removes a run and all its nodes.
  case deleteRun(uid: String)
  /// Keeps a finished workflow in the archive, in place of what is there of its uid (``WorkflowArchiving``).
  case archive(ArchivedWorkflow)
  /// Removes a workflow from the archive; removing what is not there is no error.
  case deleteArchived(uid: String)
}

/// What must hold of a stored object; nil: anything (`metav1.Preconditions`).
package struct Preconditions: Sendable, Hashable {
  package var uid: String?
  package var resourceVersion: Int64?
  package init(uid: String? = nil, resourceVersion: Int64? = nil) {
    self.uid = uid
    self.resourceVersion = resourceVersion
  }

  /// Why an object does not fulfil them, in Kubernetes' words (`apiserver/pkg/storage.Preconditions.Check`); nil when it does.
  package func failure(uid storedUID: String, resourceVersion stored: Int64?, of key: ResourceKey) -> KubeStatus? {
    var difference: String?
    if let uid, uid != storedUID { difference = "UID in precondition: \(uid), UID in object meta: \(storedUID)" }
    if difference == nil, let resourceVersion, resourceVersion != stored {
      difference =
        "ResourceVersion in precondition: \(resourceVersion), ResourceVersion in object meta: \(stored.map(String.init) ?? "")"
    }
    return difference.map {
      KubeStatus(
        .conflict, "Operation cannot be fulfilled on \(key.kind.qualifiedPlural) \"\(key.name)\": Precondition failed: \($0)")
    }
  }
}

/// The engine's record of one workflow run, beside the Workflow object of the same uid.
package struct RunRow: Sendable, Hashable {
  package var uid: String
  package var namespace: String
  package var name: String
  /// What ``RunState`` keeps besides its nodes: the frozen specification, templates, timers, totals.
  package var header: JSON
  package var isFinished: Bool
  package init(uid: String, namespace: String, name: String, header: JSON, isFinished: Bool) {
    self.uid = uid
    self.namespace = namespace
    self.name = name
    self.header = header
    self.isFinished = isFinished
  }
}

/// One node of a run.
package struct NodeRow: Sendable, Hashable {
  package var runUID: String
  /// The node's number within its run, in order of creation from 0.
  package var index: Int
  package var id: String
  package var phase: String
  /// The engine's record of the node; `status` in it is the Argo `NodeStatus`.
  package var record: NodeRecord
  package init(runUID: String, index: Int, id: String, phase: String, record: NodeRecord) {
    self.runUID = runUID
    self.index = index
    self.id = id
    self.phase = phase
    self.record = record
  }
}

/// What a watcher is told, after the commit, in order of resourceVersion.
package struct WatchEvent: Sendable {
  package enum Change: String, Sendable { case added = "ADDED", modified = "MODIFIED", deleted = "DELETED" }
  package var change: Change
  package var resource: Resource
  /// The event's texts, each made once for all who are told of it; nil where an event goes to one reader only.
  package var texts: SharedTexts?
  package init(_ change: Change, _ resource: Resource, texts: SharedTexts? = nil) {
    self.change = change
    self.resource = resource
    self.texts = texts
  }
}

/// Ends a watch when cancelled; never fires again after `cancel` returned.
package protocol WatchHandle: Sendable {
  func cancel()
}

/// The protocol through which services read and write resources; they know nothing of where these are kept.
///
/// Calls are synchronous and may block for a disk write: call them from threads of one's own, never from the cooperative pool.
package protocol ResourceStoring: Sendable {
  /// The object, or nil.
  func get(_ key: ResourceKey) throws(KubeStatus) -> Resource?
  /// Objects of a kind in a namespace (nil: all) whose labels match, by namespace and name.
  func list(_ kind: ResourceKind, namespace: String?, labels: LabelSelector) throws(KubeStatus) -> [Resource]
  /// Objects of any kind that belong to the one with this uid: whose controller it is, or their first owner (``Resource/ownerUID``).
  func owned(by uid: String) throws(KubeStatus) -> [Resource]
  /// All or none of the writes, in one durable transaction. Returns the stored objects of `create`, `update` and `patch` at their places.
  @discardableResult func commit(_ writes: [Write]) throws(KubeStatus) -> [Resource?]
  /// As `commit`. Without `isDurable` the writes survive the end of this process, and a loss of power only together with the next durable
  /// commit: for what can be found out again, as a kubelet finds out the state of its pods.
  @discardableResult func commit(_ writes: [Write], isDurable: Bool) throws(KubeStatus) -> [Resource?]
  /// Calls `handler` after each commit that changed objects of these kinds (nothing of before the call). The handler runs on the
  /// committing thread: it must be quick and must not call the store.
  func watch(_ kinds: Set<ResourceKind>, handler: @escaping @Sendable ([WatchEvent]) -> Void) -> any WatchHandle
  /// The rows of runs that are not finished, or of the run with this uid.
  func runs(uid: String?) throws(KubeStatus) -> [RunRow]
  /// The nodes of a run in order of their index.
  func nodes(ofRun uid: String) throws(KubeStatus) -> [NodeRow]
}

extension ResourceStoring {
  @discardableResult package func commit(_ writes: [Write], isDurable: Bool) throws(KubeStatus) -> [Resource?] { try commit(writes) }

  /// Stores one new object and returns it as stored.
  @discardableResult package func create(_ resource: Resource) throws(KubeStatus) -> Resource {
    guard let stored = try commit([.create(resource)]).first, let stored else { return resource }
    return stored
  }

  /// Replaces one object and returns it as stored.
  @discardableResult package func update(_ resource: Resource) throws(KubeStatus) -> Resource {
    guard let stored = try commit([.update(resource)]).first, let stored else { return resource }
    return stored
  }
}
