import ArgoModel
import Basics
import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

extension Driver {
  /// The template that the agent got for a node.
  func task(_ node: String) -> JSON? { taskSet(node)?.spec["tasks"]?.object?.first?.value }

  func taskSet(_ node: String) -> Resource? { tasks.values.first { $0.annotation(ArgoKey.nodeName) == node } }

  /// Lets the agent tell something of a node's task.
  @discardableResult
  func answer(_ node: String, _ phase: NodePhase, _ message: String = "", outputs: JSON = .null) -> [RunEffect] {
    guard let id = self.node(node)?["id"]?.string else {
      Issue.record("there is no node \(node)")
      return []
    }
    let seen = TaskObservation(nodeID: id, phase: phase, message: message, outputs: outputs)
    let effects = send(.taskObserved(seen))
    // Told twice, it is news once.
    #expect(send(.taskObserved(seen)).isEmpty)
    return effects
  }
}

private func http(_ name: String = "http", _ members: JSONObject = [:], inputs: [String] = ["x"], extra: JSONObject = [:]) -> JSON {
  var body: JSONObject = ["url": "http://host/{{inputs.parameters.x}}"]
  for (key, value) in members { body[key] = value }
  var template: JSONObject = ["name": .string(name), "http": .object(body)]
  if !inputs.isEmpty { template["inputs"] = ["parameters": .array(inputs.map { ["name": .string($0), "default": "1"] })] }
  for (key, value) in extra { template[key] = value }
  return .object(template)
}

@Suite struct AgentTaskTests {
  @Test("an HTTP step is a task with its tags replaced, and its body a result for others")
  func result() throws {
    let run = workflow(
      steps([[call("a", "http", ["x": "one"])], [call("b", "http", ["x": "{{steps.a.outputs.result}}"])]]),
      http("http", ["headers": [["name": "h", "value": "{{workflow.name}}"]], "timeoutSeconds": 5]))
    run.send(.submitted)
    let id = try #require(run.node("wf[0].a")?["id"]?.string)
    #expect(run.phase("wf[0].a") == "Pending")
    #expect(run.node("wf[0].a")?["type"] == "HTTP")
    let set = try #require(run.taskSet("wf[0].a"))
    #expect(set.name == id)
    #expect(set.label(ArgoKey.workflow) == "wf")
    #expect(set.metadata["ownerReferences"]?[0]?["uid"] == "uid-1")
    let task = try #require(set.spec["tasks"]?[id])
    #expect(task.at("http", "url") == "http://host/one")
    #expect(task.at("http", "headers")?[0]?["value"] == "wf")
    #expect(task.at("http", "timeoutSeconds") == 5)
    #expect(task.at("inputs", "parameters")?[0]?["value"] == "one")
    #expect(task["outputs"] == [:])
    run.answer("wf[0].a", .succeeded, outputs: ["result": "two"])
    #expect(run.deletedTasks == [id])
    #expect(run.task("wf[1].b")?.at("http", "url") == "http://host/two")
    #expect(run.state.progress == "1/2")
    run.answer("wf[1].b", .succeeded, outputs: ["result": ""])
    #expect(run.state.phase == .succeeded)
    #expect(run.tasks.isEmpty)
    #expect(run.node("wf[1].b")?.at("outputs", "result") == "")
    #expect(run.pods.isEmpty)
  }

  @Test("a failed answer fails the node with its message and keeps the body; an Error stays one")
  func failure() {
    for (phase, workflowPhase) in [(NodePhase.failed, "Failed"), (.error, "Error")] {
      let run = workflow(http("main"))
      run.send(.submitted)
      run.answer("wf", phase, "received non-2xx response code: 500", outputs: ["result": "broken"])
      #expect(run.phase("wf") == workflowPhase)
      #expect(run.message("wf") == "received non-2xx response code: 500")
      #expect(run.node("wf")?.at("outputs", "result") == "broken")
      #expect(run.state.phase.rawValue == workflowPhase)
    }
  }

