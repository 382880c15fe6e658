import ArgoModel
import Basics
import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

@Suite struct ResubmitTests {
  @Test("a resubmitted workflow is a new one of the same specification") func plain() throws {
    let run = workflow(
      steps([[call("a", "show", ["x": "{{workflow.parameters.p}}"])]]), echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"]),
      extra: ["arguments": ["parameters": [["name": "p", "value": "old"]]], "activeDeadlineSeconds": 0, "shutdown": "Stop"])
    run.send(.submitted)
    var object = run.object
    for key in ["creator", "creator-email", "phase", "completed", "workflow-archiving-status"] {
      object.setLabel(ArgoKey.prefix + key, "1")
    }
    object.setLabel("mine", "kept")
    object.setAnnotation("note", "kept")
    let derived = try run.state.resubmission(of: object, memoized: false, parameters: [ParameterValue("p", "new")], suffix: "abcde")
    #expect(derived.workflow.name.isEmpty)
    #expect(derived.workflow.generateName == "wf-")
    #expect(derived.workflow.labels == ["mine": "kept", "workflows.argoproj.io/resubmitted-from-workflow": "wf"])
    #expect(derived.workflow.annotations == ["note": "kept"])
    #expect(derived.workflow.spec["shutdown"] == nil)
    #expect(derived.workflow.spec["activeDeadlineSeconds"] == nil)
    let next = run.begin(derived)
    #expect(next.argument("wf-plain[0].a") == "new")
    object.json["metadata"]?["generateName"] = nil
    #expect(try run.state.resubmission(of: object, memoized: false, suffix: "").workflow.generateName == "wf-")
  }

  @Test("memoized: what succeeded is skipped with its outputs, the rest runs") func memoized() throws {
    let run = workflow(
      dag([
        task("A"), call("B", "show", ["x": "{{tasks.A.outputs.result}}"], extra: ["depends": "A"]), call("C", extra: ["depends": "B"]),
        call("D", extra: ["depends": "C"]),
      ]), echo(), echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"]), extra: ["onExit": "echo"])
    run.script = { _, pod in pod.nodeName.hasSuffix(".B") ? .failure : pod.nodeName.hasSuffix(".A") ? .result("r") : .success }
    run.finish()
    let id = try #require(run.node("wf.A")?["id"]?.string)
    let next = run.begin(try run.state.resubmission(of: run.object, memoized: true, suffix: "abcde"))
    #expect(next.state.name == "wf-abcde")
    next.finish()
    #expect(next.state.phase == .failed)
    #expect(next.nodes.count == 6)
    #expect(next.node("wf-abcde.A")?["type"] == "Skipped")
    #expect(next.phase("wf-abcde.A") == "Skipped")
    #expect(next.message("wf-abcde.A") == "original pod: \(id)")
    #expect(next.node("wf-abcde.A")?["id"]?.string == NodeNames.id(workflow: "wf-abcde", node: "wf-abcde.A"))
    #expect(next.argument("wf-abcde.B") == "r")
    #expect(next.message("wf-abcde.C") == "omitted: depends condition not met")
    #expect(next.made == ["wf-abcde.B", "wf-abcde.onExit"])
    // Once more: what was taken over is again, and still tells the first pod.
    next.script = { _, _ in .success }
    let third = next.begin(try next.state.resubmission(of: next.object, memoized: true, suffix: "fghij"))
    third.finish()
    #expect(third.state.phase == .succeeded)
    #expect(third.message("wf-fghij.A") == "original pod: \(id)")
    #expect(third.made.first == "wf-fghij.B")
  }

  @Test("memoized needs a failed workflow") func refused() throws {
    let run = workflow(echo("main")).finish()
    #expect(throws: RunRefusal("workflow must be Failed/Error to resubmit in memoized mode")) {
      _ = try run.state.resubmission(of: run.object, memoized: true, suffix: "abcde")
    }
  }

