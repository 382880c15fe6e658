internal import AccessService
import Basics
internal import Contracts
internal import KubeModel
import NIOHTTP1

/// The head of a request, before anything is known of its sender.
struct RequestHead: Sendable {
  /// Names the request in logs and answers (`Audit-Id`).
  var id: String
  /// In upper case.
  var method: String
  var target: RequestTarget
  var headers: HTTPHeaders
  /// The address of the other end, without its port.
  var peer: String
  /// The client certificate in DER.
  var certificate: [UInt8]?
  /// The route of another interface than Kubernetes', where the request is for one.
  var served: ServedMatch?
}

/// A request whose sender is known and may do what it asks for. Only ``Gate`` makes one, and handlers take nothing else, so that no route can be reached
/// without the gate.
struct AdmittedRequest: Sendable {
  let head: RequestHead
  let info: RequestInfo
  /// For whom it is done.
  let user: UserInfo
  /// Who sent it; another than the user when that one is impersonated.
  let sender: UserInfo
  /// Filled in when the body has been read.
  var body: [UInt8] = []
  /// Where the body was put, for routes that want it in a file.
  var bodyFile: BodyFile?

  fileprivate init(head: RequestHead, info: RequestInfo, user: UserInfo, sender: UserInfo) {
    self.head = head
    self.info = info
    self.user = user
    self.sender = sender
  }
}

/// What the gate found out of a request, also of one that it refused.
struct GateSighting: Sendable {
  var info: RequestInfo?
  var user: UserInfo?
  var sender: UserInfo?
}

/// The one way in: who sends a request, and may he do that? Everything that is served passes here.
struct Gate: Sendable {
  let authenticator: any Authenticating
  let authorizer: any Authorizing
  let impersonator: any Impersonating
  let rates: RequestRates

  /// Paths that are answered to everybody, whatever the access rules say, as Kubernetes' `--authorization-always-allow-paths`: whether the server
  /// lives is asked by those who know nothing of it.
  static let openPaths: Set<String> = ["/healthz", "/livez", "/readyz"]

  /// Blocks. Throws `unauthorized`, `forbidden`, `tooManyRequests`, `badRequest`.
  func admit(_ head: RequestHead, _ seen: inout GateSighting) throws(KubeStatus) -> AdmittedRequest {
    if let served = head.served { return try admit(head, to: served, &seen) }
    let info = try RequestInfo(method: head.method, target: head.target)
    seen.info = info
    let sender = try authenticator.authenticate(try Self.credential(head))
    (seen.sender, seen.user) = (sender, sender)
    try rates.spend(sender, peer: head.peer)
    let wanted = try Impersonation(head.headers)
    let user = wanted.isEmpty ? sender : try impersonator.impersonate(wanted, by: sender)
    seen.user = user
    if !Self.openPaths.contains(head.target.path) || !["GET", "HEAD"].contains(head.method) {
      let attributes = Self.attributes(user, info, path: head.target.path)
      let decision = authorizer.decide(attributes)
      guard decision.isAllowed else { throw .forbidden(attributes, reason: decision.reason) }
    }
    return AdmittedRequest(head: head, info: info, user: user, sender: sender)
  }

  /// A request for a route of another interface: who sends it is found out in that one's way, and what he must be allowed to do stands in its table.
  private func admit(
    _ head: RequestHead, to served: ServedMatch, _ seen: inout GateSighting
  ) throws(KubeStatus) -> AdmittedRequest {
    let info = RequestInfo(served, method: head.method)
    seen.info = info
    var sender: UserInfo
    var user: UserInfo
    do throws(KubeStatus) {
      let known = try served.provider.authenticate(
        UnadmittedRequest(
          method: head.method, path: head.target.path, fields: HeaderFields(head.headers), peer: head.peer,
          hasCertificate: head.certificate != nil))
      if let known { sender = known } else { sender = try authenticator.authenticate(try Self.credential(head)) }
      (seen.sender, seen.user) = (sender, sender)
      let wanted = try Impersonation(head.headers)
      user = wanted.isEmpty ? sender : try impersonator.impersonate(wanted, by: sender)
    } catch {
      guard served.route.access == .open else { throw error }
      sender = .anonymous
      user = .anonymous
    }
    (seen.sender, seen.user) = (sender, user)
    try rates.spend(sender, peer: head.peer)
    switch served.route.access {
    case .open, .decidedByHandler: break
    case .known: if user == .anonymous { throw KubeStatus(.unauthorized, "Unauthorized") }
    case .resource:
      let attributes = Self.attributes(user, info, path: head.target.path)
      let decision = authorizer.decide(attributes)
      guard decision.isAllowed else {
        throw user == .anonymous ? KubeStatus(.unauthorized, "Unauthorized") : .forbidden(attributes, reason: decision.reason)
      }
    }
    return AdmittedRequest(head: head, info: info, user: user, sender: sender)
  }

  private static func attributes(_ user: UserInfo, _ info: RequestInfo, path: String) -> AccessAttributes {
    var attributes = AccessAttributes(user: user, verb: info.verb)
    guard info.isResource else {
      attributes.path = path
      return attributes
    }
    attributes.group = info.group
    attributes.resource = info.resource
    attributes.subresource = info.subresource
    attributes.namespace = info.namespace
    attributes.name = info.name
    return attributes
  }

  /// A bearer token wins over a certificate. Throws `unauthorized` for other schemes without a certificate.
  static func credential(_ head: RequestHead) throws(KubeStatus) -> Credential {
    let fields = head.headers["authorization"]
    guard fields.count <= 1 else { throw KubeStatus(.badRequest, "there is more than one Authorization header") }
    if let field = fields.first {
      let parts = field.split(separator: " ", maxSplits: 1)
      guard parts.count == 2, parts[0].lowercased() == "bearer" else {
        guard let certificate = head.certificate else { throw KubeStatus(.unauthorized, "Unauthorized") }
        return .certificate(certificate)
      }
      let token = parts[1].drop { $0 == " " }
      guard !token.isEmpty else { throw KubeStatus(.unauthorized, "Unauthorized") }
      return .bearer(String(token))
    }
    if let token = WebSocketToken.token(in: head.headers) { return .bearer(token) }
    return head.certificate.map { .certificate($0) } ?? .none
  }
}

/// The token that a browser can send only as a WebSocket's subprotocol: `base64url.bearer.authorization.k8s.io.<token>`.
enum WebSocketToken {
  static let prefix = "base64url.bearer.authorization.k8s.io."

  static func token(in headers: HTTPHeaders) -> String? {
    for offer in headers[canonicalForm: "sec-websocket-protocol"] where offer.hasPrefix(prefix) {
      let letters = offer.dropFirst(prefix.count).map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
      let text = String(letters) + String(repeating: "=", count: (4 - letters.count % 4) % 4)
      if let bytes = Base64.decode(text) { return String(validating: bytes, as: UTF8.self) }
    }
    return nil
  }
}
