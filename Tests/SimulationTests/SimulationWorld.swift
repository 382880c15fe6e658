import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import WorkflowCore

/// A property that did not hold.
struct Violation: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

/// How the world treats the run.
struct Perturbation {
  var seed: UInt64 = 0
  /// Messages come late, twice, out of order, or only with a later listing.
  var disturbsMessages = false
  /// Percentage of commits after which (and of decisions before whose commit) memory is lost.
  var crashPercent = 0
  /// Crash after exactly this commit.
  var crashAfterCommit: Int?
  /// Percentage of events that are told twice, to a copy.
  var repetitionPercent = 0
  /// Percentage of decisions that are also taken by a state restored from the rows.
  var restoringPercent = 0
  var commands: [(at: Int64, command: RunCommand)] = []
}

/// The shell around one run, with virtual time: a store changed by whole commits only, a timer queue in memory, and a machine whose pods
/// behave as their scripts say.
struct SimulationWorld {
  enum Happening {
    case decide(RunEvent)
    case timer(TimerID, Instant)
    case podStarts(String), podEnds(String), podStopped(String), podDeadline(String)
    case taskEnds(String)
    case list
  }

  let workflow: SimulatedWorkflow
  let seed: UInt64
  let perturbation: Perturbation
  private var random: SeededRandom
  var queue = EventQueue<Happening>()
  private(set) var now = Instant(seconds: 1_767_225_600)

  // The store.
  private(set) var run: RunRow?
  private(set) var rows: [NodeRow] = []
  private(set) var pods: [String: SimulatedPod] = [:]
  /// Tasks whose objects are there.
  private(set) var tasks: [String: SimulatedTask] = [:]
  private var claims: Set<String> = []
  private(set) var view = NodeView()

  // Memory.
  var state: RunState
  var locks = LockTable()
  var timers: [TimerID: Instant] = [:]

  private(set) var commits = 0
  private(set) var events = 0
  private(set) var isFinished = false
  private var shutdown: RunCommand?
  private var wasRootStartedAtShutdown = false
  var keepsTrace = false
  private(set) var trace: [String] = []

  static let eventLimit = 20_000
  /// Enough to hit every kind of moment; without a bound, listings after crashes would crash again for ever.
  static let crashLimit = 5
  var crashes = 0

  init(_ workflow: SimulatedWorkflow, seed: UInt64, perturbation: Perturbation = Perturbation()) {
    self.workflow = workflow
    self.seed = seed
    self.perturbation = perturbation
    random = SeededRandom(perturbation.seed, "world")
    state = Self.newState(workflow)
  }

  static func newState(_ workflow: SimulatedWorkflow) -> RunState {
    RunState(workflow: workflow.workflow, templates: TemplateCatalog(workflow.catalog))
  }

  /// Milliseconds since the run was submitted.
  var elapsed: Int64 { now.milliseconds - 1_767_225_600_000 }

  // MARK: Running

  /// Runs until nothing happens any more, and checks what must hold at the end.
  mutating func runToEnd() throws(Violation) {
    queue.add(.decide(.submitted), at: now.milliseconds)
    for (moment, command) in perturbation.commands { queue.add(.decide(.commanded(command)), at: now.milliseconds + moment) }
    while let (time, happening) = queue.next() {
      now = max(now, Instant(milliseconds: time))
      events += 1
      if events > Self.eventLimit { throw Violation("no end after \(events) events at \(elapsed) ms") }
      try take(happening)
      if queue.isEmpty, !isFinished { try nudge() }
    }
    try EndChecks(world: self).check()
    // A main part that could not be started, or put its outputs together, ends the workflow at once.
    if state.isFinished, case .stop? = shutdown, wasRootStartedAtShutdown, workflow.hasExitHandler,
      view["\(workflow.name).onExit"] == nil, !state.message.hasPrefix("error in entry template execution")
    {
      throw Violation("stopped, but the exit handler did not run")
    }
  }

