import JSONValue
import KubeAPI
import KubeModel
import Testing

@Suite struct CatalogTests {
  let catalog = Catalog()

  @Test("every built-in kind has a type, and every type that a type names exists")
  func typesAreWhole() throws {
    #expect(catalog.kinds.count == 35)
    for kind in catalog.kinds {
      let schema = try #require(catalog.schema(of: kind), "\(kind.typeName) is missing")
      guard case .object(let shape) = schema.shape else { throw Missing(name: kind.typeName) }
      #expect(shape.property("metadata") != nil)
    }
    for (name, type) in BuiltInTypes.all { for used in references(type) { #expect(catalog.type(used) != nil, "\(name) names \(used)") } }
  }

  @Test("lists of pods are known by the keys that Kubernetes gives them")
  func listKeys() throws {
    func property(_ type: String, _ field: String) throws -> TypeSchema.Property {
      guard case .object(let shape)? = catalog.type(type)?.shape, let found = shape.property(field) else { throw Missing(name: field) }
      return found
    }
    let containers = try property("io.k8s.api.core.v1.PodSpec", "containers")
    #expect(containers.mergeKey == "name")
    #expect(containers.schema.shape == .list(TypeSchema(.reference("io.k8s.api.core.v1.Container")), .map(keys: ["name"])))
    let ports = try property("io.k8s.api.core.v1.Container", "ports")
    guard case .list(_, let keys) = ports.schema.shape else { throw Missing(name: "ports") }
    #expect(keys == .map(keys: ["containerPort", "protocol"]))
    #expect(try property("io.k8s.api.core.v1.ContainerPort", "protocol").schema.defaultValue == "TCP")
    #expect(try property("io.k8s.api.core.v1.PodSpec", "nodeSelector").schema.isAtomic)
    #expect(try property("io.argoproj.workflow.v1alpha1.Template", "container").schema.shape == .reference("io.k8s.api.core.v1.Container"))
    #expect(
      try property("io.argoproj.workflow.v1alpha1.WorkflowEventBindingSpec", "event").schema.shape
        == .reference("io.argoproj.workflow.v1alpha1.Event"))
    #expect(
      try property("io.argoproj.workflow.v1alpha1.WorkflowStatus", "nodes").schema.shape
        == .map(TypeSchema(.reference("io.argoproj.workflow.v1alpha1.NodeStatus"))))
  }

  @Test("kinds are found by URL and by object, and not in other versions")
  func lookups() {
    #expect(catalog.kind(group: "", version: "v1", plural: "pods")?.kind == .pod)
    #expect(catalog.kind(apiVersion: "argoproj.io/v1alpha1", kind: "CronWorkflow")?.shortNames == ["cwf", "cronwf"])
    #expect(catalog.kind(apiVersion: "apps/v1", kind: "Deployment") == nil)
    #expect(catalog.kind(group: "", version: "v2", plural: "pods") == nil)
    #expect(catalog.kind(group: "", version: "v1", plural: "nodes")?.verbs == ["get", "list", "watch"])
    #expect(catalog.kind(group: "authorization.k8s.io", version: "v1", plural: "subjectaccessreviews")?.verbs == ["create"])
    #expect(catalog.kind(group: "", version: "v1", plural: "serviceaccounts")?.subresources.first?.kind == "TokenRequest")
  }

  @Test("an established definition adds its served versions, and none may take a built-in kind's place")
  func definitions() throws {
    let crd = Resource(.of(apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition") ?? .pod, json: Self.database)
    var pending = crd
    pending.json["status"] = nil
    #expect(Catalog(crds: [pending]).kinds.count == catalog.kinds.count)
    let grown = Catalog(crds: [crd])
    #expect(grown.kinds.count == catalog.kinds.count + 2)
    let kind = try #require(grown.kind(apiVersion: "example.com/v1", kind: "Database"))
    #expect(kind.isPreferredVersion && kind.isCustom && kind.shortNames == ["db"] && kind.subresources.map(\.name) == ["status"])
    #expect(kind.columns.map(\.name) == ["Name", "Size"])
    #expect(grown.kind(apiVersion: "example.com/v1alpha1", kind: "Database")?.isPreferredVersion == false)
    #expect(grown.kind(apiVersion: "example.com/v2", kind: "Database") == nil)
    guard case .object(let shape)? = grown.schema(of: kind)?.shape else { throw Missing(name: "schema") }
    #expect(shape.properties.map(\.name) == ["apiVersion", "kind", "metadata", "spec"])
    var impostor = Self.database
    impostor["spec"]?["group"] = "argoproj.io"
    impostor["spec"]?["names"]?["plural"] = "workflows"
    impostor["spec"]?["names"]?["kind"] = "Workflow"
    #expect(Catalog(crds: [Resource(crd.kind, json: impostor)]).kinds == catalog.kinds)
  }

  struct Missing: Error { var name: String }

  private func references(_ schema: TypeSchema) -> [String] {
    switch schema.shape {
    case .reference(let name): [name]
    case .list(let element, _), .map(let element): references(element)
    case .object(let shape): shape.properties.flatMap { references($0.schema) }
    default: []
    }
  }

  static let database: JSON = [
    "metadata": ["name": "databases.example.com"],
    "spec": [
      "group": "example.com", "scope": "Namespaced",
      "names": ["plural": "databases", "singular": "database", "kind": "Database", "listKind": "DatabaseList", "shortNames": ["db"]],
      "versions": [
        [
          "name": "v1", "served": true, "storage": true, "subresources": ["status": [:]],
          "additionalPrinterColumns": [["name": "Size", "type": "integer", "jsonPath": ".spec.size"]],
          "schema": [
            "openAPIV3Schema": [
              "type": "object",
              "properties": ["spec": ["type": "object", "properties": ["size": ["type": "integer"]]]],
            ]
          ],
        ],
        ["name": "v1alpha1", "served": true, "storage": false], ["name": "v2", "served": false, "storage": false],
      ],
    ],
    "status": ["conditions": [["type": "Established", "status": "True"]]],
  ]
}
