import ArgoModel
import Basics
import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

/// Behaviours of Argo that are easily done otherwise (spec section 9), by their numbers there, where no other test stands for them.
@Suite struct BehaviourTests {
  private let show = echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"])

  @Test("1: the wait before a retry grows by the factor up to the cap") func backoffCap() {
    let run = workflow(
      echo("main", extra: ["retryStrategy": ["limit": 3, "backoff": ["duration": "4", "factor": 2, "cap": "10s"]]]))
    run.send(.submitted)
    var waits: [Int64] = []
    while let pod = run.running.first {
      run.started(pod)
      run.end(pod, .failure)
      guard let (timer, at) = run.timers.first else { break }
      waits.append((at - run.now).milliseconds)
      run.now = at
      run.timers[timer] = nil
      run.send(.timerFired(timer))
    }
    #expect(waits == [4000, 8000, 10_000])
    #expect(run.state.message == "No more retries left")
  }

  @Test("2, 16: an expression retries errors too, and sees -1 where no exit code is known") func expressionPolicy() {
    let run = workflow(
      echo("main", extra: ["retryStrategy": ["limit": 2, "expression": "lastRetry.exitCode == '-1' && lastRetry.status == 'Error'"]]))
    run.send(.submitted)
    run.send(.podLost(podName: run.pods[0].name))
    #expect(run.pods.count == 2)
    run.end(run.pods[1].name, .failure)
    #expect(run.state.message == "retryStrategy.expression evaluated to false")
  }

  @Test("6: depends takes dashes, and waits for the hooks of what it mentions") func dependsNames() {
    let run = workflow(
      dag([
        task("a-b", extra: ["hooks": ["h": ["template": "echo", "expression": "tasks['a-b'].status == 'Succeeded'"]]]), task("x-y"),
        call("c", extra: ["depends": "a-b.Succeeded && !x-y.Failed"]),
      ]), echo())
    run.finish()
    #expect(run.pods.map(\.resource.nodeName) == ["wf.a-b", "wf.x-y", "wf.a-b.hooks.h", "wf.c"])
    #expect(run.state.phase == .succeeded)
  }

  @Test("6: an item that errs is not among those that AllFailed means", arguments: [true, false]) func allFailed(_ errs: Bool) {
    let run = workflow(
      dag([call("a", extra: ["withItems": [1, 2]]), call("b", extra: ["depends": "a.AllFailed"])]), echo())
    run.script = { _, pod in pod.nodeName == "wf.a(1:2)" && errs ? .error : pod.nodeName == "wf.b" ? .success : .failure }
    run.finish()
    #expect(run.phase("wf.b") == (errs ? "Omitted" : "Succeeded"))
  }

  @Test("7: the result is kept where the template around mentions it, in whatever words, and nowhere else") func mentioned() {
    let inner = steps([[call("deep")]], name: "inner")
    let run = workflow(
      steps(
        [[call("a"), call("b"), call("c"), call("nested", "inner")]], extra: ["annotations": ["note": "see steps.a.outputs.result"]]),
      inner,
      echo(
        extra: ["metadata": ["annotations": ["note": "steps.b.outputs.result and steps['c'].outputs.result, steps.deep.outputs.result"]]]))
    run.finish()
    func captures(_ node: String) -> Bool {
      run.pod(node)?.spec["containers"]?[0]?["env"]?.array?.contains { $0["name"] == "ARGO_INCLUDE_SCRIPT_OUTPUT" } ?? false
    }
    #expect(captures("wf[0].a"))
    #expect(!captures("wf[0].b") && !captures("wf[0].c") && !captures("wf[0].nested[0].deep"))
    // The entrypoint has no template around it.
    let root = workflow(echo("main", args: ["{{workflow.name}} steps.main.outputs.result"]))
    root.finish()
    #expect(root.pod("wf")?.spec["containers"]?[0]?["env"]?.array?.contains { $0["name"] == "ARGO_INCLUDE_SCRIPT_OUTPUT" } == false)
  }

  @Test("9: the results of a loop are of those that succeeded", arguments: [false, true]) func aggregateSucceeded(_ isDAG: Bool) {
    let loop: JSONObject = ["withItems": [1, 2, 3], "continueOn": ["failed": true]]
    let run =
      isDAG
      ? workflow(
        dag([call("a", extra: loop), call("b", "show", ["x": "{{tasks.a.outputs.result}}"], extra: ["depends": "a"])]), echo(), show)
      : workflow(steps([[call("a", extra: loop)], [call("b", "show", ["x": "{{steps.a.outputs.result}}"])]]), echo(), show)
    run.script = { _, pod in
      pod.nodeName.hasSuffix("(1:2)")
        ? Ending(exitCode: 1, outputs: ["result": "5"]) : .result(pod.nodeName.hasSuffix("(0:1)") ? "7" : "{}")
    }
    run.finish()
    #expect(run.argument(isDAG ? "wf.b" : "wf[1].b") == "[7,{}]")
  }

