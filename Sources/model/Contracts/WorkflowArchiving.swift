package import Basics
package import KubeModel

/// A finished workflow on its way into the archive (``Write/archive(_:)``). One that is there already, by uid, is replaced.
package struct ArchivedWorkflow: Sendable, Hashable {
  /// The whole object as its readers see it, with the status of all nodes; it has a uid.
  package var workflow: Resource
  /// The engine's record of it, so that a retry, a memoized resubmission or a fork can go on from it; nil: it never began.
  package var run: RunRow?
  package var nodes: [NodeRow]
  package init(workflow: Resource, run: RunRow? = nil, nodes: [NodeRow] = []) {
    self.workflow = workflow
    self.run = run
    self.nodes = nodes
  }
}

/// Which archived workflows a list shows. Everything that is given must hold.
package struct ArchiveQuery: Sendable, Hashable {
  /// How a name is compared (Argo's `nameFilter`).
  package enum NameFilter: Sendable, Hashable {
    case exact(String)
    case prefix(String)
    case contains(String)
    case notEquals(String)
  }

  /// Nil: all namespaces.
  package var namespace: String?
  /// All but those of this namespace.
  package var otherThan: String?
  package var uid: String?
  package var names: [NameFilter] = []
  package var labels = LabelSelector.everything
  /// Empty: all phases.
  package var phases: Set<String> = []
  /// Bounds that times lie strictly between, as in Argo's `spec.startedAt>` and `<`.
  package var startedAfter: Instant?
  package var startedBefore: Instant?
  package var finishedAfter: Instant?
  package var finishedBefore: Instant?
  package var createdAfter: Instant?
  /// Words that must all occur, as parts of words too and in any case, in names, parameters or messages (``ArchiveText``). `"two words"` in quotes are one.
  package var search = ""
  /// Only those whose Workflow object is gone: what a list shows beside the live ones.
  package var isGone = false
  /// The most to be given; 0: all.
  package var limit = 0
  package var offset = 0
  package init() {}
}

/// A part of a list of archived workflows: newest start first.
package struct ArchivePage: Sendable {
  /// Summaries: the objects without nodes, templates and outputs (``ArchiveSummary``).
  package var workflows: [Resource]
  /// How many the query picks without limit and offset.
  package var total: Int
  /// How many come behind these.
  package var remaining: Int
  package init(workflows: [Resource], total: Int, remaining: Int) {
    self.workflows = workflows
    self.total = total
    self.remaining = remaining
  }
}

/// The archive: finished workflows as they were when they ended, whatever became of their objects. It is written by commits (``Write/archive(_:)``,
/// ``Write/deleteArchived(uid:)``), in the transaction that ends the workflow.
///
/// Calls block, as those of ``ResourceStoring`` do. Workflows that come from here say so by the label `workflows.argoproj.io/workflow-archiving-status`:
/// `Persisted`, as in Argo.
package protocol WorkflowArchiving: Sendable {
  /// The whole workflow; nil when there is none.
  func archived(uid: String) throws(KubeStatus) -> Resource?
  /// The one of this name that started last.
  func archived(namespace: String, name: String) throws(KubeStatus) -> Resource?
  /// The summary of the one of a namespace that was made last.
  func newestArchived(namespace: String) throws(KubeStatus) -> Resource?
  /// The engine's record of a workflow; nil when it is not archived or never began.
  func archivedRun(uid: String) throws(KubeStatus) -> (run: RunRow, nodes: [NodeRow])?
  /// Summaries, newest start first.
  func archived(_ query: ArchiveQuery) throws(KubeStatus) -> ArchivePage
  /// The keys of the labels of archived workflows, sorted. `namespace` nil: of all.
  func archivedLabelKeys(namespace: String?) throws(KubeStatus) -> [String]
  /// The values that a label has, sorted.
  func archivedLabelValues(ofKey key: String, namespace: String?) throws(KubeStatus) -> [String]
  /// What retention looks at: the workflows that ended before a time, or beyond the newest so many, those first that ended first; at most `limit`.
  func expiredArchived(endedBefore: Instant?, beyond count: Int?, limit: Int) throws(KubeStatus) -> [String]
  /// When the archived workflow that ended first ended; nil: none is archived.
  func oldestArchivedEnd() throws(KubeStatus) -> Instant?
}

/// Removes what users do not want to keep in the archive.
package protocol ArchivedRemoving: Sendable {
  /// Removes a workflow from the archive, with the logs and artifacts that were kept for it alone. False: it is not there. Blocks.
  @discardableResult func remove(uid: String) throws(KubeStatus) -> Bool
}
