import Glibc
import JSONValue
import Testing

/// Who may do what, as the real kubectl sees it against the real server.
@Suite("Access to a server", .needsKubectl)
struct AccessTests {
  /// Waits until a command of kubectl prints something.
  private func shown(_ cluster: ServedCluster, _ words: String, where condition: (String) -> Bool = { !$0.isEmpty }) async throws -> String
  {
    var outcome = try await cluster.kubectl(words)
    try await eventually("kubectl \(words)", else: { "\(outcome)" }) {
      if condition(outcome.out) { return true }
      outcome = try await cluster.kubectl(words)
      return condition(outcome.out)
    }
    return outcome.out
  }

  /// A request by curl with a bearer token; gives the status and the body.
  private func curl(_ cluster: ServedCluster, _ path: String, token: String?) async throws -> (status: String, body: String) {
    let bearer = token.map { ["-H", "Authorization: Bearer \($0)"] } ?? []
    let outcome = try await cluster.bench.run(
      ["curl", "-s", "--cacert", cluster.data + "/keys/ca.crt", "-w", "\n%{http_code}"] + bearer + [cluster.url + path])
    let lines = outcome.out.split(separator: "\n", omittingEmptySubsequences: false)
    return (String(lines.last ?? ""), lines.dropLast().joined(separator: "\n"))
  }

  @Test("the account factory's commands make an account, its role and its token, and the token opens Argo's kinds only", .needs("curl"))
  func accountFactory() async throws {
    let cluster = try await ServedCluster()
    #expect(try await cluster.ok("create namespace argo") == "namespace/argo created\n")
    _ = try await shown(cluster, "get rolebinding argo-server-binding -n argo -o name --ignore-not-found")
    try await cluster.ok("create sa sa-argo-server-admin -n argo")
    try await cluster.ok(
      "create rolebinding rb-argo-server-admin -n argo --role=argo-server-role --serviceaccount=argo:sa-argo-server-admin")
    let secret = try await shown(cluster, "get sa sa-argo-server-admin -n argo -o=jsonpath={.secrets[0].name}")
    let encoded = try await shown(cluster, "get secret \(secret) -n argo -o=jsonpath={.data.token}")
    let token = try await cluster.bench.shell("printf %s '\(encoded)' | base64 --decode")
    let list = "/apis/argoproj.io/v1alpha1/namespaces/argo/workflows"
    #expect(try await curl(cluster, list, token: token).status == "200")
    #expect(try await curl(cluster, "/apis/argoproj.io/v1alpha1/namespaces/default/workflows", token: token).status == "403")
    #expect(try await curl(cluster, "/api/v1/nodes", token: token).status == "403")
    // It is gone with its Secret, and with its account.
    try await cluster.ok("delete secret \(secret) -n argo")
    #expect(try await curl(cluster, list, token: token).status == "401")
  }

