import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import Synchronization
import WorkflowCore

/// Makes the workflows of CronWorkflows when their time comes. One thread owns all state; a run and what is noted of it are one transaction,
/// so that none is made twice or forgotten, whenever the process ends.
package final class CronService: Sendable {
  private let store: any ResourceStoring
  private let clock: @Sendable () -> Instant
  private let isScheduled: @Sendable (Resource) -> Bool
  private let problem: @Sendable (Resource) -> String?
  private let mailbox = Mailbox<WatchEvent>()
  private let watch = Mutex<(any WatchHandle)?>(nil)
  private let thread = Mutex<OSThread?>(nil)

  /// - Parameter isScheduled: which CronWorkflows fire; all by default.
  /// - Parameter problem: what validation finds wrong with a CronWorkflow before a run; nil when nothing.
  package init(
    store: any ResourceStoring, clock: @escaping @Sendable () -> Instant = SystemClock.now,
    isScheduled: @escaping @Sendable (Resource) -> Bool = { _ in true },
    problem: @escaping @Sendable (Resource) -> String? = { _ in nil }
  ) {
    self.isScheduled = isScheduled
    self.store = store
    self.clock = clock
    self.problem = problem
  }

  /// Takes up the CronWorkflows that there are and begins to watch. Throws when the store cannot be read. To be called once.
  package func start() throws(KubeStatus) {
    let mailbox = mailbox
    let isScheduled = isScheduled
    let handle = store.watch([.cronWorkflow, .workflow]) { events in
      for event in events {
        let isOurs = event.resource.kind == .cronWorkflow ? isScheduled(event.resource) : CronChild.owner(of: event.resource) != nil
        if isOurs { mailbox.post(event) }
      }
    }
    let initial: CronLoop
    do throws(KubeStatus) {
      initial = try CronLoop(store: store, clock: clock, isScheduled: isScheduled, problem: problem)
    } catch {
      handle.cancel()
      throw error
    }
    watch.withLock { $0 = handle }
    let started = startThread(name: "cron") {
      var loop = initial
      loop.begin()
      while let events = mailbox.takeAll(deadline: loop.nextLook) {
        for event in events { loop.take(event) }
        loop.runDue()
      }
    }
    thread.withLock { $0 = started }
  }

  /// Ends the service's thread; what was due meanwhile is for the next start, as `startingDeadlineSeconds` allows.
  package func stop() {
    watch.withLock { $0.take() }?.cancel()
    mailbox.close()
    thread.withLock { $0.take() }?.join()
  }
}

/// The state of the service's thread.
private struct CronLoop {
  typealias Decision = @Sendable (inout CronState, CronWorld) -> [CronEffect]

  let store: any ResourceStoring
  let clock: @Sendable () -> Instant
  let problem: @Sendable (Resource) -> String?
  private var states: [String: CronState] = [:]
  private var times = DueQueue<String>()
  /// Decisions that could not be stored, by uid: nothing of them has happened, and they are made again in this order.
  private var unstored: [String: [Decision]] = [:]
  private var known: [Resource]

  init(
    store: any ResourceStoring, clock: @escaping @Sendable () -> Instant, isScheduled: (Resource) -> Bool,
    problem: @escaping @Sendable (Resource) -> String?
  ) throws(KubeStatus) {
    self.store = store
    self.clock = clock
    self.problem = problem
    var children: [String: [CronChild]] = [:]
    for workflow in try store.list(.workflow, namespace: nil, labels: LabelSelector([.exists(ArgoKey.cronWorkflow)])) {
      if let owner = CronChild.owner(of: workflow), let child = CronChild(workflow) { children[owner, default: []].append(child) }
    }
    lastLook = clock()
    known = try store.list(.cronWorkflow, namespace: nil, labels: .everything).filter(isScheduled)
    for resource in known { states[resource.uid] = CronState(resource, children: children[resource.uid] ?? []) }
  }

