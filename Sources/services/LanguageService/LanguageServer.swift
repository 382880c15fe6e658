package import JSONValue
package import KubeModel

/// Why a request was not answered, with the protocol's number.
struct RequestFailure: Error, Sendable, Hashable {
  var code: Int64
  var message: String

  static func invalid(_ message: String) -> RequestFailure { RequestFailure(code: -32602, message: message) }
}

/// What the language server needs of its surroundings.
package struct LanguageServerParts: Sendable {
  /// The manifests below a directory: path and text of each.
  package var files: @Sendable (_ directory: String) -> [(path: String, text: String)]
  /// The text of a file; nil when it is gone or no manifest.
  package var file: @Sendable (_ path: String) -> String?
  package var isTimeZone: @Sendable (String) -> Bool
  /// The spec of `workflowDefaults` of a controller's ConfigMap; nil for other ConfigMaps.
  package var defaults: @Sendable (Resource) -> JSON?
  package var version: String

  package init(
    files: @escaping @Sendable (_ directory: String) -> [(path: String, text: String)],
    file: @escaping @Sendable (_ path: String) -> String?,
    isTimeZone: @escaping @Sendable (String) -> Bool, defaults: @escaping @Sendable (Resource) -> JSON?, version: String
  ) {
    self.files = files
    self.file = file
    self.isTimeZone = isTimeZone
    self.defaults = defaults
    self.version = version
  }
}

