import Glibc
import JSONValue
import Testing

/// Curl at the archive of a real server: what ended is read, searched, run again and removed when its object is long gone.
@Suite("The archive", .needsKubectl, .needs("curl", "python3"))
struct ArchiveTests {
  /// A server whose Argo API takes requests of this machine without a token.
  private struct Archive {
    let cluster: ServedCluster
    var bench: Bench { cluster.bench }

    init() async throws {
      cluster = try await ServedCluster("--auth-mode", "server", "--auth-mode", "client")
      try await cluster.ok("create namespace argo")
      try await cluster.ok("create namespace team")
    }

    /// A request to the Argo API; gives status and document.
    func call(_ method: String, _ path: String, _ body: String? = nil) async throws -> (status: Int, json: JSON) {
      var arguments = ["curl", "-sSk", "--globoff", "-X", method, "-w", "\n%{http_code}", cluster.url + path]
      if let body { arguments += ["-H", "content-type: application/json", "-d", body] }
      let outcome = try await bench.run(arguments)
      let lines = outcome.out.split(separator: "\n", omittingEmptySubsequences: false)
      let status = lines.last.flatMap { Int($0) } ?? 0
      let text = lines.dropLast().joined(separator: "\n")
      return (status, (try? JSON.parse(text)) ?? .string("\(text) \(outcome.err)"))
    }

    func apply(_ manifest: String) async throws {
      try bench.file("manifest.yaml", manifest)
      try await cluster.ok("apply -f manifest.yaml")
    }

    /// What a request gives, as text.
    func text(_ path: String) async throws -> String { try await bench.run(["curl", "-sSk", "--globoff", cluster.url + path]).out }

    /// The document of a request that must succeed.
    @discardableResult
    func ok(_ method: String, _ path: String, _ body: String? = nil, _ location: SourceLocation = #_sourceLocation) async throws -> JSON {
      let answer = try await call(method, path, body)
      #expect(answer.status == 200, "\(method) \(path): \(answer)", sourceLocation: location)
      return answer.json
    }

    /// Names of archived workflows of the namespace `team`.
    func names(_ query: String = "") async throws -> [String] {
      let list = try await ok("GET", "/api/v1/archived-workflows?namespace=team" + (query.isEmpty ? "" : "&" + query))
      return (list["items"]?.array ?? []).compactMap { $0.at("metadata", "name")?.string }
    }

    func uid(_ name: String) async throws -> String {
      let list = try await ok("GET", "/api/v1/archived-workflows?namespace=team&listOptions.fieldSelector=metadata.name=\(name)")
      return list["items"]?[0]?.at("metadata", "uid")?.string ?? ""
    }

    func isLive(_ name: String) async throws -> Bool {
      try await cluster.kubectl("get workflow \(name) -n team -o name").status == 0
    }

    /// Waits until these are in the archive and no longer there.
    func gone(_ names: String...) async throws {
      try await eventually("\(names) are archived and gone", within: .seconds(600)) {
        let archived = try await self.names()
        guard names.allSatisfy(archived.contains) else { return false }
        for name in names where try await isLive(name) { return false }
        return true
      }
    }

    func files(_ directory: String) -> [String] { Files.names("\(cluster.data)/\(directory)").filter { !$0.hasPrefix(".") }.sorted() }
  }

  private static func workflow(_ name: String, _ command: String, parameter: String = "Wuppertal", labels: String = "{}") -> String {
    """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {name: \(name), namespace: team, labels: \(labels)}
    spec:
      entrypoint: main
      ttlStrategy: {secondsAfterCompletion: 0}
      arguments: {parameters: [{name: city, value: "\(parameter)"}]}
      templates:
        - name: main
          steps:
            - [{name: first, template: say}]
            - [{name: second, template: work}]
        - name: say
          container: {image: busybox, command: [sh, -c, "echo hello from \(name); echo data > /tmp/out"]}
          outputs: {artifacts: [{name: out, path: /tmp/out}]}
        - name: work
          container: {image: busybox, command: [sh, -c, "\(command)"]}
    """
  }

