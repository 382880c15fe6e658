/// Reads the notation of the schema's tables.
///
/// A line without indentation begins a type: `Name`, or `Name : Base` to take over the fields of a type of any table. An indented line is a field:
/// `name type`, `name! type` when it is required, ` = a b c` after it for an enumeration. Types: `string`, `integer`, `number`, `boolean`, `any`,
/// `anyString`, `intOrString`, `quantity`, a type's name, `[type]` for a list, `{type}` for a map. Between the type and the choices stand
/// ``Schema/Traits``: `@map=key,key`, `@set`, `@atomic` (also behind a type's own name), `@merge=key`, `@merge`, `@retainKeys`, `@default=text`, else a
/// format (`@int32`).
package enum SchemaTable {
  package static func parse(_ tables: [String]) -> [String: Schema.ObjectType] {
    var own: [String: Schema.ObjectType] = [:]
    var bases: [String: String] = [:]
    for table in tables {
      var current = ""
      for line in table.split(separator: "\n") {
        if line.first == " " {
          if let field = field(line) { own[current]?.fields.append(field) }
        } else {
          let words = line.split(separator: " ")
          current = words.first.map(String.init) ?? ""
          own[current] = Schema.ObjectType(name: current, fields: [], isAtomic: words.contains("@atomic"))
          if let colon = words.firstIndex(of: ":"), colon + 1 < words.count { bases[current] = String(words[colon + 1]) }
        }
      }
    }
    return own.mapValues { type in
      var result = type
      var base = bases[type.name]
      var depth = 0
      while let name = base, let from = own[name], depth < 4 {
        result.fields += from.fields.filter { result.field($0.name) == nil }
        base = bases[name]
        depth += 1
      }
      return result
    }
  }

  private static func field(_ line: Substring) -> Schema.Field? {
    let words = line.split(separator: " ")
    guard words.count >= 2 else { return nil }
    var name = words[0]
    let isRequired = name.last == "!"
    if isRequired { name.removeLast() }
    let rest = words.dropFirst(2)
    let marks = rest.prefix { $0.first == "@" }
    let choices = rest.dropFirst(marks.count).first == "=" ? rest.dropFirst(marks.count + 1).map(String.init) : []
    return Schema.Field(
      name: String(name), type: type(words[1]), isRequired: isRequired, choices: choices, traits: traits(marks.map { $0.dropFirst() }))
  }

  private static func traits(_ marks: [Substring]) -> Schema.Traits {
    var result = Schema.Traits()
    for mark in marks {
      let parts = mark.split(separator: "=", maxSplits: 1)
      let value = parts.count == 2 ? String(parts[1]) : ""
      switch parts.first {
      case "map": result.mapKeys = value.split(separator: ",").map(String.init)
      case "set": result.isSet = true
      case "atomic": result.isAtomic = true
      case "merge": result.mergeKey = value
      case "retainKeys": result.retainsKeys = true
      case "default": result.defaultValue = value
      default: result.format = String(mark)
      }
    }
    return result
  }

  private static func type(_ text: Substring) -> Schema.FieldType {
    if text.first == "[", text.last == "]" { return .list(type(text.dropFirst().dropLast())) }
    if text.first == "{", text.last == "}" { return .map(type(text.dropFirst().dropLast())) }
    return switch text {
    case "string": .string
    case "integer": .integer
    case "number": .number
    case "boolean": .boolean
    case "any": .any
    case "anyString": .anyString
    case "intOrString": .intOrString
    case "quantity": .quantity
    default: .object(String(text))
    }
  }
}
