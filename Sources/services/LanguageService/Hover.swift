internal import JSONValue
internal import KubeModel
internal import Validation
internal import YAMLText

/// Says what the thing under a cursor is.
enum Hover {
  /// The protocol's `Hover`; nil where there is nothing to say.
  static func answer(_ workspace: Workspace, _ file: WorkspaceFile, at cursor: TextPosition, _ encoding: PositionEncoding) -> JSON? {
    func hover(_ text: String, _ range: TextRange?) -> JSON {
      var result: JSONObject = ["contents": ["kind": "markdown", "value": .string(text)]]
      if let range { result["range"] = file.document.json(range, encoding) }
      return .object(result)
    }
    if let occurrence = file.occurrence(at: cursor), let text = text(of: workspace.resolved(occurrence.symbol), workspace) {
      return hover(text, occurrence.range)
    }
    guard let manifest = file.manifest(at: cursor),
      let token = file.outlines.compactMap({ $0.token(at: cursor) }).max(by: { $0.start < $1.start }), token.start.line == cursor.line
    else { return variable(workspace, file, cursor).map { hover($0, nil) } }
    if !token.isKey, let text = variable(workspace, file, cursor) { return hover(text, nil) }
    let path = Array(token.path.dropFirst(manifest.root.steps.count))
    guard let found = FieldLookup.type(at: path, kind: manifest.resource.kind.kind), let field = found.field else { return nil }
    return hover(text(of: field, in: found.owner), file.document.range(of: token))
  }

  private static func text(of field: Schema.Field, in owner: String) -> String {
    var text = "**\(field.name)**: \(FieldLookup.words(field.type))" + (field.isRequired ? ", required" : "")
    if let words = FieldTexts.text(of: field.name, in: owner) { text += "\n\n\(words)" }
    if !field.choices.isEmpty { text += "\n\nOne of \(field.choices.map { "`\($0)`" }.joined(separator: ", "))." }
    return text
  }

  private static func text(of symbol: Symbol, _ workspace: Workspace) -> String? {
    switch symbol.kind {
    case .template: return workspace.template(symbol).map { TemplateText.text(of: $0) }
    case .parameter, .artifact, .outputParameter, .outputArtifact:
      let isInput = symbol.kind == .parameter || symbol.kind == .artifact
      let list = symbol.kind == .parameter || symbol.kind == .outputParameter ? "parameters" : "artifacts"
      guard let template = workspace.template(symbol),
        let item = template[isInput ? "inputs" : "outputs"]?[list]?.array?.first(where: { $0["name"]?.string == symbol.name })
      else { return nil }
      return TemplateText.text(of: item, "\(isInput ? "input" : "output") \(list.dropLast())", of: "template `\(symbol.template)`")
    case .workflowParameter:
      return workspace.argument(symbol).map { TemplateText.text(of: $0, "argument", of: "the workflow") }
    case .step: return workspace.template(symbol).flatMap { stepText(symbol, in: $0, workspace) }
    case .object:
      return symbol.owner.firstIndex(of: "/").map { "**\(symbol.name)**: \(symbol.owner[..<$0])" }
    }
  }

  /// What a step or task calls, and when.
  private static func stepText(_ symbol: Symbol, in template: JSON, _ workspace: Workspace) -> String? {
    let steps = (template["steps"]?.array ?? []).flatMap { $0.array ?? [] }
    let tasks = template.at("dag", "tasks")?.array ?? []
    guard let call = (steps + tasks).first(where: { $0["name"]?.string == symbol.name }) else { return nil }
    var lines = ["**\(symbol.name)**: \(tasks.isEmpty ? "step" : "task") of template `\(symbol.template)`"]
    for field in ["depends", "when", "withParam"] { if let text = call[field]?.string { lines += ["", "\(field) `\(text)`"] } }
    let dependencies = (call["dependencies"]?.array ?? []).compactMap { $0.string.map { "`\($0)`" } }
    if !dependencies.isEmpty { lines += ["", "after \(dependencies.joined(separator: ", "))"] }
    var called: JSON?
    if let reference = call["templateRef"], !reference.isNull {
      let name = reference["name"]?.string ?? ""
      let owner = OccurrenceFinder.owner(name, isClusterScope: reference["clusterScope"]?.bool ?? false)
      called = workspace.template(Symbol(kind: .template, owner: owner, template: "", name: reference["template"]?.string ?? ""))
    } else if let name = call["template"]?.string {
      called = workspace.template(Symbol(kind: .template, owner: symbol.owner, template: "", name: name))
    }
    if let called { lines += ["", "calls " + TemplateText.text(of: called)] }
    return lines.joined(separator: "\n")
  }

  /// What a variable in a tag is.
  private static func variable(_ workspace: Workspace, _ file: WorkspaceFile, _ cursor: TextPosition) -> String? {
    let context = LineContext(file.document, at: cursor)
    guard context.isInTag, let manifest = file.manifest(at: cursor) else { return nil }
    let line = TextRange(line: cursor.line, 0..<file.document.line(cursor.line).count)
    guard
      let tag = file.document.tags(in: line).first(where: { $0.touches(cursor) }),
      let word = Words.all(in: file.document, tag).first(where: { word in
        guard let first = word.parts.first, let last = word.parts.last else { return false }
        return first.columns.lowerBound <= cursor.column && cursor.column <= last.columns.upperBound
      })
    else { return nil }
    let name = word.parts.map(\.text).joined(separator: ".")
    let spec = manifest.resource.kind == .cronWorkflow ? manifest.resource.spec["workflowSpec"] ?? [:] : manifest.resource.spec
    let scope = VariableScope(workspace: workspace, spec: spec, template: nil, step: nil)
    return scope.variables.first { $0.name == name }.map { "**\($0.name)**: \($0.detail)" }
  }
}

/// Templates and their inputs in words.
enum TemplateText {
  private static let bodies = ["container", "containerSet", "steps", "dag", "script", "resource", "data", "suspend", "http", "plugin"]

  static func type(of template: JSON) -> String { bodies.first { template[$0]?.isNull == false } ?? "no body" }

  static func text(of template: JSON) -> String {
    var lines = ["**\(template["name"]?.string ?? "")**: template (\(type(of: template)))"]
    for (field, list) in [("inputs", "parameters"), ("inputs", "artifacts"), ("outputs", "parameters"), ("outputs", "artifacts")] {
      let items = template[field]?[list]?.array ?? []
      guard !items.isEmpty else { continue }
      lines.append("")
      lines.append("\(field) \(list):")
      for item in items {
        var line = "- `\(item["name"]?.string ?? "")`"
        if let value = (item["value"] ?? item["default"]), !value.isNull { line += " = `\(value.string ?? value.text(.go))`" }
        if let text = item["description"]?.string { line += ": \(text)" }
        lines.append(line)
      }
    }
    return lines.joined(separator: "\n")
  }

  static func text(of item: JSON, _ what: String, of holder: String) -> String {
    var lines = ["**\(item["name"]?.string ?? "")**: \(what) of \(holder)"]
    if let text = item["description"]?.string { lines += ["", text] }
    if let value = (item["value"] ?? item["default"]), !value.isNull { lines += ["", "default `\(value.string ?? value.text(.go))`"] }
    if let choices = item["enum"]?.array {
      lines += ["", "one of " + choices.map { "`\($0.string ?? $0.text(.go))`" }.joined(separator: ", ")]
    }
    if let path = item["path"]?.string { lines += ["", "at `\(path)`"] }
    return lines.joined(separator: "\n")
  }
}
