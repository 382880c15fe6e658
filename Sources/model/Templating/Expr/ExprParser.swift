/// expr-lang's grammar: operators by precedence, members, calls, closures, `let`, `if`.
struct ExprParser {
  static let maximumDepth = 80
  static let maximumNodes = 10_000

  private static let unary: [String: Int] = ["not": 50, "!": 50, "-": 90, "+": 90]
  private static let binary: [String: Int] = [
    "|": 0, "or": 10, "||": 10, "and": 15, "&&": 15, "==": 20, "!=": 20, "<": 20, ">": 20, ">=": 20, "<=": 20, "in": 20, "matches": 20,
    "contains": 20, "startsWith": 20, "endsWith": 20, "..": 25, "+": 30, "-": 30, "*": 60, "/": 60, "%": 60, "**": 100, "^": 100,
    "??": 500,
  ]
  private static let comparisons: Set<String> = ["<", ">", ">=", "<="]
  private static let negatable: Set<String> = ["contains", "matches", "startsWith", "endsWith", "in"]
  /// Functions with a closure, and how many arguments they need and take.
  static let predicates: [String: (needed: Int, most: Int)] = [
    "all": (2, 2), "none": (2, 2), "any": (2, 2), "one": (2, 2), "filter": (2, 2), "map": (2, 2), "count": (1, 2), "sum": (1, 2),
    "find": (2, 2), "findIndex": (2, 2), "findLast": (2, 2), "findLastIndex": (2, 2), "groupBy": (2, 2), "sortBy": (2, 3),
    "reduce": (2, 3),
  ]

  private let tokens: [ExprToken]
  private var index = 0
  private var depth = 0
  private var nodes = 0
  private var closures = 0

  static func parse(_ source: String) throws(ExpressionError) -> ExprNode {
    var parser = ExprParser(tokens: try ExprLexer.tokens(of: source))
    let node = try parser.sequence()
    guard parser.current.kind == .end else { throw parser.unexpected() }
    return node
  }

  private init(tokens: [ExprToken]) { self.tokens = tokens }

  var current: ExprToken { tokens[min(index, tokens.count - 1)] }
  private mutating func advance() { index = min(index + 1, tokens.count - 1) }
  private func unexpected() -> ExpressionError { failure("unexpected token \(current.shown)") }
  private func failure(_ message: String) -> ExpressionError { ExpressionError(message: message, offset: current.offset) }

  private mutating func accept(operator text: String) -> Bool {
    guard current.isOperator(text) else { return false }
    advance()
    return true
  }
  private mutating func accept(bracket text: String) -> Bool {
    guard current.isBracket(text) else { return false }
    advance()
    return true
  }
  private mutating func expect(operator text: String) throws(ExpressionError) {
    guard accept(operator: text) else { throw unexpected() }
  }
  private mutating func expect(bracket text: String) throws(ExpressionError) {
    guard accept(bracket: text) else { throw unexpected() }
  }
  private mutating func identifier() throws(ExpressionError) -> ExprToken {
    let token = current
    guard token.kind == .identifier else { throw unexpected() }
    advance()
    return token
  }
  private mutating func count() throws(ExpressionError) {
    nodes += 1
    guard nodes <= ExprParser.maximumNodes else { throw failure("compilation failed: expression exceeds maximum allowed nodes") }
  }

  private mutating func sequence() throws(ExpressionError) -> ExprNode {
    var result = [try expression(0)]
    while accept(operator: ";") {
      if current.kind == .end { break }
      result.append(try expression(0))
    }
    return result.count == 1 ? result[0] : .sequence(result)
  }

  private mutating func expression(_ precedence: Int) throws(ExpressionError) -> ExprNode {
    depth += 1
    defer { depth -= 1 }
    guard depth <= ExprParser.maximumDepth else { throw failure("the expression is nested too deeply") }
    try count()
    if precedence == 0 {
      if current.isOperator("let") { return try variable() }
      if current.isOperator("if") { return try conditionalBlock() }
    }
    var left = try primary()
    var previous = ""
    var links = 0
    while current.kind == .operator {
      var token = current
      let mark = index
      let isNegated = token.isOperator("not")
      if isNegated {
        advance()
        guard ExprParser.negatable.contains(current.text), current.kind == .operator else { throw unexpected() }
        token = current
      }
      guard let strength = ExprParser.binary[token.text], strength >= precedence else {
        index = mark
        break
      }
      try count()
      links += 1
      guard links <= 500 else { throw failure("the expression is too long") }
      advance()
      if token.text == "|" {
        let name = try identifier()
        left = try postfix(try call(name, piped: left))
      } else if previous == "??", token.text != "??" {
        throw ExpressionError(
          message:
            "Operator (\(token.text)) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses.", offset: token.offset)
      } else if ExprParser.comparisons.contains(token.text) {
        left = try comparison(left, token, strength)
      } else {
        let isRight = token.text == "**" || token.text == "^"
        left = .binary(token.text, left, try expression(isRight ? strength : strength + 1), at: token.offset)
        if isNegated { left = .unary("not", left, at: token.offset) }
      }
      previous = token.text
    }
    return precedence == 0 ? try conditional(left) : left
  }

