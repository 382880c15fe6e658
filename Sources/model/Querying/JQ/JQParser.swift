/// Builds the tree of a filter from its tokens; the precedences are gojq's.
struct JQParser {
  private var lexemes: [JQLexeme]
  var position = 0
  var depth = 0
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

  var token: JQToken { lexemes[position].token }
  func isWord(_ word: String) -> Bool { token == .word(word) }
  func isSymbol(_ symbol: String) -> Bool { token == .symbol(symbol) }

  func unexpected() -> JQError {
    let lexeme = lexemes[position]
    if lexeme.token == .end, lexeme.text.isEmpty { return JQError(message: "unexpected EOF") }
    return JQError(message: "unexpected token \(JQValue.string(lexeme.text).text)")
  }

  mutating func accept(_ symbol: String) -> Bool {
    guard isSymbol(symbol) else { return false }
    position += 1
    return true
  }

  mutating func acceptWord(_ word: String) -> Bool {
    guard isWord(word) else { return false }
    position += 1
    return true
  }

  mutating func expect(_ symbol: String) throws(JQError) { if !accept(symbol) { throw unexpected() } }
  mutating func expectWord(_ word: String) throws(JQError) { if !acceptWord(word) { throw unexpected() } }

  mutating func variable() throws(JQError) -> String {
    guard case .variable(let name) = token else { throw unexpected() }
    position += 1
    return name
  }

  mutating func deeper() throws(JQError) {
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
  mutating func query() throws(JQError) -> JQNode {
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
  mutating func expression(_ minimum: Int = 0) throws(JQError) -> JQNode {
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
