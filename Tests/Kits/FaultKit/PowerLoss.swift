/// What a disk holds after a loss of power: of each file all that was synced, and of what was done since any part, by sectors. A sector that was written
/// several times may be as any of these writes left it; new parts of a file may hold anything until they are written.
package struct PowerLoss {
  private static let sector = 512
  private var safe: [String: [UInt8]] = [:]
  private var pending: [String: [DiskOperation]] = [:]

  /// A disk without files.
  package init() {}

  /// Does one thing more before the power fails.
  package mutating func apply(_ operation: DiskOperation) {
    switch operation {
    case .write(let file, _, _), .truncate(let file, _), .delete(let file): pending[file, default: []].append(operation)
    case .sync(let file):
      for operation in pending.removeValue(forKey: file) ?? [] { Self.write(operation, to: &safe[file]) }
    case .syncDirectory:
      for (file, operations) in pending {
        guard let last = operations.lastIndex(where: { if case .delete = $0 { true } else { false } }) else { continue }
        safe[file] = nil
        pending[file] = Array(operations[(last + 1)...])
      }
    }
  }

  /// The files that there are afterwards, with their contents.
  package func files(using generator: inout some RandomNumberGenerator) -> [String: [UInt8]] {
    var result = safe
    for (file, operations) in pending.sorted(by: { $0.key < $1.key }) {
      // Nothing, all, or anything between.
      let chance = [0, 20, 50, 80, 100].randomElement(using: &generator) ?? 50
      var reached: [Int: Int] = [:]
      writing: for (index, operation) in operations.enumerated() {
        guard case .write(_, let offset, let bytes) = operation else {
          let isDone = Int.random(in: 0..<100, using: &generator) < chance
          if isDone { Self.write(operation, to: &result[file]) }
          // Where the old file is still there, a new one has not got its name.
          if !isDone, case .delete = operation { break writing }
          continue
        }
        var start = offset
        let end = offset + bytes.count
        while start < end {
          let sector = start / Self.sector
          let stop = min(end, (sector + 1) * Self.sector)
          let last = reached[sector] ?? Self.reach(operations.count, chance, using: &generator)
          reached[sector] = last
          if index < last {
            let part = DiskOperation.write(file: file, offset: start, bytes: Array(bytes[(start - offset)..<(stop - offset)]))
            Self.write(part, to: &result[file], hole: UInt8.random(in: 0...1, using: &generator) * 0xA5)
          }
          start = stop
        }
      }
    }
    return result
  }

  /// How many of the last operations a sector has seen.
  private static func reach(_ count: Int, _ chance: Int, using generator: inout some RandomNumberGenerator) -> Int {
    if Int.random(in: 0..<100, using: &generator) < chance { return count }
    return Bool.random(using: &generator) ? 0 : Int.random(in: 0...count, using: &generator)
  }

  private static func write(_ operation: DiskOperation, to file: inout [UInt8]?, hole: UInt8 = 0) {
    switch operation {
    case .write(_, let offset, let bytes):
      var content = file.take() ?? []
      if content.count < offset + bytes.count {
        content.append(contentsOf: repeatElement(hole, count: offset + bytes.count - content.count))
      }
      content.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
      file = content
    case .truncate(_, let size):
      if let content = file, content.count > size { file = Array(content[..<size]) }
    case .delete: file = nil
    case .sync, .syncDirectory: break
    }
  }
}

/// Numbers that a seed determines (SplitMix64).
package struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64
  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}
