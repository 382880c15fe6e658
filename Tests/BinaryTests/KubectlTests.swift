import Glibc
import JSONValue
import Testing

/// The real kubectl against the built `argosy server`.
@Suite(.needsKubectl) struct KubectlTests {
  @Test("every version makes, reads, watches, changes and deletes objects", arguments: Kubectl.chosen)
  func basics(version: String) async throws {
    let cluster = try await ServedCluster()
    let bench = cluster.bench
    func ok(_ words: String) async throws -> String { try await cluster.ok(words, version: version) }
    try bench.file("password", "open sesame")
    #expect(try await ok("create ns team").contains("namespace/team created"))
    #expect(try await ok("create secret generic s -n team --from-file=password").contains("secret/s created"))
    #expect(try await ok("get secret s -n team -o jsonpath={.data.password}") == "b3BlbiBzZXNhbWU=")
    try bench.file("cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  namespace: team\ndata:\n  a: one\n")
    #expect(try await ok("apply -f cm.yaml") == "configmap/c created\n")
    #expect(try await ok("apply -f cm.yaml") == "configmap/c unchanged\n")
    try bench.file("cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  namespace: team\ndata:\n  a: two\n")
    let diff = try await cluster.kubectl("diff -f cm.yaml", version: version)
    #expect(diff.status == 1, "\(diff)")
    #expect(diff.out.contains("+  a: two"))
    #expect(try await ok("apply -f cm.yaml") == "configmap/c configured\n")
    #expect(try await ok("get cm c -n team -o jsonpath={.data.a}") == "two")
    #expect(try await ok("get cm c -n team -o name") == "configmap/c\n")
    #expect(try await ok("get cm -n team").contains("NAME"))
    let table = try await ok("get cm -A -o wide")
    #expect(table.contains("NAMESPACE") && table.contains("team"))
    #expect(try await ok("get cm c -n team -o yaml").contains("  a: two\n"))
    #expect(try await ok("label cm c -n team x=1") == "configmap/c labeled\n")
    // Older versions leave the last letter out.
    #expect(try await ok("annotate cm c -n team y=2").hasPrefix("configmap/c annotate"))
    #expect(try await ok("get cm -n team -l x=1 -o name") == "configmap/c\n")
    for (type, patch) in [
      ("merge", #"{"data":{"m":"1"}}"#), ("strategic", #"{"data":{"s":"1"}}"#), ("json", #"[{"op":"add","path":"/data/j","value":"1"}]"#),
    ] {
      let patched = try await cluster.kubectl(["patch", "cm", "c", "-n", "team", "--type", type, "-p", patch], version: version)
      #expect(patched.status == 0, "\(patched)")
    }
    #expect(try await ok("get cm c -n team -o jsonpath={.data.m}{.data.s}{.data.j}") == "111")
    try bench.command("editor", "#!/bin/sh\nsed -i 's/a: two/a: three/' \"$1\"\n")
    bench.set("EDITOR", bench.path("bin/editor"))
    #expect(try await ok("edit cm c -n team") == "configmap/c edited\n")
    #expect(try await ok("get cm c -n team -o jsonpath={.data.a}") == "three")
    let described = try await ok("describe cm c -n team")
    #expect(described.contains("three"))
    try bench.file("cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  namespace: team\ndata:\n  a: four\n")
    #expect(try await ok("replace -f cm.yaml") == "configmap/c replaced\n")
    let waiting = try bench.start([Kubectl.path(version), "wait", "--for=delete", "cm/c", "-n", "team", "--timeout=60s"])
    #expect(try await ok("delete cm c -n team").contains("configmap \"c\" deleted"))
    #expect(try await waiting.wait(.seconds(70)).status == 0)
    let missing = try await cluster.kubectl("get cm c -n team", version: version)
    #expect(missing.status == 1)
    #expect(missing.err == "Error from server (NotFound): configmaps \"c\" not found\n")
    #expect(try await ok("delete ns team").contains("namespace \"team\" deleted"))
    #expect(try await cluster.kubectl("get ns team", version: version).status == 1)
    #expect(try await cluster.stop().status == 0)
  }

  @Test("server-side apply refuses what another owns until it is forced", arguments: Kubectl.chosen)
  func serverSideApply(version: String) async throws {
    let cluster = try await ServedCluster()
    func manifest(_ value: String) throws {
      try cluster.bench.file(
        "cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  namespace: default\ndata:\n  a: \(value)\n")
    }
    try manifest("one")
    #expect(try await cluster.ok("apply --server-side -f cm.yaml", version: version) == "configmap/c serverside-applied\n")
    try manifest("two")
    let conflict = try await cluster.kubectl("apply --server-side --field-manager=other -f cm.yaml", version: version)
    #expect(conflict.status == 1)
    #expect(conflict.err.contains("Apply failed with 1 conflict: conflict with \"kubectl\""), "\(conflict)")
    #expect(conflict.err.contains(".data.a"))
    _ = try await cluster.ok("apply --server-side --field-manager=other --force-conflicts -f cm.yaml", version: version)
    #expect(try await cluster.ok("get cm c -o jsonpath={.data.a}", version: version) == "two")
    let managers = try await cluster.ok("get cm c --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}", version: version)
    #expect(managers.contains("other"))
  }

  @Test("what is served is told: kinds, versions, rights and the shapes of kinds", arguments: Kubectl.chosen)
  func discovery(version: String) async throws {
    let cluster = try await ServedCluster()
    func ok(_ words: String) async throws -> String { try await cluster.ok(words, version: version) }
    let kinds = try await ok("api-resources")
    #expect(kinds.contains("workflowtemplates") && kinds.contains("wftmpl"))
    #expect(try await ok("api-versions").contains("argoproj.io/v1alpha1"))
    #expect(try await ok("version").contains("argosy"))
    #expect(try await ok("auth can-i create workflows") == "yes\n")
    #expect(try await ok("auth can-i --list").contains("*.*"))
    let refused = try await cluster.kubectl("auth can-i delete nodes --as=nobody", version: version)
    #expect(refused.out == "no\n")
    #expect(try await ok("explain configmap.data").contains("data"))
    #expect(try await ok("explain workflow.spec.entrypoint").contains("entrypoint"))
    let unknown = try await cluster.kubectl("get nothings", version: version)
    #expect(unknown.err.contains("the server doesn't have a resource type \"nothings\""))
  }

  @Test("a service account's token logs in with its rights", arguments: Kubectl.chosen)
  func tokens(version: String) async throws {
    let cluster = try await ServedCluster()
    func ok(_ words: String) async throws -> String { try await cluster.ok(words, version: version) }
    _ = try await ok("create sa robot")
    _ = try await ok("create role reader --verb=get,list --resource=configmaps")
    _ = try await ok("create rolebinding robot --role=reader --serviceaccount=default:robot")
    let token = try await ok("create token robot --duration=1h").split(separator: "\n").first.map(String.init) ?? ""
    #expect(token.split(separator: ".").count == 3)
    // Without the administrator's certificate, which would come first.
    let bare = ["--kubeconfig=/dev/null", "--server=\(cluster.url)", "--insecure-skip-tls-verify", "--token=\(token)"]
    let allowed = try await cluster.kubectl(["get", "cm"] + bare, version: version)
    #expect(allowed.status == 0, "\(allowed)")
    let refused = try await cluster.kubectl(["get", "secrets"] + bare, version: version)
    #expect(
      refused.err.contains("secrets is forbidden: User \"system:serviceaccount:default:robot\" cannot list resource \"secrets\""),
      "\(refused)")
    let forged = try await cluster.kubectl(["get", "cm"] + bare.dropLast() + ["--token=\(token.dropLast(6))AAAAAA"], version: version)
    #expect(forged.status == 1)
    #expect(forged.err.contains("You must be logged in to the server"), "\(forged)")
  }

