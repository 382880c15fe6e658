import Glibc
import JSONValue
import Testing

/// The audit log of a real server.
@Suite("Audit log", .needsKubectl) struct AuditTests {
  private func records(_ cluster: ServedCluster, _ arguments: String...) async throws -> [JSON] {
    let outcome = try await cluster.bench.argosy(["audit", "--data", cluster.data, "-o", "json"] + arguments)
    #expect(outcome.status == 0, "\(outcome)")
    return outcome.out.split(separator: "\n").compactMap { try? JSON.parse(String($0)) }
  }

  private func last(_ cluster: ServedCluster, _ arguments: String...) async throws -> JSON {
    let outcome = try await cluster.bench.argosy(["audit", "--data", cluster.data, "-o", "json"] + arguments)
    return outcome.out.split(separator: "\n").last.flatMap { try? JSON.parse(String($0)) } ?? .null
  }

  @Test("changes, denials, commands in pods and commands of the machine are recorded with who, what and whence; reading is not")
  func what() async throws {
    let cluster = try await ServedCluster()
    try await cluster.ok("create secret generic word --from-literal=word=sesame")
    try await cluster.ok("get secrets")
    let made = try await last(cluster, "--resource", "secrets")
    #expect(made["verb"] == "create" && made["name"] == "word" && made["namespace"] == "default" && made["status"] == 201, "\(made)")
    #expect(made["user"] == "kubernetes-admin" && made["peer"] == "127.0.0.1", "\(made)")
    #expect(made["agent"]?.string?.hasPrefix("kubectl") == true && made["id"]?.string?.utf8.count == 36, "\(made)")
    #expect(try await cluster.kubectl("--as eve delete secret word").status != 0)
    let denied = try await last(cluster, "--resource", "secrets")
    #expect(denied["verb"] == "delete" && denied["status"] == 403 && denied["user"] == "eve", "\(denied)")
    #expect(denied["impersonator"] == "kubernetes-admin" && denied["message"]?.string?.contains("forbidden") == true, "\(denied)")
    try cluster.bench.file("empty", "")
    let stranger = try await cluster.kubectl([
      "--kubeconfig", cluster.bench.path("empty"), "--server", cluster.url, "--insecure-skip-tls-verify", "--token", "bad", "get",
      "secrets",
    ])
    #expect(stranger.status != 0)
    #expect(try await records(cluster).contains { $0["status"] == 401 && $0["user"] == "" })
    // The name that the server made; a dry run is one.
    try cluster.bench.file(
      "wf.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {generateName: hello-, namespace: default}
      spec: {entrypoint: main, templates: [{name: main, suspend: {}}]}

      """)
    let name = try await cluster.ok("create --validate=false -f wf.yaml -o=jsonpath={.metadata.name}")
    let created = try await last(cluster, "--resource", "workflows.argoproj.io")
    #expect(created["name"]?.string == name && created["apiGroup"] == "argoproj.io", "\(created)")
    try await cluster.ok("create cm dry --from-literal=a=b --dry-run=server")
    #expect(try await last(cluster, "--resource", "configmaps")["dryRun"] == true)
    // By the socket.
    #expect(try await cluster.bench.argosy("terminate", name, "--state", cluster.data).status == 0)
    let stopped = try await last(cluster, "--verb", "terminate")
    #expect(stopped["name"]?.string == name && stopped["user"]?.string == "uid:\(geteuid())" && stopped["peer"] == "local", "\(stopped)")
    // In a pod.
    try cluster.bench.file(
      "pod.yaml",
      "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: default}, spec: {containers: [{name: c, image: x, command: [sleep, '1000']}]}}"
    )
    try await cluster.ok("create --validate=false -f pod.yaml")
    try await cluster.ok("wait --for=condition=Ready pod/p --timeout=90s")
    try await cluster.ok("exec p -- true")
    let command = try await last(cluster, "--resource", "pods")
    #expect(command["subresource"] == "exec" && command["name"] == "p" && command["status"] == 101, "\(command)")
    // To whom it is not allowed it is said at once, and recorded too; what there is not, is told as well.
    try await cluster.ok("create clusterrole looker --verb=get --resource=pods")
    try await cluster.ok("create clusterrolebinding looker --clusterrole=looker --user=paula")
    let refused = try await cluster.kubectl("--as=paula exec p -- true")
    #expect(refused.status == 1 && refused.err.contains("pods \"p\" is forbidden: User \"paula\" cannot create resource"), "\(refused)")
    let kept = try await last(cluster, "--user", "paula")
    #expect(kept["subresource"] == "exec" && kept["status"] == 403, "\(kept)")
    let forward = try await cluster.kubectl("port-forward p 0:80")
    #expect(forward.status == 1 && forward.err.contains("could not find the requested resource"), "\(forward)")
    #expect(try await records(cluster).allSatisfy { $0["verb"] != "get" || $0["subresource"] != nil || $0["status"] == 401 })
    #expect(try await records(cluster, "--user", "eve").count == 1)
    #expect(try await cluster.stop().status == 0)
    // Without a server.
    #expect(try await cluster.bench.argosy("backup", "copy", "--data", cluster.data).status == 0)
    let all = try await records(cluster)
    #expect(all.first?["verb"] == "server-start" && all.last?["verb"] == "backup", "\(all)")
    #expect(all.contains { $0["verb"] == "server-stop" })
    let log = Files.all(below: cluster.data + "/audit").flatMap { Files.bytes($0) ?? [] }
    #expect(!Files.contains(log, Array("sesame".utf8)) && !Files.contains(log, Array(base64("sesame").utf8)))
  }

  @Test("with --audit secrets who reads Secrets is recorded, with --audit none nothing is") func policies() async throws {
    let cluster = try await ServedCluster("--audit", "secrets")
    try await cluster.ok("get secrets")
    try await cluster.ok("get cm")
    let found = try await last(cluster, "--resource", "secrets")
    #expect(found["verb"] == "list" && found["status"] == 200, "\(found)")
    #expect(try await records(cluster, "--resource", "configmaps").isEmpty)
    let silent = try await ServedCluster("--audit", "none")
    try await silent.ok("create cm a --from-literal=a=b")
    let none = try await silent.bench.argosy("audit", "--data", silent.data)
    #expect(none.status == 1 && none.err.contains("there is no audit log"), "\(none)")
  }

  @Test("the chain goes on over restarts and kills; a change in it is named; a reader follows") func chain() async throws {
    let cluster = try await ServedCluster()
    let follower = try cluster.bench.start([Parts.argosy, "audit", "--data", cluster.data, "--follow", "--resource", "configmaps"])
    for number in 0..<5 { try await cluster.ok("create cm m\(number) --from-literal=a=b") }
    try await eventually("the follower shows the last one", within: .seconds(600), else: { "\(follower.outcome)" }) {
      follower.outcome.out.contains("configmaps/m4 in default")
    }
    follower.signal(SIGTERM)
    #expect(try await follower.wait().status == 0)
    cluster.server.signal(SIGKILL, group: false)
    _ = try await cluster.server.wait()
    let again = try await ServedCluster(bench: cluster.bench)
    try await again.ok("create cm after --from-literal=a=b")
    _ = try await again.stop()
    let whole = try await cluster.bench.argosy("audit", "verify", "--data", cluster.data)
    #expect(whole.status == 0 && whole.out.contains("are whole"), "\(whole)")
    let head = String(whole.out.split(separator: "\n").last ?? "")
    #expect(try await cluster.bench.argosy("audit", "verify", "--data", cluster.data, "--expect", head).status == 0)
    let file = try #require(Files.all(below: cluster.data + "/audit").first { $0.hasSuffix(".jsonl") })
    let text = Files.text(file)
    #expect(text.contains("\"name\":\"m2\""))
    try Files.write(file, Array(text.replacing(all: "\"name\":\"m2\"", with: "\"name\":\"m9\"").utf8))
    let broken = try await cluster.bench.argosy("audit", "verify", "--data", cluster.data)
    #expect(broken.status == 1 && broken.err.contains("was changed: its hash is not that of its content"), "\(broken)")
    let number = (text.split(separator: "\n").firstIndex { $0.contains("\"name\":\"m2\"") } ?? 0) + 1
    #expect(broken.err.contains("record \(number) ") && broken.err.contains("line \(number):"), "\(broken)")
  }

  @Test("the page's commands do what it says, and its program agrees with verify", .needs("python3")) func page() async throws {
    let cluster = try await ServedCluster()
    let bench = cluster.bench
    let page = Project.root + "/docs/audit.md"
    #expect(symlink(Kubectl.path(Kubectl.newest), bench.path("bin/kubectl")) == 0)
    bench.set("ARGOSY_DATA", cluster.data)
    let printed = try await bench.shell(try Readme.commands(page))
    #expect(printed.contains("configmaps/colours in default") && printed.contains("are whole"), "\(printed)")
    try bench.file("verify.py", try Readme.block("python", of: page))
    let program = try await bench.shell("python3 verify.py")
    let head = printed.split(separator: "\n").last.map(String.init) ?? ""
    #expect(program.contains("whole") && program.contains(head), "\(program)\n\(printed)")
    let file = try #require(Files.all(below: cluster.data + "/audit").first { $0.hasSuffix(".jsonl") })
    _ = try await cluster.stop()
    try Files.write(file, Array(Files.text(file).replacing(all: "\"delete\"", with: "\"create\"").utf8))
    #expect(try await bench.run(["python3", "verify.py"]).status == 1)
  }
}
