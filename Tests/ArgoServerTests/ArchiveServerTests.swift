import Basics
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing
import WorkflowCore

@testable import ArgoServer

/// What the routes of archived workflows do, over a store in memory.
@Suite struct ArchiveServerTests {
  /// Notes what is asked of runs and of the archive.
  private final class Acting: ArchivedRunActing, ArchivedRemoving {
    struct Call: Equatable {
      var what: String
      var uid: String
      var parameters: [ParameterValue] = []
      var labels: [String: String?] = [:]
    }
    let calls = Mutex<[Call]>([])
    var all: [Call] { calls.withLock { $0 } }

    func retry(archived uid: String, _ request: RetryRequest, labels: LabelEdit) throws(KubeStatus) -> Resource {
      note(Call(what: "retry \(request.restartsSuccessful)", uid: uid, parameters: request.parameters, labels: labels.values))
    }
    func resubmit(archived uid: String, _ request: ResubmitRequest, labels: LabelEdit) throws(KubeStatus) -> Resource {
      note(Call(what: "resubmit \(request.isMemoized)", uid: uid, parameters: request.parameters, labels: labels.values))
    }
    func fork(archived uid: String, _ request: ForkRequest, labels: LabelEdit) throws(KubeStatus) -> Resource {
      note(Call(what: "fork \(request.node)", uid: uid, labels: labels.values))
    }
    func remove(uid: String) throws(KubeStatus) -> Bool {
      calls.withLock { $0.append(Call(what: "remove", uid: uid)) }
      return true
    }
    private func note(_ call: Call) -> Resource {
      calls.withLock { $0.append(call) }
      return Resource(.workflow, json: ["metadata": ["name": "new", "namespace": "n"]])
    }
  }

  private let store: ResourceDatabase
  private let acting = Acting()
  private let user = UserInfo(name: "jane")

  init() throws {
    store = try ResourceDatabase(file: ":memory:")
    for (number, (name, namespace)) in [("a", "n"), ("b", "n"), ("c", "m"), ("a", "n")].enumerated() {
      let start = Instant(seconds: Int64(1000 + number)).rfc3339
      let workflow = Resource(
        .workflow,
        json: [
          "metadata": [
            "name": .string(name), "namespace": .string(namespace), "uid": .string("uid-\(number)"), "labels": ["team": .string(name)],
          ],
          "status": ["phase": number == 1 ? "Failed" : "Succeeded", "startedAt": .string(start), "finishedAt": .string(start)],
        ])
      try store.commit([.archive(ArchivedWorkflow(workflow: workflow))])
    }
  }

  private func server(managed: String = "") -> ArchiveServer {
    ArchiveServer(
      ArchiveServerParts(
        archive: store, acting: acting, remover: acting, managedNamespace: managed))
  }

  private let everything: ArchiveServer.May = { _, _, _ in }

  private func uids(_ page: ResourcePage) -> [String] { page.items.map(\.uid) }

  private func message(_ body: () throws(KubeStatus) -> Void) -> String {
    do throws(KubeStatus) {
      try body()
      return ""
    } catch {
      return error.message
    }
  }

