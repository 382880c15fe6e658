import Glibc
import JSONValue
import Testing

/// Commands on kept runs, of the running process, of another one, and of nobody's.
@Suite("Acting on a run", .needs())
struct ActingTests {
  private static let guide = Project.root + "/docs/acting-on-a-run.md"

  /// All blocks of a language, in order.
  private static func blocks(_ language: String) -> [String] {
    Files.text(guide).components(between: "```\(language)\n", and: "```")
  }

  @Test("the guide's commands do what it says")
  func guide() async throws {
    let bench = try Bench()
    let manifests = Self.blocks("yaml")
    let scripts = Self.blocks("sh")
    try #require(manifests.count == 2 && scripts.count == 2)
    try bench.file("flow.yaml", manifests[0])
    try await bench.shell(scripts[0])
    let list = try await bench.argosy("list", "--state", "state", "-o", "json")
    let workflows = try #require(try JSON.parse(list.out).array).map { WorkflowView(json: $0) }
    #expect(workflows.count == 5 && workflows.allSatisfy { $0.phase == "Succeeded" }, "\(workflows.map(\.table))")
    let forks = workflows.filter { $0.json.at("metadata", "labels", "argosy.io/forked-from") != nil }
    #expect(forks.count == 3)
    #expect(Set(forks.compactMap { try? $0.node("deploy").input("version") }) == ["1.0", "1.1", "2.0"])
    #expect(forks.allSatisfy { (try? $0.node("build"))?.message.hasPrefix("original pod: ") == true }, "\(forks.map(\.table))")
    let shown = try await bench.argosy("get", forks[0].name, "--state", "state")
    #expect(shown.out.contains("Forked From:         release-"), "\(shown)")

    try bench.file("approval.yaml", manifests[1])
    let lines = scripts[1].split(separator: "\n").map(String.init)
    let child = try bench.start(["bash", "-c", "exec " + String(lines[0].dropLast(1)) + "-o json"])
    _ = try await ActedRun(bench: bench, state: "approval").suspended(child)
    try await bench.shell(lines.dropFirst().joined(separator: "\n"))
    let outcome = try await child.wait()
    #expect(try outcome.workflow().node("tell").input("word") == "yes", "\(outcome)")
    #expect(await bench.settled().isEmpty)
  }

  private static let sleeper = """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {name: sleeper}
    spec:
      entrypoint: main
      onExit: bye
      volumes: [{name: notes, hostPath: {path: NOTES, type: DirectoryOrCreate}}]
      templates:
        - name: main
          steps:
            - - {name: a, template: note, arguments: {parameters: [{name: w, value: a}]}}
            - - {name: b, template: note, arguments: {parameters: [{name: w, value: b}]}}
        - name: note
          inputs: {parameters: [{name: w}]}
          container:
            image: busybox
            command: [sh, -c, "echo {{inputs.parameters.w}} >> /notes/ledger; echo said {{inputs.parameters.w}}; while ! test -e /notes/go; do sleep 0.1; done"]
            volumeMounts: [{name: notes, mountPath: /notes}]
        - name: bye
          container: {image: busybox, command: [sh, -c, "echo bye >> /notes/ledger"], volumeMounts: [{name: notes, mountPath: /notes}]}
    """

  /// A run of the sleeper whose first step runs.
  private func sleeping(_ bench: Bench) async throws -> (ActedRun, Child) {
    try bench.file("flow.yaml", Self.sleeper.replacing(all: "NOTES", with: bench.path("notes")))
    let run = ActedRun(bench: bench, state: "state")
    let child = try run.start(["flow.yaml"])
    try await eventually("the first step runs", else: { "\(child.outcome)" }) { bench.lines("notes/ledger") == ["a"] || !child.isRunning }
    return (run, child)
  }

