import ArgumentParser
import Basics
import JSONValue
import KubeModel
import Synchronization
import Testing

@testable import CommandLine

@Suite("The commands") struct CommandTests {
  private struct Outcome {
    var status: Int32
    var output: String
    var errors: String
    var options: RunOptions?
  }

  private final class Seen: Sendable {
    let options = Mutex<RunOptions?>(nil)
  }

  private func argosy(
    _ arguments: String..., lint: LintOutcome = LintOutcome(exitStatus: 0) { form, _ in "report: \(form)\n" }, probes: [DoctorProbe] = []
  ) async -> Outcome { await argosy(all: arguments, lint: lint, probes: probes) }

  private func argosy(
    all arguments: [String], lint: LintOutcome = LintOutcome(exitStatus: 0) { form, _ in "report: \(form)\n" }, probes: [DoctorProbe] = []
  ) async -> Outcome {
    let (output, errors, seen) = (MemorySink(), MemorySink(), Seen())
    let dependencies = CommandDependencies(
      run: { options in
        seen.options.withLock { $0 = options }
        return 1
      },
      lint: { _ in lint }, probe: { probes }, parseDocument: { try JSON.parse($0.bytes) },
      version: VersionInformation(version: "v9.8.7", commit: "abc", swiftVersion: "6.3", platform: "linux/amd64"), output: output,
      errors: errors, isTerminal: false, environment: { _ in nil })
    let status = await ArgosyCommandLine.main(arguments, dependencies: dependencies)
    return Outcome(status: status, output: output.text, errors: errors.text, options: seen.options.withLock { $0 })
  }

