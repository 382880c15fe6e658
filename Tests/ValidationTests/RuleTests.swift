import Testing
import Validation

/// A broken manifest, what is said about it, and how one replacement mends it.
struct RuleCase: CustomTestStringConvertible, Sendable {
  var rule: String
  var text: String
  /// `line:column message (hint)`
  var expected: [String]
  var from: String
  var to: String
  var mode = WorkflowValidator.Mode.lint

  var testDescription: String { "\(rule): \(expected.first ?? "")" }

  /// A case of the templates of a workflow; their text begins in line 7.
  static func templates(_ rule: String, _ templates: String, _ expected: [String], _ from: String, _ to: String) -> RuleCase {
    RuleCase(
      rule: rule,
      text: """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {generateName: t-}
        spec:
          entrypoint: main
          templates:
        \(templates)
        """, expected: expected, from: from, to: to)
  }

  /// A case of the fields of a workflow's spec; their text begins in line 7.
  static func spec(
    _ rule: String, _ fields: String, _ expected: [String], _ from: String, _ to: String, mode: WorkflowValidator.Mode = .lint
  ) -> RuleCase {
    RuleCase(
      rule: rule,
      text: """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {name: t}
        spec:
          entrypoint: main
          templates: [{name: main, container: {image: a}}]
        \(fields)
        """, expected: expected, from: from, to: to, mode: mode)
  }

  static func document(
    _ rule: String, _ text: String, _ expected: [String], _ from: String, _ to: String, mode: WorkflowValidator.Mode = .lint
  ) -> RuleCase {
    RuleCase(rule: rule, text: text, expected: expected, from: from, to: to, mode: mode)
  }
}

@Suite struct RuleTests {
  static let cases: [RuleCase] = namesAndCalls + arguments + bodies + dag + languages + values + outputs + specs + kinds

  @Test("a broken manifest gets this message at this place, the mended one none", arguments: cases)
  func rule(_ test: RuleCase) {
    // What only a cluster has a use for is another matter.
    func findings(_ text: String) -> [Diagnostic] { lint(text, mode: test.mode).filter { $0.rule != "cluster-only" } }
    let found = findings(test.text)
    #expect(lines(found) == test.expected)
    #expect(found.contains { $0.rule == test.rule })
    #expect(test.text.contains(test.from))
    #expect(lines(findings(test.text.replacing(test.from, with: test.to))) == [])
  }

  @Test("a finding in a called template names the calls and the place in the file")
  func nesting() throws {
    let text = """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: t}
      spec:
        entrypoint: abc
        templates:
        - name: abc
          dag:
            tasks: [{name: a, template: inner}]
        - name: inner
          steps:
          - - {name: b, template: leaf}
        - name: leaf
          script: {source: exit}
      """
    let found = try #require(lint(text).first)
    #expect(found.message == "templates.abc.tasks.a templates.inner.steps[0].b templates.leaf.script.image may not be empty")
    #expect(found.path.description == "spec.templates[2].script")
    #expect(found.position.map { "\($0)" } == "14:13")
    #expect(found.objectName == "t")
    #expect(found.kind == "Workflow")
  }

