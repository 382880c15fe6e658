internal import ArgoServer
internal import Basics
internal import Contracts
import Glibc
internal import JSONValue
internal import KubeModel

/// Artifacts.
enum ArtifactRoutes {
  private static let access = RouteAccess.resource(verb: "get", group: ResourceKind.workflow.group, plural: ResourceKind.workflow.plural)

  static func routes(_ server: ArtifactServer, uploadLimit: Int) -> [ArgoRoute] {
    let one: (ArtifactServer.Direction) -> [ArgoRoute] = { direction in
      let (prefix, word, what) =
        direction == .outputs ? ("artifacts", "Output", "an output artifact") : ("input-artifacts", "Input", "an input artifact")
      return [
        ArgoRoute(
          "GET", "/\(prefix)/{namespace}/{name}/{nodeId}/{artifactName}", access, "ArtifactService_Get\(word)Artifact",
          "Gives \(what) of a workflow as it is stored.", answer: .bytes
        ) { request throws(KubeStatus) in
          let workflow = try server.workflow(namespace: request.namespace, name: request.name)
          return try whole(direction, of: workflow, request, server)
        },
        // Whose workflow it is stands in the workflow.
        ArgoRoute(
          "GET", "/\(prefix)-by-uid/{uid}/{nodeId}/{artifactName}", .decidedByHandler, "ArtifactService_Get\(word)ArtifactByUID",
          "Gives \(what) of an archived workflow as it is stored.", answer: .bytes
        ) { request throws(KubeStatus) in
          try whole(direction, of: try permitted(try server.workflow(uid: request.part("uid")), request), request, server)
        },
      ]
    }
    let files = "/artifact-files/{namespace}/{idDiscriminator}/{id}/{nodeId}/{artifactDiscriminator}/{artifactName}"
    return one(.outputs) + one(.inputs) + [
      ArgoRoute(
        "GET", files, .decidedByHandler, "ArtifactService_GetArtifactFile",
        "Gives an artifact; behind a slash the list of a directory's or an archive's files.", answer: .bytes
      ) { request throws(KubeStatus) in try file(request, server) },
      ArgoRoute(
        "GET", files + "/{path...}", .decidedByHandler, "ArtifactService_GetArtifactFileInDirectory",
        "Gives a file of an artifact that is a directory or an archive.", answer: .bytes
      ) { request throws(KubeStatus) in try file(request, server) },
      ArgoRoute(
        "POST", "/upload-artifacts/{namespace}/{workflowTemplateName}/{artifactName}", .decidedByHandler,
        "ArtifactService_UploadInputArtifact",
        "Keeps the file of a form (multipart/form-data, the field file) as a new value of an artifact argument of a WorkflowTemplate.",
        body: .bytes(.file(limit: uploadLimit)), answer: .object("UploadArtifactResponse")
      ) { request throws(KubeStatus) in try upload(request, server) },
    ]
  }

  private static func permitted(_ workflow: Resource, _ request: ArgoRequest) throws(KubeStatus) -> Resource {
    try request.served.authorize(
      "get", group: ResourceKind.workflow.group, ResourceKind.workflow.plural, namespace: workflow.namespace, name: workflow.name)
    return workflow
  }

  private static func whole(
    _ direction: ArtifactServer.Direction, of workflow: Resource, _ request: ArgoRequest, _ server: ArtifactServer
  ) throws(KubeStatus) -> ArgoReply {
    let item = try server.item(of: workflow, node: request.part("nodeId"), direction, named: request.part("artifactName"))
    if case .file(let file) = try server.content(of: item) {
      return .served(FileReplies.file(file, name: item.fileName, request.served.fields))
    }
    return .served(FileReplies.file(try server.packed(item), name: item.fileName + ".tgz", request.served.fields))
  }

  private static func file(_ request: ArgoRequest, _ server: ArtifactServer) throws(KubeStatus) -> ArgoReply {
    guard let direction = ArtifactServer.Direction(rawValue: request.part("artifactDiscriminator")) else {
      throw KubeStatus(.badRequest, "\"inputs\" or \"outputs\" must stand before the artifact's name")
    }
    let workflow: Resource
    switch request.part("idDiscriminator") {
    case "workflows":
      try request.served.authorize(
        "get", group: ResourceKind.workflow.group, ResourceKind.workflow.plural, namespace: request.namespace, name: request.part("id"))
      workflow = try server.workflow(namespace: request.namespace, name: request.part("id"))
    case "archived-workflows":
      workflow = try permitted(try server.workflow(uid: request.part("id")), request)
      guard workflow.namespace == request.namespace else { throw KubeStatus(.badRequest, "the workflow is in another namespace") }
    default: throw KubeStatus(.badRequest, "\"workflows\" or \"archived-workflows\" must stand before the workflow")
    }
    let item = try server.item(of: workflow, node: request.part("nodeId"), direction, named: request.part("artifactName"))
    let path = request.part("path")
    if request.served.path.hasSuffix("/") {
      let names = try server.names(in: item, at: path)
      if names.contains("index.html") { return .served(FileReplies.redirect(to: request.served.path + "index.html")) }
      return .served(FileReplies.listing(names))
    }
    switch try server.content(of: item, at: path) {
    case .directory: return .served(FileReplies.redirect(to: request.served.path + "/"))
    case .file(let file):
      let name = path.split(separator: "/").last.map(String.init) ?? item.fileName
      return .served(FileReplies.file(file, name: name, request.served.fields))
    }
  }

  private static func upload(_ request: ArgoRequest, _ server: ArtifactServer) throws(KubeStatus) -> ArgoReply {
    let template = request.part("workflowTemplateName")
    try request.served.authorize(
      "get", group: ResourceKind.workflowTemplate.group, ResourceKind.workflowTemplate.plural, namespace: request.namespace, name: template)
    try request.served.authorize("create", group: ResourceKind.workflow.group, ResourceKind.workflow.plural, namespace: request.namespace)
    guard let body = request.served.bodyFile else { throw KubeStatus(.badRequest, "Failed to parse multipart form: missing form body") }
    let target = body + ".file"
    defer { unlink(target) }
    let form = try MultipartFile(body, contentType: request.served.fields["content-type"] ?? "")
    guard let fileName = try form.extract("file", to: target) else {
      throw KubeStatus(.badRequest, "Failed to get file from form: http: no such file")
    }
    let name = request.part("artifactName")
    let key = try server.upload(target, fileName: fileName, template: template, artifact: name, namespace: request.namespace)
    return .document(["name": .string(name), "key": .string(key)])
  }

  /// The types of the messages, in the notation of `SchemaTable`.
  static let types = """
    UploadArtifactResponse
      key string
      name string
    """
}
