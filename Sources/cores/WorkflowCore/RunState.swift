import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import Telemetry

/// The whole state of one workflow run. A value: `decide` takes an event and returns what is to be done; nothing here waits, asks the clock
/// or fails.
package struct RunState: Sendable {
  /// Without meaning: a value with a member of any type is passed by its address. Without one the compiler loads and copies all of this large value for
  /// calls within it, which took a tenth of each decision.
  private let keepsInPlace: any Sendable = ()
  package let uid: String
  package let namespace: String
  package let name: String
  let podConstants: PodConstants

  var identity: WorkflowIdentity
  var spec: WorkflowSpec { didSet { podMoulds = [:] } }
  var frozen: FrozenTemplates
  /// What makes the run end at its first decision.
  var problem: (phase: WorkflowPhase, message: String)?
  var header = RunHeader()

  var nodes: [Node] = []
  var sources = NodeSources()
  var recentTexts = RecentTexts()
  var nodeTable = NodeTable()
  /// Nodes by their pods, where the names of these do not follow from theirs.
  var unusualPods: [String: Int] = [:]
  /// Nodes whose task is with the agent, by their ID.
  var nodeByTask: [String: Int] = [:]
  var templates: [String: CompiledTemplate] = [:]
  /// Those of them that have a name.
  var namedTemplates: [TemplatePlace: CompiledTemplate] = [:]
  /// What the run takes over from the run that it was made from.
  var reuse = ReuseTable()

  /// By what pods depend on; nil: they differ in more than their names. Forgotten when the specification or the start changes.
  var podMoulds: [PodMould.Key: PodMould?] = [:]

  // Of the decision under way.
  var world = World(now: Instant(milliseconds: 0))
  var stack: [Work] = []
  var effects: [RunEffect] = []
  /// Names of custom metrics that it was the first to use.
  var declaredMetrics: [String: MetricDescriptor] = [:]
  /// Entries of memoization caches that it saved, by `cache/key`.
  var savedEntries: [String: String] = [:]

  // Not yet told to the store.
  var changedNodes = ChangedNodes()
  var isHeaderChanged = false

  /// Nodes that hold locks or want some.
  var claimed: Set<Int> = []
  var timers: [TimerID: Instant] = [:]
  var activePods = 0
  /// Those of them that are up as daemons.
  var servingDaemons = 0
  /// Owners that wait for the workflow's parallelism.
  var blocked = MinHeap()
  var workDone = 0
  var workTotal = 0
  /// What all pods that have ended have used.
  var totalUsage = ResourceUsage()
  /// Hook and exit owners of the workflow itself.
  var workflowHooks: [CompiledHook] = []
  var workflowExit: CompiledHook?
  var workflowMetrics: [CompiledMetric] = []
  /// Those that the workflow's specification says.
  var workflowPodFields = PodField.Names()

  var now: Instant { world.now }

  /// A new run of a stored Workflow object. Freezes the merged specification and every template that it can reach. Never fails: what is
  /// wrong becomes the run's phase at its first decision, with Argo's message.
  /// - Parameter reuse: what it takes over from an earlier run.
  package init(workflow: Resource, templates catalog: TemplateCatalog, reuse: ReuseTable = ReuseTable()) {
    self.reuse = reuse
    uid = workflow.uid
    namespace = workflow.namespace
    name = workflow.name
    podConstants = PodConstants(run: name, uid: uid)
    var problem: (phase: WorkflowPhase, message: String)?
    var metadata = workflow.metadata
    var json = workflow.spec
    var template: Resource?
    if let reference = json.present("workflowTemplateRef").map(WorkflowTemplateRef.init) {
      template = catalog.resource(reference.name, isClusterScoped: reference.isClusterScoped)
      if template == nil {
        let plural = reference.isClusterScoped ? "clusterworkflowtemplates" : "workflowtemplates"
        problem = (.error, "\(plural).argoproj.io \"\(reference.name)\" not found")
      }
      if let violation = catalog.restriction?.problem(with: json) { problem = (.error, violation) }
    } else if catalog.restriction != nil {
      problem = (.error, "workflows must use workflowTemplateRef to be executed when the controller is in reference mode")
    }
    json = SpecMerge.merge(workflow: json, template: template?.spec, defaults: catalog.defaults?.spec)
    var added: [String: [String: String]] = [:]
    for field in ["labels", "annotations"] {
      for (key, value) in catalog.defaults?.metadata[field]?.object ?? [:] where metadata[field]?[key] == nil {
        var members = metadata[field] ?? .object([:])
        members[key] = value
        metadata[field] = members
        added[field, default: [:]][key] = value.string
      }
    }
    identity = WorkflowIdentity(metadata)
    spec = WorkflowSpec(json)
    frozen = FrozenTemplates(spec: json, catalog: catalog)
    self.problem = problem
    header.priority = workflow.spec["priority"]?.looseInt ?? 0
    header.isSuspended = spec.isSuspended
    header.shutdown = spec.shutdown
    header.labels = added["labels"] ?? [:]
    header.annotations = added["annotations"] ?? [:]
    compileHooks()
    isHeaderChanged = true
  }

  /// The state without nodes, for restoring.
  init(uid: String, namespace: String, name: String, identity: WorkflowIdentity, spec: JSON, frozen: FrozenTemplates) {
    self.uid = uid
    self.namespace = namespace
    self.name = name
    podConstants = PodConstants(run: name, uid: uid)
    self.identity = identity
    self.spec = WorkflowSpec(spec)
    self.frozen = frozen
    compileHooks()
  }

  private mutating func compileHooks() {
    workflowPodFields = PodField.Names(of: spec.json)
    workflowMetrics = CompiledMetric.all(spec.json.present("metrics"))
    workflowHooks = spec.hooks.filter { $0.name != "exit" }.map { CompiledHook($0.name, $0.hook) }
    // `onExit` beats `hooks.exit`; the handler's arguments are the workflow's where it has none.
    if let onExit = spec.onExit {
      workflowExit = CompiledHook("exit", LifecycleHook(template: onExit))
    } else if let hook = spec.hooks.first(where: { $0.name == "exit" })?.hook {
      workflowExit = CompiledHook("exit", hook)
    }
  }

  package var phase: WorkflowPhase { header.phase }
  package var message: String { header.message }
  package var startedAt: Instant? { header.startedAt }
  package var finishedAt: Instant? { header.finishedAt }
  package var isFinished: Bool { header.phase.isCompleted }
  /// Units of work done and known so far, as `done/total`.
  package var progress: String { "\(workDone)/\(workTotal)" }
  /// Seconds of use by resource of all pods that have ended; nil: none has.
  package var resourcesDuration: JSON? { totalUsage.isEmpty ? JSON?.none : totalUsage.json }
  /// No new work is started but exit handlers.
  package var isSuspended: Bool { header.isSuspended }
  package var shutdown: WorkflowSpec.Shutdown? { header.shutdown }
  /// How long the workflow is kept once it is over, by its merged specification.
  package var ttlStrategy: TTLStrategy? { spec.ttlStrategy }
  /// The labels by which earlier runs of the same template or cron workflow are found.
  package var estimateLabels: [String: String] { identity.labels.merging(objectLabels) { $1 } }
  /// When its pods are deleted, by its merged specification.
  package var podGC: PodGC? { spec.podGC }
  package var nodeCount: Int { nodes.count }
  /// The timers that are set. After a restart the shell sets them again.
  package var pendingTimers: [(id: TimerID, at: Instant)] {
    timers.map { (id: $0.key, at: $0.value) }.sorted { ($0.at, $0.id.name) < ($1.at, $1.id.name) }
  }
  /// The newest time that the run knows of.
  package var newestTime: Instant? { nodes.lazy.map { max($0.startedAt, $0.finishedAt ?? $0.startedAt) }.max() ?? header.startedAt }
  /// What may have been lost between commit and action when the process ended: pods that were asked to stop and have not been seen
  /// ended. Do it again after restoring.
  package var pendingStops: [RunEffect] {
    nodes.compactMap { node in
      guard node.isStopping, let pod = node.podName else { return nil }
      return .stopPod(name: pod, immediately: header.shutdown == .terminate)
    }
  }
  /// Names of the pods whose end the run waits for.
  package var activePodNames: [String] {
    nodes.compactMap { $0.type == .pod && (!$0.phase.isFulfilled || $0.isStopping) ? $0.podName : nil }
  }
}

