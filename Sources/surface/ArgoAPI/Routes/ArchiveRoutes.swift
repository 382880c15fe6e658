internal import ArgoServer
internal import Contracts
internal import JSONValue
internal import KubeModel

/// Archived workflows: finished runs.
enum ArchiveRoutes {
  private static let collection = "/api/v1/archived-workflows"
  private static let single = "/api/v1/archived-workflows/{uid}"
  private static let kind = ResourceKind.workflow
  private static let reference = [
    QueryParameter("namespace", "The workflow's namespace, with its name in the place of its uid."),
    QueryParameter("name", "The workflow's name: the one of this name that started last."),
  ]
  private static let namespace = QueryParameter("namespace", "Only workflows of this namespace.")

  static func routes(_ server: ArchiveServer) -> [ArgoRoute] { reading(server) + labels(server) + acting(server) }

  // MARK: Reading

  private static func reading(_ server: ArchiveServer) -> [ArgoRoute] {
    [
      ArgoRoute(
        "GET", collection, .decidedByHandler, "ArchivedWorkflowService_ListArchivedWorkflows",
        "Lists archived workflows without their nodes and templates, newest start first.",
        query: QueryParameter.list + [
          .fields, namespace, QueryParameter("namePrefix", "Only workflows whose name begins with this."),
          QueryParameter(
            "nameFilter",
            "How metadata.name of the field selector, or without that namePrefix, is meant: Exact, Contains, Prefix or NotEquals."),
          QueryParameter("createdAfter", "Only workflows that were created after this time."),
          QueryParameter("finishedBefore", "Only workflows that ended before this time."),
          QueryParameter("phase", .texts, "Only workflows that ended so: Succeeded, Failed or Error."),
          QueryParameter(
            "search", "Words that must all occur in names, parameters or messages, also within other words; \"quoted words\" are one."),
        ], answer: .object("WorkflowList")
      ) { request throws(KubeStatus) in
        var wanted = try WorkflowListRequest(
          namespace: request.text("namespace"), nameFilter: request.text("nameFilter"), createdAfter: request.text("createdAfter"),
          finishedBefore: request.text("finishedBefore"), labelSelector: request.text("listOptions.labelSelector"),
          fieldSelector: request.text("listOptions.fieldSelector"), limit: request.integer("listOptions.limit") ?? 0,
          continueToken: request.text("listOptions.continue"))
        let scope = server.scope(wanted.accessedNamespace)
        if scope != wanted.accessedNamespace { wanted.namespace = scope }
        try mayList(request, scope)
        let page = try server.list(
          wanted, namePrefix: request.text("namePrefix"), isPrefix: request.text("nameFilter").isEmpty, phases: Set(request.texts("phase")),
          search: request.text("search"))
        return .list(page, of: kind)
      },
      ArgoRoute(
        "GET", single, .decidedByHandler, "ArchivedWorkflowService_GetArchivedWorkflow", "Gives one archived workflow.",
        query: reference + [.fields], answer: .object("Workflow")
      ) { request throws(KubeStatus) in
        let wanted = ArchiveServer.Reference(uid: request.part("uid"), namespace: request.text("namespace"), name: request.text("name"))
        return .object(try server.get(wanted, may(request)))
      },
      ArgoRoute(
        "DELETE", single, .decidedByHandler, "ArchivedWorkflowService_DeleteArchivedWorkflow",
        "Removes a workflow from the archive, with its logs and artifacts.", query: reference,
        answer: .object("ArchivedWorkflowDeletedResponse")
      ) { request throws(KubeStatus) in
        try server.delete(
          ArchiveServer.Reference(uid: request.part("uid"), namespace: request.text("namespace"), name: request.text("name")), may(request))
        return .done
      },
    ]
  }

  static func may(_ request: ArgoRequest) -> ArchiveServer.May {
    { verb, namespace, name throws(KubeStatus) in
      try request.served.authorize(verb, group: kind.group, kind.plural, namespace: namespace, name: name)
    }
  }

