import YAMLText

/// The text of a manifest file: what findings look up in it.
package struct SourceText: Sendable {
  private let lines: [Substring]
  private let ignores: [IgnoreComment]

  package init(_ text: String) {
    lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    ignores = text.contains("argosy:ignore") ? IgnoreComment.all(in: lines) : []
  }

  /// Findings as they are to be shown: those inside a block of text at their line in it, and those left out that a comment
  /// `# argosy:ignore RULE` covers. Errors cannot be ignored, since the engine refuses them too; a comment that asks for it, one that names no
  /// rule, and one that covers nothing are findings themselves.
  package func resolve(_ diagnostics: [Diagnostic], file: String) -> [Diagnostic] {
    let placed = diagnostics.map(place)
    if ignores.isEmpty { return placed }
    var result: [Diagnostic] = []
    var used: Set<Int> = []
    for diagnostic in placed {
      let line = diagnostic.position?.line ?? 0
      let covering = ignores.indices.filter { ignores[$0].lines.contains(line) && ignores[$0].rules.contains(diagnostic.rule) }
      used.formUnion(covering)
      if covering.isEmpty {
        result.append(diagnostic)
      } else if diagnostic.severity == .error {
        var refused = diagnostic
        refused.hint = [diagnostic.hint, "an error cannot be ignored"].compactMap { $0 }.joined(separator: "; ")
        result.append(refused)
      }
    }
    for (index, ignore) in ignores.enumerated() {
      let place = SourcePosition(line: ignore.line, column: ignore.column)
      for rule in ignore.rules where LintRule.named[rule] == nil {
        let near = nearest(to: rule, in: LintRule.named.keys).map { "did you mean \"\($0)\"?" }
        result.append(Diagnostic(.warning, rule: "unknown-rule", "there is no rule \"\(rule)\"", hint: near, file: file, position: place))
      }
      if ignore.rules.isEmpty {
        result.append(
          Diagnostic(
            .warning, rule: "unknown-rule", "the comment names no rule", hint: "write # argosy:ignore RULE", file: file, position: place))
      } else if !used.contains(index), ignore.rules.allSatisfy({ LintRule.named[$0] != nil }) {
        result.append(
          Diagnostic(.warning, rule: "unused-ignore", "the comment ignores nothing", hint: "remove it", file: file, position: place))
      }
    }
    return result.sorted()
  }

  /// A finding in a literal block (`|`) moves to its line there.
  private func place(_ diagnostic: Diagnostic) -> Diagnostic {
    guard let inner = diagnostic.inner, let position = diagnostic.position, lines.indices.contains(position.line - 1) else {
      return diagnostic
    }
    var result = diagnostic
    let header = lines[position.line - 1].unicodeScalars.dropFirst(position.column - 1)
    if header.first == "|" {
      let number = position.line + inner.line
      guard lines.indices.contains(number) else { return diagnostic }
      // The indentation is that of the first line with content.
      let first = lines[position.line...].first { $0.contains { $0 != " " && $0 != "\r" } } ?? ""
      result.position = SourcePosition(line: number + 1, column: first.prefix { $0 == " " }.count + inner.column + 1)
    } else if header.first != ">", inner.line == 0 {
      // On one line; a quoted text begins after its quote. Escapes before it would shift the column.
      let quote = header.first == "\"" || header.first == "'" ? 1 : 0
      let before = header.prefix(inner.column + quote)
      if header.first == "'" {
        // A quote in the text is written twice.
        var column = 1
        for _ in 0..<inner.column { column += header.dropFirst(column).starts(with: ["'", "'"]) ? 2 : 1 }
        result.position = SourcePosition(line: position.line, column: position.column + column)
      } else if !before.contains("\\") {
        result.position = SourcePosition(line: position.line, column: position.column + quote + inner.column)
      }
    }
    return result
  }
}

/// A comment `# argosy:ignore RULE, RULE`. Behind a value it is about its line; on a line of its own about the next line and what is indented
/// below that.
private struct IgnoreComment {
  var line: Int
  var column: Int
  var rules: [String]
  var lines: ClosedRange<Int>

  static func all(in lines: [Substring]) -> [IgnoreComment] {
    lines.indices.compactMap { index in comment(at: index, in: lines) }
  }

  private static func comment(at index: Int, in lines: [Substring]) -> IgnoreComment? {
    let text = lines[index]
    guard let range = text.firstRange(of: "argosy:ignore") else { return nil }
    let before = text[..<range.lowerBound]
    guard let sign = before.lastIndex(of: "#"), before[before.index(after: sign)...].allSatisfy({ $0 == " " }) else { return nil }
    let isAlone = text[..<sign].allSatisfy { $0 == " " || $0 == "\t" }
    let rest = text[range.upperBound...]
    guard rest.isEmpty || rest.first == " " || rest.first == "\r" else { return nil }
    // Words after the rules say why.
    let list = rest.prefix { $0 != ":" && $0 != "(" }.split(separator: ",").map { $0.split { $0 == " " || $0 == "\r" } }
    let rules = list.compactMap { $0.first.map(String.init) }
    var last = index + 1
    var first = index + 1
    if isAlone, let start = lines[(index + 1)...].firstIndex(where: { isContent($0) }) {
      first = start + 1
      last = start + 1
      let indentation = indentation(lines[start])
      for next in lines.indices[(start + 1)...] {
        if !isContent(lines[next]) { continue }
        guard self.indentation(lines[next]) > indentation else { break }
        last = next + 1
      }
    }
    return IgnoreComment(
      line: index + 1, column: text[..<sign].unicodeScalars.count + 1, rules: rules, lines: first...last)
  }

  private static func isContent(_ line: Substring) -> Bool {
    let first = line.first { $0 != " " && $0 != "\t" && $0 != "\r" }
    return first != nil && first != "#"
  }

  private static func indentation(_ line: Substring) -> Int { line.prefix { $0 == " " }.count }
}
