import ArgoModel
import Basics
import Contracts
import KubeModel
import Synchronization

/// How long the archive keeps workflows.
package struct ArchiveRetention: Sendable, Hashable {
  /// From their end on (`persistence.archiveTTL`); nil: for ever.
  package var age: TimeSpan?
  /// The most workflows (`persistence.archiveLimit`, our own); those that ended first go first. Nil: all.
  package var count: Int?
  package init(age: TimeSpan? = nil, count: Int? = nil) {
    self.age = age
    self.count = count
  }
}

/// Removes from the archive what is too old or too much, and from the disk what was kept for it. A thread of its own, which sleeps until the next
/// archived workflow is due, one is added, or the configuration changes.
///
/// Files go before the row that names them: what a crash interrupts is done again by the next start.
package final class ArchiveService: ArchivedRemoving {
  private enum Message: Sendable {
    /// Something may be due now.
    case look
    /// A configuration has changed.
    case configured
    /// A Workflow object is gone.
    case gone(uid: String)
  }

  private let store: any ResourceStoring & WorkflowArchiving
  private let files: any KeptFilesRemoving
  private let retention: @Sendable () -> ArchiveRetention
  private let clock: @Sendable () -> Instant
  private let mailbox = Mailbox<Message>()
  private let watch = Mutex<(any WatchHandle)?>(nil)
  private let thread = Mutex<OSThread?>(nil)
  private let isStopping = Atomic<Bool>(false)

  /// The most that goes in one turn.
  private static let portion = 50
  /// The shortest pause between two turns, so that many that are due one after the other go together.
  private static let pause = TimeSpan(seconds: 1)
  /// When what failed is tried again.
  private static let patience = TimeSpan(seconds: 60)

  /// - Parameter retention: asked at the start and when a configuration map has changed; may read the store.
  package init(
    store: any ResourceStoring & WorkflowArchiving, files: any KeptFilesRemoving,
    clock: @escaping @Sendable () -> Instant = SystemClock.now,
    retention: @escaping @Sendable () -> ArchiveRetention
  ) {
    self.store = store
    self.files = files
    self.clock = clock
    self.retention = retention
  }

  /// Begins. To be called once.
  package func start() {
    let mailbox = mailbox
    let handle = store.watch([.workflow, .configMap]) { events in
      for event in events {
        let object = event.resource
        if object.kind == .configMap {
          if object.name == WorkflowLoop.configurationName { mailbox.post(.configured) }
        } else if event.change == .deleted {
          mailbox.post(.gone(uid: object.uid))
        } else if object.label(ArgoKey.archivingStatus) != nil {
          mailbox.post(.look)
        }
      }
    }
    watch.withLock { $0 = handle }
    let started = startThread(name: "archive") { [self] in
      sweep()
      var retention = retention()
      var due = collect(retention)
      while let messages = mailbox.takeAll(deadline: due) {
        for message in messages {
          switch message {
          case .look: break
          case .configured: retention = self.retention()
          case .gone(let uid): forget(uid)
          }
        }
        due = collect(retention)
      }
    }
    thread.withLock { $0 = started }
  }

  package func stop() {
    isStopping.store(true, ordering: .sequentiallyConsistent)
    watch.withLock { $0.take() }?.cancel()
    mailbox.close()
    thread.withLock { $0.take() }?.join()
  }

  /// Removes a workflow from the archive with what was kept for it: what a user asks for. False: it is not there. Blocks.
  @discardableResult
  package func remove(uid: String) throws(KubeStatus) -> Bool {
    guard let workflow = try store.archived(uid: uid) else { return false }
    let live = try store.get(workflow.key)
    if live?.uid != uid {
      try files.removeKept(ofWorkflow: uid, artifacts: workflow, below: try ownPrefixes(of: workflow))
    }
    try store.commit([.deleteArchived(uid: uid)])
    return true
  }

  /// How the keys of artifacts begin that are this workflow's alone: another one of the name has its artifacts in the same place.
  private func ownPrefixes(of workflow: Resource) throws(KubeStatus) -> [String] {
    guard try !hasNamesake(workflow, in: [workflow.namespace], archivedIn: workflow.namespace) else { return [] }
    let own = "\(workflow.namespace)/\(workflow.name)/"
    // Until keys began with the namespace, those of other namespaces shared the place; pods' names begin with the workflow's.
    let namespaces = try store.list(.namespace, namespace: nil, labels: .everything).map(\.name)
    return try hasNamesake(workflow, in: namespaces, archivedIn: nil) ? [own] : [own, "\(workflow.name)/\(workflow.name)"]
  }

  private func hasNamesake(
    _ workflow: Resource, in namespaces: [String], archivedIn namespace: String?
  ) throws(KubeStatus) -> Bool {
    var query = ArchiveQuery()
    (query.namespace, query.names, query.limit) = (namespace, [.exact(workflow.name)], 1)
    if try store.archived(query).total > 1 { return true }
    for namespace in namespaces where try store.get(ResourceKey(.workflow, namespace: namespace, name: workflow.name)) != nil {
      return true
    }
    return false
  }

  // MARK: On the thread

  /// Removes what is due; gives when to look again, by the steady clock.
  private func collect(_ retention: ArchiveRetention) -> Instant? {
    do throws(KubeStatus) {
      guard retention != ArchiveRetention() else { return nil }
      while !isStopping.load(ordering: .sequentiallyConsistent) {
        let bound = retention.age.map { clock() + TimeSpan(milliseconds: -$0.milliseconds) }
        let expired = try store.expiredArchived(endedBefore: bound, beyond: retention.count, limit: Self.portion)
        for uid in expired { try remove(uid: uid) }
        if expired.count < Self.portion { break }
      }
      guard let age = retention.age, let oldest = try store.oldestArchivedEnd() else { return nil }
      return SystemClock.steady() + max(.zero, oldest + age - clock()) + Self.pause
    } catch {
      guard !isStopping.load(ordering: .sequentiallyConsistent) else { return nil }
      Diagnostics.report("the archive cannot be tidied, trying again in a minute: \(error.message)")
      return SystemClock.steady() + Self.patience
    }
  }

  /// What a deleted workflow leaves behind goes, unless it is archived.
  private func forget(_ uid: String) {
    do throws(KubeStatus) {
      if try !isArchived(uid) { try files.removeKept(ofWorkflow: uid, artifacts: nil, below: []) }
    } catch {
      // The next start looks again.
      Diagnostics.report("the logs of a deleted workflow cannot be removed: \(error.message)")
    }
  }

  private func isArchived(_ uid: String) throws(KubeStatus) -> Bool {
    var query = ArchiveQuery()
    query.uid = uid
    return try !store.archived(query).workflows.isEmpty
  }

  /// Removes what was kept for workflows that are neither there nor archived.
  private func sweep() {
    let kept = files.keptWorkflows()
    guard !kept.isEmpty, let live = try? store.list(.workflow, namespace: nil, labels: .everything) else { return }
    let uids = Set(live.map(\.uid))
    for uid in kept where !uids.contains(uid) { forget(uid) }
  }
}
