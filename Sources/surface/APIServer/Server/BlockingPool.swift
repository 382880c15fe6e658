import Basics
internal import KubeModel
import Synchronization

/// Threads for calls that block (the store), so that none holds an event loop or a thread of the cooperative pool. What waits for a thread is bounded
/// in number and in time.
final class BlockingPool: Sendable {
  private let pool: WorkerPool
  private let waiting = Atomic<Int>(0)
  private let maximumWaiting: Int
  private let waitNanoseconds: UInt64

  init(name: String, threads: Int, maximumWaiting: Int, waitSeconds: Int64) {
    pool = WorkerPool(name: name, threads: threads)
    self.maximumWaiting = maximumWaiting
    waitNanoseconds = UInt64(max(0, waitSeconds)) * 1_000_000_000
  }

  /// Runs a call on one of the threads. Throws `tooManyRequests` when too many wait already, `timeout` when no thread was free in time: the call
  /// was then not made.
  func run<Value: Sendable>(_ body: @escaping @Sendable () throws(KubeStatus) -> Value) async throws(KubeStatus) -> Value {
    guard waiting.wrappingAdd(1, ordering: .relaxed).newValue <= maximumWaiting else {
      waiting.wrappingSubtract(1, ordering: .relaxed)
      throw .tooManyRequests("too many requests wait, please try again later")
    }
    let begun = SystemClock.monotonicNanoseconds()
    let result: Result<Value, KubeStatus> = await withCheckedContinuation { continuation in
      pool.submit { [self] in
        waiting.wrappingSubtract(1, ordering: .relaxed)
        guard SystemClock.monotonicNanoseconds() - begun <= waitNanoseconds else {
          return continuation.resume(returning: .failure(KubeStatus(.timeout, "the server was too busy to begin with the request in time")))
        }
        do throws(KubeStatus) {
          continuation.resume(returning: .success(try body()))
        } catch {
          continuation.resume(returning: .failure(error))
        }
      }
    }
    return try result.get()
  }

  /// Calls that wait for a thread.
  var backlog: Int { waiting.load(ordering: .relaxed) }

  /// Ends the threads when all calls are done.
  func stop() { pool.stop() }
}

extension KubeStatus {
  /// 429 with the advice to come back in a second.
  static func tooManyRequests(_ message: String) -> KubeStatus {
    var details = Details()
    details.retryAfterSeconds = 1
    return KubeStatus(.tooManyRequests, message, details: details)
  }
}