  /// `1 < a <= 3` means both.
  private mutating func comparison(_ first: ExprNode, _ token: ExprToken, _ strength: Int) throws(ExpressionError) -> ExprNode {
    var token = token
    var left = first
    var result: ExprNode?
    while true {
      let right = try expression(strength + 1)
      let pair = ExprNode.binary(token.text, left, right, at: token.offset)
      result = result.map { .binary("&&", $0, pair, at: token.offset) } ?? pair
      left = right
      guard current.kind == .operator, ExprParser.comparisons.contains(current.text) else { return result ?? pair }
      token = current
      advance()
      try count()
    }
  }

  private mutating func conditional(_ test: ExprNode) throws(ExpressionError) -> ExprNode {
    guard accept(operator: "?") else { return test }
    if accept(operator: ":") { return .conditional(test, test, try expression(0)) }
    let first = try expression(0)
    try expect(operator: ":")
    return .conditional(test, first, try expression(0))
  }

  private mutating func conditionalBlock() throws(ExpressionError) -> ExprNode {
    depth += 1
    defer { depth -= 1 }
    guard depth <= ExprParser.maximumDepth else { throw failure("the expression is nested too deeply") }
    advance()
    let test = try expression(0)
    try expect(bracket: "{")
    let first = try sequence()
    try expect(bracket: "}")
    try expect(operator: "else")
    if current.isOperator("if") { return .conditional(test, first, try conditionalBlock()) }
    try expect(bracket: "{")
    let second = try sequence()
    try expect(bracket: "}")
    return .conditional(test, first, second)
  }

  private mutating func variable() throws(ExpressionError) -> ExprNode {
    advance()
    let name = try identifier()
    try expect(operator: "=")
    let value = try expression(0)
    try expect(operator: ";")
    return .variable(name.text, value, try sequence())
  }

  private mutating func primary() throws(ExpressionError) -> ExprNode {
    let token = current
    if token.kind == .operator, let strength = ExprParser.unary[token.text] {
      advance()
      let inner = try expression(strength)
      return try postfix(.unary(token.text == "!" ? "not" : token.text, inner, at: token.offset))
    }
    if accept(bracket: "(") {
      let inner = try sequence()
      try expect(bracket: ")")
      return try postfix(inner)
    }
    if closures > 0 {
      if accept(operator: "#") {
        var name = ""
        if current.kind == .identifier {
          name = current.text
          advance()
        }
        return try postfix(.pointer(name, at: token.offset))
      }
      if token.isOperator(".") { return try postfix(.pointer("", at: token.offset)) }
    }
    if accept(operator: "::") { return try postfix(try call(try identifier(), piped: nil)) }
    return try secondary()
  }

  private mutating func secondary() throws(ExpressionError) -> ExprNode {
    let token = current
    switch token.kind {
    case .identifier:
      advance()
      switch token.text {
      case "true": return .literal(.bool(true))
      case "false": return .literal(.bool(false))
      case "nil": return .literal(.nil)
      default: return try postfix(current.isBracket("(") ? try call(token, piped: nil) : .name(token.text, at: token.offset))
      }
    case .number:
      let value = try number(token)
      advance()
      return .literal(value)
    case .string:
      advance()
      return try postfix(.literal(.string(token.text)))
    default:
      if token.isBracket("[") { return try postfix(try array()) }
      if token.isBracket("{") { return try postfix(try map()) }
      throw unexpected()
    }
  }

  private func number(_ token: ExprToken) throws(ExpressionError) -> ExprValue {
    let text = token.text.replacing("_", with: "").lowercased()
    for (prefix, radix, name) in [("0x", 16, "hex"), ("0b", 2, "binary"), ("0o", 8, "octal")] where text.hasPrefix(prefix) {
      guard let value = Int64(text.dropFirst(2), radix: radix) else { throw failure("invalid \(name) literal: \(token.text)") }
      return .int(value)
    }
    if text.contains(".") || text.contains("e") {
      guard let value = GoNumber.double(text), value.isFinite else { throw failure("invalid float literal: \(token.text)") }
      return .double(value)
    }
    guard let value = Int64(text) else { throw failure("invalid integer literal: \(token.text)") }
    return .int(value)
  }

  private mutating func array() throws(ExpressionError) -> ExprNode {
    try expect(bracket: "[")
    var elements: [ExprNode] = []
    while !current.isBracket("]") {
      if !elements.isEmpty {
        try expect(operator: ",")
        if current.isBracket("]") { break }
      }
      elements.append(try expression(0))
    }
    try expect(bracket: "]")
    return .array(elements)
  }

