internal import Basics
package import JSONValue
internal import KubeModel

/// The OpenAPI documents of what is served: `kubectl explain`, client-side validation and `kubectl apply` read them. They are large: callers keep them as bytes, one
/// set for each ``KindCatalog/fingerprint``.
package enum OpenAPI {
  /// `/openapi/v2`: everything in one document.
  package static func version2(of catalog: any KindCatalog, program: String) -> JSON {
    [
      "swagger": "2.0", "info": info(program),
      "paths": .object(paths(catalog.kinds, .v2)),
      "definitions": .object(definitions(catalog.kinds, catalog, .v2)),
    ]
  }

  /// `/openapi/v3`: where the documents of the groups and versions are. The hash of an address changes with the document.
  package static func index(of catalog: any KindCatalog, program: String) -> JSON {
    var paths: JSONObject = [:]
    for group in Discovery.groupNames(of: catalog) {
      for version in Discovery.versions(of: group, catalog) {
        let path = group.isEmpty ? "api/\(version)" : "apis/\(group)/\(version)"
        let isCustom = Discovery.kinds(of: group, version, catalog).contains { BuiltInTypes.all[$0.typeName] == nil }
        let source = "\(program) \(path) \(isCustom ? catalog.fingerprint : "")"
        paths[path] = ["serverRelativeURL": .string("/openapi/v3/\(path)?hash=\(hash(source))")]
      }
    }
    return ["paths": .object(paths)]
  }

  /// `/openapi/v3/api/v1`, `/openapi/v3/apis/<group>/<version>`; nil when there is no such version.
  package static func version3(group: String, version: String, of catalog: any KindCatalog, program: String) -> JSON? {
    let kinds = Discovery.kinds(of: group, version, catalog)
    guard !kinds.isEmpty else { return nil }
    return [
      "openapi": "3.0.0", "info": info(program), "paths": .object(paths(kinds, .v3)),
      "components": ["schemas": .object(definitions(kinds, catalog, .v3))],
    ]
  }

  private static func info(_ program: String) -> JSON { ["title": "Argosy", "version": .string("v\(program)")] }

  private static func paths(_ kinds: [APIKind], _ form: SchemaDocument.Form) -> JSONObject {
    let writer = PathDocument(form: form)
    return JSONObject(kinds.flatMap { writer.paths(of: $0) }.map { ($0.path, $0.item) })
  }

  private static func definitions(_ kinds: [APIKind], _ catalog: any KindCatalog, _ form: SchemaDocument.Form) -> JSONObject {
    let writer = SchemaDocument(form: form)
    var closure = TypeClosure(catalog: catalog)
    for kind in kinds {
      closure.add(kind.typeName)
      for sub in kind.subresources where sub.kind == "TokenRequest" { closure.add(PathDocument.tokenRequest) }
    }
    for name in [BuiltInTypes.objectMeta, BuiltInTypes.listMeta, PathDocument.deleteOptions, PathDocument.status] { closure.add(name) }
    let byType = Dictionary(grouping: kinds, by: \.typeName)
    var result: JSONObject = [:]
    for name in closure.names.sorted() {
      guard let schema = catalog.type(name) else { continue }
      result[name] = writer.definition(schema, of: byType[name] ?? [])
    }
    for kind in kinds where kind.verbs.contains("list") { result[kind.typeName + "List"] = list(kind, writer) }
    result[PathDocument.patch] = ["type": "object", "description": "A patch in one of the forms that the content type names."]
    var intOrString = TypeSchema(.intOrString)
    intOrString.format = "int-or-string"
    intOrString.description = "A whole number or a text."
    result[SchemaDocument.intOrString] = writer.definition(intOrString)
    return result
  }

  private static func list(_ kind: APIKind, _ writer: SchemaDocument) -> JSON {
    let schema = TypeSchema(
      .object(
        TypeSchema.ObjectShape([
          StructuralSchema.objectProperties[0],
          TypeSchema.Property("items", TypeSchema(.list(TypeSchema(.reference(kind.typeName)), .atomic)), isRequired: true),
          StructuralSchema.objectProperties[1], TypeSchema.Property("metadata", TypeSchema(.reference(BuiltInTypes.listMeta))),
        ])))
    var listKind = kind
    listKind.kind.kind = kind.listKind
    return writer.definition(schema, of: [listKind])
  }

  /// FNV-1a in two ways, in hexadecimal.
  private static func hash(_ text: String) -> String {
    let digits = String(fnv1a32(text), radix: 16, uppercase: true) + String(fnv1a32(String(text.reversed())), radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 16 - digits.utf8.count)) + digits
  }
}
