import Contracts
import KubeModel
import Synchronization

/// A caller's writes on their way to the writer.
final class CommitRequest: Sendable {
  enum Signal: Sendable {
    case waiting, mayLead
    case done(Result<[Resource?], KubeStatus>)
  }

  let writes: [PreparedWrite]
  let isDurable: Bool
  private let signal = Mutex(Signal.waiting)
  private let semaphore = Semaphore()

  init(_ writes: [PreparedWrite], isDurable: Bool) {
    self.writes = writes
    self.isDurable = isDurable
  }

  func send(_ new: Signal, wakes: Bool) {
    signal.withLock { $0 = new }
    if wakes { semaphore.signal() }
  }

  /// Blocks until a signal was sent.
  func wait() -> Signal {
    semaphore.wait()
    return signal.withLock { $0 }
  }
}

/// The line in front of the writer. The first caller leads: it takes those behind it along in its transaction; whoever came meanwhile
/// waits, and the first of them leads next.
final class CommitQueue: Sendable {
  private struct State {
    var pending: [CommitRequest] = []
    var hasLeader = false
  }

  private let state = Mutex(State())
  private let limit: Int

  /// `limit`: the most requests in one group.
  init(limit: Int) { self.limit = limit }

  /// Enters the line; true when the caller leads.
  func enter(_ request: CommitRequest) -> Bool {
    state.withLock { state in
      state.pending.append(request)
      if state.hasLeader { return false }
      state.hasLeader = true
      return true
    }
  }

  /// The group that the leader commits, its own request first.
  func takeGroup() -> [CommitRequest] {
    state.withLock { state in
      let group = Array(state.pending.prefix(limit))
      state.pending.removeFirst(group.count)
      return group
    }
  }

  /// Ends the caller's leadership and makes the first in the line lead.
  func handOver() {
    let next = state.withLock { state in
      state.hasLeader = !state.pending.isEmpty
      return state.pending.first
    }
    next?.send(.mayLead, wakes: true)
  }
}
