import Glibc
import JSONValue
import Testing

/// The real terraform, its state in a real server. `terraform_data` needs no provider.
@Suite("Terraform keeps its state in the server", .needs("terraform", "curl", "openssl"), .needsKubectl)
struct TerraformBackendTests {
  /// A server with a namespace, an account that may keep states in it, and a directory with code.
  private final class Place: Sendable {
    let cluster: ServedCluster
    let token: String
    let code: String
    var bench: Bench { cluster.bench }
    var address: String { "\(cluster.url)/tfstate/team/app/network" }

    init(_ code: String = Place.plain) async throws {
      cluster = try await ServedCluster()
      self.code = cluster.bench.path("code")
      try await cluster.ok("create namespace team")
      try await cluster.ok("create sa robot -n team")
      try await cluster.ok("create rolebinding robot -n team --clusterrole=argosy-terraform-state --serviceaccount=team:robot")
      token = try await cluster.ok("create token robot -n team").filter { !$0.isWhitespace }
      try cluster.bench.file("code/main.tf", code)
      for (name, value) in [
        "TF_HTTP_USERNAME": "robot", "TF_HTTP_PASSWORD": token, "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1",
        "TF_HTTP_CLIENT_CA_CERTIFICATE_PEM": Files.text(cluster.data + "/keys/ca.crt"), "TF_HTTP_RETRY_MAX": "0",
      ] { cluster.bench.set(name, value) }
    }

    static let plain = """
      terraform {
        backend "http" {}
      }
      variable "word" { type = string }
      resource "terraform_data" "it" { input = var.word }
      output "word" { value = terraform_data.it.output }
      """

    /// As ``plain``, but an apply waits until a file is there.
    static func waiting(for file: String) -> String {
      plain + """

        resource "terraform_data" "wait" {
          provisioner "local-exec" { command = "touch begun; while ! [ -e \(file) ]; do sleep 0.05; done" }
        }
        """
    }

    func terraform(_ words: String...) async throws -> Outcome {
      try await bench.run(["terraform", "-chdir=\(code)"] + words, within: .seconds(240))
    }

    func ready(settings: String...) async throws {
      let addresses = ["address", "lock_address", "unlock_address"].map { "\($0)=\(address)" }
      let outcome = try await bench.run(
        ["terraform", "-chdir=\(code)", "init", "-no-color"] + (addresses + settings).map { "-backend-config=\($0)" }, within: .seconds(240)
      )
      #expect(outcome.status == 0, "\(outcome)")
    }

    func apply(_ word: String, _ more: String...) async throws -> Outcome {
      try await bench.run(
        ["terraform", "-chdir=\(code)", "apply", "-no-color", "-auto-approve", "-var", "word=\(word)"] + more, within: .seconds(240))
    }

    func argosy(_ words: String) async throws -> Outcome {
      try await bench.run([Parts.argosy] + words.split(separator: " ").map(String.init))
    }

    /// What the server says of the state.
    func state() async throws -> JSON {
      let outcome = try await argosy("tfstate list -n team -o json")
      #expect(outcome.status == 0, "\(outcome)")
      return try JSON.parse(outcome.out).array?.first ?? .null
    }

    var isLocked: Bool { get async throws { try await state()["lock"]?.isNull == false } }
  }

