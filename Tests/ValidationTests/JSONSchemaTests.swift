import CheckoutKit
import JSONValue
import KubeModel
import Testing
import Validation
import YAMLText

/// The part of JSON Schema (draft 7) that ours use, by its specification.
private struct SchemaReader {
  let root: JSON

  func problems(_ value: JSON, _ schema: JSON, _ path: String = "") -> [String] {
    if schema == true { return [] }
    if schema == false { return ["\(path): nothing is allowed"] }
    if let reference = schema["$ref"]?.string {
      let name = String(reference.dropFirst("#/definitions/".count))
      guard let target = root["definitions"]?[name] else { return ["\(path): there is no \(reference)"] }
      return problems(value, target, path)
    }
    var result: [String] = []
    if let wanted = schema["const"], wanted != value { result.append("\(path): is not \(wanted.text())") }
    if let choices = schema["enum"]?.array, !choices.contains(value) { result.append("\(path): is none of the choices") }
    if let any = schema["anyOf"]?.array, !any.contains(where: { problems(value, $0, path).isEmpty }) { result.append("\(path): fits none") }
    if schema["pattern"] == "\\{\\{", value.string?.contains("{{") != true { result.append("\(path): has no tag") }
    if let type = schema["type"] {
      let names = type.array ?? [type]
      if !names.contains(where: { Self.fits(value, $0.string ?? "") }) { return result + ["\(path): is no \(type.text())"] }
    }
    if let members = value.object {
      for name in schema["required"]?.array?.compactMap(\.string) ?? [] where members[name] == nil {
        result.append("\(path): lacks \(name)")
      }
      for (key, member) in members {
        if let property = schema["properties"]?[key] {
          result += problems(member, property, "\(path).\(key)")
        } else if let rest = schema["additionalProperties"] {
          result += problems(member, rest, "\(path).\(key)")
        }
      }
    }
    if let elements = value.array, let items = schema["items"] {
      for (index, element) in elements.enumerated() { result += problems(element, items, "\(path)[\(index)]") }
    }
    return result
  }

  private static func fits(_ value: JSON, _ type: String) -> Bool {
    switch (type, value) {
    case ("string", .string), ("boolean", .bool), ("null", .null), ("array", .array), ("object", .object), ("integer", .int): true
    case ("number", .int), ("number", .double), ("number", .number): true
    default: false
    }
  }
}

@Suite struct JSONSchemaTests {
  private func problems(_ text: String) -> [String] {
    let loaded = ManifestLoader().load(Array(text.utf8), file: "a.yaml")
    return loaded.manifests.flatMap { manifest -> [String] in
      guard let schema = Schema.standard.jsonSchema(of: manifest.resource.kind) else { return [] }
      var value = manifest.document.value
      for step in manifest.root.steps {
        switch step {
        case .key(let key): value = value[key] ?? .null
        case .index(let index): value = value[index] ?? .null
        }
      }
      return SchemaReader(root: schema).problems(value, schema)
    }
  }

  @Test("every kind that users write has a schema, whose references are all there")
  func kinds() throws {
    for kind in ManifestLoader.kinds {
      let schema = try #require(Schema.standard.jsonSchema(of: kind), "\(kind.kind) has no schema")
      #expect(schema["title"]?.string == kind.kind)
      let text = schema.text()
      for part in text.split(separator: "\"#/definitions/").dropFirst() {
        let name = String(part.prefix { $0 != "\"" })
        #expect(schema["definitions"]?[name] != nil, "\(kind.kind): \(name)")
      }
    }
  }

  @Test(
    "what the loader and the structural check accept fits the schema", .enabled(if: conformanceDirectory != nil, "no conformance manifests")
  )
  func originals() throws {
    var count = 0
    for file in manifestFiles(below: try #require(conformanceDirectory)) + manifestFiles(below: "\(packageRoot)/examples") {
      guard let bytes = bytes(ofFile: file), !file.contains("/addons/") else { continue }
      let found = problems(String(decoding: bytes, as: UTF8.self))
      #expect(found.isEmpty, "\(file): \(found)")
      count += 1
    }
    #expect(count > 70)
  }

  @Test(
    "what the structural check refuses does not fit the schema",
    arguments: [
      "foo: 1", "templates: {}", "parallelism: many", "dnsPolicy: Nowhere", "templates: [{name: main, http: {method: GET}}]",
      "templates: [{name: main, container: {image: a, ports: [1]}}]",
    ])
  func refused(_ field: String) {
    let head = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: a}\nspec:\n  entrypoint: main\n  "
    #expect(lint(head + field).contains { $0.severity == .error })
    #expect(!problems(head + field).isEmpty)
    #expect(problems(head + "templates: [{name: main, container: {image: 1}}]").isEmpty)
    #expect(problems(head + "templateDefaults: {http: {method: \"{{workflow.name}}\"}}").isEmpty)
  }
}
