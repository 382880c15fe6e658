import Contracts
import KubeModel

/// All access rules of a moment, indexed by whom they are about, so that a decision looks only at the bindings of the user and its groups.
package struct AccessRules: Sendable {
  /// Whom a binding is about, as users are known: a service account by its user name.
  private enum Subject: Hashable {
    case user(String)
    case group(String)
  }

  /// A binding and its place in the order in which bindings are asked.
  private struct Place: Hashable, Comparable {
    var namespace: String
    var name: String
    static func < (left: Place, right: Place) -> Bool { left.name < right.name }
  }

  private var roles: [Place: [PolicyRule]] = [:]
  private var bindings: [Place: AccessBinding] = [:]
  /// Cluster-wide ones under the namespace "".
  private var places: [String: [Subject: Set<Place>]] = [:]

  package init() {}

  /// Takes a new or changed Role, ClusterRole or binding in; other kinds are passed over.
  package mutating func put(_ resource: Resource) {
    let place = Self.place(resource.key)
    switch resource.kind.plural {
    case "roles", "clusterroles":
      roles[place] = PolicyRule.rules(of: resource.json)
    case "rolebindings", "clusterrolebindings":
      removeBinding(place)
      let binding = AccessBinding(resource)
      bindings[place] = binding
      for subject in Self.subjects(binding) { places[place.namespace, default: [:]][subject, default: []].insert(place) }
    default: break
    }
  }

  /// Takes an object out.
  package mutating func remove(_ key: ResourceKey) {
    let place = Self.place(key)
    switch key.kind.plural {
    case "roles", "clusterroles": roles[place] = nil
    case "rolebindings", "clusterrolebindings": removeBinding(place)
    default: break
    }
  }

  private mutating func removeBinding(_ place: Place) {
    guard let binding = bindings.removeValue(forKey: place) else { return }
    for subject in Self.subjects(binding) {
      places[place.namespace]?[subject]?.remove(place)
      if places[place.namespace]?[subject]?.isEmpty == true { places[place.namespace]?[subject] = nil }
    }
    if places[place.namespace]?.isEmpty == true { places[place.namespace] = nil }
  }

  private static func place(_ key: ResourceKey) -> Place { Place(namespace: key.namespace, name: key.name) }

  private static func subjects(_ binding: AccessBinding) -> [Subject] {
    binding.subjects.compactMap { subject in
      switch subject.kind {
      case "User": return .user(subject.name)
      case "Group": return .group(subject.name)
      case "ServiceAccount":
        let namespace = subject.namespace.isEmpty ? binding.namespace : subject.namespace
        return namespace.isEmpty ? nil : .user("system:serviceaccount:\(namespace):\(subject.name)")
      default: return nil
      }
    }
  }
}

extension AccessRules {
  /// What a binding gives to a user: the rules of its role, or the role that is missing.
  private struct Grant {
    var binding: AccessBinding
    var subject: AccessSubject
    var rules: [PolicyRule]?

    /// Kubernetes' words for a role that does not exist.
    var missing: String {
      "\(binding.roleKind.lowercased()).\(AccessKinds.group) \(GoText.quoted(binding.roleName)) not found"
    }
  }

  /// Calls `body` with what the bindings give to a user, cluster-wide ones first, each in order of their names, until it says false.
  private func visit(_ user: UserInfo, namespace: String, _ body: (Grant) -> Bool) {
    for place in namespace.isEmpty ? [""] : ["", namespace] {
      guard let subjects = places[place] else { continue }
      var found = subjects[.user(user.name)] ?? []
      for group in user.groups { if let more = subjects[.group(group)] { found.formUnion(more) } }
      for place in found.sorted() {
        guard let binding = bindings[place] else { continue }
        guard let subject = binding.subjects.first(where: { applies($0, binding, to: user) }) else { continue }
        guard body(Grant(binding: binding, subject: subject, rules: rules(of: binding))) else { return }
      }
    }
  }

  private func applies(_ subject: AccessSubject, _ binding: AccessBinding, to user: UserInfo) -> Bool {
    switch subject.kind {
    case "User": return subject.name == user.name
    case "Group": return user.groups.contains(subject.name)
    case "ServiceAccount":
      let namespace = subject.namespace.isEmpty ? binding.namespace : subject.namespace
      return !namespace.isEmpty && user.name == "system:serviceaccount:\(namespace):\(subject.name)"
    default: return false
    }
  }

  private func rules(of binding: AccessBinding) -> [PolicyRule]? {
    rules(roleKind: binding.roleKind, name: binding.roleName, namespace: binding.namespace)
  }

  /// The rules of a role; nil when there is none of this name.
  package func rules(roleKind: String, name: String, namespace: String) -> [PolicyRule]? {
    switch roleKind {
    case "ClusterRole": roles[Place(namespace: "", name: name)]
    case "Role": namespace.isEmpty ? nil : roles[Place(namespace: namespace, name: name)]
    default: nil
    }
  }

  /// Whether a request may go on: a member of `system:masters` always, others by the first binding that gives a rule which allows it
  /// (Kubernetes' RBAC authorizer with the privileged group before it).
  package func decide(_ request: AccessAttributes) -> AccessDecision {
    if request.user.groups.contains(UserInfo.mastersGroup) { return AccessDecision(isAllowed: true, reason: "") }
    var reason: String?
    var missing: [String] = []
    visit(request.user, namespace: request.namespace) { grant in
      guard let rules = grant.rules else {
        missing.append(grant.missing)
        return true
      }
      guard rules.contains(where: { $0.allows(request) }) else { return true }
      reason = "RBAC: allowed by " + grant.binding.reason(grant.subject)
      return false
    }
    if let reason { return AccessDecision(isAllowed: true, reason: reason) }
    return AccessDecision(isAllowed: false, reason: missing.isEmpty ? "" : "RBAC: " + Self.aggregate(missing))
  }

  /// All rules that a user has in a namespace (empty: cluster-wide), and what could not be found out.
  package func rules(for user: UserInfo, namespace: String) -> (rules: [PolicyRule], errors: [String]) {
    var rules: [PolicyRule] = []
    var errors: [String] = []
    visit(user, namespace: namespace) { grant in
      if let own = grant.rules { rules += own } else { errors.append(grant.missing) }
      return true
    }
    return (rules, errors)
  }

  /// Several errors as Go's `errors.Aggregate` prints them: each once.
  package static func aggregate(_ errors: [String]) -> String {
    var seen: Set<String> = []
    let unique = errors.filter { seen.insert($0).inserted }
    return unique.count == 1 ? unique[0] : "[" + unique.joined(separator: ", ") + "]"
  }
}
