internal import JSONValue
internal import KubeModel
internal import Validation
internal import YAMLText

/// Something that has a name in manifests, and can be gone to and renamed.
struct Symbol: Sendable, Hashable {
  enum Kind: Sendable, Hashable {
    /// A WorkflowTemplate or ClusterWorkflowTemplate itself.
    case object
    case template
    /// An input of a template.
    case parameter, artifact
    case outputParameter, outputArtifact
    /// An argument of a whole workflow.
    case workflowParameter
    case step
  }

  var kind: Kind
  /// Whose it is: `WorkflowTemplate/name`, or for an object that others cannot name its file and place.
  var owner: String
  /// The template that it belongs to; empty where it belongs to none.
  var template: String
  var name: String
}

/// A place where a symbol's name is written.
struct Occurrence: Sendable {
  var symbol: Symbol
  var range: TextRange
  var isDeclaration: Bool
}

/// Finds all places of one object's text that name something.
struct OccurrenceFinder {
  private let document: TextDocument
  private let outline: Outline
  private let root: FieldPath
  private let owner: String
  private let spec: JSON
  private let specPath: FieldPath
  /// Which template each step of a template calls: owner and name.
  private var calls: [String: [String: (owner: String, template: String)]] = [:]
  private(set) var found: [Occurrence] = []
  private var tokens: [FieldPath: Outline.Token] = [:]

  /// - Parameter owner: who the object's templates belong to.
  init(_ manifest: Manifest, in document: TextDocument, outline: Outline, owner: String) {
    self.document = document
    self.outline = outline
    self.owner = owner
    root = manifest.root
    let isCron = manifest.resource.kind == .cronWorkflow
    spec = isCron ? manifest.resource.spec["workflowSpec"] ?? [:] : manifest.resource.spec
    specPath = isCron ? FieldPath("spec", "workflowSpec") : FieldPath("spec")
    for token in outline.tokens where !token.isKey { tokens[FieldPath(token.path)] = token }
    if manifest.resource.kind == .workflowTemplate || manifest.resource.kind == .clusterWorkflowTemplate {
      add(
        Symbol(kind: .object, owner: owner, template: "", name: manifest.resource.name), FieldPath("metadata", "name"), isDeclaration: true)
    }
    findSpec()
  }

  static func owner(_ name: String, isClusterScope: Bool) -> String {
    "\(isClusterScope ? "ClusterWorkflowTemplate" : "WorkflowTemplate")/\(name)"
  }

  private mutating func add(_ symbol: Symbol, _ path: FieldPath, isDeclaration: Bool = false) {
    guard !symbol.name.isEmpty, let token = tokens[FieldPath(root.steps + path.steps)], token.text == symbol.name,
      let range = document.range(of: token)
    else { return }
    found.append(Occurrence(symbol: symbol, range: range, isDeclaration: isDeclaration))
  }

  private mutating func findSpec() {
    let reference = spec["workflowTemplateRef"]
    var argumentsOwner = owner
    if let name = reference?["name"]?.string {
      argumentsOwner = Self.owner(name, isClusterScope: reference?["clusterScope"]?.bool ?? false)
      add(Symbol(kind: .object, owner: argumentsOwner, template: "", name: name), specPath["workflowTemplateRef"]["name"])
    }
    for (index, parameter) in list(spec, "arguments", "parameters").enumerated() {
      add(
        Symbol(kind: .workflowParameter, owner: argumentsOwner, template: "", name: parameter["name"]?.string ?? ""),
        specPath["arguments"]["parameters"][index]["name"], isDeclaration: argumentsOwner == owner)
    }
    for field in ["entrypoint", "onExit"] {
      add(Symbol(kind: .template, owner: argumentsOwner, template: "", name: spec[field]?.string ?? ""), specPath[field])
    }
    for (key, hook) in spec["hooks"]?.object ?? [:] { findCall(hook, specPath["hooks"][key], in: "") }
    let templates = list(spec, "templates")
    // Calls first: outputs of steps belong to what these call.
    for template in templates { collectCalls(template) }
    for (index, template) in templates.enumerated() {
      let path = specPath["templates"][index]
      add(Symbol(kind: .template, owner: owner, template: "", name: name(template)), path["name"], isDeclaration: true)
      findTemplate(template, path, name(template))
    }
    let known = Set(templates.map { name($0) })
    for token in outline.tokens where token.text?.contains("{{") == true || Self.isBare(token) { findTags(token, known) }
  }

  private func name(_ json: JSON) -> String { json["name"]?.string ?? "" }
  private func list(_ json: JSON, _ path: String...) -> [JSON] { json.at(path)?.array ?? [] }

