import ArgoModel
import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import WorkflowCore

/// The state of the service's thread: what has arrived is decided run by run, committed at once, then acted upon.
struct WorkflowLoop {
  private let service: WorkflowService
  private var timers = TimerQueue()
  /// Runs by namespace and name of their workflow.
  private var uidByName: [String: String] = [:]
  /// Results that arrived before their pod's last status.
  private var taskResults: [String: Resource] = [:]
  private var touched: [String: [RunEffect]] = [:]
  private var order: [String] = []

  init(service: WorkflowService) throws(KubeStatus) {
    self.service = service
    let store = service.storage
    for row in try store.runs(uid: nil) {
      let nodes = try store.nodes(ofRun: row.uid)
      do throws(RunRestoreError) {
        let state = try RunState(restoring: row, nodes: nodes)
        touched[row.uid] = state.pendingStops
        order.append(row.uid)
        adopt(state, workflow: ResourceKey(.workflow, namespace: row.namespace, name: row.name), uid: row.uid)
      } catch {
        Diagnostics.report("run \(row.namespace)/\(row.name) cannot be restored: \(error)")
      }
    }
    for result in try store.list(.workflowTaskResult, namespace: nil, labels: .everything) {
      taskResults[Self.slot(result.namespace, result.name)] = result
    }
    for workflow in try store.list(.workflow, namespace: nil, labels: .everything) { take(workflow) }
    for pod in try store.list(.pod, namespace: nil, labels: .everything) { observe(pod) }
    commit()
  }

  private static func slot(_ namespace: String, _ name: String) -> String { namespace + "/" + name }

  mutating func run() {
    while let messages = service.next(deadline: timers.earliest) {
      for message in messages { handle(message) }
      for (uid, timer) in timers.due(at: service.now) { decide(uid, .timerFired(timer)) }
      commit()
    }
  }

  private mutating func handle(_ message: WorkflowService.Message) {
    switch message {
    case .commanded(let uid, let command): decide(uid, .commanded(command))
    case .changed(let event):
      switch event.resource.kind {
      case .workflow: event.change == .deleted ? forget(event.resource) : take(event.resource)
      case .workflowTaskResult:
        if event.change != .deleted { taskResults[Self.slot(event.resource.namespace, event.resource.name)] = event.resource }
      default:
        if event.change == .deleted { podDeleted(event.resource) } else { observe(event.resource) }
      }
    }
  }

  // MARK: Workflows

  /// A workflow that is new, or that a user changed.
  private mutating func take(_ workflow: Resource) {
    let uid = workflow.uid
    if service.withRuns({ $0.entries[uid] != nil }) {
      requests(of: workflow, uid: uid)
      return
    }
    let phase = WorkflowPhase(rawValue: workflow.status["phase"]?.string ?? "") ?? .unknown
    guard !phase.isCompleted, workflow.deletionTimestamp == nil else { return }
    let store = service.storage
    let namespace = workflow.namespace
    let catalog = TemplateCatalog(
      workflowTemplate: { try? store.get(ResourceKey(.workflowTemplate, namespace: namespace, name: $0)) },
      clusterWorkflowTemplate: { try? store.get(ResourceKey(.clusterWorkflowTemplate, namespace: "", name: $0)) })
    adopt(RunState(workflow: workflow, templates: catalog), workflow: workflow.key, uid: uid)
    decide(uid, .submitted)
    requests(of: workflow, uid: uid)
  }

  /// What a user asks for in the specification of a workflow that runs (`argo stop`, `terminate`, `suspend` and `resume` write it there).
  private mutating func requests(of workflow: Resource, uid: String) {
    switch workflow.spec["shutdown"]?.string {
    case "Stop": decide(uid, .commanded(.stop(message: nil)))
    case "Terminate": decide(uid, .commanded(.terminate))
    default: break
    }
  }

  private mutating func adopt(_ state: RunState, workflow: ResourceKey, uid: String) {
    uidByName[Self.slot(workflow.namespace, workflow.name)] = uid
    for (timer, time) in state.pendingTimers { timers.set(uid, timer, at: time) }
    service.withRuns { $0.entries[uid] = RunTable.Entry(state: state, workflow: workflow, published: nil) }
  }

  /// A workflow that was deleted takes its run and its pods with it.
  private mutating func forget(_ workflow: Resource) {
    let uid = workflow.uid
    uidByName[Self.slot(workflow.namespace, workflow.name)] = nil
    timers.removeAll(of: uid)
    touched[uid] = nil
    service.withRuns { $0.entries[uid] = nil }
    let selector = LabelSelector([.equals(ArgoKey.workflow, workflow.name)])
    let pods = (try? service.storage.list(.pod, namespace: workflow.namespace, labels: selector)) ?? []
    store(pods.map { .delete($0.key) } + [.deleteRun(uid: uid)])
  }

  // MARK: Pods

  private mutating func observe(_ pod: Resource) {
    guard let workflow = pod.label(ArgoKey.workflow), let uid = uidByName[Self.slot(pod.namespace, workflow)] else { return }
    guard pod.status["phase"]?.string != nil else { return }
    let result = pod.annotation(ArgoKey.nodeID).flatMap { taskResults[Self.slot(pod.namespace, $0)] }
    decide(uid, .podObserved(PodObservation(pod: pod, taskResult: result)))
  }

  private mutating func podDeleted(_ pod: Resource) {
    guard let workflow = pod.label(ArgoKey.workflow), let uid = uidByName[Self.slot(pod.namespace, workflow)] else { return }
    decide(uid, .podLost(podName: pod.name))
  }

  // MARK: Deciding and committing

