import APIServer
import AccessService
import ArgoServer
import Artifacts
import AuditLog
import Basics
import ClusterService
import CommandLine
import Contracts
import Glibc
import Identity
import JSONValue
import KubeAPI
import KubeModel
import NodeService
import ResourceDB
import ResourceService
import Synchronization
import TerraformBackend
import TerraformStateService
import WorkflowService

/// The services of one `argosy server` over one data directory.
final class ServerWiring: Sendable {
  let state: StateDirectory
  /// The data were made by this start.
  let isNew: Bool
  private let options: ServerOptions
  private let store: ResourceDatabase
  private let identity: ServerIdentity
  private let wiring: Wiring
  private let cron: CronService
  private let cluster: ClusterService
  private let access: AccessService
  private let resources: ResourceService
  private let events: EventRecorder
  private let terraform: TerraformStateService
  /// Events from outside.
  private let dispatcher: EventDispatcher
  private let api: APIServer
  private let index: WorkflowIndex
  /// Where clients reach this server.
  private let port: SharedPort
  private let control = Mutex<ControlServer?>(nil)
  private let certificates: CertificateKeeper
  /// Who does what here is recorded there; nil: nowhere.
  private let audit: AuditLog?

  /// Opens the data; nothing runs yet. Throws when they cannot be had: the message of a second server names the process of the first.
  init(_ options: ServerOptions, state: StateDirectory, isNew: Bool) throws {
    self.options = options
    self.state = state
    self.isNew = isNew
    port = SharedPort(options.port)
    var database = ResourceDatabaseSettings()
    database.history = HistoryLimits()
    let store = try state.open(database, sealing: try SecretKeys.prepared(in: state.keys))
    self.store = store
    var opened: AuditLog?
    do {
      opened = options.audit == "none" ? nil : try AuditLog(directory: LocalAudit.directory(state))
      audit = opened
      identity = try ServerIdentity(state.keys)
      let certificates = CertificateKeeper(options, identity)
      let tls = try certificates.load()
      self.certificates = certificates
      let catalog = CatalogProvider(store: store) { Catalog(crds: $0) }
      events = EventRecorder(store: store, host: Wiring.hostName())
      var settings = ClusterSettings(volumeDirectory: Wiring.volumes(of: state))
      settings.signer = identity.tokens
      settings.certificateAuthority = identity.authorityPEM
      settings.node = MachineDescription.node(maximumPods: options.maximumPods ?? 110)
      cluster = ClusterService(store: store, catalog: catalog, scope: .cluster, settings: settings, events: events)
      access = AccessService(store: store, signing: identity.tokens, certificates: identity.clients)
      let admitters: [any Admitting] = [
        NamespaceAdmission(store: store, settings: settings), ServiceAccountAdmission(store: store), VolumeAdmission(store: store), access,
      ]
      let port = port
      var shared = SharedParts(
        helpers: NodeHelpers(claims: cluster.claims, tokens: access, events: events, authorizer: access, admitters: admitters))
      shared.api = NodeSettings.APIAccess(
        host: ServerSession.reachable(options.host), port: { port.number },
        authority: try options.certificate.map { try LocalFiles.read($0, limit: 1 << 20) } ?? Array(identity.authorityPEM.utf8))
      wiring = try Wiring(state: state, store: store, maximumPods: options.maximumPods, shared: shared, observer: { _ in })
      cron = CronService(store: store, problem: { CronSession.problem(with: $0, store) })
      resources = ResourceService(
        store: store, kinds: { catalog.catalog }, admitters: admitters, composer: wiring.workflows)
      let index = WorkflowIndex(store: store)
      self.index = index
      dispatcher = ArgoWiring.events(resources, access, events, options)
      var parts = APIParts(
        resources: resources, kinds: catalog, authenticator: access, authorizer: access, impersonator: access, reviews: access)
      parts.tokens = identity.tokens
      parts.interfaces = [
        ArgoWiring(
          resources: resources, store: store, wiring: wiring, index: index, authenticator: access, issuer: identity.tokens.issuer,
          options: options, events: dispatcher
        ).interface()
      ]
      parts.pods = wiring.node
      parts.version = VersionInformation.current.version
      var retention = TerraformRetention()
      if let versions = options.terraformVersions { retention.versions = versions }
      if let days = options.terraformDays { retention.age = TimeSpan(seconds: Int64(days) * 86_400) }
      terraform = TerraformStateService(states: store, objects: store, retention: retention)
      parts.interfaces.append(TerraformRoutes(service: terraform, authenticator: access, md5: { Digest.md5($0) }))
      let workflows = wiring.workflows
      parts.metrics = { index.metricsText() + workflows.metricsText() }
      parts.checks = [
        HealthCheck("store", isVital: true) {
          do throws(KubeStatus) {
            _ = try store.get(ResourceKey(.namespace, namespace: "", name: "default"))
            return nil
          } catch {
            return error.message
          }
        }
      ]
      if let audit {
        parts.audit = audit
        parts.auditPolicy = AuditPolicy(rawValue: options.audit) ?? .changes
        parts.checks.append(HealthCheck("audit") { audit.problem })
      }
      var api = APISettings()
      (api.host, api.port) = (options.host, options.port)
      // A client of the Argo API may send as much as that one's own limit says.
      api.requestsPerSecond = max(api.requestsPerSecond, Double(options.argo.rateLimit))
      api.requestBurst = max(api.requestBurst, Double(options.argo.rateLimit))
      self.api = APIServer(
        parts: parts, settings: api, identity: tls, log: AccessLog(level: AccessLogLevel(rawValue: options.log) ?? .changes))
    } catch {
      opened?.close()
      store.close()
      throw error
    }
  }

