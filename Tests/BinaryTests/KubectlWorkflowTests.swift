import Glibc
import JSONValue
import Testing

/// Workflows and pods by kubectl.
@Suite(.needsKubectl) struct KubectlWorkflowTests {
  private static let hello = """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata:
      generateName: hello-
    spec:
      entrypoint: main
      templates:
      - name: main
        steps:
        - - name: one
            template: say
            arguments: {parameters: [{name: text, value: first}]}
        - - name: two
            template: say
            arguments: {parameters: [{name: text, value: second}]}
      - name: say
        inputs: {parameters: [{name: text}]}
        container:
          image: alpine
          command: [sh, -c, "echo {{inputs.parameters.text}}"]
    """

  @Test("a workflow that kubectl creates runs, is watched and waited for, and its logs are read", arguments: Kubectl.chosen)
  func workflow(version: String) async throws {
    let cluster = try await ServedCluster()
    func ok(_ words: String) async throws -> String { try await cluster.ok(words, version: version) }
    try cluster.bench.file("wf.yaml", Self.hello)
    let watch = try cluster.bench.start([Kubectl.path(version), "get", "wf", "-w", "--request-timeout=60s"])
    let name = try await ok("create -f wf.yaml -o name")
    #expect(name.hasPrefix("workflow.argoproj.io/hello-"))
    let workflow = try #require(name.split(separator: "\n").first)
    _ = try await ok("wait --for=condition=Completed --timeout=90s \(workflow)")
    #expect(try await ok("get \(workflow) -o jsonpath={.status.phase}") == "Succeeded")
    let nodes = try JSON.parse(try await ok("get \(workflow) -o json")).at("status", "nodes")?.object ?? [:]
    #expect(nodes.values.filter { $0["type"]?.string == "Pod" && $0["phase"]?.string == "Succeeded" }.count == 2)
    let table = try await ok("get wf")
    #expect(table.contains("STATUS") && table.contains("Succeeded"), "\(table)")
    try await eventually("the watch shows the end", else: { watch.outcome.description }) { watch.outcome.out.contains("Succeeded") }
    watch.signal(SIGTERM)
    let pods = try await ok("get pods -o name").split(separator: "\n")
    #expect(pods.count == 2)
    var logs = ""
    for pod in pods { logs += try await ok("logs \(pod)") }
    #expect(logs.contains("first\n") && logs.contains("second\n"), "\(logs)")
    _ = try await ok("describe \(workflow)")
    #expect(try await ok("delete \(workflow)").contains("deleted"))
    try await eventually("the workflow's pods go with it") { try await ok("get pods -o name").isEmpty }
  }

  @Test("an invalid workflow is refused, or fails as on a cluster") func invalid() async throws {
    let cluster = try await ServedCluster()
    try cluster.bench.file(
      "wf.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: bad}\nspec: {entrypoint: none, templates: []}\n")
    let made = try await cluster.kubectl("create -f wf.yaml")
    guard made.status == 0 else { return }
    try await eventually("the workflow is in error") {
      ["Error", "Failed"].contains(try await cluster.ok("get wf bad -o jsonpath={.status.phase}"))
    }
  }

  @Test("logs are followed to the end of a pod") func follow() async throws {
    let cluster = try await ServedCluster()
    try cluster.bench.file("pod.yaml", Self.pod("for i in 1 2 3; do echo line $i; sleep 0.3; done"))
    _ = try await cluster.ok("create -f pod.yaml")
    try await eventually("the pod runs") { try await cluster.ok("get pod p -o jsonpath={.status.phase}") != "Pending" }
    #expect(try await cluster.ok("logs -f p") == "line 1\nline 2\nline 3\n")
    #expect(try await cluster.ok("logs p --tail=1") == "line 3\n")
    #expect(try await cluster.ok("logs p --timestamps").split(separator: "\n").allSatisfy { $0.contains("Z line ") })
    let missing = try await cluster.kubectl("logs p -c other")
    #expect(missing.err.contains("container other is not valid for pod p"), "\(missing)")
  }

  @Test("commands run in a pod, with input, output, errors and their status; files are copied in and out", arguments: Kubectl.chosen)
  func exec(version: String) async throws {
    let cluster = try await ServedCluster()
    let bench = cluster.bench
    try bench.file("pod.yaml", Self.pod("sleep 600"))
    _ = try await cluster.ok("create -f pod.yaml", version: version)
    _ = try await cluster.ok("wait --for=condition=Ready pod/p --timeout=60s", version: version)
    let said = try await cluster.kubectl(["exec", "p", "--", "sh", "-c", "echo out; echo err >&2; exit 3"], version: version)
    #expect(said.out == "out\n")
    #expect(said.err == "err\ncommand terminated with exit code 3\n")
    #expect(said.status == 3)
    try bench.file("input", String(repeating: "0123456789abcdef\n", count: 50_000))
    let counted = try await cluster.kubectl(["exec", "-i", "p", "--", "wc", "-c"], version: version, input: bench.path("input"))
    #expect(counted.out.split(separator: "\n").first.map { $0.filter(\.isNumber) } == "850000", "\(counted)")
    let large = try await cluster.kubectl(["exec", "p", "--", "sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x"], version: version)
    #expect(large.out.utf8.count == 3_000_000)
    #expect(try await cluster.kubectl("cp input p:/var/tmp/copied", version: version).status == 0)
    #expect(try await cluster.kubectl("cp p:/var/tmp/copied back", version: version).status == 0)
    #expect(bench.text("back") == bench.text("input"))
    let none = try await cluster.kubectl(["exec", "p", "-c", "other", "--", "true"], version: version)
    #expect(none.status != 0)
    #expect(none.err.contains("other"), "\(none)")
    _ = try await cluster.ok("delete pod p --now", version: version)
    #expect(try await cluster.kubectl("get pod p", version: version).status == 1)
  }

  @Test("a pod that runs when the server ends goes on, and the next server takes it up") func adoption() async throws {
    let bench = try Bench()
    let first = try await ServedCluster(bench: bench)
    try bench.file("pod.yaml", Self.pod("echo begun; until [ -e /var/tmp/go ]; do sleep 0.1; done; echo over"))
    _ = try await first.ok("create -f pod.yaml")
    try await eventually("the pod runs") { try await first.ok("logs p") == "begun\n" }
    let end = try await first.stop()
    #expect(end.status == 0, "\(end)")
    let second = try await ServedCluster(bench: bench)
    #expect(try await second.ok("get pod p -o jsonpath={.status.phase}") == "Running")
    // Commands go into what the first server started.
    _ = try await second.ok("exec p -- touch /var/tmp/go")
    try await eventually("the pod ends") { try await second.ok("get pod p -o jsonpath={.status.phase}") == "Succeeded" }
    #expect(try await second.ok("logs p") == "begun\nover\n")
  }

  private static func pod(_ script: String) -> String {
    """
    apiVersion: v1
    kind: Pod
    metadata: {name: p}
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: alpine
        command: [sh, -c, '\(script)']
    """
  }
}
