import Synchronization

/// A few threads that run closures which block: file work, archives, network. Work is begun in the order in which it was submitted.
package final class WorkerPool: Sendable {
  private let queue = Mailbox<@Sendable () -> Void>()
  private let threads: Mutex<[OSThread]>

  package init(name: String, threads count: Int) {
    let queue = queue
    let started = (0..<max(1, count)).map { _ in
      startThread(name: name) {
        while let work = queue.takeFirst() { work() }
      }
    }
    threads = Mutex(started)
  }

  /// Runs `work` on one of the threads.
  package func submit(_ work: @escaping @Sendable () -> Void) { queue.post(work) }

  /// Ends the threads when the work that was submitted is done.
  package func stop() {
    queue.close()
    let ended = threads.withLock { held in
      defer { held = [] }
      return held
    }
    for thread in ended { thread.join() }
  }
}
