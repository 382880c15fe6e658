import Basics
import JSONValue
import KubeModel
import Testing
import Validation
import WorkflowCore

@testable import WorkflowTesting

@Suite struct ExplanationTests {
  /// The Workflow object of a rehearsed run, as a store has it.
  private func explanation(_ text: String, _ outcome: @escaping (RehearsedStep) -> StepOutcome) throws -> Explanation {
    let loaded = ManifestLoader(defaultNamespace: "default").load(Array(text.utf8), file: "a.yaml")
    let workflow = try #require(loaded.manifests.first?.resource)
    var rehearsal = Rehearsal(workflow: workflow, resources: [], start: Instant(seconds: 1_700_000_000), outcome: outcome)
    rehearsal.run()
    var stored = workflow
    stored.json["status"] = rehearsal.state.status()
    stored.json["argosyHistory"] = rehearsal.state.history
    return Explanation(stored)
  }

  private static let text = """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {name: wf}
    spec:
      entrypoint: main
      arguments: {parameters: [{name: side, value: heads}]}
      templates:
      - name: main
        dag:
          tasks:
          - {name: flip, template: flip}
          - {name: win, template: say, depends: flip, when: "{{tasks.flip.outputs.result}} == {{workflow.parameters.side}}"}
          - {name: lose, template: shaky, depends: flip.Succeeded && !win.Failed, when: "{{tasks.flip.outputs.result}} != {{workflow.parameters.side}}"}
          - {name: each, template: say, depends: lose, withItems: [a, b]}
      - {name: flip, script: {image: python, command: [python], source: x}}
      - {name: say, container: {image: alpine}}
      - {name: shaky, retryStrategy: {limit: 1, retryPolicy: Always}, container: {image: alpine}}
    """