  @Test("9: results that are no JSON spoil the loop's template, or in a DAG what depends on it") func aggregateProblem() {
    let problem = "invalid character 'w' looking for beginning of value"
    var run = workflow(
      steps([[call("a", extra: ["withItems": [1]])], [call("b", "show", ["x": "{{steps.a.outputs.result}}"])]]), echo(), show)
    run.script = { _, _ in .result("word") }
    run.finish()
    #expect(run.phase("wf[0]") == "Succeeded")
    #expect(run.phase("wf") == "Error")
    #expect(run.state.message == "error in entry template execution: \(problem)")
    run = workflow(
      dag([call("a", extra: ["withItems": [1]]), call("b", "show", ["x": "{{tasks.a.outputs.result}}"], extra: ["depends": "a"])]), echo(),
      show)
    run.script = { _, _ in .result("word") }
    run.finish()
    #expect(run.phase("wf.b") == "Error")
    #expect(run.message("wf.b").hasSuffix(problem))
  }

  @Test("10: names of items have sorted keys and no parentheses") func itemNames() {
    let items: JSON = [["b": "2 (two)", "a": 1], "x (y)", true]
    let run = workflow(steps([[call("l", "show", ["x": "{{item}}"], extra: ["withItems": items])]]), show)
    run.finish()
    #expect(run.node("wf[0].l(0:a:1,b:2 two)") != nil && run.node("wf[0].l(1:x y)") != nil && run.node("wf[0].l(2:true)") != nil)
  }

  @Test("11: a loop in steps is known by its group") func loopStatus() {
    let run = workflow(
      steps([[call("a", extra: ["withItems": [1, 2]])], [call("b", "show", ["x": "{{steps.a.status}} {{steps.a.id}}"])]]), echo(), show)
    run.finish()
    #expect(run.argument("wf[1].b") == "Succeeded \(run.node("wf[0]")?["id"]?.string ?? "")")
  }

  @Test("12: a list that cannot be read is no error where nothing would run", arguments: [false, true]) func ignoredList(_ isDAG: Bool) {
    let loop = call("a", extra: ["withParam": "no list", "when": "1 == 2"])
    let run = workflow(isDAG ? dag([loop, task("b", ["a"])]) : steps([[loop], [call("b")]]), echo())
    run.finish()
    #expect(run.phase(isDAG ? "wf.a" : "wf[0].a") == "Skipped")
    #expect(run.pods.count == 1)
    #expect(run.state.phase == .succeeded)
  }

