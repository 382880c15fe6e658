import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import Testing
import WorkflowCore

/// A run in a world in which nothing fails: for runs that go on from others.
struct MendedWorld {
  let workflow: SimulatedWorkflow
  let seed: UInt64
  var state: RunState
  var now: Instant
  private(set) var created: [String] = []
  private(set) var rows: [Int: NodeRow] = [:]
  private var run: RunRow?
  private var waiting: [(pod: String, leaf: TemplateFacts.Leaf?, isTask: Bool)] = []
  private var timers: [TimerID: Instant] = [:]
  private var up: Set<String> = []
  private var random: SeededRandom
  private var locks = LockTable()

  init(_ workflow: SimulatedWorkflow, seed: UInt64, state: RunState, now: Instant) {
    self.workflow = workflow
    self.seed = seed
    self.state = state
    self.now = now
    random = SeededRandom(seed, "mended")
  }

  var world: World { World(now: now) }

  /// Ended nodes by path, and their outcome.
  static func nodes(_ state: RunState) -> [JSON] { state.status()["nodes"]?.object?.values ?? [] }

  mutating func send(_ event: RunEvent) throws(Violation) { try carryOut(state.decide(event, in: world)) }

  mutating func carryOut(_ effects: [RunEffect]) throws(Violation) {
    let changes = state.takeChanges()
    if let row = changes.run { run = row }
    for row in changes.nodes { rows[row.index] = row }
    for effect in effects {
      switch effect {
      case .createPod(let pod):
        try begin(pod.name, node: Self.nodes(state).first { $0["name"]?.string == pod.annotation(ArgoKey.nodeName) }, isTask: false)
      case .createTask(let task):
        try begin(task.name, node: Self.nodes(state).first { $0["id"]?.string == task.name }, isTask: true)
      case .deleteTask(let name): waiting.removeAll { $0.pod == name }
      case .stopPod(let name, _):
        if up.remove(name) != nil || waiting.contains(where: { $0.pod == name }) {
          waiting.removeAll { $0.pod == name }
          var seen = PodObservation(podName: name, phase: .failed, message: "main: Error (exit code 143)")
          seen.finishedAt = now
          try send(.podObserved(seen))
        }
      case .setTimer(let timer, let moment): timers[timer] = moment
      case .cancelTimer(let timer): timers[timer] = nil
      case .requestLocks(let request):
        let limits = workflow.lockLimits
        try send(.locks(request.holder, locks.request(request) { limits[$0.text] }))
      case .releaseLocks(let holder): for granted in locks.release(holder) { try send(.locks(granted, .granted)) }
      default: break
      }
    }
    if random.chance(20), let run {
      let copy: RunState
      do throws(RunRestoreError) {
        copy = try RunState(restoring: run, nodes: rows.values.sorted { $0.index < $1.index })
      } catch {
        throw Violation("cannot be restored: \(error)")
      }
      try Comparison.require([copy.status()], [state.status()], "status restored (left) and in memory (right)")
      state = copy
    }
  }

  private mutating func begin(_ name: String, node: JSON?, isTask: Bool) throws(Violation) {
    let nodeName = node?["name"]?.string ?? ""
    if created.contains(nodeName) { throw Violation("\(nodeName) runs twice") }
    created.append(nodeName)
    waiting.append((name, workflow.templates[node?["templateName"]?.string ?? ""]?.leaf, isTask))
  }

  /// Runs to the end; each pod succeeds. `command` is given after so many pods.
  mutating func runToEnd(command: (after: Int, RunCommand)? = nil) throws(Violation) {
    var command = command
    for _ in 0..<5000 {
      if state.isFinished { return }
      if let given = command, created.count >= given.after {
        command = nil
        try send(.commanded(given.1))
        continue
      }
      if !waiting.isEmpty {
        let (pod, leaf, isTask) = waiting.remove(at: random.below(waiting.count))
        now = now + TimeSpan(milliseconds: Int64(random.below(2000)))
        let script = PodScript(seed: seed, pod: pod, leaf: leaf)
        if isTask {
          try send(.taskObserved(TaskObservation(nodeID: pod, phase: .succeeded, outputs: script.outputs)))
          continue
        }
        var seen = PodObservation(podName: pod, phase: leaf?.isDaemon == true ? .running : .succeeded)
        seen.startedAt = now
        seen.podIP = "127.0.0.1"
        if leaf?.isDaemon == true {
          up.insert(pod)
          seen.isReady = true
        } else {
          seen.containers["main"] = .init(exitCode: 0, reason: "Completed")
          seen.outputs = script.outputs
          seen.finishedAt = now
        }
        try send(.podObserved(seen))
      } else if let (timer, moment) = timers.min(by: { ($0.value, $0.key.name) < ($1.value, $1.key.name) }) {
        now = max(now, moment)
        timers[timer] = nil
        try send(.timerFired(timer))
      } else {
        throw Violation(
          "stuck: \(Self.nodes(state).filter { ["Running", "Pending"].contains($0["phase"]?.string ?? "") }.map { $0.text() })")
      }
    }
    throw Violation("no end")
  }

