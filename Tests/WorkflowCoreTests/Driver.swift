import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import Telemetry
import Testing

@testable import WorkflowCore

/// How a pod of a test ends.
struct Ending {
  var exitCode: Int32 = 0
  var outputs: JSON = .null
  var message = ""
  var isInfrastructureError = false
  /// Never ends by itself.
  var staysUp = false
  var isReady = true
  static let success = Ending()
  static let failure = Ending(exitCode: 1, message: "main: Error (exit code 1)")
  static let error = Ending(exitCode: 0, message: "wait: Error (exit code 1)", isInfrastructureError: true)
  static let daemon = Ending(staysUp: true)
  static func result(_ text: String) -> Ending { Ending(outputs: ["result": .string(text)]) }
  static func parameters(_ values: [String: String]) -> Ending {
    Ending(outputs: ["parameters": .array(values.sorted { $0.key < $1.key }.map { ["name": .string($0.key), "value": .string($0.value)] })])
  }
}

/// Carries out a run's effects in memory, with virtual time, by a script. After every decision the run is rebuilt from its rows and must be
/// the same.
final class Driver {
  var state: RunState
  var now = Instant(seconds: 1_700_000_000)
  var pods: [(name: String, resource: Resource)] = []
  var running: [String] = []
  var stopped: [String] = []
  /// Tasks that are with the agent, and the names of those that were taken back.
  var tasks: [String: Resource] = [:]
  var deletedTasks: [String] = []
  var timers: [TimerID: Instant] = [:]
  var claims: [String] = []
  var deletedClaims: [String] = []
  var finishedCount = 0
  var artifactTasks: [Resource] = []
  var configMaps: [String: String] = [:]
  /// Custom metrics in order, and what is known of their names.
  var samples: [MetricSample] = []
  var descriptors: [String: MetricDescriptor] = [:]
  /// Memoization caches, and ConfigMaps that have another label (or none: "").
  var caches: [String: [String: String]] = [:]
  var cacheLabels: [String: String] = [:]
  var artifactRepository = ArtifactRepositoryAnswer.found(.own)
  var limits = World.Limits()
  var checksRestoring = true
  /// The most pods that ran at once.
  var peak = 0
  /// Ends of pods by the node's display name or template; what has none succeeds.
  var script: (Driver, Resource) -> Ending = { _, _ in .success }
  /// The lock table, alone or together with other runs.
  let locks: SharedLocks
  private var run: RunRow?
  private var rows: [Int: NodeRow] = [:]

  init(
    _ workflow: JSON, templates: [Resource] = [], start: Bool = true, name: String = "wf", locks: SharedLocks = SharedLocks()
  ) {
    var json = workflow
    var metadata = json["metadata"] ?? .object([:])
    if metadata["name"] == nil { metadata["name"] = .string(name) }
    metadata["namespace"] = "default"
    let uid = name == "wf" ? "uid-1" : "uid-\(name)"
    metadata["uid"] = .string(uid)
    if metadata["creationTimestamp"] == nil { metadata["creationTimestamp"] = "2018-08-23T05:42:49Z" }
    json["metadata"] = metadata
    self.locks = locks
    state = RunState(workflow: Resource(.workflow, json: json), templates: TemplateCatalog(templates))
    locks.add(self, uid)
    if start { send(.submitted) }
  }

  init(_ workflow: Resource, reuse: ReuseTable) {
    locks = SharedLocks()
    state = RunState(workflow: workflow, templates: TemplateCatalog([]), reuse: reuse)
    locks.add(self, workflow.uid)
  }

  convenience init(spec: JSON, templates: [Resource] = []) { self.init(["spec": spec], templates: templates, start: false) }

  var world: World {
    let values = configMaps
    var world = World(now: now, limits: limits) { _, name, key in values["\(name)/\(key)"].map { .value($0) } ?? .configMapMissing }
    let (caches, labels) = (caches, cacheLabels)
    let descriptors = descriptors
    world.metric = { descriptors[$0] }
    world.cacheEntry = { _, cache, key in
      if let label = labels[cache] { return .notACache(label: label.isEmpty ? nil : label) }
      return caches[cache]?[key].map { .entry($0) } ?? .missing
    }
    world.artifactRepository = { [artifactRepository] _ in artifactRepository }
    return world
  }

  @discardableResult
  func send(_ event: RunEvent) -> [RunEffect] {
    carryOut(state.decide(event, in: world))
  }

