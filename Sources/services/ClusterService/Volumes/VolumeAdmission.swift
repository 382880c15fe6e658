import Basics
import Contracts
import JSONValue
import KubeModel

/// What Kubernetes' admission plugins `DefaultStorageClass` and `StorageObjectInUseProtection` do: a claim that names no class gets the default one,
/// and claims and volumes are protected while they are in use.
package struct VolumeAdmission: Admitting {
  private let store: any ResourceStoring
  package init(store: any ResourceStoring) { self.store = store }

  package func admit(_ request: inout AdmissionRequest) throws(KubeStatus) {
    guard request.operation == .create, request.subresource.isEmpty, var object = request.new else { return }
    switch request.key.kind {
    case .persistentVolumeClaim:
      object.protect(VolumeBinder.claimProtection)
      if VolumeMatching.className(object) == nil, let standard = try standardClass() {
        var spec = object.spec
        spec["storageClassName"] = .string(standard)
        object.spec = spec
      }
    case .persistentVolume: object.protect(VolumeBinder.volumeProtection)
    case .customResourceDefinition: object.protect(DefinitionController.finalizer)
    default: return
    }
    request.new = object
  }

  /// Of several default classes the newest (Kubernetes since 1.26).
  private func standardClass() throws(KubeStatus) -> String? {
    try store.list(.storageClass, namespace: nil, labels: .everything)
      .filter { $0.annotation(VolumeMatching.defaultClass) == "true" }
      .max { ($0.creationTimestamp?.milliseconds ?? 0, $1.name) < ($1.creationTimestamp?.milliseconds ?? 0, $0.name) }?.name
  }
}

extension Resource {
  fileprivate mutating func protect(_ finalizer: String) {
    guard !finalizers.contains(finalizer) else { return }
    var metadata = self.metadata
    metadata["finalizers"] = .array((finalizers + [finalizer]).map { .string($0) })
    self.metadata = metadata
  }
}
