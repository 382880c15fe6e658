import JSONValue
import KubeModel
import YAMLText

/// Words that YAML did not read as they were meant.
extension Manifest {
  /// `n`, `no`, `y`, `on` and the like without quotes are truth values to YAML, as Kubernetes and Argo read it too. Where no truth value is
  /// wanted they become the texts `false` and `true`: as keys, items of loops, values of parameters. Of names ``AdviceRun`` tells.
  func truthAdvice() -> [Diagnostic] {
    if document.truthWords.isEmpty { return [] }
    var search = TruthWords(manifest: self)
    search.visit(document.value.value(at: root.steps), .object(resource.kind.kind), FieldPath())
    return search.found
  }
}

private struct TruthWords {
  let manifest: Manifest
  private(set) var found: [Diagnostic] = []

  init(manifest: Manifest) { self.manifest = manifest }

  mutating func visit(_ value: JSON, _ type: Schema.FieldType, _ path: FieldPath) {
    switch (type, value) {
    case (.boolean, _): break
    case (_, .bool(let isTrue)):
      if path.steps.last == .key("name") { return }
      say(isTrue, "text", at: manifest.document.positions.value(at: manifest.root.steps + path.steps), path)
    case (.list(let element), .array(let values)):
      for (index, value) in values.enumerated() { visit(value, element, path[index]) }
    case (.any, .array(let values)):
      for (index, value) in values.enumerated() { visit(value, .any, path[index]) }
    case (.object(let name), .object(let members)):
      guard let fields = Schema.standard.type(name) else { return }
      for (key, value) in members { if let field = fields.field(key) { visit(value, field.type, path[key]) } }
    case (.map(let element), .object(let members)): visit(members, element, path)
    case (.any, .object(let members)): visit(members, .any, path)
    default: break
    }
  }

  private mutating func visit(_ members: JSONObject, _ element: Schema.FieldType, _ path: FieldPath) {
    for (key, value) in members {
      if key == "true" || key == "false" {
        say(key == "true", "key", at: manifest.document.positions.key(at: manifest.root.steps + path[key].steps), path[key])
      }
      visit(value, element, path[key])
    }
  }

  private mutating func say(_ isTrue: Bool, _ what: String, at position: SourcePosition, _ path: FieldPath) {
    guard let word = manifest.document.truthWords[position] else { return }
    found.append(
      Diagnostic(
        .warning, rule: "truth-name", "without quotes YAML reads \(word) as \(isTrue), and the \(what) is \"\(isTrue)\"",
        hint: "write \"\(word)\"", file: manifest.file, position: position, path: path, kind: manifest.resource.kind.kind,
        objectName: manifest.objectName))
  }
}

extension JSON {
  /// What stands at a path; null where there is nothing.
  fileprivate func value(at steps: [PathStep]) -> JSON {
    steps.reduce(self) { value, step in
      switch step {
      case .key(let key): value[key] ?? .null
      case .index(let index): value[index] ?? .null
      }
    }
  }
}
