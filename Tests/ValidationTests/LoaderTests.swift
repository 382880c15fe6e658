import JSONValue
import KubeModel
import Testing
import Validation
import YAMLText

@Suite struct LoaderTests {
  @Test("documents and lists give one manifest an object, with the default namespace where there is none")
  func objects() {
    let text = """
      apiVersion: v1
      kind: Secret
      metadata: {name: one, namespace: here}
      ---
      # nothing
      ---
      {"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "two"}},
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "ClusterWorkflowTemplate", "metadata": {"name": "three"}, "spec": {"x": 1}}]}
      """
    let result = ManifestLoader(defaultNamespace: "there").load(Array(text.utf8), file: "a.yaml")
    #expect(result.diagnostics == [])
    #expect(result.manifests.map(\.resource.name) == ["one", "two", "three"])
    #expect(result.manifests.map(\.resource.namespace) == ["here", "there", ""])
    #expect(result.manifests.map(\.index) == [0, 1, 2])
    #expect(result.manifests.map(\.root.description) == ["", "items[0]", "items[1]"])
    let found = result.manifests.flatMap { WorkflowValidator(.init(mode: .lint)).diagnostics(for: $0) }
    #expect(lines(found) == ["9:117 unknown field \"spec.x\""])
  }

  static let refusals: [(String, [String])] = [
    ("kind: Workflow", ["1:1 apiVersion is required"]),
    ("a: 1", ["1:1 kind and apiVersion are required"]),
    ("- a", ["1:1 expected a manifest, found array"]),
    (
      "apiVersion: argoproj.io/v1\nkind: Workflow",
      ["1:13 unknown apiVersion \"argoproj.io/v1\" for kind Workflow (use argoproj.io/v1alpha1)"]
    ),
    (
      "apiVersion: argoproj.io/v1alpha1\nkind: Workflw",
      [
        "2:7 unknown kind \"Workflw\", known are: Workflow, WorkflowTemplate, ClusterWorkflowTemplate, CronWorkflow, WorkflowEventBinding, "
          + "ConfigMap, Secret, PersistentVolumeClaim, ServiceAccount, Namespace, SyncLimit (did you mean \"Workflow\"?)"
      ]
    ),
    (
      "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role",
      ["2:7 warning rbac.authorization.k8s.io/v1 Role is ignored: this version does not store it"]
    ),
  ]

  @Test("what is no manifest of this program is said with its place", arguments: refusals)
  func refusal(text: String, expected: [String]) {
    let result = ManifestLoader().load(Array(text.utf8), file: "a.yaml")
    #expect(lines(result.diagnostics) == expected)
    #expect(result.manifests.isEmpty)
  }

  static let strangers = [
    "a: 1", "- a", "- b: {{ .Values.x }}\n  {{- end }}", "AWSTemplateFormatVersion: '2010-09-09'\nResources: {}", "just words",
    "apiVersion: apps/v1\nkind: Deployment", "apiVersion: v2\nname: chart", "apiVersion: argoproj.io/v1alpha1\nkind: Application",
    "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n{{- if .Values.x }}\nspec: {}\n{{- end }}",
    "apiVersion: example.com/v1\nkind: Workflow",
  ]

  @Test("what is none of Argo's is passed over in directories", arguments: strangers) func passedOver(text: String) {
    var loader = ManifestLoader()
    loader.passesOver = true
    let result = loader.load(Array(text.utf8), file: "a.yaml")
    #expect(lines(result.diagnostics) == [])
    #expect(result.manifests.isEmpty)
    let named = ManifestLoader().load(Array(text.utf8), file: "a.yaml")
    #expect(!named.diagnostics.isEmpty, "a file that is named is told of")
  }

  @Test(
    "what is like one of Argo's is told of in directories, too",
    arguments: [
      "kind: Workflow", "apiVersion: argoproj.io/v1alpha1\nmetadata: {}", "apiVersion: argoproj.io/v1alpha1\nkind: Workflw",
      "apiVersion: argoproj.io/v1\nkind: CronWorkflow", "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {a",
    ]) func alike(text: String)
  {
    var loader = ManifestLoader()
    loader.passesOver = true
    #expect(loader.load(Array(text.utf8), file: "a.yaml").diagnostics.hasErrors)
  }

