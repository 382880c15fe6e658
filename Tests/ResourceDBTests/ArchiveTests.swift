import Basics
import Contracts
import JSONValue
import KubeModel
import Testing

@testable import ResourceDB

@Suite("the archive's tables")
struct ArchiveTests {
  private static func workflow(
    _ name: String, uid: String? = nil, namespace: String = "n", started: Int64 = 1000, finished: Int64 = 2000, phase: String = "Succeeded",
    labels: JSON = [:], edit: (inout Resource) -> Void = { _ in }
  ) -> Resource {
    var workflow = Resource(
      .workflow,
      json: [
        "metadata": [
          "name": .string(name), "namespace": .string(namespace), "uid": .string(uid ?? "uid-\(name)"), "labels": labels,
          "creationTimestamp": .string(Instant(seconds: started).rfc3339), "resourceVersion": "77",
        ],
        "spec": ["templates": [["name": "main"]], "arguments": ["parameters": [["name": "city", "value": "Wuppertal"]]]],
        "status": [
          "phase": .string(phase), "startedAt": .string(Instant(seconds: started).rfc3339),
          "finishedAt": .string(Instant(seconds: finished).rfc3339),
          "nodes": ["a": ["displayName": .string("fetch-\(name)"), "message": "exit status 42"]],
        ],
      ])
    edit(&workflow)
    return workflow
  }

  private func names(_ store: ResourceDatabase, _ edit: (inout ArchiveQuery) -> Void) throws -> [String] {
    var query = ArchiveQuery()
    edit(&query)
    return try store.archived(query).workflows.map(\.name)
  }

  @Test("a workflow comes back whole, with the engine's record, and says that it comes from the archive")
  func roundTrip() throws {
    let store = try ResourceDatabase.forTests()
    let workflow = Self.workflow("w")
    let run = RunRow(uid: "uid-w", namespace: "n", name: "w", header: ["phase": "Succeeded"], isFinished: true)
    let nodes = (0..<3).map { NodeRow.test("uid-w", $0) }
    try store.commit([.archive(ArchivedWorkflow(workflow: workflow, run: run, nodes: nodes))])
    var expected = workflow
    expected.resourceVersion = nil
    expected.setLabel("workflows.argoproj.io/workflow-archiving-status", "Persisted")
    #expect(try store.archived(uid: "uid-w") == expected)
    #expect(try store.archived(namespace: "n", name: "w") == expected)
    let record = try #require(try store.archivedRun(uid: "uid-w"))
    #expect(record.run == run)
    #expect(record.nodes == nodes)
    #expect(try store.archived(uid: "other") == nil)
    #expect(try store.archived(namespace: "m", name: "w") == nil)
    #expect(try store.archivedRun(uid: "other") == nil)
  }

  @Test("archived again it stands once, as it is then; another one of its name stands beside it, and the newest is the one of the name")
  func replaced() throws {
    let store = try ResourceDatabase.forTests()
    try store.commit([.archive(ArchivedWorkflow(workflow: Self.workflow("w", phase: "Failed", labels: ["old": "1"])))])
    try store.commit([.archive(ArchivedWorkflow(workflow: Self.workflow("w", labels: ["new": "1"])))])
    #expect(try store.archived(ArchiveQuery()).total == 1)
    #expect(try store.archived(uid: "uid-w")?.status["phase"]?.string == "Succeeded")
    #expect(try store.archivedLabelKeys(namespace: nil) == ["new"])
    try store.commit([.archive(ArchivedWorkflow(workflow: Self.workflow("w", uid: "second", started: 500)))])
    #expect(try store.archived(namespace: "n", name: "w")?.uid == "uid-w")
    try store.commit([.archive(ArchivedWorkflow(workflow: Self.workflow("w", uid: "third", started: 1500)))])
    #expect(try store.archived(namespace: "n", name: "w")?.uid == "third")
    #expect(try names(store) { $0.search = "wuppertal" }.count == 3)
  }

