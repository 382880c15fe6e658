import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel

/// Turns a Pod object into the plan that `argosy-exec` runs: volumes, input artifacts, script, environment, mounts.
struct PodPreparation {
  let pod: Resource
  let directory: String
  let store: any ResourceStoring
  let artifacts: any ArtifactTransferring
  let settings: NodeSettings
  let now: Instant
  var services = NodeHelpers()

  /// Argo's template of the node, with inputs resolved; an empty object for a pod that no workflow made.
  static func template(of pod: Resource) -> JSON {
    guard let text = pod.annotation(ArgoKey.template), let json = try? JSON.parse(text) else { return .object([:]) }
    return json
  }

  /// The context in which the pod's artifacts are moved.
  static func artifactContext(of pod: Resource, template: JSON, store: any ResourceStoring) -> ArtifactContext {
    let workflow = pod.label(ArgoKey.workflow) ?? pod.name
    let place = ArchivePlace(template: template)
    return ArtifactContext(
      namespace: pod.namespace, keyPrefix: place.keyPrefix("\(pod.namespace)/\(workflow)/\(pod.name)"), secrets: StoredSecrets(store: store)
    )
  }

  /// Makes everything the pod needs below its directory. Throws ``PodFailure``, ``ArtifactFailure``, `FileError` or `KubeStatus`.
  func plan() throws -> PodPlan {
    let template = Self.template(of: pod)
    let isUserPod = pod.isUserPod
    let volumes = PodVolumes(pod: pod, directory: directory, store: store, settings: settings, services: services)
    let made = try volumes.prepare()
    let account = try services.accounts?.mount(for: pod, isIsolated: settings.isolation == .namespaces)
    let mains = Set(ContainerRole.roles(of: pod, template: template).filter { $0.role == .main }.map(\.name))
    var containers: [PodPlan.Container] = []
    var contract = PodContract(pod: pod, directory: directory, settings: settings)
    for container in pod.spec["initContainers"]?.array ?? [] {
      var plan = try plan(of: container, role: .initial, contract: contract, volumes: volumes, made: made)
      if isUserPod {
        plan.isSidecar = container["restartPolicy"]?.string == "Always"
        ContainerHandlers(container).apply(to: &plan, isReadinessWanted: plan.isSidecar, isAllSupervised: true)
      } else {
        plan.mounts += try contract.offload()
      }
      containers.append(plan)
    }
    let declared = pod.spec["containers"]?.array ?? []
    // Inputs and outputs belong to the container named `main`, which a container set may lack (spec 4.2).
    let set = ContainerSet(template)
    try set?.check()
    for container in declared {
      let name = container["name"]?.string ?? "main"
      var plan = try plan(of: container, role: mains.contains(name) ? .main : .sidecar, contract: contract, volumes: volumes, made: made)
      ContainerHandlers(container).apply(
        to: &plan, isReadinessWanted: isUserPod || template["daemon"]?.bool == true, isAllSupervised: isUserPod)
      if let set, plan.role == .main { set.apply(to: &plan) }
      if !isUserPod, plan.role == .main, name == "main" || set == nil {
        try stageScript(template, into: &plan)
        plan.mounts += try loadInputs(template, volumeMounts: plan.mounts)
        plan.outputs = PodOutputs.declared(in: template).enumerated().map { PodPlan.Output(path: $1.path, name: PodOutputs.fileName($0)) }
        plan.capturesResult = environmentFlag(container, "ARGO_INCLUDE_SCRIPT_OUTPUT")
      }
      containers.append(plan)
    }
    if containers.contains(where: { $0.pausesBefore || $0.pausesAfter }) { contract.share() }
    let shared = try contract.prepare() + PodNames(pod: pod, directory: directory).prepare()
    for position in containers.indices {
      let own = containers[position].mounts
      if settings.isolation == .namespaces {
        containers[position].mounts += (shared + (account.map { [$0] } ?? [])).filter { mount in
          !own.contains { $0.target == mount.target }
        }
      }
      containers[position].mounts = Self.outermostFirst(containers[position].mounts)
    }
    let deadline = pod.spec["activeDeadlineSeconds"]?.int.map { (now + TimeSpan(seconds: $0)).milliseconds }
    var plan = PodPlan(
      podName: pod.name, isolation: settings.isolation == .namespaces ? .namespaces : .none, root: "/", deadline: deadline,
      gracePeriod: Int(clamping: max(0, pod.spec["terminationGracePeriodSeconds"]?.int ?? 30)), containers: containers)
    plan.sharesContract = contract.isShared
    plan.scratchGroup = pod.namespace
    if isUserPod {
      plan.restartPolicy = pod.restartPolicy
      plan.restartPause = settings.restartPause.milliseconds
    }
    return plan
  }

  /// A mount inside another one comes after it; else the order is the manifest's.
  private static func outermostFirst(_ mounts: [PodPlan.Mount]) -> [PodPlan.Mount] {
    func depth(_ mount: PodPlan.Mount) -> Int { mount.target.split(separator: "/").count }
    return mounts.enumerated().sorted { (depth($0.element), $0.offset) < (depth($1.element), $1.offset) }.map(\.element)
  }

  private func environmentFlag(_ container: JSON, _ name: String) -> Bool {
    (container["env"]?.array ?? []).contains { $0["name"]?.string == name && $0["value"]?.string == "true" }
  }

