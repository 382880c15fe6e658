internal import JSONValue
internal import KubeModel

/// Checks of roles and bindings (`pkg/apis/rbac/validation`).
enum AccessRulesCheck {
  static func problems(of resource: Resource, old: Resource?) -> [FieldProblem] {
    switch resource.kind.kind {
    case "Role", "ClusterRole": roleProblems(resource)
    default: bindingProblems(resource, old)
    }
  }

  private static func roleProblems(_ role: Resource) -> [FieldProblem] {
    var result: [FieldProblem] = []
    func count(_ rule: JSON, _ field: String) -> Int { rule[field]?.array?.count ?? 0 }
    for (index, rule) in (role.json["rules"]?.array ?? []).enumerated() {
      let path = "rules[\(index)]"
      if count(rule, "verbs") == 0 { result.append(.required("\(path).verbs", "verbs must contain at least one value")) }
      if count(rule, "nonResourceURLs") > 0 {
        if role.kind.isNamespaced {
          result.append(
            .invalid("\(path).nonResourceURLs", rule["nonResourceURLs"] ?? .null, "namespaced rules cannot apply to non-resource URLs"))
        }
        if count(rule, "apiGroups") + count(rule, "resources") + count(rule, "resourceNames") > 0 {
          result.append(
            .invalid(
              "\(path).nonResourceURLs", rule["nonResourceURLs"] ?? .null,
              "rules cannot apply to both regular resources and non-resource URLs"))
        }
        continue
      }
      if count(rule, "apiGroups") == 0 {
        result.append(.required("\(path).apiGroups", "resource rules must supply at least one api group"))
      }
      if count(rule, "resources") == 0 { result.append(.required("\(path).resources", "resource rules must supply at least one resource")) }
    }
    for (index, selector) in (role.json.at("aggregationRule", "clusterRoleSelectors")?.array ?? []).enumerated() {
      result += MetadataRules.labelProblems(
        selector["matchLabels"], at: "aggregationRule.clusterRoleSelectors[\(index)].matchLabels")
    }
    if role.json["aggregationRule"] != nil, (role.json.at("aggregationRule", "clusterRoleSelectors")?.array ?? []).isEmpty {
      result.append(
        .required("aggregationRule.clusterRoleSelectors", "at least one clusterRoleSelector required if aggregationRule is non-nil"))
    }
    return result
  }

  private static func bindingProblems(_ binding: Resource, _ old: Resource?) -> [FieldProblem] {
    var result: [FieldProblem] = []
    let role = binding.json["roleRef"] ?? [:]
    let group: JSON = "rbac.authorization.k8s.io"
    if role["apiGroup"] ?? group != group { result.append(.notSupported("roleRef.apiGroup", role["apiGroup"] ?? .null, [group])) }
    let kinds: [JSON] = binding.kind.isNamespaced ? ["Role", "ClusterRole"] : ["ClusterRole"]
    if !kinds.contains(role["kind"] ?? "") { result.append(.notSupported("roleRef.kind", role["kind"] ?? "", kinds)) }
    let name = role["name"]?.string ?? ""
    if name.isEmpty { result.append(.required("roleRef.name")) }
    for problem in NameFormats.pathSegment(name) { result.append(.invalid("roleRef.name", .string(name), problem)) }
    for (index, subject) in (binding.json["subjects"]?.array ?? []).enumerated() {
      result += subjectProblems(subject, "subjects[\(index)]")
    }
    if let old, old.json["roleRef"] != binding.json["roleRef"] { result.append(.invalid("roleRef", role, "cannot change roleRef")) }
    return result
  }

  private static func subjectProblems(_ subject: JSON, _ path: String) -> [FieldProblem] {
    var result: [FieldProblem] = []
    let name = subject["name"]?.string ?? ""
    if name.isEmpty { result.append(.required("\(path).name")) }
    switch subject["kind"]?.string {
    case "ServiceAccount"?:
      for problem in name.isEmpty ? [] : NameFormats.subdomain(name) { result.append(.invalid("\(path).name", .string(name), problem)) }
      if (subject["namespace"]?.string ?? "").isEmpty { result.append(.required("\(path).namespace")) }
      if let group = subject["apiGroup"], group != "" { result.append(.notSupported("\(path).apiGroup", group, [""])) }
    case "User"?, "Group"?:
      if let group = subject["apiGroup"], group != "rbac.authorization.k8s.io" {
        result.append(.notSupported("\(path).apiGroup", group, ["rbac.authorization.k8s.io"]))
      }
    default: result.append(.notSupported("\(path).kind", subject["kind"] ?? "", ["ServiceAccount", "User", "Group"]))
    }
    return result
  }
}