  @Test("init, apply, plan and destroy work as with any backend, and nothing is in the directory or readable in the data")
  func lifeOfAState() async throws {
    let place = try await Place()
    try await place.ready()
    let applied = try await place.apply("topsecret-word")
    #expect(applied.status == 0 && applied.out.contains("topsecret-word"), "\(applied)")
    #expect(!Files.exists(place.code + "/terraform.tfstate"))
    let planned = try await place.terraform("plan", "-no-color", "-detailed-exitcode", "-var", "word=topsecret-word")
    #expect(planned.status == 0, "nothing is to be done: \(planned)")
    #expect(try await place.terraform("output", "-raw", "word").out == "topsecret-word")
    let state = try await place.state()
    #expect(state["key"] == "app/network" && state.at("current", "serial")?.int == 1 && state["lock"]?.isNull == true, "\(state.text())")
    #expect(state.at("current", "user") == "system:serviceaccount:team:robot")
    let marker = Array("topsecret-word".utf8)
    for path in Files.all(below: place.cluster.data) { #expect(!Files.contains(Files.bytes(path) ?? [], marker), "\(path)") }
    let destroyed = try await place.terraform("destroy", "-no-color", "-auto-approve", "-var", "word=x")
    #expect(destroyed.status == 0, "\(destroyed)")
    #expect(try await place.terraform("state", "list").out.isEmpty)
  }

  @Test("of two applies at once the second is refused by the lock and told whose it is, or waits for it")
  func twoAtOnce() async throws {
    let bench = try Bench()
    let gate = bench.path("go")
    let place = try await Place(Place.waiting(for: gate))
    try await place.ready()
    let first = try place.bench.start(["terraform", "-chdir=\(place.code)", "apply", "-no-color", "-auto-approve", "-var", "word=one"])
    try await eventually("the first has begun", within: .seconds(600), else: { first.outcome.description }) {
      Files.exists(place.code + "/begun")
    }
    let second = try await place.apply("two")
    #expect(second.status == 1 && second.err.contains("Error acquiring the state lock"), "\(second)")
    let id = try #require(try await place.state().at("lock", "id")?.string)
    #expect(second.err.contains(id), "\(second)")
    let waiting = try place.bench.start(
      ["terraform", "-chdir=\(place.code)", "apply", "-no-color", "-auto-approve", "-lock-timeout=300s", "-var", "word=three"])
    try await Task.sleep(for: .milliseconds(300))
    try bench.file("go", "")
    let firstEnd = try await first.wait(.seconds(240))
    #expect(firstEnd.status == 0, "\(firstEnd)")
    let waitingEnd = try await waiting.wait(.seconds(240))
    #expect(waitingEnd.status == 0 && waitingEnd.out.contains("word = \"three\""), "\(waitingEnd)")
    #expect(try await !place.isLocked)
  }

  @Test(
    "a terraform that is killed leaves its lock: others are refused until somebody releases it, by force-unlock or by argosy",
    arguments: [true, false])
  func killed(byTerraform: Bool) async throws {
    let bench = try Bench()
    let place = try await Place(Place.waiting(for: bench.path("go")))
    try await place.ready()
    let first = try place.bench.start(["terraform", "-chdir=\(place.code)", "apply", "-no-color", "-auto-approve", "-var", "word=one"])
    try await eventually("it has begun", within: .seconds(600), else: { first.outcome.description }) {
      Files.exists(place.code + "/begun")
    }
    first.signal(SIGKILL)
    _ = try await first.wait()
    try bench.file("go", "")
    let id = try #require(try await place.state().at("lock", "id")?.string, "the lock is still there")
    let refused = try await place.apply("two")
    #expect(refused.status == 1 && refused.err.contains(id), "\(refused)")
    if byTerraform {
      let unlocked = try await place.terraform("force-unlock", "-force", id)
      #expect(unlocked.status == 0, "\(unlocked)")
    } else {
      #expect(try await place.argosy("tfstate unlock app/network -n team").err.contains("--force"))
      let wrong = try await place.argosy("tfstate unlock app/network no-such-lock -n team")
      #expect(wrong.status == 1 && wrong.err.contains(id), "\(wrong)")
      let shown = try await place.argosy("tfstate show app/network -n team")
      #expect(shown.out.contains(id) && shown.out.contains("OperationTypeApply"), "\(shown)")
      let unlocked = try await place.argosy("tfstate unlock app/network \(id) -n team")
      #expect(unlocked.status == 0, "\(unlocked)")
    }
    let after = try await place.apply("three")
    #expect(after.status == 0, "\(after)")
    #expect(try await !place.isLocked)
  }

  @Test("terraform rides out a server that is killed and comes back while it applies")
  func serverKilled() async throws {
    let bench = try Bench()
    let place = try await Place(Place.waiting(for: bench.path("go")))
    try await place.ready()
    for (name, value) in ["TF_HTTP_RETRY_MAX": "100", "TF_HTTP_RETRY_WAIT_MIN": "1", "TF_HTTP_RETRY_WAIT_MAX": "1"] {
      place.bench.set(name, value)
    }
    let apply = try place.bench.start(["terraform", "-chdir=\(place.code)", "apply", "-no-color", "-auto-approve", "-var", "word=one"])
    try await eventually("it has begun", within: .seconds(600), else: { apply.outcome.description }) {
      Files.exists(place.code + "/begun")
    }
    place.cluster.server.signal(SIGKILL, group: false)
    _ = try await place.cluster.server.wait()
    try bench.file("go", "")
    // It asks at the same address again and again.
    let address = place.cluster.url.split(separator: "/").last.map(String.init) ?? ""
    let again = try place.bench.start([Parts.argosy, "server", "--data", place.cluster.data, "--listen", address, "--log", "errors"])
    let end = try await apply.wait(.seconds(240))
    #expect(end.status == 0, "\(end)\n\(again.outcome)")
    #expect(try await !place.isLocked)
    #expect(try await place.terraform("output", "-raw", "word").out == "one")
    again.signal(SIGTERM, group: false)
    #expect(try await again.wait().status == 0)
  }

  @Test("the history has every apply, and a restored version is what terraform goes on with")
  func history() async throws {
    let place = try await Place()
    try await place.ready()
    for word in ["one", "two", "three"] { #expect(try await place.apply(word).status == 0) }
    let history = try await place.argosy("tfstate history app/network -n team")
    let lines = history.out.split(separator: "\n")
    #expect(lines.count == 4 && lines[0].hasPrefix("VERSION") && lines[1].contains("current"), "\(history)")
    #expect(try await place.argosy("tfstate get app/network -n team --version 1").out.contains("\"one\""))
    let restored = try await place.argosy("tfstate restore app/network 1 -n team")
    #expect(restored.status == 0 && restored.out.contains("version 1 again"), "\(restored)")
    #expect(try await place.terraform("output", "-raw", "word").out == "one")
    #expect(try await place.apply("four").status == 0, "the restored state is a good one")
    #expect(try await place.argosy("tfstate rm app/network -n team").status == 0)
    #expect(try await place.terraform("state", "list").out.isEmpty)
    #expect(try await place.argosy("tfstate restore app/network 2 -n team").status == 0, "a deleted state comes back")
    #expect(try await place.terraform("output", "-raw", "word").out == "two")
  }

  @Test("the page's commands do what it says")
  func page() async throws {
    let page = Project.root + "/docs/terraform-state.md"
    let cluster = try await ServedCluster()
    let bench = cluster.bench
    #expect(symlink(Kubectl.path(Kubectl.newest), bench.path("bin/kubectl")) == 0)
    try bench.file("main.tf", try Readme.block("hcl", of: page))
    bench.set("CHECKPOINT_DISABLE", "1")
    let printed = try await bench.shell(try Readme.commands(page), within: .seconds(240))
    #expect(printed.contains("Apply complete! Resources: 1 added") && printed.contains("terraform_data.network"), "\(printed)")
  }

  @Test("a state may be larger than an object of Kubernetes, and comes back byte by byte; one that is too large is refused")
  func largeState() async throws {
    let place = try await Place()
    let text = String(repeating: "0123456789abcdef", count: 1 << 19)
    try place.bench.file(
      "large.json", #"{"version":4,"serial":1,"lineage":"l","outputs":{"text":{"value":"\#(text)","type":"string"}},"resources":[]}"#)
    let sent = try await place.bench.run([
      "curl", "-sk", "-u", "any:\(place.token)", "-w", "%{http_code}", "--data-binary", "@large.json", place.address,
    ])
    #expect(sent.out == "200", "\(sent)")
    try await place.bench.shell(
      """
      curl -sk -u 'any:\(place.token)' -o back.json '\(place.address)' && cmp large.json back.json
      argosy tfstate get app/network -n team > printed.json && cmp large.json printed.json
      """)
    let tooLarge = try await place.bench.shell(
      "head -c 40000000 /dev/zero | tr '\\0' ' ' > huge.json; curl -sk -u 'any:\(place.token)' -o answer -w '%{http_code}' --data-binary @huge.json '\(place.address)' || true"
    )
    #expect(tooLarge == "413")
  }

  @Test("other methods for the lock, at its own address")
  func lockMethods() async throws {
    let place = try await Place()
    let lock = place.address.replacing(all: "/tfstate/", with: "/tfstate-lock/")
    let outcome = try await place.bench.run(
      ["terraform", "-chdir=\(place.code)", "init", "-no-color"]
        + [
          "address=\(place.address)", "update_method=PUT", "lock_address=\(lock)", "lock_method=POST", "unlock_address=\(lock)",
          "unlock_method=DELETE",
        ].map { "-backend-config=\($0)" }, within: .seconds(240))
    #expect(outcome.status == 0, "\(outcome)")
    let applied = try await place.apply("one")
    #expect(applied.status == 0, "\(applied)")
    #expect(try await place.state().at("current", "serial")?.int == 1)
    #expect(try await !place.isLocked)
  }

  @Test("the access rules of the server decide: who may only look sees names and locks, a stranger nothing")
  func access() async throws {
    let place = try await Place()
    try await place.ready()
    #expect(try await place.apply("one").status == 0)
    for (account, role) in [("viewer", "view"), ("stranger", "")] {
      try await place.cluster.ok("create sa \(account) -n team")
      if !role.isEmpty {
        try await place.cluster.ok("create rolebinding \(account) -n team --clusterrole=\(role) --serviceaccount=team:\(account)")
      }
    }
    let viewer = try await place.cluster.ok("create token viewer -n team").filter { !$0.isWhitespace }
    let stranger = try await place.cluster.ok("create token stranger -n team").filter { !$0.isWhitespace }
    func status(_ token: String?, _ path: String, _ method: String = "GET", body: String? = nil) async throws -> String {
      let outcome = try await place.bench.run(
        ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", place.cluster.data + "/keys/ca.crt", "-X", method]
          + (token.map { ["-u", "any:\($0)"] } ?? []) + (body.map { ["-d", $0] } ?? []) + [place.cluster.url + path])
      return outcome.out
    }
    let path = "/tfstate/team/app/network"
    try await eventually("the role of viewers is collected", else: { "" }) { try await status(viewer, "/tfstate/team") == "200" }
    #expect(try await status(viewer, "/tfstate-versions/team/app/network") == "200")
    for method in ["GET", "DELETE", "LOCK", "UNLOCK"] { #expect(try await status(viewer, path, method) == "403", "\(method)") }
    #expect(try await status(viewer, path, "POST", body: "{}") == "403")
    #expect(try await status(viewer, "/tfstate") == "403", "another namespace's states")
    for target in [path, "/tfstate/team", "/tfstate-versions/team/app/network"] { #expect(try await status(stranger, target) == "403") }
    for token in [nil, "wrong"] { #expect(try await status(token, path) == "401") }
    #expect(try await status(place.token, path) == "200")
    #expect(try await status(place.token, path, "PATCH") == "405")
    let refused = try await place.bench.run([
      "curl", "-sk", "-u", "any:\(viewer)", "-X", "LOCK", "-d", "{\"ID\":\"x\"}", place.address,
    ])
    #expect(refused.out.contains("cannot lock resource \\\"terraformstates\\\" in API group \\\"argosy.io\\\""), "\(refused)")
    // Terraform says so too.
    place.bench.set("TF_HTTP_PASSWORD", stranger)
    let outcome = try await place.terraform("state", "list")
    #expect(outcome.status == 1 && outcome.err.contains("invalid auth"), "\(outcome)")
  }
}
