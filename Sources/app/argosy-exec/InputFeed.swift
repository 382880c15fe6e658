import CLinux
import Contracts
import Glibc

/// The standard input of a container's own process and its terminal, for those who attach to it: a named pipe in the container's directory that anybody
/// who may write there can open; the supervisor holds it open, so that the input does not end with one writer.
final class InputFeed {
  private let directory: String
  /// The named pipe, open for reading and writing; -1: none (any more).
  private var pipe: Int32 = -1
  /// Both sides of the terminal.
  private(set) var terminal: (other: Int32, own: Int32)?
  /// What becomes the command's standard input.
  private(set) var commandInput: Int32 = -1
  private var waiting = ByteQueue(capacity: 4096)

  /// Nil for a container with neither.
  init?(_ container: PodPlan.Container, directory: String) throws(SandboxFailure) {
    guard container.hasInput || container.hasTerminal else { return nil }
    self.directory = directory
    let path = directory + "/stdin"
    unlink(path)
    unlink(directory + "/stdin.closed")
    if container.hasInput {
      guard mkfifo(path, 0o600) == 0 else { throw SandboxFailure(path, errno) }
      pipe = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
      guard pipe >= 0 else { throw SandboxFailure(path, errno) }
    }
    if container.hasTerminal {
      var ends: [Int32] = [-1, -1]
      let result = clx_open_terminal(&ends)
      if result < 0 { throw SandboxFailure("cannot make a terminal", result) }
      if let user = container.user, user != 0 { fchown(ends[1], user, .max) }
      terminal = (ends[0], ends[1])
      commandInput = ends[1]
    } else {
      // A description of its own, in which reading blocks.
      commandInput = open(path, O_RDONLY | O_CLOEXEC)
      guard commandInput >= 0 else { throw SandboxFailure(path, errno) }
    }
  }

  /// The container's first process has its copies.
  func handedOver() {
    if terminal == nil, commandInput >= 0 { close(commandInput) }
    commandInput = -1
  }

  /// Readable when there is something for the terminal; -1: nothing is carried.
  var descriptor: Int32 { terminal != nil && waiting.isEmpty ? pipe : -1 }
  var isWaiting: Bool { !waiting.isEmpty }

  /// Carries what was typed to the terminal, as much as it takes now.
  func move(to other: Int32) {
    guard other >= 0 else { return waiting.clear() }
    if waiting.isEmpty, pipe >= 0 { _ = waiting.fill(from: pipe) }
    if !waiting.drain(to: other) { waiting.clear() }
  }

  func takeRequests(terminal other: Int32) {
    if let bytes = Files.read(directory + "/size"), other >= 0, terminal != nil {
      let numbers = String(decoding: bytes, as: UTF8.self).split(separator: " ").compactMap { UInt16($0) }
      if numbers.count == 2 { _ = clx_set_window_size(other, numbers[0], numbers[1]) }
    }
    if terminal == nil, pipe >= 0, unlink(directory + "/stdin.closed") == 0 {
      close(pipe)
      pipe = -1
    }
  }

  func end() {
    if pipe >= 0 { close(pipe) }
    pipe = -1
    unlink(directory + "/stdin")
  }
}
