import JSONValue
import LanguageService
import Testing

private let flow = """
  apiVersion: argoproj.io/v1alpha1
  kind: Workflow
  metadata:
    generateName: flow-
  spec:
    entrypoint: main
    onExit: tell
    arguments:
      parameters:
      - name: env
        description: where to
        value: test
    templates:
    - name: main
      inputs:
        parameters:
        - name: env
      dag:
        tasks:
        - name: one
          template: say
          arguments:
            parameters: [{name: text, value: "{{inputs.parameters.env}}"}]
        - name: two
          depends: one.Succeeded
          template: say
          arguments:
            parameters: [{name: text, value: "{{workflow.parameters.env}}"}]
        - name: three
          dependencies: [two]
          template: say
          arguments:
            parameters: [{name: text, value: x}]
        - name: four
          template: say
          arguments:
            parameters: [{name: text, value: x}]
    - name: tell
      inputs:
        parameters:
        - name: env
      container:
        image: alpine
        command: [echo, "{{inputs.parameters.env}}"]
    - name: say
      inputs:
        parameters:
        - name: text
      container:
        image: alpine
        command: [echo, "{{inputs.parameters.text}}"]

  """

private let test = """
  apiVersion: argosy/v1
  kind: WorkflowTest
  metadata: {name: flow}
  spec:
    arguments: {env: prod}
    mocks:
    - template: say
    cases:
    - name: fails
      mocks: [{template: say, exitCode: 1}]
      expect: {phase: Failed}

  """

@Suite struct WholeWorkspaceTests {
  private func marked(_ text: String, _ before: String) throws -> String {
    let range = try #require(text.firstRange(of: before))
    return text[..<range.upperBound] + "‸" + text[range.upperBound...]
  }

  @Test("an argument and the inputs that get it by its name are renamed together, from either side, in tests too") func arguments() throws {
    for place in [
      "arguments:\n    parameters:\n    - name: en", "inputs:\n      parameters:\n      - name: en", "echo, \"{{inputs.parameters.en",
    ] {
      var editor = try Editor()
      editor.open("/w/a.test.yaml", test)
      let position = editor.open("/w/a.yaml", try marked(flow, place))
      let edit = try editor.ask("rename", "/w/a.yaml", position, ["newName": "stage"])
      #expect(
        editor.applied(edit, to: "/w/a.yaml")
          == flow.replacing("- name: env", with: "- name: stage").replacing("parameters.env", with: "parameters.stage"), "\(place)")
      #expect(editor.applied(edit, to: "/w/a.test.yaml") == test.replacing("{env: prod}", with: "{stage: prod}"))
    }
    // An input of another template that has the same name for itself is left.
    var editor = try Editor()
    let other = flow.replacing("onExit: tell", with: "priority: 1")
    let position = editor.open("/w/a.yaml", try marked(other, "arguments:\n    parameters:\n    - name: en"))
    let edit = try editor.ask("rename", "/w/a.yaml", position, ["newName": "stage"])
    #expect(editor.applied(edit, to: "/w/a.yaml").contains("[echo, \"{{inputs.parameters.env}}\"]"))
  }

  @Test("a template is renamed in the mocks of the tests that are about its file, from either side") func mocks() throws {
    let named = test.replacing("spec:\n", with: "spec:\n  workflow: ../a.yaml\n")
    var editor = try Editor(files: ["/w/other.test.yaml": test])
    editor.open("/w/a.test.yaml", test)
    editor.open("/w/t/x.test.yaml", named)
    let position = editor.open("/w/a.yaml", try marked(flow, "template: sa"))
    let there = editor.open("/w/a.test.yaml", try marked(test, "- template: sa"))
    for (path, place) in [("/w/a.yaml", position), ("/w/a.test.yaml", there)] {
      let edit = try editor.ask("rename", path, place, ["newName": "speak"])
      #expect(
        editor.applied(edit, to: "/w/a.yaml")
          == flow.replacing("template: say", with: "template: speak").replacing("- name: say", with: "- name: speak"))
      #expect(editor.applied(edit, to: "/w/a.test.yaml") == test.replacing("template: say", with: "template: speak"))
      #expect(editor.applied(edit, to: "/w/t/x.test.yaml") == named.replacing("template: say", with: "template: speak"))
      #expect(edit["changes"]?["file:///w/other.test.yaml"] == nil)
    }
  }

  @Test("tasks that wait for this one are not proposed to it") func dependents() throws {
    var editor = try Editor()
    let found = try editor.proposals("/w/a.yaml", flow.replacing("{{inputs.parameters.env}}\"}]\n", with: "{{‸\n"))
    #expect(found.contains("tasks.four.status"))
    #expect(!found.contains { $0.hasPrefix("tasks.two.") || $0.hasPrefix("tasks.three.") })
  }

  @Test(
    "a name in single quotes that was meant is put in, and only the wrong word changes",
    arguments: [
      ("template: say", "template: sya"), ("depends: one.Succeeded", "depends: noe.Succeeded"),
      ("dependencies: [two]", "dependencies: [one, tow]"),
    ]) func meant(right: String, wrong: String) throws
  {
    var editor = try Editor()
    let range = try #require(flow.firstRange(of: right))
    let text = flow.replacingCharacters(range, wrong)
    editor.open("/w/a.yaml", text)
    let whole: JSON = ["start": ["line": 0, "character": 0], "end": ["line": 99, "character": 0]]
    let actions = try editor.request("textDocument/codeAction", ["textDocument": ["uri": "file:///w/a.yaml"], "range": whole])
    let mend = try #require(actions.array?.first { $0["title"]?.string?.hasPrefix("Replace by") == true })
    #expect(
      editor.applied(mend["edit"] ?? .null, to: "/w/a.yaml")
        == flow.replacingCharacters(range, wrong.contains("tow") ? "dependencies: [one, two]" : right))
  }

  @Test("steps and arguments have hovers, elements of lists proposals, references to whole templates a place") func second() throws {
    var editor = try Editor()
    let task = try editor.hover("/w/a.yaml", try marked(flow, "- name: tw"))
    #expect(task.contains("**two**: task of template `main`") && task.contains("one.Succeeded") && task.contains("**say**"))
    #expect(try editor.hover("/w/a.yaml", try marked(flow, "{{workflow.parameters.en")).contains("where to"))
    let head = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: a}\nspec:\n"
    for dashes in ["- - ‸", "- - name: a\n      - ‸", "- ‸"] {
      let found = try editor.proposals("/w/b.yaml", head + "  templates:\n  - name: main\n    steps:\n    " + dashes + "\n")
      #expect(found.contains("template") && found.contains("withItems"), "\(dashes)")
    }
    editor.open(
      "/w/t.yaml", flow.replacing("kind: Workflow", with: "kind: WorkflowTemplate").replacing("generateName: flow-", with: "name: tools"))
    let position = editor.open("/w/c.yaml", head + "  workflowTemplateRef:\n    name: to‸ols\n")
    let found = try editor.ask("definition", "/w/c.yaml", position)
    #expect(found[0]?["uri"] == "file:///w/t.yaml" && found[0]?.at("range", "start", "line") == 3)
  }
}

extension String {
  fileprivate func replacingCharacters(_ range: Range<Index>, _ text: String) -> String {
    self[..<range.lowerBound] + text + self[range.upperBound...]
  }
}