  /// Goes on with the finished run; its rows are new.
  @discardableResult
  func retry(_ request: RetryRequest = RetryRequest()) throws -> RetryOutcome {
    let outcome = try state.retry(request, in: world)
    rows = [:]
    pods.removeAll { outcome.removedPods.contains($0.name) }
    running.removeAll { outcome.removedPods.contains($0) }
    stopped.removeAll { outcome.removedPods.contains($0) }
    carryOut(outcome.effects)
    return outcome
  }

  /// The Workflow object as the store has it.
  var object: Resource {
    var metadata: JSONObject = ["name": .string(state.name), "namespace": "default", "uid": .string(state.uid), "generateName": "wf-"]
    metadata["labels"] = .object(JSONObject(state.objectLabels.map { ($0.key, .string($0.value)) }))
    return Resource(.workflow, json: ["metadata": .object(metadata), "spec": state.spec.json])
  }

  /// The run made from this one, begun.
  func begin(_ derived: DerivedRun) -> Driver {
    var workflow = derived.workflow
    workflow.uid = "uid-2"
    if workflow.name.isEmpty { workflow.name = "wf-plain" }
    let next = Driver(workflow, reuse: derived.reuse)
    next.script = script
    next.now = now
    next.send(.submitted)
    return next
  }

  @discardableResult
  private func carryOut(_ effects: [RunEffect]) -> [RunEffect] {
    let changes = state.takeChanges()
    if let changed = changes.run { run = changed }
    for row in changes.nodes { rows[row.index] = row }
    for effect in effects {
      switch effect {
      case .createPod(let pod):
        pods.append((pod.name, pod))
        running.append(pod.name)
        peak = max(peak, running.count)
      case .stopPod(let name, _): stopped.append(name)
      case .setTimer(let id, let at): timers[id] = at
      case .cancelTimer(let id): timers[id] = nil
      case .createTask(let task): tasks[task.name] = task
      case .deleteTask(let name):
        tasks[name] = nil
        deletedTasks.append(name)
      case .createClaim(let claim): claims.append(claim.name)
      case .deleteClaim(let name): deletedClaims.append(name)
      case .emitMetric(let sample):
        #expect(descriptors[sample.name]?.problem(of: sample) == nil)
        descriptors[sample.name] = descriptors[sample.name] ?? sample.descriptor
        samples.append(sample)
      case .saveCacheEntry(let cache, let key, let entry):
        #expect(cacheLabels[cache] == nil, "an alien ConfigMap is written")
        caches[cache, default: [:]][key] = entry
      case .collectArtifacts(let task): artifactTasks.append(task)
      case .finished: finishedCount += 1
      case .requestLocks, .releaseLocks: break
      }
    }
    if checksRestoring { restoreCheck() }
    locks.carryOut(effects)
    return effects
  }

