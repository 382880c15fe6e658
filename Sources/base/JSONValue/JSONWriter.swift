/// How ``JSON/text(_:)`` writes a value.
package struct JSONStyle: Sendable, Hashable {
  /// Line breaks and this many spaces a level; nil for one line without spaces.
  package var indent: Int?
  /// Members in ascending order of their keys' bytes.
  package var sortsKeys = false
  /// `<`, `>`, `&`, U+2028 and U+2029 as `\u` escapes, as Go's `encoding/json` writes them by default.
  package var escapesHTML = false

  package static let compact = JSONStyle()
  package static let pretty = JSONStyle(indent: 2)
  /// Four spaces a level, as Argo prints single objects.
  package static let spacious = JSONStyle(indent: 4)
  /// What Go's `json.Marshal` of a map prints.
  package static let go = JSONStyle(sortsKeys: true, escapesHTML: true)
  /// Sorted and compact, for hashes and comparisons.
  package static let canonical = JSONStyle(sortsKeys: true)
}

extension JSON {
  /// The value as JSON text.
  package func text(_ style: JSONStyle = .compact) -> String { String(decoding: bytes(style), as: UTF8.self) }

  /// The value as UTF-8 JSON text.
  package func bytes(_ style: JSONStyle = .compact) -> [UInt8] {
    var writer = JSONWriter(style: style)
    writer.write(self, depth: 0)
    return writer.output
  }
}

extension [UInt8] {
  /// Appends a whole number in decimal.
  package mutating func append(decimal value: Int64) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { buffer in
      var start = 20
      var rest = value.magnitude
      repeat {
        start -= 1
        let next = rest / 10
        buffer[start] = UInt8(truncatingIfNeeded: 0x30 + rest - next * 10)
        rest = next
      } while rest > 0
      if value < 0 {
        start -= 1
        buffer[start] = UInt8(ascii: "-")
      }
      append(contentsOf: UnsafeBufferPointer(rebasing: buffer[start...]))
    }
  }
}

struct JSONWriter {
  let style: JSONStyle
  var output: [UInt8] = []

  init(style: JSONStyle) { self.style = style }

  mutating func write(_ value: JSON, depth: Int) {
    switch value {
    case .null: raw("null")
    case .bool(let value): raw(value ? "true" : "false")
    case .int(let value): output.append(decimal: value)
    case .double(let value): raw(JSON.numberText(value))
    case .number(let text): raw(text)
    case .string(let text): string(text)
    case .array(let elements):
      output.append(UInt8(ascii: "["))
      for (position, element) in elements.enumerated() {
        if position > 0 { output.append(UInt8(ascii: ",")) }
        newline(depth + 1)
        write(element, depth: depth + 1)
      }
      if !elements.isEmpty { newline(depth) }
      output.append(UInt8(ascii: "]"))
    case .object(let object):
      output.append(UInt8(ascii: "{"))
      let members = style.sortsKeys ? object.sortedByKey() : object
      for (position, member) in members.enumerated() {
        if position > 0 { output.append(UInt8(ascii: ",")) }
        newline(depth + 1)
        string(member.key)
        output.append(UInt8(ascii: ":"))
        if style.indent != nil { output.append(UInt8(ascii: " ")) }
        write(member.value, depth: depth + 1)
      }
      if !object.isEmpty { newline(depth) }
      output.append(UInt8(ascii: "}"))
    }
  }

  mutating func raw(_ text: String) { output.append(contentsOf: text.utf8) }

  mutating func newline(_ depth: Int) {
    guard let indent = style.indent else { return }
    output.append(0x0A)
    output.append(contentsOf: repeatElement(0x20, count: indent * depth))
  }

  mutating func string(_ text: String) {
    var text = text
    text.withUTF8 { string($0) }
  }

  /// Appends a string of these UTF-8 bytes.
  mutating func string(_ bytes: UnsafeBufferPointer<UInt8>) {
    output.append(UInt8(ascii: "\""))
    if isPlain(bytes) { output.append(contentsOf: bytes) } else { escaped(bytes) }
    output.append(UInt8(ascii: "\""))
  }

