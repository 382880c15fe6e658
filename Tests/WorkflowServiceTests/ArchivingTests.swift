import ArgoModel
import Basics
import ClusterService
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing
import WorkflowCore

@testable import WorkflowService

/// Hands commits on and remembers them.
private final class CommitLog: ResourceStoring {
  let commits = Mutex<[[Write]]>([])
  private let inner: any ResourceStoring
  init(_ inner: any ResourceStoring) { self.inner = inner }

  func commit(_ writes: [Write]) throws(KubeStatus) -> [Resource?] {
    let results = try inner.commit(writes)
    commits.withLock { $0.append(writes) }
    return results
  }
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

/// Workflows that end go into the archive, and runs are made from it.
@Suite struct ArchivingTests {
  private static let chainOfTwo: JSON = [
    "entrypoint": "main", "arguments": ["parameters": [["name": "p", "value": "1"]]],
    "templates": [
      ["name": "main", "steps": [[["name": "a", "template": "t"]], [["name": "b", "template": "t"]]]],
      ["name": "t", "container": ["image": "alpine"]],
    ],
  ]

  private func settings(_ edit: (inout WorkflowSettings) -> Void = { _ in }) -> WorkflowSettings {
    var settings = WorkflowSettings()
    settings.archives = .everything
    settings.storedNodes = 1000
    edit(&settings)
    return settings
  }

  /// Runs a test with a service that archives, a node and a garbage collector.
  private func with(
    _ settings: WorkflowSettings? = nil, script: @escaping @Sendable (Resource) -> TinyNode.Ending? = { _ in TinyNode.Ending() },
    _ body: (Bench, WorkflowService) async throws -> Void
  ) async throws {
    let bench = try Bench { CommitLog($0) }
    let node = TinyNode(bench.database, script: script)
    let service = WorkflowService(store: bench.store, settings: settings ?? self.settings(), archive: bench.database)
    let collector = try bench.collector()
    node.start()
    try service.start()
    defer {
      service.stop()
      node.stop()
      collector.stop()
    }
    try await body(bench, service)
  }

  private func with(bench: Bench, _ settings: WorkflowSettings, _ body: (WorkflowService) async throws -> Void) async throws {
    let service = WorkflowService(store: bench.store, settings: settings, archive: bench.database)
    try service.start()
    defer { service.stop() }
    try await body(service)
  }

  private func summaries(_ bench: Bench) throws -> [Resource] { try bench.database.archived(ArchiveQuery()).workflows }

