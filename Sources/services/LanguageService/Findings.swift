internal import JSONValue
internal import KubeModel
internal import Validation
internal import YAMLText

/// What lint finds, as the protocol's diagnostics and the actions that mend them.
struct Findings {
  let workspace: Workspace
  let isTimeZone: @Sendable (String) -> Bool
  /// The spec of `workflowDefaults` of a controller's ConfigMap; nil for other ConfigMaps.
  let defaults: @Sendable (Resource) -> JSON?

  /// The findings of `argosy lint` about a file, with references into all files.
  func diagnostics(of file: WorkspaceFile) -> [Diagnostic] {
    var found = file.problems
    let workspace = workspace
    let configured = workspace.files.lazy.flatMap(\.manifests).filter { $0.resource.kind == .configMap }.compactMap {
      defaults($0.resource)
    }
    var options = WorkflowValidator.Options(
      mode: .lint, catalog: { name, isClusterScope in workspace.template(name, isClusterScope: isClusterScope) },
      defaults: configured.first, isTimeZone: isTimeZone)
    options.givesAdvice = true
    let validator = WorkflowValidator(options)
    for manifest in file.manifests { found += validator.diagnostics(for: manifest) }
    return SourceText(file.document.text).resolve(found, file: file.uri)
  }

  static func json(_ diagnostic: Diagnostic, in file: WorkspaceFile, _ encoding: PositionEncoding) -> JSON {
    let message = diagnostic.hint.map { "\(diagnostic.message)\n(\($0))" } ?? diagnostic.message
    return [
      "range": file.document.json(range(of: diagnostic, in: file.document), encoding),
      "severity": diagnostic.severity == .error ? 1 : 2, "code": .string(diagnostic.rule), "source": "argosy", "message": .string(message),
    ]
  }

  /// The word, or else the rest of the line, at the finding's place.
  private static func range(of diagnostic: Diagnostic, in document: TextDocument) -> TextRange {
    let start = diagnostic.position.map { TextPosition($0) } ?? TextPosition(0, 0)
    let line = document.line(start.line)
    var end = start.column
    if end + 1 < line.count, line[end] == "{", line[end + 1] == "{" {
      let rest = TextRange(line: start.line, start.column..<line.count)
      end = (document.tags(in: rest).first?.end.column).map { $0 + 2 } ?? line.count
    } else {
      while end < line.count, Words.isLetter(line[end]) || line[end] == "." { end += 1 }
      if end == start.column { end = max(line.lastIndex { $0 != " " }.map { $0 + 1 } ?? 0, start.column) }
    }
    return TextRange(line: start.line, start.column..<end)
  }

  /// What could be done about the findings of a range: the name that was meant, or a comment that silences advice.
  func actions(for file: WorkspaceFile, in range: TextRange, _ encoding: PositionEncoding) -> JSON {
    var result: [JSON] = []
    for diagnostic in diagnostics(of: file) {
      let place = Self.range(of: diagnostic, in: file.document)
      guard place.start.line >= range.start.line, place.start.line <= range.end.line else { continue }
      func add(_ title: String, _ edit: JSON, isPreferred: Bool) {
        result.append([
          "title": .string(title), "kind": "quickfix", "isPreferred": .bool(isPreferred),
          "diagnostics": [Self.json(diagnostic, in: file, encoding)], "edit": ["changes": .object([file.uri: [edit]])],
        ])
      }
      if let (meant, isQuoted) = Self.suggestion(diagnostic),
        let wrong = isQuoted ? Self.wrong(diagnostic, meant, place.start, in: file.document) : place
      {
        add(
          "Replace by \"\(meant)\"", ["range": file.document.json(wrong, encoding), "newText": .string(meant)], isPreferred: true)
      }
      let line = file.document.line(place.start.line)
      if diagnostic.severity == .warning, !line.contains("#"), line.last != "|", LintRule.named[diagnostic.rule] != nil {
        let end = TextRange(line: place.start.line, line.count..<line.count)
        add(
          "Ignore \(diagnostic.rule) here",
          ["range": file.document.json(end, encoding), "newText": .string("  # argosy:ignore \(diagnostic.rule)")], isPreferred: false)
      }
    }
    return .array(result)
  }

  /// The word of a text that a finding complains of: one that the message names, and nearest to what is meant. The finding's place may be that of a
  /// whole expression or list.
  private static func wrong(_ diagnostic: Diagnostic, _ meant: String, _ start: TextPosition, in document: TextDocument) -> TextRange? {
    let named = Set(diagnostic.message.unicodeScalars.split { !Words.isLetter($0) }.map { String($0) })
    func words(_ number: Int, from column: Int) -> [(text: String, columns: Range<Int>)] {
      let line = document.line(number)
      guard column < line.count else { return [] }
      return line[column...].indices.split { !Words.isLetter(line[$0]) }.compactMap { part in
        guard let first = part.first, let last = part.last else { return nil }
        return (document.text(number, first..<last + 1), first..<last + 1)
      }
    }
    func distance(_ text: String) -> Int {
      let (left, right) = (Array(text.unicodeScalars), Array(meant.unicodeScalars))
      var row = Array(0...right.count)
      for (i, scalar) in left.enumerated() {
        var next = [i + 1]
        for (j, other) in right.enumerated() { next.append(min(row[j + 1] + 1, next[j] + 1, row[j] + (scalar == other ? 0 : 1))) }
        row = next
      }
      return row.last ?? 0
    }
    var number = start.line
    var column = start.column
    repeat {
      let found = words(number, from: column).filter { named.contains($0.text) && $0.text != meant && distance($0.text) <= meant.count }
      if let best = found.min(by: { distance($0.text) < distance($1.text) }) { return TextRange(line: number, best.columns) }
      number += 1
      column = 0
      // A list may go on over lines.
    } while document.line(number).first(where: { $0 != " " }) == "-" && number < start.line + 50
    return nil
  }

  /// The word behind "did you mean", and whether it is in single quotes: then it stands for one word of what the finding is about.
  private static func suggestion(_ diagnostic: Diagnostic) -> (text: String, isQuoted: Bool)? {
    for text in [diagnostic.hint, diagnostic.message].compactMap({ $0 }) {
      guard let range = text.firstRange(of: "did you mean ") else { continue }
      let rest = text[range.upperBound...]
      if rest.hasPrefix("\"") { return rest.dropFirst().firstIndex(of: "\"").map { (String(rest.dropFirst()[..<$0]), false) } }
      if rest.hasPrefix("'") { return rest.dropFirst().firstIndex(of: "'").map { (String(rest.dropFirst()[..<$0]), true) } }
      if rest.hasPrefix("{{"), let end = rest.firstRange(of: "}}") { return (String(rest[..<end.upperBound]), false) }
    }
    return nil
  }
}
