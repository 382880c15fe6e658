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
    /// What the field's Kubernetes type says beyond its form.
    package var traits = Traits()
  }

  /// What Kubernetes' API says of a field for patches and documents; the structural check does not ask for it.
  package struct Traits: Sendable, Hashable {
    /// `date-time`, `int32`, `byte` … (of each element, for a list or map).
    package var format = ""
    /// A list whose elements are known by these keys (server-side apply).
    package var mapKeys: [String] = []
    /// A list of values that differ (server-side apply).
    package var isSet = false
    /// Replaced as a whole by server-side apply.
    package var isAtomic = false
    /// Strategic merge patch: the key of the elements; empty for a list of plain values; nil: the list is replaced.
    package var mergeKey: String?
    /// Strategic merge patch: of an object only what the patch names stays (`retainKeys`).
    package var retainsKeys = false
    /// What stands for a key of `mapKeys` that is left out.
    package var defaultValue: String?
  }

  package struct ObjectType: Sendable, Hashable {
    package var name: String
    package var fields: [Field]
    /// Each use of the type is replaced as a whole by server-side apply.
    package var isAtomic = false

    package func field(_ name: String) -> Field? { fields.first { $0.name == name } }
  }

  package let types: [String: ObjectType]

  package func type(_ name: String) -> ObjectType? { types[name] }

  /// The schema of this build.
  package static let standard = Schema(SchemaTable.parse(argoTables + kubeTables))

  /// The names of the types that are Argo's own, not Kubernetes'.
  package static let argoTypeNames = Set(SchemaTable.parse(argoTables).keys)

  private static let argoTables = [argoKinds, argoTemplates, argoArtifacts, argoTests]
  private static let kubeTables = [kubeObjects, kubeAffinity, kubeContainers, kubeVolumes]

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
