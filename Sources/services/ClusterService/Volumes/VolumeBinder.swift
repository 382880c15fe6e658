import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import Synchronization

/// Binds claims to volumes, and makes volumes as directories of this machine for those that a StorageClass serves. Called by the controllers'
/// thread and by those who mount; one binds at a time.
final class VolumeBinder: ClaimBinding {
  enum Outcome: Sendable {
    case bound(claim: Resource, volume: Resource)
    /// What the claim waits for.
    case waiting(String)
    case missing
  }

  static let provisioner = "argosy.io/local"
  static let className = "local"
  static let provisionedBy = "pv.kubernetes.io/provisioned-by"
  static let claimProtection = "kubernetes.io/pvc-protection"
  static let volumeProtection = "kubernetes.io/pv-protection"
  private static let component = "persistentvolume-controller"

  let store: any ResourceStoring
  let directories: VolumeDirectories
  private let servesUnknownClasses: Bool
  private let events: (any EventRecording)?
  private let clock: @Sendable () -> Instant
  /// Whether volumes are protected by finalizers; and it is held while one binds.
  private let isProtecting = Mutex(false)

  init(store: any ResourceStoring, settings: ClusterSettings, events: (any EventRecording)?, clock: @escaping @Sendable () -> Instant) {
    self.store = store
    directories = VolumeDirectories(root: settings.volumeDirectory)
    servesUnknownClasses = settings.servesUnknownClasses
    self.events = events
    self.clock = clock
  }

  /// - Parameter makesClass: the StorageClass `local` is made where no class is the default, as in a cluster; else claims are served without.
  func prepare(makesClass: Bool) throws(KubeStatus) {
    directories.start()
    isProtecting.withLock { $0 = makesClass }
    guard makesClass else { return }
    let key = ResourceKey(.storageClass, namespace: "", name: Self.className)
    guard try store.get(key) == nil else { return }
    let hasDefault = try store.list(.storageClass, namespace: nil, labels: .everything).contains {
      $0.annotation(VolumeMatching.defaultClass) == "true"
    }
    var metadata: JSONObject = ["name": .string(Self.className)]
    if !hasDefault { metadata["annotations"] = [VolumeMatching.defaultClass: "true"] }
    try store.commit([
      .create(
        Resource(
          .storageClass,
          json: [
            "metadata": .object(metadata), "provisioner": .string(Self.provisioner), "reclaimPolicy": "Delete",
            "volumeBindingMode": "Immediate", "allowVolumeExpansion": true,
          ]))
    ])
  }

  func stop() { directories.stop() }

  // MARK: For those who mount

  func volume(ofClaim claim: ResourceKey) throws(KubeStatus) -> ClaimedVolume {
    let stored = try store.get(claim)
    var volume: Resource?
    if let stored, stored.status["phase"]?.string == "Bound", let name = stored.spec["volumeName"]?.string {
      volume = try store.get(ResourceKey(.persistentVolume, namespace: "", name: name))
    }
    if let found = volume, let stored, !VolumeMatching.isPromised(found, to: stored) { volume = nil }
    if volume == nil {
      switch try bind(claim, isWanted: true) {
      case .bound(_, let found): volume = found
      case .missing:
        // Where nobody makes one later there is nothing to wait for.
        let reason: KubeStatus.Reason = servesUnknownClasses ? .invalid : .notFound
        throw KubeStatus(reason, "persistentvolumeclaim \"\(claim.name)\" not found", details: KubeStatus.Details(claim))
      case .waiting(let reason): throw KubeStatus(.serviceUnavailable, reason, details: KubeStatus.Details(claim))
      }
    }
    guard let volume else { throw .notFound(claim) }
    guard let path = VolumeMatching.path(of: volume) else {
      throw KubeStatus(
        .invalid, "persistentvolume \"\(volume.name)\": \(VolumeMatching.form(of: volume)) volumes are not supported on this machine")
    }
    guard path.hasPrefix("/"), LocalFiles.normalized(path) != nil, !path.split(separator: "/").contains("..") else {
      throw KubeStatus(.invalid, "persistentvolume \"\(volume.name)\": the path \"\(path)\" must be absolute and must not contain '..'")
    }
    let type = volume.spec.at("hostPath", "type")?.string ?? ""
    if volume.spec["hostPath"] != nil, type.isEmpty || type == "DirectoryOrCreate" { try directories.make(path) }
    guard LocalFiles.exists(path) else {
      throw KubeStatus(.invalid, "persistentvolume \"\(volume.name)\": path \"\(path)\" does not exist")
    }
    return ClaimedVolume(path: path)
  }