  private func refusal(_ body: () throws -> Void) -> String {
    do {
      try body()
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test("a workflow that is deleted at its end is in the archive as its readers saw it", arguments: [0, 1000])
  func whole(storedNodes: Int) async throws {
    try await with(settings { $0.storedNodes = storedNodes }) { bench, service in
      let submitted = try bench.submit("w", Self.chainOfTwo)
      try await bench.reaches("w", "Succeeded")
      let live = try #require(try service.workflow(Bench.key("w")))
      #expect(live.label(ArgoKey.archivingStatus) == "Archived")
      try bench.database.commit([.delete(Bench.key("w"))])
      try await eventually("its rows are gone") { try bench.database.runs(uid: submitted.uid).isEmpty }
      var kept = try #require(try bench.database.archived(uid: submitted.uid))
      #expect(kept.label(ArgoKey.archivingStatus) == "Persisted")
      kept.setLabel(ArgoKey.archivingStatus, "Archived")
      kept.resourceVersion = live.resourceVersion
      #expect(kept.status == live.status)
      #expect(kept.json == live.json)
      #expect(kept.status["nodes"]?.object?.count == 5)
    }
  }

  @Test("the transaction that ends a run archives it, once, and no other does")
  func oneTransaction() async throws {
    try await with(settings { $0.defaults = Resource(.workflow, json: ["spec": ["ttlStrategy": ["secondsAfterCompletion": 0]]]) }) {
      bench, _ in
      for number in 0..<5 { try bench.submit("w\(number)", Self.chainOfTwo) }
      try await eventually("all are over and gone") { try summaries(bench).count == 5 && bench.objects(.workflow).isEmpty }
      let log = try #require(bench.store as? CommitLog)
      var archived: [String] = []
      for batch in log.commits.withLock({ $0 }) {
        var ended: Set<String> = []
        var kept: Set<String> = []
        for write in batch {
          switch write {
          case .putRun(let row) where row.isFinished: ended.insert(row.uid)
          case .archive(let workflow):
            kept.insert(workflow.workflow.uid)
            archived.append(workflow.workflow.uid)
          default: break
          }
        }
        #expect(ended == kept)
      }
      #expect(archived.count == 5 && Set(archived).count == 5)
    }
  }

  @Test("what never began is archived with its message, without a run; what a user deletes before its end is not archived")
  func refused() async throws {
    let problem: @Sendable (Resource) -> String? = { $0.name == "wrong" ? "no entrypoint" : nil }
    try await with(
      settings { $0.problem = problem }, script: { $0.label(ArgoKey.workflow) == "endless" ? nil : TinyNode.Ending() }
    ) { bench, service in
      try bench.submit("wrong", single)
      try bench.submit("endless", single)
      try await bench.reaches("endless", "Running")
      try await eventually("it is refused") { try summaries(bench).map(\.name) == ["wrong"] }
      try bench.database.commit([.delete(Bench.key("endless"))])
      try bench.submit("last", single)
      try await bench.reaches("last", "Succeeded")
      #expect(try Set(summaries(bench).map(\.name)) == ["wrong", "last"])
      let wrong = try #require(try bench.database.archived(namespace: "n", name: "wrong"))
      #expect(wrong.status["message"] == "invalid spec: no entrypoint")
      #expect(try bench.database.archivedRun(uid: wrong.uid) == nil)
      #expect(refusal { try service.retry(archived: wrong.uid) }.contains("already exists"))
      try bench.database.commit([.delete(Bench.key("wrong"))])
      #expect(refusal { try service.retry(archived: wrong.uid) }.contains("has not begun"))
      #expect(refusal { try service.retry(archived: "nobody") } == "not found")
    }
  }

  @Test("only workflows whose labels match go into the archive; without an archive there is no label")
  func selector() async throws {
    try await with(settings { $0.archives = LabelSelector([.equals("keep", "yes")]) }) { bench, _ in
      try bench.database.create(
        Resource(.workflow, json: ["metadata": ["name": "kept", "namespace": "n", "labels": ["keep": "yes"]], "spec": single]))
      try bench.submit("other", single)
      try await bench.reaches("kept", "Succeeded")
      try await bench.reaches("other", "Succeeded")
      #expect(try summaries(bench).map(\.name) == ["kept"])
      #expect(try bench.stored("other")?.label(ArgoKey.archivingStatus) == nil)
    }
  }

  @Test(
    "what ended before there was an archive is put there by the next start, before anything else takes it away; what a user removed is not")
  func missed() async throws {
    let bench = try Bench()
    let node = TinyNode(bench.database)
    node.start()
    defer { node.stop() }
    try await with(bench: bench, WorkflowSettings()) { _ in
      for number in 0..<30 { try bench.submit("w\(number)", single) }
      for number in 0..<30 { try await bench.reaches("w\(number)", "Succeeded") }
    }
    #expect(try summaries(bench).isEmpty)
    try await with(
      bench: bench, settings { $0.retention = RetentionPolicy(["completed": 3]) }
    ) { _ in
      try await eventually("all are archived, three are kept") {
        try summaries(bench).count == 30 && bench.objects(.workflow).count == 3
      }
    }
    let first = try #require(try bench.objects(.workflow).first)
    #expect(try bench.database.archivedRun(uid: first.uid)?.nodes.count == 1)
    try bench.database.commit([.deleteArchived(uid: first.uid)])
    try await with(bench: bench, settings()) { _ in
      try bench.submit("later", single)
      try await bench.reaches("later", "Succeeded")
      #expect(try bench.database.archived(uid: first.uid) == nil)
    }
  }

  @Test("labels and annotations that a user sets on a finished workflow are found in the archive, those of the time before a crash too")
  func follows() async throws {
    let bench = try Bench { CommitLog($0) }
    let node = TinyNode(bench.database)
    node.start()
    defer { node.stop() }
    var uid = ""
    func annotation(_ name: String) throws -> String? { try bench.database.archived(uid: uid)?.annotation(name) }
    try await with(bench: bench, settings()) { _ in
      uid = try bench.submit("w", single).uid
      try await bench.reaches("w", "Succeeded")
      try bench.patch("w", ["metadata": ["labels": ["reviewed": "yes"]]])
      var query = ArchiveQuery()
      query.labels = LabelSelector([.equals("reviewed", "yes")])
      try await eventually("the archive follows") { try bench.database.archived(query).workflows.map(\.uid) == [uid] }
      #expect(try bench.database.archivedRun(uid: uid)?.nodes.count == 1)
      // A short one, and those that are too long for a summary.
      let long = String(repeating: "x", count: 5000)
      for value in ["short", long, long + "y"] {
        try bench.patch("w", ["metadata": ["annotations": ["note": .string(value)]]])
        try await eventually("the archive follows") { try annotation("note") == value }
      }
      try bench.patch("w", ["metadata": ["annotations": .null, "labels": ["reviewed": .null]]])
      try await eventually("the archive follows") { try annotation("note") == nil && summaries(bench).first?.label("reviewed") == nil }
      #expect(try bench.stored("w")?.label(ArgoKey.archivingStatus) == "Archived")
    }
    // Nobody saw this one.
    try bench.patch("w", ["metadata": ["annotations": ["late": "edit"]]])
    try await with(bench: bench, settings()) { _ in
      try await eventually("the archive catches up") { try annotation("late") == "edit" }
    }
  }

  @Test(
    "a run of the archive is retried under its name and uid: what had succeeded is not run again, and its end takes its place in the archive"
  )
  func retry() async throws {
    let isMended = Atomic<Bool>(false)
    let isOver = Atomic<Bool>(false)
    // The second attempt goes on until it is let end.
    try await with(script: { pod in
      guard pod.annotation(ArgoKey.nodeName)?.hasSuffix(".b") == true else { return TinyNode.Ending() }
      guard isMended.load(ordering: .relaxed) else { return TinyNode.Ending(exitCode: 1) }
      return isOver.load(ordering: .relaxed) ? TinyNode.Ending() : nil
    }) { bench, service in
      let uid = try bench.submit("w", Self.chainOfTwo).uid
      try await bench.reaches("w", "Failed")
      #expect(refusal { try service.retry(archived: uid) } == "Workflow already exists on cluster, use argo retry {name} instead")
      try bench.database.commit([.delete(Bench.key("w"))])
      try await eventually("all is gone") { try bench.objects(.pod).isEmpty && bench.database.runs(uid: uid).isEmpty }
      isMended.store(true, ordering: .relaxed)
      let request = RetryRequest(parameters: [ParameterValue("p", "2")])
      let retried = try service.retry(archived: uid, request)
      #expect(retried.uid == uid)
      #expect(retried.label(ArgoKey.archivingStatus) == nil)
      #expect(retried.status["phase"] == "Running")
      // While it runs the archive has how it ended before.
      #expect(try bench.database.archived(uid: uid)?.status["phase"] == "Failed")
      isOver.store(true, ordering: .relaxed)
      let pod = try #require(try bench.objects(.pod).first)
      let ended: JSON = [
        "phase": "Succeeded",
        "containerStatuses": [["name": "main", "state": ["terminated": ["exitCode": 0, "reason": "Completed"]]]],
      ]
      try bench.database.commit([.patch(pod.key, ["status": ended])])
      try await bench.reaches("w", "Succeeded")
      #expect(try bench.objects(.pod).count == 1)
      let again = try #require(try bench.database.archived(uid: uid))
      #expect(again.status["phase"] == "Succeeded")
      #expect(again.spec.at("arguments", "parameters")?[0]?["value"] == "2")
      #expect(try summaries(bench).count == 1)
    }
  }

  @Test("a run of the archive is submitted again, memoized too, and forked, when its object and its owner are gone")
  func derived() async throws {
    let isMended = Atomic<Bool>(false)
    try await with(script: { pod in
      let fails = pod.annotation(ArgoKey.nodeName)?.hasSuffix(".b") == true && !isMended.load(ordering: .relaxed)
      return TinyNode.Ending(exitCode: fails ? 1 : 0)
    }) { bench, service in
      let cron = try bench.database.create(Resource(.cronWorkflow, json: ["metadata": ["name": "c", "namespace": "n"]]))
      let owner: JSON = [
        ["apiVersion": "argoproj.io/v1alpha1", "kind": "CronWorkflow", "name": "c", "uid": .string(cron.uid), "controller": true]
      ]
      let workflow = Resource(
        .workflow, json: ["metadata": ["name": "w", "namespace": "n", "ownerReferences": owner], "spec": Self.chainOfTwo])
      let uid = try bench.database.create(workflow).uid
      try await bench.reaches("w", "Failed")
      try bench.database.commit([.delete(cron.key)])
      try await eventually("it is gone with its owner") { try bench.stored("w") == nil }
      isMended.store(true, ordering: .relaxed)
      let plain = try service.resubmit(archived: uid)
      #expect(plain.label(ArgoKey.resubmittedFrom) == "w")
      #expect(plain.metadata["ownerReferences"] == nil)
      try await bench.reaches(plain.name, "Succeeded")
      let memoized = try service.resubmit(archived: uid, ResubmitRequest(isMemoized: true), labels: LabelEdit(["who": "me"]))
      #expect(memoized.label("who") == "me")
      try await bench.reaches(memoized.name, "Succeeded")
      let forked = try service.fork(archived: uid, ForkRequest(node: "b"))
      try await bench.reaches(forked.name, "Succeeded")
      func pods(_ name: String) throws -> Int { try bench.objects(.pod).filter { $0.label(ArgoKey.workflow) == name }.count }
      #expect(try pods(plain.name) == 2)
      #expect(try pods(memoized.name) == 1)
      #expect(try pods(forked.name) == 1)
      #expect(try summaries(bench).count == 4)
      #expect(refusal { try service.resubmit(archived: "nobody") } == "not found")
    }
  }

  @Test("the archive tells which artifacts were deleted, also those that the deletion of the workflow took")
  func artifacts() async throws {
    let outputs: JSON = [
      "artifacts": [
        ["name": "a", "local": ["key": "k/a"], "artifactGC": ["strategy": "OnWorkflowCompletion"]],
        ["name": "b", "local": ["key": "k/b"], "artifactGC": ["strategy": "OnWorkflowDeletion"]],
      ]
    ]
    try await with(script: { _ in TinyNode.Ending(outputs: outputs) }) { bench, _ in
      let uid = try bench.submit("w", single).uid
      func finish(_ artifact: String) async throws {
        try await eventually("a task") { try bench.objects(.workflowArtifactGCTask).count == 1 }
        let task = try #require(try bench.objects(.workflowArtifactGCTask).first)
        let results: JSON = .object([artifact: ["name": .string(artifact), "success": true]])
        try bench.database.commit([.patch(task.key, ["status": ["artifactResultsByNode": ["w": ["artifactResults": results]]]])])
        try await eventually("the task is gone") { try bench.objects(.workflowArtifactGCTask).isEmpty }
      }
      func deleted() throws -> [Bool?] {
        let list = try bench.database.archived(uid: uid)?.status.at("nodes", "w", "outputs", "artifacts")?.array ?? []
        return list.map { $0["deleted"]?.bool }
      }
      try await finish("a")
      #expect(try deleted() == [true, nil])
      try bench.database.commit([.delete(Bench.key("w"))])
      try await finish("b")
      #expect(try deleted() == [true, true])
      #expect(try bench.database.runs(uid: uid).isEmpty)
    }
  }
}
