import Contracts
import JSONValue
import KubeModel

/// A container's name and role, as the status view needs them.
struct ContainerRole: Sendable, Hashable {
  var name: String
  var role: PodPlan.Container.Role

  /// The containers of a pod. Its mains are all containers of a container set, else the one named `main`, else the first.
  static func roles(of pod: Resource, template: JSON) -> [ContainerRole] {
    let containers = pod.spec["containers"]?.array ?? []
    let names = containers.map { $0["name"]?.string ?? "main" }
    let set = template.at("containerSet", "containers")?.array?.compactMap { $0["name"]?.string } ?? []
    let mains = set.isEmpty ? [names.contains("main") ? "main" : names.first ?? "main"] : set
    return (pod.spec["initContainers"]?.array ?? []).map { ContainerRole(name: $0["name"]?.string ?? "", role: .initial) }
      + names.map { ContainerRole(name: $0, role: mains.contains($0) ? .main : .sidecar) }
  }
}
