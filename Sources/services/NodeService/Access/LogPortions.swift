import Basics
import Contracts
import Glibc
import KubeModel
import Synchronization

/// Reads a container's log file in portions of whole lines.
final class LogPortions: LogCursor {
  private struct State: Sendable {
    var offset: Int
    /// Bytes that may still be handed out (`limitBytes`).
    var left: Int
    /// Of a line that is not complete: when it began, and what there is of it.
    var time: [UInt8] = []
    var partial: [UInt8] = []
  }

  private let descriptor: Int32
  /// Texts of times compare as times do; empty: from the start.
  private let since: [UInt8]
  private let stream: LogOptions.Stream?
  /// Where reading ends.
  private let limit: Int
  private let state: Mutex<State>
  /// The longest line that is kept together.
  private static let longestLine = 1 << 20
  /// The longest record that is looked for.
  private static let longestRecord = 64 << 20

  /// - Parameter descriptor: an open log file, which this closes.
  init(_ descriptor: Int32, _ options: LogOptions) {
    self.descriptor = descriptor
    since = LogReader.text(of: options.since)
    stream = options.stream
    let search = LogTailSearch(descriptor)
    let end = options.follows && options.tailLines == nil ? 0 : search.lastEnd()
    limit = options.follows ? .max : end
    state = Mutex(
      State(offset: options.tailLines.map { search.start(ofLast: $0, below: end) } ?? 0, left: options.limitBytes ?? .max))
  }

  deinit { close(descriptor) }

  func next(about bytes: Int) -> [LogLine] {
    state.withLock { state in
      var lines: [LogLine] = []
      var size = 0
      // A portion may be within one long record, or older than what is wanted.
      var room = max(4096, bytes)
      while lines.isEmpty, state.left > 0 {
        let chunk = read(state.offset, min(room, limit - state.offset))
        guard let end = chunk.lastIndex(of: 0x0A) else {
          guard chunk.count == room, room < Self.longestRecord else { break }
          room *= 2
          continue
        }
        state.offset += end + 1
        for record in chunk[...end].split(separator: 0x0A) {
          guard let entry = ContainerLogEntry(record) else { continue }
          take(entry, &state, &lines, &size)
        }
      }
      return lines
    }
  }

  func rest() -> [LogLine] {
    state.withLock { state in
      guard !state.partial.isEmpty else { return [] }
      let line = LogLine(time: state.time, text: state.partial)
      state.partial = []
      return [line]
    }
  }

  private func take(_ entry: ContainerLogEntry, _ state: inout State, _ lines: inout [LogLine], _ size: inout Int) {
    guard since.isEmpty || !entry.time.lexicographicallyPrecedes(since), state.left > 0 else { return }
    if let stream, stream != (entry.isError ? .error : .output) { return }
    if state.partial.isEmpty { state.time = Array(entry.time) }
    state.partial += entry.bytes
    guard !entry.isPartial || state.partial.count >= Self.longestLine else { return }
    if state.partial.count >= state.left { state.partial.removeLast(state.partial.count - state.left) }
    // As the original counts, with the line's end.
    state.left -= min(state.left, state.partial.count + 1)
    size += state.partial.count
    lines.append(LogLine(time: state.time, text: state.partial))
    state.partial = []
  }

  private func read(_ offset: Int, _ count: Int) -> [UInt8] {
    guard count > 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = 0
      while filled < count {
        let got = pread(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(offset + filled))
        if got < 0, errno == EINTR { continue }
        guard got > 0 else { return }
        filled += got
      }
    }
  }
}

extension NodeService: LogOpening {
  package func openLog(of pod: Resource, _ options: LogOptions) throws(KubeStatus) -> (any LogCursor)? {
    let path = try logPath(of: pod, container: try ContainerChoice(pod: pod).resolve(options.container), options)
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    return descriptor >= 0 ? LogPortions(descriptor, options) : nil
  }
}
