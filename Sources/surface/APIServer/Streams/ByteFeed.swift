import Basics
internal import Contracts
import NIOCore
import Synchronization

/// Bytes from a thread to one who sends them on: the thread waits while too much lies here.
final class ByteFeed: ReplySink {
  private struct State: Sendable {
    var waiting = ByteBuffer()
    var isOver = false
    var isGone = false
    var reader: CheckedContinuation<ByteBuffer?, Never>?
  }
  private let state = Mutex(State())
  /// Tells the thread that there is room.
  private let room = Mailbox<Void>()
  private let limit: Int

  init(limit: Int = 1 << 20) { self.limit = limit }

  /// Blocks while the reader is behind. False: the reader is gone.
  func push(_ bytes: [UInt8]) -> Bool {
    while true {
      let (isTaken, reader, buffer, isGone) = state.withLock {
        state -> (Bool, CheckedContinuation<ByteBuffer?, Never>?, ByteBuffer, Bool) in
        if state.isGone { return (true, nil, ByteBuffer(), true) }
        if bytes.isEmpty { return (true, nil, ByteBuffer(), false) }
        guard state.waiting.readableBytes < limit else { return (false, nil, ByteBuffer(), false) }
        state.waiting.writeBytes(bytes)
        guard let reader = state.reader else { return (true, nil, ByteBuffer(), false) }
        state.reader = nil
        defer { state.waiting = ByteBuffer() }
        return (true, reader, state.waiting, false)
      }
      reader?.resume(returning: buffer)
      if isTaken { return !isGone }
      _ = room.takeAll()
    }
  }

  /// Never blocks. False: the reader is gone, or is now: it was too far behind.
  func offer(_ bytes: [UInt8]) -> Bool {
    let (reader, buffer, isOver, isTooSlow) = state.withLock {
      state -> (CheckedContinuation<ByteBuffer?, Never>?, ByteBuffer, Bool, Bool) in
      if state.isOver { return (nil, ByteBuffer(), true, false) }
      if bytes.isEmpty { return (nil, ByteBuffer(), false, false) }
      guard state.waiting.readableBytes < limit * 16 else { return (nil, ByteBuffer(), true, true) }
      state.waiting.writeBytes(bytes)
      guard let reader = state.reader else { return (nil, ByteBuffer(), false, false) }
      state.reader = nil
      defer { state.waiting = ByteBuffer() }
      return (reader, state.waiting, false, false)
    }
    reader?.resume(returning: buffer)
    if isTooSlow { abandon() }
    return !isOver
  }

  /// The thread says no more.
  func finish() {
    let reader = state.withLock { state in
      state.isOver = true
      defer { state.reader = nil }
      return state.reader
    }
    reader?.resume(returning: nil)
  }

  /// The reader is gone.
  func abandon() {
    let reader = state.withLock { state in
      state.isGone = true
      state.isOver = true
      state.waiting = ByteBuffer()
      defer { state.reader = nil }
      return state.reader
    }
    reader?.resume(returning: nil)
    room.close()
  }

  /// What has come; waits for it. Nil at the end.
  func next() async -> ByteBuffer? {
    let buffer = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let ready: ByteBuffer?? = state.withLock { state in
          if state.waiting.readableBytes > 0 {
            defer { state.waiting = ByteBuffer() }
            return .some(state.waiting)
          }
          if state.isOver { return .some(nil) }
          state.reader = continuation
          return nil
        }
        if let ready { continuation.resume(returning: ready) }
      }
    } onCancel: {
      abandon()
    }
    room.post(())
    return buffer
  }
}