  /// Whether the bytes of a string surely need no escapes, in a style that does not escape HTML.
  static func isPlain(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    // No early return: so many bytes are looked at at once.
    var care: UInt8 = 0
    for byte in bytes { care |= byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") ? 1 : 0 }
    return care == 0
  }

  /// Whether the bytes of a string surely need no escapes.
  private func isPlain(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard Self.isPlain(bytes) else { return false }
    if style.escapesHTML {
      for byte in bytes {
        switch byte {
        case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"), 0xE2: return false
        default: break
        }
      }
    }
    return true
  }

  private mutating func escaped(_ bytes: UnsafeBufferPointer<UInt8>) {
    var written = 0
    for (position, byte) in bytes.enumerated() where needsCare(byte) {
      if byte == 0xA8 || byte == 0xA9 {
        guard position >= 2, bytes[position - 2] == 0xE2, bytes[position - 1] == 0x80 else { continue }
        output.append(contentsOf: bytes[written..<position - 2])
        escape(byte == 0xA8 ? 0x2028 : 0x2029)
      } else {
        output.append(contentsOf: bytes[written..<position])
        escape(byte: byte)
      }
      written = position + 1
    }
    output.append(contentsOf: bytes[written...])
  }

  /// Whether a byte may need an escape; the last bytes of U+2028 and U+2029 only do after their first two.
  private func needsCare(_ byte: UInt8) -> Bool {
    if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return true }
    guard style.escapesHTML else { return false }
    return byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "&") || byte == 0xA8 || byte == 0xA9
  }

  private mutating func escape(byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): raw("\\\"")
    case UInt8(ascii: "\\"): raw("\\\\")
    case 0x0A: raw("\\n")
    case 0x0D: raw("\\r")
    case 0x09: raw("\\t")
    case 0x08: raw("\\b")
    case 0x0C: raw("\\f")
    default: escape(UInt32(byte))
    }
  }

  mutating func escape(_ code: UInt32) {
    let digits: StaticString = "0123456789abcdef"
    raw("\\u")
    for shift in [12, 8, 4, 0] as [UInt32] { output.append(digits.utf8Start[Int(code >> shift & 0xF)]) }
  }
}

extension JSON {
  /// A finite number as Go's `encoding/json` prints it: shortest form, an exponent below 1e-6 and from 1e21 on; others print `null`.
  package static func numberText(_ value: Double) -> String {
    guard value.isFinite else { return "null" }
    if value == value.rounded(), abs(value) < 1e15 { return value == 0 && value.sign == .minus ? "-0" : String(Int64(value)) }
    let magnitude = abs(value)
    return (magnitude < 1e-6 || magnitude >= 1e21) ? scientific(value) : decimal(value)
  }

  /// The shortest digits of a finite number and the power of ten of the first digit.
  private static func shortestDigits(_ value: Double) -> (digits: [UInt8], exponent: Int) {
    let text = abs(value).description
    var digits: [UInt8] = []
    var exponent = 0
    var pointAt: Int?
    var parts = text.utf8.split(separator: UInt8(ascii: "e"), maxSplits: 1)
    if parts.count == 2 { exponent = Int(String(decoding: parts.removeLast(), as: UTF8.self)) ?? 0 }
    for byte in parts[0] {
      if byte == UInt8(ascii: ".") { pointAt = digits.count } else { digits.append(byte) }
    }
    exponent += (pointAt ?? digits.count) - 1
    while digits.count > 1, digits.first == UInt8(ascii: "0") {
      digits.removeFirst()
      exponent -= 1
    }
    while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
    return (digits, exponent)
  }

  private static func scientific(_ value: Double) -> String {
    let (digits, exponent) = shortestDigits(value)
    var text = value < 0 ? "-" : ""
    text += String(decoding: digits.prefix(1), as: UTF8.self)
    if digits.count > 1 { text += "." + String(decoding: digits.dropFirst(), as: UTF8.self) }
    let power = abs(exponent)
    return text + "e" + (exponent < 0 ? "-" : "+") + (power < 10 && exponent > 0 ? "0" : "") + String(power)
  }

  private static func decimal(_ value: Double) -> String {
    let (digits, exponent) = shortestDigits(value)
    let sign = value < 0 ? "-" : ""
    if exponent < 0 {
      return sign + "0." + String(repeating: "0", count: -exponent - 1) + String(decoding: digits, as: UTF8.self)
    }
    if digits.count <= exponent + 1 {
      return sign + String(decoding: digits, as: UTF8.self) + String(repeating: "0", count: exponent + 1 - digits.count)
    }
    return sign + String(decoding: digits[...exponent], as: UTF8.self) + "." + String(decoding: digits[(exponent + 1)...], as: UTF8.self)
  }
}
