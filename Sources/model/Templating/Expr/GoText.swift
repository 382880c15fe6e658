import Glibc

/// String functions as Go's `strings` defines them: on bytes, never on grapheme clusters.
enum GoText {
  /// The offset of the first occurrence; -1 when there is none.
  static func index(_ text: [UInt8], _ part: [UInt8], from start: Int = 0) -> Int {
    if part.isEmpty { return start }
    guard start >= 0, text.count - start >= part.count else { return -1 }
    return text.withUnsafeBytes { whole in
      part.withUnsafeBytes { wanted in
        guard let base = whole.baseAddress, let needle = wanted.baseAddress else { return -1 }
        var position = start
        let last = whole.count - wanted.count
        while position <= last, let found = memchr(base + position, Int32(wanted[0]), last - position + 1) {
          position = base.distance(to: UnsafeRawPointer(found))
          if memcmp(base + position, needle, wanted.count) == 0 { return position }
          position += 1
        }
        return -1
      }
    }
  }

  static func contains(_ text: String, _ part: String) -> Bool { index(Array(text.utf8), Array(part.utf8)) >= 0 }

  static func lastIndex(_ text: [UInt8], _ part: [UInt8]) -> Int {
    var index = text.count - part.count
    while index >= 0 {
      if text[index...].starts(with: part) { return index }
      index -= 1
    }
    return -1
  }

  /// `strings.SplitN`, keeping the separator with `keeps` (`SplitAfterN`).
  static func split(_ text: String, _ separator: String, limit: Int = -1, keeps: Bool = false) -> [String] {
    if limit == 0 { return [] }
    if separator.isEmpty {
      let scalars = text.unicodeScalars.map { String($0) }
      guard limit > 0, scalars.count > limit else { return scalars }
      return Array(scalars[..<(limit - 1)]) + [scalars[(limit - 1)...].joined()]
    }
    let bytes = Array(text.utf8)
    let part = Array(separator.utf8)
    var result: [String] = []
    var start = 0
    while limit < 0 || result.count < limit - 1 {
      let found = index(bytes, part, from: start)
      if found < 0 { break }
      result.append(String(decoding: bytes[start..<found + (keeps ? part.count : 0)], as: UTF8.self))
      start = found + part.count
    }
    return result + [String(decoding: bytes[start...], as: UTF8.self)]
  }

  /// `strings.Replace`; a negative limit replaces all.
  static func replace(_ text: String, _ old: String, _ new: String, limit: Int = -1) -> String {
    if old.isEmpty {
      var output = ""
      var left = limit
      for scalar in text.unicodeScalars {
        if left != 0 { output += new }
        left -= 1
        output.unicodeScalars.append(scalar)
      }
      return left != 0 ? output + new : output
    }
    return split(text, old, limit: limit < 0 ? -1 : limit + 1).joined(separator: new)
  }

  static func trim(_ text: String, left: Bool = true, right: Bool = true, where isCut: (Unicode.Scalar) -> Bool) -> String {
    var view = Substring(text).unicodeScalars
    if left { while let first = view.first, isCut(first) { view.removeFirst() } }
    if right { while let last = view.last, isCut(last) { view.removeLast() } }
    return String(view)
  }

  /// `strings.ToUpper`: letter by letter, so that `ß` stays.
  static func upper(_ text: String) -> String { mapped(text) { $0.properties.uppercaseMapping } }

  /// `strings.ToLower`.
  static func lower(_ text: String) -> String { mapped(text) { $0.properties.lowercaseMapping } }

  private static func mapped(_ text: String, _ mapping: (Unicode.Scalar) -> String) -> String {
    var view = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      let other = mapping(scalar).unicodeScalars
      view.append(other.count == 1 ? other.first ?? scalar : scalar)
    }
    return String(view)
  }

  static func trimSpace(_ text: String) -> String { trim(text) { $0.properties.isWhitespace } }

  static func trim(_ text: String, characters: String) -> String {
    let set = Set(characters.unicodeScalars)
    return trim(text) { set.contains($0) }
  }

  static func removingPrefix(_ text: String, _ prefix: String) -> String {
    text.utf8.starts(with: prefix.utf8) ? String(decoding: text.utf8.dropFirst(prefix.utf8.count), as: UTF8.self) : text
  }

  static func removingSuffix(_ text: String, _ suffix: String) -> String {
    text.utf8.reversed().starts(with: suffix.utf8.reversed())
      ? String(decoding: text.utf8.dropLast(suffix.utf8.count), as: UTF8.self) : text
  }
}

/// RFC 4648 encodings with padding.
enum BaseCoding {
  private static let base64: [UInt8] = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let base32: [UInt8] = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

  static func encode64(_ bytes: [UInt8]) -> String { encode(bytes, base64, bits: 6, group: 4) }
  static func encode32(_ bytes: [UInt8]) -> String { encode(bytes, base32, bits: 5, group: 8) }
  static func decode64(_ text: String) -> [UInt8]? { decode(text, base64, bits: 6, group: 4) }
  static func decode32(_ text: String) -> [UInt8]? { decode(text, base32, bits: 5, group: 8) }

  private static func encode(_ bytes: [UInt8], _ alphabet: [UInt8], bits: Int, group: Int) -> String {
    var output: [UInt8] = []
    var buffer = 0
    var held = 0
    for byte in bytes {
      buffer = (buffer << 8 | Int(byte)) & 0xFFFF
      held += 8
      while held >= bits {
        held -= bits
        output.append(alphabet[buffer >> held & (1 << bits - 1)])
      }
    }
    if held > 0 { output.append(alphabet[buffer << (bits - held) & (1 << bits - 1)]) }
    while output.count % group != 0 { output.append(UInt8(ascii: "=")) }
    return String(decoding: output, as: UTF8.self)
  }

  private static func decode(_ text: String, _ alphabet: [UInt8], bits: Int, group: Int) -> [UInt8]? {
    var input = text.utf8.filter { $0 != 0x0A && $0 != 0x0D }
    guard input.count % group == 0 else { return nil }
    while input.last == UInt8(ascii: "=") { input.removeLast() }
    var output: [UInt8] = []
    var buffer = 0
    var held = 0
    for byte in input {
      guard let value = alphabet.firstIndex(of: byte) else { return nil }
      buffer = (buffer << bits | value) & 0xFFFFF
      held += bits
      if held >= 8 {
        held -= 8
        output.append(UInt8(buffer >> held & 0xFF))
      }
    }
    return output
  }
}
