import ArgoModel
import Basics
import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

@Suite struct LimitTests {
  @Test("workflow parallelism bounds the pods", arguments: [1, 2, 3]) func workflowLimit(_ limit: Int) {
    let run = workflow(
      steps([[call("a", "inner"), call("b", "inner"), call("c")]]), steps([[call("x"), call("y")], [call("z")]], name: "inner"), echo(),
      extra: ["parallelism": .int(Int64(limit))])
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.peak == limit)
    #expect(run.pods.count == 7)
  }

  @Test("template parallelism bounds the children of that template", arguments: [1, 2]) func templateLimit(_ limit: Int) {
    let run = workflow(
      steps([[call("a", "show", ["x": "{{item}}"], extra: ["withSequence": ["count": "6"]])]], extra: ["parallelism": .int(Int64(limit))]),
      echo("show", inputs: ["x"]))
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.peak == limit)
    #expect(run.pods.count == 6)
  }

  enum Halt: CaseIterable { case stop, terminate, deadline }

  @Test("a stop, a termination and the deadline end what waits for the place of a daemon", arguments: Halt.allCases, [0, 1, 2])
  func daemonHasThePlace(_ halt: Halt, _ form: Int) {
    let limit: JSONObject = ["parallelism": 1]
    let main =
      switch form {
      case 0: dag([call("d", "server"), call("b")], extra: limit)
      case 1: steps([[call("d", "server")], [call("b")]], extra: limit)
      default: dag([call("d", "server"), call("b")])
      }
    var extra: JSONObject = form == 2 ? limit : [:]
    if halt == .deadline { extra["activeDeadlineSeconds"] = 5 }
    let run = workflow(main, echo("server", extra: ["daemon": true]), echo(), extra: extra)
    run.send(.submitted)
    run.started(run.pods[0].name, isReady: true)
    #expect(run.pods.count == 1 && run.state.phase == .running)
    switch halt {
    case .stop: run.send(.commanded(.stop(message: nil)))
    case .terminate: run.send(.commanded(.terminate))
    case .deadline:
      run.now = run.now + TimeSpan(seconds: 6)
      for id in Array(run.timers.keys) { run.send(.timerFired(id)) }
    }
    #expect(run.state.phase == .failed)
    #expect(run.pods.count == 1 && run.stopped == [run.pods[0].name])
    #expect(run.phase(form == 1 ? "wf[0].d" : "wf.d") == "Succeeded")
  }

  @Test(
    "exit handlers that wait for the place of a daemon run once their run is stopped or past its deadline", arguments: Halt.allCases,
    [true, false])
  func exitHandlerBehindDaemon(_ halt: Halt, _ isTemplateLimit: Bool) {
    let limit: JSONObject = ["parallelism": 1]
    let main = dag(
      [call("d", "server"), call("b", extra: ["hooks": ["exit": ["template": "echo"]]])], extra: isTemplateLimit ? limit : [:])
    var extra: JSONObject = isTemplateLimit ? [:] : limit
    if halt == .deadline { extra["activeDeadlineSeconds"] = 5 }
    let run = workflow(main, echo("server", extra: ["daemon": true]), echo(), extra: extra)
    run.send(.submitted)
    run.started(run.pods[0].name, isReady: true)
    switch halt {
    case .stop: run.send(.commanded(.stop(message: nil)))
    case .terminate: run.send(.commanded(.terminate))
    case .deadline:
      run.now = run.now + TimeSpan(seconds: 6)
      for id in Array(run.timers.keys) { run.send(.timerFired(id)) }
    }
    if halt != .terminate {
      #expect(run.pods.count == 2, "the exit handler")
      run.end(run.pods[1].name, .success)
    }
    #expect(run.state.phase == .failed)
    #expect(run.phase("wf.d") == "Succeeded")
  }

  @Test("with failFast a failed child stops what waits") func failFast() {
    let run = workflow(
      steps(
        [[call("a", "show", ["x": "{{item}}"], extra: ["withSequence": ["count": "6"]])]], extra: ["parallelism": 2, "failFast": true]),
      echo("show", inputs: ["x"]))
    run.script = { _, _ in .failure }
    run.finish()
    #expect(run.state.phase == .failed)
    #expect(run.state.message == "template has failed or errored children and failFast enabled")
    #expect(run.pods.count == 2)
  }

  @Test("a limited DAG runs all its tasks") func limitedDAG() {
    let run = workflow(dag([task("A"), task("B"), task("C", ["A"]), task("D", ["B"])], extra: ["parallelism": 1]), echo())
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.peak == 1)
  }

  @Test("items that are skipped do not hold the queue up") func skippedItems() {
    let run = workflow(
      steps(
        [
          [
            call("a", "show", ["x": "{{item}}"], extra: ["withSequence": ["count": "20"], "when": "{{item}} == 19"]),
            call("b", "show", ["x": "b"]),
          ]
        ],
        extra: ["parallelism": 1]), echo("show", inputs: ["x"]))
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.pods.count == 2)
  }
}

