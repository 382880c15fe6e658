/// The tree of an expression. `at` is the offset of the byte that errors point to.
indirect enum ExprNode: Sendable {
  case literal(ExprValue)
  case name(String, at: Int)
  /// `#`, and `#index`, `#acc` … by their names.
  case pointer(String, at: Int)
  case unary(String, ExprNode, at: Int)
  case binary(String, ExprNode, ExprNode, at: Int)
  case conditional(ExprNode, ExprNode, ExprNode)
  case member(ExprNode, ExprNode, isOptional: Bool, at: Int)
  /// The end of a run of members with `?.`: nil when one of them stopped.
  case chain(ExprNode)
  case slice(ExprNode, from: ExprNode?, to: ExprNode?, at: Int)
  case call(String, [ExprNode], at: Int)
  case callMember(ExprNode, [ExprNode], at: Int)
  case predicate(ExprNode)
  case array([ExprNode])
  case map([(key: ExprNode, value: ExprNode)])
  case variable(String, ExprNode, ExprNode)
  case sequence([ExprNode])
}

/// Finds the variables that an expression reads.
struct ExprReferences {
  private(set) var found: [Expression.Reference] = []
  private var depth = 0

  init(_ root: ExprNode) { visit(root, locals: [], isGuarded: false) }

  /// The constant path of a chain of members down to a variable; nil when its base is something else.
  static func path(_ node: ExprNode) -> (path: [String], isComplete: Bool, isGuarded: Bool)? {
    switch node {
    case .name(let name, _): return ([name], true, false)
    case .chain(let inner): return path(inner)
    case .member(let base, let property, let isOptional, _):
      guard var result = path(base) else { return nil }
      result.isGuarded = result.isGuarded || isOptional
      if result.isComplete, case .literal(.string(let step)) = property {
        result.path.append(step)
      } else {
        result.isComplete = false
      }
      return result
    default: return nil
    }
  }

  private mutating func add(_ path: [String], _ isGuarded: Bool) {
    if let index = found.firstIndex(where: { $0.path == path }) {
      if !isGuarded { found[index].isGuarded = false }
    } else {
      found.append(.init(path: path, isGuarded: isGuarded))
    }
  }

  /// Visits what is computed inside brackets of a chain of members.
  private mutating func visitProperties(_ node: ExprNode, locals: Set<String>, isGuarded: Bool) {
    switch node {
    case .chain(let inner): visitProperties(inner, locals: locals, isGuarded: isGuarded)
    case .member(let base, let property, _, _):
      visitProperties(base, locals: locals, isGuarded: isGuarded)
      visit(property, locals: locals, isGuarded: isGuarded)
    default: break
    }
  }

  private mutating func visit(_ node: ExprNode, locals: Set<String>, isGuarded: Bool) {
    depth += 1
    defer { depth -= 1 }
    guard depth <= ExprEvaluator.maximumDepth else { return }
    switch node {
    case .literal, .pointer: break
    case .name(let name, _): if !locals.contains(name) { add([name], isGuarded) }
    case .member(let base, let property, _, _):
      if let reference = ExprReferences.path(node), let root = reference.path.first {
        if !locals.contains(root) { add(reference.path, isGuarded || reference.isGuarded) }
        visitProperties(node, locals: locals, isGuarded: isGuarded)
      } else {
        visit(base, locals: locals, isGuarded: isGuarded)
        visit(property, locals: locals, isGuarded: isGuarded)
      }
    case .chain(let inner), .predicate(let inner): visit(inner, locals: locals, isGuarded: isGuarded)
    case .unary(_, let inner, _): visit(inner, locals: locals, isGuarded: isGuarded)
    case .binary(let name, let left, let right, _):
      visit(left, locals: locals, isGuarded: isGuarded || name == "??")
      visit(right, locals: locals, isGuarded: isGuarded)
    case .conditional(let test, let first, let second):
      for part in [test, first, second] { visit(part, locals: locals, isGuarded: isGuarded) }
    case .slice(let base, let from, let to, _):
      for case let part? in [base, from, to] { visit(part, locals: locals, isGuarded: isGuarded) }
    case .call(_, let arguments, _): for argument in arguments { visit(argument, locals: locals, isGuarded: isGuarded) }
    case .callMember(let callee, let arguments, _):
      if case .member(let base, _, _, _) = callee {
        if case .name("sprig", _) = base {} else { visit(base, locals: locals, isGuarded: isGuarded) }
      }
      for argument in arguments { visit(argument, locals: locals, isGuarded: isGuarded) }
    case .array(let elements), .sequence(let elements): for element in elements { visit(element, locals: locals, isGuarded: isGuarded) }
    case .map(let pairs):
      for pair in pairs {
        visit(pair.key, locals: locals, isGuarded: isGuarded)
        visit(pair.value, locals: locals, isGuarded: isGuarded)
      }
    case .variable(let name, let value, let body):
      visit(value, locals: locals, isGuarded: isGuarded)
      visit(body, locals: locals.union([name]), isGuarded: isGuarded)
    }
  }
}
