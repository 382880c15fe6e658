package import KubeModel

/// Who makes a request, as Kubernetes knows users (`authentication/v1` UserInfo).
package struct UserInfo: Sendable, Hashable {
  /// `system:serviceaccount:<namespace>:<name>` for a service account.
  package var name: String
  package var uid: String
  package var groups: [String]
  package var extra: [String: [String]]
  package init(name: String, uid: String = "", groups: [String] = [], extra: [String: [String]] = [:]) {
    self.name = name
    self.uid = uid
    self.groups = groups
    self.extra = extra
  }

  package static let anonymous = UserInfo(name: "system:anonymous", groups: ["system:unauthenticated"])
  /// Whom the access rules do not bind: the administrator's certificate names this group.
  package static let mastersGroup = "system:masters"
  /// Everybody who showed a credential is in this group.
  package static let authenticatedGroup = "system:authenticated"

  /// A service account, with the groups that all of them have.
  package static func serviceAccount(namespace: String, name: String, uid: String = "") -> UserInfo {
    UserInfo(
      name: "system:serviceaccount:\(namespace):\(name)", uid: uid,
      groups: ["system:serviceaccounts", "system:serviceaccounts:\(namespace)", authenticatedGroup])
  }
}

/// What a client shows of itself.
package enum Credential: Sendable, Hashable {
  case none
  case bearer(String)
  /// The client certificate in DER; that its owner has the key was shown by the TLS handshake, and nothing else about it is known.
  case certificate([UInt8])
}

/// Finds out who a client is.
package protocol Authenticating: Sendable {
  /// The user; ``UserInfo/anonymous`` for ``Credential/none``. Throws `unauthorized` for a credential that is not (or no longer) good, without
  /// telling which of its parts is wrong.
  func authenticate(_ credential: Credential) throws(KubeStatus) -> UserInfo
}

/// What a request wants, as access rules see it (Kubernetes' `authorizer.Attributes`).
package struct AccessAttributes: Sendable, Hashable {
  package var user: UserInfo
  /// Lower case: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`, for paths `get`, `post` …; also special ones as
  /// `escalate`, `bind`, `impersonate`.
  package var verb: String
  /// The path of a request that is about no resource (`/metrics`), else empty.
  package var path = ""
  package var group = ""
  /// Plural; empty for a path.
  package var resource = ""
  package var subresource = ""
  /// Empty: cluster-wide, or all namespaces.
  package var namespace = ""
  package var name = ""
  package init(user: UserInfo, verb: String) {
    self.user = user
    self.verb = verb
  }
}

package struct AccessDecision: Sendable, Hashable {
  package var isAllowed: Bool
  /// Why, as SubjectAccessReview shows it: `RBAC: allowed by ClusterRoleBinding "x" of ClusterRole "y" to User "z"`.
  package var reason: String
  package init(isAllowed: Bool, reason: String) {
    self.isAllowed = isAllowed
    self.reason = reason
  }
}

/// Says whether a request may go on. Quick: it is asked for every request.
package protocol Authorizing: Sendable {
  func decide(_ attributes: AccessAttributes) -> AccessDecision
}

extension KubeStatus {
  /// The refusal in Kubernetes' words (`apiserver/pkg/endpoints/handlers/responsewriters.ForbiddenStatusError`).
  package static func forbidden(_ attributes: AccessAttributes, reason: String) -> KubeStatus {
    let user = "User \"\(attributes.user.name)\" cannot \(attributes.verb)"
    let because = reason.isEmpty ? "" : ": \(reason)"
    guard !attributes.resource.isEmpty else {
      return KubeStatus(.forbidden, "forbidden: \(user) path \"\(attributes.path)\"\(because)", details: Details())
    }
    let plural = attributes.group.isEmpty ? attributes.resource : "\(attributes.resource).\(attributes.group)"
    let resource = attributes.subresource.isEmpty ? attributes.resource : "\(attributes.resource)/\(attributes.subresource)"
    let place = attributes.namespace.isEmpty ? "at the cluster scope" : "in the namespace \"\(attributes.namespace)\""
    let object = attributes.name.isEmpty ? "\(plural) is forbidden" : "\(plural) \"\(attributes.name)\" is forbidden"
    let details = Details(name: attributes.name, group: attributes.group, kind: attributes.resource)
    return KubeStatus(
      .forbidden, "\(object): \(user) resource \"\(resource)\" in API group \"\(attributes.group)\" \(place)\(because)",
      details: details)
  }
}

/// One change on its way into the store, for those who may complete or refuse it.
package struct AdmissionRequest: Sendable {
  package enum Operation: Sendable, Hashable { case create, update, delete }
  package var operation: Operation
  package var key: ResourceKey
  /// Empty for the object itself; else `status`, `token` …
  package var subresource: String
  /// What is stored; nil for `create`.
  package var old: Resource?
  /// What is to be stored; nil for `delete`. An admitter may complete it.
  package var new: Resource?
  package var user: UserInfo
  package var isDryRun: Bool
  package init(
    _ operation: Operation, key: ResourceKey, subresource: String = "", old: Resource?, new: Resource?, user: UserInfo,
    isDryRun: Bool = false
  ) {
    self.operation = operation
    self.key = key
    self.subresource = subresource
    self.old = old
    self.new = new
    self.user = user
    self.isDryRun = isDryRun
  }
}

/// Completes or refuses changes that come through the API, after access control and before validation (Kubernetes' admission plugins, built in).
/// What services write by themselves does not pass here. Admitters are asked in order; calls may read the store.
package protocol Admitting: Sendable {
  /// Throws what refuses the change.
  func admit(_ request: inout AdmissionRequest) throws(KubeStatus)
}
