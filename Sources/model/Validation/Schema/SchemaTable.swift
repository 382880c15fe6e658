/// Reads the notation of the schema's tables.
///
/// A line without indentation begins a type: `Name`, or `Name : Base` to take over the fields of a type of any table. An indented line is a field:
/// `name type`, `name! type` when it is required, ` = a b c` after it for an enumeration. Types: `string`, `integer`, `number`, `boolean`, `any`,
/// `anyString`, `intOrString`, `quantity`, a type's name, `[type]` for a list, `{type}` for a map.
enum SchemaTable {
  static func parse(_ tables: [String]) -> [String: Schema.ObjectType] {
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
          own[current] = Schema.ObjectType(name: current, fields: [])
          if words.count == 3, words[1] == ":" { bases[current] = String(words[2]) }
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
    let choices = words.count > 3 && words[2] == "=" ? words[3...].map(String.init) : []
    return Schema.Field(name: String(name), type: type(words[1]), isRequired: isRequired, choices: choices)
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
