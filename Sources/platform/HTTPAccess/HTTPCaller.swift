import AsyncHTTPClient
import Basics
import Contracts
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Calls HTTP servers on the event loops of NIO, any number at once: what waits costs a connection and no thread.
package final class HTTPCaller: HTTPCalling {
  private let lazyClient = Mutex<HTTPClient?>(nil)
  private let userAgent: String

  /// Costs nothing until the first call.
  /// - Parameter userAgent: sent where a call has no `User-Agent`, which some servers insist on.
  package init(userAgent: String = "argosy") { self.userAgent = userAgent }

  deinit { lazyClient.withLock { $0 }?.shutdown { _ in } }

  private var client: HTTPClient {
    lazyClient.withLock { held in
      if let held { return held }
      var configuration = HTTPClient.Configuration()
      // Redirects are followed here, by Go's rules.
      configuration.redirectConfiguration = .disallow
      configuration.timeout = HTTPClient.Configuration.Timeout(connect: .seconds(30))
      configuration.httpVersion = .http1Only
      configuration.connectionPool.retryConnectionEstablishment = false
      // Calls to one server do not queue up behind each other; whoever calls has a limit of his own.
      configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 4096
      // A connection that the server closes while it lies idle would fail the next call.
      configuration.maximumUsesPerConnection = 1
      let made = HTTPClient(eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: configuration)
      held = made
      return made
    }
  }

  package func start(
    _ call: HTTPCall, completion: @escaping @Sendable (Result<HTTPCallReply, HTTPCallFailure>) -> Void
  ) -> any HTTPCallHandle {
    let exchange = Exchange(call: call, client: client, completion: completion)
    do throws(HTTPCallFailure) {
      exchange.send(try Hop(call, userAgent: userAgent))
    } catch {
      completion(.failure(error))
    }
    return exchange
  }
}

/// One call with its redirects.
private final class Exchange: HTTPCallHandle {
  private struct State: Sendable {
    var task: HTTPClient.Task<HTTPCallReply>?
    var isCancelled = false
  }

  private let call: HTTPCall
  private let client: HTTPClient
  private let deadline: NIODeadline?
  private let completion: @Sendable (Result<HTTPCallReply, HTTPCallFailure>) -> Void
  private let state = Mutex(State())

  init(call: HTTPCall, client: HTTPClient, completion: @escaping @Sendable (Result<HTTPCallReply, HTTPCallFailure>) -> Void) {
    self.call = call
    self.client = client
    self.completion = completion
    deadline = call.timeout.map { NIODeadline.now() + .milliseconds($0.milliseconds) }
  }

  func cancel() {
    let task = state.withLock { state in
      state.isCancelled = true
      return state.task
    }
    task?.cancel()
  }

  func send(_ hop: Hop) {
    let collector = ReplyCollector(limit: call.bodyLimit)
    let task: HTTPClient.Task<HTTPCallReply>
    do {
      var tls: TLSConfiguration?
      if call.skipsVerification {
        tls = .makeClientConfiguration()
        tls?.certificateVerification = .none
      }
      let request = try HTTPClient.Request(
        url: hop.address.text, method: HTTPMethod(rawValue: hop.method), headers: hop.headers,
        body: hop.body.isEmpty ? nil : .bytes(hop.body), tlsConfiguration: tls)
      task = client.execute(request: request, delegate: collector, deadline: deadline)
    } catch {
      completion(.failure(hop.failure(error, hasHead: false)))
      return
    }
    let isCancelled = state.withLock { state in
      state.task = task
      return state.isCancelled
    }
    if isCancelled { task.cancel() }
    task.futureResult.whenComplete { [self] result in
      switch result {
      case .failure(let error): completion(.failure(hop.failure(error, hasHead: collector.hasHead)))
      case .success(let reply):
        do throws(HTTPCallFailure) {
          if let next = try hop.next(after: reply) { send(next) } else { completion(.success(reply)) }
        } catch {
          completion(.failure(error))
        }
      }
    }
  }
}

/// Takes a reply into memory, up to a limit.
private final class ReplyCollector: HTTPClientResponseDelegate {
  private let limit: Int
  private let reply = Mutex<HTTPCallReply?>(nil)

  init(limit: Int) { self.limit = limit }

  var hasHead: Bool { reply.withLock { $0 != nil } }

  func didReceiveHead(task: HTTPClient.Task<HTTPCallReply>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
    reply.withLock { reply in
      reply = HTTPCallReply(
        status: Int(head.status.code), reason: head.status.reasonPhrase, headers: head.headers.map { ($0.name, $0.value) })
    }
    return task.eventLoop.makeSucceededVoidFuture()
  }

  func didReceiveBodyPart(task: HTTPClient.Task<HTTPCallReply>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
    let fits = reply.withLock { reply in
      guard (reply?.body.count ?? 0) + buffer.readableBytes <= limit else { return false }
      reply?.body.append(contentsOf: buffer.readableBytesView)
      return true
    }
    return fits ? task.eventLoop.makeSucceededVoidFuture() : task.eventLoop.makeFailedFuture(HTTPCallFailure.tooLarge(limit))
  }

  func didFinishRequest(task: HTTPClient.Task<HTTPCallReply>) throws -> HTTPCallReply {
    reply.withLock { $0 } ?? HTTPCallReply(status: 0)
  }
}
