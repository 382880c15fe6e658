import ArgoModel
import JSONValue
import KubeModel
import Testing
import YAMLText

@testable import WorkflowCore

/// Pods of `resource` and `data` templates: what the engine tells the node service.
@Suite struct ResourceTemplateTests {
  private func run(_ resource: JSONObject, outputs: JSON = [:], endings: Ending = .success) -> Driver {
    let run = workflow(.object(["name": "main", "resource": .object(resource), "outputs": outputs]))
    run.script = { _, _ in endings }
    run.finish()
    return run
  }

  private func template(_ run: Driver) throws -> JSON {
    let text = try #require(run.pod("wf")?.annotation(ArgoKey.template))
    return try JSON.parse(text)
  }

  @Test("the pod's container is Argo's executor, and the manifest has its tags replaced, expressions without quotes too")
  func pod() throws {
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"{{workflow.name}}\"}\ndata: {n: {{=1 + 1}}}\n"
    let run = run(["action": "create", "manifest": .string(manifest)])
    let container = try #require(run.pod("wf")?.spec["containers"]?[0])
    #expect(container["name"] == "main")
    #expect(container["command"] == ["argoexec", "resource", "create"])
    #expect(
      try template(run).at("resource", "manifest")
        == "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"wf\"}\ndata: {n: 2}\n")
    #expect(run.state.phase == .succeeded)
  }

  @Test("setOwnerReference makes the workflow the controller of the first document, beside its other owners")
  func owner() throws {
    let manifest = """
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: a, ownerReferences: [{apiVersion: v1, kind: Pod, name: p, uid: u}]}
      ---
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: b}
      """
    let run = run(["action": "create", "setOwnerReference": true, "manifest": .string(manifest)])
    let text = try #require(try template(run).at("resource", "manifest")?.string)
    let read = try documents(Array(text.utf8))
    #expect(read.count == 1)
    let owners = try #require(read.first?.value.at("metadata", "ownerReferences")?.array)
    #expect(owners.map { $0["kind"] } == ["Pod", "Workflow"])
    #expect(owners.last?["controller"] == true)
    #expect(owners.last?["uid"]?.string == run.state.uid)
  }

  @Test(
    "an owner needs an object",
    arguments: [
      ("a: 1", "Object 'Kind' is missing in '{\"a\":1}'"), ("", "Object 'Kind' is missing in 'null'"),
    ])
  func ownerless(manifest: String, message: String) {
    let run = run(["action": "create", "setOwnerReference": true, "manifest": .string(manifest)])
    #expect(run.state.phase == .error)
    #expect(run.message("wf") == message)
  }

  @Test("a data template's pod names its source and always has a result")
  func data() throws {
    let data: JSON = ["source": ["artifactPaths": ["name": "a", "s3": ["key": "{{workflow.name}}/x"]]]]
    let run = workflow(.object(["name": "main", "data": data]))
    run.script = { _, _ in .result("[\"k\"]") }
    run.finish()
    #expect(run.state.phase == .succeeded)
    let command = try #require(run.pod("wf")?.spec["containers"]?[0]?["command"]?.array)
    #expect(command.prefix(2) == ["argoexec", "data"])
    #expect(try template(run).at("data", "source", "artifactPaths", "local", "key") == "wf/x")
    #expect(run.node("wf")?.at("outputs", "result") == "[\"k\"]")
  }
}
