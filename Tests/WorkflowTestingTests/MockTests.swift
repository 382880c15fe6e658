import JSONValue
import Testing

@testable import WorkflowTesting

@Suite struct MockTests {
  private func test(_ spec: String) -> String { "apiVersion: argosy/v1\nkind: WorkflowTest\nmetadata: {name: t}\nspec:\n" + spec }

  private static let approval = """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {name: release}
    spec:
      entrypoint: main
      templates:
      - name: main
        steps:
        - - {name: approve, template: approve, arguments: {parameters: [{name: stage, value: prod}]}}
        - - {name: ship, template: ship, arguments: {parameters: [{name: who, value: "{{steps.approve.outputs.parameters.who}}"}]}}
      - name: approve
        inputs: {parameters: [{name: stage}]}
        suspend: {duration: 24h}
        outputs: {parameters: [{name: who, valueFrom: {supplied: {}}}]}
      - name: ship
        inputs: {parameters: [{name: who}]}
        container: {image: alpine, args: ["{{inputs.parameters.who}}"]}
    """

  @Test("a mock ends a suspension: after its duration, with its outputs, in its phase; what is said of all steps ends none")
  func suspensions() throws {
    let results = try run(
      test(
        """
          mocks: [{duration: 1m}]
          cases:
          - name: approved
            mocks: [{template: approve, when: inputs.parameters.stage == 'prod', duration: 2h, outputs: {who: "ann of {{inputs.parameters.stage}}"}}]
            expect: {phase: Succeeded, duration: 7260s, nodes: {ship: {inputs: {who: ann of prod}}}}
          - name: refused
            mocks: [{node: approve, phase: Failed, message: not today}]
            expect: {phase: Failed, duration: 1s, nodes: {approve: {phase: Failed, message: not today}, ship: {phase: Absent}}}
          - name: too late
            mocks: [{template: approve, duration: 10h, outputs: {who: ann}}]
            actions:
            - {at: 1h, do: set, node: approve, outputs: {who: bob}}
            - {at: 1h, do: resume, node: approve}
            expect: {phase: Succeeded, duration: 3660s, nodes: {ship: {inputs: {who: bob}}}}
          - name: no outputs
            mocks: [{template: approve, duration: 1h}]
            expect: {phase: Succeeded}
        """), ["a.yaml": Self.approval])
    for result in results.prefix(3) { #expect(failures(result) == [], "\(result.test.name)\n\(result.tree.joined(separator: "\n"))") }
    #expect(
      failures(results[3]).contains { $0.hasPrefix("actions: expected accepted, got ") && $0.contains("who") }, "\(failures(results[3]))")
  }

  private static let set = """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {name: ci}
    spec:
      entrypoint: main
      templates:
      - name: main
        retryStrategy: {limit: 1}
        containerSet:
          containers:
          - {name: build, image: alpine}
          - {name: check, image: alpine, dependencies: [build]}
          - {name: main, image: alpine, dependencies: [check]}
          - {name: other, image: alpine}
    """

  @Test("a mock says how the containers of a container set end; what depends on one that failed has not run")
  func containers() throws {
    let results = try run(
      test(
        """
          mocks: [{template: main, attempts: [{containers: {check: {exitCode: 3}}}, {containers: {build: {exitCode: 0}}}]}]
          expect:
            phase: Succeeded
            nodes:
              ci(0): {phase: Failed}
              "(0)": {phase: Failed, message: "check: Error (exit code 3)"}
              "(0).build": {phase: Succeeded}
              "(0).check": {phase: Failed, message: "check: Error (exit code 3)*"}
              "(0).main": {phase: Error, message: "main: Error (exit code 64)*"}
              "(0).other": {phase: Succeeded}
              "(1).main": {phase: Succeeded}
        """), ["a.yaml": Self.set])
    #expect(failures(results[0]) == [], "\(results[0].tree.joined(separator: "\n"))")
    let wrong = try run(
      test("  mocks: [{template: main, containers: {biuld: {exitCode: 3}, build: {exitCode: many}}}]"), ["a.yaml": Self.set])
    let found = failures(wrong[0])
    #expect(found.contains { $0.contains("template main has no container \"biuld\" (it has build, check, main, other)") }, "\(found)")
    #expect(found.contains { $0.contains("the exitCode of a mock's container build is 'many'") }, "\(found)")
  }

