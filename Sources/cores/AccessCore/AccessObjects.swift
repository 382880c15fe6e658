import JSONValue
import KubeModel

/// The kinds of access rules.
package enum AccessKinds {
  package static let group = "rbac.authorization.k8s.io"
  package static let role = ResourceKind(group: group, version: "v1", kind: "Role", plural: "roles")
  package static let clusterRole = ResourceKind(
    group: group, version: "v1", kind: "ClusterRole", plural: "clusterroles", isNamespaced: false)
  package static let roleBinding = ResourceKind(group: group, version: "v1", kind: "RoleBinding", plural: "rolebindings")
  package static let clusterRoleBinding = ResourceKind(
    group: group, version: "v1", kind: "ClusterRoleBinding", plural: "clusterrolebindings", isNamespaced: false)
  package static let all: Set<ResourceKind> = [role, clusterRole, roleBinding, clusterRoleBinding]
}

/// Whom a binding is about (`rbac/v1` Subject).
package struct AccessSubject: Sendable, Hashable {
  /// `User`, `Group` or `ServiceAccount`.
  package var kind: String
  package var name: String
  /// Of a service account; empty: the binding's.
  package var namespace: String
  package init(kind: String, name: String, namespace: String = "") {
    self.kind = kind
    self.name = name
    self.namespace = namespace
  }
  package init(json: JSON) {
    kind = json["kind"]?.string ?? ""
    name = json["name"]?.string ?? ""
    namespace = json["namespace"]?.string ?? ""
  }

  /// The document; Kubernetes gives users and groups an API group and service accounts none.
  package var json: JSON {
    var members: JSONObject = ["kind": .string(kind)]
    if kind != "ServiceAccount" { members["apiGroup"] = .string(AccessKinds.group) }
    members["name"] = .string(name)
    if !namespace.isEmpty { members["namespace"] = .string(namespace) }
    return .object(members)
  }

  /// As reasons name it: a service account by name and namespace, in this order.
  func description(bindingNamespace: String) -> String {
    guard kind == "ServiceAccount" else { return "\(kind) \(GoText.quoted(name))" }
    return "\(kind) \(GoText.quoted("\(name)/\(namespace.isEmpty ? bindingNamespace : namespace)"))"
  }
}

/// A RoleBinding or ClusterRoleBinding, as far as decisions need it.
package struct AccessBinding: Sendable, Hashable {
  /// Empty: cluster-wide.
  package var namespace: String
  package var name: String
  /// `Role` or `ClusterRole`.
  package var roleKind: String
  package var roleName: String
  package var subjects: [AccessSubject]

  package init(namespace: String, name: String, roleKind: String, roleName: String, subjects: [AccessSubject]) {
    self.namespace = namespace
    self.name = name
    self.roleKind = roleKind
    self.roleName = roleName
    self.subjects = subjects
  }

  package init(_ resource: Resource) {
    namespace = resource.kind.isNamespaced ? resource.namespace : ""
    name = resource.name
    roleKind = resource.json.at("roleRef", "kind")?.string ?? ""
    roleName = resource.json.at("roleRef", "name")?.string ?? ""
    subjects = (resource.json["subjects"]?.array ?? []).map(AccessSubject.init(json:))
  }

  func reason(_ subject: AccessSubject) -> String {
    let whom = subject.description(bindingNamespace: namespace)
    return namespace.isEmpty
      ? "ClusterRoleBinding \(GoText.quoted(name)) of \(roleKind) \(GoText.quoted(roleName)) to \(whom)"
      : "RoleBinding \(GoText.quoted("\(name)/\(namespace)")) of \(roleKind) \(GoText.quoted(roleName)) to \(whom)"
  }
}
