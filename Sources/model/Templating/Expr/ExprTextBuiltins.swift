import JSONValue

/// The builtins on strings and JSON.
enum ExprTextBuiltins {
  private static let names: Set<String> = [
    "trim", "trimPrefix", "trimSuffix", "upper", "lower", "split", "splitAfter", "replace", "repeat", "indexOf", "lastIndexOf",
    "hasPrefix", "hasSuffix", "fromJSON", "toBase64", "fromBase64", "jsonpath", "toJSON", "toJson",
  ]

  /// Go's `json.MarshalIndent` with two spaces.
  static let goPretty: JSONStyle = {
    var style = JSONStyle.pretty
    style.sortsKeys = true
    style.escapesHTML = true
    return style
  }()

  /// The result, or nil when the name is none of these.
  static func call(_ name: String, _ arguments: [ExprValue], _ evaluator: inout ExprEvaluator) throws(ExpressionError) -> ExprValue? {
    guard names.contains(name) else { return nil }
    let first = arguments[0]
    if name == "toJSON" || name == "toJson" {
      guard let json = first.json else { throw ExprBuiltins.failure("json: unsupported type: \(first.typeName)") }
      return .string(json.text(name == "toJSON" ? goPretty : .go))
    }
    func string(_ index: Int) throws(ExpressionError) -> String {
      guard case .string(let text) = arguments[index] else {
        throw ExprBuiltins.failure("cannot use \(arguments[index].typeName) as argument (type string) to call \(name)")
      }
      return text
    }
    let text = try string(0)
    switch name {
    case "trim": return .string(arguments.count == 1 ? GoText.trimSpace(text) : GoText.trim(text, characters: try string(1)))
    case "trimPrefix": return .string(GoText.removingPrefix(text, arguments.count == 1 ? " " : try string(1)))
    case "trimSuffix": return .string(GoText.removingSuffix(text, arguments.count == 1 ? " " : try string(1)))
    case "upper": return .string(GoText.upper(text))
    case "lower": return .string(GoText.lower(text))
    case "split", "splitAfter":
      let limit = arguments.count > 2 ? try count(arguments[2], name) : -1
      let pieces = GoText.split(text, try string(1), limit: limit, keeps: name == "splitAfter")
      try evaluator.charge(pieces.count * 16)
      return .array(pieces.map { .string($0) })
    case "replace":
      let limit = arguments.count > 3 ? try count(arguments[3], name) : -1
      let (old, new) = (try string(1), try string(2))
      try evaluator.charge((text.utf8.count + 1) * (old.isEmpty ? 1 + new.utf8.count : 1 + new.utf8.count / old.utf8.count))
      return .string(GoText.replace(text, old, new, limit: limit))
    case "repeat":
      let times = try ExprBuiltins.integer(arguments[1], name)
      guard times >= 0 else { throw ExprBuiltins.failure("invalid argument for repeat (expected positive integer, got \(times))") }
      let (size, overflow) = times.multipliedReportingOverflow(by: Int64(max(1, text.utf8.count)))
      guard !overflow, times <= 1_000_000, size <= 64 << 20 else { throw ExprBuiltins.failure("memory budget exceeded") }
      return .string(String(repeating: text, count: Int(times)))
    case "indexOf": return .int(Int64(GoText.index(Array(text.utf8), Array(try string(1).utf8))))
    case "lastIndexOf": return .int(Int64(GoText.lastIndex(Array(text.utf8), Array(try string(1).utf8))))
    case "hasPrefix": return .bool(text.utf8.starts(with: try string(1).utf8))
    case "hasSuffix": return .bool(text.utf8.reversed().starts(with: try string(1).utf8.reversed()))
    case "fromJSON": return try json(text)
    case "toBase64": return .string(BaseCoding.encode64(Array(text.utf8)))
    case "fromBase64":
      guard let bytes = BaseCoding.decode64(text) else { throw ExprBuiltins.failure("illegal base64 data") }
      return .string(String(decoding: bytes, as: UTF8.self))
    default: return try JSONPathQuery.evaluate(try string(1), on: text)
    }
  }

  private static func count(_ value: ExprValue, _ name: String) throws(ExpressionError) -> Int {
    Int(clamping: try ExprBuiltins.integer(value, name))
  }

  /// A JSON text as Go's `encoding/json` reads it into `any`: every number is a float.
  static func json(_ text: String) throws(ExpressionError) -> ExprValue {
    do throws(JSONParseError) { return floats(ExprValue(try JSON.parse(text))) } catch { throw ExprBuiltins.failure(error.description) }
  }

  private static func floats(_ value: ExprValue) -> ExprValue {
    switch value {
    case .int(let number): .double(Double(number))
    case .array(let elements): .array(elements.map(floats))
    case .map(let members): .map(members.mapValues(floats))
    default: value
    }
  }
}