  @Test("a summary has no nodes and templates, and no long values")
  func summary() throws {
    let store = try ResourceDatabase.forTests()
    let long = String(repeating: "x", count: 5000)
    let workflow = Self.workflow("w") { workflow in
      workflow.setAnnotation("long", long)
      workflow.setAnnotation("short", "1")
      workflow.spec["arguments"] = ["parameters": [["name": "a", "value": .string(long)], ["name": "b", "value": "2"]]]
    }
    try store.commit([.archive(ArchivedWorkflow(workflow: workflow))])
    let summary = try #require(try store.archived(ArchiveQuery()).workflows.first)
    #expect(summary.status["nodes"] == nil)
    #expect(summary.status["phase"] == "Succeeded")
    #expect(summary.spec == ["arguments": ["parameters": [["name": "a"], ["name": "b", "value": "2"]]]])
    #expect(summary.annotations == ["short": "1"])
    #expect(summary.uid == "uid-w")
  }

  @Test("lists are newest first, in parts with what remains, by namespace, name, phase and times")
  func filters() throws {
    let store = try ResourceDatabase.forTests()
    for number in 0..<10 {
      let start = Int64(1000 + number * 100)
      try store.commit([
        .archive(
          ArchivedWorkflow(
            workflow: Self.workflow(
              "job-\(number)", namespace: number < 8 ? "n" : "m", started: start, finished: start + 50,
              phase: number % 2 == 0 ? "Succeeded" : "Failed")))
      ])
    }
    #expect(try names(store) { $0.namespace = "n" } == (0..<8).reversed().map { "job-\($0)" })
    #expect(try names(store) { $0.otherThan = "n" } == ["job-9", "job-8"])
    var query = ArchiveQuery()
    query.namespace = "n"
    (query.limit, query.offset) = (3, 2)
    let page = try store.archived(query)
    #expect(page.workflows.map(\.name) == ["job-5", "job-4", "job-3"])
    #expect(page.total == 8)
    #expect(page.remaining == 3)
    query.offset = 100
    #expect(try store.archived(query).workflows.isEmpty)
    #expect(try store.archived(query).remaining == 0)
    #expect(try names(store) { $0.names = [.exact("job-3")] } == ["job-3"])
    #expect(try names(store) { $0.names = [.prefix("job"), .notEquals("job-9"), .contains("-9")] } == [])
    #expect(try names(store) { $0.names = [.prefix("job-"), .notEquals("job-9")] }.count == 9)
    #expect(try names(store) { $0.names = [.prefix("ob")] } == [])
    #expect(try names(store) { $0.names = [.contains("b-7")] } == ["job-7"])
    #expect(try names(store) { $0.phases = ["Failed"] }.count == 5)
    #expect(try names(store) { $0.phases = ["Failed", "Succeeded"] }.count == 10)
    #expect(try names(store) { $0.startedAfter = Instant(seconds: 1700) } == ["job-9", "job-8"])
    #expect(try names(store) { $0.startedBefore = Instant(seconds: 1100) } == ["job-0"])
    #expect(try names(store) { $0.startedBefore = Instant(milliseconds: 1_100_001) } == ["job-1", "job-0"])
    #expect(try names(store) { $0.finishedAfter = Instant(seconds: 1849) } == ["job-9", "job-8"])
    #expect(try names(store) { $0.finishedBefore = Instant(seconds: 1151) } == ["job-1", "job-0"])
    #expect(try names(store) { $0.createdAfter = Instant(seconds: 1800) } == ["job-9"])
    #expect(try names(store) { $0.uid = "uid-job-2" } == ["job-2"])
  }

  /// The store's answer must be that of ``LabelSelector/matches(_:)`` for every kind of requirement.
  @Test(
    "label selectors mean in the archive what they mean for live objects",
    arguments: [
      "a=1", "a==1", "a!=1", "a in (1,2)", "a notin (1,2)", "a", "!a", "a=1,b", "a!=1,b!=x", "n>4", "n<5", "n>4,a", "a in (3)", "!a,!b", "",
    ])
  func labels(selector: String) throws {
    let store = try ResourceDatabase.forTests()
    let sets: [JSON] = [
      [:], ["a": "1"], ["a": "2"], ["b": "x"], ["a": "1", "b": "x"], ["a": "2", "b": "y"], ["n": "4"], ["n": "5", "a": "1"], ["n": "-7"],
      ["n": "five"], ["n": ""],
    ]
    let workflows = sets.enumerated().map { Self.workflow("w\($0.offset)", labels: $0.element) }
    try store.commit(workflows.map { .archive(ArchivedWorkflow(workflow: $0)) })
    let parsed = try LabelSelector.parse(selector)
    let found = try names(store) { $0.labels = parsed }
    #expect(Set(found) == Set(workflows.filter { parsed.matches($0.labels) }.map(\.name)))
    #expect(found.count == Set(found).count)
  }

