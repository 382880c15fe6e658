/// Why a `when` condition has no boolean value.
package struct WhenError: Error, Sendable, Hashable, CustomStringConvertible {
  package var message: String
  package var description: String { message }
}

/// The `when` of a step, task, cron workflow or metric: govaluate's language, after tags are replaced (spec 2.7).
package enum WhenCondition {
  /// Longer conditions are refused.
  package static let maximumLength = 4 << 20

  /// The condition's value. `barewordsAreStrings`: a bare name stands for itself (`foo == bar` in steps and tasks); otherwise a name is a
  /// parameter that nobody set, an error. The messages are Argo's.
  package static func evaluate(_ text: String, barewordsAreStrings: Bool = true) throws(WhenError) -> Bool {
    var tokens: [WhenToken]
    do throws(WhenError) {
      guard text.utf8.count <= maximumLength else { throw WhenError(message: "the condition is too long") }
      tokens = try WhenLexer.tokens(of: text)
    } catch {
      let hint = error.message.contains("Invalid token") ? " (hint: try wrapping the affected expression in quotes (\"))" : ""
      throw WhenError(message: "Invalid 'when' expression '\(text)': \(error.message)\(hint)")
    }
    let node: WhenNode
    do throws(WhenError) {
      if barewordsAreStrings {
        // Argo turns the names into strings after the first check, and checks again: a string may not follow `!` or `-`.
        for index in tokens.indices where tokens[index].kind == .variable {
          tokens[index].kind = .string
          tokens[index].value = .string(tokens[index].text)
        }
        try WhenLexer.check(tokens)
      }
      var parser = WhenParser(tokens: tokens)
      node = try parser.document()
    } catch {
      throw WhenError(message: "Failed to parse 'when' expression '\(text)': \(error.message)")
    }
    let value: WhenValue
    do throws(WhenError) {
      value = try WhenEvaluator.evaluate(node)
    } catch {
      throw WhenError(message: "Failed to evaluate 'when' expresion '\(text)': \(error.message)")
    }
    guard case .bool(let result) = value else { throw WhenError(message: "Expected boolean evaluation for '\(text)'. Got \(value.shown)") }
    return result
  }
}

extension WhenValue {
  /// Go's `%v`.
  var shown: String {
    switch self {
    case .nothing: "<nil>"
    case .bool(let value): value ? "true" : "false"
    case .number(let value): GoNumber.text(value)
    case .string(let text): text
    case .array(let elements): "[" + elements.map(\.shown).joined(separator: " ") + "]"
    }
  }
}
