import ArgoModel
import Basics
import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

/// Fails the nodes of these names.
func failing(_ names: String...) -> (Driver, Resource) -> Ending { { _, pod in names.contains(pod.nodeName) ? .failure : .success } }

extension Driver {
  /// Names of the nodes whose pods were made, in order.
  var made: [String] { pods.map { $0.resource.nodeName } }
}

@Suite struct WorkflowRetryTests {
  private func refusal(_ run: Driver, _ request: RetryRequest = RetryRequest()) -> String {
    do {
      _ = try run.retry(request)
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test("only a workflow that failed is retried, or one that succeeded with the options for it") func phases() throws {
    let run = workflow(steps([[call("a")]]), echo())
    run.send(.submitted)
    #expect(refusal(run) == "Cannot retry a workflow in phase Running")
    run.finish()
    let succeeded = "To retry a succeeded workflow, set the options restartSuccessful and nodeFieldSelector"
    #expect(refusal(run) == succeeded)
    #expect(refusal(run, RetryRequest(restartsSuccessful: true)) == succeeded)
    #expect(refusal(run, RetryRequest(selector: NodeSelector("displayName=a"))) == succeeded)
    #expect(run.state.phase == .succeeded)
  }

  @Test("a retried run keeps its place in queues and the artifacts that are to be deleted with it") func keeps() throws {
    let artifact: JSON = ["name": "x", "path": "/x", "artifactGC": ["strategy": "OnWorkflowDeletion"]]
    let run = workflow(
      steps([[call("a", "out")], [call("b")]]), echo("out", extra: ["outputs": ["artifacts": [artifact]]]), echo(), extra: ["priority": 7])
    run.script = { _, pod in
      pod.nodeName == "wf[0].a" ? Ending(outputs: ["artifacts": [["name": "x", "artifactGC": artifact["artifactGC"] ?? .null]]]) : .failure
    }
    run.finish()
    #expect(run.state.artifactGCTask(.onWorkflowDeletion) != nil)
    try run.retry()
    #expect(run.state.header.priority == 7)
    #expect(run.state.artifactGCTask(.onWorkflowDeletion) != nil)
  }

  @Test("failed work and what follows runs again, what succeeded does not") func failedDAG() throws {
    let run = workflow(
      dag([task("A"), task("B", ["A"]), task("C", ["A"]), task("D", ["B", "C"])]), echo(), extra: ["onExit": "echo"])
    run.script = failing("wf.B")
    run.finish()
    #expect(run.phase("wf.D") == "Omitted")
    let start = run.now
    run.script = { _, _ in .success }
    let outcome = try run.retry()
    #expect(outcome.removedPods.count == 2)
    #expect(run.state.phase == .running)
    #expect(run.state.message.isEmpty)
    #expect(run.state.startedAt == start)
    #expect(run.node("wf.onExit") == nil)
    #expect(run.node("wf.D") == nil)
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.made == ["wf.A", "wf.C", "wf.B", "wf.D", "wf.onExit"])
    #expect(run.nodes.count == 6)
    #expect(run.state.progress == "5/5")
  }

  @Test("a step group goes on with the steps that failed; nested templates too") func nestedSteps() throws {
    let run = workflow(
      steps([[call("one")], [call("in", "inner"), call("beside")], [call("last")]]),
      steps([[call("x"), call("y")], [call("z")]], name: "inner"),
      echo())
    run.script = failing("wf[1].in[0].y")
    run.finish()
    #expect(run.state.phase == .failed)
    run.script = { _, _ in .success }
    try run.retry()
    #expect(run.phase("wf[1].in") == "Running")
    #expect(run.phase("wf[1].in[0].x") == "Succeeded")
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(
      run.made == ["wf[0].one", "wf[1].beside", "wf[1].in[0].x", "wf[1].in[0].y", "wf[1].in[1].z", "wf[2].last"]
        || run.made == ["wf[0].one", "wf[1].in[0].x", "wf[1].beside", "wf[1].in[0].y", "wf[1].in[1].z", "wf[2].last"])
  }

  @Test("of a loop only the failed items run again", arguments: [true, false]) func loops(_ isDAG: Bool) throws {
    let loop = call("L", "show", ["x": "{{item}}"], extra: ["withParam": "[1,2,3]"])
    let run = workflow(
      isDAG ? dag([loop, call("N", extra: ["dependencies": ["L"]])]) : steps([[loop], [call("N")]]),
      echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"]), echo())
    let base = isDAG ? "wf." : "wf[0]."
    run.script = failing(base + "L(1:2)")
    run.finish()
    #expect(run.state.phase == .failed)
    run.script = { _, _ in .success }
    try run.retry()
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.made == [base + "L(0:1)", base + "L(2:3)", base + "L(1:2)", isDAG ? "wf.N" : "wf[1].N"])
  }

  @Test("a retried node gets its attempts anew") func attempts() throws {
    let run = workflow(steps([[call("a", "flaky"), call("b", "flaky")]]), echo("flaky", extra: ["retryStrategy": ["limit": 1]]))
    run.script = { driver, pod in
      pod.nodeName.hasPrefix("wf[0].a") || (pod.nodeName == "wf[0].b(0)" && driver.state.startedAt?.seconds == 1_700_000_000)
        ? .failure : .success
    }
    run.finish()
    #expect(run.phase("wf[0].a(1)") == "Failed")
    #expect(run.phase("wf[0].b") == "Succeeded")
    run.script = failing("wf[0].a(0)")
    try run.retry()
    #expect(run.node("wf[0].a(1)") == nil)
    #expect(run.phase("wf[0].b(0)") == "Failed")
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.phase("wf[0].a(1)") == "Succeeded")
    #expect(run.nodes.count == 8)
  }

