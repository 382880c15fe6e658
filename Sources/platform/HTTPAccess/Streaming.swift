import AsyncHTTPClient
import Basics
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A file descriptor, closed with its last user: a write on a pool thread may outlast the call that asked for it.
final class OpenFile: Sendable {
  let number: Int32
  init(_ number: Int32) { self.number = number }
  deinit { close(number) }

  static func failure(_ what: String) -> HTTPFailure { .file("\(what): \(String(cString: strerror(errno)))") }

  func write(_ buffer: ByteBuffer) throws {
    try buffer.withUnsafeReadableBytes { bytes in
      var rest = bytes
      while !rest.isEmpty {
        let count = Glibc.write(number, rest.baseAddress, rest.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { throw Self.failure("cannot write what was received") }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
    }
  }

  func read(from offset: Int64, count: Int) throws -> ByteBuffer {
    var buffer = ByteBuffer()
    try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
      while true {
        let got = pread(number, bytes.baseAddress, min(count, bytes.count), off_t(offset))
        if got < 0 && errno == EINTR { continue }
        guard got >= 0 else { throw Self.failure("cannot read what is sent") }
        return got
      }
    }
    return buffer
  }
}

/// Takes a reply apart: a body of 2xx to the file if there is one, else to memory. Disk work is done on NIO's thread pool; the server is not
/// read from until it is done.
final class Collector: HTTPClientResponseDelegate {
  static let keptOfError = 1024

  private struct State {
    var reply = HTTPReply(status: 0, headers: [], body: [])
    var received: UInt64 = 0
  }

  private let file: OpenFile?
  private let limit: UInt64
  /// Whether the body of a reply that is not 2xx is wanted whole.
  private let keepsErrors: Bool
  private let state = Mutex(State())

  init(file: OpenFile?, limit: UInt64, keepsErrors: Bool) {
    self.file = file
    self.limit = limit
    self.keepsErrors = keepsErrors
  }

  func didReceiveHead(task: HTTPClient.Task<HTTPReply>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
    state.withLock { state in
      state = State()
      state.reply.status = Int(head.status.code)
      state.reply.headers = head.headers.map { ($0.name, $0.value) }
    }
    return task.eventLoop.makeSucceededVoidFuture()
  }

  func didReceiveBodyPart(task: HTTPClient.Task<HTTPReply>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
    let (good, received) = state.withLock { state in
      state.received += UInt64(buffer.readableBytes)
      let good = (200..<300).contains(state.reply.status)
      if good && file == nil || !good && keepsErrors {
        if state.received <= limit { state.reply.body.append(contentsOf: buffer.readableBytesView) }
      } else if !good && state.reply.body.count < Self.keptOfError {
        state.reply.body.append(contentsOf: buffer.readableBytesView.prefix(Self.keptOfError - state.reply.body.count))
      }
      return (good, state.received)
    }
    guard received <= limit else { return task.eventLoop.makeFailedFuture(HTTPFailure.tooLarge(limit)) }
    guard good, let file else { return task.eventLoop.makeSucceededVoidFuture() }
    return NIOThreadPool.singleton.runIfActive(eventLoop: task.eventLoop) { try file.write(buffer) }
  }

  func didFinishRequest(task: HTTPClient.Task<HTTPReply>) throws -> HTTPReply {
    state.withLock { $0.reply }
  }
}

/// Sends a file piece by piece; the next piece is read when the one before is on its way.
struct FileUpload: Sendable {
  private static let piece = 512 * 1024

  let file: OpenFile
  /// Where the part that is sent ends.
  let end: Int64
  let writer: HTTPClient.Body.StreamWriter
  let done: EventLoopPromise<Void>

  func send(from offset: Int64) {
    guard offset < end else {
      done.succeed(())
      return
    }
    let count = Int(min(Int64(Self.piece), end - offset))
    let read = NIOThreadPool.singleton.runIfActive(eventLoop: done.futureResult.eventLoop) {
      try file.read(from: offset, count: count)
    }
    read.whenComplete { result in
      switch result {
      case .failure(let error): done.fail(error)
      case .success(let buffer) where buffer.readableBytes == 0:
        done.fail(HTTPFailure.file("a file became shorter while it was sent"))
      case .success(let buffer):
        let next = offset + Int64(buffer.readableBytes)
        writer.write(.byteBuffer(buffer)).whenComplete { result in
          switch result {
          case .failure(let error): done.fail(error)
          case .success: send(from: next)
          }
        }
      }
    }
  }
}
