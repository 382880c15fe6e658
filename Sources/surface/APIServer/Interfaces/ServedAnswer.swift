import Basics
internal import Contracts
import Glibc
internal import KubeModel
import NIOCore
import NIOHTTP1
import Synchronization

/// Answers of the interfaces beside Kubernetes'.
enum ServedAnswer {
  /// Calls the route's handler. Blocks.
  static func answer(_ request: AdmittedRequest, _ served: ServedMatch, _ core: ServerCore) throws(KubeStatus) -> APIAnswer {
    let head = request.head
    let reply = try served.route.handler(
      ServedRequest(
        id: head.id, method: head.method, path: head.target.path, parameters: served.parameters, query: head.target.query,
        fields: HeaderFields(head.headers), peer: head.peer, user: request.user, body: request.body, bodyFile: request.bodyFile?.path,
        authorizer: core.gate.authorizer))
    return try withExtendedLifetime(request.bodyFile) { () throws(KubeStatus) in try answer(reply, served.provider, request.user, core) }
  }

  /// The answer for a request that failed.
  static func failure(_ failure: KubeStatus, _ provider: any RouteProviding, path: String) -> APIAnswer {
    let reply = provider.reply(to: failure, path: path)
    var answer = APIAnswer(HTTPResponseStatus(statusCode: reply.status), headers: headers(reply, provider), body: .bytes(ByteBuffer()))
    if case .bytes(let bytes) = reply.body { answer.body = .bytes(ByteBuffer(bytes: bytes)) }
    answer.failure = failure
    if let seconds = failure.details?.retryAfterSeconds, seconds > 0, !answer.headers.contains(name: "retry-after") {
      answer.headers.add(name: "retry-after", value: String(seconds))
    }
    return answer
  }

  private static func headers(_ reply: ServedReply, _ provider: any RouteProviding) -> HTTPHeaders {
    var headers = HTTPHeaders()
    for (name, value) in reply.headers + provider.headers where isSafe(name) && isSafe(value) { headers.add(name: name, value: value) }
    return headers
  }

  /// What would end a header line is not sent, whatever a handler took it from.
  private static func isSafe(_ text: String) -> Bool { !text.utf8.contains { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F } }

  private static func answer(
    _ reply: ServedReply, _ provider: any RouteProviding, _ user: UserInfo, _ core: ServerCore
  ) throws(KubeStatus) -> APIAnswer {
    var answer = APIAnswer(
      HTTPResponseStatus(statusCode: reply.status), headers: headers(reply, provider), body: .bytes(ByteBuffer()))
    answer.failure = reply.failure
    answer.user = reply.user
    answer.objectName = reply.objectName
    switch reply.body {
    case .bytes(let bytes): answer.body = .bytes(ByteBuffer(bytes: bytes))
    case .file(let path, let range, let isTemporary):
      let file = try SentFile(path, range, isTemporary: isTemporary)
      answer.length = file.length
      answer.body = .stream { writer in
        while let piece = try await core.pool.run({ () throws(KubeStatus) in try file.next() }) { try await writer.write(piece) }
      }
    case .stream(let keepAlive, let begin):
      let ticket = try core.streams.enter(user)
      guard core.streamThreads.wrappingAdd(1, ordering: .relaxed).newValue <= core.settings.maximumStreamThreads else {
        core.streamThreads.wrappingSubtract(1, ordering: .relaxed)
        throw .tooManyRequests("too many streams are open, please try again later")
      }
      // Held until the stream's end: most streams keep their thread that long.
      let place = Lease { core.streamThreads.wrappingSubtract(1, ordering: .relaxed) }
      answer.body = .stream { writer in
        try await send(writer, keepAlive: keepAlive, begin: begin, place: place, core)
        withExtendedLifetime(ticket) {}
      }
    }
    return answer
  }

  private static func send(
    _ writer: StreamWriter, keepAlive: [UInt8]?, begin: @escaping @Sendable (any ReplySink) -> (any WatchHandle)?, place: Lease,
    _ core: ServerCore
  ) async throws {
    let feed = ByteFeed()
    let handle = StreamHandle()
    startThread(name: "api stream") {
      let watch = begin(feed)
      if let watch { handle.set(watch) }
      _ = place
    }
    let number = core.stop.observe { feed.finish() }
    let timer = keepAlive.map { bytes in
      Task {
        while feed.offer(bytes) { try await Task.sleep(for: .seconds(15)) }
      }
    }
    defer {
      timer?.cancel()
      core.stop.forget(number)
      feed.abandon()
      handle.cancel()
    }
    while let bytes = await feed.next() { try await writer.write(bytes) }
  }
}

/// Cancels a watch, also one that becomes known only after that was wished.
private final class StreamHandle: Sendable {
  private struct State: Sendable { var handle: (any WatchHandle)?, isCancelled = false }
  private let state = Mutex(State())

  func set(_ handle: any WatchHandle) {
    let isLate = state.withLock { state in
      guard !state.isCancelled else { return true }
      state.handle = handle
      return false
    }
    if isLate { handle.cancel() }
  }

  func cancel() {
    let handle = state.withLock { state in
      state.isCancelled = true
      defer { state.handle = nil }
      return state.handle
    }
    handle?.cancel()
  }
}

/// A file on its way to a client.
private final class SentFile: Sendable {
  let length: Int64
  private let descriptor: Int32
  private let rest: Mutex<Range<Int64>>
  private static let piece: Int64 = 1 << 17

  init(_ path: String, _ range: Range<Int64>?, isTemporary: Bool) throws(KubeStatus) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { throw KubeStatus(.internalError, "\(FileError("open", path))") }
    if isTemporary { unlink(path) }
    var information = stat()
    guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw KubeStatus(.internalError, "what is to be sent is no regular file")
    }
    let all = 0..<Int64(information.st_size)
    let sent = range?.clamped(to: all) ?? all
    self.descriptor = descriptor
    length = Int64(sent.count)
    rest = Mutex(sent)
  }

  deinit { close(descriptor) }

  /// The next piece; nil at the end. Throws when the file is shorter than it was.
  func next() throws(KubeStatus) -> ByteBuffer? {
    let piece = rest.withLock { rest in
      let piece = rest.lowerBound..<min(rest.upperBound, rest.lowerBound + Self.piece)
      rest = piece.upperBound..<rest.upperBound
      return piece
    }
    guard !piece.isEmpty else { return nil }
    var buffer = ByteBufferAllocator().buffer(capacity: piece.count)
    var offset = piece.lowerBound
    while offset < piece.upperBound {
      let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Int(piece.upperBound - offset)) { bytes in
        max(0, pread(descriptor, bytes.baseAddress, Int(piece.upperBound - offset), off_t(offset)))
      }
      guard count > 0 else { throw KubeStatus(.internalError, "the file became shorter while it was sent") }
      offset += Int64(count)
    }
    return buffer
  }
}
