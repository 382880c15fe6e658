import Basics
import Contracts
import Glibc
import KubeModel
import Synchronization

/// What all watchers of one view are told of a batch of changes.
struct WatchBatch: Sendable {
  /// The revision of each signal.
  var revisions: [Int64]
  var signals: [WatchSignal]
  /// All changes up to this revision are in this batch or were told before.
  var through: Int64
}

/// One reader of a watch. At first it is told of the past by the thread that began the watch, while what happens meanwhile waits; then it is live, and the
/// dispatcher tells it. Each signal comes once, in order, one call of the sink at a time.
final class WatchClient: Sendable {
  fileprivate struct State {
    var isLive = false
    var isOver = false
    /// Batches that wait until the past is told.
    var waiting: [WatchBatch] = []
    var waitingCount = 0
    /// More had to wait than is kept: the past has to be read on.
    var hasLost = false
    /// Through which revision all was told.
    var position: Int64
    /// The thread that is in the sink.
    var caller: pthread_t?
    /// Threads that wait in `cancel` for it.
    var cancellers: [Mailbox<Void>] = []
  }

  /// The most signals that wait.
  private static let waitingLimit = 10_000

  let takesBookmarks: Bool
  private let sink: @Sendable ([WatchSignal]) -> Void
  private let state: Mutex<State>

  init(after position: Int64, takesBookmarks: Bool, sink: @escaping @Sendable ([WatchSignal]) -> Void) {
    self.takesBookmarks = takesBookmarks
    self.sink = sink
    state = Mutex(State(position: position))
  }

  var position: Int64 { state.withLock { $0.position } }
  var isOver: Bool { state.withLock { $0.isOver } }

  /// Tells what happened before the watch was live.
  func replay(_ batch: WatchBatch) {
    let goesOn = state.withLock { state in
      state.position = max(state.position, batch.through)
      return state.begin(!batch.signals.isEmpty)
    }
    if goesOn { call(batch.signals) }
  }

  /// Tells what happens; lets it wait while the past is being told.
  func tell(_ batch: WatchBatch) {
    let signals = state.withLock { state -> [WatchSignal]? in
      guard !state.isOver else { return nil }
      guard state.isLive else {
        state.waiting.append(batch)
        state.waitingCount += batch.signals.count
        if state.waitingCount > Self.waitingLimit {
          state.waiting = []
          state.waitingCount = 0
          state.hasLost = true
        }
        return nil
      }
      let signals = state.fresh(batch)
      return state.begin(!signals.isEmpty) ? signals : nil
    }
    if let signals { call(signals) }
  }

  /// Tells what waits, until nothing does; then the watch is live. False: too much waited, so that the past has to be read on.
  func goLive() -> Bool {
    while true {
      let (batch, isDone) = state.withLock { state -> (WatchBatch?, Bool?) in
        if state.isOver { return (nil, true) }
        if state.hasLost {
          state.hasLost = false
          return (nil, false)
        }
        guard !state.waiting.isEmpty else {
          state.isLive = true
          return (nil, true)
        }
        let batch = state.waiting.removeFirst()
        state.waitingCount -= batch.signals.count
        var fresh = batch
        fresh.signals = state.fresh(batch)
        _ = state.begin(!fresh.signals.isEmpty)
        return (fresh, nil)
      }
      if let isDone { return isDone }
      if let batch, !batch.signals.isEmpty { call(batch.signals) }
    }
  }

  /// Tells a live watch how far it is.
  func bookmark(_ revision: Int64) {
    let isDue = state.withLock { state in
      guard takesBookmarks, state.isLive, !state.isOver, revision >= state.position else { return false }
      state.position = revision
      return state.begin(true)
    }
    if isDue { call([.bookmark(revision: revision, endsInitial: false)]) }
  }

  /// Ends the watch with a last word.
  func fail(_ status: KubeStatus) {
    let isDue = state.withLock { state in
      guard !state.isOver else { return false }
      return state.begin(true)
    }
    if isDue { call([.failed(status)]) }
    state.withLock { $0.isOver = true }
  }

  /// Ends the watch; waits for the sink if another thread is in it.
  func cancel() {
    let running = state.withLock { state -> Mailbox<Void>? in
      state.isOver = true
      state.waiting = []
      guard let caller = state.caller, pthread_equal(caller, pthread_self()) == 0 else { return nil }
      let end = Mailbox<Void>()
      state.cancellers.append(end)
      return end
    }
    _ = running?.takeAll()
  }

  private func call(_ signals: [WatchSignal]) {
    sink(signals)
    let cancellers = state.withLock { state in
      state.caller = nil
      defer { state.cancellers = [] }
      return state.cancellers
    }
    for canceller in cancellers { canceller.close() }
  }
}

extension WatchClient.State {
  /// Marks that the calling thread goes into the sink, if it is to and the watch is not over.
  fileprivate mutating func begin(_ isWanted: Bool) -> Bool {
    guard isWanted, !isOver else { return false }
    caller = pthread_self()
    return true
  }

  /// Those of a batch's signals that were not told yet; moves the position.
  fileprivate mutating func fresh(_ batch: WatchBatch) -> [WatchSignal] {
    let old = position
    position = max(position, batch.through)
    guard let first = batch.revisions.first else { return [] }
    if first > old { return batch.signals }
    return zip(batch.revisions, batch.signals).filter { $0.0 > old }.map(\.1)
  }
}
