import Basics
import Contracts
import KubeModel
import ResourceDB
import Synchronization
import WorkflowCore
import WorkflowService

/// The CronWorkflows that one `argosy run` was given: they fire until the session ends, and what they make is followed like any workflow.
final class CronSession: Sendable {
  private let service: CronService
  private let watch = Mutex<(any WatchHandle)?>(nil)
  private let store: ResourceDatabase
  private let tracker: RunTracker
  private let isOver = Atomic<Bool>(false)

  init(_ keys: Set<ResourceKey>, store: ResourceDatabase, tracker: RunTracker) {
    self.store = store
    self.tracker = tracker
    service = CronService(store: store, isScheduled: { keys.contains($0.key) }, problem: { Self.problem(with: $0, store) })
  }

  /// Begins to fire. The tracker waits until ``end()``.
  func start() throws {
    tracker.open()
    let tracker = tracker
    let handle = store.watch([.workflow]) { events in
      for event in events where CronChild.owner(of: event.resource) != nil {
        switch event.change {
        case .added: tracker.expect(event.resource)
        case .deleted: tracker.forget(event.resource)
        case .modified: break
        }
      }
    }
    watch.withLock { $0 = handle }
    try service.start()
  }

  /// Fires no more. What runs goes on.
  func end() {
    guard isOver.compareExchange(expected: false, desired: true, ordering: .sequentiallyConsistent).exchanged else { return }
    service.stop()
    watch.withLock { $0.take() }?.cancel()
    tracker.close()
  }

  /// The first thing that validation finds wrong before a run, as Argo's controller validates again.
  static func problem(with cron: Resource, _ store: ResourceDatabase) -> String? {
    StoredValidation(store: store, defaults: Wiring.settings(store).defaults?.spec).problem(with: cron)
  }
}
