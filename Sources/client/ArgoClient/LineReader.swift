/// Takes a stream of bytes apart into lines.
struct LineReader: Sendable {
  private var rest: [UInt8] = []
  private let limit: Int

  /// - Parameter limit: bytes of one line at most.
  init(limit: Int) { self.limit = limit }

  /// The lines that are whole now, without their line breaks; a nil chunk is the end, which makes what is left a line. Nil: a line is too long.
  mutating func append(_ chunk: [UInt8]?) -> [[UInt8]]? {
    guard let chunk else {
      defer { rest = [] }
      return rest.isEmpty ? [] : [trimmed(rest[...])]
    }
    var lines: [[UInt8]] = []
    var start = chunk.startIndex
    while let end = chunk[start...].firstIndex(of: 0x0A) {
      guard rest.count + end - start <= limit else { return nil }
      if rest.isEmpty {
        lines.append(trimmed(chunk[start..<end]))
      } else {
        rest += chunk[start..<end]
        lines.append(trimmed(rest[...]))
        rest.removeAll(keepingCapacity: true)
      }
      start = end + 1
    }
    rest += chunk[start...]
    return rest.count <= limit ? lines : nil
  }

  private func trimmed(_ line: ArraySlice<UInt8>) -> [UInt8] { Array(line.last == 0x0D ? line.dropLast() : line) }
}
