import Contracts
import Glibc
import KubeModel
import Synchronization

/// Tells watchers of commits, one commit after the other, on the committing threads: each waits for those before it, and no lock is held
/// while a handler runs. What a handler commits itself is told after it returned.
final class WatchHub: Sendable {
  private struct Watcher {
    var id: Int
    var kinds: Set<ResourceKind>
    /// The commits counted before the watch began: not to be told.
    var start: UInt64
    var handler: @Sendable ([RecordedChange]) -> Void
  }

  private struct State {
    var watchers: [Watcher] = []
    var nextID = 0
    var published: UInt64 = 0
    var pending: [(number: UInt64, changes: [RecordedChange])] = []
    /// The last commit whose handlers have returned.
    var told: UInt64 = 0
    var tellingThread: pthread_t?
    /// The last commit that the telling thread tells.
    var tellsUntil: UInt64 = 0
    /// Threads that wait for their turn.
    var waiting: [Semaphore] = []
    /// The watcher whose handler is running.
    var runningID: Int?
    /// Threads that wait in `cancel` for the running handler to end.
    var cancellers: [Semaphore] = []
  }

  private let state = Mutex(State())

  func add(_ kinds: Set<ResourceKind>, _ handler: @escaping @Sendable ([RecordedChange]) -> Void) -> Int {
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

  /// Puts a commit's changes in line, in the order of commits; returns its number for `deliver`.
  func publish(_ changes: [RecordedChange]) -> UInt64 {
    state.withLock { state in
      state.published += 1
      state.pending.append((state.published, changes))
      return state.published
    }
  }

  /// Returns when a commit is told, by this thread or another; from within a handler at once.
  func deliver(_ number: UInt64) {
    while true {
      switch turn(number) {
      case .done: return
      case .wait(let semaphore): semaphore.wait()
      case .tell:
        while let (number, changes, watchers) = next() {
          for watcher in watchers where watcher.start < number {
            let wanted = changes.filter { watcher.kinds.contains($0.event.resource.kind) }
            guard !wanted.isEmpty, begin(watcher.id) else { continue }
            watcher.handler(wanted)
            end()
          }
        }
        return
      }
    }
  }

  private enum Turn: Sendable {
    case done, tell
    case wait(Semaphore)
  }

  private func turn(_ number: UInt64) -> Turn {
    state.withLock { state in
      if state.told >= number { return .done }
      guard let thread = state.tellingThread else {
        state.tellingThread = pthread_self()
        state.tellsUntil = number
        return .tell
      }
      if pthread_equal(thread, pthread_self()) != 0 {
        state.tellsUntil = max(state.tellsUntil, number)
        return .done
      }
      let semaphore = Semaphore()
      state.waiting.append(semaphore)
      return .wait(semaphore)
    }
  }

  /// Counts the last commit as told and gives the next one, or ends the turn.
  private func next() -> (UInt64, [RecordedChange], [Watcher])? {
    let (next, waiting) = state.withLock { state -> ((UInt64, [RecordedChange], [Watcher])?, [Semaphore]) in
      if let first = state.pending.first, first.number <= state.tellsUntil {
        state.told = first.number - 1
        state.pending.removeFirst()
        return ((first.number, first.changes, state.watchers), [])
      }
      state.told = state.tellsUntil
      state.tellingThread = nil
      let waiting = state.waiting
      state.waiting = []
      return (nil, waiting)
    }
    for semaphore in waiting { semaphore.signal() }
    return next
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
