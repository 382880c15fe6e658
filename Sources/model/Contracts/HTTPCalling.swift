package import Basics

/// One call of an HTTP server, as Go's client makes it: what Argo's agent sends for `http` templates and to plugins (spec 1.8, 4.7).
package struct HTTPCall: Sendable {
  package var method: String
  package var url: String
  /// Sent as they are, in this order. `Host` is ``host``; lengths and framing are the client's.
  package var headers: [(name: String, value: String)] = []
  /// Instead of the URL's host.
  package var host: String?
  package var body: [UInt8] = []
  /// How long everything may take, redirects and the reply's body included; nil: for ever.
  package var timeout: TimeSpan?
  /// Any certificate of the server is taken.
  package var skipsVerification = false
  /// A reply with a longer body, in bytes, is a failure.
  package var bodyLimit: Int

  package init(method: String = "GET", url: String, bodyLimit: Int) {
    self.method = method
    self.url = url
    self.bodyLimit = bodyLimit
  }
}

package struct HTTPCallReply: Sendable {
  package var status: Int
  /// What follows the number in the status line: `Not Found`.
  package var reason: String
  /// As received; names in any case, the same name more than once.
  package var headers: [(name: String, value: String)]
  package var body: [UInt8]

  package init(status: Int, reason: String = "", headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
    self.status = status
    self.reason = reason
    self.headers = headers
    self.body = body
  }
}

/// Why a call has no reply. The messages are worded as those of Go's client and name no header's value.
package enum HTTPCallFailure: Error, Sendable, Hashable {
  /// No connection, no TLS, no answer in time, or a request that cannot be sent.
  case failed(String)
  /// The body is longer than this many bytes.
  case tooLarge(Int)
}

/// A call under way.
package protocol HTTPCallHandle: Sendable {
  /// Gives the call up. Its completion may still be called, once.
  func cancel()
}

/// Calls HTTP servers without occupying a thread while it waits. Redirects are followed as Go's client does: ten at most, 301, 302 and 303 with
/// GET, and credentials only to the host they were meant for and those below it.
package protocol HTTPCalling: Sendable {
  /// Starts a call and returns. `completion` is called once, on a thread that must not be blocked.
  func start(
    _ call: HTTPCall, completion: @escaping @Sendable (Result<HTTPCallReply, HTTPCallFailure>) -> Void
  ) -> any HTTPCallHandle
}
