import Basics
import Contracts
import JSONValue
import KubeModel

/// The status of a pod that a user made, as a kubelet writes it (kubelet's `generateAPIPodStatus`, `getPhase` and `status.Generate…Condition`).
struct UserPodStatus {
  let pod: Resource
  let settings: NodeSettings
  /// The conditions that are written, whose times stay while they do not change.
  let conditions: [JSON]
  let startedAt: Instant
  let now: Instant

  private var mains: [JSON] { pod.spec["containers"]?.array ?? [] }
  private var initials: [JSON] { pod.spec["initContainers"]?.array ?? [] }
  private static func isSidecar(_ container: JSON) -> Bool { container["restartPolicy"]?.string == "Always" }

  // MARK: Before anything runs

  /// The pod waits for what it needs on this machine. `reason`: that of its containers.
  func waiting(reason: String = "ContainerCreating", message: String? = nil) -> JSON {
    status(phase: "Pending", report: nil, waiting: (reason, message))
  }

  /// There is no machine for the pod yet.
  func unschedulable(_ message: String) -> JSON {
    [
      "phase": "Pending", "qosClass": .string(pod.qosClass),
      "conditions": .array([condition("PodScheduled", false, reason: "Unschedulable", message: message)]),
    ]
  }

  // MARK: From reports

  func reported(_ report: PodReport) -> JSON {
    if let failure = report.failure { return failed(reason: "Failed", failure, report: report) }
    var result = status(phase: phase(report), report: report, waiting: nil)
    if report.isPastDeadline {
      result["reason"] = "DeadlineExceeded"
      result["message"] = "Pod was active on the node longer than the specified deadline"
    }
    return result
  }

  /// The pod cannot run, now or ever.
  func failed(reason: String, _ message: String, report: PodReport? = nil) -> JSON {
    var result = status(phase: "Failed", report: report, waiting: ("ContainerCreating", nil))
    result["reason"] = .string(reason)
    result["message"] = .string(message)
    return result
  }

  private func phase(_ report: PodReport) -> String {
    let policy = pod.restartPolicy
    var isInitialized = true
    for container in initials {
      let state = report.container(container["name"]?.string ?? "")
      let isSidecar = Self.isSidecar(container)
      let isDone = isSidecar ? state?.startedAt != nil || state?.restarts ?? 0 > 0 : state?.exitCode == 0
      if !isSidecar, policy == .never || report.isFinished, let code = state?.exitCode, code != 0 { return "Failed" }
      if !isDone { isInitialized = false }
    }
    let states = mains.map { report.container($0["name"]?.string ?? "main") }
    let hasBegun = states.contains { $0?.startedAt != nil || $0?.exitCode != nil || $0?.previous != nil }
    if report.isFinished {
      return !report.isPastDeadline && states.allSatisfy { $0?.exitCode == 0 } ? "Succeeded" : "Failed"
    }
    if !isInitialized, !hasBegun { return "Pending" }
    if states.contains(where: { $0?.startedAt == nil && $0?.previous == nil && $0?.exitCode == nil }) { return "Pending" }
    return "Running"
  }

  // MARK: Parts

  private func status(phase: String, report: PodReport?, waiting: (reason: String, message: String?)?) -> JSON {
    let address = JSON.string(settings.hostAddress)
    var result: JSONObject = [
      // Members that an earlier status may have had.
      "phase": .string(phase), "reason": .null, "message": .null, "hostIP": address, "hostIPs": [["ip": address]],
      "podIP": address, "podIPs": [["ip": address]], "startTime": .string(startedAt.rfc3339),
      "qosClass": .string(pod.qosClass),
    ]
    let isBegun = initials.allSatisfy { isInitialized($0, report) }
    let initialStatuses = initials.map { entry($0, report, isInitial: true, waiting: waiting ?? ("PodInitializing", nil)) }
    let isCreating: (reason: String, message: String?) = ("ContainerCreating", nil)
    let isInitializing: (reason: String, message: String?) = ("PodInitializing", nil)
    let mainWaiting: (reason: String, message: String?)
    if initials.isEmpty { mainWaiting = waiting ?? isCreating } else { mainWaiting = isBegun ? isCreating : isInitializing }
    let statuses = mains.map { entry($0, report, isInitial: false, waiting: mainWaiting) }
    if !initials.isEmpty { result["initContainerStatuses"] = .array(initialStatuses) }
    result["containerStatuses"] = .array(statuses)
    let sidecars = zip(initials, initialStatuses).filter { Self.isSidecar($0.0) }.map(\.1)
    result["conditions"] = .array(
      conditions(phase, isCreated: report != nil, uninitialized: initials.filter { !isInitialized($0, report) }, statuses + sidecars))
    return .object(result)
  }

  private func isInitialized(_ container: JSON, _ report: PodReport?) -> Bool {
    guard let state = report?.container(container["name"]?.string ?? "") else { return false }
    guard Self.isSidecar(container) else { return state.exitCode == 0 }
    return (state.startedAt != nil && state.hasPassedStartup != false) || state.restarts > 0 || report?.isFinished == true
  }

