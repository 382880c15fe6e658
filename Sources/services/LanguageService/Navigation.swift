internal import JSONValue
internal import KubeModel
internal import Validation
internal import YAMLText

/// Goes to, finds and renames what has a name.
struct Navigation {
  let workspace: Workspace
  let file: WorkspaceFile
  let encoding: PositionEncoding

  /// The name under the cursor, with whose it really is.
  private func occurrence(at cursor: TextPosition) -> Occurrence? {
    file.occurrence(at: cursor).map {
      Occurrence(symbol: workspace.resolved($0.symbol), range: $0.range, isDeclaration: $0.isDeclaration)
    }
  }

  private func location(_ file: WorkspaceFile, _ range: TextRange) -> JSON {
    ["uri": .string(file.uri), "range": file.document.json(range, encoding)]
  }

  /// Where the thing under the cursor is declared.
  func definition(at cursor: TextPosition) -> JSON {
    guard let found = occurrence(at: cursor) else { return .null }
    return .array(
      workspace.occurrences(of: found.symbol).flatMap { file, all in
        all.filter(\.isDeclaration).map { location(file, $0.range) }
      })
  }

  /// All places that name the thing under the cursor.
  func references(at cursor: TextPosition, withDeclarations: Bool) -> JSON {
    guard let found = occurrence(at: cursor) else { return .null }
    return .array(
      workspace.occurrences(of: found.symbol).flatMap { file, all in
        all.filter { withDeclarations || !$0.isDeclaration }.map { location(file, $0.range) }
      })
  }

  /// The same within the file, for marking.
  func highlights(at cursor: TextPosition) -> JSON {
    guard let found = occurrence(at: cursor) else { return .null }
    let all = workspace.occurrences(of: found.symbol).first { $0.file.uri == file.uri }?.occurrences ?? []
    return .array(all.map { ["range": file.document.json($0.range, encoding), "kind": $0.isDeclaration ? 3 : 2] })
  }

  /// The range that a rename would be about; null where there is nothing to rename.
  func renameRange(at cursor: TextPosition) -> JSON {
    guard let found = occurrence(at: cursor), workspace.linked(found.symbol).contains(where: declares) else { return .null }
    return ["range": file.document.json(found.range, encoding), "placeholder": .string(found.symbol.name)]
  }

  private func declares(_ symbol: Symbol) -> Bool {
    workspace.occurrences(of: symbol).contains { $0.occurrences.contains(where: \.isDeclaration) }
  }

  /// The edits that give the thing under the cursor another name. Throws why that cannot be.
  func rename(at cursor: TextPosition, to name: String) throws(RequestFailure) -> JSON {
    guard let found = occurrence(at: cursor) else { throw .invalid("there is nothing here that has a name") }
    let symbol = found.symbol
    let symbols = workspace.linked(symbol)
    guard symbols.contains(where: declares) else { throw .invalid("\(symbol.name) is declared in no file of the folders that are open") }
    guard Self.isName(name, symbol.kind) else {
      throw .invalid("\"\(name)\" cannot be a name here: letters, digits, - \(symbol.kind == .object ? "and ." : "and _ for parameters")")
    }
    for symbol in symbols where name != symbol.name {
      var other = symbol
      other.name = name
      guard !declares(other) else { throw .invalid("there is a \"\(name)\" already") }
    }
    var changes = JSONObject()
    for (file, occurrences) in workspace.occurrences(ofAny: symbols) {
      guard file.isReadable else { throw .invalid("\(file.uri) is no proper YAML at the moment") }
      changes[file.uri] = .array(
        occurrences.sorted { $0.range.start < $1.range.start }.map {
          ["range": file.document.json($0.range, encoding), "newText": .string(name)]
        })
    }
    return ["changes": .object(changes)]
  }

