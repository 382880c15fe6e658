import Basics
import Contracts
import JSONValue
import KubeModel

/// The life of claims and volumes after they are made: phases, binding, protection while pods use them, and what becomes of a volume whose claim is
/// gone (Kubernetes' `persistentvolume` and protection controllers).
struct VolumeController: Controller {
  let binder: VolumeBinder
  private var store: any ResourceStoring { binder.store }

  init(binder: VolumeBinder) { self.binder = binder }

  var name: String { "persistentvolume" }
  /// How soon it is looked again whether pods have ended.
  private static let pause = TimeSpan(milliseconds: 500)

  func watches(_ kind: ResourceKind) -> Bool {
    kind == .persistentVolumeClaim || kind == .persistentVolume || kind == .storageClass || kind == .pod
  }

  func concerned(by event: WatchEvent) -> [WorkItem] {
    let object = event.resource
    guard object.kind == .pod else { return event.change == .deleted && object.kind == .storageClass ? [] : [WorkItem(object.key)] }
    guard event.change == .deleted || object.hasEnded else { return [] }
    return object.claimKeys.map { WorkItem($0) }
  }

  func initial() throws(KubeStatus) -> [WorkItem] {
    let volumes = try store.list(.persistentVolume, namespace: nil, labels: .everything)
    let claims = try store.list(.persistentVolumeClaim, namespace: nil, labels: .everything)
    return (volumes + claims).map { WorkItem($0.key) }
  }

  func reconcile(_ item: WorkItem, at now: Instant) throws(KubeStatus) -> Instant? {
    switch item.key.kind {
    case .persistentVolumeClaim: return try look(atClaim: item.key, now)
    case .persistentVolume: return try look(atVolume: item.key, now)
    default:
      try bindPending()
      return nil
    }
  }

  // MARK: Claims

  private func look(atClaim key: ResourceKey, _ now: Instant) throws(KubeStatus) -> Instant? {
    guard let claim = try store.get(key) else {
      var again: Instant?
      for volume in try store.list(.persistentVolume, namespace: nil, labels: .everything) {
        let reference = volume.spec["claimRef"]
        guard reference?["name"]?.string == key.name, reference?["namespace"]?.string == key.namespace else { continue }
        again = try look(atVolume: volume.key, now) ?? again
      }
      return again
    }
    guard claim.deletionTimestamp != nil else {
      if claim.status["phase"]?.string != "Bound" || claim.annotation(BoundPair.completed) == nil {
        _ = try binder.bind(key, isWanted: false)
      } else {
        try expand(claim)
      }
      return nil
    }
    guard claim.finalizers.contains(VolumeBinder.claimProtection) else { return nil }
    if try isUsed(key) { return nil }
    if let removal = claim.removal(ofFinalizer: VolumeBinder.claimProtection) { try store.commit([removal]) }
    return nil
  }

  /// A claim that asks for more than it has gets it: a directory has the room of its disk.
  private func expand(_ claim: Resource) throws(KubeStatus) {
    guard let name = claim.spec["volumeName"]?.string,
      var volume = try store.get(ResourceKey(.persistentVolume, namespace: "", name: name)), VolumeMatching.isPromised(volume, to: claim),
      volume.annotation(VolumeBinder.provisionedBy) == VolumeBinder.provisioner,
      VolumeMatching.request(claim) > VolumeMatching.capacity(volume)
    else { return }
    var spec = volume.spec
    spec["capacity"] = ["storage": claim.spec.at("resources", "requests", "storage") ?? .null]
    volume.spec = spec
    let pair = BoundPair(claim, volume)
    try store.commit([.update(pair.volume), .update(pair.claim)])
  }

  private func isUsed(_ claim: ResourceKey) throws(KubeStatus) -> Bool {
    try store.list(.pod, namespace: claim.namespace, labels: .everything).contains { !$0.hasEnded && $0.claimKeys.contains(claim) }
  }

  /// A volume or a class is new: claims may have waited for it.
  private func bindPending() throws(KubeStatus) {
    for claim in try store.list(.persistentVolumeClaim, namespace: nil, labels: .everything)
    where claim.deletionTimestamp == nil && (claim.status["phase"]?.string ?? "Pending") == "Pending" {
      _ = try binder.bind(claim.key, isWanted: false)
    }
  }

  // MARK: Volumes

