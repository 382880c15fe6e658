import ArgoModel
import Basics
import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

@Suite struct RetryTests {
  private func retried(_ strategy: JSON, in template: JSON? = nil, _ script: @escaping (Int, Resource) -> Ending) -> Driver {
    var body = template ?? echo("main")
    body["retryStrategy"] = strategy
    let run = workflow(body, echo())
    run.script = { driver, pod in script(driver.pods.count - 1, pod) }
    return run.finish()
  }

  @Test("attempts are numbered children of a Retry node") func attempts() {
    let run = retried(["limit": "3"]) { count, _ in count < 2 ? .failure : .success }
    #expect(run.state.phase == .succeeded)
    #expect(run.node("wf")?["type"] == "Retry")
    #expect(run.phase("wf(0)") == "Failed")
    #expect(run.phase("wf(2)") == "Succeeded")
    #expect(run.node("wf(0)")?.at("nodeFlag", "retried") == true)
    #expect(run.node("wf")?["children"]?.array?.count == 3)
    #expect(run.node("wf")?.at("outputs", "exitCode") == "0")
  }

  @Test("with nodeAntiAffinity the next attempt runs on the only machine there is") func antiAffinity() {
    let run = retried(["limit": 1, "affinity": ["nodeAntiAffinity": [:]]]) { count, _ in count == 0 ? .failure : .success }
    #expect(run.state.phase == .succeeded)
    #expect(run.pods.count == 2 && run.pods.allSatisfy { $0.resource.spec["affinity"] == nil })
  }

  @Test("limit N means N + 1 attempts", arguments: [(0, 1), (1, 2), (2, 3)]) func limit(_ limit: Int, _ attempts: Int) {
    let run = retried(["limit": .int(Int64(limit))]) { _, _ in .failure }
    #expect(run.pods.count == attempts)
    #expect(run.state.phase == .failed)
    #expect(run.state.message == "No more retries left")
  }

  @Test(
    "the policy says which ends are tried again",
    arguments: [
      ("OnFailure", false, 2), ("OnFailure", true, 1), ("OnError", false, 1), ("OnError", true, 2), ("Always", false, 2),
      ("Always", true, 2),
    ])
  func policy(_ policy: String, _ isError: Bool, _ attempts: Int) {
    let run = retried(["limit": 1, "retryPolicy": .string(policy)]) { _, _ in isError ? .error : .failure }
    #expect(run.pods.count == attempts)
  }

  @Test("backoff waits between attempts, growing by the factor") func backoff() {
    let run = workflow(echo("main", extra: ["retryStrategy": ["limit": 2, "backoff": ["duration": "4", "factor": 2]]]))
    run.script = { _, _ in .failure }
    run.send(.submitted)
    run.started("wf-main-\(fnv1a32("wf(0)"))")
    run.end("wf-main-\(fnv1a32("wf(0)"))", .failure)
    #expect(run.message("wf") == "Backoff for 4 seconds")
    #expect(run.timers.count == 1)
    let at = run.timers.values.first ?? run.now
    #expect(at == run.now + TimeSpan(seconds: 4))
    // Too early changes nothing.
    run.send(.timerFired(run.timers.keys.first ?? .deadline))
    #expect(run.pods.count == 1)
    run.finish()
    #expect(run.pods.count == 3)
    #expect(run.state.message == "No more retries left")
  }

  @Test("backoff without a limit does not wait") func unlimited() {
    let run = retried(["backoff": ["duration": "1h"]]) { count, _ in count < 3 ? .failure : .success }
    #expect(run.pods.count == 4)
    #expect(run.state.phase == .succeeded)
  }

  @Test("the maximum duration ends the retries") func maxDuration() {
    let run = retried(["limit": 10, "backoff": ["duration": "5", "factor": 2, "maxDuration": "8s"]]) { _, _ in .failure }
    #expect(run.state.message == "Backoff would exceed max duration limit")
    #expect(run.pods.count == 2)
  }

  @Test("an expression decides with the last attempt") func expression() {
    let strategy: JSON = ["limit": 5, "expression": "asInt(lastRetry.exitCode) == 2 && asInt(retries) < 2"]
    let run = retried(strategy) { count, _ in Ending(exitCode: count == 0 ? 2 : 1, message: "x") }
    #expect(run.pods.count == 2)
    #expect(run.state.message == "retryStrategy.expression evaluated to false")
  }

  @Test("attempts see their number and the one before") func variables() {
    var body = echo("main", args: ["{{retries}} {{lastRetry.exitCode}} {{lastRetry.status}} {{pod.name}}"])
    body["retryStrategy"] = ["limit": 2]
    let run = workflow(body)
    run.script = { driver, _ in driver.pods.count == 1 ? Ending(exitCode: 3, message: "m") : .success }
    run.finish()
    #expect(run.argument("wf(0)") == "0 0  wf-main-\(fnv1a32("wf(0)"))")
    #expect(run.argument("wf(1)") == "1 3 Failed wf-main-\(fnv1a32("wf(1)"))")
  }

  @Test("a whole steps template is tried again") func composite() {
    let run = retried(["limit": 1], in: steps([[call("a")]])) { count, _ in count == 0 ? .failure : .success }
    #expect(run.state.phase == .succeeded)
    #expect(run.phase("wf(0)[0].a") == "Failed")
    #expect(run.phase("wf(1)[0].a") == "Succeeded")
    #expect(run.node("wf(1)")?["type"] == "Steps")
  }

  @Test("the workflow's strategy serves templates without one") func workflowLevel() {
    let run = workflow(echo("main"), extra: ["retryStrategy": ["limit": 1]])
    run.script = { driver, _ in driver.pods.count == 1 ? .failure : .success }
    run.finish()
    #expect(run.node("wf")?["type"] == "Retry")
    #expect(run.state.phase == .succeeded)
  }

  @Test("outputs of the last attempt are those of the step") func outputs() {
    let run = workflow(
      steps([[call("a")], [call("b", "show", ["x": "{{steps.a.outputs.result}}"])]]), echo(extra: ["retryStrategy": ["limit": 1]]),
      echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"]))
    run.script = { driver, pod in driver.pods.count == 1 ? .failure : .result("r") }
    run.finish()
    #expect(run.argument("wf[1].b") == "r")
    #expect(run.pod("wf[0].a(0)")?.spec["containers"]?[0]?["env"]?.array?.contains { $0["name"] == "ARGO_INCLUDE_SCRIPT_OUTPUT" } == true)
  }

  @Test("loops of retried steps and tasks put the outputs of the last attempts together", arguments: [false, true])
  func aggregation(_ isDAG: Bool) {
    let loop = call("a", "make", ["x": "{{item}}"], extra: ["withItems": [1, 2, 3]])
    let read: (String) -> JSONObject = { root in
      ["outputs": ["parameters": [["name": "all", "valueFrom": ["parameter": .string("{{\(root).a.outputs.parameters.p}}")]]]]]
    }
    let run = workflow(
      isDAG ? dag([loop], extra: read("tasks")) : steps([[loop]], extra: read("steps")),
      echo("make", inputs: ["x"], extra: ["outputs": ["parameters": [["name": "p", "value": "v{{inputs.parameters.x}}"]]]]),
      extra: ["retryStrategy": ["limit": 1]])
    run.script = { driver, pod in pod.nodeName.hasSuffix("(0:1)(0)") ? .failure : .success }
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.pods.count == 4)
    #expect(run.parameter("all", "wf") == #"["v1","v2","v3"]"#)
  }
}
