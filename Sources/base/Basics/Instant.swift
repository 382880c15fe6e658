/// A moment in time: milliseconds since 1970-01-01T00:00:00Z.
package struct Instant: Sendable, Hashable, Comparable {
  package var milliseconds: Int64

  package init(milliseconds: Int64) { self.milliseconds = milliseconds }
  package init(seconds: Int64) { milliseconds = seconds * 1000 }

  package var seconds: Int64 { milliseconds.floorDivided(by: 1000) }

  package static func < (left: Instant, right: Instant) -> Bool { left.milliseconds < right.milliseconds }
  /// `instant` later by a span; saturates instead of overflowing.
  package static func + (instant: Instant, span: TimeSpan) -> Instant {
    let (sum, overflow) = instant.milliseconds.addingReportingOverflow(span.milliseconds)
    return Instant(milliseconds: overflow ? (span.milliseconds < 0 ? .min : .max) : sum)
  }
  package static func - (instant: Instant, span: TimeSpan) -> Instant {
    instant + TimeSpan(milliseconds: -span.milliseconds)
  }
  package static func - (later: Instant, earlier: Instant) -> TimeSpan {
    TimeSpan(milliseconds: later.milliseconds.subtractingReportingOverflow(earlier.milliseconds).partialValue)
  }
}

/// A length of time in milliseconds; may be negative.
package struct TimeSpan: Sendable, Hashable, Comparable {
  package var milliseconds: Int64
  package init(milliseconds: Int64) { self.milliseconds = milliseconds }
  package init(seconds: Int64) {
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    milliseconds = overflow ? (seconds < 0 ? .min : .max) : product
  }
  package static let zero = TimeSpan(milliseconds: 0)
  package var seconds: Double { Double(milliseconds) / 1000 }
  package static func < (left: TimeSpan, right: TimeSpan) -> Bool { left.milliseconds < right.milliseconds }
}

