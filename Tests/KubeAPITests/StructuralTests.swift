import Contracts
import JSONValue
import KubeAPI
import KubeModel
import Testing

@Suite struct StructuralTests {
  private static let kind = ResourceKind.of(apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition") ?? .pod

  private func definition(_ spec: JSON) -> Resource {
    var json = CatalogTests.database
    json["spec"]?["versions"] = [
      [
        "name": "v1", "served": true, "storage": true,
        "schema": ["openAPIV3Schema": ["type": "object", "required": ["spec"], "properties": ["spec": spec]]],
      ]
    ]
    return Resource(Self.kind, json: json)
  }

  private func schema(_ spec: JSON) throws -> ObjectSchema {
    let catalog = Catalog(crds: [definition(spec)])
    return ObjectSchema(try #require(catalog.kind(apiVersion: "example.com/v1", kind: "Database")), in: catalog)
  }

  private func problems(_ spec: JSON, _ value: JSON) throws -> [String] {
    let schema = try schema(spec)
    return schema.problems(
      of: Resource(schema.kind.kind, json: ["metadata": ["name": "d", "namespace": "n"], "spec": value]), old: nil
    ).map(\.text)
  }

  @Test(
    "values are checked by the keywords of their schema",
    arguments: [
      (["type": "integer", "minimum": 1, "maximum": 3], 4, ["spec.x: Invalid value: 4: spec.x in body should be less than or equal to 3"]),
      (["type": "integer", "minimum": 1], 0, ["spec.x: Invalid value: 0: spec.x in body should be greater than or equal to 1"]),
      (
        ["type": "number", "exclusiveMaximum": true, "maximum": 1.5], 1.5,
        ["spec.x: Invalid value: 1.5: spec.x in body should be less than 1.5"]
      ),
      (["type": "integer"], "3", [#"spec.x: Invalid value: "string": spec.x in body must be of type integer: "string""#]),
      (["type": "string", "maxLength": 2], "äöü", ["spec.x: Too long: may not be more than 2 bytes"]),
      (["type": "string", "maxLength": 3], "äöü", []),
      (["type": "string", "minLength": 2], "a", [#"spec.x: Invalid value: "a": spec.x in body should be at least 2 chars long"#]),
      (["type": "string", "pattern": "^a+$"], "b", [#"spec.x: Invalid value: "b": spec.x in body should match '^a+$'"#]),
      (["type": "string", "enum": ["a", "b"]], "c", [#"spec.x: Unsupported value: "c": supported values: "a", "b""#]),
      (
        ["type": "string", "format": "date-time"], "x", [#"spec.x: Invalid value: "x": spec.x in body must be of type date-time: "x""#]
      ),
      (["type": "string", "format": "ipv6"], "::ffff:1.2.3.4", []), (["type": "string", "format": "of-my-own"], "x", []),
      (["type": "array", "maxItems": 1, "items": ["type": "integer"]], [1, 2], ["spec.x: Too many: 2: must have at most 1 items"]),
      (
        ["type": "array", "x-kubernetes-list-type": "set", "items": ["type": "integer"]], [1, 2, 1], ["spec.x[2]: Duplicate value: 1"]
      ),
      (
        [
          "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
          "items": ["type": "object", "required": ["k"], "properties": ["k": ["type": "string"], "v": ["type": "integer"]]],
        ], [["k": "a", "v": 1], ["k": "a", "v": 2]], [#"spec.x[1]: Duplicate value: {"k":"a"}"#]
      ),
      (
        ["type": "object", "additionalProperties": ["type": "string"]], ["k": 1],
        [#"spec.x.k: Invalid value: "integer": spec.x.k in body must be of type string: "integer""#]
      ),
      (
        ["x-kubernetes-int-or-string": true], true,
        [#"spec.x: Invalid value: "boolean": spec.x in body must be of type integer,string: "boolean""#]
      ),
      (["type": "string", "nullable": true], nil, []),
      (["type": "string"], nil, [#"spec.x: Invalid value: "null": spec.x in body must be of type string: "null""#]),
      (
        ["type": "integer", "oneOf": [["minimum": 10], ["maximum": 5]]], 7,
        [#"spec.x: Invalid value: "": "spec.x" must validate one and only one schema (oneOf). Found none valid"#]
      ),
      (["type": "integer", "anyOf": [["minimum": 10], ["maximum": 5]]], 3, []),
      (["type": "integer", "not": ["enum": [3]]], 3, [#"spec.x: Invalid value: "": "spec.x" must not validate the schema (not)"#]),
    ] as [(JSON, JSON, [String])])
  func keywords(schema: JSON, value: JSON, expected: [String]) throws {
    #expect(try problems(["type": "object", "properties": ["x": schema]], ["x": value]) == expected)
  }

  @Test("missing fields are named, and combinations see members")
  func required() throws {
    let spec: JSON = [
      "type": "object", "required": ["a"], "properties": ["a": ["type": "string"], "b": ["type": "string"], "c": ["type": "string"]],
      "oneOf": [["required": ["b"]], ["required": ["c"]]],
    ]
    #expect(try problems(spec, ["a": "", "b": ""]) == [])
    #expect(try problems(spec, ["b": ""]) == ["spec.a: Required value"])
    #expect(try problems(spec, ["a": "", "b": "", "c": ""]).first?.hasSuffix("Found 2 valid alternatives") == true)
  }

  @Test("defaults are set inside out, and unknown fields go unless they are to be kept")
  func defaultsAndPruning() throws {
    let schema = try schema([
      "type": "object",
      "properties": [
        "a": ["type": "integer", "default": 1],
        "o": ["type": "object", "default": [:], "properties": ["b": ["type": "string", "default": "x"]]],
        "l": ["type": "array", "items": ["type": "object", "properties": ["c": ["type": "integer", "default": 2]]]],
        "free": ["type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": ["d": ["type": "object"]]],
      ],
    ])
    var document: JSON = ["spec": ["a": nil, "l": [[:], ["c": 3]], "gone": 1, "free": ["e": 1, "d": ["f": 1]]]]
    let warnings = try schema.read(&document, validation: .warn)
    #expect(warnings == [#"unknown field "spec.gone""#, #"unknown field "spec.free.d.f""#])
    schema.setDefaults(&document)
    #expect(document == ["spec": ["a": 1, "l": [["c": 2], ["c": 3]], "free": ["e": 1, "d": [:]], "o": ["b": "x"]]])
  }

  @Test("a definition is checked itself")
  func definitions() throws {
    let catalog = Catalog()
    let schema = ObjectSchema(
      try #require(catalog.kind(apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition")), in: catalog)
    func texts(_ json: JSON) -> [String] {
      var json = json
      schema.setDefaults(&json)
      return schema.problems(of: Resource(Self.kind, json: json), old: nil).map(\.text)
    }
    let good = definition(["type": "object", "properties": ["a": ["type": "string"]]]).json
    #expect(texts(good) == [])
    var misnamed = good
    misnamed["metadata"]?["name"] = "x"
    #expect(texts(misnamed) == [#"metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group"#])
    #expect(
      texts(definition(["properties": [:]]).json) == [
        "spec.versions[0].schema.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields"
      ])
    #expect(
      texts(definition(["type": "array"]).json) == [
        "spec.versions[0].schema.openAPIV3Schema.properties[spec].items: Required value: must be specified"
      ])
    #expect(
      texts(definition(["type": "integer", "default": "x"]).json).first?.hasPrefix(
        "spec.versions[0].schema.openAPIV3Schema.properties[spec].default: Invalid value: \"x\"") == true)
    #expect(
      texts(definition(["type": "object", "anyOf": [["properties": ["q": ["type": "string"]]]]]).json).contains {
        $0.hasPrefix("spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[q]: Required value: because it is defined in")
      })
    var twoStored = good
    twoStored["spec"]?["versions"] = .array(
      (good.at("spec", "versions")?.array ?? []) + [
        ["name": "v2", "served": true, "storage": true, "schema": ["openAPIV3Schema": ["type": "object"]]]
      ])
    #expect(texts(twoStored).count == 1)
    var rules = definition(["type": "object", "x-kubernetes-validations": [["rule": "true"]]]).json
    #expect(
      try schema.read(&rules, validation: .strict) == [
        "spec.versions[v1]: x-kubernetes-validations (CEL) is kept, but its rules are not evaluated"
      ])
  }
}
