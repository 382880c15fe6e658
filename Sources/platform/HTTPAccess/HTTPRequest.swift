import Basics

/// A request to a server elsewhere.
package struct HTTPRequest: Sendable {
  package var method: String
  /// `http` or `https`; other schemes are refused.
  package var url: String
  package var headers: [(name: String, value: String)] = []
  package var body: [UInt8] = []
  /// How long everything may take, redirects and bodies included.
  package var limit = TimeSpan(milliseconds: 3_600_000)
  package var tls = HTTPTLS()
  /// Redirects are followed five times, and credentials are not sent on to another host. A signed request is good for one host alone: without
  /// this its redirect is the reply.
  package var followsRedirects = true

  package init(method: String = "GET", url: String) {
    self.method = method
    self.url = url
  }

  /// A URL for messages: no user, no password, no query, where signatures and tokens are.
  package static func withoutSecrets(_ url: String) -> String {
    let plain = url.prefix { $0 != "?" && $0 != "#" }
    guard let slashes = plain.firstRange(of: "://") else { return String(plain) }
    let rest = plain[slashes.upperBound...]
    let authority = rest.prefix { $0 != "/" }
    guard let at = authority.lastIndex(of: "@") else { return String(plain) }
    return String(plain[..<slashes.upperBound]) + String(rest[rest.index(after: at)...])
  }
}

/// How a server is trusted and how this program shows who it is.
package struct HTTPTLS: Sendable, Hashable {
  /// Take any certificate. For tests and for what manifests ask for by name (`insecureSkipVerify` and its like).
  package var skipsVerification = false
  /// PEM certificates that are trusted instead of the system's.
  package var authorities: [UInt8]?
  /// PEM of a certificate chain and its key, for servers that ask for one.
  package var certificate: [UInt8]?
  package var key: [UInt8]?
  package init() {}
}

package struct HTTPReply: Sendable {
  package var status: Int
  package var headers: [(name: String, value: String)]
  /// Empty when the body went to a file.
  package var body: [UInt8]

  /// The first header of a name, in any case.
  package func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }
}

/// Why there is no reply, or not the one asked for.
package enum HTTPFailure: Error, Sendable, Hashable {
  /// The server answered, but not with 2xx; the text is the beginning of the body in one line.
  case status(Int, String)
  /// No connection, no TLS, no answer in time; the same request may do better later.
  case transport(String)
  /// A request that cannot be sent as it is: its URL, its headers, its certificates.
  case invalid(String)
  /// The body is longer than this many bytes.
  case tooLarge(UInt64)
  /// The file of this machine could not be read or written.
  case file(String)
}
