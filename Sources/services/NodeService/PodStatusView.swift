import Basics
import Contracts
import JSONValue
import KubeModel

/// A pod's `status` as a kubelet would write it.
enum PodStatusView {
  /// Before the end: Pending while init containers run, then Running. `isReady`: the readiness probe of the main container has passed, or
  /// there is none.
  static func running(_ report: PodReport, roles: [ContainerRole], isReady: Bool) -> JSON {
    let hasStarted = report.containers.contains { container in
      container.startedAt != nil && roles.contains { $0.name == container.name && $0.role != .initial }
    }
    return status(phase: hasStarted ? "Running" : "Pending", report: report, roles: roles, extra: [:], isReady: isReady)
  }

  /// When the pod is over. `waitFailure`: what went wrong in keeping its outputs, told as Argo's wait container would.
  static func finished(_ report: PodReport, roles: [ContainerRole], waitFailure: String?) -> JSON {
    if let failure = report.failure { return failed(before: failure) }
    var extra: JSONObject = [:]
    if report.isPastDeadline {
      extra["reason"] = "DeadlineExceeded"
      extra["message"] = "Pod was active on the node longer than the specified deadline"
    }
    let endedWell = roles.allSatisfy { role in
      role.role == .sidecar || report.containers.contains { $0.name == role.name && $0.exitCode == 0 }
    }
    let succeeded = endedWell && waitFailure == nil && !report.isPastDeadline
    var result = status(phase: succeeded ? "Succeeded" : "Failed", report: report, roles: roles, extra: extra, isReady: false)
    if let waitFailure {
      var statuses = result["containerStatuses"]?.array ?? []
      statuses.append(terminated(name: "wait", code: 1, message: waitFailure))
      result["containerStatuses"] = .array(statuses)
    }
    return result
  }

  /// When the pod could not be started: told as Argo's init container would.
  static func failed(before message: String) -> JSON {
    ["phase": "Failed", "initContainerStatuses": [terminated(name: "init", code: 1, message: message)]]
  }

  private static func terminated(name: String, code: Int64, message: String) -> JSON {
    [
      "name": .string(name), "image": "", "imageID": "", "ready": false, "restartCount": 0,
      "state": ["terminated": ["exitCode": .int(code), "reason": "Error", "message": .string(message)]],
    ]
  }

  private static func status(phase: String, report: PodReport, roles: [ContainerRole], extra: JSONObject, isReady: Bool) -> JSON {
    var result: JSONObject = ["phase": .string(phase), "podIP": "127.0.0.1", "hostIP": "127.0.0.1"]
    if let note = report.note { result["message"] = .string(note) }
    for member in extra { result[member.key] = member.value }
    var initial: [JSON] = []
    var others: [JSON] = []
    for container in report.containers {
      let role = roles.first { $0.name == container.name }
      let state = entry(container, image: role?.image ?? "", isReady: isReady)
      if role?.role == .initial { initial.append(state) } else { others.append(state) }
    }
    if let start = report.containers.compactMap(\.startedAt).min() {
      result["startTime"] = .string(Instant(milliseconds: start).rfc3339)
    }
    // By name, as a kubelet lists them: of several that failed the first counts.
    others.sort { ($0["name"]?.string ?? "") < ($1["name"]?.string ?? "") }
    if !initial.isEmpty { result["initContainerStatuses"] = .array(initial) }
    result["containerStatuses"] = .array(others)
    result["conditions"] = [["type": "Ready", "status": phase == "Running" && isReady ? "True" : "False"]]
    return .object(result)
  }

  private static func entry(_ container: PodReport.Container, image: String, isReady: Bool) -> JSON {
    var state: JSONObject = [:]
    if let code = container.exitCode {
      var terminated: JSONObject = ["exitCode": .int(Int64(code)), "reason": code == 0 ? "Completed" : "Error"]
      if let signal = container.signal { terminated["signal"] = .int(Int64(signal)) }
      if let message = container.message {
        terminated["message"] = .string(message)
        // A reason of Kubernetes', which goes without a message of its own.
        if message == "OOMKilled" {
          terminated["reason"] = "OOMKilled"
          terminated["message"] = nil
        }
      }
      if let time = container.startedAt { terminated["startedAt"] = .string(Instant(milliseconds: time).rfc3339) }
      if let time = container.finishedAt { terminated["finishedAt"] = .string(Instant(milliseconds: time).rfc3339) }
      state["terminated"] = .object(terminated)
    } else if let time = container.startedAt {
      state["running"] = ["startedAt": .string(Instant(milliseconds: time).rfc3339)]
    } else {
      state["waiting"] = ["reason": "PodInitializing"]
    }
    let isRunning = container.exitCode == nil && container.startedAt != nil
    return [
      "name": .string(container.name), "image": .string(image), "imageID": "",
      "ready": .bool(isRunning && isReady && container.isReady != false),
      "restartCount": 0,
      "state": .object(state),
    ]
  }
}
