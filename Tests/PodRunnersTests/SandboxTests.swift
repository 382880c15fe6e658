import Contracts
import Glibc
import PodRunners
import Processes
import Testing

@Suite("Pods in namespaces", .enabled(if: Bench.canIsolate, "this machine does not allow namespaces or overlayfs"))
struct SandboxTests {
  @Test(
    "exit codes and signals come back as a shell would say them",
    arguments: [
      ("exit 0", 0, nil), ("exit 7", 7, nil), ("kill -TERM $$", 143, 15), ("kill -KILL $$", 137, 9),
    ] as [(String, Int32, Int32?)])
  func exitCodes(script: String, code: Int32, signal: Int32?) async throws {
    let bench = try Bench()
    let report = try await bench.shell(script)
    #expect(report.failure == nil)
    #expect(report.containers.first?.exitCode == code)
    #expect(report.containers.first?.signal == signal)
    #expect(report.containers.first?.startedAt != nil && report.containers.first?.finishedAt != nil)
    #expect(bench.all.contains { !$0.isFinished }, "running is told before the end")
  }

  @Test("the environment is exactly the plan's, and a missing working directory is made")
  func environment() async throws {
    let bench = try Bench()
    let report = try await bench.shell("pwd; env", directory: "/no/such/place", env: ["GREETING=a b=c"])
    #expect(report.containers.first?.exitCode == 0)
    let lines = try bench.lines()
    #expect(lines.contains("/no/such/place") && lines.contains("GREETING=a b=c"))
    #expect(!lines.contains { $0.hasPrefix("HOME=") })
    #expect(access("/no/such", F_OK) != 0, "nothing is made on the machine")
  }

  @Test("mounts appear where the machine has nothing, and read-only ones refuse writing")
  func mounts() async throws {
    let bench = try Bench()
    mkdir(bench.path("volume"), 0o755)
    try bench.write("file", "secret")
    let mounts = [
      PodPlan.Mount(source: bench.path("volume"), target: "/nas-of-test/deep", isReadOnly: false),
      PodPlan.Mount(source: bench.path("volume"), target: "/nas-of-test/deep/inner/ro", isReadOnly: true),
      PodPlan.Mount(source: bench.path("file"), target: "/config-of-test/file.txt", isReadOnly: true),
    ]
    let report = try await bench.shell(
      "echo data > /nas-of-test/deep/made && cat /nas-of-test/deep/inner/ro/made /config-of-test/file.txt; echo; "
        + "echo x > /nas-of-test/deep/inner/ro/no; echo $?; echo x > /config-of-test/file.txt; echo $?", mounts: mounts)
    #expect(report.failure == nil)
    #expect(try bench.lines() == ["data", "secret", "2", "2"])
    #expect(access(bench.path("volume") + "/made", F_OK) == 0)
    #expect(access("/nas-of-test", F_OK) != 0)
  }

  @Test("two pods write the same absolute paths and do not meet")
  func privatePaths() async throws {
    async let first = writeSame("one")
    async let second = writeSame("two")
    #expect(try await first == ["one", "one"])
    #expect(try await second == ["two", "two"])
    #expect(access("/work-of-test", F_OK) != 0)
  }

  private func writeSame(_ word: String) async throws -> [String] {
    let bench = try Bench()
    _ = try await bench.shell(
      "test -z \"$(ls -A /tmp)\" || exit 1; mkdir /work-of-test; echo \(word) > /tmp/x; echo \(word) > /work-of-test/x; sleep 0.2; cat /tmp/x /work-of-test/x"
    )
    return try bench.lines()
  }

  @Test("both streams are logged in the CRI format, long lines in pieces")
  func logs() async throws {
    let bench = try Bench()
    _ = try await bench.shell("echo out; echo bad >&2; head -c 20000 /dev/zero | tr '\\0' x; echo; printf end")
    #expect(try bench.lines("main", "stderr") == ["bad"])
    let log = try bench.text("containers/main/log").split(separator: "\n")
    let pieces = log.filter { $0.contains("xxx") }
    #expect(pieces.count == 2)
    #expect(pieces.first?.contains(" stdout P ") == true && pieces.last?.contains(" stdout F ") == true)
    #expect(pieces.map { $0.utf8.count { $0 == UInt8(ascii: "x") } } == [16384, 20000 - 16384])
    #expect(log.last?.hasSuffix(" stdout F end") == true)
    let time = try #require(log.first?.split(separator: " ").first)
    #expect(time.utf8.count == 30 && time.hasSuffix("Z"))
  }

