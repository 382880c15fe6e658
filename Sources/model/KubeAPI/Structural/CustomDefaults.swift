internal import JSONValue

/// Sets the defaults of a structural schema (`apiextensions-apiserver/pkg/apiserver/schema/defaulting`): a member that is missing, or null where null is not
/// allowed, gets its default; then defaults inside it are set. Lists and maps get theirs element by element.
struct CustomDefaults {
  let catalog: any KindCatalog

  func set(_ value: inout JSON, _ schema: TypeSchema) {
    guard let resolved = catalog.resolved(schema) else { return }
    switch (resolved.shape, value) {
    case (.object(let shape), .object(var members)):
      value = .null
      for property in shape.properties {
        let present = members[property.name]
        if let standard = property.schema.defaultValue, present == nil || (present?.isNull == true && !property.schema.isNullable) {
          members[property.name] = standard
        }
        guard Self.holdsDefaults(property.schema), var member = members[property.name] else { continue }
        members[property.name] = .null
        set(&member, property.schema)
        members[property.name] = member
      }
      value = .object(members)
    case (.map(let element), .object(var members)):
      guard Self.holdsDefaults(element) else { return }
      value = .null
      for key in members.keys {
        guard var member = members[key] else { continue }
        members[key] = .null
        set(&member, element)
        members[key] = member
      }
      value = .object(members)
    case (.list(let element, _), .array(var elements)):
      guard Self.holdsDefaults(element) else { return }
      value = .null
      for index in elements.indices {
        var member = elements[index]
        elements[index] = .null
        set(&member, element)
        elements[index] = member
      }
      value = .array(elements)
    default: break
    }
  }

  /// Types with a name belong to built-in kinds, whose defaults are rules and not part of schemas.
  private static func holdsDefaults(_ schema: TypeSchema) -> Bool {
    switch schema.shape {
    case .object, .list, .map: true
    default: false
    }
  }
}
