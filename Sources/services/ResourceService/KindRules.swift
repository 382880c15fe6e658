import Basics
import Contracts
import JSONValue
import KubeAPI
import KubeModel

/// What single kinds do beside what all do (the strategies of Kubernetes' registries).
enum KindRules {
  /// Kinds that a `PUT` may create (`AllowCreateOnUpdate`).
  static func createsOnUpdate(_ kind: ResourceKind) -> Bool {
    switch (kind.group, kind.plural) {
    case ("", "events"), ("events.k8s.io", "events"), ("", "endpoints"), ("", "services"), ("", "limitranges"),
      ("coordination.k8s.io", "leases"), ("rbac.authorization.k8s.io", _):
      true
    default: false
    }
  }

  /// Kinds that a `PUT` without resourceVersion may overwrite (`AllowUnconditionalUpdate`).
  static func allowsUnconditionalUpdate(_ kind: APIKind) -> Bool {
    if kind.isCustom { return false }
    switch (kind.kind.group, kind.kind.plural) {
    case ("coordination.k8s.io", "leases"), ("apiextensions.k8s.io", _), ("discovery.k8s.io", _), ("storage.k8s.io", "csinodes"):
      return false
    default: return true
    }
  }

  /// Completes a new object as its kind's registry does.
  static func prepareForCreate(_ resource: inout Resource, _ kind: ServedKind) {
    switch resource.kind {
    case .pod:
      resource.json["status"] = ["phase": "Pending", "qosClass": .string(resource.qosClass)]
    case .namespace:
      var finalizers = (resource.json.at("spec", "finalizers")?.array ?? [])
      if !finalizers.contains(.string(Resource.namespaceFinalizer)) { finalizers.append(.string(Resource.namespaceFinalizer)) }
      resource.spec["finalizers"] = .array(finalizers)
      resource.json["status"] = ["phase": "Active"]
    case .persistentVolume, .persistentVolumeClaim:
      resource.json["status"] = ["phase": "Pending"]
    default:
      if kind.hasStatus { resource.json["status"] = nil }
    }
  }

  /// How long a pod may go on after its deletion, in seconds; nil for other kinds (`pod.podStrategy.CheckGracefulDelete`).
  static func gracePeriod(of resource: Resource, asked: Int64?) -> Int64? {
    guard resource.kind == .pod else { return nil }
    var period = asked ?? resource.spec["terminationGracePeriodSeconds"]?.int ?? 30
    let phase = resource.status["phase"]?.string
    // Nothing runs, or nothing any longer.
    if phase == "Failed" || phase == "Succeeded" { period = 0 }
    if period < 0 { period = 1 }
    return period
  }
}
