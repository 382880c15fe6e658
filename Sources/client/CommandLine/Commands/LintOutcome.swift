/// The form of a lint report.
package enum LintForm: String, Sendable, Hashable, CaseIterable {
  case pretty, simple, json, sarif, github
}

/// What lint found: its text in each form, and the exit status.
package struct LintOutcome: Sendable {
  package var text: @Sendable (LintForm, DisplayStyle) -> String
  /// 1 when there is an error, or nothing was checked at all.
  package var exitStatus: Int32

  package init(exitStatus: Int32, text: @escaping @Sendable (LintForm, DisplayStyle) -> String) {
    self.exitStatus = exitStatus
    self.text = text
  }
}
