import Basics
import JSONValue

/// Reads kubectl's JSONPath templates.
struct JSONPathParser {
  private let bytes: [UInt8]
  private var position = 0
  private var depth: Int
  private static let maximumDepth = 30

  private init(_ text: String, depth: Int) {
    bytes = Array(text.utf8)
    self.depth = depth
  }

  /// Texts and lists in the order of the template.
  static func parse(_ text: String, depth: Int = 0) throws(JSONPathError) -> [JSONPathNode] {
    guard depth < maximumDepth else { throw JSONPathError(message: "the template nests too deeply") }
    var parser = JSONPathParser(text, depth: depth)
    return try parser.template()
  }

  private static func action(_ text: String, depth: Int) throws(JSONPathError) -> [JSONPathNode] {
    let nodes = try parse("{" + text + "}", depth: depth + 1)
    if case .list(let inner)? = nodes.first { return inner }
    return []
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }
  private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  /// The character at the position; what is no UTF-8 counts byte by byte.
  private var character: Unicode.Scalar? {
    guard position < bytes.count else { return nil }
    return Substring(decoding: bytes[position..<min(position + 4, bytes.count)], as: UTF8.self).unicodeScalars.first
  }

  private mutating func skipCharacter() {
    position += 1
    while let byte = next, byte & 0xC0 == 0x80 { position += 1 }
  }

  private mutating func template() throws(JSONPathError) -> [JSONPathNode] {
    var nodes: [JSONPathNode] = []
    var start = 0
    while position < bytes.count {
      guard bytes[position] == UInt8(ascii: "{") else {
        position += 1
        continue
      }
      if position > start { nodes.append(.text(text(start..<position))) }
      position += 1
      nodes.append(.list(try action()))
      start = position
    }
    if position > start { nodes.append(.text(text(start..<position))) }
    return nodes
  }

  /// Up to and with the closing brace.
  private mutating func action() throws(JSONPathError) -> [JSONPathNode] {
    var nodes: [JSONPathNode] = []
    while true {
      let rest = bytes[position...]
      if rest.first == UInt8(ascii: "}") {
        position += 1
        return nodes
      }
      if rest.starts(with: "[?(".utf8) {
        position += 3
        nodes.append(try filter())
        continue
      }
      if rest.starts(with: "..".utf8) {
        if case .recursive? = nodes.last { throw JSONPathError(message: "invalid multiple recursive descent") }
        position += 2
        nodes.append(.recursive)
        if let character, Self.isWord(character) { nodes.append(field()) }
        continue
      }
      guard let character, character != "\n", character != "\r" else { throw JSONPathError(message: "unclosed action") }
      switch character {
      case " ", "@", "$": position += 1
      case "[": nodes += try array()
      case "\"", "'": nodes.append(.text(try quoted()))
      case ".":
        position += 1
        nodes.append(field())
      case "+", "-": nodes.append(try number())
      default:
        if character.properties.numericType == .decimal {
          nodes.append(try number())
        } else if Self.isWord(character) {
          nodes.append(word())
        } else {
          throw JSONPathError(message: "unrecognized character in action: \(Self.described(character))")
        }
      }
    }
  }

  /// Go's `%#U`.
  private static func described(_ character: Unicode.Scalar) -> String {
    let digits = String(character.value, radix: 16, uppercase: true)
    return "U+" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits + " '\(Character(character))'"
  }

  private static func isWord(_ character: Unicode.Scalar) -> Bool {
    character == "_" || character.properties.isAlphabetic || character.properties.numericType == .decimal
  }

  private static func endsWord(_ byte: UInt8) -> Bool { " \t\r\n.,[]$@{}".utf8.contains(byte) }

  private mutating func word() -> JSONPathNode {
    let start = position
    while let byte = next, !Self.endsWord(byte) { position += 1 }
    switch text(start..<position) {
    case "true": return .literal(.bool(true))
    case "false": return .literal(.bool(false))
    case let word: return .word(word)
    }
  }

  /// A field's name, in which a backslash lets the next character stand for itself.
  private mutating func field() -> JSONPathNode {
    var name: [UInt8] = []
    while let byte = next {
      if byte == UInt8(ascii: "\\") {
        position += 1
        let start = position
        if next != nil { skipCharacter() }
        name += bytes[start..<position].filter { $0 != UInt8(ascii: "\\") }
        continue
      }
      if Self.endsWord(byte) { break }
      name.append(byte)
      position += 1
    }
    return name == [UInt8(ascii: "*")] ? .wildcard : .field(String(decoding: name, as: UTF8.self))
  }

  private mutating func number() throws(JSONPathError) -> JSONPathNode {
    let start = position
    if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
    while let byte = next, byte == UInt8(ascii: ".") || (0x30...0x39).contains(byte) { position += 1 }
    let text = text(start..<position)
    if let value = Int64(text) { return .literal(.int(value)) }
    if let value = Double(text) { return .literal(.double(value)) }
    throw JSONPathError(message: "cannot parse number \(text)")
  }

  private mutating func quoted() throws(JSONPathError) -> String {
    let start = position
    let quote = bytes[position]
    position += 1
    while true {
      guard let byte = next, byte != 0x0A else { throw JSONPathError(message: "unterminated quoted string") }
      position += 1
      if byte == quote, bytes[position - 2] != UInt8(ascii: "\\") { break }
    }
    let source = text(start..<position)
    guard let value = Self.unquoted(bytes[start + 1..<position - 1], quote) else {
      throw JSONPathError(message: "unquote string \(source) error invalid syntax")
    }
    return value
  }

