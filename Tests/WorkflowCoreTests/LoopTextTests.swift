import ArgoModel
import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

/// A loop is filled in as a whole before its first item starts (spec 2.8).
@Suite struct LoopTextTests {
  private let show = echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"])

  private func hook(_ text: String, _ extra: JSONObject = [:]) -> JSON {
    var hook: JSONObject = ["template": "show", "arguments": ["parameters": [["name": "x", "value": .string(text)]]]]
    for (key, value) in extra { hook[key] = value }
    return .object(hook)
  }

  @Test("a tag that nothing replaces spoils a loop before its first item; outside of loops it stays as it is")
  func unknownTags() {
    let loop = call("a", "show", ["x": "{{foo.bar}}"], extra: ["withItems": [1, 2]])
    let inSteps = workflow(steps([[loop, call("b", "show", ["x": "b"])]]), show).finish()
    #expect(inSteps.pods.isEmpty && inSteps.nodes.count == 2)
    #expect(inSteps.phase("wf[0]") == "Error" && inSteps.message("wf[0]") == "failed to resolve {{foo.bar}}")
    #expect(inSteps.state.phase == .failed)
    let inDAG = workflow(dag([loop]), show).finish()
    #expect(inDAG.pods.isEmpty)
    #expect(inDAG.node("wf.a")?["type"] == "Skipped" && inDAG.phase("wf.a") == "Error")
    #expect(inDAG.message("wf.a") == "failed to resolve {{foo.bar}}")
    #expect(inDAG.state.phase == .error)
    let single = workflow(dag([call("a", "show", ["x": "{{foo.bar}}"])]), show).finish()
    #expect(single.argument("wf.a") == "{{foo.bar}}")
  }

  @Test("a member that one item lacks spoils the loop", arguments: ["{{item.k}}", "{{=item.k + 'x'}}"]) func missingMember(_ text: String) {
    let run = workflow(dag([call("a", "show", ["x": .init(text)], extra: ["withParam": #"[{"k":"1"},{"j":"2"}]"#])]), show).finish()
    #expect(run.pods.isEmpty && run.state.phase == .error)
    let whole = workflow(dag([call("a", "show", ["x": .init(text)], extra: ["withParam": #"[{"k":"1"},{"k":"2"}]"#])]), show).finish()
    #expect(whole.pods.count == 2 && whole.state.phase == .succeeded)
  }

  @Test("a condition that is false whatever the item excuses the loop") func excused() {
    let run = workflow(
      dag([call("a", "show", ["x": "{{foo.bar}}"], extra: ["withItems": [1, 2], "when": "1 == 2"])]), show
    ).finish()
    #expect(run.phase("wf.a(0:1)") == "Skipped" && run.state.phase == .succeeded)
    let perItem = workflow(
      dag([call("a", "show", ["x": "{{foo.bar}}"], extra: ["withItems": [1, 2], "when": "{{item}} == 3"])]), show
    ).finish()
    #expect(perItem.message("wf.a") == "failed to resolve {{foo.bar}}" && perItem.state.phase == .error)
  }

  @Test("hooks of a loop's items know the item in steps, and only there") func hooks() {
    let loop = call("a", "show", ["x": "{{item}}"], extra: ["withItems": ["p", "q"], "hooks": ["exit": hook("bye {{item}}")]])
    let inSteps = workflow(steps([[loop]]), show).finish()
    #expect(inSteps.argument("wf[0].a(1:q).onExit") == "bye q")
    let inDAG = workflow(dag([loop]), show).finish()
    #expect(inDAG.argument("wf.a(1:q).onExit") == "bye {{item}}")
  }

  @Test("hooks of a loop cannot take arguments from the loop itself", arguments: [true, false]) func ownOutputs(_ isDAG: Bool) {
    let root = isDAG ? "tasks" : "steps"
    let loop = call("a", "show", ["x": "{{item}}"], extra: ["withItems": ["p"], "hooks": ["exit": hook("{{\(root).a.status}}")]])
    let run = workflow(isDAG ? dag([loop]) : steps([[loop]]), show).finish()
    #expect(run.pods.map(\.resource.nodeName) == (isDAG ? ["wf.a.onExit"] : []))
    #expect(run.message(isDAG ? "wf.a" : "wf[0]") == "failed to resolve {{\(root).a.status}}")
  }

  @Test("in steps an item's hooks go by the item's own name, in a DAG by the task's") func conditions() {
    func loop(_ expression: String) -> JSON {
      call(
        "a", "show", ["x": "{{item}}"],
        extra: ["withItems": ["p"], "hooks": ["exit": hook("x", ["expression": .string(expression)])]])
    }
    let own = workflow(steps([[loop("steps['a(0:p)'].status == 'Succeeded'")]]), show).finish()
    #expect(own.state.phase == .succeeded && own.phase("wf[0].a(0:p).onExit") == "Succeeded")
    let other = workflow(steps([[loop("steps['a'].status == 'Succeeded'")]]), show).finish()
    #expect(other.phase("wf[0]") == "Error" && other.state.phase == .failed)
    let inDAG = workflow(dag([loop("tasks['a'].status == 'Succeeded'")]), show).finish()
    #expect(inDAG.state.phase == .succeeded && inDAG.phase("wf.a(0:p).onExit") == "Succeeded")
  }

  @Test("what steps before did not give is worded by the steps") func references() {
    let gone = call("p", "gen", extra: ["when": "false"])
    let reference = "{{steps.p.outputs.parameters.o}}"
    var generator = echo("gen")
    generator["outputs"] = ["parameters": [["name": "o", "valueFrom": ["path": "/o"]]]]
    let absent = "unable to substitute \(reference): output is an absent optional (skipped/omitted node with no default)"
    let list = workflow(
      steps([[gone], [call("a", "show", ["x": "{{item}}"], extra: ["withParam": .string(reference)])]]), generator, show
    ).finish()
    #expect(list.message("wf[1]") == "failed to resolve references: \(absent)")
    let text = workflow(
      steps([[gone], [call("a", "show", ["x": "<\(reference)>"], extra: ["withItems": [1]])]]), generator, show
    ).finish()
    #expect(text.message("wf[1]") == "failed to resolve references: \(absent)" && text.pods.isEmpty)
  }

  @Test("results put together keep the order in which each was written") func order() {
    let run = workflow(
      dag([
        call("a", extra: ["withItems": [1, 2]]),
        task("b", ["a"], "show", extra: ["arguments": hook("{{tasks.a.outputs.result}}")["arguments"] ?? .null]),
      ]), echo(), show)
    run.script = { _, pod in pod.nodeName.hasPrefix("wf.a") ? .result(#"{ "z": 1, "b": [2, {"y": "<", "c": 3}] }"#) : .success }
    run.finish()
    let one = #"{"z":1,"b":[2,{"y":"\u003c","c":3}]}"#
    #expect(run.argument("wf.b") == "[\(one),\(one)]")
  }
}
