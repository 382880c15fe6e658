import Basics
import JSONValue
import Testing

@testable import CommandLine

@Suite("The tree of argo get") struct TreeTests {
  @Test("Steps with one and with several steps a group")
  func steps() {
    let workflow = Fixture.workflow(
      "wf",
      nodes: [
        node("wf", "Steps", children: ["g0"]),
        node("g0", "StepGroup", name: "wf[0]", display: "[0]", boundary: "wf", children: ["a"]),
        node("a", "Pod", name: "wf[0].a", display: "a", boundary: "wf", children: ["g1"]),
        node("g1", "StepGroup", name: "wf[1]", display: "[1]", boundary: "wf", start: 2, children: ["b", "c", "d"]),
        node("c", "Pod", name: "wf[1].c", display: "c", boundary: "wf", start: 2),
        node("d", "Pod", name: "wf[1].d", display: "d", boundary: "wf", start: 2),
        node("b", "Pod", name: "wf[1].b", display: "b", boundary: "wf", start: 2),
      ])
    #expect(Fixture.steps(workflow) == [" ✔ wf", " ├───✔ a", " └─┬─✔ b", "   ├─✔ c", "   └─✔ d"])
    #expect(
      Fixture.steps(workflow, glyphs: false)
        == [" Succeeded wf", " |---Succeeded a", " `-+-Succeeded b", "   |-Succeeded c", "   `-Succeeded d"])
  }

  @Test("A DAG within steps within a DAG continues the lines of its parents")
  func nested() {
    let workflow = Fixture.workflow(
      "wf",
      nodes: [
        node("wf", "DAG"),
        node("s", "Steps", name: "wf.s", display: "s", boundary: "wf", children: ["g"]),
        node("g", "StepGroup", name: "wf.s[0]", display: "[0]", boundary: "s", children: ["in", "x"]),
        node("in", "DAG", name: "wf.s[0].in", display: "in", boundary: "s"),
        node("p", "Pod", name: "wf.s[0].in.p", display: "p", boundary: "in"),
        node("q", "Pod", "Failed", name: "wf.s[0].in.q", display: "q", boundary: "in", start: 1),
        node("x", "Pod", name: "wf.s[0].x", display: "x", boundary: "s"),
        node("z", "Pod", "Error", name: "wf.z", display: "z", boundary: "wf", start: 3),
      ])
    #expect(
      Fixture.steps(workflow) == [
        " ✔ wf", " ├─✔ s", " │ └─┬─✔ in", " │   │ ├─✔ p", " │   │ └─✖ q", " │   └─✔ x", " └─⚠ z",
      ])
  }

  @Test("A retry of several attempts is a node, a retry of one attempt is hidden")
  func retries() {
    let workflow = Fixture.workflow(
      "wf",
      nodes: [
        node("wf", "DAG"),
        node("a", "Retry", name: "wf.a", display: "a", boundary: "wf", children: ["a0", "a1"]),
        node("a0", "Pod", "Failed", name: "wf.a(0)", display: "a(0)", boundary: "wf"),
        node("a1", "Pod", name: "wf.a(1)", display: "a(1)", boundary: "wf", start: 2),
        node("b", "Retry", name: "wf.b", display: "b", boundary: "wf", start: 3, children: ["b0"]),
        node("b0", "Pod", name: "wf.b(0)", display: "b(0)", boundary: "wf", start: 3),
      ])
    #expect(Fixture.steps(workflow) == [" ✔ wf", " ├─✔ a", " │ ├─✖ a(0)", " │ └─✔ a(1)", " └─✔ b(0)"])
  }

  @Test("Items of a loop that started together stand in order of their index; the task group is not drawn")
  func loops() {
    var nodes = [node("wf", "DAG"), node("l", "TaskGroup", name: "wf.l", display: "l", boundary: "wf")]
    for index in [10, 2, 9, 0, 11, 1] {
      nodes.append(node("l\(index)", "Pod", name: "wf.l(\(index):x)", display: "l(\(index):x)", boundary: "wf"))
    }
    let steps = Fixture.steps(Fixture.workflow("wf", nodes: nodes))
    #expect(steps == [" ✔ wf", " ├─✔ l(0:x)", " ├─✔ l(1:x)", " ├─✔ l(2:x)", " ├─✔ l(9:x)", " ├─✔ l(10:x)", " └─✔ l(11:x)"])
  }

  @Test("Skipped nodes are shown, omitted ones are not, and states have their icons")
  func icons() {
    let workflow = Fixture.workflow(
      "wf", phase: "Running",
      nodes: [
        node("wf", "DAG", "Running", end: nil),
        node("a", "Skipped", "Skipped", display: "a", boundary: "wf"),
        node("b", "Skipped", "Omitted", display: "b", boundary: "wf"),
        node("c", "Pod", "Pending", display: "c", boundary: "wf", end: nil),
        node("d", "Suspend", "Running", display: "d", boundary: "wf", end: nil),
        node("e", "Suspend", "Succeeded", display: "e", boundary: "wf"),
      ])
    #expect(Fixture.steps(workflow) == [" ● wf", " ├─○ a", " ├─◷ c", " ├─ǁ d", " └─✔ e"])
    #expect(
      Fixture.steps(workflow, glyphs: false)
        == [" Running wf", " |-Skipped a", " |-Pending c", " |-Suspend d", " `-Succeeded e"])
    #expect(WorkflowText.status(workflow) == "Running (Suspended)")
  }

  @Test("The tree of the exit handler follows after an empty row")
  func exitHandler() {
    let hash = fnv1a32("wf.onExit")
    let nodes = [
      node("wf", "Pod", template: "main"), node("wf-\(hash)", "Pod", name: "wf.onExit", template: "bye", start: 2, end: 4),
    ]
    let lines = Fixture.tree(Fixture.workflow("wf", nodes: nodes))
    #expect(lines.count == 4)
    #expect(lines[0].hasPrefix("STEP          TEMPLATE  PODNAME"))
    #expect(lines[1].hasPrefix(" ✔ wf         main      wf "))
    #expect(lines[2] == "")
    #expect(lines[3] == " ✔ wf.onExit  bye       wf-bye-\(hash)  2s")
  }

  @Test("Wide adds artifacts, resources and the node's host")
  func wide() {
    let more: JSONObject = [
      "outputs": ["artifacts": [["name": "a"], ["name": "b"]]], "resourcesDuration": ["memory": 3, "cpu": 65],
      "hostNodeName": "here",
    ]
    let workflow = Fixture.workflow("wf", nodes: [node("wf", "Pod", template: "main", message: "done", more: more)])
    #expect(
      Fixture.tree(workflow, form: .wide).suffix(2) == [
        "STEP   TEMPLATE  PODNAME  DURATION  ARTIFACTS  MESSAGE  RESOURCESDURATION               NODENAME",
        " ✔ wf  main      wf       1s        a,b        done     1m5s*(1 cpu),3s*(100Mi memory)  here",
      ])
  }

  @Test("A template reference is shown with its owner, and pods have their version 2 or version 1 names")
  func references() {
    let reference: JSONObject = ["templateRef": ["name": "lib", "template": "run"]]
    let nodes = [node("wf", "DAG"), node("wf-1", "Pod", name: "wf.a", display: "a", template: nil, boundary: "wf", more: reference)]
    var workflow = Fixture.workflow("wf", nodes: nodes)
    #expect(Fixture.tree(workflow)[2].contains("lib/run   wf-run-\(fnv1a32("wf.a"))  1s"))
    workflow["metadata"]?["annotations"] = ["workflows.argoproj.io/pod-name-format": "v1"]
    #expect(Fixture.tree(workflow)[2].contains("lib/run   wf-1     1s"))
  }

  @Test("Colours are painted only where there are any, and do not shift the columns")
  func colors() {
    let workflow = Fixture.workflow("wf", nodes: [node("wf", "Pod", "Failed", message: "exit code 1")])
    let plain = WorkflowText.get(workflow, form: .short, context: Fixture.context())
    let colored = WorkflowText.get(workflow, form: .short, context: Fixture.context(color: true))
    #expect(!plain.contains("\u{1B}"))
    #expect(colored.contains(" \u{1B}[31m✖\u{1B}[0m wf  t "))
    #expect(Printable.block(colored) == plain)
  }

  @Test("Hidden nodes leave their children in place")
  func filter() {
    let workflow = Fixture.workflow(
      "wf", nodes: [node("wf", "DAG", "Failed"), node("a", "Pod", boundary: "wf"), node("b", "Pod", "Failed", boundary: "wf")])
    let text = WorkflowText.get(workflow, form: .short, context: Fixture.context()) { $0["phase"]?.string == "Failed" }
    #expect(text.contains("✖ b") && !text.contains("✔ a"))
  }

  @Test("Broken nodes do not trap: cycles, unknown children, missing fields")
  func broken() {
    let workflow = Fixture.workflow(
      "wf",
      nodes: [
        node("wf", "Steps", children: ["g"]), node("g", "StepGroup", boundary: "wf", children: ["h", "nobody"]),
        node("h", "StepGroup", boundary: "wf", children: ["g"]), ("x", [:]), ("y", 3), node("r", "Retry", boundary: "r", children: ["r"]),
      ])
    #expect(Fixture.steps(workflow) == [" ✔ wf"])
    #expect(WorkflowText.get([:], context: Fixture.context()).hasPrefix("Name:"))
  }

  @Test("A hundred thousand nodes are drawn")
  func large() {
    var nodes = [node("wf", "DAG", "Running", end: nil)]
    for index in 0..<100_000 { nodes.append(node("n\(index)", "Pod", display: "n(\(index):x)", boundary: "wf")) }
    let workflow = Fixture.workflow("wf", phase: "Running", nodes: nodes)
    #expect(TreeText(workflow: workflow, form: .standard, context: Fixture.context())?.rowCount == 100_001)
  }
}
