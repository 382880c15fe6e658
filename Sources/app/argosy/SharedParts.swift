import Basics
import Contracts
import JSONValue
import KubeModel
import NodeService
import ResourceDB
import Synchronization
import Validation

/// What a server, whose users are several, gives the services that run workflows; one user's own run has none of it.
struct SharedParts: Sendable {
  var helpers: NodeHelpers
  /// Where pods reach the server.
  var api: NodeSettings.APIAccess?
  /// Namespaces whose `workflow-controller-configmap` counts: who may write elsewhere does not configure the server.
  var configurationNamespaces: Set<String> = ["argo"]
}

/// What validation finds wrong with a stored object before it runs, as Argo's controller validates again.
struct StoredValidation: Sendable {
  let store: ResourceDatabase
  let defaults: JSON?

  /// The first thing that is wrong; nil when nothing is.
  func problem(with object: Resource) -> String? {
    let (store, namespace) = (store, object.namespace)
    let validator = WorkflowValidator(
      .init(
        mode: .run,
        catalog: { name, isClusterScope in
          try? store.get(ResourceKey(isClusterScope ? .clusterWorkflowTemplate : .workflowTemplate, namespace: namespace, name: name))
        }, defaults: defaults, isTimeZone: { SystemTimeZones.named($0) != nil }))
    // What a field means that nobody knows was for the API to say.
    return validator.diagnostics(for: object).first { $0.severity == .error && $0.rule != "unknown-field" }?.message
  }
}

/// Says once of each key of a controller's configuration that nobody reads it.
final class UnknownKeys: Sendable {
  private let told = Mutex<Set<String>>([])

  func report(_ maps: [Resource]) {
    for map in maps {
      for key in ControllerConfiguration(map).unknownKeys {
        guard told.withLock({ $0.insert("\(map.namespace)/\(key)").inserted }) else { continue }
        Diagnostics.report("\(ControllerConfiguration.mapName) in namespace \(map.namespace): \(key) is not supported, it changes nothing")
      }
    }
  }
}
