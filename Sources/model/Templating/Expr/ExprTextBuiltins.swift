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
    case "upper": return .string(text.uppercased())
    case "lower": return .string(text.lowercased())
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

/// `$.a.b[0]['c'][*]..d[1:3]`: the part of JSONPath that needs no filters.
enum JSONPathQuery {
  private enum Step {
    case key(String)
    case index(Int)
    case slice(Int?, Int?)
    case all
    case deep
  }

  static func evaluate(_ path: String, on text: String) throws(ExpressionError) -> ExprValue {
    let document = try ExprTextBuiltins.json(text)
    let steps = try parse(path)
    var values = [document]
    var isPlural = false
    for step in steps {
      switch step {
      case .key(let key):
        let found = values.compactMap { value -> ExprValue? in if case .map(let members) = value { members[key] } else { nil } }
        if found.isEmpty, !isPlural { throw ExprBuiltins.failure("key error: \(key) not found in object") }
        values = found
      case .index(let index):
        let found = values.compactMap { value -> ExprValue? in
          guard case .array(let elements) = value else { return nil }
          let position = index < 0 ? index + elements.count : index
          return elements.indices.contains(position) ? elements[position] : nil
        }
        if found.isEmpty, !isPlural { throw ExprBuiltins.failure("index out of range: \(index)") }
        values = found
      case .slice(let from, let to):
        isPlural = true
        values = values.flatMap { value -> [ExprValue] in
          guard case .array(let elements) = value else { return [] }
          func bound(_ index: Int?, _ other: Int) -> Int {
            guard let index else { return other }
            return max(0, min(elements.count, index < 0 ? index + elements.count : index))
          }
          let start = bound(from, 0)
          return Array(elements[start..<max(start, bound(to, elements.count))])
        }
      case .all:
        isPlural = true
        values = values.flatMap(children)
      case .deep:
        isPlural = true
        values = values.flatMap { descendants($0, depth: 0) }
      }
    }
    return isPlural ? .array(values) : values.first ?? .nil
  }

  private static func children(_ value: ExprValue) -> [ExprValue] {
    switch value {
    case .array(let elements): elements
    case .map(let members): members.sortedByKeyBytes().map(\.value)
    default: []
    }
  }

  private static func descendants(_ value: ExprValue, depth: Int) -> [ExprValue] {
    [value] + (depth > 600 ? [] : children(value).flatMap { descendants($0, depth: depth + 1) })
  }

  private static func parse(_ path: String) throws(ExpressionError) -> [Step] {
    var rest = Substring(path)
    var steps: [Step] = []
    if rest.hasPrefix("$") { rest.removeFirst() }
    while let first = rest.first {
      guard steps.filter({ if case .deep = $0 { true } else { false } }).count <= 3 else {
        throw ExprBuiltins.failure("the JSON path is too complex")
      }
      if rest.hasPrefix("..") {
        steps.append(.deep)
        rest.removeFirst(rest.dropFirst(2).hasPrefix("[") ? 2 : 1)
        continue
      }
      if first == "[" {
        guard let end = rest.firstIndex(of: "]") else { throw ExprBuiltins.failure("expected ']' in JSON path \(path)") }
        let inside = GoText.trimSpace(String(rest[rest.index(after: rest.startIndex)..<end]))
        rest = rest[rest.index(after: end)...]
        let parts = inside.split(separator: ":", omittingEmptySubsequences: false)
        if inside == "*" {
          steps.append(.all)
        } else if let quote = inside.first, quote == "'" || quote == "\"", inside.last == quote, inside.count >= 2 {
          steps.append(.key(String(inside.dropFirst().dropLast())))
        } else if let index = Int(inside) {
          steps.append(.index(index))
        } else if parts.count == 2, parts.allSatisfy({ $0.isEmpty || Int($0) != nil }) {
          steps.append(.slice(Int(parts[0]), Int(parts[1])))
        } else {
          throw ExprBuiltins.failure("JSON path filter [\(inside)] is not supported")
        }
        continue
      }
      if first == "." { rest.removeFirst() }
      let name = rest.prefix { $0 != "." && $0 != "[" }
      guard !name.isEmpty else { throw ExprBuiltins.failure("expected a name in JSON path \(path)") }
      steps.append(name == "*" ? .all : .key(String(name)))
      rest = rest.dropFirst(name.count)
    }
    return steps
  }
}
