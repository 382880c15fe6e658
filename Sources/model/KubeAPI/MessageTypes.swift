package import JSONValue
package import KubeModel
internal import Validation

/// The types of an interface's messages: what requests and answers have around and beside the objects of the store. In the notation of `SchemaTable`, where a type of
/// Argo's or Kubernetes' is named by its short name, and a type of another group by its whole one (`sync.SyncLimitResponse`).
package struct MessageTypes: Sendable {
  private let catalog: MessageCatalog

  /// - Parameter tables: of types that no kind has.
  package init(_ tables: [String]) { catalog = MessageCatalog(own: BuiltInTypes.types(of: tables)) }

  /// The full name of a type: `io.argoproj.workflow.v1alpha1.WorkflowCreateRequest`.
  package func fullName(_ name: String) -> String { BuiltInTypes.fullName(ofArgoType: name) }

  /// Whether there is such a type.
  package func contains(_ name: String) -> Bool { catalog.type(fullName(name)) != nil }

  /// Checks a message as Go's decoder reads it: members that the type does not have, and those that are null, are taken out.
  ///
  /// - Throws: `badRequest` for a member of a wrong type.
  package func read(_ message: inout JSON, as name: String) throws(KubeStatus) {
    var reading = FieldReading(catalog: catalog, isTyped: true)
    reading.read(&message, TypeSchema(.reference(fullName(name))))
    if let failure = reading.failure { throw KubeStatus(.badRequest, failure) }
  }

  /// The schemas of these types and of all that they refer to, by full name, for an OpenAPI document.
  package func definitions(of names: [String], isVersion3: Bool) -> JSONObject {
    let writer = SchemaDocument(form: isVersion3 ? .v3 : .v2)
    var closure = TypeClosure(catalog: catalog)
    for name in names { closure.add(fullName(name)) }
    var result: JSONObject = [:]
    for name in closure.names.sorted() {
      guard let schema = catalog.type(name) else { continue }
      var definition = writer.definition(schema)
      // Where Argo takes numbers and switches as their text, clients send text.
      for field in BuiltInTypes.textFields(of: name) { definition["properties"]?[field]?["type"] = "string" }
      result[name] = definition
    }
    var intOrString = TypeSchema(.intOrString)
    intOrString.format = "int-or-string"
    intOrString.description = "A whole number or a text."
    result[SchemaDocument.intOrString] = writer.definition(intOrString)
    return result
  }

  /// A reference to a type in such a document.
  package func reference(_ name: String, isVersion3: Bool) -> JSON {
    SchemaDocument(form: isVersion3 ? .v3 : .v2).reference(fullName(name))
  }
}

/// The kinds' types with further ones.
private struct MessageCatalog: KindCatalog {
  let own: [String: TypeSchema]
  let kinds: [APIKind] = []
  func kind(group: String, version: String, plural: String) -> APIKind? { nil }
  func kind(apiVersion: String, kind: String) -> APIKind? { nil }
  func schema(of kind: APIKind) -> TypeSchema? { nil }
  func type(_ name: String) -> TypeSchema? { own[name] ?? BuiltInTypes.all[name] }
}
