import JSONValue
import LanguageService
import Testing

/// An editor that drives the language server by its protocol. `‸` in a text is the cursor.
struct Editor {
  private var server: LanguageServer
  private var number: Int64 = 0
  private(set) var texts: [String: String] = [:]

  init(files: [String: String] = [:], encodings: [String] = [], version: String = "1") throws {
    server = LanguageServer(
      parts: LanguageServerParts(
        files: { directory in files.filter { $0.key.hasPrefix(directory) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } },
        file: { files[$0] }, isTimeZone: { $0 == "UTC" }, defaults: { _ in nil }, version: version))
    var general = JSONObject()
    if !encodings.isEmpty { general["positionEncodings"] = .array(encodings.map { .string($0) }) }
    let result = try request(
      "initialize", ["rootUri": "file:///w", "capabilities": ["general": .object(general)]])
    #expect(result["serverInfo"]?["name"] == "argosy")
    notify("initialized", [:])
  }

  mutating func send(_ message: JSON) -> [JSON] { server.receive(message.bytes(.compact)) }

  mutating func request(_ method: String, _ parameters: JSON) throws -> JSON {
    number += 1
    let answers = send(["jsonrpc": "2.0", "id": .int(number), "method": .string(method), "params": parameters])
    let answer = try #require(answers.first)
    #expect(answers.count == 1 && answer["id"]?.int == number)
    if let error = answer["error"] { throw Refusal(message: error["message"]?.string ?? "", code: error["code"]?.int ?? 0) }
    return answer["result"] ?? .null
  }

  mutating func notify(_ method: String, _ parameters: JSON) {
    #expect(send(["jsonrpc": "2.0", "method": .string(method), "params": parameters]).isEmpty)
  }

  struct Refusal: Error, Hashable {
    var message: String
    var code: Int64
  }

  /// Opens a file, or puts another text into it; gives the cursor's place in UTF-16.
  @discardableResult
  mutating func open(_ path: String, _ marked: String) -> JSON {
    let parts = marked.split(separator: "‸", maxSplits: 1, omittingEmptySubsequences: false)
    let text = parts.joined()
    let uri = "file://" + path
    if texts[path] == nil {
      notify("textDocument/didOpen", ["textDocument": ["uri": .string(uri), "languageId": "yaml", "version": 1, "text": .string(text)]])
    } else {
      notify("textDocument/didChange", ["textDocument": ["uri": .string(uri), "version": 2], "contentChanges": [["text": .string(text)]]])
    }
    texts[path] = text
    return Self.position(in: String(parts[0]))
  }

  static func position(in before: String) -> JSON {
    let lines = before.split(separator: "\n", omittingEmptySubsequences: false)
    return ["line": .int(Int64(lines.count - 1)), "character": .int(Int64(lines.last?.utf16.count ?? 0))]
  }

  mutating func ask(_ method: String, _ path: String, _ position: JSON, _ more: JSONObject = [:]) throws -> JSON {
    var parameters: JSONObject = ["textDocument": ["uri": .string("file://" + path)], "position": position]
    for (key, value) in more { parameters[key] = value }
    return try request("textDocument/" + method, .object(parameters))
  }

  /// The labels proposed at the cursor.
  mutating func proposals(_ path: String, _ marked: String) throws -> [String] {
    let position = open(path, marked)
    return (try ask("completion", path, position)["items"]?.array ?? []).compactMap { $0["label"]?.string }
  }

  mutating func hover(_ path: String, _ marked: String) throws -> String {
    let position = open(path, marked)
    return try ask("hover", path, position).at("contents", "value")?.string ?? ""
  }

  mutating func publish() -> [JSON] { server.publish() }

  /// The findings about a file, as `line:column rule`.
  mutating func findings(_ path: String) -> [String] {
    for message in publish() where message.at("params", "uri")?.string == "file://" + path {
      return (message.at("params", "diagnostics")?.array ?? []).map { finding in
        let start = finding.at("range", "start")
        return "\((start?["line"]?.int ?? -1) + 1):\((start?["character"]?.int ?? -1) + 1) \(finding["code"]?.string ?? "")"
      }
    }
    return ["nothing was told"]
  }

  /// What stands at a range of a file.
  func text(_ path: String, _ range: JSON?) -> String {
    let lines = (texts[path] ?? "").split(separator: "\n", omittingEmptySubsequences: false)
    let line = Int(range?.at("start", "line")?.int ?? -1)
    guard lines.indices.contains(line) else { return "" }
    let units = Array(lines[line].utf16)
    let (start, end) = (Int(range?.at("start", "character")?.int ?? 0), Int(range?.at("end", "character")?.int ?? 0))
    guard start <= end, end <= units.count else { return "" }
    return String(decoding: units[start..<end], as: UTF16.self)
  }

  /// The text after a workspace edit.
  func applied(_ edit: JSON, to path: String) -> String {
    var lines = (texts[path] ?? "").split(separator: "\n", omittingEmptySubsequences: false).map { Array($0.utf16) }
    for change in (edit["changes"]?["file://" + path]?.array ?? []).reversed() {
      let line = Int(change.at("range", "start", "line")?.int ?? 0)
      let (start, end) = (
        Int(change.at("range", "start", "character")?.int ?? 0), Int(change.at("range", "end", "character")?.int ?? 0)
      )
      lines[line].replaceSubrange(start..<end, with: Array((change["newText"]?.string ?? "").utf16))
    }
    return lines.map { String(decoding: $0, as: UTF16.self) }.joined(separator: "\n")
  }

  var exitStatus: Int32? { server.exitStatus }
}
