internal import Contracts
internal import JSONValue
internal import KubeAPI
internal import KubeModel
import NIOHTTP1

/// The verbs of the Kubernetes API on resources.
enum ResourceRoutes {
  static let notAllowed = KubeStatus(.methodNotAllowed, "the server does not allow this method on the requested resource", details: .init())
  static let notFound = KubeStatus(.notFound, "the server could not find the requested resource", details: .init())

  @Sendable static func answer(_ request: AdmittedRequest, _ core: ServerCore) throws(KubeStatus) -> APIAnswer {
    let info = request.info
    guard info.isResource, let kind = core.parts.kinds.catalog.kind(group: info.group, version: info.version, plural: info.resource) else {
      throw notFound
    }
    let place = kind.kind.isNamespaced
    guard place || info.namespace.isEmpty || info.resource == "namespaces" else { throw notFound }
    if !info.subresource.isEmpty { return try Subresources.answer(request, kind, core) }
    guard kind.verbs.contains(info.verb) else { throw notAllowed }
    // Objects of namespaces are made, read and changed in one; only lists go over all.
    guard !place || !info.namespace.isEmpty || ["list", "watch"].contains(info.verb) else { throw notAllowed }
    let call = ResourceCall(request: request, kind: kind, core: core)
    switch info.verb {
    case "get": return try call.get()
    case "list": return try call.list()
    case "watch": return try call.watch()
    case "create": return try call.create()
    case "update": return try call.update(subresource: "")
    case "patch": return try call.patch(subresource: "")
    case "delete": return try call.delete()
    case "deletecollection": return try call.deleteAll()
    default: throw notAllowed
    }
  }
}

/// One request about a resource of a known kind.
struct ResourceCall: Sendable {
  let request: AdmittedRequest
  let kind: APIKind
  let core: ServerCore

  private var info: RequestInfo { request.info }
  var target: RequestTarget { request.head.target }
  var headers: HTTPHeaders { request.head.headers }
  private var resources: any ResourceServing { core.parts.resources }
  var key: ResourceKey { ResourceKey(kind.kind, namespace: info.namespace, name: info.name) }
  var namespace: String? { kind.kind.isNamespaced && !info.namespace.isEmpty ? info.namespace : nil }

  /// The printer for the form that the client asked for. Throws `notAcceptable`.
  func printer() throws(KubeStatus) -> ResourcePrinter {
    let pretty = target["pretty"].map { $0 != "false" && $0 != "0" } ?? (headers.first(name: "user-agent")?.hasPrefix("curl") ?? false)
    return ResourcePrinter(
      negotiated: try Negotiated.resource(headers, pretty: pretty), kind: kind, included: target["includeObject"] ?? "")
  }

  func get() throws(KubeStatus) -> APIAnswer {
    let printer = try printer()
    return printer.answer(.ok, try resources.get(key))
  }

  func list() throws(KubeStatus) -> APIAnswer {
    let printer = try printer()
    var options = try QueryOptions.list(target)
    options.wantsTexts = printer.takesTexts
    return printer.answer(try resources.list(kind.kind, namespace: namespace, options))
  }

  func watch() throws(KubeStatus) -> APIAnswer {
    let printer = try printer()
    let options = try QueryOptions.watch(target)
    var seconds = try QueryOptions.timeoutSeconds(target) ?? Int64.random(in: core.settings.watchSeconds...core.settings.watchSeconds * 2)
    seconds = min(seconds, 86_400)
    let ticket = try core.streams.enter(request.user)
    let feed = WatchFeed(limit: core.settings.watchBacklog, printer: printer)
    let handle = try resources.watch(kind.kind, namespace: namespace, options) { feed.push($0) }
    let stream = WatchStream(
      feed: feed, lease: Lease { handle.cancel() }, printer: printer, isFresh: !feed.goLive(), stop: core.stop, seconds: seconds,
      ticket: ticket)
    return APIAnswer(.ok, headers: ["content-type": printer.streamContentType], body: .stream { try await stream.run($0) })
  }

