import Contracts

extension AccessRules {
  /// Why a user may not pass these rules on: because it does not have all of them itself. Nil when it has
  /// (`registry/rbac/validation.ConfirmNoEscalation`). `namespace`: where the rules will hold; empty: everywhere.
  package func escalation(of wanted: [PolicyRule], by user: UserInfo, namespace: String) -> String? {
    let (held, errors) = rules(for: user, namespace: namespace)
    let missing = RuleCovering.missing(wanted, from: held)
    guard !missing.isEmpty else { return nil }
    let lines = Set(RuleCovering.compact(missing).map(\.description)).sorted()
    let resolution = errors.isEmpty ? "" : "; resolution errors: [\(errors.joined(separator: " "))]"
    return
      "user \(GoText.quoted(user.name)) (groups=\(GoText.quoted(user.groups))) is attempting to grant RBAC permissions not currently held:\n"
      + lines.joined(separator: "\n") + resolution
  }

  /// What gives everything: who sets an aggregation rule must have it, since anything may be collected later.
  package static let everything = [PolicyRule(["*"], of: ["*"], in: ["*"]), PolicyRule(["*"], paths: ["*"])]
}
