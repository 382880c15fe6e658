import CheckoutKit
import JSONValue
import Testing
import Validation

/// A workflow that runs and is likely wrong, what lint advises, and how one replacement mends it.
struct AdviceCase: CustomTestStringConvertible, Sendable {
  var rule: String
  var text: String
  var expected: [String]
  var from: String
  var to: String

  var testDescription: String { "\(rule): \(expected.first ?? "")" }

  init(_ rule: String, _ templates: String, _ expected: [String], _ from: String, _ to: String, spec: String = "") {
    self.rule = rule
    text = """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {generateName: t-}
      spec:
        entrypoint: main\(spec)
        templates:
      \(templates)
      """
    self.expected = expected
    self.from = from
    self.to = to
  }
}

/// Findings of lint as a user sees them: with advice, after the comments of the file.
func advice(_ text: String, stored: String = "", isStrict: Bool = true) -> [Diagnostic] {
  let loader = ManifestLoader()
  let loaded = loader.load(Array(text.utf8), file: "a.yaml")
  let others = loader.load(Array(stored.utf8), file: "stored.yaml")
  var options = WorkflowValidator.Options(mode: .lint, catalog: catalog(loaded.manifests + others.manifests))
  options.givesAdvice = true
  options.isStrict = isStrict
  let validator = WorkflowValidator(options)
  let found = loaded.diagnostics + loaded.manifests.flatMap { validator.diagnostics(for: $0) }
  return SourceText(text).resolve(found, file: "a.yaml").sorted()
}

@Suite struct AdviceTests {
  static let cases: [AdviceCase] = values + references

