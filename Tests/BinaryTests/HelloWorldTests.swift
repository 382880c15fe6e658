import JSONValue
import Testing

@Suite("argosy run: hello-world", .needs())
struct HelloWorldTests {
  private static let file = Project.examples + "/hello-world.yaml"

  @Test("exits with 0, shows the block of `argo get` with the tree at the end, and leaves nothing")
  func finalBlock() async throws {
    let bench = try Bench()
    let outcome = try await bench.argosy("run", Self.file)
    #expect(outcome.status == 0, "\(outcome)")
    let lines = outcome.out.split(separator: "\n").map(String.init)
    let name = try #require(lines.first { $0.hasPrefix("Name:") }, "\(outcome)").split(separator: " ").last.map(String.init) ?? ""
    #expect(name.hasPrefix("hello-world-") && name.count == "hello-world-".count + 5)
    for line in ["Namespace:           default", "Status:              Succeeded", "Progress:            1/1"] {
      #expect(lines.contains(line), "\(line)\n\(outcome)")
    }
    let header = try #require(lines.lastIndex { $0.hasPrefix("STEP ") }, "\(outcome)")
    #expect(lines[header].split(separator: " ") == ["STEP", "TEMPLATE", "PODNAME", "DURATION", "MESSAGE"])
    let row = try #require(lines[(header + 1)...].first, "\(outcome)")
    #expect(row.hasPrefix(" ✔ \(name)"))
    #expect(row.split(separator: " ").dropLast().map(String.init) == ["✔", name, "hello", name])
    #expect(Files.names(bench.temporary).isEmpty, "the state is removed")
    #expect(await bench.settled().isEmpty, "no process is left")
  }

  @Test("-o json and -o yaml print the whole object and nothing else on standard output")
  func objects() async throws {
    let bench = try Bench()
    let workflow = try await bench.argosy("run", Self.file, "-o", "json").workflow()
    #expect(workflow.phase == "Succeeded")
    #expect(workflow.json["kind"]?.string == "Workflow" && workflow.json["apiVersion"]?.string == "argoproj.io/v1alpha1")
    #expect(workflow.nodes.map(\.type) == ["Pod"])
    #expect(workflow.nodes.first?.name == workflow.name && workflow.nodes.first?.phase == "Succeeded")
    #expect(workflow.json.at("status", "progress")?.string == "1/1")
    #expect(workflow.json.at("metadata", "labels", "workflows.argoproj.io/completed")?.string == "true")
    #expect(workflow.json.at("metadata", "labels", "workflows.argoproj.io/phase")?.string == "Succeeded")
    let yaml = try await bench.argosy("run", Self.file, "-o", "yaml")
    #expect(yaml.status == 0 && yaml.out.contains("kind: Workflow\n") && yaml.out.contains("  phase: Succeeded\n"), "\(yaml)")
    let again = try await bench.argosy("lint", try bench.file("printed.yaml", yaml.out))
    #expect(again.status == 0, "what is printed is a manifest again: \(again)")
  }

