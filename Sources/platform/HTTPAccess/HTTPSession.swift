import AsyncHTTPClient
import Basics
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// How a session reaches its server, the same for all its requests.
package struct HTTPSessionSettings: Sendable, Hashable {
  package var tls = HTTPTLS()
  /// The name that the server's certificate must be for, where that is not the URL's host (`--tls-server-name`).
  package var serverName: String?
  /// `http://[user:password@]host:port`, `https://…` or `socks5://host:port`; nil: no proxy.
  package var proxy: String?
  /// Go on to where a redirect points, ten times at most, without credentials for another host. Not for an API, which has no such redirects.
  package var followsRedirects = false
  package init() {}
}

/// Talks with one server from tasks: whole replies, and bodies as they come. Its connections are kept for the next request.
package final class HTTPSession: Sendable {
  private let client: HTTPClient
  /// Host of the URL, and the name that stands for it in TLS.
  private let serverName: String?
  private let tls: TLSConfiguration?

  /// Throws `invalid` for certificates, keys and proxies that cannot be used. Connects at the first request.
  /// - Parameter url: of the server, for `serverName` only.
  package init(_ settings: HTTPSessionSettings, url: String) throws(HTTPFailure) {
    var configuration = HTTPClient.Configuration()
    configuration.redirectConfiguration = settings.followsRedirects ? .follow(max: 10, allowCycles: false) : .disallow
    configuration.timeout = HTTPClient.Configuration.Timeout(connect: .seconds(30))
    configuration.httpVersion = .http1Only
    configuration.connectionPool.retryConnectionEstablishment = false
    if let proxy = settings.proxy { configuration.proxy = try Self.proxy(proxy) }
    if let name = settings.serverName, !name.isEmpty {
      do throws(WebAddress.Problem) { configuration.dnsOverride = [name: try WebAddress(parsing: url).host] } catch {
        throw .invalid(error.message)
      }
      serverName = name
    } else {
      serverName = nil
    }
    do {
      tls = settings.tls == HTTPTLS() ? nil : try HTTPFetcher.configuration(settings.tls)
    } catch {
      throw .invalid("the certificates for TLS cannot be used: \(HTTPFetcher.reason(error))")
    }
    client = HTTPClient(eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: configuration)
  }

  deinit { client.shutdown { _ in } }

  /// The whole reply, whatever its status. A body of more than `bodyLimit` bytes is `tooLarge`.
  /// - Parameter limit: how long everything may take, in place of the request's own; nil: for ever.
  package func reply(to request: HTTPRequest, within limit: TimeSpan?, bodyLimit: Int) async throws(HTTPFailure) -> HTTPReply {
    let stream = try await stream(request, within: limit)
    var reply = HTTPReply(status: stream.status, headers: stream.headers, body: [])
    do {
      try await stream.read { chunk in
        guard reply.body.count + chunk.count <= bodyLimit else { throw HTTPFailure.tooLarge(UInt64(bodyLimit)) }
        reply.body += chunk
        return true
      }
    } catch let failure as HTTPFailure {
      throw failure
    } catch {
      throw .transport("\(error)")
    }
    return reply
  }

  /// A reply whose body is read as it comes. It ends with the task that reads it.
  /// - Parameter limit: how long everything may take, the body included; nil: for ever.
  package func stream(_ request: HTTPRequest, within limit: TimeSpan? = nil) async throws(HTTPFailure) -> HTTPStream {
    let scheme = request.url.prefix(8).lowercased()
    guard scheme.hasPrefix("http://") || scheme.hasPrefix("https://") else {
      throw .invalid("the URL must begin with http:// or https://")
    }
    var url = request.url
    var headers = HTTPHeaders()
    if let serverName {
      do throws(WebAddress.Problem) {
        var address = try WebAddress(parsing: url)
        headers.add(name: "Host", value: address.authority)
        address.authority = serverName + address.port
        url = address.text
      } catch {
        throw .invalid(error.message)
      }
    }
    var sent = HTTPClientRequest(url: url)
    sent.method = HTTPMethod(rawValue: request.method)
    for header in request.headers { headers.add(name: header.name, value: header.value) }
    sent.headers = headers
    if !request.body.isEmpty { sent.body = .bytes(ByteBuffer(bytes: request.body)) }
    sent.tlsConfiguration = tls
    let deadline = limit.map { NIODeadline.now() + .milliseconds($0.milliseconds) } ?? .distantFuture
    do {
      let reply = try await client.execute(sent, deadline: deadline)
      return HTTPStream(status: Int(reply.status.code), headers: reply.headers.map { ($0.name, $0.value) }, body: reply.body, session: self)
    } catch {
      throw .transport(Self.reason(error))
    }
  }

  /// Why there is no reply, in few words.
  fileprivate static func reason(_ error: any Error) -> String {
    switch error {
    case let error as HTTPClientError: Hop.reason(error, target: "the server", hasHead: true)
    case let error as NIOConnectionError:
      switch error.connectionErrors.first?.error {
      case let cause as IOError: Hop.text(cause)
      case .some(let cause): if case .connectTimeout? = cause as? ChannelError { "i/o timeout" } else { "\(cause)" }
      case nil: "lookup \(error.host): no such host"
      }
    case let error as IOError: Hop.text(error)
    case let error as ChannelError: if case .connectTimeout = error { "i/o timeout" } else { "EOF" }
    case is CancellationError: "context canceled"
    default: Hop.tlsReason("\(error)")
    }
  }

  private static func proxy(_ text: String) throws(HTTPFailure) -> HTTPClient.Configuration.Proxy {
    let socks = ["socks5h://", "socks5://"].first { text.hasPrefix($0) }
    let address: WebAddress
    do throws(WebAddress.Problem) {
      address = try WebAddress(parsing: socks.map { "http://" + text.dropFirst($0.count) } ?? text)
    } catch {
      throw .invalid("the proxy's URL cannot be used: \(error.message)")
    }
    guard socks != nil || address.scheme == "http" else { throw .invalid("the proxy's URL must begin with http:// or socks5://") }
    let port = Int(address.port.dropFirst()) ?? (socks != nil ? 1080 : 80)
    if socks != nil { return .socksServer(host: address.host, port: port) }
    let login = address.user.map { HTTPClient.Authorization.basic(credentials: Base64.encode(Hop.decoded($0))) }
    return .server(host: address.host, port: port, authorization: login)
  }
}

/// A reply whose body comes bit by bit.
package struct HTTPStream: Sendable {
  package let status: Int
  package let headers: [(name: String, value: String)]
  fileprivate let body: HTTPClientResponse.Body
  /// Lives as long as its streams.
  fileprivate let session: HTTPSession

  /// Gives the body's bytes to `receive` as they come, until the end or until it answers false. Throws ``HTTPFailure`` when the connection
  /// breaks or the task is cancelled, and whatever `receive` throws.
  package func read(_ receive: ([UInt8]) async throws -> Bool) async throws {
    var chunks = body.makeAsyncIterator()
    while true {
      let chunk: ByteBuffer?
      do { chunk = try await chunks.next() } catch { throw HTTPFailure.transport(HTTPSession.reason(error)) }
      guard let chunk else { return }
      if try await !receive(Array(chunk.readableBytesView)) { return }
    }
  }
}
