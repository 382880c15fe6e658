import Contracts
import Glibc
import JSONValue
import PodRunners
import Processes
import Testing

/// A control group that allows so many processes; nil where none can be made.
private struct ProcessLimit {
  let directory: String

  init?(_ count: Int) {
    var template = Array("/tmp/argosy-lack-XXXXXX".utf8CString)
    guard geteuid() == 0, let unique = mkdtemp(&template).map({ String(cString: $0) }) else { return nil }
    defer { rmdir(unique) }
    let name = "/argosy-test-" + unique.suffix(6)
    for base in ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"] where mkdir(base + name, 0o755) == 0 {
      if Self.allow(count, in: base + name) {
        directory = base + name
        return
      }
      rmdir(base + name)
    }
    return nil
  }

  private static func allow(_ count: Int, in directory: String) -> Bool {
    (try? Command.run(["sh", "-c", "echo \(count) > \(directory)/pids.max"]).status) == 0
  }

  func allow(_ count: Int) { _ = Self.allow(count, in: directory) }

  /// Runs a supervisor in the group; its exit status.
  func supervise(_ bench: Bench) throws -> Int32 {
    let executable = try #require(SandboxRunner.findExecutable())
    return try Command.run(["sh", "-c", "echo $$ > \(directory)/cgroup.procs; exec '\(executable)' '\(bench.directory)'"]).status
  }

  func remove() { rmdir(directory) }
}

@Suite("Supervisors where the machine allows no more processes", .enabled(if: Bench.canIsolate, "pods cannot be isolated here"))
struct LackTests {
  /// Lays a plan out for a supervisor that is not started by a runner.
  private func prepare(_ containers: [PodPlan.Container], _ isolation: PodPlan.Isolation) throws -> Bench {
    let bench = try Bench()
    mkdir(bench.directory, 0o755)
    let plan = bench.plan(containers, isolation: isolation)
    try bench.write("pod/plan.json", String(decoding: plan.json.bytes(), as: UTF8.self))
    return bench
  }

  /// The supervisor gives up, and the pod looks as one that never began.
  private func expectGivenUp(_ bench: Bench, _ limit: ProcessLimit) throws {
    #expect(try limit.supervise(bench) == 75)
    #expect(try Command.run(["sh", "-c", "cd \(bench.directory); stat -c %s lock; ls status.json"]).stdoutText == "0\n")
    #expect(try !bench.runner.adopt(directory: bench.directory, observe: bench.observe))
  }

  private func expectSuccess(_ bench: Bench, _ limit: ProcessLimit) async throws {
    #expect(try limit.supervise(bench) == 0)
    #expect(try bench.runner.adopt(directory: bench.directory, observe: bench.observe))
    let report = try await bench.finish()
    #expect(report.failure == nil && report.containers.allSatisfy { $0.exitCode == 0 }, "\(report)")
  }

  @Test(
    "a pod that gets not all of its processes gives back what it has, and can be begun anew",
    arguments: [PodPlan.Isolation.namespaces, .none])
  func givesUp(isolation: PodPlan.Isolation) async throws {
    guard let limit = ProcessLimit(1) else { return }
    defer { limit.remove() }
    let bench = try prepare([.shell("main", "echo ran")], isolation)
    // The supervisor alone; with the container's first process, and none for the command.
    for count in [1, 2] {
      limit.allow(count)
      try expectGivenUp(bench, limit)
    }
    limit.allow(3)
    try await expectSuccess(bench, limit)
    #expect(try bench.lines() == ["ran"])
  }

  @Test("so does one whose init containers have ended: they run again with it")
  func givesUpAfterInitContainers() async throws {
    guard let limit = ProcessLimit(3) else { return }
    defer { limit.remove() }
    let once = "test -e ../once || { : > ../once; echo 1 > \(limit.directory)/pids.max; }; echo first"
    let bench = try Bench()
    let containers: [PodPlan.Container] = [.shell("first", once, role: .initial, directory: bench.directory), .shell("main", "echo ran")]
    mkdir(bench.directory, 0o755)
    try bench.write("pod/plan.json", String(decoding: bench.plan(containers, isolation: .none).json.bytes(), as: UTF8.self))
    try expectGivenUp(bench, limit)
    limit.allow(3)
    try await expectSuccess(bench, limit)
    #expect(try bench.lines("first") == ["first", "first"])
    #expect(try bench.lines() == ["ran"])
  }
}