  /// Go's escapes in a string between such quotes.
  private static func unquoted(_ source: ArraySlice<UInt8>, _ quote: UInt8) -> String? {
    var output: [UInt8] = []
    var rest = source
    func digits(_ count: Int, _ radix: Int) -> UInt32? {
      guard rest.count >= count else { return nil }
      let value = UInt32(String(decoding: rest.prefix(count), as: UTF8.self), radix: radix)
      rest = rest.dropFirst(count)
      return value
    }
    while let byte = rest.popFirst() {
      if byte == quote { return nil }
      guard byte == UInt8(ascii: "\\") else {
        output.append(byte)
        continue
      }
      guard let letter = rest.popFirst() else { return nil }
      switch letter {
      case UInt8(ascii: "a"): output.append(0x07)
      case UInt8(ascii: "b"): output.append(0x08)
      case UInt8(ascii: "f"): output.append(0x0C)
      case UInt8(ascii: "n"): output.append(0x0A)
      case UInt8(ascii: "r"): output.append(0x0D)
      case UInt8(ascii: "t"): output.append(0x09)
      case UInt8(ascii: "v"): output.append(0x0B)
      case UInt8(ascii: "\\"), quote: output.append(letter)
      case UInt8(ascii: "x"):
        guard let value = digits(2, 16) else { return nil }
        output.append(UInt8(value))
      case UInt8(ascii: "u"), UInt8(ascii: "U"):
        guard let value = digits(letter == UInt8(ascii: "u") ? 4 : 8, 16), let scalar = Unicode.Scalar(value) else { return nil }
        output += Array(String(Character(scalar)).utf8)
      case UInt8(ascii: "0")...UInt8(ascii: "7"):
        rest = [letter] + rest
        guard let value = digits(3, 8), value < 256 else { return nil }
        output.append(UInt8(value))
      default: return nil
      }
    }
    return String(decoding: output, as: UTF8.self)
  }

  /// `[…]`: a union, a key in single quotes, an index or a slice.
  private mutating func array() throws(JSONPathError) -> [JSONPathNode] {
    let start = position + 1
    while true {
      guard let byte = next, byte != 0x0A else { throw JSONPathError(message: "unterminated array") }
      position += 1
      if byte == UInt8(ascii: "]") { break }
    }
    var inner = text(start..<position - 1)
    if inner == "*" { inner = ":" }
    let parts = inner.split(separator: ",", omittingEmptySubsequences: false)
    if parts.count > 1 {
      var union: [[JSONPathNode]] = []
      for part in parts {
        let trimmed = part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
        union.append(try Self.action("[" + String(trimmed) + "]", depth: depth))
      }
      return [.union(union)]
    }
    let letters = Array(inner.utf8)
    if letters.count >= 2, letters.first == UInt8(ascii: "'"), letters.last == UInt8(ascii: "'"),
      !letters.dropFirst().dropLast().contains(UInt8(ascii: "'"))
    {
      return try Self.action("." + String(decoding: letters.dropFirst().dropLast(), as: UTF8.self), depth: depth)
    }
    return [.array(try Self.slice(inner))]
  }

  private static func slice(_ text: String) throws(JSONPathError) -> JSONPathSlice {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let isWellFormed = parts.allSatisfy { part in
      part.drop { $0 == "-" }.utf8.allSatisfy { (0x30...0x39).contains($0) } && part.utf8.filter { $0 == UInt8(ascii: "-") }.count <= 1
    }
    guard parts.count <= 3, isWellFormed else { throw JSONPathError(message: "invalid array index \(text)") }
    func number(_ index: Int) throws(JSONPathError) -> Int? {
      guard index < parts.count, !parts[index].isEmpty else { return nil }
      guard let value = Int(parts[index]) else { throw JSONPathError(message: "array index \(parts[index]) is not a number") }
      return value
    }
    let from = try number(0)
    if parts.count == 1 { return JSONPathSlice(from: from, to: (from ?? 0) &+ 1, step: nil, isSingle: true) }
    return JSONPathSlice(from: from, to: try number(1), step: try number(2))
  }

  /// Behind `[?(`.
  private mutating func filter() throws(JSONPathError) -> JSONPathNode {
    let start = position
    var quote: UInt8?
    var isClosed = false
    scan: while true {
      guard let byte = next, byte != 0x0A else { throw JSONPathError(message: "unterminated filter") }
      position += 1
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        if quote == nil {
          quote = byte
        } else if byte == quote, bytes[position - 2] != UInt8(ascii: "\\") {
          isClosed = true
        }
      case UInt8(ascii: ")") where (quote != nil) == isClosed: break scan
      default: break
      }
    }
    guard next == UInt8(ascii: "]") else { throw JSONPathError(message: "unclosed array expect ]") }
    let inner = Array(bytes[start..<position - 1])
    position += 1
    let isSign: (UInt8) -> Bool = { "!<>=".utf8.contains($0) }
    let signStart = inner.firstIndex(where: isSign) ?? inner.count
    var signEnd = inner[signStart...].firstIndex { !isSign($0) } ?? inner.count
    // The sign leaves at least one character for the right side.
    if signEnd == inner.count { signEnd -= 1 }
    guard signStart > 0, signEnd > signStart else {
      return .filter(left: try Self.action(String(decoding: inner, as: UTF8.self), depth: depth), sign: "exists", right: [])
    }
    return .filter(
      left: try Self.action(String(decoding: inner[..<signStart], as: UTF8.self), depth: depth),
      sign: String(decoding: inner[signStart..<signEnd], as: UTF8.self),
      right: try Self.action(String(decoding: inner[signEnd...], as: UTF8.self), depth: depth))
  }
}
