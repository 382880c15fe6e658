package import Basics
package import JSONValue

/// What a service account's token says (RFC 7519's claims and Kubernetes' private ones).
package struct ServiceAccountToken: Sendable, Hashable {
  /// The object whose end is the token's end: a Pod, a Secret or a Node.
  package struct Binding: Sendable, Hashable {
    /// `Pod`, `Secret` or `Node`.
    package var kind: String
    package var name: String
    /// Empty in tokens of before 1.24, which live in Secrets.
    package var uid: String
    package init(kind: String, name: String, uid: String) {
      self.kind = kind
      self.name = name
      self.uid = uid
    }
  }

  package var namespace: String
  package var serviceAccount: String
  package var serviceAccountUID: String
  /// Whom the token is for; empty: the server that made it.
  package var audiences: [String]
  package var binding: Binding?
  package var issuedAt: Instant?
  /// Nil: until its Secret is gone (the tokens of `kubernetes.io/service-account-token` Secrets).
  package var expiresAt: Instant?
  /// Names this one token (`jti`); empty for tokens in Secrets.
  package var id = ""

  package init(
    namespace: String, serviceAccount: String, serviceAccountUID: String, audiences: [String] = [], binding: Binding? = nil,
    issuedAt: Instant? = nil, expiresAt: Instant? = nil
  ) {
    self.namespace = namespace
    self.serviceAccount = serviceAccount
    self.serviceAccountUID = serviceAccountUID
    self.audiences = audiences
    self.binding = binding
    self.issuedAt = issuedAt
    self.expiresAt = expiresAt
  }

  /// `system:serviceaccount:<namespace>:<name>`.
  package var userName: String { "system:serviceaccount:\(namespace):\(serviceAccount)" }
}

/// Makes the tokens of service accounts and knows its own again. Whether the account, and what the token is bound to, still exists, is not
/// its business.
package protocol TokenSigning: Sendable {
  /// What stands in `iss`, and what tokens are for when nothing else is asked: the audience of this server.
  var issuer: String { get }
  /// A signed token (`header.payload.signature`). Without audiences the one of this server is put in, unless the token never expires.
  func token(_ content: ServiceAccountToken) -> String
  /// What a token says, when one of this server's keys signed it and it is valid at that time; nil for all others, without telling why.
  /// A token that never expires comes back without audiences.
  func content(of token: String, at now: Instant) -> ServiceAccountToken?
  /// The public keys as a JSON Web Key Set (RFC 7517), as `/openid/v1/jwks` tells them.
  var keySet: JSON { get }
  /// What `/.well-known/openid-configuration` tells, with the address of the server at which the key set is found.
  func openIDConfiguration(server: String) -> JSON
}

/// Whom a client certificate names.
package struct CertificateOwner: Sendable, Hashable {
  package var user: UserInfo
  /// The last moment at which the certificate, and that of its authority, are valid.
  package var validUntil: Instant
  package init(user: UserInfo, validUntil: Instant) {
    self.user = user
    self.validUntil = validUntil
  }
}

/// Knows the certificates of clients.
package protocol CertificateChecking: Sendable {
  /// Whom a client certificate names (CN the user, O the groups), when this server's authority made it, for clients, and it is valid at that
  /// time; nil for all others.
  func owner(ofCertificate der: [UInt8], at now: Instant) -> CertificateOwner?
}