  /// Starts the services: first those that make what the others look for. Blocks.
  func start() throws {
    try events.start()
    try cluster.start()
    try access.start()
    try terraform.start()
    try wiring.start()
    try cron.start()
    try index.start()
    let runs = StateControl(store: store, workflows: wiring.workflows, index: index)
    let keys = KeyControl(store: store, directory: state)
    let recorder = audit.map { LocalAudit(log: $0, recordsReading: options.audit == "all") }
    let server = ControlServer(directory: state.path) { request, peer in
      let answer = { try keys.answer(request) ?? runs.answer(request) }
      return try recorder?.recording(request, by: peer, answer) ?? answer()
    }
    audit?.record(LocalAudit.event("server-start", .own))
    control.withLock { $0 = server }
  }

  /// Begins to serve clients. Gives the port.
  func listen() async throws -> Int {
    let number = try await api.start()
    certificates.start(api)
    port.set(number)
    return number
  }

  /// Leaves a note for `argosy kubeconfig`.
  func note(url: String) throws {
    let authority = try options.certificate.map { String(decoding: try LocalFiles.read($0, limit: 1 << 20), as: UTF8.self) }
    try ServerRecord(url: url, authority: authority).write(in: state)
  }

  /// Ends all streams and waits for the requests in hand.
  func stopListening() async { await api.stop() }

  /// Ends the services: nothing new starts, what runs is left to the next start. Blocks.
  func stop() {
    port.close()
    certificates.stop()
    control.withLock { $0.take() }?.stop()
    index.stop()
    cron.stop()
    dispatcher.stop()
    // Those that tell events end before the recorder, which writes what it was told, and that before the store.
    wiring.stopServices()
    resources.stop()
    access.stop()
    cluster.stop()
    events.stop()
    store.close()
    audit?.record(LocalAudit.event("server-stop", .own))
    audit?.close()
  }

  /// What keeps steps apart, for people.
  var isolation: String {
    geteuid() == 0 ? "namespaces of this machine, as root" : "namespaces of this machine, in a user namespace"
  }
}

/// The port of the server. The services run before it listens, and pods that they begin are told of it: where it was not given, they wait until it is known.
private final class SharedPort: Sendable {
  private let value: Atomic<Int>
  private let isClosed = Atomic<Bool>(false)

  /// - Parameter given: 0: any that is free.
  init(_ given: Int) { value = Atomic(given) }

  /// 0 where the server ends without one.
  var number: Int {
    while value.load(ordering: .relaxed) == 0, !isClosed.load(ordering: .relaxed) { usleep(1000) }
    return value.load(ordering: .relaxed)
  }
  func set(_ number: Int) { value.store(number, ordering: .relaxed) }
  /// Nobody waits any longer.
  func close() { isClosed.store(true, ordering: .relaxed) }
}

/// What this machine's Node object says.
enum MachineDescription {
  static func node(maximumPods: Int) -> NodeDescription {
    let pages = Int64(sysconf(Int32(_SC_PHYS_PAGES)))
    let page = Int64(sysconf(Int32(_SC_PAGESIZE)))
    var node = NodeDescription(
      name: Wiring.hostName(), version: "v1.\(Discovery.kubernetesMinor).0", processors: max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))),
      memory: max(0, pages * page), maximumPods: maximumPods)
    var system = utsname()
    if uname(&system) == 0 {
      node.kernelVersion = withUnsafeBytes(of: system.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    #if arch(arm64)
      node.architecture = "arm64"
    #else
      node.architecture = "amd64"
    #endif
    node.addresses = ["127.0.0.1"]
    node.machineID = text("/etc/machine-id")
    node.bootID = MachineStart.current
    let release = text("/etc/os-release").split(separator: "\n").first { $0.hasPrefix("PRETTY_NAME=") }
    node.operatingSystemImage = release.map { $0.dropFirst(12).filter { $0 != "\"" } } ?? "Linux"
    return node
  }

  private static func text(_ path: String) -> String {
    let bytes = (try? LocalFiles.read(path, limit: 65_536)) ?? []
    var text = String(decoding: bytes, as: UTF8.self)
    while text.last == "\n" { text.removeLast() }
    return text
  }
}
