internal import JSONValue
internal import KubeModel
internal import Querying

/// Checks of CustomResourceDefinitions (`apiextensions-apiserver/pkg/apis/apiextensions/validation`).
enum DefinitionRules {
  static func problems(of definition: Resource, old: Resource?) -> [FieldProblem] {
    let spec = definition.spec
    let group = spec["group"]?.string ?? ""
    let plural = spec.at("names", "plural")?.string ?? ""
    var result: [FieldProblem] = []
    if definition.name != "\(plural).\(group)" {
      result.append(.invalid("metadata.name", .string(definition.name), "must be spec.names.plural+\".\"+spec.group"))
    }
    if group.isEmpty {
      result.append(.required("spec.group"))
    } else {
      for problem in NameFormats.subdomain(group) { result.append(.invalid("spec.group", .string(group), problem)) }
      if !group.contains(".") { result.append(.invalid("spec.group", .string(group), "should be a domain with at least one dot")) }
    }
    if group.hasSuffix(".k8s.io") || group == "k8s.io" || group.hasSuffix(".kubernetes.io") || group == "kubernetes.io" {
      let approval = definition.annotation("api-approved.kubernetes.io") ?? ""
      if !approval.hasPrefix("http"), !approval.hasPrefix("unapproved") {
        result.append(
          .required(
            "metadata.annotations[api-approved.kubernetes.io]",
            "protected groups must have approval annotation \"api-approved.kubernetes.io\", see "
              + "https://github.com/kubernetes/enhancements/pull/1111"))
      }
    }
    result += choice(spec["scope"], "spec.scope", ["Cluster", "Namespaced"])
    if spec["preserveUnknownFields"]?.bool == true {
      result.append(
        .invalid(
          "spec.preserveUnknownFields", true,
          "must be false in order to use defaults in the schema: set x-kubernetes-preserve-unknown-fields to true in "
            + "spec.versions[*].schema instead"))
    }
    result += nameProblems(spec["names"] ?? [:]) + versionProblems(spec["versions"]?.array ?? []) + conversionProblems(spec["conversion"])
    if let old { result += changeProblems(definition, old) }
    return result
  }

  private static func choice(_ value: JSON?, _ path: String, _ choices: [JSON]) -> [FieldProblem] {
    guard let value, value.string?.isEmpty == false else { return [.required(path)] }
    return choices.contains(value) ? [] : [.notSupported(path, value, choices)]
  }

  private static func nameProblems(_ names: JSON) -> [FieldProblem] {
    var result: [FieldProblem] = []
    for field in ["plural", "singular", "kind", "listKind"] {
      let path = "spec.names.\(field)"
      let name = names[field]?.string ?? ""
      if name.isEmpty {
        result.append(.required(path))
        continue
      }
      let isKind = field.lowercased().hasSuffix("kind")
      for problem in NameFormats.label1035(isKind ? name.lowercased() : name) {
        result.append(.invalid(path, .string(name), isKind ? "may have mixed case, but should otherwise match: \(problem)" : problem))
      }
    }
    for list in ["shortNames", "categories"] {
      for (index, name) in (names[list]?.array ?? []).enumerated() {
        for problem in NameFormats.label1035(name.string ?? "") { result.append(.invalid("spec.names.\(list)[\(index)]", name, problem)) }
      }
    }
    if let kind = names["kind"]?.string, !kind.isEmpty, kind == names["listKind"]?.string {
      result.append(.invalid("spec.names.listKind", .string(kind), "kind and listKind may not be the same"))
    }
    return result
  }

