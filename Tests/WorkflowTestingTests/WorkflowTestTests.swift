import CheckoutKit
import JSONValue
import Testing
import Validation

@testable import WorkflowTesting

/// Runs the tests of a file beside others, all in memory.
func run(_ test: String, _ files: [String: String]) throws -> [TestResult] {
  var diagnostics: [Diagnostic] = []
  var loader = WorkflowTestLoader { name in
    guard let text = name == "a.test.yaml" ? test : files[name] else { throw Missing(name: name) }
    return Array(text.utf8)
  }
  let tests = try loader.tests(in: "a.test.yaml", diagnostics: &diagnostics)
  #expect(diagnostics.isEmpty, "\(DiagnosticReport(diagnostics).simple)")
  return tests.map { $0.run() }
}

struct Missing: Error { var name: String }

func failures(_ result: TestResult) -> [String] { result.failures.map { "\($0.what): expected \($0.expected), got \($0.actual)" } }

@Suite struct WorkflowTestTests {
  static let coin = """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {generateName: coin-}
    spec:
      entrypoint: main
      arguments: {parameters: [{name: side, value: heads}]}
      templates:
      - name: main
        steps:
        - - {name: flip, template: flip}
        - - {name: win, template: say, when: "{{steps.flip.outputs.result}} == {{workflow.parameters.side}}"}
          - {name: lose, template: say, when: "{{steps.flip.outputs.result}} != {{workflow.parameters.side}}"}
      - name: flip
        retryStrategy: {limit: 3, backoff: {duration: 1m, factor: 2}}
        script: {image: python, command: [python], source: print("heads")}
      - name: say
        container: {image: alpine}
      - name: never
        suspend: {}
    """

  private func test(_ spec: String) -> String { "apiVersion: argosy/v1\nkind: WorkflowTest\nmetadata: {name: coin}\nspec:\n" + spec }

