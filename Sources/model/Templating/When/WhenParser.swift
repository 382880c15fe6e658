/// The tree of a `when`.
indirect enum WhenNode: Sendable {
  case value(WhenValue)
  case unknownParameter(String)
  case prefix(String, WhenNode)
  case binary(String, WhenNode?, WhenNode?)
}

/// govaluate's precedence, loosest first: `,`, `? : ??`, `||`, `&&`, comparisons, bits, shifts, `+ -`, `* / %`, `**`, prefix.
struct WhenParser {
  private static let levels: [Set<String>] = [
    [","], ["?", ":", "??"], ["||"], ["&&"], ["==", "!=", ">", ">=", "<", "<=", "=~", "!~", "in"], ["^", "&", "|"], [">>", "<<"],
    ["+", "-"],
    ["*", "/", "%"], ["**"],
  ]
  private let tokens: [WhenToken]
  private var index = 0
  private var depth = 0

  init(tokens: [WhenToken]) { self.tokens = tokens }

  mutating func document() throws(WhenError) -> WhenNode {
    guard let node = try level(0) else { return .value(.nothing) }
    guard index == tokens.count else { throw WhenError(message: "Unexpected token '\(tokens[index].text)'") }
    return node
  }

  private mutating func level(_ number: Int) throws(WhenError) -> WhenNode? {
    guard number < WhenParser.levels.count else { return try value() }
    var left = try level(number + 1)
    var links = 0
    // The ternary's `? a : b` groups as `(test ? a) : b`, from left to right, as govaluate evaluates it.
    while index < tokens.count, isOperator(tokens[index]), WhenParser.levels[number].contains(tokens[index].text) {
      links += 1
      guard links <= 400 else { throw WhenError(message: "the condition is too long") }
      let name = tokens[index].text
      index += 1
      left = .binary(name, left, try level(number + 1))
    }
    return left
  }

  private func isOperator(_ token: WhenToken) -> Bool {
    switch token.kind {
    case .separator, .comparator, .logical, .modifier, .ternary: true
    default: false
    }
  }

  private mutating func value() throws(WhenError) -> WhenNode? {
    guard index < tokens.count else { return nil }
    depth += 1
    defer { depth -= 1 }
    guard depth <= 60 else { throw WhenError(message: "the condition is nested too deeply") }
    let token = tokens[index]
    switch token.kind {
    case .clause:
      index += 1
      let inner = try level(0)
      if index < tokens.count, tokens[index].kind == .clauseClose { index += 1 }
      return inner ?? .value(.nothing)
    case .clauseClose: return nil
    case .prefix:
      index += 1
      guard let operand = try value() else { throw WhenError(message: "Unexpected end of expression") }
      return .prefix(token.text, operand)
    case .numeric, .boolean, .string, .time:
      index += 1
      return .value(token.value)
    case .variable:
      index += 1
      return .unknownParameter(token.text)
    case .accessor:
      index += 1
      return .unknownParameter(String(token.text.prefix { $0 != "." }))
    default: throw WhenError(message: "Unable to plan token kind: '\(token.kind.rawValue)', value: '\(token.text)'")
    }
  }
}
