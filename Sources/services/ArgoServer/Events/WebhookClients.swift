internal import Basics
package import Contracts
internal import JSONValue
package import KubeModel
internal import YAMLText

/// The senders of webhooks that show no token: what a Secret of the namespace says of them, and how each proves who it is. Argo: `server/auth/webhook`.
///
/// The Secret has one key a service account; its value is YAML: `type` (`github`, `gitlab`, `bitbucket`, `bitbucketserver`) and `secret`.
package struct WebhookClients: Sendable {
  /// The Secret's name.
  package static let secretName = "argo-workflows-webhook-clients"
  /// The largest body of such a request in bytes.
  package static let maximumBody = 2 << 20

  private let resources: any ResourceServing
  private let hmac: @Sendable (_ key: [UInt8], _ message: [UInt8]) -> [UInt8]

  /// - Parameter hmac: HMAC with SHA-256.
  package init(resources: any ResourceServing, hmac: @escaping @Sendable (_ key: [UInt8], _ message: [UInt8]) -> [UInt8]) {
    self.resources = resources
    self.hmac = hmac
  }

  /// The service account as which a request of a webhook is done; nil when it is none of the clients'. Throws `forbidden`, without telling why, when it cannot be known.
  package func account(namespace: String, fields: HeaderFields, body: [UInt8]) throws(KubeStatus) -> UserInfo? {
    do {
      guard !namespace.isEmpty, body.count <= Self.maximumBody else { throw Self.refusal }
      let clients = try resources.get(ResourceKey(.secret, namespace: namespace, name: Self.secretName)).json["data"]?.object ?? [:]
      for (name, data) in clients.sorted(by: { $0.key < $1.key }) {
        guard let bytes = data.string.flatMap(Base64.decode), let client = try YAMLText.documents(bytes).first?.value else {
          throw Self.refusal
        }
        let proof = WebhookProof(fields: fields, body: body, hmac: hmac)
        guard let isProven = proof.holds(type: client["type"]?.string ?? "", secret: client["secret"]?.string ?? "") else {
          throw Self.refusal
        }
        guard isProven else { continue }
        let account = try resources.get(ResourceKey(.serviceAccount, namespace: namespace, name: name))
        return .serviceAccount(namespace: namespace, name: name, uid: account.uid)
      }
      return nil
    } catch { throw Self.refusal }
  }

  private static let refusal = KubeStatus(.forbidden, "failed to process webhook request")
}

/// What a request shows to prove that it comes from who knows a secret.
struct WebhookProof {
  let fields: HeaderFields
  let body: [UInt8]
  let hmac: @Sendable (_ key: [UInt8], _ message: [UInt8]) -> [UInt8]

  /// Nil for a type that nobody knows. An empty secret proves nothing.
  func holds(type: String, secret: String) -> Bool? {
    switch type {
    case "github": hasEvent("x-github-event") && isSigned("x-hub-signature-256", secret)
    case "gitlab": hasEvent("x-gitlab-event") && shows("x-gitlab-token", secret)
    case "bitbucket": hasEvent("x-event-key") && shows("x-hook-uuid", secret)
    case "bitbucketserver": hasEvent("x-event-key") && isSigned("x-hub-signature", secret)
    default: nil
    }
  }

  private func hasEvent(_ field: String) -> Bool { !(fields[field] ?? "").isEmpty && !body.isEmpty }

  /// The field is the secret itself.
  private func shows(_ field: String, _ secret: String) -> Bool {
    guard !secret.isEmpty, let shown = fields[field] else { return false }
    return Self.isEqual(Array(shown.utf8), Array(secret.utf8))
  }

  /// The field is `sha256=` and the body's HMAC in hexadecimal digits.
  private func isSigned(_ field: String, _ secret: String) -> Bool {
    guard !secret.isEmpty, let shown = fields[field], shown.hasPrefix("sha256=") else { return false }
    let digits = Array("0123456789abcdef".utf8)
    let wanted = hmac(Array(secret.utf8), body).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return Self.isEqual(Array(shown.dropFirst(7).lowercased().utf8), wanted)
  }

  /// Takes the same time wherever the difference is.
  private static func isEqual(_ first: [UInt8], _ second: [UInt8]) -> Bool {
    guard first.count == second.count else { return false }
    return zip(first, second).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
