import JSONValue

/// jq's functions that are no filters.
enum JQFunctions {
  /// All names; those with an underscore are parts of the prelude's functions.
  static let names: Set<JQName> = {
    let table = [
      [
        "abs", "length", "utf8bytelength", "keys", "add", "toboolean", "tonumber", "tostring", "type", "reverse", "ltrim", "rtrim", "trim",
        "explode", "implode", "ascii_downcase", "ascii_upcase", "tojson", "fromjson", "flatten", "min", "max", "sort", "unique", "frexp",
        "modf", "infinite", "isfinite", "isinfinite", "nan", "isnan", "isnormal", "transpose", "gmtime", "localtime", "mktime", "now",
        "_captures", "error", "halt", "halt_error", "env", "builtins", "empty", "modulemeta",
      ] + JQMath.unary,
      [
        "has", "contains", "inside", "indices", "index", "rindex", "startswith", "endswith", "ltrimstr", "rtrimstr", "trimstr", "split",
        "join", "format", "flatten", "_min_by", "_max_by", "_sort_by", "_group_by", "_unique_by", "delpaths", "getpath", "bsearch",
        "strftime", "strflocaltime", "strptime", "error", "halt_error", "path", "_last",
      ],
      ["setpath"] + JQMath.binary,
      ["_range", "_match", "fma"],
    ]
    var names: Set<JQName> = []
    for (arity, list) in table.enumerated() { for name in list { names.insert(JQName(name: name, arity: arity)) } }
    return names
  }()

  /// Roughly how much a function has to look at.
  static func work(_ value: JQValue, _ arguments: [JQValue]) -> Int {
    func size(_ value: JQValue) -> Int {
      switch value {
      case .string(let text): text.utf8.count
      case .array(let array): array.elements.count * 4
      case .object(let object): object.members.count * 8
      case .big(let number): number.limbs.count * number.limbs.count
      default: 0
      }
    }
    return arguments.reduce(size(value)) { $0 + size($1) }
  }

  static func call(_ name: String, _ value: JQValue, _ arguments: [JQValue], _ clock: JQClock) throws(JQFailure) -> JQValue {
    if let result = try JQMath.call(name, value, arguments) { return result }
    if let result = try JQListFunctions.call(name, value, arguments) { return result }
    if let result = try JQStringFunctions.call(name, value, arguments) { return result }
    if let result = try JQTime.call(name, value, arguments, clock) { return result }
    switch name {
    case "type": return .string(value.typeName)
    case "length": return try length(value)
    case "utf8bytelength":
      guard let text = value.string else { throw .cannotApply(name, value) }
      return .int(Int64(text.utf8.count))
    case "toboolean":
      switch value {
      case .bool, .string("true"), .string("false"): return .bool(value.isTruthy && value.string != "false")
      case .string: throw .failed(name, value, "invalid boolean")
      default: throw .cannotApply(name, value)
      }
    case "tonumber":
      if value.isNumber { return value }
      guard let text = value.string else { throw .cannotApply(name, value) }
      guard JQLexer.isNumber(text) else { throw .failed(name, value, "invalid number") }
      return .number(text.hasPrefix("+") ? String(text.dropFirst()) : text)
    case "tostring": return .string(JQText.toString(value))
    case "tojson": return .string(value.text)
    case "fromjson": return try fromJSON(value)
    case "format":
      guard let format = arguments[0].string else { throw .cannotApply(name, arguments[0]) }
      return try JQFormat.apply(format, value)
    case "setpath": return try JQPaths.set(value, arguments[0], arguments[1])
    case "delpaths": return try JQPaths.delete(value, arguments[0])
    case "error": throw .value(arguments.first ?? value)
    case "halt": throw .halt(.null)
    case "halt_error":
      if let code = arguments.first, code.integer == nil { throw .cannotApply(name, code) }
      throw .halt(value)
    case "env": return .object(.empty)
    case "builtins":
      let all = (names.union(JQPrelude.definitions.keys)).filter { !$0.name.hasPrefix("_") }.map(\.description)
      return try .makeArray(all.sorted { compareBytes($0, $1) < 0 }.map { .string($0) })
    case "modulemeta":
      guard let module = value.string else { throw .cannotApply(name, value) }
      throw .message("cannot load module: \(JQValue.string(module).text)")
    default: throw .message("function not defined: \(name)/\(arguments.count)")
    }
  }

  private static func length(_ value: JQValue) throws(JQFailure) -> JQValue {
    switch value {
    case .null: return .int(0)
    case .bool: throw .cannotApply("length", value)
    case .string(let text): return .int(Int64(text.unicodeScalars.count))
    case .array(let array): return .int(Int64(array.elements.count))
    case .object(let object): return .int(Int64(object.members.count))
    default: return JQMath.magnitude(value)
    }
  }

  private static func fromJSON(_ value: JQValue) throws(JQFailure) -> JQValue {
    guard let text = value.string else { throw .cannotApply("fromjson", value) }
    let json: JSON
    do throws(JSONParseError) { json = try JSON.parse(text) } catch { throw .failed("fromjson", value, error.message) }
    return try converted(json, 0)
  }

  private static func converted(_ json: JSON, _ depth: Int) throws(JQFailure) -> JQValue {
    guard depth < JQValue.maximumDepth else { throw .limit("the value nests too deeply") }
    switch json {
    case .int(let value): return .int(value)
    case .double(let value): return .double(value)
    case .number(let text): return .literal(text)
    case .array(let elements):
      var values: [JQValue] = []
      for element in elements { values.append(try converted(element, depth + 1)) }
      return try .makeArray(values)
    case .object(let object):
      var members: [JQObject.Member] = []
      for member in object { members.append((member.key, try converted(member.value, depth + 1))) }
      return try .makeObject(members)
    default: return try JQValue(json)
    }
  }
}