  func create() throws(KubeStatus) -> APIAnswer {
    guard info.name.isEmpty else { throw ResourceRoutes.notAllowed }
    let printer = try printer()
    if kind.verbs == ["create"] {
      let document = try document().json
      return APIAnswer(
        .created, try core.parts.reviews.review(kind.kind.plural, namespace: info.namespace, document, by: request.user),
        printer.negotiated.form)
    }
    var options = try writeOptions("CreateOptions")
    let (document, duplicates) = try document()
    options.duplicateFields = duplicates
    let written = try resources.create(kind.kind, namespace: namespace, document, options)
    var answer = printer.answer(.created, written)
    answer.objectName = written.resource.name
    return answer
  }

  func update(subresource: String) throws(KubeStatus) -> APIAnswer {
    guard !info.name.isEmpty else { throw ResourceRoutes.notAllowed }
    let printer = try printer()
    var options = try writeOptions("UpdateOptions")
    let (document, duplicates) = try document()
    options.duplicateFields = duplicates
    let written = try resources.update(key, subresource: subresource, document, options)
    return printer.answer(written.isDone ? .created : .ok, written)
  }

  func patch(subresource: String) throws(KubeStatus) -> APIAnswer {
    guard !info.name.isEmpty else { throw ResourceRoutes.notAllowed }
    let printer = try printer()
    var options = try writeOptions("PatchOptions")
    let form: PatchForm
    switch try BodyReading.contentType(headers) {
    case "application/json-patch+json": form = .json
    case "application/merge-patch+json": form = .merge
    case "application/strategic-merge-patch+json" where !kind.isCustom: form = .strategic
    case "application/apply-patch+yaml", "application/apply-patch+json": form = .apply
    default:
      let strategic = kind.isCustom ? "" : "application/strategic-merge-patch+json, "
      throw KubeStatus(
        .unsupportedMediaType,
        "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, "
          + "application/merge-patch+json, \(strategic)application/apply-patch+yaml")
    }
    if form == .apply {
      guard !(target["fieldManager"] ?? "").isEmpty else {
        throw KubeStatus(.invalid, "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch")
      }
    } else if try target.flag("force") != nil {
      throw KubeStatus(.invalid, "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch")
    }
    options.force = try target.flag("force") ?? false
    var duplicates: [String] = []
    let patch = form == .apply ? try YAMLBody.parse(request.body) : try BodyReading.json(request.body, duplicates: &duplicates)
    options.duplicateFields = duplicates
    let written = try resources.patch(key, subresource: subresource, form, patch, options)
    return printer.answer(written.isDone ? .created : .ok, written)
  }

  func delete() throws(KubeStatus) -> APIAnswer {
    let printer = try printer()
    let (deletion, options) = try deletion()
    let written = try resources.delete(key, deletion, options)
    guard written.isDone else { return printer.answer(.ok, written) }
    return printer.deleted(written)
  }

  func deleteAll() throws(KubeStatus) -> APIAnswer {
    let printer = try printer()
    let (deletion, options) = try deletion()
    return printer.answer(try resources.deleteAll(kind.kind, namespace: namespace, try QueryOptions.list(target), deletion, options))
  }

  private func deletion() throws(KubeStatus) -> (DeleteOptions, WriteOptions) {
    var duplicates: [String] = []
    let body = try BodyReading.document(request.body, headers, duplicates: &duplicates)
    let (deletion, isDryRun) = try QueryOptions.delete(target, body)
    var options = try writeOptions("DeleteOptions")
    options.isDryRun = options.isDryRun || isDryRun
    return (deletion, options)
  }

  private func writeOptions(_ kind: String) throws(KubeStatus) -> WriteOptions {
    try QueryOptions.write(target, user: request.user, userAgent: headers.first(name: "user-agent") ?? "", kind: kind)
  }

  /// The body as a document, and what its text has twice. Throws `badRequest` without one.
  func document() throws(KubeStatus) -> (json: JSON, duplicates: [String]) {
    var duplicates: [String] = []
    guard let document = try BodyReading.document(request.body, headers, duplicates: &duplicates), document.object != nil else {
      throw KubeStatus(.badRequest, "the body of the request must be an object")
    }
    return (document, duplicates)
  }
}