  /// The naming rules of the original's validator, and of Kubernetes for objects.
  private static func isName(_ name: String, _ kind: Symbol.Kind) -> Bool {
    let bytes = Array(name.utf8)
    func isPlain(_ byte: UInt8) -> Bool {
      (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x30 && byte <= 0x39) || byte == 0x2D
    }
    guard let first = bytes.first, first != 0x2D, bytes.count <= 128 else { return false }
    return switch kind {
    case .object: bytes.allSatisfy { ($0 != 0x2E && isPlain($0) && !($0 >= 0x41 && $0 <= 0x5A)) || $0 == 0x2E } && first != 0x2E
    case .template, .step: bytes.allSatisfy(isPlain)
    default: bytes.allSatisfy { isPlain($0) || $0 == 0x5F }
    }
  }

  /// The file's objects, templates, steps and tasks, each with all of its text.
  var symbols: JSON {
    let objects = file.manifests.filter { WorkspaceFile.kinds.contains($0.resource.kind) }
    let starts = objects.map { TextPosition($0.document.positions.value(at: $0.root.steps)) }
    return .array(
      objects.enumerated().map { index, manifest in
        let whole = TextRange(starts[index], index + 1 < starts.count ? starts[index + 1] : file.document.end)
        let owner = WorkspaceFile.owner(of: manifest, file.uri)
        let declared = file.occurrences.filter { $0.isDeclaration && $0.symbol.owner == owner }
        let items = Self.items(of: manifest)
        let children = declared.filter { $0.symbol.kind == .template }.map { template -> JSON in
          let range = Self.item(around: template.range, of: items.templates, within: whole)
          let steps = declared.filter { $0.symbol.kind == .step && $0.symbol.template == template.symbol.name }
          let parts = steps.map { symbol($0.symbol.name, 8, Self.item(around: $0.range, of: items.steps, within: range), $0.range, []) }
          return symbol(template.symbol.name, 12, range, template.range, parts)
        }
        return symbol(
          "\(manifest.resource.kind.kind) \(manifest.objectName)", 5, whole, TextRange(whole.start, whole.start), children)
      })
  }

  /// Where an object's templates begin, and its steps and tasks.
  private static func items(of manifest: Manifest) -> (templates: [TextPosition], steps: [TextPosition]) {
    let isCron = manifest.resource.kind == .cronWorkflow
    let spec = isCron ? manifest.resource.spec["workflowSpec"] ?? [:] : manifest.resource.spec
    let path = isCron ? FieldPath("spec", "workflowSpec") : FieldPath("spec")
    func start(_ path: FieldPath) -> TextPosition {
      TextPosition(manifest.document.positions.value(at: manifest.root.steps + path.steps))
    }
    var (templates, steps): ([TextPosition], [TextPosition]) = ([], [])
    for (index, template) in (spec["templates"]?.array ?? []).enumerated() {
      let path = path["templates"][index]
      templates.append(start(path))
      for (group, members) in (template["steps"]?.array ?? []).enumerated() {
        for member in (members.array ?? []).indices { steps.append(start(path["steps"][group][member])) }
      }
      for task in (template.at("dag", "tasks")?.array ?? []).indices { steps.append(start(path["dag"]["tasks"][task])) }
    }
    return (templates, steps)
  }

  /// The text of the item that a name stands in: up to the next one, or to the end of what is around it.
  private static func item(around name: TextRange, of starts: [TextPosition], within whole: TextRange) -> TextRange {
    let start = starts.filter { $0 <= name.start }.max() ?? name.start
    let next = starts.filter { $0 >= name.end }.min() ?? whole.end
    return TextRange(start, min(next, whole.end))
  }

  private func symbol(_ name: String, _ kind: Int64, _ range: TextRange, _ nameRange: TextRange, _ children: [JSON]) -> JSON {
    [
      "name": .string(name.isEmpty ? "-" : name), "kind": .int(kind), "range": file.document.json(range, encoding),
      "selectionRange": file.document.json(nameRange, encoding), "children": .array(children),
    ]
  }
}
