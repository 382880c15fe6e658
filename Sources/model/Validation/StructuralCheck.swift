import JSONValue
import KubeModel
import YAMLText

/// Compares a manifest with the schema: unknown fields, wrong types, values outside an enumeration, missing fields, fields that v4 removed.
struct StructuralCheck {
  private let schema: Schema
  private var findings: [Finding] = []

  private init(_ schema: Schema) { self.schema = schema }

  /// Checks the whole document; a kind without a type in the schema passes.
  static func findings(of document: JSON, kind: String, schema: Schema = .standard) -> [Finding] {
    var check = StructuralCheck(schema)
    guard schema.type(kind) != nil else { return [] }
    check.check(document, .object(kind), choices: [], at: FieldPath(), isPartial: false)
    return check.findings
  }

  /// `isPartial`: below `templateDefaults`, where a body need not be complete.
  private mutating func check(_ value: JSON, _ type: Schema.FieldType, choices: [String], at path: FieldPath, isPartial: Bool) {
    if value.isNull { return }
    switch (type, value) {
    case (.any, _): break
    case (.anyString, .string), (.anyString, .int), (.anyString, .double), (.anyString, .number), (.anyString, .bool): break
    case (.string, .string(let text)): checkChoice(text, choices, at: path)
    case (.integer, .int), (.boolean, .bool), (.number, .int), (.number, .double), (.number, .number): break
    case (.intOrString, .int), (.intOrString, .string): break
    case (.quantity, .int), (.quantity, .double), (.quantity, .number), (.quantity, .string): break
    case (.list(let element), .array(let values)):
      for (index, value) in values.enumerated() { check(value, element, choices: choices, at: path[index], isPartial: isPartial) }
    case (.map(let element), .object(let members)):
      for (key, value) in members { check(value, element, choices: [], at: path[key], isPartial: isPartial) }
    case (.object(let name), .object(let members)): check(members, name, at: path, isPartial: isPartial)
    default: wrongType(value, type, at: path)
    }
  }

  private mutating func check(_ members: JSONObject, _ typeName: String, at path: FieldPath, isPartial: Bool) {
    guard let type = schema.type(typeName) else { return }
    for (key, value) in members {
      if let field = type.field(key) {
        let partial = isPartial || key == "templateDefaults"
        check(value, field.type, choices: field.choices, at: path[key], isPartial: partial)
      } else if let successor = Self.removed["\(typeName).\(key)"] {
        findings.append(
          Finding(
            rule: "removed-field", message: "field \"\(path[key])\" was removed in Argo Workflows v4", hint: successor, path: path[key]))
      } else {
        unknown(key, type, at: path)
      }
    }
    if isPartial { return }
    for field in type.fields where field.isRequired && (members[field.name]?.isNull ?? true) {
      findings.append(Finding(rule: "required-field", message: "\(path[field.name]) is required", path: path))
    }
  }

  private mutating func unknown(_ key: String, _ type: Schema.ObjectType, at path: FieldPath) {
    var message = "unknown field \"\(path[key])\""
    if let near = nearest(to: key, in: type.fields.lazy.map(\.name)) {
      message += ", did you mean \"\(near)\"?"
    }
    findings.append(Finding(rule: "unknown-field", message: message, path: path[key]))
  }

  private mutating func checkChoice(_ text: String, _ choices: [String], at path: FieldPath) {
    if choices.isEmpty || text.isEmpty || choices.contains(text) || text.contains("{{") { return }
    let near = nearest(to: text, in: choices).map { "did you mean \"\($0)\"?" }
    findings.append(
      Finding(
        rule: "enum", message: "\(path): unsupported value \"\(text)\", expected one of: \(choices.joined(separator: ", "))", hint: near,
        path: path))
  }

  private mutating func wrongType(_ value: JSON, _ type: Schema.FieldType, at path: FieldPath) {
    var hint: String?
    switch (type, value) {
    case (.string, .int), (.string, .double), (.string, .number), (.string, .bool): hint = "put the value in quotes"
    case (.integer, .string(let text)) where Int64(text) != nil: hint = "remove the quotes"
    case (.boolean, .string(let text)) where text == "true" || text == "false": hint = "remove the quotes"
    case (.list(.string), .string(let text)) where Self.isElement(path):
      hint = "it is a list of lists: [[\(text), …]]"
    case (.list(.list), .object), (.list(.list), .array): hint = "a group of steps is a list: begin its first step with \"- -\""
    case (.list(.object("WorkflowStep")), .object): hint = "a group of steps is a list: begin its first step with \"- -\""
    default: break
    }
    findings.append(
      Finding(rule: "wrong-type", message: "\(path): expected \(type), found \(Self.name(of: value))", hint: hint, path: path))
  }

  private static func isElement(_ path: FieldPath) -> Bool {
    guard case .index? = path.steps.last else { return false }
    return true
  }

  private static func name(of value: JSON) -> String {
    switch value {
    case .array: "list"
    case .string(let text) where text.count <= 40: "string \"\(text)\""
    case .int, .double, .number, .bool: "\(value.typeName) \(value.text())"
    default: value.typeName
    }
  }

  /// Type and field, and what v4 has in its place (specification: what changed from v3.5 to v4.1).
  private static let removed: [String: String] = [
    "CronWorkflowSpec.schedule": "write it as a list: schedules: [\"…\"]",
    "Synchronization.mutex": "write it as a list: mutexes: [{name: …}]",
    "Synchronization.semaphore": "write it as a list: semaphores: [{configMapKeyRef: …}]",
    "WorkflowSpec.podPriority": "use podPriorityClassName",
    "Template.priority": "use priorityClassName",
    "StopStrategy.condition": "it is called expression now",
  ]
}