  @Test("a node is explained by what it waited for, its condition and the values that it saw, its attempts")
  func node() throws {
    let explanation = try explanation(Self.text) { step in
      var outcome = StepOutcome()
      if step.template["name"] == "flip" { outcome.outputs = ["result": "tails"] }
      if step.template["name"] == "shaky" { (outcome.phase, outcome.exitCode) = (.failed, 7) }
      return outcome
    }
    #expect(
      explanation.node("win") == """
        win (Skipped of say): Skipped: when 'tails == heads' evaluated false
          depends: flip
            flip is Succeeded
          when: {{tasks.flip.outputs.result}} == {{workflow.parameters.side}} was false
            it read: tails == heads
            {{tasks.flip.outputs.result}} was tails
            {{workflow.parameters.side}} was heads

        """)
    let lose = try #require(explanation.node("lose"))
    #expect(lose.contains("lose (Retry of shaky): Failed: No more retries left\n  depends: flip.Succeeded && !win.Failed\n"))
    #expect(lose.contains("    win is Skipped\n"))
    #expect(lose.contains(" was true\n    it read: tails != heads\n    {{tasks.flip.outputs.result}} was tails\n"))
    #expect(
      lose.contains(
        "  retryStrategy: at most 1 more attempts, Always\n    lose(0): Failed after 1s: main: Error (exit code 7)\n    lose(1): Failed"))
    #expect(lose.contains("  because lose(1) ended Failed: main: Error (exit code 7)\n"))
    #expect(try #require(explanation.node("each")).contains("depends: lose\n    lose is Failed\n"))
    #expect(lose.contains("  after 1.0s: its condition was true\n  after 2.0s: attempt 0 Failed (exit code 7): tried again\n"), "\(lose)")
    #expect(explanation.node("nowhere") == nil)
    let overview = explanation.overview()
    #expect(overview.hasPrefix("wf: Failed\n  because lose(1) ended Failed: main: Error (exit code 7)\n"), "\(overview)")
    #expect(!overview.contains("lose(0)"), "the last attempt decided: \(overview)")
    #expect(overview.contains("  win did not run: when 'tails == heads' evaluated false\n"))
    #expect(overview.contains("  each did not run: omitted: depends condition not met\n"))
    #expect(overview.contains("  lose was tried 2 times: Failed\n"))
  }

  @Test("what depends on the items of a loop says how they ended, and whether each result that it asks for held")
  func items() throws {
    let text = """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: wf}
      spec:
        entrypoint: main
        templates:
        - name: main
          dag:
            tasks:
            - {name: A, template: say, withItems: [x, w, z]}
            - {name: all, template: say, depends: A.AllFailed}
            - {name: any, template: say, depends: A.AnySucceeded && !A.Errored}
        - {name: say, container: {image: alpine}}
      """
    let explanation = try explanation(text) { step in
      var outcome = StepOutcome()
      if step.nodeName.contains("A(0") || step.nodeName.contains("A(2") { outcome.phase = .failed }
      return outcome
    }
    #expect(
      explanation.node("all") == """
        all (Skipped of say): Omitted: omitted: depends condition not met
          depends: A.AllFailed
            A is Failed: 2 of 3 items Failed: A(0:x), A(2:z); 1 Succeeded: A(1:w)
            A.AllFailed was false

        """)
    let any = try #require(explanation.node("any"))
    #expect(any.contains("; 1 Succeeded: A(1:w)\n    A.AnySucceeded was true\n    A.Errored was false\n"), "\(any)")
  }

  @Test("what a cache gave is said to have come from there, with its key")
  func memoized() throws {
    let text = """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: wf}
      spec:
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: one, template: kept}
          - - {name: two, template: kept}
        - {name: kept, memoize: {key: "k-{{workflow.name}}", cache: {configMap: {name: store}}}, container: {image: alpine}}
      """
    let explanation = try explanation(text) { _ in StepOutcome() }
    let (one, two) = (try #require(explanation.node("one")), try #require(explanation.node("two")))
    #expect(one.contains("  memoize: the entry \"k-wf\" of the cache store was not there or too old, so it ran\n"))
    #expect(two.contains("  memoize: its outputs are the entry \"k-wf\" of the cache store; it did not run itself\n"))
  }

  @Test("what waits says for what")
  func waiting() throws {
    let text = """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: wf}
      spec:
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: ask, template: ask}
            - {name: one, template: one}
            - {name: two, template: one}
        - {name: ask, suspend: {}}
        - {name: one, synchronization: {mutexes: [{name: only}]}, container: {image: alpine}}
      """
    let explanation = try explanation(text) { _ in
      var outcome = StepOutcome()
      outcome.staysUp = true
      return outcome
    }
    #expect(explanation.overview().contains("  ask waits: for somebody to resume it\n"))
    #expect(try #require(explanation.node("two")).contains("  it waits: for the lock default/Mutex/only\n"))
    #expect(try #require(explanation.node("one")).hasPrefix("one (Pod of one): "))
    #expect(try #require(explanation.node("two")).contains("  after 0.0s: Waiting for default/Mutex/only lock. Lock status: 0/1\n"))
  }

  private static let staying: @Sendable (RehearsedStep) -> StepOutcome = { step in
    var outcome = StepOutcome()
    outcome.staysUp = step.nodeName.contains("long")
    if step.nodeName.contains("bad") { outcome.phase = .failed }
    return outcome
  }

  @Test("of what has not begun is said what it waits for: tasks, groups, a place, what is not begun itself")
  func unbegun() throws {
    let text = """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: wf}
      spec:
        entrypoint: main
        onExit: pod
        templates:
        - name: main
          dag:
            tasks:
            - {name: quick, template: pod}
            - {name: long, template: pod}
            - {name: after, template: inner, depends: quick && long, when: "{{tasks.long.status}} == Succeeded"}
            - {name: last, template: pod, depends: after}
            - {name: groups, template: groups}
            - {name: narrow, template: narrow}
        - name: groups
          steps:
          - - {name: long-one, template: pod}
            - {name: short, template: pod}
          - - {name: next, template: pod}
          - - {name: third, template: pod}
        - name: narrow
          parallelism: 1
          steps:
          - - {name: long-first, template: pod}
            - {name: second, template: pod}
        - name: inner
          steps: [[{name: deep, template: pod}]]
        - {name: pod, container: {image: alpine}}
      """
    let explanation = try explanation(text, Self.staying)
    #expect(
      explanation.node("after") == """
        after (task of main): has not begun
          depends: quick && long
            quick is Succeeded
            long is Running
          it waits for long, which is Running
          when: {{tasks.long.status}} == Succeeded was not looked at

        """)
    #expect(explanation.node("last")?.contains("  it waits for after, which has not begun\n") == true)
    #expect(explanation.node("next")?.contains("  it waits for group 0: long-one is Running\n") == true)
    #expect(explanation.node("groups.third")?.contains("  it waits for group 0: long-one is Running\n") == true)
    #expect(
      explanation.node("second")?.contains(
        "  it waits for a place: narrow runs at most 1 at once (parallelism), and these run: narrow.long-first\n") == true)
    let deep = try #require(explanation.node("after.deep"))
    #expect(deep.hasPrefix("after.deep: has not begun, since after has not\n\nafter (task of main): has not begun\n"), "\(deep)")
    #expect(explanation.node("deep")?.contains("it is a step of the template inner, which no node has come to") == true)
    #expect(explanation.node("onExit") == "onExit: has not begun\n  pod runs when the workflow is over\n")
    #expect(explanation.node("after.nothing") == nil)
  }

  @Test("of what never began is said what ended before, and a suspended workflow says so")
  func never() throws {
    let text = """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: wf}
      spec:
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: bad, template: pod}
          - - {name: next, template: pod, when: "{{workflow.name}} == wf"}
        - {name: pod, container: {image: alpine}}
      """
    let over = try explanation(text, Self.staying)
    #expect(
      over.node("next") == """
        next (step of main): has not begun
          its group came after group 0:
            bad is Failed
          its group was never reached: bad ended Failed in group 0
          when: {{workflow.name}} == wf was not looked at

        """)
    let unbegun = try explanation(text.replacing("entrypoint: main", with: "entrypoint: main\n  suspend: true"), Self.staying)
    #expect(unbegun.node("next")?.hasPrefix("next: has not begun, since the workflow has not") == true, "\(unbegun.node("next") ?? "")")
  }

  @Test("a suspended run says that it waits, as what has not begun in it does; one that is over does not")
  func suspended() throws {
    let text = """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: wf}
      spec:
        entrypoint: main
        templates:
        - name: main
          dag: {tasks: [{name: long, template: pod}, {name: next, template: pod, depends: long}]}
        - {name: pod, container: {image: alpine}}
      """
    func suspended(_ explanation: Explanation) -> Explanation {
      var workflow = explanation.workflow
      workflow.json["spec"]?["suspend"] = true
      return Explanation(workflow)
    }
    let running = try explanation(text, Self.staying)
    #expect(running.overview() == "wf: Running\n")
    #expect(suspended(running).overview() == "wf: Running\n  it waits: the workflow is suspended\n")
    let over = try explanation(text) { _ in StepOutcome() }
    #expect(suspended(over).overview() == "wf: Succeeded\n")
    let unbegun = try explanation(text.replacing("entrypoint: main", with: "entrypoint: main\n  suspend: true"), Self.staying)
    #expect(unbegun.overview().hasSuffix("\n  it waits: the workflow is suspended\n"), "\(unbegun.overview())")
  }

  @Test("a history is bounded: the first transitions and the last")
  func bounded() throws {
    let text = """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: wf}
      spec:
        entrypoint: main
        templates:
        - {name: main, retryStrategy: {limit: 60, expression: "asInt(lastRetry.exitCode) > 1"}, container: {image: alpine}}
      """
    let explanation = try explanation(text) { _ in
      var outcome = StepOutcome()
      (outcome.phase, outcome.exitCode) = (.failed, 2)
      return outcome
    }
    let lines = try #require(explanation.node("wf")).split(separator: "\n").filter { $0.hasPrefix("  after ") }
    #expect(lines.count == 24)
    #expect(lines.first == "  after 1.0s: attempt 0 Failed (exit code 2): tried again, since asInt(lastRetry.exitCode) > 1 was true")
    #expect(lines[8].hasPrefix("  after 45.0s: attempt 44 "), "\(lines[8])")
  }
}
