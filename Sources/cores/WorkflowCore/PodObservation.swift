import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel

/// What is known of one pod at a moment.
package struct PodObservation: Sendable, Hashable {
  package enum Phase: String, Sendable, Hashable { case pending, running, succeeded, failed }

  package struct Container: Sendable, Hashable {
    package var exitCode: Int32?
    package var reason: String
    package var message: String
    package var isRunning: Bool
    package init(exitCode: Int32? = nil, reason: String = "", message: String = "", isRunning: Bool = false) {
      self.exitCode = exitCode
      self.reason = reason
      self.message = message
      self.isRunning = isRunning
    }
  }

  package var podName: String
  package var phase: Phase
  /// For a failed pod the node's message (spec section 4.8), for a pending one the reason of waiting, else what its status says.
  package var message: String
  /// By container name, of those that started.
  package var containers: [String: Container]
  /// All containers are ready: what makes a daemon count as up.
  package var isReady: Bool
  package var podIP: String?
  package var hostNodeName: String?
  package var startedAt: Instant?
  package var finishedAt: Instant?
  /// `parameters`, `artifacts`, `result` as reported; null when nothing was.
  package var outputs: JSON
  /// The failure is the engine's or machine's, not the user's: the node becomes Error instead of Failed.
  package var isInfrastructureError: Bool
  /// What the step says of itself; nil: nothing.
  package var progress: NodeProgress?
  /// Of a pod that is over.
  var usage: ResourceUsage?

  package init(podName: String, phase: Phase, message: String = "") {
    self.podName = podName
    self.phase = phase
    self.message = message
    containers = [:]
    isReady = phase == .running
    outputs = .null
    isInfrastructureError = false
  }

  /// The main container's exit code, when it ended.
  package var exitCode: Int32? { containers["main"]?.exitCode }

  /// Reads a Pod and what its executor reported. A failed pod's message and kind of failure follow Argo's controller (spec 4.8).
  package init(pod: Resource, taskResult: Resource?) {
    let status = pod.status
    let phaseText = status["phase"]?.string ?? "Pending"
    let phase: Phase =
      switch phaseText {
      case "Running": .running
      case "Succeeded": .succeeded
      case "Failed": .failed
      default: .pending
      }
    self.init(podName: pod.name, phase: phase)
    podIP = status.text("podIP")
    hostNodeName = pod.spec.text("nodeName") ?? status.text("hostIP")
    startedAt = status.text("startTime").flatMap(Instant.init(rfc3339:))
    let statuses = status.list("containerStatuses")
    let initial = status.list("initContainerStatuses")
    for container in initial + statuses {
      guard let name = container["name"]?.string else { continue }
      var seen = Container()
      if let ended = container.at("state", "terminated") {
        seen.exitCode = ended["exitCode"]?.int.map { Int32(clamping: $0) } ?? 0
        seen.reason = ended["reason"]?.string ?? ""
        seen.message = ended["message"]?.string ?? ""
        if let finished = ended.text("finishedAt").flatMap(Instant.init(rfc3339:)) { finishedAt = max(finishedAt ?? finished, finished) }
        containers[name] = seen
      } else if container.at("state", "running") != nil {
        seen.isRunning = true
        containers[name] = seen
      }
    }
    isReady = phase == .running && statuses.allSatisfy { $0["ready"]?.bool ?? false }
    outputs = taskResult?.json["outputs"] ?? .null
    progress = pod.annotation(ArgoKey.progress).flatMap { NodeProgress($0) }
    if phase == .succeeded || phase == .failed { usage = ResourceUsage(pod: pod) }
    switch phase {
    case .pending: message = Self.pendingReason(status)
    case .failed:
      (message, isInfrastructureError) = Self.failure(pod, initial: initial, statuses: statuses, result: taskResult)
    case .running, .succeeded: message = status.text("message") ?? ""
    }
    // The executor failed although the pod's own containers ended well.
    if phase == .succeeded, let reported = taskResult?.json.text("phase"), reported == "Error" || reported == "Failed" {
      self.phase = .failed
      isInfrastructureError = reported == "Error"
      message = taskResult?.json.text("message") ?? ""
    }
  }

  private static func pendingReason(_ status: JSON) -> String {
    for container in status.list("containerStatuses") {
      guard let waiting = container.at("state", "waiting") else { continue }
      let reason = waiting["reason"]?.string ?? ""
      return waiting.text("message").map { "\(reason): \($0)" } ?? reason
    }
    for condition in status.list("conditions") where condition["reason"]?.string == "Unschedulable" {
      return condition.text("message").map { "Unschedulable: \($0)" } ?? "Unschedulable"
    }
    return ""
  }

  private static func failure(_ pod: Resource, initial: [JSON], statuses: [JSON], result: Resource?) -> (String, isInfrastructure: Bool) {
    if let message = pod.status.text("message") { return (message, false) }
    let mains = mainNames(pod)
    func order(_ name: String) -> Int { mains.contains(name) ? 1 : name == "wait" ? 2 : 3 }
    var ordered = statuses
    ordered.sort { first, second in
      let (left, right) = (first["name"]?.string ?? "", second["name"]?.string ?? "")
      return (order(left), left) < (order(right), right)
    }
    ordered = initial + ordered
    if ordered.isEmpty {
      return result?.json.text("message").map { ($0, true) } ?? (
        "can't find failed message for pod \(pod.name) namespace \(pod.namespace)", false
      )
    }
    for container in ordered {
      let name = container["name"]?.string ?? ""
      if let waiting = container.at("state", "waiting") {
        return (
          "Pod failed before \(name) container starts due to \(waiting["reason"]?.string ?? ""): \(waiting["message"]?.string ?? "")", true
        )
      }
      guard let ended = container.at("state", "terminated"), let code = ended["exitCode"]?.int, code != 0 else { continue }
      var message = "\(ended["reason"]?.string ?? "Error") (exit code \(code))"
      if let said = ended.text("message") { message += ": \(said)" }
      message = "\(name): \(message)"
      if name == "init" || name == "wait" { return (message, true) }
      if mains.contains(name) { return (message, false) }
      if code != 137, code != 143 { return (message, false) }
    }
    // The containers ended well, so the failure is the executor's: outputs that could not be saved.
    if let message = result?.json.text("message") { return (message, result?.json.text("phase") != "Failed") }
    let hasSucceeded = ordered.contains { mains.contains($0["name"]?.string ?? "") && $0.at("state", "terminated", "exitCode")?.int == 0 }
    return ("pod failed: \(hasSucceeded ? "wait" : "main") container did not complete successfully", false)
  }

  /// The containers whose failure is the node's: `main`, or all of a container set.
  private static func mainNames(_ pod: Resource) -> Set<String> {
    if let text = pod.annotation(ArgoKey.template), text.contains("\"containerSet\""), let template = try? JSON.parse(text) {
      let names = template.at("containerSet", "containers")?.array?.compactMap { $0["name"]?.string } ?? []
      if !names.isEmpty { return Set(names) }
    }
    return ["main"]
  }
}
