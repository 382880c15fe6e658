import ArgoModel
import Basics
import CLinux
import Contracts
import JSONValue
import KubeModel
import WorkflowCore

/// The state of the service's thread: what has arrived is decided run by run, committed at once, then acted upon.
struct WorkflowLoop {
  let service: WorkflowService
  var timers = TimerQueue()
  /// Workflows and pods that are to be deleted at a time.
  var collections = DueQueue<ResourceKey>()
  /// The clocks that the times of finished workflows with an end are of (``RunTable/Entry/ahead``), so that no setting of the wall clock moves their ends.
  var clocksOfFinished: [String: TimeSpan] = [:]
  /// Workflows that ended while the service ran and are not to be deleted by it.
  var kept: Set<String> = []
  /// What the durations of runs are estimated from.
  var baselines: [String: Baseline] = [:]
  /// Runs by namespace and name of their workflow.
  var uidByName: [String: String] = [:]
  /// Results of pods whose end was not seen yet, by namespace and node ID.
  var taskResults: [String: Resource] = [:]
  /// All results of a run that are stored, to be removed with its end.
  var resultKeys: [String: Set<ResourceKey>] = [:]
  /// What was decided and not committed yet, by run, and the order in which runs were touched.
  var touched: [String: [RunEffect]] = [:]
  var order: [String] = []
  /// Entries of memoization caches that were decided to be saved and are not stored yet.
  var pendingEntries = PendingCacheEntries()
  /// Which workflows may be under way; those that wait for it, by uid.
  var throttle = RunThrottle()
  var postponed: [String: Resource] = [:]
  /// Progress of workflows without a run, to be told after the next commit.
  var reports: [RunProgress] = []
  /// What the lock table is to be asked and told, in order.
  var lockWork: [RunEffect] = []
  /// What was asked of runs, until the commit of what they decided upon it.
  var requested: [String: RunRequest] = [:]
  /// Pods that a retry removed, by uid, until their removal is told: news of them is not of the pods that have their names now.
  var removedPods: Set<String> = []
  /// Runs whose nodes have changed since watchers were told, by when they are to be.
  var republications = DueQueue<String>()
  /// Pods that may not be made: run, name, reason.
  var refusedPods: [(uid: String, pod: String, message: String)] = []
  /// When memory is given back.
  var trims = TrimRhythm()
  /// Workflows that are over and that no archive has yet.
  var unarchived: [ResourceKey] = []
  /// Those that are archived and there since before the start.
  var unfollowed: [ResourceKey] = []
  /// Writes, to be committed next, that belong to no run that goes on.
  var cleanup: [[Write]] = []

