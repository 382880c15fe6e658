import Glibc

/// Waits until a log file grows or a pod's report changes, by inotify; where that is not to be had (its instances are counted per user) by time.
struct LogWatch: ~Copyable {
  private let descriptor: Int32
  /// Milliseconds after which a wait ends at the latest.
  static let patience: Int32 = 1000

  init(log: String, pod directory: String) {
    descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
    guard descriptor >= 0 else { return }
    inotify_add_watch(descriptor, log, UInt32(IN_MODIFY))
    inotify_add_watch(descriptor, directory, UInt32(IN_MOVED_TO) | UInt32(IN_DELETE_SELF))
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// False when the time has passed without a change.
  borrowing func wait() -> Bool {
    guard descriptor >= 0 else {
      // Whoever waits looks at everything then.
      usleep(250_000)
      return false
    }
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&entry, 1, Self.patience) > 0 else { return false }
    var buffer = [UInt8](repeating: 0, count: 8192)
    while read(descriptor, &buffer, buffer.count) > 0 {}
    return true
  }
}