  @Test("a run that its ttlStrategy deleted is listed, searched and read, and runs again: as a new one, memoized, and under its own name")
  func life() async throws {
    let archive = try await Archive()
    let flag = archive.bench.path("mended")
    try await archive.apply(Self.workflow("done", "echo over", labels: "{team: red}"))
    try await archive.apply(Self.workflow("broken", "test -e \(flag)", parameter: "Kyoto", labels: "{team: blue}"))
    try await archive.gone("done", "broken")

    // Lists.
    #expect(try await Set(archive.names()) == ["done", "broken"])
    #expect(try await archive.names("namePrefix=do") == ["done"])
    #expect(try await archive.names("listOptions.labelSelector=team%3Dblue") == ["broken"])
    #expect(try await archive.names("listOptions.labelSelector=workflows.argoproj.io/phase%3DSucceeded") == ["done"])
    #expect(try await archive.names("phase=Failed") == ["broken"])
    #expect(try await archive.names("listOptions.fieldSelector=metadata.name=roke&nameFilter=Contains") == ["broken"])
    let page = try await archive.ok(
      "GET", "/api/v1/archived-workflows?namespace=team&listOptions.limit=1&listOptions.fieldSelector=ext.showRemainingItemCount=true")
    #expect(page.at("metadata", "continue") == "1")
    #expect(page.at("metadata", "remainingItemCount") == 1)
    #expect(page["items"]?[0]?.at("status", "nodes") == nil)
    #expect(try await archive.names("listOptions.limit=1&listOptions.continue=2").isEmpty)

    // Search: names, parameters, messages.
    #expect(try await archive.names("search=wupper") == ["done"])
    #expect(try await archive.names("search=KYOTO") == ["broken"])
    #expect(try await archive.names("search=%22child+%27broken%22") == ["broken"])
    #expect(try await archive.names("search=nowhere").isEmpty)

    // Whole.
    let uid = try await archive.uid("broken")
    let whole = try await archive.ok("GET", "/api/v1/archived-workflows/\(uid)")
    #expect(whole.at("status", "phase") == "Failed")
    #expect((whole.at("status", "nodes")?.object?.count ?? 0) >= 5)
    #expect(whole.at("metadata", "labels", "workflows.argoproj.io/workflow-archiving-status") == "Persisted")
    let part = try await archive.ok("GET", "/api/v1/archived-workflows/\(uid)?fields=status.phase")
    #expect(part["status"] == ["phase": "Failed"] && part.at("spec", "templates") == nil, "\(part)")
    #expect(try await archive.call("GET", "/api/v1/archived-workflows/nobody").status == 404)

    // As if it were there: for all readers of Argo's API, but for kubectl.
    let merged = try await archive.ok("GET", "/api/v1/workflows/team?fields=items.metadata.name,items.status.phase")
    #expect((merged["items"]?.array ?? []).compactMap { $0.at("metadata", "name")?.string }.sorted() == ["broken", "done"])
    let named = try await archive.ok("GET", "/api/v1/workflows/team/broken")
    #expect(named == whole)
    let log = try await archive.text("/api/v1/workflows/team/done/log?logOptions.container=main")
    #expect(log.contains("\"content\":\"hello from done\"") && log.contains("\"content\":\"over\""), "\(log)")

    let nodes = whole.at("status", "nodes")?.object ?? [:]
    let step = try #require(nodes.first { $0.value["displayName"] == "first" }?.key)
    let files = "/artifact-files/team/archived-workflows/\(uid)/\(step)/outputs/out"
    let artifacts = ["/artifacts-by-uid/\(uid)/\(step)/out", "/artifacts/team/broken/\(step)/out", files]
    for path in artifacts {
      try await archive.bench.shell("curl -sSk -o out.tgz '\(archive.cluster.url + path)'")
      #expect(try await archive.bench.shell("tar -xzOf out.tgz") == "data\n", "\(path)")
    }

    // Only for those who may read workflows there.
    try await archive.cluster.ok("create serviceaccount bob -n team")
    let token = try await archive.cluster.ok("create token bob -n team").split(separator: "\n").joined()
    for path in ["/api/v1/archived-workflows/\(uid)", "/api/v1/archived-workflows?namespace=team", "/api/v1/workflows/team/broken"]
      + artifacts
    {
      let answer = try await archive.bench.shell(
        "curl -sSk -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer \(token)' '\(archive.cluster.url + path)'")
      #expect(answer == "403", "\(path)")
    }

    // Labels.
    let keys = try await archive.ok("GET", "/api/v1/archived-workflows-label-keys?namespace=team")
    #expect(keys["items"]?.array?.contains("team") == true)
    let values = "/api/v1/archived-workflows-label-values?listOptions.labelSelector="
    #expect(try await archive.ok("GET", values + "team") == ["items": ["blue", "red"]])
    #expect(try await archive.call("GET", values + "team%3Dred").json["message"] == "operation = is not supported")
    #expect(try await archive.call("GET", values + "team,other").json["message"] == "only allow 1 labelRequirement, found 2")

    // Again.
    let refused = try await archive.call("PUT", "/api/v1/archived-workflows/nobody/retry", "{}")
    #expect(refused.status == 404)
    let again = try await archive.ok(
      "PUT", "/api/v1/archived-workflows/\(uid)/resubmit", #"{"namespace": "team", "parameters": ["city=Nara"]}"#)
    let second = try #require(again.at("metadata", "name")?.string)
    #expect(second.hasPrefix("broken-"))
    try await archive.gone(second)
    #expect(try await archive.names("search=Nara") == [second])
    let busy = try await archive.call(
      "PUT", "/api/v1/archived-workflows/\(uid)/resubmit", #"{"memoized": true, "namespace": "team", "name": "done"}"#)
    #expect(busy.json["message"] == "workflow must be Failed/Error to resubmit in memoized mode")
    try archive.bench.file("mended", "")
    let memoized = try await archive.ok("PUT", "/api/v1/archived-workflows/\(uid)/resubmit", #"{"memoized": true}"#)
    let third = try #require(memoized.at("metadata", "name")?.string)
    try await archive.gone(third)
    let reused = try await archive.ok("GET", "/api/v1/archived-workflows/\(try await archive.uid(third))")
    #expect(reused.at("status", "phase") == "Succeeded")
    #expect(reused.at("status", "nodes")?.object?.values.contains { $0["type"] == "Skipped" } == true)
    // By name, where the live ones are.
    let forked = try await archive.ok("PUT", "/api/v1/workflows/team/broken/fork", #"{"node": "second"}"#)
    let fourth = try #require(forked.at("metadata", "name")?.string)
    try await archive.gone(fourth)
    let retried = try await archive.ok("PUT", "/api/v1/archived-workflows/\(uid)/retry", "{}")
    #expect(retried.at("metadata", "uid") == .string(uid))
    try await eventually("it succeeds under its name", within: .seconds(600)) {
      try await archive.ok("GET", "/api/v1/archived-workflows/\(uid)").at("status", "phase") == "Succeeded"
    }
    #expect(try await archive.names("namePrefix=broken").filter { $0 == "broken" }.count == 1)
    #expect(try await archive.cluster.stop().status == 0)
  }

  @Test("what is removed by a user or by retention takes its logs and artifacts along; what is archived keeps them")
  func removal() async throws {
    let archive = try await Archive()
    for name in ["one", "two", "three"] {
      try await archive.apply(Self.workflow(name, "echo over"))
      try await archive.gone(name)
    }
    var uids: [String] = []
    for name in ["one", "two", "three"] { uids.append(try await archive.uid(name)) }
    try await eventually("the pods are gone", within: .seconds(600)) {
      try await archive.cluster.ok("get pods -n team -o name").isEmpty && archive.files("pods").allSatisfy { $0 == "begun" }
    }
    #expect(archive.files("logs") == uids.sorted())
    #expect(archive.files("artifacts/team").filter { ["one", "two", "three"].contains($0) }.count == 3)

    // By a user.
    try await archive.ok("DELETE", "/api/v1/archived-workflows/\(uids[0])")
    #expect(try await archive.call("GET", "/api/v1/archived-workflows/\(uids[0])").status == 404)
    #expect(try await archive.call("DELETE", "/api/v1/archived-workflows/\(uids[0])").status == 404)
    #expect(archive.files("logs") == uids.dropFirst().sorted())
    #expect(!archive.files("artifacts/team").contains("one"))

    // By number.
    try await archive.apply(
      """
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: workflow-controller-configmap, namespace: argo}
      data:
        persistence: |
          archiveLimit: 1
          archiveLabelSelector: {matchExpressions: [{key: private, operator: DoesNotExist}]}
      """)
    try await eventually("one is left", within: .seconds(600)) { try await archive.names() == ["three"] }
    #expect(archive.files("logs") == [uids[2]])
    #expect(!archive.files("artifacts/team").contains("two"))

    // What the selector leaves out.
    try await archive.apply(Self.workflow("secret", "echo over", labels: "{private: \"yes\"}"))
    try await eventually("it is deleted, with its log", within: .seconds(600)) {
      try await !archive.isLive("secret") && archive.files("logs") == [uids[2]] && archive.files("pods").allSatisfy { $0 == "begun" }
    }
    #expect(try await archive.names() == ["three"])
    #expect(try await archive.cluster.stop().status == 0)
  }

  /// Kills the server again and again while workflows end and are deleted at once.
  @Test("whatever moment the server is killed at, each workflow that ended is in the archive once", .timeLimit(.minutes(20)))
  func kills() async throws {
    let bench = try Bench()
    try bench.file("kills.py", Self.kills)
    let outcome = try await bench.run(
      ["python3", "kills.py", Parts.argosy, bench.path("data"), Kubectl.path(Kubectl.newest)], within: .seconds(900))
    #expect(outcome.status == 0, "\(outcome)")
    #expect(await bench.settled().isEmpty)
  }

  private static let kills = #"""
    import collections, json, os, random, signal, socket, ssl, subprocess, sys, threading, time, urllib.error, urllib.request

    argosy, data = sys.argv[1:3]
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    server = None

    def start():
        global server
        server = subprocess.Popen([argosy, "server", "--data", data, "--listen", f"127.0.0.1:{port}", "--log", "none", "--auth-mode", "server"],
                                  stdout=subprocess.PIPE, stderr=open("server.err", "a"), text=True)
        for line in server.stdout:
            if " serves " in line:
                return
        raise SystemExit("the server did not start: " + open("server.err").read()[-3000:])

    def call(method, path, body=None):
        request = urllib.request.Request(f"https://127.0.0.1:{port}{path}", method=method,
                                         data=json.dumps(body).encode() if body else None, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, context=tls, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except (OSError, ValueError):
            return 0, None

    def submit(name):
        steps = [[{"name": f"s{i}", "template": "t"}] for i in range(3)]
        manifest = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": name, "namespace": "default"},
                    "spec": {"entrypoint": "m", "ttlStrategy": {"secondsAfterCompletion": 0},
                             "templates": [{"name": "m", "steps": steps},
                                           {"name": "t", "container": {"image": "busybox", "command": ["true"]}}]}}
        open("w.json", "w").write(json.dumps(manifest))
        return subprocess.run([sys.argv[3], "--kubeconfig", "kc", "create", "-f", "w.json"], capture_output=True, text=True).returncode == 0

    start()
    subprocess.run([argosy, "kubeconfig", "--data", data, "-o", "kc"], check=True, capture_output=True)
    wanted = set()
    for round in range(5):
        for number in range(4):
            name = f"w{round}-{number}"
            if submit(name):
                wanted.add(name)
        time.sleep(random.random() * 1.5)
        server.send_signal(signal.SIGKILL)
        server.wait()
        start()
    deadline = time.time() + 300
    while True:
        status, list = call("GET", "/api/v1/archived-workflows?namespace=default")
        names = collections.Counter(item["metadata"]["name"] for item in (list or {}).get("items") or []) if status == 200 else {}
        if wanted <= set(names):
            break
        if time.time() > deadline:
            raise SystemExit(f"missing: {sorted(wanted - set(names))}")
        time.sleep(0.2)
    if any(count != 1 for count in names.values()):
        raise SystemExit(f"several times: {names}")
    for item in list["items"]:
        status, whole = call("GET", "/api/v1/archived-workflows/" + item["metadata"]["uid"])
        if status != 200 or len(whole["status"]["nodes"]) != 7 or whole["status"]["phase"] != "Succeeded":
            raise SystemExit(f"not whole: {status} {whole}")
    server.terminate()
    server.wait()
    """#
}

extension ArchiveTests {
  @Test("the page's commands do what it says") func page() async throws {
    let archive = try await Archive()
    let page = Project.root + "/docs/archive.md"
    try archive.bench.file("note.yaml", try Readme.block("yaml", of: page))
    #expect(symlink(Kubectl.path(Kubectl.newest), archive.bench.path("bin/kubectl")) == 0)
    let commands = try Readme.commands(page).replacing(all: "https://127.0.0.1:2746", with: archive.cluster.url)
    let printed = try await archive.bench.shell(commands)
    #expect(printed.contains("\"phase\":\"Failed\""), "\(printed)")
    #expect(printed.contains("exit code 3"), "\(printed)")
    #expect(printed.contains("kept for later"), "\(printed)")
    #expect(printed.contains("{\"items\":[\"red\"]}"), "\(printed)")
    #expect(archive.bench.text("again.json").contains("resubmitted-from-workflow"))
  }
}
