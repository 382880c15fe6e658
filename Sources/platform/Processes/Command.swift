import CLinux
import Glibc

/// External programs that are run to their end: git and the like.
package enum Command {
  package struct Outcome: Sendable, Hashable {
    /// As a shell would say it: 128 + signal for a killed process.
    package var status: Int32
    package var stdout: [UInt8]
    package var stderr: [UInt8]
    /// The process group was killed at the time limit.
    package var isTimedOut: Bool
    /// More was printed than was kept.
    package var isTruncated: Bool
    package var stdoutText: String { String(decoding: stdout, as: UTF8.self) }
    package var stderrText: String { String(decoding: stderr, as: UTF8.self) }
  }

  /// Runs a program to its end and returns what it printed. Blocks the calling thread: only for worker threads. What the program left
  /// running in its process group is killed afterwards, and at the time limit all of it.
  ///
  /// - Parameters:
  ///   - stdin: fed to standard input, which is then closed.
  ///   - timeout: milliseconds; nil: none.
  ///   - outputLimit: bytes kept of each stream; what comes after is read and dropped.
  package static func run(
    _ argv: [String], env: [String]? = nil, cwd: String? = nil, stdin: [UInt8] = [], timeout: Int64? = nil,
    outputLimit: Int = 16 << 20
  ) throws(ProcessError) -> Outcome {
    let output = try Pipe()
    let error = try Pipe()
    let input = try Pipe()
    defer {
      for pipe in [output, error, input] { pipe.closeBoth() }
    }
    let child = try Child.spawn(
      argv, env: env, directory: cwd, descriptors: (stdin.isEmpty ? -1 : input.reader, output.writer, error.writer, -1),
      standing: .ownGroup)
    defer { close(child.pidfd) }
    output.closeWriter()
    error.closeWriter()
    for descriptor in [output.reader, error.reader, input.writer] { _ = clx_set_nonblocking(descriptor) }
    if stdin.isEmpty { input.closeWriter() }
    var exchange = Exchange(limit: outputLimit, input: stdin)
    let isTimedOut = exchange.run(child, output, error, input, until: timeout.map { monotonic() + $0 })
    // The group outlives its leader until that is reaped, so the number cannot have been reused here.
    kill(-child.pid, SIGKILL)
    let status = clx_pidfd_reap(child.pidfd, 1)
    exchange.drain(output, error)
    let code =
      status < 0 ? 255 : clx_wait_exited(status) != 0 ? clx_wait_code(status) : 128 + clx_wait_signal_number(status)
    return Outcome(
      status: code, stdout: exchange.output, stderr: exchange.error, isTimedOut: isTimedOut, isTruncated: exchange.isTruncated)
  }
}

/// Milliseconds of the monotonic clock.
private func monotonic() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}

/// A pipe whose ends are closed once.
private final class Pipe {
  private(set) var reader: Int32
  private(set) var writer: Int32

  init() throws(ProcessError) {
    var ends: [Int32] = [-1, -1]
    let result = clx_pipe(&ends)
    guard result == 0 else { throw ProcessError("pipe", number: -result) }
    reader = ends[0]
    writer = ends[1]
  }

  func closeWriter() {
    if writer >= 0 { close(writer) }
    writer = -1
  }
  func closeReader() {
    if reader >= 0 { close(reader) }
    reader = -1
  }
  func closeBoth() {
    closeReader()
    closeWriter()
  }
}

/// What goes to and fro between this process and a child.
private struct Exchange {
  let limit: Int
  let input: [UInt8]
  var written = 0
  var output: [UInt8] = []
  var error: [UInt8] = []
  var isTruncated = false
  private var buffer = [UInt8](repeating: 0, count: 64 << 10)

  init(limit: Int, input: [UInt8]) {
    self.limit = limit
    self.input = input
  }

  /// Until the child has ended or time is up; whether it is.
  mutating func run(_ child: Child, _ output: Pipe, _ error: Pipe, _ input: Pipe, until deadline: Int64?) -> Bool {
    while true {
      var entries = [
        pollfd(fd: child.pidfd, events: Int16(POLLIN), revents: 0), pollfd(fd: output.reader, events: Int16(POLLIN), revents: 0),
        pollfd(fd: error.reader, events: Int16(POLLIN), revents: 0), pollfd(fd: input.writer, events: Int16(POLLOUT), revents: 0),
      ]
      let left = deadline.map { $0 - monotonic() }
      if let left, left <= 0 { return true }
      let count = poll(&entries, 4, left.map { Int32(clamping: $0) } ?? -1)
      if count < 0, errno != EINTR { return true }
      if count <= 0 { continue }
      if entries[1].revents != 0 { _ = receive(output, isError: false) }
      if entries[2].revents != 0 { _ = receive(error, isError: true) }
      if entries[3].revents != 0 { feed(input) }
      if entries[0].revents != 0 { return false }
    }
  }

  mutating func drain(_ output: Pipe, _ error: Pipe) {
    while receive(output, isError: false) {}
    while receive(error, isError: true) {}
  }

  private mutating func receive(_ pipe: Pipe, isError: Bool) -> Bool {
    guard pipe.reader >= 0 else { return false }
    let capacity = buffer.count
    let count = buffer.withUnsafeMutableBytes { read(pipe.reader, $0.baseAddress, capacity) }
    if count > 0 {
      let kept = min(count, max(0, limit - (isError ? error.count : output.count)))
      if kept < count { isTruncated = true }
      if isError { error += buffer[..<kept] } else { output += buffer[..<kept] }
      return true
    }
    if count == 0 || (errno != EAGAIN && errno != EINTR) { pipe.closeReader() }
    return false
  }

  private mutating func feed(_ pipe: Pipe) {
    let start = written
    let count = input.withUnsafeBytes { clx_write_quietly(pipe.writer, $0.baseAddress.map { $0 + start }, $0.count - start) }
    if count > 0 { written += Int(count) }
    if written == input.count || (count < 0 && count != -Int64(EAGAIN) && count != -Int64(EINTR)) { pipe.closeWriter() }
  }
}
