import ArgoModel
import Basics
import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

private func hook(_ template: String = "h", when expression: String? = nil, _ arguments: JSON? = nil) -> JSON {
  var object: JSONObject = ["template": .string(template)]
  object["expression"] = expression.map { .string($0) }
  object["arguments"] = arguments
  return .object(object)
}

private func parameters(_ values: (String, String)...) -> JSON {
  ["parameters": .array(values.map { ["name": .string($0.0), "value": .string($0.1)] })]
}

@Suite struct HookExactnessTests {
  private let shown = echo("h", extra: ["inputs": ["parameters": [["name": "x", "default": "own"]]]])

  private func shows(_ run: Driver, _ node: String) -> String? {
    run.node(node)?.at("inputs", "parameters")?[0]?["value"]?.string
  }

  @Test("an exit hook without arguments gets the workflow's, a lifecycle hook none") func defaults() {
    let run = workflow(
      steps([[call("a", extra: ["hooks": ["exit": hook(), "r": hook(when: "steps['a'].status == 'Running'")]])]]), echo(), shown,
      extra: [
        "arguments": parameters(("x", "workflow's")),
        "hooks": ["exit": hook(), "w": hook(when: "workflow.status == 'Running'")],
      ])
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(shows(run, "wf[0].a.onExit") == "workflow's")
    #expect(shows(run, "wf.onExit") == "workflow's")
    #expect(shows(run, "wf[0].a.hooks.r") == "own")
    #expect(shows(run, "wf.hooks.w") == "own")
  }

  @Test("onExit passes the workflow's arguments, whatever the hook of that name says", arguments: [true, false])
  func onExit(_ isDAG: Bool) {
    let unit = call("a", extra: ["onExit": "h", "hooks": ["exit": hook("none", nil)]])
    let run = workflow(isDAG ? dag([unit]) : steps([[unit]]), echo(), shown, extra: ["arguments": parameters(("x", "workflow's"))])
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(shows(run, isDAG ? "wf.a.onExit" : "wf[0].a.onExit") == "workflow's")
  }

  @Test("a hook that lacks an argument cannot be started: an Error of the group") func missingArgument() {
    let run = workflow(
      steps([[call("a", extra: ["hooks": ["r": hook(when: "steps['a'].status == 'Succeeded'")]])]]), echo(),
      echo("h", inputs: ["x"]), extra: ["arguments": parameters(("x", "workflow's"))])
    run.finish()
    #expect(run.phase("wf[0].a") == "Succeeded")
    #expect(run.message("wf[0]") == "inputs.parameters.x was not supplied")
    #expect(run.state.phase == .failed)
  }

  @Test("exit hooks see parameters, artifacts, exit code and status of their own node, with retries too", arguments: [true, false])
  func ownOutputs(_ isDAG: Bool) {
    let root = isDAG ? "tasks" : "steps"
    let arguments: JSON = [
      "parameters": [["name": "x", "value": .string("{{\(root).a.outputs.parameters.v}} {{\(root).a.status}} {{\(root).a.exitCode}}")]],
      "artifacts": [["name": "f", "from": .string("{{\(root).a.outputs.artifacts.f}}")]],
    ]
    let unit = call("a", "make", extra: ["hooks": ["exit": hook("h", arguments)]])
    let run = workflow(
      isDAG ? dag([unit]) : steps([[unit]]),
      echo(
        "make",
        extra: [
          "retryStrategy": ["limit": 1],
          "outputs": [
            "parameters": [["name": "v", "valueFrom": ["path": "/v"]]], "artifacts": [["name": "f", "path": "/f", "raw": ["data": "d"]]],
          ],
        ]),
      echo("h", extra: ["inputs": ["parameters": [["name": "x"]], "artifacts": [["name": "f", "path": "/in"]]]]))
    run.script = { _, pod in
      guard pod.nodeName.contains("a(") else { return .success }
      guard pod.nodeName.hasSuffix("(1)") else { return .failure }
      return Ending(outputs: [
        "parameters": [["name": "v", "value": "made"]], "artifacts": [["name": "f", "path": "/f", "raw": ["data": "d"]]],
      ])
    }
    run.finish()
    #expect(run.state.phase == .succeeded)
    let exit = run.node(isDAG ? "wf.a.onExit" : "wf[0].a.onExit")
    #expect(exit?.at("inputs", "parameters")?[0]?["value"] == "made Succeeded 0")
    #expect(exit?.at("inputs", "artifacts")?[0]?.at("raw", "data") == "d")
    #expect(exit?.at("inputs", "artifacts")?[0]?["path"] == "/in")
  }

