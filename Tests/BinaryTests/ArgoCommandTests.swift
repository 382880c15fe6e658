import Glibc
import JSONValue
import Testing

/// The `argo` command line against a real server: what it prints and how it ends.
@Suite(.needsKubectl) struct ArgoCommandTests {
  private static let flow = """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {generateName: hello-, labels: {app: greeter}}
    spec:
      entrypoint: main
      arguments: {parameters: [{name: message, value: hello world}]}
      templates:
      - name: main
        container: {image: busybox, command: [echo, "{{workflow.parameters.message}}"]}
    """

  /// A server with the namespace `argo`, and `argo` as a link to this program.
  func served() async throws -> ServedCluster {
    let cluster = try await ServedCluster()
    try #require(symlink(Parts.argosy, cluster.bench.path("bin/argo")) == 0)
    cluster.bench.set("HOME", cluster.bench.directory)
    try cluster.bench.file("flow.yaml", Self.flow)
    try await cluster.ok("create namespace argo")
    try await eventually("the namespace has Argo's accounts") {
      try await cluster.kubectl("get serviceaccount argo-server default -n argo -o name").status == 0
    }
    return cluster
  }

  private func argo(_ cluster: ServedCluster, _ arguments: String..., input: String? = nil) async throws -> Outcome {
    try await cluster.bench.run(["argo"] + arguments, input: input)
  }

  @Test("the lines of Alibaba Cloud's account factory article work as they stand, with a file from the web")
  func article() async throws {
    let cluster = try await served()
    try cluster.bench.file("web/hello-world.yaml", Self.flow)
    let web = try await Server(["python3", "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"], directory: cluster.bench.path("web"))
    let submitted = try await argo(cluster, "submit", "-n", "argo", "--watch", web.url + "/hello-world.yaml")
    #expect(submitted.status == 0, "\(submitted)")
    #expect(submitted.out.hasPrefix("Name:                hello-") && submitted.out.contains("Status:              Succeeded"))
    let list = try await argo(cluster, "list", "-n", "argo")
    let rows = list.out.split(separator: "\n")
    #expect(list.status == 0 && rows.count == 2, "\(list)")
    #expect(rows.first?.split(separator: " ").map(String.init) == ["NAME", "STATUS", "AGE", "DURATION", "PRIORITY", "MESSAGE"])
    let name = try #require(rows.last?.split(separator: " ").first.map(String.init))
    #expect(rows.last?.contains("Succeeded") == true)
    let shown = try await argo(cluster, "get", "-n", "argo", "@latest")
    #expect(shown.status == 0 && shown.out.contains("Name:                \(name)\nNamespace:           argo\n"), "\(shown)")
    #expect(shown.out.contains("\nSTEP") && shown.out.contains(" ✔ \(name)  main"), "\(shown)")
    let logs = try await argo(cluster, "logs", "-n", "argo", "@latest")
    #expect(logs.status == 0 && logs.out == "\(name): hello world\n", "\(logs)")
  }