  private static func versionProblems(_ versions: [JSON]) -> [FieldProblem] {
    var result: [FieldProblem] = []
    if versions.isEmpty { result.append(.required("spec.versions", "must have at least one version")) }
    var seen: Set<String> = []
    for (index, version) in versions.enumerated() {
      let path = "spec.versions[\(index)]"
      let name = version["name"]?.string ?? ""
      for problem in NameFormats.label1035(name) { result.append(.invalid("\(path).name", .string(name), problem)) }
      if !seen.insert(name).inserted {
        result.append(.invalid("spec.versions", .array(versions.map { $0["name"] ?? "" }), "must contain unique version names"))
      }
      if let schema = version.at("schema", "openAPIV3Schema") {
        result += StructuralRules.problems(of: schema, at: "\(path).schema.openAPIV3Schema")
      } else {
        result.append(.required("\(path).schema.openAPIV3Schema", "schemas are required"))
      }
      result += columnProblems(version, path)
      if let field = version.at("subresources", "scale"), field.object != nil {
        for name in ["specReplicasPath", "statusReplicasPath"] where (field[name]?.string ?? "").isEmpty {
          result.append(.required("\(path).subresources.scale.\(name)"))
        }
      }
    }
    let stored = versions.filter { $0["storage"]?.bool == true }.count
    if stored != 1, !versions.isEmpty {
      result.append(
        .invalid("spec.versions", .array(versions.map { $0["name"] ?? "" }), "must have exactly one version marked as storage version"))
    }
    return result
  }

  private static func columnProblems(_ version: JSON, _ path: String) -> [FieldProblem] {
    var result: [FieldProblem] = []
    let types: [JSON] = ["integer", "number", "string", "boolean", "date"]
    for (index, column) in (version["additionalPrinterColumns"]?.array ?? []).enumerated() {
      let place = "\(path).additionalPrinterColumns[\(index)]"
      if (column["name"]?.string ?? "").isEmpty { result.append(.required("\(place).name")) }
      if (column["type"]?.string ?? "").isEmpty {
        result.append(.required("\(place).type", "must be one of boolean,date,integer,number,string"))
      } else if let type = column["type"], !types.contains(type) {
        result.append(.invalid("\(place).type", type, "must be one of boolean,date,integer,number,string"))
      }
      let json = column["jsonPath"]?.string ?? ""
      if json.isEmpty {
        result.append(.required("\(place).JSONPath"))
      } else if !json.hasPrefix(".") {
        result.append(.invalid("\(place).jsonPath", .string(json), "must be a simple json path starting with ."))
      } else {
        do throws(JSONPathError) {
          _ = try KubectlJSONPath("{\(json)}")
        } catch {
          result.append(.invalid("\(place).jsonPath", .string(json), "is an invalid JSON path: \(error.message)"))
        }
      }
    }
    return result
  }

  private static func conversionProblems(_ conversion: JSON?) -> [FieldProblem] {
    guard let conversion, !conversion.isNull else { return [] }
    let strategy = conversion["strategy"] ?? "None"
    if strategy == "Webhook" {
      return [
        .forbidden("spec.conversion.strategy", "webhooks are not called by this server: use None, versions must differ in their name only")
      ]
    }
    return choice(strategy, "spec.conversion.strategy", ["None", "Webhook"])
  }

  private static func changeProblems(_ definition: Resource, _ old: Resource) -> [FieldProblem] {
    var result: [FieldProblem] = []
    for path in [["group"], ["scope"], ["names", "plural"], ["names", "kind"]] {
      let before = old.spec.at(path)
      let after = definition.spec.at(path)
      guard before != after else { continue }
      let field = "spec." + path.joined(separator: ".")
      result.append(.immutable(field, after ?? ""))
    }
    let versions = (definition.spec["versions"]?.array ?? []).compactMap { $0["name"] }
    for (index, stored) in (definition.json.at("status", "storedVersions")?.array ?? []).enumerated() where !versions.contains(stored) {
      result.append(
        .invalid(
          "status.storedVersions[\(index)]", stored,
          "missing from spec.versions; \(stored.string ?? "") was previously a storage version, and "
            + "must remain in spec.versions until a storage migration ensures no data remains persisted in \(stored.string ?? "") and removes "
            + "\(stored.string ?? "") from status.storedVersions"))
    }
    return result
  }
}
