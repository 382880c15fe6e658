package import JSONValue
package import KubeModel

/// The specification of a Workflow, WorkflowTemplate or ClusterWorkflowTemplate. `json` is the whole of it as written.
package struct WorkflowSpec: Sendable {
  package enum Shutdown: String, Sendable, Hashable {
    case stop = "Stop"
    case terminate = "Terminate"
  }

  package var json: JSON
  package var entrypoint: String?
  package var templates: [Template]
  package var arguments: Arguments
  package var workflowTemplateRef: WorkflowTemplateRef?
  package var onExit: String?
  /// By name in ascending order.
  package var hooks: [(name: String, hook: LifecycleHook)]
  package var parallelism: Int?
  package var priority: Int64?
  package var activeDeadlineSeconds: Int64?
  package var isSuspended: Bool
  package var shutdown: Shutdown?
  package var serviceAccountName: String?
  package var retryStrategy: RetryStrategy?
  package var templateDefaults: JSON?
  package var synchronization: JSON?
  package var volumes: [JSON]
  package var volumeClaimTemplates: [JSON]
  /// `OnWorkflowSuccess` by default.
  package var volumeClaimGCStrategy: String
  package var ttlStrategy: TTLStrategy?
  package var podGC: PodGC?

  package init(_ json: JSON) {
    self.json = json
    entrypoint = json.text("entrypoint")
    templates = json.list("templates").map(Template.init)
    arguments = Arguments(json["arguments"])
    workflowTemplateRef = json.present("workflowTemplateRef").map(WorkflowTemplateRef.init)
    onExit = json.text("onExit")
    hooks = LifecycleHook.hooks(json["hooks"])
    parallelism = json["parallelism"]?.looseInt.map { Int(clamping: $0) }
    priority = json["priority"]?.looseInt
    activeDeadlineSeconds = json["activeDeadlineSeconds"]?.looseInt
    isSuspended = json["suspend"]?.bool ?? false
    shutdown = json.text("shutdown").flatMap(Shutdown.init(rawValue:))
    serviceAccountName = json.text("serviceAccountName")
    retryStrategy = json.present("retryStrategy").map(RetryStrategy.init)
    templateDefaults = json.present("templateDefaults")
    synchronization = json.present("synchronization")
    volumes = json.list("volumes")
    volumeClaimTemplates = json.list("volumeClaimTemplates")
    volumeClaimGCStrategy = json.at("volumeClaimGC", "strategy")?.string ?? "OnWorkflowSuccess"
    ttlStrategy = TTLStrategy(json["ttlStrategy"])
    podGC = PodGC(json["podGC"])
  }

  /// The specification of a stored object (`spec`; `spec.workflowSpec` of a CronWorkflow).
  package init(_ resource: Resource) {
    self.init(resource.kind == .cronWorkflow ? resource.spec["workflowSpec"] ?? .object([:]) : resource.spec)
  }

  package func template(_ name: String) -> Template? { templates.first { $0.name == name } }
}
