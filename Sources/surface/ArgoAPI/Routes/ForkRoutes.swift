internal import ArgoServer
internal import Contracts
internal import JSONValue
internal import KubeModel
internal import WorkflowCore

/// Argosy's own verb of workflows, which the original has not.
enum ForkRoutes {
  static func routes(_ server: WorkflowServer, _ archive: ArchiveServer) -> [ArgoRoute] {
    [
      ArgoRoute(
        "PUT", "/api/v1/workflows/{namespace}/{name}/fork",
        .resource(verb: "create", group: ResourceKind.workflow.group, plural: ResourceKind.workflow.plural),
        "WorkflowService_ForkWorkflow", "Starts a new workflow from a node of one that is over. Argosy's own.",
        body: .message("WorkflowForkRequest"), answer: .object("Workflow")
      ) { request throws(KubeStatus) in
        .object(try server.fork(namespace: request.namespace, name: request.name, try fork(request), by: request.user))
      },
      ArgoRoute(
        "PUT", "/api/v1/archived-workflows/{uid}/fork", .decidedByHandler, "ArchivedWorkflowService_ForkArchivedWorkflow",
        "Starts a new workflow from a node of an archived one. Argosy's own.", body: .message("WorkflowForkRequest"),
        answer: .object("Workflow")
      ) { request throws(KubeStatus) in
        .object(
          try archive.fork(
            ArchiveRoutes.named(request), try fork(request), by: request.user, ArchiveRoutes.may(request)))
      },
    ]
  }

  private static func fork(_ request: ArgoRequest) throws(KubeStatus) -> ForkRequest {
    func texts(_ member: String) -> [String] { request[member]?.array?.compactMap(\.string) ?? [] }
    let outputs = (request["outputs"]?.array ?? []).map { output in
      ForkRequest.OutputEdit(
        node: output["node"]?.string ?? "", name: output["name"]?.string ?? "", value: output["value"]?.string ?? "")
    }
    return try ForkRequest(
      node: request["node"]?.string ?? "", parameters: texts("parameters"), inputs: texts("inputs"), outputs: outputs)
  }

  static let types = """
    WorkflowForkOutput
      name string
      node string
      value string
    WorkflowForkRequest
      inputs [string]
      name string
      namespace string
      node string
      outputs [WorkflowForkOutput]
      parameters [string]
      uid string
    """
}
