import Glibc
import Synchronization

/// A thread of its own that runs a body again and again until it is stopped; so drawing never blocks the cooperative pool.
final class DisplayThread: Sendable {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// A byte written here wakes and stops the thread; -1 when the machine gave none.
  private let wakeDescriptors: (reading: CInt, writing: CInt)
  private let thread: Mutex<pthread_t?>

  /// Starts the thread. `body` returns after how many milliseconds it wants to run again.
  init(_ body: @escaping @Sendable () -> CInt) {
    var descriptors: [CInt] = [-1, -1]
    if pipe(&descriptors) != 0 { descriptors = [-1, -1] }
    for descriptor in descriptors { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    let reading = descriptors[0]
    wakeDescriptors = (reading, descriptors[1])
    var thread = pthread_t()
    let loop = Body {
      while true {
        var request = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
        let pause = body()
        if poll(&request, 1, max(1, pause)) > 0 { return }
      }
    }
    guard reading >= 0 else {
      self.thread = Mutex(nil)
      return
    }
    let context = Unmanaged.passRetained(loop)
    let status = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    if status != 0 { context.release() }
    self.thread = Mutex(status == 0 ? thread : nil)
  }

  /// Ends the thread and waits for it; the body never runs again.
  func stop() {
    let running = thread.withLock { thread -> pthread_t? in
      defer { thread = nil }
      return thread
    }
    guard let running else { return }
    var byte: UInt8 = 0
    _ = write(wakeDescriptors.writing, &byte, 1)
    pthread_join(running, nil)
    close(wakeDescriptors.writing)
    close(wakeDescriptors.reading)
  }
}
