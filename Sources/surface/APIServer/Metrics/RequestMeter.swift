import Basics
import Synchronization

/// Counts requests under the names of Kubernetes' server.
final class RequestMeter: Sendable {
  fileprivate struct Series: Hashable {
    var verb: String
    var group: String
    var version: String
    var resource: String
    var subresource: String
    var scope: String
    var code: Int
  }

  fileprivate struct Durations {
    var buckets = [Int](repeating: 0, count: RequestMeter.bounds.count)
    var count = 0
    var seconds = 0.0
  }

  private struct State {
    var requests: [Series: Int] = [:]
    var durations: [Series: Durations] = [:]
  }

  private let state = Mutex(State())
  /// Upper bounds in seconds.
  fileprivate static let bounds = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
  /// Series of which a client can make up no more than these.
  private static let limit = 2000

  /// - Parameter info: nil for a request that did not pass the gate.
  func count(_ info: RequestInfo?, method: String, code: Int, nanoseconds: UInt64, isStream: Bool) {
    var series = Series(
      verb: Self.verbs.contains(method) ? method : "OTHER", group: "", version: "", resource: "", subresource: "", scope: "", code: code)
    // What does not exist is not named: a client could make up any number of names.
    if let info, info.isResource, code != 404 {
      series.verb = info.verb.uppercased()
      series.group = info.group
      series.version = info.version
      series.resource = info.resource
      series.subresource = info.subresource
      series.scope = info.name.isEmpty ? (info.namespace.isEmpty ? "cluster" : "namespace") : "resource"
    }
    let seconds = Double(nanoseconds) / 1e9
    state.withLock { state in
      if state.requests[series] == nil, state.requests.count >= Self.limit { return }
      state.requests[series, default: 0] += 1
      guard !isStream else { return }
      var key = series
      key.code = 0
      state.durations[key, default: Durations()].add(seconds)
    }
  }

  private static let verbs: Set<String> = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

  /// Prometheus' text format.
  func text(inFlight: Int, streams: Int, connections: Int) -> String {
    let (requests, durations) = state.withLock { ($0.requests, $0.durations) }
    var text = "# HELP apiserver_request_total Requests by verb, resource and answer.\n# TYPE apiserver_request_total counter\n"
    for (series, count) in requests.sorted(by: { $0.key.order < $1.key.order }) {
      text += "apiserver_request_total{\(series.labels),code=\"\(series.code)\"} \(count)\n"
    }
    text +=
      "# HELP apiserver_request_duration_seconds Time to answer, without streams.\n# TYPE apiserver_request_duration_seconds histogram\n"
    for (series, durations) in durations.sorted(by: { $0.key.order < $1.key.order }) {
      for (bound, count) in zip(Self.bounds, durations.buckets) {
        text += "apiserver_request_duration_seconds_bucket{\(series.labels),le=\"\(bound)\"} \(count)\n"
      }
      text += "apiserver_request_duration_seconds_bucket{\(series.labels),le=\"+Inf\"} \(durations.count)\n"
      text += "apiserver_request_duration_seconds_sum{\(series.labels)} \(durations.seconds)\n"
      text += "apiserver_request_duration_seconds_count{\(series.labels)} \(durations.count)\n"
    }
    text += Self.gauge("apiserver_current_inflight_requests", "Requests in hand.", inFlight)
    text += Self.gauge("apiserver_longrunning_requests", "Watches, logs and commands that are open.", streams)
    text += Self.gauge("apiserver_open_connections", "Connections that are open.", connections)
    return text
  }

  private static func gauge(_ name: String, _ help: String, _ value: Int) -> String {
    "# HELP \(name) \(help)\n# TYPE \(name) gauge\n\(name) \(value)\n"
  }
}

extension RequestMeter.Durations {
  fileprivate mutating func add(_ value: Double) {
    count += 1
    seconds += value
    for (index, bound) in RequestMeter.bounds.enumerated() where value <= bound { buckets[index] += 1 }
  }
}

extension RequestMeter.Series {
  /// Resources that exist have plain names; so no value needs an escape, but for a path that a client made up, which is never here.
  fileprivate var labels: String {
    let pairs = [
      ("verb", verb), ("group", group), ("version", version), ("resource", resource), ("subresource", subresource), ("scope", scope),
    ]
    return pairs.map { "\($0)=\"\($1.filter { $0 != "\"" && $0 != "\\" && $0 != "\n" })\"" }.joined(separator: ",")
  }
  fileprivate var order: String { "\(group)/\(version)/\(resource)/\(subresource)/\(verb)/\(scope)/\(code)" }
}
