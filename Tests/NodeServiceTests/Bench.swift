import ArgoModel
import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing

@testable import NodeService

/// Records plans; the test says what the pods report.
final class FakeRunner: PodRunning {
  struct State: Sendable {
    var plans: [PodPlan] = []
    var observers: [String: @Sendable (PodReport) -> Void] = [:]
    var stops: [(pod: String, manner: StopManner)] = []
    /// Reports that `adopt` finds, by directory.
    var adoptable: [String: PodReport] = [:]
    var adopted: [String] = []
    var refusal: String?
    /// The error number of a machine that lacks something; 0: it lacks nothing.
    var lack: Int32 = 0
  }
  struct Refusal: Error, CustomStringConvertible { var description: String }
  let state = Mutex(State())

  func start(_ plan: PodPlan, directory: String, observe: @escaping @Sendable (PodReport) -> Void) throws -> PodRun {
    try state.withLock { state in
      if let refusal = state.refusal { throw Refusal(description: refusal) }
      if let lack = MachineExhausted("cannot run", number: state.lack) { throw lack }
      state.plans.append(plan)
      state.observers[plan.podName] = observe
    }
    return PodRun(directory: directory)
  }

  func adopt(directory: String, observe: @escaping @Sendable (PodReport) -> Void) throws -> Bool {
    let report = state.withLock { state -> PodReport? in
      guard let report = state.adoptable[directory] else { return nil }
      state.adopted.append(directory)
      state.observers[Self.name(directory)] = observe
      return report
    }
    guard let report else { return false }
    observe(report)
    return true
  }

  func stop(directory: String, _ manner: StopManner) { state.withLock { $0.stops.append((Self.name(directory), manner)) } }

  /// Directories are `<namespace>_<pod>_<uid>`.
  private static func name(_ directory: String) -> String {
    String(directory.split(separator: "/").last?.split(separator: "_").dropFirst().first ?? "")
  }

  var started: [String] { state.withLock { $0.plans.map(\.podName) } }
  func plan(_ pod: String) -> PodPlan? { state.withLock { $0.plans.last { $0.podName == pod } } }
  func stops(_ pod: String) -> [StopManner] { state.withLock { $0.stops.filter { $0.pod == pod }.map(\.manner) } }
  func tell(_ pod: String, _ report: PodReport) { state.withLock { $0.observers[pod] }?(report) }
}

/// Keeps artifacts in memory.
final class FakeArtifacts: ArtifactTransferring {
  let loads = Mutex<[(artifact: JSON, destination: String)]>([])
  let saves = Mutex<[(name: String, source: String, prefix: String)]>([])
  let deletions = Mutex<[JSON]>([])
  let saved = Mutex<[(artifact: JSON, bytes: [UInt8])]>([])

  func load(_ artifact: JSON, to destination: String, context: ArtifactContext) throws(ArtifactFailure) {
    if artifact["missing"] == true { throw .notFound("nothing there") }
    if artifact["broken"] == true { throw .failed("no route to host") }
    loads.withLock { $0.append((artifact, destination)) }
    let text = artifact.at("raw", "data")?.string ?? ""
    do { try LocalFiles.write(Array(text.utf8), to: destination) } catch { throw .failed("\(error)") }
  }

  func save(_ artifact: JSON, from source: String, context: ArtifactContext) throws(ArtifactFailure) -> JSON {
    guard LocalFiles.exists(source) else { throw .notFound(source) }
    let name = artifact["name"]?.string ?? ""
    saves.withLock { $0.append((name, source, context.keyPrefix)) }
    let bytes = (try? LocalFiles.read(source)) ?? []
    saved.withLock { $0.append((artifact, bytes)) }
    return ["name": .string(name), "local": ["key": .string(context.keyPrefix + "/" + name)]]
  }

  func list(_ artifact: JSON, context: ArtifactContext) throws(ArtifactFailure) -> [String] {
    saves.withLock { $0.map { "\($0.prefix)/\($0.name)" } }
  }

  func delete(_ artifact: JSON, context: ArtifactContext) throws(ArtifactFailure) {
    let name = artifact["name"]?.string ?? ""
    if artifact["broken"] == true { throw .failed("no route to host") }
    deletions.withLock { $0.append(artifact) }
    saves.withLock { $0.removeAll { $0.name == name } }
  }
}

