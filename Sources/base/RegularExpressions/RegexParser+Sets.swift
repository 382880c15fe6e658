extension RegexParser {
  private static let digits: [ClosedRange<UInt32>] = [0x30...0x39]
  private static let word: [ClosedRange<UInt32>] = [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A]
  private static let space: [ClosedRange<UInt32>] = [0x09...0x0A, 0x0C...0x0D, 0x20...0x20]

  private static let posix: [String: [ClosedRange<UInt32>]] = [
    "alnum": [0x30...0x39, 0x41...0x5A, 0x61...0x7A], "alpha": [0x41...0x5A, 0x61...0x7A], "ascii": [0...0x7F],
    "blank": [0x09...0x09, 0x20...0x20], "cntrl": [0...0x1F, 0x7F...0x7F], "digit": digits, "graph": [0x21...0x7E],
    "lower": [0x61...0x7A], "print": [0x20...0x7E], "punct": [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E],
    "space": [0x09...0x0D, 0x20...0x20], "upper": [0x41...0x5A], "word": word, "xdigit": [0x30...0x39, 0x41...0x46, 0x61...0x66],
  ]

  /// The set of `\d`, `\w`, `\s` and their opposites.
  private func perlClass(_ letter: UInt32) -> (ranges: [ClosedRange<UInt32>], isNegated: Bool)? {
    switch Unicode.Scalar(letter) {
    case "d": (RegexParser.digits, false)
    case "D": (RegexParser.digits, true)
    case "w": (RegexParser.word, false)
    case "W": (RegexParser.word, true)
    case "s": (RegexParser.space, false)
    case "S": (RegexParser.space, true)
    default: nil
    }
  }

  /// What follows a backslash outside a set.
  mutating func escape(from start: Int) throws(RegexError) -> RegexNode {
    guard position < scalars.count else { throw failure("trailing backslash at end of expression", start..<start) }
    let letter = scalars[position]
    if let found = perlClass(letter) {
      position += 1
      return .set(RegexClass(ranges: found.ranges, isNegated: found.isNegated))
    }
    switch Unicode.Scalar(letter) {
    case "b": return assertion(.wordBoundary)
    case "B": return assertion(.notWordBoundary)
    case "A": return assertion(.textStart)
    case "z": return assertion(.textEnd)
    case "p", "P": return .set(RegexClass(properties: [try property()], ignoresCase: ignoresCase))
    case "Q":
      position += 1
      var nodes: [RegexNode] = []
      while position < scalars.count {
        if peek("\\"), peek("E", ahead: 1) {
          position += 2
          break
        }
        nodes.append(literal(scalars[position]))
        position += 1
      }
      return .sequence(nodes)
    default: return literal(try character(from: start))
    }
  }

  private mutating func assertion(_ assertion: RegexAssertion) -> RegexNode {
    position += 1
    return .assert(assertion)
  }

  /// `\pL`, `\p{Lu}`, `\P{N}`; `position` is at the `p`.
  private mutating func property() throws(RegexError) -> RegexProperty {
    let start = position - 1
    var isNegated = peek("P")
    position += 1
    var name = ""
    if accept("{") {
      if accept("^") { isNegated.toggle() }
      let mark = position
      while position < scalars.count, !peek("}") { position += 1 }
      name = text(mark..<position)
      guard accept("}") else { throw failure("invalid character class range", start..<position) }
    } else if position < scalars.count {
      name = text(position..<position + 1)
      position += 1
    }
    guard RegexProperty.names.contains(name) else { throw failure("invalid character class range", start..<position) }
    return RegexProperty(name: name, isNegated: isNegated)
  }

  /// The character of an escape such as `\n`, `\x41` or `\.`; `position` is behind the backslash.
  private mutating func character(from start: Int) throws(RegexError) -> UInt32 {
    guard position < scalars.count else { throw failure("trailing backslash at end of expression", start..<start) }
    let letter = scalars[position]
    position += 1
    switch Unicode.Scalar(letter) {
    case "a": return 0x07
    case "f": return 0x0C
    case "n": return 0x0A
    case "r": return 0x0D
    case "t": return 0x09
    case "v": return 0x0B
    case "x":
      let isBraced = accept("{")
      var value: UInt32 = 0
      var count = 0
      while position < scalars.count, count < (isBraced ? 8 : 2), let scalar = Unicode.Scalar(scalars[position]),
        let digit = Character(scalar).hexDigitValue
      {
        value = value << 4 | UInt32(digit)
        count += 1
        position += 1
      }
      guard count > 0, isBraced ? accept("}") : count == 2, Unicode.Scalar(value) != nil else {
        throw failure("invalid escape sequence", start..<position)
      }
      return value
    default:
      if letter < 0x80, !isAlphanumeric(letter) { return letter }
      throw failure("invalid escape sequence", start..<position)
    }
  }

  /// A set; `position` is behind the `[`.
  mutating func set() throws(RegexError) -> RegexClass {
    let start = position - 1
    var result = RegexClass(ignoresCase: ignoresCase)
    result.isNegated = accept("^")
    var isFirst = true
    while true {
      guard position < scalars.count else { throw failure("missing closing ]", start..<scalars.count) }
      if peek("]"), !isFirst {
        position += 1
        return result
      }
      isFirst = false
      if peek("["), peek(":", ahead: 1), try posixClass(into: &result) { continue }
      if peek("\\"), position + 1 < scalars.count {
        if let found = perlClass(scalars[position + 1]) {
          position += 2
          if found.isNegated { result.excluded.append(found.ranges) } else { result.ranges += found.ranges }
          continue
        }
        if peek("p", ahead: 1) || peek("P", ahead: 1) {
          position += 1
          result.properties.append(try property())
          continue
        }
      }
      let mark = position
      let low = try setCharacter()
      guard peek("-"), position + 1 < scalars.count, !peek("]", ahead: 1) else {
        result.ranges.append(low...low)
        continue
      }
      position += 1
      let high = try setCharacter()
      guard low <= high else { throw failure("invalid character class range", mark..<position) }
      result.ranges.append(low...high)
    }
  }

  private mutating func setCharacter() throws(RegexError) -> UInt32 {
    let start = position
    guard position < scalars.count else { throw failure("missing closing ]") }
    let value = scalars[position]
    position += 1
    return value == UInt32(UInt8(ascii: "\\")) ? try character(from: start) : value
  }

  private mutating func posixClass(into result: inout RegexClass) throws(RegexError) -> Bool {
    var end = position + 2
    while end + 1 < scalars.count, !(scalars[end] == 0x3A && scalars[end + 1] == 0x5D) { end += 1 }
    guard end + 1 < scalars.count else { return false }
    var name = text(position + 2..<end)
    let isNegated = name.hasPrefix("^")
    if isNegated { name.removeFirst() }
    guard let ranges = RegexParser.posix[name] else { throw failure("invalid character class range", position..<end + 2) }
    if isNegated { result.excluded.append(ranges) } else { result.ranges += ranges }
    position = end + 2
    return true
  }
}
