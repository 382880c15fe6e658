internal import Basics
internal import Synchronization

/// How many requests an address may send in a second (Argo: `--api-rate-limit`), and the header fields that tell it.
final class RequestAllowances: Sendable {
  struct Allowance: Sendable {
    var isGranted: Bool
    var headers: [(name: String, value: String)]
  }

  private struct State: Sendable {
    /// The second that is counted, since 1970.
    var second: Int64 = 0
    var taken: [String: Int] = [:]
  }

  private let state = Mutex(State())
  private let perSecond: Int
  private let now: @Sendable () -> Instant
  /// Addresses that are told apart in one second; those that come after them share one count.
  private static let limit = 20_000

  init(perSecond: Int, now: @escaping @Sendable () -> Instant = SystemClock.now) {
    self.perSecond = perSecond
    self.now = now
  }

  /// Takes one request from what the address has left.
  func take(for peer: String) -> Allowance {
    let second = now().seconds
    let taken = state.withLock { state in
      if state.second != second {
        state.second = second
        state.taken.removeAll(keepingCapacity: true)
      }
      let key = state.taken[peer] == nil && state.taken.count >= Self.limit ? "" : peer
      state.taken[key, default: 0] += 1
      return state.taken[key] ?? 1
    }
    let reset = Instant(seconds: second + 1).formatted("%a, %d %b %Y %H:%M:%S GMT")
    var headers = [
      (name: "x-ratelimit-limit", value: String(perSecond)), (name: "x-ratelimit-remaining", value: String(max(0, perSecond - taken))),
      (name: "x-ratelimit-reset", value: reset),
    ]
    if taken > perSecond { headers.append((name: "retry-after", value: reset)) }
    return Allowance(isGranted: taken <= perSecond, headers: headers)
  }
}