  private func look(atVolume key: ResourceKey, _ now: Instant) throws(KubeStatus) -> Instant? {
    guard let volume = try store.get(key) else {
      try loseClaims(of: key.name)
      return nil
    }
    let claim = try claim(of: volume)
    let phase = volume.status["phase"]?.string
    let isBound = claim.map { $0.spec["volumeName"]?.string == volume.name && VolumeMatching.isPromised(volume, to: $0) } ?? false
    if volume.deletionTimestamp != nil, !isBound {
      if let removal = volume.removal(ofFinalizer: VolumeBinder.volumeProtection) { try store.commit([removal]) }
      return nil
    }
    if isBound {
      if phase != "Bound" { try set("Bound", volume) }
      return nil
    }
    let uid = volume.spec.at("claimRef", "uid")?.string ?? ""
    if uid.isEmpty || (claim?.uid == uid && phase != "Released") {
      if phase != "Available", uid.isEmpty { try set("Available", volume) }
      try bindPending()
      return nil
    }
    return try release(volume, now)
  }

  /// The claim that a volume is promised to, when it is still that one.
  private func claim(of volume: Resource) throws(KubeStatus) -> Resource? {
    guard let reference = volume.spec["claimRef"], let name = reference["name"]?.string, let namespace = reference["namespace"]?.string
    else {
      return nil
    }
    guard let claim = try store.get(ResourceKey(.persistentVolumeClaim, namespace: namespace, name: name)) else { return nil }
    return VolumeMatching.isPromised(volume, to: claim) ? claim : nil
  }

  private func set(_ phase: String, _ volume: Resource, reason: String? = nil, message: String? = nil) throws(KubeStatus) {
    var status: JSONObject = ["phase": .string(phase)]
    if let reason { status["reason"] = .string(reason) }
    if let message { status["message"] = .string(message) }
    guard volume.status.object != status else { return }
    var changed = volume
    changed.status = .object(status)
    try store.commit([.update(changed)])
  }

  /// A volume's claim is gone: the volume goes too, or is kept for an administrator, as its policy says.
  private func release(_ volume: Resource, _ now: Instant) throws(KubeStatus) -> Instant? {
    let phase = volume.status["phase"]?.string
    let policy = volume.spec["persistentVolumeReclaimPolicy"]?.string ?? "Retain"
    guard phase != "Failed" else { return nil }
    guard policy != "Retain" else {
      if phase != "Released" { try set("Released", volume) }
      return nil
    }
    let reference = volume.spec["claimRef"] ?? .null
    let claim = ResourceKey(
      .persistentVolumeClaim, namespace: reference["namespace"]?.string ?? "", name: reference["name"]?.string ?? "")
    // A pod that still runs keeps what it has mounted.
    if try isUsed(claim) {
      if phase != "Released" { try set("Released", volume) }
      return now + Self.pause
    }
    let path = VolumeMatching.path(of: volume)
    guard policy == "Delete", let path, binder.directories.holds(path) else {
      let message =
        policy == "Delete"
        ? "error getting deleter volume plugin for volume \"\(volume.name)\": no deletable volume plugin matched"
        : "recycling is not supported on this machine"
      let reason = policy == "Delete" ? "VolumeFailedDelete" : "VolumeFailedRecycle"
      try set("Failed", volume, message: message)
      binder.tell(.warning, reason, message, about: volume)
      return nil
    }
    try binder.directories.remove(path)
    try store.commit([.delete(volume.key)])
    return nil
  }

  /// The volume of these claims is gone.
  private func loseClaims(of volume: String) throws(KubeStatus) {
    for claim in try store.list(.persistentVolumeClaim, namespace: nil, labels: .everything)
    where claim.spec["volumeName"]?.string == volume { _ = try binder.bind(claim.key, isWanted: false) }
  }
}

extension Resource {
  /// Of a pod: nothing of it runs any more.
  var hasEnded: Bool { status["phase"]?.string == "Succeeded" || status["phase"]?.string == "Failed" }

  /// The claims that a pod mounts.
  var claimKeys: [ResourceKey] {
    (spec["volumes"]?.array ?? []).compactMap { volume in
      volume.at("persistentVolumeClaim", "claimName")?.string.map {
        ResourceKey(.persistentVolumeClaim, namespace: namespace, name: $0)
      }
    }
  }
}