  func checkEnd() throws(Violation) {
    for node in Self.nodes(state) where ["Running", "Pending"].contains(node["phase"]?.string ?? "") {
      throw Violation("\(node["name"]?.string ?? "") has no end: \(node["phase"]?.string ?? "")")
    }
  }
}

/// What must hold of runs that go on from a random one.
struct GoingOn {
  let seed: UInt64
  let workflow: SimulatedWorkflow

  init(seed: UInt64) {
    self.seed = seed
    workflow = WorkflowGenerator.workflow(seed: seed)
  }

  /// What a new run of the workflow comes to when nothing fails.
  private func mended() -> WorkflowPhase? {
    var world = MendedWorld(
      workflow, seed: seed, state: RunState(workflow: workflow.workflow, templates: TemplateCatalog(workflow.catalog)),
      now: Instant(seconds: 1_767_225_600))
    do throws(Violation) {
      try world.send(.submitted)
      try world.runToEnd()
      return world.state.phase
    } catch {
      return nil
    }
  }

  func run() {
    var random = SeededRandom(seed, "going on")
    var perturbation = Perturbation(seed: seed, crashPercent: random.chance(30) ? 5 : 0)
    if random.chance(30) {
      perturbation.commands = [(Int64(random.below(20_000)), random.chance(50) ? .stop(message: nil) : .terminate)]
    }
    var ended = SimulationWorld(workflow, seed: seed, perturbation: perturbation)
    do throws(Violation) { try ended.runToEnd() } catch {
      Issue.record("seed \(seed): \(error)")
      return
    }
    let expected = mended()
    check("retry") { () throws(Violation) in try retry(ended.state, ended.now, expected, stops: false) }
    check("retry and stop") { () throws(Violation) in try retry(ended.state, ended.now, expected, stops: true) }
    let names = MendedWorld.nodes(ended.state).compactMap { $0["name"]?.string }
    for _ in 0..<2 {
      let node = random.pick(names, or: workflow.name)
      check("fork at \(node)") { () throws(Violation) in try fork(ended.state, ended.now, node, expected) }
    }
    check("memoized") { () throws(Violation) in try memoized(ended.state, ended.now) }
  }

  private func check(_ name: String, _ body: () throws(Violation) -> Void) {
    do throws(Violation) { try body() } catch {
      Issue.record("seed \(seed), \(name): \(error)\n--- manifest\n\(workflow.text)\n--- end of seed \(seed)")
    }
  }

