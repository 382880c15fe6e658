import Contracts
import JSONValue
import KubeModel

/// Which container of a pod a request is about, in the words of Kubernetes' API server and kubelet.
struct ContainerChoice {
  let pod: Resource

  /// The container's name. Throws `badRequest` where the name is unknown, or missing and several could be meant.
  func resolve(_ wanted: String) throws(KubeStatus) -> String {
    let mains = names("containers")
    if !wanted.isEmpty {
      guard mains.contains(wanted) || names("initContainers").contains(wanted) else {
        throw KubeStatus(.badRequest, "container \(wanted) is not valid for pod \(pod.name)")
      }
      return wanted
    }
    if let name = pod.annotation("kubectl.kubernetes.io/default-container"), mains.contains(name) { return name }
    if mains.count == 1 { return mains[0] }
    var message = "a container name must be specified for pod \(pod.name)"
    if !mains.isEmpty { message += ", choose one of: [\(mains.joined(separator: " "))]" }
    let initials = names("initContainers")
    if !initials.isEmpty { message += " or one of the init containers: [\(initials.joined(separator: " "))]" }
    throw KubeStatus(.badRequest, message)
  }

  private func names(_ member: String) -> [String] { (pod.spec[member]?.array ?? []).map { $0["name"]?.string ?? "main" } }

  /// What a container waits for, as its status says it.
  func waitingReason(_ name: String) -> String {
    for member in ["containerStatuses", "initContainerStatuses"] {
      for status in pod.status[member]?.array ?? [] where status["name"]?.string == name {
        if let reason = status.at("state", "waiting", "reason")?.string { return reason }
      }
    }
    let isMain = names("containers").contains(name)
    return isMain && pod.spec["initContainers"] != nil ? "PodInitializing" : "ContainerCreating"
  }

  /// The refusal for a container that has not begun.
  func waiting(_ name: String) -> KubeStatus {
    KubeStatus(.badRequest, "container \"\(name)\" in pod \"\(pod.name)\" is waiting to start: \(waitingReason(name))")
  }
}