  @Test("what is misspelt in a test fails it: arguments, outputs, mocks that fit no step, actions that come too late")
  func misspelt() throws {
    func messages(_ spec: String) throws -> [String] { try run(test(spec), ["a.yaml": Self.coin]).flatMap(failures) }
    let good = "  mocks: [{template: flip, outputs: {result: heads}}]\n"
    #expect(try messages(good) == [])
    #expect(try messages(good + "  arguments: {sied: heads}").contains("arguments: expected names that the workflow has, got sied"))
    #expect(
      try messages("  mocks: [{template: flip, outputs: {result: heads, imag: x}}]").contains {
        $0.contains("template flip declares no output parameter \"imag\" (it declares none)")
      })
    #expect(
      try messages(good + "  cases: [{name: a, mocks: [{template: flip, when: attempt == 7, outputs: {result: heads}}]}]").contains(
        "mocks: expected a step of template flip, got none began"))
    #expect(
      try messages(good + "  actions: [{at: 30h, do: stop}]").contains {
        $0.hasPrefix("actions: expected a run that goes on until 108000s, got over after")
      })
  }

  @Test("mocks decide, cases vary, both branches count as covered")
  func cases() throws {
    let results = try run(
      test(
        """
          mocks:
          - {template: flip, outputs: {result: heads}}
          expect: {nodes: {lose: {phase: Skipped}}}
          cases:
          - name: heads
            expect: {phase: Succeeded, nodes: {win: {phase: Succeeded}}, order: [[flip, win]]}
          - name: tails
            mocks: [{node: flip, outputs: {result: tails}}]
            expect: {nodes: {win: {phase: Skipped, message: "when 'tails == heads' *"}, lose: {phase: Succeeded}}}
          - name: other side
            arguments: {side: tails}
            expect: {nodes: {win: {phase: Skipped}, lose: {phase: Succeeded}}, that: ["nodes['flip'].outputs.result == 'heads'"]}
        """), ["a.yaml": Self.coin])
    #expect(results.map(\.test.name) == ["coin/heads", "coin/tails", "coin/other side"])
    for result in results { #expect(failures(result) == []) }
    var coverage = Coverage()
    coverage.add(results[0].coverage)
    #expect(coverage.text.contains("never false: main.win when"))
    #expect(coverage.text.contains("never true: main.lose when"))
    for result in results { coverage.add(result.coverage) }
    #expect(coverage.text == "a.yaml: 3 of 4 templates, 4 of 4 branches\n  never run: template never\n")
  }

  @Test("a step fails twice and then succeeds; waiting takes no time but counts")
  func attempts() throws {
    let mock = "  mocks: [{template: flip, attempts: [{exitCode: 3}, {phase: Failed, message: too slow}, {outputs: {result: heads}}]}]\n"
    let results = try run(
      test(
        mock
          + "  expect: {phase: Succeeded, duration: 184s, nodes: {flip: {attempts: 3, phase: Succeeded}, 'flip(0)': {message: '*exit code 3*'}, 'flip(1)': {message: too slow}}}"
      ),
      ["a.yaml": Self.coin])
    #expect(failures(results[0]) == [])
  }

  @Test("what is not as expected is told with what came")
  func failing() throws {
    let results = try run(
      test(
        """
          mocks: [{template: flp, phase: Failed}, {template: flip, phase: Failed}]
          expect:
            phase: Succeeded
            order: [[win, flip]]
            nodes: {flip: {attempts: 2}, win: {phase: Succeeded}}
            that: ["parallelism > 1", "nodes.nowhere.phase == 'x'"]
        """), ["a.yaml": Self.coin])
    let found = failures(results[0])
    #expect(found.contains("mocks: expected a step of template flp, got none began"))
    #expect(found.contains("phase: expected Succeeded, got Failed"))
    #expect(found.contains("nodes.flip.attempts: expected 2, got 4"))
    #expect(found.contains { $0.hasPrefix("nodes.win: expected a node, got no such node (there are: flip") })
    #expect(found.contains("that: expected parallelism > 1, got false"))
    #expect(found.contains { $0.hasPrefix("that: expected nodes.nowhere.phase") })
    let report = TestReport(results)
    #expect(report.pretty(isColored: false).contains("    nodes.flip.attempts\n      - 2\n      + 4\n"))
    #expect(report.tap.hasPrefix("TAP version 14\n1..1\nnot ok 1 - coin\n"))
    #expect(report.junit.contains("<testsuites tests=\"1\" failures=\"1\">"))
    #expect(report.json[0]?["passed"] == false)
  }

  private static let approval = """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {name: release}
    spec:
      entrypoint: main
      onExit: tell
      templates:
      - name: main
        dag:
          tasks:
          - {name: build, template: build, withItems: [a, b, c], arguments: {parameters: [{name: what, value: "{{item}}"}]}}
          - {name: approve, template: approve, depends: build}
          - {name: ship, template: build, depends: approve, arguments: {parameters: [{name: what, value: "{{tasks.approve.outputs.parameters.who}}"}]}}
      - name: approve
        suspend: {duration: 24h}
        outputs: {parameters: [{name: who, valueFrom: {supplied: {}, default: nobody}}]}
      - name: build
        inputs: {parameters: [{name: what}]}
        container: {image: alpine, args: ["{{inputs.parameters.what}}"]}
        outputs: {parameters: [{name: image, valueFrom: {path: /image}}]}
      - name: tell
        http: {url: "http://localhost/{{workflow.status}}"}
    """

  @Test("actions at times resume, set outputs and stop; mocks compute from inputs; loops overlap")
  func actions() throws {
    let results = try run(
      test(
        """
          mocks:
          - {template: build, when: "inputs.parameters.what == 'b'", duration: 10m, outputs: {image: "{{=inputs.parameters.what + '!'}}"}}
          - {template: build, duration: 1m, outputs: {image: "img-{{inputs.parameters.what}}"}}
          cases:
          - name: approved
            actions:
            - {at: 1h, do: set, node: approve, outputs: {who: ann}}
            - {at: 2h, do: resume, node: approve}
            expect:
              duration: 7261s
              parallelism: 3
              nodes:
                build: {count: 3}
                "build(1:b)": {outputs: {image: b!}, duration: 10m}
                "build(0:a)": {outputs: {image: img-a}}
                ship: {inputs: {what: ann}}
                onExit: {phase: Succeeded}
              overlap: [["build(0:a)", "build(1:b)"]]
              order: [[build, approve, ship]]
          - name: nobody comes
            expect: {phase: Succeeded, nodes: {ship: {inputs: {what: nobody}}}, that: ["workflow.duration > 86400"]}
          - name: refused
            actions: [{at: 1h, do: stop, node: approve, message: refused}]
            expect: {phase: Failed, nodes: {approve: {phase: Failed, message: refused}, ship: {phase: Omitted}}}
        """), ["a.yaml": Self.approval])
    for result in results { #expect(failures(result) == [], "\(result.test.name)\n\(result.tree.joined(separator: "\n"))") }
  }

  @Test("a run that waits for somebody ends the test, and says so")
  func waiting() throws {
    let text = Self.approval.replacing("{duration: 24h}", with: "{}")
    let results = try run(test("  expect: {phase: Running, nodes: {approve: {phase: Running}, ship: {phase: Absent}}}"), ["a.yaml": text])
    #expect(failures(results[0]) == [])
    #expect(results[0].tree.last == "the run waits and nothing is left to happen")
  }

  @Test("locks, parallelism and daemons are the engine's own")
  func limits() throws {
    let text = """
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: locks}
      data: {two: "2"}
      ---
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: locked}
      spec:
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: db, template: db}
          - - {name: use, template: use, withSequence: {count: 5}}
        - {name: db, daemon: true, container: {image: alpine}}
        - name: use
          synchronization: {semaphores: [{configMapKeyRef: {name: locks, key: two}}]}
          container: {image: alpine}
      """
    let results = try run(
      test(
        "  mocks: [{template: use, duration: 10s}]\n  expect: {phase: Succeeded, duration: 30s, parallelism: 3, nodes: {db: {phase: Succeeded}}}"
      ),
      ["a.yaml": text])
    #expect(failures(results[0]) == [])
  }

  @Test("what is wrong with a test file is said with its place")
  func wrong() throws {
    var diagnostics: [Diagnostic] = []
    var loader = WorkflowTestLoader { _ in Array(self.test("  expect: {phse: Failed}\n  mocks: [{phase: Faild}]\n").utf8) }
    _ = try loader.tests(in: "b.yaml", diagnostics: &diagnostics)
    #expect(diagnostics.map(\.message).first?.contains("did you mean \"phase\"?") == true)
    #expect(diagnostics.first?.position.map { "\($0)" } == "5:12")
    #expect(diagnostics.contains { $0.message.contains("Faild") })
    #expect(throws: WorkflowTestLoader.Failure.self) {
      var empty = WorkflowTestLoader { _ in Array(self.test("  expect: {phase: Failed}\n").utf8) }
      _ = try empty.tests(in: "b.yaml", diagnostics: &diagnostics)
    }
  }

  @Test(
    "names with items and attempts",
    arguments: [("wf[0].a(1:x)[1].b(0)", "a(1:x).b(0)"), ("wf", ""), ("wf.a.b", "a.b"), ("wf.onExit", ".onExit")])
  func paths(name: String, path: String) {
    #expect(NodeView.path(name, workflow: "wf") == (path.hasPrefix(".") ? String(path.dropFirst()) : path))
  }
}

@Suite struct ExampleTests {
  static let files = manifestFiles(below: "\(packageRoot)/examples").filter { $0.hasSuffix(".test.yaml") }

  @Test("the tests of the examples pass", arguments: files)
  func examples(file: String) throws {
    var diagnostics: [Diagnostic] = []
    var loader = WorkflowTestLoader { name in
      guard let found = bytes(ofFile: name) else { throw Missing(name: name) }
      return found
    }
    let tests = try loader.tests(in: file, diagnostics: &diagnostics)
    #expect(diagnostics.isEmpty, "\(DiagnosticReport(diagnostics).simple)")
    #expect(!tests.isEmpty)
    let report = TestReport(tests.map { $0.run() })
    #expect(report.failed.isEmpty, "\(report.pretty(isColored: false))")
  }

  @Test("there are tests of a dozen examples") func count() { #expect(Self.files.count >= 12) }
}
