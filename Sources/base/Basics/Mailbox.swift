import Glibc

/// The longest wait without a look at the clock, in milliseconds: the clock that the system waits by stands still while the machine sleeps.
private let longestWait: Int64 = 10_000

/// Messages from many threads to one that blocks for them, or with ``takeFirst()`` to several. Unbounded: who posts more than is taken watches ``count``.
///
/// Unchecked because the compiler cannot see it: `items` and `isClosed` are touched only while `mutex` is held.
package final class Mailbox<Message: Sendable>: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var items: [Message] = []
  private var isClosed = false

  package init() {
    mutex.initialize(to: pthread_mutex_t())
    condition.initialize(to: pthread_cond_t())
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  private func locked<Result>(_ body: () -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }

  /// Messages not taken yet.
  package var count: Int { locked { items.count } }

  /// Adds a message; false, and nothing happens, once the mailbox is closed. Never blocks.
  @discardableResult package func post(_ message: Message) -> Bool {
    let isOpen = locked {
      if !isClosed { items.append(message) }
      return !isClosed
    }
    // Without the lock, for which whoever wakes would have to wait again.
    if isOpen { pthread_cond_signal(condition) }
    return isOpen
  }

  /// Ends the mailbox: what is in it can still be taken, then ``takeAll(deadline:)`` returns nil.
  package func close() {
    locked {
      isClosed = true
      pthread_cond_broadcast(condition)
    }
  }

  /// Blocks the calling thread until there are messages and takes them all, oldest first. Empty when ``SystemClock/steady()`` passes the deadline
  /// first; nil when the mailbox is closed and empty.
  package func takeAll(deadline: Instant? = nil) -> [Message]? {
    locked {
      while items.isEmpty {
        if isClosed { return nil }
        guard let deadline else {
          pthread_cond_wait(condition, mutex)
          continue
        }
        let left = (deadline - SystemClock.steady()).milliseconds
        guard left > 0 else { return [] }
        let end = SystemClock.monotonicNanoseconds() + UInt64(min(left, longestWait)) * 1_000_000
        var time = timespec(tv_sec: Int(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
        pthread_cond_timedwait(condition, mutex, &time)
      }
      let taken = items
      items = []
      return taken
    }
  }

  /// Blocks the calling thread until there is a message and takes the oldest; nil when the mailbox is closed and empty. For several threads that
  /// share the work of one mailbox.
  package func takeFirst() -> Message? {
    locked {
      while items.isEmpty {
        if isClosed { return nil }
        pthread_cond_wait(condition, mutex)
      }
      return items.removeFirst()
    }
  }
}
