import Glibc
import JSONValue
import Testing

/// Many accounts at once; `ARGOSY_ACCOUNTS=20` for as many as scripts/twenty-accounts makes.
@Suite(
  "Many accounts at once", .needs("terraform", "git", "moto", "python3", "aws", "curl"), .needsKubectl, .needsAccountFactory, .serialized)
struct AccountFactoryFleetTests {
  private static let count = Parts.environment["ARGOSY_ACCOUNTS"].flatMap { Int($0) } ?? 3

  @Test(
    "the server is killed half-way and one terraform too: all accounts get their baseline, and no lock is left", .timeLimit(.minutes(120)))
  func fleet() async throws {
    let factory = try await AccountFactory()
    let bench = factory.bench
    // What the victim's terraform talks to: it is held up when it wants to become somebody in the account, before it makes anything there.
    let gate = try await Server([
      "python3", "-u", try bench.file("gate.py", Self.gate), factory.moto.url, bench.path("hold"), bench.path("held"),
    ])
    let accounts = (1...Self.count).map { "account-\($0)" }
    var workflows: [String: String] = [:]
    for (index, account) in accounts.enumerated() {
      workflows[account] = try await factory.submit(account, endpoint: index == 0 ? gate.url : nil, network: 16 + index)
    }
    let victim = accounts[0]
    let name = try #require(workflows[victim])
    try await eventually("the victim has three states", within: .seconds(1800)) {
      try await factory.states().count { $0.account == victim && !$0.isLocked } >= 3
    }
    try bench.file("hold", "")
    try await eventually("all together are half-way", within: .seconds(1800)) {
      try await factory.states().count >= accounts.count * AccountFactory.steps.count / 2
    }
    let again = try await restart(factory)
    try await eventually("the victim's terraform is held up", within: .seconds(1800)) {
      guard Files.exists(bench.path("held")) else { return false }
      return try await factory.states().contains { $0.account == victim && $0.isLocked }
    }
    try await eventually("the victim's terraform is killed", within: .seconds(600)) {
      kill(account: victim, bench)
      return ["Failed", "Error"].contains(try await factory.phase(name))
    }
    for account in accounts.dropFirst() {
      let workflow = try #require(workflows[account])
      let phase = try await factory.end(workflow)
      if phase != "Succeeded" { Issue.record("\(account) \(phase): \(try await factory.story(of: workflow))") }
    }
    let left = try await factory.states().filter(\.isLocked)
    #expect(left.map(\.account) == [victim], "the killed one has left its lock: \(left)")
    for state in left {
      let outcome = try await bench.run([Parts.argosy, "tfstate", "unlock", "\(state.account)/\(state.step)", "--force", "-n", "argo"])
      #expect(outcome.status == 0, "\(outcome)")
    }
    unlink(bench.path("hold"))
    let retried = try await factory.curl("PUT", "/api/v1/workflows/argo/\(name)/retry", "{}")
    #expect(retried.status == 200, "\(retried.text)")
    #expect(try await factory.end(name) == "Succeeded", "the victim goes on where it was")
    var wanted: [String: JSON] = [:]
    for (index, account) in accounts.enumerated() { wanted[account] = AccountFactory.baseline(network: 16 + index) }
    #expect(try await factory.baselines() == wanted)
    let states = try await factory.states()
    #expect(states.count == accounts.count * AccountFactory.steps.count && states.allSatisfy { !$0.isLocked }, "\(states)")
    again.signal(SIGTERM, group: false)
    #expect(try await again.wait().status == 0)
  }

  /// `kill -9` of the server, and another one over the same data at the same address.
  private func restart(_ factory: AccountFactory) async throws -> Child {
    let cluster = factory.cluster
    cluster.server.signal(SIGKILL, group: false)
    _ = try await cluster.server.wait()
    let address = cluster.url.split(separator: "/").last.map(String.init) ?? ""
    let again = try cluster.bench.start([Parts.argosy, "server", "--data", cluster.data, "--listen", address, "--log", "errors"])
    try await eventually("the server is there again", within: .seconds(600), else: { again.outcome.description }) {
      again.outcome.out.contains(" serves http") || !again.isRunning
    }
    return again
  }

  /// `kill -9` of what runs terraform for an account.
  private func kill(account: String, _ bench: Bench) {
    for process in bench.processes() where process.arguments.contains("terraform apply") {
      let environment = Files.bytes("/proc/\(process.pid)/environ") ?? []
      if Files.contains(environment, Array("ACCOUNT_NAME=\(account)\0".utf8)) { Glibc.kill(process.pid, SIGKILL) }
    }
  }

  /// Passes requests on; holds those up that ask for a role, while the file is there.
  private static let gate = """
    import http.server, os, sys, time, urllib.request, urllib.error
    target, hold, held = sys.argv[1:]
    class Handler(http.server.BaseHTTPRequestHandler):
      protocol_version = 'HTTP/1.1'
      def log_message(self, *args): pass
      def pass_on(self):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        if b'Action=AssumeRole' in body and os.path.exists(hold):
          open(held, 'w').close()
          while os.path.exists(hold): time.sleep(0.1)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ('host', 'content-length', 'accept-encoding', 'connection')}
        headers['Host'] = self.headers.get('Host', '')
        try:
          answer = urllib.request.urlopen(urllib.request.Request(target + self.path, body or None, headers, method=self.command))
        except urllib.error.HTTPError as error:
          answer = error
        data = answer.read()
        self.send_response(answer.status)
        for key, value in answer.headers.items():
          if key.lower() not in ('content-length', 'transfer-encoding', 'connection', 'server', 'date'): self.send_header(key, value)
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)
      do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = pass_on
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.daemon_threads = True
    print(f'http://127.0.0.1:{server.server_port}/', flush=True)
    server.serve_forever()
    """
}
