import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import WorkflowCore

/// Locks over all runs. What a run asks or releases is settled at once, with what follows from it in other runs, so that all of it goes into
/// one transaction.
extension WorkflowLoop {
  /// Carries out what was asked of the lock table, until nothing follows from it any more.
  mutating func settleLocks() {
    guard !lockWork.isEmpty else { return }
    var next = 0
    while next < lockWork.count {
      let work = lockWork[next]
      next += 1
      switch work {
      case .requestLocks(let request):
        let limits = self.limits
        let answer = service.withRuns { $0.locks.request(request, limits: limits) }
        deliver(request.holder.run, .locks(request.holder, answer))
      case .releaseLocks(let holder): tell(service.withRuns { $0.locks.release(holder) })
      default: break
      }
    }
    lockWork.removeAll(keepingCapacity: true)
  }

  /// Tells those who were let through.
  mutating func tell(_ granted: [LockHolder]) { for holder in granted { deliver(holder.run, .locks(holder, .granted)) } }

  /// Builds the lock table from the restored runs: first who holds, then who waits.
  mutating func restoreLocks(_ runs: [String]) {
    let limits = self.limits
    let granted = service.withRuns { table in
      let requests = runs.flatMap { table.entries[$0]?.state.lockRequests ?? [] }
      for (request, isHeld) in requests where isHeld { table.locks.restore(holding: request, limits: limits) }
      return table.locks.restore(waiting: requests.filter { !$0.isHeld }.map(\.request), limits: limits)
    }
    tell(granted)
    settleLocks()
  }

  /// The limits of semaphores as the store has them.
  private var limits: LockTable.Limits {
    let store = service.storage
    return { lock in
      switch lock.limitSource {
      case .configMap(let namespace, let name, let key):
        (try? store.get(ResourceKey(.configMap, namespace: namespace, name: name))).flatMap { Self.limit(in: $0, key) }
      case .database(let namespace, let key):
        (try? store.get(ResourceKey(.syncLimit, namespace: namespace, name: key))).flatMap(Self.limit)
      case nil: 1
      }
    }
  }

  private static func limit(in configMap: Resource, _ key: String) -> Int? { configMap.json.at("data", key)?.string.flatMap { Int($0) } }
  private static func limit(_ limit: Resource) -> Int? { limit.spec["limit"]?.int.map { Int(clamping: $0) } }

  // MARK: Limits that change

  /// A limit that has changed holds from now on; one that cannot be read any more stays as it was.
  mutating func limitsChanged(_ event: WatchEvent) {
    let object = event.resource
    switch object.kind {
    case .namespace: refreshRunLimits()
    case .syncLimit:
      let lock = service.withRuns { $0.locks.semaphore(ofDatabase: object.name, namespace: object.namespace) }
      if let lock, event.change != .deleted, let limit = Self.limit(object) { setLimit(limit, of: lock) }
    default:
      if object.name == Self.configurationName { reconfigure() }
      guard event.change != .deleted else { return }
      for lock in service.withRuns({ $0.locks.semaphores(ofConfigMap: object.name, namespace: object.namespace) }) {
        guard case .configMap(_, _, let key) = lock.limitSource, let limit = Self.limit(in: object, key) else { continue }
        setLimit(limit, of: lock)
      }
    }
  }

  private mutating func setLimit(_ limit: Int, of lock: LockName) {
    guard service.withRuns({ $0.locks.limit(of: lock) }) != limit else { return }
    tell(service.withRuns { $0.locks.setLimit(limit, of: lock) })
    settleLocks()
    // The rest is told how things stand now.
    for (holder, answer) in service.withRuns({ $0.locks.waiting(for: lock) }) { deliver(holder.run, .locks(holder, answer)) }
    settleLocks()
  }

  // MARK: Workflows under way

  static let configurationName = "workflow-controller-configmap"