  @Test("memoized: suspensions wait again; a retried node stands for its last attempt") func details() throws {
    let run = workflow(
      steps([[call("r", "flaky")], [call("w", "wait")], [call("d", "flaky")], [call("f")]]),
      echo("flaky", extra: ["retryStrategy": ["limit": 2]]), ["name": "wait", "suspend": [:]], echo())
    run.script = failing("wf[0].r(0)", "wf[3].f")
    run.finish()
    run.send(.commanded(.resume()))
    run.finish()
    #expect(run.state.phase == .failed)
    run.script = { _, _ in .success }
    let next = run.begin(try run.state.resubmission(of: run.object, memoized: true, suffix: "abcde"))
    next.finish()
    #expect(!next.state.isFinished)
    #expect(next.phase("wf-abcde[0].r") == "Succeeded")
    #expect(next.phase("wf-abcde[0].r(0)") == "Skipped")
    next.send(.commanded(.resume()))
    next.finish()
    #expect(next.state.phase == .succeeded)
    #expect(next.made == ["wf-abcde[3].f"])
  }
}

@Suite struct ForkTests {
  private func fork(_ run: Driver, _ node: String, _ edit: (inout ForkRequest) -> Void = { _ in }) throws -> Driver {
    var request = ForkRequest(node: node)
    edit(&request)
    return run.begin(try run.state.fork(of: run.object, request, suffix: "abcde"))
  }

  private func refusal(_ run: Driver, _ node: String, _ edit: (inout ForkRequest) -> Void = { _ in }) -> String {
    do {
      _ = try fork(run, node, edit)
      return ""
    } catch {
      return "\(error)"
    }
  }

  private let show = echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"])

  @Test("the node and what follows run again, what lies before is taken over") func dagFork() throws {
    let run = workflow(
      dag([
        task("A"), call("B", "show", ["x": "{{tasks.A.outputs.result}}"], extra: ["depends": "A.Succeeded"]), task("C", ["A"]),
        task("D", ["B", "C"]), task("E", ["C"]),
      ]), echo(), show, extra: ["onExit": "echo"])
    run.script = { _, pod in pod.nodeName == "wf.A" ? .result("r") : .success }
    run.finish()
    let next = try fork(run, "B")
    next.finish()
    #expect(next.state.phase == .succeeded)
    #expect(next.made == ["wf-abcde.B", "wf-abcde.D", "wf-abcde.onExit"])
    #expect(next.argument("wf-abcde.B") == "r")
    #expect(next.phase("wf-abcde.A") == "Succeeded")
    #expect(next.message("wf-abcde.A") == "original pod: \(run.node("wf.A")?["id"]?.string ?? "")")
    #expect(next.phase("wf-abcde.E") == "Succeeded")
  }

  @Test("a fork tells where it comes from") func lineage() throws {
    let run = workflow(dag([task("A"), call("B", "show", ["x": "1"], extra: ["depends": "A"])]), echo(), show).finish()
    var request = ForkRequest(node: "displayName=B")
    request.parameters = [ParameterValue("p", "1")]
    request.inputs = [ParameterValue("x", "2")]
    let derived = try run.state.fork(of: run.object, request, suffix: "abcde")
    #expect(derived.workflow.label("argosy.io/forked-from") == "wf")
    #expect(derived.workflow.annotation("argosy.io/forked-from") == "wf")
    #expect(derived.workflow.annotation("argosy.io/forked-from-node") == "wf.B")
    #expect(derived.workflow.annotation("argosy.io/fork-edits") == #"{"parameters":{"p":"1"},"inputs":{"x":"2"}}"#)
    #expect(derived.reuse.count == 1)
  }

  @Test("workflow parameters and the node's inputs can be edited") func edited() throws {
    let run = workflow(
      steps([
        [call("a", "show", ["x": "{{workflow.parameters.p}}"])], [call("b", "show", ["x": "{{workflow.parameters.p}}"])],
        [call("c", "show", ["x": "{{workflow.parameters.p}}"])],
      ]),
      show, extra: ["arguments": ["parameters": [["name": "p", "value": "old"]]]]
    ).finish()
    let next = try fork(run, "b") {
      $0.parameters = [ParameterValue("p", "new")]
      $0.inputs = [ParameterValue("x", "own")]
    }
    next.finish()
    #expect(next.argument("wf-abcde[1].b") == "own")
    #expect(next.argument("wf-abcde[2].c") == "new")
    #expect(next.made == ["wf-abcde[1].b", "wf-abcde[2].c"])
    #expect(refusal(run, "b") { $0.inputs = [ParameterValue("z", "1")] } == "node wf[1].b has no input parameter \"z\": it has x")
  }

