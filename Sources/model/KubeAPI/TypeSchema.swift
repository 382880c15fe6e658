package import JSONValue

/// The shape of a value: what Kubernetes' OpenAPI and structural schemas say, in one form for built-in kinds and CustomResourceDefinitions. Validation, defaulting,
/// pruning, patches, field ownership and OpenAPI documents read it.
package struct TypeSchema: Sendable, Hashable {
  package indirect enum Shape: Sendable, Hashable {
    /// Anything, kept as it is (`x-kubernetes-preserve-unknown-fields` without properties).
    case any
    case string, integer, number, boolean
    /// `x-kubernetes-int-or-string`.
    case intOrString
    case list(TypeSchema, ListType)
    case map(TypeSchema)
    case object(ObjectShape)
    /// A named type of the catalogue, so that types may refer to each other in circles.
    case reference(String)
  }

  /// How elements of a list are told apart by server-side apply (`x-kubernetes-list-type`).
  package enum ListType: Sendable, Hashable {
    case atomic, set
    case map(keys: [String])
  }

  package struct ObjectShape: Sendable, Hashable {
    package var properties: [Property]
    /// Fields that are not named are kept (`x-kubernetes-preserve-unknown-fields`).
    package var preservesUnknown: Bool
    /// Server-side apply owns the whole (`x-kubernetes-map-type: atomic`).
    package var isAtomic: Bool
    /// A whole object with `apiVersion`, `kind`, `metadata` inside (`x-kubernetes-embedded-resource`).
    package var isEmbeddedResource: Bool
    package init(_ properties: [Property], preservesUnknown: Bool = false, isAtomic: Bool = false, isEmbeddedResource: Bool = false) {
      self.properties = properties
      self.preservesUnknown = preservesUnknown
      self.isAtomic = isAtomic
      self.isEmbeddedResource = isEmbeddedResource
    }
    package func property(_ name: String) -> Property? { properties.first { $0.name == name } }
  }

  package struct Property: Sendable, Hashable {
    package var name: String
    package var schema: TypeSchema
    package var isRequired: Bool
    /// Strategic merge patch: the key that elements are matched by (`patchMergeKey`); empty for a list of plain values that merges as a set; nil: replaced.
    package var mergeKey: String?
    /// Strategic merge patch: of an object (or an element) only what the patch names stays (`patchStrategy: retainKeys`).
    package var retainsKeys = false
    package init(_ name: String, _ schema: TypeSchema, isRequired: Bool = false, mergeKey: String? = nil) {
      self.name = name
      self.schema = schema
      self.isRequired = isRequired
      self.mergeKey = mergeKey
    }
  }

  package var shape: Shape
  package var description = ""
  /// `date-time`, `int32`, `byte` …
  package var format = ""
  package var isNullable = false
  /// Server-side apply owns the whole value (`x-kubernetes-map-type: atomic` of a map, or of this use of a type). Objects have theirs in their shape too.
  package var isAtomic = false
  package var defaultValue: JSON?
  /// Allowed values; empty: any.
  package var choices: [JSON] = []
  /// What of JSON Schema goes beyond the shape (`minimum`, `pattern`, `maxItems`, `oneOf`, `x-kubernetes-validations` …), as it was written.
  package var constraints: JSONObject = [:]

  package init(_ shape: Shape) { self.shape = shape }
}
