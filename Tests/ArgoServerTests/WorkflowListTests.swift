import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Testing

@testable import ArgoServer

@Suite struct WorkflowListTests {
  /// Workflows `w-0` to `w-9` that started one minute after the other, the even ones over; `late` has not begun.
  private func filled() throws -> WorkflowBench {
    let bench = try WorkflowBench()
    for index in [3, 1, 4, 0, 5, 9, 2, 6, 8, 7] {
      var status: JSONObject = ["phase": index % 2 == 0 ? "Succeeded" : "Running", "startedAt": .string("2026-11-28T10:0\(index):00Z")]
      if index % 2 == 0 { status["finishedAt"] = .string("2026-11-28T10:1\(index):00Z") }
      status["nodes"] = ["x": ["id": "x"]]
      try bench.store.create(
        Resource(
          .workflow,
          json: [
            "metadata": [
              "name": .string("w-\(index)"), "namespace": index < 8 ? "n" : "m",
              "labels": [ArgoKey.phase: index % 2 == 0 ? "Succeeded" : "Running", "number": .string("\(index)")],
            ], "spec": WorkflowBench.single, "status": .object(status),
          ]))
    }
    try bench.store.create(
      Resource(.workflow, json: ["metadata": ["name": "late", "namespace": "n"], "spec": WorkflowBench.single]))
    try bench.index.start()
    return bench
  }

  private func names(_ bench: WorkflowBench, _ request: WorkflowListRequest) throws -> [String] {
    try bench.server.list(request, isBrief: true).items.map { $0.name.replacing("w-", with: "") }
  }

  @Test("the newest start comes first; one that has not begun counts by its creation") func order() throws {
    let bench = try filled()
    // It was made now, after all of them.
    #expect(try names(bench, WorkflowListRequest(namespace: "n")) == ["late", "7", "6", "5", "4", "3", "2", "1", "0"])
    #expect(try names(bench, WorkflowListRequest(namespace: "")).count == 11)
  }

  @Test(
    "names, labels and times narrow it",
    arguments: [
      ("metadata.name=w-3", "", "", ["3"]), ("metadata.name==w-3", "Exact", "", ["3"]),
      ("metadata.name!=w-3", "", "", ["late", "7", "6", "5", "4", "2", "1", "0"]), ("metadata.name=w", "Prefix", "number>5", ["7", "6"]),
      ("metadata.name=a", "Contains", "", ["late"]), ("", "", "workflows.argoproj.io/phase=Succeeded", ["6", "4", "2", "0"]),
      ("", "", "number in (1,2)", ["2", "1"]), ("spec.startedAt>2026-11-28T10:05:00Z", "", "", ["7", "6", "5"]),
      ("spec.startedAt<2026-11-28T10:01:30Z,metadata.namespace=n", "", "", ["1", "0"]),
    ])
  func narrowed(fields: String, filter: String, labels: String, expected: [String]) throws {
    let bench = try filled()
    let request = try WorkflowListRequest(namespace: "n", nameFilter: filter, labelSelector: labels, fieldSelector: fields)
    #expect(try names(bench, request) == expected)
  }

  @Test("other namespaces than one, ended before, created after") func others() throws {
    let bench = try filled()
    let other = try WorkflowListRequest(namespace: "", fieldSelector: "metadata.namespace!=n")
    #expect(other.accessedNamespace == "")
    #expect(try names(bench, other) == ["9", "8"])
    #expect(try names(bench, WorkflowListRequest(namespace: "n", finishedBefore: "2026-11-28T10:12:00Z")) == ["2", "0"])
    #expect(try names(bench, WorkflowListRequest(namespace: "n", createdAfter: "2999-01-01T00:00:00Z")) == [])
  }

  @Test("pages follow each other by numbers") func pages() throws {
    let bench = try filled()
    var all: [String] = []
    var token = ""
    repeat {
      let request = try WorkflowListRequest(
        namespace: "n", fieldSelector: "ext.showRemainingItemCount=true", limit: 4, continueToken: token)
      let page = try bench.server.list(request, isBrief: true)
      all += page.items.map(\.name)
      token = page.continueToken
      #expect(page.remaining == 9 - all.count)
    } while !token.isEmpty
    #expect(all == ["late", "w-7", "w-6", "w-5", "w-4", "w-3", "w-2", "w-1", "w-0"])
    #expect(try bench.server.list(WorkflowListRequest(namespace: "n", limit: 9), isBrief: true).continueToken == "")
  }

