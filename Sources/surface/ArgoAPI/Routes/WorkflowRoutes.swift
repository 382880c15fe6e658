internal import ArgoServer
internal import Basics
internal import Contracts
internal import JSONValue
internal import KubeModel

/// Workflows: runs and what is done to them.
enum WorkflowRoutes {
  private static let collection = "/api/v1/workflows/{namespace}"
  private static let single = "/api/v1/workflows/{namespace}/{name}"
  private static let kind = ResourceKind.workflow

  static func routes(_ server: WorkflowServer) -> [ArgoRoute] {
    reading(server) + making(server) + acting(server) + WorkflowStreamRoutes.routes(server)
  }

  static func access(_ verb: String) -> RouteAccess { .resource(verb: verb, group: kind.group, plural: kind.plural) }

  // MARK: Reading

  private static func reading(_ server: WorkflowServer) -> [ArgoRoute] {
    [
      ArgoRoute(
        "GET", "/api/v1/workflows/{namespace?}", access("list"), "WorkflowService_ListWorkflows",
        "Lists workflows, live ones and those that are only archived, newest start first.",
        query: QueryParameter.list + [
          .fields, QueryParameter("nameFilter", "How metadata.name of the field selector is meant: Exact, Contains, Prefix or NotEquals."),
          QueryParameter("createdAfter", "Only workflows that were created at or after this time."),
          QueryParameter("finishedBefore", "Only workflows that ended at or before this time."),
        ], answer: .object("WorkflowList")
      ) { request throws(KubeStatus) in
        let wanted = try WorkflowListRequest(
          namespace: request.namespace, nameFilter: request.text("nameFilter"), createdAfter: request.text("createdAfter"),
          finishedBefore: request.text("finishedBefore"), labelSelector: request.text("listOptions.labelSelector"),
          fieldSelector: request.text("listOptions.fieldSelector"), limit: request.integer("listOptions.limit") ?? 0,
          continueToken: request.text("listOptions.continue"))
        if wanted.accessedNamespace != request.namespace {
          try request.served.authorize("list", group: kind.group, kind.plural, namespace: wanted.accessedNamespace)
        }
        let filter = FieldFilter(request.text("fields"))
        let page = try server.list(wanted, isBrief: filter.leavesOut("items.status.nodes"))
        let isSummaryEnough = filter.wantsOnly(ArchiveSummary.members, below: "items")
        return try .list(ResourcePage(page), of: kind, unfinished: page.archived.count) { item throws(KubeStatus) in
          let isWhole = !page.archived.contains(item.uid) || isSummaryEnough && !ArchiveSummary.isCut(item)
          return isWhole ? item : try server.whole(item)
        }
      },
      ArgoRoute(
        "GET", single, access("get"), "WorkflowService_GetWorkflow",
        "Gives one workflow: the live one of the name, else the archived one. @latest is the one that was made last.",
        query: QueryParameter.get + [
          .fields, QueryParameter("uid", "The workflow of this uid, where several had the name."),
          QueryParameter("history", "true: with the member argosyHistory, what happened to the nodes on their way, by their IDs."),
        ],
        answer: .object("Workflow")
      ) { request throws(KubeStatus) in
        let isBrief = FieldFilter(request.text("fields")).leavesOut("status.nodes")
        return .object(
          try server.get(
            namespace: request.namespace, name: request.name, uid: request.text("uid"), isBrief: isBrief,
            withHistory: request.text("history") == "true"))
      },
    ]
  }

  // MARK: Making

