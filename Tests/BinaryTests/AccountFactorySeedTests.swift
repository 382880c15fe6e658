import Glibc
import JSONValue
import Testing

/// The article "an account factory with Argo Workflows", as its reader follows it, minus the cloud consoles: against a real server, with the real kubectl,
/// curl, git, terraform and AWS provider; only AWS is a stand-in (moto).
@Suite(
  "The account factory of the article", .needs("terraform", "git", "moto", "python3", "aws", "curl"), .needsKubectl, .needsAccountFactory,
  .serialized)
struct AccountFactorySeedTests {
  @Test("submit by curl, look, read the logs, resubmit: one account, its baseline, no lock left", .timeLimit(.minutes(40)))
  func article() async throws {
    let factory = try await AccountFactory()
    let submitted = try await factory.curl("POST", "/api/v1/workflows/argo/submit", factory.submission("alpha"))
    #expect(submitted.status == 200, "\(submitted.text)")
    let metadata = try #require(submitted.json["metadata"])
    let name = try #require(metadata["name"]?.string)
    #expect(name.hasPrefix("terraform-workflow-") && metadata["generateName"] == "terraform-workflow-" && metadata["namespace"] == "argo")
    let labels = metadata["labels"]
    #expect(labels?["workflows.argoproj.io/creator"] == "system-serviceaccount-argo-sa-argo-server-admin", "\(metadata.text())")
    #expect(labels?["workflows.argoproj.io/workflow-template"] == "terraform-workflow")
    let phase = try await factory.end(name)
    let text = try await log(factory, name)
    #expect(phase == "Succeeded", "\(text)")
    let got = try await factory.curl("GET", "/api/v1/workflows/argo/\(name)")
    let nodes = got.json.at("status", "nodes")?.object ?? [:]
    #expect(nodes.filter { $0.value["type"] == "Pod" && $0.value["phase"] == "Succeeded" }.count == 7, "\(got.text.prefix(3000))")
    #expect(text.contains("Apply complete! Resources: 1 added"))
    #expect(try await factory.baselines() == ["alpha": AccountFactory.baseline(network: 16)])
    // Again: the states are found, nothing is made twice.
    let again = try await factory.curl("PUT", "/api/v1/workflows/argo/\(name)/resubmit", "{}")
    #expect(again.status == 200, "\(again.text)")
    let second = try #require(again.json.at("metadata", "name")?.string)
    #expect(second != name)
    let secondPhase = try await factory.end(second)
    let secondText = try await log(factory, second)
    #expect(
      secondPhase == "Succeeded" && secondText.contains("No changes. Your infrastructure matches the configuration."), "\(secondText)")
    #expect(try await factory.baselines() == ["alpha": AccountFactory.baseline(network: 16)])
    let states = try await factory.states()
    #expect(states.map(\.step) == AccountFactory.steps && states.allSatisfy { $0.account == "alpha" && !$0.isLocked })
    // Without the token nothing of it is told.
    let outcome = try await factory.bench.run([
      "curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", factory.cluster.url + "/api/v1/workflows/argo",
    ])
    #expect(outcome.out == "401")
    let list = try await factory.curl("GET", "/api/v1/workflows/argo")
    #expect(list.status == 200 && list.json["items"]?.array?.count == 2, "\(list.text.prefix(2000))")
  }

  /// What all steps of a workflow have printed.
  private func log(_ factory: AccountFactory, _ workflow: String) async throws -> String {
    try await factory.curl("GET", "/api/v1/workflows/argo/\(workflow)/log?logOptions.container=main").text
  }

  @Test("the page's commands do what it says", .timeLimit(.minutes(20)))
  func page() async throws {
    let page = Project.root + "/docs/account-factory.md"
    let moto = try await Server([
      "env", "MOTO_IAM_LOAD_MANAGED_POLICIES=true", "python3", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0",
    ])
    let cluster = try await ServedCluster()
    let bench = cluster.bench
    #expect(symlink(Kubectl.path(Kubectl.newest), bench.path("bin/kubectl")) == 0)
    for (name, value) in ["TF_PLUGINS": AccountFactory.plugins ?? "", "AWS_PAGER": "", "GIT_CONFIG_GLOBAL": "/dev/null"] {
      bench.set(name, value)
    }
    try await bench.shell("cp -r \(AccountFactory.folder) example")
    let commands = try Readme.commands(page).replacing(all: "5057", with: "\(moto.port)")
    let printed = try await bench.shell("cd example\n" + commands, within: .seconds(1000))
    let states = printed.split(separator: "\n").suffix(6).compactMap { $0.split(separator: " ").first.map(String.init) }
    #expect(states == AccountFactory.steps.map { "demo/\($0)" }, "\(printed)")
  }

  @Test("argo submit --watch, argo list, argo get @latest, argo logs @latest")
  func commandLine() async throws {
    let cluster = try await ServedCluster()
    let bench = cluster.bench
    #expect(symlink(Parts.argosy, bench.path("bin/argo")) == 0)
    try await cluster.ok("create ns argo")
    try bench.file("hello-world.yaml", Files.text(Project.examples + "/hello-world.yaml"))
    let watched = try await bench.run(["argo", "submit", "-n", "argo", "--watch", "hello-world.yaml"], within: .seconds(240))
    #expect(watched.status == 0 && watched.out.contains("Succeeded"), "\(watched)")
    let listed = try await bench.run(["argo", "list", "-n", "argo"])
    #expect(listed.status == 0 && listed.out.contains("hello-world-") && listed.out.contains("Succeeded"), "\(listed)")
    let got = try await bench.run(["argo", "get", "-n", "argo", "@latest"])
    #expect(got.status == 0 && got.out.contains("Succeeded") && got.out.contains("hello-world-"), "\(got)")
    let logs = try await bench.run(["argo", "logs", "-n", "argo", "@latest"])
    #expect(logs.status == 0 && logs.out.contains("hello"), "\(logs)")
  }
}
