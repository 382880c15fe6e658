internal import ArgoServer
internal import Contracts
internal import JSONValue
internal import KubeModel

/// The rows that kinds of the Argo API have in common.
struct ObjectRoutes: Sendable {
  private let server: ObjectServer
  /// Of the collection: `/api/v1/cron-workflows/{namespace}`.
  private let path: String
  /// `CronWorkflowService`.
  private let service: String
  /// The member of messages that holds the object: `cronWorkflow`.
  private let member: String
  private let what: String
  private let names: Names

  /// How Argo called the messages of a kind.
  struct Names: Sendable {
    var create: String
    var lint: String
    var update: String
    var deleted: String
  }

  init(
    _ server: ObjectServer, path: String, service: String, member: String, what: String, names: Names? = nil
  ) {
    self.server = server
    self.path = path
    self.service = service
    self.member = member
    self.what = what
    let kind = server.kind.kind
    self.names =
      names
      ?? Names(
        create: "\(kind)CreateRequest", lint: "\(kind)LintRequest", update: "\(kind)UpdateRequest", deleted: "\(kind)DeleteResponse")
  }

  private var kind: ResourceKind { server.kind }
  private func access(_ verb: String) -> RouteAccess { .resource(verb: verb, group: kind.group, plural: kind.plural) }

  /// The list; without a namespace in the path, of all.
  func list(
    query: [QueryParameter] = [], _ page: (@Sendable (ArgoRequest) throws(KubeStatus) -> ResourcePage)? = nil
  ) -> ArgoRoute {
    let (server, kind) = (server, kind)
    let pattern = kind.isNamespaced ? path.dropLast("{namespace}".count) + "{namespace?}" : path[...]
    return ArgoRoute(
      "GET", String(pattern), access("list"), "\(service)_List\(kind.kind)s", "Lists \(what)s.",
      query: query + QueryParameter.list + [.fields], answer: .object("\(kind.kind)List")
    ) { request throws(KubeStatus) in
      let found =
        if let page { try page(request) } else { try server.list(namespace: request.namespace, try request.listOptions()) }
      return .list(found, of: kind)
    }
  }

  /// Create, lint, get, update and delete.
  var others: [ArgoRoute] {
    let (server, kind, member, what) = (server, kind, member, what)
    return [
      ArgoRoute(
        "POST", path, access("create"), "\(service)_Create\(kind.kind)", "Stores a new \(what), after checking it as lint does.",
        body: .message(names.create), answer: .object(kind.kind)
      ) { request throws(KubeStatus) in
        let isDryRun = !(request["createOptions"]?["dryRun"]?.array ?? []).isEmpty
        return .object(
          try server.create(
            namespace: request.namespace, try request.required(member, what), isDryRun: isDryRun, by: request.user))
      },
      ArgoRoute(
        "POST", "\(path)/lint", access("get"), "\(service)_Lint\(kind.kind)", "Says what is wrong with a \(what), without storing it.",
        body: .message(names.lint), answer: .object(kind.kind)
      ) { request throws(KubeStatus) in
        .object(try server.lint(namespace: request.namespace, try request.required(member, what), by: request.user))
      },
      ArgoRoute(
        "GET", "\(path)/{name}", access("get"), "\(service)_Get\(kind.kind)", "Gives one \(what).", query: QueryParameter.get + [.fields],
        answer: .object(kind.kind)
      ) { request throws(KubeStatus) in
        .object(try server.get(namespace: request.namespace, name: request.name))
      },
      ArgoRoute(
        "PUT", "\(path)/{name}", access("update"), "\(service)_Update\(kind.kind)", "Replaces a \(what).", body: .message(names.update),
        answer: .object(kind.kind)
      ) { request throws(KubeStatus) in
        .object(
          try server.update(namespace: request.namespace, name: request.name, try request.required(member, what), by: request.user))
      },
      ArgoRoute(
        "DELETE", "\(path)/{name}", access("delete"), "\(service)_Delete\(kind.kind)", "Deletes a \(what).", query: QueryParameter.delete,
        answer: .object(names.deleted)
      ) { request throws(KubeStatus) in
        let deletion = try request.deletion()
        try server.delete(
          namespace: request.namespace, name: request.name, deletion.options, isDryRun: deletion.isDryRun, by: request.user)
        return .done
      },
    ]
  }
}
