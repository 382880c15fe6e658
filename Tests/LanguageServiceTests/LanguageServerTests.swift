import JSONValue
import LanguageService
import Testing

/// The text of most tests.
private let flow = """
  apiVersion: argoproj.io/v1alpha1
  kind: Workflow
  metadata:
    generateName: flow-
  spec:
    entrypoint: main
    arguments:
      parameters:
      - name: region
        value: eu
    templates:
    - name: main
      dag:
        tasks:
        - name: list
          template: say
          arguments:
            parameters: [{name: text, value: "{{workflow.parameters.region}}"}]
        - name: stop
          depends: list.Succeeded
          template: say
          withParam: "{{tasks.list.outputs.result}}"
          arguments:
            parameters:
            - name: text
              value: "{{item}}"
    - name: say
      inputs:
        parameters:
        - name: text
          description: what is said
          default: hello
      outputs:
        parameters:
        - name: said
          valueFrom: {path: /tmp/said}
      container:
        image: alpine
        command: [echo, "{{inputs.parameters.text}}"]

  """

private let library = """
  apiVersion: argoproj.io/v1alpha1
  kind: WorkflowTemplate
  metadata:
    name: tools
  spec:
    templates:
    - name: copy
      inputs:
        parameters:
        - name: source
        - name: target
          default: /tmp
      container:
        image: alpine
        command: [cp, "{{inputs.parameters.source}}", "{{inputs.parameters.target}}"]

  """

private let user = """
  apiVersion: argoproj.io/v1alpha1
  kind: Workflow
  metadata:
    generateName: user-
  spec:
    entrypoint: main
    templates:
    - name: main
      steps:
      - - name: first
          templateRef:
            name: tools
            template: copy
          arguments:
            parameters:
            - name: source
              value: /etc/hosts

  """

private func marked(_ text: String, _ before: String, occurrence: Int = 1, offset: Int = 0) throws -> String {
  var index = text.startIndex
  for _ in 0..<occurrence {
    let range = try #require(text[index...].firstRange(of: before))
    index = range.upperBound
  }
  index = text.index(index, offsetBy: offset)
  return text[..<index] + "‸" + text[index...]
}

@Suite struct LanguageServerTests {
  @Test("the findings of lint are told while one types, and are gone when the fault is") func diagnostics() throws {
    var editor = try Editor()
    editor.open("/w/a.yaml", flow)
    #expect(editor.findings("/w/a.yaml") == [])
    editor.open("/w/a.yaml", flow.replacing("entrypoint: main", with: "entrypont: main"))
    #expect(editor.findings("/w/a.yaml").contains("6:3 unknown-field"))
    editor.open("/w/a.yaml", flow.replacing("{{item}}", with: "{{inputs.parameters.none}}"))
    #expect(editor.findings("/w/a.yaml").contains("26:20 unresolved-tag"))
    editor.open("/w/a.yaml", flow + "  - broken: [")
    #expect(editor.findings("/w/a.yaml").first?.hasSuffix("syntax") == true)
    editor.open("/w/a.yaml", flow)
    #expect(editor.findings("/w/a.yaml") == [])
    editor.notify("textDocument/didClose", ["textDocument": ["uri": "file:///w/a.yaml"]])
    #expect(editor.findings("/w/a.yaml") == [])
    #expect(editor.publish().isEmpty)
  }

  @Test("references into files of the folder are followed, and checked again when these change") func folder() throws {
    var editor = try Editor(files: ["/w/lib/tools.yaml": library])
    editor.open("/w/user.yaml", user)
    #expect(editor.findings("/w/user.yaml") == [])
    editor.open("/w/lib/tools.yaml", library.replacing("- name: copy", with: "- name: move"))
    #expect(editor.findings("/w/user.yaml").contains { $0.contains("template") })
    editor.notify("textDocument/didClose", ["textDocument": ["uri": "file:///w/lib/tools.yaml"]])
    #expect(editor.findings("/w/user.yaml") == [])
  }

