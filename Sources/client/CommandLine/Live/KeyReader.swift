import Basics
import CLinux
import Glibc
import Synchronization

/// Reads single keys from a terminal on a thread of its own. The terminal is as it was before on every way out: ``stop()``, the end of the
/// reader, and signals that end the process.
package final class KeyReader: Sendable {
  private let descriptor: CInt
  private let wake: (reading: CInt, writing: CInt)
  private let thread = Mutex<OSThread?>(nil)

  /// Nil when the descriptor is no terminal whose mode can be changed, or this process is in the background. `handler` is called on the
  /// reader's thread and may block.
  package init?(_ descriptor: CInt = STDIN_FILENO, handler: @escaping @Sendable (LiveKey) -> Void) {
    guard isatty(descriptor) == 1, tcgetpgrp(descriptor) == getpgrp() else { return nil }
    var ends: [CInt] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    guard clx_terminal_keys(descriptor) == 0 else {
      close(ends[0])
      close(ends[1])
      return nil
    }
    self.descriptor = descriptor
    wake = (ends[0], ends[1])
    let wakeEnd = ends[0]
    let started = startThread(name: "keys") { Self.read(descriptor, wake: wakeEnd, handler) }
    thread.withLock { $0 = started }
  }

  /// Ends the reading and gives the terminal back. Further calls do nothing.
  package func stop() {
    guard let running = thread.withLock({ $0.take() }) else { return }
    clx_terminal_restore()
    var byte: UInt8 = 0
    _ = write(wake.writing, &byte, 1)
    running.join()
    close(wake.writing)
    close(wake.reading)
  }

  private static func read(_ descriptor: CInt, wake: CInt, _ handler: (LiveKey) -> Void) {
    var requests = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: wake, events: Int16(POLLIN), revents: 0)]
    while true {
      let count = poll(&requests, 2, 1000)
      if requests[1].revents != 0 { return }
      if count == 0 || (count < 0 && errno == EINTR) {
        clx_terminal_keys_again()
        continue
      }
      guard count > 0, requests[0].revents & Int16(POLLIN) != 0 else { return }
      var bytes = [UInt8](repeating: 0, count: 64)
      let length = Glibc.read(descriptor, &bytes, bytes.count)
      if length < 0 && errno == EINTR { continue }
      guard length > 0 else { return }
      for key in LiveKey.read(Array(bytes[..<length])) { handler(key) }
    }
  }
}
