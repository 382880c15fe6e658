import ArgoModel
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Testing

@testable import ArgoServer

@Suite struct SubmitTests {
  private let user = WorkflowBench.user

  private func submit(
    _ bench: WorkflowBench, _ kind: String, _ name: String, _ options: JSON = [:], may: (ResourceKey) throws(KubeStatus) -> Void = { _ in }
  ) throws -> Resource {
    let request = try SubmitRequest(namespace: "n", resourceKind: kind, name: name, options: try SubmitOptions(json: options))
    return try bench.server.submit(request, by: user, may: may)
  }

  private static let template: JSON = [
    "entrypoint": "leaf", "arguments": ["parameters": [["name": "a", "value": "1"], ["name": "b", "value": "2"]]],
    "templates": [WorkflowBench.leaf],
  ]

  @Test(
    "a template's workflow refers to it and says so in a label",
    arguments: ["WorkflowTemplate", "workflowtemplate", "wftmpl", "ClusterWorkflowTemplate", "cwft"])
  func reference(kind: String) async throws {
    let bench = try WorkflowBench.started()
    let isCluster = kind.hasPrefix("C") || kind.hasPrefix("c")
    try bench.apply(isCluster ? .clusterWorkflowTemplate : .workflowTemplate, "t", Self.template)
    let made = try submit(bench, kind, "t", ["dryRun": true])
    #expect(made.generateName == "t-" && made.name.isEmpty)
    #expect(made.spec["workflowTemplateRef"] == (isCluster ? ["name": "t", "clusterScope": true] : ["name": "t"]))
    #expect(made.label(isCluster ? ArgoKey.clusterWorkflowTemplate : ArgoKey.workflowTemplate) == "t")
    #expect(made.label(ArgoKey.creator) == "system-serviceaccount-argo-argo-server")
    #expect(made.spec["arguments"] == nil)
    let stored = try submit(bench, kind, "t")
    try await bench.reaches(stored.name, "Running")
  }

  @Test("all options are applied; parameters come first") func options() async throws {
    let bench = try WorkflowBench.started()
    try bench.apply(.workflowTemplate, "t", Self.template)
    let made = try submit(
      bench, "WorkflowTemplate", "t",
      [
        "name": "mine", "generateName": "g-", "entryPoint": "leaf", "parameters": ["b=x=y", "new="], "serviceAccount": "sa",
        "labels": "k=v,l=w", "annotations": "note=n", "priority": 7, "podPriorityClassName": "high",
        "ownerReference": ["apiVersion": "v1", "kind": "ConfigMap", "name": "c", "uid": "u"], "dryRun": true,
      ])
    #expect(made.name == "mine" && made.generateName == "g-")
    #expect(made.spec["entrypoint"] == "leaf" && made.spec["serviceAccountName"] == "sa" && made.spec["priority"] == 7)
    #expect(made.spec["podPriorityClassName"] == "high")
    #expect(made.label("k") == "v" && made.label("l") == "w" && made.annotation("note") == "n")
    #expect(made.metadata["ownerReferences"]?[0]?["name"] == "c")
    #expect(made.spec.at("arguments", "parameters") == [["name": "b", "value": "x=y"], ["name": "new", "value": ""]])
  }

  @Test("a CronWorkflow's workflow has its specification, its label, its owner and the time") func cron() async throws {
    let bench = try WorkflowBench.started()
    let cron = try bench.apply(
      .cronWorkflow, "c",
      [
        "schedules": ["0 0 1 1 *"], "workflowSpec": Self.template,
        "workflowMetadata": ["labels": ["x": "y"], "annotations": ["note": "n"]],
      ])
    let made = try submit(bench, "CronWorkflow", "c", ["parameters": ["b=3"]])
    #expect(made.name.hasPrefix("c-"))
    #expect(made.label(ArgoKey.cronWorkflow) == "c" && made.label("x") == "y" && made.annotation("note") == "n")
    #expect(made.annotation(ArgoKey.scheduledTime) == "2023-11-14T22:13:20Z")
    #expect(made.metadata["ownerReferences"]?[0]?["uid"] == .string(cron.uid))
    #expect(made.spec.at("arguments", "parameters") == [["name": "b", "value": "3"], ["name": "a", "value": "1"]])
  }

  @Test("what cannot be submitted is refused before anything is stored") func refused() async throws {
    let bench = try WorkflowBench.started()
    try bench.apply(.workflowTemplate, "t", Self.template)
    for (kind, name, options, reason, message) in [
      ("Pod", "t", [:], KubeStatus.Reason.badRequest, "Resource kind 'Pod' is not supported for submitting"),
      ("wftmpl", "nope", [:], .notFound, "workflowtemplates.argoproj.io \"nope\" not found"),
      ("cronwf", "nope", [:], .notFound, "cronworkflows.argoproj.io \"nope\" not found"),
      ("wftmpl", "t", ["parameters": ["x"]], .badRequest, "expected parameter of the form: NAME=VALUE. Received: x"),
      ("wftmpl", "t", ["entryPoint": "other"], .badRequest, nil),
      (
        "wftmpl", "t", ["labels": "a"], .badRequest,
        "expected labels of the form: NAME1=VALUE2,NAME2=VALUE2. Received: a: unexpected label spec: a"
      ),
      ("wftmpl", "t", ["artifacts": ["a"]], .badRequest, "expected artifact of the form: NAME=KEY. Received: a"),
      ("wftmpl", "t", ["artifacts": ["a=b"]], .badRequest, "artifact override(s) matched no artifact: a"),
    ] as [(String, String, JSON, KubeStatus.Reason, String?)] {
      let refusal = bench.refusal { _ = try submit(bench, kind, name, options) }
      #expect(refusal?.reason == reason, "\(kind) \(name) \(options.text())")
      if let message { #expect(refusal?.message == message) }
    }
    let forbidden = bench.refusal {
      _ = try submit(bench, "wftmpl", "t") { key throws(KubeStatus) in throw KubeStatus(.forbidden, "not \(key.name)") }
    }
    #expect(forbidden?.message == "not t")
    #expect(try bench.store.list(.workflow, namespace: nil, labels: .everything).isEmpty)
  }

  @Test("uploaded artifacts take the place of a template's, with a key that an upload gives only") func artifacts() throws {
    let key = "uploads/n/0b6c1c7e-35a1-4d6c-9b36-5b8d6a4ff2c1/data.csv"
    let artifacts: [JSON] = [["name": "in", "s3": ["bucket": "b", "endpoint": "e", "key": "old"]], ["name": "bare"], ["name": "other"]]
    func applied(_ keys: [String: String]) throws -> [JSON] {
      try ArtifactOverrides(keys: keys, namespace: "n").apply(to: artifacts, keepingOthers: false, checksKeys: true)
    }
    #expect(
      try applied(["in": key, "bare": key]) == [
        ["name": "in", "s3": ["bucket": "b", "endpoint": "e", "key": .string(key)]], ["name": "bare", "s3": ["key": .string(key)]],
      ])
    for wrong in [
      "other/key", "uploads/m/0b6c1c7e-35a1-4d6c-9b36-5b8d6a4ff2c1/f", "uploads/n/../f/g", "uploads/n/no-uuid/f", "uploads/n//f",
      "uploads/n/0b6c1c7e-35a1-4d6c-9b36-5b8d6a4ff2c1/a/b", "uploads/n/0b6c1c7e-35a1-4d6c-9b36-5b8d6a4ff2c1/.",
    ] {
      #expect(throws: KubeStatus.self, "\(wrong)") { try applied(["in": wrong]) }
    }
  }
}
