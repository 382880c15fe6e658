/// Why an expression does not compile or evaluate.
package struct ExpressionError: Error, Sendable, Hashable, CustomStringConvertible {
  package var message: String
  /// Offset of the offending byte in the expression, from 0.
  package var offset: Int
  package var description: String { message }
}

/// A compiled expression of the expr language (spec 3.2): expr-lang 1.17 with Argo's `asInt`, `asFloat`, `jsonpath`, `toJson` and `sprig.*`.
package struct Expression: Sendable {
  /// A variable and the members read from it: `tasks['a-b'].outputs.result` is `["tasks", "a-b", "outputs", "result"]`. A path ends where
  /// it stops being constant.
  package struct Reference: Sendable, Hashable {
    package var path: [String]
    /// Whether `??` or `?.` guards it, so that it may be missing.
    package var isGuarded: Bool
  }

  /// Longer expressions are refused.
  package static let maximumLength = 1 << 20

  package let source: String
  /// The variables that the expression reads, each once, in order.
  package let references: [Reference]
  let root: ExprNode

  /// Compiles the text; throws at a syntax error, and when it is too long or too deeply nested.
  package init(compiling source: String) throws(ExpressionError) {
    guard source.utf8.count <= Expression.maximumLength else { throw ExpressionError(message: "the expression is too long", offset: 0) }
    self.source = source
    do throws(ExpressionError) {
      root = try ExprParser.parse(source)
    } catch {
      let place = Expression.place(of: error.offset, in: source)
      throw ExpressionError(message: "\(error.message) (\(place))", offset: error.offset)
    }
    references = ExprReferences(root).found.filter { $0.path != ["sprig"] }
  }

  /// The value in a scope. Throws for unknown names, members of nil, wrong types, and what would take too long or grow too large.
  package func evaluate(in scope: any ExpressionScope) throws(ExpressionError) -> ExprValue {
    var evaluator = ExprEvaluator(scope: scope)
    do throws(ExpressionError) {
      return try evaluator.evaluate(root)
    } catch {
      throw ExpressionError(message: "\(error.message) (\(Expression.place(of: error.offset, in: source)))", offset: error.offset)
    }
  }

  /// Line and column, from 1.
  static func place(of offset: Int, in source: String) -> String {
    let before = source.utf8.prefix(offset)
    let line = before.split(separator: 0x0A, omittingEmptySubsequences: false)
    return "\(line.count):\((line.last?.count ?? 0) + 1)"
  }
}
