import Glibc

/// Why a text is no JSON document, and where.
package struct JSONParseError: Error, Sendable, Hashable, CustomStringConvertible {
  package var message: String
  /// Offset of the offending byte, from 0.
  package var offset: Int
  package var description: String { "invalid JSON at byte \(offset): \(message)" }
}

extension JSON {
  /// Documents nested deeper than this are refused (RFC 8259 section 9 lets a parser set a limit).
  package static let maximumDepth = 512

  /// Reads one JSON document (RFC 8259); only white space may follow it. Of a repeated key the last value wins.
  package static func parse(_ text: String) throws(JSONParseError) -> JSON {
    var text = text
    let result: Result<JSON, JSONParseError> = text.withUTF8 { buffer in
      parse(buffer: buffer)
    }
    return try result.get()
  }

  /// Reads one JSON document from UTF-8 bytes.
  package static func parse(_ bytes: [UInt8]) throws(JSONParseError) -> JSON {
    let result: Result<JSON, JSONParseError> = bytes.withUnsafeBufferPointer { buffer in
      parse(buffer: buffer)
    }
    return try result.get()
  }

  /// Reads one document and names the members that an object has twice, by their paths (`spec.containers[0].name`), at most 100.
  package static func parse(_ bytes: [UInt8], duplicates: inout [String]) throws(JSONParseError) -> JSON {
    let result: Result<(JSON, [String]), JSONParseError> = bytes.withUnsafeBufferPointer { buffer in
      do throws(JSONParseError) {
        var parser = JSONParser(bytes: buffer)
        parser.seeksDuplicates = true
        let document = try parser.document()
        return .success((document, parser.duplicates))
      } catch {
        return .failure(error)
      }
    }
    let (document, found) = try result.get()
    duplicates += found
    return document
  }

  private static func parse(buffer: UnsafeBufferPointer<UInt8>) -> Result<JSON, JSONParseError> {
    do throws(JSONParseError) {
      var parser = JSONParser(bytes: buffer)
      return .success(try parser.document())
    } catch {
      return .failure(error)
    }
  }
}

private struct JSONParser {
  let bytes: UnsafeBufferPointer<UInt8>
  var position = 0
  /// Recently read keys by their length and ends: documents repeat few keys many times, and a repeated key costs no new string.
  var keys: [(start: Int, count: Int, text: String)] = Array(repeating: (0, -1, ""), count: 64)

  /// Members that an object has twice are noted; `path` is where the parser stands.
  var seeksDuplicates = false
  var duplicates: [String] = []
  private var path: [String] = []

  init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  private mutating func noteDuplicate(_ key: String) {
    guard duplicates.count < 100 else { return }
    let place = path.joined()
    duplicates.append(String((place + "." + key).dropFirst()))
  }

  func failure(_ message: String, at offset: Int? = nil) -> JSONParseError {
    JSONParseError(message: message, offset: offset ?? position)
  }

