import Glibc
import JSONValue
import Testing

/// Workflows that contend, with the real program: each step notes itself in a ledger outside.
@Suite("Workflows wait for each other", .needs())
struct LockTests {
  /// A workflow of one step that notes its start, waits for the file `go` and notes its end.
  private func flow(_ bench: Bench, _ name: String, synchronization: String, extra: String = "") -> String {
    """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {name: \(name)}
    spec:
      entrypoint: note
      \(extra)
      volumes: [{name: notes, hostPath: {path: \(bench.path("notes"))}}]
      templates:
        - name: note
          synchronization: \(synchronization)
          container:
            image: busybox
            command: [sh, -c]
            args: ["echo start \(name) >> /notes/ledger; while ! test -e /notes/go; do sleep 0.05; done; sleep 0.2; echo end \(name) >> /notes/ledger"]
            volumeMounts: [{name: notes, mountPath: /notes}]
    """
  }

  private static let mutex = "{mutexes: [{name: one}]}"

  @Test("two workflows that share a mutex run one after the other, the one with the higher priority first")
  func contending() async throws {
    let bench = try Bench()
    try Files.makeDirectories(bench.path("notes"))
    try bench.file(
      "flows.yaml",
      [("a", ""), ("b", ""), ("c", "priority: 2")].map { flow(bench, $0.0, synchronization: Self.mutex, extra: $0.1) }
        .joined(separator: "\n---\n"))
    let child = try bench.start([Parts.argosy, "run", "flows.yaml", "-o", "json"])
    try await eventually("the others wait", else: { "\(child.outcome)" }) {
      child.outcome.text.contains("Waiting for default/Mutex/one lock. Lock status: 0/1") || !child.isRunning
    }
    try bench.file("notes/go", "")
    let outcome = try await child.wait()
    #expect(outcome.status == 0, "\(outcome)")
    #expect(bench.lines("notes/ledger") == ["a", "c", "b"].flatMap { ["start \($0)", "end \($0)"] }, "\(outcome)")
    #expect(await bench.settled().isEmpty)
  }

  @Test("after kill -9 a held lock is still held, and what waited goes on in its turn")
  func crash() async throws {
    let bench = try Bench()
    try Files.makeDirectories(bench.path("notes"))
    try bench.file(
      "flows.yaml",
      ["a", "b", "c"].map { flow(bench, $0, synchronization: "{semaphores: [{database: {key: few}}], mutexes: [{name: one}]}") }
        .joined(separator: "\n---\n"))
    try bench.file("limit.yaml", "apiVersion: argosy.io/v1alpha1\nkind: SyncLimit\nmetadata: {name: few}\nspec: {limit: 2}\n")
    let child = try bench.start([Parts.argosy, "run", "flows.yaml", "--with", "limit.yaml", "--state", "state"])
    try await eventually("one runs, two wait", else: { "\(child.outcome)" }) {
      (bench.lines("notes/ledger").count == 1 && child.outcome.text.contains("Waiting for default/")) || !child.isRunning
    }
    child.signal(SIGKILL, group: false)
    #expect(try await child.wait().status == 137)
    let second = try bench.start([Parts.argosy, "run", "--state", "state", "--resume", "-o", "json"])
    try await Task.sleep(for: .seconds(1))
    #expect(second.isRunning && bench.lines("notes/ledger").count == 1, "\(bench.lines("notes/ledger")) \(second.outcome)")
    try bench.file("notes/go", "")
    let outcome = try await second.wait()
    #expect(outcome.status == 0, "\(outcome)")
    let ledger = bench.lines("notes/ledger")
    #expect(ledger.count == 6, "\(ledger)")
    for place in stride(from: 0, to: ledger.count - 1, by: 2) {
      #expect(ledger[place].hasPrefix("start ") && ledger[place + 1] == "end " + ledger[place].dropFirst(6), "\(ledger)")
    }
    #expect(Set(ledger.map { $0.suffix(1) }) == ["a", "b", "c"])
    #expect(await bench.settled().isEmpty)
  }

  @Test("the controller's parallelism bounds the workflows, and what waited is resumed after kill -9")
  func parallelism() async throws {
    let bench = try Bench()
    try Files.makeDirectories(bench.path("notes"))
    try bench.file("flows.yaml", ["a", "b"].map { flow(bench, $0, synchronization: "{}") }.joined(separator: "\n---\n"))
    try bench.file(
      "controller.yaml",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: workflow-controller-configmap, namespace: argo}\ndata: {parallelism: \"1\"}\n")
    let child = try bench.start([Parts.argosy, "run", "flows.yaml", "--with", "controller.yaml", "--state", "state"])
    try await eventually("one runs, one waits", else: { "\(child.outcome)" }) {
      (bench.lines("notes/ledger").count == 1 && child.outcome.text.contains("too many workflows are already running")) || !child.isRunning
    }
    child.signal(SIGKILL, group: false)
    _ = try await child.wait()
    try bench.file("notes/go", "")
    let outcome = try await bench.argosy("run", "--state", "state", "--resume", "-o", "json")
    #expect(outcome.status == 0, "\(outcome)")
    let ledger = bench.lines("notes/ledger")
    #expect(ledger.count == 4 && ledger[1] == "end " + ledger[0].dropFirst(6), "\(ledger)")
    #expect(await bench.settled().isEmpty)
  }
}

extension Outcome {
  /// All that was printed.
  fileprivate var text: String { out + err }
}
