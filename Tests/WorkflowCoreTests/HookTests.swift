import ArgoModel
import Basics
import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

@Suite struct HookTests {
  @Test("the exit handler runs after success and failure", arguments: [true, false]) func exit(_ succeeds: Bool) {
    let run = workflow(
      echo("main"), echo("bye", args: ["{{workflow.status}} {{workflow.failures}}"]), extra: ["onExit": "bye"])
    run.script = { _, pod in pod.nodeName == "wf" && !succeeds ? .failure : .success }
    run.finish()
    #expect(run.state.phase == (succeeds ? .succeeded : .failed))
    #expect(run.phase("wf.onExit") == "Succeeded")
    #expect(run.argument("wf.onExit")?.hasPrefix(succeeds ? "Succeeded \"null\"" : "Failed \"[{\\\"displayName\\\":\\\"wf\\\"") == true)
    #expect(run.pod("wf.onExit")?.label("workflows.argoproj.io/on-exit") == "true")
  }

  @Test("a failed exit handler turns success into failure, and nothing else", arguments: [true, false]) func failedExit(_ succeeds: Bool) {
    let run = workflow(echo("main"), echo("bye"), extra: ["onExit": "bye"])
    run.script = { _, pod in
      pod.nodeName == "wf.onExit" ? Ending(exitCode: 1, message: "exit") : succeeds ? .success : Ending(exitCode: 1, message: "main")
    }
    run.finish()
    #expect(run.state.phase == .failed)
    #expect(run.state.message == (succeeds ? "exit" : "main"))
  }

  @Test("a step's exit hook runs before what follows, and its failure changes nothing") func stepExit() {
    let run = workflow(
      steps([
        [
          call(
            "a",
            extra: [
              "hooks": ["exit": ["template": "show", "arguments": ["parameters": [["name": "x", "value": "{{steps.a.outputs.result}}"]]]]]
            ])
        ],
        [call("b")],
      ]), echo(), echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"]))
    run.script = { _, pod in pod.nodeName == "wf[0].a" ? .result("r") : pod.nodeName.hasSuffix("onExit") ? .failure : .success }
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.pods.map(\.resource.nodeName) == ["wf[0].a", "wf[0].a.onExit", "wf[1].b"])
    #expect(run.argument("wf[0].a.onExit") == "r")
    #expect(run.node("wf[0].a.onExit")?.at("nodeFlag", "hooked") == true)
  }

  @Test("hooks fire when their expression holds") func lifecycle() {
    let run = workflow(
      dag([
        task(
          "A",
          extra: [
            "hooks": [
              "running": ["template": "echo", "expression": "tasks['A'].status == 'Running'"],
              "failed": ["template": "echo", "expression": "tasks['A'].status == 'Failed'"],
            ]
          ]), task("B", ["A"]),
      ]), echo())
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.phase("wf.A.hooks.running") == "Succeeded")
    #expect(run.node("wf.A.hooks.failed") == nil)
    #expect(run.pods.map(\.resource.nodeName).last == "wf.B")
  }

  @Test("the workflow's hooks see its status") func workflowHooks() {
    let run = workflow(
      echo("main"), echo("h"),
      extra: [
        "hooks": [
          "running": ["template": "h", "expression": "workflow.status == 'Running'"],
          "succeeded": ["template": "h", "expression": "workflow.status == 'Succeeded'"],
          "failed": ["template": "h", "expression": "workflow.status == 'Failed'"],
        ]
      ])
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.phase("wf.hooks.running") == "Succeeded")
    #expect(run.phase("wf.hooks.succeeded") == "Succeeded")
    #expect(run.node("wf.hooks.failed") == nil)
  }

  @Test("an exit hook with a false expression does not run") func exitExpression() {
    let run = workflow(
      steps([[call("a", extra: ["hooks": ["exit": ["template": "echo", "expression": "steps['a'].status == 'Failed'"]]])]]), echo())
    run.finish()
    #expect(run.node("wf[0].a.onExit") == nil)
    #expect(run.state.phase == .succeeded)
  }

  @Test("the exit handler does not run when the entry template cannot be started") func entryError() {
    let run = workflow(echo("bye"), extra: ["onExit": "bye"])
    run.finish()
    #expect(run.state.phase == .error)
    #expect(run.pods.isEmpty)
  }

  @Test("an exit template that cannot be started is an Error of the workflow") func exitError() {
    let run = workflow(echo("main"), extra: ["onExit": "nothing"])
    run.finish()
    #expect(run.state.phase == .error)
    #expect(run.state.message == "error in exit template execution : template nothing not found")
  }

  @Test("a step's hook that cannot be started is an error of the group", arguments: ["exit", "h"]) func hookError(_ name: String) {
    let hook: JSON = ["template": "none", "expression": "steps['a'].status == 'Succeeded'"]
    let run = workflow(steps([[call("a", extra: ["hooks": .object([name: hook])])], [call("b")]]), echo())
    run.finish()
    #expect(run.phase("wf[0].a") == "Succeeded")
    #expect(run.phase("wf[0]") == "Error")
    #expect(run.message("wf[0]") == "template none not found")
    #expect(run.pods.count == 1)
    #expect(run.state.phase == .failed)
  }
}
