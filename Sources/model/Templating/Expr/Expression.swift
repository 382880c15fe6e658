/// Why an expression does not compile or evaluate.
package struct ExpressionError: Error, Sendable, Hashable, CustomStringConvertible {
  package var message: String
  /// Offset of the offending byte in the expression, from 0.
  package var offset: Int
  package var description: String { message }
}

/// A compiled expression of the expr language (spec 3.2).
package struct Expression: Sendable, Hashable {
  /// A variable and the members read from it: `tasks['a-b'].outputs.result` is `["tasks", "a-b", "outputs", "result"]`. A path ends where
  /// it stops being constant.
  package struct Reference: Sendable, Hashable {
    package var path: [String]
    /// Whether `??` or `?.` guards it, so that it may be missing.
    package var isGuarded: Bool
  }

  package let source: String
  /// The variables that the expression reads, each once, in order.
  package let references: [Reference]

  package init(compiling source: String) throws(ExpressionError) {
    self.source = source
    references = []
    throw ExpressionError(message: "expressions are not supported yet", offset: 0)
  }

  /// The value in a scope.
  package func evaluate(in scope: any ExpressionScope) throws(ExpressionError) -> ExprValue {
    throw ExpressionError(message: "expressions are not supported yet", offset: 0)
  }
}
