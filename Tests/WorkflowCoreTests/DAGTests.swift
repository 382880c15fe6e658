import ArgoModel
import Basics
import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

func task(_ name: String, _ dependencies: [String] = [], _ template: String = "echo", extra: JSONObject = [:]) -> JSON {
  var json = call(name, template, extra: extra)
  if !dependencies.isEmpty { json["dependencies"] = .array(dependencies.map { .string($0) }) }
  return json
}

@Suite struct DAGTests {
  private func run(_ tasks: [JSON], failing: Set<String> = [], erring: Set<String> = []) -> Driver {
    let run = workflow(dag(tasks), echo())
    run.script = { _, pod in
      let name = String(pod.nodeName.dropFirst(3))
      return failing.contains(name) ? .failure : erring.contains(name) ? .error : .success
    }
    return run.finish()
  }

  @Test("a diamond runs in order of its dependencies") func diamond() {
    let run = run([task("A"), task("B", ["A"]), task("C", ["A"]), task("D", ["B", "C"])])
    #expect(run.state.phase == .succeeded)
    #expect(run.pods.map(\.resource.nodeName) == ["wf.A", "wf.B", "wf.C", "wf.D"])
    #expect(run.node("wf.B")?["children"] == [run.node("wf.D")?["id"] ?? .null])
    #expect(run.node("wf")?["outboundNodes"] == [run.node("wf.D")?["id"] ?? .null])
    #expect(run.node("wf.A")?["displayName"] == "A")
  }

  @Test("omission cascades and the DAG has the phase of the branch") func omitted() {
    let run = run([task("A"), task("B", ["A"]), task("C", ["B"])], failing: ["A"])
    #expect(run.phase("wf.B") == "Omitted")
    #expect(run.message("wf.B") == "omitted: depends condition not met")
    #expect(run.phase("wf.C") == "Omitted")
    #expect(run.state.phase == .failed)
  }

  @Test("a DAG keeps Error") func error() {
    #expect(run([task("A")], erring: ["A"]).state.phase == .error)
  }

  @Test(
    "depends asks for results",
    arguments: [
      ("A.Failed", true, true), ("A.Succeeded", true, false), ("A", true, false), ("A.Succeeded || A.Failed", true, true),
      ("!A.Succeeded", true, true),
      ("A.Failed && A.Succeeded", true, false),
    ])
  func depends(_ condition: String, _ fails: Bool, _ runs: Bool) {
    let run = run([task("A"), call("B", extra: ["depends": .string(condition)])], failing: fails ? ["A"] : [])
    #expect(run.phase("wf.B") == (runs ? "Succeeded" : "Omitted"))
    #expect(run.state.phase == (runs ? .succeeded : .failed))
  }

  @Test("a failed target with continueOn does not fail the DAG") func continueOn() {
    let run = run([task("A", extra: ["continueOn": ["failed": true]]), task("B", ["A"])], failing: ["A"])
    #expect(run.phase("wf.B") == "Succeeded")
    #expect(run.state.phase == .succeeded)
    #expect(self.run([task("A", extra: ["continueOn": ["failed": true]])], failing: ["A"]).state.phase == .succeeded)
  }

  @Test("independent branches run on after a failure") func branches() {
    let run = run([task("A"), task("B"), task("C", ["B"])], failing: ["A"])
    #expect(run.phase("wf.C") == "Succeeded")
    #expect(run.state.phase == .failed)
  }

  @Test("a target leaves out what it does not need") func target() {
    var template = dag([task("A"), task("B", ["A"]), task("C", ["B"])])
    var body = template["dag"] ?? .null
    body["target"] = "B"
    template["dag"] = body
    let run = workflow(template, echo()).finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.node("wf.C") == nil)
  }

  @Test("outputs pass from task to task") func outputs() {
    let run = workflow(
      dag(
        [task("a"), call("b", "show", ["x": "{{tasks.a.outputs.result}}"], extra: ["dependencies": ["a"]])],
        extra: ["outputs": ["parameters": [["name": "o", "valueFrom": ["expression": "tasks.a.outputs.result + '!'"]]]]]),
      echo(), echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"]))
    run.script = { _, pod in pod.nodeName == "wf.a" ? .result("r") : .success }
    run.finish()
    #expect(run.argument("wf.b") == "r")
    #expect(run.parameter("o", "wf") == "r!")
  }

  @Test("a loop is a TaskGroup with its items below") func loop() {
    let run = workflow(
      dag([
        call("A", "show", ["x": "{{item}}"], extra: ["withItems": ["x", 1, ["k": "v(1)", "a": true]]]),
        call("B", "show", ["x": "{{tasks.A.outputs.result}}"], extra: ["dependencies": ["A"]]),
      ]), echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"]))
    run.script = { _, pod in .result(pod.nodeName == "wf.A(1:1)" ? "7" : "\"s\"") }
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.node("wf.A")?["type"] == "TaskGroup")
    #expect(run.node("wf.A")?["children"]?.array?.count == 3)
    #expect(run.phase("wf.A(0:x)") == "Succeeded")
    #expect(run.phase("wf.A(2:a:true,k:v1)") == "Succeeded")
    #expect(run.argument("wf.A(2:a:true,k:v1)") == #"{"a":true,"k":"v(1)"}"#)
    #expect(run.argument("wf.B") == #"["s",7,"s"]"#)
  }

  @Test("an empty list is Skipped, and what follows goes on") func empty() {
    let run = run([task("A", extra: ["withParam": "[]"]), task("B", ["A"])])
    #expect(run.phase("wf.A") == "Skipped")
    #expect(run.message("wf.A") == "Skipped, empty params")
    #expect(run.phase("wf.B") == "Succeeded")
    #expect(run.state.phase == .succeeded)
  }

  @Test("the DAG words errors of starting a task") func startError() {
    let run = run([task("A", [], "nothing")])
    #expect(run.message("wf.A") == "task 'wf.A' errored: template nothing not found")
    #expect(run.state.phase == .error)
  }

  @Test("a skipped producer's output: default, absent, or error") func skippedOutputs() {
    func consumer(_ inputs: JSON) -> Driver {
      let run = workflow(
        dag([
          call("A", "make", extra: ["when": "false"]),
          call("B", "show", ["x": "{{tasks.A.outputs.parameters.p}}"], extra: ["depends": "A"]),
        ]), echo("make", extra: ["outputs": ["parameters": [["name": "p", "valueFrom": ["path": "/p"]]]]]),
        echo("show", args: ["{{inputs.parameters.x}}"], extra: ["inputs": ["parameters": [inputs]]]))
      return run.finish()
    }
    #expect(consumer(["name": "x", "default": "d"]).argument("wf.B") == "d")
    let failed = consumer(["name": "x"])
    #expect(failed.state.phase == .error)
    #expect(
      failed.message("wf.B")
        == "task 'wf.B' errored: inputs.parameters.x: argument references an absent optional (skipped/omitted node output with no default)")
  }

  @Test("AllFailed and AnySucceeded look at the items") func itemResults() {
    let run = workflow(
      dag([
        call("A", "show", ["x": "{{item}}"], extra: ["withItems": ["a", "b"]]),
        call("B", extra: ["depends": "A.AnySucceeded"]), call("C", extra: ["depends": "A.AllFailed"]),
      ]), echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"]), echo())
    run.script = { _, pod in pod.nodeName == "wf.A(0:a)" ? .failure : .success }
    run.finish()
    #expect(run.phase("wf.A") == "Failed")
    #expect(run.phase("wf.B") == "Succeeded")
    #expect(run.phase("wf.C") == "Omitted")
  }
}