  @Test("no value matches an expression that Kubernetes would have refused")
  func emptyList() throws {
    let store = try ResourceDatabase.forTests()
    try store.commit([.archive(ArchivedWorkflow(workflow: Self.workflow("w", labels: ["a": "1"])))])
    #expect(try names(store) { $0.labels = LabelSelector([.isIn("a", [])]) } == [])
    #expect(try names(store) { $0.labels = LabelSelector([.notIn("a", [])]) } == ["w"])
    let many = (0..<3000).map { LabelSelector.Requirement.exists("k\($0)") }
    let failure = #expect(throws: KubeStatus.self) { try names(store) { $0.labels = LabelSelector(many) } }
    #expect(failure?.reason == .badRequest)
  }

  @Test("label keys and values are told of all or of one namespace, each once and sorted")
  func labelLists() throws {
    let store = try ResourceDatabase.forTests()
    try store.commit([
      .archive(ArchivedWorkflow(workflow: Self.workflow("a", labels: ["team": "red", "x": "1"]))),
      .archive(ArchivedWorkflow(workflow: Self.workflow("b", labels: ["team": "blue"]))),
      .archive(ArchivedWorkflow(workflow: Self.workflow("c", namespace: "m", labels: ["team": "green", "app": "z"]))),
    ])
    #expect(try store.archivedLabelKeys(namespace: nil) == ["app", "team", "x"])
    #expect(try store.archivedLabelKeys(namespace: "n") == ["team", "x"])
    #expect(try store.archivedLabelValues(ofKey: "team", namespace: nil) == ["blue", "green", "red"])
    #expect(try store.archivedLabelValues(ofKey: "team", namespace: "m") == ["green"])
    #expect(try store.archivedLabelValues(ofKey: "nobody", namespace: nil) == [])
  }

  @Test("search finds parts of names, parameters and messages, in any case; all words must occur; text is never an expression")
  func search() throws {
    let store = try ResourceDatabase.forTests()
    try store.commit([
      .archive(ArchivedWorkflow(workflow: Self.workflow("alpha-1") { $0.status["message"] = "child 'x' failed: OOM \"killed\"" })),
      .archive(
        ArchivedWorkflow(workflow: Self.workflow("beta-1") { $0.spec["arguments"] = ["parameters": [["name": "城市", "value": "上海浦东新区"]]] })),
      .archive(ArchivedWorkflow(workflow: Self.workflow("gamma-50%_x"))),
    ])
    func found(_ text: String) throws -> Set<String> { Set(try names(store) { $0.search = text }) }
    #expect(try found("ALPHA") == ["alpha-1"])
    #expect(try found("wupper exit") == ["alpha-1", "gamma-50%_x"])
    #expect(try found("city=Wuppertal") == ["alpha-1", "gamma-50%_x"])
    #expect(try found("\"status 42\" beta") == ["beta-1"])
    #expect(try found("\"42 status\"") == [])
    #expect(try found("浦东新") == ["beta-1"])
    #expect(try found("上海") == ["beta-1"])
    #expect(try found("-1") == ["alpha-1", "beta-1"])
    #expect(try found("%") == ["gamma-50%_x"])
    #expect(try found("_") == ["gamma-50%_x"])
    #expect(try found("oom killed") == ["alpha-1"])
    for hostile in ["names:alpha", "alpha OR beta", "NEAR(alpha beta)", "alpha*", "a' OR 1=1 --", "^alpha", "(alpha", "alpha\0beta"] {
      #expect(try found(hostile) == [])
    }
    #expect(try found("  ").count == 3)
    #expect(throws: KubeStatus.self) { try found(String(repeating: "word ", count: 100)) }
  }

