/// An integer of any length, for what jq's integers become when they leave 64 bits.
struct BigInteger: Sendable, Hashable {
  /// The longest magnitude, in limbs of 32 bits; operations that would pass it give nil.
  static let maximumLimbs = 4096

  var isNegative: Bool
  /// Little-endian without leading zero limbs; empty for zero.
  private(set) var limbs: [UInt32]

  init(isNegative: Bool, limbs: [UInt32]) {
    var limbs = limbs
    while limbs.last == 0 { limbs.removeLast() }
    self.limbs = limbs
    self.isNegative = isNegative && !limbs.isEmpty
  }

  init(_ value: Int64) {
    let magnitude = value.magnitude
    self.init(isNegative: value < 0, limbs: [UInt32(truncatingIfNeeded: magnitude), UInt32(truncatingIfNeeded: magnitude >> 32)])
  }

  /// Reads decimal digits with an optional sign; nil when the text is something else or too long.
  init?(_ text: String) {
    var digits = Array(text.utf8)[...]
    let isNegative = digits.first == UInt8(ascii: "-")
    if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
    guard !digits.isEmpty, digits.count <= 9 * Self.maximumLimbs, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    var limbs: [UInt32] = []
    for digit in digits {
      var carry = UInt64(digit - 0x30)
      for index in limbs.indices {
        let product = UInt64(limbs[index]) * 10 + carry
        limbs[index] = UInt32(truncatingIfNeeded: product)
        carry = product >> 32
      }
      if carry > 0 { limbs.append(UInt32(carry)) }
    }
    self.init(isNegative: isNegative, limbs: limbs)
  }

  var isZero: Bool { limbs.isEmpty }
  var negated: BigInteger { BigInteger(isNegative: !isNegative, limbs: limbs) }
  var magnitude: BigInteger { BigInteger(isNegative: false, limbs: limbs) }

  /// The same value as a machine integer, when it fits.
  var int64: Int64? {
    guard limbs.count <= 2 else { return nil }
    var value: UInt64 = 0
    for (index, limb) in limbs.enumerated() { value |= UInt64(limb) << (32 * UInt64(index)) }
    if isNegative { return value <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- value) : nil }
    return Int64(exactly: value)
  }

  /// The nearest floating-point number; infinite out of its range.
  var double: Double { int64.map { Double($0) } ?? Double(description) ?? (isNegative ? -.infinity : .infinity) }

  static func compare(_ left: BigInteger, _ right: BigInteger) -> Int {
    if left.isNegative != right.isNegative { return left.isNegative ? -1 : 1 }
    let order = compareMagnitudes(left.limbs, right.limbs)
    return left.isNegative ? -order : order
  }

  private static func compareMagnitudes(_ left: [UInt32], _ right: [UInt32]) -> Int {
    if left.count != right.count { return left.count < right.count ? -1 : 1 }
    for index in left.indices.reversed() where left[index] != right[index] { return left[index] < right[index] ? -1 : 1 }
    return 0
  }

  static func sum(_ left: BigInteger, _ right: BigInteger) -> BigInteger {
    if left.isNegative == right.isNegative {
      return BigInteger(isNegative: left.isNegative, limbs: add(left.limbs, right.limbs))
    }
    let order = compareMagnitudes(left.limbs, right.limbs)
    if order == 0 { return BigInteger(isNegative: false, limbs: []) }
    return order > 0
      ? BigInteger(isNegative: left.isNegative, limbs: subtract(left.limbs, right.limbs))
      : BigInteger(isNegative: right.isNegative, limbs: subtract(right.limbs, left.limbs))
  }

  private static func add(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
    var result: [UInt32] = []
    var carry: UInt64 = 0
    for index in 0..<max(left.count, right.count) {
      let sum = carry + UInt64(index < left.count ? left[index] : 0) + UInt64(index < right.count ? right[index] : 0)
      result.append(UInt32(truncatingIfNeeded: sum))
      carry = sum >> 32
    }
    if carry > 0 { result.append(UInt32(carry)) }
    return result
  }

  /// The difference of two magnitudes, of which the first is not the smaller.
  private static func subtract(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
    var result: [UInt32] = []
    var borrow: Int64 = 0
    for index in left.indices {
      var difference = Int64(left[index]) - borrow - Int64(index < right.count ? right[index] : 0)
      borrow = difference < 0 ? 1 : 0
      if difference < 0 { difference += 1 << 32 }
      result.append(UInt32(truncatingIfNeeded: difference))
    }
    return result
  }

  /// The product; nil when it would be too long.
  static func product(_ left: BigInteger, _ right: BigInteger) -> BigInteger? {
    guard left.limbs.count + right.limbs.count <= maximumLimbs else { return nil }
    var result = [UInt32](repeating: 0, count: left.limbs.count + right.limbs.count)
    for (offset, limb) in left.limbs.enumerated() {
      var carry: UInt64 = 0
      for (index, other) in right.limbs.enumerated() {
        let sum = UInt64(limb) * UInt64(other) + UInt64(result[offset + index]) + carry
        result[offset + index] = UInt32(truncatingIfNeeded: sum)
        carry = sum >> 32
      }
      result[offset + right.limbs.count] = UInt32(carry)
    }
    return BigInteger(isNegative: left.isNegative != right.isNegative, limbs: result)
  }

  /// Quotient towards zero and remainder with the sign of the dividend; nil when dividing by zero.
  static func divided(_ left: BigInteger, _ right: BigInteger) -> (quotient: BigInteger, remainder: BigInteger)? {
    guard !right.isZero else { return nil }
    var quotient = [UInt32](repeating: 0, count: left.limbs.count)
    var remainder: [UInt32] = []
    for index in left.limbs.indices.reversed() {
      for bit in (0..<32).reversed() {
        remainder = shifted(remainder, adding: left.limbs[index] >> UInt32(bit) & 1)
        if compareMagnitudes(remainder, right.limbs) >= 0 {
          remainder = BigInteger(isNegative: false, limbs: subtract(remainder, right.limbs)).limbs
          quotient[index] |= 1 << UInt32(bit)
        }
      }
    }
    return (
      BigInteger(isNegative: left.isNegative != right.isNegative, limbs: quotient),
      BigInteger(isNegative: left.isNegative, limbs: remainder)
    )
  }

  private static func shifted(_ limbs: [UInt32], adding bit: UInt32) -> [UInt32] {
    var result = limbs
    var carry = bit
    for index in result.indices {
      let next = result[index] >> 31
      result[index] = result[index] << 1 | carry
      carry = next
    }
    if carry > 0 { result.append(carry) }
    return result
  }
}

extension BigInteger: CustomStringConvertible {
  var description: String {
    if limbs.isEmpty { return "0" }
    var rest = limbs
    var groups: [UInt32] = []
    while !rest.isEmpty {
      var remainder: UInt64 = 0
      for index in rest.indices.reversed() {
        let value = remainder << 32 | UInt64(rest[index])
        rest[index] = UInt32(value / 1_000_000_000)
        remainder = value % 1_000_000_000
      }
      groups.append(UInt32(remainder))
      while rest.last == 0 { rest.removeLast() }
    }
    var text = isNegative ? "-" : ""
    text += groups.last.map { String($0) } ?? "0"
    for group in groups.dropLast().reversed() {
      let digits = String(group)
      text += String(repeating: "0", count: 9 - digits.utf8.count) + digits
    }
    return text
  }
}
