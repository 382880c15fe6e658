internal import JSONValue
internal import KubeModel
internal import Validation
internal import YAMLText

/// Proposes what may be written at a cursor.
struct Completion {
  let workspace: Workspace
  let document: TextDocument
  let uri: String
  let cursor: TextPosition
  private let context: LineContext
  private let resource: Resource?

  private struct Proposal {
    var label: String
    var kind: Int
    var detail = ""
    /// What is put in; nil: the label.
    var text: String?
    var documentation: String?
    var order = "1"
  }

  private enum ItemKind { static let function = 3, field = 5, variable = 6, module = 9, value = 12, keyword = 14, reference = 18 }

  init(_ workspace: Workspace, _ file: WorkspaceFile, at cursor: TextPosition) {
    self.workspace = workspace
    document = file.document
    uri = file.uri
    self.cursor = cursor
    context = LineContext(document, at: cursor)
    resource = Self.resource(file, context, cursor)
  }

  /// The object around the cursor: read without the cursor's line where the text cannot be read with it.
  private static func resource(_ file: WorkspaceFile, _ context: LineContext, _ cursor: TextPosition) -> Resource? {
    if file.isReadable { return file.manifest(at: cursor)?.resource }
    var lines = file.document.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard lines.indices.contains(cursor.line) else { return nil }
    lines[cursor.line] = ""
    let repaired = WorkspaceFile(uri: file.uri, document: TextDocument(lines.joined(separator: "\n")))
    return repaired.manifest(at: cursor)?.resource
  }

  /// The protocol's `CompletionList`.
  func list(_ encoding: PositionEncoding) -> JSON {
    var seen: Set<String> = []
    let range = document.json(TextRange(line: cursor.line, context.wordStart..<cursor.column), encoding)
    let items = proposals.filter { seen.insert($0.label).inserted }.prefix(500).map { proposal -> JSON in
      var item: JSONObject = [
        "label": .string(proposal.label), "kind": .int(Int64(proposal.kind)), "filterText": .string(proposal.label),
        "sortText": .string(proposal.order + proposal.label),
        "textEdit": ["range": range, "newText": .string(proposal.text ?? proposal.label)],
      ]
      if !proposal.detail.isEmpty { item["detail"] = .string(proposal.detail) }
      if let text = proposal.documentation { item["documentation"] = ["kind": "markdown", "value": .string(text)] }
      return .object(item)
    }
    return ["isIncomplete": false, "items": .array(Array(items))]
  }

  private var spec: JSON {
    resource.map { $0.kind == .cronWorkflow ? $0.spec["workflowSpec"] ?? [:] : $0.spec } ?? [:]
  }

  /// Below the spec of a workflow.
  private var innerPath: [PathStep] {
    let prefix: [PathStep] = context.kind == "CronWorkflow" ? [.key("spec"), .key("workflowSpec")] : [.key("spec")]
    return context.path.starts(with: prefix) ? Array(context.path.dropFirst(prefix.count)) : []
  }

  private var proposals: [Proposal] {
    if context.isInTag {
      return scope.variables.map { Proposal(label: $0.name, kind: ItemKind.variable, detail: $0.detail) }
    }
    return switch context.place {
    case .key: keys
    case .value: values
    }
  }

  // MARK: Keys

  private var keys: [Proposal] {
    if context.path.isEmpty, context.kind.isEmpty {
      return ["apiVersion", "kind", "metadata", "spec"].map { Proposal(label: $0, kind: ItemKind.field, text: $0 + ":") }
    }
    var found = FieldLookup.type(at: context.path, kind: context.kind)?.type
    // Where an element of a list is to come, its dash comes with the field.
    var dashes = ""
    while case .list(let element)? = found {
      found = element
      dashes += "- "
    }
    guard case .object(let name)? = found, let type = Schema.standard.type(name) else { return [] }
    let present = Set(value(at: context.path)?.object?.keys ?? [])
    return type.fields.filter { !present.contains($0.name) || $0.name == context.word }.map { field in
      let isNested =
        switch field.type {
        case .object, .list, .map: true
        default: false
        }
      return Proposal(
        label: field.name, kind: ItemKind.field, detail: FieldLookup.words(field.type) + (field.isRequired ? ", required" : ""),
        text: dashes + field.name + (isNested ? ":" : ": "), documentation: FieldTexts.text(of: field.name, in: name),
        order: field.isRequired ? "0" : "1")
    }
  }

