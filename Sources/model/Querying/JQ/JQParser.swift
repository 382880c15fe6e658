/// Builds the tree of a filter from its tokens; the precedences are gojq's.
struct JQParser {
  private var lexemes: [JQLexeme]
  private var position = 0
  private var depth = 0
  private static let maximumDepth = 1200
  static let keywords: Set<String> = [
    "or", "and", "module", "import", "include", "def", "as", "label", "break", "null", "true", "false", "if", "then", "elif", "else", "end",
    "try", "catch", "reduce", "foreach",
  ]

  init(_ lexemes: [JQLexeme]) { self.lexemes = lexemes }

  /// The tree of a whole text.
  static func parse(_ source: String) throws(JQError) -> JQNode {
    var lexer = JQLexer(source)
    var parser = JQParser(try lexer.lexemes())
    return try parser.program()
  }

  /// The definitions of a text that has nothing else.
  static func definitions(_ source: String) throws(JQError) -> [JQDefinition] {
    var lexer = JQLexer(source)
    var parser = JQParser(try lexer.lexemes())
    var result: [JQDefinition] = []
    while parser.isWord("def") { result.append(try parser.definition()) }
    guard parser.token == .end else { throw parser.unexpected() }
    return result
  }

  private var token: JQToken { lexemes[position].token }
  private func isWord(_ word: String) -> Bool { token == .word(word) }
  private func isSymbol(_ symbol: String) -> Bool { token == .symbol(symbol) }

  private func unexpected() -> JQError {
    let lexeme = lexemes[position]
    if lexeme.token == .end, lexeme.text.isEmpty { return JQError(message: "unexpected EOF") }
    return JQError(message: "unexpected token \(JQValue.string(lexeme.text).text)")
  }

  private mutating func accept(_ symbol: String) -> Bool {
    guard isSymbol(symbol) else { return false }
    position += 1
    return true
  }

  private mutating func acceptWord(_ word: String) -> Bool {
    guard isWord(word) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ symbol: String) throws(JQError) { if !accept(symbol) { throw unexpected() } }
  private mutating func expectWord(_ word: String) throws(JQError) { if !acceptWord(word) { throw unexpected() } }

  private mutating func variable() throws(JQError) -> String {
    guard case .variable(let name) = token else { throw unexpected() }
    position += 1
    return name
  }

  private mutating func deeper() throws(JQError) {
    depth += 1
    guard depth <= Self.maximumDepth else { throw JQError(message: "the filter nests too deeply") }
  }

  private mutating func program() throws(JQError) -> JQNode {
    if isWord("module") || isWord("import") || isWord("include") { throw JQError(message: "modules are not available here") }
    var definitions: [JQDefinition] = []
    while isWord("def") { definitions.append(try definition()) }
    var body = JQNode.identity
    if token == .end {
      if definitions.isEmpty { throw JQError(message: "missing query (try \".\")") }
    } else {
      body = try query()
    }
    guard token == .end else { throw unexpected() }
    return definitions.reversed().reduce(body) { .define($1, $0) }
  }

  private mutating func definition() throws(JQError) -> JQDefinition {
    try expectWord("def")
    guard case .word(let name) = token, !Self.keywords.contains(name) else { throw unexpected() }
    position += 1
    var parameters: [String] = []
    if accept("(") {
      repeat {
        switch token {
        case .word(let name) where !Self.keywords.contains(name): parameters.append(name)
        case .variable(let name): parameters.append("$" + name)
        default: throw unexpected()
        }
        position += 1
      } while accept(";")
      try expect(")")
    }
    try expect(":")
    let body = try query()
    try expect(";")
    return JQDefinition(name: name, parameters: parameters, body: body)
  }

  /// Definitions, pipes, commas and bindings.
  private mutating func query() throws(JQError) -> JQNode {
    try deeper()
    defer { depth -= 1 }
    if isWord("def") {
      let definition = try definition()
      return .define(definition, try query())
    }
    let left = try commas()
    if accept("|") { return .pipe(left, try query()) }
    return left
  }