  // MARK: Binding

  /// Binds a claim if that is possible. `isWanted`: a pod is about to use it.
  func bind(_ key: ResourceKey, isWanted: Bool) throws(KubeStatus) -> Outcome {
    try isProtecting.withLock { (isProtecting) throws(KubeStatus) -> Outcome in
      // What another client changes between reading and writing is looked at again.
      var last = KubeStatus.conflict(key)
      for _ in 0..<8 {
        do throws(KubeStatus) { return try attempt(key, isWanted: isWanted, isProtecting: isProtecting) } catch {
          guard error.reason == .conflict || error.reason == .alreadyExists || error.reason == .notFound else { throw error }
          last = error
        }
      }
      throw last
    }
  }

  private func attempt(_ key: ResourceKey, isWanted: Bool, isProtecting: Bool) throws(KubeStatus) -> Outcome {
    guard let claim = try store.get(key) else { return .missing }
    if let name = claim.spec["volumeName"]?.string, !name.isEmpty { return try attempt(claim, volumeNamed: name) }
    guard claim.deletionTimestamp == nil else { return .waiting("persistentvolumeclaim \"\(claim.name)\" is being deleted") }
    let volumes = try store.list(.persistentVolume, namespace: nil, labels: .everything)
    if let found = VolumeMatching.best(for: claim, among: volumes) { return try join(claim, found) }
    return try provision(claim, isWanted: isWanted, isProtecting: isProtecting)
  }

