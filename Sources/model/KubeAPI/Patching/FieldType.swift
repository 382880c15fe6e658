internal import JSONValue

/// What field ownership knows of the type of a value: a schema, or that it is found out from the value itself. The forms that a value may
/// take are structured-merge-diff's: a scalar, a list, a map.
struct FieldType {
  private enum Base {
    case schema(TypeSchema)
    /// Maps go member by member, lists as a whole (what preserves unknown fields).
    case deduced
    /// Everything goes as a whole.
    case whole
  }
  private let base: Base
  private let resolve: @Sendable (String) -> TypeSchema?
  /// Levels above this one in the object.
  private let depth: Int
  private let isBuiltIn: Bool

  /// What lies deeper goes as a whole, so that FieldsV1 stays readable: its JSON stands some levels deeper than the object.
  private static let maximumDepth = 200

  /// The type of a target's objects. Their `metadata` always has Kubernetes' shape.
  init(_ target: PatchTarget) {
    resolve = target.resolve
    depth = 0
    isBuiltIn = !target.kind.isCustom
    guard let schema = target.schema?.resolved(by: target.resolve), case .object(var shape) = schema.shape else {
      base = .schema(TypeSchema(.object(.init(MetadataShape.root, preservesUnknown: true))))
      return
    }
    shape.properties.removeAll { property in MetadataShape.root.contains { $0.name == property.name } }
    shape.properties += MetadataShape.root
    base = .schema(TypeSchema(.object(shape)))
  }

  private init(_ base: Base, under parent: FieldType) {
    resolve = parent.resolve
    depth = parent.depth + 1
    isBuiltIn = parent.isBuiltIn
    if depth > Self.maximumDepth {
      self.base = .whole
    } else if case .schema(let schema) = base, let resolved = schema.resolved(by: parent.resolve) {
      if case .any = resolved.shape { self.base = .deduced } else { self.base = .schema(resolved) }
    } else if case .schema = base {
      self.base = .deduced
    } else {
      self.base = base
    }
  }

  // MARK: Forms

  enum Scalar { case string, number, boolean, any }
  enum ListForm { case whole, set, keyed([String]) }
  struct List {
    let form: ListForm
    let element: FieldType
  }
  struct Map {
    fileprivate let shape: TypeSchema.ObjectShape?
    fileprivate let values: FieldType?
    fileprivate let owner: FieldType
    let isWhole: Bool
  }

  /// The forms of the type; more than one only where it is deduced.
  var scalar: Scalar? {
    guard case .schema(let schema) = base else { return .any }
    switch schema.shape {
    case .string: return .string
    case .integer, .number: return .number
    case .boolean: return .boolean
    case .any, .intOrString: return .any
    case .list, .map, .object, .reference: return nil
    }
  }

  var list: List? {
    switch base {
    case .schema(let schema):
      guard case .list(let element, let type) = schema.shape else { return nil }
      let form: ListForm =
        switch type {
        case .atomic: .whole
        case .set: .set
        case .map(let keys): .keyed(keys)
        }
      return List(form: form, element: FieldType(.schema(element), under: self))
    case .deduced, .whole: return List(form: .whole, element: FieldType(.whole, under: self))
    }
  }

  var map: Map? {
    switch base {
    case .schema(let schema):
      switch schema.shape {
      case .map(let values): return Map(shape: nil, values: FieldType(.schema(values), under: self), owner: self, isWhole: schema.isAtomic)
      case .object(let shape):
        let unknown = shape.preservesUnknown ? FieldType(.deduced, under: self) : nil
        return Map(shape: shape, values: unknown, owner: self, isWhole: shape.isAtomic || schema.isAtomic)
      default: return nil
      }
    case .deduced: return Map(shape: nil, values: FieldType(.deduced, under: self), owner: self, isWhole: false)
    case .whole: return Map(shape: nil, values: FieldType(.whole, under: self), owner: self, isWhole: true)
    }
  }

  var isDeduced: Bool { if case .schema = base { false } else { true } }

  /// The one form in which the type takes a value. A value that has none of the type's forms (and null, and nothing) gets the first there is.
  enum Form { case scalar, list, map }
  func form(of value: JSON?) -> Form {
    switch value {
    case .bool?, .int?, .double?, .number?, .string?: if scalar != nil { return .scalar }
    case .array?: if list != nil { return .list }
    case .object?: if map != nil { return .map }
    case .null?, nil: break
    }
    return map != nil ? .map : scalar != nil ? .scalar : .list
  }
}

