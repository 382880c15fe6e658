import AccessCore
import Basics
import Contracts
import KubeModel
import Synchronization

/// Who may do what: users and their rights, from the objects of the store, kept up by its watch.
///
/// All calls but ``decide(_:)`` may read the store: use threads of one's own.
package final class AccessService: Sendable {
  let store: any ResourceStoring
  let signing: any TokenSigning
  let certificates: any CertificateChecking
  let clock: @Sendable () -> Instant
  let index: RuleIndex
  let verified: VerifiedCredentials
  private let controller: AccessController

  /// - Parameter signing: makes and knows the tokens of service accounts.
  /// - Parameter certificates: knows client certificates.
  package init(
    store: any ResourceStoring, signing: any TokenSigning, certificates: any CertificateChecking,
    clock: @escaping @Sendable () -> Instant = SystemClock.now
  ) {
    self.store = store
    self.signing = signing
    self.certificates = certificates
    self.clock = clock
    index = RuleIndex()
    verified = VerifiedCredentials()
    controller = AccessController(store: store)
  }

  /// Makes the roles and bindings that every server has (those that are missing, or lack something), reads all access rules, and begins to
  /// watch them. Throws when the store cannot be read or written. To be called once, before the first request.
  package func start() throws(KubeStatus) {
    try RoleBootstrap(store: store).run()
    try index.start(store)
    try controller.start()
  }

  /// Ends the service's thread and its watches.
  package func stop() {
    controller.stop()
    index.stop()
  }
}

extension AccessService: Authorizing {
  package func decide(_ attributes: AccessAttributes) -> AccessDecision { index.read { $0.decide(attributes) } }
}

/// The access rules of the store, always as of the last commit.
final class RuleIndex: Sendable {
  private struct State: Sendable {
    var rules = AccessRules()
    /// The revision of each object that was taken in, or was removed while the first list was read.
    var revisions: [ResourceKey: Int64] = [:]
    var isLoaded = false
  }

  private let state = Mutex(State())
  private let handle = Mutex<(any WatchHandle)?>(nil)

  func read<Value: Sendable>(_ body: (borrowing AccessRules) -> Value) -> Value { state.withLock { body($0.rules) } }

  /// Begins to watch, then reads what is there; what changes meanwhile counts, not what was read before it.
  func start(_ store: any ResourceStoring) throws(KubeStatus) {
    let watch = store.watch(AccessKinds.all) { [self] events in
      state.withLock { state in
        for event in events { Self.take(event, &state) }
      }
    }
    handle.withLock { $0 = watch }
    for kind in AccessKinds.all {
      let listed = try store.list(kind, namespace: nil, labels: .everything)
      state.withLock { state in
        for resource in listed { Self.take(WatchEvent(.added, resource), &state) }
      }
    }
    state.withLock { state in
      state.isLoaded = true
      state.revisions = [:]
    }
  }

  func stop() { handle.withLock { $0.take() }?.cancel() }

  private static func take(_ event: WatchEvent, _ state: inout State) {
    let key = event.resource.key
    if !state.isLoaded {
      let revision = event.resource.resourceVersion ?? 0
      guard state.revisions[key] ?? -1 < revision else { return }
      state.revisions[key] = revision
    }
    if event.change == .deleted { state.rules.remove(key) } else { state.rules.put(event.resource) }
  }
}
