import AsyncHTTPClient
import Basics
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Calls servers elsewhere. Every call blocks its thread until the reply is whole, so call from threads of one's own, never from a task or
/// an event loop. One fetcher serves many threads; its connections are kept for the next call.
package final class HTTPFetcher: Sendable {
  private struct Clients {
    var following: HTTPClient?
    var plain: HTTPClient?
  }

  private let lazyClients = Mutex(Clients())

  /// Costs nothing until the first call.
  package init() {}

  /// The client that follows redirects or the one that does not, made at the first call.
  private func client(followsRedirects: Bool) -> HTTPClient {
    lazyClients.withLock { held in
      if followsRedirects {
        let client = held.following ?? Self.makeClient(.follow(max: 5, allowCycles: false))
        held.following = client
        return client
      }
      let client = held.plain ?? Self.makeClient(.disallow)
      held.plain = client
      return client
    }
  }

  private static func makeClient(_ redirects: HTTPClient.Configuration.RedirectConfiguration) -> HTTPClient {
    var configuration = HTTPClient.Configuration()
    configuration.redirectConfiguration = redirects
    configuration.timeout = HTTPClient.Configuration.Timeout(connect: .seconds(30), read: .minutes(5))
    // A refused connection is an answer; whoever asks may ask again.
    configuration.connectionPool.retryConnectionEstablishment = false
    return HTTPClient(eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: configuration)
  }

  deinit {
    let clients = lazyClients.withLock { $0 }
    for client in [clients.following, clients.plain] { client?.shutdown { _ in } }
  }

  /// The whole reply, whatever its status. A body of more than `bodyLimit` bytes is `tooLarge`.
  package func fetch(_ request: HTTPRequest, bodyLimit: UInt64) throws(HTTPFailure) -> HTTPReply {
    let body: HTTPClient.Body? = request.body.isEmpty ? nil : .bytes(request.body)
    return try perform(request, body: body, collector: Collector(file: nil, limit: bodyLimit, keepsErrors: true))
  }

  /// Streams the body of a 2xx reply into a new file; it is removed again when the call fails.
  package func download(_ request: HTTPRequest, to path: String, limit: UInt64) throws(HTTPFailure) -> HTTPReply {
    let number = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard number >= 0 else { throw .file("cannot make \(path): \(String(cString: strerror(errno)))") }
    let body: HTTPClient.Body? = request.body.isEmpty ? nil : .bytes(request.body)
    do {
      return try checked(perform(request, body: body, collector: Collector(file: OpenFile(number), limit: limit, keepsErrors: false)))
    } catch {
      unlink(path)
      throw error
    }
  }

  /// Streams a file, or the part of it that `range` says, as the body; the reply must be 2xx. The file is never in memory as a whole.
  package func upload(_ request: HTTPRequest, from path: String, range: Range<Int64>? = nil) throws(HTTPFailure) -> HTTPReply {
    let number = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    guard number >= 0 else { throw .file("cannot read \(path): \(String(cString: strerror(errno)))") }
    let file = OpenFile(number)
    var status = stat()
    guard fstat(number, &status) == 0 else { throw .file("cannot read \(path): \(String(cString: strerror(errno)))") }
    let range = range ?? 0..<Int64(status.st_size)
    let body = HTTPClient.Body.stream(contentLength: Int64(range.count)) { writer in
      let loop = MultiThreadedEventLoopGroup.currentEventLoop ?? MultiThreadedEventLoopGroup.singleton.any()
      let upload = FileUpload(file: file, end: range.upperBound, writer: writer, done: loop.makePromise())
      upload.send(from: range.lowerBound)
      return upload.done.futureResult
    }
    return try checked(perform(request, body: body, collector: Collector(file: nil, limit: 1 << 20, keepsErrors: false)))
  }

  private func checked(_ reply: HTTPReply) throws(HTTPFailure) -> HTTPReply {
    guard !(200..<300).contains(reply.status) else { return reply }
    let text = String(decoding: reply.body.prefix(Collector.keptOfError), as: UTF8.self)
    throw .status(reply.status, text.split(whereSeparator: \.isWhitespace).joined(separator: " "))
  }

  private func perform(_ request: HTTPRequest, body: HTTPClient.Body?, collector: Collector) throws(HTTPFailure) -> HTTPReply {
    // The client would also reach into Unix sockets (`http+unix:`), which no manifest may name.
    let scheme = request.url.prefix(8).lowercased()
    guard scheme.hasPrefix("http://") || scheme.hasPrefix("https://") else {
      throw .invalid("the URL must begin with http:// or https://")
    }
    let built: HTTPClient.Request
    do {
      let tls = request.tls == HTTPTLS() ? nil : try Self.configuration(request.tls)
      var headers = HTTPHeaders()
      for header in request.headers { headers.add(name: header.name, value: header.value) }
      built = try HTTPClient.Request(
        url: request.url, method: HTTPMethod(rawValue: request.method), headers: headers, body: body, tlsConfiguration: tls)
    } catch {
      throw .invalid(Self.reason(error))
    }
    do {
      let deadline = NIODeadline.now() + .milliseconds(request.limit.milliseconds)
      let client = client(followsRedirects: request.followsRedirects)
      return try client.execute(request: built, delegate: collector, deadline: deadline).futureResult.wait()
    } catch let failure as HTTPFailure {
      throw failure
    } catch {
      throw .transport(Self.reason(error))
    }
  }

  static func configuration(_ tls: HTTPTLS) throws -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    if tls.skipsVerification { configuration.certificateVerification = .none }
    if let authorities = tls.authorities { configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(authorities)) }
    if let certificate = tls.certificate {
      configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(certificate).map { .certificate($0) }
    }
    if let key = tls.key { configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem)) }
    return configuration
  }

  static func reason(_ error: any Error) -> String {
    if let error = error as? HTTPClientError { return error.description }
    if let error = error as? NIOConnectionError { return "cannot connect to \(error.host):\(error.port)" }
    return "\(error)"
  }
}