extension RunState {
  /// Names of the tasks that are with the agent.
  package var activeTaskNames: [String] { nodeByTask.keys.sorted() }
}

/// What variables say of the workflow object.
struct WorkflowIdentity: Sendable {
  var labels: [String: String]
  let annotations: [String: String]
  let podNameFormat: NodeNames.PodNameFormat
  var creationTimestamp: Instant?
  var generateName: String?

  init(_ metadata: JSON) {
    func strings(_ field: String) -> [String: String] {
      var result: [String: String] = [:]
      for (key, value) in metadata[field]?.object ?? [:] { result[key] = value.string }
      return result
    }
    labels = strings("labels")
    annotations = strings("annotations")
    podNameFormat = annotations[ArgoKey.podNameFormat] == "v1" ? .v1 : .v2
    creationTimestamp = metadata.text("creationTimestamp").flatMap(Instant.init(rfc3339:))
    generateName = metadata.text("generateName")
  }

  var json: JSON {
    var object = JSONObject()
    object["labels"] = .object(JSONObject(labels.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    object["annotations"] = .object(JSONObject(annotations.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    if let creationTimestamp { object["creationTimestamp"] = .string(creationTimestamp.rfc3339) }
    if let generateName { object["generateName"] = .string(generateName) }
    return .object(object)
  }

}

/// The run's own fields, apart from its nodes.
struct RunHeader: Sendable {
  var phase = WorkflowPhase.unknown
  var message = ""
  var startedAt: Instant?
  var finishedAt: Instant?
  var isSuspended = false
  var shutdown: WorkflowSpec.Shutdown?
  /// Resolved workflow parameters in order.
  var parameters: [(name: String, value: String)] = []
  var outputParameters: [JSON] = []
  var outputArtifacts: [JSON] = []
  /// From `workflowMetadata`, to be set on the Workflow object.
  var labels: [String: String] = [:]
  var annotations: [String: String] = [:]
  var volumes: [JSON] = []
  /// Names of the claims made for the run and not deleted.
  var claims: [(volume: String, claim: String)] = []
  var isDeadlinePassed = false
  /// What `workflow.status` says once the main part has ended.
  var mainStatus: WorkflowPhase?
  var firedHooks: Set<Int> = []
  /// Hooks whose condition cannot be evaluated.
  var brokenHooks: Set<Int> = []
  var isExitStarted = false
  /// Of the Workflow object itself, which alone counts in queues.
  var priority: Int64 = 0
  /// Locks that the run holds or waits for.
  var claim: LockClaim?
  var estimatedDuration: Int64?
  /// Some artifact is to be deleted with the workflow's end or deletion.
  var collectsArtifacts = false
  /// What went wrong with that.
  var artifactGCError: String?
  var repository = ArtifactRepository.own {
    didSet { repositoryLocation = repository.isOwn ? nil : CompiledTree(repository.location) }
  }
  /// Of a repository that is not this program's own.
  private(set) var repositoryLocation: CompiledTree?
  var clock: RunClock?
  /// Why custom metrics could not be told (the condition `MetricsError`).
  var metricsError = ""
}
