/// Whether one set of rules gives all that another one gives: what nobody may pass on who does not have it
/// (`component-helpers/auth/rbac/validation`).
package enum RuleCovering {
  /// What of `wanted` no single rule of `held` gives, in the smallest pieces: one verb, one resource, one name, one path. Empty: all is covered.
  package static func missing(_ wanted: [PolicyRule], from held: [PolicyRule]) -> [PolicyRule] {
    var missing: [PolicyRule] = []
    for piece in wanted.flatMap(pieces) where !held.contains(where: { covers($0, piece) }) { missing.append(piece) }
    return missing
  }

  /// Takes a rule apart.
  package static func pieces(of rule: PolicyRule) -> [PolicyRule] {
    var result: [PolicyRule] = []
    for group in rule.apiGroups {
      for resource in rule.resources {
        for verb in rule.verbs {
          if rule.resourceNames.isEmpty { result.append(PolicyRule([verb], of: [resource], in: [group])) }
          for name in rule.resourceNames { result.append(PolicyRule([verb], of: [resource], in: [group], named: [name])) }
        }
      }
    }
    for path in rule.nonResourceURLs {
      for verb in rule.verbs { result.append(PolicyRule([verb], paths: [path])) }
    }
    return result
  }

  /// Whether a rule gives all of a piece.
  private static func covers(_ held: PolicyRule, _ piece: PolicyRule) -> Bool {
    (held.verbs.contains("*") || hasAll(held.verbs, piece.verbs))
      && (held.apiGroups.contains("*") || hasAll(held.apiGroups, piece.apiGroups))
      && coversResources(held.resources, piece.resources)
      && piece.nonResourceURLs.allSatisfy { path in held.nonResourceURLs.contains { PolicyRule.covers(url: $0, path) } }
      && (piece.resourceNames.isEmpty
        ? held.resourceNames.isEmpty : held.resourceNames.isEmpty || hasAll(held.resourceNames, piece.resourceNames))
  }

  private static func hasAll(_ set: [String], _ values: [String]) -> Bool { values.allSatisfy(set.contains) }

  private static func coversResources(_ set: [String], _ values: [String]) -> Bool {
    if set.contains("*") { return true }
    return values.allSatisfy { value in
      if set.contains(value) { return true }
      guard let slash = value.firstIndex(of: "/") else { return false }
      return set.contains("*" + value[slash...])
    }
  }

  /// Puts together what differs only in its verbs, as messages show it (`CompactRules`): first the rules about more than one thing.
  package static func compact(_ rules: [PolicyRule]) -> [PolicyRule] {
    var others: [PolicyRule] = []
    var simple: [PolicyRule] = []
    for rule in rules {
      guard rule.apiGroups.count == 1, rule.resources.count == 1, rule.resourceNames.count <= 1, rule.nonResourceURLs.isEmpty else {
        others.append(rule)
        continue
      }
      let place = simple.firstIndex {
        $0.apiGroups == rule.apiGroups && $0.resources == rule.resources && $0.resourceNames == rule.resourceNames
      }
      guard let place else {
        simple.append(rule)
        continue
      }
      for verb in rule.verbs where !simple[place].verbs.contains(verb) { simple[place].verbs.append(verb) }
    }
    return others + simple
  }
}
