import CLinux
import Contracts
import Glibc
import Processes
import Synchronization

/// A command that runs in a container by `argosy-exec --join`, which has the command's pipes or its terminal; one thread carries bytes to and fro.
final class JoinSession: ExecSession {
  /// Input that may wait for the command.
  private static let inputLimit = 256 << 10

  private struct State {
    var input: [[UInt8]] = []
    /// Of the first piece so many bytes are written.
    var written = 0
    var waiting = 0
    var isInputClosed = false
    var hasRefused = false
    var isCancelled = false
    var isOver = false
  }

  private let child: Child
  private let control: Int32
  private let wake: Int32
  private let input: Int32
  private let outputs: [Int32]
  private let output: @Sendable (ExecOutput) -> Void
  private let state = Mutex(State())

  init(
    _ arguments: [String], hasInput: Bool, hasTerminal: Bool, output: @escaping @Sendable (ExecOutput) -> Void
  ) throws(ProcessError) {
    var opened: [Int32] = []
    func pair(_ make: (inout [Int32]) -> Int32) throws(ProcessError) -> (Int32, Int32) {
      var ends: [Int32] = [-1, -1]
      guard make(&ends) >= 0 else {
        for descriptor in opened { close(descriptor) }
        throw ProcessError("pipe", number: errno)
      }
      opened += ends
      return (ends[0], ends[1])
    }
    let pipe: (inout [Int32]) -> Int32 = { clx_pipe(&$0) }
    let socket = try pair { socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &$0) }
    let output1 = try pair(pipe)
    let output2 = hasTerminal ? (-1, -1) : try pair(pipe)
    let standardInput = hasInput ? try pair(pipe) : (-1, -1)
    do throws(ProcessError) {
      child = try Child.spawn(
        arguments, env: SandboxRunner.environment, directory: "/", descriptors: (standardInput.0, output1.1, output2.1, socket.1),
        standing: .ownSession)
    } catch {
      for descriptor in opened { close(descriptor) }
      throw error
    }
    for descriptor in [standardInput.0, output1.1, output2.1, socket.1] where descriptor >= 0 { close(descriptor) }
    control = socket.0
    input = standardInput.1
    outputs = [output1.0, output2.0]
    for descriptor in [control, input] + outputs where descriptor >= 0 { _ = clx_set_nonblocking(descriptor) }
    wake = clx_eventfd()
    self.output = output
  }

  /// Returns when the command runs. Throws why it does not.
  func begin() throws(ProcessError) {
    var lines = ControlLines()
    while true {
      var entry = pollfd(fd: control, events: Int16(POLLIN), revents: 0)
      _ = poll(&entry, 1, -1)
      let isOpen = lines.read(control)
      if lines.hasStarted || lines.failure != nil || !isOpen { break }
    }
    guard lines.hasStarted else {
      _ = clx_pidfd_reap(child.pidfd, 1)
      closeAll()
      throw ProcessError(lines.failure ?? "argosy-exec has ended")
    }
    let begun = lines
    do throws(ProcessError) {
      try WorkerThread.start { self.run(begun) }
    } catch {
      closeAll()
      _ = clx_pidfd_reap(child.pidfd, 1)
      throw error
    }
  }

  // MARK: From the client

  @discardableResult func send(_ bytes: [UInt8]) -> Bool {
    state.withLock { state in
      guard !state.isOver, !state.isInputClosed else { return true }
      if bytes.isEmpty {
        state.isInputClosed = true
      } else {
        state.input.append(bytes)
        state.waiting += bytes.count
        state.hasRefused = state.waiting > Self.inputLimit
      }
      ring()
      return !state.hasRefused
    }
  }

  func resize(columns: UInt16, rows: UInt16) {
    let line = Array("W\(columns) \(rows)\n".utf8)
    state.withLock { state in
      if !state.isOver, !state.isCancelled { _ = clx_write_quietly(control, line, line.count) }
    }
  }

  func cancel() {
    state.withLock { state in
      guard !state.isOver, !state.isCancelled else { return }
      state.isCancelled = true
      shutdown(control, Int32(SHUT_RDWR))
      ring()
    }
  }

  private func ring() {
    var one: UInt64 = 1
    _ = write(wake, &one, 8)
  }

  // MARK: The thread

  private func run(_ begun: ControlLines) {
    var lines = begun
    var open = outputs.map { $0 >= 0 }
    var isInputOpen = input >= 0
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let (hasInput, closesInput) = state.withLock { (!$0.input.isEmpty, $0.isInputClosed && $0.input.isEmpty) }
      if isInputOpen, closesInput {
        isInputOpen = false
        close(input)
      }
      var entries = [
        pollfd(fd: control, events: Int16(POLLIN), revents: 0), pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
        pollfd(fd: isInputOpen && hasInput ? input : -1, events: Int16(POLLOUT), revents: 0),
        pollfd(fd: open[0] ? outputs[0] : -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: open[1] ? outputs[1] : -1, events: Int16(POLLIN), revents: 0),
      ]
      if poll(&entries, nfds_t(entries.count), -1) < 0 { continue }
      if entries[1].revents != 0 {
        var value: UInt64 = 0
        _ = read(wake, &value, 8)
      }
      if entries[2].revents != 0, !feed() {
        isInputOpen = false
        close(input)
        dropInput()
      }
      for index in 0..<2 where entries[3 + index].revents != 0 { open[index] = hand(on: index, &buffer) != .end }
      if entries[0].revents != 0, !lines.read(control) || lines.exitCode != nil { break }
    }
    // What the command printed last is in the pipes; others that hold them are not waited for.
    for index in 0..<2 where open[index] { while hand(on: index, &buffer) == .some {} }
    let isCancelled = state.withLock { state in
      state.isOver = true
      return state.isCancelled
    }
    if isInputOpen { close(input) }
    closeAll(butInput: true)
    _ = clx_pidfd_reap(child.pidfd, 1)
    close(child.pidfd)
    output(.ended(lines.exitCode.map { .exited($0) } ?? .failed(lines.failure ?? (isCancelled ? "cancelled" : "the command was killed"))))
  }

  private func closeAll(butInput: Bool = false) {
    for descriptor in [control, wake, butInput ? -1 : input] + outputs where descriptor >= 0 { close(descriptor) }
  }

  private enum Handing { case some, later, end }

  /// One read of an output.
  private func hand(on index: Int, _ buffer: inout [UInt8]) -> Handing {
    let capacity = buffer.count
    let count = buffer.withUnsafeMutableBytes { read(outputs[index], $0.baseAddress, capacity) }
    if count > 0 {
      if state.withLock({ !$0.isCancelled }) {
        let bytes = Array(buffer[..<count])
        output(index == 0 ? .standardOutput(bytes) : .standardError(bytes))
      }
      return .some
    }
    return count < 0 && (errno == EAGAIN || errno == EINTR) ? .later : .end
  }

  /// Writes what waits, as much as is taken now; false when nobody reads it.
  private func feed() -> Bool {
    let (isRead, wantsMore) = state.withLock { state -> (Bool, Bool) in
      while let piece = state.input.first {
        let (start, count) = (state.written, piece.count - state.written)
        let written = piece.withUnsafeBytes { clx_write_quietly(input, $0.baseAddress.map { $0 + start }, count) }
        if written < 0 { return (written == -Int64(EAGAIN) || written == -Int64(EINTR), false) }
        state.waiting -= Int(written)
        state.written += Int(written)
        if state.written == piece.count {
          state.input.removeFirst()
          state.written = 0
        }
      }
      defer { state.hasRefused = false }
      return (true, state.hasRefused)
    }
    if wantsMore { output(.wantsInput) }
    return isRead
  }

  private func dropInput() {
    let wantsMore = state.withLock { state in
      state.input = []
      state.waiting = 0
      state.isInputClosed = true
      defer { state.hasRefused = false }
      return state.hasRefused
    }
    if wantsMore { output(.wantsInput) }
  }
}

/// What `argosy-exec --join` says.
private struct ControlLines: Sendable {
  private var held: [UInt8] = []
  private(set) var hasStarted = false
  private(set) var exitCode: Int32?
  private(set) var failure: String?

  /// One read; false at the end.
  mutating func read(_ descriptor: Int32) -> Bool {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = Glibc.read(descriptor, &bytes, bytes.count)
    guard count > 0 else { return count < 0 && (errno == EAGAIN || errno == EINTR) }
    held += bytes[..<count]
    while let end = held.firstIndex(of: 0x0A) {
      let text = String(decoding: held[..<end].dropFirst(), as: UTF8.self)
      switch held.first {
      case UInt8(ascii: "S"): hasStarted = true
      case UInt8(ascii: "X"): exitCode = Int32(text)
      case UInt8(ascii: "F"): failure = text
      default: break
      }
      held.removeSubrange(...end)
    }
    return true
  }
}