  /// Nothing is left to happen: right only while a user has to act.
  private mutating func nudge() throws(Violation) {
    throw Violation(
      "stuck at \(elapsed) ms: nothing will happen, unfulfilled: \(view.nodes.filter { !$0.isFulfilled }.map { "\($0.name) \($0.type) \($0.phase)" })"
    )
  }

  private mutating func take(_ happening: Happening) throws(Violation) {
    switch happening {
    case .decide(let event): try decide(event)
    case .timer(let timer, let moment):
      guard timers[timer] == moment else { return }
      timers[timer] = nil
      try decide(.timerFired(timer))
    case .podStarts(let name):
      let script = pods[name]?.script
      change(name, tells: script?.tellsRunning ?? true) { [now] pod in
        guard pod.current.phase == .pending, !pod.isEnded else { return false }
        pod.start(at: now)
        return true
      }
      if let pod = pods[name], !pod.isEnded {
        if !pod.script.isDaemon { queue.add(.podEnds(name), at: now.milliseconds + pod.script.runTime) }
        if let deadline = pod.deadline { queue.add(.podDeadline(name), at: now.milliseconds + deadline * 1000) }
      }
    case .podEnds(let name): end(name) { [now] pod in pod.finish(at: now, wasStopped: false) }
    case .podStopped(let name): end(name) { [now] pod in pod.finish(at: now, wasStopped: true) }
    case .podDeadline(let name): end(name) { [now] pod in pod.passDeadline(at: now) }
    case .taskEnds(let name): goOn(task: name)
    case .list: try list()
    }
  }

  /// The agent gets on with a task.
  private mutating func goOn(task name: String) {
    guard var task = tasks[name], let next = task.goOn() else { return }
    tasks[name] = task.exists ? task : nil
    if task.exists, task.current?.phase.isFulfilled == false { queue.add(.taskEnds(name), at: now.milliseconds + task.script.runTime) }
    tell(next)
  }

  private mutating func end(_ name: String, _ body: (inout SimulatedPod) -> Void) {
    change(name, tells: true) { pod in
      guard !pod.isEnded else { return false }
      body(&pod)
      return true
    }
  }

  private mutating func change(_ name: String, tells: Bool, _ body: (inout SimulatedPod) -> Bool) {
    guard var pod = pods[name], body(&pod) else { return }
    pods[name] = pod
    if tells { tell(pod) }
  }

  // MARK: Messages

  private func message(_ pod: SimulatedPod) -> RunEvent { pod.exists ? .podObserved(pod.current) : .podLost(podName: pod.name) }

  /// Sends what is to be seen of the pod now.
  private mutating func tell(_ pod: SimulatedPod) { tell(message(pod)) }

  private mutating func tell(_ event: RunEvent) {
    guard perturbation.disturbsMessages else {
      queue.add(.decide(event), at: now.milliseconds)
      return
    }
    if random.chance(10) {
      queue.add(.list, at: now.milliseconds + Int64(random.below(10_000)))
      return
    }
    queue.add(.decide(event), at: now.milliseconds + (random.chance(50) ? 0 : Int64(random.below(3000))))
    while random.chance(20) { queue.add(.decide(event), at: now.milliseconds + Int64(random.below(30_000))) }
  }

  /// What a watcher does that may have missed something.
  private mutating func list() throws(Violation) {
    for name in pods.keys.sorted() {
      guard let pod = pods[name] else { continue }
      if pod.exists || state.activePodNames.contains(name) { try decide(message(pod)) }
    }
    for name in tasks.keys.sorted() { if let seen = tasks[name]?.current { try decide(.taskObserved(seen)) } }
    for name in state.activeTaskNames where tasks[name] == nil { try decide(.taskLost(nodeID: name)) }
  }

  // MARK: Deciding and committing

