/// A length of time in nanoseconds, read and written as Go's `time.Duration`: `1h30m`, `1.5s`, `-2ms`.
package struct GoDuration: Sendable, Hashable, Comparable {
  package var nanoseconds: Int64
  package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// Whole milliseconds, rounded towards negative infinity.
  package var timeSpan: TimeSpan { TimeSpan(milliseconds: nanoseconds.floorDivided(by: 1_000_000)) }
  package static func < (left: GoDuration, right: GoDuration) -> Bool { left.nanoseconds < right.nanoseconds }
}

/// Why a text is no duration, in Go's words.
package struct DurationError: Error, Sendable, Hashable, CustomStringConvertible {
  package var description: String
  package init(_ description: String) { self.description = description }
}

extension GoDuration {
  /// Reads `time.ParseDuration`'s grammar: a sign, then decimal numbers each with a unit (ns, us, µs, ms, s, m, h); `0` needs no unit.
  package init(parsing text: String) throws(DurationError) {
    let invalid = DurationError("time: invalid duration \(GoQuote.quoted(text))")
    var rest = Array(text.utf8)[...]
    let isNegative = rest.first == UInt8(ascii: "-")
    if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
    if rest.elementsEqual([UInt8(ascii: "0")]) {
      self.init(nanoseconds: 0)
      return
    }
    guard !rest.isEmpty else { throw invalid }
    let limit: UInt64 = 1 << 63
    var total: UInt64 = 0
    while let first = rest.first {
      guard first == UInt8(ascii: ".") || isDigit(first) else { throw invalid }
      let before = rest.count
      var whole: UInt64 = 0
      while let digit = rest.first, isDigit(digit) {
        guard whole <= limit / 10 else { throw invalid }
        whole = whole * 10 + UInt64(digit - UInt8(ascii: "0"))
        guard whole <= limit else { throw invalid }
        rest = rest.dropFirst()
      }
      var hasDigits = rest.count != before
      var fraction: UInt64 = 0
      var scale = 1.0
      if rest.first == UInt8(ascii: ".") {
        rest = rest.dropFirst()
        let before = rest.count
        var isFull = false
        while let digit = rest.first, isDigit(digit) {
          rest = rest.dropFirst()
          if isFull || fraction > (limit - 1) / 10 {
            isFull = true
            continue
          }
          fraction = fraction * 10 + UInt64(digit - UInt8(ascii: "0"))
          scale *= 10
        }
        hasDigits = hasDigits || rest.count != before
      }
      guard hasDigits else { throw invalid }
      let name = String(decoding: rest.prefix { $0 != UInt8(ascii: ".") && !isDigit($0) }, as: UTF8.self)
      guard !name.isEmpty else { throw DurationError("time: missing unit in duration \(GoQuote.quoted(text))") }
      guard let unit = Self.unit(name) else {
        throw DurationError("time: unknown unit \(GoQuote.quoted(name)) in duration \(GoQuote.quoted(text))")
      }
      rest = rest.dropFirst(name.utf8.count)
      guard whole <= limit / unit else { throw invalid }
      var value = whole * unit
      if fraction > 0 { value += UInt64(Double(fraction) * (Double(unit) / scale)) }
      guard value <= limit else { throw invalid }
      total += value
      guard total <= limit else { throw invalid }
    }
    if isNegative {
      self.init(nanoseconds: total == limit ? .min : -Int64(total))
    } else {
      guard total < limit else { throw invalid }
      self.init(nanoseconds: Int64(total))
    }
  }

  /// Reads a duration as Argo does (`ParseStringToDuration`): a bare integer counts seconds, anything else is Go's grammar.
  package init(argo text: String) throws(DurationError) {
    if let seconds = Int64(text) {
      let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
      guard !overflow else { throw DurationError("unable to parse \(text) as a duration: it is out of range") }
      self.init(nanoseconds: nanoseconds)
      return
    }
    do throws(DurationError) {
      try self.init(parsing: text)
    } catch {
      throw DurationError("unable to parse \(text) as a duration: \(error)")
    }
  }

  private static func unit(_ name: String) -> UInt64? {
    switch name {
    case "ns": 1
    case "us", "\u{B5}s", "\u{3BC}s": 1000
    case "ms": 1_000_000
    case "s": 1_000_000_000
    case "m": 60_000_000_000
    case "h": 3_600_000_000_000
    default: nil
    }
  }
}

extension GoDuration: CustomStringConvertible {
  /// Go's `Duration.String()`: `1h30m0s`, `1.5s`, `20ms`, `0s`.
  package var description: String {
    if nanoseconds == 0 { return "0s" }
    let sign = nanoseconds < 0 ? "-" : ""
    let total = nanoseconds.magnitude
    if total < 1000 { return "\(sign)\(total)ns" }
    if total < 1_000_000 { return sign + Self.decimal(total, digits: 3) + "µs" }
    if total < 1_000_000_000 { return sign + Self.decimal(total, digits: 6) + "ms" }
    let minutes = total / 60_000_000_000
    let seconds = Self.decimal(total % 60_000_000_000, digits: 9) + "s"
    if minutes == 0 { return sign + seconds }
    if minutes < 60 { return "\(sign)\(minutes)m\(seconds)" }
    return "\(sign)\(minutes / 60)h\(minutes % 60)m\(seconds)"
  }

  /// A number with its last decimal digits after the point, without trailing zeros.
  private static func decimal(_ value: UInt64, digits: Int) -> String {
    var scale: UInt64 = 1
    for _ in 0..<digits { scale *= 10 }
    var fraction = (value % scale).padded(digits)
    while fraction.hasSuffix("0") { fraction.removeLast() }
    return fraction.isEmpty ? String(value / scale) : "\(value / scale).\(fraction)"
  }
}

private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

/// Go's `%q` for the texts that appear in messages.
package enum GoQuote {
  /// The text between double quotes, with Go's escapes.
  package static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      default:
        if scalar.value < 0x20 || scalar.value == 0x7F {
          let digits = String(scalar.value, radix: 16)
          result += "\\x" + (digits.utf8.count < 2 ? "0" : "") + digits
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}
