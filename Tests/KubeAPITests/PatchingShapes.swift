import JSONValue
import KubeAPI
import KubeModel

/// Small schemas that the patch tests go by.
enum Shapes {
  static func object(_ properties: [TypeSchema.Property]) -> TypeSchema { TypeSchema(.object(.init(properties))) }
  static func list(_ element: TypeSchema, _ type: TypeSchema.ListType = .atomic) -> TypeSchema { TypeSchema(.list(element, type)) }
  static func string(_ name: String) -> TypeSchema.Property { .init(name, TypeSchema(.string)) }

  static var port: TypeSchema {
    var `protocol` = TypeSchema(.string)
    `protocol`.defaultValue = "TCP"
    return object([
      string("name"), .init("containerPort", TypeSchema(.integer)), .init("protocol", `protocol`), .init("hostPort", TypeSchema(.integer)),
    ])
  }
  static var container: TypeSchema {
    object([
      string("name"), string("image"), .init("command", list(TypeSchema(.string))),
      .init("env", list(object([string("name"), string("value")]), .map(keys: ["name"])), mergeKey: "name"),
      .init("ports", list(port, .map(keys: ["containerPort", "protocol"])), mergeKey: "containerPort"),
      .init("resources", object([.init("limits", TypeSchema(.map(TypeSchema(.intOrString))))])),
    ])
  }
  static var podSpec: TypeSchema {
    object([
      .init("containers", list(.init(.reference("Container")), .map(keys: ["name"])), mergeKey: "name"),
      .init("nodeSelector", TypeSchema(.object(.init([], preservesUnknown: true, isAtomic: true)))),
      .init("tolerations", list(object([string("key"), string("value")]))),
      .init(
        "volumes", list(object([string("name"), .init("emptyDir", object([string("medium")])), string("hostPath")]), .map(keys: ["name"])),
        mergeKey: "name"),
      string("restartPolicy"),
    ])
  }
  static var deployment: TypeSchema {
    object([
      string("apiVersion"), string("kind"), .init("metadata", object([.init("labels", TypeSchema(.map(TypeSchema(.string))))])),
      .init(
        "spec",
        object([
          .init("replicas", TypeSchema(.integer)), .init("paused", TypeSchema(.boolean)),
          .init("template", object([.init("spec", podSpec)])),
          .init("sets", list(TypeSchema(.string), .set), mergeKey: ""), .init("anything", TypeSchema(.any)),
          .init("tree", TypeSchema(.reference("Tree"))),
        ])),
      .init(
        "status",
        object([
          .init("replicas", TypeSchema(.integer)),
          .init("conditions", list(object([string("type"), string("status")]), .map(keys: ["type"])), mergeKey: "type"),
        ])),
    ])
  }
  static var tree: TypeSchema { object([string("leaf"), .init("tree", TypeSchema(.reference("Tree")))]) }
  static var configMap: TypeSchema {
    object([
      string("apiVersion"), string("kind"), .init("metadata", object([])), .init("data", TypeSchema(.map(TypeSchema(.string)))),
      .init("immutable", TypeSchema(.boolean)),
    ])
  }

  static func resolve(_ name: String) -> TypeSchema? {
    switch name {
    case "Container": container
    case "Tree": tree
    default: nil
    }
  }

  static let deploymentKind = ResourceKind(group: "apps", version: "v1", kind: "Deployment", plural: "deployments")
  static func kind(_ kind: ResourceKind, isCustom: Bool = false) -> APIKind {
    var result = APIKind(kind, singular: kind.kind.lowercased(), typeName: kind.kind)
    result.isCustom = isCustom
    result.subresources = [.init("status", kind: kind.kind, verbs: ["get", "patch", "update"])]
    return result
  }
  static var deployments: PatchTarget { PatchTarget(kind(deploymentKind), schema: deployment, resolve: resolve) }
  static var configMaps: PatchTarget { PatchTarget(kind(.configMap), schema: configMap, resolve: resolve) }
  static var workflows: PatchTarget { PatchTarget(kind(.workflow, isCustom: true), schema: nil, resolve: resolve) }
}
