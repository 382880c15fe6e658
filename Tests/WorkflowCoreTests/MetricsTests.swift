import ArgoModel
import Basics
import JSONValue
import KubeModel
import Telemetry
import Testing

@testable import WorkflowCore

private func metric(
  _ name: String, _ kind: String, _ value: JSONObject, when: String? = nil, labels: [(String, String)] = [], help: String = "h"
)
  -> JSON
{
  var object: JSONObject = ["name": .string(name), "help": .string(help), kind: .object(value)]
  object["when"] = when.map { .string($0) }
  if !labels.isEmpty { object["labels"] = .array(labels.map { ["key": .string($0.0), "value": .string($0.1)] }) }
  return .object(object)
}

private func metrics(_ list: JSON...) -> JSON { ["prometheus": .array(list)] }

extension Driver {
  fileprivate func samples(of name: String) -> [MetricSample] { samples.filter { $0.name == name } }
  fileprivate var metricsError: String? {
    state.status()["conditions"]?.array?.first { $0["type"] == "MetricsError" }?["message"]?.string
  }
}

@Suite struct MetricsTests {
  @Test("a node's metrics see how it ended, what it put out and what went in") func nodeVariables() {
    let run = workflow(
      steps([[call("a", "m", ["x": "in"])]]),
      echo(
        "m", inputs: ["x"],
        extra: [
          "outputs": ["parameters": [["name": "v", "valueFrom": ["path": "/v"]]]],
          "metrics": metrics(
            metric(
              "c", "counter", ["value": "1"],
              labels: [
                ("status", "{{status}}"), ("code", "{{exitCode}}"), ("x", "{{inputs.parameters.x}}"), ("v", "{{outputs.parameters.v}}"),
                ("wf", "{{workflow.name}}"), ("node", "{{node.name}}"), ("cpu", "{{resourcesDuration.cpu}}"),
              ]),
            metric("d", "histogram", ["value": "{{duration}}", "buckets": [1, 2.5]]),
            metric("g", "gauge", ["value": "{{=asFloat(outputs.parameters.v) * 2}}", "realtime": false, "operation": "Add"])),
        ]))
    run.script = { _, _ in .parameters(["v": "3.5"]) }
    run.finish()
    #expect(run.metricsError == nil)
    #expect(run.samples.map(\.name) == ["c", "d", "g"])
    #expect(run.samples[0].change == .count(1))
    #expect(run.samples[0].labels.map(\.value) == ["Succeeded", "0", "in", "3.5", "wf", "wf[0].a", "0"])
    #expect(run.samples[1].change == .observe(1, buckets: [1, 2.5]))
    #expect(run.samples[2].change == .add(7))
  }

  @Test("`when` decides, with the end of the node", arguments: [true, false]) func when(_ succeeds: Bool) {
    let run = workflow(
      echo(
        "main",
        extra: [
          "metrics": metrics(
            metric("failed", "counter", ["value": "1"], when: "{{status}} == Failed"),
            metric("succeeded", "counter", ["value": "1"], when: "{{status}} == Succeeded"))
        ]))
    run.script = { _, _ in succeeds ? .success : .failure }
    run.finish()
    #expect(run.samples.map(\.name) == [succeeds ? "succeeded" : "failed"])
  }

  @Test("the workflow's metrics are told at its end, with its status and duration") func workflowLevel() {
    let run = workflow(
      echo("main"), echo("bye"),
      extra: [
        "onExit": "bye",
        "metrics": metrics(
          metric("total", "gauge", ["value": "{{workflow.duration}}"], labels: [("s", "{{workflow.status}}"), ("n", "{{status}}")]),
          metric("main", "gauge", ["value": "{{duration}}"]),
          metric("live", "gauge", ["value": "{{workflow.duration}}", "realtime": true])),
      ])
    let begun = run.now
    run.script = { _, pod in pod.nodeName == "wf" ? .failure : .success }
    run.send(.submitted)
    #expect(run.samples.map(\.name) == ["live"])
    #expect(run.samples[0].change == .clock(since: begun, until: nil))
    run.finish()
    #expect(run.samples.map(\.name) == ["live", "total", "main", "live"])
    #expect(run.samples[1].change == .set(2))
    #expect(run.samples[1].labels.map(\.value) == ["Failed", "Failed"])
    #expect(run.samples[2].change == .set(1))
  }

