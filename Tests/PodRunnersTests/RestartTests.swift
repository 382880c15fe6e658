import Contracts
import Glibc
import PodRunners
import Processes
import Testing

/// Pods that users make: the policy of their restarts.
@Suite("Restarts", .enabled(if: Bench.canIsolate, "this machine does not allow namespaces or overlayfs"))
struct RestartTests {
  private func plan(_ bench: Bench, _ policy: PodPlan.RestartPolicy, _ containers: [PodPlan.Container], pause: Int64 = 10) -> PodPlan {
    var plan = bench.plan(containers, grace: 10)
    plan.restartPolicy = policy
    plan.restartPause = pause
    return plan
  }

  /// A script that counts its runs in a volume and ends as its count says.
  private func counting(
    _ bench: Bench, _ script: String, name: String = "main", role: PodPlan.Container.Role = .main
  ) -> PodPlan.Container {
    mkdir(bench.path("shared"), 0o777)
    return .shell(
      name, "n=$(cat /v/\(name) 2>/dev/null || echo 0); n=$((n + 1)); echo $n > /v/\(name); echo run $n; \(script)", role: role,
      mounts: [PodPlan.Mount(source: bench.path("shared"), target: "/v", isReadOnly: false)])
  }

  @Test("OnFailure runs a container again until it succeeds; the run before keeps its log and its end")
  func onFailure() async throws {
    let bench = try Bench()
    let report = try await bench.run(plan(bench, .onFailure, [counting(bench, "[ $n -ge 3 ] || exit $n")], pause: 2000))
    let container = try #require(report.containers.first)
    #expect(container.exitCode == 0 && container.restarts == 2)
    #expect(container.previous?.exitCode == 2)
    #expect(try bench.lines() == ["run 3"])
    #expect(try bench.text("containers/main/log.previous").contains("run 2"))
    // The second restart waits, and says so.
    let hasWaited = bench.all.contains { $0.containers[0].waits == "back-off 2s restarting failed container=main pod=pod" }
    #expect(hasWaited)
    #expect(bench.all.count(where: { $0.isFinished }) == 1)
  }

  @Test("Never ends with the last container, whatever the others' codes; a file system is fresh in each run")
  func never() async throws {
    let bench = try Bench()
    let report = try await bench.run(
      plan(bench, .never, [.shell("a", "sleep 0.3; exit 4"), .shell("b", "exit 0"), .shell("c", "exit 3")]))
    #expect(report.containers.map(\.exitCode) == [4, 0, 3])
    let second = try Bench()
    let again = try await second.run(
      plan(second, .onFailure, [counting(second, "test -e /made && exit 0; touch /made; [ $n -ge 2 ]")]))
    #expect(again.containers[0].restarts == 1, "what the first run made is gone")
  }

  @Test("Always runs what succeeds again, and a deletion ends it while it waits")
  func always() async throws {
    let bench = try Bench()
    try bench.start(plan(bench, .always, [counting(bench, "exit 0")], pause: 3_600_000))
    let waiting = try await bench.wait { $0.containers[0].waits != nil }
    #expect(waiting.containers[0].restarts == 1 && waiting.containers[0].previous?.exitCode == 0)
    #expect(waiting.containers[0].waits == "back-off 60m0s restarting failed container=main pod=pod")
    bench.runner.stop(directory: bench.directory, .within(seconds: 5))
    let report = try await bench.finish()
    #expect(report.containers[0].exitCode == 0 && report.containers[0].waits == nil)
  }

  @Test("a deletion runs the last hook, and takes the time that it was given")
  func deletion() async throws {
    let bench = try Bench()
    var container = PodPlan.Container.shell("main", "trap '' TERM; touch /up; while true; do sleep 0.05; done")
    container.preStop = .run(["touch", "/hooked"])
    container.outputs = [PodPlan.Output(path: "/hooked", name: "0")]
    var plan = plan(bench, .always, [container])
    plan.gracePeriod = 3600
    try bench.start(plan)
    _ = try await bench.wait { $0.containers[0].startedAt != nil }
    bench.runner.stop(directory: bench.directory, .within(seconds: 1))
    let report = try await bench.finish()
    #expect(report.containers[0].exitCode == 137)
    #expect(access(bench.directory + "/outputs/0", F_OK) == 0)
  }

  @Test("init containers come in order, one that fails is run again, and a sidecar stays until the mains are over")
  func initials() async throws {
    let bench = try Bench()
    var sidecar = counting(bench, "trap 'echo bye; exit 0' TERM; while true; do sleep 0.05; done", name: "side", role: .initial)
    sidecar.isSidecar = true
    let report = try await bench.run(
      plan(
        bench, .onFailure,
        [
          counting(bench, "[ $n -ge 2 ]", name: "one", role: .initial), sidecar,
          counting(bench, "while [ ! -e /v/side ]; do sleep 0.01; done", name: "two", role: .initial),
          counting(bench, "test $(cat /v/one) = 2 && test -e /v/two"),
        ]))
    #expect(report.containers.map(\.exitCode) == [0, 0, 0, 0])
    #expect(report.containers.map(\.restarts) == [1, 0, 0, 0])
    #expect(try bench.lines("side").last == "bye")
  }

  @Test("with Never an init container that fails ends the pod, and the mains never start")
  func initialFails() async throws {
    let bench = try Bench()
    let report = try await bench.run(plan(bench, .never, [.shell("one", "exit 9", role: .initial), .shell("main", "true")]))
    #expect(report.containers.map(\.exitCode) == [9, nil])
    #expect(report.containers[1].startedAt == nil)
  }

  @Test("a program that is not there is said so and tried again; a failed liveness probe restarts")
  func refusedAndUnhealthy() async throws {
    let bench = try Bench()
    var missing = PodPlan.Container.shell("missing", "")
    missing.argv = ["no-such-program"]
    var sick = PodPlan.Container.shell("sick", "exec sleep 1000")
    sick.probes = [ContainerProbe(.liveness, .run(["false"]), period: 1, timeout: 10, failureThreshold: 1)]
    try bench.start(plan(bench, .always, [missing, sick]))
    let report = try await bench.wait { $0.containers[0].waits != nil && $0.containers[1].restarts > 0 }
    #expect(report.containers[0].previous?.exitCode == 128 && report.containers[0].previous?.isRefused == true)
    #expect(report.containers[1].previous?.exitCode == 143)
    bench.runner.stop(directory: bench.directory, .immediately)
    _ = try await bench.finish()
  }
}