  private static func making(_ server: WorkflowServer) -> [ArgoRoute] {
    [
      ArgoRoute(
        "POST", collection, access("create"), "WorkflowService_CreateWorkflow", "Starts a workflow, after checking it as lint does.",
        body: .message("WorkflowCreateRequest"), answer: .object("Workflow")
      ) { request throws(KubeStatus) in
        guard let workflow = request["workflow"] else { throw KubeStatus(.badRequest, "workflow body not specified") }
        return .object(
          try server.create(
            namespace: request.namespace, workflow, isServerDryRun: request["serverDryRun"]?.bool ?? false,
            isDryRun: !(request["createOptions"]?["dryRun"]?.array ?? []).isEmpty, by: request.user))
      },
      ArgoRoute(
        "POST", collection + "/lint", access("get"), "WorkflowService_LintWorkflow",
        "Says what is wrong with a workflow, without storing it.", body: .message("WorkflowLintRequest"), answer: .object("Workflow")
      ) { request throws(KubeStatus) in
        guard let workflow = request["workflow"] else { throw KubeStatus(.badRequest, "unable to get a workflow") }
        return .object(try server.lint(namespace: request.namespace, workflow, by: request.user))
      },
      ArgoRoute(
        "POST", collection + "/submit", access("create"), "WorkflowService_SubmitWorkflow",
        "Starts a workflow of a template or a cron workflow.", body: .message("WorkflowSubmitRequest"), answer: .object("Workflow")
      ) { request throws(KubeStatus) in
        let submission = try SubmitRequest(
          namespace: request.namespace, resourceKind: request["resourceKind"]?.string ?? "",
          name: request["resourceName"]?.string ?? "", options: try SubmitOptions(json: request["submitOptions"] ?? [:]))
        return .object(
          try server.submit(submission, by: request.user) { source throws(KubeStatus) in
            try request.served.authorize(
              "get", group: source.kind.group, source.kind.plural, namespace: source.namespace, name: source.name)
          })
      },
      ArgoRoute(
        "DELETE", single, access("delete"), "WorkflowService_DeleteWorkflow", "Deletes a workflow.",
        query: QueryParameter.delete + [QueryParameter("force", .flag, "Finalizers do not hold it back.")],
        answer: .object("WorkflowDeleteResponse")
      ) { request throws(KubeStatus) in
        let deletion = try request.deletion()
        try server.delete(
          namespace: request.namespace, name: request.name, isForced: request.flag("force") ?? false, deletion.options,
          isDryRun: deletion.isDryRun, by: request.user)
        return .done
      },
    ]
  }

  // MARK: Acting

  private static func acting(_ server: WorkflowServer) -> [ArgoRoute] {
    func action(
      _ word: String, _ verb: String, _ summary: String,
      _ act: @escaping @Sendable (ArgoRequest) throws(KubeStatus) -> Resource
    ) -> ArgoRoute {
      ArgoRoute(
        "PUT", "\(single)/\(word.lowercased())", access(verb), "WorkflowService_\(word)Workflow", summary,
        body: .message("Workflow\(word)Request"), answer: .object("Workflow")
      ) { request throws(KubeStatus) in .object(try act(request)) }
    }
    func simple(_ word: String, _ verb: String, _ summary: String, _ run: @escaping @Sendable (ArgoRequest) throws(KubeStatus) -> RunVerb)
      -> ArgoRoute
    {
      action(word, verb, summary) { request throws(KubeStatus) in
        try server.act(try run(request), namespace: request.namespace, name: request.name, by: request.user)
      }
    }
    return [
      action("Resubmit", "create", "Starts a workflow again, as a new one.") { request throws(KubeStatus) in
        try server.resubmit(
          namespace: request.namespace, name: request.name, isMemoized: request["memoized"]?.bool ?? false,
          parameters: request.texts(ofBody: "parameters"), priority: request["priority"]?.int.flatMap { Int32(exactly: $0) },
          by: request.user)
      },
      action("Retry", "update", "Lets a workflow that has failed go on.") { request throws(KubeStatus) in
        try server.retry(
          namespace: request.namespace, name: request.name, restartsSuccessful: request["restartSuccessful"]?.bool ?? false,
          selector: request["nodeFieldSelector"]?.string ?? "", parameters: request.texts(ofBody: "parameters"), by: request.user)
      },
      simple("Resume", "update", "Lets a suspended workflow, or its suspended nodes, go on.") { request in
        .resume(selector: request["nodeFieldSelector"]?.string ?? "")
      },
      simple("Suspend", "update", "Lets a workflow start nothing more for now.") { _ in .suspend },
      simple("Stop", "patch", "Ends a workflow; its exit handlers run. With a selector: fails suspended nodes.") { request in
        .stop(selector: request["nodeFieldSelector"]?.string ?? "", message: request["message"]?.string ?? "")
      },
      simple("Terminate", "patch", "Ends a workflow at once, without exit handlers.") { _ in .terminate },
      simple("Set", "update", "Sets outputs, message or phase of suspended nodes.") { request throws(KubeStatus) in
        .set(
          selector: request["nodeFieldSelector"]?.string ?? "", outputs: try outputs(request["outputParameters"]?.string ?? ""),
          message: request["message"]?.string ?? "", phase: request["phase"]?.string ?? "")
      },
    ]
  }

