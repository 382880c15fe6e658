import ArgoModel
import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

/// What the specification itself hands over: artifacts, labels, names.
@Suite struct SpecValueTests {
  @Test("tags in the workflow's artifact arguments are replaced") func artifacts() {
    var main = echo("main")
    main["inputs"] = ["artifacts": [["name": "a", "path": "/a"]]]
    let run = workflow(
      main,
      extra: [
        "arguments": [
          "parameters": [["name": "host", "value": "h.example"]],
          "artifacts": [["name": "a", "http": ["url": "http://{{workflow.parameters.host}}/{{workflow.name}}"]]],
        ]
      ]
    ).finish()
    #expect(run.node("wf")?.at("inputs", "artifacts")?[0]?.at("http", "url") == "http://h.example/wf")
  }

  @Test(
    "labels that cannot be are an Error of the workflow",
    arguments: [
      (["labelsFrom": ["l": ["expression": "'-a'"]]], #"invalid label value "-a" for label "l" and expression "'-a'": a valid label"#),
      (["labels": ["l": "a b"]], #"invalid label value "a b" for label "l": a valid label"#),
      (
        ["labelsFrom": ["l": ["expression": "1 == 1"]]],
        #"failed to evaluate label "l" expression "1 == 1" evaluted to bool but must be a string"#
      ),
    ] as [(JSON, String)])
  func labels(metadata: JSON, message: String) {
    let run = workflow(echo("main"), extra: ["workflowMetadata": metadata]).finish()
    #expect(run.state.phase == .error)
    #expect(run.state.message.hasPrefix(message), "\(run.state.message)")
    #expect(run.pods.isEmpty)
  }

  @Test("the template's own values and defaults may name its other inputs") func ownValues() {
    var main = echo("main", args: ["{{inputs.parameters.list}} {{inputs.parameters.text}}"])
    main["inputs"] = [
      "parameters": [
        ["name": "flag", "value": "true"], ["name": "list", "value": "{{= toJson(inputs.parameters.flag == 'true' ? ['a'] : []) }}"],
        ["name": "text", "default": "<{{inputs.parameters.flag}}>"],
      ]
    ]
    let run = workflow(main).finish()
    #expect(run.argument("wf") == #"["a"] <true>"#)
    #expect(run.node("wf")?.at("inputs", "parameters")?[2]?["value"] == "<true>")
  }

  @Test("a pod has the volumes that it mounts, the template's before the workflow's") func volumes() {
    let mounts: JSON = [["name": "a", "mountPath": "/a"], ["name": "b", "mountPath": "/b"], ["name": "a", "mountPath": "/c"]]
    var main = echo("main")
    main["container"]?["volumeMounts"] = mounts
    main["volumes"] = [["name": "a", "emptyDir": ["medium": "Memory"]]]
    let shared: JSON = [
      ["name": "a", "emptyDir": [:]], ["name": "b", "emptyDir": [:]], ["name": "unused", "secret": ["secretName": "missing"]],
    ]
    let run = workflow(main, extra: ["volumes": shared]).finish()
    #expect(
      run.pod("wf")?.spec["volumes"] == [["name": "a", "emptyDir": ["medium": "Memory"]], ["name": "b", "emptyDir": [:]]])
    let unknown = workflow(main).finish()
    #expect(unknown.state.phase == .error && unknown.pods.isEmpty)
    #expect(unknown.state.message == "error in entry template execution: volume 'b' not found in workflow spec")
  }

  @Test("hooks are steps without a name") func names() {
    let hooks: JSON = ["exit": ["template": "h"], "s": ["template": "h", "expression": "true"]]
    let run = workflow(
      dag([call("a", extra: ["hooks": hooks])]), echo(), echo("h", args: ["<{{steps.name}}{{tasks.name}}>"])
    ).finish()
    #expect(run.argument("wf.a.onExit") == "<{{tasks.name}}>" && run.argument("wf.a.hooks.s") == "<{{tasks.name}}>")
  }

  @Test("an artifact that cannot be found is told with the part of the work", arguments: [true, false]) func artifact(_ isDAG: Bool) {
    let root = isDAG ? "tasks" : "steps"
    var consumer = echo("use")
    consumer["inputs"] = ["artifacts": [["name": "a", "path": "/a"]]]
    let step: JSON = [
      "name": "b", "template": "use", "arguments": ["artifacts": [["name": "a", "from": .string("{{\(root).a.outputs.artifacts.x}}")]]],
    ]
    var waiting = step
    waiting["depends"] = "a"
    let run = workflow(isDAG ? dag([call("a"), waiting]) : steps([[call("a")], [step]]), echo(), consumer).finish()
    let message = "Unable to resolve: \"\(root).a.outputs.artifacts.x\""
    #expect(
      isDAG
        ? run.message("wf.b") == message
        : run.message("wf[1]") == "failed to resolve references: unable to resolve references: \(message)")
  }
}
