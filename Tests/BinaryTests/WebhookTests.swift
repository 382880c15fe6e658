import Glibc
import JSONValue
import Testing

/// curl with a token of a service account, at the Argo API of a real server.
struct ArgoCurl {
  let cluster: ServedCluster
  private let authority: String

  /// - Parameter namespace: made, with a service account `robot` that may do everything in it.
  init(_ cluster: ServedCluster, namespace: String) async throws {
    self.cluster = cluster
    authority = cluster.bench.path("ca.pem")
    try await cluster.ok("create namespace \(namespace)")
    try await cluster.ok("create serviceaccount robot -n \(namespace)")
    try await cluster.ok("create rolebinding robot -n \(namespace) --clusterrole=admin --serviceaccount=\(namespace):robot")
    let encoded = try await cluster.kubectl([
      "config", "view", "--minify", "--raw", "-o", "jsonpath={.clusters[0].cluster.certificate-authority-data}",
    ])
    try cluster.bench.file("ca.base64", encoded.out)
    try await cluster.bench.shell("base64 -d ca.base64 > ca.pem")
    let token = try await cluster.ok("create token robot -n \(namespace)")
    try cluster.bench.file("robot.header", "Authorization: Bearer \(token)")
  }

  /// An answer.
  struct Answer: CustomStringConvertible {
    var status: Int
    var headers: [String: String]
    var body: String
    var json: JSON { (try? JSON.parse(body)) ?? .null }
    var description: String { "\(status) \(headers)\n\(body.prefix(2000))" }
  }

  /// Sends a request. `words` are further arguments of curl.
  func send(_ method: String, _ path: String, body: String? = nil, token: Bool = true, _ words: String...) async throws -> Answer {
    var arguments = ["curl", "-sS", "--max-time", "100", "--cacert", authority, "-D", "-", "-X", method, cluster.url + path]
    if method == "HEAD" { arguments.append("-I") }
    if token { arguments += ["-H", "@" + cluster.bench.path("robot.header")] }
    if let body { arguments += ["--data-binary", body] }
    let outcome = try await cluster.bench.run(arguments + words)
    try #require(outcome.status == 0, "\(outcome)")
    return Self.answer(outcome.out)
  }

  /// Heads of `100 Continue` come before the answer's.
  static func answer(_ text: String) -> Answer {
    var rest = text.replacing(all: "\r\n", with: "\n")[...]
    var lines: [Substring] = []
    repeat {
      guard let end = rest.firstRange(of: "\n\n") else { break }
      lines = rest[..<end.lowerBound].split(separator: "\n")
      rest = rest[end.upperBound...]
    } while rest.hasPrefix("HTTP/1.1 ")
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
    }
    let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return Answer(status: status, headers: headers, body: String(rest))
  }
}

@Suite("Webhooks", .needsKubectl, .needs("curl", "openssl")) struct WebhookTests {
  @Test("the page's commands do what it says") func page() async throws {
    let cluster = try await ServedCluster()
    let bench = cluster.bench
    let page = Project.root + "/docs/events-webhook.md"
    try bench.file("webhook.yaml", try Readme.block("yaml", of: page))
    #expect(symlink(Kubectl.path(Kubectl.newest), bench.path("bin/kubectl")) == 0)
    bench.set("ARGOSY_DATA", cluster.data)
    let printed = try await bench.shell(try Readme.commands(page))
    #expect(printed.contains("building main"), "\(printed)")
    #expect(printed.split(separator: "\n").filter { $0.hasSuffix("condition met") }.count == 2, "\(printed)")
    let creators = try await cluster.ok("get workflows -n ci -o jsonpath={.items[*].metadata.labels.workflows\\.argoproj\\.io/creator}")
    #expect(creators == "system-serviceaccount-ci-github.com system-serviceaccount-ci-github.com")
    // The audit log knows whose they were, also of the one whose signature alone told it.
    let audit = try await bench.argosy("audit", "--data", cluster.data, "-o", "json")
    let events = audit.out.split(separator: "\n").compactMap { try? JSON.parse(String($0)) }.filter { $0["path"] == "/api/v1/events/ci/" }
    #expect(events.map { $0["user"] } == ["system:serviceaccount:ci:github.com", "system:serviceaccount:ci:github.com"], "\(events)")
  }

  @Test("who does not prove to be a client submits nothing, and what fails is told") func refusals() async throws {
    let cluster = try await ServedCluster()
    let curl = try await ArgoCurl(cluster, namespace: "ci")
    // The namespace has no clients yet.
    #expect(try await curl.send("POST", "/api/v1/events/ci/", body: "{}", token: false).status == 403)
    try cluster.bench.file("webhook.yaml", try Readme.block("yaml", of: Project.root + "/docs/events-webhook.md"))
    try await cluster.ok("apply -n ci -f webhook.yaml")

    let body = #"{"ref": "refs/heads/main"}"#
    let wrong = String(repeating: "0", count: 64)
    let signed = try await curl.send(
      "POST", "/api/v1/events/ci/", body: body, token: false, "-H", "X-GitHub-Event: push", "-H", "X-Hub-Signature-256: sha256=\(wrong)")
    #expect(signed.status == 401, "\(signed)")
    #expect(signed.json["code"] == 16)
    #expect(try await curl.send("POST", "/api/v1/events/ci/", body: body, token: false).status == 401)
    #expect(
      try await curl.send("POST", "/api/v1/events/ci/", body: body, token: false, "-H", "Authorization: Bearer nonsense").status == 401)
    #expect(try await curl.send("POST", "/api/v1/events/ci/", body: "{").status == 400)
    // A service account of another namespace has no rights here.
    try await cluster.ok("create serviceaccount stranger")
    let stranger = try await cluster.ok("create token stranger")
    #expect(
      try await curl.send("POST", "/api/v1/events/ci/", body: body, token: false, "-H", "Authorization: Bearer \(stranger)").status == 403)
    // The selector does not hold.
    #expect(try await curl.send("POST", "/api/v1/events/ci/", body: body, "-H", "X-GitHub-Event: ping").status == 200)
    #expect(try await cluster.ok("get workflows -n ci -o name") == "")

    try cluster.bench.file(
      "malformed.yaml",
      "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowEventBinding\nmetadata: {name: malformed}\nspec: {event: {selector: ''}}\n")
    try await cluster.ok("apply -n ci -f malformed.yaml --validate=false")
    let failed = try await curl.send("POST", "/api/v1/events/ci/some-discriminator", body: "{}", "-H", "X-GitHub-Event: ping")
    #expect(failed.status == 500, "\(failed)")
    #expect(failed.json["message"]?.string?.contains("unexpected token EOF") == true, "\(failed)")
    try await eventually("the binding's event", within: .seconds(600)) {
      let events = try await cluster.ok("get events -n ci --field-selector involvedObject.name=malformed -o jsonpath={.items[*].reason}")
      return events.contains("WorkflowEventBindingError")
    }
    let bindings = try await curl.send("GET", "/api/v1/workflow-event-bindings/ci")
    #expect(bindings.json["items"]?.array?.compactMap { $0.at("metadata", "name")?.string } == ["malformed", "push"], "\(bindings)")
  }
}
