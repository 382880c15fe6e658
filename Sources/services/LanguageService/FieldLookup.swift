internal import Validation
internal import YAMLText

/// What the schema says of a place in a manifest.
enum FieldLookup {
  /// The type of the value at a path; nil where the schema knows nothing of it. Lists and maps keep what their elements are.
  static func type(at path: [PathStep], kind: String, _ schema: Schema = .standard) -> (
    type: Schema.FieldType, field: Schema.Field?, owner: String
  )? {
    guard schema.type(kind) != nil else { return nil }
    var type = Schema.FieldType.object(kind)
    var field: Schema.Field?
    var owner = ""
    for step in path {
      switch (type, step) {
      case (.object(let name), .key(let key)):
        guard let found = schema.type(name)?.field(key) else { return nil }
        owner = name
        field = found
        type = found.type
      case (.map(let element), .key): type = element
      case (.list(let element), .index): type = element
      default: return nil
      }
    }
    return (type, field, owner)
  }

  /// The type as hovers name it: `list of WorkflowStep`.
  static func words(_ type: Schema.FieldType) -> String {
    switch type {
    case .list(let element): "list of \(words(element))"
    case .map(let element): "map of \(words(element))"
    case .object(let name): name
    default: type.description
    }
  }
}
