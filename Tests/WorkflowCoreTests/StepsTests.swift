import ArgoModel
import Basics
import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

@Suite struct StepsTests {
  @Test("a container workflow is one pod with the workflow's name") func container() throws {
    let run = workflow(echo("main"))
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.pods.map(\.name) == ["wf"])
    #expect(run.state.progress == "1/1")
    #expect(run.finishedCount == 1)
    let pod = try #require(run.pod("wf"))
    #expect(pod.label("workflows.argoproj.io/workflow") == "wf")
    #expect(pod.spec.at("containers")?[0]?["name"] == "main")
    #expect(pod.spec.at("containers")?[0]?["args"]?[0] == "hello")
    #expect(run.node("wf")?["templateScope"] == "local/wf")
    #expect(run.node("wf")?.at("outputs", "exitCode") == "0")
  }

  @Test("groups run one after the other, their members together") func order() {
    let run = workflow(steps([[call("a"), call("b")], [call("c")]]), echo())
    run.send(.submitted)
    #expect(run.running.count == 2)
    #expect(run.node("wf[0].a")?["displayName"] == "a")
    #expect(run.node("wf[0]")?["displayName"] == "[0]")
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.pods.map(\.resource.nodeName) == ["wf[0].a", "wf[0].b", "wf[1].c"])
    #expect(run.node("wf")?["children"] == [run.node("wf[0]")?["id"] ?? .null])
    #expect(run.node("wf[0].a")?["children"] == [run.node("wf[1]")?["id"] ?? .null])
    #expect(run.node("wf")?["outboundNodes"] == [run.node("wf[1].c")?["id"] ?? .null])
    #expect(run.state.progress == "3/3")
  }

  @Test("a failed step fails its group and template with Argo's messages") func failure() {
    let run = workflow(steps([[call("a"), call("b")], [call("c")]]), echo())
    run.script = { _, pod in pod.nodeName == "wf[0].a" ? .failure : .success }
    run.finish()
    #expect(run.state.phase == .failed)
    let id = run.node("wf[0].a")?["id"]?.string ?? ""
    #expect(run.message("wf[0]") == "child '\(id)' failed")
    #expect(run.state.message == "child '\(id)' failed")
    #expect(run.node("wf[1]") == nil)
  }

  @Test("a step that errors makes the steps node Failed") func errored() {
    let run = workflow(steps([[call("a")]]), echo())
    run.script = { _, _ in .error }
    run.finish()
    #expect(run.phase("wf[0].a") == "Error")
    #expect(run.state.phase == .failed)
  }

  @Test("continueOn lets the next group begin", arguments: [(true, "Succeeded"), (false, "Failed")]) func continueOn(
    _ failed: Bool, _ phase: String
  ) {
    let run = workflow(
      steps([[call("a", extra: ["continueOn": ["failed": .bool(failed), "error": .bool(!failed)]])], [call("b")]]), echo())
    run.script = { _, pod in pod.nodeName == "wf[0].a" ? .failure : .success }
    run.finish()
    #expect(run.state.phase.rawValue == phase)
  }

  @Test("parameters arrive intact, whatever they hold")
  func values() {
    let text = "a \"quoted\" {{workflow.name}}\nline \\ {{=1+1}} {\"k\":[1]}"
    let run = workflow(
      steps([[call("a", "echo", ["x": "{{workflow.parameters.p}}"])]], extra: [:]), echo(inputs: ["x"], args: ["{{inputs.parameters.x}}"]),
      extra: ["arguments": ["parameters": [["name": "p", "value": "placeholder"]]]])
    run.state.header.parameters = []
    run.state.spec.arguments.parameters[0].value = text.replacing("{{workflow.name}}", with: "{{no.such}}").replacing(
      "{{=1+1}}", with: "{{x}}")
    run.checksRestoring = false
    run.finish()
    #expect(run.argument("wf[0].a") == text.replacing("{{workflow.name}}", with: "{{no.such}}").replacing("{{=1+1}}", with: "{{x}}"))
  }

  @Test("an output is not substituted again where it is used") func noDoubleSubstitution() {
    let evil = "{{workflow.name}} {{=1+1}} \"\n"
    let run = workflow(
      steps([[call("a")], [call("b", "show", ["x": "{{steps.a.outputs.result}}"])]]), echo(),
      echo("show", inputs: ["x"], args: ["got {{inputs.parameters.x}}"]))
    run.script = { _, pod in pod.nodeName == "wf[0].a" ? .result(evil) : .success }
    run.finish()
    #expect(run.argument("wf[1].b") == "got \(evil)")
  }

  @Test("standard output is captured where the template reads the result") func captured() {
    let run = workflow(
      steps([[call("a"), call("b")], [call("c", "show", ["x": "{{steps.a.outputs.result}}"])]]), echo(),
      echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"]))
    run.script = { _, _ in .result("x") }
    run.finish()
    func captures(_ node: String) -> Bool {
      run.pod(node)?.spec["containers"]?[0]?["env"]?.array?.contains { $0["name"] == "ARGO_INCLUDE_SCRIPT_OUTPUT" } ?? false
    }
    #expect(captures("wf[0].a"))
    #expect(!captures("wf[0].b"))
    #expect(!captures("wf[1].c"))
  }

  @Test("a step whose when is false is skipped") func when() {
    let run = workflow(
      steps([
        [call("a")],
        [
          call("b", extra: ["when": "{{steps.a.outputs.result}} == heads"]),
          call("c", extra: ["when": "{{steps.a.outputs.result}} == tails"]),
        ],
      ]),
      echo())
    run.script = { _, pod in pod.nodeName == "wf[0].a" ? .result("heads") : .success }
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.phase("wf[1].b") == "Succeeded")
    #expect(run.phase("wf[1].c") == "Skipped")
    #expect(run.message("wf[1].c") == "when 'heads == tails' evaluated false")
    #expect(run.node("wf[1].c")?["type"] == "Skipped")
  }

  @Test("a missing template ends the group in error, the steps node Failed") func missingTemplate() {
    let run = workflow(steps([[call("a", "nothing")]]), echo())
    run.finish()
    #expect(run.phase("wf[0].a") == "Error")
    #expect(run.message("wf[0]") == "step group deemed errored due to child wf[0].a error: template nothing not found")
    #expect(run.phase("wf[0]") == "Error")
    #expect(run.state.phase == .failed)
  }

  @Test("a missing entrypoint is an Error of the workflow") func missingEntrypoint() {
    let run = workflow(echo(), entrypoint: "nothing")
    run.finish()
    #expect(run.state.phase == .error)
    #expect(run.state.message == "error in entry template execution: template nothing not found")
  }

  @Test("an input that nobody supplies is an error") func missingInput() {
    let run = workflow(steps([[call("a")]]), echo(inputs: ["x"]))
    run.finish()
    #expect(run.message("wf[0].a") == "inputs.parameters.x was not supplied")
    #expect(run.state.phase == .failed)
  }

  @Test("outputs of steps become outputs of the template, and of the workflow by globalName") func outputs() {
    var inner = steps(
      [[call("a", "make")]], name: "inner",
      extra: [
        "outputs": ["parameters": [["name": "o", "globalName": "g", "valueFrom": ["parameter": "{{steps.a.outputs.parameters.p}}"]]]]
      ])
    inner["x"] = nil
    let run = workflow(
      steps([[call("i", "inner")], [call("b", "show", ["x": "{{steps.i.outputs.parameters.o}}-{{workflow.outputs.parameters.g}}"])]]),
      inner,
      echo("make", extra: ["outputs": ["parameters": [["name": "p", "valueFrom": ["path": "/tmp/p"]]]]]),
      echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"]))
    run.script = { _, pod in pod.nodeName.hasSuffix(".a") ? .parameters(["p": "v"]) : .success }
    run.finish()
    #expect(run.argument("wf[1].b") == "v-v")
    #expect(run.parameter("o", "wf[0].i") == "v")
    #expect(run.state.status().at("outputs", "parameters")?[0]?["name"] == "g")
  }

  @Test("inputs come from ConfigMaps, with defaults where there is none") func configMaps() {
    let template = echo(
      "main", args: ["{{inputs.parameters.a}} {{inputs.parameters.b}}"],
      extra: [
        "inputs": [
          "parameters": [
            ["name": "a", "valueFrom": ["configMapKeyRef": ["name": "cm", "key": "k"]]],
            ["name": "b", "valueFrom": ["default": "d", "configMapKeyRef": ["name": "none", "key": "k"]]],
          ]
        ]
      ])
    let run = workflow(template)
    run.configMaps = ["cm/k": "v"]
    run.finish()
    #expect(run.argument("wf") == "v d")
  }

  @Test("the root pod under a missing workflow parameter fails before it starts") func globals() {
    let run = workflow(echo("main"), extra: ["arguments": ["parameters": [["name": "p"]]]])
    run.finish()
    #expect(run.state.phase == .failed)
    #expect(
      run.state.message == "failed to set global parameters: either value or valueFrom must be specified in order to set global parameter p"
    )
  }

  @Test("recursion ends at the depth limit") func recursion() {
    let run = workflow(steps([[call("a", "main")]]))
    run.finish()
    #expect(run.state.phase == .failed)
    #expect(run.nodes.contains { $0["message"]?.string?.hasPrefix("Maximum recursion depth exceeded") == true })
  }

  @Test("a loop's item that cannot be started holds nothing up, although its exit hook runs on") func badItem() {
    let run = workflow(
      steps([
        [call("a", extra: ["when": "false"])],
        [
          call("b"),
          call("c", extra: ["withItems": [1, 2, 3], "when": "no condition == {{item}}", "onExit": "echo"]),
        ],
      ]), echo())
    run.finish()
    #expect(run.pods.map(\.resource.nodeName) == ["wf[1].b", "wf[1].c(0:1).onExit"])
    #expect(run.phase("wf[1].c(0:1)") == "Error")
    #expect(run.node("wf[1].c(1:2)") == nil)
    #expect(run.phase("wf[1]") == "Error")
    #expect(run.state.phase == .failed)
  }
}
