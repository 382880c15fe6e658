internal import Contracts
internal import KubeModel

/// The header fields of Argo's API.
enum ArgoHeaders {
  /// Of every answer.
  static func ofEveryAnswer(_ settings: ArgoSettings) -> [(name: String, value: String)] {
    guard !settings.allowedOrigin.isEmpty else { return [] }
    return [("access-control-allow-origin", settings.allowedOrigin), ("vary", "Origin")]
  }

  /// What browsers ask before a page of another origin may send anything but the plainest requests; nothing where no other origin is allowed.
  static func preflights(_ table: [ArgoRoute], _ settings: ArgoSettings) -> [ServedRoute] {
    guard !settings.allowedOrigin.isEmpty else { return [] }
    var patterns: [String] = []
    for route in table where !patterns.contains(route.pattern) { patterns.append(route.pattern) }
    return patterns.map { pattern in
      ServedRoute("OPTIONS", pattern, .open) { _ throws(KubeStatus) in
        ServedReply(
          204,
          headers: [
            ("access-control-allow-methods", table.filter { $0.pattern == pattern }.map(\.method).joined(separator: ", ")),
            ("access-control-allow-headers", "authorization, content-type"), ("access-control-max-age", "600"),
          ], body: .bytes([]))
      }
    }
  }

  /// Of an answer to a request that was done: the version once as it is, and once as the gateway of Argo's API passes on what gRPC says.
  static func ofSuccess(_ version: String) -> [(name: String, value: String)] {
    [("argo-version", version), ("grpc-metadata-argo-version", version), ("grpc-metadata-content-type", "application/grpc")]
  }
}
