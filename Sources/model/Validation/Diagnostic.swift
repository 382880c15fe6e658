import YAMLText

/// One finding about a manifest.
package struct Diagnostic: Sendable, Hashable {
  package enum Severity: String, Sendable, Hashable {
    case error, warning
  }

  package var severity: Severity
  /// Which rule was broken, in a form that does not change: `unknown-field`, `dag-cycle` …
  package var rule: String
  /// The original's text where it has one.
  package var message: String
  /// What the user may have meant or could do.
  package var hint: String?
  package var file: String
  /// Of the offending value, or of the nearest value that holds it; nil when the text is not known.
  package var position: SourcePosition?
  package var path: FieldPath
  /// Where in the text of the string at `path`; nil for all of it. ``SourceText`` makes it a position of the file.
  package var inner: TextPlace?
  /// The object's kind as written, such as `CronWorkflow`; empty when it has none.
  package var kind: String
  /// The object's `metadata.name` or `metadata.generateName`, or `object #2` by its place in the file.
  package var objectName: String

  package init(
    _ severity: Severity = .error, rule: String, _ message: String, hint: String? = nil, file: String = "", position: SourcePosition? = nil,
    path: FieldPath = FieldPath(), kind: String = "", objectName: String = ""
  ) {
    self.severity = severity
    self.rule = rule
    self.message = message
    self.hint = hint
    self.file = file
    self.position = position
    self.path = path
    self.kind = kind
    self.objectName = objectName
  }
}

extension Diagnostic: Comparable {
  /// By file, then by place, then errors first.
  package static func < (left: Diagnostic, right: Diagnostic) -> Bool {
    if left.file != right.file { return left.file < right.file }
    let (first, second) = (left.position ?? SourcePosition(line: 0, column: 0), right.position ?? SourcePosition(line: 0, column: 0))
    if first != second { return first < second }
    if left.severity != right.severity { return left.severity == .error }
    return (left.message, left.rule) < (right.message, right.rule)
  }
}

extension Sequence<Diagnostic> {
  package var hasErrors: Bool { contains { $0.severity == .error } }
}

/// A finding before it is tied to a file: what the checks produce.
struct Finding: Hashable {
  var severity = Diagnostic.Severity.error
  var rule: String
  var message: String
  var hint: String?
  var path: FieldPath
  /// Where in the text of the string at `path`; nil for all of it.
  var inner: TextPlace?
}

/// A place in a string of several lines: line and column from 0, the column in characters of Unicode.
package struct TextPlace: Sendable, Hashable {
  package var line: Int
  package var column: Int

  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }
}
