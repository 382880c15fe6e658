import AccessCore
import Basics
import JSONValue
import KubeModel

/// What roles and bindings must be like (`pkg/apis/rbac/validation` and `defaults`).
enum AccessObjectRules {
  /// Fills in API groups that are left out.
  static func complete(_ object: inout Resource) {
    guard object.kind.plural == "rolebindings" || object.kind.plural == "clusterrolebindings" else { return }
    if var role = object.json["roleRef"]?.object, (role["apiGroup"]?.string ?? "").isEmpty {
      role["apiGroup"] = .string(AccessKinds.group)
      object.json["roleRef"] = .object(role)
    }
    guard var subjects = object.json["subjects"]?.array else { return }
    for index in subjects.indices {
      guard var subject = subjects[index].object, (subject["apiGroup"]?.string ?? "").isEmpty else { continue }
      if subject["kind"]?.string == "User" || subject["kind"]?.string == "Group" {
        subject["apiGroup"] = .string(AccessKinds.group)
        subjects[index] = .object(subject)
      }
    }
    object.json["subjects"] = .array(subjects)
  }

  /// Throws `invalid` with all that is wrong.
  static func check(_ object: Resource, old: Resource?) throws(KubeStatus) {
    var faults = Faults()
    switch object.kind.plural {
    case "roles", "clusterroles":
      for (index, rule) in PolicyRule.rules(of: object.json).enumerated() {
        check(rule, "rules[\(index)]", isNamespaced: object.kind.isNamespaced, &faults)
      }
      if RoleAggregation.isAggregated(object.json), (object.json.at("aggregationRule", "clusterRoleSelectors")?.array ?? []).isEmpty {
        faults.required("aggregationRule.clusterRoleSelectors", "at least one clusterRoleSelector required if aggregationRule is non-nil")
      }
    default:
      checkBinding(object, &faults)
      if let old, roleReference(old) != roleReference(object) {
        faults.add("roleRef", "FieldValueInvalid", "Invalid value: \(goText(object.json["roleRef"] ?? .null)): cannot change roleRef")
      }
    }
    try faults.throwIfAny(object)
  }

  private static func check(_ rule: PolicyRule, _ path: String, isNamespaced: Bool, _ faults: inout Faults) {
    if rule.verbs.isEmpty { faults.required("\(path).verbs", "verbs must contain at least one value") }
    if !rule.nonResourceURLs.isEmpty {
      let value = "[" + rule.nonResourceURLs.map { GoQuote.quoted($0) }.joined(separator: ",") + "]"
      if isNamespaced {
        faults.add(
          "\(path).nonResourceURLs", "FieldValueInvalid", "Invalid value: \(value): namespaced rules cannot apply to non-resource URLs")
      }
      if !rule.apiGroups.isEmpty || !rule.resources.isEmpty || !rule.resourceNames.isEmpty {
        faults.add(
          "\(path).nonResourceURLs", "FieldValueInvalid",
          "Invalid value: \(value): rules cannot apply to both regular resources and non-resource URLs")
      }
      return
    }
    if rule.apiGroups.isEmpty { faults.required("\(path).apiGroups", "resource rules must supply at least one api group") }
    if rule.resources.isEmpty { faults.required("\(path).resources", "resource rules must supply at least one resource") }
  }

  private static func checkBinding(_ binding: Resource, _ faults: inout Faults) {
    let reference = binding.json["roleRef"] ?? .null
    if reference["apiGroup"]?.string != AccessKinds.group {
      faults.unsupported("roleRef.apiGroup", reference["apiGroup"], [AccessKinds.group])
    }
    let kinds = binding.kind.isNamespaced ? ["Role", "ClusterRole"] : ["ClusterRole"]
    if !kinds.contains(reference["kind"]?.string ?? "") { faults.unsupported("roleRef.kind", reference["kind"], kinds) }
    if (reference["name"]?.string ?? "").isEmpty { faults.required("roleRef.name", "") }
    for (index, subject) in (binding.json["subjects"]?.array ?? []).enumerated() {
      let path = "subjects[\(index)]"
      if (subject["name"]?.string ?? "").isEmpty { faults.required("\(path).name", "") }
      let group = subject["apiGroup"]?.string ?? ""
      switch subject["kind"]?.string ?? "" {
      case "ServiceAccount":
        if !group.isEmpty { faults.unsupported("\(path).apiGroup", subject["apiGroup"], [""]) }
        if !binding.kind.isNamespaced, (subject["namespace"]?.string ?? "").isEmpty { faults.required("\(path).namespace", "") }
      case "User", "Group":
        if group != AccessKinds.group { faults.unsupported("\(path).apiGroup", subject["apiGroup"], [AccessKinds.group]) }
      default: faults.unsupported("\(path).kind", subject["kind"], ["ServiceAccount", "User", "Group"])
      }
    }
  }

  private static func roleReference(_ binding: Resource) -> [String] {
    ["apiGroup", "kind", "name"].map { field in
      let value = binding.json.at("roleRef", field)?.string ?? ""
      return field == "apiGroup" && value.isEmpty ? AccessKinds.group : value
    }
  }

  /// A role reference as Go prints it.
  private static func goText(_ reference: JSON) -> String {
    func text(_ field: String) -> String { GoQuote.quoted(reference[field]?.string ?? "") }
    return "rbac.RoleRef{APIGroup:\(text("apiGroup")), Kind:\(text("kind")), Name:\(text("name"))}"
  }

  /// Whether two states differ in no more than what garbage collection needs: owners and finalizers.
  static func isOnlyCollectionChange(_ old: Resource, _ new: Resource) -> Bool {
    func rest(_ object: Resource) -> JSON {
      var json = object.json
      json.modifyObject { root in
        root["metadata"]?.modifyObject { metadata in
          for field in ["ownerReferences", "finalizers", "managedFields", "resourceVersion", "generation"] { metadata[field] = nil }
        }
      }
      return json
    }
    return rest(old) == rest(new)
  }

  /// What is wrong with an object, field by field.
  private struct Faults {
    var causes: [KubeStatus.Cause] = []

    mutating func add(_ field: String, _ reason: String, _ message: String) {
      causes.append(.init(reason: reason, message: message, field: field))
    }
    mutating func required(_ field: String, _ detail: String) {
      add(field, "FieldValueRequired", detail.isEmpty ? "Required value" : "Required value: \(detail)")
    }
    mutating func unsupported(_ field: String, _ value: JSON?, _ choices: [String]) {
      let list = choices.map { GoQuote.quoted($0) }.joined(separator: ", ")
      add(field, "FieldValueNotSupported", "Unsupported value: \(GoQuote.quoted(value?.string ?? "")): supported values: \(list)")
    }

    func throwIfAny(_ object: Resource) throws(KubeStatus) {
      guard let first = causes.first else { return }
      let texts = causes.map { "\($0.field): \($0.message)" }
      let text = causes.count == 1 ? "\(first.field): \(first.message)" : "[" + texts.joined(separator: ", ") + "]"
      var details = KubeStatus.Details(name: object.name, group: object.kind.group, kind: object.kind.kind)
      details.causes = causes
      throw KubeStatus(.invalid, "\(object.kind.kind).\(object.kind.group) \"\(object.name)\" is invalid: \(text)", details: details)
    }
  }
}