  @Test("of a template that was tried again the last attempt goes on") func compositeAttempts() throws {
    let run = workflow(
      dag([call("R", "inner")]), steps([[call("x")], [call("y")]], name: "inner", extra: ["retryStrategy": ["limit": 1]]), echo())
    run.script = { _, pod in pod.nodeName.hasSuffix(".y") ? .failure : .success }
    run.finish()
    #expect(run.message("wf.R") == "No more retries left")
    run.script = { _, _ in .success }
    try run.retry()
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.phase("wf.R(0)") == "Failed")
    #expect(run.phase("wf.R(1)") == "Succeeded")
    #expect(run.made.filter { $0 == "wf.R(1)[0].x" }.count == 1)
  }

  @Test("what was passed over with continueOn stays when something succeeded after it") func continueOn() throws {
    let run = workflow(
      dag([
        call("A", extra: ["continueOn": ["failed": true]]), task("B", ["A"]), call("C", extra: ["continueOn": ["failed": true]]),
        task("D", ["C"]),
      ]), echo())
    run.script = failing("wf.A", "wf.C", "wf.D")
    run.finish()
    try run.retry()
    #expect(run.phase("wf.A") == "Failed")
    #expect(run.phase("wf.B") == "Succeeded")
    #expect(run.phase("wf.C") == "Pending")
    #expect(run.node("wf.D") == nil)
    run.script = { _, _ in .success }
    run.finish()
    #expect(run.state.phase == .succeeded)
  }

  @Test("with restartSuccessful the selected nodes and all after them run again") func restart() throws {
    let run = workflow(
      steps([[call("outer", "echo")], [call("in", "inner")]]), steps([[call("i1")], [call("i2")]], name: "inner"), echo())
    run.finish()
    #expect(run.state.phase == .succeeded)
    let selector = try #require(NodeSelector("templateName==inner"))
    try run.retry(RetryRequest(restartsSuccessful: true, selector: selector))
    #expect(run.phase("wf[1]") == "Running")
    #expect(run.phase("wf[0].outer") == "Succeeded")
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.made == ["wf[0].outer", "wf[1].in[0].i1", "wf[1].in[1].i2"])
    // Without the option a selector means nothing.
    run.script = failing("wf[1].in[1].i2")
    try run.retry(RetryRequest(restartsSuccessful: true, selector: NodeSelector("displayName=i2")))
    run.finish()
    #expect(run.state.phase == .failed)
    run.script = { _, _ in .success }
    try run.retry(RetryRequest(selector: selector))
    run.finish()
    #expect(run.made.filter { $0 == "wf[1].in[0].i1" }.count == 1)
    #expect(run.state.phase == .succeeded)
  }

  @Test("parameters replace the workflow's, and loops on the way are expanded anew") func parameters() throws {
    let run = workflow(
      steps([
        [call("a", "show", ["x": "{{workflow.parameters.p}}"])],
        [call("l", "show", ["x": "{{item}}"], extra: ["withParam": "{{workflow.parameters.list}}"])],
      ]), echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"]),
      extra: ["arguments": ["parameters": [["name": "p", "value": "old"], ["name": "list", "value": "[1,2]"]]]])
    run.script = failing("wf[1].l(1:2)")
    run.finish()
    run.script = { _, _ in .success }
    try run.retry(RetryRequest(parameters: [ParameterValue("list", "[7,8,9]")]))
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.made == ["wf[0].a", "wf[1].l(0:7)", "wf[1].l(1:8)", "wf[1].l(2:9)"])
    #expect(run.state.spec.json.at("arguments", "parameters")?[0]?["name"] == "list")
    #expect(run.state.spec.json.at("arguments", "parameters")?[1]?["value"] == "old")
  }

  @Test("a terminated run goes on; what it had asked for is forgotten") func terminated() throws {
    let run = workflow(steps([[call("a")], [call("b")], [call("c")]]), echo(), extra: ["onExit": "echo"])
    run.send(.submitted)
    run.started(run.pods[0].name)
    run.end(run.pods[0].name, .success)
    run.send(.commanded(.terminate))
    run.finish()
    #expect(run.state.message == "Stopped with strategy 'Terminate'")
    try run.retry()
    #expect(run.state.shutdown == nil)
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.made == ["wf[0].a", "wf[1].b", "wf[2].c", "wf.onExit"])
  }

  @Test("a failed hook runs again, and its step does not") func hooks() throws {
    let run = workflow(
      steps([[call("a", extra: ["hooks": ["exit": ["template": "bye"]]]), call("b")], [call("c")]]), echo(), echo("bye"))
    run.script = failing("wf[0].a.onExit", "wf[1].c")
    run.finish()
    #expect(run.state.phase == .failed)
    run.script = { _, _ in .success }
    try run.retry()
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.made.filter { $0 == "wf[0].a" }.count == 1)
    #expect(run.phase("wf[0].a.onExit") == "Failed" || run.phase("wf[0].a.onExit") == "Succeeded")
  }

  @Test("when nothing that ran has failed, the run fails as before, and its exit handler runs again") func nothingToRetry() throws {
    let run = workflow(steps([[call("w", "wait")]]), ["name": "wait", "suspend": [:]], echo(), extra: ["onExit": "echo"])
    run.send(.submitted)
    run.send(.commanded(.stop(message: nil)))
    run.finish()
    try run.retry()
    run.finish()
    #expect(run.state.phase == .failed)
    #expect(run.state.message.hasPrefix("child '"))
    #expect(run.made == ["wf.onExit"])
  }

  @Test("a run that began nothing begins") func empty() throws {
    let run = workflow(echo("main"), extra: ["suspend": true])
    run.send(.submitted)
    run.send(.commanded(.stop(message: nil)))
    #expect(run.state.isFinished)
    try run.retry()
    run.finish()
    #expect(run.state.phase == .succeeded)
  }

  @Test("claims that are still there are not made again") func claims() throws {
    let run = workflow(
      echo("main"), extra: ["volumeClaimTemplates": [["metadata": ["name": "work"], "spec": ["accessModes": ["ReadWriteOnce"]]]]])
    run.script = { _, _ in .failure }
    run.finish()
    run.script = { _, _ in .success }
    try run.retry()
    #expect(run.claims == ["wf-work"])
    run.finish()
    #expect(run.deletedClaims == ["wf-work"])
  }

  @Test("a retried run can be retried again, from its rows") func again() throws {
    let run = workflow(dag([task("A"), task("B", ["A"]), task("C", ["B"])]), echo())
    run.script = failing("wf.B")
    for _ in 0..<3 {
      run.finish()
      #expect(run.state.phase == .failed)
      try run.restart()
      try run.retry()
    }
    run.script = { _, _ in .success }
    try run.restart()
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.made == ["wf.A", "wf.B", "wf.C"])
  }
}
