import Glibc
import JSONValue
import Testing

/// Exit statuses, Ctrl-C, and what is left of a run that was stopped.
@Suite("Exit statuses and Ctrl-C", .needs())
struct StoppingTests {
  private static func manifest(_ template: String) -> String {
    """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {generateName: test-}
    spec:
      entrypoint: main
      templates:
        - name: main
    \(template.split(separator: "\n", omittingEmptySubsequences: false).map { "      " + $0 }.joined(separator: "\n"))
    """
  }

  @Test(
    "0, 1 and 2 say what came of the workflows",
    arguments: [
      ("succeeds", "container: {image: busybox, command: [\"true\"]}", 0),
      ("fails", "container: {image: busybox, command: [sh, -c, \"exit 3\"]}", 1),
      (
        "is in Error",
        "container: {image: busybox, command: [\"true\"]}\noutputs: {parameters: [{name: x, valueFrom: {path: /no/such/file}}]}", 1
      ),
      ("does not validate", "container: {image: busybox, comand: [\"true\"]}", 2),
    ] as [(String, String, Int32)])
  func statuses(what: String, template: String, status: Int32) async throws {
    let bench = try Bench()
    let outcome = try await bench.argosy("run", try bench.file("flow.yaml", Self.manifest(template)))
    #expect(outcome.status == status, "a workflow that \(what): \(outcome)")
    #expect(await bench.settled().isEmpty)
  }

  @Test("one workflow of several that fails makes the status 1")
  func several() async throws {
    let bench = try Bench()
    try bench.file("a.yaml", Self.manifest("container: {image: busybox, command: [\"true\"]}"))
    try bench.file("b.yaml", Self.manifest("container: {image: busybox, command: [\"false\"]}"))
    let outcome = try await bench.argosy("run", "a.yaml", "b.yaml")
    #expect(outcome.status == 1, "\(outcome)")
    #expect(outcome.out.contains("Status:              Succeeded") && outcome.out.contains("Status:              Failed"), "\(outcome)")
  }

  @Test(
    "bad usage is 2 and says what is wrong",
    arguments: [
      (["run"], "nothing to run"), (["run", "no-such-file.yaml"], "no-such-file.yaml"),
      (["run", "x.yaml", "--no-such-flag"], "--no-such-flag"),
      (["run", "--resume"], "--state"), (["run", "x.yaml", "-p", "novalue"], "novalue"), (["run", "x.yaml", "--timeout", "soon"], "soon"),
      (["walk"], "walk"), (["lint", "no-such-file.yaml"], "no-such-file.yaml"),
    ] as [([String], String)])
  func usage(arguments: [String], names: String) async throws {
    let bench = try Bench()
    let outcome = try await bench.argosy(arguments)
    #expect(outcome.status == 2, "\(arguments): \(outcome)")
    #expect(outcome.err.contains(names), "\(arguments): \(outcome)")
    #expect(outcome.out.isEmpty && Files.names(bench.temporary).isEmpty, "\(outcome)")
  }

  @Test("a mount of a Secret that does not exist is no endless wait: the step says what is missing")
  func missingSecret() async throws {
    let bench = try Bench()
    let outcome = try await bench.argosy(
      "run",
      try bench.file(
        "flow.yaml",
        Self.manifest(
          "container: {image: busybox, command: [\"true\"], volumeMounts: [{name: s, mountPath: /s}]}\nvolumes: [{name: s, secret: {secretName: no-such}}]"
        )), "--timeout", "20s", "-o", "json")
    #expect(outcome.status == 1, "\(outcome)")
    #expect(outcome.out.contains("no-such"), "\(outcome)")
  }

