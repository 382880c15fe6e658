extension Expression {
  /// A comparison of a variable with a number that is written in the expression.
  package struct NumberComparison: Sendable, Hashable {
    /// The variable's path, as in ``Expression/Reference``.
    package var path: [String]
    /// `==`, `!=`, `<`, `<=`, `>`, `>=` or `in`.
    package var operation: String
    package var number: String
    /// Whether the variable stands on the left.
    package var isLeft: Bool
    /// Whether every evaluation comes to it: no condition, `&&`, `||`, `??` or closure stands before it.
    package var isCertain: Bool
  }

  /// The comparisons of variables with numbers, in order.
  package var numberComparisons: [NumberComparison] {
    var finder = ComparisonFinder()
    finder.visit(root, isCertain: true, depth: 0)
    return finder.found
  }
}

private struct ComparisonFinder {
  var found: [Expression.NumberComparison] = []

  private static func number(_ node: ExprNode) -> String? {
    switch node {
    case .literal(.int(let value)): String(value)
    case .literal(.double(let value)): GoNumber.text(value)
    case .unary("-", let inner, _): number(inner).map { "-\($0)" }
    default: nil
    }
  }

  private static func numbers(_ node: ExprNode) -> String? {
    let elements: [ExprNode]
    switch node {
    case .array(let listed): elements = listed
    case .literal(.array(let values)): elements = values.map { .literal($0) }
    default: return nil
    }
    let texts = elements.compactMap(number)
    return texts.isEmpty || texts.count < elements.count ? nil : "[\(texts.joined(separator: ", "))]"
  }

  mutating func visit(_ node: ExprNode, isCertain: Bool, depth: Int) {
    guard depth <= ExprEvaluator.maximumDepth else { return }
    let next = depth + 1
    switch node {
    case .literal, .pointer, .name: break
    case .unary(_, let inner, _), .chain(let inner): visit(inner, isCertain: isCertain, depth: next)
    case .predicate(let inner): visit(inner, isCertain: false, depth: next)
    case .binary(let name, let left, let right, _):
      note(name, left, right, isCertain)
      let isLazy = ["&&", "||", "and", "or", "??"].contains(name)
      visit(left, isCertain: isCertain, depth: next)
      visit(right, isCertain: isCertain && !isLazy, depth: next)
    case .conditional(let test, let first, let second):
      visit(test, isCertain: isCertain, depth: next)
      for part in [first, second] { visit(part, isCertain: false, depth: next) }
    case .member(let base, let property, _, _):
      for part in [base, property] { visit(part, isCertain: isCertain, depth: next) }
    case .slice(let base, let from, let to, _):
      for case let part? in [base, from, to] { visit(part, isCertain: isCertain, depth: next) }
    case .call(_, let arguments, _): for part in arguments { visit(part, isCertain: isCertain, depth: next) }
    case .callMember(let callee, let arguments, _): for part in [callee] + arguments { visit(part, isCertain: isCertain, depth: next) }
    case .array(let elements), .sequence(let elements): for part in elements { visit(part, isCertain: isCertain, depth: next) }
    case .map(let pairs): for pair in pairs { for part in [pair.key, pair.value] { visit(part, isCertain: isCertain, depth: next) } }
    case .variable(_, let value, let body): for part in [value, body] { visit(part, isCertain: isCertain, depth: next) }
    }
  }

  private mutating func note(_ name: String, _ left: ExprNode, _ right: ExprNode, _ isCertain: Bool) {
    let isList = name == "in"
    guard isList || ["==", "!=", "<", "<=", ">", ">="].contains(name) else { return }
    func add(_ variable: ExprNode, _ number: String?, isLeft: Bool) {
      guard let number, let (path, isComplete, _) = ExprReferences.path(variable), isComplete else { return }
      found.append(.init(path: path, operation: name, number: number, isLeft: isLeft, isCertain: isCertain))
    }
    add(left, isList ? Self.numbers(right) : Self.number(right), isLeft: true)
    if !isList { add(right, Self.number(left), isLeft: false) }
  }
}
