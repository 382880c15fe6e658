internal import ArgoServer
internal import Contracts
internal import JSONValue
internal import KubeModel

/// WorkflowTemplates and ClusterWorkflowTemplates.
enum TemplateRoutes {
  static func routes(_ server: TemplateServer) -> [ArgoRoute] {
    let pattern = QueryParameter("namePattern", "Only templates whose names have this text in them.")
    let namespaced = ObjectRoutes(
      server.namespaced, path: "/api/v1/workflow-templates/{namespace}", service: "WorkflowTemplateService", member: "template",
      what: "workflow template")
    let cluster = ObjectRoutes(
      server.cluster, path: "/api/v1/cluster-workflow-templates", service: "ClusterWorkflowTemplateService", member: "template",
      what: "cluster workflow template")
    let list = namespaced.list(query: [pattern]) { request throws(KubeStatus) in
      try server.list(namespace: request.namespace, pattern: request.text("namePattern"), try request.listOptions())
    }
    return [list] + namespaced.others + [cluster.list()] + cluster.others
  }

  static let types = """
    WorkflowTemplateList
      apiVersion string
      items! [WorkflowTemplate]
      kind string
      metadata! ListMeta
    WorkflowTemplateCreateRequest
      createOptions io.k8s.apimachinery.pkg.apis.meta.v1.CreateOptions
      namespace string
      template WorkflowTemplate
    WorkflowTemplateLintRequest
      createOptions io.k8s.apimachinery.pkg.apis.meta.v1.CreateOptions
      namespace string
      template WorkflowTemplate
    WorkflowTemplateUpdateRequest
      name string
      namespace string
      template WorkflowTemplate
    WorkflowTemplateDeleteResponse
    ClusterWorkflowTemplateList
      apiVersion string
      items! [ClusterWorkflowTemplate]
      kind string
      metadata! ListMeta
    ClusterWorkflowTemplateCreateRequest
      createOptions io.k8s.apimachinery.pkg.apis.meta.v1.CreateOptions
      template ClusterWorkflowTemplate
    ClusterWorkflowTemplateLintRequest
      createOptions io.k8s.apimachinery.pkg.apis.meta.v1.CreateOptions
      template ClusterWorkflowTemplate
    ClusterWorkflowTemplateUpdateRequest
      name string
      template ClusterWorkflowTemplate
    ClusterWorkflowTemplateDeleteResponse
    io.k8s.apimachinery.pkg.apis.meta.v1.CreateOptions
      apiVersion string
      dryRun [string]
      fieldManager string
      fieldValidation string
      kind string
    """
}