  private func retry(_ ended: RunState, _ now: Instant, _ expected: WorkflowPhase?, stops: Bool) throws(Violation) {
    guard ended.phase == .failed || ended.phase == .error else { return }
    var world = MendedWorld(workflow, seed: seed, state: ended, now: now)
    let before = MendedWorld.nodes(ended)
    let outcome: RetryOutcome
    do throws(RunRefusal) { outcome = try world.state.retry(RetryRequest(), in: world.world) } catch { throw Violation("\(error)") }
    let kept = Set(MendedWorld.nodes(world.state).compactMap { $0["id"]?.string })
    try world.carryOut(outcome.effects)
    try world.runToEnd(command: stops ? (2, .stop(message: nil)) : nil)
    try world.checkEnd()
    // What succeeded runs again only below something that failed, or in the exit handler.
    var byID: [String: JSON] = [:]
    for node in before { byID[node["id"]?.string ?? ""] = node }
    var allowed: Set<String> = []
    // A template that needs locks runs again as a whole.
    let locked = Set(
      ([workflow.workflow] + workflow.catalog).flatMap { $0.spec["templates"]?.array ?? [] }
        .filter { $0["synchronization"] != nil }.compactMap { $0["name"]?.string })
    var stack = before.filter { node in
      let template = node["templateName"]?.string ?? node.at("templateRef", "template")?.string ?? ""
      if locked.contains(template), ["Failed", "Error"].contains(node["phase"]?.string ?? "") { return true }
      return ["Pod", "Container", "HTTP", "Plugin"].contains(node["type"]?.string ?? "")
        && ["Failed", "Error", "Running", "Pending"].contains(node["phase"]?.string ?? "")
    }.compactMap { $0["id"]?.string }
    while let id = stack.popLast() {
      if allowed.insert(id).inserted { stack += (byID[id]?["children"]?.array ?? []).compactMap(\.string) }
    }
    let exit = workflow.name + ".onExit"
    for node in before where node["phase"]?.string == "Succeeded" {
      let name = node["name"]?.string ?? ""
      if world.created.contains(name), !allowed.contains(node["id"]?.string ?? ""), !name.hasPrefix(exit) {
        throw Violation("\(name) had succeeded and lies below nothing that failed, but ran again")
      }
    }
    if stops { return }
    let left = before.contains { node in
      ["Failed", "Error"].contains(node["phase"]?.string ?? "") && kept.contains(node["id"]?.string ?? "")
        && !["Steps", "DAG", "StepGroup", "TaskGroup", "Retry"].contains(node["type"]?.string ?? "")
    }
    if expected == .succeeded, !left, !workflow.isTimingDependent,
      before.contains(where: { $0["type"] == "Pod" && $0["phase"] == "Failed" }),
      world.state.phase != .succeeded
    {
      throw Violation("the cause is gone, but the run ended \(world.state.phase): \(world.state.message)")
    }
  }

  private func begin(_ derived: DerivedRun, _ now: Instant) throws(Violation) -> MendedWorld {
    var object = derived.workflow
    object.uid = "second"
    var world = MendedWorld(
      workflow, seed: seed, state: RunState(workflow: object, templates: TemplateCatalog(workflow.catalog), reuse: derived.reuse), now: now)
    try world.send(.submitted)
    try world.runToEnd()
    try world.checkEnd()
    return world
  }

  private func path(_ node: JSON, of workflow: String) -> String { String((node["name"]?.string ?? "").dropFirst(workflow.count)) }

  private func fork(_ ended: RunState, _ now: Instant, _ node: String, _ expected: WorkflowPhase?) throws(Violation) {
    let derived: DerivedRun
    do throws(RunRefusal) { derived = try ended.fork(of: workflow.workflow, ForkRequest(node: node), suffix: "abcde") } catch {
      // Nothing came of it, so nothing can be made of it.
      if error.description.contains("which was tried again") { return }
      throw Violation("\(error)")
    }
    let world = try begin(derived, now)
    let taken = MendedWorld.nodes(world.state).filter { ($0["message"]?.string ?? "").hasPrefix("original pod: ") }
    let ran = Set(world.created.map { String($0.dropFirst(derived.workflow.name.count)) })
    for node in taken where ran.contains(path(node, of: derived.workflow.name)) {
      throw Violation("\(node["name"]?.string ?? "") was taken over and ran")
    }
    // The node itself never stands for the earlier one.
    let own = String(node.dropFirst(workflow.name.count))
    if taken.contains(where: { path($0, of: derived.workflow.name) == own }) { throw Violation("the node was taken over") }
  }

  private func memoized(_ ended: RunState, _ now: Instant) throws(Violation) {
    guard ended.phase == .failed || ended.phase == .error else { return }
    let derived: DerivedRun
    do throws(RunRefusal) { derived = try ended.resubmission(of: workflow.workflow, memoized: true, suffix: "abcde") } catch {
      throw Violation("\(error)")
    }
    let world = try begin(derived, now)
    let succeeded = MendedWorld.nodes(ended).filter { node in
      node["type"] == "Pod" && node["phase"] == "Succeeded" && node.at("nodeFlag", "retried") == nil
        && !(node["name"]?.string ?? "").hasPrefix(workflow.name + ".onExit")
        && workflow.templates[node["templateName"]?.string ?? ""]?.leaf?.isDaemon != true
    }
    let ran = Set(world.created.map { String($0.dropFirst(derived.workflow.name.count)) })
    for node in succeeded where ran.contains(path(node, of: workflow.name)) && !(node["name"]?.string ?? "").contains("(") {
      throw Violation("\(node["name"]?.string ?? "") had succeeded and ran again")
    }
  }
}
