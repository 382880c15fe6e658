internal import JSONValue
internal import Validation

/// The named types of the kinds that this build serves, under the names of Kubernetes' and Argo's OpenAPI documents (`io.k8s.api.core.v1.Pod`).
///
/// Two sets of tables say what they hold: those of manifests, which `Validation` has for the structural check, and those of this module for the rest.
package enum BuiltInTypes {
  package static let all: [String: TypeSchema] = assembled()

  static let quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity"
  static let objectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
  static let listMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"

  /// The prefix of the types of an API group; a kind's type is this and its name.
  static func prefix(ofGroup group: String) -> String {
    switch group {
    case "": core
    case "rbac.authorization.k8s.io": "io.k8s.api.rbac.v1."
    case "coordination.k8s.io": "io.k8s.api.coordination.v1."
    case "storage.k8s.io": "io.k8s.api.storage.v1."
    case "authentication.k8s.io": "io.k8s.api.authentication.v1."
    case "authorization.k8s.io": "io.k8s.api.authorization.v1."
    case "apiextensions.k8s.io": "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."
    case "argoproj.io": argo
    default: argosy
    }
  }

  private static let core = "io.k8s.api.core.v1."
  private static let machinery = "io.k8s.apimachinery.pkg.apis.meta.v1."
  private static let argo = "io.argoproj.workflow.v1alpha1."
  private static let argosy = "io.argosy.v1alpha1."

  /// Types of the tables of manifests that belong neither to Argo nor to core/v1.
  private static let prefixes: [String: String] = [
    "ObjectMeta": machinery, "OwnerReference": machinery, "LabelSelector": machinery, "LabelSelectorRequirement": machinery,
    "ManagedFieldsEntry": machinery, "PodDisruptionBudgetSpec": "io.k8s.api.policy.v1.", "SyncLimit": argosy, "SyncLimitSpec": argosy,
  ]
  /// Types that the tables of manifests call otherwise, because Argo has a type of the name.
  private static let renamed = ["ProbeHeader": "HTTPHeader"]

  private typealias Tables = [String: [String: Schema.ObjectType]]

  private static let groups = tables()

  private static func tables() -> Tables {
    var groups: Tables = [
      machinery: SchemaTable.parse([meta]), core: SchemaTable.parse([pods, nodes, persistentVolumes, services]),
      prefix(ofGroup: "rbac.authorization.k8s.io"): SchemaTable.parse([access]),
      prefix(ofGroup: "coordination.k8s.io"): SchemaTable.parse([coordination]),
      prefix(ofGroup: "storage.k8s.io"): SchemaTable.parse([storage]),
      prefix(ofGroup: "authentication.k8s.io"): SchemaTable.parse([authentication]),
      prefix(ofGroup: "authorization.k8s.io"): SchemaTable.parse([authorization]),
      prefix(ofGroup: "apiextensions.k8s.io"): SchemaTable.parse([definitions]), argo: SchemaTable.parse([argoStatus]),
    ]
    for (name, type) in Schema.standard.types {
      let prefix = prefixes[name] ?? (Schema.argoTypeNames.contains(name) ? argo : core)
      groups[prefix, default: [:]][renamed[name] ?? name] = type
    }
    return groups
  }

  /// Types of further tables, by their full names: those of Argo's group, and others where a name has dots (`sync.SyncLimitResponse`). They may refer to all
  /// that is known, and to each other.
  static func types(of tables: [String]) -> [String: TypeSchema] {
    let parsed = SchemaTable.parse(tables)
    var groups = groups
    groups[argo, default: [:]].merge(parsed) { known, _ in known }
    return Dictionary(uniqueKeysWithValues: parsed.map { name, type in (fullName(name, in: argo, groups), schema(of: type, argo, groups)) })
  }

  /// The fields of a type, by its full name, that hold text for which plain numbers and switches are taken too.
  static func textFields(of name: String) -> [String] {
    guard name.hasPrefix(argo), let type = Schema.standard.type(String(name.dropFirst(argo.utf8.count))) else { return [] }
    return type.fields.filter { $0.type == .anyString }.map(\.name)
  }

  /// The full name of a type that is named as tables name it.
  static func fullName(ofArgoType name: String) -> String { fullName(name, in: argo, groups) }

  private static func assembled() -> [String: TypeSchema] {
    var result: [String: TypeSchema] = [:]
    for (prefix, types) in groups {
      for (name, type) in types { result[prefix + name] = schema(of: type, prefix, groups) }
    }
    var quantity = TypeSchema(.intOrString)
    quantity.format = "quantity"
    result[Self.quantity] = quantity
    complete(&result)
    return result
  }

  /// What the tables cannot say: the statuses that Argo's engine writes are typed here, open to more than Argo has.
  private static func complete(_ types: inout [String: TypeSchema]) {
    for (kind, status) in [("Workflow", "WorkflowStatus"), ("CronWorkflow", "CronWorkflowStatus")] {
      if case .object(var shape)? = types[argo + kind]?.shape {
        if let index = shape.properties.firstIndex(where: { $0.name == "status" }) {
          shape.properties[index].schema = TypeSchema(.reference(argo + status))
        }
        types[argo + kind]?.shape = .object(shape)
      }
      if case .object(var shape)? = types[argo + status]?.shape {
        shape.preservesUnknown = true
        types[argo + status]?.shape = .object(shape)
      }
    }
  }

  private static func schema(of type: Schema.ObjectType, _ prefix: String, _ groups: Tables) -> TypeSchema {
    let properties = type.fields.map { field in
      var property = TypeSchema.Property(
        field.name, schema(of: field.type, field, prefix, groups), isRequired: field.isRequired, mergeKey: field.traits.mergeKey)
      property.retainsKeys = field.traits.retainsKeys
      property.schema.description = TypeDescriptions.text(of: field.name, in: type.name)
      return property
    }
    var result = TypeSchema(.object(TypeSchema.ObjectShape(properties, isAtomic: type.isAtomic)))
    result.isAtomic = type.isAtomic
    result.description = TypeDescriptions.text(ofType: type.name)
    return result
  }

  private static func schema(of type: Schema.FieldType, _ field: Schema.Field, _ prefix: String, _ groups: Tables) -> TypeSchema {
    var result: TypeSchema
    switch type {
    case .string, .integer, .number, .boolean:
      result = TypeSchema(plain(type))
      result.format = field.traits.format
      result.choices = field.choices.map { .string($0) }
      result.defaultValue = field.traits.defaultValue.map { .string($0) }
    case .any, .anyString: result = TypeSchema(.any)
    case .intOrString:
      result = TypeSchema(.intOrString)
      result.format = "int-or-string"
    case .quantity: result = TypeSchema(.reference(quantity))
    case .map(let element):
      result = TypeSchema(.map(schema(of: element, field, prefix, groups)))
      result.isAtomic = field.traits.isAtomic
    case .list(let element):
      let traits = field.traits
      let listType: TypeSchema.ListType = traits.isSet ? .set : traits.mapKeys.isEmpty ? .atomic : .map(keys: traits.mapKeys)
      result = TypeSchema(.list(schema(of: element, field, prefix, groups), listType))
    case .object(let name):
      result = TypeSchema(.reference(fullName(name, in: prefix, groups)))
      result.isAtomic = field.traits.isAtomic
    }
    return result
  }

  private static func plain(_ type: Schema.FieldType) -> TypeSchema.Shape {
    switch type {
    case .integer: .integer
    case .number: .number
    case .boolean: .boolean
    default: .string
    }
  }

  /// A type that a table names: of its own group, else of core/v1, of the common machinery, of what is named elsewhere.
  private static func fullName(_ name: String, in prefix: String, _ groups: Tables) -> String {
    if name.contains(".") { return name }
    let name = renamed[name] ?? name
    let places = [prefix, core, machinery] + (prefixes[name].map { [$0] } ?? [])
    return (places.first { groups[$0]?[name] != nil } ?? prefix) + name
  }
}