  @Test("lists take Argo's selectors and our own, in parts with what remains where it is asked for")
  func lists() throws {
    func list(_ request: WorkflowListRequest, prefix: String = "", phases: Set<String> = [], search: String = "") throws -> [String] {
      uids(try server().list(request, namePrefix: prefix, phases: phases, search: search))
    }
    #expect(try list(WorkflowListRequest(namespace: "")) == ["uid-3", "uid-2", "uid-1", "uid-0"])
    #expect(try list(WorkflowListRequest(namespace: "n"), prefix: "a") == ["uid-3", "uid-0"])
    let exact = try server().list(WorkflowListRequest(namespace: "", nameFilter: "Exact"), namePrefix: "b", isPrefix: false)
    #expect(uids(exact) == ["uid-1"])
    #expect(uids(try server().list(WorkflowListRequest(namespace: "", nameFilter: "Exact"), namePrefix: "", isPrefix: false)).count == 4)
    #expect(
      uids(try server().list(WorkflowListRequest(namespace: "", nameFilter: "NotEquals"), namePrefix: "a", isPrefix: false)).count == 2)
    #expect(try list(WorkflowListRequest(namespace: "", fieldSelector: "metadata.namespace!=n")) == ["uid-2"])
    #expect(try list(WorkflowListRequest(namespace: "", labelSelector: "team in (b,c)")) == ["uid-2", "uid-1"])
    #expect(try list(WorkflowListRequest(namespace: "n"), phases: ["Failed"]) == ["uid-1"])
    #expect(try list(WorkflowListRequest(namespace: ""), search: "c").contains("uid-2"))
    let part = try server().list(WorkflowListRequest(namespace: "", fieldSelector: "ext.showRemainingItemCount=true", limit: 3))
    #expect(part.continueToken == "3")
    #expect(part.remaining == 1)
    let rest = try server().list(WorkflowListRequest(namespace: "", limit: 3, continueToken: "3"))
    #expect(uids(rest) == ["uid-0"])
    #expect(rest.continueToken.isEmpty)
    #expect(rest.remaining == nil)
    // Live or not: it is the archive that is listed.
    try store.create(Resource(.workflow, json: ["metadata": ["name": "b", "namespace": "n", "uid": "uid-1"]]))
    #expect(try list(WorkflowListRequest(namespace: "n")).contains("uid-1"))
  }

  @Test("a workflow is found by its uid, or by namespace and name as the one that started last")
  func reading() throws {
    #expect(try server().get(.init(uid: "uid-0"), everything).uid == "uid-0")
    #expect(try server().get(.init(namespace: "n", name: "a"), everything).uid == "uid-3")
    // For reading the uid decides, for the others the name does (Argo's server).
    #expect(try server().get(.init(uid: "uid-0", namespace: "n", name: "a"), everything).uid == "uid-0")
    try server().delete(.init(uid: "uid-0", namespace: "n", name: "a"), everything)
    #expect(acting.all == [.init(what: "remove", uid: "uid-3")])
    #expect(message { () throws(KubeStatus) in _ = try server().get(.init(uid: "nobody"), everything) } == "not found")
    #expect(
      message { () throws(KubeStatus) in _ = try server().get(.init(namespace: "n"), everything) }
        == "both name and namespace are required if uid is not specified")
  }

  @Test("whoever may not is refused before anything is done")
  func access() throws {
    func may(_ allowed: String...) -> ArchiveServer.May {
      { verb, namespace, name throws(KubeStatus) in
        if !allowed.contains("\(verb) \(namespace)/\(name)") { throw KubeStatus(.forbidden, "\(verb) \(namespace)/\(name)") }
      }
    }
    let reference = ArchiveServer.Reference(uid: "uid-1")
    func denied(_ expected: String, _ body: () throws(KubeStatus) -> Void) { #expect(message(body) == expected) }
    denied("get n/b") { () throws(KubeStatus) in _ = try server().get(reference, may()) }
    denied("get n/other") { () throws(KubeStatus) in _ = try server().get(.init(namespace: "n", name: "other"), may()) }
    denied("delete n/b") { () throws(KubeStatus) in try server().delete(reference, may("get n/b")) }
    denied("create n/") { () throws(KubeStatus) in
      _ = try server().resubmit(reference, isMemoized: false, parameters: [], by: user, may("get n/b", "delete n/b"))
    }
    denied("create n/") { () throws(KubeStatus) in
      _ = try server().retry(reference, restartsSuccessful: false, selector: "", parameters: [], by: user, may("get n/b"))
    }
    #expect(acting.all.isEmpty)
    _ = try server().resubmit(reference, isMemoized: true, parameters: ["x=1=2"], by: user, may("get n/b", "create n/"))
    _ = try server().retry(
      reference, restartsSuccessful: true, selector: "phase=Failed", parameters: [], by: user, may("get n/b", "create n/"))
    #expect(
      acting.all == [
        .init(what: "resubmit true", uid: "uid-1", parameters: [ParameterValue("x", "1=2")], labels: [ActorLabels.creator: "jane"]),
        .init(what: "retry true", uid: "uid-1", labels: [ActorLabels.actor: "jane", ActorLabels.action: "Retry"]),
      ])
    #expect(
      message { () throws(KubeStatus) in
        _ = try server().resubmit(reference, isMemoized: false, parameters: ["x"], by: user, everything)
      } == "expected parameter of the form: NAME=VALUE. Received: x")
  }

  @Test("label keys and values, and the selectors that ask for none")
  func labels() throws {
    #expect(try server().labelKeys(namespace: "m") == ["team"])
    #expect(try server().labelValues(LabelSelector([.exists("team")]), namespace: nil) == ["a", "b", "c"])
    func refusal(_ selector: LabelSelector) -> String {
      message { () throws(KubeStatus) in _ = try server().labelValues(selector, namespace: nil) }
    }
    #expect(refusal(.everything) == "only allow 1 labelRequirement, found 0")
    #expect(refusal(LabelSelector([.exists("a"), .exists("b")])) == "only allow 1 labelRequirement, found 2")
    #expect(refusal(LabelSelector([.isIn("a", ["1"])])) == "operation in is not supported")
  }

  @Test("a server of one namespace knows no other")
  func managed() throws {
    let server = server(managed: "m")
    #expect(server.scope("") == "m")
    #expect(uids(try server.list(WorkflowListRequest(namespace: "m"))) == ["uid-2"])
    #expect(uids(try server.list(WorkflowListRequest(namespace: "n"))) == [])
    #expect(uids(try server.list(WorkflowListRequest(namespace: "", fieldSelector: "metadata.namespace!=n"))) == ["uid-2"])
    #expect(message { () throws(KubeStatus) in _ = try server.get(.init(uid: "uid-1"), everything) } == "not found")
    #expect(message { () throws(KubeStatus) in try server.delete(.init(uid: "uid-1"), everything) } == "not found")
    #expect(try server.get(.init(uid: "uid-2"), everything).name == "c")
  }
}
