import JSONValue

/// One problem that lint found.
package struct LintFinding: Sendable, Hashable {
  package var file: String
  /// The object's name or generateName; empty when the file itself is at fault.
  package var object: String
  package var kind: String
  /// From 1; nil where unknown.
  package var line: Int?
  package var column: Int?
  /// The field's path, such as `spec.templates[0].name`.
  package var path: String?
  package var message: String
  /// What was expected or meant.
  package var hint: String?
  /// A warning does not make lint fail.
  package var isWarning: Bool

  package init(
    file: String, object: String = "", kind: String = "", line: Int? = nil, column: Int? = nil, path: String? = nil, message: String,
    hint: String? = nil, isWarning: Bool = false
  ) {
    self.file = file
    self.object = object
    self.kind = kind
    self.line = line
    self.column = column
    self.path = path
    self.message = message
    self.hint = hint
    self.isWarning = isWarning
  }

  /// `file:line:column`, as far as known.
  package var place: String { ([file] + [line, column].compactMap { $0.map(String.init) }).joined(separator: ":") }
}

/// What lint found, and how it is printed.
package struct LintReport: Sendable, Hashable {
  package enum Form: String, Sendable, Hashable, CaseIterable {
    case pretty, simple, json
  }

  /// In the order of files and places.
  package var findings: [LintFinding]
  /// Documents of the kinds in question that were looked at.
  package var checked: Int

  package init(findings: [LintFinding], checked: Int) {
    self.findings = findings
    self.checked = checked
  }

  private var errors: [LintFinding] { findings.filter { !$0.isWarning } }

  /// 1 when there is an error, or nothing was checked at all.
  package var exitStatus: Int32 { errors.isEmpty && checked > 0 ? 0 : 1 }

  /// The report's text (spec sections 6 and 6.2), ending with a line break.
  package func text(_ form: Form, style: DisplayStyle = DisplayStyle()) -> String {
    switch form {
    case .pretty: pretty(style)
    case .simple: simple(style)
    case .json: json.text(.pretty) + "\n"
    }
  }

  private func cross(_ style: DisplayStyle) -> String { style.paint(style.hasGlyphs ? "✖" : "x", .red) }

  private func pretty(_ style: DisplayStyle) -> String {
    if checked == 0 && errors.isEmpty { return "\(cross(style)) found nothing to lint in the specified paths, failing...\n" }
    var text = ""
    var file: String?
    for finding in findings {
      if finding.file != file {
        if file != nil { text += "\n" }
        text += "\(Printable.line(finding.file)):\n"
        file = finding.file
      }
      let mark = finding.isWarning ? style.paint(style.hasGlyphs ? "⚠" : "!", .yellow) : cross(style)
      text += "   \(mark) \(Self.sentence(finding))\n"
      if finding.line != nil { text += "     at \(Printable.line(finding.place))\(finding.path.map { ", \(Printable.line($0))" } ?? "")\n" }
      if let hint = finding.hint { text += "     \(Printable.line(hint))\n" }
    }
    if !text.isEmpty { text += "\n" }
    if errors.isEmpty { return text + "\(style.paint(style.hasGlyphs ? "✔" : "ok:", .green)) no linting errors found!\n" }
    return text + "\(cross(style)) \(errors.count) linting errors found!\n"
  }

  private func simple(_ style: DisplayStyle) -> String {
    if checked == 0 && errors.isEmpty { return "found nothing to lint in the specified paths, failing...\n" }
    let lines = findings.map { finding in
      let hint = finding.hint.map { " (\(Printable.line($0)))" } ?? ""
      return "\(Printable.line(finding.place)): \(finding.isWarning ? "warning: " : "")\(Self.sentence(finding))\(hint)\n"
    }
    return lines.joined() + (errors.isEmpty ? "no linting errors found!\n" : "")
  }

  /// `in "name" (Kind): message`
  private static func sentence(_ finding: LintFinding) -> String {
    let message = Printable.line(finding.message)
    if finding.kind.isEmpty && finding.object.isEmpty { return message }
    return "in \"\(Printable.line(finding.object))\" (\(Printable.line(finding.kind))): \(message)"
  }

  private var json: JSON {
    [
      "checked": .int(Int64(checked)),
      "errors": .int(Int64(errors.count)),
      "findings": .array(
        findings.map { finding in
          var members: JSONObject = ["file": .string(finding.file)]
          members["line"] = finding.line.map { .int(Int64($0)) }
          members["column"] = finding.column.map { .int(Int64($0)) }
          members["kind"] = finding.kind.isEmpty ? nil : .string(finding.kind)
          members["name"] = finding.object.isEmpty ? nil : .string(finding.object)
          members["path"] = finding.path.map { .string($0) }
          members["severity"] = finding.isWarning ? "warning" : "error"
          members["message"] = .string(finding.message)
          members["hint"] = finding.hint.map { .string($0) }
          return .object(members)
        }),
    ]
  }
}