  static let references: [AdviceCase] = [
    AdviceCase(
      "unused-parameter",
      "  - name: main\n    inputs: {parameters: [{name: a-b, value: x}, {name: c, value: z}]}\n"
        + "    container: {image: a, args: [\"{{inputs.parameters.a-b}}\"]}",
      ["8:50 warning templates.main.inputs.parameters.c is never used (use {{inputs.parameters.c}} or remove it)"],
      "a-b}}", "a-b}} {{=inputs.parameters['c']}}"),
    AdviceCase(
      "unused-parameter", "  - name: main\n    container: {image: a}",
      ["6:28 warning arguments.parameters.a is never used (use {{workflow.parameters.a}} or remove it)"],
      "image: a", "image: \"{{workflow.parameters.a}}\"", spec: "\n  arguments: {parameters: [{name: a, value: x}]}"),
    AdviceCase(
      "unused-template",
      "  - name: main\n    steps: [[{name: a, template: one}]]\n  - {name: one, suspend: {}}\n  - {name: two, suspend: {}}",
      ["10:12 warning template 'two' is never called (call it or remove it)"], "entrypoint: main", "entrypoint: main\n  onExit: two"),
    AdviceCase(
      "skipped-output",
      """
        - name: main
          steps:
          - - {name: make, template: make, when: "{{workflow.name}} == x"}
          - - name: show
              template: show
              arguments: {parameters: [{name: text, value: "{{steps.make.outputs.parameters.v}}"}]}
        - name: make
          container: {image: a}
          outputs: {parameters: [{name: v, valueFrom: {path: /v}}]}
        - name: show
          inputs: {parameters: [{name: text}]}
          container: {image: a, args: ["{{inputs.parameters.text}}"]}
      """,
      [
        "12:54 warning steps.make.outputs.parameters.v is missing when step 'make' does not run (when: {{workflow.name}} == x) "
          + "(give the output valueFrom.default, or write {{=steps.make.outputs.parameters.v ?? ''}})"
      ], "{path: /v}", "{path: /v, default: none}"),
    AdviceCase(
      "skipped-output",
      """
        - name: main
          dag:
            tasks:
            - {name: flip-coin, template: make, when: "{{workflow.name}} == x"}
            - {name: b, template: make, depends: flip-coin, when: "{{tasks.flip-coin.outputs.result}} == heads"}
        - name: make
          container: {image: a}
      """,
      [
        "11:61 warning tasks.flip-coin.outputs.result is missing when task 'flip-coin' does not run (when: {{workflow.name}} == x) "
          + "(give the output valueFrom.default, or write {{=tasks['flip-coin'].outputs.result ?? ''}})"
      ], "depends: flip-coin", "depends: flip-coin.Succeeded"),
    AdviceCase(
      "not-upstream",
      """
        - name: main
          dag:
            tasks:
            - {name: a, template: make}
            - {name: b, template: show, arguments: {parameters: [{name: text, value: "x{{=tasks.a.outputs.result}}"}]}}
        - name: make
          container: {image: a}
        - name: show
          inputs: {parameters: [{name: text}]}
          container: {image: a, args: ["{{inputs.parameters.text}}"]}
      """, ["11:80 warning tasks.a.outputs.result: task 'b' does not wait for 'a' (add 'a' to its depends)"],
      "template: show, arg", "template: show, depends: a, arg"),
    AdviceCase(
      "with-param-type",
      "  - name: main\n    steps: [[{name: a, template: one, withParam: \"{{workflow.parameters.hosts}}\"}]]\n  - {name: one, suspend: {}}",
      ["9:50 warning withParam needs a JSON list, {{workflow.parameters.hosts}} is \"a b\" (write [\"a\",\"b\"])"],
      "value: a b", "value: '[\"a\"]'", spec: "\n  arguments: {parameters: [{name: hosts, value: a b}]}"),
    AdviceCase(
      "with-param-type",
      "  - name: main\n    steps:\n    - - {name: a, template: one}\n    - - {name: b, template: one, withParam: \"{{steps.a.exitCode}}\"}\n"
        + "  - {name: one, container: {image: a}}",
      ["10:45 warning withParam needs a JSON list, {{steps.a.exitCode}} is a number (use an output that prints a JSON list)"],
      "exitCode", "outputs.result"),
    AdviceCase(
      "when-type",
      "  - name: main\n    steps:\n    - - {name: a, template: one}\n    - - {name: b, template: one, when: '{{steps.a.exitCode}} == \"0\"'}\n"
        + "  - {name: one, container: {image: a}}",
      [
        "10:40 warning {{steps.a.exitCode}} == \"0\" compares a number with a text and is never true "
          + "(write both sides with quotes, or both without)"
      ], "\"0\"", "0"),
    AdviceCase(
      "shell-paste",
      """
        - name: main
          inputs: {parameters: [{name: text, value: a}]}
          script:
            image: a
            command: [bash]
            source: |
              # {{inputs.parameters.text}}
              echo "{{inputs.parameters.text}}" '{{workflow.parameters.who}}'
                rm -rf /data/{{workflow.parameters.who}}
      """,
      [
        "16:24 warning {{workflow.parameters.who}} is pasted unquoted into a shell command: the value is read as program text "
          + "(give it to the container as env {name: WHO, value: \"{{workflow.parameters.who}}\"} and write \"$WHO\")"
      ], "/data/{{workflow.parameters.who}}", "\"/data/$WHO\"", spec: "\n  arguments: {parameters: [{name: who, value: a}]}"),
    AdviceCase(
      "json-paste",
      """
        - name: main
          inputs: {parameters: [{name: text, value: "a b"}]}
          container:
            image: a
            command: [sh, -c, 'curl -d ''{"t": "{{inputs.parameters.text}}"}'' localhost']
      """,
      [
        "11:43 warning {{inputs.parameters.text}} is pasted into JSON: a quote or a line break in the value breaks it (give it to the "
          + "container as env TEXT and build the JSON with jq -n --arg v \"$TEXT\" '{key: $v}')"
      ], "{{inputs.parameters.text}}", "{{=toJson(inputs.parameters.text)}}"),
    AdviceCase(
      "json-paste",
      "  - name: main\n    http:\n      url: http://localhost\n      body: |\n        {\"name\":\n         \"{{workflow.parameters.my-name}}\"}",
      [
        "13:11 warning {{workflow.parameters.my-name}} is pasted into JSON: a quote or a line break in the value breaks it "
          + "(write {{=toJson(workflow.parameters['my-name'])}}, without quotes around it)"
      ], "\"{{workflow.parameters.my-name}}\"", "{{=toJson(workflow.parameters['my-name'])}}",
      spec: "\n  arguments: {parameters: [{name: my-name, value: a}]}"),
    AdviceCase(
      "plain-secret", "  - name: main\n    container: {image: a, env: [{name: DB_PASSWORD, value: hunter2}]}",
      [
        "8:60 warning the variable DB_PASSWORD holds a secret as plain text "
          + "(keep it in a Secret and write valueFrom: {secretKeyRef: {name: …, key: …}})"
      ], "value: hunter2", "valueFrom: {secretKeyRef: {name: a, key: b}}"),
    AdviceCase(
      "plain-secret", "  - name: main\n    container: {image: a, args: [\"{{workflow.parameters.apiToken}}\"]}",
      [
        "6:28 warning the parameter apiToken is a secret that everyone who sees the workflow can read "
          + "(keep it in a Secret and give it to the container as env with valueFrom.secretKeyRef)"
      ], "apiToken", "apiTokenName", spec: "\n  arguments: {parameters: [{name: apiToken}]}"),
    AdviceCase(
      "deprecated-field",
      "  - name: main\n    steps: [[{name: a, template: one, onExit: one}]]\n  - {name: one, suspend: {}}",
      ["8:47 warning onExit of a step is deprecated (write hooks: {exit: {template: one}})"], "onExit: one",
      "hooks: {exit: {template: one}}"),
    AdviceCase(
      "truth-name",
      "  - name: main\n    container: {image: a, args: [\"{{inputs.parameters.false}}\"]}\n    inputs: {parameters: [{name: n, value: x}]}",
      ["9:34 warning the name is \"false\": without quotes YAML reads n, no, off and false so (quote it, or take another name)"],
      "false}}\"]}\n    inputs: {parameters: [{name: n,", "n}}\"]}\n    inputs: {parameters: [{name: \"n\","),
    AdviceCase(
      "truth-name",
      "  - name: main\n    steps: [[{name: a, template: one, withItems: [{n: 1}, on], arguments: {parameters: [{name: p, value: yes}]}}]]\n"
        + "  - {name: one, inputs: {parameters: [{name: p}]}, container: {image: a, args: [\"{{inputs.parameters.p}}\"]}, daemon: yes}",
      [
        "8:52 warning without quotes YAML reads n as false, and the key is \"false\" (write \"n\")",
        "8:59 warning without quotes YAML reads on as true, and the text is \"true\" (write \"on\")",
        "8:106 warning without quotes YAML reads yes as true, and the text is \"true\" (write \"yes\")",
      ], "[{n: 1}, on], arguments: {parameters: [{name: p, value: yes}",
      "[{\"n\": 1}, \"on\"], arguments: {parameters: [{name: p, value: \"yes\"}"),
    AdviceCase(
      "deprecated-tag", "  - name: main\n    container: {image: a, args: [\"{{workflow.labels}}\"]}",
      ["8:34 warning {{workflow.labels}} is deprecated (write {{workflow.labels.json}})"], "labels}}", "labels.json}}"),
  ]

