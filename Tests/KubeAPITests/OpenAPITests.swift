import JSONValue
import KubeAPI
import KubeModel
import Testing

@Suite struct OpenAPITests {
  let catalog = Catalog(crds: [
    Resource(.of(apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition") ?? .pod, json: CatalogTests.database)
  ])

  private func references(_ value: JSON) -> [String] {
    switch value {
    case .object(let members): (members["$ref"]?.string.map { [$0] } ?? []) + members.values.flatMap(references)
    case .array(let elements): elements.flatMap(references)
    default: []
    }
  }

  @Test("every reference of a version's document leads somewhere, and every kind has its schema")
  func version3() throws {
    let index = OpenAPI.index(of: catalog, program: "1")
    let paths = index["paths"]?.object ?? [:]
    #expect(paths.keys.contains("api/v1") && paths.keys.contains("apis/example.com/v1"))
    for path in paths.keys {
      let parts = path.split(separator: "/").map(String.init)
      let document = try #require(
        OpenAPI.version3(group: parts.count == 3 ? parts[1] : "", version: parts[parts.count - 1], of: catalog, program: "1"))
      let schemas = try #require(document.at("components", "schemas")?.object)
      for reference in Set(references(document)) {
        #expect(schemas[String(reference.dropFirst("#/components/schemas/".count))] != nil, "\(path): \(reference)")
      }
    }
    let core = try #require(OpenAPI.version3(group: "", version: "v1", of: catalog, program: "1"))
    let patch = core.at("paths", "/api/v1/namespaces/{namespace}/pods/{name}", "patch")
    #expect(patch?["parameters"]?.array?.compactMap { $0["name"] } == ["dryRun", "fieldManager", "fieldValidation", "force"])
    #expect(patch?["x-kubernetes-group-version-kind"] == ["group": "", "kind": "Pod", "version": "v1"])
    let content = patch?.at("requestBody", "content")?.object
    #expect(content?["application/strategic-merge-patch+json"] != nil)
    let argo = try #require(OpenAPI.version3(group: "argoproj.io", version: "v1alpha1", of: catalog, program: "1"))
    let custom = argo.at("paths", "/apis/argoproj.io/v1alpha1/namespaces/{namespace}/workflows/{name}", "patch", "requestBody", "content")
    // kubectl apply sends the form that it finds here.
    #expect(custom?["application/merge-patch+json"] != nil && custom?["application/strategic-merge-patch+json"] == nil)
    let containers = core.at("components", "schemas", "io.k8s.api.core.v1.PodSpec", "properties", "containers")
    #expect(containers?["x-kubernetes-patch-merge-key"] == "name" && containers?["x-kubernetes-list-map-keys"] == ["name"])
    #expect(OpenAPI.version3(group: "apps", version: "v1", of: catalog, program: "1") == nil)
  }

  @Test("no schema is empty: kubectl explain --recursive cannot print such")
  func noEmptySchemas() {
    func empty(_ value: JSON, _ path: String) -> [String] {
      switch value {
      case .object(let members):
        members.flatMap { key, member in
          ["schema", "items", "additionalProperties"].contains(key) && member == [:] ? ["\(path).\(key)"] : empty(member, "\(path).\(key)")
        }
      case .array(let elements): elements.flatMap { empty($0, path) }
      default: []
      }
    }
    for group in Discovery.groupNames(of: catalog) {
      for version in Discovery.versions(of: group, catalog) {
        #expect(empty(OpenAPI.version3(group: group, version: version, of: catalog, program: "1") ?? .null, group) == [])
      }
    }
  }

  @Test("operations have names of their own")
  func operationNames() throws {
    let document = OpenAPI.version2(of: catalog, program: "1")
    var seen: Set<String> = []
    for item in document["paths"]?.object?.values ?? [] {
      for method in ["get", "put", "post", "patch", "delete"] {
        guard let name = item.at(method, "operationId")?.string else { continue }
        #expect(seen.insert(name).inserted, "\(name) twice")
      }
    }
    #expect(seen.contains("createCoreV1NamespacedPod") && seen.contains("listArgoprojIoV1alpha1NamespacedWorkflow"))
    let definitions = try #require(document["definitions"]?.object)
    for reference in Set(references(document)) {
      #expect(definitions[String(reference.dropFirst("#/definitions/".count))] != nil, "\(reference)")
    }
  }

  @Test("addresses change when custom kinds change, for their groups only")
  func hashes() {
    var changed = CatalogTests.database
    changed["metadata"]?["generation"] = 2
    let other = Catalog(crds: [
      Resource(.of(apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition") ?? .pod, json: changed)
    ])
    #expect(catalog.fingerprint != other.fingerprint)
    let (before, after) = (OpenAPI.index(of: catalog, program: "1"), OpenAPI.index(of: other, program: "1"))
    #expect(before.at("paths", "apis/example.com/v1") != after.at("paths", "apis/example.com/v1"))
    #expect(before.at("paths", "api/v1") == after.at("paths", "api/v1"))
  }

  @Test("documents in protobuf have lengths that fit")
  func protobuf() throws {
    let document: JSON = [
      "swagger": "2.0", "info": ["title": "T", "version": "v1"], "definitions": ["a": ["type": "object", "minimum": 1.0]],
    ]
    #expect(
      OpenAPIProtobuf.encode(document) == [
        0x0A, 3, 0x32, 0x2E, 0x30, 0x12, 7, 0x0A, 1, 0x54, 0x12, 2, 0x76, 0x31, 0x42, 0, 0x4A, 27, 0x0A, 25, 0x0A, 1, 0x61, 0x12, 20, 0x49,
        0, 0, 0,
        0, 0, 0, 0xF0, 0x3F, 0xB2, 0x01, 8, 0x0A, 6, 0x6F, 0x62, 0x6A, 0x65, 0x63, 0x74,
      ])
    #expect(OpenAPIProtobuf.encode(OpenAPI.version2(of: catalog, program: "1")).count > 100_000)
  }
}
