extension Expression {
  /// The names of the functions that need no root before them.
  package static let functions: Set<String> = ExprBuiltins.names.union(ExprParser.predicates.keys)

  /// Whether there is a function of this name below `sprig.`.
  package static func hasSprig(_ name: String) -> Bool { Sprig.has(name) }

  /// The functions that the expression calls and that there are not, as they are written (`sprig.uper`), each once: to come to one is an error.
  package var unknownFunctions: [String] {
    var calls = FunctionCalls()
    calls.visit(root, locals: [])
    return calls.unknown
  }
}

/// Looks for calls of functions that there are not.
private struct FunctionCalls {
  private(set) var unknown: [String] = []
  private var depth = 0

  private mutating func add(_ name: String) { if !unknown.contains(name) { unknown.append(name) } }

  mutating func visit(_ node: ExprNode, locals: Set<String>) {
    depth += 1
    defer { depth -= 1 }
    guard depth <= ExprEvaluator.maximumDepth else { return }
    switch node {
    case .literal, .pointer, .name: break
    case .member(let base, let property, _, _): visit([base, property], locals)
    case .chain(let inner), .predicate(let inner), .unary(_, let inner, _): visit(inner, locals: locals)
    case .binary(_, let left, let right, _): visit([left, right], locals)
    case .conditional(let test, let first, let second): visit([test, first, second], locals)
    case .slice(let base, let from, let to, _): visit([base, from, to].compactMap(\.self), locals)
    case .call(let name, let arguments, _):
      if !Expression.functions.contains(name), !locals.contains(name) { add(name) }
      visit(arguments, locals)
    case .callMember(let callee, let arguments, _):
      if case .member(.name("sprig", _), .literal(.string(let name)), _, _) = callee {
        if !Sprig.has(name) { add("sprig.\(name)") }
      } else {
        visit(callee, locals: locals)
      }
      visit(arguments, locals)
    case .array(let elements), .sequence(let elements): visit(elements, locals)
    case .map(let pairs): for pair in pairs { visit([pair.key, pair.value], locals) }
    case .variable(let name, let value, let body):
      visit(value, locals: locals)
      visit(body, locals: locals.union([name]))
    }
  }

  private mutating func visit(_ nodes: [ExprNode], _ locals: Set<String>) { for node in nodes { visit(node, locals: locals) } }
}
