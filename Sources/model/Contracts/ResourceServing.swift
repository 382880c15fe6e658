package import JSONValue
package import KubeModel

/// What a list or a watch is narrowed to, and where it begins.
package struct ListOptions: Sendable, Hashable {
  package enum VersionMatch: String, Sendable, Hashable { case notOlderThan = "NotOlderThan", exact = "Exact" }
  package var labels = LabelSelector.everything
  package var fields = FieldSelector.everything
  /// 0: no limit.
  package var limit = 0
  /// The `continue` token of the page before; empty: from the start.
  package var continueToken = ""
  /// As the client gave it: empty, "0" or a revision.
  package var resourceVersion = ""
  package var versionMatch: VersionMatch?
  /// The objects are wanted as JSON texts where that can be had: see ``ResourcePage/texts``.
  package var wantsTexts = false
  package init() {}
}

/// One page of a list.
package struct ResourcePage: Sendable {
  package var items: [Resource]
  /// The objects' JSON texts, as they are to be sent, instead of `items`: for lists that want them and whose objects are shown as they are stored.
  package var texts: [[UInt8]]?
  /// The revision of the store that the list shows.
  package var revision: Int64
  /// Empty on the last page.
  package var continueToken = ""
  /// How many items come after this page; nil where it is not known (a list with selectors).
  package var remaining: Int?
  package init(items: [Resource], revision: Int64) {
    self.items = items
    self.revision = revision
  }
}

/// What a watch says. `Resource`s of events have passed the watch's selectors; an object that no longer passes comes as `deleted`.
package enum WatchSignal: Sendable {
  case event(WatchEvent)
  /// All up to this revision was told. `endsInitial`: and with it the objects that were there at the start (`sendInitialEvents`).
  case bookmark(revision: Int64, endsInitial: Bool)
  /// The watch is over: `Expired` when its revision is too old, or the reader was too slow.
  case failed(KubeStatus)
}

package struct WatchOptions: Sendable, Hashable {
  package var labels = LabelSelector.everything
  package var fields = FieldSelector.everything
  package var resourceVersion = ""
  package var allowsBookmarks = false
  /// Nil: as the resourceVersion says (none or "0": the objects that are there come first).
  package var sendsInitialEvents: Bool?
  package init() {}
}

/// How a write is to be taken.
package struct WriteOptions: Sendable {
  package enum FieldValidation: String, Sendable, Hashable { case ignore = "Ignore", warn = "Warn", strict = "Strict" }
  package var user: UserInfo
  /// Who owns the fields that are set (at most 128 characters); the server puts the user agent's first word where the client says none.
  package var fieldManager: String
  package var isDryRun = false
  package var fieldValidation = FieldValidation.warn
  /// Paths of the fields that the document's text has twice, found by who read it.
  package var duplicateFields: [String] = []
  /// Server-side apply takes over fields of others.
  package var force = false
  package init(user: UserInfo, fieldManager: String) {
    self.user = user
    self.fieldManager = fieldManager
  }
}

/// The four forms of a patch (their media types are Kubernetes').
package enum PatchForm: Sendable, Hashable { case json, merge, strategic, apply }

package struct DeleteOptions: Sendable, Hashable {
  package enum Propagation: String, Sendable, Hashable { case orphan = "Orphan", background = "Background", foreground = "Foreground" }
  package var propagation: Propagation?
  package var graceSeconds: Int64?
  package var uid: String?
  package var resourceVersion: String?
  package init() {}
}

/// What a write made, and what the client is to be warned of (header `Warning: 299`).
package struct Written: Sendable {
  package var resource: Resource
  package var warnings: [String]
  /// The object is new (201 instead of 200); for `delete`: it is gone, not only marked.
  package var isDone: Bool
  package init(_ resource: Resource, warnings: [String] = [], isDone: Bool = false) {
    self.resource = resource
    self.warnings = warnings
    self.isDone = isDone
  }
}

/// The verbs of the Kubernetes API on resources, after routing and access control: defaulting, validation, admission, patches, field
/// ownership, finalizers, pages and watches. Calls block; use threads of one's own.
///
/// `namespace`: nil for all namespaces (list and watch) and for cluster-wide kinds. `subresource`: empty, or `status`; others have services of their own.
package protocol ResourceServing: Sendable {
  func get(_ key: ResourceKey) throws(KubeStatus) -> Resource
  func list(_ kind: ResourceKind, namespace: String?, _ options: ListOptions) throws(KubeStatus) -> ResourcePage
  /// `sink` is called in order, one call at a time, from threads that must not be held up; the first calls may come before this returns.
  func watch(
    _ kind: ResourceKind, namespace: String?, _ options: WatchOptions, sink: @escaping @Sendable ([WatchSignal]) -> Void
  ) throws(KubeStatus) -> any WatchHandle
  func create(_ kind: ResourceKind, namespace: String?, _ document: JSON, _ options: WriteOptions) throws(KubeStatus) -> Written
  func update(_ key: ResourceKey, subresource: String, _ document: JSON, _ options: WriteOptions) throws(KubeStatus) -> Written
  func patch(
    _ key: ResourceKey, subresource: String, _ form: PatchForm, _ patch: JSON, _ options: WriteOptions
  ) throws(KubeStatus) -> Written
  func delete(_ key: ResourceKey, _ deletion: DeleteOptions, _ options: WriteOptions) throws(KubeStatus) -> Written
  /// Deletes all that the list options pick; returns them.
  func deleteAll(
    _ kind: ResourceKind, namespace: String?, _ list: ListOptions, _ deletion: DeleteOptions, _ options: WriteOptions
  ) throws(KubeStatus) -> ResourcePage
}

/// Composes what users see of an object from what is stored (a Workflow's nodes are rows of their own).
package protocol ResourceComposing: Sendable {
  /// The kinds whose objects are not shown as they are stored.
  var composedKinds: Set<ResourceKind> { get }
  /// The object as it is to be shown; objects that need nothing come back as they are.
  func composed(_ resource: Resource) throws(KubeStatus) -> Resource
  /// The same without what makes it long (a Workflow's nodes), and cheap: for lists of many.
  func summarized(_ resource: Resource) throws(KubeStatus) -> Resource
}

extension ResourceComposing {
  package func summarized(_ resource: Resource) throws(KubeStatus) -> Resource { try composed(resource) }
  package var composedKinds: Set<ResourceKind> { [.workflow] }
}
