import Contracts
import Glibc
import KubeModel
import PodRunners
import Processes
import Synchronization
import Testing

/// What a command in a container says.
private final class Heard: Sendable {
  private struct State {
    var output: [UInt8] = []
    var error: [UInt8] = []
    var wants = 0
    var ended: ExecOutcome?
  }
  private let state = Mutex(State())
  /// While set, the sink blocks, as one whose reader is slow.
  let isHeld = Mutex(false)

  var sink: @Sendable (ExecOutput) -> Void {
    { [self] event in
      while isHeld.withLock({ $0 }) { usleep(1000) }
      state.withLock { state in
        switch event {
        case .standardOutput(let bytes): state.output += bytes
        case .standardError(let bytes): state.error += bytes
        case .wantsInput: state.wants += 1
        case .ended(let outcome): state.ended = outcome
        }
      }
    }
  }
  var output: [UInt8] { state.withLock { $0.output } }
  var text: String { String(decoding: output, as: UTF8.self) }
  var errorText: String { state.withLock { String(decoding: $0.error, as: UTF8.self) } }
  var wants: Int { state.withLock { $0.wants } }

  func end() async throws -> ExecOutcome {
    for _ in 0..<6000 {
      if let outcome = state.withLock({ $0.ended }) { return outcome }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw ProcessError("the command never ended; it said: \(text) \(errorText)")
  }
  func hears(_ wanted: String) async throws {
    for _ in 0..<6000 {
      if text.contains(wanted) { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw ProcessError("never heard \(wanted) but: \(text)")
  }
}

@Suite("Commands in containers", .enabled(if: Bench.canIsolate, "this machine does not allow namespaces or overlayfs"))
struct ExecTests {
  private func running(
    _ script: String = "trap 'exit 0' TERM; while true; do sleep 0.1; done", isolation: PodPlan.Isolation = .namespaces,
    _ edit: (inout PodPlan.Container) -> Void = { _ in }
  ) async throws -> Bench {
    let bench = try Bench()
    var container = PodPlan.Container.shell("main", script, env: ["COLOUR=green"])
    edit(&container)
    try bench.start(bench.plan([container], isolation: isolation))
    _ = try await bench.wait { $0.containers.first?.startedAt != nil }
    return bench
  }

  private func run(_ bench: Bench, _ command: [String], input: [UInt8]? = nil) async throws -> (Heard, ExecOutcome) {
    let heard = Heard()
    var request = ExecRequest(command: command)
    request.container = "main"
    request.hasInput = input != nil
    let session = try bench.runner.exec(directory: bench.directory, request, output: heard.sink)
    if let input {
      session.send(input)
      session.send([])
    }
    return (heard, try await heard.end())
  }

  @Test("a command sees the container's files, processes, environment and directory, and its streams and exit code come apart")
  func streams() async throws {
    let bench = try await running("echo mine > /made; exec sleep 1000") { $0.workingDirectory = "/var" }
    let (heard, outcome) = try await run(
      bench, ["sh", "-c", "cat /made; echo $COLOUR; pwd; tr '\\0' ' ' < /proc/1/comm; echo bad >&2; exit 7"])
    #expect(heard.text == "mine\ngreen\n/var\nargosy-init\n")
    #expect(heard.errorText == "bad\n")
    #expect(outcome == .exited(7))
    let (_, killed) = try await run(bench, ["sh", "-c", "kill -9 $$"])
    #expect(killed == .exited(137))
  }

  @Test("input arrives byte by byte, binary and large, and its end is told", arguments: [PodPlan.Isolation.namespaces, .none])
  func input(isolation: PodPlan.Isolation) async throws {
    let bench = try await running(isolation: isolation)
    var bytes = [UInt8](repeating: 0, count: 3 << 20)
    var seed: UInt32 = 1
    for index in bytes.indices {
      seed = seed &* 1_664_525 &+ 1_013_904_223
      bytes[index] = UInt8(truncatingIfNeeded: seed >> 24)
    }
    let (heard, outcome) = try await run(bench, ["cat"], input: bytes)
    #expect(outcome == .exited(0))
    #expect(heard.output == bytes)
  }

  @Test("what is not there, and a container that does not run, are refused")
  func refusals() async throws {
    let bench = try await running()
    var request = ExecRequest(command: ["no-such-program"])
    request.container = "main"
    do {
      _ = try bench.runner.exec(directory: bench.directory, request) { _ in }
      Issue.record("it ran")
    } catch {
      #expect(error.reason == .internalError)
      #expect(error.message.contains("\"no-such-program\": executable file not found in $PATH"))
    }
    request.container = "other"
    do {
      _ = try bench.runner.exec(directory: bench.directory, request) { _ in }
      Issue.record("it ran")
    } catch {
      #expect(error == KubeStatus(.badRequest, "container not found (\"other\")"))
    }
  }

  @Test("when the client leaves, the command and its children are killed, and so they are when the container ends")
  func cancel() async throws {
    let bench = try await running()
    let mark = "sleep 71.\(getpid())"
    let heard = Heard()
    var request = ExecRequest(command: ["sh", "-c", "\(mark) & echo up; wait"])
    request.container = "main"
    let session = try bench.runner.exec(directory: bench.directory, request, output: heard.sink)
    try await heard.hears("up")
    session.cancel()
    _ = try await heard.end()
    var left = 1
    for _ in 0..<500 where left > 0 {
      left = try processes(with: mark)
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(left == 0)
    // Calls after the end do nothing.
    session.send([1])
    session.resize(columns: 1, rows: 1)
    session.cancel()

    let second = Heard()
    _ = try bench.runner.exec(directory: bench.directory, request, output: second.sink)
    try await second.hears("up")
    bench.runner.stop(directory: bench.directory, .gracefully)
    #expect(try await second.end() == .exited(137))
  }

  @Test("who reads slowly holds the command up, and who writes quickly is told to wait")
  func backPressure() async throws {
    let bench = try await running()
    let heard = Heard()
    var request = ExecRequest(command: ["sh", "-c", "yes | head -c 50000000; wc -c"])
    request.container = "main"
    request.hasInput = true
    heard.isHeld.withLock { $0 = true }
    let session = try bench.runner.exec(directory: bench.directory, request, output: heard.sink)
    var sent = 0
    while sent < 64 << 20 {
      sent += 64 << 10
      if !session.send([UInt8](repeating: 1, count: 64 << 10)) { break }
    }
    #expect(sent < 1 << 20, "no more than the limit was taken")
    #expect(heard.output.isEmpty)
    heard.isHeld.withLock { $0 = false }
    for _ in 0..<6000 where heard.wants == 0 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(heard.wants == 1)
    session.send([])
    #expect(try await heard.end() == .exited(0))
    #expect(heard.output.count > 50_000_000)
    #expect(heard.text.hasSuffix("\(sent)\n"))
  }

  @Test("a terminal echoes, tells its size, and turns Ctrl-C into a signal", arguments: [PodPlan.Isolation.namespaces, .none])
  func terminal(isolation: PodPlan.Isolation) async throws {
    let bench = try await running(isolation: isolation)
    let heard = Heard()
    var request = ExecRequest(command: ["sh", "-c", "test -t 0 && test -t 2 && echo a-terminal $TERM; stty size; exec cat"])
    request.container = "main"
    (request.hasInput, request.hasTerminal) = (true, true)
    let session = try bench.runner.exec(directory: bench.directory, request, output: heard.sink)
    try await heard.hears("a-terminal xterm\r\n")
    session.send(Array("typed\n".utf8))
    try await heard.hears("typed\r\ntyped\r\n")
    session.send([3])
    #expect(try await heard.end() == .exited(130))
  }

  @Test("a terminal's size follows the client's, and a shell has job control")
  func resize() async throws {
    let bench = try await running()
    let heard = Heard()
    var request = ExecRequest(command: ["sh"])
    request.container = "main"
    (request.hasInput, request.hasTerminal) = (true, true)
    let session = try bench.runner.exec(directory: bench.directory, request, output: heard.sink)
    session.resize(columns: 99, rows: 33)
    session.send(Array("sleep 0.1; stty size; sleep 1000 & jobs; kill %1; exit 4\n".utf8))
    #expect(try await heard.end() == .exited(4))
    #expect(heard.text.contains("33 99"))
    #expect(heard.text.contains("[1]") && !heard.text.contains("job control turned off"))
  }
}