  private func conditions(_ phase: String, isCreated: Bool, uninitialized: [JSON], _ statuses: [JSON]) -> [JSON] {
    func names(_ all: [JSON]) -> String { "[" + all.map { $0["name"]?.string ?? "" }.joined(separator: " ") + "]" }
    let isOver = phase == "Succeeded"
    let unready = statuses.filter { $0["ready"]?.bool != true }
    let isReady = unready.isEmpty && phase == "Running"
    let unreadyReason: (String?, String?) =
      isOver
      ? ("PodCompleted", nil)
      : phase == "Failed" ? ("PodFailed", nil) : ("ContainersNotReady", "containers with unready status: \(names(unready))")
    let initialized: JSON =
      isOver
      ? condition("Initialized", true, reason: "PodCompleted")
      : uninitialized.isEmpty
        ? condition("Initialized", true)
        : condition(
          "Initialized", false, reason: "ContainersNotInitialized", message: "containers with incomplete status: \(names(uninitialized))")
    let ready = isReady ? (nil, nil) : unreadyReason
    return [
      condition("PodReadyToStartContainers", isCreated && phase != "Succeeded" && phase != "Failed"), initialized,
      condition("Ready", isReady, reason: ready.0, message: ready.1),
      condition("ContainersReady", isReady, reason: ready.0, message: ready.1),
      condition("PodScheduled", true),
    ]
  }

  private func condition(_ type: String, _ isTrue: Bool, reason: String? = nil, message: String? = nil) -> JSON {
    let value = isTrue ? "True" : "False"
    let before = conditions.first { $0["type"]?.string == type && $0["status"]?.string == value }
    var result: JSONObject = [
      "type": .string(type), "status": .string(value), "lastProbeTime": .null,
      "lastTransitionTime": before?["lastTransitionTime"] ?? .string(now.rfc3339),
    ]
    if let reason { result["reason"] = .string(reason) }
    if let message { result["message"] = .string(message) }
    return .object(result)
  }

  private func entry(
    _ container: JSON, _ report: PodReport?, isInitial: Bool, waiting: (reason: String, message: String?)
  ) -> JSON {
    let name = container["name"]?.string ?? "main"
    let image = container["image"] ?? ""
    let told = report?.container(name)
    var result: JSONObject = ["name": .string(name), "image": image, "imageID": .string("")]
    result["restartCount"] = .int(Int64(told?.restarts ?? 0))
    var previous = told?.previous
    var state: JSONObject = [:]
    if let waits = told?.waits {
      state["waiting"] = ["reason": "CrashLoopBackOff", "message": .string(waits)]
    } else if let ending = told?.ending {
      state["terminated"] = terminated(ending, name, told)
    } else if let time = told?.startedAt {
      state["running"] = ["startedAt": .string(Instant(milliseconds: time).rfc3339)]
    } else if let ending = previous {
      // It is being run again.
      state["terminated"] = terminated(ending, name, told)
      previous = nil
    } else {
      var waits: JSONObject = ["reason": .string(waiting.reason)]
      if let message = waiting.message { waits["message"] = .string(message) }
      state["waiting"] = .object(waits)
    }
    result["state"] = .object(state)
    result["lastState"] = previous.map { ["terminated": terminated($0, name, told, isPrevious: true)] } ?? [:]
    let isRunning = state["running"] != nil
    let isStarted = isRunning && told?.hasPassedStartup != false
    if isInitial, !Self.isSidecar(container) {
      result["ready"] = .bool(told?.exitCode == 0)
      result["started"] = .bool(isRunning)
    } else {
      result["ready"] = .bool(isStarted && told?.isReady != false)
      result["started"] = .bool(isStarted)
    }
    if told?.startedAt != nil || told?.previous != nil {
      result["containerID"] = .string(containerID(name, told?.restarts ?? 0))
      // Nothing was pulled: what ran is this machine's.
      result["imageID"] = image
    }
    return .object(result)
  }

  private func containerID(_ name: String, _ restarts: Int) -> String { "argosy://\(pod.uid)/\(name)/\(restarts)" }

  private func terminated(_ ending: PodReport.Container.Ending, _ name: String, _ told: PodReport.Container?, isPrevious: Bool = false)
    -> JSON
  {
    var result: JSONObject = ["exitCode": .int(Int64(ending.exitCode))]
    var message = ending.message
    if message == "OOMKilled" {
      result["reason"] = "OOMKilled"
      message = nil
    } else if ending.isRefused {
      result["reason"] = "StartError"
    } else {
      result["reason"] = ending.exitCode == 0 ? "Completed" : "Error"
    }
    if message == "DeadlineExceeded" { message = nil }
    if let message { result["message"] = .string(message) }
    if let signal = ending.signal { result["signal"] = .int(Int64(signal)) }
    if let time = ending.startedAt { result["startedAt"] = .string(Instant(milliseconds: time).rfc3339) }
    if let time = ending.finishedAt { result["finishedAt"] = .string(Instant(milliseconds: time).rfc3339) }
    result["containerID"] = .string(containerID(name, max(0, (told?.restarts ?? 0) - (isPrevious ? 1 : 0))))
    return .object(result)
  }
}

extension Resource {
  /// The pod is nobody's step: a user made it, and Kubernetes' rules hold for it.
  var isUserPod: Bool { annotation("workflows.argoproj.io/template") == nil && !isAgent }

  /// Kubernetes' default is Always.
  var restartPolicy: PodPlan.RestartPolicy {
    spec["restartPolicy"]?.string.flatMap { PodPlan.RestartPolicy(rawValue: $0) } ?? .always
  }
}
