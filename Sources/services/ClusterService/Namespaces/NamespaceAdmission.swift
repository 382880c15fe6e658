import Contracts
import JSONValue
import KubeModel

/// What Kubernetes' admission plugin `NamespaceLifecycle` does, and what a new namespace gets.
package struct NamespaceAdmission: Admitting {
  private let store: any ResourceStoring
  private let immortal: Set<String>

  package init(store: any ResourceStoring, settings: ClusterSettings) {
    self.store = store
    immortal = settings.immortalNamespaces
  }

  package func admit(_ request: inout AdmissionRequest) throws(KubeStatus) {
    guard request.key.kind != .namespace else { return try admitNamespace(&request) }
    guard request.operation == .create, request.key.kind.isNamespaced, !request.key.kind.isReview else { return }
    let key = ResourceKey(.namespace, namespace: "", name: request.key.namespace)
    guard let namespace = try store.get(key) else { throw .notFound(key) }
    guard namespace.deletionTimestamp != nil else { return }
    var details = KubeStatus.Details(request.key)
    let message = "namespace \(namespace.name) is being terminated"
    details.causes = [KubeStatus.Cause(reason: "NamespaceTerminating", message: message, field: "metadata.namespace")]
    throw KubeStatus(
      .forbidden,
      "\(request.key.kind.qualifiedPlural) \"\(request.key.name)\" is forbidden: unable to create new content in namespace "
        + "\(namespace.name) because it is being terminated", details: details)
  }

  private func admitNamespace(_ request: inout AdmissionRequest) throws(KubeStatus) {
    switch request.operation {
    case .create where request.subresource.isEmpty:
      guard var new = request.new else { return }
      // Who creates cannot say how far its life is.
      new.json["status"] = nil
      request.new = NamespaceController.completed(new)
    case .delete where immortal.contains(request.key.name):
      throw KubeStatus(
        .forbidden, "namespaces \"\(request.key.name)\" is forbidden: this namespace may not be deleted",
        details: KubeStatus.Details(request.key))
    case .update:
      guard var new = request.new, new.label(NamespaceController.nameLabel) != new.name else { return }
      new.setLabel(NamespaceController.nameLabel, new.name)
      request.new = new
    default: break
    }
  }
}

extension ResourceKind {
  /// Objects that answer a question and are stored nowhere.
  var isReview: Bool { group == "authorization.k8s.io" || group == "authentication.k8s.io" }
}