  @Test("a lifecycle hook of a task that cannot be started makes the task an Error; of a target, the DAG cannot go on")
  func taskHookError() {
    for isTarget in [true, false] {
      let broken = call("A", extra: ["hooks": ["h": hook("none", when: "tasks['A'].status == 'Succeeded'")]])
      let run = workflow(
        steps([[call("d", "d")]]),
        dag(isTarget ? [broken] : [broken, call("B", extra: ["depends": "A.Succeeded || A.Errored"])], name: "d"), echo())
      run.finish()
      #expect(run.phase("wf[0].d.A") == "Error")
      #expect(run.message("wf[0].d.A") == "template none not found")
      if isTarget {
        #expect(run.phase("wf[0].d") == "Error")
        #expect(run.message("wf[0].d") == "template none not found")
        #expect(run.message("wf[0]") == "step group deemed errored due to child wf[0].d error: template none not found")
        #expect(run.state.phase == .failed)
      } else {
        #expect(run.phase("wf[0].d.B") == "Succeeded")
        #expect(run.state.phase == .succeeded)
      }
    }
  }

  @Test("so does one whose expression cannot be evaluated; the root's ends the workflow") func taskExpressionError() {
    let run = workflow(dag([call("A", extra: ["hooks": ["h": hook(when: "tasks['A'].status > 1")]])]), echo())
    run.finish()
    #expect(run.phase("wf.A") == "Error")
    #expect(run.state.phase == .error)
    #expect(run.state.message.hasPrefix("error in entry template execution: "))
  }

  @Test("an exit hook of a task that cannot be started or evaluated changes nothing", arguments: [true, false])
  func taskExitError(_ isStart: Bool) {
    let exit = isStart ? hook("none") : hook(when: "tasks['A'].status > 1")
    let run = workflow(dag([call("A", extra: ["hooks": ["exit": exit]]), call("B", extra: ["depends": "A"])]), echo(), shown)
    run.finish()
    #expect(run.phase("wf.A") == "Succeeded")
    #expect(run.phase("wf.A.onExit") == (isStart ? "Error" : nil))
    #expect(run.state.phase == .succeeded)
    #expect(run.phase("wf.B") == "Succeeded")
  }

