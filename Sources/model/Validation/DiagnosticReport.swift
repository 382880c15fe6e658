import JSONValue
import YAMLText

/// Findings as text for people and programs.
package struct DiagnosticReport: Sendable {
  package var diagnostics: [Diagnostic]
  /// The text of a file, for the lines that findings point at; nil when it is not at hand.
  package var source: @Sendable (_ file: String) -> String?
  /// Whether to colour with ANSI sequences.
  package var isColored: Bool

  package init(
    _ diagnostics: [Diagnostic], isColored: Bool = false, source: @escaping @Sendable (_ file: String) -> String? = { _ in nil }
  ) {
    self.diagnostics = diagnostics.sorted()
    self.source = source
    self.isColored = isColored
  }

  /// One line a finding: `file:line:column: in "name" (Kind): message`, as the original's `simple` with the place added.
  package var simple: String {
    diagnostics.map { diagnostic in
      let place = diagnostic.position.map { ":\($0.line):\($0.column)" } ?? ""
      let word = diagnostic.severity == .warning ? "warning: " : ""
      return "\(diagnostic.file)\(place): \(word)\(Self.text(of: diagnostic))\n"
    }.joined()
  }

  /// The original's layout (a heading for each file, a marked line for each finding), with the place and the line of the source.
  package var pretty: String {
    var output = ""
    var lines: [Substring] = []
    var file: String?
    for diagnostic in diagnostics {
      if diagnostic.file != file {
        if file != nil { output += "\n" }
        file = diagnostic.file
        output += "\(styled(diagnostic.file, "4")):\n"
        lines = source(diagnostic.file)?.split(separator: "\n", omittingEmptySubsequences: false) ?? []
      }
      let mark = diagnostic.severity == .error ? styled("✖", "31") : styled("⚠", "33")
      output += "   \(mark) \(Self.text(of: diagnostic))\n"
      guard let position = diagnostic.position else { continue }
      output += "     \(diagnostic.file):\(position.line):\(position.column)\n"
      if lines.indices.contains(position.line - 1) { output += Self.excerpt(lines[position.line - 1], position.line, position.column) }
    }
    return output.isEmpty ? "" : output + "\n"
  }

  /// A list of objects with `severity`, `rule`, `message`, `hint`, `file`, `line`, `column`, `path`, `kind` and `name`.
  package var json: JSON {
    .array(
      diagnostics.map { diagnostic in
        var object: JSONObject = [
          "severity": .string(diagnostic.severity.rawValue), "rule": .string(diagnostic.rule), "message": .string(diagnostic.message),
          "file": .string(diagnostic.file), "path": .string(diagnostic.path.description), "kind": .string(diagnostic.kind),
          "name": .string(diagnostic.objectName),
        ]
        object["hint"] = diagnostic.hint.map { .string($0) }
        object["line"] = diagnostic.position.map { .int(Int64($0.line)) }
        object["column"] = diagnostic.position.map { .int(Int64($0.column)) }
        return .object(object)
      })
  }

  /// The last line: the original's, with the number of warnings when there are any. `lintedAnything` is false when no file had an object.
  package func summary(lintedAnything: Bool = true) -> String {
    if !lintedAnything { return styled("✖ found nothing to lint in the specified paths, failing...", "31") + "\n" }
    let errors = diagnostics.count { $0.severity == .error }
    let warnings = diagnostics.count - errors
    let addition = warnings == 0 ? "" : " (\(warnings) warning\(warnings == 1 ? "" : "s"))"
    if errors == 0 { return "\(styled("✔", "32")) no linting errors found!\(addition)\n" }
    return styled("✖ \(errors) linting errors found!\(addition)", "31") + "\n"
  }

  static func text(of diagnostic: Diagnostic) -> String {
    let hint = diagnostic.hint.map { " (\($0))" } ?? ""
    let owner =
      diagnostic.objectName.isEmpty ? "" : "in \"\(diagnostic.objectName)\"\(diagnostic.kind.isEmpty ? "" : " (\(diagnostic.kind))"): "
    return owner + diagnostic.message + hint
  }

  /// The line and a caret below the column. Long lines are cut around the column; tabs and control characters become spaces.
  private static func excerpt(_ line: Substring, _ number: Int, _ column: Int) -> String {
    let width = 120
    let scalars = line.unicodeScalars
    let start = column > width - 20 ? column - width / 2 : 0
    let shown = scalars.dropFirst(start).prefix(width).map { $0.value < 0x20 || $0.value == 0x7F ? " " : String($0) }.joined()
    let gutter = String(number)
    let blank = String(repeating: " ", count: gutter.count)
    let caret = String(repeating: " ", count: max(0, column - 1 - start))
    return "      \(gutter) | \(shown)\n      \(blank) | \(caret)^\n"
  }

  private func styled(_ text: String, _ code: String) -> String { isColored ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }
}
