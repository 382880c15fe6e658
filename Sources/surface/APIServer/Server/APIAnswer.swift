internal import Contracts
internal import JSONValue
internal import KubeModel
import NIOCore
import NIOHTTP1

/// What is sent back for one request.
struct APIAnswer: Sendable {
  enum Body: Sendable {
    case bytes(ByteBuffer)
    /// Is called when the head is sent, and writes until it returns. The connection's end cancels its task.
    case stream(@Sendable (StreamWriter) async throws -> Void)
  }

  var status: HTTPResponseStatus
  var headers: HTTPHeaders
  var body: Body
  /// How many bytes a stream has, where that is known.
  var length: Int64?
  /// The connection is closed behind this answer.
  var closes = false
  /// What is told to the client, for the log; nil for an ordinary answer.
  var failure: KubeStatus?
  /// The name of the object that was made, for the audit log, where the path does not tell it.
  var objectName: String?
  /// Whose the request was, where that was found out behind the gate.
  var user: UserInfo?
  /// Gives the answer proper, which takes time without a thread.
  var later: (@Sendable () async -> APIAnswer)?

  var isStream: Bool { if case .stream = body { true } else { false } }

  init(_ status: HTTPResponseStatus, headers: HTTPHeaders = [:], body: Body) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// What comes when something else has come.
  static func later(_ body: @escaping @Sendable () async -> APIAnswer) -> APIAnswer {
    var answer = APIAnswer(.ok, body: .bytes(ByteBuffer()))
    answer.later = body
    return answer
  }

  /// Plain text.
  init(_ status: HTTPResponseStatus, text: String) {
    self.init(status, headers: ["content-type": "text/plain; charset=utf-8"], body: .bytes(ByteBuffer(string: text)))
  }

  /// A document in the form that the client asked for.
  init(_ status: HTTPResponseStatus, _ document: JSON, _ form: DocumentForm) {
    self.init(status, headers: ["content-type": form.contentType], body: .bytes(ByteBuffer(bytes: form.bytes(document))))
  }

  /// A failure as a `Status` document.
  init(_ failure: KubeStatus, _ form: DocumentForm = .json, status: HTTPResponseStatus? = nil) {
    self.init(status ?? HTTPResponseStatus(statusCode: failure.reason.code), failure.json, form)
    self.failure = failure
    if let seconds = failure.details?.retryAfterSeconds, seconds > 0 { headers.add(name: "retry-after", value: String(seconds)) }
    if failure.reason == .unauthorized { headers.add(name: "www-authenticate", value: "Bearer realm=\"argosy\"") }
  }

  /// Adds `Warning` headers (RFC 7234's form that clients of Kubernetes print).
  mutating func warn(_ warnings: [String]) {
    for warning in warnings.prefix(32) {
      let text = warning.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }.prefix(4096)
      var quoted = ""
      for scalar in text {
        if scalar == "\"" || scalar == "\\" { quoted.unicodeScalars.append("\\") }
        quoted.unicodeScalars.append(scalar)
      }
      headers.add(name: "warning", value: "299 - \"\(quoted)\"")
    }
  }
}

/// Writes the body of an answer that has no known length.
struct StreamWriter: Sendable {
  let outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
  let connection: Connection
  let stallSeconds: Int64

  /// Waits while the client does not take what was sent before; one that takes nothing for too long loses the connection. Throws when that is gone.
  func write(_ buffer: ByteBuffer) async throws {
    connection.expect(within: stallSeconds)
    try await outbound.write(.body(.byteBuffer(buffer)))
    connection.expectNothing()
  }
}

/// JSON or YAML, compact or for people.
struct DocumentForm: Sendable, Hashable {
  enum Language: Sendable, Hashable { case json, yaml }
  var language: Language
  var isPretty: Bool

  static let json = DocumentForm(language: .json, isPretty: false)

  var contentType: String { language == .json ? "application/json" : "application/yaml" }

  func bytes(_ document: JSON) -> [UInt8] {
    switch language {
    case .json: document.bytes(isPretty ? .pretty : .compact) + [0x0A]
    case .yaml: Array(YAMLBody.text(document).utf8)
    }
  }
}
