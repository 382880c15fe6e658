/// Why bytes are no frames of SPDY.
struct SPDYError: Error, Sendable, Hashable { var message: String }

/// Unpacks the one zlib stream (RFC 1950, 1951) that all header blocks of a SPDY connection are parts of. Each part ends at a whole byte, between two blocks.
struct Inflater: Sendable {
  /// What was unpacked last, which later parts refer to; at the start the dictionary.
  private var window = SPDYDictionary.bytes
  private var hasBegun = false
  private static let windowSize = 32_768

  /// Unpacks one part. Throws when it is damaged, or larger than `limit`.
  mutating func inflate(_ part: [UInt8], limit: Int) throws(SPDYError) -> [UInt8] {
    var bits = BitReader(part)
    if !hasBegun {
      try begin(&bits)
      hasBegun = true
    }
    let start = window.count
    var output = window
    while bits.hasMore {
      let isLast = try bits.take(1) == 1
      switch try bits.take(2) {
      case 0: try stored(&bits, &output)
      case 1: try coded(&bits, &output, .fixedLiterals, .fixedDistances, limit: start + limit)
      case 2:
        let (literals, distances) = try Self.codes(&bits)
        try coded(&bits, &output, literals, distances, limit: start + limit)
      default: throw SPDYError(message: "a header block has an unknown form")
      }
      guard output.count <= start + limit else { throw SPDYError(message: "a header block is too large") }
      if isLast { break }
    }
    window = Array(output.suffix(Self.windowSize))
    return Array(output[start...])
  }

  private func begin(_ bits: inout BitReader) throws(SPDYError) {
    let method = try bits.take(8)
    let flags = try bits.take(8)
    guard method & 0x0F == 8, (method << 8 | flags) % 31 == 0, flags & 0x20 != 0 else {
      throw SPDYError(message: "the headers are not packed by zlib with a dictionary")
    }
    var checksum: UInt32 = 0
    for _ in 0..<4 { checksum = checksum << 8 | UInt32(try bits.take(8)) }
    guard checksum == SPDYDictionary.checksum else { throw SPDYError(message: "the headers are packed with another dictionary") }
  }

  private func stored(_ bits: inout BitReader, _ output: inout [UInt8]) throws(SPDYError) {
    bits.align()
    let count = try bits.take(16)
    guard try bits.take(16) == ~count & 0xFFFF else { throw SPDYError(message: "a header block is damaged") }
    output += try bits.bytes(count)
  }

  private static let lengthBases = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
  ]
  private static let lengthBits = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
  private static let distanceBases = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12_289, 16_385,
    24_577,
  ]
  private static let distanceBits = [
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
  ]
  private static let codeOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

  private func coded(
    _ bits: inout BitReader, _ output: inout [UInt8], _ literals: HuffmanCode, _ distances: HuffmanCode, limit: Int
  ) throws(SPDYError) {
    while true {
      let symbol = try literals.symbol(&bits)
      if symbol < 256 {
        output.append(UInt8(symbol))
      } else if symbol == 256 {
        return
      } else {
        guard symbol - 257 < Self.lengthBases.count else { throw SPDYError(message: "a header block is damaged") }
        let length = Self.lengthBases[symbol - 257] + (try bits.take(Self.lengthBits[symbol - 257]))
        let code = try distances.symbol(&bits)
        guard code < Self.distanceBases.count else { throw SPDYError(message: "a header block is damaged") }
        let distance = Self.distanceBases[code] + (try bits.take(Self.distanceBits[code]))
        guard distance <= output.count else { throw SPDYError(message: "a header block refers to nothing") }
        for _ in 0..<length { output.append(output[output.count - distance]) }
      }
      guard output.count <= limit else { throw SPDYError(message: "a header block is too large") }
    }
  }

  private static func codes(_ bits: inout BitReader) throws(SPDYError) -> (HuffmanCode, HuffmanCode) {
    let literalCount = try bits.take(5) + 257
    let distanceCount = try bits.take(5) + 1
    let lengthCount = try bits.take(4) + 4
    var lengthLengths = [Int](repeating: 0, count: 19)
    for index in 0..<lengthCount { lengthLengths[codeOrder[index]] = try bits.take(3) }
    let lengthCode = try HuffmanCode(lengthLengths)
    var lengths: [Int] = []
    while lengths.count < literalCount + distanceCount {
      let symbol = try lengthCode.symbol(&bits)
      switch symbol {
      case 0..<16: lengths.append(symbol)
      case 16:
        guard let last = lengths.last else { throw SPDYError(message: "a header block is damaged") }
        lengths += Array(repeating: last, count: try bits.take(2) + 3)
      case 17: lengths += Array(repeating: 0, count: try bits.take(3) + 3)
      default: lengths += Array(repeating: 0, count: try bits.take(7) + 11)
      }
    }
    guard lengths.count == literalCount + distanceCount else { throw SPDYError(message: "a header block is damaged") }
    return (try HuffmanCode(Array(lengths[..<literalCount])), try HuffmanCode(Array(lengths[literalCount...])))
  }
}

