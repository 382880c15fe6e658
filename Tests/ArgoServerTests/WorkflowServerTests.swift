import ArgoModel
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Testing
import WorkflowCore

@testable import ArgoServer

@Suite struct WorkflowServerTests {
  private let user = WorkflowBench.user

  @Test("a workflow is created with its maker's label, checked, and not stored when it is only tried") func create() async throws {
    let bench = try WorkflowBench.started()
    let document: JSON = [
      "metadata": ["name": "w", "labels": [ArgoKey.creator: "forged", "kept": "1"]], "spec": WorkflowBench.single,
    ]
    let tried = try bench.server.create(namespace: "n", document, isDryRun: true, by: user)
    #expect(tried.uid.isEmpty)
    let rehearsed = try bench.server.create(namespace: "n", document, isServerDryRun: true, by: user)
    #expect(!rehearsed.uid.isEmpty)
    #expect(try bench.store.get(bench.key("w")) == nil)
    let made = try bench.server.create(namespace: "n", document, by: user)
    #expect(made.label(ArgoKey.creator) == "system-serviceaccount-argo-argo-server")
    #expect(made.label("kept") == "1")
    // As Go's types write one that has not begun.
    #expect(made.json["status"] != nil)
    #expect(bench.refusal { _ = try bench.server.create(namespace: "n", document, by: user) }?.reason == .alreadyExists)
    let broken: JSON = ["metadata": ["generateName": "x-"], "spec": ["entrypoint": "no", "templates": [WorkflowBench.leaf]]]
    let refusal = bench.refusal { _ = try bench.server.create(namespace: "n", broken, by: user) }
    #expect(refusal?.reason == .badRequest)
    #expect(refusal?.message == "template name 'no' undefined")
    let lonely: JSON = ["metadata": ["generateName": "x-"], "spec": ["workflowTemplateRef": ["name": "nope"]]]
    #expect(bench.refusal { _ = try bench.server.create(namespace: "n", lonely, by: user) }?.reason == .notFound)
    #expect(try bench.server.lint(namespace: "n", document, by: user).name == "w")
  }

