import Glibc
import JSONValue
import Testing

/// CronWorkflows fire while `argosy run` goes on.
@Suite("CronWorkflows fire", .needs("echo", "sleep"))
struct CronTests {
  private static func manifest(schedule: String, command: String, spec: String = "") -> String {
    """
    apiVersion: argoproj.io/v1alpha1
    kind: CronWorkflow
    metadata: {name: tick}
    spec:
      schedules: ["\(schedule)"]
      \(spec)
      workflowSpec:
        entrypoint: main
        templates:
        - name: main
          container: {image: alpine, command: [sh, -c, "\(command)"]}
    """
  }

  @Test("each time is a workflow of its own that knows its time; the old ones go, and the status is theirs")
  func fires() async throws {
    let bench = try Bench()
    let manifest = try bench.file(
      "cron.yaml",
      Self.manifest(schedule: "@every 1s", command: "echo at {{workflow.scheduledTime}}", spec: "successfulJobsHistoryLimit: 2"))
    let outcome = try await bench.argosy("run", manifest, "--timeout", "6s", "--log")
    #expect(outcome.status == 0, "\(outcome)")
    let lines = (outcome.out + outcome.err).split(separator: "\n").filter { $0.contains(": at 20") }
    #expect(Set(lines).count >= 3, "\(outcome)")
    let kept = outcome.out.split(separator: "\n").filter { $0.hasPrefix("Name:") }
    // Two, and the one that ended when nothing was removed any more.
    #expect((1...3).contains(kept.count), "\(outcome.out)")
  }

  @Test("Ctrl-C ends the firing and stops what runs")
  func interrupted() async throws {
    let bench = try Bench()
    let manifest = try bench.file(
      "cron.yaml", Self.manifest(schedule: "@every 1s", command: "sleep 100", spec: "concurrencyPolicy: Forbid"))
    let child = try bench.start([Parts.argosy, "run", manifest, "-o", "json"])
    try await eventually("a step runs") { child.outcome.err.contains(" Running") || !child.isRunning }
    child.signal(SIGINT)
    let outcome = try await child.wait()
    #expect(outcome.status == 130, "\(outcome)")
    #expect(try outcome.workflow().phase == "Failed")
    #expect(await bench.settled().isEmpty)
  }

  @Test("applied with --with it does not fire")
  func applied() async throws {
    let bench = try Bench()
    let manifest = try bench.file("cron.yaml", Self.manifest(schedule: "@every 1s", command: "echo"))
    let outcome = try await bench.argosy("run", "--with", manifest, Project.examples + "/hello-world.yaml", "-o", "name")
    #expect(outcome.status == 0, "\(outcome)")
    #expect(!outcome.out.contains("tick"), "\(outcome.out)")
  }

  @Test("a schedule that is wrong is refused before anything runs")
  func malformed() async throws {
    let bench = try Bench()
    let manifest = try bench.file("cron.yaml", Self.manifest(schedule: "61 * * * *", command: "echo"))
    let outcome = try await bench.argosy("run", manifest)
    #expect(outcome.status == 2, "\(outcome)")
    #expect(outcome.err.contains("cron schedule 61 * * * * is malformed: end of range (61) above maximum (59): 61"), "\(outcome.err)")
  }

  @Test("what is noted of a CronWorkflow is kept: one that its stop strategy stopped fires no more in the next run")
  func stopped() async throws {
    let bench = try Bench()
    let manifest = try bench.file(
      "cron.yaml", Self.manifest(schedule: "@every 1s", command: "true", spec: "stopStrategy: {expression: cronworkflow.succeeded >= 1}"))
    func runs() async throws -> [String] {
      let list = try await bench.argosy("list", "--state", "state", "-o", "json")
      return try #require(try JSON.parse(list.out).array).compactMap { $0.at("metadata", "name")?.string }
    }
    for _ in 0..<2 {
      let outcome = try await bench.argosy("run", manifest, "--state", "state", "--timeout", "6s")
      #expect(outcome.status == 0, "\(outcome)")
    }
    let before = try await runs()
    #expect((1...3).contains(before.count))
    let outcome = try await bench.argosy("run", manifest, "--state", "state", "--timeout", "3s")
    #expect(outcome.status == 0 && !outcome.out.contains("Name:"), "\(outcome)")
    #expect(try await runs() == before)
  }

  @Test("the page's commands do what it says; the next run goes on from there")
  func page() async throws {
    let bench = try Bench()
    let page = Project.root + "/docs/cron.md"
    try bench.file("tick.yaml", try Readme.block("yaml", of: page))
    let printed = try await bench.shell(try Readme.commands(page))
    #expect(printed.contains("due at 20"), "\(printed)")
    func runs() async throws -> [String] {
      let list = try await bench.argosy("list", "--state", "state", "-o", "json")
      return try #require(try JSON.parse(list.out).array).compactMap { $0.at("metadata", "name")?.string }
    }
    let first = try await runs()
    #expect((2...3).contains(first.count), "\(printed)")
    let again = try await bench.argosy("run", "tick.yaml", "--state", "state", "--timeout", "4s")
    #expect(again.status == 0, "\(again)")
    let second = try await runs()
    #expect((2...3).contains(second.count) && Set(second).isDisjoint(with: first), "\(first) \(second)")
  }
}