  @Test("each attempt of a retried HTTP node is a task of its own")
  func retry() throws {
    let run = workflow(
      http("main", ["body": "{{retries}}"], extra: ["retryStrategy": ["limit": 1, "backoff": ["duration": "10s"]]]))
    run.send(.submitted)
    #expect(run.task("wf(0)")?.at("http", "body") == "0")
    run.answer("wf(0)", .failed, "no")
    #expect(run.tasks.isEmpty)
    run.now = run.now + TimeSpan(seconds: 10)
    let timer = try #require(run.timers.keys.first)
    run.send(.timerFired(timer))
    #expect(run.task("wf(1)")?.at("http", "body") == "1")
    run.answer("wf(1)", .succeeded, outputs: ["result": "yes"])
    #expect(run.phase("wf") == "Succeeded")
    #expect(run.node("wf")?.at("outputs", "result") == "yes")
  }

  @Test("a plugin's outputs are taken as they are, and its workflow's own plugins go with the task")
  func plugin() throws {
    let run = workflow(
      steps([[call("a", "plug")], [call("b", "echo", ["m": "{{steps.a.outputs.parameters.foo}}"])]]),
      ["name": "plug", "plugin": ["hello": ["to": "{{workflow.parameters.who}}"]]], echo(inputs: ["m"], args: ["{{inputs.parameters.m}}"]),
      extra: [
        "arguments": ["parameters": [["name": "who", "value": "world"]]],
        "executorPlugins": [["metadata": ["name": "hello"], "spec": ["sidecar": ["container": ["image": "{{workflow.parameters.who}}"]]]]],
      ])
    run.send(.submitted)
    #expect(run.node("wf[0].a")?["type"] == "Plugin")
    let set = try #require(run.taskSet("wf[0].a"))
    #expect(run.task("wf[0].a")?["plugin"] == ["hello": ["to": "world"]])
    #expect(set.spec["executorPlugins"]?[0]?.at("spec", "sidecar", "container", "image") == "world")
    run.answer("wf[0].a", .running, "on its way")
    #expect(run.phase("wf[0].a") == "Running")
    #expect(run.message("wf[0].a") == "on its way")
    run.answer("wf[0].a", .running, "almost there", outputs: ["parameters": [["name": "foo", "value": "half"]]])
    #expect(run.message("wf[0].a") == "almost there")
    run.answer("wf[0].a", .pending, "waits again")
    #expect(run.phase("wf[0].a") == "Running", "what runs does not wait again")
    run.answer("wf[0].a", .succeeded, "Hello", outputs: ["parameters": [["name": "foo", "value": "bar"]]])
    #expect(run.message("wf[0].a") == "Hello")
    #expect(run.argument("wf[1].b") == "bar")
  }

  @Test("stop fails tasks under way and takes them back, and exit handlers may still call")
  func stop() {
    let run = workflow(
      steps([[call("a", "http"), call("b", "slow")]]), http(), http("slow", extra: ["retryStrategy": ["limit": 3]]),
      http("bye", ["url": "http://bye"]), extra: ["onExit": "bye"])
    run.send(.submitted)
    run.send(.commanded(.stop(message: nil)))
    #expect(run.phase("wf[0].a") == "Failed")
    #expect(run.message("wf[0].a") == "Stopped with strategy 'Stop'")
    #expect(run.message("wf[0].b(0)") == "Stopped with strategy 'Stop'")
    #expect(run.deletedTasks.count == 2)
    #expect(run.task("wf.onExit")?.at("http", "url") == "http://bye")
    run.answer("wf.onExit", .succeeded, outputs: ["result": ""])
    #expect(run.state.phase == .failed)
    #expect(run.state.message == "Stopped with strategy 'Stop'")
    #expect(run.tasks.isEmpty)
  }

