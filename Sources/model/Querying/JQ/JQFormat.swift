import Basics

/// jq's formats: `@base64` and the like.
enum JQFormat {
  /// The text of a hole in a string: through the format, or as `tostring` makes it.
  static func text(_ format: String?, _ value: JQValue) throws(JQFailure) -> String {
    guard let format else { return JQText.toString(value) }
    return try apply(format, value).string ?? ""
  }

  static func apply(_ format: String, _ value: JQValue) throws(JQFailure) -> JQValue {
    let text = JQText.toString(value)
    switch format {
    case "text": return .string(text)
    case "json": return .string(value.text)
    case "html":
      return .string(
        escaped(text) { byte in
          switch byte {
          case UInt8(ascii: "<"): "&lt;"
          case UInt8(ascii: ">"): "&gt;"
          case UInt8(ascii: "&"): "&amp;"
          case UInt8(ascii: "'"): "&apos;"
          case UInt8(ascii: "\""): "&quot;"
          default: nil
          }
        })
    case "uri":
      return .string(
        escaped(text) { byte in
          switch byte {
          case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"): nil
          default: "%" + hex(byte)
          }
        })
    case "urid": return .string(try percentDecoded(text, value))
    case "csv":
      return try row("csv", value, ",") { text in
        "\"" + escaped(text) { $0 == UInt8(ascii: "\"") ? "\"\"" : $0 == 0 ? "\\0" : nil } + "\""
      }
    case "tsv":
      return try row("tsv", value, "\t") { text in
        escaped(text) { byte in
          switch byte {
          case 0x09: "\\t"
          case 0x0D: "\\r"
          case 0x0A: "\\n"
          case UInt8(ascii: "\\"): "\\\\"
          case 0: "\\0"
          default: nil
          }
        }
      }
    case "sh":
      let list = value.array == nil ? try JQValue.makeArray([value]) : value
      return try row("sh", list, " ") { text in
        "'" + escaped(text) { $0 == UInt8(ascii: "'") ? "'\\''" : $0 == 0 ? "\\0" : nil } + "'"
      }
    case "base64": return .string(Base64.encode(Array(text.utf8)))
    case "base64d": return .string(try base64Decoded(text, value))
    default: throw .message("format not defined: @\(format)")
    }
  }

  private static func hex(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return digits.utf8.count == 1 ? "0" + digits : digits
  }

  private static func escaped(_ text: String, _ replacement: (UInt8) -> String?) -> String {
    var output: [UInt8] = []
    for byte in text.utf8 {
      if byte < 0x80 || replacement(0xFF) != nil, let new = replacement(byte) { output += Array(new.utf8) } else { output.append(byte) }
    }
    return String(decoding: output, as: UTF8.self)
  }

  private static func row(
    _ name: String, _ value: JQValue, _ separator: String, _ quote: (String) -> String
  ) throws(JQFailure) -> JQValue {
    guard let elements = value.array else { throw .cannotApply("@" + name, value) }
    var cells: [String] = []
    for element in elements {
      switch element {
      case .array, .object: throw .message("@\(name) cannot format an array including: \(element.described)")
      case .string(let text): cells.append(quote(text))
      case .null: cells.append(name == "sh" ? "null" : "")
      default:
        let text = element.text
        cells.append(text == "null" && name != "sh" ? "" : text)
      }
    }
    return .string(cells.joined(separator: separator))
  }

  private static func percentDecoded(_ text: String, _ value: JQValue) throws(JQFailure) -> String {
    let bytes = Array(text.utf8)
    var output: [UInt8] = []
    var index = 0
    while index < bytes.count {
      guard bytes[index] == UInt8(ascii: "%") else {
        output.append(bytes[index])
        index += 1
        continue
      }
      guard index + 2 < bytes.count, let high = Character(Unicode.Scalar(bytes[index + 1])).hexDigitValue,
        let low = Character(Unicode.Scalar(bytes[index + 2])).hexDigitValue
      else {
        let part = String(decoding: bytes[index..<min(index + 3, bytes.count)], as: UTF8.self)
        throw .failed("@urid", value, "invalid URL escape \(JQValue.string(part).text)")
      }
      output.append(UInt8(high << 4 | low))
      index += 3
    }
    return String(decoding: output, as: UTF8.self)
  }

  /// Decodes up to the first `=`; the bits of an incomplete last group must be a whole number of bytes.
  private static func base64Decoded(_ text: String, _ value: JQValue) throws(JQFailure) -> String {
    var digits = Array(text.utf8.prefix { $0 != UInt8(ascii: "=") }.filter { $0 != 0x0A && $0 != 0x0D })
    while digits.count % 4 != 0 { digits.append(UInt8(ascii: "=")) }
    guard let bytes = Base64.decode(String(decoding: digits, as: UTF8.self)) else {
      let isDigit: (UInt8) -> Bool = {
        (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "+")
          || $0 == UInt8(ascii: "/")
      }
      let plain = text.utf8.prefix { $0 != UInt8(ascii: "=") }
      let offset = plain.firstIndex { !isDigit($0) }.map { plain.distance(from: plain.startIndex, to: $0) } ?? plain.count / 4 * 4
      throw .failed("@base64d", value, "illegal base64 data at input byte \(offset)")
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Functions on texts by bytes and scalars, never by grapheme clusters.
enum JQText {
  static func toString(_ value: JQValue) -> String { if case .string(let text) = value { text } else { value.text } }

  /// Go's `strings.Split`.
  static func split(_ text: String, _ separator: String) -> [String] {
    if separator.isEmpty { return text.unicodeScalars.map { String(Character($0)) } }
    let bytes = Array(text.utf8)
    let part = Array(separator.utf8)
    var result: [String] = []
    var start = 0
    var index = 0
    while index + part.count <= bytes.count {
      if bytes[index] == part[0], bytes[index..<index + part.count].elementsEqual(part) {
        result.append(String(decoding: bytes[start..<index], as: UTF8.self))
        index += part.count
        start = index
      } else {
        index += 1
      }
    }
    return result + [String(decoding: bytes[start...], as: UTF8.self)]
  }

  static func contains(_ text: String, _ part: String) -> Bool {
    part.isEmpty || split(text, part).count > 1
  }

  static func trimmed(_ text: String, left: Bool, right: Bool) -> String {
    var view = Substring(text).unicodeScalars
    if left { while let first = view.first, first.properties.isWhitespace { view.removeFirst() } }
    if right { while let last = view.last, last.properties.isWhitespace { view.removeLast() } }
    return String(view)
  }

  static func removingPrefix(_ text: String, _ prefix: String) -> String {
    text.utf8.starts(with: prefix.utf8) ? String(decoding: text.utf8.dropFirst(prefix.utf8.count), as: UTF8.self) : text
  }

  static func hasSuffix(_ text: String, _ suffix: String) -> Bool { text.utf8.reversed().starts(with: suffix.utf8.reversed()) }

  static func removingSuffix(_ text: String, _ suffix: String) -> String {
    hasSuffix(text, suffix) ? String(decoding: text.utf8.dropLast(suffix.utf8.count), as: UTF8.self) : text
  }
}