  @Test("the result is the end of standard output without one newline")
  func result() async throws {
    let bench = try Bench()
    _ = try await bench.shell("head -c 1000000 /dev/zero | tr '\\0' a; echo; echo last; echo", captures: true)
    let text = try bench.text("containers/main/result")
    #expect(text.utf8.count == 256 * 1024)
    #expect(text.hasSuffix("a\nlast\n"))
  }

  @Test("outputs are copied, directories too, links followed at the top only, and also when main failed")
  func outputs() async throws {
    let bench = try Bench()
    let report = try await bench.shell(
      "mkdir -p /o/d/e; echo one > /o/f; chmod 640 /o/f; ln -s f /o/link; echo two > /o/d/e/x; ln -s /etc/hostname /o/d/kept; mkfifo /o/d/pipe; echo three > /tmp/t; exit 3",
      outputs: [
        .init(path: "/o/f", name: "file"), .init(path: "/o/link", name: "link"), .init(path: "/o/d", name: "tree"),
        .init(path: "/tmp/t", name: "temporary"), .init(path: "/o/none", name: "none"),
      ])
    #expect(report.containers.first?.exitCode == 3)
    #expect(try bench.text("outputs/file") == "one\n")
    #expect(try bench.text("outputs/link") == "one\n")
    #expect(try bench.text("outputs/tree/e/x") == "two\n")
    #expect(try bench.text("outputs/temporary") == "three\n")
    #expect(access(bench.directory + "/outputs/none", F_OK) != 0)
    let listing = try Command.run(["stat", "-c", "%A", bench.directory + "/outputs/file", bench.directory + "/outputs/tree/kept"])
    #expect(listing.stdoutText == "-rw-r-----\nlrwxrwxrwx\n")
    #expect(access(bench.directory + "/outputs/tree/pipe", F_OK) != 0)
    let left = try Command.run(["ls", bench.directory + "/containers/main"])
    #expect(left.stdoutText == "log\n", "scratch is removed")
  }

  @Test("init containers run in order before main, and a failing one stops the pod")
  func initContainers() async throws {
    let bench = try Bench()
    mkdir(bench.path("v"), 0o755)
    let mounts = [PodPlan.Mount(source: bench.path("v"), target: "/v-of-test", isReadOnly: false)]
    let report = try await bench.run(
      bench.plan([
        .shell("a", "sleep 0.1; echo a >> /v-of-test/log", role: .initial, mounts: mounts),
        .shell("b", "echo b >> /v-of-test/log", role: .initial, mounts: mounts), .shell("main", "cat /v-of-test/log", mounts: mounts),
      ]))
    #expect(report.containers.map(\.exitCode) == [0, 0, 0])
    #expect(try bench.lines() == ["a", "b"])

    let failing = try Bench()
    let stopped = try await failing.run(
      failing.plan([.shell("a", "exit 5", role: .initial), .shell("b", "true", role: .initial), .shell("main", "true")]))
    #expect(stopped.containers.map(\.exitCode) == [5, nil, nil])
    #expect(stopped.failure == nil)
  }

  @Test("sidecars are stopped when main has ended")
  func sidecars() async throws {
    let bench = try Bench()
    let report = try await bench.run(
      bench.plan([.shell("main", "sleep 0.1; exit 2"), .shell("side", "exec sleep 1000", role: .sidecar)]))
    #expect(report.containers.map(\.exitCode) == [2, 143])
  }

  @Test("a background process neither delays the end nor outlives it", arguments: [PodPlan.Isolation.namespaces, .none])
  func daemons(isolation: PodPlan.Isolation) async throws {
    let bench = try Bench()
    let mark = "9\(getpid())\(isolation == .none ? 1 : 2)"
    let report = try await bench.shell("setsid sleep \(mark) & sleep \(mark) & echo done", isolation: isolation)
    #expect(report.containers.first?.exitCode == 0)
    #expect(try bench.lines() == ["done"])
    #expect(try processes(with: "sleep \(mark)") == 0)
  }

  @Test(
    "SIGTERM is handed to the group; who ignores it is killed after the grace period", arguments: [PodPlan.Isolation.namespaces, .none])
  func stop(isolation: PodPlan.Isolation) async throws {
    let polite = try Bench()
    try polite.start(polite.plan([.shell("main", "trap 'echo bye; exit 9' TERM; echo up; sleep 1000 & wait")], isolation: isolation))
    while (try? polite.lines()) != ["up"] { try await Task.sleep(for: .milliseconds(10)) }
    polite.runner.stop(directory: polite.directory, .gracefully)
    #expect(try await polite.finish().containers.first?.exitCode == 9)
    #expect(try polite.lines() == ["up", "bye"])

    let stubborn = try Bench()
    let script = "trap '' TERM; echo kept > /tmp/o; echo up; sleep 1000; sleep 1000"
    try stubborn.start(
      stubborn.plan([.shell("main", script, outputs: [.init(path: "/tmp/o", name: "o")])], isolation: isolation, grace: 1))
    while (try? stubborn.lines()) != ["up"] { try await Task.sleep(for: .milliseconds(10)) }
    stubborn.runner.stop(directory: stubborn.directory, .gracefully)
    #expect(try await stubborn.finish().containers.first?.exitCode == 137)
    #expect(try stubborn.text("outputs/o") == "kept\n")
  }

