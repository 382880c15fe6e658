import ArgoModel
import Basics
import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

@Suite struct ControlTests {
  private let suspended: JSON = ["name": "wait", "suspend": [:]]

  @Test("a suspended node waits for resume") func resume() {
    let run = workflow(steps([[call("w", "wait")], [call("a")]]), suspended, echo())
    run.finish()
    #expect(!run.state.isFinished)
    #expect(run.phase("wf[0].w") == "Running")
    run.send(.commanded(.resume(selector: NodeSelector("displayName=other"))))
    #expect(run.phase("wf[0].w") == "Running")
    run.send(.commanded(.resume(selector: NodeSelector("displayName=w"))))
    run.finish()
    #expect(run.state.phase == .succeeded)
  }

  @Test("a suspension with a duration ends by itself") func duration() {
    let run = workflow(steps([[call("w", "wait")], [call("a")]]), ["name": "wait", "suspend": ["duration": "20"]], echo())
    let start = run.now
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.now >= start + TimeSpan(seconds: 20))
  }

  @Test("supplied outputs are set by users, or have defaults") func supplied() throws {
    let template: JSON = [
      "name": "wait", "suspend": [:],
      "outputs": [
        "parameters": [["name": "p", "valueFrom": ["supplied": [:]]], ["name": "q", "valueFrom": ["default": "d", "supplied": [:]]]]
      ],
    ]
    let run = workflow(
      steps([[call("w", "wait")], [call("a", "show", ["x": "{{steps.w.outputs.parameters.p}}{{steps.w.outputs.parameters.q}}"])]]),
      template,
      echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"]))
    run.send(.submitted)
    #expect(run.state.refusal(of: .resume(selector: nil)) == "raw output parameter 'p' has not been set and does not have a default value")
    let selector = try #require(NodeSelector("displayName=w"))
    #expect(
      run.state.refusal(of: .set(selector: selector, outputParameters: ["z": "1"], message: nil, phase: nil))
        == "node is not expecting output parameter 'z'")
    run.send(.commanded(.set(selector: selector, outputParameters: ["p": "v"], message: "hi", phase: nil)))
    #expect(run.message("wf[0].w") == "hi")
    #expect(
      run.state.refusal(of: .set(selector: selector, outputParameters: ["p": "1"], message: nil, phase: nil))
        == "cannot set output parameter 'p' because it does not use valueFrom.raw or it was already set")
    run.send(.commanded(.resume(selector: nil)))
    run.finish()
    #expect(run.argument("wf[1].a") == "vd")
    #expect(run.message("wf[0].w") == "hi; ")
  }

  @Test("who resumed is said in the nodes' messages, after what was there", arguments: [false, true]) func resumedBy(bySelector: Bool) {
    let run = workflow(steps([[["name": "w", "template": "wait"]]]), ["name": "wait", "suspend": [:]])
    run.send(.submitted)
    guard let selector = NodeSelector("displayName=w") else { return }
    run.send(.commanded(.set(selector: selector, outputParameters: [:], message: "look", phase: nil)))
    run.send(.commanded(.resume(selector: bySelector ? selector : nil, by: "Resumed by: map[User:jo]")))
    // As in the original, which replaces the message where a selector is given.
    #expect(run.message("wf[0].w") == (bySelector ? "Resumed by: map[User:jo]" : "look; Resumed by: map[User:jo]"))
    #expect(run.state.phase == .succeeded)
  }

  @Test("a suspended workflow starts nothing until it is resumed") func workflowSuspend() {
    let run = workflow(steps([[call("a")], [call("b")]]), echo(), extra: ["suspend": true])
    run.finish()
    #expect(run.pods.isEmpty)
    run.send(.commanded(.resume(selector: nil)))
    #expect(run.pods.count == 1)
    run.send(.commanded(.suspend))
    run.finish()
    #expect(run.pods.count == 1)
    #expect(!run.state.isFinished)
    run.send(.commanded(.resume(selector: nil)))
    run.finish()
    #expect(run.state.phase == .succeeded)
  }

  @Test("stop ends pods and runs exit handlers") func stop() {
    let run = workflow(steps([[call("a")], [call("b")]]), echo(), extra: ["onExit": "echo"])
    run.send(.submitted)
    run.send(.commanded(.stop(message: nil)))
    #expect(run.message("wf[0].a") == "workflow shutdown with strategy:  Stop")
    #expect(run.stopped == [run.pods[0].name])
    run.finish()
    #expect(run.state.phase == .failed)
    #expect(run.state.message == "Stopped with strategy 'Stop'")
    #expect(run.phase("wf.onExit") == "Succeeded")
    #expect(run.state.refusal(of: .terminate) == "cannot shutdown a completed workflow: workflow: \"wf\", namespace: \"default\"")
  }

  @Test("terminate runs nothing more") func terminate() {
    let run = workflow(steps([[call("a", extra: ["onExit": "echo"])], [call("b")]]), echo(), extra: ["onExit": "echo"])
    run.send(.submitted)
    run.send(.commanded(.stop(message: nil)))
    #expect(run.node("wf[0].a.onExit") != nil)
    run.send(.commanded(.terminate))
    #expect(run.state.phase == .failed)
    #expect(run.state.message == "Stopped with strategy 'Terminate'")
    #expect(run.node("wf.onExit") == nil)
  }

  @Test("stop ends waiting retries and suspended nodes") func stopWaiting() {
    let run = workflow(
      dag([call("R", "flaky"), call("S", "wait")]), echo("flaky", extra: ["retryStrategy": ["limit": 3, "backoff": ["duration": "1h"]]]),
      suspended)
    run.send(.submitted)
    run.started(run.pods[0].name)
    run.end(run.pods[0].name, .failure)
    run.send(.commanded(.stop(message: nil)))
    #expect(run.message("wf.R") == "Stopped with strategy 'Stop'")
    #expect(run.message("wf.S") == "Stopped with strategy 'Stop'")
    #expect(run.state.phase == .failed)
    #expect(run.timers.isEmpty)
  }

  @Test("the workflow's deadline fails what runs, but not the exit handler") func deadline() {
    let run = workflow(
      dag([task("A"), call("S", "wait")]), echo(), suspended, extra: ["activeDeadlineSeconds": 5, "onExit": "echo"])
    run.script = { _, pod in pod.nodeName == "wf.A" ? .daemon : .success }
    run.finish()
    #expect(run.message("wf.A") == "Step exceeded its deadline")
    #expect(run.message("wf.S") == "Step exceeded its deadline")
    #expect(run.phase("wf.onExit") == "Succeeded")
    #expect(run.state.phase == .failed)
  }

  @Test("a pending pod times out") func timeout() {
    let run = workflow(steps([[call("a")]]), echo(extra: ["timeout": "10s"]))
    run.send(.submitted)
    #expect(run.pods[0].resource.spec["activeDeadlineSeconds"] == 10)
    run.now = run.now + TimeSpan(seconds: 11)
    for id in Array(run.timers.keys) { run.send(.timerFired(id)) }
    #expect(run.message("wf[0].a") == "timeout")
    #expect(run.state.phase == .failed)
    #expect(run.stopped.count == 1)
  }

  @Test("a lost pod is an error") func lost() {
    let run = workflow(echo("main"))
    run.send(.submitted)
    run.send(.podLost(podName: "wf"))
    #expect(run.state.phase == .error)
    #expect(run.state.message == "pod deleted")
    #expect(run.send(.podLost(podName: "wf")).isEmpty)
  }

  @Test("daemons serve until their template ends") func daemon() {
    let run = workflow(
      steps([[call("d", "server")], [call("a", "show", ["x": "{{steps.d.ip}}"])]]), echo("server", extra: ["daemon": true]),
      echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"]))
    run.script = { _, pod in pod.nodeName == "wf[0].d" ? .daemon : .success }
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.argument("wf[1].a") == "127.0.0.1")
    #expect(run.phase("wf[0].d") == "Succeeded")
    #expect(run.stopped == [run.pods[0].name])
    #expect(run.state.pendingStops == [.stopPod(name: run.pods[0].name, immediately: false)])
  }

  @Test("a daemon that is not ready yet holds its group; one that ends has failed") func daemonEnds() {
    let run = workflow(steps([[call("d", "server")], [call("a")]]), echo("server", extra: ["daemon": true]), echo())
    run.send(.submitted)
    run.started(run.pods[0].name, isReady: false)
    #expect(run.pods.count == 1)
    run.end(run.pods[0].name, .success)
    #expect(run.phase("wf[0].d") == "Failed")
    #expect(run.state.phase == .failed)
  }

  @Test("claims are made, mounted, and deleted after success", arguments: [true, false]) func claims(_ succeeds: Bool) {
    var main = echo("main")
    main["container"]?["volumeMounts"] = [["name": "work", "mountPath": "/work"]]
    let run = workflow(
      main, extra: ["volumeClaimTemplates": [["metadata": ["name": "work"], "spec": ["accessModes": ["ReadWriteOnce"]]]]])
    run.script = { _, _ in succeeds ? .success : .failure }
    run.finish()
    #expect(run.claims == ["wf-work"])
    #expect(run.pod("wf")?.spec.at("volumes")?[0]?.at("persistentVolumeClaim", "claimName") == "wf-work")
    #expect(run.deletedClaims == (succeeds ? ["wf-work"] : []))
  }

  @Test("metadata of the workflow comes from its specification and expressions") func metadata() {
    let run = workflow(
      echo("main", args: ["{{workflow.labels.who}}"]),
      extra: [
        "arguments": ["parameters": [["name": "p", "value": "me"]]],
        "workflowMetadata": ["labels": ["a": "b"], "labelsFrom": ["who": ["expression": "workflow.parameters.p"]]],
      ])
    run.finish()
    #expect(run.argument("wf") == "me")
    #expect(run.state.objectLabels["a"] == "b")
    #expect(run.state.objectLabels["workflows.argoproj.io/phase"] == "Succeeded")
    #expect(run.state.objectLabels["workflows.argoproj.io/completed"] == "true")
  }
}
