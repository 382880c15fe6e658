import JSONValue

/// gjson's modifiers: `@name` in a path.
enum GJSONModifier {
  private static let names: Set<String> = ["this", "reverse", "flatten", "keys", "values", "tostr", "fromstr", "ugly", "valid"]

  /// Whether a path begins with a modifier.
  static func isModifier(_ path: ArraySlice<UInt8>) -> Bool {
    let name = path.dropFirst().prefix { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "|") && $0 != UInt8(ascii: ":") }
    return names.contains(String(decoding: name, as: UTF8.self))
  }

  /// The changed value; nil when there is none.
  static func apply(_ name: String, _ json: JSON) -> JSON? {
    switch String(name.dropFirst().prefix { $0 != ":" }) {
    case "reverse":
      switch json {
      case .array(let elements): return .array(elements.reversed())
      case .object(let object): return .object(JSONObject(object.reversed().map { ($0.key, $0.value) }))
      default: return json
      }
    case "flatten":
      guard case .array(let elements) = json else { return json }
      return .array(elements.flatMap { element in element.array ?? [element] })
    case "keys":
      switch json {
      case .object(let object): return .array(object.keys.map { .string($0) })
      case .array(let elements): return .array(elements.map { _ in .null })
      default: return .array([])
      }
    case "values":
      switch json {
      case .object(let object): return .array(object.values)
      case .array: return json
      default: return .array([json])
      }
    case "tostr": return .string(json.text())
    case "fromstr":
      guard let text = json.string else { return nil }
      do throws(JSONParseError) { return try JSON.parse(text) } catch { return nil }
    default: return json
    }
  }
}
