import Synchronization

/// A few threads that run closures which block: file work, archives, network. Work is taken in the order in which it was submitted.
package final class WorkerPool: Sendable {
  private let queues: [Mailbox<@Sendable () -> Void>]
  private let next = Atomic<Int>(0)
  private let handles = Mutex<[OSThread]>([])

  package init(name: String, threads: Int) {
    let queues = (0..<max(1, threads)).map { _ in Mailbox<@Sendable () -> Void>() }
    self.queues = queues
    let handles = queues.map { queue in
      startThread(name: name) {
        while let work = queue.takeAll(deadline: nil) {
          for item in work { item() }
        }
      }
    }
    self.handles.withLock { $0 = handles }
  }

  /// Runs `work` on one of the threads.
  package func submit(_ work: @escaping @Sendable () -> Void) {
    let turn = next.wrappingAdd(1, ordering: .relaxed).newValue
    queues[abs(turn % queues.count)].post(work)
  }

  /// Ends the threads when the work that was submitted is done.
  package func stop() {
    for queue in queues { queue.close() }
    let handles = handles.withLock { held in
      defer { held = [] }
      return held
    }
    for handle in handles { handle.join() }
  }
}