extension Int64 {
  /// The quotient rounded towards negative infinity.
  package func floorDivided(by divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}

/// Year, month, day and time of day of an instant in UTC.
package struct CivilTime: Sendable, Hashable {
  package var year: Int64
  /// 1...12
  package var month: Int
  /// 1...31
  package var day: Int
  package var hour: Int
  package var minute: Int
  package var second: Int
  package var millisecond: Int
  /// 0 is Sunday.
  package var weekday: Int

  /// The civil time in UTC (Howard Hinnant's `civil_from_days`).
  package init(_ instant: Instant) {
    let days = instant.milliseconds.floorDivided(by: 86_400_000)
    let inDay = Int(instant.milliseconds - days * 86_400_000)
    let shifted = days + 719_468
    let era = shifted.floorDivided(by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    hour = inDay / 3_600_000
    minute = inDay / 60_000 % 60
    second = inDay / 1000 % 60
    millisecond = inDay % 1000
    weekday = Int((days % 7 + 11) % 7)
  }

  /// Days from 1970-01-01 to a date of the proleptic Gregorian calendar (Howard Hinnant's `days_from_civil`).
  package static func days(year: Int64, month: Int, day: Int) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let era = year.floorDivided(by: 400)
    let yearOfEra = year - era * 400
    let dayOfYear = Int64((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1)
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}

extension CivilTime {
  /// Writes RFC 3339 with whole seconds, 20 bytes, for a year of four digits.
  fileprivate func write(to bytes: UnsafeMutableBufferPointer<UInt8>) {
    func put(_ value: Int, _ start: Int, _ end: Unicode.Scalar) {
      let value = UInt32(truncatingIfNeeded: value)
      bytes[start] = UInt8(truncatingIfNeeded: 0x30 &+ value / 10)
      bytes[start + 1] = UInt8(truncatingIfNeeded: 0x30 &+ value % 10)
      bytes[start + 2] = UInt8(ascii: end)
    }
    // What comes after the century is written over.
    put(Int(year / 100), 0, "-")
    put(Int(year % 100), 2, "-")
    put(month, 5, "-")
    put(day, 8, "T")
    put(hour, 11, ":")
    put(minute, 14, ":")
    put(second, 17, "Z")
  }
}

extension Instant {
  /// RFC 3339 in UTC with whole seconds, as Kubernetes writes times: `2026-11-21T02:44:13Z`.
  package var rfc3339: String {
    let time = CivilTime(self)
    if (0...9999).contains(time.year) {
      return String(unsafeUninitializedCapacity: 20) { bytes in
        time.write(to: bytes)
        return 20
      }
    }
    return "\(time.year.padded(4))-\(time.month.padded(2))-\(time.day.padded(2))T"
      + "\(time.hour.padded(2)):\(time.minute.padded(2)):\(time.second.padded(2))Z"
  }

  /// Calls `body` with the bytes of ``rfc3339``, without making a string of them.
  package func withRFC3339(_ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    let time = CivilTime(self)
    guard (0...9999).contains(time.year) else {
      var text = rfc3339
      text.withUTF8(body)
      return
    }
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { buffer in
      time.write(to: buffer)
      body(UnsafeBufferPointer(buffer))
    }
  }

  /// RFC 3339 in UTC with milliseconds: `2026-11-21T02:44:13.120Z`.
  package var rfc3339Milliseconds: String { rfc3339.dropLast() + ".\(CivilTime(self).millisecond.padded(3))Z" }

  private static func days(in month: Int, of year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Reads an RFC 3339 time with any offset and up to nine digits of fraction; nil when it is none, as Go's `time.Parse` takes it: no leap seconds, no
  /// days that the month does not have, and in UTC a year of four digits.
  package init?(rfc3339 text: String) {
    let bytes = Array(text.utf8)
    func number(_ start: Int, _ count: Int) -> Int? {
      guard start + count <= bytes.count else { return nil }
      var result = 0
      for byte in bytes[start..<start + count] {
        guard (0x30...0x39).contains(byte) else { return nil }
        result = result * 10 + Int(byte - 0x30)
      }
      return result
    }
    func isAt(_ index: Int, _ accepted: String) -> Bool { index < bytes.count && accepted.utf8.contains(bytes[index]) }
    guard let year = number(0, 4), isAt(4, "-"), let month = number(5, 2), isAt(7, "-"), let day = number(8, 2), isAt(10, "Tt "),
      let hour = number(11, 2), isAt(13, ":"), let minute = number(14, 2), isAt(16, ":"), let second = number(17, 2),
      (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60,
      day <= Self.days(in: month, of: year)
    else { return nil }
    var next = 19
    var fraction = 0
    if isAt(next, ".") {
      next += 1
      var scale = 100
      let start = next
      while let digit = number(next, 1) {
        fraction += digit * scale
        scale /= 10
        next += 1
      }
      if next == start { return nil }
    }
    var offset = 0
    if isAt(next, "Zz") {
      next += 1
    } else if isAt(next, "+-"), let hours = number(next + 1, 2), isAt(next + 3, ":"), let minutes = number(next + 4, 2) {
      offset = (hours * 60 + minutes) * (isAt(next, "-") ? -60 : 60)
      next += 6
    } else {
      return nil
    }
    guard next == bytes.count else { return nil }
    let days = CivilTime.days(year: Int64(year), month: month, day: day)
    let inDay = Int64(hour * 3600 + minute * 60 + second - offset)
    milliseconds = (days * 86_400 + inDay) * 1000 + Int64(fraction)
    // From year 0 to year 9999.
    guard (-62_167_219_200_000..<253_402_300_800_000).contains(milliseconds) else { return nil }
  }
}

extension BinaryInteger {
  /// Decimal digits with leading zeros up to a width.
  package func padded(_ width: Int) -> String {
    let text = String(magnitude)
    let zeros = String(repeating: "0", count: max(0, width - text.utf8.count))
    return (self < 0 ? "-" : "") + zeros + text
  }
}
