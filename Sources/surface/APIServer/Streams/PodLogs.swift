import Basics
internal import Contracts
internal import KubeModel
import NIOCore
import NIOHTTP1
import Synchronization

/// `kubectl logs`: the log of one container.
enum PodLogs {
  static func answer(_ call: ResourceCall) throws(KubeStatus) -> APIAnswer {
    guard let pods = call.core.parts.pods else { throw KubeStatus(.badRequest, "this server has no pods") }
    let options = try options(call.target)
    let pod = try call.core.parts.resources.get(call.key)
    let ticket = try call.core.streams.enter(call.request.user)
    guard call.core.openLogs.wrappingAdd(1, ordering: .relaxed).newValue <= call.core.settings.maximumLogs else {
      call.core.openLogs.wrappingSubtract(1, ordering: .relaxed)
      throw .tooManyRequests("too many logs are read at once, please try again later")
    }
    let core = call.core
    let feed = ByteFeed()
    let start = Start()
    startThread(name: "api log") {
      do throws(KubeStatus) {
        try pods.readLog(of: pod, options) { bytes in
          start.resolve(nil)
          return feed.push(bytes)
        }
        start.resolve(nil)
      } catch {
        start.resolve(error)
      }
      feed.finish()
      core.openLogs.wrappingSubtract(1, ordering: .relaxed)
    }
    let lease = Lease { feed.abandon() }
    return .later {
      if let failure = await start.value() { return APIAnswer(failure) }
      return APIAnswer(
        .ok, headers: ["content-type": "text/plain"],
        body: .stream { writer in
          let number = core.stop.observe { feed.abandon() }
          defer { core.stop.forget(number) }
          while let bytes = await feed.next() { try await writer.write(bytes) }
          withExtendedLifetime((ticket, lease)) {}
        })
    }
  }

  /// Whether the log could be opened: known with its first piece.
  private final class Start: Sendable {
    private struct State: Sendable { var isKnown = false, failure: KubeStatus?, reader: CheckedContinuation<KubeStatus?, Never>? }
    private let state = Mutex(State())

    func resolve(_ failure: KubeStatus?) {
      let reader = state.withLock { state -> CheckedContinuation<KubeStatus?, Never>? in
        guard !state.isKnown else { return nil }
        state.isKnown = true
        state.failure = failure
        defer { state.reader = nil }
        return state.reader
      }
      reader?.resume(returning: failure)
    }

    func value() async -> KubeStatus? {
      await withCheckedContinuation { continuation in
        let known: KubeStatus?? = state.withLock { state in
          if state.isKnown { return .some(state.failure) }
          state.reader = continuation
          return nil
        }
        if let known { continuation.resume(returning: known) }
      }
    }
  }

  /// Reads `PodLogOptions` of the query.
  static func options(_ target: RequestTarget) throws(KubeStatus) -> LogOptions {
    func invalid(_ field: String, _ problem: String) -> KubeStatus {
      KubeStatus(.invalid, "PodLogOptions \"\" is invalid: \(field): \(problem)", details: .init(kind: "PodLogOptions"))
    }
    func number(_ name: String, atLeast minimum: Int64) throws(KubeStatus) -> Int64? {
      guard let text = target[name], !text.isEmpty else { return nil }
      guard let value = Int64(text) else { throw KubeStatus(.badRequest, "strconv.ParseInt: parsing \"\(text)\": invalid syntax") }
      guard value >= minimum else { throw invalid(name, "Invalid value: \(value): must be greater than or equal to \(minimum)") }
      return value
    }
    var options = LogOptions()
    options.container = target["container"] ?? ""
    options.follows = try target.flag("follow") ?? false
    options.isPrevious = try target.flag("previous") ?? false
    options.hasTimestamps = try target.flag("timestamps") ?? false
    options.tailLines = try number("tailLines", atLeast: 0).map { Int(clamping: $0) }
    options.limitBytes = try number("limitBytes", atLeast: 1).map { Int(clamping: $0) }
    let sinceSeconds = try number("sinceSeconds", atLeast: 1)
    if let text = target["sinceTime"], !text.isEmpty {
      guard let time = Instant(rfc3339: text) else { throw invalid("sinceTime", "Invalid value: \"\(text)\": must be a time of RFC 3339") }
      guard sinceSeconds == nil else { throw invalid("", "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified") }
      options.since = time
    }
    if let sinceSeconds {
      let now = SystemClock.now()
      options.since = Instant(milliseconds: now.milliseconds - min(sinceSeconds, 1 << 40) * 1000)
    }
    return options
  }
}
