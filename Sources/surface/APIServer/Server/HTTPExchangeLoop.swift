import Basics
internal import Contracts
internal import KubeModel
import NIOCore
import NIOHTTP1

/// Reads the requests of one connection and sends their answers, one after the other.
struct HTTPExchangeLoop: Sendable {
  let core: ServerCore
  let connection: Connection
  let certificate: [UInt8]?

  private typealias Iterator = NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator
  private typealias Outbound = NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>

  func run(_ channel: APIChannel.HTTP) async throws {
    try await channel.executeThenClose { inbound, outbound in
      var iterator = inbound.makeAsyncIterator()
      while case .head(let head) = try await iterator.next(isolation: #isolation) {
        guard try await exchange(head, &iterator, outbound) else { break }
        if core.isStopping { break }
        connection.expect(within: core.settings.idleSeconds, isIdle: true)
      }
    }
  }

  /// Answers one request. False: the connection is not to be used for another.
  private func exchange(_ head: HTTPRequestHead, _ iterator: inout Iterator, _ outbound: Outbound) async throws -> Bool {
    connection.expectNothing()
    let begun = SystemClock.monotonicNanoseconds()
    var call = core.begin(head, connection: connection, certificate: certificate)
    let hasBody =
      head.headers.contains(name: "transfer-encoding") || (head.headers.first(name: "content-length").map { $0 != "0" } ?? false)
    var isBodyRead = false
    var answer: APIAnswer
    do throws(KubeStatus) {
      if hasBody {
        // Nobody's body is read before it is known that he may send one.
        try await core.admit(&call)
        let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        let keeping = call.served?.route.body ?? .memory()
        let limit = keeping.limit ?? core.settings.maximumBody
        guard length <= limit else { throw Self.tooLarge(limit) }
        if head.headers[canonicalForm: "expect"].contains(where: { $0.lowercased() == "100-continue" }) {
          try? await outbound.write(.head(HTTPResponseHead(version: .http1_1, status: .continue)))
        }
        connection.expect(within: core.settings.bodySeconds + Int64(limit >> 18))
        if case .file = keeping {
          let file = try await readFile(&iterator, limit: limit)
          call.request?.bodyFile = file
        } else {
          let body = try await read(&iterator, expected: length, limit: limit)
          call.request?.body = body
        }
        isBodyRead = true
        connection.expectNothing()
      }
      answer = try await core.answer(&call)
    } catch {
      answer = core.failure(error, call)
    }
    if hasBody && !isBodyRead { answer.closes = true }
    // After a request for another protocol the parser takes no more.
    if !head.isKeepAlive || head.headers.contains(name: "upgrade") || core.isStopping { answer.closes = true }
    core.audit(call, answer)
    let sent = await send(answer, to: head, call, outbound)
    core.end(call, answer, bytes: sent.bytes, nanoseconds: SystemClock.monotonicNanoseconds() - begun)
    if let problem = sent.problem { throw problem }
    guard !answer.closes else {
      if hasBody && !isBodyRead { try await drain(&iterator) }
      return false
    }
    if !hasBody {
      guard case .end = try await iterator.next(isolation: #isolation) else { return false }
    }
    return true
  }

  static func tooLarge(_ limit: Int) -> KubeStatus {
    KubeStatus(.requestEntityTooLarge, "Request entity too large: limit is \(limit)")
  }

  private func read(_ iterator: inout Iterator, expected: Int, limit: Int) async throws(KubeStatus) -> [UInt8] {
    var body: [UInt8] = []
    body.reserveCapacity(min(expected, core.settings.maximumBody))
    while true {
      let part: HTTPServerRequestPart?
      do { part = try await iterator.next(isolation: #isolation) } catch {
        throw KubeStatus(.badRequest, "the request's body ended too early")
      }
      switch part {
      case .body(let buffer):
        guard body.count + buffer.readableBytes <= limit else { throw Self.tooLarge(limit) }
        body.append(contentsOf: buffer.readableBytesView)
      case .end: return body
      case .head, nil: throw KubeStatus(.badRequest, "the request's body ended too early")
      }
    }
  }

  /// Puts the body into a file.
  private func readFile(_ iterator: inout Iterator, limit: Int) async throws(KubeStatus) -> BodyFile {
    let directory = core.settings.uploadDirectory
    let file = try await core.pool.run { () throws(KubeStatus) in try BodyFile(in: directory) }
    var count = 0
    while true {
      let part: HTTPServerRequestPart?
      do { part = try await iterator.next(isolation: #isolation) } catch {
        throw KubeStatus(.badRequest, "the request's body ended too early")
      }
      switch part {
      case .body(let buffer):
        count += buffer.readableBytes
        guard count <= limit else { throw Self.tooLarge(limit) }
        try await core.pool.run { () throws(KubeStatus) in try file.append(buffer) }
      case .end: return file
      case .head, nil: throw KubeStatus(.badRequest, "the request's body ended too early")
      }
    }
  }

  /// Takes some of a body that nobody wants, so that its sender gets to read the answer before the connection is reset.
  private func drain(_ iterator: inout Iterator) async throws {
    connection.expect(within: 5)
    var rest = 1 << 20
    while rest > 0, case .body(let buffer) = try await iterator.next(isolation: #isolation) { rest -= buffer.readableBytes }
  }

  private func send(
    _ answer: APIAnswer, to request: HTTPRequestHead, _ call: APICall, _ outbound: Outbound
  ) async -> (bytes: Int, problem: (any Error)?) {
    var head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: answer.headers)
    head.headers.add(name: "audit-id", value: call.id)
    if !head.headers.contains(name: "cache-control") { head.headers.add(name: "cache-control", value: "no-cache, private") }
    head.headers.add(name: "x-content-type-options", value: "nosniff")
    head.headers.add(name: "date", value: HTTPDate.now())
    if answer.closes {
      head.headers.add(name: "connection", value: "close")
    } else if request.version == .http1_0 {
      // Such a client waits for the end of the connection unless it is told that there will be none.
      head.headers.add(name: "connection", value: "keep-alive")
    }
    do {
      switch answer.body {
      case .bytes(let bytes):
        let length = bytes.readableBytes
        // A client may take its time for what is large.
        connection.expect(within: core.settings.stallSeconds + Int64(length >> 16))
        head.headers.add(name: "content-length", value: String(length))
        if request.method == .HEAD || length == 0 {
          try await outbound.write(contentsOf: [.head(head), .end(nil)])
        } else {
          try await outbound.write(contentsOf: [.head(head), .body(.byteBuffer(bytes)), .end(nil)])
        }
        return (length, nil)
      case .stream(let body):
        if let length = answer.length {
          head.headers.add(name: "content-length", value: String(length))
        } else if request.version == .http1_1 {
          head.headers.add(name: "transfer-encoding", value: "chunked")
        }
        try await outbound.write(.head(head))
        if request.method != .HEAD {
          let writer = StreamWriter(outbound: outbound, connection: connection, stallSeconds: core.settings.stallSeconds)
          try await StreamRace.run(body, writer, until: connection.channel.closeFuture)
        }
        try await outbound.write(.end(nil))
        return (0, nil)
      }
    } catch {
      return (0, error)
    }
  }
}

/// Runs the body of a stream until it returns or the client is gone.
enum StreamRace {
  static func run(
    _ body: @escaping @Sendable (StreamWriter) async throws -> Void, _ writer: StreamWriter, until closed: EventLoopFuture<Void>
  ) async throws {
    let task = Task { try await body(writer) }
    closed.whenComplete { _ in task.cancel() }
    try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }
}
