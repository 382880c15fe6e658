/// Digests for templates (RFC 1321, FIPS 180-4, RFC 1950); not meant for security decisions.
enum Digest {
  static func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  static func adler32(_ bytes: [UInt8]) -> UInt32 {
    var low: UInt32 = 1
    var high: UInt32 = 0
    for byte in bytes {
      low = (low + UInt32(byte)) % 65521
      high = (high + low) % 65521
    }
    return high << 16 | low
  }

  /// The message with its bit, zeros and length.
  private static func padded(_ bytes: [UInt8], block: Int, isBigEndian: Bool) -> [UInt8] {
    var message = bytes + [0x80]
    let lengthSize = block / 8
    while message.count % block != block - lengthSize { message.append(0) }
    let bits = UInt64(bytes.count) &* 8
    message += Array(repeating: 0, count: lengthSize - 8)
    for shift in 0..<8 { message.append(UInt8(truncatingIfNeeded: bits >> UInt64(8 * (isBigEndian ? 7 - shift : shift)))) }
    return message
  }

  private static func word32(_ bytes: [UInt8], _ at: Int) -> UInt32 {
    UInt32(bytes[at]) << 24 | UInt32(bytes[at + 1]) << 16 | UInt32(bytes[at + 2]) << 8 | UInt32(bytes[at + 3])
  }

  private static func bytes(_ words: [UInt32]) -> [UInt8] { words.flatMap { word in [24, 16, 8, 0].map { UInt8(word >> $0 & 0xFF) } } }

  private static func rotate(_ value: UInt32, _ count: UInt32) -> UInt32 { value << count | value >> (32 - count) }

  static func sha1(_ input: [UInt8]) -> [UInt8] {
    var hash: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
    let message = padded(input, block: 64, isBigEndian: true)
    for start in stride(from: 0, to: message.count, by: 64) {
      var words = (0..<16).map { word32(message, start + $0 * 4) }
      for index in 16..<80 { words.append(rotate(words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16], 1)) }
      var (a, b, c, d, e) = (hash[0], hash[1], hash[2], hash[3], hash[4])
      for index in 0..<80 {
        let (mixed, constant): (UInt32, UInt32) =
          switch index {
          case ..<20: (b & c | ~b & d, 0x5A82_7999)
          case ..<40: (b ^ c ^ d, 0x6ED9_EBA1)
          case ..<60: (b & c | b & d | c & d, 0x8F1B_BCDC)
          default: (b ^ c ^ d, 0xCA62_C1D6)
          }
        let next = rotate(a, 5) &+ mixed &+ e &+ constant &+ words[index]
        (e, d, c, b, a) = (d, c, rotate(b, 30), a, next)
      }
      for (index, value) in [a, b, c, d, e].enumerated() { hash[index] = hash[index] &+ value }
    }
    return bytes(hash)
  }

  static func md5(_ input: [UInt8]) -> [UInt8] {
    let shifts: [[UInt32]] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]]
    var hash: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476]
    let message = padded(input, block: 64, isBigEndian: false)
    for start in stride(from: 0, to: message.count, by: 64) {
      let words = (0..<16).map { word32(message, start + $0 * 4).byteSwapped }
      var (a, b, c, d) = (hash[0], hash[1], hash[2], hash[3])
      for index in 0..<64 {
        let (mixed, position): (UInt32, Int) =
          switch index / 16 {
          case 0: (b & c | ~b & d, index)
          case 1: (d & b | ~d & c, (5 * index + 1) % 16)
          case 2: (b ^ c ^ d, (3 * index + 5) % 16)
          default: (c ^ (b | ~d), 7 * index % 16)
          }
        let sum = a &+ mixed &+ DigestConstants.md5[index] &+ words[position]
        (a, d, c, b) = (d, c, b, b &+ rotate(sum, shifts[index / 16][index % 4]))
      }
      for (index, value) in [a, b, c, d].enumerated() { hash[index] = hash[index] &+ value }
    }
    return bytes(hash.map(\.byteSwapped))
  }

  static func sha256(_ input: [UInt8]) -> [UInt8] {
    var hash: [UInt32] = [
      0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19,
    ]
    let message = padded(input, block: 64, isBigEndian: true)
    for start in stride(from: 0, to: message.count, by: 64) {
      var words = (0..<16).map { word32(message, start + $0 * 4) }
      for index in 16..<64 {
        let (low, high) = (words[index - 15], words[index - 2])
        let first = rotate(low, 25) ^ rotate(low, 14) ^ low >> 3
        let second = rotate(high, 15) ^ rotate(high, 13) ^ high >> 10
        words.append(words[index - 16] &+ first &+ words[index - 7] &+ second)
      }
      var v = hash
      for index in 0..<64 {
        let big = rotate(v[4], 26) ^ rotate(v[4], 21) ^ rotate(v[4], 7)
        let choice = v[4] & v[5] ^ ~v[4] & v[6]
        let constant = UInt32(truncatingIfNeeded: DigestConstants.sha512[index] >> 32)
        let one = v[7] &+ big &+ choice &+ constant &+ words[index]
        let small = rotate(v[0], 30) ^ rotate(v[0], 19) ^ rotate(v[0], 10)
        let two = small &+ (v[0] & v[1] ^ v[0] & v[2] ^ v[1] & v[2])
        v = [one &+ two, v[0], v[1], v[2], v[3] &+ one, v[4], v[5], v[6]]
      }
      for index in 0..<8 { hash[index] = hash[index] &+ v[index] }
    }
    return bytes(hash)
  }

  static func sha512(_ input: [UInt8]) -> [UInt8] {
    func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 { value >> count | value << (64 - count) }
    var hash: [UInt64] = [
      0x6A09_E667_F3BC_C908, 0xBB67_AE85_84CA_A73B, 0x3C6E_F372_FE94_F82B, 0xA54F_F53A_5F1D_36F1, 0x510E_527F_ADE6_82D1,
      0x9B05_688C_2B3E_6C1F, 0x1F83_D9AB_FB41_BD6B, 0x5BE0_CD19_137E_2179,
    ]
    let message = padded(input, block: 128, isBigEndian: true)
    for start in stride(from: 0, to: message.count, by: 128) {
      var words: [UInt64] = (0..<16).map { UInt64(word32(message, start + $0 * 8)) << 32 | UInt64(word32(message, start + $0 * 8 + 4)) }
      for index in 16..<80 {
        let (low, high) = (words[index - 15], words[index - 2])
        let first = rotate(low, 1) ^ rotate(low, 8) ^ low >> 7
        let second = rotate(high, 19) ^ rotate(high, 61) ^ high >> 6
        words.append(words[index - 16] &+ first &+ words[index - 7] &+ second)
      }
      var v = hash
      for index in 0..<80 {
        let big = rotate(v[4], 14) ^ rotate(v[4], 18) ^ rotate(v[4], 41)
        let choice = v[4] & v[5] ^ ~v[4] & v[6]
        let one = v[7] &+ big &+ choice &+ DigestConstants.sha512[index] &+ words[index]
        let small = rotate(v[0], 28) ^ rotate(v[0], 34) ^ rotate(v[0], 39)
        let two = small &+ (v[0] & v[1] ^ v[0] & v[2] ^ v[1] & v[2])
        v = [one &+ two, v[0], v[1], v[2], v[3] &+ one, v[4], v[5], v[6]]
      }
      for index in 0..<8 { hash[index] = hash[index] &+ v[index] }
    }
    return hash.flatMap { bytes([UInt32(truncatingIfNeeded: $0 >> 32), UInt32(truncatingIfNeeded: $0)]) }
  }
}
