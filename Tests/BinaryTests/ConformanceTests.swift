import Glibc
import JSONValue
import Testing

private let conformanceFolder = Project.shared + "/conformance/workflows"

/// Runs manifests that nobody here wrote and compares the outcome with the original's, as `EXPECTED.tsv` beside them records it. No file is
/// known by name: what is done follows from the columns.
@Suite(
  "Conformance with Argo Workflows", .needs("python3", "bash"),
  .enabled(if: Files.exists(conformanceFolder + "/EXPECTED.tsv"), "\(conformanceFolder) is not here"))
struct ConformanceTests {
  private static let folder = conformanceFolder
  private static let table = folder + "/EXPECTED.tsv"

  /// One line of the table.
  fileprivate struct Row: Sendable {
    var file: String
    var features: Set<String>
    var runsWith: String
    var expected: String

    init?(_ line: Substring) {
      let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard columns.count == 4, columns[0] != "file" else { return nil }
      file = columns[0]
      features = Set(columns[1].split { " ,:".contains($0) }.map(String.init))
      runsWith = columns[2]
      expected = columns[3]
    }

    /// What the file needs that this program does not do yet.
    var missing: String? {
      if features.contains("http") { return "server on the internet" }
      return phase == nil && !isActedUpon && !fires && expected != "applied" ? "outcome that is known: \(expected)" : nil
    }

    /// It makes workflows by the clock.
    var fires: Bool { features.contains("Cron") }

    /// The outcome depends on what a user does meanwhile or afterwards.
    var isActedUpon: Bool { ["→", "resume", "on Stop"].contains { expected.contains($0) } }

    /// The phase that is expected of the workflow.
    var phase: String? {
      if expected.contains("✓") { return "Succeeded" }
      var text = expected[...]
      if let range = text.firstRange(of: "wf ~") { text = text[range.upperBound...] }
      let words = text.split { !$0.isLetter }.map(String.init)
      return words.first { ["Succeeded", "Failed", "Error"].contains($0) }
    }
  }

  /// What came of a file.
  fileprivate struct Verdict: Sendable {
    var row: Row
    var got: String
    var isRight: Bool
    var isSkipped = false
    var detail = ""
  }

  private static let argosay = """
    #!/bin/sh
    # The original's test image: prints, waits, exits as its arguments say.
    [ $# -eq 0 ] && set -- echo "hello argo"
    case $1 in
      echo) if [ $# -ge 3 ]; then mkdir -p "$(dirname "$3")" && printf '%s\\n' "$2" > "$3"; else printf '%s\\n' "$2"; fi; sleep 0.1 ;;
      cat) cat "$2" ;;
      sleep) sleep "$2" ;;
      exit) exit "$2" ;;
      assert_contains) grep -qF -- "$3" "$2" ;;
      sh) sh "$2" ;;
      *) exit 1 ;;
    esac
    """

  private static let netcat = """
    #!/usr/bin/env python3
    # nc -lk -p PORT …: takes connections and closes them.
    import socket, sys
    port = int(sys.argv[sys.argv.index("-p") + 1])
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    server.bind(("", port))
    server.listen()
    while True:
        server.accept()[0].close()

    """

  private func bench() throws -> Bench {
    let bench = try Bench()
    try bench.command("argosay", Self.argosay)
    try bench.command("cowsay", "#!/bin/sh\nprintf ' < %s >\\n' \"$*\"\n")
    // What busybox has and a machine may not.
    try bench.command("nc", Self.netcat)
    if Parts.path(of: "python") == nil { try bench.command("python", "#!/bin/sh\nexec python3 \"$@\"\n") }
    try bench.file(
      "semaphores.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: my-config}\ndata: {workflow: \"1\", template: \"2\"}\n")
    return bench
  }

  private func fixtures(_ row: Row, _ bench: Bench, among rows: [Row]) -> [String] {
    var files: [String] = []
    if row.runsWith.contains("+cm") {
      files.append(bench.path("semaphores.yaml"))
      files += rows.filter { $0.features.contains("ConfigMap") }.map { Self.folder + "/" + $0.file }
    }
    if row.runsWith.contains("+tmpl") {
      files += rows.filter { $0.expected == "applied" && !$0.features.contains("ConfigMap") }.map { Self.folder + "/" + $0.file }
    }
    return files.flatMap { ["--with", $0] }
  }

