import Glibc
import JSONValue
import Testing

/// The Argo API by curl, against the built program.
@Suite(.needsKubectl, .needs("curl", "jq")) struct APITests {
  /// Runs curl; gives the status and the body.
  private static func curl(_ cluster: ServedCluster, _ path: String, _ arguments: [String] = []) async throws -> (status: Int, json: JSON) {
    let outcome = try await cluster.bench.run(
      ["curl", "-sk", "--max-time", "100", "-w", "\n%{http_code}", cluster.url + path] + arguments)
    #expect(outcome.status == 0, "\(path): \(outcome)")
    let lines = outcome.out.split(separator: "\n", omittingEmptySubsequences: false)
    return (Int(lines.last ?? "") ?? 0, (try? JSON.parse(lines.dropLast().joined(separator: "\n"))) ?? .null)
  }

  @Test("the page's commands do what it says") func page() async throws {
    let cluster = try await ServedCluster("--auth-mode", "hybrid")
    let bench = cluster.bench
    let page = Project.root + "/docs/api.md"
    try bench.file("template.json", try Readme.block("json", of: page))
    #expect(symlink(Kubectl.path(Kubectl.newest), bench.path("bin/kubectl")) == 0)
    bench.set("ARGOSY_DATA", cluster.data)
    let printed = try await bench.shell(try Readme.commands(page))
    #expect(printed.contains("{\"result\":{\"content\":\"hello world\""), "\(printed)")
    #expect(printed.contains("\"phase\":\"Succeeded\""), "\(printed)")
    #expect(printed.contains("\"subject\":\"system:serviceaccount:argo:ci\""), "\(printed)")
  }

  @Test("client mode is the default: a token of a service account does what its role allows") func clientMode() async throws {
    let cluster = try await ServedCluster()
    let refused = try await Self.curl(cluster, "/api/v1/workflows/argo")
    #expect(refused.status == 401)
    #expect(refused.json["message"] == "token not valid. see https://argo-workflows.readthedocs.io/en/latest/faq/")

    try await cluster.ok("create namespace argo")
    try await cluster.ok("create sa sa-argo-server-admin -n argo")
    try await cluster.ok(
      "create rolebinding rb-argo-server-admin -n argo --role=argo-server-role --serviceaccount=argo:sa-argo-server-admin")
    let token = try await cluster.ok("create token sa-argo-server-admin -n argo").split(separator: "\n").joined()
    let bearer = ["-H", "Authorization: Bearer \(token)"]
    for (path, arguments, status) in [
      ("/api/v1/workflows/argo", bearer, 200), ("/api/v1/workflows/default", bearer, 403),
      ("/api/v1/workflow-templates/argo", ["-u", ":\(token)"], 200),
    ] {
      let answer = try await Self.curl(cluster, path, arguments)
      #expect(answer.status == status, "\(path): \(answer.json)")
    }
    let user = try await Self.curl(cluster, "/api/v1/userinfo", ["-b", "authorization=Bearer%20\(token)"])
    #expect(user.json["serviceAccountName"] == "sa-argo-server-admin")

    // An account without rights is known, and may nothing.
    let other = try await cluster.ok("create token default -n argo").split(separator: "\n").joined()
    let stranger = try await Self.curl(
      cluster, "/api/v1/cron-workflows/argo", ["-H", "Authorization: Bearer \(other)", "-d", "{\"cronWorkflow\": {}}"])
    #expect(stranger.status == 403)
    #expect(stranger.json["code"] == 7)

    // The administrator's certificate is as good as a token.
    let certificates = try await cluster.bench.shell(
      """
      for part in client-certificate-data client-key-data; do
        kubectl config view --raw -o "jsonpath={.users[0].user.$part}" | base64 -d > $part
      done
      """.replacing(all: "kubectl", with: Kubectl.path(Kubectl.newest)))
    #expect(certificates.isEmpty)
    let administrator = try await Self.curl(
      cluster, "/api/v1/workflows/default", ["--cert", "client-certificate-data", "--key", "client-key-data"])
    #expect(administrator.status == 200)
  }

  @Test("server mode stands on the loopback only, unless that is said in words") func serverModeElsewhere() async throws {
    let bench = try Bench()
    let outcome = try await bench.run(
      [Parts.argosy, "server", "--data", bench.path("data"), "--listen", "0.0.0.0:0", "--auth-mode", "server"])
    #expect(outcome.status == 2)
    #expect(outcome.err.contains("--allow-unauthenticated-network"), "\(outcome)")
    #expect(!bench.exists("data"))
  }
}

/// Requests that nobody means to send, made up from the API's own description.
@Suite(.needs("schemathesis")) struct SchemathesisTests {
  @Test("no request that schemathesis makes up has an answer of 500 or more") func noServerErrors() async throws {
    let cluster = try await ServedCluster("--auth-mode", "server", "--insecure-http", "--api-rate-limit", "1000000")
    // Objects to meet: without them nearly all names lead nowhere.
    try cluster.bench.file(
      "schemathesis.toml",
      """
      [parameters]
      "path.namespace" = "default"

      """)
    // Streams have no end. Of bodies the edges are too many to try them all: every field of a workflow has some.
    let common = [
      "--url", cluster.url, "--checks", "not_a_server_error", "--seed", "1", "--suppress-health-check", "all", "--no-shrink",
      "--request-timeout", "100", "--warnings", "off", "--exclude-path-regex", "/stream/|/workflow-events/",
    ]
    for (document, phase) in [
      ("openapi", ["--phases", "fuzzing", "--max-examples", "25"]), ("openapi", ["--phases", "coverage", "--include-method", "GET"]),
      ("swagger", ["--phases", "fuzzing", "--max-examples", "1"]),
    ] {
      let outcome = try await cluster.bench.run(
        ["schemathesis", "run", "\(cluster.url)/apidocs/\(document).json"] + common + phase, within: .seconds(1500))
      #expect(outcome.status == 0, "\(document) \(phase)\n\(outcome.out.suffix(6000))\n\(outcome.err.suffix(2000))")
      #expect(outcome.out.contains("passed"), "\(outcome.out.suffix(2000))")
      #expect(
        !outcome.out.contains("Skipped:") || phase.contains("coverage"),
        "operations whose description cannot be used: \(outcome.out.suffix(2000))")
    }
    // The server lives and serves.
    let after = try await cluster.bench.run(["curl", "-s", cluster.url + "/api/v1/version"])
    #expect(after.out.contains("\"version\""))
  }
}
