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

  /// The order in which the containers of a set run where some depend on others: one after the other, each after those that it names. Nil
  /// when none depends on another: they run together.
  static func sequence(ofSet template: JSON) throws(PodFailure) -> [String]? {
    let containers = template.at("containerSet", "containers")?.array ?? []
    var open = containers.compactMap { container -> (name: String, dependencies: [String])? in
      guard let name = container["name"]?.string else { return nil }
      return (name, (container["dependencies"]?.array ?? []).compactMap(\.string))
    }
    guard open.contains(where: { !$0.dependencies.isEmpty }) else { return nil }
    var result: [String] = []
    while !open.isEmpty {
      guard let next = open.firstIndex(where: { $0.dependencies.allSatisfy(result.contains) }) else {
        throw PodFailure("containerSet: the dependencies of container \"\(open[0].name)\" can never be met")
      }
      result.append(open.remove(at: next).name)
    }
    return result
  }
}