  @Test("kubectl proxy serves the API without TLS") func proxy() async throws {
    let cluster = try await ServedCluster()
    let proxy = try cluster.bench.start([Kubectl.path(Kubectl.newest), "proxy", "--port=0"])
    var port: Substring = ""
    try await eventually("kubectl proxy tells its port", else: { proxy.outcome.description }) {
      let text = proxy.outcome.out
      guard let range = text.firstRange(of: "127.0.0.1:") else { return false }
      port = text[range.upperBound...].prefix { $0.isNumber }
      return !port.isEmpty
    }
    let answer = try await cluster.bench.shell("curl -sf http://127.0.0.1:\(port)/api/v1/namespaces/default")
    #expect(answer.contains("\"name\":\"default\"") || answer.contains("\"name\": \"default\""))
    proxy.signal(SIGTERM)
  }

  @Test("a second server on the same data, and one on a used port, are refused with the reason") func refusals() async throws {
    let cluster = try await ServedCluster()
    let second = try await cluster.bench.run([Parts.argosy, "server", "--data", cluster.data, "--listen", "127.0.0.1:0"])
    #expect(second.status == 1)
    #expect(second.err.contains("is in use by process \(cluster.server.pid)"), "\(second)")
    let port = cluster.url.split(separator: ":").last ?? ""
    let other = cluster.bench.path("other")
    let busy = try await cluster.bench.run([Parts.argosy, "server", "--data", other, "--listen", "127.0.0.1:\(port)"])
    #expect(busy.status == 1)
    #expect(busy.err.contains("port \(port) of 127.0.0.1 is in use"), "\(busy)")
    #expect(!Files.exists(other), "nothing is made for a server that cannot listen")
  }
}