  @Test("changes of ranges are put in where the client counts them, in UTF-16, UTF-8 or scalars")
  func changes() throws {
    for (encoding, width) in [("utf-16", 2), ("utf-8", 4), ("utf-32", 1)] {
      var editor = try Editor(encodings: [encoding])
      editor.open("/w/a.yaml", flow.replacing("value: eu", with: "value: \"𝔼\" # x"))
      // Behind the letter, which the encodings count differently, the quote and all to the line's end are taken off.
      let start = Int64(14 + width)
      editor.notify(
        "textDocument/didChange",
        [
          "textDocument": ["uri": "file:///w/a.yaml", "version": 3],
          "contentChanges": [
            ["range": ["start": ["line": 9, "character": .int(start)], "end": ["line": 9, "character": 999]], "text": ""]
          ],
        ])
      #expect(editor.findings("/w/a.yaml").first?.hasSuffix("syntax") == true, "\(encoding)")
      editor.notify(
        "textDocument/didChange",
        [
          "textDocument": ["uri": "file:///w/a.yaml", "version": 4],
          "contentChanges": [
            ["range": ["start": ["line": 9, "character": .int(start)], "end": ["line": 9, "character": .int(start)]], "text": "\"\n"]
          ],
        ])
      #expect(editor.findings("/w/a.yaml") == [], "\(encoding)")
    }
  }

