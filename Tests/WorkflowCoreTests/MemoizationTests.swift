import ArgoModel
import Basics
import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

private func memoize(_ key: String = "{{inputs.parameters.x}}", maxAge: String? = nil, cache: String = "c") -> JSON {
  var object: JSONObject = ["key": .string(key), "cache": ["configMap": ["name": .string(cache)]]]
  object["maxAge"] = maxAge.map { .string($0) }
  return .object(object)
}

private let valued: JSON = ["parameters": [["name": "v", "valueFrom": ["path": "/v"]]]]

private func remembered(_ value: String, node: String = "wf-old", created: String = "2023-11-14T22:00:00Z") -> String {
  let entry: JSON = [
    "nodeID": .string(node), "outputs": ["parameters": [["name": "v", "value": .string(value)]], "exitCode": "0"],
    "creationTimestamp": .string(created), "lastHitTimestamp": .string(created),
  ]
  return entry.text(.compact)
}

@Suite struct MemoizationTests {
  /// One memoized template that is called twice, one call after the other.
  private func twice(_ keys: (String, String), body: JSONObject = [:], memo: JSON = memoize()) -> Driver {
    workflow(
      steps([
        [call("a", "m", ["x": keys.0])], [call("b", "m", ["x": keys.1])], [call("c", "echo", ["y": "{{steps.b.outputs.parameters.v}}"])],
      ]),
      echo("m", inputs: ["x"], extra: (["memoize": memo, "outputs": valued] as JSONObject).with(body)),
      echo("echo", inputs: ["y"], args: ["{{inputs.parameters.y}}"]))
  }

  @Test("a miss runs and is remembered, the same key is a hit without a pod") func missAndHit() throws {
    let run = twice(("k", "k"))
    run.script = { _, pod in pod.nodeName.hasSuffix(".a") ? .parameters(["v": "one"]) : .success }
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.pods.map(\.resource.nodeName) == ["wf[0].a", "wf[2].c"])
    #expect(run.node("wf[0].a")?["memoizationStatus"] == ["hit": false, "key": "k", "cacheName": "c"])
    #expect(run.node("wf[1].b")?["memoizationStatus"] == ["hit": true, "key": "k", "cacheName": "c"])
    #expect(run.node("wf[1].b")?["type"] == "Pod")
    #expect(run.phase("wf[1].b") == "Succeeded")
    #expect(run.argument("wf[2].c") == "one")
    #expect(run.state.progress == "3/3")
    let entry = try JSON.parse(try #require(run.caches["c"]?["k"]))
    #expect(entry["nodeID"] == run.node("wf[0].a")?["id"])
    #expect(entry["outputs"] == run.node("wf[0].a")?["outputs"])
    #expect(Set(entry.object?.keys ?? []) == ["nodeID", "outputs", "creationTimestamp", "lastHitTimestamp"])
  }

  @Test("another key is another entry") func keys() {
    let run = twice(("k", "l"))
    run.script = { _, _ in .parameters(["v": "one"]) }
    run.finish()
    #expect(run.pods.count == 3)
    #expect(Set(run.caches["c"]?.keys.map { $0 } ?? []) == ["k", "l"])
  }

  @Test("only success is remembered") func failure() {
    let run = workflow(echo("main", extra: ["memoize": memoize("k")]))
    run.script = { _, _ in .failure }
    run.finish()
    #expect(run.state.phase == .failed)
    #expect(run.caches.isEmpty)
    #expect(run.node("wf")?.at("memoizationStatus", "hit") == false)
  }

  @Test("an entry is used until its maximum age; looking at it is written down either way")
  func age() throws {
    for (maxAge, isHit) in [("1h", true), ("10m", false), ("0", false)] {
      let run = workflow(echo("main", extra: ["memoize": memoize("k", maxAge: maxAge), "outputs": valued]))
      run.caches["c"] = ["k": remembered("old")]
      run.send(.submitted)
      #expect(run.pods.isEmpty == isHit, "\(maxAge)")
      let entry = try JSON.parse(try #require(run.caches["c"]?["k"]))
      #expect(entry["lastHitTimestamp"] == .string(run.now.rfc3339))
      #expect(entry["creationTimestamp"] == "2023-11-14T22:00:00Z")
      #expect(entry["nodeID"] == "wf-old")
      run.script = { _, _ in .parameters(["v": "new"]) }
      run.finish()
      #expect(run.parameter("v", "wf") == (isHit ? "old" : "new"))
    }
  }

  @Test(
    "what cannot be looked up is an Error in the original's words",
    arguments: [
      ("a.b", nil, nil, "invalid cache key: a.b"), ("-a", nil, nil, "invalid cache key: -a"), ("", nil, nil, "invalid cache key: "),
      ("k", "soon", nil, "invalid maxAge: time: invalid duration \"soon\""),
      ("k", "10", nil, "invalid maxAge: time: missing unit in duration \"10\""),
      ("k", nil, "", "memoization configmap doesn't have workflows.argoproj.io/configmap-type label, refusing to use it"),
      (
        "k", nil, "Parameter",
        "memoization configmap doesn't have label workflows.argoproj.io/configmap-type = Cache, refusing to use it"
      ),
    ] as [(String, String?, String?, String)])
  func refusals(_ key: String, _ maxAge: String?, _ label: String?, _ message: String) {
    let run = workflow(steps([[call("a", "m")]]), echo("m", extra: ["memoize": memoize(key, maxAge: maxAge)]))
    if let label { run.cacheLabels["c"] = label }
    run.finish()
    #expect(run.pods.isEmpty)
    #expect(run.phase("wf[0].a") == "Error")
    #expect(run.message("wf[0].a") == message)
    #expect(run.message("wf[0]") == "step group deemed errored due to child wf[0].a error: \(message)")
    #expect(run.state.phase == .failed)
  }

  @Test("an entry that cannot be read is an Error") func malformed() {
    let run = workflow(echo("main", extra: ["memoize": memoize("k")]))
    run.caches["c"] = ["k": "{"]
    run.finish()
    #expect(run.state.phase == .error)
    #expect(
      run.message("wf") == "malformed cache entry: could not unmarshal JSON; unable to parse: unexpected end of JSON input")
  }