  @Test("run passes on all its flags")
  func run() async throws {
    let outcome = await argosy(
      "run", "a.yaml", "dir", "-", "-p", "x=1=2", "--parameter", "dash=--y", "-p", "-z=3", "--entrypoint", "e", "--name", "n",
      "--generate-name", "g-", "-l", "a=b,c=d", "--labels", "e=f", "-n", "ns", "--from", "wftmpl/t", "--with", "fix.yaml", "--with", "more",
      "--log", "--max-pods", "3", "--timeout", "1m", "--keep", "--state", "/s", "-o", "wide", "--no-color", "--no-utf8", "--strict")
    #expect(outcome.status == 1)
    #expect(outcome.errors == "")
    let options = try #require(outcome.options)
    #expect(options.files == ["a.yaml", "dir", "-"])
    #expect(
      options.submit
        == SubmitOptions(
          entrypoint: "e", name: "n", generateName: "g-", namespace: "ns",
          labels: ["a": "b", "c": "d", "e": "f"].sorted { $0.key < $1.key }.map { LabelArgument(name: $0.key, value: $0.value) },
          parameters: [("x", "1=2"), ("dash", "--y"), ("-z", "3")].map { ParameterArgument(name: $0.0, value: $0.1) }))
    #expect(options.source == SubmitSource(kind: .workflowTemplate, name: "t"))
    #expect(options.fixtures == ["fix.yaml", "more"])
    #expect(options.followsLogs && options.keepsState && !options.resumes && options.noColor && options.noUTF8)
    #expect(options.maximumPods == 3 && options.timeout == TimeSpan(seconds: 60) && options.stateDirectory == "/s")
    #expect(options.output == .wide)
  }

  @Test("run --resume needs nothing but the state")
  func resume() async {
    let outcome = await argosy("run", "--state", "/s", "--resume")
    #expect(outcome.options?.resumes == true && outcome.options?.stateDirectory == "/s")
  }

  @Test(
    "Bad usage ends with status 2, says what is wrong and what to do",
    arguments: [
      (["run"], "nothing to run. Give a FILE"),
      (["run", "a", "-p", "abc"], "expected parameter of the form: NAME=VALUE. Received: abc"),
      (["run", "a", "-l", "abc"], "expected labels of the form"),
      (["run", "a", "--from", "pod/x"], "Resource kind 'pod' is not supported"),
      (["run", "a", "--timeout", "soon"], "--timeout must be a duration such as 90s"),
      (["run", "a", "--max-pods", "0"], "--max-pods must be 1 or more"),
      (["run", "a", "--max-pods", "x"], "'x' is invalid for '--max-pods <n>'"),
      (["run", "--resume"], "Give --state DIR"),
      (["run", "a", "--resume", "--state", "s"], "Leave out FILE"),
      (["run", "-", "-"], "can be read only once"),
      (["run", "a", "-o", "xml"], "name, json, yaml"),
      (["run", "a", "--entrypont", "x"], "--entrypont"),
      (["run", "a", "-f", "/nowhere/p.yaml"], "/nowhere/p.yaml: no such file"),
      (["lint"], "Missing expected argument '<file> ...'"),
      (["lint", "a", "--kinds", "pods"], "unknown kind 'pods'"),
      (["nonsense", "x"], "Unknown command 'nonsense'.\nThe commands are submit, list, get, watch, wait, logs, lint, retry"),
      (["rnu", "x"], "Did you mean 'run'?"),
      (["--nonsense"], "Unknown option '--nonsense'"),
      (["completion", "tcsh"], "bash, zsh"),
    ])
  func badUsage(arguments: [String], expected: String) async {
    let (output, errors) = (MemorySink(), MemorySink())
    let dependencies = CommandDependencies(
      run: { _ in 0 }, lint: { _ in LintOutcome(exitStatus: 0) { _, _ in "" } }, probe: { [] }, parseDocument: { _ in .null },
      output: output,
      errors: errors, isTerminal: false, environment: { _ in nil })
    #expect(await ArgosyCommandLine.main(arguments, dependencies: dependencies) == 2)
    #expect(output.text == "")
    #expect(errors.text.hasPrefix("Error: ") && errors.text.contains(expected), "\(errors.text)")
    #expect(errors.text.contains("--help'"), "\(errors.text)")
  }

  @Test("version prints the block or one line")
  func version() async {
    #expect(
      await argosy("version").output == "argosy: v9.8.7\n  GitCommit: abc\n  SwiftVersion: 6.3\n  Platform: linux/amd64\n")
    #expect(await argosy("version", "--short").output == "argosy: v9.8.7\n")
  }

  @Test(
    "Help goes to standard output, with examples",
    arguments: ["run", "lint", "schema", "test", "plan", "convert", "explain", "doctor", "version", "completion", "service"])
  func help(verb: String) async {
    let outcome = await argosy(verb, "--help")
    #expect(outcome.status == 0 && outcome.errors == "")
    #expect(outcome.output.contains("EXAMPLES") && outcome.output.contains("argosy \(verb)"))
  }

  @Test("the indented lines of a help page, which are there to be copied, stay in one piece however long they are")
  func wholeExamples() async {
    func pages(_ command: any ParsableCommand.Type, _ path: [String]) -> [(path: [String], text: String)] {
      [(path, command.configuration.discussion)]
        + command.configuration.subcommands.flatMap { pages($0, path + [$0._commandName]) }
    }
    var long = 0
    for page in pages(CommandCatalog.root(.argosy), []) {
      let shown = Set(await argosy(all: page.path + ["--help"]).output.split(separator: "\n").map(String.init))
      for line in page.text.split(separator: "\n").map(String.init) where line.hasPrefix("  ") {
        #expect(shown.contains(line), "\(page.path): \(line)")
        long += line.count > 80 ? 1 : 0
      }
    }
    #expect(long > 0)
  }

  @Test("Without a verb, and with help, the overview is printed")
  func overview() async {
    for arguments in [[], ["help"], ["--help"]] {
      let output = MemorySink()
      let dependencies = CommandDependencies(
        run: { _ in 9 }, lint: { _ in LintOutcome(exitStatus: 0) { _, _ in "" } }, probe: { [] }, parseDocument: { _ in .null },
        output: output, errors: MemorySink(), isTerminal: false, environment: { _ in nil })
      #expect(await ArgosyCommandLine.main(arguments, dependencies: dependencies) == 0)
      #expect(output.text.contains("SUBCOMMANDS:") && output.text.contains("doctor"))
    }
  }

  @Test("Completion scripts", arguments: [("bash", "complete"), ("zsh", "#compdef argosy"), ("fish", "complete -c")])
  func completion(shell: String, expected: String) async {
    let outcome = await argosy("completion", shell)
    #expect(outcome.status == 0 && outcome.output.contains(expected))
    #expect(await argosy("--generate-completion-script", shell).output.contains(expected))
  }

  @Test("doctor prints a table with remedies and fails when something needed is missing")
  func doctor() async {
    let probes = [
      DoctorProbe(name: "user namespaces", state: .ok, detail: "allowed"),
      DoctorProbe(name: "podman", state: .missing, detail: "not found", remedy: "apt install podman"),
    ]
    let outcome = await argosy("doctor", probes: probes)
    #expect(outcome.status == 0)
    #expect(
      outcome.output == """
        CHECK            STATE      DETAIL     REMEDY
        user namespaces  ✔ ok       allowed
        podman           ✖ missing  not found  apt install podman

        """)
    let needed = DoctorProbe(name: "mounts", state: .missing, detail: "", remedy: "", isRequired: true)
    #expect(await argosy("doctor", "-o", "json", probes: [needed]).status == 1)
  }

  @Test(
    "The phases decide the exit status",
    arguments: [
      (["Succeeded", "Succeeded"], false, 0), ([], false, 0), (["Succeeded", "Failed"], false, 1), (["Error"], false, 1),
      (["Running"], false, 1), (["Failed"], true, 130),
    ] as [([String], Bool, Int32)])
  func exitStatus(phases: [String], isInterrupted: Bool, expected: Int32) {
    #expect(ConcludingStatus.of(phases: phases, isInterrupted: isInterrupted).rawValue == expected)
  }

  @Test("Colours need a terminal and nobody who refuses them")
  func style() {
    func hasColor(_ isTerminal: Bool, _ noColor: Bool, _ environment: [String: String]) -> Bool {
      DisplayStyle.detect(isTerminal: isTerminal, noColor: noColor, noUTF8: false) { environment[$0] }.hasColor
    }
    #expect(hasColor(true, false, ["TERM": "xterm", "NO_COLOR": ""]))
    #expect(!hasColor(false, false, [:]))
    #expect(!hasColor(true, true, [:]))
    #expect(!hasColor(true, false, ["TERM": "dumb"]))
    #expect(!hasColor(true, false, ["NO_COLOR": "1"]))
  }

  @Test("Reports at the end")
  func reports() {
    let workflows = [Fixture.workflow("a", nodes: []), Fixture.workflow("b", nodes: [node("b", "Pod")])]
    var options = RunOptions()
    func text() -> String { options.report(workflows, context: Fixture.context()) { "name: \($0.at("metadata", "name")?.string ?? "")" } }
    options.output = .name
    #expect(text() == "a\nb\n")
    options.output = .yaml
    #expect(text() == "name: a\n---\nname: b\n")
    options.output = .json
    #expect(text().hasPrefix("{\n  \"metadata\": {"))
    options.output = nil
    #expect(text().contains("Progress:            1/1\n\nName:                b\n"))
    #expect(text().hasSuffix("\nSTEP  TEMPLATE  PODNAME  DURATION  MESSAGE\n ✔ b  t         b        1s\n"))
  }
}
