import JSONValue

enum JQToken: Sendable, Hashable {
  case end
  /// An identifier or keyword.
  case word(String)
  case variable(String)
  /// `.name`
  case field(String)
  case format(String)
  case number(String)
  case string([JQLexedPart])
  case symbol(String)
}

/// A piece of a string literal: text, or the tokens of a hole.
enum JQLexedPart: Sendable, Hashable {
  case text(String)
  case hole([JQLexeme])
}

struct JQLexeme: Sendable, Hashable {
  var token: JQToken
  /// The source text, for messages.
  var text: String
}

/// Cuts a filter into tokens, by gojq's rules.
struct JQLexer {
  private let bytes: [UInt8]
  private var position = 0
  private static let maximumDepth = 50
  /// The most tokens of a filter, so that its tree cannot grow too deep.
  private static let maximumTokens = 4000
  private var count = 0

  init(_ source: String) { bytes = Array(source.utf8) }

  /// All tokens up to the end, or up to the parenthesis that closes a hole.
  mutating func lexemes(depth: Int = 0) throws(JQError) -> [JQLexeme] {
    guard depth < Self.maximumDepth else { throw JQError(message: "the filter nests too deeply") }
    var result: [JQLexeme] = []
    var open = 0
    while true {
      skipBlanks()
      let start = position
      guard let byte = peek() else {
        if depth > 0 { throw JQError(message: "unexpected EOF") }
        result.append(JQLexeme(token: .end, text: ""))
        return result
      }
      if depth > 0 {
        if byte == UInt8(ascii: "(") { open += 1 }
        if byte == UInt8(ascii: ")") {
          if open == 0 {
            position += 1
            result.append(JQLexeme(token: .end, text: ")"))
            return result
          }
          open -= 1
        }
      }
      let token = try token(depth: depth)
      count += 1
      guard count <= Self.maximumTokens else { throw JQError(message: "the filter is too long") }
      result.append(JQLexeme(token: token, text: text(start..<position)))
    }
  }

  private func peek(_ ahead: Int = 0) -> UInt8? { position + ahead < bytes.count ? bytes[position + ahead] : nil }
  private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  private static func isLetter(_ byte: UInt8?) -> Bool {
    guard let byte else { return false }
    return (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || byte == 0x5F
  }
  private static func isDigit(_ byte: UInt8?) -> Bool { byte.map { (0x30...0x39).contains($0) } ?? false }
  private static func isWord(_ byte: UInt8?) -> Bool { isLetter(byte) || isDigit(byte) }

  private mutating func skipBlanks() {
    while let byte = peek() {
      if byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
        position += 1
      } else if byte == UInt8(ascii: "#") {
        skipComment()
      } else {
        return
      }
    }
  }

  /// To the end of the line; a backslash continues the comment.
  private mutating func skipComment() {
    while let byte = peek(), byte != 0x0A, byte != 0x0D {
      position += 1
      guard byte == UInt8(ascii: "\\") else { continue }
      if peek() == 0x0D, peek(1) == 0x0A { position += 1 }
      if peek() == UInt8(ascii: "\\") || peek() == 0x0A || peek() == 0x0D { position += 1 }
    }
  }

  private mutating func word() -> String {
    let start = position
    while Self.isWord(peek()) { position += 1 }
    return text(start..<position)
  }

  /// A word, or several joined by `::`.
  private mutating func path() -> String {
    let start = position
    _ = word()
    if peek() == UInt8(ascii: ":"), peek(1) == UInt8(ascii: ":"), Self.isLetter(peek(2)) {
      position += 2
      _ = word()
    }
    return text(start..<position)
  }

  private mutating func token(depth: Int) throws(JQError) -> JQToken {
    let byte = bytes[position]
    if Self.isLetter(byte) { return .word(path()) }
    if Self.isDigit(byte) || byte == UInt8(ascii: ".") && Self.isDigit(peek(1)) { return .number(try number()) }
    switch byte {
    case UInt8(ascii: "."):
      position += 1
      if peek() == UInt8(ascii: ".") {
        position += 1
        return .symbol("..")
      }
      return Self.isLetter(peek()) ? .field(word()) : .symbol(".")
    case UInt8(ascii: "$") where Self.isLetter(peek(1)):
      position += 1
      return .variable(path())
    case UInt8(ascii: "@") where Self.isWord(peek(1)):
      position += 1
      return .format(word())
    case UInt8(ascii: "\""):
      position += 1
      return .string(try string(depth: depth))
    default:
      for symbol in Self.symbols where bytes[position...].starts(with: symbol.utf8) {
        position += symbol.utf8.count
        return .symbol(symbol)
      }
      let start = position
      position += 1
      while let next = peek(), next & 0xC0 == 0x80 { position += 1 }
      return .symbol(text(start..<position))
    }
  }