  @Test("a result that others read and no mock gives is told with what to write")
  func results() throws {
    let found = try run(test("  expect: {phase: Succeeded}"), ["a.yaml": WorkflowTestTests.coin]).flatMap(failures)
    #expect(
      found.contains(
        "mocks: expected a result of 'flip', which others read, got no mock gives one: add - {template: flip, outputs: {result: …}}"),
      "\(found)")
    let passed = try run(test("  expect: {nodes: {flip: {phase: Succeeded}}}"), ["a.yaml": WorkflowTestTests.coin])
    #expect(passed.flatMap(failures) == [], "a test that is content is not told of it")
  }

  private static func reader(_ fields: String, outputs: String = "") -> String {
    """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {name: reads}
    spec:
      entrypoint: main
      templates:
      - name: main
        steps:
        - - {name: flip, template: coin\(fields.hasPrefix("hooks") ? ", " + fields : "")}
        - - {name: then, template: say\(fields.isEmpty || fields.hasPrefix("hooks") ? "" : ", " + fields)}
        \(outputs)
      - {name: coin, container: {image: a}, outputs: {parameters: [{name: side, valueFrom: {path: /side}}]}}
      - {name: say, inputs: {parameters: [{name: p, value: v}]}, container: {image: a, args: ["{{inputs.parameters.p}}"]}}
    """
  }

  static let readers: [(name: String, workflow: String)] = [
    ("when", reader("when: \"{{=steps.flip.outputs.result == 'heads'}}\"")),
    ("a condition of two parts", reader("when: \"{{=steps['flip'].outputs.result == 'heads' && true}}\"")),
    ("an argument", reader("arguments: {parameters: [{name: p, value: \"{{=sprig.upper(steps.flip.outputs.result)}}\"}]}")),
    ("an exit hook", reader("hooks: {exit: {template: say, expression: \"steps.flip.outputs.result contains 'h'\"}}")),
    (
      "a hook",
      reader("hooks: {h: {template: say, expression: \"steps.flip.status == 'Succeeded' && steps['flip'].outputs.result == 'heads'\"}}")
    ),
    (
      "an output",
      reader("", outputs: "outputs: {parameters: [{name: o, valueFrom: {expression: \"sprig.upper(steps.flip.outputs.result)\"}}]}")
    ),
    (
      "an exit hook of a task",
      reader("hooks: {exit: {template: say, expression: \"tasks.flip.outputs.result == 'heads'\"}}")
        .replacing("steps:\n    - - {name: flip", with: "dag: {tasks: [{name: flip").replacing(
          "}}}\n    - - {name: then", with: "}}}, {name: then"
        )
        .replacing("template: say}\n    \n", with: "template: say}]}\n")
    ),
  ]

  @Test("so is one that only an expression reads, wherever it stands", arguments: readers)
  func expressions(_ reader: (name: String, workflow: String)) throws {
    let found = try run(test("  expect: {phase: Succeeded, nodes: {nobody: {phase: Succeeded}}}"), ["a.yaml": reader.workflow]).flatMap(
      failures)
    #expect(
      found.contains(
        "mocks: expected a result of 'flip', which others read, got no mock gives one: add - {template: coin, outputs: {result: …}}"),
      "\(reader.name): \(found)")
    let mocked = try run(
      test("  mocks: [{template: coin, outputs: {result: heads}}]\n  expect: {phase: Failed}"), ["a.yaml": reader.workflow]
    ).flatMap(failures)
    #expect(mocked == ["phase: expected Failed, got Succeeded"], "\(reader.name): \(mocked)")
  }

  @Test("an output parameter that a failed step did not give is named, too")
  func parameters() throws {
    let workflow = Self.reader("when: \"{{=steps.flip.outputs.parameters.side == 'heads'}}\"")
      .replacing("template: coin", with: "template: coin, continueOn: {failed: true}")
    let found = try run(test("  mocks: [{template: coin, exitCode: 1}]"), ["a.yaml": workflow]).flatMap(failures)
    #expect(
      found.contains(
        "mocks: expected the output parameter 'side' of 'flip', which others read, got no mock gives one: "
          + "add - {template: coin, outputs: {side: …}}"), "\(found)")
  }
}
