import JSONValue

extension Schema {
  /// The document with plain numbers and booleans as text where a string is expected: `value: 1` of a container's environment is `"1"`. Argo's
  /// command line reads files so (`sigs.k8s.io/yaml` looks at the type of the field); its API does not.
  package func normalized(_ document: JSON, kind: String) -> JSON {
    guard types[kind] != nil else { return document }
    var result = document
    normalize(&result, .object(kind))
    return result
  }

  private func normalize(_ value: inout JSON, _ type: FieldType) {
    switch (type, value) {
    case (.string, .int), (.string, .double), (.string, .number), (.string, .bool): value = .string(value.text(.go))
    case (.list(let element), .array(var elements)):
      value = .null
      for index in elements.indices { normalize(&elements[index], element) }
      value = .array(elements)
    case (.map(let element), .object(var members)):
      value = .null
      for key in members.keys { if var member = members[key] { normalize(&member, element); members[key] = member } }
      value = .object(members)
    case (.object(let name), .object(var members)):
      guard let fields = types[name] else { return }
      value = .null
      for key in members.keys {
        guard let field = fields.field(key), field.type != .any, var member = members[key] else { continue }
        normalize(&member, field.type)
        members[key] = member
      }
      value = .object(members)
    default: break
    }
  }
}