/// A node service over a store in memory and a directory that vanishes with the bench.
final class Bench: Sendable {
  let state: String
  let store: ResourceDatabase
  let runner = FakeRunner()
  let artifacts = FakeArtifacts()
  let node: NodeService
  let settings: NodeSettings
  let helpers: NodeHelpers

  init(
    maximumPods: Int = 10, announcementDelay: TimeSpan? = nil, progressTick: GoDuration? = nil, startTime: TimeSpan? = nil,
    helpers: NodeHelpers = NodeHelpers(), api: NodeSettings.APIAccess? = nil, keepsLogs: Bool = false,
    waitsForConfiguration: Bool = false,
    over wrapped: (ResourceDatabase) -> any ResourceStoring = { $0 }
  ) throws {
    var template = Array("/tmp/argosy-node-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw FileError("mkdtemp", "/tmp") }
    state = String(cString: made)
    store = try ResourceDatabase(file: ":memory:")
    var settings = NodeSettings(
      directory: state, isolation: .namespaces, hostName: "machine", baseEnvironment: [("PATH", "/bin"), ("HOME", "/home/me")])
    settings.maximumPods = maximumPods
    if let announcementDelay { settings.announcementDelay = announcementDelay }
    if let progressTick { settings.progressPatchTick = progressTick }
    if let startTime { settings.startTime = startTime }
    settings.api = api
    settings.waitsForConfiguration = waitsForConfiguration
    if keepsLogs { settings.keptLogs = state + "/logs" }
    self.settings = settings
    var helpers = helpers
    if helpers.claims == nil { helpers.claims = PlainVolumes(store: store, root: state + "/volumes") }
    self.helpers = helpers
    node = NodeService(store: wrapped(store), runner: runner, artifacts: artifacts, settings: settings, helpers: helpers, workerCount: 2)
  }

  deinit { LocalFiles.removeTree(state) }

  /// Runs a test with the service started, and stops it afterwards.
  static func with(
    maximumPods: Int = 10, announcementDelay: TimeSpan? = nil, progressTick: GoDuration? = nil, startTime: TimeSpan? = nil,
    _ body: (Bench) async throws -> Void
  ) async throws {
    let bench = try Bench(
      maximumPods: maximumPods, announcementDelay: announcementDelay, progressTick: progressTick, startTime: startTime)
    try bench.node.start()
    defer { bench.node.stop() }
    try await body(bench)
  }

  @discardableResult
  func create(_ name: String, spec: JSON = simple, template: JSON = [:], annotations: [String: String] = [:]) throws -> Resource {
    try store.create(Self.pod(name, spec: spec, template: template, annotations: annotations))
  }

  static let simple: JSON = ["containers": [["name": "main", "image": "alpine", "command": ["true"]]]]

  static func pod(_ name: String, spec: JSON = simple, template: JSON = [:], annotations: [String: String] = [:]) -> Resource {
    var members: JSONObject = [
      ArgoKey.template: .string(template.text()), ArgoKey.nodeID: .string("wf-" + name),
    ]
    for (key, value) in annotations { members[key] = .string(value) }
    return Resource(
      .pod,
      json: [
        "metadata": [
          "name": .string(name), "namespace": "n", "labels": [ArgoKey.workflow: "wf"], "annotations": .object(members),
        ],
        "spec": spec,
      ])
  }

  static func key(_ pod: String) -> ResourceKey { ResourceKey(.pod, namespace: "n", name: pod) }
  func status(_ pod: String) throws -> JSON { try store.get(Self.key(pod))?.status ?? .null }
  func phase(_ pod: String) throws -> String? { try status(pod)["phase"]?.string }
  func result(_ pod: String) throws -> JSON? {
    try store.get(ResourceKey(.workflowTaskResult, namespace: "n", name: "wf-" + pod))?.json["outputs"]
  }
  func directory(_ pod: String) throws -> String { node.directory(of: try #require(try store.get(Self.key(pod)))) }

  func write(_ text: String, _ path: String) throws {
    if let parent = LocalFiles.parent(of: path) { try LocalFiles.makeDirectories(parent) }
    try LocalFiles.write(Array(text.utf8), to: path)
  }

  func end(_ pod: String, _ containers: [(String, Int32?)] = [("main", 0)], _ edit: (inout PodReport) -> Void = { _ in }) {
    var report = Self.report(containers)
    report.isFinished = true
    edit(&report)
    runner.tell(pod, report)
  }

  static func report(_ containers: [(String, Int32?)]) -> PodReport {
    PodReport(
      supervisor: 1, supervisorStart: 1,
      containers: containers.map { name, code in
        var container = PodReport.Container(name: name)
        container.startedAt = 1_700_000_000_000
        container.exitCode = code
        if code != nil { container.finishedAt = 1_700_000_001_000 }
        return container
      })
  }

  func started(_ pod: String) async throws { try await eventually("\(pod) started") { self.runner.started.contains(pod) } }
  func reaches(_ pod: String, _ phase: String) async throws {
    try await eventually("\(pod) \(phase)") { try self.phase(pod) == phase }
  }

  // Preparation without the service.

  func preparation(_ pod: Resource) -> PodPreparation {
    var pod = pod
    if pod.uid.isEmpty { pod.uid = "u1" }
    return PodPreparation(
      pod: pod, directory: node.directory(of: pod), store: store, artifacts: artifacts, settings: settings,
      now: Instant(seconds: 1_700_000_000), services: helpers)
  }
  func plan(_ spec: JSON, template: JSON = [:]) throws -> PodPlan { try preparation(Self.pod("p", spec: spec, template: template)).plan() }
  func message(_ spec: JSON, template: JSON = [:]) -> String {
    do {
      _ = try plan(spec, template: template)
      return ""
    } catch let failure as PodFailure {
      return failure.message
    } catch {
      return "\(error)"
    }
  }

  func secret(_ name: String, _ values: [String: String]) throws {
    try store.create(object(.secret, name, "stringData", values))
  }
  func configMap(_ name: String, _ values: [String: String]) throws { try store.create(object(.configMap, name, "data", values)) }
  func claim(_ name: String) throws {
    try store.create(Resource(.persistentVolumeClaim, json: ["metadata": ["name": .string(name), "namespace": "n"]]))
  }
  private func object(_ kind: ResourceKind, _ name: String, _ member: String, _ values: [String: String]) -> Resource {
    let members = JSONObject(values.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
    return Resource(kind, json: ["metadata": ["name": .string(name), "namespace": "n"], member: .object(members)])
  }
}

/// A directory for each claim, which stays.
struct PlainVolumes: ClaimBinding {
  let store: ResourceDatabase
  let root: String

  func volume(ofClaim claim: ResourceKey) throws(KubeStatus) -> ClaimedVolume {
    guard try store.get(claim) != nil else { throw KubeStatus(.invalid, "persistentvolumeclaim \"\(claim.name)\" not found") }
    let path = "\(root)/\(claim.namespace)/\(claim.name)"
    do throws(FileError) {
      try LocalFiles.makeDirectories(root, mode: 0o700)
      try LocalFiles.makeDirectories(path)
    } catch {
      throw KubeStatus(.internalError, "\(error)")
    }
    return ClaimedVolume(path: path)
  }
}

struct NeverHappened: Error, CustomStringConvertible { var description: String }

/// Waits until something is so; fails after a long time.
func eventually(_ what: String, _ condition: () throws -> Bool) async throws {
  for _ in 0..<60_000 {
    if try condition() { return }
    try await Task.sleep(for: .milliseconds(2))
  }
  throw NeverHappened(description: "never happened: " + what)
}

func container(_ members: JSONObject) -> JSON {
  var container: JSONObject = ["name": "main", "image": "alpine", "command": ["true"]]
  for (key, value) in members { container[key] = value }
  return ["containers": [.object(container)]]
}

extension PodPlan {
  func variable(_ name: String) -> String? {
    containers[0].env.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
  }
  /// The first container's environment without what the executor adds.
  var ownEnvironment: [String] { containers[0].env.filter { !$0.hasPrefix("ARGO_") } }
  func text(of target: String, _ file: String = "") -> String? {
    guard let mount = containers[0].mounts.first(where: { $0.target == target }) else { return nil }
    return (try? LocalFiles.read(mount.source + file)).map { String(decoding: $0, as: UTF8.self) }
  }
}

func mode(_ path: String) -> mode_t {
  var info = stat()
  return stat(path, &info) == 0 ? info.st_mode & 0o777 : 0
}
