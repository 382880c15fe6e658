import Basics
import Contracts
import JSONValue
import KubeModel

/// Secrets of type `kubernetes.io/service-account-token`: what is in them, and which account they are of.
enum TokenSecrets {
  static let type = "kubernetes.io/service-account-token"
  static let nameAnnotation = "kubernetes.io/service-account.name"
  static let uidAnnotation = "kubernetes.io/service-account.uid"

  static func isTokenSecret(_ secret: Resource) -> Bool { secret.kind == .secret && secret.json["type"]?.string == type }

  /// The name of the account that a token Secret is of.
  static func account(of secret: Resource) -> String? {
    isTokenSecret(secret) ? secret.annotation(nameAnnotation).flatMap { $0.isEmpty ? nil : $0 } : nil
  }

  /// A secret of this account, and not of an earlier one of its name.
  static func belongs(_ secret: Resource, to account: Resource) -> Bool {
    guard self.account(of: secret) == account.name, secret.namespace == account.namespace else { return false }
    let uid = secret.annotation(uidAnnotation) ?? ""
    return uid.isEmpty || uid == account.uid
  }

  /// A new Secret for an account, before it has its token.
  static func make(for account: Resource, name: String) -> Resource {
    Resource(
      .secret,
      json: [
        "metadata": [
          "name": .string(name), "namespace": .string(account.namespace),
          "annotations": [nameAnnotation: .string(account.name), uidAnnotation: .string(account.uid)],
        ],
        "type": .string(type),
      ])
  }

  /// The Secret with what belongs in it (`token`, `ca.crt`, `namespace`); a token that is there stays.
  static func filled(_ secret: Resource, account: Resource, signer: any TokenSigning, certificateAuthority: String) -> Resource {
    var secret = secret
    if secret.annotation(uidAnnotation) != account.uid { secret.setAnnotation(uidAnnotation, account.uid) }
    var data = secret.json["data"]?.object ?? [:]
    func put(_ key: String, _ text: String) { data[key] = .string(Base64.encode(text.utf8)) }
    if data["ca.crt"]?.string != Base64.encode(certificateAuthority.utf8), !certificateAuthority.isEmpty {
      put("ca.crt", certificateAuthority)
    }
    if data["namespace"]?.string?.isEmpty != false { put("namespace", secret.namespace) }
    if data["token"]?.string?.isEmpty != false {
      let binding = ServiceAccountToken.Binding(kind: "Secret", name: secret.name, uid: "")
      put(
        "token",
        signer.token(
          ServiceAccountToken(
            namespace: account.namespace, serviceAccount: account.name, serviceAccountUID: account.uid, binding: binding)))
    }
    if secret.json["data"]?.object != data { secret.json["data"] = .object(data) }
    return secret
  }
}
