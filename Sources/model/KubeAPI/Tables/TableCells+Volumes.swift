internal import JSONValue
internal import KubeModel

extension TableCells {
  func volumeCell(_ rule: String) -> JSON {
    let spec = resource.spec
    switch rule {
    case "volume.status": return .string(resource.deletionTimestamp == nil ? resource.status["phase"]?.string ?? "" : "Terminating")
    case "volume.storageClass":
      return .string(
        resource.annotation("volume.beta.kubernetes.io/storage-class") ?? spec["storageClassName"]?.string ?? "")
    case "volume.attributesClass": return spec["volumeAttributesClassName"] ?? "<unset>"
    case "volume.mode": return spec["volumeMode"] ?? "<unset>"
    case "volume.accessModes": return Self.accessModes(spec["accessModes"])
    case "pv.capacity": return spec.at("capacity", "storage") ?? ""
    case "pv.reclaimPolicy": return spec["persistentVolumeReclaimPolicy"] ?? "Retain"
    case "pv.claim":
      guard let claim = spec["claimRef"] else { return "" }
      return .string("\(claim["namespace"]?.string ?? "")/\(claim["name"]?.string ?? "")")
    case "pv.reason": return resource.status["reason"] ?? ""
    case "pvc.volume": return spec["volumeName"] ?? ""
    case "pvc.capacity": return isBound ? resource.status.at("capacity", "storage") ?? "" : ""
    case "pvc.accessModes": return isBound ? Self.accessModes(resource.status["accessModes"]) : ""
    case "storageClass.provisioner": return resource.json["provisioner"] ?? ""
    case "storageClass.reclaimPolicy": return resource.json["reclaimPolicy"] ?? "Delete"
    case "storageClass.bindingMode": return resource.json["volumeBindingMode"] ?? "<unset>"
    default: return resource.json["allowVolumeExpansion"] ?? false
    }
  }

  private var isBound: Bool { !(resource.spec["volumeName"]?.string ?? "").isEmpty }

  /// The modes in Kubernetes' order and short form: `RWO,ROX`.
  private static func accessModes(_ modes: JSON?) -> JSON {
    let given = Set((modes?.array ?? []).compactMap(\.string))
    let short = [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")]
    return .string(short.filter { given.contains($0.0) }.map(\.1).joined(separator: ","))
  }
}