  mutating func document() throws(JSONParseError) -> JSON {
    skipSpace()
    let result = try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw failure("unexpected text after the value") }
    return result
  }

  mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position += 1
      default: return
      }
    }
  }

  mutating func value(depth: Int) throws(JSONParseError) -> JSON {
    guard position < bytes.count else { throw failure("unexpected end of the text") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return try object(depth: depth + 1)
    case UInt8(ascii: "["): return try array(depth: depth + 1)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    default: return try number()
    }
  }

  mutating func literal(_ word: StaticString, _ result: JSON) throws(JSONParseError) -> JSON {
    let count = word.utf8CodeUnitCount
    guard position + count <= bytes.count else { throw failure("unexpected end of the text") }
    for offset in 0..<count where bytes[position + offset] != word.utf8Start[offset] { throw failure("unexpected character") }
    position += count
    return result
  }

  mutating func object(depth: Int) throws(JSONParseError) -> JSON {
    guard depth <= JSON.maximumDepth else { throw failure("nested deeper than \(JSON.maximumDepth) levels") }
    position += 1
    skipSpace()
    if position < bytes.count, bytes[position] == UInt8(ascii: "}") {
      position += 1
      return .object(JSONObject())
    }
    var result = JSONObject(capacity: 4)
    while true {
      skipSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { throw failure("expected a key in double quotes") }
      let key = try key()
      skipSpace()
      guard position < bytes.count, bytes[position] == UInt8(ascii: ":") else { throw failure("expected ':' after the key") }
      position += 1
      skipSpace()
      if seeksDuplicates {
        if result[key] != nil { noteDuplicate(key) }
        path.append("." + key)
        result[key] = try value(depth: depth)
        path.removeLast()
      } else {
        result[key] = try value(depth: depth)
      }
      skipSpace()
      guard position < bytes.count else { throw failure("unexpected end of the text in an object") }
      switch bytes[position] {
      case UInt8(ascii: ","): position += 1
      case UInt8(ascii: "}"):
        position += 1
        return .object(result)
      default: throw failure("expected ',' or '}'")
      }
    }
  }

  mutating func array(depth: Int) throws(JSONParseError) -> JSON {
    guard depth <= JSON.maximumDepth else { throw failure("nested deeper than \(JSON.maximumDepth) levels") }
    position += 1
    var result: [JSON] = []
    skipSpace()
    if position < bytes.count, bytes[position] == UInt8(ascii: "]") {
      position += 1
      return .array(result)
    }
    while true {
      skipSpace()
      if seeksDuplicates { path.append("[\(result.count)]") }
      result.append(try value(depth: depth))
      if seeksDuplicates { path.removeLast() }
      skipSpace()
      guard position < bytes.count else { throw failure("unexpected end of the text in an array") }
      switch bytes[position] {
      case UInt8(ascii: ","): position += 1
      case UInt8(ascii: "]"):
        position += 1
        return .array(result)
      default: throw failure("expected ',' or ']'")
      }
    }
  }

  /// A string in the place of a key. Short keys, up to 15 bytes, live inside the `String` and need no cache.
  mutating func key() throws(JSONParseError) -> String {
    let start = position + 1
    var end = start
    while end < bytes.count, bytes[end] != UInt8(ascii: "\""), bytes[end] != UInt8(ascii: "\\") { end += 1 }
    guard end - start > 15, end < bytes.count, bytes[end] == UInt8(ascii: "\"") else { return try string() }
    let count = end - start
    let slot = (count &* 31 &+ Int(bytes[start]) &* 7 &+ Int(bytes[end - 1])) & 63
    let known = keys[slot]
    if known.count == count, let base = bytes.baseAddress, memcmp(base + known.start, base + start, count) == 0 {
      position = end + 1
      return known.text
    }
    let text = try string()
    keys[slot] = (start, count, text)
    return text
  }

  mutating func string() throws(JSONParseError) -> String {
    position += 1
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        let slice = UnsafeBufferPointer(rebasing: bytes[start..<position])
        guard let text = String(validating: slice, as: UTF8.self) else { throw failure("invalid UTF-8", at: start) }
        position += 1
        return text
      }
      if byte == UInt8(ascii: "\\") { return try stringWithEscapes(from: start) }
      if byte < 0x20 { throw failure("control character in a string") }
      position += 1
    }
    throw failure("unterminated string", at: start)
  }

  mutating func stringWithEscapes(from start: Int) throws(JSONParseError) -> String {
    var buffer = Array(bytes[start..<position])
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        guard let text = String(validating: buffer, as: UTF8.self) else { throw failure("invalid UTF-8", at: start) }
        return text
      case UInt8(ascii: "\\"):
        position += 1
        guard position < bytes.count else { throw failure("unterminated escape") }
        let escape = bytes[position]
        position += 1
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(escape)
        case UInt8(ascii: "b"): buffer.append(0x08)
        case UInt8(ascii: "f"): buffer.append(0x0C)
        case UInt8(ascii: "n"): buffer.append(0x0A)
        case UInt8(ascii: "r"): buffer.append(0x0D)
        case UInt8(ascii: "t"): buffer.append(0x09)
        case UInt8(ascii: "u"): buffer.append(contentsOf: Array(String(try unicodeEscape()).utf8))
        default: throw failure("unknown escape", at: position - 1)
        }
      default:
        if byte < 0x20 { throw failure("control character in a string") }
        buffer.append(byte)
        position += 1
      }
    }
    throw failure("unterminated string", at: start)
  }

  /// The scalar after `\u`; an unpaired surrogate becomes U+FFFD, as Go's `encoding/json` does.
  mutating func unicodeEscape() throws(JSONParseError) -> Character {
    let first = try hexQuad()
    if (0xD800...0xDBFF).contains(first) {
      if position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u") {
        let mark = position
        position += 2
        let second = try hexQuad()
        if (0xDC00...0xDFFF).contains(second), let scalar = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)) {
          return Character(scalar)
        }
        position = mark
      }
      return "\u{FFFD}"
    }
    return Unicode.Scalar(first).map { Character($0) } ?? "\u{FFFD}"
  }

  mutating func hexQuad() throws(JSONParseError) -> UInt32 {
    guard position + 4 <= bytes.count else { throw failure("unterminated escape") }
    var result: UInt32 = 0
    for _ in 0..<4 {
      let byte = bytes[position]
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: throw failure("expected four hexadecimal digits")
      }
      result = result << 4 | UInt32(digit)
      position += 1
    }
    return result
  }

  mutating func digits() throws(JSONParseError) {
    let start = position
    while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) { position += 1 }
    if position == start { throw failure("expected a digit") }
  }

  private static func continuesNumber(_ byte: UInt8) -> Bool { byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e") }

  mutating func number() throws(JSONParseError) -> JSON {
    let start = position
    var isInteger = true
    let isNegative = bytes[position] == UInt8(ascii: "-")
    if isNegative { position += 1 }
    guard position < bytes.count else { throw failure("unexpected end of the text") }
    guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) else { throw failure("unexpected character", at: start) }
    let isZero = bytes[position] == UInt8(ascii: "0")
    if isZero {
      position += 1
    } else {
      let first = position
      var magnitude: Int64 = 0
      while position < bytes.count, case let digit = bytes[position] &- UInt8(ascii: "0"), digit < 10 {
        magnitude = magnitude &* 10 &+ Int64(digit)
        position += 1
      }
      // Eighteen digits never overflow.
      if position - first <= 18, position == bytes.count || !Self.continuesNumber(bytes[position]) {
        return .int(isNegative ? -magnitude : magnitude)
      }
    }
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      isInteger = false
      position += 1
      try digits()
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      position += 1
      if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") { position += 1 }
      try digits()
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger {
      if let value = Int64(text) { return .int(value) }
      return .number(text)
    }
    guard let value = Double(text), value.isFinite else { throw failure("number out of range", at: start) }
    return .double(value)
  }
}
