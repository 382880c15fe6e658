import AccessCore
import Contracts
import JSONValue
import KubeModel

/// Makes the roles and bindings that every server has. What is there is only added to, where something is missing that it must have, unless
/// its owner forbade that by the annotation (Kubernetes' `rbac/reconciliation` with auto-reconciliation).
struct RoleBootstrap {
  static let autoupdate = "rbac.authorization.kubernetes.io/autoupdate"
  let store: any ResourceStoring

  func run() throws(KubeStatus) {
    var writes: [Write] = []
    for role in BootstrapRoles.clusterRoles { if let write = try write(for: role) { writes.append(write) } }
    for binding in BootstrapRoles.clusterRoleBindings { writes += try self.writes(for: binding) }
    if !writes.isEmpty { try store.commit(writes) }
    try RoleCollection(store: store).run()
    let namespace = ResourceKey(.namespace, namespace: "", name: ArgoRoles.namespace)
    let account = ResourceKey(.serviceAccount, namespace: ArgoRoles.namespace, name: "argo")
    if try store.get(namespace) != nil, try store.get(account) == nil { try prepareArgoNamespace() }
  }

  /// Puts Argo's roles and service accounts into its namespace, but nothing that is there already.
  func prepareArgoNamespace() throws(KubeStatus) {
    for object in ArgoRoles.objects where try store.get(object.key) == nil {
      do throws(KubeStatus) {
        try store.create(object)
      } catch {
        // Somebody else was quicker.
        guard error.reason == .alreadyExists else { throw error }
      }
    }
  }

  private func write(for wanted: Resource) throws(KubeStatus) -> Write? {
    guard var present = try store.get(wanted.key) else { return .create(wanted) }
    guard present.annotation(Self.autoupdate) != "false" else { return nil }
    let before = present
    Self.mergeMetadata(&present, wanted)
    if RoleAggregation.isAggregated(wanted.json) {
      let own = present.json.at("aggregationRule", "clusterRoleSelectors")?.array ?? []
      let missing = (wanted.json.at("aggregationRule", "clusterRoleSelectors")?.array ?? []).filter { !own.contains($0) }
      if !missing.isEmpty { present.json["aggregationRule"] = ["clusterRoleSelectors": .array(own + missing)] }
    } else {
      let own = PolicyRule.rules(of: present.json)
      let missing = RuleCovering.missing(PolicyRule.rules(of: wanted.json), from: own)
      if !missing.isEmpty { present.json["rules"] = .array((own + RuleCovering.compact(missing)).map(\.json)) }
    }
    return present == before ? nil : .update(present)
  }

  private func writes(for wanted: Resource) throws(KubeStatus) -> [Write] {
    guard var present = try store.get(wanted.key) else { return [.create(wanted)] }
    guard present.annotation(Self.autoupdate) != "false" else { return [] }
    // Another role cannot be put into a binding: it is made anew.
    if AccessBinding(present).roleName != AccessBinding(wanted).roleName
      || AccessBinding(present).roleKind != AccessBinding(wanted).roleKind
    {
      return [.delete(wanted.key), .create(wanted)]
    }
    let before = present
    Self.mergeMetadata(&present, wanted)
    let own = AccessBinding(present).subjects
    let missing = AccessBinding(wanted).subjects.filter { !own.contains($0) }
    if !missing.isEmpty { present.json["subjects"] = .array((present.json["subjects"]?.array ?? []) + missing.map(\.json)) }
    return present == before ? [] : [.update(present)]
  }

  /// Adds the labels and annotations that are missing; those that are there stay.
  private static func mergeMetadata(_ present: inout Resource, _ wanted: Resource) {
    for (key, value) in wanted.labels where present.label(key) == nil { present.setLabel(key, value) }
    for (key, value) in wanted.annotations where present.annotation(key) == nil { present.setAnnotation(key, value) }
  }
}

/// Keeps the rules of ClusterRoles that collect those of others.
struct RoleCollection {
  let store: any ResourceStoring

  /// Roles collect from roles that collect: so often at most does one change lead to another.
  private static let rounds = 16

  /// Brings all of them up to date.
  func run() throws(KubeStatus) {
    for _ in 0..<Self.rounds {
      let roles = try store.list(AccessKinds.clusterRole, namespace: nil, labels: .everything)
      var writes: [Write] = []
      for role in roles {
        guard let rules = RoleAggregation.rules(of: role, among: roles), rules != PolicyRule.rules(of: role.json) else { continue }
        var new = role
        new.json["rules"] = .array(rules.map(\.json))
        writes.append(.update(new))
      }
      if writes.isEmpty { return }
      do throws(KubeStatus) {
        try store.commit(writes)
      } catch {
        // Somebody changed or removed one of them meanwhile: look again.
        guard error.reason == .conflict || error.reason == .notFound else { throw error }
      }
    }
  }
}
