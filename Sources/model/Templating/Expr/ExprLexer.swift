import Basics

/// A token of the expression language.
struct ExprToken: Sendable, Hashable {
  enum Kind: String, Sendable {
    case identifier = "Identifier"
    case number = "Number"
    case string = "String"
    case `operator` = "Operator"
    case bracket = "Bracket"
    case end = "EOF"
  }
  var kind: Kind
  var text: String
  var offset: Int

  func isOperator(_ text: String) -> Bool { kind == .operator && self.text == text }
  func isBracket(_ text: String) -> Bool { kind == .bracket && self.text == text }

  /// As messages print it: `Operator("+")`, `EOF`.
  var shown: String { kind == .end ? "EOF" : "\(kind.rawValue)(\(GoQuote.quoted(text)))" }
}

/// Cuts an expression into tokens by expr-lang's rules.
struct ExprLexer {
  private static let words: Set<String> = ["in", "or", "and", "matches", "contains", "startsWith", "endsWith", "let", "not", "if", "else"]
  let bytes: [UInt8]
  var position = 0
  var tokens: [ExprToken] = []

  static func tokens(of source: String) throws(ExpressionError) -> [ExprToken] {
    var lexer = ExprLexer(bytes: Array(source.utf8))
    while try lexer.next() {}
    return lexer.tokens
  }

  init(bytes: [UInt8]) { self.bytes = bytes }

  func failure(_ message: String, _ offset: Int) -> ExpressionError { ExpressionError(message: message, offset: offset) }

  func byte(_ ahead: Int = 0) -> UInt8? { position + ahead < bytes.count ? bytes[position + ahead] : nil }

  /// The scalar at the position and its length in bytes.
  func scalar() -> (value: Unicode.Scalar, width: Int)? {
    guard let first = byte() else { return nil }
    if first < 0x80 { return (Unicode.Scalar(first), 1) }
    let text = String(decoding: bytes[position..<min(position + 4, bytes.count)], as: UTF8.self)
    guard let value = text.unicodeScalars.first else { return nil }
    return (value, max(1, UTF8.width(value)))
  }

  func isWord(_ value: Unicode.Scalar) -> Bool {
    value == "_" || value == "$" || value.properties.isAlphabetic || value.properties.generalCategory == .decimalNumber
  }

  mutating func emit(_ kind: ExprToken.Kind, from start: Int) {
    tokens.append(ExprToken(kind: kind, text: String(decoding: bytes[start..<position], as: UTF8.self), offset: start))
  }

  /// Reads one token; false at the end.
  mutating func next() throws(ExpressionError) -> Bool {
    guard tokens.count < 50_000 else { throw failure("the expression is too long", position) }
    guard let (value, width) = scalar() else {
      tokens.append(ExprToken(kind: .end, text: "", offset: position))
      return false
    }
    let start = position
    position += width
    switch value {
    case _ where value.properties.isWhitespace: return true
    case "'", "\"": try string(quote: UInt8(value.value), start: start)
    case "`": try rawString(start: start)
    case "0"..."9":
      position = start
      try number()
    case "?":
      if byte() == UInt8(ascii: ".") || byte() == UInt8(ascii: "?") { position += 1 }
      emit(.operator, from: start)
    case "/":
      if byte() == UInt8(ascii: "/") {
        while let next = byte(), next != 0x0A { position += 1 }
      } else if byte() == UInt8(ascii: "*") {
        try blockComment(start: start)
      } else {
        emit(.operator, from: start)
      }
    case "#":
      emit(.operator, from: start)
      let begin = position
      word()
      if position > begin { emit(.identifier, from: begin) }
    case "|", ":":
      if byte() == UInt8(value.value) { position += 1 }
      emit(.operator, from: start)
    case "(", "[", "{", ")", "]", "}": emit(.bracket, from: start)
    case ",", ";", "%", "+", "-", "^": emit(.operator, from: start)
    case "&", "!", "=", "*", "<", ">":
      if let next = byte(), next == UInt8(ascii: "&") || next == UInt8(ascii: "=") || next == UInt8(ascii: "*") { position += 1 }
      emit(.operator, from: start)
    case ".":
      if let next = byte(), (0x30...0x39).contains(next) {
        position = start
        try number()
      } else {
        if byte() == UInt8(ascii: ".") { position += 1 }
        emit(.operator, from: start)
      }
    default:
      guard isWord(value) else { throw failure("unrecognized character: \(hexName(value)) '\(value)'", start) }
      word()
      let text = String(decoding: bytes[start..<position], as: UTF8.self)
      emit(ExprLexer.words.contains(text) ? .operator : .identifier, from: start)
    }
    return true
  }

