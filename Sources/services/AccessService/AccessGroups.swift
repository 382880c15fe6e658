import Contracts

/// Whom a request is done for that shows no token, where the server was told to take such requests.
package enum AccessGroups {
  /// The group that the binding `argosy-server-mode` gives the rights of `argo-server-cluster-role`: who narrows them narrows these requests. No token and no
  /// certificate of this server's own making has it.
  static let serverMode = "argosy.io:server-mode"

  /// Argo's server, with the rights of its service account and those of the group.
  package static let serverUser = UserInfo(
    name: "system:serviceaccount:\(ArgoRoles.namespace):argo-server",
    groups: [
      "system:serviceaccounts", "system:serviceaccounts:\(ArgoRoles.namespace)", AccessService.authenticatedGroup, serverMode,
    ])
}
