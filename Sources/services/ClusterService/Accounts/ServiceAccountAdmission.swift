import Contracts
import JSONValue
import KubeModel

/// What Kubernetes' admission plugin `ServiceAccount` does with pods: one that names no account runs as `default`; an account that is not there
/// is refused.
package struct ServiceAccountAdmission: Admitting {
  private let store: any ResourceStoring
  package init(store: any ResourceStoring) { self.store = store }

  package func admit(_ request: inout AdmissionRequest) throws(KubeStatus) {
    guard request.operation == .create, request.subresource.isEmpty, request.key.kind == .pod, var pod = request.new else { return }
    var spec = pod.spec
    let named = spec["serviceAccountName"]?.string ?? ""
    let name = named.isEmpty ? spec["serviceAccount"]?.string ?? "" : named
    let account = name.isEmpty ? "default" : name
    if let problem = try Self.problem(with: account, of: pod, named: request.key.name, in: request.key.namespace, store: store) {
      throw problem
    }
    guard spec["serviceAccountName"]?.string != account || spec["serviceAccount"]?.string != account else { return }
    spec["serviceAccountName"] = .string(account)
    spec["serviceAccount"] = .string(account)
    pod.spec = spec
    request.new = pod
  }

  /// Why a pod may not run as an account: there is none of the name.
  static func problem(
    with account: String, of pod: Resource, named name: String, in namespace: String, store: any ResourceStoring
  ) throws(KubeStatus) -> KubeStatus? {
    let key = ResourceKey(.serviceAccount, namespace: namespace, name: account)
    guard try store.get(key) == nil else { return nil }
    let shown = name.isEmpty ? pod.generateName ?? "" : name
    return KubeStatus(
      .forbidden,
      "pods \"\(shown)\" is forbidden: error looking up service account \(namespace)/\(account): serviceaccount \"\(account)\" not found",
      details: KubeStatus.Details(name: shown, kind: "pods"))
  }
}