  private func attempt(_ claim: Resource, volumeNamed name: String) throws(KubeStatus) -> Outcome {
    let wasBound = claim.annotation(BoundPair.completed) != nil
    guard let volume = try store.get(ResourceKey(.persistentVolume, namespace: "", name: name)) else {
      guard wasBound else { return try wait(claim, "volume \"\(name)\" not found") }
      return try lose(claim, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!")
    }
    if VolumeMatching.isPromised(volume, to: claim) { return try join(claim, volume) }
    if volume.spec["claimRef"] != nil {
      guard wasBound else { return try wait(claim, "volume \"\(name)\" already bound to a different claim.", event: "FailedBinding") }
      return try lose(claim, "ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly")
    }
    if let problem = VolumeMatching.problem(with: volume, for: claim) {
      return try wait(
        claim, "Cannot bind to requested volume \"\(name)\": \(problem)", event: "VolumeMismatch")
    }
    if (VolumeMatching.className(volume) ?? "") != (VolumeMatching.className(claim) ?? "") {
      return try wait(
        claim, "Cannot bind to requested volume \"\(name)\": storageClassName does not match", event: "VolumeMismatch")
    }
    return try join(claim, volume)
  }

  private func join(_ claim: Resource, _ volume: Resource) throws(KubeStatus) -> Outcome {
    let pair = BoundPair(claim, volume)
    var writes: [Write] = []
    if pair.volume != volume { writes.append(.update(pair.volume)) }
    if pair.claim != claim { writes.append(.update(pair.claim)) }
    if !writes.isEmpty { try store.commit(writes) }
    return .bound(claim: pair.claim, volume: pair.volume)
  }

  private func wait(_ claim: Resource, _ message: String, event: String? = nil, isNormal: Bool = false) throws(KubeStatus) -> Outcome {
    if claim.status["phase"]?.string == nil {
      var pending = claim
      pending.status["phase"] = "Pending"
      try store.commit([.update(pending)])
    }
    if let event { tell(isNormal ? .normal : .warning, event, message, about: claim) }
    return .waiting(message)
  }

  private func lose(_ claim: Resource, _ reason: String, _ message: String) throws(KubeStatus) -> Outcome {
    if claim.status["phase"]?.string != "Lost" {
      var lost = claim
      lost.status["phase"] = "Lost"
      try store.commit([.update(lost)])
      tell(.warning, reason, message, about: claim)
    }
    return .waiting(message)
  }

  func tell(_ kind: ObjectEvent.Kind, _ reason: String, _ message: String, about object: Resource, by component: String? = nil) {
    events?.record(ObjectEvent(kind, reason: reason, message: message, about: object, component: component ?? Self.component))
  }

  // MARK: Making volumes

  private func provision(_ claim: Resource, isWanted: Bool, isProtecting: Bool) throws(KubeStatus) -> Outcome {
    let storageClass: Resource?
    let className = VolumeMatching.className(claim)
    if let className, !className.isEmpty {
      storageClass = try store.get(ResourceKey(.storageClass, namespace: "", name: className))
      if storageClass == nil, !servesUnknownClasses {
        return try wait(claim, "storageclass.storage.k8s.io \"\(className)\" not found", event: "ProvisioningFailed")
      }
    } else if className == nil {
      storageClass = try store.list(.storageClass, namespace: nil, labels: .everything)
        .filter { $0.annotation(VolumeMatching.defaultClass) == "true" }
        .max { ($0.creationTimestamp ?? Instant(seconds: 0), $1.name) < ($1.creationTimestamp ?? Instant(seconds: 0), $0.name) }
    } else {
      storageClass = nil
    }
    if storageClass == nil, !servesUnknownClasses {
      return try wait(
        claim, "no persistent volumes available for this claim and no storage class is set", event: "FailedBinding", isNormal: true)
    }
    if let storageClass {
      if storageClass.json["provisioner"]?.string == "kubernetes.io/no-provisioner" {
        return try wait(
          claim, "no volume plugin matched name: kubernetes.io/no-provisioner", event: "ProvisioningFailed")
      }
      if storageClass.json["volumeBindingMode"]?.string == "WaitForFirstConsumer", !isWanted {
        return try wait(
          claim, "waiting for first consumer to be created before binding", event: "WaitForFirstConsumer", isNormal: true)
      }
    }
    if claim.spec["volumeMode"]?.string == "Block" {
      return try wait(claim, "block volumes are not supported on this machine", event: "ProvisioningFailed")
    }
    return try make(for: claim, storageClass, isProtecting: isProtecting)
  }

  private func make(for givenClaim: Resource, _ storageClass: Resource?, isProtecting: Bool) throws(KubeStatus) -> Outcome {
    var claim = givenClaim
    let path = try directories.place(for: claim)
    if let storageClass, VolumeMatching.className(claim) == nil {
      var spec = claim.spec
      spec["storageClassName"] = .string(storageClass.name)
      claim.spec = spec
    }
    var metadata: JSONObject = [
      "name": .string("pvc-" + claim.uid), "annotations": [Self.provisionedBy: .string(Self.provisioner)],
    ]
    if isProtecting { metadata["finalizers"] = [.string(Self.volumeProtection)] }
    var spec: JSONObject = [:]
    let modes = VolumeMatching.modes(claim)
    spec["capacity"] = ["storage": claim.spec.at("resources", "requests", "storage") ?? "1Gi"]
    spec["accessModes"] = .array((modes.isEmpty ? ["ReadWriteOnce"] : modes).map { .string($0) })
    spec["persistentVolumeReclaimPolicy"] = storageClass?.json["reclaimPolicy"] ?? "Delete"
    if let name = VolumeMatching.className(claim), !name.isEmpty { spec["storageClassName"] = .string(name) }
    spec["volumeMode"] = "Filesystem"
    spec["hostPath"] = ["path": .string(path), "type": "DirectoryOrCreate"]
    let volume = Resource(.persistentVolume, json: ["metadata": .object(metadata), "spec": .object(spec)])
    let pair = BoundPair(claim, volume)
    try directories.make(path)
    let isThere = try store.get(pair.volume.key) != nil
    let stored = try store.commit([isThere ? .update(pair.volume) : .create(pair.volume), .update(pair.claim)])
    tell(
      .normal, "ProvisioningSucceeded", "Successfully provisioned volume \(volume.name)", about: claim,
      by: "\(Self.provisioner)")
    return .bound(claim: pair.claim, volume: stored.first.flatMap { $0 } ?? pair.volume)
  }
}
