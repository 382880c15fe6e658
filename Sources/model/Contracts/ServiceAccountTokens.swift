package import Basics
package import KubeModel

/// A token of a service account.
package struct IssuedToken: Sendable, Hashable {
  package var token: String
  package var expires: Instant
  package init(token: String, expires: Instant) {
    self.token = token
    self.expires = expires
  }
}

/// What a token is to be good for (`authentication.k8s.io/v1` TokenRequest).
package struct TokenWish: Sendable, Hashable {
  package var namespace: String
  package var serviceAccount: String
  /// Empty: the server's own.
  package var audiences: [String] = []
  /// Seconds.
  package var lifetime: Int64
  /// The pod the token is bound to: it is worth nothing once that is gone.
  package var pod: (name: String, uid: String)?
  package init(namespace: String, serviceAccount: String, lifetime: Int64 = 3600) {
    self.namespace = namespace
    self.serviceAccount = serviceAccount
    self.lifetime = lifetime
  }
  package static func == (first: TokenWish, second: TokenWish) -> Bool {
    first.namespace == second.namespace && first.serviceAccount == second.serviceAccount && first.audiences == second.audiences
      && first.lifetime == second.lifetime && first.pod?.uid == second.pod?.uid
  }
  package func hash(into hasher: inout Hasher) {
    hasher.combine(namespace)
    hasher.combine(serviceAccount)
    hasher.combine(pod?.uid)
  }
}

/// Issues tokens of service accounts. Calls may read the store.
package protocol TokenIssuing: Sendable {
  /// Throws `notFound` when there is no such service account.
  func issueToken(_ wish: TokenWish) throws(KubeStatus) -> IssuedToken
}