  private func run(_ row: Row, _ bench: Bench, among rows: [Row]) async throws -> Verdict {
    if let missing = row.missing { return Verdict(row: row, got: "skipped: no \(missing) yet", isRight: true, isSkipped: true) }
    let path = Self.folder + "/" + row.file
    if row.expected == "applied" {
      let arguments = [Parts.argosy, "run", "--with", path, Project.examples + "/hello-world.yaml"]
      let outcome = try await bench.run(arguments, within: .seconds(180))
      return Verdict(row: row, got: outcome.status == 0 ? "applied" : "refused", isRight: outcome.status == 0, detail: "\(outcome)")
    }
    if row.fires { return try await fire(row, path, bench, among: rows) }
    if row.isActedUpon { return try await act(row, path, bench, among: rows) }
    let child = try bench.start([Parts.argosy, "run"] + fixtures(row, bench, among: rows) + [path, "-o", "json"])
    let outcome = try await child.wait(.seconds(150))
    guard let json = try? JSON.parse(outcome.out) else {
      return Verdict(row: row, got: outcome.isLate ? "no end" : "status \(outcome.status)", isRight: false, detail: "\(outcome)")
    }
    let workflow = WorkflowView(json: json)
    var wrong: [String] = []
    if workflow.phase != row.phase { wrong.append("expected \(row.phase ?? "")") }
    let status: Int32 = workflow.phase == "Succeeded" ? 0 : 1
    if outcome.status != status { wrong.append("exit status \(outcome.status)") }
    if row.expected.contains("onExit runs"), !workflow.nodes.contains(where: { $0.name.hasSuffix(".onExit") && $0.phase == "Succeeded" }) {
      wrong.append("no exit handler ran")
    }
    let unfinished = workflow.nodes.filter { ["Pending", "Running", ""].contains($0.phase) }
    if !unfinished.isEmpty { wrong.append("nodes without end: \(unfinished.map(\.name))") }
    let got = ([workflow.phase] + wrong).joined(separator: "; ")
    return Verdict(row: row, got: got, isRight: wrong.isEmpty, detail: "\(workflow.table)\n\(outcome.err.suffix(2000))")
  }

  /// The documents of `-o json`, one after the other.
  private func documents(_ text: String) -> [JSON] {
    text.split(separator: "\n}\n").compactMap { try? JSON.parse($0 + "\n}") }
  }

  /// Lets a CronWorkflow fire for a little more than a minute, within which the most frequent of cron's schedules does.
  private func fire(_ row: Row, _ path: String, _ bench: Bench, among rows: [Row]) async throws -> Verdict {
    let child = try bench.start(
      [Parts.argosy, "run"] + fixtures(row, bench, among: rows) + [path, "--timeout", "64s", "-o", "json"])
    let outcome = try await child.wait(.seconds(150))
    let workflows = documents(outcome.out).map { WorkflowView(json: $0) }
    let fired = workflows.filter { $0.json.at("metadata", "labels", "workflows.argoproj.io/cron-workflow") != nil }
    let isRight = outcome.status == 0 && !fired.isEmpty && fired.allSatisfy { $0.phase == "Succeeded" }
    return Verdict(row: row, got: "fired \(fired.count): \(fired.map(\.phase))", isRight: isRight, detail: "\(outcome)")
  }