extension FieldType.Map {
  /// Whether the schema names the field.
  func declares(_ field: String) -> Bool { shape?.property(field) != nil }
  /// Whether the schema has a place for the field.
  func accepts(_ field: String) -> Bool { values != nil || declares(field) }
  /// What stands in a field that nobody wrote: Go's structs that are no pointers are always there, and lists that are required are null. So nobody
  /// adds or removes them. Nil for the rest.
  func unwritten(_ field: String) -> JSON? {
    guard owner.isBuiltIn, let property = shape?.property(field) else { return nil }
    if Self.structs.contains(field) { return type(of: field).map == nil ? nil : [:] }
    return property.isRequired && type(of: field).list != nil ? .null : nil
  }
  private static let structs: Set<String> = [
    "metadata", "spec", "status", "template", "strategy", "updateStrategy", "resources", "jobTemplate", "roleRef", "involvedObject",
    "source",
    "names", "acceptedNames", "state", "lastState", "loadBalancer",
  ]

  /// The type of a field; deduced where the schema does not know it.
  func type(of field: String) -> FieldType {
    if let property = shape?.property(field) { return FieldType(.schema(property.schema), under: owner) }
    return values ?? FieldType(.deduced, under: owner)
  }
}

extension FieldType.List {
  /// What tells an element of a set or a keyed list from the others. A key that is missing counts with its default.
  func pathElement(of element: JSON) throws(ListElementError) -> PathElement {
    switch form {
    case .whole: throw ListElementError("invalid indexing of non-associative list")
    case .set:
      switch element {
      case .object: throw ListElementError("associative list without keys has an element that's a map type")
      case .array: throw ListElementError("not supported: associative list with lists as elements")
      case .null: throw ListElementError("associative list without keys has an element that's an explicit null")
      default: return .element(element)
      }
    case .keyed(let keys):
      if element.isNull { throw ListElementError("associative list with keys may not have a null element") }
      guard let object = element.object else { throw ListElementError("associative list with keys may not have non-map elements") }
      let fields = keys.compactMap { key in
        (object[key] ?? self.element.defaultValue(of: key)).map { PathElement.KeyField(key, $0) }
      }
      guard !fields.isEmpty || keys.isEmpty else {
        throw ListElementError(
          "associative list with keys has an element that omits all key fields "
            + "[\(keys.map { JSON.string($0).text() }.joined(separator: " "))] (and doesn't have default values for any key fields)")
      }
      return .key(of: fields)
    }
  }
}

extension FieldType {
  fileprivate func defaultValue(of field: String) -> JSON? {
    guard case .schema(let schema) = base, case .object(let shape) = schema.shape else { return nil }
    return shape.property(field)?.schema.defaultValue
  }
}

/// Why an element of a list cannot be told from the others.
struct ListElementError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// The shape of `metadata`, the same for every kind (`meta/v1.ObjectMeta`).
enum MetadataShape {
  static let root: [TypeSchema.Property] = [
    .init("apiVersion", TypeSchema(.string)), .init("kind", TypeSchema(.string)), .init("metadata", metadata),
  ]

  private static let metadata = TypeSchema(
    .object(
      .init([
        text("name"), text("generateName"), text("namespace"), text("selfLink"), text("uid"), text("resourceVersion"),
        .init("generation", TypeSchema(.integer)), text("creationTimestamp"), text("deletionTimestamp"),
        .init("deletionGracePeriodSeconds", TypeSchema(.integer)), .init("labels", TypeSchema(.map(TypeSchema(.string)))),
        .init("annotations", TypeSchema(.map(TypeSchema(.string)))),
        .init("finalizers", TypeSchema(.list(TypeSchema(.string), .set)), mergeKey: ""),
        .init("ownerReferences", TypeSchema(.list(owner, .map(keys: ["uid"]))), mergeKey: "uid"),
        .init("managedFields", TypeSchema(.list(TypeSchema(.any), .atomic))),
      ])))

  private static let owner = TypeSchema(
    .object(
      .init(
        [
          text("apiVersion"), text("kind"), text("name"), text("uid"), .init("controller", TypeSchema(.boolean)),
          .init("blockOwnerDeletion", TypeSchema(.boolean)),
        ], isAtomic: true)))

  private static func text(_ name: String) -> TypeSchema.Property { .init(name, TypeSchema(.string)) }
}
