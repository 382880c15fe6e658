import ArgoModel
import Basics
import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

/// Outputs with a `globalName` (spec 2.19).
@Suite struct GlobalOutputTests {
  private func maker(_ name: String) -> JSON {
    echo(
      name,
      extra: [
        "outputs": [
          "parameters": [["name": "v", "globalName": "g", "valueFrom": ["path": "/v"]]],
          "artifacts": [["name": "f", "globalName": "ga", "path": "/f", "raw": ["data": "x"]]],
        ]
      ])
  }

  private func made(_ value: String, exitCode: Int32 = 0) -> Ending {
    Ending(
      exitCode: exitCode,
      outputs: [
        "parameters": [["name": "v", "value": .string(value)]],
        "artifacts": [["name": "f", "path": "/f", "raw": ["data": .string(value)]]],
      ])
  }

  @Test("the last writer wins, and what follows and the exit handler see it", arguments: [true, false]) func lastWriter(_ isDAG: Bool) {
    let seen = call("c", "show", ["x": "{{workflow.outputs.parameters.g}}"])
    let main =
      isDAG
      ? dag([call("a", "make"), call("b", "make", extra: ["depends": "a"]), seen.with("depends", "b")])
      : steps([[call("a", "make")], [call("b", "make")], [seen]])
    let run = workflow(
      main, maker("make"), echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"]),
      echo("bye", args: ["{{workflow.outputs.parameters.g}}"]), extra: ["onExit": "bye"])
    run.script = { [self] _, pod in
      pod.nodeName.hasSuffix(".a") ? made("first") : pod.nodeName.hasSuffix(".b") ? made("second") : .success
    }
    run.finish()
    #expect(run.argument(isDAG ? "wf.c" : "wf[2].c") == "second")
    #expect(run.argument("wf.onExit") == "second")
    let outputs = run.state.status()["outputs"]
    #expect(outputs?["parameters"] == [["name": "g", "value": "second"]])
    #expect(outputs?["artifacts"]?.array?.count == 1)
    #expect(outputs?["artifacts"]?[0]?["name"] == "ga")
    #expect(outputs?["artifacts"]?[0]?.at("raw", "data") == "second")
    #expect(outputs?["artifacts"]?[0]?["path"] == nil)
  }

  @Test("when a DAG has succeeded the last declared of its tasks wins; its own outputs are lifted by the DAG around it")
  func dags() {
    let outputs: JSON = ["parameters": [["name": "o", "globalName": "up", "valueFrom": ["parameter": "{{tasks.b.outputs.parameters.v}}"]]]]
    let inner = dag([call("a", "make", extra: ["depends": "b"]), call("b", "make")], name: "inner", extra: ["outputs": outputs])
    func run(_ main: JSON) -> Driver {
      let run = workflow(main, inner, maker("make"))
      run.script = { [self] _, pod in made(pod.nodeName.hasSuffix(".a") ? "late" : "early") }
      return run.finish()
    }
    let inSteps = run(steps([[call("n", "inner")]])).state.status().at("outputs", "parameters")
    #expect(inSteps == [["name": "g", "value": "early"]])
    let inDAG = run(dag([call("n", "inner")])).state.status().at("outputs", "parameters")
    #expect(inDAG == [["name": "g", "value": "early"], ["name": "up", "value": "early"]])
  }

  @Test("outputs of a failed step are lifted too") func failed() {
    let run = workflow(maker("main"))
    run.script = { [self] _, _ in made("kept", exitCode: 1) }
    run.finish()
    #expect(run.state.phase == .failed)
    #expect(run.state.status().at("outputs", "parameters")?[0]?["value"] == "kept")
  }

  @Test("a template lifts outputs that it takes from its steps") func nested() {
    let outputs: JSON = [
      "parameters": [["name": "o", "globalName": "up", "valueFrom": ["parameter": "{{steps.a.outputs.parameters.v}}"]]],
      "artifacts": [["name": "p", "globalName": "upa", "from": "{{steps.a.outputs.artifacts.f}}"]],
    ]
    // An artifact keeps the global name that its step gave it.
    let run = workflow(
      steps([[call("n", "inner")], [call("c", "show", ["x": "{{workflow.outputs.parameters.up}} {{steps.n.outputs.parameters.o}}"])]]),
      steps([[call("a", "make")]], name: "inner", extra: ["outputs": outputs]), maker("make"),
      echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"]))
    run.script = { [self] _, pod in pod.nodeName.hasSuffix(".a") ? made("deep") : .success }
    run.finish()
    #expect(run.argument("wf[1].c") == "deep deep")
    let names = run.state.status().at("outputs", "artifacts")?.array?.compactMap { $0["name"]?.string }
    #expect(names == ["ga"])
  }
}

extension JSON {
  fileprivate func with(_ key: String, _ value: JSON) -> JSON {
    var copy = self
    copy[key] = value
    return copy
  }
}
