/// Terms: what stands between operators, with its suffixes.
extension JQParser {
  mutating func term() throws(JQError) -> JQNode {
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

  mutating func pattern() throws(JQError) -> JQPattern {
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
