import Basics
internal import Contracts
internal import KubeModel
import Synchronization

/// How many requests a user may send: a bucket of tokens each. Anonymous users are told apart by their address.
final class RequestRates: Sendable {
  private struct Bucket { var tokens: Double, filled: UInt64 }
  private let buckets = Mutex<[String: Bucket]>([:])
  private let perSecond: Double
  private let burst: Double
  private let now: @Sendable () -> UInt64
  /// So many users are kept in mind; when there are more, those that have been quiet are forgotten.
  private static let limit = 20_000

  /// - Parameter now: nanoseconds of a clock that never jumps.
  init(perSecond: Double, burst: Double, now: @escaping @Sendable () -> UInt64 = { SystemClock.monotonicNanoseconds() }) {
    self.perSecond = perSecond
    self.burst = burst
    self.now = now
  }

  /// Throws `tooManyRequests` when the user's bucket is empty. Administrators have no limit, so that they can always look and stop things.
  func spend(_ user: UserInfo, peer: String) throws(KubeStatus) {
    if user.groups.contains(UserInfo.mastersGroup) { return }
    let key = user.name == UserInfo.anonymous.name ? "\(user.name) \(peer)" : user.name
    let time = now()
    let isAllowed = buckets.withLock { buckets in
      if buckets.count >= Self.limit, buckets[key] == nil {
        buckets = buckets.filter { level($0.value, at: time) < burst }
        if buckets.count >= Self.limit { return false }
      }
      var bucket = buckets[key] ?? Bucket(tokens: burst, filled: time)
      bucket.tokens = level(bucket, at: time)
      bucket.filled = time
      defer { buckets[key] = bucket }
      guard bucket.tokens >= 1 else { return false }
      bucket.tokens -= 1
      return true
    }
    if !isAllowed { throw .tooManyRequests("too many requests, please try again later") }
  }

  private func level(_ bucket: Bucket, at time: UInt64) -> Double {
    min(burst, bucket.tokens + Double(time &- bucket.filled) / 1e9 * perSecond)
  }
}

/// How many streams (watches, logs, commands) are open, for each user and in all.
final class StreamLimits: Sendable {
  private struct State { var total = 0, users: [String: Int] = [:] }
  private let state = Mutex(State())
  private let perUser: Int
  private let maximum: Int

  init(perUser: Int, maximum: Int) {
    self.perUser = perUser
    self.maximum = maximum
  }

  var count: Int { state.withLock { $0.total } }

  /// Holds a place until the ticket is gone. Throws `tooManyRequests`.
  func enter(_ user: UserInfo) throws(KubeStatus) -> StreamTicket {
    let name = user.name
    let isAllowed = state.withLock { state in
      guard state.total < maximum, state.users[name, default: 0] < perUser else { return false }
      state.total += 1
      state.users[name, default: 0] += 1
      return true
    }
    guard isAllowed else { throw .tooManyRequests("too many watches, logs and commands are open, please try again later") }
    return StreamTicket { [self] in leave(name) }
  }

  private func leave(_ name: String) {
    state.withLock { state in
      state.total -= 1
      let rest = state.users[name, default: 1] - 1
      state.users[name] = rest > 0 ? rest : nil
    }
  }
}

/// A place among the open streams; given back when nobody holds this object any more.
final class StreamTicket: Sendable {
  private let leave: @Sendable () -> Void
  fileprivate init(_ leave: @escaping @Sendable () -> Void) { self.leave = leave }
  deinit { leave() }
}
