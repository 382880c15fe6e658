package import JSONValue
package import KubeModel

/// A further HTTP interface that the server carries beside Kubernetes' own: its routes, and how it words failures.
package protocol RouteProviding: Sendable {
  /// Fixed for the life of the server. The first route whose pattern and method fit has the request.
  var routes: [ServedRoute] { get }
  /// Who sends a request when it is not as of Kubernetes; nil: the server's own way (a bearer token, or a client certificate). Throws `unauthorized`.
  /// May block.
  func authenticate(_ request: UnadmittedRequest) throws(KubeStatus) -> UserInfo?
  /// The answer for a request that failed, at the gate or in the handler; with status, body and headers as this interface has them.
  func reply(to failure: KubeStatus, path: String) -> ServedReply
  /// Headers of every answer.
  var headers: [(name: String, value: String)] { get }
  /// Whether a path that no route has is this interface's all the same, so that it words what is not there; the parts of the path, decoded.
  func owns(_ path: [String]) -> Bool
}

extension RouteProviding {
  package func authenticate(_ request: UnadmittedRequest) throws(KubeStatus) -> UserInfo? { nil }
  package var headers: [(name: String, value: String)] { [] }
  package func owns(_ path: [String]) -> Bool { false }
}

/// What is known of a request before its sender is.
package struct UnadmittedRequest: Sendable {
  package var method: String
  package var path: String
  package var fields: HeaderFields
  /// The address of the other end.
  package var peer: String
  /// A client certificate was shown, good or not.
  package var hasCertificate: Bool
  package init(method: String, path: String, fields: HeaderFields, peer: String, hasCertificate: Bool = false) {
    self.method = method
    self.path = path
    self.fields = fields
    self.peer = peer
    self.hasCertificate = hasCertificate
  }
}

/// What the sender of a request must be allowed to do before the route's handler is called.
package enum RouteAccess: Sendable, Hashable {
  /// Nothing: the handler is called for everybody, with ``UserInfo/anonymous`` when the credential is none or not good.
  case open
  /// The sender must be somebody, whatever his rights.
  case known
  /// A verb of the access rules on a resource; namespace and name are the path's `{namespace}` and `{name}` (all
  /// namespaces, and no name, where the path has none).
  case resource(verb: String, group: String, plural: String, subresource: String = "")
  /// The handler asks ``ServedRequest/authorize(_:)`` before it reads or changes anything: what is needed stands in the body.
  case decidedByHandler
}

/// One row of an interface's table.
package struct ServedRoute: Sendable {
  package typealias Handler = @Sendable (ServedRequest) throws(KubeStatus) -> ServedReply

  package enum BodyKeeping: Sendable, Hashable {
    /// In memory, up to so many bytes; nil: as many as the server takes of a Kubernetes object.
    case memory(limit: Int? = nil)
    /// In a file that is gone after the handler: for uploads. `limit` in bytes.
    case file(limit: Int)
  }

  /// `GET`, `POST` …, in upper case; also `LOCK` and the like.
  package var method: String
  /// `/api/v1/workflows/{namespace}/{name}`: `{x}` stands for one segment, `{x...}` for one or more, `{x?}` at the end for one or none.
  package var pattern: String
  package var access: RouteAccess
  package var body: BodyKeeping
  /// Only requests whose `Accept` names this type (`text/html`: those of browsers); nil: all.
  package var accepted: String?
  package var handler: Handler

  package init(
    _ method: String, _ pattern: String, _ access: RouteAccess, body: BodyKeeping = .memory(), accepted: String? = nil,
    handler: @escaping Handler
  ) {
    self.method = method
    self.pattern = pattern
    self.access = access
    self.body = body
    self.accepted = accepted
    self.handler = handler
  }
}

/// The header fields of a request.
package struct HeaderFields: Sendable {
  private let fields: [(name: String, value: String)]
  package init(_ fields: [(name: String, value: String)]) { self.fields = fields }
  /// The first field of a name, whatever its case.
  package subscript(name: String) -> String? { fields.first { $0.name.lowercased() == name.lowercased() }?.value }
  package var all: [(name: String, value: String)] { fields }
}

