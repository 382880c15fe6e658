import Basics

/// `jsonpath(text, path)` of expressions: evilmonkeyinc/jsonpath's language. Keys, indices, slices with steps, unions, wildcards, `..`,
/// `length`, filters `[?(@.price < $.max && @.kind == 'x')]` and computed indices `[(@.length-1)]`.
struct JSONPathQuery {
  private indirect enum Step {
    case key(String)
    case length
    case index(Int)
    case slice(from: Int?, to: Int?, step: Int?)
    case union([Member])
    case all
    case deep
    case filter(Condition)
    case computed(Condition)
  }

  private enum Member {
    case key(String)
    case index(Int)
  }

  /// An expression whose paths have become variables.
  private struct Condition {
    var expression: Expression
    var paths: [(isRoot: Bool, steps: [Step])]
  }

  private static let maximumWork = 1_000_000
  private let root: ExprValue
  private var work = 0

  private init(root: ExprValue) { self.root = root }

  static func evaluate(_ path: String, on text: String) throws(ExpressionError) -> ExprValue {
    let document = try ExprTextBuiltins.json(text)
    var parser = JSONPathReader(path)
    guard parser.accept("$") else { throw failure("unexpected token '\(path)'. a path begins with $") }
    let steps = try steps(&parser, depth: 0)
    var query = JSONPathQuery(root: document)
    return try query.apply(steps[...], to: document)
  }

  private static func failure(_ message: String) -> ExpressionError { ExprBuiltins.failure(message) }

  // MARK: - Applying

  private mutating func apply(_ steps: ArraySlice<Step>, to value: ExprValue) throws(ExpressionError) -> ExprValue {
    work += 1
    guard work < Self.maximumWork else { throw Self.failure("the JSON path looks at too many values") }
    guard let step = steps.first else { return value }
    let rest = steps.dropFirst()
    switch step {
    case .key(let key):
      guard case .map(let members) = value else { throw Self.wrongTarget("key", value, "[map]") }
      guard let member = members[key] else { throw Self.failure("key: invalid token key '\(key)' not found") }
      return try apply(rest, to: member)
    case .length: return try apply(rest, to: try Self.length(of: value))
    case .index(let index):
      guard case .array(let elements) = value else { throw Self.wrongTarget("index", value, "[array slice]") }
      let position = index < 0 ? index + elements.count : index
      guard elements.indices.contains(position) else { throw Self.failure("index: invalid token out of range") }
      return try apply(rest, to: elements[position])
    case .slice(let from, let to, let by):
      guard case .array(let elements) = value else { throw Self.wrongTarget("range", value, "[array slice]") }
      return try each(try Self.slice(elements, from, to, by), rest)
    case .union(let members): return try each(try Self.picked(members, from: value), rest)
    case .all:
      guard let children = Self.children(value) else { throw Self.wrongTarget("wildcard", value, "[array map slice]") }
      return .array(collect(children, rest))
    case .deep: return .array(descend(value, rest, depth: 0))
    case .filter(let condition):
      guard let children = Self.children(value) else { throw Self.wrongTarget("filter", value, "[array map slice]") }
      var chosen: [ExprValue] = []
      for child in children { if Self.isTrue(evaluated(condition, on: child)) { chosen.append(child) } }
      return try each(chosen, rest)
    case .computed(let condition):
      switch evaluated(condition, on: value) {
      case .string(let key)?: return try apply([.key(key)] + rest, to: value)
      case .int(let index)?: return try apply([.index(Int(clamping: index))] + rest, to: value)
      case .double(let index)?: return try apply([.index(Int(clamping: GoNumber.truncated(index)))] + rest, to: value)
      default: throw Self.failure("unexpected expression result. expected [int string]")
      }
    }
  }

