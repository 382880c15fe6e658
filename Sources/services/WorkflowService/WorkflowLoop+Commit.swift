import ArgoModel
import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import WorkflowCore

/// Commits what was decided. The functions return false when the service is stopping and the store cannot write: nothing may be committed
/// after that, since the rows would have a gap.
extension WorkflowLoop {
  /// Commits what all touched runs decided in one transaction, then arms timers and tells the observer; goes on while the commit itself
  /// brings news.
  mutating func commit() -> Bool {
    guard store(cleanup) else { return false }
    cleanup.removeAll()
    for report in reports {
      service.report(report)
      tellEvents(report, before: nil)
    }
    reports.removeAll()
    while !order.isEmpty {
      var batches: [[Write]] = []
      var progress: [(item: RunProgress, before: WorkflowPhase?)] = []
      var finished: [String] = []
      let runs = order
      let effects = touched
      order.removeAll(keepingCapacity: true)
      touched.removeAll(keepingCapacity: true)
      var madeCaches: Set<ResourceKey> = []
      for uid in runs {
        guard let effects = effects[uid], let (writes, item, before) = take(uid, effects, madeCaches: &madeCaches) else { continue }
        batches.append(writes)
        progress.append((item, before))
        if item.isFinished { finished.append(uid) }
      }
      // What is looked up from here on finds them in the store.
      pendingEntries.removeAll()
      guard store(batches) else { return false }
      for (item, before) in progress {
        service.report(item)
        tellEvents(item, before: before)
        if item.hasChangedStatus || !item.nodes.isEmpty { nodesChanged(item.runUID, isPublished: item.hasChangedStatus) }
      }
      tellRefusals()
      for uid in finished where !retire(uid) { return false }
    }
    return true
  }

  /// What one run's decisions write.
  private mutating func take(
    _ uid: String, _ effects: [RunEffect], madeCaches: inout Set<ResourceKey>
  ) -> ([Write], RunProgress, before: WorkflowPhase?)? {
    let taken = service.withRuns { table -> (RunChanges, RunTable.Entry, PublishedStatus)? in
      guard let changes = table.entries[uid]?.state.takeChanges(), let entry = table.entries[uid] else { return nil }
      let status = PublishedStatus(of: entry.state)
      table.entries[uid]?.published = status
      return (changes, entry, status)
    }
    guard let (changes, entry, status) = taken else { return nil }
    let request = requested.removeValue(forKey: uid)
    var writes = request?.writes ?? []
    if let run = changes.run { writes.append(.putRun(run)) }
    writes += changes.nodes.map { .putNode($0) }
    trims.note(rows: changes.nodes.count, at: service.steady)
    for effect in effects { apply(effect, uid: uid, workflow: entry.workflow, to: &writes, madeCaches: &madeCaches) }
    writes += service.metrics.writes(for: effects, owner: uid, at: service.now)
    if entry.published != status {
      let storesNodes = entry.state.isFinished && entry.state.nodeCount <= service.settings.storedNodes
      var patch = status.patch(of: entry.state, withNodes: storesNodes)
      let archiving = entry.state.isFinished ? archiving(entry.state, of: entry.workflow, after: writes, patch: &patch) : []
      writes += [.patch(entry.workflow, patch)] + archiving
    }
    var progress = RunProgress(changes: changes, entry: entry, uid: uid, hasChangedStatus: entry.published != status)
    // All rows are written; what has ended before is no news.
    if request?.isRenewal == true { progress.nodes.removeAll { NodePhase(rawValue: $0.phase)?.isFulfilled ?? true } }
    return (writes, progress, entry.published?.phase)
  }

  private mutating func apply(
    _ effect: RunEffect, uid: String, workflow: ResourceKey, to writes: inout [Write], madeCaches: inout Set<ResourceKey>
  ) {
    switch effect {
    case .createPod(let object):
      if let problem = refusal(of: object) { refusedPods.append((uid, object.name, problem)) } else { writes.append(.create(object)) }
    case .createClaim(let object), .createTask(let object), .collectArtifacts(let object):
      writes.append(.create(object))
    case .deleteTask(let name): writes.append(.delete(ResourceKey(.workflowTaskSet, namespace: workflow.namespace, name: name)))
    case .stopPod(let name, let immediately):
      let key = ResourceKey(.pod, namespace: workflow.namespace, name: name)
      let request: JSON = .string(immediately ? "kill" : "terminate")
      writes.append(.patch(key, ["metadata": ["annotations": [stopAnnotation: request]]]))
    case .saveCacheEntry(let cache, let key, let entry):
      let map = ResourceKey(.configMap, namespace: workflow.namespace, name: cache)
      writes += MemoizationCaches(store: service.storage, pending: pendingEntries).saving(
        [key: .string(entry)], to: map, madeBefore: &madeCaches)
    case .deleteClaim(let name): writes.append(.delete(ResourceKey(.persistentVolumeClaim, namespace: workflow.namespace, name: name)))
    case .setTimer(let timer, let time): timers.set(uid, timer, at: time - ahead(uid))
    case .cancelTimer(let timer): timers.remove(uid, timer)
    // Carried out when they were decided.
    case .requestLocks, .releaseLocks: break
    case .finished, .emitMetric: break
    }
  }