  /// Starts a workflow that notes in `ledger` when its step and its exit handler start.
  private func start(_ bench: Bench, handler: String, step: String = "sleep 300") async throws -> Child {
    try Files.makeDirectories(bench.path("notes"))
    try bench.file(
      "long.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {generateName: long-}
      spec:
        entrypoint: main
        onExit: handler
        volumes: [{name: notes, hostPath: {path: \(bench.path("notes"))}}]
        templates:
          - name: main
            dag:
              tasks: [{name: a, template: sleep}, {name: b, template: sleep}, {name: c, template: sleep, depends: a && b}]
          - name: sleep
            container:
              image: busybox
              command: [sh, -c]
              args: ["echo step >> /notes/ledger; \(step)"]
              volumeMounts: [{name: notes, mountPath: /notes}]
          - name: handler
            container:
              image: busybox
              command: [sh, -c]
              args: ["echo handler {{workflow.status}} >> /notes/ledger; \(handler)"]
              volumeMounts: [{name: notes, mountPath: /notes}]
      """)
    let child = try bench.start([Parts.argosy, "run", "long.yaml", "-o", "json"])
    try await eventually("both steps run", else: { "\(child.outcome)" }) {
      bench.lines("notes/ledger").count == 2 || !child.isRunning
    }
    return child
  }

  @Test("Ctrl-C once: steps are stopped, the exit handler runs, 130, no process is left")
  func once() async throws {
    let bench = try Bench()
    let child = try await start(bench, handler: "true")
    child.signal(SIGINT)
    let outcome = try await child.wait()
    #expect(outcome.status == 130, "\(outcome)")
    #expect(bench.lines("notes/ledger") == ["step", "step", "handler Failed"])
    let workflow = try outcome.workflow()
    #expect(workflow.phase == "Failed" && workflow.message == "Stopped with strategy 'Stop'", "\(workflow.table)")
    #expect(try workflow.node("a").phase == "Failed")
    #expect(workflow.nodes(named: "c").allSatisfy { $0.phase == "Omitted" }, "\(workflow.table)")
    let left = await bench.settled()
    #expect(left.isEmpty, "\(left)")
  }

  @Test("Ctrl-C twice: the exit handler is terminated too, 130, no process is left")
  func twice() async throws {
    let bench = try Bench()
    let child = try await start(bench, handler: "sleep 300")
    child.signal(SIGINT)
    try await eventually("the handler runs", else: { "\(child.outcome)" }) { bench.lines("notes/ledger").count == 3 || !child.isRunning }
    #expect(child.isRunning, "\(child.outcome)")
    child.signal(SIGINT)
    let outcome = try await child.wait()
    #expect(outcome.status == 130, "\(outcome)")
    #expect(try outcome.workflow().phase == "Failed")
    let left = await bench.settled()
    #expect(left.isEmpty, "\(left)")
  }

  @Test("SIGTERM is a Ctrl-C")
  func terminate() async throws {
    let bench = try Bench()
    let child = try await start(bench, handler: "true")
    child.signal(SIGTERM, group: false)
    let outcome = try await child.wait()
    #expect(outcome.status == 130, "\(outcome)")
    #expect(bench.lines("notes/ledger").last == "handler Failed")
    #expect(await bench.settled().isEmpty)
  }

  @Test("a step that ignores SIGTERM is killed after its grace period")
  func ignoresTerm() async throws {
    let bench = try Bench()
    let child = try await start(bench, handler: "true", step: "trap '' TERM; while true; do sleep 1; done")
    child.signal(SIGINT)
    let outcome = try await child.wait()
    #expect(outcome.status == 130, "\(outcome)")
    #expect(bench.lines("notes/ledger").last == "handler Failed")
    let left = await bench.settled()
    #expect(left.isEmpty, "\(left)")
  }

  @Test("--timeout stops the workflow, its exit handler runs, and the status is 1")
  func timeout() async throws {
    let bench = try Bench()
    let child = try await start(bench, handler: "true")
    child.signal(SIGKILL)
    _ = try await child.wait()
    for process in bench.processes() { kill(process.pid, SIGKILL) }
    try bench.file("notes/ledger", "")
    let outcome = try await bench.argosy("run", "long.yaml", "--timeout", "2s", "-o", "json", within: .seconds(180))
    #expect(outcome.status == 1, "\(outcome)")
    #expect(bench.lines("notes/ledger").last == "handler Failed")
    #expect(await bench.settled().isEmpty)
  }
}