  @Test("a real-time gauge runs from the node's start and stops with it") func realtime() {
    let run = workflow(echo("main", extra: ["metrics": metrics(metric("live", "gauge", ["value": "{{duration}}", "realtime": true]))]))
    let begun = run.now
    run.finish()
    #expect(
      run.samples.map(\.change) == [.clock(since: begun, until: nil), .clock(since: begun, until: begun + TimeSpan(seconds: 1))])
  }

  @Test("each attempt but the last is told when the next begins, the last one as the Retry node") func retries() {
    let run = workflow(
      echo(
        "main",
        extra: [
          "retryStrategy": ["limit": 3],
          "metrics": metrics(metric("c", "counter", ["value": "1"], labels: [("s", "{{status}}"), ("r", "{{retries}}")])),
        ]))
    run.script = { _, pod in pod.nodeName == "wf(2)" ? .success : .failure }
    run.finish()
    #expect(run.samples.map { $0.labels.map(\.value) } == [["Failed", "0"], ["Failed", "1"], ["Succeeded", "2"]])
  }

  @Test(
    "what cannot be told is a condition in the original's words",
    arguments: [
      (
        metric("m", "counter", ["value": "{{nothing}}"]), "unable to substitute parameters for metric 'm': failed to resolve {{nothing}}"
      ),
      (metric("m", "counter", ["value": "x"]), "could not construct metric 'm': strconv.ParseFloat: parsing \"x\": invalid syntax"),
      (metric("m", "counter", ["value": "1"], help: ""), "metric 'm' must contain a help string under 'help: ' field"),
      (
        metric("a-b", "counter", ["value": "1"]),
        "could not construct metric 'a-b': metric name is invalid: names may only contain alphanumeric characters or '_'"
      ),
      (
        metric("m", "counter", ["value": "1"], when: "1 + 1"),
        "unable to compute 'when' clause for metric 'wf': Expected boolean evaluation for '1 + 1'. Got 2"
      ),
      (
        metric("taken", "counter", ["value": "1"]),
        "could not construct metric 'taken': found existing gauge for custom metric taken of type Counter"
      ),
      (
        metric("taken", "gauge", ["value": "1"], help: "other"),
        "could not construct metric 'taken': help for metric taken is already set to h, it cannot be changed"
      ),
      (
        metric("m", "gauge", ["value": "5", "realtime": true]),
        "real time metrics can only be used with metric variables, real time metrics can only be used with metric variables"
      ),
      (["name": "m", "help": "h"], "could not construct metric 'm': invalid metric spec"),
    ] as [(JSON, String)])
  func errors(_ metric: JSON, _ message: String) {
    let run = workflow(echo("main", extra: ["metrics": ["prometheus": [metric]]]))
    run.descriptors["taken"] = MetricDescriptor(kind: .gauge, help: "h")
    run.finish()
    #expect(run.samples.isEmpty)
    #expect(run.metricsError == message)
    // A metric spoils nothing else.
    #expect(run.state.phase == .succeeded)
  }

  @Test("two metrics of one name in one decision must agree") func sameDecision() {
    let run = workflow(
      echo("main", extra: ["metrics": metrics(metric("m", "counter", ["value": "1"]), metric("m", "gauge", ["value": "1"]))]))
    run.finish()
    #expect(run.samples.count == 1)
    #expect(run.metricsError == "could not construct metric 'm': found existing counter for custom metric m of type Gauge")
  }

  @Test("loops, steps and DAGs tell their metrics once a node, memoized hits tell none") func counting() {
    let counted: JSONObject = ["metrics": metrics(metric("c", "counter", ["value": "1"], labels: [("n", "{{node.name}}")]))]
    let run = workflow(
      dag(
        [
          call("a", "m", extra: ["withItems": ["x", "y"]]), call("b", "inner", extra: ["depends": "a"]),
          call("c", "memo", extra: ["depends": "b"]),
        ], extra: counted), steps([[call("s", "m")]], name: "inner", extra: counted), echo("m", extra: counted),
      echo(
        "memo", extra: ["metrics": counted["metrics"] ?? .null, "memoize": ["key": "k", "cache": ["configMap": ["name": "c"]]]]))
    run.caches["c"] = ["k": "{\"nodeID\":\"x\"}"]
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(run.samples.compactMap { $0.labels.first?.value }.sorted() == ["wf", "wf.a(0:x)", "wf.a(1:y)", "wf.b", "wf.b[0].s"])
  }

  @Test("a daemon is told when it is up, not again when it is ended") func daemon() {
    let run = workflow(
      steps([[call("d", "daemon")], [call("a")]]),
      echo(
        "daemon", extra: ["daemon": true, "metrics": metrics(metric("c", "counter", ["value": "1"], labels: [("s", "{{status}}")]))]),
      echo())
    run.script = { _, pod in pod.nodeName.hasSuffix(".d") ? .daemon : .success }
    run.finish()
    #expect(run.samples.map { $0.labels.map(\.value) } == [["Running"]])
  }
}