  @Test(
    "13: words in when are texts",
    arguments: [
      ("foo == foo", "Succeeded"), ("foo == bar", "Skipped"), (#"'a b' == "a b""#, "Succeeded"), ("foo != bar && 2 > 1", "Succeeded"),
      ("a in (a, b)", "Succeeded"), ("true", "Succeeded"), ("!(1 < 2) || x =~ 'y'", "Skipped"),
    ])
  func when(_ condition: String, _ phase: String) {
    let run = workflow(steps([[call("a", extra: ["when": .string(condition)])]]), echo())
    #expect(run.finish().phase("wf[0].a") == phase)
  }

  @Test("13: a condition that is none is an error of the group", arguments: [" == b", "1 + 1"]) func badWhen(_ condition: String) {
    let run = workflow(steps([[call("a", extra: ["when": .string(condition)])]]), echo())
    run.finish()
    #expect(run.phase("wf[0]") == "Error")
    #expect(run.state.phase == .failed)
  }

  @Test("14: an unknown output of a step is an error, any other unknown name stays") func unknownNames() {
    var run = workflow(steps([[call("a", "show", ["x": "{{steps.none.outputs.result}}"])]]), show)
    #expect(run.finish().phase("wf[0]") == "Error")
    #expect(run.message("wf[0]").contains("failed to resolve {{steps.none.outputs.result}}"))
    run = workflow(steps([[call("a", "show", ["x": "{{custom.thing}}"])]]), show)
    #expect(run.finish().argument("wf[0].a") == "{{custom.thing}}")
  }

  @Test("15: expressions see the members of a name that has some") func nestedNames() {
    let run = workflow(
      echo("main", args: ["{{=workflow.parameters.json}}", "{{=workflow.parameters.p}}"]),
      extra: ["arguments": ["parameters": [["name": "p", "value": "v"]]]])
    run.finish()
    #expect(run.argument("wf", 0) == #"[{"name":"p","value":"v"}]"#)
    #expect(run.argument("wf", 1) == "v")
  }

  @Test("17: an argument beats the value that is written in the template") func argumentWins() {
    let template = echo("t", args: ["{{inputs.parameters.x}}"], extra: ["inputs": ["parameters": [["name": "x", "value": "own"]]]])
    let run = workflow(steps([[call("a", "t", ["x": "given"]), call("b", "t")]]), template)
    run.finish()
    #expect(run.argument("wf[0].a") == "given")
    #expect(run.argument("wf[0].b") == "own")
  }

  @Test(
    "18: an absent output fails the group of the step that needs it",
    arguments: ["{{steps.a.outputs.parameters.p}}", "{{steps.a.outputs.parameters.p}}!"])
  func absentInSteps(_ value: String) {
    let run = workflow(
      steps([[call("a", "make", extra: ["when": "false"])], [call("b", "show", ["x": value])]]),
      echo("make", extra: ["outputs": ["parameters": [["name": "p", "valueFrom": ["path": "/p"]]]]]), show)
    run.finish()
    #expect(run.phase("wf[1]") == "Error")
    #expect(run.message("wf[1]").contains("absent optional"))
    #expect(run.state.phase == .failed)
    let saved = workflow(
      steps([[call("a", "make", extra: ["when": "false"])], [call("b", "show", ["x": "{{= steps.a.outputs.parameters.p ?? 'none' }}"])]]),
      echo("make", extra: ["outputs": ["parameters": [["name": "p", "valueFrom": ["path": "/p"]]]]]), show)
    #expect(saved.finish().argument("wf[1].b") == "none")
  }

  @Test("21: the workflow waits for its hooks, whose failure changes nothing") func workflowHook() {
    let run = workflow(
      echo("main"), echo("h"), extra: ["hooks": ["running": ["template": "h", "expression": "workflow.status == 'Running'"]]])
    run.send(.submitted)
    run.started("wf")
    run.end("wf", .success)
    #expect(run.pods.count == 2)
    #expect(!run.state.isFinished)
    run.end(run.pods[1].name, .failure)
    #expect(run.phase("wf.hooks.running") == "Failed")
    #expect(run.state.phase == .succeeded)
  }

  @Test("22: workflow.failures is a quoted list, null without any", arguments: [true, false]) func failures(_ fails: Bool) {
    let run = workflow(echo("main"), echo("exit", args: ["{{workflow.failures}}"]), extra: ["onExit": "exit"])
    run.script = { _, pod in pod.nodeName == "wf" && fails ? .failure : .success }
    run.finish()
    let text = run.argument("wf.onExit") ?? ""
    #expect(fails ? text.hasPrefix(#""[{\"displayName\":\"wf\","#) && text.hasSuffix(#"}]""#) : text == #""null""#)
  }

  @Test("25: a timeout is a failure, which continueOn.error does not mean") func timeout() {
    let run = workflow(steps([[call("a", extra: ["continueOn": ["error": true]])], [call("b")]]), echo(extra: ["timeout": "10s"]))
    run.send(.submitted)
    run.now = run.now + TimeSpan(seconds: 11)
    for timer in Array(run.timers.keys) { run.send(.timerFired(timer)) }
    #expect(run.phase("wf[0].a") == "Failed")
    #expect(run.state.phase == .failed)
    #expect(run.pods.count == 1)
  }

  @Test("26: a daemon lets what depends on it begin, and has succeeded when it is stopped") func daemons() {
    let run = workflow(
      dag([task("d", [], "server"), call("a", extra: ["depends": "d.Daemoned"])]), echo("server", extra: ["daemon": true]), echo())
    run.send(.submitted)
    run.started(run.pods[0].name)
    #expect(run.pods.map(\.resource.nodeName) == ["wf.d", "wf.a"])
    run.send(.commanded(.stop(message: nil)))
    #expect(run.phase("wf.a") == "Failed")
    #expect(run.message("wf.a") == "workflow shutdown with strategy:  Stop")
    #expect(run.phase("wf.d") == "Succeeded")
    #expect(run.state.message == "Stopped with strategy 'Stop'")
  }

  @Test("28: semaphores are asked for before mutexes, and each only once") func lockOrder() throws {
    let names = try LockName.all(
      in: ["mutexes": [["name": "m"]], "semaphores": [["configMapKeyRef": ["name": "c", "key": "k"]]]], namespace: "n")
    #expect(names.map { "\($0)" } == ["n/ConfigMap/c/k", "n/Mutex/m"])
    let run = workflow(echo("main", extra: ["synchronization": ["mutexes": [["name": "m"], ["name": "m"]]]]))
    run.send(.submitted)
    #expect(run.message("wf").contains("duplicate synchronization item found"))
  }
}