  @Test("acts are labelled with who did them, and @latest is the workflow that was made last") func acts() async throws {
    let bench = try WorkflowBench.started()
    #expect(bench.refusal { _ = try bench.server.get(namespace: "n", name: "@latest") }?.message == "no workflows found")
    for name in ["z", "a"] {
      _ = try bench.server.create(namespace: "n", ["metadata": ["name": .string(name)], "spec": WorkflowBench.single], by: user)
      try await bench.reaches(name, "Running")
    }
    #expect(try bench.server.get(namespace: "n", name: "@latest").name == "a")
    let suspended = try bench.server.act(.suspend, namespace: "n", name: "@latest", by: user)
    #expect(suspended.name == "a" && suspended.spec["suspend"] == true)
    #expect(suspended.label(ActorLabels.actor) == "system-serviceaccount-argo-argo-server")
    #expect(suspended.label(ActorLabels.action) == "Suspend")
    #expect(try bench.server.act(.resume(), namespace: "n", name: "a", by: user).label(ActorLabels.action) == "Resume")
    #expect(try bench.server.act(.stop(), namespace: "n", name: "a", by: user).spec["shutdown"] == "Stop")
    #expect(try bench.server.act(.terminate, namespace: "n", name: "z", by: user).label(ActorLabels.action) == "Terminate")
    #expect(
      bench.refusal { _ = try bench.server.act(.stop(), namespace: "n", name: "z", by: user) }?.message
        == "cannot shutdown a completed workflow: workflow: \"z\", namespace: \"n\"")
    let selected = bench.refusal { _ = try bench.server.act(.stop(selector: "a=b=c"), namespace: "n", name: "a", by: user) }
    #expect(selected?.reason == .badRequest)
    let unset = bench.refusal {
      _ = try bench.server.act(.set(selector: "", outputs: [:], message: "x", phase: ""), namespace: "n", name: "z", by: user)
    }
    #expect(unset?.message == "'set' currently only targets suspend nodes, use a node field selector to target them")
    let again = try bench.server.resubmit(namespace: "n", name: "z", parameters: ["p=a=b"], by: user)
    #expect(again.label(ArgoKey.resubmittedFrom) == "z" && again.label(ArgoKey.creator) == "system-serviceaccount-argo-argo-server")
    #expect(again.spec.at("arguments", "parameters") == [["name": "p", "value": "a=b"]])
    #expect(
      bench.refusal { _ = try bench.server.resubmit(namespace: "n", name: "z", parameters: ["p"], by: user) }?.message
        == "expected parameter of the form: NAME=VALUE. Received: p")
    try bench.server.delete(namespace: "n", name: "z", isForced: true, by: user)
    #expect(bench.refusal { _ = try bench.server.get(namespace: "n", name: "z") }?.message == "workflows.argoproj.io \"z\" not found")
  }

  @Test("@latest is what was made last, archived or not; nobody acts on another one; watches and lists know the archived one too")
  func archived()
    async throws
  {
    let bench = try WorkflowBench.started()
    func keep(_ name: String, made: String) throws {
      let workflow: JSON = [
        "metadata": ["name": .string(name), "namespace": "n", "uid": .string("uid-" + name), "creationTimestamp": .string(made)],
        "spec": WorkflowBench.single, "status": ["phase": "Failed", "startedAt": .string(made), "nodes": .object([name: ["id": "x"]])],
      ]
      try bench.store.commit([.archive(ArchivedWorkflow(workflow: Resource(.workflow, json: workflow)))])
    }
    try keep("old", made: "2020-01-01T00:00:00Z")
    #expect(try bench.server.get(namespace: "n", name: "@latest").name == "old")
    _ = try bench.server.create(namespace: "n", ["metadata": ["name": "live"], "spec": WorkflowBench.single], by: user)
    #expect(try bench.server.get(namespace: "n", name: "@latest").name == "live")
    try keep("new", made: "2200-01-01T00:00:00Z")
    #expect(try bench.server.get(namespace: "n", name: "@latest").status.at("nodes", "new") != nil)
    #expect(
      bench.refusal { try bench.server.delete(namespace: "n", name: "@latest", isForced: false, by: user) }?.message
        == "workflows.argoproj.io \"new\" not found")
    #expect(try bench.store.get(bench.key("live")) != nil)
    // Lists have summaries, each of which can be made whole.
    let page = try bench.server.list(try WorkflowListRequest(namespace: "n"), isBrief: false)
    #expect(page.archived == ["uid-old", "uid-new"])
    let summary = try #require(page.items.first { $0.name == "old" })
    #expect(summary.status["nodes"] == nil)
    #expect(try bench.server.whole(summary).status.at("nodes", "old") != nil)
    // A watch of its name begins with it, unless another one is there or it is not wanted.
    var options = WatchOptions()
    options.fields = try FieldSelector.parse("metadata.name=@latest")
    options = try bench.server.prepared(options, of: .workflow, namespace: "n")
    #expect(try bench.server.archived(for: options, namespace: "n")?.name == "new")
    #expect(try bench.server.archived(for: options, namespace: "") == nil)
    options.resourceVersion = "5"
    #expect(try bench.server.archived(for: options, namespace: "n") == nil)
    options = WatchOptions()
    options.fields = try FieldSelector.parse("metadata.name=live")
    #expect(try bench.server.archived(for: options, namespace: "n") == nil)
    options.fields = try FieldSelector.parse("metadata.name=old")
    options.labels = LabelSelector([.equals("a", "b")])
    #expect(try bench.server.archived(for: options, namespace: "n") == nil)
  }

  @Test("of a uid that is not the live workflow's there is nothing, where nothing is archived") func uid() async throws {
    let bench = try WorkflowBench.started()
    let made = try bench.server.create(namespace: "n", ["metadata": ["name": "w"], "spec": WorkflowBench.single], by: user)
    #expect(try bench.server.get(namespace: "n", name: "w", uid: made.uid).uid == made.uid)
    #expect(bench.refusal { _ = try bench.server.get(namespace: "n", name: "w", uid: "other") }?.reason == .notFound)
    try await bench.reaches("w", "Running")
    #expect(try bench.server.get(namespace: "n", name: "w").status["nodes"] != nil)
    let brief = try bench.server.get(namespace: "n", name: "w", isBrief: true)
    #expect(brief.status["nodes"] == nil && brief.status["phase"] == "Running")
  }

  @Test("watches begin only with options that can be read, and an alias is looked up once") func watches() async throws {
    let bench = try WorkflowBench.started()
    _ = try bench.server.create(namespace: "n", ["metadata": ["name": "w"], "spec": WorkflowBench.single], by: user)
    var options = WatchOptions()
    options.fields = try FieldSelector.parse("metadata.name=@latest")
    let prepared = try bench.server.prepared(options, of: .workflow, namespace: "n")
    #expect(prepared.fields == (try FieldSelector.parse("metadata.name=w")))
    options.fields = try FieldSelector.parse("spec.nonsense=1")
    #expect(bench.refusal { _ = try bench.server.prepared(options, of: .workflow, namespace: "n") }?.reason == .badRequest)
    options.fields = .everything
    options.resourceVersion = "x"
    #expect(bench.refusal { _ = try bench.server.prepared(options, of: .workflow, namespace: "n") }?.reason == .badRequest)
  }
}