  private func value(at path: [PathStep]) -> JSON? {
    var value = resource?.json
    for step in path {
      switch step {
      case .key(let key): value = value?[key]
      case .index(let index): value = value?[index]
      }
    }
    return value
  }

  // MARK: Values

  private var values: [Proposal] {
    guard case .key(let key)? = context.path.last(where: { if case .key = $0 { true } else { false } }) else { return [] }
    if context.path.count == 1 {
      switch key {
      case "kind": return ManifestLoader.kinds.map { Proposal(label: $0.kind, kind: ItemKind.module, detail: $0.apiVersion) }
      case "apiVersion":
        return Set(ManifestLoader.kinds.map(\.apiVersion)).sorted().map { Proposal(label: $0, kind: ItemKind.value) }
      default: break
      }
    }
    let named = namedValues(key)
    if !named.isEmpty { return named }
    guard let (type, field, _) = FieldLookup.type(at: context.path, kind: context.kind) else { return [] }
    if let choices = field?.choices, !choices.isEmpty { return choices.map { Proposal(label: $0, kind: ItemKind.value) } }
    return type == .boolean ? ["true", "false"].map { Proposal(label: $0, kind: ItemKind.keyword) } : []
  }

  /// Values that are names of something.
  private func namedValues(_ key: String) -> [Proposal] {
    let holder = Array(context.path.dropLast())
    let isReference = holder.last == .key("templateRef")
    let isCluster = value(at: holder)?["clusterScope"]?.bool ?? false
    switch key {
    case "entrypoint", "onExit": return templates(of: spec)
    case "template" where isReference:
      return templates(of: workspace.template(value(at: holder)?["name"]?.string ?? "", isClusterScope: isCluster)?.spec ?? [:])
    case "template": return templates(of: spec)
    case "name" where isReference || holder.last == .key("workflowTemplateRef"):
      return workspace.templateNames(isClusterScope: isCluster).map {
        Proposal(label: $0, kind: ItemKind.module, detail: isCluster ? "ClusterWorkflowTemplate" : "WorkflowTemplate")
      }
    case "name": return argumentNames(holder)
    case "dependencies", "depends", "target":
      let own = step?["name"]?.string
      return (template?["dag"]?["tasks"]?.array ?? []).compactMap { $0["name"]?.string }.filter { $0 != own }.map {
        Proposal(label: $0, kind: ItemKind.reference, detail: "a task")
      }
    default: return []
    }
  }

  private func templates(of spec: JSON) -> [Proposal] {
    (spec["templates"]?.array ?? []).compactMap { template in
      template["name"]?.string.map { Proposal(label: $0, kind: ItemKind.function, detail: TemplateText.type(of: template)) }
    }
  }

  /// The inputs of what a step calls that it does not give yet.
  private func argumentNames(_ holder: [PathStep]) -> [Proposal] {
    guard holder.count > 3, case .index = holder.last, case .key(let list) = holder[holder.count - 2],
      holder[holder.count - 3] == .key("arguments"), list == "parameters" || list == "artifacts", let step,
      let target = scope.target(of: step)
    else { return [] }
    let given = Set((step["arguments"]?[list]?.array ?? []).compactMap { $0["name"]?.string })
    return (target["inputs"]?[list]?.array ?? []).compactMap { input in
      guard let name = input["name"]?.string, !given.contains(name) || name == context.word else { return nil }
      return Proposal(label: name, kind: ItemKind.variable, detail: input["description"]?.string ?? "")
    }
  }

  // MARK: Where the cursor is

  private var template: JSON? {
    guard innerPath.count >= 2, innerPath[0] == .key("templates"), case .index(let index) = innerPath[1] else { return nil }
    return spec["templates"]?[index]
  }

  private var step: JSON? {
    let path = Array(innerPath.dropFirst(2))
    if path.count >= 3, path[0] == .key("steps"), case .index(let group) = path[1], case .index(let index) = path[2] {
      return template?["steps"]?[group]?[index]
    }
    if path.count >= 3, path[0] == .key("dag"), path[1] == .key("tasks"), case .index(let index) = path[2] {
      return template?["dag"]?["tasks"]?[index]
    }
    return nil
  }

  private var scope: VariableScope { VariableScope(workspace: workspace, spec: spec, template: template, step: step) }
}
