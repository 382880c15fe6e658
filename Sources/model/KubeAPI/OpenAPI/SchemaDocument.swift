internal import JSONValue
internal import KubeModel

/// Writes types as the schemas of OpenAPI documents.
struct SchemaDocument {
  /// The versions of OpenAPI.
  enum Form: Sendable { case v2, v3 }
  let form: Form

  private var prefix: String { form == .v2 ? "#/definitions/" : "#/components/schemas/" }
  static let intOrString = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"

  func reference(_ name: String) -> JSON { ["$ref": .string(prefix + name)] }

  /// A named type: of a kind with its group, version and kind.
  func definition(_ schema: TypeSchema, of kinds: [APIKind] = []) -> JSON {
    var result = document(schema, isNamed: true)
    if !kinds.isEmpty { result["x-kubernetes-group-version-kind"] = .array(kinds.map(Self.groupVersionKind)) }
    return .object(result)
  }

  static func groupVersionKind(_ kind: APIKind) -> JSON {
    ["group": .string(kind.kind.group), "kind": .string(kind.kind.kind), "version": .string(kind.kind.version)]
  }

  func property(_ property: TypeSchema.Property) -> JSON {
    var result = document(property.schema, isNamed: false)
    if let key = property.mergeKey {
      if !key.isEmpty { result["x-kubernetes-patch-merge-key"] = .string(key) }
      result["x-kubernetes-patch-strategy"] = property.retainsKeys ? "merge,retainKeys" : "merge"
    } else if property.retainsKeys {
      result["x-kubernetes-patch-strategy"] = "retainKeys"
    }
    return .object(result)
  }

  /// `isNamed`: whole definitions of the plain types that others refer to.
  private func document(_ schema: TypeSchema, isNamed: Bool) -> JSONObject {
    var result: JSONObject = [:]
    if !schema.description.isEmpty { result["description"] = .string(schema.description) }
    switch schema.shape {
    case .any: if form == .v2 { result["type"] = "object" } else { result["x-kubernetes-preserve-unknown-fields"] = true }
    case .string: result["type"] = "string"
    case .integer: result["type"] = "integer"
    case .number: result["type"] = "number"
    case .boolean: result["type"] = "boolean"
    case .intOrString: writeIntOrString(schema, isNamed: isNamed, &result)
    case .list(let element, let type):
      result["type"] = "array"
      result["items"] = .object(document(element, isNamed: false))
      writeListType(type, &result)
    case .map(let element):
      result["type"] = "object"
      result["additionalProperties"] = .object(document(element, isNamed: false))
      if schema.isAtomic { result["x-kubernetes-map-type"] = "atomic" }
    case .object(let shape): writeObject(shape, &result)
    case .reference(let name):
      // OpenAPI 3 ignores what stands beside a reference.
      guard form == .v3, !result.isEmpty else {
        result["$ref"] = .string(prefix + name)
        return result
      }
      result["allOf"] = [reference(name)]
    }
    if !schema.format.isEmpty, schema.format != "quantity", result["$ref"] == nil, result["allOf"] == nil {
      result["format"] = .string(schema.format)
    }
    if let value = schema.defaultValue { result["default"] = value }
    if !schema.choices.isEmpty { result["enum"] = .array(schema.choices) }
    writeConstraints(schema, &result)
    return result
  }

  private func writeIntOrString(_ schema: TypeSchema, isNamed: Bool, _ result: inout JSONObject) {
    if schema.format == "quantity" {
      if form == .v2 { result["type"] = "string" } else { result["oneOf"] = [["type": "string"], ["type": "number"]] }
    } else if schema.format == "int-or-string", !isNamed {
      if form == .v3, !result.isEmpty {
        result["allOf"] = [reference(Self.intOrString)]
      } else {
        result["$ref"] = .string(prefix + Self.intOrString)
      }
    } else if form == .v2 {
      result["type"] = "string"
      if schema.format.isEmpty { result["x-kubernetes-int-or-string"] = true }
    } else if schema.format.isEmpty {
      result["x-kubernetes-int-or-string"] = true
    } else {
      result["oneOf"] = [["type": "integer"], ["type": "string"]]
    }
  }

  private func writeListType(_ type: TypeSchema.ListType, _ result: inout JSONObject) {
    switch type {
    case .atomic: result["x-kubernetes-list-type"] = "atomic"
    case .set: result["x-kubernetes-list-type"] = "set"
    case .map(let keys):
      result["x-kubernetes-list-type"] = "map"
      result["x-kubernetes-list-map-keys"] = .array(keys.map { .string($0) })
    }
  }

  private func writeObject(_ shape: TypeSchema.ObjectShape, _ result: inout JSONObject) {
    result["type"] = "object"
    let required = shape.properties.filter(\.isRequired).map { JSON.string($0.name) }
    if !shape.properties.isEmpty {
      result["properties"] = .object(JSONObject(shape.properties.map { ($0.name, property($0)) }))
    }
    if !required.isEmpty { result["required"] = .array(required) }
    if shape.preservesUnknown { result["x-kubernetes-preserve-unknown-fields"] = true }
    if shape.isAtomic { result["x-kubernetes-map-type"] = "atomic" }
    if shape.isEmbeddedResource { result["x-kubernetes-embedded-resource"] = true }
  }

  private func writeConstraints(_ schema: TypeSchema, _ result: inout JSONObject) {
    for (keyword, value) in schema.constraints {
      // OpenAPI 2 has no combinations but `allOf`, and `kubectl` trips over partial schemas.
      if form == .v2, ["oneOf", "anyOf", "allOf", "not"].contains(keyword) { continue }
      result[keyword] = value
    }
    if schema.isNullable, form == .v3 { result["nullable"] = true }
  }
}

/// The types that a set of kinds needs.
struct TypeClosure {
  private(set) var names: [String] = []
  private var seen: Set<String> = []
  private let catalog: any KindCatalog

  init(catalog: any KindCatalog) { self.catalog = catalog }

  mutating func add(_ name: String) {
    var pending = [name]
    while let next = pending.popLast() {
      guard seen.insert(next).inserted, let schema = catalog.type(next) else { continue }
      names.append(next)
      collect(schema, into: &pending)
    }
  }

  private func collect(_ schema: TypeSchema, into names: inout [String]) {
    switch schema.shape {
    case .reference(let name): names.append(name)
    case .list(let element, _), .map(let element): collect(element, into: &names)
    case .object(let shape): for property in shape.properties { collect(property.schema, into: &names) }
    default: break
    }
  }
}