  /// Reads what there is and decides upon it; nothing is written before ``run()``.
  init(service: WorkflowService) throws(KubeStatus) {
    self.service = service
    let store = service.storage
    try service.metrics.restore(from: store)
    let workflows = try store.list(.workflow, namespace: nil, labels: .everything)
    let byUID = Dictionary(workflows.map { ($0.uid, $0) }, uniquingKeysWith: { first, _ in first })
    let pods = try store.list(.pod, namespace: nil, labels: .everything)
    let taskSets = try store.list(.workflowTaskSet, namespace: nil, labels: .everything)
    let taskNames = Set(taskSets.map { Self.slot($0.namespace, $0.name) })
    let podNames = Set(pods.map { Self.slot($0.namespace, $0.name) })
    var broken: Set<String> = []
    var restored: [(workflow: Resource, lost: [String], lostTasks: [String])] = []
    for row in try store.runs(uid: nil) {
      guard let workflow = byUID[row.uid] else {
        cleanup.append([.deleteRun(uid: row.uid)])
        continue
      }
      let nodes = try store.nodes(ofRun: row.uid)
      do throws(RunRestoreError) {
        let state = try RunState(restoring: row, nodes: nodes)
        touched[row.uid] = state.pendingStops
        order.append(row.uid)
        let lost = state.activePodNames.filter { !podNames.contains(Self.slot(row.namespace, $0)) }
        let lostTasks = state.activeTaskNames.filter { !taskNames.contains(Self.slot(row.namespace, $0)) }
        adopt(state, workflow: workflow, uid: row.uid)
        // What was told before is told already.
        var told = ToldPhases()
        if service.events != nil { for node in nodes { _ = told.update(node.index, NodePhase(rawValue: node.phase)) } }
        service.withRuns { table in
          table.entries[row.uid]?.published = PublishedStatus(of: state)
          table.entries[row.uid]?.toldPhases = told
        }
        restored.append((workflow, lost, lostTasks))
      } catch {
        broken.insert(row.uid)
        cleanup.append(Self.givingUp(row, workflow: workflow, message: "the stored run cannot be read: \(error)"))
        Diagnostics.report("run \(row.namespace)/\(row.name) cannot be restored: \(error)")
      }
    }
    // Before anything is decided: who holds what, and who was there first.
    try restoreLimits()
    restoreLocks(restored.map(\.workflow.uid))
    for (workflow, lost, lostTasks) in restored {
      askForShutdown(workflow, uid: workflow.uid)
      adjustLimits(workflow, uid: workflow.uid)
      // Deleted while nobody watched.
      for name in lost { decide(workflow.uid, .podLost(podName: name)) }
      for name in lostTasks { decide(workflow.uid, .taskLost(nodeID: name)) }
    }
    let results = try store.list(.workflowTaskResult, namespace: nil, labels: .everything)
    // Of those that wait to begin, who comes first must not depend on names.
    for workflow in Self.inQueueOrder(workflows) where !broken.contains(workflow.uid) { take(workflow) }
    for workflow in workflows { noteUnfollowed(workflow) }
    for phase in [WorkflowPhase.succeeded, .failed, .error] { retain(after: phase) }
    for result in results { keep(result) }
    for pod in pods { observe(pod) }
    for task in try store.list(.workflowArtifactGCTask, namespace: nil, labels: .everything) { artifactsCollected(task) }
    for taskSet in taskSets { observe(task: taskSet, isDeleted: false) }
  }

  static func slot(_ namespace: String, _ name: String) -> String { namespace + "/" + name }

  mutating func run() {
    guard commit() else { return }
    while let messages = service.next(deadline: deadline) {
      for message in messages { handle(message) }
      for (uid, timer) in timers.due(at: service.steady) { decide(uid, .timerFired(timer)) }
      archiveSome()
      collect(at: service.steady)
      guard commit() else { return }
      republish(at: service.steady)
      if trims.isDue(at: service.steady) { clx_trim_memory() }
    }
  }

  private var deadline: Instant? {
    unarchived.isEmpty && unfollowed.isEmpty
      ? [timers.earliest, collections.earliest, republications.earliest, trims.next].compactMap { $0 }.min() : service.steady
  }

