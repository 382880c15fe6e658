import Glibc

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
    pthread_cond_init(condition, nil)
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
    locked {
      if isClosed { return false }
      items.append(message)
      pthread_cond_signal(condition)
      return true
    }
  }

  /// Ends the mailbox: what is in it can still be taken, then ``takeAll(deadline:)`` returns nil.
  package func close() {
    locked {
      isClosed = true
      pthread_cond_broadcast(condition)
    }
  }

  /// Blocks the calling thread until there are messages and takes them all, oldest first. Empty when the wall clock passes the deadline
  /// first; nil when the mailbox is closed and empty.
  package func takeAll(deadline: Instant? = nil) -> [Message]? {
    locked {
      while items.isEmpty {
        if isClosed { return nil }
        guard let deadline else {
          pthread_cond_wait(condition, mutex)
          continue
        }
        let seconds = deadline.seconds
        var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(deadline.milliseconds - seconds * 1000) * 1_000_000)
        if deadline.milliseconds < 0 || pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT {
          if items.isEmpty { return isClosed ? nil : [] }
        }
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
