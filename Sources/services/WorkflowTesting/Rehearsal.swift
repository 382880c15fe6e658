import ArgoModel
import Basics
import Contracts
import HeapModule
import JSONValue
import KubeModel
import Synchronization
import Telemetry
import WorkflowCore

/// How a step of a rehearsal ends.
package struct StepOutcome: Sendable, Hashable {
  package enum Phase: String, Sendable, Hashable, CaseIterable { case succeeded = "Succeeded", failed = "Failed", error = "Error" }

  package var phase = Phase.succeeded
  package var exitCode: Int32?
  /// nil: what Argo says of such an end.
  package var message: String?
  package var duration = TimeSpan(seconds: 1)
  /// `result`, `parameters`, `artifacts` as an executor reports them.
  package var outputs: JSON = .null
  /// Runs until it is stopped.
  package var staysUp = false
  /// Exit codes of the containers of a container set; those that are left out end well, or as their dependencies let them.
  package var containers: [String: Int32] = [:]

  package init() {}
}

/// A step that a rehearsal is about to carry out.
package struct RehearsedStep: Sendable {
  /// The node's full name.
  package var nodeName: String
  /// The template with all tags replaced.
  package var template: JSON
  /// Of a pod; null for what an agent does.
  package var pod: Resource?

  /// Values of the input parameters by name.
  package var inputs: [String: String] {
    var result: [String: String] = [:]
    for parameter in template.at("inputs", "parameters")?.array ?? [] {
      if let name = parameter["name"]?.string { result[name] = parameter["value"].map { $0.string ?? $0.text(.go) } ?? "" }
    }
    return result
  }
}

/// Something that is done to a run from outside, at a time.
package struct RehearsalAction: Sendable {
  package var at: TimeSpan
  package var command: RunCommand

  package init(at: TimeSpan, command: RunCommand) {
    self.at = at
    self.command = command
  }
}

