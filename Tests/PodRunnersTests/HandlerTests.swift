import Contracts
import Glibc
import PodRunners
import Processes
import Testing

/// Probes, lifecycle hooks, and what of Argo's executor can be seen in a container.
@Suite("Probes, hooks and the executor's contract", .enabled(if: Bench.canIsolate, "this machine does not allow namespaces or overlayfs"))
struct HandlerTests {
  private func container(_ script: String, _ edit: (inout PodPlan.Container) -> Void) -> PodPlan.Container {
    var container = PodPlan.Container.shell("main", script)
    edit(&container)
    return container
  }

  @Test("a command that probes readiness sees the container's files, and what it finds is told")
  func readiness() async throws {
    let bench = try Bench()
    try bench.start(
      bench.plan([
        container("echo $$ > /pid; sleep 0.3; touch /ready; exec sleep 1000") {
          $0.probes = [ContainerProbe(.readiness, .run(["sh", "-c", "test -e /ready && kill -0 $(cat /pid)"]), period: 1, timeout: 10)]
        }
      ]))
    let first = try await bench.wait { $0.containers.first?.startedAt != nil }
    #expect(first.containers[0].isReady == false)
    _ = try await bench.wait { $0.containers.first?.isReady == true }
    bench.runner.stop(directory: bench.directory, .immediately)
    _ = try await bench.finish()
  }

  @Test("a container that fails its liveness or startup probe is stopped", arguments: [ContainerProbe.Kind.liveness, .startup])
  func liveness(kind: ContainerProbe.Kind) async throws {
    let bench = try Bench()
    let report = try await bench.run(
      bench.plan([
        container("trap 'exit 5' TERM; echo up; while true; do sleep 0.1; done") {
          $0.probes = [ContainerProbe(kind, .run(["false"]), period: 1, timeout: 10, failureThreshold: 2)]
          $0.preStop = .run(["touch", "/hooked"])
          $0.outputs = [PodPlan.Output(path: "/hooked", name: "0")]
        }
      ]))
    #expect(report.containers[0].exitCode == 5)
    #expect(access(bench.directory + "/outputs/0", F_OK) == 0, "the hook ran first")
  }

  @Test("liveness waits for the startup probe, and a probe that takes too long has failed")
  func startup() async throws {
    let bench = try Bench()
    let report = try await bench.run(
      bench.plan([
        container("sleep 0.3; touch /up; exec sleep 1000") {
          $0.probes = [
            ContainerProbe(.startup, .run(["test", "-e", "/up"]), period: 1, timeout: 10, failureThreshold: 100),
            ContainerProbe(.liveness, .run(["sh", "-c", "test -e /up && exec sleep 1000"]), period: 1, timeout: 1, failureThreshold: 1),
          ]
        }
      ]))
    #expect(report.containers[0].exitCode == 143)
  }

  @Test("a container whose first hook fails is stopped; at the deadline the last hook runs")
  func hooks() async throws {
    let bench = try Bench()
    let report = try await bench.run(bench.plan([container("exec sleep 1000") { $0.postStart = .run(["false"]) }]))
    #expect(report.containers[0].exitCode == 143)

    let second = try Bench()
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let late = try await second.run(
      second.plan(
        [
          container("exec sleep 1000") {
            $0.postStart = .run(["touch", "/first"])
            $0.preStop = .run(["sh", "-c", "test -e /first && touch /last"])
            $0.outputs = [PodPlan.Output(path: "/last", name: "0")]
          }
        ], deadline: Int64(time.tv_sec) * 1000 + 1500))
    #expect(late.isPastDeadline && late.containers[0].exitCode == 143)
    #expect(access(second.directory + "/outputs/0", F_OK) == 0)
  }

  private func contract(_ bench: Bench) -> [PodPlan.Mount] {
    mkdir(bench.directory, 0o755)
    mkdir(bench.directory + "/argo", 0o777)
    return [PodPlan.Mount(source: bench.directory + "/argo", target: "/var/run/argo", isReadOnly: false)]
  }

