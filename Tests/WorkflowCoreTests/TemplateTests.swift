import ArgoModel
import Basics
import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

@Suite struct TemplateTests {
  private func stored(_ name: String, _ templates: JSON..., cluster: Bool = false, extra: JSONObject = [:]) -> Resource {
    var spec: JSONObject = ["templates": .array(templates)]
    for (key, value) in extra { spec[key] = value }
    return Resource(
      cluster ? .clusterWorkflowTemplate : .workflowTemplate,
      json: ["metadata": ["name": .string(name)], "spec": .object(spec)])
  }

  @Test("templateRef finds templates of other resources, which find their own", arguments: [true, false]) func templateRef(_ cluster: Bool)
  {
    var reference: JSONObject = ["name": "lib", "template": "outer"]
    if cluster { reference["clusterScope"] = true }
    let run = Driver(
      spec: [
        "entrypoint": "main",
        "templates": [
          steps([[["name": "a", "templateRef": .object(reference), "arguments": ["parameters": [["name": "x", "value": "v"]]]]]]),
          echo("inner", args: ["wrong"]),
        ],
      ],
      templates: [
        stored(
          "lib",
          steps(
            [[call("i", "inner", ["x": "{{inputs.parameters.x}}"])]], name: "outer", extra: ["inputs": ["parameters": [["name": "x"]]]]),
          echo("inner", inputs: ["x"], args: ["right {{inputs.parameters.x}}"]), cluster: cluster)
      ])
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.argument("wf[0].a[0].i") == "right v")
    let scope = cluster ? "cluster/lib" : "namespaced/lib"
    #expect(run.node("wf[0].a[0].i")?["templateScope"] == .string(scope))
    #expect(run.node("wf[0].a")?.at("templateRef", "name") == "lib")
    #expect(run.pods[0].name.hasPrefix("wf-inner-"))
  }

  @Test("a missing WorkflowTemplate is an error of the step") func missingRef() {
    let run = workflow(steps([[["name": "a", "templateRef": ["name": "lib", "template": "t"]]]]))
    run.finish()
    #expect(run.message("wf[0].a") == "workflow template lib not found")
  }

  @Test("a workflow takes its specification from a template") func workflowTemplateRef() {
    let run = Driver(
      spec: ["workflowTemplateRef": ["name": "t"], "arguments": ["parameters": [["name": "p", "value": "mine"]]]],
      templates: [
        stored(
          "t", echo("main", args: ["{{workflow.parameters.p}} {{workflow.parameters.q}}"]),
          extra: [
            "entrypoint": "main",
            "arguments": ["parameters": [["name": "p", "value": "theirs"], ["name": "q", "value": "theirs"]]],
          ])
      ])
    run.finish()
    #expect(run.argument("wf") == "mine theirs")
    #expect(run.state.objectLabels["workflows.argoproj.io/workflow-template"] == "t")
    #expect(run.state.status().at("storedWorkflowTemplateSpec", "entrypoint") == "main")
  }

  @Test("a missing workflow template is an Error of the workflow") func missingWorkflowTemplate() {
    let run = Driver(spec: ["workflowTemplateRef": ["name": "t"]])
    run.finish()
    #expect(run.state.phase == .error)
    #expect(run.state.message == "workflowtemplates.argoproj.io \"t\" not found")
  }

  @Test("inline templates see the loop and inputs around them") func inline() {
    let run = workflow(
      steps(
        [
          [
            [
              "name": "a", "withItems": ["x", "y"],
              "inline": ["container": ["image": "alpine", "args": ["{{item}} {{inputs.parameters.p}} {{workflow.name}}"]]],
            ]
          ]
        ], extra: ["inputs": ["parameters": [["name": "p", "value": "v"]]]]))
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.argument("wf[0].a(1:y)") == "y v wf")
    #expect(run.pods[0].name == "wf-\(fnv1a32("wf[0].a(0:x)"))")
  }

  @Test("inline steps see around them too") func inlineSteps() {
    let run = workflow(
      dag([
        [
          "name": "a", "withItems": ["x"], "inline": ["steps": [[call("s", "show", ["x": "{{item}}{{workflow.name}}"])]]],
        ]
      ]), echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"]))
    run.finish()
    #expect(run.argument("wf.a(0:x)[0].s") == "xwf")
  }

  @Test("template defaults lie under every template") func defaults() {
    let run = workflow(
      ["name": "main", "container": ["args": ["x"]]],
      extra: ["templateDefaults": ["activeDeadlineSeconds": 7, "container": ["image": "img"], "script": ["image": "no"]]])
    run.finish()
    #expect(run.pod("wf")?.spec["activeDeadlineSeconds"] == 7)
    #expect(run.pod("wf")?.spec["containers"]?[0]?["image"] == "img")
  }

  @Test("a script's source goes with the template, not into the container") func script() throws {
    let run = workflow(
      [
        "name": "main",
        "script": [
          "image": "python", "command": ["python"], "source": "print({{workflow.parameters.n}})",
          "volumeMounts": [["name": "w", "mountPath": "/w"], ["name": "v", "mountPath": "/v"]],
        ],
        "volumes": [["name": "v", "emptyDir": [:]]], "sidecars": [["name": "side", "image": "s", "mirrorVolumeMounts": true]],
        "initContainers": [["name": "first", "image": "i"]],
      ], extra: ["arguments": ["parameters": [["name": "n", "value": 5]]], "volumes": [["name": "w", "emptyDir": [:]]]])
    run.finish()
    let pod = try #require(run.pod("wf"))
    #expect(pod.spec["containers"]?[0]?["source"] == nil)
    #expect(pod.spec["containers"]?[0]?["command"] == ["python"])
    #expect(pod.spec["containers"]?[1]?["name"] == "side")
    #expect(pod.spec["initContainers"]?[0]?["name"] == "first")
    #expect(pod.spec["volumes"]?.array?.compactMap { $0["name"]?.string } == ["w", "v"])
    let template = try JSON.parse(pod.annotation(ArgoKey.template) ?? "")
    #expect(template.at("script", "source") == "print(5)")
  }

  @Test("artifacts pass by location from step to step") func artifacts() throws {
    let run = workflow(
      steps(
        [
          [call("a", "make")],
          [
            call(
              "b", "use",
              extra: [
                "arguments": [
                  "artifacts": [["name": "in", "from": "{{steps.a.outputs.artifacts.out}}", "subPath": "sub/{{workflow.name}}"]]
                ]
              ])
          ],
        ], extra: ["outputs": ["artifacts": [["name": "final", "from": "{{steps.a.outputs.artifacts.out}}"]]]]),
      echo("make", extra: ["outputs": ["artifacts": [["name": "out", "path": "/o", "archive": ["none": [:]], "s3": ["key": "my/key"]]]]]),
      echo("use", args: ["{{inputs.artifacts.in.path}}"], extra: ["inputs": ["artifacts": [["name": "in", "path": "/i"]]]]))
    run.script = { _, pod in
      pod.nodeName.hasSuffix(".a") ? Ending(outputs: ["artifacts": [["name": "out", "path": "/o", "local": ["key": "my/key"]]]]) : .success
    }
    run.finish()
    #expect(run.state.phase == .succeeded)
    let made = try JSON.parse(run.pod("wf[0].a")?.annotation(ArgoKey.template) ?? "")
    #expect(made.at("outputs", "artifacts")?[0]?.at("local", "key") == "my/key")
    let used = try JSON.parse(run.pod("wf[1].b")?.annotation(ArgoKey.template) ?? "")
    let input = used.at("inputs", "artifacts")?[0]
    #expect(input?["path"] == "/i")
    #expect(input?.at("local", "key") == "my/key/sub/wf")
    #expect(run.argument("wf[1].b") == "/i")
    #expect(run.node("wf")?.at("outputs", "artifacts")?[0]?.at("local", "key") == "my/key")
  }

  @Test("an input artifact that nobody supplies is an error, an optional one is not", arguments: [true, false]) func missingArtifact(
    _ optional: Bool
  ) {
    let run = workflow(
      steps([[call("a", "use")]]),
      echo("use", extra: ["inputs": ["artifacts": [["name": "in", "path": "/i", "optional": .bool(optional)]]]]))
    run.finish()
    #expect(run.state.phase == (optional ? .succeeded : .failed))
    if !optional { #expect(run.message("wf[0].a") == "inputs.artifacts.in was not supplied") }
  }

  @Test("raw and repository artifacts keep their location, with tags replaced") func rawArtifacts() throws {
    let run = workflow(
      echo(
        "main",
        extra: [
          "inputs": [
            "parameters": [["name": "p", "value": "v"]],
            "artifacts": [
              ["name": "raw", "path": "/r", "raw": ["data": "hi {{inputs.parameters.p}}"]],
              ["name": "git", "path": "/g", "git": ["repo": "https://x/{{workflow.name}}"]],
              ["name": "key", "path": "/k", "s3": ["key": "a/{{inputs.parameters.p}}"]],
            ],
          ]
        ]))
    run.finish()
    let artifacts = try JSON.parse(run.pod("wf")?.annotation(ArgoKey.template) ?? "").at("inputs", "artifacts")
    #expect(artifacts?[0]?.at("raw", "data") == "hi v")
    #expect(artifacts?[1]?.at("git", "repo") == "https://x/wf")
    #expect(artifacts?[2]?.at("local", "key") == "a/v")
  }

  @Test("a container set is one pod with a node for each container") func containerSet() {
    let run = workflow([
      "name": "main",
      "containerSet": ["containers": [["name": "a", "image": "i"], ["name": "main", "image": "i", "dependencies": ["a"]]]],
    ])
    run.send(.submitted)
    #expect(run.phase("wf.a") == "Pending")
    #expect(run.node("wf.a")?["type"] == "Container")
    #expect(run.node("wf.a")?["children"] == [run.node("wf.main")?["id"] ?? .null])
    var seen = run.observation("wf", .failed)
    seen.containers = [
      "a": PodObservation.Container(exitCode: 0), "main": PodObservation.Container(exitCode: 3, reason: "Error", message: "bad"),
    ]
    seen.message = "main: Error (exit code 3): bad"
    run.send(.podObserved(seen))
    #expect(run.phase("wf.a") == "Succeeded")
    #expect(run.message("wf.main") == "main: Error (exit code 3): bad")
    #expect(run.state.phase == .failed)
  }

  @Test("expressions in tags see steps, inputs, items and the workflow") func expressions() {
    let run = workflow(
      steps(
        [
          [call("a-b")],
          [
            call(
              "c", "show",
              ["x": "{{= steps['a-b'].outputs.result + inputs.parameters.p + workflow.parameters.q + string(asInt(item) + 1) }}"],
              extra: ["withItems": [1]])
          ],
        ], extra: ["inputs": ["parameters": [["name": "p", "value": "P"]]]]), echo(),
      echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"]), extra: ["arguments": ["parameters": [["name": "q", "value": "Q"]]]])
    run.script = { _, pod in pod.nodeName == "wf[0].a-b" ? .result("R") : .success }
    run.finish()
    #expect(run.argument("wf[1].c(0:1)") == "RPQ2")
  }

  @Test("expressions know the time and draw numbers, also those that read nothing") func timeAndChance() throws {
    let uuid = "{{=sprig.uuidv4()}}"
    let run = workflow(
      steps([
        [call("a", "show", ["x": "\(uuid) {{=now().Year()}}"], extra: ["withItems": [1, 1]]), call("b", "show", ["x": uuid])]
      ]),
      echo(
        "show", inputs: ["x"],
        args: [
          "{{inputs.parameters.x}}", "{{=sprig.date('2006-01', now())}}", "{{=sprig.randAlphaNum(20)}}", "{{workflow.parameters.q}}",
        ]),
      extra: ["arguments": ["parameters": [["name": "q", "value": "{{=sprig.randNumeric(9)}}"]]]])
    run.finish()
    #expect(run.state.phase == .succeeded)
    let drawn = try ["wf[0].a(0:1)", "wf[0].a(1:1)", "wf[0].b"].map { try #require(run.argument($0)?.split(separator: " ")) }
    #expect(Set(drawn.map { $0[0] }).count == 3)
    #expect(drawn[0][0].count == 36 && drawn[0][1] == "2023")
    #expect(run.argument("wf[0].b", 1) == "2023-11")
    let letters = try #require(run.argument("wf[0].b", 2))
    #expect(letters.count == 20 && Set(letters).count > 2)
    #expect(run.argument("wf[0].b", 3)?.count == 9)
  }

  @Test(
    "global variables",
    arguments: [
      ("{{workflow.name}}", "wf"), ("{{workflow.namespace}}", "default"), ("{{workflow.uid}}", "uid-1"),
      ("{{workflow.mainEntrypoint}}", "main"),
      ("{{workflow.creationTimestamp}}", "2018-08-23T05:42:49Z"), ("{{workflow.creationTimestamp.s}}", "1535002969"),
      ("{{workflow.creationTimestamp.B}}", "August"), ("{{workflow.creationTimestamp.a}}", "Thu"),
      ("{{workflow.serviceAccountName}}", ""),
      ("{{workflow.parameters.json}}", #"[{"name":"p","value":"v"}]"#), ("{{workflow.priority}}", "{{workflow.priority}}"),
      ("{{workflow.duration}}", "0.000000"), ("{{node.name}}", "wf"), ("{{pod.name}}", "wf"), ("{{unknown.thing}}", "{{unknown.thing}}"),
      ("{{=workflow.parameters.p + '!'}}", "v!"), ("{{= workflow.name }}", "wf"),
    ])
  func globals(_ tag: String, _ value: String) {
    let run = workflow(echo("main", args: [tag]), extra: ["arguments": ["parameters": [["name": "p", "value": "v"]]]])
    run.finish()
    #expect(run.argument("wf") == value)
  }

  @Test("a template knows the paths of its own outputs") func outputPaths() {
    let run = workflow(
      echo(
        "main", args: ["{{outputs.parameters.p.path}}", "{{outputs.artifacts.a.path}}"],
        extra: [
          "outputs": ["parameters": [["name": "p", "valueFrom": ["path": "/tmp/p"]]], "artifacts": [["name": "a", "path": "/tmp/a"]]]
        ]))
    run.send(.submitted)
    #expect(run.argument("wf", 0) == "/tmp/p" && run.argument("wf", 1) == "/tmp/a")
  }

  @Test("hostNodeName is the machine on which the step ran", arguments: ["steps", "tasks"]) func hostName(kind: String) {
    let next = call("b", "show", ["x": "{{\(kind).a.hostNodeName}}"], extra: kind == "tasks" ? ["depends": "a"] : [:])
    let run = workflow(kind == "steps" ? steps([[call("a")], [next]]) : dag([call("a"), next]), echo(), echo("show", inputs: ["x"]))
    run.send(.submitted)
    let first = kind == "steps" ? "wf[0].a" : "wf.a"
    var seen = run.observation(run.pod(first)?.name ?? "", .succeeded)
    seen.hostNodeName = "machine"
    run.send(.podObserved(seen))
    let second = run.node(kind == "steps" ? "wf[1].b" : "wf.b")
    #expect(run.node(first)?["hostNodeName"] == "machine")
    #expect(second?.at("inputs", "parameters")?[0]?["value"] == "machine")
  }

  @Test("steps.name and tasks.name name what called the template, its steps' arguments included") func callerNames() {
    let show = echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}", "{{steps.name}}{{tasks.name}}"])
    let run = workflow(
      steps([
        [call("a", "show", ["x": "<{{steps.name}}{{=steps.name}}>"])],
        [call("in", "inner", extra: ["withItems": ["k"]]), call("dag", "graph")],
        [call("name", "show", ["x": "x"])], [call("z", "show", ["x": "{{steps.name.status}} {{=steps.name.status}}"])],
      ]),
      steps([[call("b", "show", ["x": "{{steps.name}} {{=steps.name}}"])]], name: "inner"),
      dag([call("c", "nested")], name: "graph"),
      dag([call("d", "show", ["x": "{{tasks.name}}"], extra: ["withItems": [7]])], name: "nested"), show,
      extra: ["retryStrategy": ["limit": 1]])
    run.finish()
    #expect(run.state.phase == .succeeded)
    let pods = run.pods.map { "\($0.resource.spec["containers"]?[0]?["args"]?.text() ?? "")" }
    #expect(
      pods == [
        #"["<>","a{{tasks.name}}"]"#, #"["in(0:k) in(0:k)","b{{tasks.name}}"]"#, #"["c","{{steps.name}}d(0:7)"]"#,
        #"["x","name{{tasks.name}}"]"#, #"["Succeeded Succeeded","z{{tasks.name}}"]"#,
      ])
  }
}

@Suite struct PodObservationTests {
  private func observe(_ status: JSON, result: JSON? = nil) -> PodObservation {
    PodObservation(
      pod: Resource(.pod, json: ["metadata": ["name": "p", "namespace": "n"], "status": status]),
      taskResult: result.map { Resource(.workflowTaskResult, json: $0) })
  }

  private func ended(_ name: String, _ code: Int64, _ reason: String = "Error", message: String? = nil) -> JSON {
    ["name": .string(name), "state": ["terminated": ["exitCode": .int(code), "reason": .string(reason), "message": JSON(message)]]]
  }

  @Test("main's failure is the node's") func main() {
    let seen = observe(["phase": "Failed", "containerStatuses": [ended("side", 1), ended("main", 3)]])
    #expect(seen.message == "main: Error (exit code 3)")
    #expect(!seen.isInfrastructureError)
    #expect(seen.exitCode == 3)
  }

  @Test("the pod's message wins") func podMessage() {
    let seen = observe([
      "phase": "Failed", "message": "Pod was active on the node longer than the specified deadline",
      "containerStatuses": [ended("main", 137)],
    ])
    #expect(seen.message == "Pod was active on the node longer than the specified deadline")
  }

  @Test("init and wait are the engine's") func wait() {
    #expect(observe(["phase": "Failed", "initContainerStatuses": [ended("init", 1)], "containerStatuses": []]).isInfrastructureError)
    let seen = observe(["phase": "Failed", "containerStatuses": [ended("main", 0, "Completed"), ended("wait", 1, message: "no file")]])
    #expect(seen.isInfrastructureError)
    #expect(seen.message == "wait: Error (exit code 1): no file")
  }

  @Test("a killed sidecar fails nothing") func sidecar() {
    let seen = observe(
      ["phase": "Failed", "containerStatuses": [ended("main", 0, "Completed"), ended("side", 137)]],
      result: ["message": "boom", "phase": "Error"])
    #expect(seen.message == "boom")
    #expect(seen.isInfrastructureError)
  }

  @Test("outputs are the task result's") func outputs() {
    let seen = observe(["phase": "Succeeded", "containerStatuses": [ended("main", 0)]], result: ["outputs": ["result": "r"]])
    #expect(seen.phase == .succeeded)
    #expect(seen.outputs["result"] == "r")
  }

  @Test("pending pods tell why") func pending() {
    #expect(
      observe([
        "phase": "Pending", "containerStatuses": [["name": "main", "state": ["waiting": ["reason": "ImagePullBackOff", "message": "m"]]]],
      ]).message
        == "ImagePullBackOff: m")
  }
}
