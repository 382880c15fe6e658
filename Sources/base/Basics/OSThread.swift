import Glibc

/// A thread of the operating system, for loops that block: nothing may block Swift's own pool.
package final class OSThread: Sendable {
  private let thread: pthread_t

  fileprivate init(_ thread: pthread_t) { self.thread = thread }

  /// Waits for the thread's end. To be called once at most; a thread that is never joined keeps its stack until the process ends.
  package func join() { pthread_join(thread, nil) }

  /// Says that nobody will join: the thread's end leaves nothing. To be called once at most, instead of ``join()``.
  package func detach() { pthread_detach(thread) }
}

private final class ThreadBody: Sendable {
  let name: String
  let run: @Sendable () -> Void
  init(_ name: String, _ run: @escaping @Sendable () -> Void) {
    self.name = name
    self.run = run
  }
}

/// Starts a thread; of its name the system shows the first 15 bytes. Without the memory or the permission for one more thread it waits
/// for what other processes give back; after five minutes the process ends, as Go's runtime does at once.
@discardableResult
package func startThread(name: String, _ body: @escaping @Sendable () -> Void) -> OSThread {
  let context = Unmanaged.passRetained(ThreadBody(name, body))
  var thread = pthread_t()
  var attempts = 0
  while true {
    let code = pthread_create(
      &thread, nil,
      { pointer in
        guard let pointer else { return nil }
        let body = Unmanaged<ThreadBody>.fromOpaque(pointer).takeRetainedValue()
        setThreadName(body.name)
        body.run()
        return nil
      }, context.toOpaque())
    if code == 0 { return OSThread(thread) }
    attempts += 1
    if attempts == 30_000 { fatalError("cannot start the thread '\(name)': error \(code)") }
    usleep(10_000)
  }
}

/// Glibc's `pthread_setname_np` is not visible to Swift; the kernel offers the same as a file.
private func setThreadName(_ name: String) {
  let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
  guard file >= 0 else { return }
  let bytes = Array(name.utf8.prefix(15))
  _ = write(file, bytes, bytes.count)
  close(file)
}
