import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel

extension RunState {
  /// Takes one event and returns what is to be done for it, in order. Total: whatever the event says, stale or repeated or nonsense, the
  /// state stays consistent, and what is not news changes nothing.
  package mutating func decide(_ event: RunEvent, in world: World) -> [RunEffect] {
    self.world = world
    effects.removeAll(keepingCapacity: true)
    if !declaredMetrics.isEmpty { declaredMetrics.removeAll() }
    if !savedEntries.isEmpty { savedEntries.removeAll() }
    switch event {
    case .submitted: begin()
    case .podObserved(let observation): observe(observation)
    case .podLost(let podName): lose(podName)
    case .taskObserved(let observation): observe(observation)
    case .taskLost(let nodeID): loseTask(nodeID)
    case .timerFired(let timer): fire(timer)
    case .commanded(let command): obey(command)
    case .locks(let holder, let answer): answered(holder, answer)
    case .wake:
      if !isFinished, header.startedAt != nil { stack.append(.workflowHooks) }
    }
    drain()
    if !isFinished, header.startedAt != nil, !workflowHooks.isEmpty || isDeadlineDue {
      checkDeadline()
      stack.append(.workflowHooks)
      drain()
    }
    let result = effects
    effects = []
    // Of what it looked at nothing is held on to.
    self.world = World(now: now, limits: world.limits)
    return result
  }

  mutating func drain() {
    while let work = stack.popLast() {
      if isFinished {
        stack.removeAll()
        return
      }
      switch work {
      case .pump(let entry): pump(entry)
      case .release(let boundary): release(boundary)
      case .begin(let node): beginBody(node)
      case .ended(let node): ended(node)
      case .unit(let node): updateUnit(node)
      case .settled(let node): settled(node)
      case .workflowHooks: updateWorkflowHooks()
      case .finishWorkflow: finishWhenDone()
      }
    }
  }

  /// The run's first decision: parameters, metadata, locks.
  mutating func begin() {
    guard header.phase == .unknown || header.phase == .pending, header.startedAt == nil, header.claim == nil else { return }
    isHeaderChanged = true
    if let problem {
      complete(problem.phase, problem.message)
      return
    }
    do {
      try resolveGlobals()
    } catch {
      complete(.failed, error.message)
      return
    }
    do {
      try resolveMetadata()
      try resolveVolumes()
    } catch {
      complete(.error, error.message)
      return
    }
    switch world.artifactRepository(spec.json.present("artifactRepositoryRef")) {
    case .found(let repository): header.repository = repository
    case .failed(let reason):
      complete(.error, "failed to resolve artifact repository: \(reason)")
      return
    }
    if header.shutdown != nil {
      complete(.failed, "Stopped with strategy '\(header.shutdown?.rawValue ?? "")'")
      return
    }
    if let synchronization = spec.synchronization { requestLocks(synchronization) } else { start() }
  }

  /// Claims, deadline, entrypoint: what comes when the run has its locks.
  mutating func start() {
    isHeaderChanged = true
    header.startedAt = now
    podMoulds = [:]
    header.phase = .running
    header.message = ""
    header.estimatedDuration = world.baseline?.duration
    emitWorkflowMetrics(clocksOnly: true)
    makeClaims()
    if let seconds = spec.activeDeadlineSeconds { setTimer(.deadline, at: now + TimeSpan(seconds: seconds)) }
    guard spec.entrypoint != nil else {
      complete(.error, "error in entry template execution: failed to get a template")
      return
    }
    if !nodes.isEmpty {
      // A run that was over goes on.
      goOnWithAll()
    } else if !header.isSuspended {
      startRoot()
    }
  }

  mutating func startRoot() {
    guard nodes.isEmpty, let entrypoint = spec.entrypoint else { return }
    var parameters: [JSON] = header.parameters.map { ["name": .string($0.name), "value": .string($0.value)] }
    for parameter in spec.arguments.parameters where !header.parameters.contains(where: { $0.name == parameter.name }) {
      parameters.append(parameter.json)
    }
    startTemplate(
      name, origin: .root, owner: nil, boundary: nil, reference: .template(entrypoint), frame: Frame(),
      arguments: .success(BoundArguments(parameters: parameters, artifacts: workflowArtifacts)), parents: [], isOnExit: false)
  }

  mutating func setTimer(_ timer: TimerID, at moment: Instant) {
    guard timers[timer] != moment else { return }
    timers[timer] = moment
    effects.append(.setTimer(timer, at: moment))
    if timer == .deadline { isHeaderChanged = true }
  }

  mutating func cancelTimer(_ timer: TimerID) {
    guard !timers.isEmpty, timers[timer] != nil else { return }
    forget(timer)
    effects.append(.cancelTimer(timer))
    if timer == .deadline { isHeaderChanged = true }
  }

  mutating func forget(_ timer: TimerID) {
    timers[timer] = nil
    // A table keeps its memory, whatever is taken out of it.
    if timers.isEmpty { timers = [:] }
  }

