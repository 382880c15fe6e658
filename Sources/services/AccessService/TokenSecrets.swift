import Basics
import Contracts
import JSONValue
import KubeModel

/// Secrets that hold a service account's token, of type `kubernetes.io/service-account-token`: the token lives as long as the Secret and
/// the account.
package enum TokenSecrets {
  package static let type = "kubernetes.io/service-account-token"
  package static let accountAnnotation = "kubernetes.io/service-account.name"
  package static let accountUIDAnnotation = "kubernetes.io/service-account.uid"

  /// What such a Secret must have, checked when it is created or changed: the account's name; and the type of a Secret never changes.
  static func check(_ secret: Resource, old: Resource?) throws(KubeStatus) {
    let type = secret.json["type"]?.string ?? "Opaque"
    if let old, let was = old.json["type"]?.string, was != type {
      throw invalid(secret, "type", "FieldValueInvalid", "Invalid value: \(GoQuote.quoted(type)): field is immutable")
    }
    guard type == Self.type, (secret.annotation(accountAnnotation) ?? "").isEmpty else { return }
    throw invalid(secret, "metadata.annotations[\(accountAnnotation)]", "FieldValueRequired", "Required value")
  }

  private static func invalid(_ secret: Resource, _ field: String, _ reason: String, _ message: String) -> KubeStatus {
    var details = KubeStatus.Details(name: secret.name, kind: "Secret")
    details.causes = [.init(reason: reason, message: message, field: field)]
    return KubeStatus(.invalid, "Secret \"\(secret.name)\" is invalid: \(field): \(message)", details: details)
  }
}