  private mutating func decide(_ event: RunEvent) throws(Violation) {
    let world = World(now: now)
    let wasFinished = isFinished
    let phaseBefore = state.phase
    var twin: RunState?
    if let run, !wasFinished, random.chance(perturbation.restoringPercent) { twin = try restored(run) }
    if random.chance(perturbation.crashPercent), crashes < Self.crashLimit, !wasFinished, !Self.isCommand(event) {
      // The decision is taken but not committed; after the restart the same is told again.
      _ = decideAll(&state, &locks, event, world)
      note("crash before the commit of \(event)")
      try crash()
      if case .timerFired(let timer) = event, timers[timer] == nil {
        throw Violation("timer \(timer) is not set after a restart before its commit")
      }
      if case .timerFired(let timer) = event { timers[timer] = nil }
    }
    noteCommand(event)
    let effects = decideAll(&state, &locks, event, world)
    let changes = state.takeChanges()
    if keepsTrace { note(event, effects, changes) }
    if var twin {
      var twinLocks = try rebuilt(twin)
      let twinEffects = decideAll(&twin, &twinLocks, event, world)
      let twinChanges = twin.takeChanges()
      try Comparison.require(effects, twinEffects, "effects of a restored state at \(Trace.text(event))")
      try Comparison.require(changes, twinChanges, "rows of a restored state at \(Trace.text(event))")
    }
    if wasFinished {
      if !effects.isEmpty { throw Violation("effects after the end: \(effects.map(Trace.text))") }
      if state.phase != phaseBefore { throw Violation("phase changed after the end") }
    }
    try commit(effects, changes)
    if random.chance(perturbation.repetitionPercent) { try checkRepetition(event, in: world) }
    if state.isFinished { isFinished = true }
    commits += 1
    if !isFinished, commits == perturbation.crashAfterCommit || (random.chance(perturbation.crashPercent) && crashes < Self.crashLimit) {
      note("crash after commit \(commits)")
      try crash()
    }
  }

  private static func isCommand(_ event: RunEvent) -> Bool {
    if case .commanded = event { true } else { false }
  }

  private mutating func noteCommand(_ event: RunEvent) {
    guard case .commanded(let command) = event, !isFinished else { return }
    switch command {
    case .stop(_, nil): if shutdown == nil { shutdown = command }
    case .terminate: shutdown = command
    default: return
    }
    wasRootStartedAtShutdown = !rows.isEmpty
  }

  private mutating func commit(_ effects: [RunEffect], _ changes: RunChanges) throws(Violation) {
    if let row = changes.run { run = row }
    for row in changes.nodes {
      guard row.index <= rows.count else { throw Violation("node row \(row.index) leaves a gap") }
      if row.index == rows.count { rows.append(row) } else { rows[row.index] = row }
      try view.take(row)
    }
    var created: [SimulatedPod] = []
    var begun: [String] = []
    for effect in effects {
      switch effect {
      case .createPod(let pod):
        if isFinished { throw Violation("pod \(pod.name) created after the end") }
        created.append(try create(pod))
      case .createTask(let task):
        if isFinished { throw Violation("task \(task.name) created after the end") }
        begun.append(try create(task: task))
      case .deleteTask(let name):
        if isFinished { throw Violation("task \(name) deleted after the end") }
        tasks[name] = nil
      case .stopPod(let name, _):
        guard var pod = pods[name] else { throw Violation("pod \(name) is to be stopped, which was never created") }
        if !pod.isStopAsked, !pod.isEnded { queue.add(.podStopped(name), at: now.milliseconds + pod.script.stopDelay) }
        pod.isStopAsked = true
        pods[name] = pod
      case .setTimer(let timer, let moment): arm(timer, moment)
      case .cancelTimer(let timer): timers[timer] = nil
      case .createClaim(let claim):
        if !claims.insert(claim.name).inserted { throw Violation("claim \(claim.name) created twice") }
      case .deleteClaim(let name): claims.remove(name)
      case .saveCacheEntry, .emitMetric, .collectArtifacts, .requestLocks, .releaseLocks: break
      case .finished:
        if isFinished { throw Violation("finished twice") }
        if !state.isFinished { throw Violation("told finished while the phase is \(state.phase)") }
      }
    }
    if state.isFinished, !isFinished, !effects.contains(.finished) { throw Violation("finished without telling so") }
    let order = OrderChecks(workflow: workflow, view: view)
    for pod in created { try order.check("pod \(pod.name)", pod.nodeName, shutdown: shutdown) }
    for task in begun { try order.check("task", task, shutdown: shutdown) }
    try order.checkLimits(created.map(\.nodeName), isBeingEnded: state.isBeingEnded) { Set(pods.values.map(\.nodeName)) }
    try LockChecks(workflow: workflow, view: view, locks: locks).check(created.map(\.nodeName) + begun)
    let pending = state.pendingTimers.map { "\($0.id)@\($0.at.milliseconds)" }
    let armed = timers.map { (id: $0.key, at: $0.value) }.sorted { ($0.at, $0.id.name) < ($1.at, $1.id.name) }
    try Comparison.require(pending, armed.map { "\($0.id)@\($0.at.milliseconds)" }, "timers of the state (left) and of the shell (right)")
  }

