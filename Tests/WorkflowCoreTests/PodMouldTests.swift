import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

@Suite struct PodMouldTests {
  /// A run that makes one pod after the other, from moulds or each anew.
  private func pods(isAnew: Bool) -> (texts: [String], moulds: Int) {
    let run = workflow(
      steps([
        [call("a"), call("loop", "own", extra: ["withItems": [1, 2, 3]])],
        [call("said"), call("inner", "inner")],
        [call("after", "inputs", ["m": "{{steps.said.outputs.result}}"]), call("b"), call("late", "limited"), call("later", "limited")],
      ]),
      dag(
        [call("x"), call("y", extra: ["dependencies": ["x"]]), call("z", "own")], name: "inner",
        extra: ["tolerations": [["key": "k", "operator": "Exists"]]]),
      echo(), echo("inputs", inputs: ["m"]), echo("limited", extra: ["activeDeadlineSeconds": 60, "timeout": "90s"]),
      [
        "name": "own", "metadata": ["labels": ["l": "v"], "annotations": ["n": "v"]],
        "container": [
          "image": "alpine", "env": [["name": "ARGO_NODE_ID", "value": "mine"], ["name": "E", "value": "e"]],
          "volumeMounts": [["name": "v", "mountPath": "/v"]],
        ],
      ],
      extra: [
        "parallelism": 1, "onExit": "echo", "activeDeadlineSeconds": 100_000, "nodeSelector": ["disk": "ssd"],
        "podGC": ["strategy": "OnPodCompletion"], "volumes": [["name": "v", "emptyDir": [:]]],
      ])
    run.script = { run, _ in
      if isAnew { run.state.podMoulds = [:] }
      return .result("r")
    }
    run.finish()
    return (run.pods.map { "\($0.name) \($0.resource.json.text())" }, run.state.podMoulds.values.count { $0 != nil })
  }

  @Test("pods made from moulds are as those made each anew: in steps and DAGs, with results that are read, in exit handlers") func equal() {
    let fromMoulds = pods(isAnew: false)
    let anew = pods(isAnew: true)
    #expect(fromMoulds.texts == anew.texts && fromMoulds.texts.count == 13)
    #expect(fromMoulds.moulds == 6 && anew.moulds <= 1)
  }
}
