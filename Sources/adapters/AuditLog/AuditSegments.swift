import Basics
import Glibc

/// The files of an audit log: `audit-<number of the first record>.jsonl`, so that their names sort as their records do.
package struct AuditSegments: Sendable {
  package let directory: String
  package init(_ directory: String) { self.directory = directory }

  /// The name of the directory in a data directory.
  package static let directoryName = "audit"

  private static let prefix = "audit-"
  private static let suffix = ".jsonl"
  private static let digits = 12

  struct Segment: Sendable, Hashable {
    var path: String
    /// The number of its first record.
    var first: Int64
  }

  func path(first: Int64) -> String {
    let text = String(first)
    return "\(directory)/\(Self.prefix)\(String(repeating: "0", count: max(0, Self.digits - text.utf8.count)))\(text)\(Self.suffix)"
  }

  /// In the order of their records.
  var all: [Segment] {
    LocalFiles.names(in: directory).compactMap { name in
      guard name.hasPrefix(Self.prefix), name.hasSuffix(Self.suffix),
        let first = Int64(name.dropFirst(Self.prefix.count).dropLast(Self.suffix.count)),
        first > 0
      else { return nil }
      return Segment(path: directory + "/" + name, first: first)
    }.sorted { $0.first < $1.first }
  }
}

/// Reads the lines of a file that grows.
struct LineReader: ~Copyable {
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private var start = 0
  /// Longer lines are no records.
  private static let limit = 16 << 20

  /// Throws `FileError`.
  init(_ path: String) throws(FileError) {
    descriptor = LocalFiles.open(path, O_RDONLY)
    guard descriptor >= 0 else { throw FileError("open", path) }
  }

  deinit { close(descriptor) }

  /// The next whole line without its line break; nil where the file ends for now. Asked again later, it goes on there.
  mutating func next() -> ArraySlice<UInt8>? {
    var searched = start
    while true {
      if let end = buffer[searched...].firstIndex(of: 0x0A) {
        let line = buffer[start..<end]
        start = end + 1
        return line
      }
      if start > 0 {
        buffer.removeFirst(start)
        start = 0
      }
      searched = buffer.count
      guard buffer.count < Self.limit else { return nil }
      var chunk = [UInt8](repeating: 0, count: 1 << 16)
      let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return nil }
      buffer += chunk[..<count]
    }
  }

  /// Bytes behind the last line break, once ``next()`` gave nil.
  var remainder: Int { buffer.count - start }
}
