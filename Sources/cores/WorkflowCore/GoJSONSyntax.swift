import JSONValue

/// Finds the first error that Go's `encoding/json` finds in a text, and words it as Go does: the states are those of its scanner
/// (`checkValid` in `scanner.go`). Values are not read; `JSON.parse` does that.
struct GoJSONSyntax {
  private enum State {
    case beginValue, beginValueOrEnd, beginKey, beginKeyOrEnd, endValue, endTop
    case string, escape, hexadecimal(left: Int)
    case minus, digits, integer, point, fraction, exponent, exponentSign, exponentDigits
    /// The bytes that are still to come of `true`, `false` or `null`.
    case literal(StaticString, next: Int)
  }

  private enum Container { case key, value, array }

  private var state = State.beginValue
  private var containers: [Container] = []

  private init() {}

  /// The message of Go's `SyntaxError`; nil for a JSON text.
  static func error(in text: String) -> String? {
    var scanner = GoJSONSyntax()
    for byte in text.utf8 {
      if let context = scanner.step(byte) { return "invalid character \(quoted(byte)) \(context)" }
    }
    if case .endTop = scanner.state { return nil }
    // At the end Go's scanner steps over one more space, which ends a number, and complains of it in the middle of a word or number.
    if let context = scanner.step(UInt8(ascii: " ")) { return "invalid character ' ' \(context)" }
    if case .endTop = scanner.state { return nil }
    return "unexpected end of JSON input"
  }

  /// Goes on by one byte. Answers where the byte cannot be; nil when it can.
  private mutating func step(_ byte: UInt8) -> String? {
    switch state {
    case .beginValue: return Self.isSpace(byte) ? nil : beginValue(byte)
    case .beginValueOrEnd:
      if Self.isSpace(byte) { return nil }
      return byte == UInt8(ascii: "]") ? endValue(byte) : beginValue(byte)
    case .beginKey, .beginKeyOrEnd:
      if Self.isSpace(byte) { return nil }
      if case .beginKeyOrEnd = state, byte == UInt8(ascii: "}") {
        containers[containers.count - 1] = .value
        return endValue(byte)
      }
      return go(to: .string, byte == UInt8(ascii: "\""), else: "looking for beginning of object key string")
    case .endValue, .endTop: return endValue(byte)
    case .string, .escape, .hexadecimal: return stepInString(byte)
    case .literal(let word, let next):
      let expected = word.utf8Start[next]
      let isLast = next == word.utf8CodeUnitCount - 1
      return go(
        to: isLast ? .endValue : .literal(word, next: next + 1), byte == expected,
        else: "in literal \(word) (expecting '\(Unicode.Scalar(expected))')")
    case .minus, .digits, .integer, .point, .fraction, .exponent, .exponentSign, .exponentDigits: return stepInNumber(byte)
    }
  }

  private mutating func go(to next: State, _ mayGo: Bool, else context: String) -> String? {
    guard mayGo else { return context }
    state = next
    return nil
  }

  private mutating func beginValue(_ byte: UInt8) -> String? {
    switch byte {
    case UInt8(ascii: "{"): return open(.key, .beginKeyOrEnd)
    case UInt8(ascii: "["): return open(.array, .beginValueOrEnd)
    case UInt8(ascii: "\""): state = .string
    case UInt8(ascii: "-"): state = .minus
    case UInt8(ascii: "0"): state = .integer
    case UInt8(ascii: "1")...UInt8(ascii: "9"): state = .digits
    case UInt8(ascii: "t"): state = .literal("true", next: 1)
    case UInt8(ascii: "f"): state = .literal("false", next: 1)
    case UInt8(ascii: "n"): state = .literal("null", next: 1)
    default: return "looking for beginning of value"
    }
    return nil
  }

  /// Go's scanner takes 10000 levels.
  private mutating func open(_ container: Container, _ next: State) -> String? {
    containers.append(container)
    return go(to: next, containers.count <= 10_000, else: "exceeded max depth")
  }

