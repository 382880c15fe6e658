package import JSONValue

/// Reads the schemas of CustomResourceDefinitions (`openAPIV3Schema`, structural) into ``TypeSchema``.
package enum StructuralSchema {
  /// The keywords that ``TypeSchema`` has places for; all others are kept as constraints.
  private static let known: Set<String> = [
    "type", "properties", "required", "items", "additionalProperties", "description", "format", "nullable", "default", "enum",
    "x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string", "x-kubernetes-embedded-resource", "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys", "x-kubernetes-map-type",
  ]
  /// Deeper schemas are taken as open: a definition is refused before it is so deep.
  private static let maximumDepth = 100

  /// The schema of whole objects: `apiVersion`, `kind` and `metadata` are there whether the definition names them or not.
  package static func objectSchema(_ json: JSON) -> TypeSchema {
    var result = schema(json)
    guard case .object(var shape) = result.shape else { return completed(result, TypeSchema.ObjectShape([], preservesUnknown: true)) }
    shape.properties.removeAll { ["apiVersion", "kind", "metadata"].contains($0.name) }
    result = completed(result, shape)
    return result
  }

  private static func completed(_ schema: TypeSchema, _ shape: TypeSchema.ObjectShape) -> TypeSchema {
    var result = schema
    var shape = shape
    shape.properties = objectProperties + shape.properties
    result.shape = .object(shape)
    return result
  }

  /// What every object has.
  static let objectProperties: [TypeSchema.Property] = {
    func property(_ name: String, _ shape: TypeSchema.Shape) -> TypeSchema.Property {
      var schema = TypeSchema(shape)
      schema.description = TypeDescriptions.text(of: name, in: "")
      return TypeSchema.Property(name, schema)
    }
    return [property("apiVersion", .string), property("kind", .string), property("metadata", .reference(BuiltInTypes.objectMeta))]
  }()

  /// A schema below the root.
  package static func schema(_ json: JSON) -> TypeSchema { schema(json, depth: 0) }

  private static func schema(_ json: JSON, depth: Int) -> TypeSchema {
    guard depth < maximumDepth else { return TypeSchema(.any) }
    var result = TypeSchema(shape(json, depth: depth))
    result.description = json["description"]?.string ?? ""
    result.format = json["format"]?.string ?? ""
    result.isNullable = json["nullable"]?.bool ?? false
    result.isAtomic = json["x-kubernetes-map-type"]?.string == "atomic"
    result.defaultValue = json["default"]
    result.choices = json["enum"]?.array ?? []
    for (keyword, value) in json.object ?? [:] where !known.contains(keyword) { result.constraints[keyword] = value }
    return result
  }

  private static func shape(_ json: JSON, depth: Int) -> TypeSchema.Shape {
    let preserves = json["x-kubernetes-preserve-unknown-fields"]?.bool ?? false
    if json["x-kubernetes-int-or-string"]?.bool == true { return .intOrString }
    let isEmbedded = json["x-kubernetes-embedded-resource"]?.bool ?? false
    switch json["type"]?.string {
    case "string"?: return .string
    case "integer"?: return .integer
    case "number"?: return .number
    case "boolean"?: return .boolean
    case "array"?: return .list(json["items"].map { schema($0, depth: depth + 1) } ?? TypeSchema(.any), listType(json))
    case "object"?:
      let members = json["properties"]?.object ?? [:]
      if members.isEmpty, !preserves, !isEmbedded {
        switch json["additionalProperties"] {
        case .object?: return .map(json["additionalProperties"].map { schema($0, depth: depth + 1) } ?? TypeSchema(.any))
        case .bool(true)?: return .map(TypeSchema(.any))
        default: break
        }
      }
      let required = Set((json["required"]?.array ?? []).compactMap(\.string))
      var properties = members.map { name, value in
        TypeSchema.Property(name, schema(value, depth: depth + 1), isRequired: required.contains(name))
      }
      if isEmbedded { properties = objectProperties + properties.filter { !["apiVersion", "kind", "metadata"].contains($0.name) } }
      return .object(
        TypeSchema.ObjectShape(
          properties, preservesUnknown: preserves, isAtomic: json["x-kubernetes-map-type"]?.string == "atomic",
          isEmbeddedResource: isEmbedded))
    default: return .any
    }
  }

  private static func listType(_ json: JSON) -> TypeSchema.ListType {
    switch json["x-kubernetes-list-type"]?.string {
    case "set"?: .set
    case "map"?: .map(keys: (json["x-kubernetes-list-map-keys"]?.array ?? []).compactMap(\.string))
    default: .atomic
    }
  }
}
