import JSONValue
import Testing

/// git clone into a shared claim, then six terraform steps in the run's own directory; `/nas` is no directory of this machine.
@Suite("Account factory", .needs("git", "terraform"), .disabled(if: Files.exists("/nas"), "this machine has a /nas"))
struct AccountFactoryTests {
  private static let steps = [
    "account-create", "auth-create-idp", "auth-create-role", "auth-create-user", "auth-authorize-role", "network-create",
  ]

  /// A bench with a bare repository made of the example's code.
  private func bench() async throws -> Bench {
    let bench = try Bench(environment: ["GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"])
    try await bench.shell(
      """
      git init -q -b main code && cp -r \(Project.examples)/account-factory/repository/. code && git -C code add -A
      git -C code -c user.name=test -c user.email=test@example.com commit -q -m 'Describe an account'
      git clone -q --bare code code.git
      """)
    return bench
  }

  private func arguments(_ bench: Bench, account: String, state: String) -> [String] {
    let folder = Project.examples + "/account-factory"
    return [
      "run", "--with", folder + "/fixtures.yaml", folder + "/workflow.yaml", "-p", "repo=\(bench.path("code.git"))", "-p",
      "account_name=\(account)", "--state", state, "-o", "json",
    ]
  }

  /// The state files of a run by the step's name, found below the state directory.
  private func stateFiles(_ bench: Bench, _ state: String, run: String) -> [String: JSON] {
    var result: [String: JSON] = [:]
    for path in Files.all(below: bench.path(state)) where path.hasSuffix("/terraform.tfstate") && path.contains("/tf-dir-\(run)/") {
      let step = path.split(separator: "/").dropLast().last.map(String.init) ?? ""
      result[step] = try? JSON.parse(Files.text(path))
    }
    return result
  }

  private func check(_ outcome: Outcome, _ bench: Bench, state: String, account: String) throws {
    #expect(outcome.status == 0, "\(outcome)")
    let workflow = try outcome.workflow()
    #expect(workflow.phase == "Succeeded", "\(workflow.table)")
    #expect(workflow.pods.count == 7 && workflow.pods.allSatisfy { $0.phase == "Succeeded" }, "\(workflow.table)")
    let files = stateFiles(bench, state, run: workflow.name)
    #expect(files.keys.sorted() == Self.steps.sorted(), "in the claim, below the run's own directory")
    #expect(files["account-create"]?.at("outputs", "account", "value")?.string == account)
  }

  @Test("six terraform steps share what git has cloned")
  func oneRun() async throws {
    let bench = try await bench()
    let outcome = try await bench.argosy(arguments(bench, account: "demo", state: "state"), within: .seconds(240))
    try check(outcome, bench, state: "state", account: "demo")
    #expect(!Files.exists("/nas"), "the mount point is made for the steps alone")
  }

  @Test("two runs at once, each with its state, do not disturb each other")
  func twoRuns() async throws {
    let bench = try await bench()
    async let first = bench.argosy(arguments(bench, account: "one", state: "state-1"), within: .seconds(240))
    async let second = bench.argosy(arguments(bench, account: "two", state: "state-2"), within: .seconds(240))
    try check(try await first, bench, state: "state-1", account: "one")
    try check(try await second, bench, state: "state-2", account: "two")
  }

  @Test("two workflows of one run share the claim and work in directories of their own")
  func oneProcess() async throws {
    let bench = try await bench()
    let folder = Project.examples + "/account-factory"
    let text = Files.text(folder + "/workflow.yaml")
    for account in ["one", "two"] {
      try bench.file(
        "flows/\(account).yaml",
        text.replacing(all: "{name: account_name, value: demo}", with: "{name: account_name, value: \(account)}")
          .replacing(all: "generateName: account-factory-", with: "name: factory-\(account)"))
    }
    let outcome = try await bench.argosy(
      ["run", "--with", folder + "/fixtures.yaml", "flows", "-p", "repo=\(bench.path("code.git"))", "--state", "state"],
      within: .seconds(240))
    #expect(outcome.status == 0, "\(outcome)")
    for account in ["one", "two"] {
      let files = stateFiles(bench, "state", run: "factory-\(account)")
      #expect(files.keys.sorted() == Self.steps.sorted())
      #expect(files["account-create"]?.at("outputs", "account", "value")?.string == account)
    }
  }

  @Test("a revision that the repository has not: the step ends in Error and says why")
  func unknownRevision() async throws {
    let bench = try await bench()
    let outcome = try await bench.argosy(arguments(bench, account: "x", state: "state") + ["-p", "revision=no-such-branch"])
    #expect(outcome.status == 1, "\(outcome)")
    let node = try outcome.workflow().node("env-prepare")
    #expect(node.phase == "Error" && node.message.contains("no-such-branch"), "\(node.phase) \(node.message)")
  }

  @Test("the commands of the README work as they stand")
  func readme() async throws {
    let bench = try await bench()
    let commands = try Readme.commands(Project.examples + "/account-factory/README.md")
    await Slots.shared.take()
    let result: Result<String, any Error>
    do {
      result = .success(
        try await bench.shell("cp -r \(Project.examples)/account-factory example && cd example\n" + commands, within: .seconds(240)))
    } catch { result = .failure(error) }
    await Slots.shared.give()
    let text = try result.get()
    #expect(text.split(separator: "\n").count { $0.hasSuffix("/terraform.tfstate") } == 6, "\(text)")
  }
}