  /// Reads the JSON object in a text that `set` takes.
  private static func outputs(_ text: String) throws(KubeStatus) -> [String: String] {
    guard !text.isEmpty else { return [:] }
    func failed(_ problem: String) -> KubeStatus {
      KubeStatus(.badRequest, "unable to parse output parameter set request: \(problem)")
    }
    let json: JSON
    do throws(JSONParseError) { json = try JSON.parse(text) } catch { throw failed("\(error)") }
    guard let members = json.object else { throw failed("json: cannot unmarshal \(json.typeName) into Go value of type map[string]string") }
    var result: [String: String] = [:]
    for (name, value) in members {
      guard let value = value.string else {
        throw failed("json: cannot unmarshal \(value.typeName) into Go value of type string")
      }
      result[name] = value
    }
    return result
  }

  /// The types of the messages, in the notation of `SchemaTable`.
  static let types = """
    WorkflowList
      apiVersion string
      items! [Workflow]
      kind string
      metadata! ListMeta
    WorkflowCreateRequest
      createOptions io.k8s.apimachinery.pkg.apis.meta.v1.CreateOptions
      instanceID string
      namespace string
      serverDryRun boolean
      workflow Workflow
    WorkflowLintRequest
      namespace string
      workflow Workflow
    WorkflowSubmitRequest
      namespace string
      resourceKind string
      resourceName string
      submitOptions SubmitOpts
    SubmitOpts
      annotations string
      artifacts [string]
      dryRun boolean
      entryPoint string
      generateName string
      labels string
      name string
      ownerReference OwnerReference
      parameters [string]
      podPriorityClassName string
      priority integer
      serverDryRun boolean
      serviceAccount string
    WorkflowDeleteResponse
    WorkflowResubmitRequest
      memoized boolean
      name string
      namespace string
      parameters [string]
      priority integer
    WorkflowRetryRequest
      name string
      namespace string
      nodeFieldSelector string
      parameters [string]
      restartSuccessful boolean
    WorkflowResumeRequest
      name string
      namespace string
      nodeFieldSelector string
    WorkflowSuspendRequest
      name string
      namespace string
    WorkflowStopRequest
      message string
      name string
      namespace string
      nodeFieldSelector string
    WorkflowTerminateRequest
      name string
      namespace string
    WorkflowSetRequest
      message string
      name string
      namespace string
      nodeFieldSelector string
      outputParameters string
      phase string
    WorkflowWatchEvent
      object Workflow
      type string
    LogEntry
      begun string
      content string
      ended boolean
      podName string
      time string
    """
}

extension ResourcePage {
  fileprivate init(_ page: WorkflowPage) {
    self.init(items: page.items, revision: page.revision)
    continueToken = page.continueToken
    remaining = page.remaining
  }
}

extension ArgoRequest {
  /// The texts of a list in the body.
  fileprivate func texts(ofBody member: String) -> [String] { self[member]?.array?.compactMap(\.string) ?? [] }
}