  @Test("the server of this machine is found by itself, by its address, by a kubeconfig, and with a token")
  func connections() async throws {
    let cluster = try await served()
    let bench = cluster.bench
    let address = String(cluster.url.dropFirst("https://".count))
    let token = try await cluster.ok("create token argo-server -n argo").split(separator: "\n").joined()
    let kubeconfig = bench.path("kubeconfig")
    bench.set("KUBECONFIG", "")
    // Without anything there is none.
    bench.set("ARGOSY_DATA", bench.path("nothing"))
    let none = try await argo(cluster, "list")
    #expect(none.status == 1 && none.err.contains("there is no server"), "\(none)")
    let ways: [[String]] = [
      ["--kubeconfig", kubeconfig], ["--argo-server", address, "-k", "--token", token],
      ["-s", address, "-k", "--token", "Bearer " + token], ["--argo-server=\(address)", "--insecure-skip-verify=true", "--token", token],
    ]
    for way in ways {
      let listed = try await bench.run(["argo", "list", "-n", "argo"] + way)
      #expect(listed.status == 0 && listed.out == "No workflows found\n", "\(way) \(listed)")
    }
    // As environment variables, before the verb, and with the local data.
    bench.set("ARGOSY_DATA", cluster.data)
    for way in [
      ["argo", "-n", "argo", "list"], ["env", "ARGO_NAMESPACE=argo", "argo", "list"], ["argo", "list", "-n", "argo", "-s", address],
    ] {
      #expect(try await bench.run(way).out == "No workflows found\n", "\(way)")
    }
    bench.set("ARGOSY_DATA", bench.path("nothing"))
    let variables = [
      "env", "ARGO_SERVER=\(address)", "ARGO_INSECURE_SKIP_VERIFY=true", "ARGO_NAMESPACE=argo", "ARGO_TOKEN=Bearer \(token)",
    ]
    #expect(try await bench.run(variables + ["argo", "list"]).out == "No workflows found\n")
    // What is wrong is said.
    let untrusted = try await argo(cluster, "list", "-s", address, "--token", token)
    #expect(untrusted.status == 1 && untrusted.err.contains("certificate signed by unknown authority"), "\(untrusted)")
    let stranger = try await argo(cluster, "list", "-s", address, "-k", "--token", "nonsense")
    #expect(stranger.status == 1 && stranger.err.hasPrefix("Error: "), "\(stranger)")
    let nobody = try await argo(cluster, "list", "-s", "127.0.0.1:1")
    #expect(nobody.status == 1 && nobody.err == "Error: cannot reach https://127.0.0.1:1: connection refused\n", "\(nobody)")
  }

