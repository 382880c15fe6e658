internal import Basics
internal import JSONValue
internal import KubeModel

/// What `kubectl get pods` says of a pod (`pkg/printers/internalversion.printPod`).
struct PodCells {
  let now: Instant
  private let pod: Resource
  private var reason = ""
  private var ready = 0
  private var total = 0
  private var restarts: Int64 = 0
  private var lastRestart: Instant?

  init(pod: Resource, now: Instant) {
    self.pod = pod
    self.now = now
    read()
  }

  func cell(_ rule: String) -> JSON {
    switch rule {
    case "pod.ready": return .string("\(ready)/\(total)")
    case "pod.status": return .string(reason)
    case "pod.restarts":
      guard restarts > 0, let lastRestart else { return .string(String(restarts)) }
      return .string("\(restarts) (\(HumanDuration.since(lastRestart, now: now)) ago)")
    case "pod.ip": return pod.status["podIP"] ?? "<none>"
    case "pod.node": return pod.spec["nodeName"] ?? "<none>"
    case "pod.nominatedNode": return pod.status["nominatedNodeName"] ?? "<none>"
    default:
      let gates = (pod.spec["readinessGates"]?.array ?? []).compactMap { $0["conditionType"]?.string }
      guard !gates.isEmpty else { return "<none>" }
      return .string("\(gates.filter { isTrue($0) }.count)/\(gates.count)")
    }
  }

  private func condition(_ type: String) -> JSON? {
    (pod.status["conditions"]?.array ?? []).first { $0["type"]?.string == type }
  }

  private func isTrue(_ condition: String) -> Bool { self.condition(condition)?["status"]?.string == "True" }

  private mutating func read() {
    let phase = pod.status["phase"]?.string ?? ""
    reason = pod.status["reason"]?.string ?? ""
    if reason.isEmpty { reason = phase }
    if let scheduled = condition("PodScheduled"), scheduled["reason"]?.string == "SchedulingGated" { reason = "SchedulingGated" }
    total = pod.spec["containers"]?.array?.count ?? 0
    let restartable = Set(
      (pod.spec["initContainers"]?.array ?? []).filter { $0["restartPolicy"]?.string == "Always" }.compactMap { $0["name"]?.string })
    total += restartable.count
    var restartableRestarts: Int64 = 0
    let isInitializing = readInitContainers(restartable, &restartableRestarts)
    if !isInitializing || isTrue("Initialized") { readContainers(restartableRestarts) }
    if pod.deletionTimestamp != nil {
      if pod.status["reason"]?.string == "NodeLost" {
        reason = "Unknown"
      } else if phase != "Succeeded", phase != "Failed" {
        reason = "Terminating"
      }
    }
  }

  /// Whether an init container holds the pod up.
  private mutating func readInitContainers(_ restartable: Set<String>, _ restartableRestarts: inout Int64) -> Bool {
    let all = pod.spec["initContainers"]?.array ?? []
    for (index, status) in (pod.status["initContainerStatuses"]?.array ?? []).enumerated() {
      count(status)
      let isRestartable = restartable.contains(status["name"]?.string ?? "")
      if isRestartable { restartableRestarts += status["restartCount"]?.int ?? 0 }
      let terminated = status.at("state", "terminated")
      if let terminated, terminated["exitCode"]?.int == 0 { continue }
      if isRestartable, status["started"]?.bool == true {
        if status["ready"]?.bool == true { ready += 1 }
        continue
      }
      let waiting = status.at("state", "waiting", "reason")?.string ?? ""
      if let terminated {
        reason = "Init:" + Self.reason(ofEnd: terminated)
      } else if !waiting.isEmpty, waiting != "PodInitializing" {
        reason = "Init:" + waiting
      } else {
        reason = "Init:\(index)/\(all.count)"
      }
      return true
    }
    return false
  }

  private mutating func readContainers(_ restartableRestarts: Int64) {
    restarts = restartableRestarts
    var hasRunning = false
    for status in (pod.status["containerStatuses"]?.array ?? []).reversed() {
      count(status)
      let waiting = status.at("state", "waiting", "reason")?.string ?? ""
      if !waiting.isEmpty {
        reason = waiting
      } else if let terminated = status.at("state", "terminated") {
        reason = Self.reason(ofEnd: terminated)
      } else if status["ready"]?.bool == true, status.at("state", "running") != nil {
        hasRunning = true
        ready += 1
      }
    }
    if reason == "Completed", hasRunning { reason = isTrue("Ready") ? "Running" : "NotReady" }
  }

  private mutating func count(_ status: JSON) {
    restarts += status["restartCount"]?.int ?? 0
    if let ended = status.at("lastState", "terminated", "finishedAt")?.string.flatMap(Instant.init(rfc3339:)) {
      lastRestart = max(lastRestart ?? ended, ended)
    }
  }

  private static func reason(ofEnd terminated: JSON) -> String {
    if let reason = terminated["reason"]?.string, !reason.isEmpty { return reason }
    if let signal = terminated["signal"]?.int, signal != 0 { return "Signal:\(signal)" }
    return "ExitCode:\(terminated["exitCode"]?.int ?? 0)"
  }
}
