import Contracts
import KubeModel

/// As whom a request is to be made (the headers `Impersonate-User`, `Impersonate-Uid`, `Impersonate-Group` and `Impersonate-Extra-…`).
package struct Impersonation: Sendable, Hashable {
  package var userName = ""
  package var uid = ""
  package var groups: [String] = []
  /// By the lower-case, percent-decoded rest of the header's name.
  package var extra: [String: [String]] = [:]
  package init() {}
  /// Nothing is asked.
  package var isEmpty: Bool { userName.isEmpty && uid.isEmpty && groups.isEmpty && extra.isEmpty }
}

extension AccessService {
  /// The user that a request is made as, when the one who makes it may impersonate each part of it
  /// (`apiserver/pkg/endpoints/filters/impersonation.go`).
  package func impersonate(_ wanted: Impersonation, by user: UserInfo) throws(KubeStatus) -> UserInfo {
    if wanted.isEmpty { return user }
    guard !wanted.userName.isEmpty else {
      throw KubeStatus(.badRequest, "requested impersonation of a group, a uid or an extra field without impersonating a user")
    }
    var result = UserInfo(name: wanted.userName, uid: wanted.uid, groups: wanted.groups, extra: wanted.extra)
    if let account = Self.accountName(wanted.userName) {
      try check(user, "serviceaccounts", namespace: account.namespace, name: account.name)
      if wanted.groups.isEmpty { result.groups = ["system:serviceaccounts", "system:serviceaccounts:\(account.namespace)"] }
    } else {
      try check(user, "users", name: wanted.userName)
    }
    if !wanted.uid.isEmpty { try check(user, "uids", group: "authentication.k8s.io", name: wanted.uid) }
    for group in wanted.groups { try check(user, "groups", name: group) }
    for (key, values) in wanted.extra.sorted(by: { $0.key < $1.key }) {
      for value in values { try check(user, "userextras", group: "authentication.k8s.io", subresource: key, name: value) }
    }
    let marker = wanted.userName == UserInfo.anonymous.name ? Self.unauthenticatedGroup : Self.authenticatedGroup
    if !result.groups.contains(Self.authenticatedGroup), !result.groups.contains(Self.unauthenticatedGroup) { result.groups.append(marker) }
    return result
  }

  private func check(
    _ user: UserInfo, _ resource: String, group: String = "", subresource: String = "", namespace: String = "", name: String
  ) throws(KubeStatus) {
    var request = AccessAttributes(user: user, verb: "impersonate")
    request.group = group
    request.resource = resource
    request.subresource = subresource
    request.namespace = namespace
    request.name = name
    let decision = decide(request)
    guard decision.isAllowed else { throw .forbidden(request, reason: decision.reason) }
  }

  /// The parts of a service account's user name; nil when it is none.
  static func accountName(_ user: String) -> (namespace: String, name: String)? {
    let parts = user.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0] == "system", parts[1] == "serviceaccount", !parts[2].isEmpty, !parts[3].isEmpty else { return nil }
    return (String(parts[2]), String(parts[3]))
  }
}
