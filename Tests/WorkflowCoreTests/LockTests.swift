import ArgoModel
import Basics
import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

private let mutexes: JSONObject = ["synchronization": ["mutexes": [["name": "m"]]]]
private let semaphores: JSONObject = ["synchronization": ["semaphores": [["configMapKeyRef": ["name": "locks", "key": "s"]]]]]
private let mutexName = "default/Mutex/m"
private let semaphoreName = "default/ConfigMap/locks/s"
private let mutexMessage = "Waiting for default/Mutex/m lock. Lock status: 0/1"

private func member(_ name: String, _ locks: SharedLocks, spec: JSONObject, created: String = "2020-01-01T00:00:00Z", start: Bool = true)
  -> Driver
{
  Driver(
    ["metadata": ["creationTimestamp": .string(created)], "spec": .object(spec)], start: start, name: name, locks: locks)
}

private func single(_ extra: JSONObject = [:], template: JSONObject = [:]) -> JSONObject {
  var spec: JSONObject = ["entrypoint": "main", "templates": [echo("main", extra: template)]]
  for (key, value) in extra { spec[key] = value }
  return spec
}

@Suite struct LockTests {
  @Test("a workflow waits for its mutex before anything of it begins") func workflowMutex() throws {
    let locks = SharedLocks()
    let first = member("a", locks, spec: single(mutexes))
    let second = member("b", locks, spec: single(mutexes))
    #expect(first.state.phase == .running && second.state.phase == .pending)
    #expect(second.state.message == mutexMessage)
    #expect(second.state.startedAt == nil && second.pods.isEmpty)
    #expect(first.state.status()["synchronization"] == ["mutex": ["holding": [["mutex": .string(mutexName), "holder": "default/a"]]]])
    #expect(
      second.state.status { locks.table.holders(of: $0) }["synchronization"]
        == ["mutex": ["waiting": [["mutex": .string(mutexName), "holder": "default/a"]]]])
    first.finish()
    #expect(first.state.phase == .succeeded && first.state.status()["synchronization"] == nil)
    #expect(second.state.phase == .running && second.state.message == "")
    #expect(second.finish().state.phase == .succeeded)
    #expect(locks.table.isEmpty)
  }

  @Test("a node waits for its locks as Pending, and says for which") func nodeWaits() throws {
    let locks = SharedLocks([semaphoreName: 2])
    let run = member(
      "a", locks,
      spec: [
        "entrypoint": "main",
        "templates": [steps([[call("x", "leaf", extra: ["withItems": [1, 2, 3]])]]), echo("leaf", extra: semaphores)],
      ])
    #expect(run.pods.count == 2)
    let node = try #require(run.node("a[0].x(2:3)"))
    #expect(node["phase"] == "Pending" && node["type"] == "Pod")
    #expect(node["synchronizationStatus"] == ["waiting": .string(semaphoreName)])
    #expect(node["message"] == "Waiting for default/ConfigMap/locks/s lock. Lock status: 0/2")
    let keys = (0..<2).map { run.node("a[0].x(\($0):\($0 + 1))")?["id"]?.string.map { JSON.string("default/a/\($0)") } ?? .null }
    #expect(
      run.state.status()["synchronization"]
        == [
          "semaphore": [
            "holding": [["semaphore": .string(semaphoreName), "holders": .array(keys)]],
            "waiting": [["semaphore": .string(semaphoreName), "holders": .array(keys)]],
          ]
        ])
    run.finish()
    #expect(run.state.phase == .succeeded && run.peak == 2 && run.pods.count == 3)
    #expect(run.node("a[0].x(2:3)")?["synchronizationStatus"] == nil)
    #expect(locks.table.isEmpty)
  }

  @Test("names hold tags: of the workflow for its own locks, of the inputs for a template's") func templated() {
    let locks = SharedLocks()
    let run = member(
      "a", locks,
      spec: [
        "entrypoint": "main", "arguments": ["parameters": [["name": "env", "value": "prod"]]],
        "synchronization": ["mutexes": [["name": "{{workflow.parameters.env}}", "namespace": "ci"]]],
        "templates": [
          steps([[call("x", "leaf", ["n": "{{item}}"], extra: ["withItems": ["one", "two"]])]]),
          echo("leaf", inputs: ["n"], extra: ["synchronization": ["mutexes": [["name": "m-{{inputs.parameters.n}}", "database": true]]]]),
        ],
      ])
    #expect(locks.table.names.map(\.text) == ["ci/Mutex/prod", "default/Database/m-one", "default/Database/m-two"])
    #expect(run.finish().state.phase == .succeeded)
  }

  @Test(
    "every kind of template holds its lock until its node is complete",
    arguments: ["container", "steps", "dag", "suspend", "retry"])
  func kinds(_ kind: String) {
    let locks = SharedLocks()
    func spec() -> JSONObject {
      let body: JSON =
        switch kind {
        case "steps": steps([[call("s", "leaf")]], name: "held", extra: mutexes)
        case "dag": dag([call("t", "leaf")], name: "held", extra: mutexes)
        case "suspend": .object(["name": "held", "suspend": ["duration": "10"], "synchronization": mutexes["synchronization"] ?? .null])
        case "retry":
          echo("held", extra: ["synchronization": mutexes["synchronization"] ?? .null, "retryStrategy": ["limit": 1]])
        default: echo("held", extra: mutexes)
        }
      return ["entrypoint": "main", "templates": [steps([[call("h", "held")]]), body, echo("leaf")]]
    }
    let first = member("a", locks, spec: spec())
    let second = member("b", locks, spec: spec())
    if kind == "retry" { first.script = { driver, _ in driver.pods.count == 1 ? .failure : .success } }
    let type = ["container": "Pod", "steps": "Steps", "dag": "DAG", "suspend": "Suspend", "retry": "Retry"][kind] ?? ""
    #expect(second.node("b[0].h")?["type"]?.string == type)
    #expect(second.phase("b[0].h") == "Pending" && second.message("b[0].h") == mutexMessage)
    #expect(second.pods.isEmpty && second.timers.isEmpty)
    while first.phase("a[0].h") != "Succeeded" {
      #expect(locks.table.holders(of: mutex("m")).map(\.run) == ["uid-a"])
      #expect(second.phase("b[0].h") == "Pending")
      first.finish(steps: 1)
    }
    if kind == "retry" { #expect(first.pods.count == 2) }
    #expect(second.phase("b[0].h") == (kind == "container" ? "Pending" : "Running"))
    #expect(second.message("b[0].h") == "")
    #expect(second.finish().state.phase == .succeeded)
    #expect(locks.table.isEmpty)
  }

  @Test(
    "a lock is released however its holder ends",
    arguments: ["success", "failure", "error", "lost", "stop", "terminate", "deadline", "deleted"])
  func released(_ end: String) throws {
    let locks = SharedLocks()
    var spec = single(template: mutexes)
    if end == "deadline" { spec["activeDeadlineSeconds"] = 5 }
    let first = member("a", locks, spec: spec)
    let second = member("b", locks, spec: single(mutexes))
    #expect(second.state.phase == .pending)
    let pod = try #require(first.running.first)
    switch end {
    case "success": first.end(pod, .success)
    case "failure": first.end(pod, .failure)
    case "error": first.end(pod, .error)
    case "lost": first.send(.podLost(podName: pod))
    case "stop": first.send(.commanded(.stop(message: nil)))
    case "terminate": first.send(.commanded(.terminate))
    case "deadline":
      first.now = first.now + TimeSpan(seconds: 6)
      first.send(.timerFired(.deadline))
    default: locks.tell(locks.table.release(run: first.state.uid))
    }
    #expect(second.state.phase == .running)
    #expect(second.finish().state.phase == .succeeded)
    #expect(locks.table.isEmpty)
  }

  @Test("a stop fails what waits for a lock at once", arguments: [RunCommand.stop(message: nil), .terminate])
  func stopWaiting(_ command: RunCommand) {
    let locks = SharedLocks()
    let first = member("a", locks, spec: single(mutexes))
    let whole = member("b", locks, spec: single(mutexes))
    let node = member("c", locks, spec: single(template: mutexes))
    let strategy = if case .terminate = command { "Terminate" } else { "Stop" }
    whole.send(.commanded(command))
    #expect(whole.state.phase == .failed && whole.state.message == "Stopped with strategy '\(strategy)'")
    node.send(.commanded(command))
    #expect(node.phase("c") == "Failed" && node.message("c") == "Stopped with strategy '\(strategy)'")
    #expect(node.state.phase == .failed)
    first.finish()
    #expect(locks.table.isEmpty && whole.pods.isEmpty && node.pods.isEmpty)
  }

  @Test("the deadline and a timeout count while a node waits") func timeouts() {
    let locks = SharedLocks()
    let first = member("a", locks, spec: single(mutexes))
    let late = member("b", locks, spec: single(["activeDeadlineSeconds": 5], template: mutexes))
    var timed = mutexes
    timed["timeout"] = "5s"
    let timeout = member("c", locks, spec: single(template: timed))
    var retried = mutexes
    retried["pendingTimeout"] = "5s"
    retried["retryStrategy"] = ["limit": 2]
    let retry = member("d", locks, spec: single(template: retried))
    for run in [late, timeout, retry] { run.finish() }
    #expect(late.message("b") == "Step exceeded its deadline")
    #expect(timeout.phase("c") == "Failed" && timeout.message("c") == "timeout")
    #expect(retry.phase("d") == "Failed" && retry.message("d") == "timeout" && retry.pods.isEmpty)
    first.finish()
    #expect(locks.table.isEmpty)
  }

  @Test("what waits for a lock takes no place among the workflow's pods, and begins when there is one") func parallelism() {
    let locks = SharedLocks()
    let holder = member("a", locks, spec: single(mutexes))
    let run = member(
      "b", locks,
      spec: [
        "entrypoint": "main", "parallelism": 1,
        "templates": [steps([[call("x", "held"), call("y", "free")]]), echo("held", extra: mutexes), echo("free")],
      ])
    #expect(run.running.count == 1 && run.pods.last?.resource.nodeName == "b[0].y")
    // Let through while there is no place: it has the lock and waits on.
    holder.finish()
    #expect(locks.table.holders(of: mutex("m")).map(\.run) == ["uid-b"])
    #expect(run.running.count == 1 && run.phase("b[0].x") == "Pending" && run.message("b[0].x") == "")
    run.finish()
    #expect(run.state.phase == .succeeded && run.peak == 1 && run.pods.count == 2)
  }

  @Test("a suspended run keeps what it is given until it is resumed") func suspended() {
    let locks = SharedLocks()
    let first = member("a", locks, spec: single(mutexes))
    let second = member("b", locks, spec: single(template: mutexes))
    second.send(.commanded(.suspend))
    first.finish()
    #expect(second.pods.isEmpty && second.phase("b") == "Pending")
    #expect(locks.table.holders(of: mutex("m")).map(\.run) == ["uid-b"])
    second.send(.commanded(.resume()))
    #expect(second.pods.count == 1)
    #expect(second.finish().state.phase == .succeeded)
  }

  @Test("priority of the Workflow object, then age, say who is next") func order() {
    let locks = SharedLocks()
    let first = member("a", locks, spec: single(mutexes))
    var high = single(mutexes)
    high["priority"] = 3
    let runs = [
      member("young", locks, spec: single(mutexes), created: "2022-01-01T00:00:00Z"),
      member("old", locks, spec: single(mutexes), created: "2021-01-01T00:00:00Z"),
      member("high", locks, spec: high, created: "2023-01-01T00:00:00Z"),
    ]
    var order: [String] = []
    first.finish()
    while let run = runs.first(where: { $0.state.phase == .running }) {
      order.append(run.state.name)
      run.finish()
    }
    #expect(order == ["high", "old", "young"])
  }

  @Test("a semaphore that cannot be had is the node's error, or the workflow's failure") func refused() {
    let message = "failed to initialize semaphore default/ConfigMap/locks/s with limit"
    let run = workflow(steps([[call("x", "leaf")]]), echo("leaf", extra: semaphores)).finish()
    #expect(run.phase("wf[0].x") == "Error" && run.node("wf[0].x")?["type"] == "Skipped" && run.message("wf[0].x") == message)
    #expect(run.message("wf[0]") == "step group deemed errored due to child wf[0].x error: \(message)")
    let task = workflow(dag([call("x", "leaf")]), echo("leaf", extra: semaphores)).finish()
    #expect(task.message("wf.x") == "task 'wf.x' errored: \(message)" && task.state.phase == .error)
    let whole = workflow(echo("main"), extra: semaphores).finish()
    #expect(whole.state.phase == .failed && whole.state.message == "Failed to acquire the synchronization lock. \(message)")
  }

  @Test(
    "a wrong synchronization says what is wrong",
    arguments: [
      (
        ["semaphores": [["configMapKeyRef": ["name": "c", "key": "k"], "database": ["key": "k"]]]],
        "invalid semaphore with both ConfigMapKeyRef and Database"
      ),
      (["semaphores": [["namespace": "n"]]], "cannot get LockName for a Semaphore without a ConfigMapRef or Database"),
      (["mutexes": [["name": "a"], ["name": "a"]]], "duplicate synchronization item found"),
      (["mutexes": [["name": "{{workflow.name}}"], ["name": "wf"]]], "duplicate synchronization item found"),
      (
        ["mutexes": [["namespace": "n"]]],
        "unable to decode lock (n/Mutex/) that was just encoded: Invalid lock key: ResourceName is missing"
      ),
      (
        ["semaphores": [["configMapKeyRef": ["name": "a/b", "key": "k"]]]],
        "unable to decode lock (default/ConfigMap/a/b/k) that was just encoded: Invalid ConfigMap lock key: unknown format"
      ),
    ] as [(JSON, String)])
  func wrong(_ synchronization: JSON, _ message: String) {
    let run = workflow(echo("main"), extra: ["synchronization": synchronization]).finish()
    #expect(run.state.message == "Failed to acquire the synchronization lock. requested configuration is invalid: \(message)")
    let node = workflow(echo("main", extra: ["synchronization": synchronization])).finish()
    #expect(node.phase("wf") == "Error" && node.message("wf") == "requested configuration is invalid: \(message)")
  }

  @Test("one lock named twice in different words is taken once, and an empty list needs nothing") func twice() {
    let locks = SharedLocks()
    let run = member(
      "a", locks, spec: single(["synchronization": ["mutexes": [["name": "m"], ["name": "m", "namespace": "default"]]]]))
    #expect(run.finish().state.phase == .succeeded)
    #expect(member("b", locks, spec: single(["synchronization": ["mutexes": []]])).finish().state.phase == .succeeded)
    #expect(locks.table.isEmpty)
  }

  @Test("a limit that changes lets more in, and the rest is told") func limitChange() {
    let locks = SharedLocks([semaphoreName: 1])
    let runs = ["a", "b", "c"].map { member($0, locks, spec: single(semaphores)) }
    #expect(runs.map(\.state.phase) == [.running, .pending, .pending])
    locks.setLimit(2, of: semaphore("s"))
    #expect(runs.map(\.state.phase) == [.running, .running, .pending])
    #expect(runs[2].state.message == "Waiting for default/ConfigMap/locks/s lock. Lock status: 0/2")
    locks.peakLimits = [semaphoreName: 2]
    locks.setLimit(0, of: semaphore("s"))
    #expect(runs[2].state.message == "Failed to get semaphore limit for default/ConfigMap/locks/s")
    for run in runs.prefix(2) { run.finish() }
    #expect(runs[2].state.phase == .pending)
    locks.setLimit(1, of: semaphore("s"))
    #expect(runs[2].finish().state.phase == .succeeded)
  }

  @Test("a daemon lets go of its lock when it is up") func daemon() {
    var template = mutexes
    template["daemon"] = true
    let run = workflow(
      steps([[call("up", "server")], [call("use", "client")]]), echo("server", extra: template), echo("client", extra: mutexes))
    run.script = { _, pod in pod.nodeName.hasSuffix("up") ? .daemon : .success }
    #expect(run.finish().state.phase == .succeeded)
    #expect(run.locks.table.isEmpty)
  }

  @Test("with failFast a child that waits is given up") func failFast() {
    let locks = SharedLocks()
    let holder = member("a", locks, spec: single(mutexes))
    let run = member(
      "b", locks,
      spec: [
        "entrypoint": "main",
        "templates": [
          steps([[call("x", "held"), call("y", "free")]], extra: ["failFast": true]), echo("held", extra: mutexes), echo("free"),
        ],
      ])
    run.script = { _, _ in .failure }
    run.finish()
    #expect(run.state.phase == .failed && run.phase("b[0].x") == "Failed")
    #expect(run.message("b") == "template has failed or errored children and failFast enabled")
    holder.finish()
    #expect(locks.table.isEmpty)
  }

  @Test("a memoized result is looked up when the lock is held, so the second of two finds what the first has made") func memoized() {
    let locks = SharedLocks()
    var template = mutexes
    template["memoize"] = ["key": "k", "cache": ["configMap": ["name": "cache"]]]
    let run = member(
      "a", locks,
      spec: [
        "entrypoint": "main",
        "templates": [steps([[call("x", "leaf", extra: ["withItems": [1, 2]])]]), echo("leaf", extra: template)],
      ])
    run.finish()
    #expect(run.state.phase == .succeeded && run.pods.count == 1)
    #expect(run.node("a[0].x(1:2)")?.at("memoizationStatus", "hit") == true)
    #expect(locks.table.isEmpty)
  }

  @Test("hooks and exit handlers wait for locks too") func hooks() {
    let locks = SharedLocks()
    let holder = member("a", locks, spec: single(mutexes))
    let run = member(
      "b", locks,
      spec: [
        "entrypoint": "main", "onExit": "held",
        "templates": [
          steps([[call("x", "free", extra: ["hooks": ["exit": ["template": "held"]]])]]), echo("held", extra: mutexes), echo("free"),
        ],
      ])
    run.finish()
    #expect(run.phase("b[0].x.onExit") == "Pending")
    holder.finish()
    run.finish()
    #expect(run.state.phase == .succeeded && run.pods.count == 3)
    #expect(locks.table.isEmpty)
  }

  @Test("answers that come late or twice change nothing") func stale() throws {
    let locks = SharedLocks()
    let run = member("a", locks, spec: single(template: mutexes))
    let holder = try #require(locks.table.holders(of: mutex("m")).first)
    for answer in [LockTable.Answer.granted, .waiting(for: mutex("m"), message: "x"), .refused("x")] {
      #expect(run.send(.locks(holder, answer)).isEmpty)
      #expect(run.send(.locks(LockHolder(run: "uid-a", number: 99, key: ""), answer)).isEmpty)
      #expect(run.send(.locks(LockHolder(run: "uid-a", number: -1, key: ""), answer)).isEmpty)
      #expect(run.send(.locks(LockHolder(run: "other", number: 0, key: ""), answer)).isEmpty)
    }
    #expect(run.finish().state.phase == .succeeded)
    #expect(run.send(.locks(holder, .granted)).isEmpty)
    #expect(run.send(.submitted).isEmpty)
  }

  @Test("a restored run tells the table what it holds and waits for") func restored() throws {
    let locks = SharedLocks([semaphoreName: 1])
    let run = member(
      "a", locks,
      spec: [
        "entrypoint": "main", "priority": 4, "synchronization": ["mutexes": [["name": "w"]]],
        "templates": [steps([[call("x", "leaf", extra: ["withItems": [1, 2]])]]), echo("leaf", extra: semaphores)],
      ])
    let before = run.state.lockRequests
    try run.restart()
    let after = run.state.lockRequests
    #expect(after.map(\.request) == before.map(\.request) && after.map(\.isHeld) == before.map(\.isHeld))
    #expect(after.map(\.isHeld) == [true, true, false])
    #expect(after.map(\.request.priority) == [4, 4, 4])
    #expect(after.map(\.request.holder.key).first == "default/a")
    locks.table = LockTable()
    for (request, isHeld) in after where isHeld { locks.table.restore(holding: request, limits: { _ in 1 }) }
    locks.tell(locks.table.restore(waiting: after.filter { !$0.isHeld }.map(\.request), limits: { _ in 1 }))
    #expect(run.finish().state.phase == .succeeded)
    #expect(locks.table.isEmpty)
  }
}