  @Test("-o name prints the name, -o wide the columns of the wide tree")
  func nameAndWide() async throws {
    let bench = try Bench()
    let name = try await bench.argosy("run", Self.file, "--name", "my-hello", "-o", "name")
    #expect(name.status == 0 && name.out == "my-hello\n", "\(name)")
    let wide = try await bench.argosy("run", Self.file, "-o", "wide")
    #expect(wide.status == 0)
    let header = try #require(wide.out.split(separator: "\n").first { $0.hasPrefix("STEP ") }, "\(wide)")
    #expect(
      header.split(separator: " ") == ["STEP", "TEMPLATE", "PODNAME", "DURATION", "ARTIFACTS", "MESSAGE", "RESOURCESDURATION", "NODENAME"])
  }

  @Test("--keep leaves the state and names it; --state keeps it where it is told, for several runs")
  func state() async throws {
    let bench = try Bench()
    let kept = try await bench.argosy("run", Self.file, "--keep")
    let names = Files.names(bench.temporary)
    #expect(kept.status == 0 && names.count == 1, "\(names) \(kept)")
    let directory = bench.temporary + "/" + (names.first ?? "")
    #expect(kept.err.contains(directory), "\(kept)")
    #expect(Files.exists(directory + "/argosy.db"))
    for _ in 0..<2 {
      let run = try await bench.argosy("run", Self.file, "--state", "here/state")
      #expect(run.status == 0, "\(run)")
    }
    #expect(bench.exists("here/state/argosy.db"))
    #expect(Files.names(bench.temporary) == names, "no second temporary state")
  }

  @Test("a failed run keeps its temporary state and names it")
  func failureKeepsState() async throws {
    let bench = try Bench()
    let outcome = try await bench.argosy("run", Project.examples + "/exit-handler.yaml")
    #expect(outcome.status == 1, "\(outcome)")
    let names = Files.names(bench.temporary)
    #expect(names.count == 1 && outcome.err.contains(bench.temporary + "/" + (names.first ?? "-")), "\(outcome)")
  }

  @Test("--log follows the logs, each line with its pod")
  func log() async throws {
    let bench = try Bench()
    let outcome = try await bench.argosy("run", Self.file, "--log", "--name", "greeter")
    #expect(outcome.status == 0)
    #expect(outcome.out.split(separator: "\n").contains { $0.hasPrefix("greeter") && $0.hasSuffix("hello world") }, "\(outcome)")
  }

  @Test("a file, a directory and standard input give the same; several documents of a file run all")
  func inputs() async throws {
    let bench = try Bench()
    let text = Files.text(Self.file)
    try bench.file("folder/deep/one.yaml", text)
    try bench.file("folder/two.yml", text)
    try bench.file("folder/notes.txt", "no manifest")
    let folder = try await bench.argosy("run", "folder", "-o", "name")
    #expect(folder.status == 0 && folder.out.split(separator: "\n").count == 2, "\(folder)")
    let input = try await bench.argosy("run", "-", "-o", "name", input: Self.file)
    #expect(input.status == 0 && input.out.hasPrefix("hello-world-"), "\(input)")
    let both = try await bench.argosy("run", try bench.file("both.yaml", text + "\n---\n" + text), "-o", "name")
    #expect(both.status == 0 && Set(both.out.split(separator: "\n")).count == 2, "\(both)")
  }

  @Test("parameters, parameter files, entry point, labels, namespace and the beginning of a name are taken over")
  func changes() async throws {
    let bench = try Bench()
    try bench.file(
      "say.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {generateName: say-}
      spec:
        entrypoint: nothing
        arguments: {parameters: [{name: a, value: "1"}, {name: b}, {name: c, value: "3"}]}
        templates:
          - {name: nothing, container: {image: busybox, command: ["true"]}}
          - name: say
            steps: [[{name: it, template: echo}], [{name: use, template: cat, arguments: {parameters: [{name: text, value: "{{steps.it.outputs.result}}"}]}}]]
          - name: cat
            inputs: {parameters: [{name: text}]}
            container: {image: busybox, command: [echo, "{{inputs.parameters.text}}"]}
          - name: echo
            container: {image: busybox, command: [echo], args: ["{{workflow.parameters.a}} {{workflow.parameters.b}} {{workflow.parameters.c}}"]}
      """)
    try bench.file("values.yaml", "a: from file\nb: 'it''s \"quoted\" {{x}}'\n")
    let outcome = try await bench.argosy(
      "run", "say.yaml", "-f", "values.yaml", "-p", "a=from line", "--entrypoint", "say", "-l", "team=blue", "-n", "other",
      "--generate-name",
      "mine-", "-o", "json")
    #expect(outcome.status == 0, "\(outcome)")
    let workflow = try outcome.workflow()
    #expect(workflow.name.hasPrefix("mine-"))
    #expect(workflow.json.at("metadata", "namespace")?.string == "other")
    #expect(workflow.json.at("metadata", "labels", "team")?.string == "blue")
    #expect(try workflow.node("it").result == "from line it's \"quoted\" {{x}} 3")
  }

  @Test("the article's hello-world, which names the program of its image, runs with a cowsay on the path")
  func article() async throws {
    let bench = try Bench()
    try bench.command("cowsay", "#!/bin/sh\nprintf ' < %s >\\n' \"$*\"\n")
    try bench.file(
      "article.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata:
        generateName: hello-world-
        labels:
          workflows.argoproj.io/archive-strategy: "false"
        annotations:
          workflows.argoproj.io/description: |
            This is a simple hello world example.
      spec:
        entrypoint: whalesay
        serviceAccountName: argo
        templates:
        - name: whalesay
          container:
            image: docker/whalesay:latest
            command: [cowsay]
            args: ["hello world"]
      """)
    let outcome = try await bench.argosy("run", "article.yaml", "--log")
    #expect(outcome.status == 0 && outcome.out.contains("< hello world >"), "\(outcome)")
    #expect(outcome.out.contains("ServiceAccount:      argo"))
  }

  @Test("--from a template that is not there is told before anything runs, as is a parameter without value")
  func badSource() async throws {
    let bench = try Bench()
    try bench.file(
      "template.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: WorkflowTemplate
      metadata: {name: greet}
      spec:
        entrypoint: main
        arguments: {parameters: [{name: who}]}
        templates: [{name: main, container: {image: busybox, command: [echo, "{{workflow.parameters.who}}"]}}]
      """)
    let good = try await bench.argosy("run", "--with", "template.yaml", "--from", "workflowtemplate/greet", "-p", "who=me", "--log")
    #expect(good.status == 0 && good.out.contains(": me\n"), "\(good)")
    let unknown = try await bench.argosy("run", "--with", "template.yaml", "--from", "workflowtemplate/great", "-p", "who=me")
    #expect(unknown.status == 2 && unknown.err.contains("great"), "\(unknown)")
    let missing = try await bench.argosy("run", "--with", "template.yaml", "--from", "workflowtemplate/greet")
    #expect(missing.status == 2 && missing.err.contains("who"), "\(missing)")
  }

  @Test("of two resources of one name the later one counts, as with kubectl apply")
  func laterFixtureWins() async throws {
    let bench = try Bench()
    try bench.file(
      "later.yaml",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: greetings, labels: {workflows.argoproj.io/configmap-type: Parameter}}\ndata: {message: the later one}\n"
    )
    let example = Project.examples + "/configmap-parameters.yaml"
    let outcome = try await bench.argosy("run", example, "later.yaml", "--log")
    #expect(outcome.status == 0 && outcome.out.contains("the later one!"), "\(outcome)")
  }

  @Test("a workflow as a cluster printed it runs, though its owner there is not here")
  func printed() async throws {
    let bench = try Bench()
    try bench.file(
      "wf.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata:
        name: printed
        ownerReferences:
        - {apiVersion: argoproj.io/v1alpha1, kind: CronWorkflow, name: c, uid: 6f4d9c1e-0000-4000-8000-000000000000, controller: true}
      spec:
        entrypoint: main
        templates: [{name: main, container: {image: alpine, command: [sleep, "0.3"]}}]
      """)
    let workflow = try await bench.argosy("run", "wf.yaml", "-o", "json").workflow()
    #expect(workflow.phase == "Succeeded" && workflow.json.at("metadata", "ownerReferences") == nil)
  }
}
