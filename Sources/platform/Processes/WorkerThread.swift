import CLinux

/// A thread of its own for work that blocks.
package enum WorkerThread {
  private final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Runs `body` on a new detached thread.
  package static func start(_ body: @escaping @Sendable () -> Void) throws(ProcessError) {
    let context = Unmanaged.passRetained(Box(body))
    let result = clx_start_thread(
      { context in
        if let context { Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body() }
        return nil
      }, context.toOpaque())
    if result < 0 {
      context.release()
      throw ProcessError("cannot start a thread", number: -result)
    }
  }
}