  @Test("a cache that loses its label while a pod runs makes the node an Error") func lostLabel() {
    let run = workflow(echo("main", extra: ["memoize": memoize("k")]))
    run.send(.submitted)
    run.cacheLabels["c"] = ""
    run.finish()
    #expect(run.phase("wf") == "Error")
    #expect(run.message("wf").contains("refusing to use it"))
  }

  @Test("steps and DAG templates are memoized as a whole", arguments: [true, false]) func composite(_ isDAG: Bool) throws {
    let outputs: JSON = [
      "parameters": [["name": "v", "valueFrom": ["parameter": .string("{{\(isDAG ? "tasks" : "steps").p.outputs.parameters.v}}")]]]
    ]
    let extra: JSONObject = ["memoize": memoize("k"), "outputs": outputs]
    let inner = isDAG ? dag([call("p", "p")], name: "m", extra: extra) : steps([[call("p", "p")]], name: "m", extra: extra)
    let run = workflow(
      steps([[call("a", "m")], [call("b", "m")], [call("c", "echo", ["y": "{{steps.b.outputs.parameters.v}}"])]]), inner,
      echo("p", extra: ["outputs": valued]), echo("echo", inputs: ["y"], args: ["{{inputs.parameters.y}}"]))
    run.script = { _, pod in pod.nodeName.hasSuffix("p") ? .parameters(["v": "one"]) : .success }
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.pods.count == 2)
    #expect(run.node("wf[1].b")?["type"] == (isDAG ? "DAG" : "Steps"))
    #expect(run.node("wf[1].b")?["children"]?.array?.count == 1)
    #expect(run.argument("wf[2].c") == "one")
    #expect(try JSON.parse(try #require(run.caches["c"]?["k"]))["nodeID"] == run.node("wf[0].a")?["id"])
  }

  @Test("of a retried template the attempt that succeeded is remembered, and a hit is a Retry node") func retried() throws {
    let run = twice(("k", "k"), body: ["retryStrategy": ["limit": 2]])
    run.script = { _, pod in pod.nodeName.hasSuffix("a(0)") ? .failure : .parameters(["v": "one"]) }
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.pods.map(\.resource.nodeName) == ["wf[0].a(0)", "wf[0].a(1)", "wf[2].c"])
    #expect(try JSON.parse(try #require(run.caches["c"]?["k"]))["nodeID"] == run.node("wf[0].a(1)")?["id"])
    #expect(run.node("wf[1].b")?["type"] == "Retry")
    #expect(run.argument("wf[2].c") == "one")
    #expect(run.node("wf[1].b")?["children"]?.array?.count == 1)
  }

  @Test("a hit lifts its global outputs, has its exit hook and lets the DAG go on") func around() {
    let run = workflow(
      dag([
        call("a", "m", extra: ["hooks": ["exit": ["template": "echo"]]]),
        call("b", "show", ["y": "{{workflow.outputs.parameters.g}}"], extra: ["depends": "a.Succeeded"]),
      ]), echo("m", extra: ["memoize": memoize("k"), "outputs": valued]), echo(),
      echo("show", inputs: ["y"], args: ["{{inputs.parameters.y}}"]))
    run.caches["c"] = [
      "k": JSON.object([
        "nodeID": "old", "outputs": ["parameters": [["name": "v", "value": "one", "globalName": "g"]]],
        "creationTimestamp": "2023-11-14T22:00:00Z", "lastHitTimestamp": "2023-11-14T22:00:00Z",
      ]).text(.compact)
    ]
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.pods.map(\.resource.nodeName) == ["wf.a.onExit", "wf.b"])
    #expect(run.argument("wf.b") == "one")
    #expect(run.state.status().at("outputs", "parameters")?[0]?["value"] == "one")
  }

  @Test("a node without outputs is remembered too") func noOutputs() throws {
    let run = workflow(
      steps([[call("a", "m")], [call("b", "m")]]),
      steps([[call("p", "echo")]], name: "m", extra: ["memoize": memoize("k")]), echo())
    run.finish()
    #expect(run.pods.count == 1)
    #expect(try JSON.parse(try #require(run.caches["c"]?["k"]))["outputs"] == .null)
  }

  @Test("an entry without a node is no hit") func noNode() {
    let run = workflow(echo("main", extra: ["memoize": memoize("k")]))
    run.caches["c"] = ["k": remembered("old", node: "")]
    run.finish()
    #expect(run.pods.count == 1)
  }

  @Test("the cache's name may hold tags") func templatedName() {
    let run = workflow(echo("main", extra: ["memoize": memoize("{{workflow.name}}-1", cache: "cache-{{workflow.namespace}}")]))
    run.finish()
    #expect(run.caches["cache-default"]?["wf-1"] != nil)
  }
}

extension JSONObject {
  fileprivate func with(_ other: JSONObject) -> JSONObject {
    var result = self
    for (key, value) in other { result[key] = value }
    return result
  }
}
