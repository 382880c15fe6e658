import Basics
import Contracts
import KubeModel
import Synchronization

/// Tells watchers of changes, on a thread of its own: one watch of the store for each kind that is watched, whatever the number of its watchers.
final class WatchDispatcher: Sendable {
  private enum Message: Sendable {
    case changes(ResourceKind, [RecordedChange])
  }

  /// A kind that is watched.
  private struct Feed {
    var handle: any WatchHandle
    var clients: [WatchView: [WatchClient]] = [:]
    /// Through which revision its changes were told.
    var position: Int64
  }

  private struct State {
    var feeds: [ResourceKind: Feed] = [:]
    var thread: OSThread?
    var isStopped = false
  }

  private let store: any HistoryStoring
  private let composer: (any ResourceComposing)?
  private let settings: ResourceServiceSettings
  private let mailbox = Mailbox<Message>()
  private let state = Mutex(State())

  init(store: any HistoryStoring, composer: (any ResourceComposing)?, settings: ResourceServiceSettings) {
    self.store = store
    self.composer = composer
    self.settings = settings
  }

  deinit { mailbox.close() }

  func stop() {
    let (thread, feeds) = state.withLock { state in
      state.isStopped = true
      defer {
        state.thread = nil
        state.feeds = [:]
      }
      return (state.thread, state.feeds.values)
    }
    for feed in feeds {
      feed.handle.cancel()
      for client in feed.clients.values.joined() { client.cancel() }
    }
    mailbox.close()
    thread?.join()
  }

  /// Takes a client up: tells it what happened since its position, then it is live.
  func begin(_ client: WatchClient, kind: ResourceKind, view: WatchView) throws(KubeStatus) -> any WatchHandle {
    try add(client, kind: kind, view: view)
    let handle = ClientHandle(dispatcher: self, client: client, kind: kind, view: view)
    do throws(KubeStatus) {
      repeat {
        var isWhole = false
        while !isWhole, !client.isOver {
          let (changes, through) = try store.changes(of: kind, after: client.position, limit: Self.replayBatch)
          var rendering = ChangeRendering(changes, composer: composer)
          client.replay(rendering.batch(for: view, through: through))
          isWhole = changes.count < Self.replayBatch
        }
      } while !client.goLive()
    } catch {
      handle.cancel()
      throw error
    }
    return handle
  }

  /// Changes read from the history at once.
  private static let replayBatch = 500

  private func add(_ client: WatchClient, kind: ResourceKind, view: WatchView) throws(KubeStatus) {
    try state.withLock { (state) throws(KubeStatus) in
      guard !state.isStopped else { throw KubeStatus(.serviceUnavailable, "the server is stopping") }
      if state.feeds[kind] == nil {
        let position = store.revision
        let mailbox = mailbox
        let handle = try store.watch(kind, after: position) { mailbox.post(.changes(kind, $0)) }
        state.feeds[kind] = Feed(handle: handle, position: position)
      }
      state.feeds[kind]?.clients[view, default: []].append(client)
      if state.thread == nil {
        state.thread = startThread(name: "watches") { [weak self, mailbox, interval = settings.bookmarkInterval] in
          var nextTick = SystemClock.steady() + interval
          while let messages = mailbox.takeAll(deadline: nextTick) {
            guard let self else { return }
            for case .changes(let kind, let changes) in messages { self.tell(kind, changes) }
            guard SystemClock.steady() >= nextTick else { continue }
            self.tellBookmarks()
            nextTick = SystemClock.steady() + interval
          }
        }
      }
    }
  }

  fileprivate func remove(_ client: WatchClient, kind: ResourceKind, view: WatchView) {
    let idle = state.withLock { state -> (any WatchHandle)? in
      state.feeds[kind]?.clients[view]?.removeAll { $0 === client }
      if state.feeds[kind]?.clients[view]?.isEmpty ?? false { state.feeds[kind]?.clients[view] = nil }
      guard state.feeds[kind]?.clients.isEmpty ?? false else { return nil }
      return state.feeds.removeValue(forKey: kind)?.handle
    }
    // Outside the lock: it may wait for the handler of the store's watch.
    idle?.cancel()
  }

  private func tell(_ kind: ResourceKind, _ changes: [RecordedChange]) {
    guard let through = changes.last?.event.resource.resourceVersion else { return }
    let clients = state.withLock { state in
      if let position = state.feeds[kind]?.position { state.feeds[kind]?.position = max(position, through) }
      return state.feeds[kind]?.clients ?? [:]
    }
    guard !clients.isEmpty else { return }
    var rendering = ChangeRendering(changes, composer: composer)
    for (view, clients) in clients {
      let batch = rendering.batch(for: view, through: through)
      for client in clients { client.tell(batch) }
    }
  }

  /// Tells each watch that wants it how far it is, and moves the feeds' positions on, so that the history does not leave them behind.
  private func tellBookmarks() {
    let positions = state.withLock { state in state.feeds.mapValues { $0.position } }
    for (kind, position) in positions {
      // When nothing came after what was told, all up to the newest revision was told; else it is about to be.
      guard let (changes, through) = try? store.changes(of: kind, after: position, limit: 1) else { continue }
      let safe = changes.isEmpty ? through : position
      let clients = state.withLock { state in
        state.feeds[kind]?.position = safe
        return state.feeds[kind]?.clients.values.joined().filter(\.takesBookmarks) ?? []
      }
      for client in clients { client.bookmark(safe) }
    }
  }
}

/// A watch of a client; lives until it is cancelled.
private struct ClientHandle: WatchHandle {
  let dispatcher: WatchDispatcher
  let client: WatchClient
  let kind: ResourceKind
  let view: WatchView

  func cancel() {
    client.cancel()
    dispatcher.remove(client, kind: kind, view: view)
  }
}