  @Test("what is removed is gone from lists, labels and search")
  func deletion() throws {
    let store = try ResourceDatabase.forTests()
    try store.commit([
      .archive(ArchivedWorkflow(workflow: Self.workflow("a", labels: ["k": "a"]))),
      .archive(ArchivedWorkflow(workflow: Self.workflow("b", labels: ["k": "b"]))),
    ])
    try store.commit([.deleteArchived(uid: "uid-a"), .deleteArchived(uid: "nobody")])
    #expect(try names(store) { _ in } == ["b"])
    #expect(try store.archivedLabelValues(ofKey: "k", namespace: nil) == ["b"])
    #expect(try names(store) { $0.search = "fetch" } == ["b"])
    #expect(try store.archived(uid: "uid-a") == nil)
    let left = try store.withConnection { (connection) throws(StoreFailure) in
      try connection.integer("SELECT (SELECT count(*) FROM archive_documents) + (SELECT count(*) FROM archive_text) * 100")
    }
    #expect(left == 101)
  }

  @Test("only those whose object is gone are listed beside the live ones")
  func gone() throws {
    let store = try ResourceDatabase.forTests()
    let live = try store.create(Self.workflow("live"))
    try store.create(Self.workflow("again", uid: "newer"))
    try store.commit(["live", "again", "gone"].map { .archive(ArchivedWorkflow(workflow: Self.workflow($0))) })
    #expect(Set(try names(store) { $0.isGone = true }) == ["again", "gone"])
    try store.commit([.delete(live.key)])
    #expect(try names(store) { $0.isGone = true }.count == 3)
  }

  @Test("retention sees those that ended first: by age, by number, and both together")
  func expiry() throws {
    let store = try ResourceDatabase.forTests()
    #expect(try store.oldestArchivedEnd() == nil)
    for number in 0..<10 {
      try store.commit([.archive(ArchivedWorkflow(workflow: Self.workflow("w\(number)", finished: Int64(5000 - number * 100))))])
    }
    #expect(try store.oldestArchivedEnd() == Instant(seconds: 4100))
    #expect(try store.expiredArchived(endedBefore: Instant(seconds: 4300), beyond: nil, limit: 100) == ["uid-w9", "uid-w8"])
    #expect(try store.expiredArchived(endedBefore: nil, beyond: 7, limit: 100) == ["uid-w9", "uid-w8", "uid-w7"])
    #expect(try store.expiredArchived(endedBefore: nil, beyond: 7, limit: 2) == ["uid-w9", "uid-w8"])
    #expect(try store.expiredArchived(endedBefore: Instant(seconds: 4201), beyond: 9, limit: 100) == ["uid-w9", "uid-w8"])
    #expect(try store.expiredArchived(endedBefore: Instant(seconds: 4200), beyond: 6, limit: 100).count == 4)
    #expect(try store.expiredArchived(endedBefore: nil, beyond: nil, limit: 100) == [])
    #expect(try store.expiredArchived(endedBefore: nil, beyond: 10, limit: 100) == [])
  }

  @Test("the archive and the objects of one commit stand or fall together")
  func oneTransaction() throws {
    let store = try ResourceDatabase.forTests()
    try store.create(Self.workflow("taken"))
    #expect(throws: KubeStatus.self) {
      try store.commit([.archive(ArchivedWorkflow(workflow: Self.workflow("w"))), .create(Self.workflow("taken"))])
    }
    #expect(try store.archived(ArchiveQuery()).total == 0)
    #expect(throws: KubeStatus.self) { try store.commit([.archive(ArchivedWorkflow(workflow: Self.workflow("w") { $0.uid = "" }))]) }
  }

  @Test("a workflow nested too deeply to be kept whole is kept without its nodes")
  func deepNodes() throws {
    let store = try ResourceDatabase.forTests()
    var deep: JSON = "x"
    for _ in 0..<600 { deep = [deep] }
    try store.commit([.archive(ArchivedWorkflow(workflow: Self.workflow("w") { $0.status["nodes"] = deep }))])
    let kept = try #require(try store.archived(uid: "uid-w"))
    #expect(kept.status["nodes"] == nil)
    #expect(kept.status["phase"] == "Succeeded")
  }
}

@Suite("the archive's file")
struct ArchiveFileTests {
  private let directory: TemporaryDirectory
  private var file: String { directory.database }

  init() throws { directory = try TemporaryDirectory() }

