/// Why a `when` condition has no boolean value.
package struct WhenError: Error, Sendable, Hashable, CustomStringConvertible {
  package var message: String
  package var description: String { message }
}

/// The `when` of a step, task, cron workflow or metric: govaluate's language, after tags are replaced (spec 2.7).
package enum WhenCondition {
  /// The condition's value. `barewordsAreStrings`: a bare name stands for itself (`foo == bar` in steps and tasks); otherwise a name is a
  /// parameter that nobody set, an error.
  package static func evaluate(_ text: String, barewordsAreStrings: Bool = true) throws(WhenError) -> Bool {
    throw WhenError(message: "not supported yet")
  }
}