  private mutating func commas() throws(JQError) -> JQNode {
    var left = try operand()
    while isSymbol(",") {
      position += 1
      left = .comma(left, try isWord("def") ? query() : operand())
    }
    return left
  }

  /// An expression, a binding with its body, or a label with its body.
  private mutating func operand() throws(JQError) -> JQNode {
    if acceptWord("label") {
      let name = try variable()
      try expect("|")
      return .label(name, try query())
    }
    let source = try expression()
    guard acceptWord("as") else { return source }
    var patterns = [try pattern()]
    while accept("?//") { patterns.append(try pattern()) }
    try expect("|")
    return .bind(source, patterns, try query())
  }

  private func infix() -> (level: Int, symbol: String)? {
    switch token {
    case .word("or"): (2, "or")
    case .word("and"): (3, "and")
    case .symbol(let symbol):
      switch symbol {
      case "//": (0, symbol)
      case "=", "|=", "+=", "-=", "*=", "/=", "%=", "//=": (1, symbol)
      case "==", "!=", "<", "<=", ">", ">=": (4, symbol)
      case "+", "-": (5, symbol)
      case "*", "/", "%": (6, symbol)
      default: nil
      }
    default: nil
    }
  }

  /// Operators by precedence: `//` (right), assignments (none), `or`, `and`, comparisons (none), sums, products (left).
  private mutating func expression(_ minimum: Int = 0) throws(JQError) -> JQNode {
    try deeper()
    defer { depth -= 1 }
    var left = try term()
    var highest = Int.max
    while let (level, symbol) = infix(), level >= minimum {
      guard level <= highest else { throw unexpected() }
      position += 1
      let right = try expression(level == 0 ? 0 : level + 1)
      left = Self.combine(symbol, left, right)
      // What does not associate ends here, as do tighter operators on its left.
      highest = level == 1 || level == 4 ? level - 1 : level
    }
    return left
  }

  private static func combine(_ symbol: String, _ left: JQNode, _ right: JQNode) -> JQNode {
    switch symbol {
    case "or": .or(left, right)
    case "and": .and(left, right)
    case "//": .alternative(left, right)
    case "=": .assign(left, right)
    case "|=": .modify(left, right)
    case "+=": .update(.add, left, right)
    case "-=": .update(.subtract, left, right)
    case "*=": .update(.multiply, left, right)
    case "/=": .update(.divide, left, right)
    case "%=": .update(.modulo, left, right)
    case "//=": .update(.alternative, left, right)
    case "==": .binary(.equal, left, right)
    case "!=": .binary(.notEqual, left, right)
    case "<": .binary(.less, left, right)
    case "<=": .binary(.lessOrEqual, left, right)
    case ">": .binary(.greater, left, right)
    case ">=": .binary(.greaterOrEqual, left, right)
    case "+": .binary(.add, left, right)
    case "-": .binary(.subtract, left, right)
    case "*": .binary(.multiply, left, right)
    case "/": .binary(.divide, left, right)
    default: .binary(.modulo, left, right)
    }
  }
}

// MARK: - Terms

extension JQParser {
  private mutating func term() throws(JQError) -> JQNode {
    try deeper()
    defer { depth -= 1 }
    var node = try primary()
    /// What stands before the last suffix, with the suffix applied to `.`: `?` guards the last suffix only.
    var lastSuffix: (before: JQNode, suffix: JQNode)?
    while true {
      switch token {
      case .field(let name):
        position += 1
        lastSuffix = (node, .index(.identity, key: .constant(.string(name))))
        node = .index(node, key: .constant(.string(name)))
      case .symbol("."):
        position += 1
        switch token {
        case .string:
          let key = try string(format: nil)
          lastSuffix = (node, .index(.identity, key: key))
          node = .index(node, key: key)
        case .symbol("["):
          let suffix = try bracket()
          lastSuffix = (node, suffix.applied(to: .identity))
          node = suffix.applied(to: node)
        default: throw unexpected()
        }
      case .symbol("["):
        let suffix = try bracket()
        lastSuffix = (node, suffix.applied(to: .identity))
        node = suffix.applied(to: node)
      case .symbol("?"):
        position += 1
        node = lastSuffix.map { .pipe($0.before, .attempt($0.suffix, nil)) } ?? .attempt(node, nil)
        lastSuffix = nil
      default: return node
      }
    }
  }

