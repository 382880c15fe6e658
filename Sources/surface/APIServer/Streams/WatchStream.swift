internal import Contracts
internal import KubeModel
import NIOCore
import Synchronization

/// What a watch has told and its client has not been sent yet. What is told before the stream begins (the objects that are there) is kept as text; later
/// the number of events is bounded: a client that is too slow is cut off.
final class WatchFeed: Sendable {
  /// What comes next: text first, then events.
  struct Portion: Sendable {
    var text = ByteBuffer()
    var signals: [WatchSignal] = []
    var isEmpty: Bool { text.readableBytes == 0 && signals.isEmpty }
  }

  private struct State: Sendable {
    var waiting = Portion()
    /// An event was put into text: the next one is not the first.
    var hasEvent = false
    var isLive = false
    var isOver = false
    var reader: CheckedContinuation<Portion?, Never>?
  }
  private let state = Mutex(State())
  private let limit: Int
  private let printer: ResourcePrinter

  init(limit: Int, printer: ResourcePrinter) {
    self.limit = limit
    self.printer = printer
  }

  /// Never blocks.
  func push(_ signals: [WatchSignal]) {
    guard !signals.isEmpty else { return }
    let wake: (reader: CheckedContinuation<Portion?, Never>, portion: Portion)? = state.withLock { state in
      guard !state.isOver else { return nil }
      guard state.isLive else {
        for signal in signals {
          EventEncodings.write(signal, printer, isFirst: !state.hasEvent, to: &state.waiting.text)
          if case .event = signal { state.hasEvent = true }
          if case .failed = signal { state.isOver = true }
        }
        return nil
      }
      if state.waiting.signals.count > limit {
        // What waits is let go: the client begins anew from its last revision, or from a list.
        state.waiting.signals = [
          .failed(KubeStatus(.expired, "too slow: the events that wait for this watch are too many; list and watch again"))
        ]
        state.isOver = true
      } else {
        state.waiting.signals += signals
      }
      guard let reader = state.reader else { return nil }
      state.reader = nil
      defer { state.waiting = Portion() }
      return (reader, state.waiting)
    }
    if let wake { wake.reader.resume(returning: wake.portion) }
  }

  /// What was told until now was the beginning. True: an event was in it.
  func goLive() -> Bool {
    state.withLock { state in
      state.isLive = true
      return state.hasEvent
    }
  }

  /// All that waits; waits for it. Nil: the watch is over.
  func next() async -> Portion? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let ready: Portion?? = state.withLock { state in
          if !state.waiting.isEmpty {
            defer { state.waiting = Portion() }
            return .some(state.waiting)
          }
          if state.isOver { return .some(nil) }
          state.reader = continuation
          return nil
        }
        if let ready { continuation.resume(returning: ready) }
      }
    } onCancel: {
      finish()
    }
  }

  /// Nothing more comes; what waits is still told.
  func finish() {
    let reader = state.withLock { state in
      state.isOver = true
      defer { state.reader = nil }
      return state.reader
    }
    reader?.resume(returning: nil)
  }
}

/// Does something when nobody holds it any more: what a stream needs is let go also when the stream never ran.
final class Lease: Sendable {
  private let release: @Sendable () -> Void
  init(_ release: @escaping @Sendable () -> Void) { self.release = release }
  deinit { release() }
}

/// Sends a watch's events to one client.
struct WatchStream: Sendable {
  let feed: WatchFeed
  /// Ends the watch.
  let lease: Lease
  let printer: ResourcePrinter
  /// No event was told before the stream began.
  let isFresh: Bool
  let stop: StopSignal
  /// How long it lasts.
  let seconds: Int64
  let ticket: StreamTicket
  /// Bytes that are sent at once, and must have left before the next ones.
  private static let piece = 1 << 18

  func run(_ writer: StreamWriter) async throws {
    let feed = feed
    let number = stop.observe { feed.finish() }
    let seconds = seconds
    let timer = Task {
      try await Task.sleep(for: .seconds(seconds))
      feed.finish()
    }
    defer {
      timer.cancel()
      stop.forget(number)
    }
    var isFirst = isFresh
    while let portion = await feed.next() {
      var text = portion.text
      while let piece = text.readSlice(length: min(text.readableBytes, Self.piece)), piece.readableBytes > 0 {
        try await writer.write(piece)
      }
      var buffer = ByteBuffer()
      var isOver = false
      for signal in portion.signals {
        EventEncodings.write(signal, printer, isFirst: isFirst, to: &buffer)
        if case .event = signal { isFirst = false }
        if case .failed = signal { isOver = true }
        if buffer.readableBytes > Self.piece {
          try await writer.write(buffer)
          buffer.clear()
        }
      }
      if buffer.readableBytes > 0 { try await writer.write(buffer) }
      if isOver || Task.isCancelled { return }
    }
  }
}
