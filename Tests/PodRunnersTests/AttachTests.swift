import Contracts
import Glibc
import PodRunners
import Processes
import Testing

/// The standard input and the terminal of a container's own process.
@Suite("Attaching", .enabled(if: Bench.canIsolate, "this machine does not allow namespaces or overlayfs"))
struct AttachTests {
  private func type(_ bench: Bench, _ text: String) throws {
    let pipe = open(bench.directory + "/containers/main/stdin", O_WRONLY | O_NONBLOCK)
    try #require(pipe >= 0)
    #expect(write(pipe, text, text.utf8.count) == text.utf8.count)
    close(pipe)
  }

  private func prints(_ bench: Bench, _ text: String) async throws {
    var log = ""
    for _ in 0..<3000 {
      log = try bench.text("containers/main/log")
      if log.contains(text) { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw ProcessError("never printed \(text) but: \(log)")
  }

  @Test("what is written into the pipe is the input, from several writers, until it is said to be over")
  func input() async throws {
    let bench = try Bench()
    var container = PodPlan.Container.shell("main", "printf ready; exec cat")
    container.hasInput = true
    try bench.start(bench.plan([container]))
    _ = try await bench.wait { $0.containers[0].startedAt != nil }
    // No line is held back until its end.
    try await prints(bench, " P ready")
    try type(bench, "one\n")
    try await prints(bench, "one")
    try type(bench, "two\n")
    try await prints(bench, "two")
    try bench.write("pod/containers/main/stdin.closed", "")
    bench.runner.notice(directory: bench.directory)
    let report = try await bench.finish()
    #expect(report.containers[0].exitCode == 0)
    #expect(access(bench.directory + "/containers/main/stdin", F_OK) != 0)
  }

  @Test(
    "a container's terminal echoes, has the size that was asked for, and knows Ctrl-C", arguments: [PodPlan.Isolation.namespaces, .none])
  func terminal(isolation: PodPlan.Isolation) async throws {
    let bench = try Bench()
    var container = PodPlan.Container.shell("main", "test -t 0 && test -t 1 && echo terminal; read line; stty size; exec cat")
    (container.hasInput, container.hasTerminal) = (true, true)
    try bench.start(bench.plan([container], isolation: isolation))
    _ = try await bench.wait { $0.containers[0].startedAt != nil }
    try await prints(bench, "F terminal")
    try bench.write("pod/containers/main/size", "91 17")
    bench.runner.notice(directory: bench.directory)
    try type(bench, "go\n")
    try await prints(bench, "17 91")
    try type(bench, "\u{3}")
    #expect(try await bench.finish().containers[0].signal == SIGINT)
  }
}