  private func workflow(_ name: String, payload: Int = 0) -> Resource {
    Resource(
      .workflow,
      json: [
        "metadata": ["name": .string(name), "namespace": "n", "uid": .string(name)],
        "status": ["phase": "Succeeded", "message": .string("over " + String(repeating: "y", count: payload))],
      ])
  }

  @Test("it is there after closing and opening, also in a file of the schema before it")
  func upgrade() throws {
    do {
      // The file as an earlier version has made it.
      try DatabaseFile.makeDirectory(of: file)
      try DatabaseFile.make(file)
      let connection = try Connection(file: file, access: .readWrite, busyMilliseconds: 0)
      for step in Schema.steps.prefix(Self.versionBefore) { try connection.execute(step) }
      try connection.execute(
        """
        INSERT INTO objects (kind, namespace, name, uid, resource_version, created, generation, labels, json)
        VALUES ('pods', 'n', 'kept', 'u', 1, '2026-11-28T10:00:00Z', 1, '', '{"metadata":{"name":"kept","namespace":"n"}}');
        PRAGMA application_id = \(Schema.applicationID); PRAGMA user_version = \(Self.versionBefore);
        """)
    }
    let upgraded = try ResourceDatabase(file: file)
    #expect(try upgraded.get(Resource.test("kept").key) != nil)
    try upgraded.commit([.archive(ArchivedWorkflow(workflow: workflow("w", payload: 300_000)))])
    upgraded.close()
    let again = try ResourceDatabase(file: file)
    #expect(try again.archived(uid: "w")?.status["message"]?.string?.utf8.count == 300_005)
    #expect(try again.archived(ArchiveQuery()).workflows.map(\.name) == ["w"])
    again.close()
    // Deflated, it takes a fraction of its size.
    #expect((readFile(file)?.count ?? 0) < 250_000)
  }

  /// The step that makes the archive's tables is the one of this index.
  private static let versionBefore = Schema.steps.firstIndex { $0.contains("CREATE TABLE archive ") } ?? -1

  @Test("after a crash a workflow's end and its place in the archive are both there or both not")
  func crash() throws {
    let store = try ResourceDatabase(file: file)
    for number in 0..<12 {
      let run = RunRow(uid: "w\(number)", namespace: "n", name: "w", header: [:], isFinished: true)
      try store.commit([.putRun(run), .archive(ArchivedWorkflow(workflow: workflow("w\(number)", payload: 4000), run: run))])
    }
    let database = try #require(readFile(file))
    let log = try #require(readFile(file + "-wal"))
    for cut in stride(from: 0, to: log.count, by: 3777) {
      let copy = directory.path + "/cut\(cut).db"
      writeFile(copy, database)
      writeFile(copy + "-wal", Array(log.dropLast(cut)))
      let recovered = try ResourceDatabase(file: copy)
      let archived = try recovered.archived(ArchiveQuery())
      for number in 0..<12 {
        let isFinished = try !recovered.runs(uid: "w\(number)").isEmpty
        #expect(try (recovered.archived(uid: "w\(number)") != nil) == isFinished)
        #expect(try (recovered.archivedRun(uid: "w\(number)") != nil) == isFinished)
      }
      var query = ArchiveQuery()
      query.search = "over"
      #expect(try recovered.archived(query).workflows.count == archived.workflows.count)
      recovered.close()
    }
  }

  @Test("a damaged document is told with the workflow's uid, and the list is still there")
  func damaged() throws {
    let store = try ResourceDatabase(file: file)
    try store.commit([.archive(ArchivedWorkflow(workflow: workflow("w")))])
    try store.withConnection { (connection) throws(StoreFailure) in
      try connection.execute("UPDATE archive_documents SET workflow = x'789c0102'")
    }
    let failure = #expect(throws: KubeStatus.self) { _ = try store.archived(uid: "w") }
    #expect(failure?.message.contains("archived workflow \"w\"") == true)
    try store.withConnection { (connection) throws(StoreFailure) in try connection.execute("UPDATE archive_documents SET form = 9") }
    let unknown = #expect(throws: KubeStatus.self) { _ = try store.archived(uid: "w") }
    #expect(unknown?.message.contains("form") == true)
    #expect(try store.archived(ArchiveQuery()).total == 1)
    store.close()
  }
}
