internal import KubeModel

/// A kind as patches and field ownership see it: its names and the shape of its objects.
package struct PatchTarget: Sendable {
  package let kind: APIKind
  /// Nil: anything is taken.
  package let schema: TypeSchema?
  let resolve: @Sendable (String) -> TypeSchema?

  /// - Parameter resolve: the type of a ``TypeSchema/Shape/reference(_:)``.
  package init(_ kind: APIKind, schema: TypeSchema?, resolve: @escaping @Sendable (String) -> TypeSchema?) {
    self.kind = kind
    self.schema = schema
    self.resolve = resolve
  }

  /// A kind of a catalogue, with the schema that the catalogue has of it.
  package init(_ kind: APIKind, in catalog: any KindCatalog) {
    self.init(kind, schema: catalog.schema(of: kind), resolve: { catalog.type($0) })
  }
}

/// The merge keys of a schema's properties.
struct SchemaMergeShape: MergeShape {
  /// Nil: nothing is known, lists are replaced.
  let schema: TypeSchema?
  let resolve: @Sendable (String) -> TypeSchema?

  init(schema: TypeSchema?, resolve: @escaping @Sendable (String) -> TypeSchema?) {
    self.schema = schema?.resolved(by: resolve)
    self.resolve = resolve
  }

  func member(_ field: String) -> SchemaMergeShape {
    switch schema?.shape {
    case .object(let shape): SchemaMergeShape(schema: shape.property(field)?.schema, resolve: resolve)
    case .map(let element): SchemaMergeShape(schema: element, resolve: resolve)
    default: SchemaMergeShape(schema: nil, resolve: resolve)
    }
  }

  func list(_ field: String) -> MergeList<SchemaMergeShape> {
    guard case .object(let shape) = schema?.shape, let property = shape.property(field), let key = property.mergeKey else {
      return .replaced
    }
    guard !key.isEmpty else { return .set }
    guard case .list(let element, _) = property.schema.resolved(by: resolve)?.shape else { return .replaced }
    return .keyed([key], SchemaMergeShape(schema: element, resolve: resolve))
  }
}

extension TypeSchema {
  /// References that lead to references are followed this far; a circle of nothing but references has no shape.
  private static let maximumReferences = 16

  /// The schema itself, or what its reference names; atomic where either says so.
  func resolved(by resolve: (String) -> TypeSchema?) -> TypeSchema? {
    var schema = self
    for _ in 0..<Self.maximumReferences {
      guard case .reference(let name) = schema.shape else { return schema }
      guard var next = resolve(name) else { return nil }
      next.isAtomic = next.isAtomic || schema.isAtomic
      schema = next
    }
    return nil
  }
}