  @Test("an edited output stands in place of the node's, and the node is not run") func editedOutput() throws {
    let producer = echo("make", extra: ["outputs": ["parameters": [["name": "v", "valueFrom": ["path": "/v"]]]]])
    let run = workflow(
      dag([call("A", "make"), call("B", "show", ["x": "{{tasks.A.outputs.parameters.v}}"], extra: ["depends": "A"])]), producer, show)
    run.script = { _, pod in pod.nodeName == "wf.A" ? .parameters(["v": "1"]) : .failure }
    run.finish()
    let next = try fork(run, "B") { $0.outputs = [.init(node: "A", name: "v", value: "2")] }
    #expect(next.argument("wf-abcde.B") == "2")
    #expect(
      refusal(run, "B") { $0.outputs = [.init(node: "A", name: "w", value: "2")] } == "node wf.A has no output parameter \"w\": it has v")
    // The node itself, although it failed: the fork goes on behind it.
    run.script = { _, _ in .failure }
    let failed = workflow(
      dag([call("A", "make"), call("B", "show", ["x": "{{tasks.A.outputs.parameters.v}}"], extra: ["depends": "A"])]), producer, show)
    failed.script = failing("wf.A")
    failed.finish()
    let behind = try fork(failed, "A") { $0.outputs = [.init(node: "A", name: "v", value: "3")] }
    behind.script = { _, _ in .success }
    behind.finish()
    #expect(behind.made == ["wf-abcde.B"])
    #expect(behind.argument("wf-abcde.B") == "3")
    #expect(behind.state.phase == .succeeded)
  }

  @Test("one item of a loop runs again, the others stand, and the loop's outputs are put together", arguments: [true, false])
  func loopItem(_ isDAG: Bool) throws {
    let loop = call("L", "show", ["x": "{{item}}"], extra: ["withItems": ["p", "q", "r"]])
    let use = ["x": isDAG ? "{{tasks.L.outputs.result}}" : "{{steps.L.outputs.result}}"]
    let run = workflow(
      isDAG ? dag([loop, call("N", "show", use, extra: ["dependencies": ["L"]])]) : steps([[loop], [call("N", "show", use)]]), show)
    run.script = { driver, pod in .result(#""\#(driver.state.name.count)""#) }
    run.finish()
    let next = try fork(run, "L(1:q)")
    next.finish()
    let base = isDAG ? "wf-abcde." : "wf-abcde[0]."
    let last = isDAG ? "wf-abcde.N" : "wf-abcde[1].N"
    #expect(next.made == [base + "L(1:q)", last])
    #expect(next.argument(last) == #"["2","8","2"]"#)
  }

  @Test("inside nested templates everything after it runs, on each level") func nested() throws {
    let run = workflow(
      steps([[call("first")], [call("in", "inner"), call("beside")], [call("last")]]),
      dag([task("x"), task("y", ["x"]), task("z", ["y"]), task("free")], name: "inner"), echo()
    ).finish()
    let next = try fork(run, "y")
    next.finish()
    #expect(next.state.phase == .succeeded)
    #expect(next.made == ["wf-abcde[1].in.y", "wf-abcde[1].in.z", "wf-abcde[2].last"])
    // From the nested template as a whole.
    #expect(try fork(run, "in").finish().made.count == 5)
    // From a group: all its members.
    #expect(try fork(run, "wf[1]").finish().made.count == 6)
    // From the root: everything.
    #expect(try fork(run, "wf").finish().made.count == run.made.count)
  }

  @Test("beside it, what failed or never ran is run, too") func branches() throws {
    let run = workflow(dag([task("A"), task("B", ["A"]), task("C", ["A"]), task("D", ["C"]), task("E", ["B", "D"])]), echo())
    run.script = failing("wf.C")
    run.finish()
    run.script = { _, _ in .success }
    let next = try fork(run, "B")
    next.finish()
    #expect(next.state.phase == .succeeded)
    #expect(Set(next.made) == ["wf-abcde.B", "wf-abcde.C", "wf-abcde.D", "wf-abcde.E"])
  }

  @Test("what failed before it and was passed over stands as failed, its retries too") func failedBefore() throws {
    let run = workflow(
      dag([
        call("A", "flaky", extra: ["continueOn": ["failed": true]]),
        call("B", "show", ["x": "{{tasks.A.status}}"], extra: ["depends": "A"]), task("C", ["B"]),
      ]),
      echo("flaky", extra: ["retryStrategy": ["limit": 1]]), show, echo())
    run.script = { _, pod in pod.nodeName.hasPrefix("wf.A") || pod.nodeName == "wf.C" ? .failure : .success }
    run.finish()
    run.script = { _, _ in .success }
    let next = try fork(run, "B")
    next.finish()
    #expect(next.made == ["wf-abcde.B", "wf-abcde.C"])
    #expect(next.phase("wf-abcde.A") == "Failed")
    #expect(next.argument("wf-abcde.B") == "Failed")
    #expect(next.state.phase == .succeeded)
  }

  @Test("an attempt means its retry, with all its attempts") func attempts() throws {
    let run = workflow(steps([[call("a")], [call("r", "flaky")]]), echo("flaky", extra: ["retryStrategy": ["limit": 1]]), echo())
    run.script = { _, pod in pod.nodeName.contains(".r") ? .failure : .success }
    run.finish()
    run.script = failing("wf-abcde[1].r(0)")
    let next = try fork(run, "r(1)")
    next.finish()
    #expect(next.state.phase == .succeeded)
    #expect(next.made == ["wf-abcde[1].r(0)", "wf-abcde[1].r(1)"])
  }

  @Test("suspensions before it are over, daemons come up again, hooks before it stand") func others() throws {
    let run = workflow(
      steps([
        [call("w", "wait")], [call("d", "server"), call("a", extra: ["hooks": ["exit": ["template": "echo"]]])], [call("b")],
      ]), ["name": "wait", "suspend": [:]], echo("server", extra: ["daemon": true]), echo())
    run.script = { _, pod in pod.nodeName.hasSuffix(".d") ? .daemon : .success }
    run.send(.submitted)
    run.send(.commanded(.resume()))
    run.finish()
    #expect(run.state.phase == .succeeded)
    let next = try fork(run, "b")
    next.finish()
    #expect(next.state.phase == .succeeded)
    #expect(next.made == ["wf-abcde[1].d", "wf-abcde[2].b"])
    #expect(next.phase("wf-abcde[1].a.onExit") == "Succeeded")
  }

  @Test("a fork that fails can be retried and forked again") func again() throws {
    let run = workflow(dag([task("A"), task("B", ["A"]), task("C", ["B"])]), echo()).finish()
    run.script = failing("wf-abcde.C")
    let next = try fork(run, "B")
    next.finish()
    #expect(next.state.phase == .failed)
    next.script = { _, _ in .success }
    let third = next.begin(try next.state.fork(of: next.object, ForkRequest(node: "C"), suffix: "fghij"))
    third.finish()
    #expect(third.made == ["wf-fghij.C"])
    #expect(third.phase("wf-fghij.A") == "Succeeded")
    try next.retry(RetryRequest(restartsSuccessful: true, selector: NodeSelector("displayName=A")))
    next.finish()
    #expect(next.made == ["wf-abcde.A", "wf-abcde.B", "wf-abcde.C"])
    #expect(next.state.phase == .succeeded)
  }

  @Test("a node that is not one is refused, with what would be") func refusals() throws {
    let run = workflow(steps([[call("a"), call("b", extra: ["withItems": [1, 2]])]]), echo())
    run.send(.submitted)
    #expect(refusal(run, "a") == "Cannot fork a workflow in phase Running: stop it, or wait for its end")
    run.finish()
    #expect(refusal(run, "nothing").hasPrefix("no node of workflow wf is meant by \"nothing\""))
    #expect(refusal(run, "templateName=echo").hasPrefix("\"templateName=echo\" means 3 nodes (wf[0].a, wf[0].b(0:1), wf[0].b(1:2)): "))
    #expect(refusal(run, "a") { $0.outputs = [.init(node: "wf", name: "x", value: "")] }.hasPrefix("the outputs of wf come from"))
  }

  @Test("a node within an attempt that was tried again is refused: nothing came of it") func givenUp() throws {
    let run = workflow(steps([[call("a")], [call("b")]], extra: ["retryStrategy": ["limit": 1]]), echo())
    run.script = failing("wf(0)[1].b")
    run.finish()
    #expect(run.state.phase == .succeeded)
    #expect(
      refusal(run, "wf(0)[0].a") == "node wf(0)[0].a lies in wf(0), which was tried again: give the node of the last attempt")
    let next = try fork(run, "wf(1)[1].b")
    next.finish()
    #expect(next.state.phase == .succeeded && next.made.count == 1)
  }
}
