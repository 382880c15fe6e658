package import Contracts
package import JSONValue
package import KubeModel

/// What a document of a kind passes on its way into the store: reading by the kind's schema, defaults, validation. All in the words of Kubernetes.
package struct ObjectSchema: Sendable {
  package let kind: APIKind
  private let catalog: any KindCatalog
  private let schema: TypeSchema?
  /// Kubernetes' own kinds are decoded into types; of custom kinds the schema is checked after defaulting.
  private var isTyped: Bool { !kind.isCustom }

  package init(_ kind: APIKind, in catalog: any KindCatalog) {
    self.kind = kind
    self.catalog = catalog
    schema = catalog.schema(of: kind).map { _ in TypeSchema(.reference(kind.typeName)) }
  }

  /// Takes out fields that the kind does not have. Returns what the client is to be warned of.
  ///
  /// - Parameter duplicates: paths of fields that the document's text has twice (``JSON/parse(_:duplicates:)``).
  /// - Throws: `badRequest` for values of wrong types (of Kubernetes' own kinds), and with ``WriteOptions/FieldValidation/strict`` for unknown and
  ///   repeated fields.
  package func read(
    _ document: inout JSON, validation: WriteOptions.FieldValidation, duplicates: [String] = []
  ) throws(KubeStatus) -> [String] {
    var warnings = kind.warning.isEmpty ? [] : [kind.warning]
    var reading = FieldReading(catalog: catalog, isTyped: isTyped)
    if let schema { reading.read(&document, schema) }
    if let failure = reading.failure { throw refusal(failure) }
    if kind.kind.kind == "CustomResourceDefinition", !kind.isCustom { warnings += DefinitionWarnings.warnings(of: document) }
    guard validation != .ignore else { return warnings }
    let problems = duplicates.map { "duplicate field \"\($0)\"" } + reading.unknown.map { "unknown field \"\($0)\"" }
    if validation == .warn {
      warnings += problems
    } else if !problems.isEmpty {
      throw refusal("strict decoding error: " + problems.joined(separator: ", "))
    }
    return warnings
  }

  private func refusal(_ what: String) -> KubeStatus {
    KubeStatus(
      .badRequest, "\(kind.kind.kind) in version \"\(kind.kind.version)\" cannot be handled as a \(kind.kind.kind): \(what)")
  }

  /// Fills in what the API server fills in where the client says nothing.
  package func setDefaults(_ document: inout JSON) {
    if isTyped { BuiltInDefaults.set(&document, kind.kind) }
    if kind.isCustom, let schema { CustomDefaults(catalog: catalog).set(&document, schema) }
  }

  /// - Parameter old: the stored object that this one is to replace; nil for a new one.
  /// - Throws: `invalid` with all that is wrong.
  package func validate(_ resource: Resource, old: Resource?) throws(KubeStatus) {
    if let status = KubeStatus.invalid(kind.kind, name: resource.name, problems(of: resource, old: old)) { throw status }
  }

  /// All that is wrong with an object.
  package func problems(of resource: Resource, old: Resource?) -> [FieldProblem] {
    var result = MetadataRules.problems(of: resource, old: old)
    if isTyped { result += BuiltInRules.problems(of: resource, old: old) }
    if kind.isCustom, let schema { result += CustomValidation.problems(of: resource.json, schema, in: catalog) }
    return result
  }
}