  mutating func arm(_ timer: TimerID, _ moment: Instant) {
    timers[timer] = moment
    queue.add(.timer(timer, moment), at: max(moment.milliseconds, now.milliseconds))
  }

  private mutating func create(_ resource: Resource) throws(Violation) -> SimulatedPod {
    let name = resource.name
    if pods[name] != nil { throw Violation("pod \(name) created twice") }
    guard let nodeName = resource.annotation("workflows.argoproj.io/node-name"), let node = view[nodeName] else {
      throw Violation("pod \(name) has no node")
    }
    guard node.type == "Pod", node.phase == "Pending" else {
      throw Violation("pod \(name) created for \(nodeName), which is \(node.type) \(node.phase)")
    }
    let script = PodScript(seed: seed, pod: name, leaf: workflow.templates[node.template]?.leaf)
    let pod = SimulatedPod(name: name, nodeName: nodeName, script: script, deadline: resource.spec["activeDeadlineSeconds"]?.int)
    pods[name] = pod
    if script.tellsPending { tell(pod) }
    queue.add(.podStarts(name), at: now.milliseconds + script.startDelay)
    return pod
  }

  private mutating func create(task resource: Resource) throws(Violation) -> String {
    let name = resource.name
    if tasks[name] != nil { throw Violation("task \(name) created twice") }
    guard let nodeName = resource.annotation("workflows.argoproj.io/node-name"), let node = view[nodeName], node.id == name else {
      throw Violation("task \(name) has no node")
    }
    guard node.type == "HTTP" || node.type == "Plugin", node.phase == "Pending" else {
      throw Violation("task \(name) created for \(nodeName), which is \(node.type) \(node.phase)")
    }
    let script = PodScript(seed: seed, pod: name, leaf: workflow.templates[node.template]?.leaf)
    tasks[name] = SimulatedTask(nodeID: name, script: script)
    queue.add(.taskEnds(name), at: now.milliseconds + script.startDelay)
    return nodeName
  }

  // MARK: Trace

  private mutating func note(_ text: String) { if keepsTrace { trace.append("\(elapsed) \(text)") } }

  private mutating func note(_ event: RunEvent, _ effects: [RunEffect], _ changes: RunChanges) {
    var line = Trace.text(event)
    for row in changes.nodes {
      let status = row.record.json["status"]
      line +=
        "\n      \(row.index) \(status?["name"]?.string ?? "") \(status?["type"]?.string ?? "") \(row.phase) \(status?["message"]?.string ?? "")"
    }
    for effect in effects { line += "\n      -> \(Trace.text(effect))" }
    note(line)
  }
}