  private func plan(
    of container: JSON, role: PodPlan.Container.Role, contract: PodContract, volumes: PodVolumes, made: [String: PodVolumes.Volume]
  ) throws -> PodPlan.Container {
    let name = container["name"]?.string ?? "main"
    guard PodPlan.isFileName(name) else { throw PodFailure("container name \"\(name)\" is invalid") }
    var variables = try PodEnvironment(pod: pod, store: store, settings: settings).variables(of: container)
    let captures = environmentFlag(container, "ARGO_INCLUDE_SCRIPT_OUTPUT")
    if !pod.isUserPod {
      for (name, value) in contract.environment(of: name, isInitial: role == .initial, capturesResult: captures) {
        variables.set(name, value)
      }
    }
    let strings = { (key: String) in (container[key]?.array ?? []).map { variables.expand($0.string ?? $0.text()) } }
    let image = container["image"]?.string ?? ""
    guard let argv = ImageTable(settings.images).arguments(image: image, command: strings("command"), args: strings("args")) else {
      throw PodFailure(
        reason: "CreateContainerError",
        "container \"\(name)\" has no command, and no rule says what image \"\(image)\" runs: "
          + "give it a command, or an entrypoint under `images` in the ConfigMap workflow-controller-configmap")
    }
    try Self.checkNulBytes(argv, variables, container: name)
    var mounts: [PodPlan.Mount] = []
    for entry in container["volumeMounts"]?.array ?? [] { mounts.append(try volumes.mount(entry, made: made, variables: variables)) }
    let directory = container["workingDir"]?.string ?? ""
    let limit = { (key: String) in container.at("resources", "limits", key)?.quantityText.flatMap { Quantity($0) } }
    var plan = PodPlan.Container(
      name: name, role: role, argv: argv, env: variables.entries.map { "\($0.name)=\($0.value)" },
      workingDirectory: directory.isEmpty ? "/" : directory,
      mounts: mounts, memoryLimit: limit("memory")?.value, cpuLimit: limit("cpu")?.milliValue)
    try ContainerSecurity(pod: pod, container: container).apply(to: &plan)
    plan.pausesBefore = variables["ARGO_DEBUG_PAUSE_BEFORE"] == "true"
    plan.pausesAfter = variables["ARGO_DEBUG_PAUSE_AFTER"] == "true"
    if let path = container["terminationMessagePath"]?.string, path != "/dev/termination-log" { plan.terminationMessagePath = path }
    plan.hasInput = container["stdin"]?.bool == true
    plan.hasTerminal = container["tty"]?.bool == true
    if plan.hasTerminal, variables["TERM"] == nil { plan.env.append("TERM=xterm") }
    plan.fallsBackToLogs = container["terminationMessagePolicy"]?.string == "FallbackToLogsOnError"
    return plan
  }

  /// A program would see such a text cut off, and nobody would know.
  private static func checkNulBytes(_ argv: [String], _ variables: ContainerVariables, container name: String) throws(PodFailure) {
    func isCut(_ text: String) -> Bool { text.utf8.contains(0) }
    let argument = argv.firstIndex(where: isCut).map { "argument \($0)" }
    guard let place = argument ?? variables.entries.first(where: { isCut($0.value) }).map({ "variable \($0.name)" }) else { return }
    throw PodFailure(
      reason: "CreateContainerError",
      "\(place) of container \"\(name)\" has a NUL byte, which nothing that is handed to a program may have: give it the value as an artifact"
    )
  }

  /// Stages a script template's source and appends its path to the command (spec 4.2). An empty source gives no file.
  private func stageScript(_ template: JSON, into plan: inout PodPlan.Container) throws {
    guard let source = template.at("script", "source")?.string, !source.isEmpty else { return }
    let staging = directory + "/staging"
    try LocalFiles.makeDirectories(staging)
    try LocalFiles.write(Array(source.utf8), to: staging + "/script", mode: 0o755)
    if settings.isolation == .namespaces {
      plan.mounts.append(PodPlan.Mount(source: staging, target: "/argo/staging", isReadOnly: true))
      plan.argv.append("/argo/staging/script")
    } else {
      plan.argv.append(staging + "/script")
    }
  }

  /// Loads the input artifacts. One whose path lies inside a volume of the container is put into that volume; the others get a mount.
  func loadInputs(_ template: JSON, volumeMounts: [PodPlan.Mount]) throws -> [PodPlan.Mount] {
    var result: [PodPlan.Mount] = []
    let context = Self.artifactContext(of: pod, template: template, store: store)
    let place = ArchivePlace(template: template)
    for (position, artifact) in (template.at("inputs", "artifacts")?.array ?? []).enumerated() {
      let name = artifact["name"]?.string ?? "artifact-\(position)"
      guard let path = artifact["path"]?.string, let target = LocalFiles.normalized(path) else { continue }
      let isOptional = artifact["optional"]?.bool == true
      let view = Artifact(artifact)
      if isOptional, !view.hasLocation, view.key == nil { continue }
      let destination: String
      if let mount = volumeMounts.filter({ target == $0.target || target.hasPrefix($0.target + "/") }).max(by: {
        $0.target.utf8.count < $1.target.utf8.count
      }) {
        destination = mount.source + String(target.dropFirst(mount.target.count))
      } else {
        destination = "\(directory)/inputs/\(position)"
      }
      if let parent = LocalFiles.parent(of: destination) { try LocalFiles.makeDirectories(parent) }
      do throws(ArtifactFailure) {
        try artifacts.load(place.reached(artifact), to: destination, context: context)
      } catch {
        if case .notFound = error, isOptional { continue }
        throw PodFailure("failed to load artifact '\(name)': \(error)")
      }
      if destination.hasPrefix(directory + "/inputs/") {
        result.append(PodPlan.Mount(source: destination, target: target, isReadOnly: false))
      }
    }
    return result
  }
}

extension JSON {
  /// The text of a Kubernetes quantity, which manifests write as a string or a number.
  var quantityText: String? {
    switch self {
    case .string(let text): text
    case .int(let value): String(value)
    case .double(let value): JSON.numberText(value)
    default: nil
    }
  }
}
