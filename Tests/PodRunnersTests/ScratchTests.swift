import Contracts
import Glibc
import PodRunners
import Processes
import Testing

/// Linux 6.15 copies mounts that are mounted nowhere; before, each pod makes its own scratch space.
private let canCopyDetachedMounts: Bool = {
  var system = utsname()
  uname(&system)
  let release = withUnsafePointer(to: &system.release) {
    $0.withMemoryRebound(to: CChar.self, capacity: 65) { String(cString: $0) }
  }
  let numbers = release.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
  return numbers.count == 2 && (numbers[0], numbers[1]) >= (6, 15)
}()

@Suite("Scratch space that pods use after one another", .enabled(if: Bench.canIsolate && geteuid() == 0 && canCopyDetachedMounts))
struct ScratchTests {
  /// Pods of one runner, which has begun to start them by its launcher.
  private struct Pods {
    let place: Bench
    let runner: SandboxRunner
    var scratch: String { place.path("scratch") }

    init() async throws {
      place = try Bench()
      runner = try SandboxRunner(scratch: place.path("scratch"))
      // The first ones are programs of their own.
      for _ in 0..<2 { #expect(try await run("true").scratch == nil) }
    }

    func run(_ script: String, group: String = "a", isReadOnly: Bool = false) async throws -> (scratch: String?, lines: [String]) {
      let bench = try Bench(runner: runner)
      var plan = bench.plan([.shell("main", script)])
      plan.containers[0].isRootReadOnly = isReadOnly
      plan.scratchGroup = group
      let report = try await bench.run(plan)
      #expect(report.failure == nil && report.containers.first?.exitCode == 0, "\(report)")
      return (report.scratch, try bench.lines())
    }
  }

  @Test("what a container wrote is in no other's root or /tmp, and what wrote nothing is used again") func apart() async throws {
    let pods = try await Pods()
    let first = try #require(try await pods.run("true").scratch)
    #expect(try await pods.run("ls -A /tmp; echo $(ls -ld /tmp | cut -c1-10)").lines == ["drwxrwxrwt"])
    #expect(try await pods.run("true").scratch == first)
    #expect(try await pods.run("echo 1 > /tmp/left; chmod 700 /tmp").scratch == first)
    let second = try await pods.run("ls -A /tmp; stat -c %a /tmp; echo 1 > /left-in-root")
    #expect(second.lines == ["1777"])
    let third = try await pods.run("ls -d /left-in-root 2> /dev/null || echo gone; chmod 711 /")
    #expect(third.lines == ["gone"] && third.scratch != first && third.scratch != nil)
    let fourth = try await pods.run("stat -c %a /; rm -r /srv; setfattr -n trusted.test -v 1 / 2> /dev/null || true")
    #expect(fourth.lines == ["755"] && fourth.scratch != third.scratch)
    #expect(try await pods.run("ls -d /srv").lines == ["/srv"])
    let refused = "for file in /x /tmp/x /etc/x; do touch $file 2> /dev/null || echo refused; done; echo 1 > /dev/shm/x"
    #expect(try await pods.run(refused, isReadOnly: true).lines == ["refused", "refused", "refused"])
    #expect(try await pods.run("touch /x /tmp/x").lines.isEmpty)
    let other = try await pods.run("true", group: "b")
    #expect(other.scratch != nil && other.scratch != fourth.scratch)
    pods.runner.end()
    #expect(access(pods.scratch, F_OK) != 0, "nothing is left over")
  }

  @Test("/dev is every container's own: what one changes there is in no other's, and what changes nothing is used again") func devices()
    async throws
  {
    let pods = try await Pods()
    let look = "ls -A /dev | sort | tr '\\n' ' '; ls -A /dev/shm /dev/pts | tr '\\n' ' '; stat -c %a /dev/null /dev/shm | tr '\\n' ' '"
    let usual = ["fd full null ptmx pts random shm stderr stdin stdout tty urandom zero /dev/pts: ptmx  /dev/shm: 666 1777 "]
    let first = try await pods.run(look)
    #expect(first.lines == usual && first.scratch != nil)
    let quiet =
      "echo x > /dev/null; head -c 4 /dev/urandom > /dev/zero; script -qc true /dev/null > /dev/null; python3 -c 'import pty; pty.openpty()'"
    #expect(try await pods.run(quiet).scratch == first.scratch)
    var last = first.scratch
    for change in [
      "echo 1 > /dev/shm/left", "echo 1 > /dev/left", "chmod 600 /dev/null", "rm /dev/zero; echo 1 > /dev/zero", "chmod 700 /dev/shm",
    ] {
      _ = try await pods.run(change)
      let next = try await pods.run(look)
      #expect(next.lines == usual && next.scratch != last, "\(change)")
      last = next.scratch
    }
    #expect(try await pods.run("touch /sys/x 2> /dev/null || echo refused; ls -d /sys/kernel").lines == ["refused", "/sys/kernel"])
  }

  @Test("a container finds the machine's files as they are when it begins") func fresh() async throws {
    let pods = try await Pods()
    let file = "/var/tmp/argosy-scratch-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    defer { unlink(file) }
    let look = "cat \(file) 2> /dev/null || echo none"
    let scratch = try #require(try await pods.run(look).scratch)
    for text in ["one", "two"] {
      _ = try Command.run(["sh", "-c", "echo \(text) > \(file).new && mv \(file).new \(file)"])
      let found = try await pods.run(look)
      #expect(found.lines == [text] && found.scratch == scratch)
    }
    unlink(file)
    #expect(try await pods.run(look).lines == ["none"])
  }

  @Test("a supervisor that is a copy shows its pod's directory as its argument, and takes its scratch space along when it is killed")
  func killed() async throws {
    let pods = try await Pods()
    let bench = try Bench(runner: pods.runner)
    var plan = bench.plan([.shell("main", "echo 1 > /written; sleep 1000")])
    plan.scratchGroup = "a"
    try bench.start(plan)
    let running = try await bench.wait { !$0.isFinished }
    let scratch = try #require(running.scratch)
    #expect(try processes(with: "argosy-exec \(bench.directory) --notify") > 0)
    kill(running.supervisor, SIGKILL)
    #expect(try await bench.finish().failure == PodReport.diedFailure)
    #expect(access(scratch, F_OK) != 0)
    let next = try await pods.run("ls -d /written 2> /dev/null || echo gone")
    #expect(next.lines == ["gone"] && next.scratch != scratch)
  }

  @Test("a pod that outlives its runner removes its scratch space itself") func outlives() async throws {
    let place: Bench
    let bench = try Bench()
    do {
      let pods = try await Pods()
      place = pods.place
      var plan = bench.plan([
        .shell(
          "main", "while [ ! -e /go-of-test/on ]; do sleep 0.02; done",
          mounts: [.init(source: place.base, target: "/go-of-test", isReadOnly: false)])
      ])
      plan.scratchGroup = "a"
      _ = try pods.runner.start(plan, directory: bench.directory, observe: { _ in })
    }
    #expect(try bench.runner.adopt(directory: bench.directory, observe: bench.observe))
    let scratch = try #require(try await bench.wait { !$0.isFinished }.scratch)
    #expect(access(scratch + "/upper", F_OK) == 0)
    try place.write("on", "")
    #expect(try await bench.finish().containers.first?.exitCode == 0)
    #expect(access(scratch, F_OK) != 0)
  }
}
