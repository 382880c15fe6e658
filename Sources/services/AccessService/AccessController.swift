import AccessCore
import Basics
import Contracts
import KubeModel
import Synchronization

/// The service's own thread: collects the rules of ClusterRoles when one changes, and furnishes Argo's namespace when it is made.
final class AccessController: Sendable {
  private enum Work: Sendable { case collect, furnish }

  /// How long to wait after a write that failed.
  private static let pause = TimeSpan(milliseconds: 1000)

  private let store: any ResourceStoring
  private let mailbox = Mailbox<Work>()
  private let watch = Mutex<(any WatchHandle)?>(nil)
  private let thread = Mutex<OSThread?>(nil)

  init(store: any ResourceStoring) { self.store = store }

  func start() throws(KubeStatus) {
    let mailbox = mailbox
    let handle = store.watch([AccessKinds.clusterRole, .namespace]) { events in
      for event in events {
        if event.resource.kind == AccessKinds.clusterRole {
          mailbox.post(.collect)
        } else if event.change == .added, event.resource.name == ArgoRoles.namespace {
          mailbox.post(.furnish)
        }
      }
    }
    watch.withLock { $0 = handle }
    let store = store
    // What changed between the bootstrap and the watch.
    mailbox.post(.collect)
    let started = startThread(name: "access") {
      var pending: Set<Work> = []
      while let work = mailbox.takeAll(deadline: pending.isEmpty ? nil : SystemClock.steady() + Self.pause) {
        pending.formUnion(work)
        for next in pending where (try? Self.run(next, store)) != nil { pending.remove(next) }
      }
    }
    thread.withLock { $0 = started }
  }

  private static func run(_ work: Work, _ store: any ResourceStoring) throws(KubeStatus) {
    switch work {
    case .collect: try RoleCollection(store: store).run()
    case .furnish: try RoleBootstrap(store: store).prepareArgoNamespace()
    }
  }

  func stop() {
    watch.withLock { $0.take() }?.cancel()
    mailbox.close()
    thread.withLock { $0.take() }?.join()
  }
}
