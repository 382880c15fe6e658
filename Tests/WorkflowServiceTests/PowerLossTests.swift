import Basics
import Contracts
import FaultKit
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing
import WorkflowCore

@testable import WorkflowService

@Suite("Loss of power under workflows") struct PowerLossTests {
  /// Commits as the node service does: without waiting for the disk.
  private final class Unhurried: ResourceStoring {
    private let inner: any ResourceStoring
    init(_ inner: any ResourceStoring) { self.inner = inner }

    func commit(_ writes: [Write]) throws(KubeStatus) -> [Resource?] { try inner.commit(writes, isDurable: false) }
    func get(_ key: ResourceKey) throws(KubeStatus) -> Resource? { try inner.get(key) }
    func owned(by uid: String) throws(KubeStatus) -> [Resource] { try inner.owned(by: uid) }
    func list(_ kind: ResourceKind, namespace: String?, labels: LabelSelector) throws(KubeStatus) -> [Resource] {
      try inner.list(kind, namespace: namespace, labels: labels)
    }
    func watch(_ kinds: Set<ResourceKind>, handler: @escaping @Sendable ([WatchEvent]) -> Void) -> any WatchHandle {
      inner.watch(kinds, handler: handler)
    }
    func runs(uid: String?) throws(KubeStatus) -> [RunRow] { try inner.runs(uid: uid) }
    func nodes(ofRun uid: String) throws(KubeStatus) -> [NodeRow] { try inner.nodes(ofRun: uid) }
  }

  /// What somebody was told, and when.
  private struct Told: Sendable {
    var moment: Int
    var name: String
  }

  private static let steps = 5

  /// Runs all workflows of a database to their end, after the pods that it has have told how they ended.
  private func finish(_ store: ResourceDatabase, observer: @escaping @Sendable (RunProgress) -> Void = { _ in }) async throws -> [String] {
    let node = TinyNode(Unhurried(store))
    node.start()
    let service = WorkflowService(store: store, observer: observer)
    try service.start()
    defer {
      service.stop()
      node.stop()
    }
    for pod in try store.list(.pod, namespace: nil, labels: .everything) { node.play(pod) }
    try await eventually("all succeed") {
      try store.list(.workflow, namespace: nil, labels: .everything).allSatisfy { $0.status["phase"] == "Succeeded" }
    }
    return node.created.withLock { $0 }
  }

  @Test(
    "whenever the power fails, no step that was begun or has ended is begun again, and all workflows end well",
    arguments: [1, 2 as UInt64])
  func steps(seed: UInt64) async throws {
    var generator = SeededGenerator(seed: seed)
    let directory = "/tmp/argosy-power-\(UInt64.random(in: 0 ... .max))"
    try LocalFiles.makeDirectories(directory)
    defer { LocalFiles.removeTree(directory) }
    let disk = FaultyDisk()
    defer { disk.remove() }
    var settings = ResourceDatabaseSettings()
    settings.fileSystem = disk.name
    settings.checkpointPages = Int.random(in: 20...100, using: &generator)
    let store = try ResourceDatabase(file: directory + "/first.db", settings: settings)
    let pods = Mutex<[Told]>([])
    let ended = Mutex<[Told]>([])
    var submitted: [Told] = []
    let watch = store.watch([.pod]) { events in
      for event in events where event.change == .added {
        pods.withLock { $0.append(Told(moment: disk.moment, name: event.resource.name)) }
      }
    }
    for name in ["a", "b", "c"] {
      try store.create(Resource(.workflow, json: ["metadata": ["name": .string(name), "namespace": "n"], "spec": chain(Self.steps)]))
      submitted.append(Told(moment: disk.moment, name: name))
    }
    _ = try await finish(store) { progress in
      for node in progress.nodes where node.phase == "Succeeded" { ended.withLock { $0.append(Told(moment: disk.moment, name: node.id)) } }
    }
    watch.cancel()
    store.close()
    let operations = disk.operations
    let moments = (0..<20).map { _ in Int.random(in: 0...operations.count, using: &generator) }.sorted()
    var power = PowerLoss()
    var applied = 0
    for (number, moment) in moments.enumerated() {
      while applied < moment {
        power.apply(operations[applied])
        applied += 1
      }
      let image = "\(directory)/\(number).db"
      for (name, bytes) in power.files(using: &generator) { try LocalFiles.write(bytes, to: image + name.dropFirst("first.db".count)) }
      let place: Comment = "seed \(seed), moment \(moment)"
      func before(_ told: [Told]) -> Set<String> { Set(told.filter { $0.moment <= moment }.map(\.name)) }
      let begun = before(pods.withLock { $0 })
      let revived = try ResourceDatabase(file: image)
      let workflows = try revived.list(.workflow, namespace: nil, labels: .everything)
      #expect(Set(workflows.map(\.name)).isSuperset(of: before(submitted)), place)
      #expect(Set(try revived.list(.pod, namespace: nil, labels: .everything).map(\.name)).isSuperset(of: begun), place)
      let nodes = try revived.runs(uid: nil).filter { !$0.isFinished }.flatMap { try revived.nodes(ofRun: $0.uid) }
      let over = before(ended.withLock { $0 })
      for node in nodes where over.contains(node.id) { #expect(node.phase == "Succeeded", place) }
      let begunAfterwards = try await finish(revived)
      #expect(begun.isDisjoint(with: begunAfterwards), place)
      #expect(begunAfterwards.count == Set(begunAfterwards).count, place)
      #expect(try revived.list(.pod, namespace: nil, labels: .everything).count == workflows.count * Self.steps, place)
      revived.close()
    }
  }

  @Test(
    "while the disk fails, workflows stay as they are, and they go on when it works again",
    arguments: [(.write, 8), (.write, 13), (.write, 778), (.sync, 1034)] as [(FaultyDisk.Action, Int32)])
  func failingDisk(action: FaultyDisk.Action, code: Int32) async throws {
    let directory = "/tmp/argosy-power-\(UInt64.random(in: 0 ... .max))"
    try LocalFiles.makeDirectories(directory)
    defer { LocalFiles.removeTree(directory) }
    let disk = FaultyDisk()
    defer { disk.remove() }
    var settings = ResourceDatabaseSettings()
    settings.fileSystem = disk.name
    let store = try ResourceDatabase(file: directory + "/first.db", settings: settings)
    defer { store.close() }
    let service = WorkflowService(store: store)
    try service.start()
    defer { service.stop() }
    let spec: JSON = ["entrypoint": "wait", "templates": [["name": "wait", "suspend": [:]]]]
    let workflow = try store.create(Resource(.workflow, json: ["metadata": ["name": "w", "namespace": "n"], "spec": spec]))
    func phase() throws -> JSON? { try store.get(workflow.key)?.status["phase"] }
    try await eventually("running") { try phase() == "Running" }
    disk.fail(action, code)
    service.command(runUID: workflow.uid, .resume())
    try await eventually("tried more than once") { disk.failures > 1 }
    #expect(try phase() == "Running")
    disk.fail(action, nil)
    try await eventually("succeeded") { try phase() == "Succeeded" }
  }
}