  /// Runs a file and does to it, by the commands, what its row tells.
  private func act(_ row: Row, _ path: String, _ bench: Bench, among rows: [Row]) async throws -> Verdict {
    func driver(_ name: String) -> ActedRun {
      ActedRun(bench: bench, state: "state-\(name)-" + row.file.split(separator: "/").joined(separator: "-"))
    }
    let arguments = fixtures(row, bench, among: rows) + [path]
    var wrong: [String] = []
    func check(_ what: String, _ isRight: Bool) { if !isRight { wrong.append(what) } }
    var last: WorkflowView?
    if row.expected.contains("on Stop") {
      for command in ["stop", "terminate"] {
        let driver = driver(command)
        let child = try driver.start(arguments)
        try await eventually("a step runs") { child.outcome.err.contains(" Running") || !child.isRunning }
        check(command, try await driver.command(command, "@latest").out.contains(command == "stop" ? " stopped" : " terminated"))
        let workflow = try (try await child.wait(.seconds(100))).workflow()
        check("\(command): \(workflow.phase)", workflow.phase == row.phase)
        let handlers = workflow.nodes.filter { $0.name.hasSuffix(".onExit") && $0.phase == "Succeeded" }
        check("\(command): handlers \(handlers.map(\.name))", handlers.isEmpty == (command == "terminate"))
        last = workflow
      }
      return verdict(row, wrong, last)
    }
    let driver = driver("acts")
    var child = try driver.start(arguments)
    if row.expected.contains("terminate") {
      let waiting = try await driver.suspended(child)
      check("terminate", try await driver.command("terminate", "@latest").status == 0)
      let ended = try (try await child.wait(.seconds(100))).workflow()
      check("terminated: \(ended.phase)", ended.phase == row.phase)
      // The template in which it was suspended runs again.
      let around = ended.nodes.first { $0.json["id"] == waiting.first?.json["boundaryID"] }
      child = try bench.start(
        [Parts.argosy, "retry", "@latest", "--state", driver.state, "-o", "json", "--restart-successful", "--node-field-selector"]
          + ["templateName==\(around?.template ?? "")"])
      _ = try await driver.suspended(child)
      check("resume", try await driver.command("resume", "@latest").status == 0)
      last = try (try await child.wait(.seconds(100))).workflow()
      check("retried: \(last?.phase ?? "")", last?.phase == "Succeeded" && last?.name == ended.name)
      return verdict(row, wrong, last)
    }
    if row.expected.contains("resume") {
      for node in try await driver.suspended(child) {
        for parameter in node.json.at("outputs", "parameters")?.array ?? [] {
          let set = try await driver.command(
            "node", "set", "@latest", "--node-field-selector", "name=\(node.name)", "-p", "\(parameter["name"]?.string ?? "")=given")
          check("set \(set)", set.out == "workflow values set\n")
        }
      }
      check("resume", try await driver.command("resume", "@latest").status == 0)
      last = try (try await child.wait(.seconds(100))).workflow()
      check("resumed: \(last?.phase ?? "")", last?.phase == "Succeeded")
      return verdict(row, wrong, last)
    }
    let first = try (try await child.wait(.seconds(100))).workflow()
    check("first \(first.phase)", first.phase == row.phase)
    if row.expected.contains("memoized resubmit") {
      let again = try await bench.run([Parts.argosy, "resubmit", "--memoized", "@latest", "--state", driver.state, "-o", "json"])
      last = try again.workflow()
      check("resubmitted \(last?.phase ?? "")", last?.phase == row.phase)
      let count = row.expected.split { !$0.isNumber }.first.flatMap { Int($0) } ?? 0
      check("\(last?.nodes.count ?? 0) nodes", last?.nodes.count == count)
      check("nothing taken over", last?.nodes.contains { $0.phase == "Skipped" && $0.message.hasPrefix("original pod: ") } == true)
    }
    return verdict(row, wrong, last ?? first)
  }

  private func verdict(_ row: Row, _ wrong: [String], _ last: WorkflowView?) -> Verdict {
    let unfinished = (last?.nodes ?? []).filter { ["Pending", "Running", ""].contains($0.phase) }
    let wrong = wrong + (unfinished.isEmpty ? [] : ["nodes without end: \(unfinished.map(\.name))"])
    return Verdict(
      row: row, got: ([last?.phase ?? "nothing"] + wrong).joined(separator: "; "), isRight: wrong.isEmpty && last != nil,
      detail: last?.table ?? "")
  }

  @Test("each manifest ends as the original ends it", .timeLimit(.minutes(15)))
  func manifests() async throws {
    let rows = Files.text(Self.table).split(separator: "\n").compactMap(Row.init)
    try #require(rows.count > 50)
    let bench = try bench()
    var verdicts: [Verdict] = []
    try await withThrowingTaskGroup(of: Verdict.self) { group in
      // What waits for the clock comes first, so that nobody waits for it alone.
      var waiting = (rows.filter(\.fires) + rows.filter { !$0.fires })[...]
      for _ in 0..<6 { if let row = waiting.popFirst() { group.addTask { try await run(row, bench, among: rows) } } }
      while let verdict = try await group.next() {
        verdicts.append(verdict)
        if let row = waiting.popFirst() { group.addTask { try await run(row, bench, among: rows) } }
      }
    }
    var text = "\nConformance: \(rows.count) files, \(verdicts.count { $0.isRight && !$0.isSkipped }) as the original, "
    text += "\(verdicts.count { !$0.isRight }) not, \(verdicts.count { $0.isSkipped }) skipped\n"
    for verdict in verdicts.sorted(by: { $0.row.file < $1.row.file }) {
      let mark = verdict.isSkipped ? "-" : verdict.isRight ? "✓" : "✗"
      text += "  \(mark) \(verdict.row.file)  [\(verdict.row.expected)]  \(verdict.got)\n"
    }
    print(text)
    for verdict in verdicts where !verdict.isRight { Issue.record("\(verdict.row.file): \(verdict.got)\n\(verdict.detail)") }
    let left = await bench.settled()
    #expect(left.isEmpty, "\(left)")
  }
}