  private enum Suffix {
    case all
    case key(JQNode)
    case slice(JQNode?, JQNode?)

    func applied(to node: JQNode) -> JQNode {
      switch self {
      case .all: .iterate(node)
      case .key(let key): .index(node, key: key)
      case .slice(let from, let to): .slice(node, from: from, to: to)
      }
    }
  }

  private mutating func bracket() throws(JQError) -> Suffix {
    try expect("[")
    if accept("]") { return .all }
    if accept(":") {
      let end = try query()
      try expect("]")
      return .slice(nil, end)
    }
    let start = try query()
    if accept("]") { return .key(start) }
    try expect(":")
    if accept("]") { return .slice(start, nil) }
    let end = try query()
    try expect("]")
    return .slice(start, end)
  }

  private mutating func primary() throws(JQError) -> JQNode {
    switch token {
    case .number(let text):
      position += 1
      return .constant(.number(text))
    case .string: return try string(format: nil)
    case .format(let name):
      position += 1
      if case .string = token { return try string(format: name) }
      return .format(name)
    case .field(let name):
      position += 1
      return .index(.identity, key: .constant(.string(name)))
    case .variable(let name):
      position += 1
      return .variable(name)
    case .word(let word): return try self.word(word)
    case .symbol(let symbol):
      switch symbol {
      case ".":
        position += 1
        switch token {
        case .string: return .index(.identity, key: try string(format: nil))
        case .symbol("["): return try bracket().applied(to: .identity)
        default: return .identity
        }
      case "..":
        position += 1
        return .call(JQName(name: "recurse", arity: 0), [])
      case "+", "-":
        position += 1
        let operand = try term()
        if case .constant(let value) = operand, symbol == "-", let negated = JQArithmetic.negated(value) { return .constant(negated) }
        return .sign(operand, isNegative: symbol == "-")
      case "(":
        position += 1
        let inner = try query()
        try expect(")")
        return inner
      case "[":
        position += 1
        if accept("]") { return .constant(.array(.empty)) }
        let inner = try query()
        try expect("]")
        return .array(inner)
      case "{":
        position += 1
        return try object()
      default: throw unexpected()
      }
    case .end: throw unexpected()
    }
  }

  private mutating func word(_ word: String) throws(JQError) -> JQNode {
    switch word {
    case "null":
      position += 1
      return .constant(.null)
    case "true", "false":
      position += 1
      return .constant(.bool(word == "true"))
    case "if":
      position += 1
      return try conditional()
    case "try":
      position += 1
      let body = try term()
      return .attempt(body, acceptWord("catch") ? try term() : nil)
    case "reduce", "foreach":
      position += 1
      return try fold(isReduce: word == "reduce")
    case "break":
      position += 1
      return .stop(try variable())
    default: break
    }
    guard !Self.keywords.contains(word) else { throw unexpected() }
    position += 1
    var arguments: [JQNode] = []
    if accept("(") {
      repeat { arguments.append(try query()) } while accept(";")
      try expect(")")
    }
    return .call(JQName(name: word, arity: arguments.count), arguments)
  }

  /// Behind `if` or `elif`.
  private mutating func conditional() throws(JQError) -> JQNode {
    try deeper()
    defer { depth -= 1 }
    let condition = try query()
    try expectWord("then")
    let body = try query()
    if acceptWord("elif") { return .conditional(condition, body, try conditional()) }
    var other: JQNode?
    if acceptWord("else") { other = try query() }
    try expectWord("end")
    return .conditional(condition, body, other)
  }

