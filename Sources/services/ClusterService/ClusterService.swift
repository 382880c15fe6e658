import Basics
import Contracts
import KubeAPI
import KubeModel
import Synchronization

/// What a cluster's controllers do for the kinds that Kubernetes defines: namespaces, owners, service accounts, volumes, custom kinds.
///
/// One thread runs all of them, from a mailbox that the store's watch fills; each is idempotent and finds what it left undone at the next start.
package final class ClusterService: Sendable {
  /// Which controllers there are.
  package enum Scope: Sendable {
    /// Owners and volumes: what the runs of workflows need.
    case runs
    /// All of them: what clients of an API expect.
    case cluster
  }

  private let store: any HistoryStoring
  private let catalog: CatalogProvider
  private let controllers: [any Controller]
  private let clock: @Sendable () -> Instant
  private let mailbox = Mailbox<ClusterJob>()
  private let watched = Mutex<(handles: [any WatchHandle], kinds: Set<ResourceKind>)>(([], []))
  private let thread = Mutex<OSThread?>(nil)
  private let isEnding = Atomic<Bool>(false)
  private let namespaces: NamespaceController?
  private let node: NodeObject?
  private let binder: VolumeBinder

  /// - Parameter events: where what happens to volumes is told; nil: nowhere.
  package init(
    store: any HistoryStoring, catalog: CatalogProvider, scope: Scope, settings: ClusterSettings, events: (any EventRecording)? = nil,
    clock: @escaping @Sendable () -> Instant = SystemClock.now
  ) {
    self.store = store
    self.catalog = catalog
    self.clock = clock
    binder = VolumeBinder(store: store, settings: settings, events: events, clock: clock)
    var controllers: [any Controller] = [
      GarbageCollector(store: store, catalog: catalog), VolumeController(binder: binder),
    ]
    switch scope {
    case .runs:
      namespaces = nil
      node = nil
    case .cluster:
      let namespaces = NamespaceController(store: store, catalog: catalog, names: settings.namespaces)
      self.namespaces = namespaces
      node = settings.node.map { NodeObject(store: store, description: $0) }
      controllers += [
        namespaces, ServiceAccountController(store: store, signer: settings.signer, certificateAuthority: settings.certificateAuthority),
        DefinitionController(store: store, catalog: catalog),
      ]
    }
    self.controllers = controllers
  }

  /// Makes what every cluster has, takes up what was left undone, and begins to watch. Throws when the store cannot be read or written; nothing runs
  /// then. To be called once.
  package func start() throws(KubeStatus) {
    do throws(KubeStatus) {
      try catalog.refresh()
      follow()
      try namespaces?.makeStandard()
      try node?.write(at: clock())
      try binder.prepare(makesClass: namespaces != nil)
    } catch {
      unfollow()
      throw error
    }
    catalog.observe { [weak self] in self?.follow() }
    let started = startThread(name: "cluster") { [self] in
      var loop = ClusterLoop(controllers, clock: clock, isStopping: { [self] in isEnding.load(ordering: .relaxed) })
      loop.begin()
      while let jobs = mailbox.takeAll(deadline: loop.earliest) {
        for job in jobs { loop.add(job) }
        loop.run()
      }
    }
    thread.withLock { $0 = started }
  }

  /// Ends the service's thread; what was not done is for the next start.
  package func stop() {
    isEnding.store(true, ordering: .relaxed)
    catalog.observe(nil)
    unfollow()
    mailbox.close()
    thread.withLock { $0.take() }?.join()
    binder.stop()
  }

  /// Binds claims for those who mount them.
  package var claims: any ClaimBinding { binder }

  /// Watches the kinds of the catalogue that are not watched yet.
  private func follow() {
    let known = ResourceKind.known + [.persistentVolume, .storageClass, .customResourceDefinition]
    let kinds = Set(catalog.catalog.kinds.map(\.kind)).union(known)
    watched.withLock { watched in
      let added = kinds.subtracting(watched.kinds).filter { kind in controllers.contains { $0.watches(kind) } }
      guard !added.isEmpty, !isEnding.load(ordering: .relaxed) else { return }
      watched.kinds.formUnion(added)
      let (box, loops) = (mailbox, controllers)
      watched.handles.append(
        store.watch(added) { events in
          for event in events {
            for (index, controller) in loops.enumerated() where controller.watches(event.resource.kind) {
              for item in controller.concerned(by: event) { box.post(ClusterJob(controller: index, item: item)) }
            }
          }
        })
    }
  }

  private func unfollow() {
    let handles = watched.withLock { watched in
      defer { watched = ([], []) }
      return watched.handles
    }
    for handle in handles { handle.cancel() }
  }
}
