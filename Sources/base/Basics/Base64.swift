/// Base64 of RFC 4648 section 4 (standard alphabet, padded).
package enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  package static func encode(_ bytes: some Collection<UInt8>) -> String {
    var result: [UInt8] = []
    result.reserveCapacity((bytes.count + 2) / 3 * 4)
    var group: UInt32 = 0
    var count = 0
    func emit(_ shift: UInt32) -> UInt8 { alphabet[Int(group >> shift & 63)] }
    for byte in bytes {
      group = group << 8 | UInt32(byte)
      count += 1
      if count == 3 {
        result.append(contentsOf: [emit(18), emit(12), emit(6), emit(0)])
        group = 0
        count = 0
      }
    }
    let padding = UInt8(ascii: "=")
    if count == 1 {
      group <<= 16
      result.append(contentsOf: [emit(18), emit(12), padding, padding])
    } else if count == 2 {
      group <<= 8
      result.append(contentsOf: [emit(18), emit(12), emit(6), padding])
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// The bytes of a padded text; line breaks and spaces are skipped. Nil when it is no Base64.
  package static func decode(_ text: String) -> [UInt8]? {
    var result: [UInt8] = []
    result.reserveCapacity(text.utf8.count / 4 * 3)
    var group: UInt32 = 0
    var count = 0
    var padding = 0
    for byte in text.utf8 {
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = byte - UInt8(ascii: "A")
      case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = byte - UInt8(ascii: "a") + 26
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0") + 52
      case UInt8(ascii: "+"): digit = 62
      case UInt8(ascii: "/"): digit = 63
      case UInt8(ascii: "="):
        padding += 1
        continue
      case 0x0A, 0x0D, 0x20, 0x09: continue
      default: return nil
      }
      if padding > 0 { return nil }
      group = group << 6 | UInt32(digit)
      count += 1
      if count == 4 {
        result.append(contentsOf: [UInt8(group >> 16 & 255), UInt8(group >> 8 & 255), UInt8(group & 255)])
        group = 0
        count = 0
      }
    }
    switch (count, padding) {
    case (0, 0): return result
    case (2, 2): return result + [UInt8(group >> 4 & 255)]
    case (3, 1): return result + [UInt8(group >> 10 & 255), UInt8(group >> 2 & 255)]
    default: return nil
    }
  }
}
