import AccessCore
import Basics
import Contracts
import JSONValue
import KubeModel

/// Admits changes of roles and bindings: nobody passes on what it does not have, unless it may `escalate` or `bind`
/// (`pkg/registry/rbac/*/policybased`).
extension AccessService: Admitting {
  package func admit(_ request: inout AdmissionRequest) throws(KubeStatus) {
    guard request.subresource.isEmpty, request.operation != .delete, var new = request.new else { return }
    if request.key.kind == .secret || request.key.kind == .configMap { try ImmutableData.check(new, old: request.old) }
    if request.key.kind == .secret { return try TokenSecrets.check(new, old: request.old) }
    guard request.key.kind.group == AccessKinds.group else { return }
    AccessObjectRules.complete(&new)
    try AccessObjectRules.check(new, old: request.old)
    request.new = new
    if request.user.groups.contains(UserInfo.mastersGroup) { return }
    if let old = request.old, AccessObjectRules.isOnlyCollectionChange(old, new) { return }
    switch request.key.kind.plural {
    case "roles", "clusterroles": try admitRole(new, request)
    case "rolebindings", "clusterrolebindings": try admitBinding(new, request)
    default: break
    }
  }

  private func admitRole(_ role: Resource, _ request: AdmissionRequest) throws(KubeStatus) {
    if may("escalate", request.user, request.key.kind.plural, namespace: request.key.namespace, name: role.name) { return }
    let namespace = request.key.namespace
    let rules = PolicyRule.rules(of: role.json)
    if let reason = index.read({ $0.escalation(of: rules, by: request.user, namespace: namespace) }) { throw refusal(role, reason) }
    // What is collected later is not known now.
    guard RoleAggregation.isAggregated(role.json) else { return }
    if index.read({ $0.escalation(of: AccessRules.everything, by: request.user, namespace: "") }) != nil {
      throw refusal(role, "must have cluster-admin privileges to use an aggregationRule")
    }
  }

  private func admitBinding(_ binding: Resource, _ request: AdmissionRequest) throws(KubeStatus) {
    let roleKind = binding.json.at("roleRef", "kind")?.string ?? ""
    let roleName = binding.json.at("roleRef", "name")?.string ?? ""
    let namespace = request.key.namespace
    if may("bind", request.user, roleKind == "Role" ? "roles" : "clusterroles", namespace: namespace, name: roleName) { return }
    guard let rules = index.read({ $0.rules(roleKind: roleKind, name: roleName, namespace: namespace) }) else {
      throw .notFound(ResourceKey(roleKind == "Role" ? AccessKinds.role : AccessKinds.clusterRole, namespace: namespace, name: roleName))
    }
    if let reason = index.read({ $0.escalation(of: rules, by: request.user, namespace: namespace) }) { throw refusal(binding, reason) }
  }

  private func may(_ verb: String, _ user: UserInfo, _ resource: String, namespace: String, name: String) -> Bool {
    var request = AccessAttributes(user: user, verb: verb)
    request.group = AccessKinds.group
    request.resource = resource
    request.namespace = namespace
    request.name = name
    return decide(request).isAllowed
  }

  private func refusal(_ object: Resource, _ reason: String) -> KubeStatus {
    KubeStatus(.forbidden, "\(object.kind.qualifiedPlural) \"\(object.name)\" is forbidden: \(reason)", details: .init(object.key))
  }
}