  /// The byte after a value or key.
  private mutating func endValue(_ byte: UInt8) -> String? {
    guard let container = containers.last else {
      return go(to: .endTop, Self.isSpace(byte), else: "after top-level value")
    }
    state = .endValue
    if Self.isSpace(byte) { return nil }
    switch (container, byte) {
    case (.key, UInt8(ascii: ":")): (containers[containers.count - 1], state) = (.value, .beginValue)
    case (.key, _): return "after object key"
    case (.value, UInt8(ascii: ",")): (containers[containers.count - 1], state) = (.key, .beginKey)
    case (.array, UInt8(ascii: ",")): state = .beginValue
    case (.value, UInt8(ascii: "}")), (.array, UInt8(ascii: "]")):
      containers.removeLast()
      if containers.isEmpty { state = .endTop }
    case (.value, _): return "after object key:value pair"
    case (.array, _): return "after array element"
    }
    return nil
  }

  private mutating func stepInString(_ byte: UInt8) -> String? {
    switch state {
    case .escape:
      if byte == UInt8(ascii: "u") {
        state = .hexadecimal(left: 4)
        return nil
      }
      return go(to: .string, #"bfnrt\/""#.utf8.contains(byte), else: "in string escape code")
    case .hexadecimal(let left):
      let isDigit = Self.isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
      return go(to: left == 1 ? .string : .hexadecimal(left: left - 1), isDigit, else: "in \\u hexadecimal character escape")
    default:
      if byte == UInt8(ascii: "\"") { state = .endValue }
      if byte == UInt8(ascii: "\\") { state = .escape }
      return byte < 0x20 ? "in string literal" : nil
    }
  }

  private mutating func stepInNumber(_ byte: UInt8) -> String? {
    let isDigit = Self.isDigit(byte)
    switch state {
    case .minus: return go(to: byte == UInt8(ascii: "0") ? .integer : .digits, isDigit, else: "in numeric literal")
    case .point: return go(to: .fraction, isDigit, else: "after decimal point in numeric literal")
    case .exponent where byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-"): state = .exponentSign
    case .exponent, .exponentSign: return go(to: .exponentDigits, isDigit, else: "in exponent of numeric literal")
    case .digits where isDigit, .fraction where isDigit, .exponentDigits where isDigit: break
    case .digits where byte == UInt8(ascii: "."), .integer where byte == UInt8(ascii: "."): state = .point
    case .exponentDigits: return endValue(byte)
    default:
      guard byte | 0x20 == UInt8(ascii: "e") else { return endValue(byte) }
      state = .exponent
    }
    return nil
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }
  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  /// A byte as Go's `quoteChar` prints it: taken for a character of Latin-1, which the first byte of others is not.
  private static func quoted(_ byte: UInt8) -> String {
    func hexadecimal(_ digits: Int) -> String {
      let text = String(byte, radix: 16)
      return String(repeating: "0", count: digits - text.count) + text
    }
    let text =
      switch byte {
      case UInt8(ascii: "'"): "\\'"
      case UInt8(ascii: "\\"): "\\\\"
      case 0x07: "\\a"
      case 0x08: "\\b"
      case 0x09: "\\t"
      case 0x0A: "\\n"
      case 0x0B: "\\v"
      case 0x0C: "\\f"
      case 0x0D: "\\r"
      case 0..<0x20, 0x7F: "\\x" + hexadecimal(2)
      case 0x80...0xA0, 0xAD: "\\u" + hexadecimal(4)
      default: String(Unicode.Scalar(byte))
      }
    return "'\(text)'"
  }
}

/// The message of Go's JSON decoder for a text that is no list: of its first syntax error, or of the value that it is instead.
func goParseError(_ text: String) -> String {
  if let problem = GoJSONSyntax.error(in: text) { return problem }
  let type: String
  switch Result(catching: { () throws(JSONParseError) in try JSON.parse(text) }) {
  case .success(.object): type = "object"
  case .success(.string): type = "string"
  case .success(.bool), .success(.null): type = "bool"
  case .success: type = "number"
  // What Go would read: deeper than is read here, or a number beyond what a Double holds.
  case .failure(let error): return error.description
  }
  return "json: cannot unmarshal \(type) into Go value of type []v1alpha1.Item"
}
