import AgentService
import Artifacts
import Basics
import ClusterService
import Contracts
import Glibc
import HTTPAccess
import KubeAPI
import KubeModel
import NodeService
import PodRunners
import ResourceDB
import WorkflowCore
import WorkflowService

/// The services of one machine over one state directory: the only place that sees every adapter.
struct Wiring {
  let store: ResourceDatabase
  /// Where the pods' artifacts come from and go to.
  let artifacts: ArtifactTransfer
  /// Owners and volumes of one user's own run; a server has a whole cluster beside this.
  private let cluster: ClusterService?
  let node: NodeService
  let agent: AgentService
  let workflows: WorkflowService
  let archive: ArchiveService
  private let hasArchive: Bool

  /// Opens the store and builds the services; nothing runs yet. Throws when the store or the sandbox cannot be had.
  ///
  /// - Parameter shared: what a server has for all; nil: this is one user's own run.
  init(
    state: StateDirectory, store: ResourceDatabase, maximumPods: Int?, shared: SharedParts? = nil,
    observer: @escaping @Sendable (RunProgress) -> Void
  ) throws {
    self.store = store
    var settings = NodeSettings(
      directory: state.node, isolation: .namespaces, hostName: Self.hostName(), baseEnvironment: Self.baseEnvironment(),
      images: Self.configurations(store, in: shared?.configurationNamespaces).flatMap(\.images))
    settings.api = shared?.api
    if shared != nil {
      settings.keptLogs = state.logs
      settings.waitsForConfiguration = true
    }
    if let maximumPods { settings.maximumPods = maximumPods }
    settings.progressPatchTick = Self.duration("ARGO_PROGRESS_PATCH_TICK_DURATION") ?? settings.progressPatchTick
    settings.progressFileTick = Self.duration("ARGO_PROGRESS_FILE_TICK_DURATION") ?? settings.progressFileTick
    artifacts = ArtifactTransfer(
      store: LocalArtifactStore(root: state.artifacts), http: HTTPFetcher(), usesOwnKeys: shared == nil)
    let helpers: NodeHelpers
    if let shared {
      cluster = nil
      helpers = shared.helpers
    } else {
      var clusterSettings = ClusterSettings(volumeDirectory: Self.volumes(of: state))
      clusterSettings.servesUnknownClasses = true
      let own = ClusterService(
        store: store, catalog: CatalogProvider(store: store) { Catalog(crds: $0) }, scope: .runs, settings: clusterSettings)
      cluster = own
      helpers = NodeHelpers(claims: own.claims)
    }
    node = NodeService(
      store: store, runner: try SandboxRunner(scratch: settings.directory + "/scratch"), artifacts: artifacts, settings: settings,
      helpers: helpers)
    let workflowSettings = shared.map { Self.settings(store, of: $0) } ?? Self.settings(store)
    var agentSettings = AgentSettings()
    agentSettings.controllerNamespace = workflowSettings.controllerNamespace
    agent = AgentService(store: store, caller: HTTPCaller(), secrets: StoredSecrets(store: store), settings: agentSettings)
    workflows = WorkflowService(
      store: store, settings: workflowSettings, archive: shared == nil ? nil : store, events: shared?.helpers.events, observer: observer)
    let namespaces = shared?.configurationNamespaces
    hasArchive = shared != nil
    archive = ArchiveService(store: store, files: node) {
      ControllerConfiguration.archiveRetention(Self.configurations(store, in: namespaces))
    }
  }

  func start() throws {
    try cluster?.start()
    try node.start()
    try agent.start()
    try workflows.start()
    if hasArchive { archive.start() }
  }

  /// Stops deciding and starting, and closes the store; pods that still run are left to the next start.
  func stop() {
    stopServices()
    store.close()
  }

  /// The same, while the store stays open for those who write down what these told last.
  func stopServices() {
    archive.stop()
    workflows.stop()
    agent.stop()
    node.stop()
    cluster?.stop()
  }

  /// A duration in this process's environment, as Argo's controller takes it.
  private static func duration(_ name: String) -> GoDuration? {
    variable(name).flatMap { try? GoDuration(parsing: $0) }
  }

  private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// Where the directories of provisioned volumes lie.
  static func volumes(of state: StateDirectory) -> String { state.node + "/volumes" }

  /// What the workflow service is told of Argo's controller configurations in the store.
  static func settings(_ store: ResourceDatabase) -> WorkflowSettings {
    var settings = ControllerConfiguration.workflowSettings(configurations(store))
    settings.keepsFinished = true
    takeEnvironment(&settings)
    return settings
  }

  /// As that, for a server: read anew whenever a configuration changes.
  private static func settings(_ store: ResourceDatabase, of shared: SharedParts) -> WorkflowSettings {
    let unknown = UnknownKeys()
    @Sendable func read(_ maps: [Resource]) -> WorkflowSettings {
      unknown.report(maps)
      var settings = ControllerConfiguration.workflowSettings(maps.map(ControllerConfiguration.init))
      settings.reading = read
      settings.configurationNamespaces = shared.configurationNamespaces
      settings.republication = TimeSpan(seconds: 1)
      settings.storedNodes = 1000
      settings.archives = ControllerConfiguration.archives(maps.map(ControllerConfiguration.init))
      settings.checksServiceAccounts = true
      let defaults = settings.defaults?.spec
      settings.problem = { StoredValidation(store: store, defaults: defaults).problem(with: $0) }
      takeEnvironment(&settings)
      return settings
    }
    let maps = (try? store.list(.configMap, namespace: nil, labels: .everything)) ?? []
    return read(
      maps.filter { $0.name == ControllerConfiguration.mapName && shared.configurationNamespaces.contains($0.namespace) })
  }

  private static func takeEnvironment(_ settings: inout WorkflowSettings) {
    // As Argo's controller: only the word `false` turns expression tags off.
    settings.limits.evaluatesExpressionTags = variable("EXPRESSION_TEMPLATES") != "false"
    settings.limits.transientErrorPattern = variable("TRANSIENT_ERROR_PATTERN")
  }

  static func hostName() -> String {
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
    // systemd gives a service of root's none.
    if geteuid() == 0, !result.contains(where: { $0.name == "HOME" }) { result.append(("HOME", "/root")) }
    return result
  }

  /// The controller configuration of a server: that of the namespace `argo`.
  static func configuration(_ store: ResourceDatabase) -> ControllerConfiguration? {
    configurations(store, in: ["argo"]).first
  }

  /// Argo's controller configurations in the store: ConfigMaps `workflow-controller-configmap` of these namespaces; nil: of any.
  private static func configurations(_ store: ResourceDatabase, in namespaces: Set<String>? = nil) -> [ControllerConfiguration] {
    let maps = (try? store.list(.configMap, namespace: nil, labels: .everything)) ?? []
    return maps.filter { $0.name == ControllerConfiguration.mapName && namespaces?.contains($0.namespace) ?? true }
      .map(ControllerConfiguration.init)
  }
}
