package import KubeModel

/// A change as the history tells it.
package struct RecordedChange: Sendable {
  /// The event; its resource carries the revision of the change, also when it was removed.
  package var event: WatchEvent
  /// The object before; nil when it was added.
  package var previous: Resource?
  package init(event: WatchEvent, previous: Resource?) {
    self.event = event
    self.previous = previous
  }
}

/// Where a page of a list begins: behind this object, in the order of namespace and name.
package struct ListPosition: Sendable, Hashable {
  package var namespace: String
  package var name: String
  package init(namespace: String, name: String) {
    self.namespace = namespace
    self.name = name
  }
}

/// Which objects a page shows.
package struct PageRequest: Sendable {
  package var kind: ResourceKind
  /// Nil: all namespaces.
  package var namespace: String?
  package var labels = LabelSelector.everything
  /// The page begins behind this place; nil: at the first object.
  package var after: ListPosition?
  /// The most objects; 0: all.
  package var limit = 0
  /// The objects as they were at this revision; nil: as they are.
  package var revision: Int64?
  /// The objects are wanted as JSON texts (``StoredPage/texts``), which saves reading and writing them; not with a filter.
  package var wantsTexts = false
  /// A filter beside the labels; nil: none.
  package var accepts: (@Sendable (Resource) -> Bool)?
  package init(_ kind: ResourceKind, namespace: String?) {
    self.kind = kind
    self.namespace = kind.isNamespaced ? namespace : nil
  }
}

/// A page as the store reads it, in one snapshot.
package struct StoredPage: Sendable {
  package var items: [Resource]
  /// The objects' JSON texts instead of `items`, where the request wanted them.
  package var texts: [[UInt8]] = []
  /// Where the page ends: its last object; nil: it is empty.
  package var end: ListPosition?
  /// The revision that the page shows: the one asked for, or the newest.
  package var revision: Int64
  /// More objects that the request picks come behind these.
  package var hasMore: Bool
  package init(items: [Resource], revision: Int64, hasMore: Bool) {
    self.items = items
    self.revision = revision
    self.hasMore = hasMore
    end = items.last.map { ListPosition(namespace: $0.namespace, name: $0.name) }
  }
}

/// A store that can be read as of a revision and watched from one: what the Kubernetes API needs beyond ``ResourceStoring``.
///
/// Throws `expired` where the history no longer reaches back to a revision, in Kubernetes' words.
package protocol HistoryStoring: ResourceStoring {
  /// The revision of the last commit that changed an object.
  var revision: Int64 { get }
  /// The oldest revision from which a watch can begin; older ones are `Expired`.
  var oldestRevision: Int64 { get }
  /// Objects in order of namespace and name, read in one snapshot; throws `expired` when the history does not reach back to the request's revision.
  func page(_ request: PageRequest) throws(KubeStatus) -> StoredPage
  /// How many objects of a kind there are (in a namespace).
  func count(_ kind: ResourceKind, namespace: String?) throws(KubeStatus) -> Int
  /// The changes of a kind after `revision` in their order, at most `limit`, and the revision through which they are all. Throws `expired`.
  func changes(
    of kind: ResourceKind, after revision: Int64, limit: Int
  ) throws(KubeStatus) -> (changes: [RecordedChange], through: Int64)
  /// Tells all changes of a kind after `revision`, first those that were committed already, then each as it is committed, without gap or
  /// repetition, in order. The handler runs on threads that must not be held up; it must not call the store. Throws `expired`.
  func watch(
    _ kind: ResourceKind, after revision: Int64, handler: @escaping @Sendable ([RecordedChange]) -> Void
  ) throws(KubeStatus) -> any WatchHandle
  /// All objects of any kind that name this uid in one of their owner references, as controller or not.
  func dependents(of uid: String) throws(KubeStatus) -> [Resource]
}

extension KubeStatus {
  /// A revision that the history no longer reaches back to (Kubernetes: `apiserver/pkg/storage/etcd3.newLatestAsInvalidError`, `cacher`).
  package static func tooOld(_ revision: Int64, oldest: Int64) -> KubeStatus {
    KubeStatus(.expired, "too old resource version: \(revision) (\(oldest))")
  }
}