/// One run of the engine without a machine: steps end as they are told to, time is virtual. The engine is `RunState` itself; this carries out its
/// effects as the services do, in memory.
package struct Rehearsal {
  /// Events that one run may have before it counts as endless.
  package static let maximumEvents = 500_000

  package private(set) var state: RunState
  package private(set) var now: Instant
  package let start: Instant
  /// The most pods that ran at once.
  package private(set) var peak = 0
  package private(set) var pods: [Resource] = []
  /// Commands that were refused, and why.
  package private(set) var refusals: [String] = []
  /// Names of the locks that were asked for.
  package private(set) var locksAsked: Set<String> = []
  /// When the step of a node began to run, by the node's name.
  package private(set) var began: [String: Instant] = [:]
  private var running: [String: Int] = [:]
  private var queue = Heap<Scheduled>()
  private var sequence = 0
  private var timers: [TimerID: Int] = [:]
  private var locks = LockTable()
  private var metrics: [String: MetricDescriptor] = [:]
  private var caches: [String: String] = [:]
  private let draws = RehearsedDraws()
  private let resources: [ResourceKey: Resource]
  private let outcome: (RehearsedStep) -> StepOutcome
  private let suspension: (RehearsedStep) -> StepOutcome?
  private var suspended: Set<String> = []
  private var events = 0

  private enum Happening {
    case event(RunEvent)
    case podEnds(String, generation: Int, StepOutcome)
    case timer(TimerID, generation: Int)
    case command(RunCommand)
    /// A suspended node is set and resumed, if it still waits for that.
    case suspensionEnds(NodeSelector, StepOutcome)
  }

  private struct Scheduled: Comparable {
    var at: Instant
    var sequence: Int
    var happening: Happening
    static func < (left: Scheduled, right: Scheduled) -> Bool { (left.at, left.sequence) < (right.at, right.sequence) }
    static func == (left: Scheduled, right: Scheduled) -> Bool { left.sequence == right.sequence }
  }

  /// - Parameters:
  ///   - resources: templates, ConfigMaps and limits that the run may look at.
  ///   - suspension: how a suspended node comes to its end; nil: it waits for its duration, or for an action.
  ///   - outcome: how a step ends; asked once, when it begins.
  package init(
    workflow: Resource, resources: [Resource], start: Instant, actions: [RehearsalAction] = [],
    suspension: @escaping (RehearsedStep) -> StepOutcome? = { _ in nil }, outcome: @escaping (RehearsedStep) -> StepOutcome
  ) {
    var workflow = workflow
    if workflow.name.isEmpty { workflow.name = (workflow.generateName ?? "workflow-") + "test" }
    if workflow.uid.isEmpty { workflow.uid = "00000000-0000-4000-8000-000000000001" }
    if workflow.namespace.isEmpty { workflow.namespace = "default" }
    var metadata = workflow.metadata
    if metadata["creationTimestamp"] == nil { metadata["creationTimestamp"] = .string(start.rfc3339) }
    workflow.metadata = metadata
    self.resources = Dictionary(resources.map { ($0.key, $0) }, uniquingKeysWith: { _, last in last })
    self.start = start
    self.outcome = outcome
    self.suspension = suspension
    now = start
    state = RunState(workflow: workflow, templates: TemplateCatalog(resources))
    for action in actions { schedule(.command(action.command), at: start + action.at) }
  }

  /// Lets everything happen until the run is over, or nothing is left that could happen.
  package mutating func run() {
    if state.startedAt == nil, events == 0 { decide(.submitted) }
    while !state.isFinished, events < Self.maximumEvents, let next = queue.popMin() {
      now = max(now, next.at)
      events += 1
      switch next.happening {
      case .event(let event): decide(event)
      case .podEnds(let name, let generation, let outcome):
        guard running[name] == generation else { continue }
        end(name, outcome)
      case .timer(let id, let generation):
        guard timers[id] == generation else { continue }
        timers[id] = nil
        decide(.timerFired(id))
      case .command(let command): obey(command)
      case .suspensionEnds(let selector, let outcome): end(selector, outcome)
      }
    }
  }

  /// When actions were to happen for which the run was over too early, from its start.
  package var missedActions: [TimeSpan] {
    queue.unordered.compactMap { scheduled in
      if case .command = scheduled.happening { scheduled.at - start } else { nil }
    }
  }

  package var isEndless: Bool { events >= Self.maximumEvents }

  /// Carries out a command now; what refuses it is in `refusals`.
  package mutating func obey(_ command: RunCommand) {
    if let refusal = state.refusal(of: command) { refusals.append(refusal) } else { decide(.commanded(command)) }
  }

  private mutating func schedule(_ happening: Happening, at: Instant) {
    sequence += 1
    queue.insert(Scheduled(at: at, sequence: sequence, happening: happening))
  }

  private mutating func decide(_ event: RunEvent) {
    var open = state.decide(event, in: world)
    noteChanges()
    var place = 0
    while place < open.count {
      // Locks that are asked for are answered before anything else happens.
      for answer in carryOut(open[place]) {
        open += state.decide(answer, in: world)
        noteChanges()
      }
      place += 1
    }
  }

  /// Asks for each node that is suspended now how that is to end.
  private mutating func noteChanges() {
    for row in state.takeChanges().nodes where state.isSuspended(at: row.index) {
      guard suspended.insert(row.id).inserted, let status = state.node(id: row.id) else { continue }
      let name = status.at("templateRef", "template")?.string ?? status["templateName"]?.string ?? ""
      let template: JSON = ["name": .string(name), "inputs": status["inputs"] ?? [:], "outputs": status["outputs"] ?? [:], "suspend": [:]]
      guard let end = suspension(RehearsedStep(nodeName: status["name"]?.string ?? "", template: template, pod: nil)),
        let selector = NodeSelector("id=\(row.id)")
      else { continue }
      schedule(.suspensionEnds(selector, end), at: now + end.duration)
    }
  }

  private mutating func end(_ selector: NodeSelector, _ outcome: StepOutcome) {
    // Somebody may have ended it before.
    guard state.refusal(of: .stop(message: nil, selector: selector)) == nil else { return }
    var values: [String: String] = [:]
    for parameter in outcome.outputs["parameters"]?.array ?? [] {
      values[parameter["name"]?.string ?? ""] = parameter["value"]?.string ?? ""
    }
    let phase = outcome.phase == .succeeded ? nil : outcome.phase.rawValue
    if !values.isEmpty || outcome.message != nil || phase != nil {
      obey(.set(selector: selector, outputParameters: values, message: outcome.message, phase: phase))
    }
    if phase == nil { obey(.resume(selector: selector)) }
  }

  private mutating func carryOut(_ effect: RunEffect) -> [RunEvent] {
    switch effect {
    case .createPod(let pod): begin(pod)
    case .stopPod(let name, _):
      guard running[name] != nil else { break }
      var stopped = StepOutcome()
      stopped.phase = .failed
      stopped.exitCode = 143
      sequence += 1
      let generation = sequence
      running[name] = generation
      schedule(.podEnds(name, generation: generation, stopped), at: now)
    case .setTimer(let id, let at):
      sequence += 1
      timers[id] = sequence
      let generation = sequence
      schedule(.timer(id, generation: generation), at: at)
    case .cancelTimer(let id): timers[id] = nil
    case .createTask(let task): begin(task: task)
    case .requestLocks(let request):
      for lock in request.locks { locksAsked.insert("\(lock.kind.rawValue) \(lock.text)") }
      return [.locks(request.holder, locks.request(request, limits: limits))]
    case .releaseLocks(let holder): return locks.release(holder).map { .locks($0, .granted) }
    case .emitMetric(let sample): metrics[sample.name] = metrics[sample.name] ?? sample.descriptor
    case .saveCacheEntry(let cache, let key, let entry): caches["\(cache)/\(key)"] = entry
    case .deleteTask, .createClaim, .deleteClaim, .collectArtifacts, .finished: break
    }
    return []
  }

  // MARK: Steps

  private mutating func begin(_ pod: Resource) {
    pods.append(pod)
    began[pod.annotation(ArgoKey.nodeName) ?? ""] = now
    let template = pod.annotation(ArgoKey.template).flatMap { try? JSON.parse($0) } ?? .object([:])
    let result = outcome(RehearsedStep(nodeName: pod.annotation(ArgoKey.nodeName) ?? "", template: template, pod: pod))
    sequence += 1
    let generation = sequence
    running[pod.name] = generation
    peak = max(peak, running.count)
    var seen = observation(pod.name, .running)
    seen.isReady = true
    schedule(.event(.podObserved(seen)), at: now)
    if !result.staysUp { schedule(.podEnds(pod.name, generation: generation, result), at: now + result.duration) }
  }

  private func observation(_ name: String, _ phase: PodObservation.Phase) -> PodObservation {
    var seen = PodObservation(podName: name, phase: phase)
    seen.startedAt = now
    seen.podIP = "127.0.0.1"
    return seen
  }

  private mutating func end(_ name: String, _ outcome: StepOutcome) {
    running[name] = nil
    let pod = pods.last { $0.name == name }
    let isSuccess = outcome.phase == .succeeded
    let code = outcome.exitCode ?? (outcome.phase == .failed ? 1 : 0)
    var seen = observation(name, isSuccess ? .succeeded : .failed)
    seen.finishedAt = now
    let names = pod?.spec["containers"]?.array?.compactMap { $0["name"]?.string }.filter { $0 != "wait" } ?? []
    let failing = names.contains("main") ? "main" : names.first ?? "main"
    let codes = exitCodes(of: names.isEmpty ? ["main"] : names, outcome.containers.isEmpty ? [failing: code] : outcome.containers, pod)
    for (container, code) in codes {
      seen.containers[container] = PodObservation.Container(exitCode: code, reason: code == 0 ? "Completed" : "Error")
    }
    let culprit = codes.keys.sorted().first { codes[$0] != 0 } ?? failing
    seen.outputs = outcome.outputs
    seen.isInfrastructureError = outcome.phase == .error
    if !isSuccess {
      seen.message =
        outcome.message
        ?? (outcome.phase == .error ? "wait: Error (exit code 1)" : "\(culprit): Error (exit code \(codes[culprit] ?? code))")
    }
    decide(.podObserved(seen))
  }

  /// How the containers of a pod end: in a container set, what depends on one that failed ends with 64 and has not run.
  private func exitCodes(of names: [String], _ given: [String: Int32], _ pod: Resource?) -> [String: Int32] {
    var codes = Dictionary(names.map { ($0, given[$0] ?? 0) }, uniquingKeysWith: { first, _ in first })
    guard codes.values.contains(where: { $0 != 0 }), let text = pod?.annotation(ArgoKey.template), let template = try? JSON.parse(text)
    else {
      return codes
    }
    let members = template.at("containerSet", "containers")?.array ?? []
    for _ in members {
      for member in members {
        guard let name = member["name"]?.string, codes[name] == 0 else { continue }
        let dependencies = member["dependencies"]?.array?.compactMap(\.string) ?? []
        if dependencies.contains(where: { codes[$0, default: 0] != 0 }) { codes[name] = 64 }
      }
    }
    return codes
  }

  private mutating func begin(task: Resource) {
    began[task.annotation(ArgoKey.nodeName) ?? ""] = now
    let template = task.spec.at("tasks", task.name) ?? .object([:])
    let result = outcome(RehearsedStep(nodeName: task.annotation(ArgoKey.nodeName) ?? "", template: template, pod: nil))
    if result.staysUp { return }
    let phase: NodePhase =
      switch result.phase {
      case .succeeded: .succeeded
      case .failed: .failed
      case .error: .error
      }
    let seen = TaskObservation(nodeID: task.name, phase: phase, message: result.message ?? "", outputs: result.outputs)
    schedule(.event(.taskObserved(seen)), at: now + result.duration)
  }

  // MARK: The world

  private var world: World {
    let resources = resources
    let caches = caches
    let metrics = metrics
    var world = World(now: now) { namespace, name, key in
      guard let map = resources[ResourceKey(.configMap, namespace: namespace, name: name)] else { return .configMapMissing }
      guard map.label(ArgoKey.configMapType) == "Parameter" else { return .notAParameterConfigMap }
      return map.json.at("data", key)?.string.map { .value($0) } ?? .keyMissing
    }
    world.metric = { metrics[$0] }
    world.random = draws.next
    world.cacheEntry = { _, cache, key in caches["\(cache)/\(key)"].map { .entry($0) } ?? .missing }
    return world
  }

  private var limits: LockTable.Limits {
    let resources = resources
    return { lock in
      switch lock.limitSource {
      case .configMap(let namespace, let name, let key):
        resources[ResourceKey(.configMap, namespace: namespace, name: name)]?.json.at("data", key)?.string.flatMap { Int($0) }
      case .database(let namespace, let key):
        resources[ResourceKey(.syncLimit, namespace: namespace, name: key)]?.spec["limit"]?.int.map { Int(clamping: $0) }
      case nil: 1
      }
    }
  }
}

/// Numbers for the random functions of expressions: the same in every rehearsal (SplitMix64).
private final class RehearsedDraws: Sendable {
  private let state = Mutex<UInt64>(0)

  func next() -> UInt64 {
    var number = state.withLock { state in
      state &+= 0x9E37_79B9_7F4A_7C15
      return state
    }
    number = (number ^ number >> 30) &* 0xBF58_476D_1CE4_E5B9
    number = (number ^ number >> 27) &* 0x94D0_49BB_1331_11EB
    return number ^ number >> 31
  }
}
