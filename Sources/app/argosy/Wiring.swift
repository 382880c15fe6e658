import AgentService
import Artifacts
import Basics
import Contracts
import Glibc
import HTTPAccess
import KubeModel
import NodeService
import PodRunners
import ResourceDB
import WorkflowCore
import WorkflowService

/// The services of one machine over one state directory: the only place that sees every adapter.
struct Wiring {
  let store: ResourceDatabase
  let node: NodeService
  let agent: AgentService
  let workflows: WorkflowService

  /// Opens the store and builds the services; nothing runs yet. Throws when the store or the sandbox cannot be had.
  init(state: StateDirectory, store: ResourceDatabase, maximumPods: Int?, observer: @escaping @Sendable (RunProgress) -> Void) throws {
    self.store = store
    var settings = NodeSettings(
      directory: state.node, isolation: .namespaces, hostName: Self.hostName(), baseEnvironment: Self.baseEnvironment(),
      images: Self.configurations(store).flatMap(\.images))
    if let maximumPods { settings.maximumPods = maximumPods }
    settings.progressPatchTick = Self.duration("ARGO_PROGRESS_PATCH_TICK_DURATION") ?? settings.progressPatchTick
    settings.progressFileTick = Self.duration("ARGO_PROGRESS_FILE_TICK_DURATION") ?? settings.progressFileTick
    let artifacts = ArtifactTransfer(store: LocalArtifactStore(root: state.artifacts), http: HTTPFetcher())
    node = NodeService(store: store, runner: try SandboxRunner(), artifacts: artifacts, settings: settings)
    let workflowSettings = Self.settings(store)
    var agentSettings = AgentSettings()
    agentSettings.controllerNamespace = workflowSettings.controllerNamespace
    agent = AgentService(store: store, caller: HTTPCaller(), secrets: StoredSecrets(store: store), settings: agentSettings)
    workflows = WorkflowService(store: store, settings: workflowSettings, observer: observer)
  }

  func start() throws {
    try node.start()
    try agent.start()
    try workflows.start()
  }

  /// Stops deciding and starting; pods that still run are left to the next start.
  func stop() {
    workflows.stop()
    agent.stop()
    node.stop()
    store.close()
  }

  /// A duration in this process's environment, as Argo's controller takes it.
  private static func duration(_ name: String) -> GoDuration? {
    variable(name).flatMap { try? GoDuration(parsing: $0) }
  }

  private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// What the workflow service is told of Argo's controller configurations in the store.
  static func settings(_ store: ResourceDatabase) -> WorkflowSettings {
    var settings = ControllerConfiguration.workflowSettings(configurations(store))
    settings.keepsFinished = true
    // As Argo's controller: only the word `false` turns expression tags off.
    settings.limits.evaluatesExpressionTags = variable("EXPRESSION_TEMPLATES") != "false"
    settings.limits.transientErrorPattern = variable("TRANSIENT_ERROR_PATTERN")
    return settings
  }

  private static func hostName() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func baseEnvironment() -> [(name: String, value: String)] {
    var result: [(name: String, value: String)] = []
    for name in NodeSettings.inheritedVariables {
      if let value = getenv(name) { result.append((name, String(cString: value))) }
    }
    if !result.contains(where: { $0.name == "PATH" }) {
      result.append(("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"))
    }
    return result
  }

  /// Argo's controller configurations in the store: ConfigMaps `workflow-controller-configmap` of any namespace.
  private static func configurations(_ store: ResourceDatabase) -> [ControllerConfiguration] {
    let maps = (try? store.list(.configMap, namespace: nil, labels: .everything)) ?? []
    return maps.filter { $0.name == ControllerConfiguration.mapName }.map(ControllerConfiguration.init)
  }
}
