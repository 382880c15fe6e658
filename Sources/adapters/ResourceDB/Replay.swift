import Contracts
import KubeModel
import Synchronization

/// The hand-over of a watch from the table to live changes: while the table is read, live ones wait; then those that the table had are left out.
final class Replay: Sendable {
  private struct State {
    var isLive = false
    var waiting: [RecordedChange] = []
    /// The last revision told.
    var position: Int64

    /// Those of the changes that were not told yet.
    mutating func takeFresh(_ changes: [RecordedChange]) -> [RecordedChange] {
      let fresh = changes.filter { ($0.event.resource.resourceVersion ?? 0) > position }
      if let last = fresh.last?.event.resource.resourceVersion { position = last }
      return fresh
    }
  }

  /// Changes read from the table at once.
  static let batch = 500

  private let state: Mutex<State>
  private let handler: @Sendable ([RecordedChange]) -> Void

  init(after position: Int64, _ handler: @escaping @Sendable ([RecordedChange]) -> Void) {
    state = Mutex(State(position: position))
    self.handler = handler
  }

  /// Tells changes from the table.
  func replay(_ changes: [RecordedChange]) {
    guard let last = changes.last?.event.resource.resourceVersion else { return }
    handler(changes)
    state.withLock { $0.position = last }
  }

  /// Tells live changes, or lets them wait.
  func tell(_ changes: [RecordedChange]) {
    let fresh = state.withLock { state -> [RecordedChange] in
      guard state.isLive else {
        state.waiting += changes
        return []
      }
      return state.takeFresh(changes)
    }
    if !fresh.isEmpty { handler(fresh) }
  }

  /// Ends the replay: tells what waits until nothing does; from then on live changes are told at once.
  func goLive() {
    while true {
      let fresh = state.withLock { state -> [RecordedChange]? in
        if state.waiting.isEmpty {
          state.isLive = true
          return nil
        }
        let waiting = state.waiting
        state.waiting = []
        return state.takeFresh(waiting)
      }
      guard let fresh else { return }
      if !fresh.isEmpty { handler(fresh) }
    }
  }
}