  /// Longest first.
  private static let symbols = [
    "?//", "//=", "|=", "+=", "-=", "*=", "/=", "%=", "//", "==", "!=", ">=", "<=",
  ]

  private mutating func number() throws(JQError) -> String {
    let start = position
    var hasPoint = false
    while true {
      if Self.isDigit(peek()) {
        position += 1
      } else if peek() == UInt8(ascii: "."), !hasPoint {
        hasPoint = true
        position += 1
      } else {
        break
      }
    }
    if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
      position += 1
      if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { position += 1 }
      let digits = position
      while Self.isDigit(peek()) { position += 1 }
      if digits == position { throw invalid(start) }
    }
    if Self.isLetter(peek()) || peek() == UInt8(ascii: ".") {
      position += 1
      throw invalid(start)
    }
    return text(start..<position)
  }

  private func invalid(_ start: Int) -> JQError { JQError(message: "invalid token \(JQValue.string(text(start..<position)).text)") }

  /// Whether a text is a number as `tonumber` accepts it.
  static func isNumber(_ text: String) -> Bool {
    var lexer = JQLexer(text)
    if lexer.peek() == UInt8(ascii: "+") || lexer.peek() == UInt8(ascii: "-") { lexer.position += 1 }
    guard isDigit(lexer.peek()) || lexer.peek() == UInt8(ascii: ".") && isDigit(lexer.peek(1)) else { return false }
    do throws(JQError) { _ = try lexer.number() } catch { return false }
    return lexer.position == lexer.bytes.count
  }

  /// The pieces of a string; `position` is behind the opening quote.
  private mutating func string(depth: Int) throws(JQError) -> [JQLexedPart] {
    var parts: [JQLexedPart] = []
    var buffer: [UInt8] = []
    while let byte = peek() {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        if !buffer.isEmpty || parts.isEmpty { parts.append(.text(String(decoding: buffer, as: UTF8.self))) }
        return parts
      case UInt8(ascii: "\\"):
        guard let escape = peek() else { throw JQError(message: "unterminated string literal") }
        position += 1
        if escape == UInt8(ascii: "(") {
          if !buffer.isEmpty { parts.append(.text(String(decoding: buffer, as: UTF8.self))) }
          buffer = []
          parts.append(.hole(try lexemes(depth: depth + 1)))
        } else {
          try self.escape(escape, into: &buffer)
        }
      default: buffer.append(byte)
      }
    }
    throw JQError(message: "unterminated string literal")
  }

  private mutating func escape(_ letter: UInt8, into buffer: inout [UInt8]) throws(JQError) {
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "/"), UInt8(ascii: "\\"): buffer.append(letter)
    case UInt8(ascii: "b"): buffer.append(0x08)
    case UInt8(ascii: "f"): buffer.append(0x0C)
    case UInt8(ascii: "n"): buffer.append(0x0A)
    case UInt8(ascii: "r"): buffer.append(0x0D)
    case UInt8(ascii: "t"): buffer.append(0x09)
    case UInt8(ascii: "u"):
      let first = try hexQuad()
      var scalar = Unicode.Scalar(first)
      if (0xD800...0xDBFF).contains(first), peek() == UInt8(ascii: "\\"), peek(1) == UInt8(ascii: "u") {
        let mark = position
        position += 2
        let second = try hexQuad()
        if (0xDC00...0xDFFF).contains(second) {
          scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        } else {
          position = mark
        }
      }
      buffer += Array(String(Character(scalar ?? "\u{FFFD}")).utf8)
    default: throw JQError(message: "invalid escape sequence \"\\\(String(decoding: [letter], as: UTF8.self))\" in string literal")
    }
  }

  private mutating func hexQuad() throws(JQError) -> UInt32 {
    var value: UInt32 = 0
    let start = position
    for _ in 0..<4 {
      guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw JQError(message: "invalid escape sequence \"\\u\(text(start..<position))\" in string literal")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}
