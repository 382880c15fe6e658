import JSONValue
import KubeModel

/// JSON Schema (draft 7) of manifests, made from the table that reads them: what the structural check accepts is valid, what it refuses is not,
/// but for what only rules know.
extension Schema {
  /// The schema of one kind; nil for a kind that the table does not have.
  package func jsonSchema(of kind: ResourceKind) -> JSON? { jsonSchema(of: kind.kind, apiVersion: kind.apiVersion) }

  /// The schema of a kind by its name.
  package func jsonSchema(of kind: String, apiVersion: String) -> JSON? {
    guard let root = type(kind) else { return nil }
    var writer = JSONSchemaWriter(schema: self)
    var object = writer.object(root, isPartial: false)
    object["properties"]?.modifyObject { properties in
      properties["apiVersion"] = ["const": .string(apiVersion)]
      properties["kind"] = ["const": .string(kind)]
    }
    object["type"] = "object"
    let required = (object["required"]?.array ?? []).filter { $0 != "apiVersion" && $0 != "kind" }
    object["required"] = .array(["apiVersion", "kind"] + required)
    var result: JSONObject = ["$schema": "http://json-schema.org/draft-07/schema#", "title": .string(kind)]
    for (key, value) in object { result[key] = value }
    let definitions = writer.finish()
    if !definitions.isEmpty { result["definitions"] = .object(definitions) }
    return .object(result)
  }
}

/// Collects the types that a schema refers to, each once.
private struct JSONSchemaWriter {
  let schema: Schema
  private var open: [(type: Schema.ObjectType, isPartial: Bool)] = []
  private var wanted: Set<String> = []

  init(schema: Schema) { self.schema = schema }

  mutating func finish() -> JSONObject {
    var done: [(String, JSON)] = []
    while let next = open.popLast() {
      done.append((name(next.type.name, next.isPartial), .object(object(next.type, isPartial: next.isPartial))))
    }
    return JSONObject(done.sorted { $0.0 < $1.0 })
  }

  /// `isPartial`: below `templateDefaults`, where nothing is required.
  mutating func object(_ type: Schema.ObjectType, isPartial: Bool) -> JSONObject {
    var properties = JSONObject()
    for field in type.fields {
      properties[field.name] = value(field.type, field.choices, isPartial: isPartial || field.name == "templateDefaults")
    }
    var result: JSONObject = ["type": ["object", "null"], "properties": .object(properties), "additionalProperties": false]
    let required = isPartial ? [] : type.fields.filter(\.isRequired).map { JSON.string($0.name) }
    if !required.isEmpty { result["required"] = .array(required) }
    return result
  }

  private mutating func value(_ type: Schema.FieldType, _ choices: [String], isPartial: Bool) -> JSON {
    switch type {
    case .any: return true
    // The reader takes plain numbers and booleans as text.
    case .string where choices.isEmpty: return ["type": ["string", "number", "boolean", "null"]]
    case .string:
      return ["anyOf": [["enum": .array(choices.map { .string($0) } + ["", .null])], ["type": "string", "pattern": "\\{\\{"]]]
    case .anyString: return ["type": ["string", "number", "boolean", "null"]]
    case .integer: return ["type": ["integer", "null"]]
    case .number: return ["type": ["number", "null"]]
    case .boolean: return ["type": ["boolean", "null"]]
    case .intOrString: return ["type": ["integer", "string", "null"]]
    case .quantity: return ["type": ["string", "number", "null"]]
    case .list(let element): return ["type": ["array", "null"], "items": value(element, choices, isPartial: isPartial)]
    case .map(let element): return ["type": ["object", "null"], "additionalProperties": value(element, [], isPartial: isPartial)]
    case .object(let type):
      guard let known = schema.type(type) else { return true }
      let key = name(type, isPartial)
      if wanted.insert(key).inserted { open.append((known, isPartial)) }
      return ["$ref": .string("#/definitions/\(key)")]
    }
  }

  private func name(_ type: String, _ isPartial: Bool) -> String { isPartial ? "\(type)Part" : type }
}