  var workflowDeadline: Instant? {
    guard let seconds = spec.activeDeadlineSeconds, let startedAt = header.startedAt else { return nil }
    return startedAt + TimeSpan(seconds: seconds)
  }

  var isDeadlineDue: Bool {
    guard let workflowDeadline, !header.isDeadlinePassed else { return false }
    return now >= workflowDeadline
  }

  /// Ends the run.
  mutating func complete(_ phase: WorkflowPhase, _ message: String) {
    guard !header.phase.isCompleted else { return }
    isHeaderChanged = true
    header.phase = phase
    header.message = message
    header.finishedAt = now
    if header.startedAt == nil { header.startedAt = now }
    for index in nodes.indices {
      if nodes[index].isDaemoned { killDaemon(index) }
      if nodes[index].type == .pod, !nodes[index].phase.isFulfilled, nodes[index].podName != nil { stopPod(index) }
      endTask(index)
    }
    for timer in timers.keys.sorted(by: { $0.name < $1.name }) { cancelTimer(timer) }
    deleteClaims()
    if let task = artifactGCTask(.onWorkflowCompletion) { effects.append(.collectArtifacts(task)) }
    releaseAllLocks()
    effects.append(.finished)
  }

  /// Changes a node's phase, with everything that counts phases.
  mutating func setPhase(_ index: Int, _ phase: NodePhase, _ message: String? = nil) {
    let old = nodes[index].phase
    if let message, nodes[index].message != message {
      nodes[index].message = message
      changedNodes.insert(index)
    }
    guard old != phase else { return }
    changedNodes.insert(index)
    count(index, -1)
    nodes[index].phase = phase
    count(index, 1)
    guard phase.isFulfilled, !old.isFulfilled else { return }
    if nodes[index].finishedAt == nil { nodes[index].finishedAt = now }
    nodes[index].wakeAt = nil
    cancelTimer(.node(index))
    endTask(index)
    releaseLocks(index)
    stack.append(.ended(index))
  }

  /// Adds (or takes away) a node in the counters of its boundary and the run.
  mutating func count(_ index: Int, _ step: Int) {
    let type = nodes[index].type
    let phase = nodes[index].phase
    let isActive = !phase.isFulfilled
    // What waits for a lock takes no place among the workflow's pods, but among its template's children.
    let details = nodes[index].detailsBox
    let isHeldBack = details?.value.claim.map { $0.stage != .held } ?? false
    let isPodActive = type == .pod && isActive && !isHeldBack
    if isPodActive {
      activePods += step
      if nodes[index].isDaemoned { servingDaemons += step }
    }
    if type.countsAsWork {
      let progress = (details?.value.progress ?? .unknown).shown(in: phase)
      workTotal += step * Int(clamping: progress.total)
      workDone += step * Int(clamping: progress.done)
    }
    guard let boundary = nodes[index].boundary else { return }
    // Attempts and hooks are no failures of the template; the retry as a whole is.
    if phase.isFailedOrError, !nodes[index].isHook, type == .pod || type == .steps || type == .dag || type == .retry {
      if case .attempt = nodes[index].origin {} else { nodes[boundary].counts.unsuccessful += step }
    }
    guard isActive, type == .pod || type == .steps || type == .dag || (type == .retry && isHeldBack && takesPlaceWaiting(index)) else {
      return
    }
    nodes[boundary].counts.activeChildren += step
    if isPodActive { nodes[boundary].counts.activePods += step }
  }

  /// Marks a node that could not be started, or whose outputs could not be put together.
  mutating func raise(_ index: Int, _ failure: RunFailure) {
    nodes[index].isRaised = true
    setPhase(index, failure.isFailure ? .failed : .error, failure.message)
  }

  @discardableResult
  mutating func addNode(
    _ name: String, type: NodeType, phase: NodePhase, message: String = "", origin: Origin, owner: Int?, boundary: Int?, parents: [Int]
  ) -> Int {
    let index = nodes.count
    var node = Node(
      index: index, name: name, hash: fnv1a32(name), source: sources.bare(run: self.name, format: identity.podNameFormat), type: type,
      phase: phase, message: message,
      origin: origin, owner: owner, boundary: boundary, boundaryName: boundary.map { nodes[$0].name }, startedAt: now)
    if phase.isFulfilled { node.finishedAt = now }
    node.estimatedDuration = world.baseline?.duration(ofNode: name, workflow: self.name)
    nodes.append(consume node)
    nodeTable.insertNext(of: nodes)
    setID(index)
    changedNodes.insert(index)
    // Of many parents some may be the same.
    var seen: Set<Int> = []
    for parent in parents where parent != index && (parents.count == 1 || seen.insert(parent).inserted) {
      nodes[index].parents.append(parent)
      nodes[parent].children.append(index)
    }
    count(index, 1)
    return index
  }

  /// Adds an edge; the same edge is added once.
  mutating func addChild(_ parent: Int, _ child: Int) {
    guard parent != child, !nodes[child].parents.contains(parent) else { return }
    nodes[child].parents.append(parent)
    nodes[parent].children.append(child)
    changedNodes.insert(child)
  }
}