  private mutating func handle(_ message: WorkflowService.Message) {
    switch message {
    case .commanded(let uid, let command):
      if let waiting = postponed[uid] { obeyPostponed(waiting, command) } else { decide(uid, .commanded(command)) }
    case .asked(let body): body(&self)
    case .changed(let event):
      switch event.resource.kind {
      case .workflow:
        event.change == .deleted ? forget(event.resource) : take(event.resource)
        if event.change == .modified { followArchived(event.resource) }
      case .configMap, .syncLimit, .namespace: limitsChanged(event)
      case .workflowTaskResult:
        if event.change == .deleted {
          taskResults[Self.slot(event.resource.namespace, event.resource.name)] = nil
        } else {
          keep(event.resource)
        }
      case .workflowArtifactGCTask: if event.change == .modified { artifactsCollected(event.resource) }
      case .workflowTaskSet: observe(task: event.resource, isDeleted: event.change == .deleted)
      default:
        if removedPods.contains(event.resource.uid) {
          if event.change == .deleted { removedPods.remove(event.resource.uid) }
        } else if event.change == .deleted {
          podDeleted(event.resource)
        } else {
          observe(event.resource)
        }
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
    if workflow.workflowPhase.isCompleted {
      if !kept.contains(uid) { expire(workflow, strategy: ttlStrategy(of: workflow)) }
      noteUnarchived(workflow)
      return
    }
    guard workflow.deletionTimestamp == nil else { return }
    let store = service.storage
    // A message about the time before: the run is over or the workflow gone.
    if let row = try? store.runs(uid: uid).first, row.isFinished { return }
    if refuse(workflow) { return }
    if throttle.isUnderWay(uid) { begin(workflow) } else { queue(workflow) }
  }

  /// Takes up a workflow that may run. `command`: instead of beginning, to end it.
  mutating func begin(_ workflow: Resource, command: RunCommand? = nil) {
    let uid = workflow.uid
    adopt(RunState(workflow: workflow, templates: catalog(namespace: workflow.namespace)), workflow: workflow, uid: uid)
    if let command { decide(uid, .commanded(command)) }
    decide(uid, .submitted)
    askForShutdown(workflow, uid: uid)
  }

  /// The templates as they are now.
  func catalog(namespace: String) -> TemplateCatalog {
    let store = service.storage
    return TemplateCatalog(
      defaults: service.settings.defaults, restriction: service.settings.restriction,
      workflowTemplate: { try? store.get(ResourceKey(.workflowTemplate, namespace: namespace, name: $0)) },
      clusterWorkflowTemplate: { try? store.get(ResourceKey(.clusterWorkflowTemplate, namespace: "", name: $0)) })
  }

  /// What a user asks for in the specification of a workflow that runs: `argo stop`, `terminate`, `suspend` and `resume` write it there. Only a
  /// change counts, so that a run resumed by a command is not suspended again by each later change of the object.
  private mutating func requests(of workflow: Resource, uid: String) {
    let version = workflow.resourceVersion ?? 0
    let isAsked = workflow.spec["suspend"]?.bool == true
    let before = service.withRuns { table -> Bool? in
      guard let entry = table.entries[uid], version > entry.seenVersion else { return nil }
      table.entries[uid]?.seenVersion = version
      table.entries[uid]?.isSuspendAsked = isAsked
      return entry.isSuspendAsked
    }
    guard let before else { return }
    askForShutdown(workflow, uid: uid)
    adjustLimits(workflow, uid: uid)
    if isAsked != before { decide(uid, .commanded(isAsked ? .suspend : .resume())) }
  }

  /// `parallelism` and `activeDeadlineSeconds` of a workflow that runs what its own specification says hold from their change on. What defaults gave
  /// stays where it says nothing.
  private mutating func adjustLimits(_ workflow: Resource, uid: String) {
    let asked = RunLimitEdit(spec: workflow.spec)
    let edit = service.withRuns { table -> RunLimitEdit? in
      guard let entry = table.entries[uid], entry.state.hasOwnSpecification else { return nil }
      var edit = entry.state.limits
      if asked.parallelism != nil || entry.seenLimits.parallelism != nil { edit.parallelism = asked.parallelism }
      if asked.activeDeadlineSeconds != nil || entry.seenLimits.activeDeadlineSeconds != nil {
        edit.activeDeadlineSeconds = asked.activeDeadlineSeconds
      }
      table.entries[uid]?.seenLimits = asked
      return edit == entry.state.limits ? nil : edit
    }
    if let edit { decide(uid, .commanded(.adjust(edit))) }
  }

  private mutating func askForShutdown(_ workflow: Resource, uid: String) {
    switch workflow.spec["shutdown"]?.string {
    case "Stop": decide(uid, .commanded(.stop(message: nil)))
    case "Terminate": decide(uid, .commanded(.terminate))
    default: break
    }
  }

  /// Lets go of what is held in memory of a run.
  mutating func release(_ uid: String, workflow: ResourceKey) {
    let slot = Self.slot(workflow.namespace, workflow.name)
    if uidByName[slot] == uid { uidByName[slot] = nil }
    timers.removeAll(of: uid)
    baselines[uid] = nil
    touched[uid] = nil
    republications.remove(uid)
    requested[uid] = nil
    postponed[uid] = nil
    let granted = service.withRuns { table in
      table.entries[uid] = nil
      return table.locks.release(run: uid)
    }
    tell(granted)
    settleLocks()
    for uid in throttle.remove(uid) { beginPostponed(uid) }
    for key in resultKeys[uid] ?? [] { taskResults[Self.slot(key.namespace, key.name)] = nil }
  }

  /// A workflow that was deleted takes its run and results with it; what it owns is the garbage collector's (ClusterService).
  private mutating func forget(_ workflow: Resource) {
    let uid = workflow.uid
    let task = artifactGCTask(ofDeleted: uid)
    release(uid, workflow: workflow.key)
    collections.remove(workflow.key)
    clocksOfFinished[uid] = nil
    kept.remove(uid)
    let results = resultKeys.removeValue(forKey: uid) ?? []
    cleanup.append(task + results.map { .delete($0) } + [.deleteRun(uid: uid)] + service.metrics.forget(owner: uid))
  }

  /// Writes that end a run which cannot go on.
  private static func givingUp(_ row: RunRow, workflow: Resource, message: String) -> [Write] {
    var row = row
    row.isFinished = true
    let phase: JSON = .string(WorkflowPhase.error.rawValue)
    return [
      .putRun(row),
      .patch(
        workflow.key,
        [
          "metadata": ["labels": [ArgoKey.phase: phase, ArgoKey.completed: "true"]],
          "status": ["phase": phase, "message": .string(message)],
        ]),
    ]
  }

  /// Ends what a finished run held in memory; its rows stay.
  mutating func retire(_ uid: String) -> Bool {
    guard let entry = service.withRuns({ $0.entries[uid] }) else { return true }
    let workflow = entry.workflow
    release(uid, workflow: workflow)
    trims.note(rows: entry.state.nodeCount, at: service.steady)
    clocksOfFinished[uid] = entry.state.ttlStrategy == nil ? nil : entry.ahead
    if let podGC = entry.state.podGC, podGC.strategy == .onWorkflowCompletion || podGC.strategy == .onWorkflowSuccess {
      collectPods(of: workflow, uid: uid, phase: entry.state.phase)
    }
    if service.settings.keepsFinished {
      kept.insert(uid)
      return forgetResults(of: uid)
    }
    if let strategy = entry.state.ttlStrategy, let stored = try? service.storage.get(workflow), stored.uid == uid {
      expire(stored, strategy: strategy)
    }
    retain(after: entry.state.phase)
    return forgetResults(of: uid)
  }

  private mutating func forgetResults(of uid: String) -> Bool {
    let results = resultKeys.removeValue(forKey: uid) ?? []
    return store([results.map { .delete($0) }])
  }

  // MARK: Deciding

  /// Lets a run decide, and all those who are let through to locks by that.
  mutating func decide(_ uid: String, _ event: RunEvent) {
    deliver(uid, event)
    settleLocks()
  }

  mutating func deliver(_ uid: String, _ event: RunEvent) {
    let namespace = service.withRuns { $0.entries[uid]?.workflow.namespace } ?? ""
    var isBeginning = false
    if case .submitted = event { isBeginning = true }
    let world = self.world(of: uid, namespace: namespace, isBeginning: isBeginning)
    let decided = service.withRuns { table -> (entry: ResourceKey, effects: [RunEffect])? in
      guard let effects = table.entries[uid]?.state.decide(event, in: world), let entry = table.entries[uid] else { return nil }
      return (entry.workflow, effects)
    }
    guard let (entry, effects) = decided else { return }
    note(effects, of: uid, namespace: entry.namespace)
  }

  /// Keeps what is to be committed next of a run.
  mutating func note(_ effects: [RunEffect], of uid: String, namespace: String) {
    if touched[uid] == nil { order.append(uid) }
    touched[uid, default: []] += effects
    pendingEntries.note(effects, namespace: namespace)
    service.metrics.note(effects)
    for effect in effects {
      switch effect {
      case .requestLocks, .releaseLocks: lockWork.append(effect)
      default: break
      }
    }
  }

  /// What a run may know of the world now.
  func world(of uid: String, namespace: String, isBeginning: Bool) -> World {
    var world = World(
      now: service.steady + ahead(uid), limits: service.settings.limits, configMapValue: ConfigMapParameters(store: service.storage).answer)
    world.baseline = baselines[uid]
    if isBeginning {
      let repositories = service.artifactRepositories
      world.artifactRepository = { repositories.answer($0, namespace: namespace) }
    }
    world.metric = service.metrics.descriptor
    world.cacheEntry = MemoizationCaches(store: service.storage, pending: pendingEntries).answer
    return world
  }
}
