import Basics
import JSONValue
import KubeModel

/// Which PersistentVolume suits a claim (Kubernetes' `pkg/controller/volume/persistentvolume.findMatchingVolume`).
enum VolumeMatching {
  static let defaultClass = "storageclass.kubernetes.io/is-default-class"
  static let legacyClass = "volume.beta.kubernetes.io/storage-class"

  /// The class of a claim or a volume; nil for a claim that leaves it to the default.
  static func className(_ object: Resource) -> String? {
    object.annotation(legacyClass) ?? object.spec["storageClassName"]?.string
  }

  /// Whether a volume is promised to a claim, by name and, where it was bound already, by uid.
  static func isPromised(_ volume: Resource, to claim: Resource) -> Bool {
    guard let reference = volume.spec["claimRef"], reference["name"]?.string == claim.name,
      reference["namespace"]?.string == claim.namespace
    else { return false }
    let uid = reference["uid"]?.string ?? ""
    return uid.isEmpty || uid == claim.uid
  }

  /// The volume for a claim that names none: one that is promised to it, else the smallest free one that has what it asks for.
  static func best(for claim: Resource, among volumes: [Resource]) -> Resource? {
    if let promised = volumes.first(where: { isPromised($0, to: claim) && $0.deletionTimestamp == nil }) { return promised }
    let selector = claim.spec["selector"].map { LabelSelector(json: $0) }
    let suitable = volumes.filter { volume in
      guard volume.spec["claimRef"] == nil, volume.deletionTimestamp == nil, isFree(volume) else { return false }
      guard (className(volume) ?? "") == (className(claim) ?? "") else { return false }
      if let selector, !selector.matches(volume.labels) { return false }
      return problem(with: volume, for: claim) == nil
    }
    return suitable.min { (capacity($0), $0.name) < (capacity($1), $1.name) }
  }

  private static func isFree(_ volume: Resource) -> Bool {
    let phase = volume.status["phase"]?.string ?? "Available"
    return phase == "Available" || phase == "Pending"
  }

  /// Why a volume cannot serve a claim that names it; nil when it can.
  static func problem(with volume: Resource, for claim: Resource) -> String? {
    if capacity(volume) < request(claim) { return "requested PV is too small" }
    let mode = volume.spec["volumeMode"]?.string ?? "Filesystem"
    if mode != claim.spec["volumeMode"]?.string ?? "Filesystem" { return "incompatible volumeMode" }
    let offered = modes(volume)
    if !modes(claim).allSatisfy({ offered.contains($0) }) { return "incompatible accessMode" }
    return nil
  }

  static func modes(_ object: Resource) -> [String] { (object.spec["accessModes"]?.array ?? []).compactMap(\.string) }
  static func capacity(_ volume: Resource) -> Int64 { quantity(volume.spec.at("capacity", "storage")) }
  static func request(_ claim: Resource) -> Int64 { quantity(claim.spec.at("resources", "requests", "storage")) }
  private static func quantity(_ json: JSON?) -> Int64 {
    json?.string.flatMap(Quantity.init)?.value ?? json?.int ?? 0
  }

  /// The directory or file of this machine that a volume is; nil for one that lies elsewhere.
  static func path(of volume: Resource) -> String? {
    volume.spec.at("local", "path")?.string ?? volume.spec.at("hostPath", "path")?.string
  }

  /// The word for what a volume is: `hostPath`, `nfs`, `csi`.
  static func form(of volume: Resource) -> String {
    let general: Set<String> = [
      "capacity", "accessModes", "persistentVolumeReclaimPolicy", "storageClassName", "volumeMode", "claimRef", "nodeAffinity",
      "mountOptions", "volumeAttributesClassName",
    ]
    return (volume.spec.object ?? [:]).keys.first { !general.contains($0) } ?? "unknown"
  }
}