  @Test("a text that is no YAML is one finding")
  func syntax() {
    let result = ManifestLoader().load(Array("a: [".utf8), file: "a.yaml")
    #expect(result.diagnostics.map(\.rule) == ["syntax"])
    #expect(result.diagnostics.first?.position != nil)
  }

  @Test("a long chain of templates is followed without harm")
  func chain() {
    var text = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: a}\nspec:\n  entrypoint: t0\n  templates:\n"
    for index in 0..<2000 { text += "  - {name: t\(index), steps: [[{name: s, template: t\(index + 1)}]]}\n" }
    #expect(lint(text + "  - {name: t2000, suspend: {}}").isEmpty)
    #expect(lint(text + "  - {name: t2000, dag: {tasks: [{name: a, template: t0}]}}").map(\.rule) == ["endless-recursion"])
  }

  @Test("no cut of a manifest, and no value in the place of another, stops the checks")
  func robustness() {
    let text = """
      {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "a"}, "spec": {"entrypoint": "m", "hooks": {"exit": {"template": "m"}},
      "templates": [{"name": "m", "inputs": {"parameters": [{"name": "p", "value": "{{="}]}, "dag": {"target": "{{", "tasks": [{"name": "t", "depends": "t && (",
      "template": "m", "inline": {"steps": [[{"name": "{{x}}"}]]}, "withItems": [[1], {"a": 1}], "hooks": {"h": {"expression": "("}}}]}}]}}
      """
    let bytes = Array(text.utf8)
    for end in bytes.indices {
      let cut = Array(bytes[..<end])
      for manifest in ManifestLoader().load(cut, file: "a").manifests {
        _ = WorkflowValidator(.init(mode: .run)).diagnostics(for: manifest)
      }
    }
    for replacement in ["1", "\"x\"", "[]", "{}", "null", "[[]]", "[{}]", "[null]"] {
      for key in ["spec", "templates", "inputs", "parameters", "dag", "tasks", "hooks", "metadata", "withItems", "inline", "steps", "name"]
      {
        let changed = text.replacing("\"\(key)\": ", with: "\"\(key)\": \(replacement), \"x\": ")
        for manifest in ManifestLoader().load(Array(changed.utf8), file: "a").manifests {
          #expect(!WorkflowValidator(.init(mode: .run)).diagnostics(for: manifest).isEmpty)
        }
      }
    }
  }
}

@Suite struct ReportTests {
  private let diagnostics = [
    Diagnostic(
      rule: "x", "wrong", hint: "do better", file: "b.yaml", position: SourcePosition(line: 2, column: 5),
      path: FieldPath("spec", "a/b")["c"][1],
      kind: "Workflow", objectName: "w"),
    Diagnostic(.warning, rule: "y", "odd", file: "a.yaml"),
  ]

  @Test("simple has one line a finding")
  func simple() {
    #expect(DiagnosticReport(diagnostics).simple == "a.yaml: warning: odd\nb.yaml:2:5: in \"w\" (Workflow): wrong (do better)\n")
  }

  @Test("pretty shows the line of the source with a caret")
  func pretty() {
    let report = DiagnosticReport(diagnostics) { $0 == "b.yaml" ? "one\nkey: value\n" : nil }
    #expect(
      report.pretty == """
        a.yaml:
           ⚠ odd

        b.yaml:
           ✖ in "w" (Workflow): wrong (do better)
             b.yaml:2:5
              2 | key: value
                |     ^


        """)
    #expect(report.summary() == "✖ 1 linting errors found! (1 warning)\n")
    #expect(DiagnosticReport([]).summary() == "✔ no linting errors found!\n")
    #expect(DiagnosticReport([]).summary(lintedAnything: false) == "✖ found nothing to lint in the specified paths, failing...\n")
  }

  @Test("json names every part")
  func json() {
    #expect(
      DiagnosticReport(diagnostics).json[1] == [
        "severity": "error", "rule": "x", "message": "wrong", "hint": "do better", "file": "b.yaml", "line": 2, "column": 5,
        "path": "spec[\"a/b\"].c[1]", "kind": "Workflow", "name": "w",
      ])
  }
}