  private mutating func decide(_ uid: String, _ event: RunEvent) {
    let world = World(now: service.now, configMapValue: ConfigMapParameters(store: service.storage).answer)
    guard let effects = service.withRuns({ table in table.entries[uid]?.state.decide(event, in: world) }) else { return }
    if touched[uid] == nil { order.append(uid) }
    touched[uid, default: []] += effects
  }

  /// Commits what all touched runs decided in one transaction, then arms timers and tells the observer.
  private mutating func commit() {
    guard !order.isEmpty else { return }
    var writes: [Write] = []
    var progress: [RunProgress] = []
    var finished: [String] = []
    for uid in order {
      guard let effects = touched[uid] else { continue }
      let changes = service.withRuns { table -> (RunChanges, RunTable.Entry, PublishedStatus)? in
        guard let changes = table.entries[uid]?.state.takeChanges(), let entry = table.entries[uid] else { return nil }
        let status = PublishedStatus(of: entry.state)
        table.entries[uid]?.published = status
        return (changes, entry, status)
      }
      guard let (changes, entry, status) = changes else { continue }
      if let run = changes.run { writes.append(.putRun(run)) }
      writes += changes.nodes.map { .putNode($0) }
      for effect in effects { apply(effect, uid: uid, workflow: entry.workflow, to: &writes) }
      if entry.published != status { writes.append(.patch(entry.workflow, status.patch(of: entry.state))) }
      progress.append(RunProgress(changes: changes, entry: entry, uid: uid, hasChangedStatus: entry.published != status))
      if entry.state.isFinished { finished.append(uid) }
    }
    order.removeAll(keepingCapacity: true)
    touched.removeAll(keepingCapacity: true)
    store(writes)
    for item in progress { service.report(item) }
    for uid in finished { retire(uid) }
  }

  private mutating func apply(_ effect: RunEffect, uid: String, workflow: ResourceKey, to writes: inout [Write]) {
    switch effect {
    case .createPod(let pod), .createClaim(let pod): writes.append(.create(pod))
    case .stopPod(let name, let immediately):
      let key = ResourceKey(.pod, namespace: workflow.namespace, name: name)
      let request: JSON = .string(immediately ? "kill" : "terminate")
      writes.append(.patch(key, ["metadata": ["annotations": [stopAnnotation: request]]]))
    case .deleteClaim(let name): writes.append(.delete(ResourceKey(.persistentVolumeClaim, namespace: workflow.namespace, name: name)))
    case .setTimer(let timer, let time): timers.set(uid, timer, at: time)
    case .cancelTimer(let timer): timers.remove(uid, timer)
    case .finished: break
    }
  }

  /// Everything a finished run held in memory; its rows stay.
  private mutating func retire(_ uid: String) {
    timers.removeAll(of: uid)
    let workflow = service.withRuns { $0.entries.removeValue(forKey: uid)?.workflow }
    guard let workflow else { return }
    uidByName[Self.slot(workflow.namespace, workflow.name)] = nil
    let results = taskResults.filter { $0.value.label(ArgoKey.workflow) == workflow.name && $0.value.namespace == workflow.namespace }
    for key in results.keys { taskResults[key] = nil }
    store(results.values.map { .delete($0.key) })
  }

  /// Commits; when the store cannot write (a full disk, say) waits until it can, since what was decided must not be lost. A write whose object
  /// a user removed or made meanwhile is left out.
  private func store(_ writes: [Write]) {
    guard !writes.isEmpty else { return }
    var writes = writes
    var wasReported = false
    while true {
      do throws(KubeStatus) {
        try service.storage.commit(writes)
        return
      } catch {
        switch error.reason {
        case .notFound, .alreadyExists, .conflict, .invalid:
          let count = writes.count
          writes.removeAll { isImpossible($0) }
          if writes.count < count { continue }
        default: break
        }
        if !wasReported { Diagnostics.report("cannot store the state of workflows, trying again every second: \(error.message)") }
        wasReported = true
        usleep(1_000_000)
      }
    }
  }

  private func isImpossible(_ write: Write) -> Bool {
    let storage = service.storage
    switch write {
    case .create(let resource): return (try? storage.get(resource.key)) != nil
    case .patch(let key, _): return (try? storage.get(key)) == nil
    default: return false
    }
  }
}

extension PublishedStatus {
  init(of state: RunState) {
    self.init(phase: state.phase, message: state.message, labels: state.objectLabels)
  }

  /// The merge patch that puts this onto the Workflow object.
  func patch(of state: RunState) -> JSON {
    var status: JSONObject = ["phase": .string(phase.rawValue), "message": .string(message), "progress": .string(state.progress)]
    if let time = state.startedAt { status["startedAt"] = .string(time.rfc3339) }
    if let time = state.finishedAt { status["finishedAt"] = .string(time.rfc3339) }
    var members: JSONObject = [:]
    for (key, value) in labels.sorted(by: { $0.key < $1.key }) { members[key] = .string(value) }
    var annotations: JSONObject = [:]
    for (key, value) in state.objectAnnotations.sorted(by: { $0.key < $1.key }) { annotations[key] = .string(value) }
    return ["metadata": ["labels": .object(members), "annotations": .object(annotations)], "status": .object(status)]
  }
}

extension RunProgress {
  init(changes: RunChanges, entry: RunTable.Entry, uid: String, hasChangedStatus: Bool) {
    let state = entry.state
    self.init(
      runUID: uid, workflow: entry.workflow, phase: state.phase, message: state.message, startedAt: state.startedAt,
      finishedAt: state.finishedAt, hasChangedStatus: hasChangedStatus, nodes: changes.nodes, isFinished: state.isFinished)
  }
}
