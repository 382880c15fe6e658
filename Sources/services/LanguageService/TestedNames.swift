internal import JSONValue
internal import KubeModel
internal import Validation
internal import YAMLText

/// What the test files of `argosy test` name of the workflows that they are about.
enum TestedNames {
  /// The owner of names in a test: whose they are is only known with the workflow's file. ``Workspace/resolved(_:)`` tells.
  static func owner(_ path: String) -> String { "tested:\(path)" }
  static func path(of owner: String) -> String? { owner.hasPrefix("tested:") ? String(owner.dropFirst(7)) : nil }

  /// The names in a test: templates of `entrypoint` and `mocks`, and the workflow's arguments; those of cases too.
  static func occurrences(_ test: TestDocument, in document: TextDocument, _ outline: Outline, uri: String, isAlone: Bool) -> [Occurrence] {
    guard let file = FileURI.path(uri) else { return [] }
    let owner = owner(subject(test.value["spec"] ?? [:], file, isAlone: isAlone))
    let root = test.root.steps + [.key("spec")]
    return outline.tokens.compactMap { token in
      guard token.path.starts(with: root), let text = token.text else { return nil }
      var path = Array(token.path.dropFirst(root.count))
      if path.count > 2, path[0] == .key("cases"), case .index = path[1] { path.removeFirst(2) }
      let kind: Symbol.Kind
      switch (path.first, path.count, token.isKey) {
      case (.key("entrypoint"), 1, false): kind = .template
      case (.key("mocks"), 3, false) where path[2] == .key("template"): kind = .template
      case (.key("arguments"), 2, true): kind = .workflowParameter
      default: return nil
      }
      return document.range(of: token).map {
        Occurrence(symbol: Symbol(kind: kind, owner: owner, template: "", name: text), range: $0, isDeclaration: false)
      }
    }
  }

  /// The file that a test is about: `spec.workflow`, its own, or the one beside it (docs/testing.md).
  private static func subject(_ spec: JSON, _ file: String, isAlone: Bool) -> String {
    if let named = spec["workflow"]?.string {
      if named.hasPrefix("/") { return named }
      var parts = file.split(separator: "/").dropLast()
      for part in named.split(separator: "/") where part != "." {
        if part == ".." { parts = parts.dropLast() } else { parts.append(part) }
      }
      return "/" + parts.joined(separator: "/")
    }
    guard isAlone else { return file }
    for ending in [".test.yaml", ".test.yml", "-test.yaml", "_test.yaml"] where file.hasSuffix(ending) {
      return String(file.dropLast(ending.count)) + (ending.hasSuffix(".yml") ? ".yml" : ".yaml")
    }
    return file
  }
}

/// A template that gets the arguments of a whole workflow by their names: its entrypoint, and its handler at the end.
struct Entry: Sendable, Hashable {
  /// Whose the arguments are.
  var owner: String
  var template: String

  static func all(of manifest: Manifest, owner: String) -> [Entry] {
    let spec = WorkspaceFile.spec(of: manifest)
    var owner = owner
    if let reference = spec["workflowTemplateRef"], let name = reference["name"]?.string {
      owner = OccurrenceFinder.owner(name, isClusterScope: reference["clusterScope"]?.bool ?? false)
    }
    var names = [spec["entrypoint"]?.string, spec["onExit"]?.string]
    // An exit hook gets them where it gives none of its own.
    if let hook = spec.at("hooks", "exit"), hook["arguments"]?.isNull ?? true { names.append(hook["template"]?.string) }
    return names.compactMap { $0 }.filter { !$0.isEmpty }.map { Entry(owner: owner, template: $0) }
  }
}

extension Workspace {
  /// What tests of a file are about: its first Workflow, else CronWorkflow, else template.
  private func subject(_ file: WorkspaceFile) -> String? {
    for kinds: Set<ResourceKind> in [[.workflow], [.cronWorkflow], [.workflowTemplate, .clusterWorkflowTemplate]] {
      if let found = file.manifests.first(where: { kinds.contains($0.resource.kind) }) { return WorkspaceFile.owner(of: found, file.uri) }
    }
    return nil
  }

  /// The owner that a symbol of a test file really has; other symbols as they are.
  func resolved(_ symbol: Symbol) -> Symbol {
    guard let path = TestedNames.path(of: symbol.owner), let file = files.first(where: { FileURI.path($0.uri) == path }),
      let owner = subject(file)
    else { return symbol }
    var own = symbol
    own.owner = owner
    if symbol.kind == .template, !file.occurrences.contains(where: { $0.symbol == own && $0.isDeclaration }),
      let called = file.occurrences.first(where: { $0.symbol.kind == .template && $0.symbol.name == symbol.name })
    {
      return called.symbol
    }
    return own
  }

  /// A symbol, and the same one as test files name it.
  func aliases(of symbol: Symbol) -> Set<Symbol> {
    var result: Set = [symbol]
    guard symbol.kind == .template || symbol.kind == .workflowParameter else { return result }
    for uri in Set(files.flatMap(\.subjects)) {
      let other = Symbol(kind: symbol.kind, owner: TestedNames.owner(uri), template: "", name: symbol.name)
      if resolved(other) == symbol { result.insert(other) }
    }
    return result
  }

  /// What is one name with a symbol: an argument of a workflow and the inputs of its entrypoint and exit handler, which get it by that name.
  func linked(_ symbol: Symbol) -> Set<Symbol> {
    var result: Set = [symbol]
    var open = [symbol]
    let files = files
    let entries = Set(files.flatMap(\.entries))
    var present: Set<Symbol> = []
    for file in files {
      for occurrence in file.occurrences where occurrence.symbol.name == symbol.name { present.insert(occurrence.symbol) }
    }
    while let next = open.popLast() {
      var others: [Symbol] = []
      switch next.kind {
      case .workflowParameter:
        others = entries.filter { $0.owner == next.owner }.map {
          Symbol(kind: .parameter, owner: $0.owner, template: $0.template, name: next.name)
        }
      case .parameter where entries.contains(Entry(owner: next.owner, template: next.template)):
        others = [Symbol(kind: .workflowParameter, owner: next.owner, template: "", name: next.name)]
      default: break
      }
      for other in others where present.contains(other) && result.insert(other).inserted { open.append(other) }
    }
    return result
  }
}
