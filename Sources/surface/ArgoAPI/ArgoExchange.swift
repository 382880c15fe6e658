internal import Basics
internal import Contracts
internal import JSONValue
internal import KubeAPI
internal import KubeModel

/// What is done for every request of a route around its handler: the rate, the types of query and body, the fields that are wanted, streams, headers.
struct ArgoExchange: Sendable {
  let route: ArgoRoute
  let types: MessageTypes
  let allowances: RequestAllowances
  let settings: ArgoSettings

  /// Blocks. Throws what the interface words as a failure.
  func answer(_ request: ServedRequest) throws(KubeStatus) -> ServedReply {
    let allowance = allowances.take(for: request.peer)
    guard allowance.isGranted else {
      let failure = KubeStatus(.tooManyRequests, "too many requests, please try again later")
      var reply = ServedReply(.object(failure.argoError), status: failure.argoStatus, failure: failure)
      reply.headers += allowance.headers
      return reply
    }
    var reply: ServedReply
    do throws(KubeStatus) {
      try checkQuery(request)
      try checkNamespace(request)
      reply = served(try route.handler(ArgoRequest(served: request, body: try body(request))), request)
      if reply.status < 400 { reply.headers += ArgoHeaders.ofSuccess(settings.version) }
    } catch {
      reply = ServedReply(.object(error.argoError), status: error.argoStatus, failure: error)
    }
    reply.headers += allowance.headers
    if !settings.frameOptions.isEmpty, !reply.headers.contains(where: { $0.name.lowercased() == "x-frame-options" }) {
      reply.headers.append(("x-frame-options", settings.frameOptions))
    }
    return reply
  }

  private func served(_ reply: ArgoReply, _ request: ServedRequest) -> ServedReply {
    let fields = request[query: QueryParameter.fields.name] ?? ""
    switch reply {
    case .document(let document):
      var reply = ServedReply(FieldFilter(fields).applied(to: document))
      if request.method == "POST" { reply.objectName = document.at("metadata", "name")?.string }
      return reply
    case .series(let series):
      let filter = FieldFilter(fields)
      return ServedReply(
        headers: [("content-type", "application/json")],
        body: .stream { sink in
          series.write(to: sink, filter)
          return nil
        })
    case .served(let reply): return reply
    case .stream(let stream):
      let encoding = StreamEncoding(accept: request.fields["accept"])
      let filter = FieldFilter(fields, prefix: "result.\(stream.trims).")
      return ServedReply(
        headers: [("content-type", encoding.contentType)],
        body: .stream(keepAlive: encoding.keepAlive) { sink in
          stream.begin(ResultSink(sink: sink, encoding: encoding, trims: stream.trims, filter: filter))
        })
    }
  }

  /// Throws `badRequest` for a parameter that has a value of another form than the row says.
  private func checkQuery(_ request: ServedRequest) throws(KubeStatus) {
    for (name, value) in request.query {
      guard let parameter = route.query.first(where: { $0.name == name }) else { continue }
      let problem: String? =
        switch parameter.form {
        case .text, .texts: nil
        case .integer: Int64(value) == nil ? "strconv.ParseInt: parsing \(GoQuote.quoted(value)): invalid syntax" : nil
        case .flag: ArgoRequest.flag(value) == nil ? "strconv.ParseBool: parsing \(GoQuote.quoted(value)): invalid syntax" : nil
        }
      if let problem { throw KubeStatus(.badRequest, "type mismatch, parameter: \(name), error: \(problem)") }
    }
  }

  /// Throws `forbidden` for another namespace than the one that the server was told to serve.
  private func checkNamespace(_ request: ServedRequest) throws(KubeStatus) {
    let managedNamespace = settings.managedNamespace
    guard !managedNamespace.isEmpty, route.pattern.contains("{namespace"), request.namespace != managedNamespace else { return }
    throw KubeStatus(.forbidden, "this server serves the namespace \(managedNamespace) only (--namespaced)")
  }

  private func body(_ request: ServedRequest) throws(KubeStatus) -> JSON {
    switch route.body {
    case .none, .bytes: return [:]
    case .anything: return request.body.isEmpty ? [:] : try parsed(request.body)
    case .message(let type):
      guard !request.body.isEmpty else { return [:] }
      var message = try parsed(request.body)
      guard message.object != nil else {
        throw KubeStatus(.badRequest, "json: cannot unmarshal \(message.typeName) into Go value of type \(type)")
      }
      try types.read(&message, as: type)
      return message
    }
  }

  private func parsed(_ bytes: [UInt8]) throws(KubeStatus) -> JSON {
    do throws(JSONParseError) { return try JSON.parse(bytes) } catch { throw KubeStatus(.badRequest, "\(error)") }
  }
}
