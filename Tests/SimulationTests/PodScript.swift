import Basics
import JSONValue
import WorkflowCore

/// What a pod will do, known from the seed and its name alone.
struct PodScript {
  enum End { case succeed, fail(Int32), infrastructure, vanish }

  /// Milliseconds from creation to running and from there to the end.
  var startDelay: Int64
  var runTime: Int64
  /// Milliseconds from being asked to stop to the end.
  var stopDelay: Int64
  var end: End
  var tellsPending: Bool
  /// The running state is seen by the watcher.
  var tellsRunning: Bool
  var isDaemon: Bool
  var outputs: JSON

  init(seed: UInt64, pod: String, leaf: TemplateFacts.Leaf?) {
    var random = SeededRandom(stableHash(seed, pod))
    startDelay = Int64(random.below(2000))
    runTime = Int64(random.below(15_000))
    stopDelay = Int64(random.below(2000))
    let roll = random.below(100)
    switch roll {
    case ..<74: end = .succeed
    case ..<88: end = .fail(random.pick([1, 2, 3, 137], or: 1))
    case ..<96: end = .infrastructure
    default: end = .vanish
    }
    tellsPending = random.chance(30)
    isDaemon = leaf?.isDaemon ?? false
    tellsRunning = random.chance(60) || isDaemon
    var members = JSONObject()
    if leaf?.hasParameter == true {
      members["parameters"] = [["name": "p", "value": .string(random.pick(["1", "x", "[1,2]", "{\"k\":1}"], or: ""))]]
    }
    switch leaf?.result ?? .number {
    case .number: members["result"] = .string(String(random.below(100)))
    case .coin: members["result"] = .string(random.chance(50) ? "1" : "0")
    case .list: members["result"] = .string(JSON.array((0..<random.below(4)).map { .int(Int64($0)) }).text())
    case .word: members["result"] = "heads"
    }
    outputs = .object(members)
  }
}

/// A pod of the simulated machine.
struct SimulatedPod {
  let name: String
  let nodeName: String
  let script: PodScript
  let deadline: Int64?
  /// As the API would show it.
  var current: PodObservation
  /// The Pod object is there.
  var exists = true
  var isStopAsked = false
  var isEnded: Bool { !exists || current.phase == .succeeded || current.phase == .failed }

  init(name: String, nodeName: String, script: PodScript, deadline: Int64?) {
    self.name = name
    self.nodeName = nodeName
    self.script = script
    self.deadline = deadline
    current = PodObservation(podName: name, phase: .pending)
  }

  mutating func start(at now: Instant) {
    guard !isEnded, current.phase == .pending else { return }
    current = PodObservation(podName: name, phase: .running)
    current.startedAt = now
    current.podIP = "127.0.0.1"
    current.hostNodeName = "here"
    current.containers = ["main": .init(isRunning: true)]
  }

  /// `wasStopped`: by a signal, instead of as scripted.
  mutating func finish(at now: Instant, wasStopped: Bool) {
    guard !isEnded else { return }
    var last = current
    last.finishedAt = now
    last.startedAt = last.startedAt ?? now
    last.isReady = false
    func fail(_ code: Int32, _ message: String) {
      last.phase = .failed
      last.message = message
      last.containers = ["main": .init(exitCode: code, reason: "Error")]
      last.outputs = ["exitCode": .string(String(code))]
    }
    if wasStopped {
      fail(143, "main: Error (exit code 143)")
    } else {
      switch script.end {
      case .succeed:
        last.phase = .succeeded
        last.containers = ["main": .init(exitCode: 0, reason: "Completed")]
        last.outputs = script.outputs
        last.outputs["exitCode"] = "0"
      case .fail(let code): fail(code, "main: Error (exit code \(code))")
      case .infrastructure:
        last.phase = .failed
        last.isInfrastructureError = true
        last.message = "wait: Error (exit code 64): no space left on device"
        last.containers = [:]
        last.outputs = .null
      case .vanish:
        exists = false
        return
      }
    }
    current = last
  }

  mutating func passDeadline(at now: Instant) {
    guard !isEnded else { return }
    finish(at: now, wasStopped: true)
    current.message = "Pod was active on the node longer than the specified deadline"
  }
}
