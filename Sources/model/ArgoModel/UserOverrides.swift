package import JSONValue

/// What a workflow may say beside its `workflowTemplateRef` where the controller's configuration restricts workflows to templates
/// (`workflowRestrictions.templateReferencing`; spec section 8, v4.1).
package struct UserOverrides: Sendable, Hashable {
  private static let standard: Set<String> = [
    "arguments", "entrypoint", "shutdown", "suspend", "activeDeadlineSeconds", "priority", "ttlStrategy", "podGC", "volumeClaimGC",
    "archiveLogs", "workflowMetadata", "workflowTemplateRef", "metrics", "artifactGC",
  ]
  /// Of `artifactGC` these reach pods and stay forbidden.
  private static let forbiddenOfArtifactGC = ["serviceAccountName", "podSpecPatch", "podMetadata"]

  private let allowed: Set<String>

  /// - Parameter more: further field names, comma-separated (`WORKFLOW_USER_OVERRIDE_ALLOWLIST`).
  package init(allowing more: String = "") {
    allowed = Self.standard.union(more.split { $0 == "," || $0.isWhitespace }.map(String.init))
  }

  /// What is wrong with a workflow's own specification, in Argo's words; nil when nothing is.
  package func problem(with spec: JSON) -> String? {
    var violations: [String] = []
    for (field, value) in spec.object ?? [:] where !allowed.contains(field) && !Self.isEmpty(value) {
      violations.append(Self.goName(field))
    }
    for field in Self.forbiddenOfArtifactGC {
      if let value = spec.at("artifactGC", field), !Self.isEmpty(value) { violations.append("ArtifactGC.\(Self.goName(field))") }
    }
    guard !violations.isEmpty else { return nil }
    let list = violations.sorted().joined(separator: " ")
    return "fields [\(list)] are not permitted when using workflowTemplateRef with templateReferencing restriction"
  }

  private static func isEmpty(_ value: JSON) -> Bool {
    switch value {
    case .null, .string(""): true
    case .array(let elements): elements.isEmpty
    default: false
    }
  }

  /// The name of the field in Argo's types, which its message uses.
  private static func goName(_ field: String) -> String {
    for short in ["ttl", "dns"] where field.hasPrefix(short) { return short.uppercased() + field.dropFirst(short.count) }
    return field.prefix(1).uppercased() + field.dropFirst()
  }
}