@Suite struct LoopTests {
  private func names(_ extra: JSONObject) -> [String] {
    let run = workflow(
      steps([[call("a", "show", ["x": "{{item}}"], extra: extra)]]), echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"]))
    run.finish()
    return run.pods.map(\.resource.nodeName)
  }

  @Test("sequences count up, down and by format") func sequences() {
    #expect(names(["withSequence": ["count": 3]]) == ["wf[0].a(0:0)", "wf[0].a(1:1)", "wf[0].a(2:2)"])
    #expect(names(["withSequence": ["start": "4", "end": "2"]]) == ["wf[0].a(0:4)", "wf[0].a(1:3)", "wf[0].a(2:2)"])
    #expect(names(["withSequence": ["start": "9", "end": "10", "format": "t%02X"]]) == ["wf[0].a(0:t09)", "wf[0].a(1:t0A)"])
    #expect(names(["withSequence": ["count": "0"]]).isEmpty)
  }

  @Test("withParam takes any JSON list") func withParam() {
    #expect(names(["withParam": "null"]).isEmpty)
    #expect(names(["withParam": #"["a", 2, {"k": "v"}]"#]) == ["wf[0].a(0:a)", "wf[0].a(1:2)", "wf[0].a(2:k:v)"])
  }

  @Test("a text that is no list fails the group") func badParam() {
    let run = workflow(steps([[call("a", extra: ["withParam": "hello"])]]), echo())
    run.finish()
    #expect(run.phase("wf[0]") == "Error")
    #expect(
      run.state.message
        == "withParam value could not be parsed as a JSON list: hello: invalid character 'h' looking for beginning of value")
  }

  @Test(
    "a text that is no list is told in the words of Go's decoder",
    arguments: [
      ("not json", "invalid character 'o' in literal null (expecting 'u')"),
      ("2024-01-01", "invalid character '-' after top-level value"),
      (#"{"a": 1}"#, "json: cannot unmarshal object into Go value of type []v1alpha1.Item"),
      ("false", "json: cannot unmarshal bool into Go value of type []v1alpha1.Item"),
    ])
  func goWords(_ text: String, _ problem: String) {
    let run = workflow(steps([[call("a", extra: ["withParam": .string(text)])]]), echo())
    run.finish()
    #expect(run.state.message == "withParam value could not be parsed as a JSON list: \(text): \(problem)")
  }

  @Test("aggregated parameters: strings, or parsed when all are objects or lists") func aggregation() {
    func collect(_ values: [String]) -> String? {
      let run = workflow(
        steps([
          [call("a", "make", ["x": "{{item}}"], extra: ["withSequence": ["count": .int(Int64(values.count))]])],
          [call("b", "show", ["x": "{{steps.a.outputs.parameters.p}} {{steps.a.outputs.parameters}}"])],
        ]), echo("make", inputs: ["x"], extra: ["outputs": ["parameters": [["name": "p", "valueFrom": ["path": "/p"]]]]]),
        echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"]))
      run.script = { driver, pod in
        guard let item = (0..<values.count).first(where: { pod.nodeName.hasSuffix("(\($0):\($0))") }) else { return .success }
        return .parameters(["p": values[item]])
      }
      return run.finish().argument("wf[1].b")
    }
    #expect(collect(["x", "{}"]) == #"["x","{}"] [{"p":"x"},{"p":"{}"}]"#)
    #expect(collect([#"{"b":1}"#, "[2]"]) == #"[{"b":1},[2]] [{"p":"{\"b\":1}"},{"p":"[2]"}]"#)
  }

  @Test(
    "Go's formats",
    arguments: [("%02X", 10, "0A"), ("x%d", 5, "x5"), ("%5d|", 7, "    7|"), ("%-3d|", 7, "7  |"), ("%+d", 7, "+7"), ("%%%d", 1, "%1")])
  func formats(_ format: String, _ value: Int64, _ text: String) {
    #expect(goFormat(format, value) == text)
  }
}
