import Basics
import Contracts
import JSONValue
import KubeModel

/// Tokens on request: `serviceaccounts/token` of the API, and the tokens that pods get.
extension AccessService: TokenIssuing {
  private static let defaultLifetime: Int64 = 3600
  private static let minimumLifetime: Int64 = 600
  private static let maximumLifetime: Int64 = 1 << 32

  package func issueToken(_ wish: TokenWish) throws(KubeStatus) -> IssuedToken {
    let account = try account(namespace: wish.namespace, name: wish.serviceAccount)
    let now = clock()
    let lifetime = min(max(wish.lifetime, 1), Self.maximumLifetime)
    let expires = Instant(seconds: now.seconds + lifetime)
    let content = ServiceAccountToken(
      namespace: wish.namespace, serviceAccount: wish.serviceAccount, serviceAccountUID: account.uid, audiences: wish.audiences,
      binding: wish.pod.map { .init(kind: "Pod", name: $0.name, uid: $0.uid) }, issuedAt: now, expiresAt: expires)
    return IssuedToken(token: signing.token(content), expires: expires)
  }

  private func account(namespace: String, name: String) throws(KubeStatus) -> Resource {
    let key = ResourceKey(.serviceAccount, namespace: namespace, name: name)
    guard let account = try store.get(key) else { throw .notFound(key) }
    return account
  }

  /// Answers a TokenRequest for a service account: the document with the token in its status. Throws `invalid` for a lifetime outside of
  /// ten minutes to 2^32 seconds, `badRequest` for what a token cannot be bound to, `notFound`, and `conflict` when the uid is another's
  /// (`pkg/registry/core/serviceaccount/storage/token.go`).
  package func requestToken(namespace: String, name: String, _ document: JSON) throws(KubeStatus) -> JSON {
    let account = try account(namespace: namespace, name: name)
    let spec = document["spec"] ?? .null
    if let given = document.at("metadata", "name")?.string, !given.isEmpty, given != name {
      throw KubeStatus(.badRequest, "the name of the object (\(given)) does not match the name on the URL (\(name))")
    }
    let lifetime = spec["expirationSeconds"]?.int ?? Self.defaultLifetime
    if lifetime < Self.minimumLifetime { throw Self.invalid(lifetime, "may not specify a duration less than 10 minutes") }
    if lifetime > Self.maximumLifetime { throw Self.invalid(lifetime, "may not specify a duration larger than 2^32 seconds") }
    var audiences = spec["audiences"]?.array?.compactMap(\.string) ?? []
    if audiences.isEmpty { audiences = [signing.issuer] }
    let binding = try binding(spec["boundObjectRef"] ?? .null, of: account)
    let now = clock()
    let expires = Instant(seconds: now.seconds + lifetime)
    let content = ServiceAccountToken(
      namespace: namespace, serviceAccount: name, serviceAccountUID: account.uid, audiences: audiences, binding: binding, issuedAt: now,
      expiresAt: expires)
    var answer = document
    answer["apiVersion"] = "authentication.k8s.io/v1"
    answer["kind"] = "TokenRequest"
    answer["metadata"] = ["name": .string(name), "namespace": .string(namespace), "creationTimestamp": .string(now.rfc3339)]
    var shown = spec.object ?? [:]
    shown["audiences"] = .array(audiences.map { .string($0) })
    shown["expirationSeconds"] = .int(lifetime)
    if shown["boundObjectRef"] == nil { shown["boundObjectRef"] = .null }
    answer["spec"] = .object(shown)
    answer["status"] = ["token": .string(signing.token(content)), "expirationTimestamp": .string(expires.rfc3339)]
    return answer
  }

  private static func invalid(_ seconds: Int64, _ message: String) -> KubeStatus {
    let field = "spec.expirationSeconds"
    let text = "Invalid value: \(seconds): \(message)"
    var details = KubeStatus.Details(group: "authentication.k8s.io", kind: "TokenRequest")
    details.causes = [.init(reason: "FieldValueInvalid", message: text, field: field)]
    return KubeStatus(.invalid, "TokenRequest.authentication.k8s.io \"\" is invalid: \(field): \(text)", details: details)
  }

  private func binding(_ reference: JSON, of account: Resource) throws(KubeStatus) -> ServiceAccountToken.Binding? {
    guard let members = reference.object else { return nil }
    let kindName = members["kind"]?.string ?? ""
    let apiVersion = members["apiVersion"]?.string ?? ""
    let name = members["name"]?.string ?? ""
    let kind: ResourceKind
    switch (apiVersion.isEmpty ? "v1" : apiVersion, kindName) {
    case ("v1", "Pod"): kind = .pod
    case ("v1", "Secret"): kind = .secret
    case ("v1", "Node"): kind = Self.node
    default: throw KubeStatus(.badRequest, "cannot bind token for serviceaccount to object of type \(apiVersion), Kind=\(kindName)")
    }
    let key = ResourceKey(kind, namespace: account.namespace, name: name)
    guard let object = try store.get(key) else { throw .notFound(key) }
    if let uid = members["uid"]?.string, !uid.isEmpty, uid != object.uid {
      throw KubeStatus(
        .conflict,
        "Operation cannot be fulfilled on \(kind.qualifiedPlural) \"\(name)\": the UID in the bound object reference (\(uid)) does not match the UID in record. "
          + "The object might have been deleted and then recreated", details: .init(key))
    }
    if kind == .pod, (object.spec["serviceAccountName"]?.string ?? "default") != account.name {
      throw KubeStatus(
        .badRequest, "cannot bind token for serviceaccount \"\(account.name)\" to pod running with different serviceaccount name.")
    }
    return .init(kind: kindName, name: name, uid: object.uid)
  }
}
