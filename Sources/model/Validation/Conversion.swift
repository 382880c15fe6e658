import JSONValue
import KubeModel
import YAMLText

/// Rewrites what Argo Workflows v4 removed, and what is deprecated, into what stands in its place. Only those bytes change: comments, order and
/// layout stay.
package struct Conversion: Sendable {
  package struct Change: Sendable, Hashable {
    package var position: SourcePosition
    /// `spec.schedule → schedules`
    package var text: String
  }

  /// The text as it is to be.
  package private(set) var text: String
  package private(set) var changes: [Change] = []
  /// What has no form that says the same; each with what to do.
  package private(set) var remaining: [Diagnostic] = []

  /// Throws when the text is no YAML.
  package init(_ source: String, file: String) throws(YAMLError) {
    text = source
    _ = try documents(source)
    // Each change moves what comes after it, so they are made one at a time, the last place first within a round.
    var refused: Set<String> = []
    for _ in 0..<10_000 {
      guard let next = Self.findings(in: text, file).last(where: { !refused.contains(Self.key($0)) }) else { break }
      var editor = TextEditor(text)
      let before = text
      if let description = Self.apply(next, &editor), editor.text != before, Self.isYAML(editor.text) {
        text = editor.text
        changes.append(Change(position: next.position, text: description))
      } else {
        refused.insert(Self.key(next))
        if let hint = next.hint {
          remaining.append(
            Diagnostic(
              .warning, rule: next.rule, "\(next.path.last.map(Self.name) ?? "") is left: it has no form in v4 that says the same",
              hint: hint,
              file: file, position: next.position))
        }
      }
    }
    let tags = ["parameters", "annotations", "labels"].map { ("{{workflow.\($0)}}", "{{workflow.\($0).json}}") }
    for (old, new) in tags where text.contains(old) {
      let place = SourcePosition(
        ofByte: text[..<(text.firstRange(of: old)?.lowerBound ?? text.startIndex)].utf8.count, in: Array(text.utf8))
      text = text.replacing(old, with: new)
      changes.append(Change(position: place, text: "\(old) → \(new)"))
    }
    changes.sort { $0.position < $1.position }
  }

  private struct Found {
    var rule: String
    var path: [PathStep]
    var type: String
    var position: SourcePosition
    var value: SourcePosition
    var json: JSON
    var siblings: JSONObject
    var hint: String?
  }

  private static func key(_ found: Found) -> String { "\(FieldPath(found.path)) \(found.json.text())" }
  private static func name(_ step: PathStep) -> String { if case .key(let name) = step { name } else { "" } }
  private static func isYAML(_ text: String) -> Bool { (try? documents(text)) != nil }

  private static func findings(in text: String, _ file: String) -> [Found] {
    let loaded = ManifestLoader().load(Array(text.utf8), file: file)
    var result: [Found] = []
    for manifest in loaded.manifests {
      var paths = StructuralCheck.findings(of: manifest.resource.json, kind: manifest.resource.kind.kind)
        .filter { $0.rule == "removed-field" }.map { ($0.rule, $0.path, $0.hint) }
      var options = WorkflowValidator.Options(mode: .lint)
      options.givesAdvice = true
      paths += AdviceRun.findings(for: manifest.resource, options)
        .filter { $0.rule == "deprecated-field" && $0.path.steps.last == .key("onExit") }.map { ($0.rule, $0.path, nil) }
      for (rule, path, hint) in paths {
        let whole = manifest.root.steps + path.steps
        guard let parent = path.parent, let siblings = manifest.resource.json.at(parent)?.object, case .key(let key)? = path.steps.last,
          let value = siblings[key]
        else { continue }
        let positions = manifest.document.positions
        result.append(
          Found(
            rule: rule, path: path.steps, type: "", position: positions.key(at: whole), value: positions.value(at: whole), json: value,
            siblings: siblings, hint: hint))
      }
    }
    return result.sorted { $0.position < $1.position }
  }

  /// Makes the change; answers what it was, nil where it cannot be made.
  private static func apply(_ found: Found, _ editor: inout TextEditor) -> String? {
    guard case .key(let key)? = found.path.last else { return nil }
    let new: String
    switch key {
    case "schedule": new = "schedules"
    case "mutex": new = "mutexes"
    case "semaphore": new = "semaphores"
    case "condition": new = "expression"
    case "onExit": new = "hooks"
    default: return nil
    }
    if found.siblings[new] != nil { return nil }
    switch key {
    case "condition": break
    case "onExit":
      guard let template = found.json.string,
        editor.replaceScalar(
          at: found.value, with: { "{exit: {template: \($0)}}" }, isPlainSafe: !template.contains { ",{}[]:#".contains($0) })
      else { return nil }
    case "schedule":
      guard let text = found.json.string,
        editor.replaceScalar(at: found.value, with: { "[\($0)]" }, isPlainSafe: !text.contains { ",{}[]:#".contains($0) })
      else { return nil }
    default:
      guard found.json.object != nil, editor.makeList(ofMappingAt: found.value, key: found.position) else { return nil }
    }
    guard editor.replace(key, at: found.position, with: new) else { return nil }
    return "\(FieldPath(found.path)) → \(new)"
  }
}