  /// The rest of the path on each value, leaving out where it leads nowhere; an index means one of the values themselves.
  private mutating func each(_ values: [ExprValue], _ rest: ArraySlice<Step>) throws(ExpressionError) -> ExprValue {
    if case .index? = rest.first { return try apply(rest, to: .array(values)) }
    return .array(collect(values, rest))
  }

  private mutating func collect(_ values: [ExprValue], _ rest: ArraySlice<Step>) -> [ExprValue] {
    if rest.isEmpty { return values }
    var results: [ExprValue] = []
    for value in values {
      do throws(ExpressionError) {
        let result = try apply(rest, to: value)
        if !result.isNil { results.append(result) }
      } catch {
        continue
      }
    }
    return results
  }

  private mutating func descend(_ value: ExprValue, _ rest: ArraySlice<Step>, depth: Int) -> [ExprValue] {
    guard depth < 600, !value.isNil else { return [] }
    var results: [ExprValue] = []
    if rest.isEmpty {
      results.append(value)
    } else if let found = collect([value], rest).first {
      if case .array(let elements) = found { results += elements } else { results.append(found) }
    }
    for child in Self.children(value) ?? [] { results += descend(child, rest, depth: depth + 1) }
    return results
  }

  private static func children(_ value: ExprValue) -> [ExprValue]? {
    switch value {
    case .array(let elements): elements
    case .map(let members): members.sortedByKeyBytes().map(\.value)
    default: nil
    }
  }

  private static func length(of value: ExprValue) throws(ExpressionError) -> ExprValue {
    switch value {
    case .map(let members): members["length"] ?? .int(Int64(members.count))
    case .array(let elements): .int(Int64(elements.count))
    case .string(let text): .int(Int64(text.utf8.count))
    default: throw wrongTarget("length", value, "[array map slice string]")
    }
  }

  private static func slice(_ elements: [ExprValue], _ from: Int?, _ to: Int?, _ by: Int?) throws(ExpressionError) -> [ExprValue] {
    func bound(_ index: Int) -> Int { min(max(index < 0 ? index + elements.count : index, 0), elements.count) }
    let (start, end, step) = (from.map(bound) ?? 0, to.map(bound) ?? elements.count, by ?? 1)
    guard step != 0 else { throw failure("range: invalid token out of range") }
    if step > 0 { return stride(from: start, to: end, by: step).map { elements[$0] } }
    return stride(from: end - 1, through: start, by: step).map { elements[$0] }
  }

  /// Members or elements that are not there are left out.
  private static func picked(_ members: [Member], from value: ExprValue) throws(ExpressionError) -> [ExprValue] {
    var results: [ExprValue] = []
    for member in members {
      switch (member, value) {
      case (.key(let key), .map(let object)): if let found = object[key] { results.append(found) }
      case (.index(let index), .array(let elements)):
        let position = index < 0 ? index + elements.count : index
        if elements.indices.contains(position) { results.append(elements[position]) }
      default: throw wrongTarget("union", value, "[array map slice]")
      }
    }
    return results
  }

  private static func wrongTarget(_ step: String, _ value: ExprValue, _ expected: String) -> ExpressionError {
    failure("\(step): invalid token target. expected \(expected) got [\(value.isNil ? "nil" : ExprBuiltins.typeName(value))]")
  }

  private static func isTrue(_ value: ExprValue?) -> Bool {
    switch value {
    case nil, .nil?: false
    case .bool(let flag)?: flag
    case let value?: !SprigLists.isEmpty(value)
    }
  }

  /// The value of a condition on an element; nil when it cannot be had.
  private mutating func evaluated(_ condition: Condition, on element: ExprValue) -> ExprValue? {
    do throws(ExpressionError) {
      var variables: [String: ExprValue] = [:]
      for (index, path) in condition.paths.enumerated() {
        variables["path\(index)"] = try apply(path.steps[...], to: path.isRoot ? root : element)
      }
      return try condition.expression.evaluate(in: JSONPathScope(variables: variables))
    } catch {
      return nil
    }
  }

  // MARK: - Reading