  /// Commits the writes of several runs in one transaction; when the store refuses it, each in one of its own.
  mutating func store(_ batches: [[Write]]) -> Bool {
    let batches = batches.filter { !$0.isEmpty }
    if batches.count > 1 {
      switch attempt(batches.flatMap { $0 }) {
      case .stored: return true
      case .stopping: return false
      case .refused: break
      }
    }
    for batch in batches where !storeAlone(batch) { return false }
    return true
  }

  private enum Attempt {
    case stored, stopping
    case refused(KubeStatus)
  }

  /// Commits; while the store cannot write (a full disk, say) waits until it can, since what was decided must not be lost.
  private func attempt(_ writes: [Write]) -> Attempt {
    var pause: UInt32 = 50
    while true {
      do throws(KubeStatus) {
        try service.storage.commit(writes)
        return .stored
      } catch {
        switch error.reason {
        case .internalError, .serviceUnavailable, .tooManyRequests: break
        default: return .refused(error)
        }
        if pause == 50 { Diagnostics.report("cannot store the state of workflows, trying again: \(error.message)") }
      }
      for _ in 0..<(pause / 10) {
        if service.isStopping { return .stopping }
        usleep(10_000)
      }
      pause = min(1000, pause * 2)
    }
  }

  /// Commits the writes of one run. A write whose object a user removed or made meanwhile is left out. A pod or claim that the store
  /// refuses fails its node.
  private mutating func storeAlone(_ batch: [Write]) -> Bool {
    var writes = batch
    // What is possible may change once more while it is looked at; more often is no accident.
    for _ in 0..<4 {
      switch attempt(writes) {
      case .stored: return true
      case .stopping: return false
      case .refused: break
      }
      let remaining = writes.flatMap { possible($0) }
      if remaining.count == writes.count { break }
      writes = remaining
      if writes.isEmpty { return true }
    }
    return storeApart(writes)
  }

  /// Commits the state alone, then each new object for itself.
  private mutating func storeApart(_ writes: [Write]) -> Bool {
    var state: [Write] = []
    var objects: [Resource] = []
    for write in writes { if case .create(let object) = write { objects.append(object) } else { state.append(write) } }
    if !state.isEmpty {
      switch attempt(state) {
      case .stored: break
      case .stopping: return false
      case .refused(let error):
        // Neither can be kept: the run goes on in memory and tries again with its next change.
        Diagnostics.report("the state of a workflow cannot be stored: \(error.message)")
        return true
      }
    }
    for object in objects {
      switch attempt([.create(object)]) {
      case .stored: break
      case .stopping: return false
      case .refused(let error):
        Diagnostics.report("\(object.kind.kind) \(object.name) cannot be stored: \(error.message)")
        guard let uid = object.owningRun else { continue }
        if object.kind == .workflowTaskSet {
          decide(uid, .taskObserved(TaskObservation(nodeID: object.name, phase: .error, message: error.message)))
        }
        guard object.kind == .pod else { continue }
        var seen = PodObservation(podName: object.name, phase: .failed, message: error.message)
        seen.isInfrastructureError = true
        decide(uid, .podObserved(seen))
      }
    }
    return true
  }

  /// The write as it can be done now: nothing for what is there or gone, a replacement for what an earlier workflow of the name has left.
  private func possible(_ write: Write) -> [Write] {
    let storage = service.storage
    switch write {
    case .create(let object) where object.kind == .configMap: return MemoizationCaches.possible(write, in: storage)
    case .patch(let key, _) where key.kind == .configMap: return MemoizationCaches.possible(write, in: storage)
    case .create(let resource):
      guard let existing = try? storage.get(resource.key) else { return [write] }
      return existing.owningRun == resource.owningRun ? [] : [.delete(resource.key), write]
    case .patch(let key, _): return (try? storage.get(key)) == nil ? [] : [write]
    case .archive(let archived):
      // One that a user deleted before its end is not archived.
      return (try? storage.get(archived.workflow.key))?.uid == archived.workflow.uid ? [write] : []
    default: return [write]
    }
  }
}
