package import JSONValue

/// What Argo's `podSpecPatch` must be, once it is read: a strategic merge patch of a pod's specification.
package enum PodSpecPatch {
  /// Why the patch does not fit into a pod's specification at all, in the words of Go's decoder; nil when it does.
  package static func problem(of patch: JSON) -> String? {
    guard let object = patch.object else { return "json: cannot unmarshal \(patch.typeName) into Go value of type v1.PodSpec" }
    for field in ["containers", "initContainers", "volumes", "tolerations", "imagePullSecrets", "hostAliases"] {
      guard let value = object[field], !value.isNull else { continue }
      guard let elements = value.array, elements.allSatisfy({ $0.object != nil }) else {
        return "json: cannot unmarshal \(value.typeName) into Go struct field PodSpec.\(field)"
      }
    }
    for field in ["activeDeadlineSeconds", "terminationGracePeriodSeconds"] {
      guard let value = object[field], !value.isNull, value.int == nil else { continue }
      return "json: cannot unmarshal \(value.typeName) into Go struct field PodSpec.\(field) of type int64"
    }
    return nil
  }
}