  @Test("a pod that is stopped at once still hands over its outputs")
  func stopAtOnce() async throws {
    let bench = try Bench()
    try bench.start(
      bench.plan([
        .shell("main", "trap '' TERM; echo kept > /o; echo up; sleep 1000; sleep 1000", outputs: [.init(path: "/o", name: "o")]),
        .shell("side", "trap '' TERM; sleep 1000; sleep 1000", role: .sidecar),
      ]))
    while (try? bench.lines()) != ["up"] { try await Task.sleep(for: .milliseconds(10)) }
    bench.runner.stop(directory: bench.directory, .immediately)
    #expect(try await bench.finish().containers.map(\.exitCode) == [137, 137])
    #expect(try bench.text("outputs/o") == "kept\n")
  }

  @Test("what was written to the machine's own files is seen in the container only")
  func copyOnWrite() async throws {
    let bench = try Bench()
    let report = try await bench.shell(
      "echo x > /etc/argosy-test-file && cat /etc/argosy-test-file && ls /proc/1/fd > /dev/null && ! touch /sys/x")
    #expect(report.containers.first?.exitCode == 0)
    #expect(try bench.lines() == ["x"])
    #expect(access("/etc/argosy-test-file", F_OK) != 0)
  }

  @Test("a pod is stopped at its deadline")
  func deadline() async throws {
    let bench = try Bench()
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let deadline = Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000 + 300
    let report = try await bench.run(bench.plan([.shell("main", "exec sleep 1000")], deadline: deadline))
    #expect(report.isPastDeadline)
    #expect(report.containers.first?.exitCode == 143)
    #expect(report.containers.first?.message == "DeadlineExceeded")
  }

  @Test(
    "what cannot be executed gives 64 and says why",
    arguments: [
      ("no-such-program", "failed to find name in PATH: exec: \"no-such-program\": executable file not found in $PATH"),
      ("/no/such", "failed to find name in PATH: exec: \"/no/such\": stat /no/such: no such file or directory"),
      ("/usr", "failed to find name in PATH: exec: \"/usr\": is a directory"),
    ])
  func refused(program: String, message: String) async throws {
    let bench = try Bench()
    let container = PodPlan.Container(
      name: "main", role: .main, argv: [program], env: [PodPlan.Container.path], workingDirectory: "/", mounts: [])
    let report = try await bench.run(bench.plan([container]))
    #expect(report.containers.first?.exitCode == 64)
    #expect(report.containers.first?.message == message)
    #expect(report.failure == nil)
  }

  @Test("a mount without source fails the pod in one line")
  func missingSource() async throws {
    let bench = try Bench()
    let report = try await bench.shell("true", mounts: [.init(source: "/no/such", target: "/x", isReadOnly: false)])
    #expect(report.failure == "cannot mount /no/such at /x: No such file or directory")
  }

  @Test("without isolation a foreign mount is refused and the rest runs")
  func noIsolation() async throws {
    let bench = try Bench()
    let report = try await bench.shell("echo $PPID; pwd", directory: bench.base, isolation: .none)
    #expect(report.containers.first?.exitCode == 0)
    #expect(try bench.lines().last == bench.base)
    let refused = try Bench()
    let other = try await refused.shell(
      "true", mounts: [.init(source: refused.base, target: "/x", isReadOnly: false)], isolation: .none)
    #expect(other.failure?.contains("needs namespaces") == true)
  }

