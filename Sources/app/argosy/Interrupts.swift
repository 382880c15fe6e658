import Basics
import Glibc
import Synchronization

/// Counts SIGINT and SIGTERM by a thread that waits for them, so that no code runs in a signal handler.
final class Interrupts: Sendable {
  private let counter = Mutex(0)
  private let action = Mutex<(@Sendable (Int) -> Void)?>(nil)

  /// Blocks the signals for the whole process; call it before any other thread is started.
  init() {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
  }

  /// Starts to wait. `body` is told how many signals have come, on a thread of its own.
  func observe(_ body: @escaping @Sendable (Int) -> Void) {
    action.withLock { $0 = body }
    _ = startThread(name: "signals") { [self] in
      var signals = sigset_t()
      sigemptyset(&signals)
      sigaddset(&signals, SIGINT)
      sigaddset(&signals, SIGTERM)
      while true {
        var number: Int32 = 0
        guard sigwait(&signals, &number) == 0 else { return }
        let count = counter.withLock { count in
          count += 1
          return count
        }
        action.withLock { $0 }?(count)
      }
    }
  }

  /// How many signals have come.
  var count: Int { counter.withLock { $0 } }
}