  /// The longest wait without a look at the wall clock, by which schedules go: somebody may have set it.
  private static let patience = TimeSpan(seconds: 10)
  /// A clock that was set back by more than this has its minutes once more.
  private static let leap = TimeSpan(seconds: 60)
  private var lastLook: Instant

  /// When to look again, by the steady clock.
  var nextLook: Instant? {
    times.earliest.map { SystemClock.steady() + min(Self.patience, $0 - clock()) }
  }
  private let localZone = SystemTimeZones.local()
  private var world: CronWorld { CronWorld(now: clock(), localZone: localZone, zone: SystemTimeZones.named, problem: problem) }

  mutating func begin() {
    for resource in known { decide(resource.uid) { state, world in state.changed(resource, in: world) } }
    known = []
    runDue()
  }

  mutating func take(_ event: WatchEvent) {
    let resource = event.resource
    guard resource.kind == .cronWorkflow else {
      guard let owner = CronChild.owner(of: resource) else { return }
      let child = event.change == .deleted ? nil : CronChild(resource)
      return decide(owner) { state, world in state.childChanged(resource.uid, child, in: world) }
    }
    guard event.change != .deleted else {
      states[resource.uid] = nil
      unstored[resource.uid] = nil
      return times.remove(resource.uid)
    }
    if let held = states[resource.uid]?.resource.resourceVersion, held >= resource.resourceVersion ?? 0 { return }
    if states[resource.uid] == nil { states[resource.uid] = CronState(resource, children: []) }
    decide(resource.uid) { state, world in state.changed(resource, in: world) }
  }

  mutating func runDue() {
    let now = clock()
    if lastLook - now > Self.leap {
      for uid in unstored.keys { times.set(uid, at: now) }
      for uid in states.keys { decide(uid) { state, world in state.clockSetBack(in: world) } }
    }
    lastLook = now
    for uid in times.due(at: clock()) {
      for decision in unstored.removeValue(forKey: uid) ?? [] { decide(uid, decision) }
      if unstored[uid] == nil { decide(uid) { state, world in state.due(in: world) } }
    }
  }

  private mutating func decide(_ uid: String, _ decision: @escaping Decision) {
    guard unstored[uid] == nil else {
      unstored[uid]?.append(decision)
      return
    }
    guard var state = states[uid] else { return }
    let effects = decision(&state, world)
    do throws(KubeStatus) {
      if let stored = try carryOut(effects, for: state.resource) { state.stored(stored) }
      states[uid] = state
      if let next = state.next { times.set(uid, at: next) } else { times.remove(uid) }
    } catch {
      // Where it was deleted the watch tells.
      if error.reason == .notFound, (try? store.get(state.resource.key))?.uid != uid { return }
      Diagnostics.report("cannot store what CronWorkflow \(state.resource.name) did, trying again: \(error.message)")
      unstored[uid] = [decision]
      times.set(uid, at: clock() + TimeSpan(seconds: 1))
    }
  }

  /// Carries out effects in one transaction; returns the CronWorkflow as it is stored then, where it changed.
  private func carryOut(_ effects: [CronEffect], for cron: Resource) throws(KubeStatus) -> Resource? {
    var writes: [Write] = []
    for effect in effects {
      switch effect {
      case .submit(let workflow):
        // Made before: by a run that was cut off between two starts, or by hand.
        if try store.get(workflow.key) == nil { writes.append(.create(workflow)) }
      case .terminate(let name):
        let key = ResourceKey(.workflow, namespace: cron.namespace, name: name)
        if try store.get(key) != nil { writes.append(.patch(key, ["spec": ["shutdown": "Terminate"]])) }
      case .delete(let name): writes.append(.delete(ResourceKey(.workflow, namespace: cron.namespace, name: name)))
      case .update(let patch): writes.append(.patch(cron.key, patch))
      }
    }
    guard !writes.isEmpty else { return nil }
    let stored = try store.commit(writes)
    return stored.compactMap { $0 }.last { $0.key == cron.key }
  }
}
