import CLinux
import Glibc

/// Waits for the end of a joined command, kills it when it is no longer wanted, and carries bytes to and from its terminal. Buffers are bounded:
/// who reads slowly holds the command up.
struct JoinExchange {
  let control: Int32
  let process: Int32
  let pidfd: Int32
  /// The pidfd of the container's first process.
  let container: Int32
  /// The other side of the terminal; -1: there is none.
  var terminal: Int32
  var hasInput: Bool
  private var input = ByteQueue(capacity: 16 << 10)
  private var output = ByteQueue(capacity: 64 << 10)
  private var lines: [UInt8] = []
  private var isControlOpen = true
  private var isKilled = false

  init(control: Int32, process: Int32, pidfd: Int32, container: Int32, terminal: Int32, hasInput: Bool) {
    self.control = control
    self.process = process
    self.pidfd = pidfd
    self.container = container
    self.terminal = terminal
    self.hasInput = hasInput && terminal >= 0
    if terminal >= 0 { for descriptor in [0, 1] as [Int32] { _ = clx_set_nonblocking(descriptor) } }
  }

  /// The command's wait status.
  mutating func run() -> Int32 {
    while true {
      var entries = [
        pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0),
        pollfd(fd: isControlOpen ? control : -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: isKilled ? -1 : container, events: Int16(POLLIN), revents: 0),
        pollfd(fd: hasInput && input.hasRoom ? 0 : -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: terminal >= 0 && !output.isEmpty ? 1 : -1, events: Int16(POLLOUT), revents: 0),
        pollfd(
          fd: output.hasRoom || !input.isEmpty ? terminal : -1,
          events: (output.hasRoom ? Int16(POLLIN) : 0) | (input.isEmpty ? 0 : Int16(POLLOUT)), revents: 0),
      ]
      if poll(&entries, nfds_t(entries.count), -1) < 0 { continue }
      if entries[1].revents != 0 { readControl() }
      if entries[2].revents != 0 { kill() }
      if entries[3].revents != 0 { takeInput() }
      if entries[5].revents != 0 { exchangeWithTerminal() }
      if entries[4].revents != 0, !output.drain(to: 1) { kill() }
      if entries[0].revents != 0 {
        let status = clx_pidfd_reap(pidfd, 0)
        if status != -EAGAIN {
          finish()
          return max(0, status)
        }
      }
    }
  }

  /// The client is gone, or the container is over.
  private mutating func kill() {
    guard !isKilled else { return }
    isKilled = true
    Glibc.kill(-process, SIGKILL)
    if terminal >= 0 {
      // What still holds the terminal gets a hang-up.
      close(terminal)
      terminal = -1
    }
  }

  private mutating func readControl() {
    var bytes = [UInt8](repeating: 0, count: 512)
    let count = read(control, &bytes, bytes.count)
    if count < 0, errno == EINTR || errno == EAGAIN { return }
    guard count > 0 else {
      isControlOpen = false
      return kill()
    }
    lines += bytes[..<count]
    while let end = lines.firstIndex(of: 0x0A) {
      let line = String(decoding: lines[..<end], as: UTF8.self)
      lines.removeSubrange(...end)
      let sizes = line.dropFirst().split(separator: " ").compactMap { UInt16($0) }
      if line.hasPrefix("W"), sizes.count == 2, terminal >= 0 { _ = clx_set_window_size(terminal, sizes[0], sizes[1]) }
    }
    if lines.count > 4096 { lines = [] }
  }

  private mutating func takeInput() {
    if input.fill(from: 0) == .end { hasInput = false }
  }

  private mutating func exchangeWithTerminal() {
    guard terminal >= 0 else { return }
    if !input.isEmpty, !input.drain(to: terminal) { input.clear() }
    guard output.hasRoom else { return }
    if output.fill(from: terminal) == .end {
      // Nobody holds the terminal any more.
      close(terminal)
      terminal = -1
      hasInput = false
    }
    _ = output.drain(to: 1)
  }

  /// Hands on what the command has printed last.
  private mutating func finish() {
    guard terminal >= 0 || !output.isEmpty, !isKilled else { return }
    while true {
      while !output.isEmpty {
        var entries = [
          pollfd(fd: 1, events: Int16(POLLOUT), revents: 0), pollfd(fd: isControlOpen ? control : -1, events: Int16(POLLIN), revents: 0),
        ]
        if poll(&entries, 2, -1) < 0 { continue }
        if entries[1].revents != 0 { readControl() }
        if !isControlOpen || !output.drain(to: 1) { return }
      }
      guard terminal >= 0, output.fill(from: terminal) == .some else { return }
    }
  }
}

/// Bytes on their way, at most as many as its capacity.
struct ByteQueue {
  enum Filling { case some, later, end }
  private var bytes: [UInt8]
  private var start = 0
  private var end = 0

  init(capacity: Int) { bytes = [UInt8](repeating: 0, count: capacity) }

  var isEmpty: Bool { start == end }
  var hasRoom: Bool { start == end || end < bytes.count }

  mutating func clear() { (start, end) = (0, 0) }

  /// One read.
  mutating func fill(from descriptor: Int32) -> Filling {
    if start == end { (start, end) = (0, 0) }
    let (from, room) = (end, bytes.count - end)
    guard room > 0 else { return .later }
    let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress.map { $0 + from }, room) }
    if count > 0 {
      end += count
      return .some
    }
    return count < 0 && (errno == EAGAIN || errno == EINTR) ? .later : .end
  }

  /// Writes as much as is taken now; false when nobody reads any more.
  mutating func drain(to descriptor: Int32) -> Bool {
    while start < end {
      let (from, count) = (start, end - start)
      let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress.map { $0 + from }, count) }
      if written > 0 {
        start += written
      } else {
        return written < 0 && (errno == EAGAIN || errno == EINTR)
      }
    }
    return true
  }
}
