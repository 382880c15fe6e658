import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing

@testable import WorkflowService

/// Remembers what was removed.
private final class FakeFiles: KeptFilesRemoving {
  struct Removal: Equatable {
    var uid: String
    var artifactsOf: String?
    var prefixes: [String] = []
  }
  let removals = Mutex<[Removal]>([])
  let kept = Mutex<[String]>([])
  let fails = Atomic<Bool>(false)

  func removeKept(ofWorkflow uid: String, artifacts: Resource?, below prefixes: [String]) throws(KubeStatus) {
    if fails.load(ordering: .relaxed) { throw KubeStatus(.internalError, "no") }
    removals.withLock { $0.append(Removal(uid: uid, artifactsOf: artifacts?.name, prefixes: prefixes)) }
    kept.withLock { $0.removeAll { $0 == uid } }
  }
  func keptWorkflows() -> [String] { kept.withLock { $0 } }
  var all: [Removal] { removals.withLock { $0 } }
}

/// Retention: what leaves the archive by itself, and what it takes along.
@Suite final class ArchiveServiceTests: Sendable {
  private let store: ResourceDatabase
  private let files = FakeFiles()
  private let retention = Mutex(ArchiveRetention())
  private let time = Mutex(Instant(seconds: 100_000))

  init() throws { store = try ResourceDatabase(file: ":memory:") }

  private func service() -> ArchiveService {
    ArchiveService(store: store, files: files, clock: { self.time.withLock { $0 } }, retention: { self.retention.withLock { $0 } })
  }

  private func workflow(_ name: String, uid: String? = nil, namespace: String = "n", finished: Int64) -> Resource {
    Resource(
      .workflow,
      json: [
        "metadata": ["name": .string(name), "namespace": .string(namespace), "uid": .string(uid ?? name)],
        "status": ["phase": "Succeeded", "finishedAt": .string(Instant(seconds: finished).rfc3339)],
      ])
  }

  private func archive(_ workflows: Resource...) throws {
    try store.commit(workflows.map { .archive(ArchivedWorkflow(workflow: $0)) })
  }

  private var left: Set<String> { get throws { Set(try store.archived(ArchiveQuery()).workflows.map(\.uid)) } }

  private func with(_ body: (ArchiveService) async throws -> Void) async throws {
    let service = service()
    service.start()
    defer { service.stop() }
    try await body(service)
  }

  @Test("at the start all that is too old goes, however much it is, with its files before its row")
  func age() async throws {
    for number in 0..<120 { try archive(workflow("old\(number)", finished: Int64(1000 + number))) }
    try archive(workflow("young", finished: 99_000))
    retention.withLock { $0.age = TimeSpan(seconds: 5000) }
    try await with { _ in
      try await eventually("only the young one is left") { try left == ["young"] }
    }
    #expect(files.all.count == 120)
    #expect(files.all.first == FakeFiles.Removal(uid: "old0", artifactsOf: "old0", prefixes: ["n/old0/", "old0/old0"]))
  }

  @Test("what becomes too old while the service sleeps goes at its time")
  func laterAge() async throws {
    // The service sleeps by the machine's clock: times are those of the machine here.
    let now = SystemClock.now()
    try archive(workflow("w", finished: now.seconds))
    let service = ArchiveService(store: store, files: files) { ArchiveRetention(age: TimeSpan(seconds: 2)) }
    service.start()
    defer { service.stop() }
    try await eventually("it goes") { try left.isEmpty }
    #expect(SystemClock.now() >= Instant(seconds: now.seconds + 2))
  }

  @Test("beyond the number those that ended first go; a new one pushes out the oldest")
  func count() async throws {
    for number in 0..<10 { try archive(workflow("w\(number)", finished: Int64(1000 - number))) }
    retention.withLock { $0.count = 3 }
    try await with { _ in
      try await eventually("three are left") { try left == ["w0", "w1", "w2"] }
      var new = workflow("new", finished: 2000)
      new.setLabel(ArgoKey.archivingStatus, "Archived")
      try store.commit([.create(new), .archive(ArchivedWorkflow(workflow: new))])
      try await eventually("the oldest is pushed out") { try left == ["w0", "w1", "new"] }
    }
  }

  @Test("a changed configuration counts at once")
  func configuration() async throws {
    try archive(workflow("w", finished: 1000))
    try await with { _ in
      retention.withLock { $0.count = 0 }
      let map = Resource(.configMap, json: ["metadata": ["name": "workflow-controller-configmap", "namespace": "argo"]])
      try store.create(map)
      try await eventually("it goes") { try left.isEmpty }
    }
  }

  @Test("while its object is there, its files stay; artifacts stay while another workflow has its own in the same place")
  func sharedFiles() async throws {
    try store.create(Resource(.namespace, json: ["metadata": ["name": "m"]]))
    try store.create(workflow("live", finished: 1))
    try store.create(workflow("namesake", uid: "newer", namespace: "m", finished: 1))
    try archive(
      workflow("live", finished: 1), workflow("namesake", finished: 1), workflow("twice", uid: "twice-1", finished: 1),
      workflow("twice", uid: "twice-2", finished: 2), workflow("apart", uid: "apart-1", finished: 1),
      workflow("apart", uid: "apart-2", namespace: "m", finished: 2))
    let service = service()
    let uids = ["live", "namesake", "twice-1", "twice-2", "apart-1", "apart-2"]
    for uid in uids { #expect(try service.remove(uid: uid)) }
    #expect(try !service.remove(uid: "apart-2"))
    #expect(files.all.map(\.uid) == Array(uids.dropFirst()))
    #expect(
      files.all.map(\.prefixes) == [
        ["n/namesake/"], [], ["n/twice/", "twice/twice"], ["n/apart/"], ["m/apart/", "apart/apart"],
      ])
    #expect(try left.isEmpty)
  }

  @Test("a deleted workflow takes its logs along unless it is archived; a start does what a crash left undone")
  func logs() async throws {
    files.kept.withLock { $0 = ["archived", "live", "orphan", "plain"] }
    try store.create(workflow("live", finished: 1))
    try store.create(workflow("plain", finished: 1))
    try archive(workflow("archived", finished: 1))
    try await with { _ in
      try await eventually("the orphan's are gone") { files.keptWorkflows() == ["archived", "live", "plain"] }
      try store.commit([.delete(ResourceKey(.workflow, namespace: "n", name: "plain"))])
      try await eventually("the deleted one's are gone") { files.keptWorkflows() == ["archived", "live"] }
    }
    #expect(files.all.allSatisfy { $0.artifactsOf == nil })
  }

  @Test("what cannot be removed stays in the archive")
  func failure() throws {
    try archive(workflow("w", finished: 1))
    files.fails.store(true, ordering: .relaxed)
    #expect(throws: KubeStatus.self) { try service().remove(uid: "w") }
    #expect(try left == ["w"])
  }
}
