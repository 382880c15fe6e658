import Contracts
import JSONValue
import KubeModel

/// What an action may do where several people share a server: what the service account of its pod may, as if it spoke with the API itself.
struct ActionRights: Sendable {
  let authorizer: any Authorizing
  let admitters: [any Admitting]

  /// The service account that a pod runs as (Kubernetes' `serviceaccount.UserInfo`).
  static func user(of pod: Resource) -> UserInfo {
    let named = pod.spec["serviceAccountName"]?.string ?? ""
    let account = named.isEmpty ? "default" : named
    return UserInfo(
      name: "system:serviceaccount:\(pod.namespace):\(account)",
      groups: ["system:serviceaccounts", "system:serviceaccounts:\(pod.namespace)", "system:authenticated"])
  }

  /// Throws Kubernetes' refusal unless the user may do this. `name` empty: of all objects, or one that has no name yet.
  func check(_ verb: String, _ kind: ResourceKind, namespace: String, name: String, user: UserInfo) throws(KubeStatus) {
    var attributes = AccessAttributes(user: user, verb: verb)
    attributes.group = kind.group
    attributes.resource = kind.plural
    attributes.namespace = kind.isNamespaced ? namespace : ""
    attributes.name = name
    let decision = authorizer.decide(attributes)
    guard !decision.isAllowed else { return }
    throw .forbidden(attributes, reason: decision.reason)
  }

  /// A change as it is to be made, completed by the admitters. Throws what refuses it.
  func admitted(
    _ operation: AdmissionRequest.Operation, old: Resource?, new: Resource?, user: UserInfo, isDryRun: Bool
  ) throws(KubeStatus) -> Resource? {
    guard let subject = new ?? old else { return nil }
    var request = AdmissionRequest(operation, key: subject.key, old: old, new: new, user: user, isDryRun: isDryRun)
    for admitter in admitters { try admitter.admit(&request) }
    return request.new
  }
}
