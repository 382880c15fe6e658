internal import Basics
internal import Contracts
internal import KubeModel
internal import Synchronization

/// What happens to a workflow and its pods while somebody reads their logs: of each pod the last that is known, so that it does not grow while the reader is
/// slow.
final class LogNews: Sendable {
  struct Told: Sendable {
    /// In the order in which they were first heard of.
    var pods: [(pod: Resource, isGone: Bool)] = []
    var isWorkflowOver = false
  }

  private struct State: Sendable {
    var told = Told()
    /// Where a pod stands in `told`, by uid.
    var places: [String: Int] = [:]
  }

  private let state = Mutex(State())
  private let signal = Mailbox<Void>()
  private let workflow: ResourceKey
  private let pods: LabelSelector

  init(workflow: ResourceKey, pods: LabelSelector) {
    self.workflow = workflow
    self.pods = pods
  }

  /// Is called by the store: quick.
  func take(_ events: [WatchEvent]) {
    var isNews = false
    for event in events where event.resource.namespace == workflow.namespace {
      let resource = event.resource
      let isGone = event.change == .deleted
      if resource.kind == .pod {
        guard pods.matches(resource.labels) else { continue }
        isNews = true
        state.withLock { state in
          if let place = state.places[resource.uid] {
            state.told.pods[place] = (resource, isGone)
          } else {
            state.places[resource.uid] = state.told.pods.count
            state.told.pods.append((resource, isGone))
          }
        }
      } else if resource.name == workflow.name, isGone || resource.isOverRun {
        isNews = true
        state.withLock { $0.told.isWorkflowOver = true }
      }
    }
    if isNews, signal.count == 0 { signal.post(()) }
  }

  /// What was told since the last call; waits for something as long as is said.
  func next(within span: TimeSpan) -> Told {
    _ = signal.takeAll(deadline: SystemClock.steady() + span)
    return state.withLock { state in
      let told = state.told
      state = State()
      return told
    }
  }
}
