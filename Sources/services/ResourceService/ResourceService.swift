import Basics
import Contracts
import KubeAPI
import KubeModel

/// What a ``ResourceService`` is told at its start.
package struct ResourceServiceSettings: Sendable {
  /// Kinds whose `status` belongs to a service of this program: what API clients send of it is left out.
  package var engineOwnedStatus: Set<ResourceKind> = [.workflow]
  /// How often a watch that takes bookmarks is told how far it is.
  package var bookmarkInterval = TimeSpan(seconds: 60)
  package var now: @Sendable () -> Instant = SystemClock.now
  /// Random bits, for generated names and uids.
  package var random: @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) }
  package init() {}
}

/// The verbs of the Kubernetes API over a store: see ``ResourceServing``.
///
/// Reads and writes run on the caller's thread. Watches are told by one thread of this service, so that a commit does not wait for watchers; ``stop()`` ends it.
package final class ResourceService: ResourceServing {
  let store: any HistoryStoring
  let kinds: @Sendable () -> any KindCatalog
  let admitters: [any Admitting]
  let composer: (any ResourceComposing)?
  let settings: ResourceServiceSettings
  let watches: WatchDispatcher

  /// - Parameters:
  ///   - kinds: the kinds that are served at the moment; asked at each request.
  ///   - admitters: complete and refuse changes, in this order.
  ///   - composer: makes what readers see of an object from what is stored.
  package init(
    store: any HistoryStoring, kinds: @escaping @Sendable () -> any KindCatalog, admitters: [any Admitting] = [],
    composer: (any ResourceComposing)? = nil, settings: ResourceServiceSettings = ResourceServiceSettings()
  ) {
    self.store = store
    self.kinds = kinds
    self.admitters = admitters
    self.composer = composer
    self.settings = settings
    watches = WatchDispatcher(store: store, composer: composer, settings: settings)
  }

  /// Ends all watches and the thread that tells them.
  package func stop() { watches.stop() }

  package func get(_ key: ResourceKey) throws(KubeStatus) -> Resource {
    let kind = try served(key.kind)
    return try kind.shown(try existing(kind.storedKey(key), as: kind), by: composer)
  }

  /// The stored object; throws `notFound` in the name of the kind that was asked for.
  func existing(_ key: ResourceKey, as kind: ServedKind) throws(KubeStatus) -> Resource {
    guard let stored = try store.get(key) else {
      throw .notFound(ResourceKey(kind.api.kind, namespace: key.namespace, name: key.name))
    }
    return stored
  }
}
