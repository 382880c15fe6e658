/// A DAG task's `depends` (spec 2.6): task names, `task.Result`, `&&`, `||`, `!`, `and`, `or`, `not` and parentheses. Parsed by a grammar of its own, so a
/// task may be named like a function of the expression language and may contain `-`.
package struct DependsExpression: Sendable, Hashable {
  /// A task and, when given, the result asked for.
  package struct Term: Sendable, Hashable {
    package var task: String
    /// `Succeeded`, `Failed`, … (spec 2.6); nil for a bare task name.
    package var result: String?

    package init(task: String, result: String?) {
      self.task = task
      self.result = result
    }
  }

  package indirect enum Node: Sendable, Hashable {
    case term(Term)
    case not(Node)
    case and(Node, Node)
    case or(Node, Node)
  }

  /// Results that may follow a task's name.
  package static let results = [
    "Succeeded", "Failed", "Errored", "Skipped", "Omitted", "Daemoned", "AnySucceeded", "AllFailed",
  ]

  package let root: Node

  /// The terms in order, each once.
  package var terms: [Term] {
    var result: [Term] = []
    func visit(_ node: Node) {
      switch node {
      case .term(let term): if !result.contains(term) { result.append(term) }
      case .not(let inner): visit(inner)
      case .and(let left, let right), .or(let left, let right):
        visit(left)
        visit(right)
      }
    }
    visit(root)
    return result
  }

  /// The names of the tasks it mentions, in order, each once.
  package var tasks: [String] {
    var seen: Set<String> = []
    return terms.map(\.task).filter { seen.insert($0).inserted }
  }

  /// The value, given that of each term. A bare name asks with `result` nil: the caller expands it (spec 2.6).
  package func evaluate(_ isTrue: (Term) -> Bool) -> Bool { DependsExpression.evaluate(root, isTrue) }

  private static func evaluate(_ node: Node, _ isTrue: (Term) -> Bool) -> Bool {
    switch node {
    case .term(let term): isTrue(term)
    case .not(let inner): !evaluate(inner, isTrue)
    case .and(let left, let right): evaluate(left, isTrue) && evaluate(right, isTrue)
    case .or(let left, let right): evaluate(left, isTrue) || evaluate(right, isTrue)
    }
  }

  /// Reads a `depends` text; throws when it is no such expression.
  package static func parse(_ text: String) throws(ExpressionError) -> DependsExpression {
    var parser = DependsParser(bytes: Array(text.utf8))
    let root = try parser.or(depth: 0)
    parser.skipSpace()
    guard parser.position == parser.bytes.count else { throw parser.unexpected() }
    return DependsExpression(root: root)
  }
}

private struct DependsParser {
  let bytes: [UInt8]
  var position = 0
  var terms = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
  }

  func unexpected() -> ExpressionError {
    guard position < bytes.count else { return ExpressionError(message: "unexpected end of the depends expression", offset: position) }
    let rest = String(decoding: bytes[position..<min(position + 16, bytes.count)], as: UTF8.self)
    return ExpressionError(message: "unexpected \"\(rest)\" in the depends expression at character \(position + 1)", offset: position)
  }

  mutating func accept(_ symbol: String) -> Bool {
    skipSpace()
    let wanted = Array(symbol.utf8)
    guard position + wanted.count <= bytes.count, Array(bytes[position..<position + wanted.count]) == wanted else { return false }
    position += wanted.count
    return true
  }

  mutating func acceptWord(_ word: String) -> Bool {
    skipSpace()
    let mark = position
    if name() == word { return true }
    position = mark
    return false
  }

  mutating func name() -> String {
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
      guard isLetter || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") else { break }
      position += 1
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  mutating func or(depth: Int) throws(ExpressionError) -> DependsExpression.Node {
    var left = try and(depth: depth)
    while true {
      guard accept("||") || acceptWord("or") else { return left }
      left = .or(left, try and(depth: depth))
    }
  }

  mutating func and(depth: Int) throws(ExpressionError) -> DependsExpression.Node {
    var left = try unary(depth: depth)
    while true {
      guard accept("&&") || acceptWord("and") else { return left }
      left = .and(left, try unary(depth: depth))
    }
  }

  mutating func unary(depth: Int) throws(ExpressionError) -> DependsExpression.Node {
    guard depth < 100 else { throw ExpressionError(message: "the depends expression is nested too deeply", offset: position) }
    if accept("!") { return .not(try unary(depth: depth + 1)) }
    if accept("(") {
      let inner = try or(depth: depth + 1)
      guard accept(")") else { throw unexpected() }
      return inner
    }
    skipSpace()
    let start = position
    let task = name()
    guard !task.isEmpty else { throw unexpected() }
    if task == "not" { return .not(try unary(depth: depth + 1)) }
    terms += 1
    guard terms <= 5000 else { throw ExpressionError(message: "the depends expression has too many terms", offset: start) }
    guard position < bytes.count, bytes[position] == UInt8(ascii: ".") else { return .term(.init(task: task, result: nil)) }
    position += 1
    let mark = position
    let result = name()
    guard DependsExpression.results.contains(result) else {
      throw ExpressionError(message: "unknown task result \"\(result)\" of task \"\(task)\"", offset: mark)
    }
    return .term(.init(task: task, result: result))
  }
}