/// Bits of bytes, the lowest first.
struct BitReader {
  private let source: [UInt8]
  private var position = 0
  private var held: UInt32 = 0
  private var count = 0

  init(_ source: [UInt8]) { self.source = source }

  /// Whole bytes are left.
  var hasMore: Bool { position < source.count || count >= 8 }

  mutating func take(_ wanted: Int) throws(SPDYError) -> Int {
    while count < wanted {
      guard position < source.count else { throw SPDYError(message: "a header block is cut off") }
      held |= UInt32(source[position]) << UInt32(count)
      position += 1
      count += 8
    }
    let result = held & ((1 << UInt32(wanted)) - 1)
    held >>= UInt32(wanted)
    count -= wanted
    return Int(result)
  }

  /// Goes to the next whole byte.
  mutating func align() {
    let rest = count % 8
    held >>= UInt32(rest)
    count -= rest
  }

  mutating func bytes(_ wanted: Int) throws(SPDYError) -> [UInt8] {
    var result: [UInt8] = []
    for _ in 0..<wanted { result.append(UInt8(try take(8))) }
    return result
  }
}

/// A prefix code given by the lengths of its symbols' codes.
struct HuffmanCode: Sendable {
  /// How many codes have each length.
  private var counts = [Int](repeating: 0, count: 16)
  /// The symbols in the order of their codes.
  private var symbols: [Int] = []

  /// Throws when there are more codes than there is room for.
  init(_ lengths: [Int]) throws(SPDYError) {
    for length in lengths where length > 0 { counts[length] += 1 }
    var room = 1
    for length in 1..<16 {
      room = room * 2 - counts[length]
      guard room >= 0 else { throw SPDYError(message: "a header block has an impossible code") }
      for (symbol, own) in lengths.enumerated() where own == length { symbols.append(symbol) }
    }
  }

  private init(fixed lengths: [Int]) {
    for length in lengths { counts[length] += 1 }
    for length in 1..<16 { for (symbol, own) in lengths.enumerated() where own == length { symbols.append(symbol) } }
  }

  static let fixedLiterals = HuffmanCode(
    fixed: Array(repeating: 8, count: 144) + Array(repeating: 9, count: 112) + Array(repeating: 7, count: 24)
      + Array(repeating: 8, count: 8))
  static let fixedDistances = HuffmanCode(fixed: Array(repeating: 5, count: 30))

  func symbol(_ bits: inout BitReader) throws(SPDYError) -> Int {
    var code = 0
    var first = 0
    var index = 0
    for length in 1..<16 {
      code |= try bits.take(1)
      let count = counts[length]
      if code - first < count { return symbols[index + code - first] }
      index += count
      first = (first + count) << 1
      code <<= 1
    }
    throw SPDYError(message: "a header block has an unknown code")
  }
}