/// A request that passed the gate. Only the server makes one.
package struct ServedRequest: Sendable {
  /// Names the request in logs (`Audit-Id`).
  package var id: String
  package var method: String
  /// As it was sent, without the query.
  package var path: String
  /// What stands for the pattern's `{x}`, decoded; of `{x...}` the segments joined by slashes.
  package var parameters: [String: String]
  /// Decoded, in the order in which they were sent.
  package var query: [(name: String, value: String)]
  package var fields: HeaderFields
  package var peer: String
  /// For whom it is done.
  package var user: UserInfo
  /// Empty where the body is kept in a file.
  package var body: [UInt8]
  /// The path of the file with the body.
  package var bodyFile: String?
  private let authorizer: any Authorizing

  package init(
    id: String, method: String, path: String, parameters: [String: String], query: [(name: String, value: String)], fields: HeaderFields,
    peer: String, user: UserInfo, body: [UInt8] = [], bodyFile: String? = nil, authorizer: any Authorizing
  ) {
    self.id = id
    self.method = method
    self.path = path
    self.parameters = parameters
    self.query = query
    self.fields = fields
    self.peer = peer
    self.user = user
    self.body = body
    self.bodyFile = bodyFile
    self.authorizer = authorizer
  }

  /// A query parameter's first value.
  package subscript(query name: String) -> String? { query.first { $0.name == name }?.value }
  /// The path's `{namespace}`; empty where it has none.
  package var namespace: String { parameters["namespace"] ?? "" }
  package var name: String { parameters["name"] ?? "" }

  /// Throws `forbidden` in Kubernetes' words unless the user may, and `unauthorized` to those who showed nothing.
  package func authorize(
    _ verb: String, group: String, _ plural: String, subresource: String = "", namespace: String = "", name: String = ""
  ) throws(KubeStatus) {
    var attributes = AccessAttributes(user: user, verb: verb)
    attributes.group = group
    attributes.resource = plural
    attributes.subresource = subresource
    attributes.namespace = namespace
    attributes.name = name
    let decision = authorizer.decide(attributes)
    guard decision.isAllowed else {
      throw user == .anonymous ? KubeStatus(.unauthorized, "Unauthorized") : .forbidden(attributes, reason: decision.reason)
    }
  }
}

/// Takes the body of a stream, piece by piece. Pieces are sent in order; calls are safe from any thread.
package protocol ReplySink: Sendable {
  /// Blocks while the reader is behind. False: the reader is gone, nothing more is wanted. An empty piece only asks that.
  func push(_ bytes: [UInt8]) -> Bool
  /// Never blocks, for threads that must not be held up. False: the reader is gone, or so far behind that it was cut off.
  func offer(_ bytes: [UInt8]) -> Bool
  /// Nothing more comes.
  func finish()
}

/// What is sent back.
package struct ServedReply: Sendable {
  package enum Body: Sendable {
    case bytes([UInt8])
    /// Bytes `range` of a file (nil: all), never held in memory whole. `isTemporary`: the file's name is removed as soon as it is open.
    case file(path: String, range: Range<Int64>? = nil, isTemporary: Bool = false)
    /// `begin` is called when the head is sent, on a thread of its own. It keeps that thread until the stream's end and returns nil after
    /// ``ReplySink/finish()``, or it hands the sink to others and returns at once what is cancelled when the reader goes.
    /// `keepAlive` is sent first and every 15 seconds; pieces given to the sink are therefore whole lines or frames.
    case stream(keepAlive: [UInt8]? = nil, begin: @Sendable (any ReplySink) -> (any WatchHandle)?)
  }

  package var status: Int
  package var headers: [(name: String, value: String)]
  package var body: Body
  /// For the log: why the request failed.
  package var failure: KubeStatus?
  /// For the logs: whose the request turned out to be, where only the handler could find that out (by a signature over the body).
  package var user: UserInfo?
  /// The name of the object that was made, for the audit log, where the path does not tell it.
  package var objectName: String?

  package init(_ status: Int = 200, headers: [(name: String, value: String)] = [], body: Body, failure: KubeStatus? = nil) {
    self.status = status
    self.headers = headers
    self.body = body
    self.failure = failure
  }

  /// A JSON document.
  package init(_ document: JSON, status: Int = 200, failure: KubeStatus? = nil) {
    self.init(status, headers: [("content-type", "application/json")], body: .bytes(document.bytes(.compact)), failure: failure)
  }

  /// Text for people or scripts.
  package init(text: String, type: String = "text/plain; charset=utf-8", status: Int = 200) {
    self.init(status, headers: [("content-type", type)], body: .bytes(Array(text.utf8)))
  }
}