  /// Counts the restored runs among those under way, and reads how many there may be.
  mutating func restoreLimits() throws(KubeStatus) {
    let underWay = service.withRuns { table in table.entries.map { ($0.key, $0.value.workflow.namespace) } }
    for (uid, namespace) in underWay { throttle.admit(uid, namespace: namespace) }
    _ = throttle.setLimits(try runLimits())
  }

  private func runLimits() throws(KubeStatus) -> RunLimits {
    var limits = service.settings.runLimits(try configurationMaps())
    for namespace in try service.storage.list(.namespace, namespace: nil, labels: .everything) {
      if let limit = namespace.label(ArgoKey.parallelismLimit).flatMap({ Int($0) }) { limits.namespaces[namespace.name] = limit }
    }
    return limits
  }

  mutating func refreshRunLimits() {
    guard let limits = try? runLimits() else { return }
    for uid in throttle.setLimits(limits) { beginPostponed(uid) }
  }

  private static func priority(_ workflow: Resource) -> Int64 { workflow.spec["priority"]?.looseInt ?? 0 }

  /// Workflows by priority, then by age.
  static func inQueueOrder(_ workflows: [Resource]) -> [Resource] {
    let keys = workflows.enumerated().map { place, workflow in
      (place: place, priority: priority(workflow), created: workflow.creationTimestamp ?? Instant(milliseconds: 0))
    }
    return keys.sorted { ($1.priority, $0.created, $0.place) < ($0.priority, $1.created, $1.place) }.map { workflows[$0.place] }
  }

  /// A workflow that wants to begin: it does, or it waits until there are fewer.
  mutating func queue(_ workflow: Resource) {
    let uid = workflow.uid
    let isNew = postponed.updateValue(workflow, forKey: uid) == nil
    let priority = Self.priority(workflow)
    let created = workflow.creationTimestamp ?? service.now
    for uid in throttle.add(uid, namespace: workflow.namespace, priority: priority, created: created) { beginPostponed(uid) }
    guard postponed[uid] != nil else { return }
    if workflow.spec["shutdown"]?.string == "Terminate" {
      obeyPostponed(workflow, .terminate)
    } else if isNew, workflow.status["phase"]?.string == nil {
      postpone(workflow)
    }
  }

  mutating func beginPostponed(_ uid: String) {
    guard let workflow = postponed.removeValue(forKey: uid) else { return }
    begin(workflow)
  }

  /// What a user asks of a workflow that has not begun. To end it, it need not wait; whether it is suspended it is asked when it begins.
  mutating func obeyPostponed(_ asked: Resource, _ command: RunCommand, _ labels: LabelEdit = LabelEdit()) {
    let uid = asked.uid
    let patch = labels.patch.map { [Write.patch(asked.key, $0)] } ?? []
    switch command {
    case .stop(_, nil), .terminate:
      guard let workflow = postponed.removeValue(forKey: uid) else { return }
      throttle.admit(uid, namespace: workflow.namespace)
      begin(workflow, command: command)
      attach(patch, to: uid)
    case .suspend: cleanup.append([.patch(asked.key, ["spec": ["suspend": true]])] + patch)
    case .resume(nil, _) where asked.spec["suspend"] != nil: cleanup.append([.patch(asked.key, ["spec": ["suspend": .null]])] + patch)
    default: break
    }
  }

  private mutating func postpone(_ workflow: Resource) {
    let phase: JSON = .string(WorkflowPhase.pending.rawValue)
    cleanup.append([
      .patch(
        workflow.key,
        [
          "metadata": ["labels": [ArgoKey.phase: phase, ArgoKey.completed: "false"]],
          "status": ["phase": phase, "message": .string(RunThrottle.message)],
        ])
    ])
    reports.append(
      RunProgress(
        runUID: workflow.uid, workflow: workflow.key, phase: .pending, message: RunThrottle.message, hasChangedStatus: true, nodes: [],
        isFinished: false))
  }
}
