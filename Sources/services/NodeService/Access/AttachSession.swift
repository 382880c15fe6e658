import Basics
import CLinux
import Contracts
import Glibc
import KubeModel
import Synchronization

/// Joins a container's own process: what it prints is read from its log, what is typed goes into the named pipe of its standard input.
final class AttachSession: ExecSession {
  /// Input that may wait for the process.
  private static let inputLimit = 256 << 10

  private struct State {
    var waiting = 0
    var hasRefused = false
    var isCancelled = false
    var isOver = false
  }

  private let service: NodeService
  private let pod: Resource
  private let container: String
  private let hasInput: Bool
  private let isOnce: Bool
  private let output: @Sendable (ExecOutput) -> Void
  private let directory: String
  private let typed = Mailbox<[UInt8]>()
  private let state = Mutex(State())

  /// - Parameter isOnce: the process's input ends with this client's, and all output is this client's.
  init(
    service: NodeService, pod: Resource, container: String, hasInput: Bool, isOnce: Bool,
    output: @escaping @Sendable (ExecOutput) -> Void
  ) {
    self.service = service
    self.pod = pod
    self.container = container
    self.hasInput = hasInput
    self.isOnce = isOnce
    self.output = output
    directory = "\(service.directory(of: pod))/containers/\(container)"
  }

  func begin() throws(KubeStatus) {
    var input: OSThread?
    if hasInput {
      let pipe = open(directory + "/stdin", O_WRONLY | O_NONBLOCK | O_CLOEXEC)
      guard pipe >= 0 else { throw KubeStatus(.badRequest, "the standard input of container \(container) is closed") }
      input = startThread(name: "attach-input") { self.carryInput(pipe) }
    }
    let carrier = input
    startThread(name: "attach") { self.carryOutput(carrier) }.detach()
  }

  @discardableResult func send(_ bytes: [UInt8]) -> Bool {
    guard hasInput else { return true }
    return state.withLock { state in
      guard !state.isOver, !state.isCancelled else { return true }
      state.waiting += bytes.count
      state.hasRefused = state.waiting > Self.inputLimit
      if bytes.isEmpty { typed.close() } else { typed.post(bytes) }
      return !state.hasRefused
    }
  }

  func resize(columns: UInt16, rows: UInt16) {
    guard state.withLock({ !$0.isOver }) else { return }
    let file = directory + "/size"
    do throws(FileError) {
      try LocalFiles.write(Array("\(columns) \(rows)".utf8), to: file + ".new")
      rename(file + ".new", file)
      service.runner.notice(directory: service.directory(of: pod))
    } catch {
      Diagnostics.report("cannot tell container \(container) the size of its terminal: \(error)")
    }
  }

  func cancel() {
    state.withLock { $0.isCancelled = true }
    typed.close()
  }

  // MARK: Threads

  private func carryOutput(_ input: OSThread?) {
    var options = LogOptions()
    options.container = container
    options.follows = true
    if !isOnce { options.tailLines = 0 }
    var outcome = ExecOutcome.exited(0)
    do throws(KubeStatus) {
      try service.readLog(of: pod, options) { [self] stream, bytes in
        guard state.withLock({ !$0.isCancelled }) else { return false }
        if !bytes.isEmpty { output(stream == .error ? .standardError(bytes) : .standardOutput(bytes)) }
        return true
      }
    } catch {
      outcome = .failed(error.message)
    }
    state.withLock { $0.isOver = true }
    typed.close()
    input?.join()
    output(.ended(outcome))
  }

  private func carryInput(_ pipe: Int32) {
    while let pieces = typed.takeAll(deadline: nil) {
      for piece in pieces {
        var start = 0
        while start < piece.count, state.withLock({ !$0.isOver }) {
          let written = piece[start...].withUnsafeBytes { clx_write_quietly(pipe, $0.baseAddress, $0.count) }
          if written > 0 {
            start += Int(written)
          } else if written == -Int64(EAGAIN) || written == -Int64(EINTR) {
            var entry = pollfd(fd: pipe, events: Int16(POLLOUT), revents: 0)
            _ = poll(&entry, 1, 100)
          } else {
            break
          }
        }
        let wantsMore = state.withLock { state in
          state.waiting -= piece.count
          guard state.hasRefused, state.waiting == 0 else { return false }
          state.hasRefused = false
          return true
        }
        if wantsMore { output(.wantsInput) }
      }
    }
    close(pipe)
    guard isOnce else { return }
    do throws(FileError) {
      try LocalFiles.write([], to: directory + "/stdin.closed")
      service.runner.notice(directory: service.directory(of: pod))
    } catch {
      Diagnostics.report("cannot end the standard input of container \(container): \(error)")
    }
  }
}