  @Test("what is likely wrong gets this advice at this place, the mended one none", arguments: cases)
  func rule(_ test: AdviceCase) {
    let found = advice(test.text)
    #expect(lines(found) == test.expected)
    #expect(found.allSatisfy { $0.rule == test.rule })
    #expect(test.text.contains(test.from))
    // A mended tag stands at every place that has it.
    let mended = advice(test.text.replacing(test.from, with: test.to))
    #expect(lines(mended) == [])
    #expect(lint(test.text).isEmpty, "advice is never given without being asked for")
  }

  @Test("each rule of advice has a case, and each rule that is reported is listed")
  func listed() {
    let advised = Set(Self.cases.map(\.rule))
    let machine = ["ignored-kind", "unsupported", "cluster-only", "grpc-probe", "unknown-rule", "unused-ignore"]
    for rule in LintRule.all where rule.severity == .warning && !machine.contains(rule.id) {
      #expect(advised.contains(rule.id), "\(rule.id) has no case")
    }
    for rule in RuleTests.cases.map(\.rule) { #expect(LintRule.named[rule] != nil, "\(rule) is not listed") }
    #expect(LintRule.named.count == LintRule.all.count)
    #expect(LintRule.all.count > 70)
  }

  private static let pasted = """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {generateName: t-}
    spec:
      entrypoint: main
      arguments: {parameters: [{name: who, value: a}]}
      templates:
      - name: main
        script:
          image: a
          command: [sh]
          source: |
            echo {{workflow.parameters.who}}
            echo done
    """

  @Test("a comment silences a rule for its line, or for the block below it")
  func ignored() {
    #expect(advice(Self.pasted).map(\.rule) == ["shell-paste"])
    let line = Self.pasted.replacing(
      "echo {{workflow.parameters.who}}", with: "echo {{workflow.parameters.who}} # argosy:ignore shell-paste")
    #expect(advice(line) == [])
    let block = Self.pasted.replacing(
      "  - name: main", with: "  # argosy:ignore shell-paste, plain-secret (the value is ours)\n  - name: main")
    #expect(advice(block) == [])
    let elsewhere = Self.pasted.replacing("echo done", with: "echo done # argosy:ignore shell-paste")
    #expect(advice(elsewhere).map(\.rule) == ["shell-paste", "unused-ignore"])
    let last = advice(Self.pasted + "\n# argosy:ignore nonsense\n# argosy:ignore when-type")
    #expect(last.map(\.rule) == ["shell-paste", "unknown-rule", "unused-ignore"], "nothing comes after them")
    let misspelt = Self.pasted.replacing("echo done", with: "echo done # argosy:ignore shel-paste")
    #expect(lines(advice(misspelt)).last == "14:19 warning there is no rule \"shel-paste\" (did you mean \"shell-paste\"?)")
  }

  @Test("an error cannot be ignored")
  func notIgnored() {
    let text = Self.pasted.replacing("entrypoint: main", with: "entrypoint: mian # argosy:ignore template-undefined")
    #expect(
      lines(advice(text)).first == "5:15 template name 'mian' undefined (did you mean 'main'?; an error cannot be ignored)")
  }