  @Test("submit takes files, standard input and templates, with everything that it changes in them")
  func submit() async throws {
    let cluster = try await served()
    func json(_ arguments: String..., input: String? = nil) async throws -> JSON {
      let outcome = try await cluster.bench.run(["argo", "submit", "-n", "argo", "-o", "json"] + arguments, input: input)
      try #require(outcome.status == 0, "\(arguments) \(outcome)")
      return try JSON.parse(outcome.out)
    }
    try cluster.bench.file("parameters.yaml", "message: from a file\nmore: 3\n")
    let changed = try await json(
      "flow.yaml", "--name", "changed", "-p", "message=given", "-f", "parameters.yaml", "--entrypoint", "main", "-l", "team=red,app=other",
      "--priority", "7", "--serviceaccount", "argo", "--scheduled-time", "2026-01-02T03:04:05Z")
    #expect(changed.at("metadata", "name") == "changed" && changed.at("metadata", "labels", "team") == "red")
    #expect(changed.at("metadata", "labels", "app") == "other" && changed.at("spec", "priority")?.int == 7)
    #expect(changed.at("spec", "serviceAccountName") == "argo")
    #expect(changed.at("metadata", "annotations", "workflows.argoproj.io/scheduled-time") == "2026-01-02T03:04:05Z")
    #expect(
      changed.at("spec", "arguments", "parameters")
        == [["name": "message", "value": "given"], ["name": "more", "value": "3"]])
    let generated = try await json("-", "--generate-name", "piped-", input: cluster.bench.path("flow.yaml"))
    #expect(generated.at("metadata", "name")?.string?.hasPrefix("piped-") == true)
    // A file with two workflows and what is none.
    try cluster.bench.file(
      "many.yaml", "\(Self.flow)\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n---\n\(Self.flow)\n")
    let many = try await argo(cluster, "submit", "-n", "argo", "--wait", "-o", "name", "many.yaml")
    #expect(many.status == 0 && many.out.split(separator: "\n").count == 2, "\(many)")
    #expect(many.err.contains("ConfigMap 'other' is not of kind Workflow. Ignoring..."), "\(many)")
    // Templates of each kind.
    try cluster.bench.file(
      "templates.yaml",
      Self.flow.replacing(all: "kind: Workflow", with: "kind: WorkflowTemplate").replacing(all: "generateName: hello-", with: "name: greet")
        + "\n---\n"
        + Self.flow.replacing(all: "kind: Workflow", with: "kind: ClusterWorkflowTemplate").replacing(
          all: "generateName: hello-", with: "name: greet-all")
        + "\n---\napiVersion: argoproj.io/v1alpha1\nkind: CronWorkflow\nmetadata: {name: daily}\nspec:\n  schedules: ['0 0 * * *']\n"
        + "  suspend: true\n  workflowSpec: {entrypoint: main, templates: [{name: main, container: {image: busybox, command: ['true']}}]}\n"
    )
    try await cluster.ok("apply -n argo -f templates.yaml")
    let fromTemplate = try await json("--from", "workflowtemplate/greet", "-p", "message=x=y", "-l", "a=b")
    #expect(fromTemplate.at("spec", "workflowTemplateRef", "name") == "greet" && fromTemplate.at("metadata", "labels", "a") == "b")
    #expect(fromTemplate.at("metadata", "name")?.string?.hasPrefix("greet-") == true)
    #expect(fromTemplate.at("spec", "arguments", "parameters") == [["name": "message", "value": "x=y"]])
    let clusterWide = try await json("--from", "clusterworkflowtemplate/greet-all")
    #expect(clusterWide.at("spec", "workflowTemplateRef", "clusterScope")?.bool == true)
    #expect(try await json("--from", "cronwf/daily").at("metadata", "name")?.string?.hasPrefix("daily-") == true)
    // Dry runs leave nothing behind.
    let before = try await argo(cluster, "list", "-n", "argo", "-o", "name").out
    let dry = try await json("flow.yaml", "--dry-run", "--name", "dry")
    #expect(dry.at("metadata", "name") == "dry" && dry.at("metadata", "uid") == nil)
    let serverDry = try await json("flow.yaml", "--server-dry-run", "--name", "dry")
    #expect(serverDry.at("metadata", "uid")?.string != nil)
    #expect(try await argo(cluster, "list", "-n", "argo", "-o", "name").out == before)
  }

  @Test(
    "flags that exclude each other, and what cannot be read, are told in the original's words with status 1",
    arguments: [
      (["submit", "flow.yaml", "flow.yaml", "two.yaml", "--watch"], "cannot watch more than one workflow"),
      (["submit", "flow.yaml", "--wait", "--watch"], "--wait cannot be combined with --watch"),
      (["submit", "flow.yaml", "--watch", "--dry-run"], "--watch cannot be combined with --dry-run"),
      (["submit", "flow.yaml", "--watch", "--server-dry-run"], "--watch cannot be combined with --server-dry-run"),
      (["submit", "flow.yaml", "--wait", "--dry-run"], "--wait cannot be combined with --dry-run"),
      (["submit", "flow.yaml", "--dry-run"], "--dry-run should have an output option"),
      (["submit", "flow.yaml", "--server-dry-run"], "--server-dry-run should have an output option"),
      (["submit", "flow.yaml", "-o", "name", "--dry-run", "--server-dry-run"], "--dry-run cannot be combined with --server-dry-run"),
      (["submit", "flow.yaml", "--from", "wftmpl/x"], "cannot combine --from with file arguments"),
      (["submit", "--from", "x"], "resource identifier 'x' is malformed. Should be `kind/name`, e.g. cronwf/hello-world-cwf"),
      (["submit", "--from", "pod/x"], "failed to submit workflow: Resource kind 'pod' is not supported for submitting"),
      (["submit"], "no workflow found in given files"),
      (["submit", "flow.yaml", "--scheduled-time", "soon"], "scheduled-time contains invalid time.RFC3339 format"),
      (["submit", "flow.yaml", "-p", "x"], "expected parameter of the form: NAME=VALUE. Received: x"),
      (["submit", "missing.yaml"], "missing.yaml: no such file or directory"),
      (["submit", "unknown.yaml"], "unknown field"),
      (["get", "nope"], "workflows.argoproj.io \"nope\" not found"),
      (["get", "@latest"], "no workflows found"),
      (["get", "x", "--status", "Failed", "--node-field-selector", "id=1"], "cannot use both --status and --node-field-selector"),
      (["logs", "x", "--since", "1h", "--since-time", "2026-01-02T03:04:05Z"], "--since-time and --since cannot be used together"),
      (["logs", "nope"], "not found"),
      (["watch", "nope"], "not found"),
      (["wait", "nope"], "not found"),
      (["list", "--running", "--completed"], "--completed and --running cannot be used together"),
      (["stop"], "requires either selector or workflow"),
      (["delete"], "requires either a workflow or other argument"),
      (["suspend", "nope"], "failed to suspend nope: workflows.argoproj.io \"nope\" not found"),
      (["retry", "nope"], "workflows.argoproj.io \"nope\" not found"),
      (["node", "set", "nope", "-p", "x"], "expected parameter of the form: NAME=VALUE. Received: x"),
      (["cp", "nope", "out"], "failed to get workflow: workflows.argoproj.io \"nope\" not found"),
    ])
  func refusals(arguments: [String], expected: String) async throws {
    let cluster = try await RefusingServer.shared.cluster()
    let outcome = try await cluster.bench.run(["argo"] + arguments)
    #expect(outcome.status == 1, "\(outcome)")
    #expect(outcome.err.hasPrefix("Error: ") && outcome.err.contains(expected), "\(outcome)")
    #expect(outcome.out == "", "\(outcome)")
  }

  /// One server for all the refusals, which change nothing.
  private actor RefusingServer {
    static let shared = RefusingServer()
    private var starting: Task<ServedCluster, any Error>?

    func cluster() async throws -> ServedCluster {
      if let starting { return try await starting.value }
      let task = Task {
        let cluster = try await ArgoCommandTests().served()
        try cluster.bench.file("two.yaml", ArgoCommandTests.flow)
        try cluster.bench.file(
          "unknown.yaml", ArgoCommandTests.flow.replacing(all: "entrypoint: main", with: "entrypoint: main\n  entrypont: x"))
        return cluster
      }
      starting = task
      return try await task.value
    }
  }

  @Test("a run is waited for, watched, suspended, set, stopped, retried, resubmitted and deleted; each says what it did")
  func acting() async throws {
    let cluster = try await served()
    try cluster.bench.file(
      "approve.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: approve, labels: {kind: held}}
      spec:
        entrypoint: main
        arguments: {parameters: [{name: code, value: "1"}]}
        templates:
        - name: main
          steps:
          - - {name: ask, template: ask}
          - - {name: end, template: end}
        - name: ask
          suspend: {}
          outputs: {parameters: [{name: answer, valueFrom: {supplied: {}}}]}
        - name: end
          container: {image: busybox, command: [sh, -c, "exit {{workflow.parameters.code}}"]}
      """)
    let submitted = try await argo(cluster, "submit", "-n", "argo", "approve.yaml", "-o", "name")
    #expect(submitted.out == "approve\n")
    let waiting = try cluster.bench.start(["argo", "wait", "-n", "argo", "approve"])
    let watching = try cluster.bench.start(["argo", "watch", "-n", "argo", "approve", "--no-utf8"])
    try await eventually("the workflow waits to be told") {
      try await argo(cluster, "get", "-n", "argo", "approve").out.contains("Status:              Running (Suspended)")
    }
    for (verb, expected) in [("suspend", "workflow approve suspended\n"), ("resume", "workflow approve resumed\n")] {
      // The selector keeps the node itself waiting.
      let selector = verb == "resume" ? ["--node-field-selector", "displayName=nobody"] : []
      let outcome = try await cluster.bench.run(["argo", verb, "-n", "argo", "approve"] + selector)
      #expect(verb == "resume" ? outcome.status == 1 : outcome.out == expected, "\(outcome)")
    }
    let set = try await argo(
      cluster, "node", "set", "-n", "argo", "approve", "--node-field-selector", "displayName=ask", "-p", "answer=\"yes\"", "-m", "well")
    #expect(set.out == "workflow values set\n", "\(set)")
    func nodes() async throws -> [JSON] {
      try JSON.parse(try await argo(cluster, "get", "-n", "argo", "approve", "-o", "json").out).at("status", "nodes")?.object?.values ?? []
    }
    #expect(try await nodes().contains { $0.at("outputs", "parameters")?[0]?["value"] == "yes" && $0["message"] == "well" })
    #expect(try await argo(cluster, "resume", "-n", "argo", "approve").out == "workflow approve resumed\n")
    let waited = try await waiting.wait()
    #expect(waited.status == 1 && waited.out.hasPrefix("approve Failed at 20"), "\(waited)")
    let watched = try await watching.wait()
    #expect(watched.status == 0 && watched.out.contains("Failed end"), "\(watched)")
    // The same run again, with another parameter.
    let retried = try await argo(cluster, "retry", "-n", "argo", "approve", "-p", "code=0", "--wait", "-o", "name")
    #expect(retried.status == 0 && retried.out == "approve\n", "\(retried)")
    #expect(try await nodes().contains { $0.at("outputs", "parameters")?[0]?["value"] == "yes" })
    let again = try await argo(cluster, "resubmit", "-n", "argo", "approve", "-o", "name")
    #expect(again.status == 0 && again.out.hasPrefix("approve-"), "\(again)")
    let second = again.out.split(separator: "\n").joined()
    // By labels: the one that is over does not stand in the way of the other.
    let dry = try await argo(cluster, "stop", "-n", "argo", "-l", "kind=held", second, "--dry-run")
    #expect(dry.out.split(separator: "\n").contains("workflow \(second) stopped (dry-run)"), "\(dry)")
    #expect(try await argo(cluster, "stop", "-n", "argo", second, "--message", "enough").out == "workflow \(second) stopped\n")
    #expect(try await argo(cluster, "wait", "-n", "argo", second).status == 1)
    let third = try await argo(cluster, "submit", "-n", "argo", "approve.yaml", "--name", "third", "-o", "name")
    #expect(third.out == "third\n")
    #expect(try await argo(cluster, "terminate", "-n", "argo", "third").out == "workflow third terminated\n")
    // What it was and why.
    #expect(try await argo(cluster, "list", "-n", "argo", "--status", "Failed", "-o", "name").out.contains(second))
    #expect(try await argo(cluster, "list", "-n", "argo", "--resubmitted", "--no-headers").out.split(separator: "\n").count == 1)
    let explained = try await argo(cluster, "explain", "-n", "argo", second)
    #expect(explained.status == 0 && explained.out.contains("\(second): Failed"), "\(explained)")
    let forked = try await argo(cluster, "fork", "-n", "argo", "approve", "--node", "end", "-p", "code=0", "--wait", "-o", "name")
    #expect(forked.status == 0, "\(forked)")
    // Deleting.
    #expect(try await argo(cluster, "delete", "-n", "argo", "third", "--dry-run").out == "Workflow 'third' deleted (dry-run)\n")
    #expect(try await argo(cluster, "delete", "-n", "argo", "third", "nope").out == "Workflow 'third' deleted\nWorkflow 'nope' not found\n")
    let rest = try await argo(cluster, "delete", "-n", "argo", "--all")
    #expect(rest.status == 0 && rest.out.split(separator: "\n").allSatisfy { $0.hasSuffix("' deleted") })
  }

  @Test("logs are followed to the end, cut and searched; pods are told apart")
  func logs() async throws {
    let cluster = try await served()
    try cluster.bench.file(
      "talk.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: talk}
      spec:
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: one, template: say, arguments: {parameters: [{name: who, value: one}]}}
          - - {name: two, template: say, arguments: {parameters: [{name: who, value: two}]}}
        - name: say
          inputs: {parameters: [{name: who}]}
          container: {image: busybox, command: [sh, -c, "for i in 1 2 3; do echo {{inputs.parameters.who}} $i; done"]}
      """)
    let followed = try await argo(cluster, "submit", "-n", "argo", "talk.yaml", "--log", "-o", "name")
    #expect(followed.status == 0, "\(followed)")
    let lines = followed.out.split(separator: "\n").dropFirst().map { String($0.drop { $0 != ":" }.dropFirst(2)) }
    #expect(lines == ["one 1", "one 2", "one 3", "two 1", "two 2", "two 3"])
    #expect(try await argo(cluster, "logs", "-n", "argo", "talk", "-f").out == followed.out.replacing(all: "talk\ntalk", with: "talk"))
    #expect(try await argo(cluster, "logs", "-n", "argo", "talk", "--tail", "1").out.split(separator: "\n").count == 2)
    #expect(try await argo(cluster, "logs", "-n", "argo", "talk", "--grep", "two [12]").out.split(separator: "\n").count == 2)
    let pod = try #require(followed.out.split(separator: "\n").last?.split(separator: ":").first.map(String.init))
    #expect(try await argo(cluster, "logs", "-n", "argo", "talk", pod).out.split(separator: "\n").count == 3)
    let timed = try await argo(cluster, "logs", "-n", "argo", "talk", pod, "--timestamps", "--since", "1h")
    #expect(timed.out.contains(": 20") && timed.out.contains("Z two 1\n"), "\(timed)")
    // On a terminal each pod has its colour, and a picture is drawn in place.
    let terminal = [
      "env", "TERM=xterm", "python3", "-c", "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))",
    ]
    let colored = try await cluster.bench.run(terminal + ["argo", "logs", "-n", "argo", "talk", pod])
    #expect(colored.status == 0 && colored.out.contains("m\(pod): two 1\u{1B}[0m"), "\(colored)")
    let plain = try await cluster.bench.run(terminal + ["argo", "logs", "-n", "argo", "talk", pod, "--no-color"])
    #expect(plain.status == 0 && plain.out.contains("\(pod): two 1") && !plain.out.contains("\u{1B}"), "\(plain)")
    let drawn = try await cluster.bench.run(terminal + ["argo", "watch", "-n", "argo", "talk"])
    #expect(
      drawn.status == 0 && drawn.out.hasPrefix("\u{1B}[H\u{1B}[2JName:") && drawn.out.contains("\u{1B}[32m✔\u{1B}[0m talk"), "\(drawn)")
  }

  @Test("cp brings the artifacts of a workflow, each to its place")
  func copy() async throws {
    let cluster = try await served()
    try cluster.bench.file(
      "art.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: art}
      spec:
        entrypoint: main
        templates:
        - name: main
          container: {image: busybox, command: [sh, -c, "echo text > /plain; mkdir /tree; echo leaf > /tree/leaf"]}
          outputs:
            artifacts:
            - {name: plain, path: /plain, archive: {none: {}}}
            - {name: tree, path: /tree}
      """)
    #expect(try await argo(cluster, "submit", "-n", "argo", "art.yaml", "--wait", "-o", "name").status == 0)
    let all = try await argo(cluster, "cp", "-n", "argo", "art", "out")
    #expect(all.status == 0 && all.out == "Created \"plain\"\nCreated \"tree.tgz\"\n", "\(all)")
    #expect(cluster.bench.text("out/argo/art/art/outputs/plain/plain") == "text\n")
    #expect(try await cluster.bench.shell("tar -xzOf out/argo/art/art/outputs/tree/tree.tgz").hasSuffix("leaf\n"))
    let one = try await argo(
      cluster, "cp", "-n", "argo", "@latest", "out2", "--artifact-name", "plain", "--path", "{workflowName}/{templateName}")
    #expect(one.status == 0 && cluster.bench.text("out2/art/main/plain") == "text\n", "\(one)")
  }

  @Test("lint knows the templates of the server")
  func lint() async throws {
    let cluster = try await served()
    try cluster.bench.file(
      "ref.yaml",
      "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: ref-}\nspec: {workflowTemplateRef: {name: greet}}\n")
    let before = try await argo(cluster, "lint", "-n", "argo", "ref.yaml")
    #expect(before.status == 1 && before.out.contains("greet"), "\(before)")
    try cluster.bench.file(
      "template.yaml",
      Self.flow.replacing(all: "kind: Workflow", with: "kind: WorkflowTemplate").replacing(all: "generateName: hello-", with: "name: greet")
    )
    try await cluster.ok("apply -n argo -f template.yaml")
    let after = try await argo(cluster, "lint", "-n", "argo", "ref.yaml")
    #expect(after.status == 0 && after.out == "✔ no linting errors found!\n", "\(after)")
    let offline = try await argo(cluster, "lint", "-n", "argo", "ref.yaml", "--offline")
    #expect(offline.status == 1, "\(offline)")
    let gone = try await argo(cluster, "lint", "ref.yaml", "template.yaml", "--argo-server", "127.0.0.1:1")
    #expect(gone.status == 1 && gone.err.contains("cannot reach"), "\(gone)")
  }
}
