import RegularExpressions

/// What `OnTransientError` takes for passing trouble (spec 2.9): Argo's texts, and the pattern of `TRANSIENT_ERROR_PATTERN`.
enum TransientErrors {
  private static let texts = [
    "unexpected error when reading response body", "stream error when reading response body", "Connection closed by foreign host",
    "net/http: TLS handshake timeout", "i/o timeout", "connection timed out", "connection reset by peer", "http2: client connection lost",
    "http2: server sent GOAWAY and closed the connection", "request did not complete within requested timeout",
    "connect: connection refused", "invalid connection", "etcdserver: leader changed", "etcdserver: request timed out",
    "etcdserver: too many requests", "client rate limiter Wait returned an error", "upper: no more rows in",
  ]

  /// Whether a message tells of passing trouble. A pattern that is no regular expression matches nothing.
  static func match(_ message: String, pattern: String?) -> Bool {
    if texts.contains(where: { message.contains($0) }) { return true }
    guard let pattern, !pattern.isEmpty else { return false }
    do throws(RegexError) { return try LinearRegex(pattern).matches(message) } catch { return false }
  }
}