  private mutating func fold(isReduce: Bool) throws(JQError) -> JQNode {
    let source = try expression()
    try expectWord("as")
    let pattern = try pattern()
    try expect("(")
    let start = try query()
    try expect(";")
    let update = try query()
    var extract: JQNode?
    if !isReduce, accept(";") { extract = try query() }
    try expect(")")
    return isReduce
      ? .reduce(source, pattern, start: start, update: update)
      : .foreach(source, pattern, start: start, update: update, extract: extract)
  }

  private mutating func string(format: String?) throws(JQError) -> JQNode {
    guard case .string(let lexed) = token else { throw unexpected() }
    position += 1
    if lexed.count == 1, case .text(let text) = lexed[0] { return .constant(.string(text)) }
    var parts: [JQStringPart] = []
    for part in lexed {
      switch part {
      case .text(let text): parts.append(.text(text))
      case .hole(let tokens):
        var parser = JQParser(tokens)
        parser.depth = depth
        let node = try parser.query()
        guard parser.token == .end else { throw parser.unexpected() }
        parts.append(.hole(node))
      }
    }
    return .interpolation(format: format, parts: parts)
  }

  /// Behind `{`.
  private mutating func object() throws(JQError) -> JQNode {
    if accept("}") { return .constant(.object(.empty)) }
    var members: [JQMemberNode] = []
    repeat {
      if isSymbol("}"), !members.isEmpty { break }
      members.append(try member())
    } while accept(",")
    try expect("}")
    return .object(members)
  }

  private mutating func member() throws(JQError) -> JQMemberNode {
    switch token {
    case .variable(let name):
      position += 1
      if accept(":") { return JQMemberNode(key: .variable(name), value: try memberValue()) }
      return JQMemberNode(key: .constant(.string(name)), value: .variable(name))
    case .word(let name):
      position += 1
      return JQMemberNode(key: .constant(.string(name)), value: accept(":") ? try memberValue() : nil)
    case .string:
      let key = try string(format: nil)
      return JQMemberNode(key: key, value: accept(":") ? try memberValue() : nil)
    case .symbol("("):
      position += 1
      let key = try query()
      try expect(")")
      try expect(":")
      return JQMemberNode(key: key, value: try memberValue())
    default: throw unexpected()
    }
  }

  private mutating func memberValue() throws(JQError) -> JQNode {
    let left = try expression()
    return accept("|") ? .pipe(left, try memberValue()) : left
  }

  private mutating func pattern() throws(JQError) -> JQPattern {
    try deeper()
    defer { depth -= 1 }
    if case .variable(let name) = token {
      position += 1
      return .variable(name)
    }
    if accept("[") {
      var elements: [JQPattern] = []
      repeat { elements.append(try pattern()) } while accept(",")
      try expect("]")
      return .array(elements)
    }
    try expect("{")
    var members: [JQMemberPattern] = []
    repeat { members.append(try memberPattern()) } while accept(",")
    try expect("}")
    return .object(members)
  }

  private mutating func memberPattern() throws(JQError) -> JQMemberPattern {
    switch token {
    case .variable(let name):
      position += 1
      return JQMemberPattern(key: .constant(.string(name)), variable: name, pattern: accept(":") ? try pattern() : nil)
    case .word(let name):
      position += 1
      try expect(":")
      return JQMemberPattern(key: .constant(.string(name)), pattern: try pattern())
    case .string:
      let key = try string(format: nil)
      try expect(":")
      return JQMemberPattern(key: key, pattern: try pattern())
    case .symbol("("):
      position += 1
      let key = try query()
      try expect(")")
      try expect(":")
      return JQMemberPattern(key: key, pattern: try pattern())
    default: throw unexpected()
    }
  }
}
