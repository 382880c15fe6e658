/// Why bytes are no message.
struct ProtobufError: Error, Sendable, Hashable { var message: String }

/// Reads the fields of one message in Protocol Buffers' wire format, one after the other.
struct ProtobufReader {
  enum Value {
    case number(UInt64)
    case bytes(ArraySlice<UInt8>)
  }

  private let bytes: ArraySlice<UInt8>
  private var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  /// The next field; nil at the end.
  mutating func next() throws(ProtobufError) -> (number: Int, value: Value)? {
    guard position < bytes.endIndex else { return nil }
    let tag = try varint()
    let number = Int(truncatingIfNeeded: tag >> 3)
    guard number > 0, tag >> 3 < 1 << 29 else { throw ProtobufError(message: "a field has no number") }
    switch tag & 7 {
    case 0: return (number, .number(try varint()))
    case 1: return (number, .number(try fixed(8)))
    case 2:
      let length = try varint()
      guard length <= UInt64(bytes.endIndex - position) else { throw ProtobufError(message: "a field is longer than its message") }
      let end = position + Int(length)
      defer { position = end }
      return (number, .bytes(bytes[position..<end]))
    case 5: return (number, .number(try fixed(4)))
    default: throw ProtobufError(message: "a field has an unknown wire type")
    }
  }

  private mutating func varint() throws(ProtobufError) -> UInt64 {
    var result: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard position < bytes.endIndex else { throw ProtobufError(message: "a number is cut off") }
      let byte = bytes[position]
      position += 1
      if shift < 64 { result |= UInt64(byte & 0x7F) << shift }
      if byte & 0x80 == 0 { return result }
    }
    throw ProtobufError(message: "a number is too long")
  }

  private mutating func fixed(_ count: Int) throws(ProtobufError) -> UInt64 {
    guard bytes.endIndex - position >= count else { throw ProtobufError(message: "a number is cut off") }
    var result: UInt64 = 0
    for index in 0..<count { result |= UInt64(bytes[position + index]) << UInt64(8 * index) }
    position += count
    return result
  }
}