  private func steps(_ template: JSON, _ path: FieldPath) -> [(json: JSON, path: FieldPath)] {
    var result: [(JSON, FieldPath)] = []
    for (group, steps) in list(template, "steps").enumerated() {
      for (index, step) in (steps.array ?? []).enumerated() { result.append((step, path["steps"][group][index])) }
    }
    for (index, task) in list(template, "dag", "tasks").enumerated() { result.append((task, path["dag"]["tasks"][index])) }
    return result
  }

  private func target(_ call: JSON) -> (owner: String, template: String)? {
    if let reference = call["templateRef"], !reference.isNull {
      return (
        Self.owner(reference["name"]?.string ?? "", isClusterScope: reference["clusterScope"]?.bool ?? false),
        reference["template"]?.string ?? ""
      )
    }
    return call["template"]?.string.map { (owner, $0) }
  }

  private mutating func collectCalls(_ template: JSON) {
    for (step, _) in steps(template, FieldPath()) { calls[name(template), default: [:]][name(step)] = target(step) }
  }

  /// Inputs, outputs and steps of a template.
  private mutating func findTemplate(_ template: JSON, _ path: FieldPath, _ holder: String) {
    for (field, list, kind) in [
      ("inputs", "parameters", Symbol.Kind.parameter), ("inputs", "artifacts", .artifact), ("outputs", "parameters", .outputParameter),
      ("outputs", "artifacts", .outputArtifact),
    ] {
      for (index, item) in self.list(template, field, list).enumerated() {
        add(Symbol(kind: kind, owner: owner, template: holder, name: name(item)), path[field][list][index]["name"], isDeclaration: true)
      }
    }
    for (step, place) in steps(template, path) {
      add(Symbol(kind: .step, owner: owner, template: holder, name: name(step)), place["name"], isDeclaration: true)
      findCall(step, place, in: holder)
      for (index, dependency) in list(step, "dependencies").enumerated() {
        add(Symbol(kind: .step, owner: owner, template: holder, name: dependency.string ?? ""), place["dependencies"][index])
      }
      findDepends(place["depends"], holder)
    }
    let target = template.at("dag", "target")?.string ?? ""
    if !target.contains(" ") { add(Symbol(kind: .step, owner: owner, template: holder, name: target), path["dag"]["target"]) }
  }

  /// What calls a template: a step, a task, a hook.
  private mutating func findCall(_ call: JSON, _ path: FieldPath, in holder: String) {
    guard let target = target(call) else { return }
    if let reference = call["templateRef"], !reference.isNull {
      add(Symbol(kind: .object, owner: target.owner, template: "", name: reference["name"]?.string ?? ""), path["templateRef"]["name"])
      add(Symbol(kind: .template, owner: target.owner, template: "", name: target.template), path["templateRef"]["template"])
    } else {
      add(Symbol(kind: .template, owner: owner, template: "", name: target.template), path["template"])
    }
    for (list, kind) in [("parameters", Symbol.Kind.parameter), ("artifacts", .artifact)] {
      for (index, argument) in self.list(call, "arguments", list).enumerated() {
        add(
          Symbol(kind: kind, owner: target.owner, template: target.template, name: name(argument)), path["arguments"][list][index]["name"])
      }
    }
    add(Symbol(kind: .template, owner: owner, template: "", name: call["onExit"]?.string ?? ""), path["onExit"])
    for (key, hook) in call["hooks"]?.object ?? [:] { findCall(hook, path["hooks"][key], in: holder) }
  }

  /// The tasks that a `depends` names: `a && (b.Succeeded || !c.Failed)`.
  private mutating func findDepends(_ path: FieldPath, _ holder: String) {
    guard let token = tokens[FieldPath(root.steps + path.steps)], let text = document.range(of: token) else { return }
    for word in Words.all(in: document, text) where word.parts.count <= 2 {
      guard let first = word.parts.first else { continue }
      found.append(
        Occurrence(
          symbol: Symbol(kind: .step, owner: owner, template: holder, name: first.text), range: TextRange(line: word.line, first.columns),
          isDeclaration: false))
    }
  }

  // MARK: Tags

  /// Fields that hold an expression or a reference without braces.
  private static func isBare(_ token: Outline.Token) -> Bool {
    guard !token.isKey, case .key(let name)? = token.path.last else { return false }
    return ["expression", "fromExpression", "parameter", "from"].contains(name)
  }