  @Test("tokens are good for their time, audience and account; all others are refused in one word", .needs("curl"))
  func tokens() async throws {
    let cluster = try await ServedCluster()
    try await cluster.ok("create sa robot")
    try await cluster.ok("create clusterrolebinding robot --clusterrole=view --serviceaccount=default:robot")
    let token = try await cluster.ok("create token robot --duration=20m").filter { !$0.isWhitespace }
    let path = "/api/v1/namespaces/default/pods"
    #expect(try await curl(cluster, path, token: token).status == "200")
    #expect(try await curl(cluster, "/api/v1/namespaces/default/secrets", token: token).status == "403")
    let other = try await cluster.ok("create token robot --audience=vault").filter { !$0.isWhitespace }
    let parts = token.split(separator: ".").map(String.init)
    try #require(parts.count == 3)
    let none = try await cluster.bench.shell(#"printf '{"alg":"none"}' | base64 | tr -d '=\n' | tr '+/' '-_'"#)
    let bad = [
      other, "\(none).\(parts[1]).", "\(none).\(parts[1]).\(parts[2])",
      "\(parts[0]).\(parts[1]).\(parts[2].reversed().map(String.init).joined())",
      "x", "\(token)x", String(repeating: "a", count: 20_000),
    ]
    for token in bad {
      let answer = try await curl(cluster, path, token: token)
      #expect(answer.status == "401", "\(token.prefix(80))")
      #expect((try? JSON.parse(answer.body))?["message"] == "Unauthorized", "\(answer.body)")
    }
    let short = try await cluster.kubectl("create token robot --duration=1m")
    #expect(short.err.contains("may not specify a duration less than 10 minutes"), "\(short)")
    let keys = try await curl(cluster, "/openid/v1/jwks", token: token)
    #expect(keys.status == "200" && keys.body.contains("\"crv\":\"P-256\""), "\(keys)")
    #expect(try await curl(cluster, "/.well-known/openid-configuration", token: token).body.contains("\(cluster.url)/openid/v1/jwks"))
    for anonymous in ["/api", "/apis", "/metrics", "/openapi/v2", "/openid/v1/jwks", path] {
      #expect(try await curl(cluster, anonymous, token: nil).status == "403", "\(anonymous)")
    }
    for open in ["/healthz", "/livez", "/readyz", "/version"] {
      #expect(try await curl(cluster, open, token: nil).status == "200", "\(open)")
    }
    try await cluster.ok("delete sa robot")
    #expect(try await curl(cluster, path, token: token).status == "401")
    try await cluster.ok("create sa robot")
    #expect(try await curl(cluster, path, token: token).status == "401")
  }

  @Test("nobody grants or binds what it does not have; questions about access are answered", arguments: Kubectl.chosen)
  func rules(version: String) async throws {
    let cluster = try await ServedCluster()
    func kubectl(_ words: String) async throws -> Outcome { try await cluster.kubectl(words, version: version) }
    func ok(_ words: String) async throws { try await cluster.ok(words, version: version) }
    try await ok("create ns team")
    #expect(try await kubectl("auth can-i create pods -n team --as ann").out == "no\n")
    try await ok("create rolebinding ann --clusterrole=admin --user=ann -n team")
    #expect(try await kubectl("auth can-i create pods -n team --as ann").out == "yes\n")
    #expect(try await kubectl("auth can-i create pods --as ann").status == 1)
    #expect(try await kubectl("auth can-i get pods --subresource=log -n team --as ann").out == "yes\n")
    let list = try await kubectl("auth can-i --list -n team --as ann")
    #expect(list.out.contains("workflows.argoproj.io") && list.out.contains("selfsubjectaccessreviews.authorization.k8s.io"), "\(list)")

    try await ok("create role reader --verb=get,list --resource=pods,pods/log -n team --as ann")
    let wide = try await kubectl("create role wide --verb=get --resource=nodes -n team --as ann")
    #expect(wide.status == 1 && wide.err.contains("is attempting to grant RBAC permissions not currently held:"), "\(wide)")
    #expect(wide.err.contains(#"{APIGroups:[""], Resources:["nodes"], Verbs:["get"]}"#), "\(wide)")
    try await ok("create rolebinding reader --role=reader --user=bob -n team --as ann")
    let root = try await kubectl("create rolebinding root --clusterrole=cluster-admin --user=bob -n team --as ann")
    #expect(root.status == 1 && root.err.contains("is attempting to grant"), "\(root)")
    let everywhere = try await kubectl("create clusterrolebinding all --clusterrole=view --user=bob --as ann")
    #expect(everywhere.err.contains("cannot create resource \"clusterrolebindings\""), "\(everywhere)")
    let changed = try await cluster.kubectl(
      ["patch", "rolebinding", "reader", "-n", "team", "--type=merge", "-p", #"{"roleRef":{"name":"other"}}"#], version: version)
    #expect(changed.err.contains("cannot change roleRef"), "\(changed)")

    #expect(try await kubectl("get pods -n team --as bob").status == 0)
    let refused = try await kubectl("get secrets -n team --as bob")
    #expect(
      refused.err
        == "Error from server (Forbidden): secrets is forbidden: User \"bob\" cannot list resource \"secrets\" in API group \"\" in the namespace \"team\"\n",
      "\(refused)")
    let acting = try await kubectl("get pods -n team --as bob --as-group system:masters")
    #expect(acting.status == 0, "\(acting)")
    // Bob may not be another.
    try await ok("create sa robot -n team")
    try await ok("create rolebinding robot --clusterrole=edit --serviceaccount=team:robot -n team")
    let written = try await cluster.bench.run(
      [Parts.argosy, "kubeconfig", "--data", cluster.data, "--service-account", "team/robot", "-o", cluster.bench.path("robot")])
    #expect(written.status == 0, "\(written)")
    let robot = "--kubeconfig \(cluster.bench.path("robot"))"
    #expect(try await kubectl("\(robot) get pods").status == 0)
    let other = try await kubectl("\(robot) get pods --as bob")
    #expect(
      other.err.contains(
        "User \"system:serviceaccount:team:robot\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope"),
      "\(other)")
  }

  @Test("no Secret can be read from the server's files, before, while and after the key changes")
  func secretsAtRest() async throws {
    let cluster = try await ServedCluster()
    try cluster.bench.file("word", "topsecret-word")
    try await cluster.ok("create secret generic creds --from-file=\(cluster.bench.path("word"))")
    try await cluster.ok("annotate secret creds note=x")
    func words() -> [String] {
      Files.all(below: cluster.data).filter { path in
        let bytes = Files.bytes(path) ?? []
        return ["topsecret", "dG9wc2VjcmV0"].contains { Files.contains(bytes, Array($0.utf8)) }
      }
    }
    #expect(words() == [])
    let rotation = try await cluster.bench.argosy("secrets", "rotate-key", "--data", cluster.data)
    #expect(rotation.status == 0, "\(rotation)")
    #expect(try await cluster.ok("get secret creds -o jsonpath={.data.word}") == "dG9wc2VjcmV0LXdvcmQ=")
    try await cluster.ok("delete secret creds")
    #expect(words() == [])
    #expect(try await cluster.stop().status == 0)
    #expect(words() == [])
    for path in Files.all(below: cluster.data + "/keys") {
      var information = stat()
      #expect(stat(path, &information) == 0 && information.st_mode & 0o777 == 0o600, "\(path)")
    }
  }
}