  @Test("what is wrong in a stored template is shown where it is referred to")
  func stored() {
    let stored = """
      apiVersion: argoproj.io/v1alpha1
      kind: WorkflowTemplate
      metadata: {name: lib}
      spec:
        templates:
        - name: say
          inputs: {parameters: [{name: text}]}
          container: {image: a, args: ["{{inputs.parameters.txt}}"]}
      """
    let text = """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: t}
      spec:
        entrypoint: main
        templates:
        - name: main
          steps:
          - - name: one
              templateRef: {name: lib, template: say}
          - - name: two
              templateRef: {name: lib, template: sya}
      """
    #expect(
      lines(lint(text, stored: stored)) == [
        "10:22 templates.main.steps[0].one templates.say inputs.parameters.text was not supplied",
        "10:22 templates.main.steps[0].one templates.say: failed to resolve {{inputs.parameters.txt}} (did you mean {{inputs.parameters.text}}?)",
        "12:22 templates.main.steps[1].two template reference lib.sya not found (did you mean 'say'?)",
      ])
  }

  @Test("a workflow takes its templates and arguments from the template it refers to")
  func workflowTemplateRef() {
    let stored = """
      apiVersion: argoproj.io/v1alpha1
      kind: WorkflowTemplate
      metadata: {name: lib}
      spec:
        entrypoint: say
        arguments: {parameters: [{name: text, value: a}, {name: other}]}
        templates:
        - name: say
          container: {image: a, args: ["{{workflow.parameters.text}} {{workflow.parameters.own}}"]}
      """
    func workflow(_ rest: String) -> String {
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: t}
      spec:
        workflowTemplateRef: {name: lib}
        \(rest)
      """
    }
    let both = "arguments: {parameters: [{name: own, value: b}, {name: other, value: c}]}"
    #expect(lines(lint(workflow(both), mode: .submit, stored: stored)) == [])
    #expect(
      lines(lint(workflow("arguments: {parameters: [{name: own, value: b}]}"), mode: .submit, stored: stored)) == [
        "6:27 spec.arguments.other.value or spec.arguments.other.valueFrom is required"
      ])
    #expect(
      lines(lint(workflow("entrypoint: sya"), stored: stored)) == [
        "5:24 templates.say templates.say: failed to resolve {{workflow.parameters.own}}",
        "6:15 template reference lib.sya not found (did you mean 'say'?)",
      ])
    #expect(
      lines(lint(workflow(both))) == ["5:24 workflowtemplates.argoproj.io \"lib\" not found"])
  }

  @Test("what the engine cannot run yet is an error only when a run would come to it")
  func support() {
    let text = """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: t}
      spec:
        entrypoint: main
        templates:
        - name: main
          outputs: {artifacts: [{name: a, path: /a, hdfs: {addresses: [n], path: /k}}]}
          container: {image: a}
        - name: store
          outputs: {artifacts: [{name: a, path: /a, hdfs: {addresses: [n], path: /k}}, {name: b, path: /b, s3: {bucket: b, key: k}}]}
          container: {image: a}
      """
    let reason =
      "is not supported: hdfs artifacts need Hadoop's RPC and Kerberos, which this program does not have; use another location"
    let main = "templates.main.outputs.artifacts.a.hdfs \(reason)"
    let store = "templates.store templates.store.outputs.artifacts.a.hdfs \(reason)"
    #expect(lines(lint(text, mode: .run)) == ["8:53 \(main)", "11:53 warning \(store)"])
    #expect(!lint(text, mode: .lint).hasErrors)
    #expect(!lint(text, mode: .submit).hasErrors)
  }

  @Test(
    "locks that cannot be had are pointed out",
    arguments: [
      ("mutexes: [{namespace: n}]", ["Invalid lock key: ResourceName is missing (give the mutex a name)"]),
      (
        "mutexes: [{name: '{{workflow.name}}'}, {name: '{{workflow.name}}'}, {name: a}]",
        ["duplicate synchronization item found (name each lock once)"]
      ),
      ("semaphores: [{namespace: n}]", ["cannot get LockName for a Semaphore without a ConfigMapRef or Database"]),
      (
        "semaphores: [{database: {key: k}, configMapKeyRef: {name: c, key: k}}]",
        ["invalid semaphore with both ConfigMapKeyRef and Database"]
      ),
      ("semaphores: [{configMapKeyRef: {key: k}}]", ["Invalid lock key: ResourceName is missing (name the ConfigMap)"]),
      ("semaphores: [{configMapKeyRef: {name: c, key: ''}}]", ["Invalid lock key: Key is missing for ConfigMap lock"]),
      ("semaphores: [{configMapKeyRef: {name: c, key: k}}, {database: {key: k}}]\n  mutexes: [{name: '{{workflow.name}}'}]", []),
    ])
  func locks(_ synchronization: String, _ messages: [String]) {
    let text = """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: t}
      spec:
        entrypoint: main
        synchronization:
          \(synchronization.replacing("\n", with: "\n  "))
        templates:
        - name: main
          container: {image: a}
          synchronization:
            \(synchronization.replacing("\n", with: "\n    "))
      """
    let found = lines(lint(text, mode: .run))
    for (index, message) in messages.enumerated() {
      #expect(found.contains { $0.hasSuffix("warning spec.synchronization \(message)") }, "\(found) \(index)")
      #expect(found.contains { $0.hasSuffix("warning templates.main.synchronization \(message)") }, "\(found)")
    }
    #expect(found.count == messages.count * 2, "\(found)")
  }

  @Test(
    "one lock written twice in one list, without a tag, is an error",
    arguments: [
      "mutexes: [{name: a}, {name: a}, {name: a, namespace: n}]", "semaphores: [{database: {key: k}}, {database: {key: k}}]",
    ], [WorkflowValidator.Mode.lint, .run])
  func twice(_ synchronization: String, _ mode: WorkflowValidator.Mode) {
    let text = """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: t}
      spec:
        entrypoint: main
        synchronization: {\(synchronization)}
        templates: [{name: main, container: {image: a}, synchronization: {\(synchronization)}}]
      """
    let found = lint(text, mode: mode)
    let problem = "synchronization duplicate synchronization item found"
    #expect(found.map(\.message) == ["spec.\(problem)", "templates.main.\(problem)"])
    #expect(found.allSatisfy { $0.severity == .error && $0.rule == "synchronization" })
  }

  @Test("the limit of a semaphore of the store is a manifest of its own") func syncLimit() {
    let text = "apiVersion: argosy.io/v1alpha1\nkind: SyncLimit\nmetadata: {name: k}\nspec: {limit: 3}"
    #expect(lines(lint(text, mode: .run)).isEmpty)
    #expect(lines(lint(text.replacing("limit: 3", with: "size: 3"), mode: .run)).count == 2)
    #expect(lines(lint(text.replacing("3", with: "three"), mode: .run)).count == 1)
  }

  static let unsupportedBodies: [(body: String, broken: [String], mended: String)] = [
    (
      "resource: {action: aply, manifest: a}",
      ["8:24 templates.main.resource.action must be one of: get, create, apply, delete, replace, patch (did you mean \"apply\"?)"],
      "resource: {action: apply, manifest: a}"
    ),
    (
      "resource: {action: create}",
      ["8:15 either templates.main.resource.manifest or templates.main.resource.manifestFrom must be specified"],
      "resource: {action: delete}"
    ),
    (
      "resource: {action: create, manifest: \"a: [\"}", ["8:42 templates.main.resource.manifest must be a valid yaml"],
      "resource: {action: create, manifest: \"a: {{workflow.name}}\"}"
    ),
    (
      "resource: {action: create, manifestFrom: {artifact: {name: x}}}",
      ["8:57 artifact x in `manifestFrom` refer to a non-exist artifact"],
      "resource: {action: create, manifestFrom: {artifact: {name: x}}}\n    inputs: {artifacts: [{name: x, path: /x, raw: {data: a}}]}"
    ),
    ("plugin: {}", ["8:13 templates.main.plugin: expected exactly one key, got 0"], "plugin: {slack: {}}"),
    (
      "data: {source: {}, transformation: [{expression: \"(\"}]}",
      ["8:54 templates.main.data invalid expression in transformation[0].expression: unexpected token EOF (1:2)"],
      "data: {source: {}, transformation: [{expression: data}]}"
    ),
    (
      "http: {url: a}\n    podResources: {limits: {cpu: 1}}", ["9:19 templates.main.podResources is not supported for HTTP templates"],
      "http: {url: a}"
    ),
    (
      "suspend: {}\n    archiveLocation: {hdfs: {path: a}}", ["9:29 templates.main.archiveLocation.hdfs.addresses is required"],
      "suspend: {}\n    archiveLocation: {hdfs: {addresses: [a], path: /a}}"
    ),
  ]

  @Test("the rules of bodies that the engine does not run yet hold as well", arguments: unsupportedBodies)
  func unsupportedBody(body: String, broken: [String], mended: String) {
    func errors(_ body: String) -> [String] {
      let text = """
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {name: t}
        spec:
          entrypoint: main
          templates:
          - name: main
            \(body)
        """
      return lines(lint(text).filter { $0.severity == .error })
    }
    #expect(errors(body) == broken)
    #expect(errors(mended) == [])
  }

  @Test("a list that cannot be read is only an error of a step that has no condition")
  func loopList() {
    func errors(_ rest: String) -> [String] {
      lines(
        lint(
          """
          apiVersion: argoproj.io/v1alpha1
          kind: Workflow
          metadata: {name: t}
          spec:
            entrypoint: main
            templates:
            - name: main
              steps: [[{name: a, template: b, withParam: nothing\(rest)}]]
            - {name: b, container: {image: a}}
          """))
    }
    #expect(errors("") == ["8:48 templates.main.steps[0].a withParam value could not be parsed as a JSON list: nothing"])
    #expect(errors(", when: \"1 == 2\"") == [])
  }

  @Test("a time zone is looked up where the caller keeps them")
  func timeZone() {
    let text = """
      apiVersion: argoproj.io/v1alpha1
      kind: CronWorkflow
      metadata: {name: t}
      spec:
        schedules: ["CRON_TZ=Nowhere/Land * * * * *"]
        timezone: Europe/Berlin
        workflowSpec: {entrypoint: main, templates: [{name: main, suspend: {}}]}
      """
    let manifests = ManifestLoader().load(Array(text.utf8), file: "a.yaml").manifests
    let validator = WorkflowValidator(.init(mode: .lint, isTimeZone: { $0 == "Europe/Paris" }))
    #expect(
      lines(manifests.flatMap { validator.diagnostics(for: $0) }) == [
        "5:15 cron schedule CRON_TZ=Nowhere/Land * * * * * is malformed: provided bad location Nowhere/Land: unknown time zone Nowhere/Land",
        "6:13 invalid timezone \"Europe/Berlin\": unknown time zone Europe/Berlin",
      ])
    #expect(lines(lint(text)) == [])
  }

  @Test("a workflow that refers to a template has no templates of its own")
  func templatesBesideReference() {
    let stored = """
      apiVersion: argoproj.io/v1alpha1
      kind: ClusterWorkflowTemplate
      metadata: {name: lib}
      spec: {entrypoint: main, templates: [{name: main, suspend: {}}]}
      """
    func workflow(_ rest: String) -> String {
      "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: t}\nspec:\n"
        + "  workflowTemplateRef: {name: lib, clusterScope: true}\n\(rest)"
    }
    #expect(
      lines(lint(workflow("  templates: [{name: a, suspend: {}}]"), stored: stored)) == [
        "6:14 Templates is invalid field in spec if workflow referred WorkflowTemplate reference"
      ])
    #expect(lines(lint(workflow(""), stored: stored)) == [])
  }
}
