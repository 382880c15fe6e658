import Contracts
import JSONValue
import KubeAPI
import KubeModel

/// Which objects a list or a watch is about.
struct Selection: Sendable, Hashable {
  /// Nil: all namespaces.
  var namespace: String?
  var labels: LabelSelector
  var fields: FieldSelector

  var hasSelectors: Bool { !labels.requirements.isEmpty || !fields.requirements.isEmpty }

  /// Throws `badRequest` for fields that the kind does not select by.
  init(_ kind: ServedKind, namespace: String?, labels: LabelSelector, fields: FieldSelector) throws(KubeStatus) {
    let known = ["metadata.name"] + (kind.api.kind.isNamespaced ? ["metadata.namespace"] : []) + kind.api.selectableFields
    for requirement in fields.requirements where !known.contains(requirement.field) {
      throw KubeStatus(.badRequest, Self.unknownField(requirement.field, kind))
    }
    self.namespace = kind.api.kind.isNamespaced ? namespace : nil
    self.labels = labels
    self.fields = fields
  }

  /// Kubernetes has one wording for kinds with fields of their own and for custom kinds, another for those with none.
  private static func unknownField(_ field: String, _ kind: ServedKind) -> String {
    if kind.api.isCustom || !kind.api.selectableFields.isEmpty { return "field label not supported: \(field)" }
    return "\"\(field)\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
  }

  func matches(_ resource: Resource) -> Bool {
    if let namespace, resource.namespace != namespace { return false }
    return matchesLabels(resource) && matchesFields(resource)
  }

  func matchesLabels(_ resource: Resource) -> Bool {
    labels.requirements.allSatisfy { $0.holds(for: resource.label($0.key)) }
  }

  func matchesFields(_ resource: Resource) -> Bool {
    fields.requirements.isEmpty || fields.matches { Self.value(of: $0, in: resource.json) }
  }

  /// A field's value as text; nil where it is missing or no plain value.
  static func value(of field: String, in json: JSON) -> String? {
    switch json.at(field.split(separator: ".").map(String.init)) {
    case .string(let text): text
    case .bool(let value): value ? "true" : "false"
    case .int(let value): String(value)
    case .double(let value): JSON.numberText(value)
    default: nil
    }
  }
}
