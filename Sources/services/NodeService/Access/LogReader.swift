import Basics
import Contracts
import Glibc

/// Reads a container's log file piece by piece as `kubectl logs` shows it. Memory is bounded whatever its size.
struct LogReader {
  private let descriptor: Int32
  private let hasTimestamps: Bool
  /// Texts of times compare as times do; empty: from the start.
  private let since: [UInt8]
  private let sink: (ContainerLogEntry.Stream, [UInt8]) -> Bool
  private var offset: Int
  /// Where reading ends; without following that is what there was at the start.
  private let limit: Int
  private var left: Int
  /// The next record begins a line.
  private var isLineStart = true
  private var isFirstRecord = true
  private(set) var isOver = false
  private static let chunk = 256 << 10
  private static let piece = 64 << 10

  /// - Parameters:
  ///   - descriptor: an open log file, which stays open.
  ///   - sink: gets what is to be shown; false: no more is wanted.
  init(_ descriptor: Int32, _ options: LogOptions, sink: @escaping (ContainerLogEntry.Stream, [UInt8]) -> Bool) {
    self.descriptor = descriptor
    hasTimestamps = options.hasTimestamps
    since = Self.text(of: options.since)
    left = options.limitBytes ?? .max
    self.sink = sink
    let search = LogTailSearch(descriptor)
    let end = options.follows && options.tailLines == nil ? 0 : search.lastEnd()
    offset = options.tailLines.map { search.start(ofLast: $0, below: end) } ?? 0
    limit = options.follows ? .max : end
  }

  /// A time as log files have it; empty for none.
  static func text(of time: Instant?) -> [UInt8] { time.map { Array(($0.rfc3339Milliseconds.dropLast() + "000000Z").utf8) } ?? [] }

  /// The inode of the file: another one under the same name is another run's.
  var file: ino_t {
    var info = stat()
    return fstat(descriptor, &info) == 0 ? info.st_ino : 0
  }

  /// Hands on all that is there now.
  mutating func readAll() {
    var held: [UInt8] = []
    var output: [UInt8] = []
    var stream = ContainerLogEntry.Stream.output
    func flush() -> Bool {
      guard !output.isEmpty else { return true }
      defer { output.removeAll(keepingCapacity: true) }
      return sink(stream, output)
    }
    while !isOver {
      let room = min(Self.chunk, limit - offset)
      guard room > 0 else { break }
      var count = 0
      let piece = [UInt8](unsafeUninitializedCapacity: room) { buffer, filled in
        count = pread(descriptor, buffer.baseAddress, room, off_t(offset))
        filled = max(0, count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      if held.isEmpty { held = piece } else { held += piece }
      offset += count
      var next = 0
      while let end = held[next...].firstIndex(of: 0x0A), !isOver {
        if let entry = ContainerLogEntry(held[next..<end]), !since.isEmpty ? isWanted(entry) : true {
          if entry.stream != stream {
            if !flush() { isOver = true }
            stream = entry.stream
          }
          append(entry, to: &output)
          if output.count >= Self.piece, !flush() { isOver = true }
        }
        next = end + 1
      }
      held.removeFirst(next)
    }
    // Of a record that is being written the rest comes with the next call.
    offset -= held.count
    if !flush() { isOver = true }
  }

  private func isWanted(_ entry: ContainerLogEntry) -> Bool { !entry.time.lexicographicallyPrecedes(since) }

  private mutating func append(_ entry: ContainerLogEntry, to output: inout [UInt8]) {
    let before = output.count
    if isLineStart, hasTimestamps {
      output += entry.time
      output.append(0x20)
    }
    output += entry.bytes
    if !entry.isPartial { output.append(0x0A) }
    isLineStart = !entry.isPartial
    let added = output.count - before
    if added >= left {
      output.removeLast(added - left)
      isOver = true
    }
    left -= min(left, added)
  }
}

extension ContainerLogEntry {
  enum Stream: Sendable, Hashable { case output, error }
  var stream: Stream { isError ? .error : .output }
}
