import ArgoModel
import Contracts
import JSONValue
import KubeModel
import WorkflowCore

/// Values of parameters that come from ConfigMaps (spec 1.6: the ConfigMap must say that it is for parameters).
struct ConfigMapParameters: Sendable {
  let store: any ResourceStoring

  @Sendable func answer(namespace: String, name: String, key: String) -> World.ConfigMapAnswer {
    guard let map = try? store.get(ResourceKey(.configMap, namespace: namespace, name: name)) else { return .configMapMissing }
    guard map.label(ArgoKey.configMapType) == "Parameter" else { return .notAParameterConfigMap }
    guard let value = map.json.at("data", key)?.string else { return .keyMissing }
    return .value(value)
  }
}
