import AccessService
import ArgoAPI
import ArgoServer
import CommandLine
import Contracts
import Identity
import JSONValue
import KubeModel
import NodeService
import ResourceDB
import WorkflowService

/// The Argo API of a server: what it is made of, subject by subject.
struct ArgoWiring: Sendable {
  let resources: any ResourceServing
  let store: ResourceDatabase
  let wiring: Wiring
  /// Started with the services.
  let index: WorkflowIndex
  let authenticator: any Authenticating
  let issuer: String
  let options: ServerOptions
  let events: EventDispatcher

  /// The interface, to be carried beside Kubernetes'.
  func interface() -> ArgoAPI {
    ArgoAPI(services: services(), information: information, authenticator: authenticator, settings: settings)
  }

  private func services() -> ArgoServices {
    let store = store
    let checks = ManifestChecks(resources: resources) { Wiring.configuration(store)?.workflowDefaults }
    return ArgoServices(
      templates: TemplateServer(resources: resources, checks: checks), crons: CronServer(resources: resources, checks: checks),
      workflows: workflows(checks), archive: archive(),
      events: events, limits: SyncLimits(resources: resources), artifacts: artifacts)
  }

  /// Events from outside; to be stopped with the server.
  static func events(
    _ resources: any ResourceServing, _ authorizer: any Authorizing, _ recorder: any EventRecording, _ options: ServerOptions
  ) -> EventDispatcher {
    var settings = EventSettings()
    settings.isAsynchronous = options.argo.dispatchesEventsLater
    (settings.workers, settings.queue) = (options.argo.eventWorkers, options.argo.eventQueueSize)
    return EventDispatcher(
      resources: resources, authorizer: authorizer, webhooks: WebhookClients(resources: resources, hmac: MessageAuthentication.hmacSHA256),
      recorder: recorder, settings: settings)
  }

  private var artifacts: ArtifactServer {
    let (resources, store, workflows) = (resources, store, wiring.workflows)
    var parts = ArtifactParts(
      resources: resources, reader: wiring.artifacts, transfer: wiring.artifacts, secrets: StoredSecrets(store: store),
      live: { uid throws(KubeStatus) in
        guard let run = try store.runs(uid: uid).first else { return nil }
        let workflow = try workflows.workflow(ResourceKey(.workflow, namespace: run.namespace, name: run.name))
        return workflow?.uid == uid ? workflow : nil
      }, repository: { reference, namespace throws(KubeStatus) in try workflows.artifactLocation(reference, namespace: namespace) })
    parts.archive = store
    return ArtifactServer(parts)
  }

  private func workflows(_ checks: ManifestChecks) -> WorkflowServer {
    var parts = WorkflowServerParts(
      store: store, resources: resources, acting: wiring.workflows, composer: wiring.workflows, index: index, checks: checks)
    parts.logs = wiring.node
    parts.keptLogs = wiring.node
    parts.archive = store
    parts.archivedActing = wiring.workflows
    return WorkflowServer(parts)
  }

  private func archive() -> ArchiveServer {
    ArchiveServer(
      ArchiveServerParts(
        archive: store, acting: wiring.workflows, remover: wiring.archive, managedNamespace: options.argo.managedNamespace ?? ""))
  }

  private var settings: ArgoSettings {
    var settings = ArgoSettings()
    let argo = options.argo
    settings.modes = Set(argo.authModes.map { $0 == .client ? .client : .server })
    settings.serverUser = AccessGroups.serverUser
    settings.requestsPerSecond = argo.rateLimit
    settings.allowedOrigin = argo.allowedOrigin ?? ""
    settings.managedNamespace = argo.managedNamespace ?? ""
    settings.frameOptions = argo.frameOptions
    settings.hosts = Set(options.names.map { $0.lowercased() } + [options.host.lowercased()])
    // Who listens on other addresses with --auth-mode server said in words that everybody is served.
    settings.servesEveryHost = !["127.0.0.1", "::1", "localhost"].contains(options.host)
    settings.version = Self.version
    if let limit = Terminal.environment("ARGO_SERVER_MAX_ARTIFACT_UPLOAD_BYTES").flatMap({ Int($0) }), limit > 0 {
      settings.uploadLimit = limit
    }
    return settings
  }

  /// Argo's version whose behaviour this is, and this program's.
  private static var version: String { VersionInformation.current.argoVersion }

  private var information: ServerInformation {
    let (store, version) = (store, VersionInformation.current)
    return ServerInformation(
      version: Self.version, commit: version.commit, compiler: "swift\(version.swiftVersion)", platform: version.platform, issuer: issuer,
      managedNamespace: options.argo.managedNamespace ?? "", linkProtocols: Set(options.argo.linkProtocols),
      interface: { Wiring.configuration(store)?.interface ?? [:] })
  }
}
