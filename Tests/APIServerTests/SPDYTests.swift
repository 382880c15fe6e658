import NIOCore
import ServerKit
import Testing

@testable import APIServer

@Suite struct SPDYTests {
  @Test("the dictionary is the draft's") func dictionary() {
    #expect(SPDYDictionary.bytes.count == 1423)
    #expect(SPDYDictionary.checksum == 0xE3C6_A7C2)
  }

  /// Two header blocks as zlib packs them with the dictionary (level 9, a flush behind each): `streamtype: error`, then `streamtype: stdin`.
  static let blocks: [[UInt8]] = [
    [120, 249, 227, 198, 167, 194, 2, 166, 35, 70, 112, 58, 43, 41, 74, 77, 204, 133, 22, 37, 172, 169, 160, 128, 6, 0, 0, 0, 255, 255],
    [194, 46, 85, 92, 2, 204, 46, 0, 0, 0, 0, 255, 255],
  ]

  @Test("headers that refer to the dictionary and to earlier ones are unpacked; damaged ones are refused") func headers() throws {
    var reader = SPDYFrameReader()
    var types: [String?] = []
    for (number, block) in Self.blocks.enumerated() {
      reader.append(Self.open(UInt32(2 * number + 1), block))
      guard case .open(let stream, let headers, _) = try reader.next() else { throw TestFailure(message: "no stream") }
      #expect(stream == UInt32(2 * number + 1))
      types.append(headers["streamtype"])
    }
    #expect(types == ["error", "stdin"])
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      var block = Self.blocks[0]
      block[Int.random(in: 0..<block.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
      var inflater = Inflater()
      _ = try? inflater.inflate(block, limit: 65_536)
    }
  }

  @Test("frames come whole, in pieces and several at once; too large ones are refused") func frames() throws {
    var reader = SPDYFrameReader()
    let data = SPDYFrameWriter.data(3, ByteBuffer(string: "hello"), isLast: true)
    for byte in data.readableBytesView.dropLast() {
      reader.append(ByteBuffer(bytes: [byte]))
      #expect(try reader.next() == nil)
    }
    reader.append(ByteBuffer(bytes: Array(data.readableBytesView.suffix(1)) + Array(SPDYFrameWriter.ping(7).readableBytesView)))
    guard case .data(3, let bytes, true) = try reader.next() else { throw TestFailure(message: "no data") }
    #expect(bytes == Array("hello".utf8))
    guard case .ping(7) = try reader.next() else { throw TestFailure(message: "no ping") }
    reader.append(ByteBuffer(bytes: [0x80, 3, 0, 1, 0, 0xFF, 0xFF, 0xFF]))
    #expect(throws: SPDYError.self) { _ = try reader.next() }
  }

  private static func open(_ stream: UInt32, _ block: [UInt8]) -> ByteBuffer {
    var frame = ByteBuffer()
    frame.writeInteger(0x8003_0001 as UInt32)
    frame.writeInteger(UInt32(10 + block.count))
    frame.writeInteger(stream)
    frame.writeBytes([0, 0, 0, 0, 0, 0])
    frame.writeBytes(block)
    return frame
  }
}