  private mutating func findTags(_ token: Outline.Token, _ known: Set<String>) {
    guard token.path.starts(with: root.steps) else { return }
    let path = Array(token.path.dropFirst(root.steps.count))
    guard path.starts(with: specPath.steps) else { return }
    var holder = ""
    let inner = Array(path.dropFirst(specPath.steps.count))
    if inner.count > 2, inner[0] == .key("templates"), case .index(let index) = inner[1], let template = spec["templates"]?[index] {
      holder = name(template)
    }
    let end = token.limit ?? TextPosition(document.lines.count, 0)
    let all = TextRange(token.start, end)
    let parts = token.text?.contains("{{") == true ? document.tags(in: all) : document.range(of: token).map { [$0] } ?? []
    for part in parts { for word in Words.all(in: document, part) { add(word, holder) } }
  }

  private mutating func add(_ word: Words.Word, _ holder: String) {
    let names = word.parts.map(\.text)
    func put(_ kind: Symbol.Kind, _ owner: String, _ template: String, _ index: Int) {
      let part = word.parts[index]
      found.append(
        Occurrence(
          symbol: Symbol(kind: kind, owner: owner, template: template, name: part.text), range: TextRange(line: word.line, part.columns),
          isDeclaration: false))
    }
    guard names.count >= 2 else { return }
    switch (names[0], names[1]) {
    case ("inputs", "parameters") where names.count > 2: put(.parameter, owner, holder, 2)
    case ("inputs", "artifacts") where names.count > 2: put(.artifact, owner, holder, 2)
    case ("outputs", "parameters") where names.count > 2: put(.outputParameter, owner, holder, 2)
    case ("outputs", "artifacts") where names.count > 2: put(.outputArtifact, owner, holder, 2)
    case ("workflow", "parameters") where names.count > 2 && names[2] != "json": put(.workflowParameter, owner, "", 2)
    case ("steps", _), ("tasks", _):
      put(.step, owner, holder, 1)
      guard names.count > 4, names[2] == "outputs", let target = calls[holder]?[names[1]] else { return }
      if names[3] == "parameters" { put(.outputParameter, target.owner, target.template, 4) }
      if names[3] == "artifacts" { put(.outputArtifact, target.owner, target.template, 4) }
    default: break
    }
  }
}

extension TextDocument {
  /// The insides of the tags `{{…}}` of a part of the text, each within one line.
  func tags(in range: TextRange) -> [TextRange] {
    var result: [TextRange] = []
    for number in range.start.line...max(range.start.line, min(range.end.line, lines.count - 1)) {
      let line = line(number)
      let last = number == range.end.line ? min(range.end.column, line.count) : line.count
      var column = number == range.start.line ? range.start.column : 0
      var open: Int?
      while column + 1 < last {
        if line[column] == "{", line[column + 1] == "{" {
          open = column + 2
          column += 2
        } else if line[column] == "}", line[column + 1] == "}" {
          if let start = open { result.append(TextRange(line: number, start..<column)) }
          open = nil
          column += 2
        } else {
          column += 1
        }
      }
    }
    return result
  }
}

/// Dotted names in a piece of text: `a.b-c`, also `a['b']`.
enum Words {
  struct Part: Sendable {
    var text: String
    var columns: Range<Int>
  }

  struct Word: Sendable {
    var line: Int
    var parts: [Part]
  }

  static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "_", "-": true
    default: false
    }
  }

  static func all(in document: TextDocument, _ range: TextRange) -> [Word] {
    let line = document.line(range.start.line)
    let limit = min(range.end.line == range.start.line ? range.end.column : line.count, line.count)
    var result: [Word] = []
    var column = range.start.column
    while column < limit {
      guard isLetter(line[column]) else {
        // What stands in quotes is no name.
        if line[column] == "'" || line[column] == "\"", let end = line[(column + 1)..<limit].firstIndex(of: line[column]) { column = end }
        column += 1
        continue
      }
      var parts: [Part] = []
      while true {
        let start = column
        while column < limit, isLetter(line[column]) { column += 1 }
        parts.append(Part(text: document.text(range.start.line, start..<column), columns: start..<column))
        if column + 1 < limit, line[column] == ".", isLetter(line[column + 1]) {
          column += 1
        } else if column + 2 < limit, line[column] == "[", line[column + 1] == "'" || line[column + 1] == "\"",
          let end = line[(column + 2)..<limit].firstIndex(of: line[column + 1])
        {
          parts.append(Part(text: document.text(range.start.line, column + 2..<end), columns: column + 2..<end))
          column = end + 2
          guard column + 1 < limit, line[column] == ".", isLetter(line[column + 1]) else { break }
          column += 1
        } else {
          break
        }
      }
      result.append(Word(line: range.start.line, parts: parts))
    }
    return result
  }
}