  /// The run restored from the rows committed so far is the run.
  private func restoreCheck() {
    guard let run else { return }
    do {
      let restored = try RunState(restoring: run, nodes: rows.values.sorted { $0.index < $1.index })
      #expect(restored.status() == state.status())
      #expect(restored.row.header == state.row.header)
      #expect(restored.pendingTimers.map(\.id) == state.pendingTimers.map(\.id))
      #expect(restored.pendingTimers.map(\.at) == state.pendingTimers.map(\.at))
      #expect(restored.nodeRows == state.nodeRows)
      #expect(restored.activeTaskNames == state.activeTaskNames)
      if !state.isFinished { #expect(restored.counters == state.counters) }
      #expect(Restored.differences(restored, state).isEmpty)
    } catch {
      Issue.record("the run cannot be restored: \(error)")
    }
  }

  /// Goes on from the rows instead of memory.
  func restart() throws {
    state = try RunState(restoring: try #require(run), nodes: rows.values.sorted { $0.index < $1.index })
  }

  func observation(_ name: String, _ phase: PodObservation.Phase) -> PodObservation {
    var seen = PodObservation(podName: name, phase: phase)
    seen.startedAt = now
    seen.podIP = "127.0.0.1"
    return seen
  }

  func started(_ name: String, isReady: Bool = true) {
    var seen = observation(name, .running)
    seen.isReady = isReady
    send(.podObserved(seen))
  }

  func end(_ name: String, _ ending: Ending) {
    running.removeAll { $0 == name }
    var seen = observation(name, ending.exitCode == 0 && !ending.isInfrastructureError ? .succeeded : .failed)
    seen.containers["main"] = PodObservation.Container(exitCode: ending.exitCode)
    seen.outputs = ending.outputs
    seen.message = ending.message
    seen.isInfrastructureError = ending.isInfrastructureError
    seen.finishedAt = now
    send(.podObserved(seen))
    // Told twice, it is news once.
    #expect(send(.podObserved(seen)).isEmpty)
  }

  /// Lets everything happen: pods end in the order of their creation, each a second after the last; then the next timer fires.
  @discardableResult
  func finish(steps limit: Int = 2000) -> Driver {
    if state.startedAt == nil { send(.submitted) }
    var up: Set<String> = []
    for _ in 0..<limit {
      if state.isFinished { break }
      if let name = running.first(where: { !up.contains($0) }), let pod = pods.last(where: { $0.name == name })?.resource {
        let ending = stopped.contains(name) ? Ending(exitCode: 143, message: "main: Error (exit code 143)") : script(self, pod)
        now = now + TimeSpan(seconds: 1)
        if state.isFinished { break }
        if ending.staysUp {
          up.insert(name)
          started(name, isReady: ending.isReady)
        } else {
          started(name)
          end(name, ending)
        }
      } else if let (id, at) = timers.min(by: { ($0.value, $0.key.name) < ($1.value, $1.key.name) }) {
        now = max(now, at)
        timers[id] = nil
        send(.timerFired(id))
      } else {
        break
      }
    }
    return self
  }

  var nodes: [JSON] { state.status()["nodes"]?.object?.values ?? [] }
  func node(_ name: String) -> JSON? { nodes.first { $0["name"]?.string == name } }
  func phase(_ name: String) -> String? { node(name)?["phase"]?.string }
  func message(_ name: String) -> String { node(name)?["message"]?.string ?? "" }
  func parameter(_ name: String, _ node: String) -> String? {
    self.node(node)?.at("outputs", "parameters")?.array?.first { $0["name"]?.string == name }?["value"]?.string
  }
  /// The pod of a node, as it was created.
  func pod(_ node: String) -> Resource? { pods.last { $0.resource.annotation(ArgoKey.nodeName) == node }?.resource }
  func argument(_ node: String, _ index: Int = 0) -> String? {
    pod(node)?.spec["containers"]?[0]?["args"]?[index]?.string
  }
}

extension Resource {
  var nodeName: String { annotation(ArgoKey.nodeName) ?? "" }
}

extension RunState {
  /// What is derived by counting, for comparing.
  var counters: [String] {
    ["\(activePods) \(workDone)/\(workTotal)"]
      + nodes.map { node in
        let counts = node.counts
        return
          "\(node.name) open \(node.phase.isFulfilled ? 0 : counts.open) pending \(node.phase.isFulfilled ? [] : counts.pending.unordered.sorted())"
          + " hooks \(counts.openHooks) \(counts.pendingHooks.unordered.sorted()) active \(counts.activeChildren) \(counts.activePods)"
          + " failed \(counts.unsuccessful) attempts \(counts.attempts)"
          + (node.phase.isFulfilled ? "" : " dag \(counts.dag.map { "\($0.waiting) \($0.node) \($0.open) \($0.running)" } ?? "")")
      }
  }
}

/// A container template that echoes its parameters.
func echo(_ name: String = "echo", inputs: [String] = [], args: [String] = ["hello"], extra: JSONObject = [:]) -> JSON {
  var template: JSONObject = ["name": .string(name)]
  if !inputs.isEmpty { template["inputs"] = ["parameters": .array(inputs.map { ["name": .string($0)] })] }
  template["container"] = ["image": "alpine", "command": ["echo"], "args": .array(args.map { .string($0) })]
  for (key, value) in extra { template[key] = value }
  return .object(template)
}

func steps(_ groups: [[JSON]], name: String = "main", extra: JSONObject = [:]) -> JSON {
  var template: JSONObject = ["name": .string(name), "steps": .array(groups.map { .array($0) })]
  for (key, value) in extra { template[key] = value }
  return .object(template)
}

func dag(_ tasks: [JSON], name: String = "main", extra: JSONObject = [:]) -> JSON {
  var template: JSONObject = ["name": .string(name), "dag": ["tasks": .array(tasks)]]
  for (key, value) in extra { template[key] = value }
  return .object(template)
}

func call(_ name: String, _ template: String = "echo", _ parameters: [String: String] = [:], extra: JSONObject = [:]) -> JSON {
  var step: JSONObject = ["name": .string(name), "template": .string(template)]
  if !parameters.isEmpty {
    step["arguments"] = [
      "parameters": .array(parameters.sorted { $0.key < $1.key }.map { ["name": .string($0.key), "value": .string($0.value)] })
    ]
  }
  for (key, value) in extra { step[key] = value }
  return .object(step)
}

func workflow(_ templates: JSON..., entrypoint: String = "main", extra: JSONObject = [:]) -> Driver {
  var spec: JSONObject = ["entrypoint": .string(entrypoint), "templates": .array(templates)]
  for (key, value) in extra { spec[key] = value }
  return Driver(spec: .object(spec))
}