  @Test("without strictness an unknown field is a warning, and the rest is still checked")
  func lenient() {
    let text = Self.pasted.replacing("entrypoint: main", with: "entrypoint: mian\n  foo: 1")
    #expect(advice(text).map(\.rule) == ["unknown-field"])
    let found = advice(text, isStrict: false)
    #expect(found.first { $0.rule == "unknown-field" }?.severity == .warning)
    #expect(found.contains { $0.rule == "template-undefined" && $0.severity == .error })
  }

  @Test("a shell's quotes are followed through substitutions, comments and here documents")
  func shell() {
    func found(_ source: String) -> Int {
      let body = source.split(separator: "\n", omittingEmptySubsequences: false).map { "        \($0)" }.joined(separator: "\n")
      return advice(Self.pasted.replacing("        echo {{workflow.parameters.who}}", with: body)).count { $0.rule == "shell-paste" }
    }
    let tag = "{{workflow.parameters.who}}"
    for quoted in [
      "echo \"\(tag)\"", "echo '\(tag)'", "cat <<EOF\n\(tag)\nEOF", "cat <<-'END'\n\(tag)\nEND", "x=1 # \(tag)", "echo \"a \\\" \(tag)\"",
      "echo \"$(cat \"\(tag)\")\"",
    ] {
      #expect(found(quoted) == 0, "\(quoted)")
    }
    for bare in [
      "echo \(tag)", "x=\(tag)", "echo \"$(cat \(tag))\"", "echo it\\'s \(tag)", "cat <<EOF\nx\nEOF\necho \(tag)", "echo a#\(tag)",
    ] {
      #expect(found(bare) == 1, "\(bare)")
    }
  }

  @Test("templates of others are not unused, and names that are known at run time only are used")
  func quiet() {
    let library = """
      apiVersion: argoproj.io/v1alpha1
      kind: WorkflowTemplate
      metadata: {name: lib}
      spec:
        templates:
        - {name: one, suspend: {}}
        - name: two
          inputs: {parameters: [{name: a}, {name: b}]}
          container: {image: a, args: ["{{inputs.parameters.{{workflow.parameters.which}}}}"]}
        - name: three
          inputs: {parameters: [{name: a}]}
          container: {image: a, args: ["{{=toJson(inputs.parameters)}}"]}
      """
    #expect(advice(library) == [])
    let user = """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: t}
      spec:
        workflowTemplateRef: {name: lib}
        entrypoint: two
        arguments: {parameters: [{name: which, value: a}, {name: a, value: x}, {name: b, value: x}]}
      """
    #expect(advice(user, stored: library) == [])
  }

  @Test("SARIF and GitHub's commands name rule, file, line and column")
  func forms() throws {
    let report = DiagnosticReport(advice(Self.pasted))
    let run = try #require(report.sarif(version: "1").at("runs")?[0])
    #expect(run.at("tool", "driver", "rules")?[0]?["id"] == "shell-paste")
    let result = try #require(run["results"]?[0])
    #expect(result["level"] == "warning")
    #expect(result["locations"]?[0]?.at("physicalLocation", "region") == ["startLine": 13, "startColumn": 14])
    #expect(report.github.hasPrefix("::warning file=a.yaml,line=13,col=14,title=shell-paste::in \"t-\" (Workflow): {{workflow"))
    let strange = DiagnosticReport([Diagnostic(rule: "syntax", "100%\nof", file: "a,b: ü.yaml")])
    #expect(strange.github == "::error file=a%2Cb%3A ü.yaml,title=syntax::100%25%0Aof\n")
    let uri = strange.sarif(version: "1").at("runs")?[0]?["results"]?[0]?["locations"]?[0]?.at(
      "physicalLocation", "artifactLocation", "uri")
    #expect(uri == "a%2Cb%3A%20%C3%BC.yaml")
  }
}

@Suite struct MistakesPageTests {
  /// The manifests of `docs/mistakes.md`, each with the rule that the page says.
  static let cases: [(rule: String, text: String)] = {
    let page = String(decoding: bytes(ofFile: "\(packageRoot)/docs/mistakes.md") ?? [], as: UTF8.self)
    return page.split(separator: "```yaml\n").dropFirst().compactMap { part in
      guard let end = part.firstRange(of: "```\n"), let rule = part[end.upperBound...].firstRange(of: "Lint says `") else { return nil }
      return (String(part[rule.upperBound...].prefix { $0 != "`" }), String(part[..<end.lowerBound]))
    }
  }()

  @Test("lint says to each mistake what the page says, and no error besides", arguments: cases)
  func mistakes(rule: String, text: String) {
    let found = advice(text)
    #expect(found.contains { $0.rule == rule }, "\(lines(found))")
    #expect(found.allSatisfy { $0.severity == .warning || $0.rule == rule }, "\(lines(found))")
  }

  @Test("there are twenty") func count() { #expect(Self.cases.count == 20) }
}