  @Test("a running workflow is seen, suspended, resumed and stopped from another process")
  func handedOver() async throws {
    let bench = try Bench()
    let (run, child) = try await sleeping(bench)
    let socket = stat(of: bench.path("state/argosy.sock"))
    #expect(socket & 0o777 == 0o600 && socket & S_IFMT == S_IFSOCK)
    #expect(try await run.command("suspend", "sleeper").out == "workflow sleeper suspended\n")
    #expect(try await run.command("get", "sleeper").out.contains("Status:              Running (Suspended)"))
    let list = try await run.command("list")
    #expect(list.out.hasPrefix("NAME      STATUS                AGE"), "\(list)")
    #expect(try await run.command("resume", "sleeper").out == "workflow sleeper resumed\n")
    #expect(try await run.command("stop", "sleeper", "--dry-run").out == "workflow sleeper stopped (dry-run)\n")
    let unknown = try await run.command("stop", "nobody")
    #expect(unknown.status == 1 && unknown.err.contains("\"nobody\" not found"), "\(unknown)")
    let other = try await run.command("retry", "sleeper")
    #expect(other.status != 0 && other.err.contains("in use by process"), "\(other)")
    #expect(try await run.command("stop", "sleeper").out == "workflow sleeper stopped\n")
    let outcome = try await child.wait()
    let workflow = try outcome.workflow()
    #expect(outcome.status == 1 && workflow.message == "Stopped with strategy 'Stop'", "\(outcome)")
    #expect(bench.lines("notes/ledger") == ["a", "bye"])
    #expect(!bench.exists("state/argosy.sock"))
    let late = try await run.command("terminate", "sleeper")
    #expect(
      late.err == "argosy: cannot shutdown a completed workflow: workflow: \"sleeper\", namespace: \"default\"\n" && late.status == 1,
      "\(late)")
    // It goes on, and what it was stopped in is made anew.
    try bench.file("notes/go", "")
    let retried = try await bench.argosy("retry", "sleeper", "--state", "state", "-o", "json")
    #expect(retried.status == 0, "\(retried)")
    #expect(try retried.workflow().phase == "Succeeded")
    #expect(bench.lines("notes/ledger") == ["a", "bye", "a", "b", "bye"])
    #expect(await bench.settled().isEmpty)
  }

  @Test("a run that nobody serves is stopped in what is stored; --resume ends it accordingly")
  func stored() async throws {
    let bench = try Bench()
    let (run, child) = try await sleeping(bench)
    child.signal(SIGKILL, group: false)
    _ = try await child.wait()
    // The killed process left its socket.
    #expect(bench.exists("state/argosy.sock"))
    #expect(try await run.command("get", "sleeper").out.contains("Status:              Running"))
    let stopped = try await run.command("stop", "sleeper")
    #expect(stopped.out == "workflow sleeper stopped\n", "\(stopped)")
    let outcome = try await bench.argosy("run", "--state", "state", "--resume", "-o", "json")
    #expect(outcome.status == 1, "\(outcome)")
    #expect(try outcome.workflow().message == "Stopped with strategy 'Stop'")
    #expect(bench.lines("notes/ledger") == ["a", "bye"])
    #expect(await bench.settled().isEmpty)
  }

  @Test("commands without a kept state, and refusals, say so")
  func refusals() async throws {
    let bench = try Bench()
    for verb in ["get", "stop", "retry", "resume"] {
      let outcome = try await bench.argosy(verb, "x", "--state", "nothing-here")
      #expect(outcome.status != 0 && outcome.err.contains("there are no kept runs in nothing-here"), "\(outcome)")
    }
    let resumed = try await bench.argosy("run", "--state", "nothing-here", "--resume")
    #expect(resumed.status == 2 && resumed.err.contains("there are no kept runs in nothing-here"), "\(resumed)")
    #expect(!bench.exists("nothing-here"))
    #expect(try await bench.argosy("stop", "x").status == 2)
    let run = try await bench.argosy("run", Project.examples + "/hello-world.yaml", "--state", "state")
    #expect(run.status == 0, "\(run)")
    let again = try await bench.argosy("run", "--state", "state", "--resume")
    #expect(again.status == 0 && again.out.contains("nothing to go on with: all workflows of "), "\(again)")
    let retried = try await bench.argosy("retry", "@latest", "--state", "state")
    #expect(retried.status == 1 && retried.err.contains("To retry a succeeded workflow, set the options"), "\(retried)")
    let forked = try await bench.argosy("fork", "@latest", "--state", "state", "--node", "zz")
    #expect(forked.status == 1 && forked.err.contains("no node of workflow"), "\(forked)")
    #expect(await bench.settled().isEmpty)
  }

  /// Types keys into a run on a terminal of its own and writes down what it showed. Arguments: the log, then the command. Standard input: lines
  /// `wait TEXT`, `keys TEXT`; at the end it prints the exit status and whether the terminal echoes again.
  private static let typist = """
    import os, pty, re, select, signal, struct, sys, termios, time, fcntl
    log, command = sys.argv[1], sys.argv[2:]
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.execvp(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    seen = b""
    def read(patience):
        global seen
        ready, _, _ = select.select([terminal], [], [], patience)
        if not ready: return True
        try: data = os.read(terminal, 65536)
        except OSError: return False
        seen += data
        with open(log, "ab") as file: file.write(data)
        return bool(data)
    def mode():
        flags = termios.tcgetattr(terminal)[3]
        return "cooked" if flags & termios.ECHO and flags & termios.ICANON else "keys"
    status = None
    for line in sys.stdin.read().split("\\n"):
        word, _, rest = line.partition(" ")
        deadline = time.time() + 60
        if word == "wait":
            while rest.encode() not in seen:
                if time.time() > deadline or not read(0.2): print("never shown:", rest); break
            seen = seen[seen.find(rest.encode()) + len(rest.encode()):] if rest.encode() in seen else seen
        elif word == "mode": print(mode())
        elif word == "signal": os.kill(pid, int(rest))
        elif word == "keys": os.write(terminal, rest.encode().decode("unicode_escape").encode())
        elif word == "end":
            while time.time() < deadline and read(0.2): pass
            _, status = os.waitpid(pid, 0)
            print("status", os.waitstatus_to_exitcode(status))
    print(mode())
    """

  private func type(_ bench: Bench, _ arguments: [String], _ lines: String...) async throws -> (printed: [String], shown: String) {
    try bench.file("typist.py", Self.typist)
    let input = try bench.file("keys.txt", lines.joined(separator: "\n"))
    let outcome = try await bench.run(["python3", "typist.py", "shown.log", Parts.argosy] + arguments, input: input)
    return (outcome.out.split(separator: "\n").map(String.init) + (outcome.status == 0 ? [] : [outcome.err]), bench.text("shown.log"))
  }

  @Test("keys choose a node, show its log, pause, resume and stop; the terminal is as before", .needs("python3"))
  func keys() async throws {
    let bench = try Bench()
    try bench.file("flow.yaml", Self.sleeper.replacing(all: "NOTES", with: bench.path("notes")))
    let (printed, shown) = try await type(
      bench, ["run", "flow.yaml"], "wait s stop  t terminate", "wait sleeper-note", "mode", "keys ?",
      "wait stop: nothing new but exit handlers",
      "keys jj", "wait ▶", "keys l", "wait said a", "keys \\x1b", "wait STEP", "keys p", "wait paused:", "keys r", "wait sleeper: resumed",
      "keys s", "wait stopping: exit handlers still run", "end")
    #expect(printed == ["keys", "status 1", "cooked"], "\(printed)\n\(shown.suffix(3000))")
    #expect(bench.lines("notes/ledger") == ["a", "bye"])
    #expect(await bench.settled().isEmpty)
  }

  @Test("q leaves the run, which --resume takes up again", .needs("python3"))
  func detach() async throws {
    let bench = try Bench()
    try bench.file("flow.yaml", Self.sleeper.replacing(all: "NOTES", with: bench.path("notes")))
    let (printed, shown) = try await type(
      bench, ["run", "flow.yaml", "--state", "state"], "wait q detach", "wait sleeper-note", "keys q", "wait argosy run --state", "end")
    #expect(printed == ["status 0", "cooked"], "\(printed)\n\(shown.suffix(3000))")
    try bench.file("notes/go", "")
    let outcome = try await bench.argosy("run", "--state", "state", "--resume", "-o", "json")
    #expect(outcome.status == 0, "\(outcome)")
    #expect(bench.lines("notes/ledger") == ["a", "b", "bye"], "nothing runs twice")
    #expect(await bench.settled().isEmpty)
  }

  @Test("the terminal is as before also when a signal ends the run", .needs("python3"), arguments: [SIGSEGV, SIGABRT, SIGHUP, SIGQUIT])
  func crash(number: Int32) async throws {
    // Swift's report of a crash asks at a terminal what to show.
    let bench = try Bench(environment: ["SWIFT_BACKTRACE": "enable=no"])
    try bench.file("flow.yaml", Self.sleeper.replacing(all: "NOTES", with: bench.path("notes")))
    let (printed, shown) = try await type(
      bench, ["run", "flow.yaml", "--state", "state"], "wait q detach", "wait sleeper-note", "mode", "signal \(number)", "end")
    #expect(printed == ["keys", "status -\(number)", "cooked"], "\(printed)\n\(shown.suffix(2000))")
    try bench.file("notes/go", "")
  }

  private func stat(of path: String) -> mode_t {
    var information = Glibc.stat()
    return Glibc.lstat(path, &information) == 0 ? information.st_mode : 0
  }
}

extension String {
  fileprivate func components(between start: String, and end: String) -> [String] {
    var result: [String] = []
    var rest = self[...]
    while let open = rest.firstRange(of: start), let close = rest[open.upperBound...].firstRange(of: end) {
      result.append(String(rest[open.upperBound..<close.lowerBound]))
      rest = rest[close.upperBound...]
    }
    return result
  }
}
