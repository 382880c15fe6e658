internal import ArgoServer
internal import Contracts
internal import KubeModel

/// CronWorkflows.
enum CronRoutes {
  static func routes(_ server: CronServer) -> [ArgoRoute] {
    let objects = ObjectRoutes(
      server.objects, path: "/api/v1/cron-workflows/{namespace}", service: "CronWorkflowService", member: "cronWorkflow",
      what: "cron workflow",
      names: .init(
        create: "CreateCronWorkflowRequest", lint: "LintCronWorkflowRequest", update: "UpdateCronWorkflowRequest",
        deleted: "CronWorkflowDeletedResponse"))
    func action(_ word: String, _ summary: String, isSuspended: Bool) -> ArgoRoute {
      ArgoRoute(
        "PUT", "/api/v1/cron-workflows/{namespace}/{name}/\(word.lowercased())",
        .resource(verb: "patch", group: ResourceKind.cronWorkflow.group, plural: ResourceKind.cronWorkflow.plural),
        "CronWorkflowService_\(word)CronWorkflow", summary, body: .message("CronWorkflow\(word)Request"), answer: .object("CronWorkflow")
      ) { request throws(KubeStatus) in
        .object(try server.setSuspended(isSuspended, namespace: request.namespace, name: request.name, by: request.user))
      }
    }
    return [objects.list()] + objects.others + [
      action("Suspend", "Lets a cron workflow start no more workflows.", isSuspended: true),
      action("Resume", "Lets a cron workflow start workflows again.", isSuspended: false),
    ]
  }

  static let types = """
    CronWorkflowList
      apiVersion string
      items! [CronWorkflow]
      kind string
      metadata! ListMeta
    CreateCronWorkflowRequest
      createOptions io.k8s.apimachinery.pkg.apis.meta.v1.CreateOptions
      cronWorkflow CronWorkflow
      namespace string
    LintCronWorkflowRequest
      cronWorkflow CronWorkflow
      namespace string
    UpdateCronWorkflowRequest
      cronWorkflow CronWorkflow
      name string
      namespace string
    CronWorkflowSuspendRequest
      name string
      namespace string
    CronWorkflowResumeRequest
      name string
      namespace string
    CronWorkflowDeletedResponse
    """
}
