import Contracts
import JSONValue
import KubeModel

/// Tells what happens to the pods that users make, with a kubelet's reasons and words.
struct PodEvents {
  let pod: Resource
  let recorder: any EventRecording

  private func record(
    _ kind: ObjectEvent.Kind, _ reason: String, _ message: String, container: String? = nil, component: String = "kubelet"
  ) {
    var event = ObjectEvent(kind, reason: reason, message: message, about: pod, component: component)
    if let container {
      let isInitial = pod.spec["initContainers"]?.array?.contains { $0["name"]?.string == container } == true
      event.fieldPath = "spec.\(isInitial ? "initContainers" : "containers"){\(container)}"
    }
    recorder.record(event)
  }

  func begun(on machine: String) {
    record(
      .normal, "Scheduled", "Successfully assigned \(pod.namespace)/\(pod.name) to \(machine)", component: "default-scheduler")
  }

  func held(_ hold: PodHold) {
    switch hold.cause {
    case .unschedulable: record(.warning, "FailedScheduling", hold.message, component: "default-scheduler")
    case .volume: record(.warning, "FailedMount", hold.message)
    case .container: record(.warning, "Failed", "Error: \(hold.message)")
    }
  }

  func killing() {
    for container in pod.spec["containers"]?.array ?? [] {
      let name = container["name"]?.string ?? "main"
      record(.normal, "Killing", "Stopping container \(name)", container: name)
    }
  }

  func ignored(_ message: String) { record(.normal, "Ignored", message) }

  /// What a report tells that the one before did not.
  func changed(from before: PodReport?, to report: PodReport) {
    if let note = report.note, before?.note == nil { ignored(note) }
    for container in report.containers {
      let old = before?.container(container.name)
      if container.startedAt != nil, !container.isRefused, old?.startedAt == nil || old?.restarts != container.restarts {
        record(.normal, "Started", "Started container \(container.name)", container: container.name)
      }
      let refusal = container.isRefused ? container.message : container.previous?.isRefused == true ? container.previous?.message : nil
      if let refusal, old?.isRefused != true, old?.restarts != container.restarts || old?.previous == nil {
        record(.warning, "Failed", "Error: \(refusal)", container: container.name)
      }
      if container.waits != nil, old?.waits == nil {
        record(
          .warning, "BackOff", "Back-off restarting failed container \(container.name) in pod \(pod.name)_\(pod.namespace)(\(pod.uid))",
          container: container.name)
      }
      if old?.isReady == true, container.isReady == false {
        record(.warning, "Unhealthy", "Readiness probe failed", container: container.name)
      }
    }
  }
}
