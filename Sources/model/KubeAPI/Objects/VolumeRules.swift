internal import Basics
internal import JSONValue
internal import KubeModel

/// Checks of volumes and claims.
enum VolumeRules {
  private static let modes: [JSON] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]
  /// Members of a PersistentVolume's specification that are no sources.
  private static let settings: Set<String> = [
    "accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy", "storageClassName",
    "volumeAttributesClassName", "volumeMode",
  ]

  static func problems(ofVolume volume: Resource) -> [FieldProblem] {
    let spec = volume.spec
    var result = modeProblems(spec["accessModes"], ifEmpty: .required("spec.accessModes"))
    let capacity = spec["capacity"]?.object ?? [:]
    if capacity.isEmpty { result.append(.required("spec.capacity")) }
    if !capacity.isEmpty, capacity["storage"] == nil || capacity.count > 1 {
      result.append(.notSupported("spec.capacity", spec["capacity"] ?? .null, ["storage"]))
    }
    if let size = capacity["storage"]?.string, let quantity = Quantity(size), quantity.nanos <= 0 {
      result.append(.invalid("spec.capacity[storage]", .string(size), "must be greater than zero"))
    }
    let sources = (spec.object ?? [:]).keys.filter { !settings.contains($0) }
    if sources.isEmpty { result.append(.required("spec", "must specify a volume type")) }
    for extra in sources.dropFirst() { result.append(.forbidden("spec.\(extra)", "may not specify more than 1 volume type")) }
    if spec["hostPath"] != nil {
      let path = spec.at("hostPath", "path")?.string ?? ""
      if path.isEmpty { result.append(.required("spec.hostPath.path")) }
      if path.split(separator: "/").contains("..") { result.append(.invalid("spec.hostPath.path", .string(path), "must not contain '..'")) }
    }
    if spec["local"] != nil, spec["nodeAffinity"] == nil {
      result.append(.required("spec.nodeAffinity", "Local volume requires node affinity"))
    }
    return result
  }

  static func problems(ofClaim claim: Resource, old: Resource?) -> [FieldProblem] {
    let spec = claim.spec
    var result = modeProblems(spec["accessModes"], ifEmpty: .required("spec.accessModes", "at least 1 access mode is required"))
    let request = spec.at("resources", "requests", "storage")?.string
    if let request {
      if let quantity = Quantity(request), quantity.nanos <= 0 {
        result.append(.invalid("spec.resources[storage]", .string(request), "must be greater than zero"))
      }
    } else {
      result.append(.required("spec.resources[storage]"))
    }
    guard let old, !changeable(spec, old.spec) else { return result }
    result.append(
      .forbidden(
        "spec",
        "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"))
    return result
  }

  /// Two specifications differ at most in what may change: the size, and what the binder writes.
  private static func changeable(_ new: JSON, _ old: JSON) -> Bool {
    func fixed(_ spec: JSON) -> JSON {
      var result = spec
      for field in ["volumeAttributesClassName", "resources"] { result[field] = nil }
      if old["volumeName"] == nil || old["volumeName"] == "" { result["volumeName"] = nil }
      if old["storageClassName"] == nil { result["storageClassName"] = nil }
      return result
    }
    return fixed(new) == fixed(old)
  }

  private static func modeProblems(_ modes: JSON?, ifEmpty problem: FieldProblem) -> [FieldProblem] {
    let given = modes?.array ?? []
    if given.isEmpty { return [problem] }
    var result = given.filter { !Self.modes.contains($0) }.map { FieldProblem.notSupported("spec.accessModes", $0, Self.modes) }
    if given.contains("ReadWriteOncePod"), given.count > 1 {
      result.append(.forbidden("spec.accessModes", "may not use ReadWriteOncePod with other access modes"))
    }
    return result
  }
}
