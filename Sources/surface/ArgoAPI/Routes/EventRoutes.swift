internal import ArgoServer
internal import Contracts
internal import JSONValue
internal import KubeModel

/// Events from outside and their bindings.
enum EventRoutes {
  static func routes(_ server: EventDispatcher) -> [ArgoRoute] {
    let kind = ResourceKind.workflowEventBinding
    return [
      // Who sends it may be known by a signature over the body alone.
      ArgoRoute(
        "POST", "/api/v1/events/{namespace}/{discriminator?}", .open, "EventService_ReceiveEvent",
        "Submits a workflow for every WorkflowEventBinding of the namespace whose selector holds for the body.", body: .anything,
        answer: .object("EventResponse")
      ) { request throws(KubeStatus) in
        let user = try sender(of: request.served, server)
        try server.receive(
          IncomingEvent(
            namespace: request.namespace, discriminator: request.part("discriminator"), metadata: metadata(request.served.fields),
            payload: request.served.body.isEmpty ? .null : request.body), by: user)
        var reply = ServedReply(.object([:]))
        if user != request.user { reply.user = user }
        return .served(reply)
      },
      ArgoRoute(
        "GET", "/api/v1/workflow-event-bindings/{namespace?}", .resource(verb: "list", group: kind.group, plural: kind.plural),
        "EventService_ListWorkflowEventBindings", "The bindings of a namespace.", query: QueryParameter.list + [.fields],
        answer: .object("WorkflowEventBindingList")
      ) { request throws(KubeStatus) in
        .list(try server.bindings(namespace: request.namespace, try request.listOptions()), of: kind)
      },
    ]
  }

  /// Who sends an event: by a token or certificate, or by what a webhook client shows. Throws `unauthorized`, and `forbidden` for what is no webhook client's.
  private static func sender(of request: ServedRequest, _ server: EventDispatcher) throws(KubeStatus) -> UserInfo {
    guard request.fields["authorization"] == nil else {
      guard request.user != .anonymous else { throw KubeStatus(.unauthorized, "Unauthorized") }
      return request.user
    }
    do throws(KubeStatus) {
      let account = try server.webhooks.account(namespace: request.namespace, fields: request.fields, body: request.body)
      if let account { return account }
    } catch {
      if request.user == .anonymous { throw error }
    }
    guard request.user != .anonymous else { throw KubeStatus(.unauthorized, "Unauthorized") }
    return request.user
  }

  /// The fields that expressions may see.
  static func metadata(_ fields: HeaderFields) -> [String: [String]] {
    var result: [String: [String]] = [:]
    for (name, value) in fields.all {
      let name = name.lowercased()
      if name.hasPrefix("x-") { result[name, default: []].append(value) }
    }
    return result
  }

  /// The types of the messages, in the notation of `SchemaTable`.
  static let types = """
    EventResponse
    WorkflowEventBindingList
      apiVersion string
      items! [WorkflowEventBinding]
      kind string
      metadata! ListMeta
    """
}
