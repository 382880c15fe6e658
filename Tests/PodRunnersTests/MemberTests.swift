import Contracts
import Glibc
import PodRunners
import Processes
import Testing

/// The containers of a container set.
@Suite("Container sets", .enabled(if: Bench.canIsolate, "this machine does not allow namespaces or overlayfs"))
struct MemberTests {
  private func member(_ name: String, _ script: String, _ edit: (inout PodPlan.Container) -> Void = { _ in }) -> PodPlan.Container {
    var container = PodPlan.Container.shell(name, script)
    edit(&container)
    return container
  }

  private func mount(_ bench: Bench) -> [PodPlan.Mount] {
    mkdir(bench.path("shared"), 0o777)
    return [PodPlan.Mount(source: bench.path("shared"), target: "/shared-of-test", isReadOnly: false)]
  }

  @Test("containers begin when those that they depend on have succeeded, independent ones together")
  func graph() async throws {
    let bench = try Bench()
    let mounts = mount(bench)
    // b and c each wait for what the other writes: one after the other they would wait for ever.
    func meet(_ own: String, _ other: String) -> String {
      "test -e /shared-of-test/a || exit 9; touch /shared-of-test/\(own); "
        + "for i in $(seq 600); do test -e /shared-of-test/\(other) && exit 0; sleep 0.1; done; exit 8"
    }
    var containers = [
      member("main", "test -e /shared-of-test/b && test -e /shared-of-test/c") { $0.dependencies = ["b", "c"] },
      member("b", meet("b", "c")) { $0.dependencies = ["a"] }, member("c", meet("c", "b")) { $0.dependencies = ["a"] },
      member("a", "sleep 0.2; touch /shared-of-test/a"),
    ]
    for index in containers.indices { containers[index].mounts = mounts }
    let report = try await bench.run(bench.plan(containers))
    #expect(report.containers.map(\.exitCode) == [0, 0, 0, 0])
    // All count as started with the pod, as containers do that wait inside.
    let times = report.containers.compactMap(\.startedAt)
    #expect(times.count == 4 && (times.max() ?? 0) - (times.min() ?? 0) < 150)
    #expect(bench.all.contains { report in !report.isFinished && report.containers.last?.exitCode == 0 }, "each end is told when it comes")
  }

  @Test("what depends on a failure ends without having run, and says why")
  func failure() async throws {
    let bench = try Bench()
    let report = try await bench.run(
      bench.plan([
        member("a", "exit 3"), member("b", "echo ran") { $0.dependencies = ["ok", "a"] },
        member("main", "echo ran") { $0.dependencies = ["b"] }, member("ok", "sleep 0.3"), .shell("side", "sleep 1000", role: .sidecar),
      ]))
    #expect(report.containers.map(\.exitCode).prefix(4) == [3, 64, 64, 0], "what runs beside it may end")
    #expect(report.containers[1].message == "dependency \"a\" exited with non-zero code: 3")
    #expect(report.containers[2].message == "dependency \"b\" exited with non-zero code: 3")
    #expect(report.containers[4].exitCode == 143)
  }

  @Test("a failure stops what goes on for long, and what waits for it")
  func others() async throws {
    let bench = try Bench()
    let report = try await bench.run(
      bench.plan([member("a", "exit 3"), member("long", "exec sleep 1000"), member("main", "true") { $0.dependencies = ["long"] }]))
    #expect(report.containers.map(\.exitCode) == [3, 143, 143])
    #expect(report.containers[2].message == nil)
  }

  @Test("outputs in a volume are those at the end of all, others those at the end of main", arguments: [false, true])
  func outputs(isStopped: Bool) async throws {
    let bench = try Bench()
    let mounts = mount(bench)
    var containers = [
      member("main", "echo own > /of-main; echo early > /shared-of-test/late") {
        $0.outputs = [PodPlan.Output(path: "/of-main", name: "0"), PodPlan.Output(path: "/shared-of-test/late", name: "1")]
      },
      member("after", "echo late > /shared-of-test/late; touch /shared-of-test/written; test \(isStopped) = false || exec sleep 1000") {
        $0.dependencies = ["main"]
      },
    ]
    for index in containers.indices { containers[index].mounts = mounts }
    try bench.start(bench.plan(containers))
    if isStopped {
      for _ in 0..<6000 where access(bench.path("shared/written"), F_OK) != 0 { try await Task.sleep(for: .milliseconds(10)) }
      bench.runner.stop(directory: bench.directory, .gracefully)
    }
    let report = try await bench.finish()
    #expect(report.containers.map(\.exitCode) == [0, isStopped ? 143 : 0] && report.failure == nil)
    #expect(try bench.text("outputs/0") == "own\n" && bench.text("outputs/1") == "late\n")
    #expect(report.containers[0].message == nil)
  }

  @Test("a stopped set stops those that wait too")
  func stopping() async throws {
    let bench = try Bench()
    try bench.start(bench.plan([member("a", "exec sleep 1000"), member("main", "true") { $0.dependencies = ["a"] }]))
    _ = try await bench.wait { $0.containers.contains { $0.startedAt != nil } }
    bench.runner.stop(directory: bench.directory, .gracefully)
    #expect(try await bench.finish().containers.map(\.exitCode) == [143, 143])
  }

  @Test("a command is run again in the same container, N times in all", arguments: [(1, 1), (2, 0), (3, 0)] as [(Int, Int32)])
  func retries(attempts: Int, code: Int32) async throws {
    let bench = try Bench()
    let report = try await bench.run(
      bench.plan([
        member("main", "echo try; test -e /been && exit 0; touch /been; exit 1") {
          $0.attempts = attempts
          $0.attemptPause = 50
          $0.capturesResult = true
        }
      ]))
    #expect(report.containers[0].exitCode == code)
    #expect(try bench.text("containers/main/result") == (attempts == 1 ? "try" : "try\ntry"))
  }

  @Test("no attempt is a success, and what cannot be found is not tried again")
  func noAttempts() async throws {
    let bench = try Bench()
    let report = try await bench.run(
      bench.plan([
        member("main", "exit 1") { $0.attempts = 0 }, member("b", "") { $0.refusal = "failed to get retry strategy: x" },
        member("c", "") {
          $0.argv = ["no-such-program"]
          $0.attempts = 3
          $0.attemptPause = 1_000_000
        },
      ]))
    #expect(report.containers.map(\.exitCode) == [0, 64, 64])
    #expect(report.containers[1].message == "failed to get retry strategy: x")
  }

  @Test("a stop ends the waiting between attempts")
  func stopWhilePausing() async throws {
    let bench = try Bench()
    try bench.start(
      bench.plan([
        member("main", "echo tried; exit 1") {
          $0.attempts = 3
          $0.attemptPause = 1_000_000
        }
      ]))
    _ = try await bench.wait { $0.containers.contains { $0.startedAt != nil } }
    for _ in 0..<1000 where try bench.lines() != ["tried"] { try await Task.sleep(for: .milliseconds(10)) }
    bench.runner.stop(directory: bench.directory, .gracefully)
    #expect(try await bench.finish().containers[0].exitCode == 143)
  }
}
