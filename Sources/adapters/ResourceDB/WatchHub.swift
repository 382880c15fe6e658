import Contracts
import Glibc
import KubeModel
import Synchronization

/// Tells watchers of commits, one commit after the other. Whoever commits while another thread is telling leaves its events to that
/// thread, so no lock is held while a handler runs.
final class WatchHub: Sendable {
  private struct Watcher {
    var id: Int
    var kinds: Set<ResourceKind>
    /// The commits counted before the watch began: not to be told.
    var start: UInt64
    var handler: @Sendable ([WatchEvent]) -> Void
  }

  private struct State {
    var watchers: [Watcher] = []
    var nextID = 0
    var published: UInt64 = 0
    var pending: [(number: UInt64, events: [WatchEvent])] = []
    var tellingThread: pthread_t?
    /// The watcher whose handler is running.
    var runningID: Int?
    /// Threads that wait in `cancel` for the running handler to end.
    var cancellers: [Semaphore] = []
  }

  private let state = Mutex(State())

  func add(_ kinds: Set<ResourceKind>, _ handler: @escaping @Sendable ([WatchEvent]) -> Void) -> Int {
    state.withLock { state in
      state.nextID += 1
      state.watchers.append(Watcher(id: state.nextID, kinds: kinds, start: state.published, handler: handler))
      return state.nextID
    }
  }

  /// Ends a watch, and waits for its handler if another thread is just running it.
  func remove(_ id: Int) {
    let running: Semaphore? = state.withLock { state in
      state.watchers.removeAll { $0.id == id }
      guard state.runningID == id, let thread = state.tellingThread, pthread_equal(thread, pthread_self()) == 0 else { return nil }
      let semaphore = Semaphore()
      state.cancellers.append(semaphore)
      return semaphore
    }
    running?.wait()
  }

  /// Puts a commit's events in line. Called in the order of commits.
  func publish(_ events: [WatchEvent]) {
    guard !events.isEmpty else { return }
    state.withLock { state in
      state.published += 1
      if !state.watchers.isEmpty { state.pending.append((state.published, events)) }
    }
  }

  /// Tells all that is in line, unless a thread is at it.
  func deliver() {
    let mayTell = state.withLock { state in
      guard state.tellingThread == nil, !state.pending.isEmpty else { return false }
      state.tellingThread = pthread_self()
      return true
    }
    guard mayTell else { return }
    while let (number, events, watchers) = next() {
      for watcher in watchers where watcher.start < number {
        let wanted = events.filter { watcher.kinds.contains($0.resource.kind) }
        guard !wanted.isEmpty, begin(watcher.id) else { continue }
        watcher.handler(wanted)
        end()
      }
    }
  }

  private func next() -> (UInt64, [WatchEvent], [Watcher])? {
    state.withLock { state in
      guard !state.pending.isEmpty else {
        state.tellingThread = nil
        return nil
      }
      let (number, events) = state.pending.removeFirst()
      return (number, events, state.watchers)
    }
  }

  private func begin(_ id: Int) -> Bool {
    state.withLock { state in
      guard state.watchers.contains(where: { $0.id == id }) else { return false }
      state.runningID = id
      return true
    }
  }

  private func end() {
    let cancellers = state.withLock { state in
      state.runningID = nil
      let cancellers = state.cancellers
      state.cancellers = []
      return cancellers
    }
    for semaphore in cancellers { semaphore.signal() }
  }
}

/// A watch of a ``WatchHub``; lives until it is cancelled.
struct Watch: WatchHandle {
  let hub: WatchHub
  let id: Int
  func cancel() { hub.remove(id) }
}
