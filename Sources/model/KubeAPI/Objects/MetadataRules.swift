internal import JSONValue
internal import KubeModel

/// Checks of `metadata` (`apimachinery/pkg/api/validation.ValidateObjectMeta`).
enum MetadataRules {
  /// All annotations of an object together, in bytes.
  static let maximumAnnotations: Int64 = 262_144

  static func problems(of resource: Resource, old: Resource?) -> [FieldProblem] {
    let metadata = resource.metadata
    var result: [FieldProblem] = []
    let check = nameCheck(of: resource.kind)
    if let base = resource.generateName, !base.isEmpty {
      for problem in check(base.hasSuffix("-") ? base.dropLast() + "a" : base) {
        result.append(.invalid("metadata.generateName", .string(base), problem))
      }
    }
    if resource.name.isEmpty {
      result.append(.required("metadata.name", "name or generateName is required"))
    } else {
      for problem in check(resource.name) { result.append(.invalid("metadata.name", .string(resource.name), problem)) }
    }
    if resource.kind.isNamespaced {
      if resource.namespace.isEmpty {
        result.append(.required("metadata.namespace"))
      } else {
        for problem in NameFormats.label(resource.namespace) {
          result.append(.invalid("metadata.namespace", .string(resource.namespace), problem))
        }
      }
    } else if !resource.namespace.isEmpty {
      result.append(.forbidden("metadata.namespace", "not allowed on this type"))
    }
    result += labelProblems(metadata["labels"]) + annotationProblems(metadata["annotations"])
    result += ownerProblems(metadata["ownerReferences"]) + finalizerProblems(metadata["finalizers"])
    if let old {
      for field in ["name", "namespace", "uid"] {
        let before = old.metadata[field]?.string ?? ""
        let after = metadata[field]?.string ?? ""
        if before != after, !before.isEmpty { result.append(.immutable("metadata.\(field)", .string(after))) }
      }
    }
    return result
  }

  private static func nameCheck(of kind: ResourceKind) -> (String) -> [String] {
    switch (kind.group, kind.kind) {
    case ("", "Namespace"): NameFormats.label
    case ("", "Service"): NameFormats.label1035
    case ("rbac.authorization.k8s.io", _): NameFormats.pathSegment
    // The keys of semaphores in Argo's database may be any text.
    case ("argosy.io", "SyncLimit"): NameFormats.pathSegment
    default: NameFormats.subdomain
    }
  }

  static func labelProblems(_ labels: JSON?, at path: String = "metadata.labels") -> [FieldProblem] {
    var result: [FieldProblem] = []
    for (key, value) in labels?.object ?? [:] {
      for problem in NameFormats.qualifiedName(key) { result.append(.invalid(path, .string(key), problem)) }
      guard let text = value.string else {
        result.append(.wrongType("\(path).\(key)", .string(value.typeName), "must be a string"))
        continue
      }
      for problem in NameFormats.labelValue(text) { result.append(.invalid(path, .string(text), problem)) }
    }
    return result
  }

  private static func annotationProblems(_ annotations: JSON?) -> [FieldProblem] {
    var result: [FieldProblem] = []
    var size: Int64 = 0
    for (key, value) in annotations?.object ?? [:] {
      for problem in NameFormats.qualifiedName(key.lowercased()) { result.append(.invalid("metadata.annotations", .string(key), problem)) }
      guard let text = value.string else {
        result.append(.wrongType("metadata.annotations.\(key)", .string(value.typeName), "must be a string"))
        continue
      }
      size += Int64(key.utf8.count + text.utf8.count)
    }
    if size > maximumAnnotations { result.append(.tooLong("metadata.annotations", limit: maximumAnnotations)) }
    return result
  }

  private static func ownerProblems(_ owners: JSON?) -> [FieldProblem] {
    var result: [FieldProblem] = []
    var controller: String?
    for (index, owner) in (owners?.array ?? []).enumerated() {
      let path = "metadata.ownerReferences[\(index)]"
      if (owner["apiVersion"]?.string ?? "").isEmpty { result.append(.invalid("\(path).apiVersion", "", "version must not be empty")) }
      for field in ["kind", "name", "uid"] where (owner[field]?.string ?? "").isEmpty {
        result.append(.invalid("\(path).\(field)", "", field == "kind" ? "must not be empty" : "\(field) must not be empty"))
      }
      if owner["kind"]?.string == "Event", owner["apiVersion"]?.string == "v1" {
        result.append(.invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner"))
      }
      guard owner["controller"]?.bool == true else { continue }
      let name = owner["name"]?.string ?? ""
      if let controller {
        result.append(
          .invalid(
            "metadata.ownerReferences", owners ?? .null,
            "Only one reference can have Controller set to true. Found \"true\" in references for \(controller) and \(name)"))
      }
      controller = name
    }
    return result
  }

  private static func finalizerProblems(_ finalizers: JSON?) -> [FieldProblem] {
    let names = (finalizers?.array ?? []).compactMap(\.string)
    var result: [FieldProblem] = []
    for name in names {
      for problem in NameFormats.qualifiedName(name) { result.append(.invalid("metadata.finalizers", .string(name), problem)) }
    }
    if names.contains("orphan"), names.contains("foregroundDeletion") {
      result.append(
        .invalid("metadata.finalizers", finalizers ?? .null, "finalizer foregroundDeletion and orphan cannot be both set"))
    }
    return result
  }
}