  @Test("pages go on into the archive, with what is there only", arguments: [1, 4, 9, 10, 50]) func archived(limit: Int64) throws {
    let bench = try filled()
    for (name, minute) in [("old-0", 0), ("old-1", 1), ("old-2", 2)] {
      let workflow = Resource(
        .workflow,
        json: [
          "metadata": ["name": .string(name), "namespace": "n", "uid": .string(name), "creationTimestamp": "2026-11-28T09:00:00Z"],
          "spec": WorkflowBench.single,
          "status": ["phase": "Succeeded", "startedAt": .string("2026-11-28T09:0\(minute):00Z"), "finishedAt": "2026-11-28T09:10:00Z"],
        ])
      try bench.store.commit([.archive(ArchivedWorkflow(workflow: workflow))])
    }
    // One that is live and archived is one.
    let live = try #require(try bench.store.get(ResourceKey(.workflow, namespace: "n", name: "w-2")))
    try bench.store.commit([.archive(ArchivedWorkflow(workflow: live))])
    var all: [String] = []
    var token = ""
    repeat {
      let request = try WorkflowListRequest(
        namespace: "n", fieldSelector: "ext.showRemainingItemCount=true", limit: limit, continueToken: token)
      let page = try bench.server.list(request, isBrief: true)
      all += page.items.map(\.name)
      #expect(page.remaining == 12 - all.count)
      #expect(page.continueToken.isEmpty == (all.count == 12))
      token = page.continueToken
    } while !token.isEmpty && all.count < 100
    #expect(all == ["late", "w-7", "w-6", "w-5", "w-4", "w-3", "w-2", "w-1", "w-0", "old-2", "old-1", "old-0"])
    #expect(try names(bench, WorkflowListRequest(namespace: "n")).count == 12)
    #expect(try names(bench, WorkflowListRequest(namespace: "n", fieldSelector: "metadata.name=old-1")) == ["old-1"])
    #expect(try bench.server.get(namespace: "n", name: "old-1").uid == "old-1")
    #expect(try bench.server.get(namespace: "n", name: "w-2", uid: live.uid).name == "w-2")
  }

  @Test("nodes are there unless they are not wanted") func brief() throws {
    let bench = try filled()
    let request = try WorkflowListRequest(namespace: "n", fieldSelector: "metadata.name=w-4")
    #expect(try bench.server.list(request, isBrief: false).items.first?.status["nodes"] != nil)
    #expect(try bench.server.list(request, isBrief: true).items.first?.status["nodes"] == nil)
  }

  @Test(
    "what cannot be read is refused in Argo's words",
    arguments: [
      ("", "", "x", "listOptions.continue must be int"), ("", "", "-1", "listOptions.continue must >= 0"),
      ("spec.x=1", "", "", "unsupported requirement spec.x=1"),
      (
        "metadata.namespace=other", "", "",
        "'namespace' query param (\"n\") and fieldselector 'metadata.namespace' (\"other\") are both specified and contradict each other"
      ), ("", "Fuzzy", "", "nameFilter must be Exact, Contains, Prefix or NotEquals. Received: Fuzzy"),
    ])
  func refused(fields: String, filter: String, token: String, message: String) {
    do {
      _ = try WorkflowListRequest(namespace: "n", nameFilter: filter, fieldSelector: fields, continueToken: token)
      Issue.record("not refused")
    } catch {
      #expect(error.reason == .badRequest && error.message == message)
    }
  }

  @Test("the index follows changes, and forgets what is gone") func index() throws {
    let bench = try filled()
    let key = ResourceKey(.workflow, namespace: "n", name: "w-3")
    try bench.store.commit([.patch(key, ["metadata": ["labels": ["number": "33"]]])])
    #expect(try names(bench, WorkflowListRequest(namespace: "n", labelSelector: "number=33")) == ["3"])
    try bench.store.commit([.delete(key)])
    #expect(try names(bench, WorkflowListRequest(namespace: "n", labelSelector: "number=33")) == [])
    #expect(bench.index.newest(namespace: "n")?.name == "late")
    try bench.store.commit([.delete(ResourceKey(.workflow, namespace: "n", name: "late"))])
    #expect(bench.index.newest(namespace: "n")?.name != "late")
    #expect(bench.index.newest(namespace: "nowhere")?.name == nil)
  }
}