  @Test("terminate and the deadline end tasks too")
  func ends() throws {
    var run = workflow(http("main"), extra: ["onExit": "main"])
    run.send(.submitted)
    run.send(.commanded(.terminate))
    #expect(run.message("wf") == "Stopped with strategy 'Terminate'")
    #expect(run.tasks.isEmpty)
    #expect(run.state.isFinished)

    run = workflow(http("main"), extra: ["activeDeadlineSeconds": 10])
    run.send(.submitted)
    run.now = run.now + TimeSpan(seconds: 10)
    run.send(.timerFired(try #require(run.timers.keys.first)))
    #expect(run.phase("wf") == "Failed")
    #expect(run.message("wf") == "Step exceeded its deadline")
    #expect(run.tasks.isEmpty)
  }

  @Test("a timeout ends a task that waits, but not one that runs")
  func timeout() throws {
    for runs in [false, true] {
      let run = workflow(["name": "main", "timeout": "30s", "plugin": ["p": [:]]])
      run.send(.submitted)
      let timer = try #require(run.timers.keys.first)
      if runs { run.answer("wf", .running, "busy") }
      run.now = run.now + TimeSpan(seconds: 30)
      run.send(.timerFired(timer))
      #expect(run.phase("wf") == (runs ? "Running" : "Failed"))
      #expect(run.message("wf") == (runs ? "busy" : "timeout"))
      #expect(run.tasks.isEmpty == !runs)
    }
  }

  @Test("tasks take no place of the workflow's or a template's parallelism")
  func parallelism() {
    let run = workflow(
      steps([[call("a", "http", extra: ["withItems": [1, 2, 3]])]], extra: ["parallelism": 1]), http(), extra: ["parallelism": 1])
    run.send(.submitted)
    #expect(run.tasks.count == 3)
    #expect(run.state.progress == "0/3")
  }

  @Test("a task that somebody deletes is an Error, a phase that is none too")
  func lost() throws {
    var run = workflow(http("main"))
    run.send(.submitted)
    run.send(.taskLost(nodeID: "wf-none"))
    run.send(.taskLost(nodeID: try #require(run.node("wf")?["id"]?.string)))
    #expect(run.phase("wf") == "Error")
    #expect(run.message("wf") == "task deleted")

    run = workflow(http("main"))
    run.send(.submitted)
    let id = try #require(run.node("wf")?["id"]?.string)
    run.send(.taskObserved(TaskObservation(nodeID: id, result: ["phase": "Splendid"])))
    #expect(run.phase("wf") == "Error")
    #expect(run.message("wf") == "the agent reported the phase \"Splendid\", which there is none of")
  }

  @Test("what an HTTP loop answers is aggregated")
  func loop() {
    let run = workflow(
      steps([
        [call("a", "http", ["x": "{{item}}"], extra: ["withItems": [1, 2]])],
        [call("b", "echo", ["m": "{{steps.a.outputs.result}}"])],
      ]), http(), echo(inputs: ["m"], args: ["{{inputs.parameters.m}}"]))
    run.send(.submitted)
    run.answer("wf[0].a(1:2)", .succeeded, outputs: ["result": "22"])
    run.answer("wf[0].a(0:1)", .succeeded, outputs: ["result": "11"])
    #expect(run.argument("wf[1].b") == "[11,22]")
  }

  @Test("an HTTP node is remembered in a cache and found there")
  func memoized() {
    let template = http("main", extra: ["memoize": ["key": "k", "cache": ["configMap": ["name": "c"]]]])
    let first = workflow(template)
    first.send(.submitted)
    first.answer("wf", .succeeded, outputs: ["result": "kept"])
    let second = workflow(template)
    second.caches = first.caches
    second.send(.submitted)
    #expect(second.tasks.isEmpty)
    #expect(second.state.phase == .succeeded)
    #expect(second.node("wf")?.at("outputs", "result") == "kept")
  }
}