extension JSON {
  fileprivate func at(_ path: FieldPath) -> JSON? {
    var value = self
    for step in path.steps {
      let next: JSON? =
        switch step {
        case .key(let key): value[key]
        case .index(let index): value[index]
        }
      guard let next else { return nil }
      value = next
    }
    return value
  }
}

/// Changes of a text by line and column.
private struct TextEditor {
  private var lines: [[Unicode.Scalar]]

  init(_ text: String) {
    lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map(Array.init)
  }

  var text: String {
    var view = String.UnicodeScalarView()
    for (index, line) in lines.enumerated() {
      if index > 0 { view.append("\n") }
      view.append(contentsOf: line)
    }
    return String(view)
  }

  /// Replaces a word, which may stand in quotes.
  mutating func replace(_ word: String, at position: SourcePosition, with new: String) -> Bool {
    guard lines.indices.contains(position.line - 1) else { return false }
    let line = lines[position.line - 1]
    var start = position.column - 1
    if start < line.count, line[start] == "\"" || line[start] == "'" { start += 1 }
    let scalars = Array(word.unicodeScalars)
    guard start >= 0, start + scalars.count <= line.count, Array(line[start..<start + scalars.count]) == scalars else { return false }
    lines[position.line - 1].replaceSubrange(start..<start + scalars.count, with: new.unicodeScalars)
    return true
  }

  /// Replaces a scalar on one line by what is made of it as written; one without quotes gets some unless it is safe without.
  mutating func replaceScalar(at position: SourcePosition, with make: (String) -> String, isPlainSafe: Bool) -> Bool {
    guard lines.indices.contains(position.line - 1) else { return false }
    let line = lines[position.line - 1]
    let start = position.column - 1
    guard start >= 0, start < line.count else { return false }
    var end = start + 1
    let first = line[start]
    if "|>&*!".unicodeScalars.contains(first) { return false }
    if first == "\"" || first == "'" {
      while end < line.count, line[end] != first { end += line[end] == "\\" && first == "\"" ? 2 : 1 }
      guard end < line.count else { return false }
      end += 1
      // A doubled quote goes on.
      if end < line.count, line[end] == first { return false }
    } else {
      while end < line.count, !(line[end] == "#" && line[end - 1] == " "), !",}]".unicodeScalars.contains(line[end]) || isPlainSafe == false
      {
        end += 1
      }
      while end > start + 1, line[end - 1] == " " || line[end - 1] == "\r" { end -= 1 }
    }
    var written = String(String.UnicodeScalarView(line[start..<end]))
    if first != "\"", first != "'", !isPlainSafe {
      // In a flow collection the scalar's end could not be told from the collection's own signs.
      guard !line[..<start].contains("{") else { return false }
      written = "'\(written.replacing("'", with: "''"))'"
    }
    lines[position.line - 1].replaceSubrange(start..<end, with: make(written).unicodeScalars)
    return true
  }

  /// Makes a mapping the one element of a list.
  mutating func makeList(ofMappingAt value: SourcePosition, key: SourcePosition) -> Bool {
    guard lines.indices.contains(value.line - 1), lines.indices.contains(key.line - 1) else { return false }
    let line = lines[value.line - 1]
    let start = value.column - 1
    guard start < line.count else { return false }
    if line[start] == "{" {
      guard let end = endOfFlow(line: value.line - 1, column: start) else { return false }
      lines[end.line].insert("]", at: end.column + 1)
      lines[value.line - 1].insert("[", at: start)
      return true
    }
    // A block: one deeper, a dash before its first line.
    guard value.line > key.line, line[..<start].allSatisfy({ $0 == " " }) else { return false }
    var last = value.line - 1
    for index in lines.indices[value.line...] {
      let indentation = lines[index].prefix { $0 == " " }.count
      if lines[index].allSatisfy({ $0 == " " || $0 == "\r" }) { continue }
      guard indentation >= start else { break }
      last = index
    }
    for index in (value.line - 1)...last where !lines[index].allSatisfy({ $0 == " " || $0 == "\r" }) {
      lines[index].insert(contentsOf: (index == value.line - 1 ? "- " : "  ").unicodeScalars, at: start)
    }
    return true
  }

  /// Where the brace that opens here is closed.
  private func endOfFlow(line: Int, column: Int) -> (line: Int, column: Int)? {
    var depth = 0
    var quote: Unicode.Scalar?
    for index in line..<min(lines.count, line + 1000) {
      var place = index == line ? column : 0
      while place < lines[index].count {
        let scalar = lines[index][place]
        if let open = quote {
          if scalar == "\\", open == "\"" { place += 1 } else if scalar == open { quote = nil }
        } else if scalar == "\"" || scalar == "'" {
          quote = scalar
        } else if scalar == "{" || scalar == "[" {
          depth += 1
        } else if scalar == "}" || scalar == "]" {
          depth -= 1
          if depth == 0 { return (index, place) }
        } else if scalar == "#", place > 0, lines[index][place - 1] == " " {
          break
        }
        place += 1
      }
    }
    return nil
  }
}
