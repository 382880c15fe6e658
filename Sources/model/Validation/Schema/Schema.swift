/// The shapes of all manifests that this build reads, as data: one description for the structural check, for completions and for JSON schemas.
///
/// The tables name every field of the originals' types (`pkg/apis/workflow/v1alpha1` and Kubernetes' core/v1).
package struct Schema: Sendable {
  /// What a field may hold.
  package indirect enum FieldType: Sendable, Hashable {
    case string, integer, number, boolean
    /// Anything: free JSON, or an object whose inside is left to others.
    case any
    /// A string; YAML's numbers and booleans are taken as their text (Argo's `AnyString`).
    case anyString
    /// Kubernetes' `IntOrString`.
    case intOrString
    /// Kubernetes' `Quantity`: text or a plain number.
    case quantity
    case list(FieldType)
    case map(FieldType)
    /// A type of this schema, by name.
    case object(String)
  }

  package struct Field: Sendable, Hashable {
    package var name: String
    package var type: FieldType
    package var isRequired: Bool
    /// The allowed values (of each element, for a list); empty when any value will do.
    package var choices: [String]
  }

  package struct ObjectType: Sendable, Hashable {
    package var name: String
    package var fields: [Field]

    package func field(_ name: String) -> Field? { fields.first { $0.name == name } }
  }

  package let types: [String: ObjectType]

  package func type(_ name: String) -> ObjectType? { types[name] }

  /// The schema of this build.
  package static let standard = Schema(
    SchemaTable.parse([argoKinds, argoTemplates, argoArtifacts, kubeObjects, kubeContainers, kubeVolumes]))

  private init(_ types: [String: ObjectType]) { self.types = types }
}

extension Schema.FieldType: CustomStringConvertible {
  /// The type as messages name it.
  package var description: String {
    switch self {
    case .string: "string"
    case .integer: "integer"
    case .number: "number"
    case .boolean: "boolean"
    case .any: "any value"
    case .anyString: "string, number or boolean"
    case .intOrString: "integer or string"
    case .quantity: "quantity"
    case .list: "list"
    case .map, .object: "object"
    }
  }
}
