internal import ArgoModel
internal import Basics
package import Contracts
internal import JSONValue
package import KubeModel
internal import Synchronization

/// What lists and `@latest` ask of all workflows, kept as of the last commit: so that a page of ten thousand workflows reads only its own objects.
package final class WorkflowIndex: Sendable {
  /// What is known of one workflow.
  struct Entry: Sendable {
    var uid: String
    var namespace: String
    var name: String
    var version: Int64
    var created: Instant
    var startedAt: Instant?
    var finishedAt: Instant?
    var labels: [String: String]
    /// Counts the workflows as they were seen to be made.
    var number: Int

    /// What lists are ordered by.
    var start: Instant { startedAt ?? created }

    init(_ workflow: Resource, number: Int) {
      (uid, namespace, name) = (workflow.uid, workflow.namespace, workflow.name)
      version = workflow.resourceVersion ?? 0
      created = workflow.creationTimestamp ?? Instant(milliseconds: 0)
      startedAt = workflow.status["startedAt"]?.string.flatMap(Instant.init(rfc3339:))
      finishedAt = workflow.status["finishedAt"]?.string.flatMap(Instant.init(rfc3339:))
      labels = workflow.labels
      self.number = number
    }

    /// Newest first; of the same second the one that was made later.
    static func isNewer(_ left: Entry, _ right: Entry) -> Bool { (left.start, left.number) > (right.start, right.number) }
  }

  /// A phase that workflows of a namespace come to.
  struct PhaseOfNamespace: Sendable, Hashable {
    var namespace: String
    var phase: String
  }

  private struct State: Sendable {
    var entries: [String: Entry] = [:]
    /// How many workflows have come to each phase since the index was whole.
    var entered: [PhaseOfNamespace: Int] = [:]
    /// Those that went while the rest was still being read.
    var gone: Set<String>? = []
    var revision: Int64 = 0
    var made = 0
    /// By namespace: the uid of the workflow that was seen to be made last, also when it is gone.
    var lastMade: [String: String] = [:]

    mutating func take(_ workflow: Resource, isGone: Bool = false) {
      revision = max(revision, workflow.resourceVersion ?? 0)
      let uid = workflow.uid
      if isGone {
        entries[uid] = nil
        gone?.insert(uid)
        return
      }
      let earlier = entries[uid]
      guard (earlier?.version ?? -1) < workflow.resourceVersion ?? 0, gone?.contains(uid) != true else { return }
      if earlier == nil {
        made += 1
        lastMade[workflow.namespace] = uid
      }
      let entry = Entry(workflow, number: earlier?.number ?? made)
      entries[uid] = entry
      if gone == nil, let phase = entry.labels[ArgoKey.phase], earlier?.labels[ArgoKey.phase] != phase {
        entered[PhaseOfNamespace(namespace: entry.namespace, phase: phase), default: 0] += 1
      }
    }
  }

  private let state = Mutex(State())
  private let watch = Mutex<(any WatchHandle)?>(nil)
  private let store: any ResourceStoring

  package init(store: any ResourceStoring) { self.store = store }

  /// Reads the workflows that are there and follows them from then on. To be called once, before the first question. Blocks.
  package func start() throws(KubeStatus) {
    let handle = store.watch([.workflow]) { [self] events in
      state.withLock { state in for event in events { state.take(event.resource, isGone: event.change == .deleted) } }
    }
    watch.withLock { $0 = handle }
    let present = try store.list(.workflow, namespace: nil, labels: .everything)
    // As they were made, as far as that can be told.
    let ordered = present.map { ($0, $0.creationTimestamp ?? Instant(milliseconds: 0), $0.resourceVersion ?? 0) }
      .sorted { ($0.1, $0.2) < ($1.1, $1.2) }
    state.withLock { state in
      for (workflow, _, _) in ordered { state.take(workflow) }
      state.gone = nil
    }
  }

  package func stop() { watch.withLock { $0.take() }?.cancel() }

  /// The revision of the last change of a workflow.
  var revision: Int64 { state.withLock { $0.revision } }

  /// Those that are wanted, newest first.
  func entries(_ isWanted: (Entry) -> Bool) -> [Entry] {
    state.withLock { Array($0.entries.values) }.filter(isWanted).sorted(by: Entry.isNewer)
  }

  /// How many workflows are in each phase, and how many have come to it.
  var phases: (now: [String: Int], entered: [PhaseOfNamespace: Int]) {
    state.withLock { state in
      var now: [String: Int] = [:]
      for entry in state.entries.values { if let phase = entry.labels[ArgoKey.phase] { now[phase, default: 0] += 1 } }
      return (now, state.entered)
    }
  }

  /// The workflow of a namespace that was made last and is there; nil: there is none.
  func newest(namespace: String) -> Entry? {
    state.withLock { state in
      state.entries.values.lazy.filter { $0.namespace == namespace }
        .max { ($0.created, $0.number) < ($1.created, $1.number) }
    }
  }

  /// The uid of the workflow of a namespace that was seen to be made last, whether it is there or gone.
  func lastMade(namespace: String) -> String? { state.withLock { $0.lastMade[namespace] } }
}
