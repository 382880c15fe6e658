import ArgoModel
import Basics
import JSONValue
import KubeModel
import Testing
import Validation
import WorkflowCore

@testable import WorkflowTesting

/// Values that lint judges without running anything, and what the engine does with them when it comes to them.
@Suite struct LintedValueTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var name: String
    var templates: String
    /// The rule of lint that speaks, and whether it refuses.
    var rule: String
    var isRefused: Bool
    /// The first attempt of each step fails, so that retries are come to.
    var fails = false
    var testDescription: String { name }
  }

  private static func leaf(_ name: String, _ fields: String, _ rule: String, isRefused: Bool, fails: Bool = false) -> Case {
    Case(
      name: name, templates: "- {name: main, inputs: {parameters: [{name: p, value: v}]}, container: {image: a}, \(fields)}", rule: rule,
      isRefused: isRefused, fails: fails)
  }

  private static func steps(_ name: String, _ steps: String, _ rule: String, isRefused: Bool) -> Case {
    Case(
      name: name,
      templates: """
        - name: main
          inputs: {parameters: [{name: p, value: v}]}
          steps:
          - - {name: a, template: one}
          - - \(steps)
        - {name: one, inputs: {parameters: [{name: q, value: d}]}, container: {image: a, args: ["{{inputs.parameters.q}}"]}}
        """, rule: rule, isRefused: isRefused)
  }

  private static func argument(_ tag: String) -> String { "arguments: {parameters: [{name: q, value: \"{{\(tag)}}\"}]}" }

  /// A step or task `a` with a hook; `isRefused` is nil where lint says nothing.
  private static func hook(
    _ name: String, _ kind: String, _ call: String, _ fields: String, _ isRefused: Bool?, _ rules: String..., name hook: String = "exit"
  ) -> Case {
    let unit = "{name: a, template: one, \(call)hooks: {\(hook): {template: one, \(fields)}}}"
    return Case(
      name: name,
      templates: """
        - name: main
          \(kind == "dag" ? "dag: {tasks: [\(unit)]}" : "steps: [[\(unit)]]")
        - {name: one, inputs: {parameters: [{name: q, value: d}]}, container: {image: a, args: ["{{inputs.parameters.q}}"]}}
        """, rule: isRefused == nil ? "" : rules.first ?? "hook-expression", isRefused: isRefused ?? false)
  }

  static let cases: [Case] = [
    leaf("limit: lots", "retryStrategy: {limit: lots}", "number", isRefused: true, fails: true),
    leaf("backoff.duration", "retryStrategy: {limit: 2, backoff: {duration: soon}}", "duration", isRefused: true, fails: true),
    leaf(
      "backoff.maxDuration", "retryStrategy: {limit: 2, backoff: {duration: 1s, maxDuration: 1d}}", "duration", isRefused: true, fails: true
    ),
    leaf("backoff.cap", "retryStrategy: {limit: 2, backoff: {duration: 1s, cap: much}}", "duration", isRefused: true, fails: true),
    leaf("backoff.factor", "retryStrategy: {limit: 2, backoff: {duration: 1s, factor: twice}}", "number", isRefused: true, fails: true),
    leaf("backoff alone", "retryStrategy: {limit: 2, backoff: {factor: 2}}", "duration", isRefused: true, fails: true),
    leaf("exitCode > 1", "retryStrategy: {limit: 2, expression: lastRetry.exitCode > 1}", "expression-type", isRefused: true, fails: true),
    leaf(
      "exitCode != 2", "retryStrategy: {limit: 2, expression: lastRetry.exitCode != 2}", "expression-type", isRefused: false, fails: true),
    leaf("timeout", "timeout: soon", "duration", isRefused: true),
    leaf("pendingTimeout", "pendingTimeout: soon", "duration", isRefused: true),
    leaf("memoize.maxAge", "memoize: {key: k, maxAge: \"60\", cache: {configMap: {name: c}}}", "duration", isRefused: true),
    leaf("memoize.key", "memoize: {key: a b, cache: {configMap: {name: c}}}", "memoize-key", isRefused: true),
    leaf("a mutex twice", "synchronization: {mutexes: [{name: m}, {name: m}]}", "synchronization", isRefused: true),
    leaf("podSpecPatch: words", "podSpecPatch: words", "pod-spec-patch", isRefused: true),
    leaf("podSpecPatch: a list", "podSpecPatch: '[1]'", "pod-spec-patch", isRefused: true),
    leaf("podSpecPatch: containers", "podSpecPatch: 'containers: main'", "pod-spec-patch", isRefused: true),
    leaf("podSpecPatch: no YAML", "podSpecPatch: '{a: ['", "pod-spec-patch", isRefused: true),
    Case(name: "suspend", templates: "- {name: main, suspend: {duration: forever}}", rule: "duration", isRefused: true),
    Case(
      name: "item in a template",
      templates:
        "- name: main\n  steps: [[{name: a, template: b, withItems: [1]}]]\n- {name: b, container: {image: a, args: [\"{{item}}\"]}}",
      rule: "literal-tag", isRefused: false),
    Case(
      name: "a root in a template", templates: "- {name: main, container: {image: a, args: [\"{{=inptus.parameters.x}}\"]}}",
      rule: "literal-tag",
      isRefused: false),
    Case(
      name: "512MB", templates: "- {name: main, container: {image: a, resources: {limits: {memory: 512MB}}}}", rule: "quantity",
      isRefused: false),
    Case(
      name: "status", templates: "- {name: main, container: {image: a, args: [\"{{workflow.status}}\"]}}", rule: "early-status",
      isRefused: false),
    steps("one =", "{name: b, template: one, when: \"{{inputs.parameters.p}} = v\"}", "when", isRefused: true),
    steps(
      "item in a step", "{name: b, template: one, arguments: {parameters: [{name: q, value: \"{{item}}\"}]}}", "literal-tag",
      isRefused: false),
    steps(
      "a root in an argument", "{name: b, template: one, arguments: {parameters: [{name: q, value: \"{{=inptus.x}}\"}]}}", "unresolved-tag",
      isRefused: true),
    steps("a root in a when", "{name: b, template: one, when: \"{{=inptus.x == 'a'}}\"}", "unresolved-tag", isRefused: true),
    steps(
      "a root that is guarded", "{name: b, template: one, arguments: {parameters: [{name: q, value: \"{{=inptus ?? 'a'}}\"}]}}",
      "unresolved-tag", isRefused: true),
    steps(
      "a root that is not come to",
      "{name: b, template: one, arguments: {parameters: [{name: q, value: \"{{=workflow.name ?? inptus}}\"}]}}", "literal-tag",
      isRefused: false),
    steps(
      "an input that is not there",
      "{name: b, template: one, arguments: {parameters: [{name: q, value: \"{{=inputs.parameters.pp}}\"}]}}", "unresolved-tag",
      isRefused: true),
    steps(
      "an output that is not there",
      "{name: b, template: one, arguments: {parameters: [{name: q, value: \"{{=steps.a.outputs.parameters.x}}\"}]}}", "unresolved-tag",
      isRefused: true),
    hook(
      "a loop's hook that asks for the loop", "steps", "withItems: [x, z], ", "expression: \"steps.a.status == 'Failed' || true\"", true),
    hook("a loop's hook that asks for an item", "steps", "withItems: [x, z], ", "expression: \"steps['a(0:x)'].status == 'Failed'\"", true),
    hook("the hook of a loop of one item", "steps", "withItems: [x], ", "expression: \"steps['a(0:x)'].status == 'Failed'\"", nil),
    hook("a loop's hook that copes with absence", "steps", "withItems: [x, z], ", "expression: \"steps.a?.status == 'Failed'\"", nil),
    hook("a loop's hook that knows its item", "steps", "withItems: [x, z], ", "expression: \"item == 'x'\"", nil),
    hook(
      "a loop's hook with an argument of the loop", "steps", "withItems: [x, z], ", Self.argument("steps.a.exitCode"), true,
      "unresolved-tag"),
    hook("a task's hook that asks for its loop", "dag", "withItems: [x, z], ", "expression: \"tasks.a.status == 'Failed'\"", nil),
    hook(
      "a task's hook with an argument of its loop", "dag", "withItems: [x, z], ", Self.argument("tasks.a.exitCode"), true, "unresolved-tag"),
    hook("a step's hook with its own exit code", "steps", "", Self.argument("steps.a.exitCode"), nil),
    hook("a hook that asks for nobody", "steps", "", "expression: \"steps.b.status == 'Failed'\"", true),
    hook("a hook that is not come to nobody", "steps", "", "expression: \"steps.a.status == 'Failed' && steps.b.status == 'x'\"", nil),
    hook("a hook that compares a text with a number", "steps", "", "expression: \"steps.a.status > 1\"", true),
    hook("a hook that compares an exit code with a number", "steps", "", "expression: steps.a.exitCode > 1", true, "expression-type"),
    hook(
      "a hook that reads outputs before they are there", "steps", "", "expression: \"steps.a.outputs.result == 'x'\"", true, name: "early"),
    hook(
      "a hook that waits for outputs", "steps", "", "expression: \"steps.a.status == 'Succeeded' && steps.a.exitCode == '0'\"", nil,
      name: "late"),
    hook("a hook without a condition", "steps", "", "expression: '1 + 1'", true),
    hook("an exit hook of a task that asks for nobody", "dag", "", "expression: \"tasks.b.status == 'Failed'\"", false),
    hook("a task's hook that asks for nobody", "dag", "", "expression: \"tasks.b.status == 'Failed'\"", true, name: "late"),
    hook("a step that never runs", "steps", "when: 'false', ", "expression: \"steps.b.status == 'Failed'\"", false),
    steps("text > 2", "{name: b, template: one, when: \"{{=inputs.parameters.p > 2}}\"}", "expression-type", isRefused: true),
    steps("count: many", "{name: b, template: one, withSequence: {count: many}}", "number", isRefused: true),
  ]

  @Test("what lint refuses the engine refuses, and what it advises of the engine runs", arguments: cases)
  func agreement(_ test: Case) throws {
    let text = """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: wf}
      spec:
        entrypoint: main
        templates:
      \(test.templates.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))
      """
    let loaded = ManifestLoader(defaultNamespace: "default").load(Array(text.utf8), file: "a.yaml")
    let manifest = try #require(loaded.manifests.first, "\(DiagnosticReport(loaded.diagnostics).simple)")
    var options = WorkflowValidator.Options(mode: .run)
    options.givesAdvice = true
    let found = WorkflowValidator(options).diagnostics(for: manifest).filter { test.rule.isEmpty || $0.rule == test.rule }
    let expected: [Diagnostic.Severity] = test.rule.isEmpty ? [] : [test.isRefused ? .error : .warning]
    #expect(found.map(\.severity) == expected, "\(DiagnosticReport(found).simple)")
    var rehearsal = Rehearsal(workflow: manifest.resource, resources: [], start: Instant(seconds: 1_700_000_000)) { step in
      var outcome = StepOutcome()
      if test.fails, !step.nodeName.hasSuffix("(1)") { (outcome.phase, outcome.exitCode) = (.failed, 3) }
      return outcome
    }
    rehearsal.run()
    let nodes = NodeViews(rehearsal)
    let errors = nodes.all.filter { $0.phase == "Error" }.map { "\($0.path): \($0.message)" }
    #expect(!errors.isEmpty == test.isRefused, "\(nodes.lines(waiting: false).joined(separator: "\n"))\n\(rehearsal.state.message)")
    if !test.isRefused { #expect(rehearsal.state.phase == .succeeded) }
  }
}
