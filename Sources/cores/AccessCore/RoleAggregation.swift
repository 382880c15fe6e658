import JSONValue
import KubeModel

/// ClusterRoles that collect the rules of others by their labels.
package enum RoleAggregation {
  /// Whether a ClusterRole's document has an aggregation rule.
  package static func isAggregated(_ role: JSON) -> Bool {
    guard let rule = role["aggregationRule"] else { return false }
    return !rule.isNull
  }

  /// The rules of an aggregated ClusterRole: those of the roles that its selectors pick, selector by selector and by name, each rule once;
  /// never its own. Nil when the role is none.
  package static func rules(of role: Resource, among roles: [Resource]) -> [PolicyRule]? {
    guard isAggregated(role.json) else { return nil }
    var rules: [PolicyRule] = []
    let ordered = roles.sorted { $0.name < $1.name }
    for selector in role.json.at("aggregationRule", "clusterRoleSelectors")?.array ?? [] {
      let selector = LabelSelector(json: selector)
      for other in ordered where other.name != role.name && selector.matches(other.labels) {
        for rule in PolicyRule.rules(of: other.json) where !rules.contains(rule) { rules.append(rule) }
      }
    }
    return rules
  }
}
