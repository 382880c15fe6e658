import AsyncHTTPClient
import Basics
import Contracts
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// One request of a call: the first, or the next after a redirect.
struct Hop: Sendable {
  var method: String
  var address: WebAddress
  var headers: HTTPHeaders
  var body: [UInt8]
  /// The call's own method, which messages name.
  private let firstMethod: String
  /// Where credentials were meant for.
  private let firstHost: String
  private let host: String?
  private var hasReferer: Bool
  private var redirects = 0

  private static let maximumRedirects = 10
  private static let credentials: Set<String> = [
    "authorization", "www-authenticate", "cookie", "cookie2", "proxy-authorization", "proxy-authenticate",
  ]
  /// What the client says itself.
  private static let framing: Set<String> = ["host", "content-length", "transfer-encoding", "trailer"]

  init(_ call: HTTPCall, userAgent: String) throws(HTTPCallFailure) {
    method = call.method.isEmpty ? "GET" : call.method
    firstMethod = method
    guard Self.isToken(method) else { throw .failed("net/http: invalid method \(WebAddress.quoted(method))") }
    do throws(WebAddress.Problem) {
      address = try WebAddress(parsing: call.url)
    } catch {
      throw .failed(error.message.hasPrefix("parse ") ? error.message : Self.message(method, call.url, error.message))
    }
    firstHost = address.host
    body = call.body
    host = call.host
    hasReferer = false
    headers = HTTPHeaders()
    for header in call.headers {
      guard Self.isToken(header.name) else {
        throw .failed(Self.message(method, address.shownText, "net/http: invalid header field name \(WebAddress.quoted(header.name))"))
      }
      guard header.value.utf8.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }) else {
        throw .failed(
          Self.message(method, address.shownText, "net/http: invalid header field value for \(WebAddress.quoted(header.name))"))
      }
      let name = header.name.lowercased()
      if Self.framing.contains(name) { continue }
      if name == "referer" { hasReferer = true }
      headers.add(name: header.name, value: header.value)
    }
    if !headers.contains(name: "User-Agent") { headers.add(name: "User-Agent", value: userAgent) }
    if let user = address.user, !headers.contains(name: "Authorization") {
      headers.add(name: "Authorization", value: "Basic " + Base64.encode(Self.decoded(user)))
    }
    if let host { headers.replaceOrAdd(name: "Host", value: host) }
  }

  /// The request that a redirect asks for; nil when the reply is the call's.
  func next(after reply: HTTPCallReply) throws(HTTPCallFailure) -> Hop? {
    let keepsMethod: Bool
    switch reply.status {
    case 301, 302, 303: keepsMethod = false
    case 307, 308: keepsMethod = true
    default: return nil
    }
    guard let location = reply.headers.first(where: { $0.name.lowercased() == "location" })?.value, !location.isEmpty else { return nil }
    var next = self
    do throws(WebAddress.Problem) {
      next.address = try address.resolving(location)
    } catch {
      let shown = HTTPRequest.withoutSecrets(location)
      throw .failed(
        error.message.hasPrefix("parse ")
          ? Self.message(firstMethod, address.shownText, "failed to parse Location header \(WebAddress.quoted(shown)): invalid URL")
          : Self.message(firstMethod, shown, error.message))
    }
    next.redirects += 1
    guard next.redirects < Self.maximumRedirects else {
      throw .failed(
        Self.message(firstMethod, HTTPRequest.withoutSecrets(location), "stopped after \(Self.maximumRedirects) redirects"))
    }
    if !keepsMethod {
      if method != "GET", method != "HEAD" { next.method = "GET" }
      next.body = []
      for name in ["Content-Encoding", "Content-Language", "Content-Location", "Content-Type"] { next.headers.remove(name: name) }
    }
    if next.address.host != firstHost, !next.address.host.hasSuffix("." + firstHost) {
      for name in Self.credentials { next.headers.remove(name: name) }
    }
    // A host of the caller's own goes along only where the server names no other.
    if host != nil, next.address.authority != address.authority { next.headers.remove(name: "Host") }
    if !hasReferer {
      next.headers.remove(name: "Referer")
      if address.scheme == "http" || next.address.scheme == "https" { next.headers.add(name: "Referer", value: address.withoutUser) }
    }
    return next
  }

  // MARK: Failures, in the words of Go's client

  func failure(_ error: any Error, hasHead: Bool) -> HTTPCallFailure {
    if let failure = error as? HTTPCallFailure { return failure }
    let reason = reason(error, hasHead: hasHead)
    let shown = redirects == 0 ? address.shownText : HTTPRequest.withoutSecrets(address.shownText)
    return .failed(hasHead ? reason : Self.message(firstMethod, shown, reason))
  }

  private static func message(_ method: String, _ url: String, _ reason: String) -> String {
    "\(method.prefix(1))\(method.dropFirst().lowercased()) \(WebAddress.quoted(url)): \(reason)"
  }

  private func reason(_ error: any Error, hasHead: Bool) -> String {
    switch error {
    case let error as HTTPClientError: return Self.reason(error, target: target, hasHead: hasHead)
    case let error as NIOConnectionError:
      if let first = error.connectionErrors.first {
        let target = Self.address(first.target) ?? target
        if let cause = first.error as? IOError { return "dial tcp \(target): connect: \(Self.text(cause))" }
        if case .connectTimeout? = first.error as? ChannelError { return "dial tcp \(target): i/o timeout" }
        return "dial tcp \(target): \(first.error)"
      }
      return "dial tcp: lookup \(error.host): no such host"
    case let error as ChannelError:
      if case .connectTimeout = error { return "dial tcp \(target): i/o timeout" }
      return hasHead ? "unexpected EOF" : "EOF"
    case let error as IOError:
      switch error.errnoCode {
      // Only connecting ends like this.
      case ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENETDOWN, EADDRNOTAVAIL: return "dial tcp \(target): connect: \(Self.text(error))"
      case EPIPE: return "write tcp: broken pipe"
      default: return "read tcp: \(Self.text(error))"
      }
    case is HTTPParserError:
      return hasHead ? "unexpected EOF" : "net/http: HTTP/1.x transport connection broken: malformed HTTP response"
    default: return Self.tlsReason("\(error)")
    }
  }

  /// Host and port that are dialled.
  private var target: String {
    let hasPort = address.authority.hasPrefix("[") ? address.authority.contains("]:") : address.authority.contains(":")
    return hasPort ? address.authority : "\(address.authority):\(address.scheme == "https" ? 443 : 80)"
  }

  static func reason(_ error: HTTPClientError, target: String, hasHead: Bool) -> String {
    switch error {
    case .deadlineExceeded: "context deadline exceeded"
    case .connectTimeout: "dial tcp \(target): i/o timeout"
    case .tlsHandshakeTimeout: "net/http: TLS handshake timeout"
    case .cancelled: "context canceled"
    case .remoteConnectionClosed, .uncleanShutdown: hasHead ? "unexpected EOF" : "EOF"
    default: error.shortDescription
    }
  }

  /// What NIOSSL says only in its description.
  static func tlsReason(_ text: String) -> String {
    if text.contains("CERTIFICATE_VERIFY_FAILED") {
      return "tls: failed to verify certificate: x509: certificate signed by unknown authority"
    }
    if text.contains("failedToValidateHostname") || text.contains("HOSTNAME_MISMATCH") {
      return "tls: failed to verify certificate: x509: certificate is not valid for the host's name"
    }
    if text.contains("WRONG_VERSION_NUMBER") { return "http: server gave HTTP response to HTTPS client" }
    if text.contains("uncleanShutdown") { return "unexpected EOF" }
    return "tls: \(text)"
  }

  static func text(_ error: IOError) -> String { String(cString: strerror(error.errnoCode)).lowercased() }

  private static func address(_ target: SocketAddress) -> String? {
    guard let ip = target.ipAddress, let port = target.port else { return nil }
    return ip.contains(":") ? "[\(ip)]:\(port)" : "\(ip):\(port)"
  }

  private static func isToken(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || "!#$%&'*+-.^_`|~".utf8.contains($0)
      }
  }

  static func decoded(_ text: String) -> [UInt8] {
    var result: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2 {
        result.append(value)
        rest = rest.dropFirst(2)
      } else {
        result.append(byte)
      }
    }
    return result
  }
}