/// The Language Server Protocol (3.17) for workflows: takes messages and gives those that are to be sent.
///
/// Not for several threads. Findings are told by ``publish()``, which the caller calls when no message waits: so that of many changes in a row only the
/// last is checked.
package struct LanguageServer {
  private enum Stage { case new, running, shutDown }

  private let parts: LanguageServerParts
  private var stage = Stage.new
  private var workspace = Workspace()
  private var documents: [String: TextDocument] = [:]
  private var versions: [String: JSON] = [:]
  private var encoding = PositionEncoding.utf16
  /// Files whose findings are to be told again.
  private var stale: Set<String> = []
  /// Set when the client has said that it is done: the exit status (0 after an orderly shutdown).
  package private(set) var exitStatus: Int32?

  package init(parts: LanguageServerParts) { self.parts = parts }

  /// Takes one message. Gives the answer, if there is to be one.
  package mutating func receive(_ bytes: [UInt8]) -> [JSON] {
    guard let message = try? JSON.parse(bytes), message.object != nil else {
      return [Self.failure(.null, RequestFailure(code: -32700, message: "the message is no JSON object"))]
    }
    guard let method = message["method"]?.string else {
      // An answer to something that was never asked.
      return message["id"] == nil || message["result"] != nil || message["error"] != nil
        ? [] : [Self.failure(message["id"] ?? .null, RequestFailure(code: -32600, message: "the message has no method"))]
    }
    let parameters = message["params"] ?? .null
    guard let id = message["id"] else {
      notice(method, parameters)
      return []
    }
    do throws(RequestFailure) {
      return [["jsonrpc": "2.0", "id": id, "result": try answer(method, parameters)]]
    } catch {
      return [Self.failure(id, error)]
    }
  }

  private static func failure(_ id: JSON, _ failure: RequestFailure) -> JSON {
    ["jsonrpc": "2.0", "id": id, "error": ["code": .int(failure.code), "message": .string(failure.message)]]
  }

  /// The findings about files that changed, or whose references did.
  package mutating func publish() -> [JSON] {
    guard stage == .running, !stale.isEmpty else { return [] }
    defer { stale = [] }
    let findings = findings
    return stale.sorted().map { uri in
      var parameters: JSONObject = ["uri": .string(uri), "diagnostics": []]
      if let file = workspace.open[uri] {
        parameters["diagnostics"] = .array(findings.diagnostics(of: file).map { Findings.json($0, in: file, encoding) })
        if let version = versions[uri] { parameters["version"] = version }
      }
      return ["jsonrpc": "2.0", "method": "textDocument/publishDiagnostics", "params": .object(parameters)]
    }
  }

  private var findings: Findings { Findings(workspace: workspace, isTimeZone: parts.isTimeZone, defaults: parts.defaults) }

  // MARK: Requests

  private mutating func answer(_ method: String, _ parameters: JSON) throws(RequestFailure) -> JSON {
    switch (stage, method) {
    case (.new, "initialize"): return initialize(parameters)
    case (.new, _): throw RequestFailure(code: -32002, message: "the first request must be initialize")
    case (.shutDown, _): throw RequestFailure(code: -32600, message: "the server is shut down")
    case (.running, "initialize"): throw RequestFailure(code: -32600, message: "initialize comes once")
    case (.running, "shutdown"):
      stage = .shutDown
      return .null
    default: break
    }
    let methods: Set = [
      "textDocument/completion", "textDocument/hover", "textDocument/definition", "textDocument/references",
      "textDocument/documentHighlight",
      "textDocument/prepareRename", "textDocument/rename", "textDocument/documentSymbol", "textDocument/codeAction",
    ]
    guard methods.contains(method) else { throw RequestFailure(code: -32601, message: "there is no method \(method)") }
    let uri = parameters["textDocument"]?["uri"]?.string ?? ""
    guard let file = workspace.file(uri) else { throw .invalid("\(uri) is not open") }
    let cursor = file.document.position(parameters["position"], encoding)
    let navigation = Navigation(workspace: workspace, file: file, encoding: encoding)
    switch method {
    case "textDocument/completion": return Completion(workspace, file, at: cursor).list(encoding)
    case "textDocument/hover": return Hover.answer(workspace, file, at: cursor, encoding) ?? .null
    case "textDocument/definition": return navigation.definition(at: cursor)
    case "textDocument/references":
      return navigation.references(at: cursor, withDeclarations: parameters["context"]?["includeDeclaration"]?.bool ?? true)
    case "textDocument/documentHighlight": return navigation.highlights(at: cursor)
    case "textDocument/prepareRename": return navigation.renameRange(at: cursor)
    case "textDocument/rename": return try navigation.rename(at: cursor, to: parameters["newName"]?.string ?? "")
    case "textDocument/documentSymbol": return navigation.symbols
    default:
      let range = parameters["range"]
      let (start, end) = (file.document.position(range?["start"], encoding), file.document.position(range?["end"], encoding))
      return findings.actions(for: file, in: TextRange(min(start, end), max(start, end)), encoding)
    }
  }

  private mutating func initialize(_ parameters: JSON) -> JSON {
    stage = .running
    let offered = (parameters.at("capabilities", "general", "positionEncodings")?.array ?? []).compactMap { $0.string }
    encoding = offered.compactMap { PositionEncoding(rawValue: $0) }.first ?? .utf16
    var roots = (parameters["workspaceFolders"]?.array ?? []).compactMap { $0["uri"]?.string }
    if roots.isEmpty, let root = parameters["rootUri"]?.string { roots = [root] }
    for root in roots {
      guard let directory = FileURI.path(root) else { continue }
      for (path, text) in parts.files(directory) { workspace.setStored(FileURI.uri(path), text) }
    }
    return [
      "capabilities": [
        "positionEncoding": .string(encoding.rawValue),
        "textDocumentSync": ["openClose": true, "change": 2, "save": ["includeText": false]],
        "completionProvider": ["triggerCharacters": ["{", ".", " "]], "hoverProvider": true, "definitionProvider": true,
        "referencesProvider": true, "documentHighlightProvider": true, "documentSymbolProvider": true,
        "renameProvider": ["prepareProvider": true], "codeActionProvider": ["codeActionKinds": ["quickfix"]],
      ],
      "serverInfo": ["name": "argosy", "version": .string(parts.version)],
    ]
  }

  // MARK: Notices

  private mutating func notice(_ method: String, _ parameters: JSON) {
    if method == "exit" {
      exitStatus = stage == .shutDown ? 0 : 1
      return
    }
    guard stage == .running else { return }
    let uri = parameters["textDocument"]?["uri"]?.string ?? ""
    switch method {
    case "textDocument/didOpen":
      documents[uri] = TextDocument(parameters["textDocument"]?["text"]?.string ?? "")
      changed(uri, parameters)
    case "textDocument/didChange":
      guard documents[uri] != nil else { return }
      for change in parameters["contentChanges"]?.array ?? [] { documents[uri]?.apply(change, encoding) }
      changed(uri, parameters)
    case "textDocument/didClose":
      documents[uri] = nil
      versions[uri] = nil
      workspace.setOpen(uri, nil)
      reread(uri)
      stale.formUnion(workspace.open.keys)
      stale.insert(uri)
    case "textDocument/didSave": reread(uri)
    case "workspace/didChangeWatchedFiles":
      for change in parameters["changes"]?.array ?? [] { reread(change["uri"]?.string ?? "") }
      stale.formUnion(workspace.open.keys)
    default: break
    }
  }

  private mutating func changed(_ uri: String, _ parameters: JSON) {
    versions[uri] = parameters["textDocument"]?["version"]
    workspace.setOpen(uri, documents[uri])
    // Others may refer to what is in it.
    stale.formUnion(workspace.open.keys)
  }

  private mutating func reread(_ uri: String) {
    guard let path = FileURI.path(uri) else { return }
    workspace.setStored(uri, parts.file(path))
  }
}

/// `file:` URIs of paths.
enum FileURI {
  static func path(_ uri: String) -> String? {
    guard uri.hasPrefix("file://") else { return nil }
    let rest = uri.dropFirst(7)
    guard let slash = rest.firstIndex(of: "/") else { return nil }
    var bytes: [UInt8] = []
    var source = rest[slash...].utf8.makeIterator()
    while let byte = source.next() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = source.next(), let low = source.next(), let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
      else {
        return nil
      }
      bytes.append(value)
    }
    return String(validating: bytes, as: UTF8.self)
  }

  static func uri(_ path: String) -> String {
    var result = "file://"
    for byte in path.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"),
        UInt8(ascii: "/"):
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        result += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
      }
    }
    return result
  }
}