  private static func steps(_ reader: inout JSONPathReader, depth: Int) throws(ExpressionError) -> [Step] {
    guard depth < 20 else { throw failure("the JSON path nests too deeply") }
    var steps: [Step] = []
    while true {
      if reader.accept("..") {
        guard steps.filter({ if case .deep = $0 { true } else { false } }).count < 3 else { throw failure("the JSON path is too complex") }
        steps.append(.deep)
        if reader.isAt("[") { continue }
        steps.append(try name(&reader, hasDashes: depth == 0))
      } else if reader.accept(".") {
        steps.append(try name(&reader, hasDashes: depth == 0))
      } else if reader.isAt("[") {
        steps.append(try bracket(try reader.bracketed(), depth: depth))
      } else {
        guard reader.isAtEnd || depth > 0 else { throw failure("unexpected token '\(reader.rest)'") }
        return steps
      }
    }
  }

  /// In a condition a dash is a minus sign.
  private static func name(_ reader: inout JSONPathReader, hasDashes: Bool) throws(ExpressionError) -> Step {
    if reader.accept("*") { return .all }
    let name = reader.name(hasDashes: hasDashes)
    guard !name.isEmpty else { throw failure("invalid token. '\(reader.rest)' does not match any token format") }
    return name == "length" ? .length : .key(name)
  }

  private static func bracket(_ source: String, depth: Int) throws(ExpressionError) -> Step {
    let inside = GoText.trimSpace(source)
    func bad() -> ExpressionError { failure("invalid token. '[\(source)]' does not match any token format") }
    if inside == "*" { return .all }
    if inside.hasPrefix("?") {
      guard inside.hasPrefix("?("), inside.hasSuffix(")") else { throw bad() }
      return .filter(try condition(String(inside.dropFirst(2).dropLast()), depth: depth))
    }
    if inside.hasPrefix("("), inside.hasSuffix(")") { return .computed(try condition(String(inside.dropFirst().dropLast()), depth: depth)) }
    let parts = JSONPathReader.split(inside, at: ",")
    var members: [Member] = []
    for part in parts {
      let text = GoText.trimSpace(part)
      if let key = JSONPathReader.unquoted(text) {
        members.append(.key(key))
      } else if let index = Int(text) {
        members.append(.index(index))
      } else if parts.count == 1, text.contains(":") {
        let bounds = text.split(separator: ":", omittingEmptySubsequences: false).map { GoText.trimSpace(String($0)) }
        guard bounds.count <= 3, bounds.allSatisfy({ $0.isEmpty || Int($0) != nil }) else { throw bad() }
        return .slice(from: Int(bounds[0]), to: Int(bounds[1]), step: bounds.count > 2 ? Int(bounds[2]) : nil)
      } else {
        throw bad()
      }
    }
    switch members.first {
    case .key(let key)? where members.count == 1: return .key(key)
    case .index(let index)? where members.count == 1: return .index(index)
    default: return .union(members)
    }
  }

  /// A condition: its paths become variables, and the rest is an expression. `=~ /x/` is `matches 'x'`.
  private static func condition(_ source: String, depth: Int) throws(ExpressionError) -> Condition {
    var reader = JSONPathReader(source)
    var text = ""
    var paths: [(isRoot: Bool, steps: [Step])] = []
    while !reader.isAtEnd {
      if let quoted = reader.quoted() {
        text += GoQuote.quoted(quoted)
      } else if reader.accept("=~") {
        text += " matches "
        reader.skipSpace()
        if let pattern = reader.pattern() { text += GoQuote.quoted(pattern) }
      } else if reader.isAt("@") || reader.isAt("$") {
        let isRoot = reader.accept("$")
        if !isRoot { _ = reader.accept("@") }
        text += " path\(paths.count) "
        paths.append((isRoot, try steps(&reader, depth: depth + 1)))
      } else {
        text += reader.take()
      }
    }
    guard !text.isEmpty else { throw failure("invalid expression. is empty") }
    do throws(ExpressionError) {
      return Condition(expression: try Expression(compiling: text), paths: paths)
    } catch {
      throw failure("invalid expression. \(error.message)")
    }
  }
}