  @Test("tags in the expression of a hook or of an output are replaced before it is evaluated, the item of a loop's hook among them")
  func tagsInExpressions() {
    let main = steps(
      [
        [
          call(
            "a", extra: ["hooks": ["exit": hook(when: "'{{workflow.parameters.x}}' == 'yes'"), "r": hook(when: "'{{steps.a.id}}' == ''")]]),
          call("b", extra: ["withItems": ["u", "v"], "hooks": ["exit": hook(when: "'{{item}}' == 'v'")]]),
        ]
      ])
    var whole = main
    whole["outputs"] = ["parameters": [["name": "o", "valueFrom": ["expression": "'{{workflow.parameters.x}}' + '{{nobody}}'"]]]]
    let run = workflow(whole, echo(), echo("h"), extra: ["arguments": parameters(("x", "yes"))])
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.node("wf[0].a.onExit") != nil)
    #expect(run.node("wf[0].a.hooks.r") == nil)
    #expect(run.node("wf[0].b(0:u).onExit") == nil)
    #expect(run.node("wf[0].b(1:v).onExit") != nil)
    #expect(run.node("wf")?.at("outputs", "parameters")?[0]?["value"]?.string == "yes{{nobody}}")
  }

  @Test("a step's hook whose expression or arguments fail is the group's Error and leaves the step as it is")
  func stepExpressionError() {
    for exit in [
      hook(when: "steps['a'].status > 1"), hook("h", ["artifacts": [["name": "f", "from": "{{steps.a.outputs.artifacts.no}}"]]]),
    ] {
      let run = workflow(steps([[call("a", extra: ["hooks": ["exit": exit]])], [call("b")]]), echo(), shown)
      run.finish()
      #expect(run.phase("wf[0].a") == "Succeeded")
      #expect(run.phase("wf[0]") == "Error")
      #expect(run.node("wf[0].a.onExit") == nil)
      #expect(run.node("wf[1]") == nil)
      #expect(run.state.phase == .failed)
    }
  }

  @Test("a skipped step fires nothing, a skipped task its lifecycle hooks; neither its exit hook") func skipped() {
    let hooks: JSON = ["exit": hook(), "s": hook(when: "true")]
    let unit = call("a", extra: ["when": "false", "hooks": hooks])
    let inSteps = workflow(steps([[unit]]), echo(), shown).finish()
    #expect(inSteps.pods.isEmpty)
    let inDAG = workflow(dag([unit]), echo(), shown).finish()
    #expect(inDAG.pods.map(\.resource.nodeName) == ["wf.a.hooks.s"])
    #expect(inSteps.state.phase == .succeeded && inDAG.state.phase == .succeeded)
  }

  @Test("each item of a loop has its exit hook; a DAG's loop as a whole has one too") func loops() {
    let unit = call("a", extra: ["withItems": ["x", "y"], "hooks": ["exit": hook()]])
    let inSteps = workflow(steps([[unit]]), echo(), shown).finish()
    #expect(
      inSteps.pods.map(\.resource.nodeName).filter { $0.hasSuffix("onExit") }.sorted() == ["wf[0].a(0:x).onExit", "wf[0].a(1:y).onExit"])
    let inDAG = workflow(dag([unit]), echo(), shown).finish()
    #expect(
      inDAG.pods.map(\.resource.nodeName).filter { $0.hasSuffix("onExit") }.sorted()
        == ["wf.a(0:x).onExit", "wf.a(1:y).onExit", "wf.a.onExit"])
  }

  @Test("hooks may name templates of other resources, with arguments") func templateRef() {
    let other = Resource(
      .workflowTemplate,
      json: ["metadata": ["name": "lib"], "spec": ["templates": [echo("h", inputs: ["x"], args: ["{{inputs.parameters.x}}"])]]])
    let reference: JSON = [
      "templateRef": ["name": "lib", "template": "h"], "expression": "steps['a'].status == 'Succeeded'",
      "arguments": ["parameters": [["name": "x", "value": "{{steps.a.outputs.result}}"]]],
    ]
    let exit: JSON = ["templateRef": ["name": "lib", "template": "h"], "arguments": parameters(("x", "{{workflow.status}}"))]
    let run = Driver(
      spec: [
        "entrypoint": "main", "hooks": ["exit": exit],
        "templates": [steps([[call("a", extra: ["hooks": ["s": reference]])]]), echo()],
      ], templates: [other])
    run.script = { _, pod in pod.nodeName.hasSuffix(".a") ? .result("said") : .success }
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.argument("wf[0].a.hooks.s") == "said")
    #expect(run.argument("wf.onExit") == "Succeeded")
    #expect(run.node("wf.onExit")?["templateRef"] == ["name": "lib", "template": "h"])
  }

  @Test("the workflow waits for the hooks that fired, and for no others") func waits() {
    let run = workflow(
      echo("main"), echo("h"),
      extra: ["hooks": ["r": hook(when: "workflow.status == 'Running'"), "f": hook(when: "workflow.status == 'Failed'")]])
    run.send(.submitted)
    run.end("wf", .success)
    #expect(run.state.phase == .running)
    #expect(run.phase("wf") == "Succeeded")
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.node("wf.hooks.f") == nil)
  }

  @Test("a workflow's hook that cannot be evaluated or started makes the root an Error")
  func workflowHookError() {
    for broken in [hook(when: "workflow.status > 1"), hook("none", when: "workflow.status == 'Running'")] {
      let run = workflow(echo("main"), shown, extra: ["hooks": ["b": broken]])
      run.finish()
      #expect(run.phase("wf") == "Error")
      #expect(run.state.phase == .error)
    }
    // One that fires with success comes too late to change it, unless the exit handler has yet to run.
    for hasExit in [true, false] {
      var hooks: JSONObject = ["b": hook("none", when: "workflow.status == 'Succeeded'")]
      if hasExit { hooks["exit"] = hook() }
      let run = workflow(echo("main"), shown, extra: ["hooks": .object(hooks)])
      run.finish()
      #expect(run.phase("wf") == "Error")
      #expect(run.state.phase == (hasExit ? .error : .succeeded))
    }
  }

  @Test("the exit handler's own arguments: status, failures, duration, global outputs and artifacts") func exitArguments() {
    let arguments: JSON = [
      "parameters": [
        ["name": "x", "value": "{{workflow.status}} {{workflow.duration}} {{workflow.outputs.parameters.g}}"],
        ["name": "f", "value": "{{workflow.failures}}"],
      ],
      "artifacts": [["name": "a", "from": "{{workflow.outputs.artifacts.ga}}"]],
    ]
    let run = workflow(
      steps([[call("a", "make", extra: ["continueOn": ["failed": true]])], [call("b")]]),
      echo(
        "make",
        extra: [
          "outputs": [
            "parameters": [["name": "v", "globalName": "g", "valueFrom": ["path": "/v"]]],
            "artifacts": [["name": "f", "globalName": "ga", "path": "/f", "raw": ["data": "d"]]],
          ]
        ]), echo(),
      echo(
        "bye",
        extra: ["inputs": ["parameters": [["name": "x"], ["name": "f"]], "artifacts": [["name": "a", "path": "/a"]]]]),
      extra: ["hooks": ["exit": hook("bye", arguments)]])
    run.script = { _, pod in
      guard pod.nodeName.hasSuffix(".a") else { return .success }
      return Ending(
        exitCode: 1,
        outputs: ["parameters": [["name": "v", "value": "made"]], "artifacts": [["name": "f", "path": "/f", "raw": ["data": "d"]]]],
        message: "main: Error (exit code 1)")
    }
    run.finish()
    #expect(run.state.phase == .succeeded)
    let inputs = run.node("wf.onExit")?["inputs"]
    #expect(inputs?["parameters"]?[0]?["value"] == "Succeeded 2.000000 made")
    #expect(inputs?["parameters"]?[1]?["value"]?.string?.contains("\\\"displayName\\\":\\\"a\\\"") == true)
    #expect(inputs?["artifacts"]?[0]?.at("raw", "data") == "d")
  }

  @Test("an exit handler that lacks an argument is an Error of the workflow, also after a failure", arguments: [true, false])
  func exitStartError(_ succeeds: Bool) {
    let run = workflow(echo("main"), echo("bye", inputs: ["y"]), extra: ["onExit": "bye"])
    run.script = { _, _ in succeeds ? .success : .failure }
    run.finish()
    #expect(run.state.phase == .error)
    #expect(run.state.message == "error in exit template execution : inputs.parameters.y was not supplied")
  }

  @Test("a hook's arguments: a skipped producer's output falls back, or is an error") func absentArguments() {
    func run(_ value: String) -> Driver {
      workflow(
        steps([
          [call("p", "make", extra: ["when": "false"])],
          [call("a", extra: ["hooks": ["exit": hook("h", parameters(("x", value)))]])],
        ]), echo("make", extra: ["outputs": ["parameters": [["name": "v", "valueFrom": ["path": "/v"]]]]]), echo(), shown
      ).finish()
    }
    #expect(shows(run("{{steps.p.outputs.parameters.v}}"), "wf[1].a.onExit") == "own")
    #expect(shows(run("{{=steps.p.outputs.parameters.v ?? 'else'}}"), "wf[1].a.onExit") == "else")
    let failed = run("x-{{steps.p.outputs.parameters.v}}")
    #expect(failed.node("wf[1].a.onExit") == nil)
    #expect(
      failed.message("wf[1]")
        == "unable to substitute {{steps.p.outputs.parameters.v}}: output is an absent optional (skipped/omitted node with no default)")
    #expect(failed.state.phase == .failed)
  }
}
