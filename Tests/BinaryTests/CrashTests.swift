import Glibc
import JSONValue
import Testing

/// `kill -9` in mid-flight, then `--resume`: each step notes itself in a ledger outside, so that one that runs twice shows.
@Suite("A killed run goes on", .needs())
struct CrashTests {
  private func manifest(_ bench: Bench, _ body: String, step: String) throws {
    try Files.makeDirectories(bench.path("notes"))
    try bench.file(
      "flow.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: flow}
      spec:
        entrypoint: main
        onExit: note-end
        volumes: [{name: notes, hostPath: {path: \(bench.path("notes"))}}]
        templates:
      \(body.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n"))
          - name: note
            inputs: {parameters: [{name: word}]}
            container:
              image: busybox
              command: [sh, -c]
              args: ["\(step)"]
              volumeMounts: [{name: notes, mountPath: /notes}]
          - name: note-end
            steps: [[{name: end, template: note, arguments: {parameters: [{name: word, value: end}]}}]]
      """)
  }

  private func resume(_ bench: Bench) async throws -> Outcome {
    try await bench.argosy("run", "--state", "state", "--resume", "-o", "json")
  }

  private static let chain = """
    - name: main
      steps:
        - [{name: a, template: note, arguments: {parameters: [{name: word, value: a}]}}]
        - [{name: b, template: note, arguments: {parameters: [{name: word, value: "{{item}}"}]}, withItems: [b1, b2, b3]}]
        - [{name: c, template: note, arguments: {parameters: [{name: word, value: "{{steps.a.outputs.result}}-c"}]}}]
    """

  @Test("steps that run at the crash are adopted while they run")
  func adoptsRunning() async throws {
    let bench = try Bench()
    let word = "{{inputs.parameters.word}}"
    try manifest(
      bench, Self.chain,
      step:
        "echo start \(word) >> /notes/ledger; case \(word) in b*) while ! test -e /notes/go; do sleep 0.1; done;; esac; echo end \(word) >> /notes/ledger; echo did-\(word)"
    )
    let child = try bench.start([Parts.argosy, "run", "flow.yaml", "--state", "state"])
    try await eventually("three steps run", else: { "\(child.outcome)" }) { bench.lines("notes/ledger").count == 5 || !child.isRunning }
    child.signal(SIGKILL, group: false)
    #expect(try await child.wait().status == 137)
    let second = try bench.start([Parts.argosy, "run", "--state", "state", "--resume", "-o", "json"])
    try await Task.sleep(for: .seconds(1))
    #expect(
      second.isRunning && bench.lines("notes/ledger").count == 5, "nothing runs twice: \(bench.lines("notes/ledger")) \(second.outcome)")
    try bench.file("notes/go", "")
    let outcome = try await second.wait()
    #expect(outcome.status == 0, "\(outcome)")
    let workflow = try outcome.workflow()
    #expect(workflow.phase == "Succeeded", "\(workflow.table)")
    let expected = ["a", "b1", "b2", "b3", "did-a-c", "end"].flatMap { ["start \($0)", "end \($0)"] }.sorted()
    #expect(bench.lines("notes/ledger").sorted() == expected, "each once")
    #expect(await bench.settled().isEmpty)
  }

  @Test("steps that ended while nobody watched are taken over with what they printed")
  func adoptsEnded() async throws {
    let bench = try Bench()
    let word = "{{inputs.parameters.word}}"
    try manifest(
      bench, Self.chain,
      step:
        "echo start \(word) >> /notes/ledger; case \(word) in a) while ! test -e /notes/go; do sleep 0.1; done;; esac; echo end \(word) >> /notes/ledger; echo did-\(word)"
    )
    let child = try bench.start([Parts.argosy, "run", "flow.yaml", "--state", "state"])
    try await eventually("the first step runs", else: { "\(child.outcome)" }) { bench.lines("notes/ledger").count == 1 || !child.isRunning }
    child.signal(SIGKILL, group: false)
    _ = try await child.wait()
    try bench.file("notes/go", "")
    try await eventually("the step ends by itself") { bench.lines("notes/ledger").count == 2 }
    #expect(await bench.settled().isEmpty)
    let outcome = try await resume(bench)
    #expect(outcome.status == 0, "\(outcome)")
    let workflow = try outcome.workflow()
    #expect(try workflow.node("a").result == "did-a" && workflow.node("c").input("word") == "did-a-c", "\(workflow.table)")
    let expected = ["a", "b1", "b2", "b3", "did-a-c", "end"].flatMap { ["start \($0)", "end \($0)"] }.sorted()
    #expect(bench.lines("notes/ledger").sorted() == expected, "each once")
  }

  @Test("killed again and again at any moment, each of forty steps runs once")
  func manyCrashes() async throws {
    let bench = try Bench()
    try manifest(
      bench,
      """
      - name: main
        dag:
          tasks:
            - {name: one, template: row}
            - {name: two, template: row, depends: one}
            - {name: three, template: row, depends: one}
            - {name: four, template: row, depends: two && three}
      - name: row
        parallelism: 3
        steps:
          - - {name: n, template: note, arguments: {parameters: [{name: word, value: "{{item}}"}]}, withSequence: {count: "10"}}
      """, step: "echo {{inputs.parameters.word}} {{pod.name}} >> /notes/ledger; sleep 1")
    let crashes = try await bench.crash(after: [0.06, 0.15, 0.09, 0.24, 0.03, 0.4, 0.12, 0.18], begun: "[ -s notes/ledger ]")
    let outcome = try await resume(bench)
    #expect(outcome.status == 0 && crashes > 1, "\(crashes) crashes \(outcome)")
    #expect(try outcome.workflow().phase == "Succeeded")
    let pods = bench.lines("notes/ledger").compactMap { $0.split(separator: " ").last }
    #expect(pods.count == 41 && Set(pods).count == 41, "\(pods.count) lines of \(Set(pods).count) pods")
  }

  @Test("--resume of a state whose runs are over runs nothing again")
  func resumesNothing() async throws {
    let bench = try Bench()
    try manifest(bench, Self.chain, step: "echo {{inputs.parameters.word}} >> /notes/ledger")
    #expect(try await bench.argosy("run", "flow.yaml", "--state", "state").status == 0)
    let before = bench.lines("notes/ledger")
    let outcome = try await bench.argosy("run", "--state", "state", "--resume")
    #expect(outcome.status == 0, "\(outcome)")
    #expect(bench.lines("notes/ledger") == before && before.count == 6)
  }

  @Test("two runs over one state directory: the second is refused in words")
  func lockedState() async throws {
    let bench = try Bench()
    try manifest(bench, Self.chain, step: "echo {{inputs.parameters.word}} >> /notes/ledger; while ! test -e /notes/go; do sleep 0.1; done")
    let child = try bench.start([Parts.argosy, "run", "flow.yaml", "--state", "state"])
    try await eventually("a step runs", else: { "\(child.outcome)" }) { bench.lines("notes/ledger").count == 1 || !child.isRunning }
    let outcome = try await bench.argosy("run", "flow.yaml", "--state", "state", "--name", "other", within: .seconds(180))
    #expect(outcome.status != 0 && !outcome.isLate && outcome.err.contains("state"), "\(outcome)")
    try bench.file("notes/go", "")
    #expect(try await child.wait().status == 0)
  }
}