private struct JSONPathScope: ExpressionScope {
  let variables: [String: ExprValue]
  func root(_ name: String) -> ExprValue? { variables[name] }
}

/// The text of a path.
struct JSONPathReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  var isAtEnd: Bool { position == bytes.count }
  var rest: String { String(decoding: bytes[position...], as: UTF8.self) }

  func isAt(_ text: String) -> Bool { bytes[position...].starts(with: text.utf8) }

  mutating func accept(_ text: String) -> Bool {
    guard isAt(text) else { return false }
    position += text.utf8.count
    return true
  }

  mutating func skipSpace() { while position < bytes.count, bytes[position] <= 0x20 { position += 1 } }

  /// One character.
  mutating func take() -> String {
    let start = position
    position += 1
    while position < bytes.count, bytes[position] & 0xC0 == 0x80 { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  /// A name without brackets: letters, digits, underscores, dashes where wanted, and what is no ASCII.
  mutating func name(hasDashes: Bool) -> String {
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      let isPart =
        byte >= 0x80 || (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == 0x5F || hasDashes && byte == 0x2D
      guard isPart else { break }
      position += 1
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  /// A string in quotes with backslashes before quotes taken away; nil when there is none here.
  mutating func quoted() -> String? {
    guard position < bytes.count, bytes[position] == UInt8(ascii: "'") || bytes[position] == UInt8(ascii: "\"") else { return nil }
    let quote = bytes[position]
    var output: [UInt8] = []
    var index = position + 1
    while index < bytes.count, bytes[index] != quote {
      if bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count, bytes[index + 1] == quote { index += 1 }
      output.append(bytes[index])
      index += 1
    }
    guard index < bytes.count else { return nil }
    position = index + 1
    return String(decoding: output, as: UTF8.self)
  }

  /// A regular expression between slashes; nil when there is none here.
  mutating func pattern() -> String? {
    guard isAt("/"), let end = bytes[(position + 1)...].firstIndex(of: UInt8(ascii: "/")) else { return nil }
    defer { position = end + 1 }
    return String(decoding: bytes[(position + 1)..<end], as: UTF8.self)
  }

  /// What stands between a bracket and the one that closes it.
  mutating func bracketed() throws(ExpressionError) -> String {
    let start = position + 1
    var depth = 0
    while position < bytes.count {
      if quoted() != nil { continue }
      switch bytes[position] {
      case UInt8(ascii: "["), UInt8(ascii: "("): depth += 1
      case UInt8(ascii: "]"), UInt8(ascii: ")"): depth -= 1
      default: break
      }
      position += 1
      if depth == 0 { return String(decoding: bytes[start..<position - 1], as: UTF8.self) }
    }
    throw ExprBuiltins.failure("invalid token. '\(String(decoding: bytes[(start - 1)...], as: UTF8.self))' does not match any token format")
  }

  /// The pieces between separators outside quotes.
  static func split(_ text: String, at separator: String) -> [String] {
    var reader = JSONPathReader(text)
    var pieces: [String] = []
    var start = 0
    while !reader.isAtEnd {
      if reader.quoted() != nil { continue }
      let before = reader.position
      if reader.accept(separator) {
        pieces.append(String(decoding: reader.bytes[start..<before], as: UTF8.self))
        start = reader.position
      } else {
        _ = reader.take()
      }
    }
    return pieces + [String(decoding: reader.bytes[start...], as: UTF8.self)]
  }

  /// The content of a text that is entirely one quoted string.
  static func unquoted(_ text: String) -> String? {
    var reader = JSONPathReader(text)
    guard let content = reader.quoted(), reader.isAtEnd else { return nil }
    return content
  }
}
