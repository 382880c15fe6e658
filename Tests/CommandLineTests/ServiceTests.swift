import JSONValue
import Synchronization
import Testing

@testable import CommandLine

@Suite("The service") struct ServiceTests {
  private func run(_ arguments: [String]) async -> (status: Int32, options: ServiceOptions?, errors: String) {
    let seen = Seen()
    let errors = MemorySink()
    let dependencies = CommandDependencies(
      run: { _ in 0 }, lint: { _ in LintOutcome(exitStatus: 0) { _, _ in "" } }, probe: { [] }, parseDocument: { _ in .null },
      service: { options in
        seen.options.withLock { $0 = options }
        return ServiceOutcome(text: "done\n", exitStatus: 1)
      }, output: MemorySink(), errors: errors, isTerminal: false, environment: { _ in nil })
    let status = await ArgosyCommandLine.main(arguments, dependencies: dependencies)
    return (status, seen.options.withLock { $0 }, errors.text)
  }

  private final class Seen: Sendable {
    let options = Mutex<ServiceOptions?>(nil)
  }

  @Test("install passes on what it is given, and the server's arguments in one spelling")
  func install() async {
    var expected = ServiceOptions(.install)
    (expected.scope, expected.name, expected.data, expected.account, expected.isDryRun) = (.system, "ci", "/srv/a", "build", true)
    expected.arguments = ["--listen", "127.0.0.1:0", "--no-secure"]
    let outcome = await run(
      "service install --system --name ci --data /srv/a --run-as build --dry-run -- --listen 127.0.0.1:0 --secure=false".split(
        separator: " "
      ).map(
        String.init))
    #expect(outcome.options == expected && outcome.status == 1, "\(outcome)")
    #expect(await run(["service", "status", "--user"]).options?.scope == .user)
    #expect(await run(["service", "uninstall"]).options == ServiceOptions(.uninstall))
  }

  @Test(
    "What cannot be a service is refused before anything is done",
    arguments: [
      ("service install --system --user", "exclude each other"), ("service install --user --run-as x", "runs as that user"),
      ("service install --name a/b", "--name must be"), ("service install --name .x", "--name must be"),
      ("service install -- --listen x", "after --: --listen must be HOST:PORT"),
      ("service install -- --data /x", "name the data before the --"),
      ("service install -- --nonsense", "after --: Unknown option"),
      ("service install -- --auth-mode server --listen 0.0.0.0:1", "run programs on this machine"),
    ])
  func refused(line: String, expected: String) async {
    let outcome = await run(line.split(separator: " ").map(String.init))
    #expect(outcome.status == 2 && outcome.options == nil && outcome.errors.contains(expected), "\(outcome)")
  }

  @Test("the unit keeps pods alive, starts again after a failure, and is of its scope")
  func unit() throws {
    let system = try ServiceUnit(scope: .system, program: "/usr/bin/argosy", data: "/var/lib/argosy", account: "build").text()
    #expect(ServiceUnit.isOurs(system) && !ServiceUnit.isOurs("[Unit]\n"))
    for line in [
      "Type=notify", "ExecStart=/usr/bin/argosy server --data /var/lib/argosy", "User=build", "KillMode=process", "Restart=on-failure",
      "RestartPreventExitStatus=2", "OOMPolicy=continue", "Delegate=yes", "WantedBy=multi-user.target",
    ] { #expect(system.contains("\n\(line)\n"), "\(line)") }
    let user = try ServiceUnit(scope: .user, program: "/usr/bin/argosy", data: "/d").text()
    #expect(user.contains("\nWantedBy=default.target\n") && !user.contains("User=") && !user.contains("CapabilityBoundingSet"))
  }

  @Test("words with blanks, quotes, percent and dollar signs stay one word; a control character is refused")
  func words() throws {
    let unit = ServiceUnit(
      scope: .user, program: "/opt/my tools/argosy", data: "/srv/a b%c$d", arguments: ["--tls-name", "x\"y\\z", "", "$HOME"])
    let text = try unit.text()
    #expect(
      text.contains(#"ExecStart="/opt/my tools/argosy" server --data "/srv/a b%%c$$d" --tls-name "x\"y\\z" "" "$$HOME""# + "\n"), "\(text)")
    #expect(text.contains(#"RequiresMountsFor="/srv/a b%%c$d""# + "\n"))
    #expect(throws: SubmitFailure.self) { try ServiceUnit(scope: .user, program: "/a", data: "/x\nExecStart=/bin/sh").text() }
  }
}
