import Basics
internal import Contracts
internal import JSONValue
internal import KubeModel
import NIOHTTP1

/// The subprotocols by which commands in containers speak over a WebSocket: each message begins with the number of its channel.
enum CommandProtocol: String, Sendable, CaseIterable {
  /// As version 4, and channels of the client can be closed alone.
  case v5 = "v5.channel.k8s.io"
  /// The end is a `Status` document on the error channel.
  case v4 = "v4.channel.k8s.io"
  case v4Base64 = "v4.base64.channel.k8s.io"
  /// The end is a text on the error channel.
  case v1 = "channel.k8s.io"
  case v1Base64 = "base64.channel.k8s.io"

  /// The first that a client offers and this server speaks; ``v1`` where it offers none.
  static func chosen(of head: HTTPRequestHead) -> CommandProtocol? {
    let named = head.headers[canonicalForm: "sec-websocket-protocol"].filter { !$0.hasPrefix(WebSocketToken.prefix) }
    if named.isEmpty { return .v1 }
    return named.lazy.compactMap { CommandProtocol(rawValue: String($0)) }.first
  }

  var isBase64: Bool { self == .v4Base64 || self == .v1Base64 }
  var hasStatus: Bool { self != .v1 && self != .v1Base64 }
  var canCloseChannels: Bool { self == .v5 }
}

/// The channels of a command, as all its protocols number them.
enum CommandChannel: UInt8, Sendable {
  case input = 0
  case output = 1
  case errors = 2
  case status = 3
  case size = 4

  /// The "channel" of version 5 whose message names a channel that is closed.
  static let closing: UInt8 = 255
}

/// How a command ended, as clients are told.
enum CommandStatus {
  static func document(_ outcome: ExecOutcome) -> JSON {
    switch outcome {
    case .exited(0): return ["metadata": [:], "status": "Success"]
    case .exited(let code):
      return [
        "metadata": [:], "status": "Failure", "message": .string("command terminated with non-zero exit code: exit status \(code)"),
        "reason": "NonZeroExitCode", "details": ["causes": [["reason": "ExitCode", "message": .string(String(code))]]],
      ]
    case .failed(let message): return document(KubeStatus(.internalError, message))
    }
  }

  static func document(_ failure: KubeStatus) -> JSON {
    var failure = failure
    // Clients insist on details.
    if failure.details == nil { failure.details = KubeStatus.Details() }
    return failure.json
  }

  /// The text of the protocols that have no document; nil when all is well.
  static func text(_ document: JSON) -> String? {
    document["status"]?.string == "Success" ? nil : document["message"]?.string ?? "the command failed"
  }

  /// The terminal's size in a message of the size channel.
  static func size(_ bytes: [UInt8]) -> (columns: UInt16, rows: UInt16)? {
    guard bytes.count < 1024, let json = try? JSON.parse(bytes), let width = json["Width"]?.int, let height = json["Height"]?.int else {
      return nil
    }
    guard (1...65_535).contains(width), (1...65_535).contains(height) else { return nil }
    return (UInt16(width), UInt16(height))
  }
}

/// What the query of `exec` and `attach` asks for.
struct CommandWish: Sendable {
  var key: ResourceKey
  /// nil: to join the container's own process.
  var command: [String]?
  var request: ExecRequest
  var hasOutput: Bool
  var hasErrors: Bool

  /// Throws `badRequest` for what Kubernetes' validation of `PodExecOptions` refuses.
  init(_ request: AdmittedRequest, kind: ResourceKind) throws(KubeStatus) {
    let target = request.head.target
    key = ResourceKey(kind, namespace: request.info.namespace, name: request.info.name)
    let words = target.query.filter { $0.name == "command" }.map(\.value)
    let isExec = request.info.subresource == "exec"
    command = isExec ? words : nil
    self.request = ExecRequest(command: words)
    self.request.container = target["container"] ?? ""
    self.request.hasInput = try target.flag("stdin") ?? false
    self.request.hasTerminal = try target.flag("tty") ?? false
    hasOutput = try target.flag("stdout") ?? false
    hasErrors = try target.flag("stderr") ?? false && !self.request.hasTerminal
    guard !isExec || !words.isEmpty else { throw KubeStatus(.badRequest, "you must specify at least one command for the container") }
    guard self.request.hasInput || hasOutput || hasErrors else {
      throw KubeStatus(.badRequest, "you must specify at least 1 of stdin, stdout, stderr")
    }
  }
}
