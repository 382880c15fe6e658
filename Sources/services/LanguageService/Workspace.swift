internal import JSONValue
internal import KubeModel
internal import Validation
internal import YAMLText

/// A file as the language server knows it: its text, and what was read of it.
final class WorkspaceFile: Sendable {
  let uri: String
  let document: TextDocument
  let manifests: [Manifest]
  /// What is wrong with the text as YAML and with the objects' kinds.
  let problems: [Diagnostic]
  /// Of each document of the text.
  let outlines: [Outline]
  let occurrences: [Occurrence]
  /// The templates that get the arguments of the file's workflows.
  let entries: [Entry]
  /// The paths of the files that the file's tests are about.
  let subjects: Set<String>
  /// Whether the text could be read as YAML.
  var isReadable: Bool { !problems.contains { $0.rule == "syntax" } }

  init(uri: String, document: TextDocument) {
    self.uri = uri
    self.document = document
    let result = ManifestLoader().load(Array(document.text.utf8), file: uri)
    manifests = result.manifests
    problems = result.diagnostics
    var outlines: [Int: Outline] = [:]
    var occurrences: [Occurrence] = []
    var entries: [Entry] = []
    for manifest in manifests where Self.kinds.contains(manifest.resource.kind) {
      let line = manifest.document.positions.value(at: []).line
      let outline = outlines[line] ?? Outline(manifest.document)
      outlines[line] = outline
      let owner = Self.owner(of: manifest, uri)
      occurrences += OccurrenceFinder(manifest, in: document, outline: outline, owner: owner).found
      entries += Entry.all(of: manifest, owner: owner)
    }
    for test in result.tests {
      let isAlone = result.manifests.isEmpty
      occurrences += TestedNames.occurrences(test, in: document, Outline(test.document), uri: uri, isAlone: isAlone)
    }
    self.entries = entries
    subjects = Set(occurrences.compactMap { TestedNames.path(of: $0.symbol.owner) })
    self.outlines = outlines.sorted { $0.key < $1.key }.map(\.value)
    self.occurrences = occurrences
  }

  static let kinds: Set<ResourceKind> = [.workflow, .workflowTemplate, .clusterWorkflowTemplate, .cronWorkflow]

  /// The workflow's spec in an object of any of the kinds.
  static func spec(of manifest: Manifest) -> JSON {
    manifest.resource.kind == .cronWorkflow ? manifest.resource.spec["workflowSpec"] ?? [:] : manifest.resource.spec
  }

  /// Who the templates of an object belong to.
  static func owner(of manifest: Manifest, _ uri: String) -> String {
    switch manifest.resource.kind {
    case .workflowTemplate: OccurrenceFinder.owner(manifest.resource.name, isClusterScope: false)
    case .clusterWorkflowTemplate: OccurrenceFinder.owner(manifest.resource.name, isClusterScope: true)
    default: "\(uri)#\(manifest.index)"
    }
  }

  /// The name that is written at a place.
  func occurrence(at position: TextPosition) -> Occurrence? {
    occurrences.filter { $0.range.touches(position) }.min {
      $0.range.end.column - $0.range.start.column < $1.range.end.column - $1.range.start.column
    }
  }

  /// The object whose text a place is in.
  func manifest(at position: TextPosition) -> Manifest? {
    manifests.last { TextPosition($0.document.positions.value(at: $0.root.steps)).line <= position.line }
  }
}

/// The manifests of an editor's folders: those that are open as the editor has them, the others as they lie on the disk.
struct Workspace: Sendable {
  private(set) var open: [String: WorkspaceFile] = [:]
  private(set) var stored: [String: WorkspaceFile] = [:]

  /// Each file once; what is open counts.
  var files: [WorkspaceFile] {
    (Array(open.values) + stored.filter { open[$0.key] == nil }.values).sorted { $0.uri < $1.uri }
  }

  func file(_ uri: String) -> WorkspaceFile? { open[uri] ?? stored[uri] }

  mutating func setOpen(_ uri: String, _ document: TextDocument?) {
    open[uri] = document.map { WorkspaceFile(uri: uri, document: $0) }
  }

  mutating func setStored(_ uri: String, _ text: String?) {
    stored[uri] = text.map { WorkspaceFile(uri: uri, document: TextDocument($0)) }
  }

  /// A template of the files by its name.
  func template(_ name: String, isClusterScope: Bool) -> Resource? {
    let kind: ResourceKind = isClusterScope ? .clusterWorkflowTemplate : .workflowTemplate
    for file in files {
      if let found = file.manifests.first(where: { $0.resource.kind == kind && $0.resource.name == name }) { return found.resource }
    }
    return nil
  }

  /// The names of all WorkflowTemplates, or of all ClusterWorkflowTemplates.
  func templateNames(isClusterScope: Bool) -> [String] {
    let kind: ResourceKind = isClusterScope ? .clusterWorkflowTemplate : .workflowTemplate
    return Set(files.flatMap { $0.manifests.filter { $0.resource.kind == kind }.map(\.resource.name) }).sorted()
  }

  /// All places that name a symbol, by file.
  func occurrences(of symbol: Symbol) -> [(file: WorkspaceFile, occurrences: [Occurrence])] {
    occurrences(ofAny: [symbol])
  }

  /// All places that name one of several symbols, by file; in test files too.
  func occurrences(ofAny symbols: Set<Symbol>) -> [(file: WorkspaceFile, occurrences: [Occurrence])] {
    let wanted = symbols.reduce(into: Set<Symbol>()) { $0.formUnion(aliases(of: $1)) }
    return files.compactMap { file in
      let found = file.occurrences.filter { wanted.contains($0.symbol) }
      var seen: Set<TextRange> = []
      let each = found.filter { seen.insert($0.range).inserted }
      return each.isEmpty ? nil : (file, each)
    }
  }

  /// The argument of a workflow that a symbol stands for.
  func argument(_ symbol: Symbol) -> JSON? {
    for file in files {
      for manifest in file.manifests where WorkspaceFile.owner(of: manifest, file.uri) == symbol.owner {
        let all = WorkspaceFile.spec(of: manifest).at("arguments", "parameters")?.array ?? []
        if let found = all.first(where: { $0["name"]?.string == symbol.name }) { return found }
      }
    }
    return nil
  }

  /// The template that a symbol of one stands for.
  func template(_ symbol: Symbol) -> JSON? {
    for file in files {
      for manifest in file.manifests where WorkspaceFile.owner(of: manifest, file.uri) == symbol.owner {
        let spec = WorkspaceFile.spec(of: manifest)
        let name = symbol.kind == .template ? symbol.name : symbol.template
        if let found = spec["templates"]?.array?.first(where: { $0["name"]?.string == name }) { return found }
      }
    }
    return nil
  }
}