  @Test("fifty megabytes of output are logged in bounded memory")
  func muchOutput() async throws {
    let bench = try Bench()
    let gate = bench.base + "/gate"
    _ = try Command.run(["mkdir", gate])
    let script =
      "yes 0123456789012345678901234567890123456789 | head -c 50000000; touch /gate/written; until [ -e /gate/open ]; do sleep 0.1; done"
    try bench.start(
      bench.plan([.shell("main", script, mounts: [.init(source: gate, target: "/gate", isReadOnly: false)], captures: true)]))
    let running = try await bench.wait { !$0.isFinished }
    while try Command.run(["test", "-e", gate + "/written"]).status != 0 { try await Task.sleep(for: .milliseconds(50)) }
    let status = try Command.run(["grep", "VmHWM", "/proc/\(running.supervisor)/status"]).stdoutText
    let peak = status.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0
    _ = try Command.run(["touch", gate + "/open"])
    _ = try await bench.wait { $0.isFinished }
    let count = try Command.run(["wc", "-l", bench.directory + "/containers/main/log"]).stdoutText
    #expect(count.hasPrefix("\(50_000_000 / 41 + 1) "))
    #expect(peak > 0 && peak < 40_000, "kB")
  }

  @Test("a runner that comes later adopts a running pod and sees its end")
  func adopt() async throws {
    let bench = try Bench()
    do {
      let first = try SandboxRunner()
      _ = try first.start(
        bench.plan([
          .shell(
            "main", "while [ ! -e /go-of-test/on ]; do sleep 0.02; done; exit 4",
            mounts: [.init(source: bench.base, target: "/go-of-test", isReadOnly: false)])
        ]),
        directory: bench.directory, observe: { _ in })
    }
    #expect(try bench.runner.adopt(directory: bench.directory, observe: bench.observe))
    #expect(try await bench.wait { !$0.isFinished }.containers.first?.startedAt != nil)
    try bench.write("on", "")
    #expect(try await bench.finish().containers.first?.exitCode == 4)

    let late = try Bench()
    #expect(try late.runner.adopt(directory: bench.directory, observe: late.observe))
    #expect(try await late.finish().containers.first?.exitCode == 4)
    #expect(try !late.runner.adopt(directory: late.directory, observe: late.observe), "never started there")
  }

  @Test("a pod whose runner died before the supervisor had begun was never started")
  func adoptNotBegun() async throws {
    let bench = try Bench()
    mkdir(bench.directory, 0o755)
    close(open(bench.directory + "/lock", O_RDWR | O_CREAT, 0o644))
    #expect(try !bench.runner.adopt(directory: bench.directory, observe: bench.observe))
    let begun = try Bench()
    try begun.start(begun.plan([.shell("main", "true")]))
    _ = try await begun.finish()
    unlink(begun.directory + "/status.json")
    let late = try Bench()
    #expect(try late.runner.adopt(directory: begun.directory, observe: late.observe), "it may have run")
    #expect(try await late.finish().failure == "pod supervisor died")
  }

  @Test("a killed supervisor takes its pod along and is reported", arguments: [PodPlan.Isolation.namespaces, .none])
  func killedSupervisor(isolation: PodPlan.Isolation) async throws {
    let bench = try Bench()
    let mark = "8\(getpid())\(isolation == .none ? 1 : 2)"
    try bench.start(bench.plan([.shell("main", "setsid sleep \(mark) & sleep \(mark)")], isolation: isolation))
    let running = try await bench.wait { !$0.isFinished }
    kill(running.supervisor, SIGKILL)
    let report = try await bench.finish()
    #expect(report.failure == "pod supervisor died")
    #expect(access(bench.directory + "/containers/main/work", F_OK) != 0, "scratch is removed")
    var left = 1
    for _ in 0..<500 where left > 0 {
      left = try processes(with: "sleep \(mark)")
      if left > 0 { try await Task.sleep(for: .milliseconds(10)) }
    }
    #expect(left == 0)
    let late = try Bench()
    #expect(try late.runner.adopt(directory: bench.directory, observe: late.observe))
    #expect(try await late.finish().failure == "pod supervisor died")
  }

  @Test("the container runs as the wanted user", .enabled(if: geteuid() == 0, "only root can become another user"))
  func user() async throws {
    let bench = try Bench()
    var container = PodPlan.Container.shell("main", "id -u; id -g; id -G; touch /tmp/x && echo ok")
    container.user = 1234
    container.group = 2345
    _ = try await bench.run(bench.plan([container]))
    #expect(try bench.lines() == ["1234", "2345", "2345", "ok"])
  }

  @Test("a container over its memory limit is reported OOMKilled", .enabled(if: hasMemoryGroups, "no writable memory cgroup"))
  func memoryLimit() async throws {
    let bench = try Bench()
    var container = PodPlan.Container.shell("main", "exec tail /dev/zero")
    container.memoryLimit = 32 << 20
    let report = try await bench.run(bench.plan([container]))
    #expect(report.containers.first?.exitCode == 137)
    #expect(report.containers.first?.message == "OOMKilled")
  }

  static let hasMemoryGroups = access("/sys/fs/cgroup/memory/memory.limit_in_bytes", W_OK) == 0
}