  /// An empty namespace means all.
  private static func mayList(_ request: ArgoRequest, _ namespace: String) throws(KubeStatus) {
    do throws(KubeStatus) {
      try request.served.authorize("list", group: kind.group, kind.plural, namespace: namespace)
    } catch {
      guard error.reason == .forbidden else { throw error }
      throw KubeStatus(
        .forbidden,
        "Permission denied, you are not allowed to list workflows in namespace \"\(namespace)\". Maybe you want to specify a namespace with "
          + "query parameter `.namespace=\(namespace)`?")
    }
  }

  // MARK: Labels

  private static func labels(_ server: ArchiveServer) -> [ArgoRoute] {
    [
      ArgoRoute(
        "GET", "/api/v1/archived-workflows-label-keys", .decidedByHandler, "ArchivedWorkflowService_ListArchivedWorkflowLabelKeys",
        "Lists the keys of the labels of archived workflows.", query: [namespace], answer: .object("LabelKeys")
      ) { request throws(KubeStatus) in
        let scope = server.scope(request.text("namespace"))
        try mayList(request, scope)
        return items(try server.labelKeys(namespace: scope.isEmpty ? nil : scope))
      },
      ArgoRoute(
        "GET", "/api/v1/archived-workflows-label-values", .decidedByHandler, "ArchivedWorkflowService_ListArchivedWorkflowLabelValues",
        "Lists the values of the one label that listOptions.labelSelector names.", query: QueryParameter.list + [namespace],
        answer: .object("LabelValues")
      ) { request throws(KubeStatus) in
        let scope = server.scope(request.text("namespace"))
        try mayList(request, scope)
        return items(try server.labelValues(try request.selectors().0, namespace: scope.isEmpty ? nil : scope))
      },
    ]
  }

  private static func items(_ texts: [String]) -> ArgoReply { .document(["items": .array(texts.map { .string($0) })]) }

  // MARK: Acting

  static func named(_ request: ArgoRequest) -> ArchiveServer.Reference {
    ArchiveServer.Reference(
      uid: request.part("uid"), namespace: request["namespace"]?.string ?? "", name: request["name"]?.string ?? "")
  }

  private static func acting(_ server: ArchiveServer) -> [ArgoRoute] {
    [
      ArgoRoute(
        "PUT", single + "/resubmit", .decidedByHandler, "ArchivedWorkflowService_ResubmitArchivedWorkflow",
        "Starts an archived workflow again, as a new one.", body: .message("ResubmitArchivedWorkflowRequest"), answer: .object("Workflow")
      ) { request throws(KubeStatus) in
        .object(
          try server.resubmit(
            named(request), isMemoized: request["memoized"]?.bool ?? false, parameters: request.texts(ofBody: "parameters"),
            priority: request["priority"]?.int.map { Int32(clamping: $0) }, by: request.user, may(request)))
      },
      ArgoRoute(
        "PUT", single + "/retry", .decidedByHandler, "ArchivedWorkflowService_RetryArchivedWorkflow",
        "Makes an archived workflow anew, under its name, and lets it go on.", body: .message("RetryArchivedWorkflowRequest"),
        answer: .object("Workflow")
      ) { request throws(KubeStatus) in
        .object(
          try server.retry(
            named(request), restartsSuccessful: request["restartSuccessful"]?.bool ?? false,
            selector: request["nodeFieldSelector"]?.string ?? "", parameters: request.texts(ofBody: "parameters"), by: request.user,
            may(request)))
      },
    ]
  }

  /// The types of the messages, in the notation of `SchemaTable`.
  static let types = """
    ArchivedWorkflowDeletedResponse
    LabelKeys
      items [string]
    LabelValues
      items [string]
    ResubmitArchivedWorkflowRequest
      memoized boolean
      name string
      namespace string
      parameters [string]
      priority integer
      uid string
    RetryArchivedWorkflowRequest
      name string
      namespace string
      nodeFieldSelector string
      parameters [string]
      restartSuccessful boolean
      uid string
    """
}

extension ArgoRequest {
  /// The texts of a list in the body.
  fileprivate func texts(ofBody member: String) -> [String] { self[member]?.array?.compactMap(\.string) ?? [] }
}
