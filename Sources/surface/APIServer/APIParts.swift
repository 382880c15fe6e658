package import AccessService
package import Contracts
package import JSONValue
package import KubeAPI
package import KubeModel

/// Lets a user act as another.
package protocol Impersonating: Sendable {
  /// The user that a request is done for. Throws `forbidden` in Kubernetes' words. May block.
  func impersonate(_ wanted: Impersonation, by user: UserInfo) throws(KubeStatus) -> UserInfo
}

/// Answers objects that are not stored: reviews and token requests. Calls may block.
package protocol Reviewing: Sendable {
  func review(_ plural: String, namespace: String, _ document: JSON, by user: UserInfo) throws(KubeStatus) -> JSON
  func requestToken(namespace: String, name: String, _ document: JSON) throws(KubeStatus) -> JSON
}

extension AccessService: Impersonating, Reviewing {}

/// One of the things that must be well for the server to be well.
package struct HealthCheck: Sendable {
  package var name: String
  /// Asked by `/livez` too, and not only by `/readyz`.
  package var isVital: Bool
  /// What is wrong; nil: nothing. Quick.
  package var problem: @Sendable () -> String?
  package init(_ name: String, isVital: Bool = false, problem: @escaping @Sendable () -> String?) {
    self.name = name
    self.isVital = isVital
    self.problem = problem
  }
}

/// What the server serves: the services behind it.
package struct APIParts: Sendable {
  package var resources: any ResourceServing
  package var kinds: any CatalogProviding
  package var authenticator: any Authenticating
  package var authorizer: any Authorizing
  package var impersonator: any Impersonating
  package var reviews: any Reviewing
  /// Logs and commands; nil: this server has no pods.
  package var pods: (any PodAccessing)?
  /// Whose public keys are told to those who check tokens; nil: nobody's.
  package var tokens: (any TokenSigning)?
  package var checks: [HealthCheck] = []
  /// Further metrics in Prometheus' text format.
  package var metrics: @Sendable () -> String = { "" }
  /// The interfaces that the server carries beside Kubernetes'; their routes go before its own.
  package var interfaces: [any RouteProviding] = []
  /// Who did what is recorded there; nil: nowhere.
  package var audit: (any AuditRecording)?
  /// Which requests are recorded.
  package var auditPolicy = AuditPolicy.changes
  /// The program's own version.
  package var version = "0"

  package init(
    resources: any ResourceServing, kinds: any CatalogProviding, authenticator: any Authenticating, authorizer: any Authorizing,
    impersonator: any Impersonating, reviews: any Reviewing
  ) {
    self.resources = resources
    self.kinds = kinds
    self.authenticator = authenticator
    self.authorizer = authorizer
    self.impersonator = impersonator
    self.reviews = reviews
  }
}
