import Contracts
import Glibc
import JSONValue
import PodRunners
import Processes
import Testing

/// Says another wall clock to a program that it is loaded into: by as many seconds as the file says that `CLOCK_FILE` names.
private let clockLibrary = """
  #define _GNU_SOURCE
  #include <stdio.h>
  #include <stdlib.h>
  #include <sys/syscall.h>
  #include <time.h>
  #include <unistd.h>

  int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = syscall(SYS_clock_gettime, clock, time);
    FILE *file = clock == CLOCK_REALTIME ? fopen(getenv("CLOCK_FILE"), "re") : NULL;
    long seconds = 0;
    if (file && fscanf(file, "%ld", &seconds) == 1) time->tv_sec += seconds;
    if (file) fclose(file);
    return result;
  }
  """

/// The wall clock of a supervisor is set while its pod runs.
@Suite("The wall clock of a pod is set", .enabled(if: canCompile, "there is no clang")) struct ClockTests {
  private static func milliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  @Test("an hour on or back: its deadline comes when it was to come, and its times flow evenly", arguments: [3600, -3600])
  func setting(by jump: Int) async throws {
    let bench = try Bench()
    let executable = try #require(SandboxRunner.findExecutable())
    let library = bench.path("clock.so")
    let compiled = try Command.run(["clang", "-shared", "-fPIC", "-x", "c", "-", "-o", library], stdin: Array(clockLibrary.utf8))
    try #require(compiled.status == 0, "\(compiled.stderrText)")
    let environment = ["SWIFT_BACKTRACE=enable=no", "PATH=/usr/bin:/bin", "LD_PRELOAD=\(library)", "CLOCK_FILE=\(bench.path("time"))"]
    func set(_ seconds: Int) throws {
      let outcome = try Command.run(["sh", "-c", "echo \(seconds) > \(bench.path("new")) && mv \(bench.path("new")) \(bench.path("time"))"])
      try #require(outcome.status == 0)
    }
    try set(0)
    let deadline = Self.milliseconds() + 4000
    let plan = bench.plan(
      [.shell("main", "exec sleep 1000")], isolation: Bench.canIsolate ? .namespaces : .none, grace: 5, deadline: deadline)
    mkdir(bench.directory, 0o755)
    try #require(try Command.run(["sh", "-c", "cat > \(bench.directory)/plan.json"], stdin: plan.json.bytes()).status == 0)

    async let ended = withCheckedThrowingContinuation { (done: CheckedContinuation<Command.Outcome, any Error>) in
      do {
        try WorkerThread.start {
          done.resume(with: Result { try Command.run([executable, bench.directory], env: environment, timeout: 60_000) })
        }
      } catch {
        done.resume(throwing: error)
      }
    }
    // The first report comes when the command runs.
    for _ in 0..<6000 where access(bench.directory + "/status.json", F_OK) != 0 { try await Task.sleep(for: .milliseconds(10)) }
    try set(jump)
    // What the supervisor's program is told now.
    let told = try #require(Int64(Command.run(["date", "+%s"], env: environment).stdoutText.prefix { $0 != "\n" }))
    #expect(abs(told * 1000 - Self.milliseconds() - Int64(jump) * 1000) < 60_000)
    let outcome = try await ended
    #expect(outcome.status == 0 && !outcome.isTimedOut, "\(outcome)")

    let report = try PodReport(json: JSON.parse(bench.text("status.json")))
    #expect(report.isFinished && report.isPastDeadline, "\(report)")
    let container = try #require(report.containers.first)
    let (start, end) = (try #require(container.startedAt), try #require(container.finishedAt))
    #expect(start <= end && (deadline..<deadline + 30_000).contains(end), "\(report)")
  }
}

private let canCompile = (try? Command.run(["clang", "--version"]))?.status == 0
