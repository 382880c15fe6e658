import JSONValue
import Testing

@testable import CommandLine

@Suite("Arguments as argo takes them") struct CobraSpellingTests {
  private func rewritten(_ line: String) -> String {
    let words = line.split(separator: " ").map(String.init)
    return CobraSpelling(root: ArgoCommand.self, takesGlobals: CommandCatalog.isOriginal).rewritten(words).joined(separator: " ")
  }

  @Test(
    "Global flags may stand anywhere; a command gets those that it knows, the original's ignore the others",
    arguments: [
      ("list -n argo", "list -n argo"), ("-n argo list", "list -n argo"), ("--namespace=argo list -A", "list --namespace=argo -A"),
      ("node -n argo set x", "node set -n argo x"), ("-n argo node set x", "node set -n argo x"),
      ("-v --loglevel debug completion bash", "completion bash"), ("completion zsh --gloglevel 9", "completion zsh"),
      ("-v version --short", "version -v --short"),
      ("convert -k f.yaml --request-timeout 3s", "convert f.yaml"),
      ("doctor --loglevel debug", "doctor --loglevel debug"), ("--loglevel debug doctor", "doctor"),
      ("--nonsense list", "--nonsense list"), ("-n", "-n"), ("", ""), ("--help", "--help"), ("-n argo nonsense", "-n argo nonsense"),
    ])
  func globals(given: String, expected: String) {
    #expect(rewritten(given) == expected)
  }

  @Test(
    "Flags with values, values with dashes, and joined short names",
    arguments: [
      ("lint --strict=false f", "lint --no-strict f"), ("lint --strict=true f", "lint --strict f"),
      ("lint --strict=maybe f", "lint --strict=maybe f"), ("server -e=false", "server --no-secure"),
      ("server --secure=0 -p 80", "server --no-secure -p 80"), ("list --running=F", "list"), ("list -A=true", "list --all-namespaces"),
      ("list -nargo -Ao wide", "list --namespace=argo -A --output=wide"), ("list -n=argo", "list --namespace=argo"),
      ("resubmit x -p -z=3", "resubmit x --parameter=-z=3"), ("stop x --message -1", "stop x --message=-1"),
      ("stop x -- --message", "stop x -- --message"), ("lint - -o simple", "lint - -o simple"), ("list -Zq", "list -Zq"),
    ])
  func spelling(given: String, expected: String) {
    #expect(rewritten(given) == expected)
  }

  @Test("Called through a link named argo, the program is argo")
  func program() async {
    #expect(ProgramName(path: "/usr/local/bin/argo") == .argo)
    #expect(ProgramName(path: "argo") == .argo)
    #expect(ProgramName(path: "./argosy") == .argosy)
    #expect(ProgramName(path: "/x/argo/argosy") == .argosy)
    let verbs: Set<String> = ["list", "server"]
    #expect(
      ProgramName.argo.renamed("argosy list; argosy server; 'argosy --help'", verbs: verbs) == "argo list; argo server; 'argo --help'")
    #expect(
      ProgramName.argo.renamed("/usr/argosy list, argosy is, .local/share/argosy", verbs: verbs)
        == "/usr/argosy list, argosy is, .local/share/argosy")
    #expect(ProgramName.argosy.renamed("argosy list", verbs: verbs) == "argosy list")
  }

  @Test("argo's help shows the original's commands first, and says argo")
  func help() async throws {
    let help = await run("--help")
    #expect(help.status == 0 && help.output.contains("USAGE: argo <subcommand>"))
    let first = try #require(help.output.firstRange(of: "SUBCOMMANDS:"))
    let further = try #require(help.output.firstRange(of: "FURTHER SUBCOMMANDS:"))
    #expect(first.upperBound < further.lowerBound)
    #expect(help.output[first.upperBound..<further.lowerBound].contains("\n  list "))
    #expect(help.output[further.upperBound...].contains("\n  run "))
    let convert = await run("convert", "--help")
    #expect(convert.output.contains("argo convert cron.yaml") && !convert.output.contains("argosy"))
    #expect(await run("version", "--short").output == "argo: v4.1.2+argosy.9.8.7\n")
  }

  @Test("argo ends with 1 where its usage is bad, and names itself")
  func badUsage() async {
    let outcome = await run("lint")
    #expect(outcome.status == 1 && outcome.errors.contains("'argo lint --help'"), "\(outcome)")
    #expect(await run("nonsense").errors.contains("See 'argo --help'"))
  }

  private func run(_ arguments: String...) async -> (status: Int32, output: String, errors: String) {
    let (output, errors) = (MemorySink(), MemorySink())
    let dependencies = CommandDependencies(
      run: { _ in 0 }, lint: { _ in LintOutcome(exitStatus: 0) { _, _ in "" } }, probe: { [] }, parseDocument: { _ in .null },
      version: VersionInformation(version: "v9.8.7"), program: .argo, output: output, errors: errors, isTerminal: false,
      environment: { _ in nil })
    let status = await ArgosyCommandLine.main(arguments, dependencies: dependencies)
    return (status, output.text, errors.text)
  }
}

@Suite("The help of every command") struct CommandHelpTests {
  @Test("each says what it does, with examples of itself")
  func examples() {
    for page in CommandCatalog.pages(.argosy) {
      #expect(!page.abstract.isEmpty, "\(page.path)")
      let words = page.path.split(separator: " ").dropLast(page.isDefault ? 1 : 0).joined(separator: " ")
      #expect(page.discussion.contains("EXAMPLES\n") && page.discussion.contains("argosy \(words)"), "\(page.path)")
    }
  }

  @Test("argo has every command of the original")
  func original() {
    let names = Set(CommandCatalog.pages(.argo).map(\.path))
    let expected =
      "submit list get watch wait logs lint retry resubmit suspend resume stop terminate delete cp server version completion convert "
      + "auth/token node/set executor-plugin/build cron/create cron/update cron/lint cron/list cron/get cron/delete cron/suspend cron/resume cron/backfill "
      + "template/create template/update template/get template/list template/lint template/delete cluster-template/create cluster-template/update "
      + "cluster-template/get cluster-template/list cluster-template/lint cluster-template/delete archive/list archive/get archive/delete archive/resubmit "
      + "archive/retry archive/list-label-keys archive/list-label-values sync/create sync/get sync/update sync/delete"
    for name in expected.split(separator: " ").map({ $0.split(separator: "/").joined(separator: " ") }) {
      #expect(names.contains(name), "argo \(name)")
    }
  }
}