  @Test("fields are proposed by the schema, those that are there not again") func fields() throws {
    var editor = try Editor()
    let top = try editor.proposals("/w/a.yaml", "‸")
    #expect(top == ["apiVersion", "kind", "metadata", "spec"])
    #expect(try editor.proposals("/w/a.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: ‸\n").contains("CronWorkflow"))
    let spec = try editor.proposals("/w/a.yaml", flow.replacing("  entrypoint: main", with: "  entrypoint: main\n  ‸"))
    #expect(spec.contains("onExit") && spec.contains("ttlStrategy") && !spec.contains("templates") && !spec.contains("entrypoint"))
    let task = try editor.proposals(
      "/w/a.yaml", try marked(flow, "depends: list.Succeeded\n        ").replacing("‸", with: "wh‸\n        "))
    #expect(task.contains("when") && task.contains("withItems") && !task.contains("depends"))
    let container = try editor.proposals("/w/a.yaml", flow.replacing("image: alpine", with: "image: alpine\n      ‸"))
    #expect(container.contains("env") && container.contains("volumeMounts") && !container.contains("image"))
    let inner = try editor.proposals("/w/a.yaml", flow.replacing("valueFrom: {path: /tmp/said}", with: "valueFrom: {‸"))
    #expect(inner.contains("path") && inner.contains("expression"))
    #expect(try editor.proposals("/w/a.yaml", flow.replacing("  entrypoint: main", with: "  suspend: ‸")) == ["false", "true"].reversed())
    #expect(
      try editor.proposals("/w/a.yaml", flow.replacing("  entrypoint: main", with: "  shutdown: ‸")).sorted() == ["Stop", "Terminate"])
  }

  @Test("in tags the variables in scope are proposed, also while the text is no YAML") func variables() throws {
    var editor = try Editor()
    let inStop = try editor.proposals("/w/a.yaml", flow.replacing("\"{{item}}\"", with: "\"{{‸"))
    for name in [
      "item", "tasks.list.outputs.result", "tasks.list.outputs.parameters.said", "tasks.list.status", "workflow.parameters.region",
      "workflow.name",
    ] { #expect(inStop.contains(name), "\(name)") }
    #expect(!inStop.contains("tasks.stop.status") && !inStop.contains("inputs.parameters.text"))
    let inSay = try editor.proposals("/w/a.yaml", flow.replacing("\"{{inputs.parameters.text}}\"", with: "\"{{inputs.par‸"))
    #expect(inSay.contains("inputs.parameters.text") && inSay.contains("pod.name") && !inSay.contains("item"))
    let expression = try editor.proposals("/w/a.yaml", flow.replacing("\"{{item}}\"", with: "\"{{=item + tasks.‸}}\""))
    #expect(expression.contains("tasks.list.outputs.result"))
    // What is typed already is replaced, not doubled.
    let position = editor.open("/w/a.yaml", flow.replacing("{{item}}", with: "{{tasks.li‸}}"))
    let item = try #require(
      try editor.ask("completion", "/w/a.yaml", position)["items"]?.array?.first { $0["label"] == "tasks.list.status" })
    #expect(editor.text("/w/a.yaml", item.at("textEdit", "range")) == "tasks.li")
  }

  @Test("names are proposed where names are wanted: templates, tasks, inputs of what is called, files of the folder") func names() throws {
    var editor = try Editor(files: ["/w/tools.yaml": library])
    #expect(try editor.proposals("/w/a.yaml", flow.replacing("entrypoint: main", with: "entrypoint: ‸")).sorted() == ["main", "say"])
    #expect(try editor.proposals("/w/a.yaml", flow.replacing("depends: list.Succeeded", with: "depends: ‸")) == ["list"])
    #expect(try editor.proposals("/w/u.yaml", user.replacing("name: tools", with: "name: ‸")) == ["tools"])
    #expect(try editor.proposals("/w/u.yaml", user.replacing("template: copy", with: "template: ‸")) == ["copy"])
    let argument = try editor.proposals(
      "/w/u.yaml", user.replacing("            value: /etc/hosts", with: "            value: /etc/hosts\n          - name: ‸"))
    #expect(argument == ["target"])
  }

  @Test("a hover tells what a field does, what a template takes, what a parameter is for") func hovers() throws {
    var editor = try Editor(files: ["/w/tools.yaml": library])
    let field = try editor.hover("/w/a.yaml", try marked(flow, "withPar"))
    #expect(field.contains("**withParam**: string") && field.contains("JSON list"))
    let template = try editor.hover("/w/a.yaml", try marked(flow, "template: sa"))
    #expect(template.contains("**say**: template (container)") && template.contains("`text` = `hello`: what is said"))
    #expect(try editor.hover("/w/a.yaml", try marked(flow, "{{inputs.parameters.te")).contains("what is said"))
    #expect(try editor.hover("/w/u.yaml", try marked(user, "template: co")).contains("`target` = `/tmp`"))
    #expect(try editor.hover("/w/a.yaml", flow.replacing("{{item}}", with: "{{workflow.du‸ration}}")).contains("seconds"))
    #expect(
      try editor.hover("/w/a.yaml", try marked(flow, "/tmp/sa"))
        == "**path**: string\n\nA file of the container whose content is the value.")
  }

  @Test("go to the declaration, from every place that names it, in other files too") func definitions() throws {
    var editor = try Editor(files: ["/w/tools.yaml": library])
    func target(_ editor: inout Editor, _ path: String, _ text: String) throws -> String {
      let position = editor.open(path, text)
      let found = try editor.ask("definition", path, position).array ?? []
      #expect(found.count == 1, "\(text)")
      let uri = String(found.first?["uri"]?.string?.dropFirst(7) ?? "")
      return "\(uri):\((found.first?.at("range", "start", "line")?.int ?? -1) + 1)"
    }
    #expect(try target(&editor, "/w/a.yaml", try marked(flow, "entrypoint: ma")) == "/w/a.yaml:12")
    #expect(try target(&editor, "/w/a.yaml", try marked(flow, "template: sa", occurrence: 2)) == "/w/a.yaml:27")
    #expect(try target(&editor, "/w/a.yaml", try marked(flow, "depends: li")) == "/w/a.yaml:15")
    #expect(try target(&editor, "/w/a.yaml", try marked(flow, "{{tasks.li")) == "/w/a.yaml:15")
    #expect(try target(&editor, "/w/a.yaml", try marked(flow, "{{workflow.parameters.reg")) == "/w/a.yaml:9")
    #expect(try target(&editor, "/w/a.yaml", try marked(flow, "{{inputs.parameters.te")) == "/w/a.yaml:30")
    #expect(try target(&editor, "/w/a.yaml", try marked(flow, "[{name: te")) == "/w/a.yaml:30")
    #expect(
      try target(&editor, "/w/a.yaml", flow.replacing("tasks.list.outputs.result", with: "tasks.list.outputs.parameters.sa‸id"))
        == "/w/a.yaml:35")
    #expect(try target(&editor, "/w/u.yaml", try marked(user, "name: too")) == "/w/tools.yaml:4")
    #expect(try target(&editor, "/w/u.yaml", try marked(user, "template: co")) == "/w/tools.yaml:7")
    #expect(try target(&editor, "/w/u.yaml", try marked(user, "- name: sour")) == "/w/tools.yaml:10")
    let nothing = editor.open("/w/a.yaml", try marked(flow, "image: alp"))
    #expect(try editor.ask("definition", "/w/a.yaml", nothing) == .null)
  }

  @Test("a rename changes every place, and what it leaves is as good as before") func renames() throws {
    var editor = try Editor(files: [:])
    editor.open("/w/tools.yaml", library)
    editor.open("/w/u.yaml", user)
    func renamed(_ editor: inout Editor, _ text: String, _ name: String) throws -> String {
      let position = editor.open("/w/a.yaml", text)
      let prepared = try editor.ask("prepareRename", "/w/a.yaml", position)
      #expect(prepared["placeholder"]?.string == editor.text("/w/a.yaml", prepared["range"]))
      return editor.applied(try editor.ask("rename", "/w/a.yaml", position, ["newName": .string(name)]), to: "/w/a.yaml")
    }
    let template = try renamed(&editor, try marked(flow, "template: sa"), "speak")
    #expect(template == flow.replacing("template: say", with: "template: speak").replacing("- name: say", with: "- name: speak"))
    let parameter = try renamed(&editor, try marked(flow, "{{inputs.parameters.te"), "words")
    #expect(
      parameter == flow.replacing("name: text", with: "name: words").replacing("inputs.parameters.text", with: "inputs.parameters.words"))
    let task = try renamed(&editor, try marked(flow, "depends: li"), "find-all")
    #expect(
      task
        == flow.replacing("- name: list", with: "- name: find-all").replacing("depends: list.", with: "depends: find-all.").replacing(
          "tasks.list.", with: "tasks.find-all."))
    let argument = try renamed(&editor, try marked(flow, "{{workflow.parameters.reg"), "place")
    #expect(argument == flow.replacing("name: region", with: "name: place").replacing("parameters.region", with: "parameters.place"))
    for text in [template, parameter, task, argument] {
      editor.open("/w/a.yaml", text)
      #expect(editor.findings("/w/a.yaml") == [])
    }
    // Across files, from either side.
    let position = editor.open("/w/u.yaml", try marked(user, "- name: sour"))
    let edit = try editor.ask("rename", "/w/u.yaml", position, ["newName": "from"])
    #expect(editor.applied(edit, to: "/w/u.yaml") == user.replacing("name: source", with: "name: from"))
    #expect(
      editor.applied(edit, to: "/w/tools.yaml")
        == library.replacing("name: source", with: "name: from").replacing("parameters.source", with: "parameters.from"))
  }

  @Test("a rename that cannot be is refused with the reason, and changes nothing") func refusals() throws {
    var editor = try Editor()
    func refusal(_ text: String, _ name: String) throws -> String {
      let position = editor.open("/w/a.yaml", text)
      do {
        let edit = try editor.ask("rename", "/w/a.yaml", position, ["newName": .string(name)])
        return "renamed: \(edit.text())"
      } catch let refusal as Editor.Refusal {
        return refusal.message
      }
    }
    #expect(try refusal(try marked(flow, "template: sa"), "main") == "there is a \"main\" already")
    #expect(try refusal(try marked(flow, "template: sa"), "a b").contains("cannot be a name"))
    #expect(try refusal(try marked(flow, "template: sa"), "").contains("cannot be a name"))
    #expect(try refusal(try marked(flow, "image: alp"), "x").contains("nothing here"))
    #expect(try refusal(user.replacing("template: copy", with: "template: co‸py"), "x").contains("declared in no file"))
  }

  @Test("references, marks and the outline of a file") func symbols() throws {
    var editor = try Editor()
    let position = editor.open("/w/a.yaml", try marked(flow, "- name: sa"))
    let all = try editor.ask("references", "/w/a.yaml", position, ["context": ["includeDeclaration": true]]).array ?? []
    #expect(all.map { ($0.at("range", "start", "line")?.int ?? 0) + 1 }.sorted() == [16, 21, 27])
    let uses = try editor.ask("references", "/w/a.yaml", position, ["context": ["includeDeclaration": false]]).array ?? []
    #expect(uses.count == 2)
    #expect(try editor.ask("documentHighlight", "/w/a.yaml", position).array?.count == 3)
    let outline = try editor.request("textDocument/documentSymbol", ["textDocument": ["uri": "file:///w/a.yaml"]])
    #expect(outline[0]?["name"] == "Workflow flow-")
    #expect(outline[0]?["children"]?.array?.map { $0["name"]?.string } == ["main", "say"])
    #expect(outline[0]?["children"]?[0]?["children"]?.array?.map { $0["name"]?.string } == ["list", "stop"])
    // What stands in a range that is no range is in no breadcrumb.
    func lines(_ symbol: JSON?) -> [Int64?] { ["start", "end"].map { symbol?.at("range", $0, "line")?.int } }
    #expect(lines(outline[0]) == [0, 39])
    #expect(lines(outline[0]?["children"]?[0]) == [11, 26])
    #expect(lines(outline[0]?["children"]?[0]?["children"]?[0]) == [14, 18])
    #expect(lines(outline[0]?["children"]?[0]?["children"]?[1]) == [18, 26])
    let name: JSON = ["start": ["line": 11, "character": 10], "end": ["line": 11, "character": 14]]
    #expect(outline[0]?["children"]?[0]?["selectionRange"] == name)
  }

  @Test("actions put the word that was meant, or silence advice") func actions() throws {
    var editor = try Editor()
    let wrong = flow.replacing("entrypoint: main", with: "entrypont: main")
    editor.open("/w/a.yaml", wrong)
    let range: JSON = ["start": ["line": 5, "character": 0], "end": ["line": 5, "character": 0]]
    func actions(_ editor: inout Editor, _ range: JSON) throws -> [JSON] {
      try editor.request("textDocument/codeAction", ["textDocument": ["uri": "file:///w/a.yaml"], "range": range]).array ?? []
    }
    let mend = try #require(try actions(&editor, range).first)
    #expect(mend["title"] == "Replace by \"entrypoint\"")
    #expect(editor.applied(mend["edit"] ?? .null, to: "/w/a.yaml") == flow)
    let unused = flow.replacing(
      "    - name: region\n      value: eu", with: "    - name: region\n      value: eu\n    - name: idle\n      value: x")
    editor.open("/w/a.yaml", unused)
    #expect(editor.findings("/w/a.yaml").contains { $0.hasSuffix("unused-parameter") })
    let whole: JSON = ["start": ["line": 0, "character": 0], "end": ["line": 99, "character": 0]]
    let silence = try #require(try actions(&editor, whole).first { $0["title"] == "Ignore unused-parameter here" })
    editor.open("/w/a.yaml", editor.applied(silence["edit"] ?? .null, to: "/w/a.yaml"))
    #expect(editor.findings("/w/a.yaml") == [])
  }

  @Test("the protocol's order is kept: initialize first and once, nothing after shutdown, exit tells how it went") func lifecycle() throws {
    var fresh = LanguageServer(
      parts: LanguageServerParts(files: { _ in [] }, file: { _ in nil }, isTimeZone: { _ in true }, defaults: { _ in nil }, version: "1"))
    func send(_ text: String) -> JSON? { fresh.receive(Array(text.utf8)).first }
    #expect(send("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"textDocument/hover\"}")?.at("error", "code") == -32002)
    #expect(send("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"initialize\",\"params\":{}}")?["result"] != nil)
    #expect(send("{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"initialize\",\"params\":{}}")?.at("error", "code") == -32600)
    #expect(send("{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"x/y\"}")?.at("error", "code") == -32601)
    #expect(send("{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"textDocument/hover\",\"params\":{}}")?.at("error", "code") == -32602)
    #expect(send("[]")?.at("error", "code") == -32700)
    #expect(send("nonsense")?.at("error", "code") == -32700)
    #expect(send("{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":5}}") == nil)
    #expect(send("{\"jsonrpc\":\"2.0\",\"id\":6,\"method\":\"shutdown\"}")?["result"] == .some(.null))
    #expect(send("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"textDocument/hover\"}")?.at("error", "code") == -32600)
    #expect(fresh.exitStatus == nil)
    #expect(send("{\"jsonrpc\":\"2.0\",\"method\":\"exit\"}") == nil)
    #expect(fresh.exitStatus == 0)
  }

  @Test("every request at every place of a text is answered, whole or torn") func everywhere() throws {
    var editor = try Editor(files: ["/w/tools.yaml": library])
    let methods = ["completion", "hover", "definition", "documentHighlight", "prepareRename"]
    for text in [flow, user] {
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      for (number, line) in lines.enumerated() {
        // The text as it is while this line is typed.
        for end in stride(from: 0, through: line.count, by: 3) {
          let torn = (lines[..<number].map(String.init) + [String(line.prefix(end))]).joined(separator: "\n")
          let position = editor.open("/w/torn.yaml", torn + "‸\n" + lines[(number + 1)...].joined(separator: "\n"))
          for method in methods { _ = try editor.ask(method, "/w/torn.yaml", position) }
        }
      }
    }
  }

  @Test("messages are taken out of a stream however it is cut, and what is no such stream is refused") func framing() throws {
    let messages: [JSON] = [["a": 1], ["b": "ü"], [:]]
    let bytes = messages.flatMap { MessageFraming.frame($0) }
    for size in [1, 2, 7, 1000] {
      var framing = MessageFraming()
      var found: [JSON] = []
      var start = 0
      while start < bytes.count {
        framing.append(Array(bytes[start..<min(bytes.count, start + size)]))
        start += size
        while let message = try framing.next() { found.append(try JSON.parse(message)) }
      }
      #expect(found == messages)
    }
    for wrong in ["nonsense\r\n\r\n", "Content-Length: x\r\n\r\n", "Content-Length: -1\r\n\r\n", String(repeating: "a", count: 5000)] {
      var framing = MessageFraming()
      framing.append(Array(wrong.utf8))
      #expect(throws: MessageFraming.Failure.self, "\(wrong.prefix(20))") { try framing.next() }
    }
  }
}
