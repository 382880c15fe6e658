import JSONValue
import KubeModel
import Testing

@testable import ArgoModel

@Suite struct ArgoModelTests {
  @Test(
    "AnyString keeps strings and writes numbers in plain decimals",
    arguments: [
      (#""x""#, "x"), ("1", "1"), ("1e3", "1000"), ("1.50", "1.5"), ("1e-7", "0.0000001"), ("true", "true"),
      ("123456789012", "123456789012"),
      ("1e21", "1000000000000000000000"), ("-2.5e-3", "-0.0025"),
    ])
  func anyString(_ source: String, _ text: String) throws {
    #expect(try JSON.parse(source).anyString == text)
  }

  @Test("node names make IDs and pod names as Argo's") func names() {
    #expect(NodeNames.id(workflow: "wf", node: "wf") == "wf")
    #expect(NodeNames.id(workflow: "hello", node: "hello[0].a") == "hello-\(fnv("hello[0].a"))")
    #expect(NodeNames.pod(workflow: "wf", node: "wf", template: "t") == "wf")
    #expect(NodeNames.pod(workflow: "wf", node: "wf.a", template: "t") == "wf-t-\(fnv("wf.a"))")
    #expect(NodeNames.pod(workflow: "wf", node: "wf.a", template: "") == "wf-\(fnv("wf.a"))")
    #expect(NodeNames.pod(workflow: "wf", node: "wf.a", template: "t", format: .v1) == "wf-\(fnv("wf.a"))")
    let long = NodeNames.pod(workflow: String(repeating: "w", count: 250), node: "x", template: "t")
    #expect(long.hasPrefix(String(repeating: "w", count: 242) + "-"))
  }

  private func fnv(_ text: String) -> UInt32 {
    text.utf8.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 }
  }

  @Test(
    "display names drop the boundary's name",
    arguments: [
      ("wf[0].a", "wf", "a"), ("wf.a", "wf", "a"), ("wf[0]", "wf", "[0]"), ("wf[0].a(0)", "wf", "a(0)"), ("wf(0)", "wf", "(0)"),
      ("wf.a.b", "wf.a", "b"),
    ])
  func display(_ node: String, _ boundary: String, _ name: String) {
    #expect(NodeNames.display(node: node, boundary: boundary) == name)
  }

  @Test("the body is found in Argo's order") func body() {
    #expect(Template(["container": [:], "steps": []]).body == .container)
    #expect(Template(["steps": []]).body == .steps)
    #expect(Template(["suspend": [:]]).body == .suspend)
    #expect(Template(["name": "x"]).body == nil)
  }

  @Test("onExit beats hooks.exit") func onExit() {
    let step = WorkflowStep([
      "name": "a", "onExit": "x", "hooks": ["exit": ["template": "y"], "h": ["template": "z", "expression": "true"]],
    ])
    #expect(step.exitHook?.template == "x")
    #expect(step.hooks.count == 2)
  }

  @Test("an expression makes the retry policy Always") func retry() {
    #expect(RetryStrategy(["limit": "1"]).effectivePolicy == .onFailure)
    #expect(RetryStrategy(["expression": "true"]).effectivePolicy == .always)
    #expect(RetryStrategy(["expression": "true", "retryPolicy": "OnError"]).effectivePolicy == .onError)
    #expect(RetryStrategy(["limit": 3]).limit == "3")
  }

  @Test("a workflow is laid over its template") func merge() {
    let merged = SpecMerge.merge(
      workflow: [
        "workflowTemplateRef": ["name": "t"], "arguments": ["parameters": [["name": "a", "value": "1"]]], "hooks": ["x": ["template": "w"]],
      ],
      template: [
        "entrypoint": "main", "templates": [["name": "main", "container": [:]]],
        "arguments": ["parameters": [["name": "a", "valueFrom": ["configMapKeyRef": [:]]], ["name": "b", "value": "2"]]],
        "hooks": ["x": ["template": "t"], "y": ["template": "t"]],
      ])
    let parameters = Arguments(merged["arguments"]).parameters
    #expect(parameters.map(\.name) == ["a", "b"])
    #expect(parameters[0].value == "1")
    #expect(parameters[0].valueFrom == nil)
    #expect(merged["entrypoint"] == "main")
    #expect(merged.at("hooks", "x", "template") == "w")
    #expect(merged.at("hooks", "y", "template") == "t")
  }

  @Test("template defaults do not change the kind of body") func defaults() {
    let merged = SpecMerge.apply(
      defaults: ["timeout": "30s", "container": ["image": "x"]], to: ["name": "a", "steps": [[["name": "s", "template": "t"]]]])
    #expect(Template(merged).body == .steps)
    #expect(Template(merged).timeout == "30s")
    #expect(SpecMerge.apply(defaults: ["container": ["image": "x"]], to: ["container": ["args": ["1"]]]).at("container", "image") == "x")
  }
}
