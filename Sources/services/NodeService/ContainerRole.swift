import Contracts
import JSONValue
import KubeModel

/// A container's name and role, as the status view needs them.
struct ContainerRole: Sendable, Hashable {
  var name: String
  var role: PodPlan.Container.Role
  var image = ""

  /// The containers of a pod. Its mains are all containers of a container set or of a pod that a user made, else the one named `main`, else the
  /// first.
  static func roles(of pod: Resource, template: JSON) -> [ContainerRole] {
    let containers = pod.spec["containers"]?.array ?? []
    let names = containers.map { $0["name"]?.string ?? "main" }
    func role(_ container: JSON, _ name: String, _ role: PodPlan.Container.Role) -> ContainerRole {
      ContainerRole(name: name, role: role, image: container["image"]?.string ?? "")
    }
    let set = template.at("containerSet", "containers")?.array?.compactMap { $0["name"]?.string } ?? []
    let mains = pod.isUserPod ? names : set.isEmpty ? [names.contains("main") ? "main" : names.first ?? "main"] : set
    return (pod.spec["initContainers"]?.array ?? []).map { role($0, $0["name"]?.string ?? "", .initial) }
      + zip(containers, names).map { role($0, $1, mains.contains($1) ? .main : .sidecar) }
  }
}