  private mutating func map() throws(ExpressionError) -> ExprNode {
    try expect(bracket: "{")
    var pairs: [(key: ExprNode, value: ExprNode)] = []
    while !current.isBracket("}") {
      if !pairs.isEmpty {
        try expect(operator: ",")
        if current.isBracket("}") { break }
      }
      let key: ExprNode
      switch current.kind {
      case .number, .string, .identifier:
        key = .literal(.string(current.text))
        advance()
      default:
        guard current.isBracket("(") else {
          throw failure(
            "a map key must be a quoted string, a number, a identifier, or an expression enclosed in parentheses "
              + "(unexpected token \(current.shown))")
        }
        key = try expression(0)
      }
      try expect(operator: ":")
      pairs.append((key, try expression(0)))
    }
    try expect(bracket: "}")
    return .map(pairs)
  }

  private mutating func arguments(piped: ExprNode?) throws(ExpressionError) -> [ExprNode] {
    var result = piped.map { [$0] } ?? []
    let given = result.count
    try expect(bracket: "(")
    while !current.isBracket(")") {
      if result.count > given {
        try expect(operator: ",")
        if current.isBracket(")") { break }
      }
      result.append(try expression(0))
    }
    try expect(bracket: ")")
    return result
  }

  private mutating func call(_ name: ExprToken, piped: ExprNode?) throws(ExpressionError) -> ExprNode {
    guard let shape = ExprParser.predicates[name.text] else {
      return .call(name.text, try arguments(piped: piped), at: name.offset)
    }
    var result = piped.map { [$0] } ?? []
    try expect(bracket: "(")
    let given = result.count
    while result.count < shape.most {
      if current.isBracket(")") {
        guard result.count >= shape.needed else { throw failure("expected at least \(shape.needed - given) arguments") }
        break
      }
      if result.count > given { try expect(operator: ",") }
      if current.isBracket(")"), result.count >= shape.needed { break }
      result.append(result.count == 1 ? try closure() : try expression(0))
    }
    _ = accept(operator: ",")
    try expect(bracket: ")")
    return .call(name.text, result, at: name.offset)
  }

  private mutating func closure() throws(ExpressionError) -> ExprNode {
    closures += 1
    defer { closures -= 1 }
    guard accept(bracket: "{") else {
      let node = try expression(0)
      if current.isOperator(";") { throw failure("wrap predicate with brackets { and }") }
      return .predicate(node)
    }
    let node = try sequence()
    try expect(bracket: "}")
    return .predicate(node)
  }

  private mutating func postfix(_ base: ExprNode) throws(ExpressionError) -> ExprNode {
    var node = base
    var links = 0
    while true {
      links += 1
      guard links <= 100 else { throw failure("the expression is nested too deeply") }
      try count()
      let token = current
      let isOptional = token.isOperator("?.")
      if isOptional || token.isOperator(".") {
        advance()
        if !(isOptional && current.isBracket("[")) {
          node = try member(node, isOptional: isOptional)
          continue
        }
      }
      guard accept(bracket: "[") else { return node }
      node = try subscripted(node, isOptional: isOptional, at: token.offset)
    }
  }

  private mutating func member(_ base: ExprNode, isOptional: Bool) throws(ExpressionError) -> ExprNode {
    let property = current
    let isWord = property.text.unicodeScalars.first.map { $0 == "_" || $0 == "$" || $0.properties.isAlphabetic } ?? false
    guard property.kind == .identifier || (property.kind == .operator && isWord) else { throw failure("expected name") }
    advance()
    var inner = base
    var isChain = isOptional
    if case .chain(let held) = base {
      inner = held
      isChain = true
    }
    var node = ExprNode.member(inner, .literal(.string(property.text)), isOptional: isOptional, at: property.offset)
    if current.isBracket("(") { node = .callMember(node, try arguments(piped: nil), at: property.offset) }
    return isChain ? .chain(node) : node
  }

  private mutating func subscripted(_ base: ExprNode, isOptional: Bool, at offset: Int) throws(ExpressionError) -> ExprNode {
    var from: ExprNode?
    if !current.isOperator(":") {
      let key = try expression(0)
      if !current.isOperator(":") {
        try expect(bracket: "]")
        var inner = base
        var isChain = isOptional
        if case .chain(let held) = base {
          inner = held
          isChain = true
        }
        let node = ExprNode.member(inner, key, isOptional: isOptional, at: offset)
        return isChain ? .chain(node) : node
      }
      from = key
    }
    try expect(operator: ":")
    let to = current.isBracket("]") ? nil : try expression(0)
    try expect(bracket: "]")
    return .slice(base, from: from, to: to, at: offset)
  }
}
