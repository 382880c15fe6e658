import Contracts
import JSONValue
import Processes
import Testing

struct PodCodingTests {
  @Test("a plan comes back from JSON as it was")
  func plan() throws {
    var container = PodPlan.Container.shell(
      "main", "echo \"ü\"", mounts: [.init(source: "/a", target: "/b", isReadOnly: true)], captures: true,
      outputs: [.init(path: "/o", name: "o")])
    container.user = 7
    container.group = .max
    container.memoryLimit = 1 << 40
    container.cpuLimit = 250
    var rare = PodPlan.Container.shell("second", "true")
    rare.dependencies = ["main"]
    rare.attempts = 0
    rare.attemptPause = 5
    rare.refusal = "no"
    rare.pausesBefore = true
    rare.pausesAfter = true
    rare.probes = [
      ContainerProbe(.liveness, .run(["true", "x"]), initialDelay: 1, period: 2, timeout: 3, successThreshold: 4, failureThreshold: 5),
      ContainerProbe(.startup, .get(host: "h", port: 80, path: "/p", headers: ["a: b"], isSecure: true), gracePeriod: 6),
      ContainerProbe(.readiness, .connect(host: "h", port: .max)),
    ]
    rare.postStart = .sleep(3)
    rare.preStop = .run(["x"])
    rare.terminationMessagePath = "/m"
    rare.fallsBackToLogs = true
    rare.supplementaryGroups = [1, .max]
    rare.droppedCapabilities = .max
    rare.forbidsNewPrivileges = true
    rare.isRootReadOnly = true
    var plan = PodPlan(
      podName: "p", isolation: .none, root: "/", deadline: 12, gracePeriod: 3,
      containers: [container, rare, .shell("init", "true", role: .initial)])
    plan.sharesContract = true
    #expect(try PodPlan(json: JSON.parse(plan.json.text())) == plan)
  }

  @Test("a report comes back from JSON as it was")
  func report() throws {
    var report = PodReport(supervisor: 12, supervisorStart: 1 << 40, containers: [PodReport.Container(name: "a"), .init(name: "b")])
    report.containers[0].startedAt = 1
    report.containers[0].finishedAt = 2
    report.containers[0].exitCode = 137
    report.containers[0].signal = 9
    report.containers[0].message = "OOMKilled"
    report.containers[1].isReady = false
    report.isFinished = true
    report.failure = "x\ny"
    report.isPastDeadline = true
    #expect(try PodReport(json: JSON.parse(report.json.text())) == report)
  }

  @Test("a plan that would leave the pod's directory is refused", arguments: ["../x", "..", "", "a/b"])
  func names(name: String) {
    let plan = PodPlan(podName: "p", isolation: .none, root: "/", deadline: nil, gracePeriod: 3, containers: [.shell(name, "true")])
    #expect(throws: PodCodingError.self) { try PodPlan(json: plan.json) }
  }
}

struct CommandTests {
  @Test("a command gets input, directory and environment and gives status and both streams")
  func run() throws {
    let outcome = try Command.run(
      ["sh", "-c", "cat; pwd; echo $X >&2; exit 3"], env: ["PATH=/usr/bin:/bin", "X=y"], cwd: "/usr", stdin: Array("in\n".utf8))
    #expect(outcome.status == 3 && outcome.stdoutText == "in\n/usr\n" && outcome.stderrText == "y\n" && !outcome.isTimedOut)
  }

  @Test("a command that does not read its input ends undisturbed")
  func unreadInput() throws {
    let outcome = try Command.run(["sh", "-c", "exec 0<&-; sleep 0.1; exit 5"], stdin: [UInt8](repeating: 0, count: 1 << 20))
    #expect(outcome.status == 5)
  }

  @Test("at the time limit the whole process group is killed")
  func timeout() throws {
    let outcome = try Command.run(["sh", "-c", "echo a; sleep 1000 | cat"], timeout: 200)
    #expect(outcome.isTimedOut && outcome.status == 137 && outcome.stdoutText == "a\n")
  }

  @Test("output above the limit is dropped, and what is missing is said")
  func limits() throws {
    let outcome = try Command.run(["sh", "-c", "head -c 1000000 /dev/zero"], outputLimit: 1000)
    #expect(outcome.stdout.count == 1000 && outcome.isTruncated && outcome.status == 0)
    #expect(throws: ProcessError.self) { try Command.run(["no-such-program"]) }
    #expect(throws: ProcessError.self) { try Command.run(["true"], cwd: "/no/such") }
  }
}