  @Test("containers see each other's exit codes and output, and signal each other by files")
  func files() async throws {
    let bench = try Bench()
    let mounts = contract(bench)
    var main = container("trap 'echo told; exit 4' TERM; echo out; echo err >&2; while true; do sleep 0.1; done") {
      $0.capturesResult = true
    }
    var side = PodPlan.Container.shell(
      "side",
      "trap '' TERM; while ! grep -q out /var/run/argo/ctr/main/stdout; do sleep 0.1; done; printf 15 > /var/run/argo/ctr/main/signal; "
        + "while ! test -s /var/run/argo/ctr/main/exitcode; do sleep 0.1; done; cat /var/run/argo/ctr/main/exitcode", role: .sidecar)
    main.mounts = mounts
    side.mounts = mounts
    var plan = bench.plan([main, side])
    plan.sharesContract = true
    let report = try await bench.run(plan)
    #expect(report.containers.map(\.exitCode) == [4, 0])
    #expect(try bench.lines("side") == ["4"])
    #expect(try bench.text("argo/ctr/main/stdout") == "out\ntold\n")
    #expect(try bench.text("argo/ctr/main/combined").contains("err"))
    #expect(try bench.text("argo/ctr/side/exitcode") == "0")
  }

  @Test("a container that is debugged waits before its command and after it")
  func pauses() async throws {
    let bench = try Bench()
    let mounts = contract(bench)
    var main = container("echo ran; exit 2") {
      $0.pausesBefore = true
      $0.pausesAfter = true
    }
    main.mounts = mounts
    var plan = bench.plan([main])
    plan.sharesContract = true
    try bench.start(plan)
    _ = try await bench.wait { $0.containers.first?.startedAt != nil }
    try await Task.sleep(for: .milliseconds(300))
    #expect(try bench.lines().isEmpty)
    _ = try Command.run(["touch", bench.directory + "/argo/ctr/main/before"])
    for _ in 0..<1000 where try bench.lines().isEmpty { try await Task.sleep(for: .milliseconds(10)) }
    #expect(try bench.lines() == ["ran"])
    #expect(bench.all.allSatisfy { !$0.isFinished })
    _ = try Command.run(["touch", bench.directory + "/argo/ctr/main/after"])
    #expect(try await bench.finish().containers[0].exitCode == 2)
  }

  @Test("a failure tells what was written for it, or the end of the log")
  func terminationMessage() async throws {
    let bench = try Bench()
    let report = try await bench.run(
      bench.plan([container("printf 'first\\nback\\\\slash\\n' > /dev/termination-log; exit 1") { _ in }]))
    #expect(report.containers[0].message == "first\nback\\slash\n")
    let second = try Bench()
    let other = try await second.run(
      second.plan([
        container("echo one; echo two >&2; exit 1") {
          $0.terminationMessagePath = "/var/message"
          $0.fallsBackToLogs = true
        }
      ]))
    #expect(other.containers[0].message?.split(separator: "\n").sorted() == ["one", "two"])
    let third = try Bench()
    let success = try await third.run(third.plan([container("echo x > /dev/termination-log") { _ in }]))
    #expect(success.containers[0].exitCode == 0 && success.containers[0].message == nil)
  }

  @Test("a read-only root refuses writing, volumes do not")
  func readOnlyRoot() async throws {
    let bench = try Bench()
    mkdir(bench.path("volume"), 0o777)
    var main = container(
      "touch /x 2>/dev/null; echo $?; touch /tmp/x 2>/dev/null; echo $?; touch /volume-of-test/x; echo $?"
    ) { $0.isRootReadOnly = true }
    main.mounts = [PodPlan.Mount(source: bench.path("volume"), target: "/volume-of-test", isReadOnly: false)]
    let report = try await bench.run(bench.plan([main]))
    #expect(report.failure == nil)
    #expect(try bench.lines() == ["1", "1", "0"])
  }

  @Test("capabilities are taken away, and groups given", .enabled(if: geteuid() == 0, "only root has any"))
  func security() async throws {
    let bench = try Bench()
    _ = try await bench.run(
      bench.plan([
        container("grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status | tr -d '\\t'; id -G") {
          $0.droppedCapabilities = .max
          $0.forbidsNewPrivileges = true
          $0.supplementaryGroups = [4242]
        }
      ]))
    let lines = try bench.lines()
    #expect(lines.prefix(3) == ["CapEff:0000000000000000", "CapBnd:0000000000000000", "NoNewPrivs:1"])
    #expect(lines.last?.split(separator: " ").contains("4242") == true)
  }

  @Test("an argument that Linux would refuse is given as a file")
  func longArgument() async throws {
    let bench = try Bench()
    var main = container("") { _ in }
    main.argv = ["sh", "-c", "echo $1; wc -c < ${1#@}", "sh", String(repeating: "x", count: 200_000)]
    let report = try await bench.run(bench.plan([main]))
    #expect(report.containers[0].exitCode == 0)
    #expect(try bench.lines() == ["@/tmp/argo_arg_3.txt", "200000"])
  }
}
