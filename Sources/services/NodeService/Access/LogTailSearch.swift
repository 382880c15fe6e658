import Contracts
import Glibc

/// Finds where the last lines of a log file begin, from its end: memory and time go with what is wanted, not with the file.
struct LogTailSearch {
  private let descriptor: Int32
  private static let chunk = 256 << 10
  /// The longest record that is looked for.
  private static let longest = 64 << 20

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// The offset of the first record of the last `lines` lines below `end`, which is the end of a record. A line may be several records; one
  /// that is not complete counts.
  func start(ofLast lines: Int, below end: Int) -> Int {
    guard lines > 0, end > 0 else { return lines > 0 ? 0 : end }
    var left = lines
    var upper = end
    var size = Self.chunk
    var isLastRecord = true
    while upper > 0 {
      let lower = max(0, upper - size)
      let bytes = read(lower, upper - lower)
      // Records that lie in the chunk as a whole.
      var first = 0
      if lower > 0 {
        guard let newline = bytes.dropLast().firstIndex(of: 0x0A) else {
          if size >= Self.longest { return upper }
          size *= 2
          continue
        }
        first = newline + 1
      }
      var recordEnd = bytes.count
      while recordEnd > first {
        let body = recordEnd - 1
        let start = (bytes[first..<body].lastIndex(of: 0x0A) ?? first - 1) + 1
        let isPartial = ContainerLogEntry(bytes[start..<body])?.isPartial ?? false
        // The end of a line is the beginning of the one before, seen from behind.
        if !isPartial || isLastRecord {
          if left == 0 { return lower + recordEnd }
          left -= 1
        }
        isLastRecord = false
        recordEnd = start
      }
      upper = lower + first
      size = Self.chunk
    }
    return 0
  }

  /// The end of the last whole record.
  func lastEnd() -> Int {
    var upper = Int(lseek(descriptor, 0, SEEK_END))
    while upper > 0 {
      let lower = max(0, upper - Self.chunk)
      if let newline = read(lower, upper - lower).lastIndex(of: 0x0A) { return lower + newline + 1 }
      upper = lower
    }
    return 0
  }

  private func read(_ offset: Int, _ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let got = pread(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(offset + filled))
        if got < 0, errno == EINTR { continue }
        guard got > 0 else { return }
        filled += got
      }
    }
  }
}
