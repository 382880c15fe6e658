import NIOCore

/// A frame of SPDY 3.1 that a client sends.
enum SPDYFrame {
  case open(stream: UInt32, headers: [String: String], isLast: Bool)
  case data(stream: UInt32, bytes: [UInt8], isLast: Bool)
  case reset(stream: UInt32)
  case ping(id: UInt32)
  case goAway
  /// Of no meaning here: settings, window sizes.
  case other
}

/// Takes frames out of bytes.
struct SPDYFrameReader {
  private var buffer = ByteBuffer()
  private var inflater = Inflater()
  private static let maximumData = 1 << 24
  private static let maximumControl = 1 << 16

  mutating func append(_ bytes: ByteBuffer) {
    var bytes = bytes
    buffer.discardReadBytes()
    buffer.writeBuffer(&bytes)
  }

  /// The next whole frame; nil: more bytes are needed.
  mutating func next() throws(SPDYError) -> SPDYFrame? {
    let start = buffer.readerIndex
    guard let first = buffer.getInteger(at: start, as: UInt32.self), let second = buffer.getInteger(at: start + 4, as: UInt32.self) else {
      return nil
    }
    let isControl = first & 0x8000_0000 != 0
    let length = Int(second & 0xFF_FFFF)
    guard length <= (isControl ? Self.maximumControl : Self.maximumData) else { throw SPDYError(message: "a frame is too large") }
    guard buffer.readableBytes >= 8 + length, let payload = buffer.getBytes(at: start + 8, length: length) else { return nil }
    buffer.moveReaderIndex(forwardBy: 8 + length)
    let isLast = second >> 24 & 1 == 1
    guard isControl else { return .data(stream: first, bytes: payload, isLast: isLast) }
    guard first >> 16 & 0x7FFF == 3 else { throw SPDYError(message: "a frame is of another version") }
    switch first & 0xFFFF {
    case 1:
      guard payload.count >= 10 else { throw SPDYError(message: "a frame is too short") }
      return .open(stream: Self.number(payload, 0), headers: try headers(Array(payload[10...])), isLast: isLast)
    case 3:
      guard payload.count >= 4 else { throw SPDYError(message: "a frame is too short") }
      return .reset(stream: Self.number(payload, 0))
    case 6:
      guard payload.count >= 4 else { throw SPDYError(message: "a frame is too short") }
      return .ping(id: Self.number(payload, 0))
    case 7: return .goAway
    case 8:
      // Further headers say nothing here, but later ones refer back to them.
      guard payload.count >= 4 else { throw SPDYError(message: "a frame is too short") }
      _ = try headers(Array(payload[4...]))
      return .other
    default: return .other
    }
  }

  private static func number(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
    bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
  }

  private mutating func headers(_ block: [UInt8]) throws(SPDYError) -> [String: String] {
    let bytes = try inflater.inflate(block, limit: 65_536)
    var position = 0
    func number() throws(SPDYError) -> Int {
      guard position + 4 <= bytes.count else { throw SPDYError(message: "a header block is cut off") }
      defer { position += 4 }
      return Int(Self.number(bytes, position))
    }
    func text() throws(SPDYError) -> String {
      let count = try number()
      guard count <= bytes.count - position else { throw SPDYError(message: "a header block is cut off") }
      defer { position += count }
      return String(decoding: bytes[position..<position + count], as: UTF8.self)
    }
    var result: [String: String] = [:]
    for _ in 0..<(try number()) {
      let name = try text()
      result[name.lowercased()] = try text()
    }
    return result
  }
}

/// Writes the frames that this server sends.
struct SPDYFrameWriter {
  private var hasBegun = false

  /// Accepts a stream, without headers: their block is a stored one of the zlib stream of this direction.
  mutating func reply(to stream: UInt32) -> ByteBuffer {
    var block = ByteBuffer()
    if !hasBegun {
      hasBegun = true
      // Deflate with a window of 32 KiB and a dictionary.
      block.writeBytes([0x78, 0xBB])
      block.writeInteger(SPDYDictionary.checksum)
    }
    // Not the last block, stored, four bytes: no headers. Then an empty one, at which readers hand on what they have.
    block.writeBytes([0x00, 0x04, 0x00, 0xFB, 0xFF, 0, 0, 0, 0, 0x00, 0x00, 0x00, 0xFF, 0xFF])
    return Self.control(2, [stream], block)
  }

  static func ping(_ id: UInt32) -> ByteBuffer { control(6, [id], ByteBuffer()) }

  static func data(_ stream: UInt32, _ bytes: ByteBuffer, isLast: Bool) -> ByteBuffer {
    var frame = ByteBuffer()
    frame.writeInteger(stream)
    frame.writeInteger(UInt32(isLast ? 1 : 0) << 24 | UInt32(bytes.readableBytes))
    frame.writeImmutableBuffer(bytes)
    return frame
  }

  private static func control(_ type: UInt32, _ numbers: [UInt32], _ rest: ByteBuffer) -> ByteBuffer {
    var frame = ByteBuffer()
    frame.writeInteger(0x8003_0000 | type)
    frame.writeInteger(UInt32(numbers.count * 4 + rest.readableBytes))
    for number in numbers { frame.writeInteger(number) }
    frame.writeImmutableBuffer(rest)
    return frame
  }
}