  private func hexName(_ value: Unicode.Scalar) -> String {
    let digits = String(value.value, radix: 16, uppercase: true)
    return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  private mutating func word() {
    while let (value, width) = scalar(), isWord(value) { position += width }
  }

  private mutating func blockComment(start: Int) throws(ExpressionError) {
    position += 1
    while position < bytes.count {
      if byte() == UInt8(ascii: "*"), byte(1) == UInt8(ascii: "/") {
        position += 2
        return
      }
      position += 1
    }
    throw failure("unclosed comment", start)
  }

  private mutating func number() throws(ExpressionError) {
    let start = position
    func isDigit(_ byte: UInt8?, _ radix: Int) -> Bool {
      guard let byte else { return false }
      if byte == 0x5F { return true }
      guard let value = Character(Unicode.Scalar(byte)).hexDigitValue else { return false }
      return value < radix
    }
    var radix = 10
    if byte() == 0x30, let marker = byte(1) {
      switch marker | 0x20 {
      case UInt8(ascii: "x"): radix = 16
      case UInt8(ascii: "o"): radix = 8
      case UInt8(ascii: "b"): radix = 2
      default: break
      }
      if radix != 10 { position += 2 }
    }
    while isDigit(byte(), radix) { position += 1 }
    if byte() == UInt8(ascii: "."), byte(1) != UInt8(ascii: ".") {
      position += 1
      while isDigit(byte(), radix) { position += 1 }
    }
    if let exponent = byte(), radix == 10, exponent | 0x20 == UInt8(ascii: "e") {
      position += 1
      if byte() == UInt8(ascii: "+") || byte() == UInt8(ascii: "-") { position += 1 }
      while isDigit(byte(), radix) { position += 1 }
    }
    if let (value, width) = scalar(), isWord(value) {
      position += width
      let text = String(decoding: bytes[start..<position], as: UTF8.self)
      throw failure("bad number syntax: \(GoQuote.quoted(text))", start)
    }
    emit(.number, from: start)
  }

  private mutating func rawString(start: Int) throws(ExpressionError) {
    var content: [UInt8] = []
    while let next = byte() {
      position += 1
      guard next == UInt8(ascii: "`") else {
        content.append(next)
        continue
      }
      if byte() == UInt8(ascii: "`") {
        content.append(next)
        position += 1
      } else {
        tokens.append(ExprToken(kind: .string, text: String(decoding: content, as: UTF8.self), offset: start))
        return
      }
    }
    throw failure("literal not terminated", start)
  }

  private mutating func string(quote: UInt8, start: Int) throws(ExpressionError) {
    var content: [UInt8] = []
    while let next = byte(), next != 0x0A {
      position += 1
      if next == quote {
        tokens.append(ExprToken(kind: .string, text: String(decoding: content, as: UTF8.self), offset: start))
        return
      }
      if next == UInt8(ascii: "\\") { try escape(into: &content, start: start) } else { content.append(next) }
    }
    throw failure("literal not terminated", start)
  }

  private mutating func escape(into content: inout [UInt8], start: Int) throws(ExpressionError) {
    guard let letter = byte() else { throw failure("literal not terminated", start) }
    position += 1
    func code(_ digits: Int) throws(ExpressionError) -> UInt32 {
      var value: UInt32 = 0
      for _ in 0..<digits {
        guard let next = byte(), let digit = Character(Unicode.Scalar(next)).hexDigitValue else {
          throw failure("unable to unescape string, invalid escape", start)
        }
        value = value << 4 | UInt32(digit)
        position += 1
      }
      return value
    }
    func append(_ value: UInt32) throws(ExpressionError) {
      guard let scalar = Unicode.Scalar(value) else { throw failure("unable to unescape string, invalid code point", start) }
      content += Array(String(Character(scalar)).utf8)
    }
    switch letter {
    case UInt8(ascii: "a"): content.append(0x07)
    case UInt8(ascii: "b"): content.append(0x08)
    case UInt8(ascii: "f"): content.append(0x0C)
    case UInt8(ascii: "n"): content.append(0x0A)
    case UInt8(ascii: "r"): content.append(0x0D)
    case UInt8(ascii: "t"): content.append(0x09)
    case UInt8(ascii: "v"): content.append(0x0B)
    case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: "?"): content.append(letter)
    case UInt8(ascii: "x"): try append(code(2))
    case UInt8(ascii: "u"): try append(code(4))
    case UInt8(ascii: "U"): try append(code(8))
    case 0x30...0x33:
      var value = UInt32(letter - 0x30)
      for _ in 0..<2 {
        guard let next = byte(), (0x30...0x37).contains(next) else { throw failure("unable to unescape octal sequence in string", start) }
        value = value * 8 + UInt32(next - 0x30)
        position += 1
      }
      try append(value)
    default: throw failure("unable to unescape string", start)
    }
  }
}
