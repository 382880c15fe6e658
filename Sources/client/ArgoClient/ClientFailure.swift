import HTTPAccess
import JSONValue

/// Why a request to the server has no good answer. The description is the message for the user, in the server's words where it said some.
package struct ClientFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// The code of gRPC that the server told, by its number; nil: the server was not reached, or it is not one of Argo's API.
  package var code: Int?
  /// HTTP's status; 0: there was no answer.
  package var status: Int
  package var message: String
  package var description: String { message }

  package init(_ message: String, code: Int? = nil, status: Int = 0) {
    self.message = message
    self.code = code
    self.status = status
  }

  package var isNotFound: Bool { code == 5 || status == 404 }
  /// The same request may do better later: there was no connection, or the server is busy or restarts.
  package var isTransient: Bool { status == 0 && code == nil || status == 429 || status == 502 || status == 503 || status == 504 }

  /// Reads an error's body: Argo's `{"code": 5, "message": "…"}`, or Kubernetes' Status.
  init(status: Int, body: [UInt8]) {
    let json = try? JSON.parse(body)
    let code = json?["kind"]?.string == "Status" ? nil : json?["code"]?.int.map(Int.init)
    if let message = (json?["message"] ?? json?["error"])?.string, !message.isEmpty {
      self.init(message, code: code, status: status)
      return
    }
    let text = String(decoding: body.prefix(512), as: UTF8.self).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    self.init("the server answered with HTTP status \(status)\(text.isEmpty ? "" : ": \(text)")", code: nil, status: status)
  }

  /// An `error` of a stream: `{"grpc_code": 5, "http_code": 404, "message": "…"}`.
  init(streamed error: JSON) {
    self.init(
      error["message"]?.string ?? "the server ended the stream: \(error.text())",
      code: (error["grpc_code"] ?? error["code"])?.int.map(Int.init), status: error["http_code"]?.int.map(Int.init) ?? 500)
  }

  init(_ failure: HTTPFailure, _ connection: ServerConnection) {
    switch failure {
    case .status(let status, let text): self.init(text, status: status)
    case .transport(let reason):
      var remedy = ""
      switch connection.origin {
      case .local(let directory):
        remedy = ". It is the server of \(directory): start it with `argosy server`, or name another one with --argo-server"
      case .kubeconfig(let context): remedy = ". It is the cluster of the kubeconfig's context \"\(context)\""
      case .named: break
      }
      if reason.contains("CERTIFICATE_VERIFY_FAILED") || reason.contains("unknown authority") {
        remedy = ". Name its authority with --certificate-authority, or, where nobody else can answer, use --insecure-skip-verify"
      }
      self.init("cannot reach \(connection.url): \(reason)\(remedy)")
    case .invalid(let reason): self.init(reason, code: 3)
    case .tooLarge(let limit): self.init("the answer is larger than \(limit >> 20) MiB", code: 8)
    case .file(let reason): self.init(reason, code: 13)
    }
  }
}
