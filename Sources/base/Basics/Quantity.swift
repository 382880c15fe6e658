/// An amount of a resource as Kubernetes writes it: `100m`, `1Gi`, `1.5`, `2e3`. Exact to a billionth; finer parts are rounded away from
/// zero, as Kubernetes does.
package struct Quantity: Sendable, Hashable, Comparable {
  /// Billionths of a unit.
  package let nanos: Int128

  /// Reads `[sign] digits [. digits] [suffix]` with a suffix of n, u, m, k, M, G, T, P, E, Ki … Ei, or an exponent; nil for anything else.
  package init?(_ text: String) {
    var rest = Array(text.utf8)[...]
    let isNegative = rest.first == UInt8(ascii: "-")
    if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
    var mantissa: Int128 = 0
    var exponent = 0
    var digits = 0
    var hasPoint = false
    while let byte = rest.first {
      if byte == UInt8(ascii: "."), !hasPoint {
        hasPoint = true
      } else if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
        digits += 1
        if mantissa < Self.largest {
          mantissa = mantissa * 10 + Int128(byte - UInt8(ascii: "0"))
          if hasPoint { exponent -= 1 }
        } else if !hasPoint {
          exponent += 1
        }
      } else {
        break
      }
      rest = rest.dropFirst()
    }
    guard digits > 0, let suffix = Self.suffix(String(decoding: rest, as: UTF8.self)) else { return nil }
    exponent += suffix.exponent + 9
    var (value, overflow) = mantissa.multipliedReportingOverflow(by: suffix.factor)
    var isInexact = false
    while exponent > 0, value != 0, !overflow {
      (value, overflow) = value.multipliedReportingOverflow(by: 10)
      exponent -= 1
    }
    while exponent < 0, value != 0 {
      isInexact = isInexact || value % 10 != 0
      value /= 10
      exponent += 1
    }
    if overflow || value > Self.largest { value = Self.largest }
    if isInexact { value += 1 }
    nanos = isNegative ? -value : value
  }

  /// Amounts saturate here: 2^63 units.
  private static let largest: Int128 = (1 << 63) * 1_000_000_000

  private static func suffix(_ text: String) -> (factor: Int128, exponent: Int)? {
    switch text {
    case "": return (1, 0)
    case "n": return (1, -9)
    case "u": return (1, -6)
    case "m": return (1, -3)
    case "k": return (1, 3)
    case "M": return (1, 6)
    case "G": return (1, 9)
    case "T": return (1, 12)
    case "P": return (1, 15)
    case "E": return (1, 18)
    case "Ki": return (1 << 10, 0)
    case "Mi": return (1 << 20, 0)
    case "Gi": return (1 << 30, 0)
    case "Ti": return (1 << 40, 0)
    case "Pi": return (1 << 50, 0)
    case "Ei": return (1 << 60, 0)
    default:
      guard text.first == "e" || text.first == "E", let exponent = Int(text.dropFirst()), abs(exponent) <= 1000 else { return nil }
      return (1, exponent)
    }
  }

  /// Whole units, rounded up as Kubernetes' `Value()`: bytes of memory, cores.
  package var value: Int64 { Self.scaled(nanos, 1_000_000_000) }
  /// Thousandths, rounded up as Kubernetes' `MilliValue()`: millicores.
  package var milliValue: Int64 { Self.scaled(nanos, 1_000_000) }
  package var double: Double { Double(nanos) / 1e9 }

  private static func scaled(_ nanos: Int128, _ divisor: Int128) -> Int64 {
    let quotient = nanos / divisor
    let remainder = nanos % divisor
    return Int64(clamping: remainder == 0 ? quotient : quotient + (remainder < 0 ? -1 : 1))
  }

  package static func < (left: Quantity, right: Quantity) -> Bool { left.nanos < right.nanos }
}
