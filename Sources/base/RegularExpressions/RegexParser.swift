/// Reads RE2's syntax as Go's `regexp` accepts it; no back references, no look-around.
struct RegexParser {
  static let maximumDepth = 100
  let scalars: [UInt32]
  let source: String
  var position = 0
  var groups = 0
  var groupNames: [String: Int] = [:]
  var ignoresCase = false
  var isMultiline = false
  var dotMatchesNewline = false
  var isUngreedy = false

  init(_ source: String) {
    self.source = source
    scalars = source.unicodeScalars.map(\.value)
  }

  func failure(_ message: String, _ range: Range<Int>? = nil) -> RegexError {
    let part = range.map { text($0) } ?? source
    return RegexError(message: "error parsing regexp: \(message): `\(part)`")
  }

  func text(_ range: Range<Int>) -> String {
    var view = String.UnicodeScalarView()
    for value in scalars[range] { if let scalar = Unicode.Scalar(value) { view.append(scalar) } }
    return String(view)
  }

  func peek(_ character: Unicode.Scalar, ahead: Int = 0) -> Bool {
    position + ahead < scalars.count && scalars[position + ahead] == character.value
  }

  mutating func accept(_ character: Unicode.Scalar) -> Bool {
    guard peek(character) else { return false }
    position += 1
    return true
  }

  mutating func document() throws(RegexError) -> RegexNode {
    let node = try alternation(depth: 0)
    guard position == scalars.count else { throw failure("unexpected )") }
    return node
  }

  mutating func alternation(depth: Int) throws(RegexError) -> RegexNode {
    guard depth < RegexParser.maximumDepth else { throw failure("expression nests too deeply") }
    var branches = [try sequence(depth: depth)]
    while accept("|") { branches.append(try sequence(depth: depth)) }
    return branches.count == 1 ? branches[0] : .alternation(branches)
  }

  mutating func sequence(depth: Int) throws(RegexError) -> RegexNode {
    var nodes: [RegexNode] = []
    while position < scalars.count, !peek("|"), !peek(")") {
      let start = position
      guard let atom = try atom(depth: depth) else { continue }
      nodes.append(try quantified(atom, from: start))
    }
    return nodes.count == 1 ? nodes[0] : nodes.isEmpty ? .empty : .sequence(nodes)
  }

  mutating func quantified(_ atom: RegexNode, from start: Int) throws(RegexError) -> RegexNode {
    let mark = position
    let bounds: (Int, Int?)
    if accept("*") {
      bounds = (0, nil)
    } else if accept("+") {
      bounds = (1, nil)
    } else if accept("?") {
      bounds = (0, 1)
    } else if let found = try counted() {
      bounds = found
    } else {
      return atom
    }
    let isLazy = accept("?") != isUngreedy
    if peek("*") || peek("+") || peek("?") { throw failure("invalid nested repetition operator", mark..<position + 1) }
    return .repetition(atom, minimum: bounds.0, maximum: bounds.1, isLazy: isLazy)
  }

  /// `{n}`, `{n,}` or `{n,m}`; nil when the brace is a literal.
  mutating func counted() throws(RegexError) -> (Int, Int?)? {
    guard peek("{") else { return nil }
    let mark = position
    position += 1
    guard let minimum = number() else {
      position = mark
      return nil
    }
    var maximum: Int? = minimum
    if accept(",") { maximum = peek("}") ? nil : number() ?? -1 }
    guard accept("}"), maximum != -1 else {
      position = mark
      return nil
    }
    guard minimum <= 1000, (maximum ?? 0) <= 1000, minimum <= maximum ?? minimum else {
      throw failure("invalid repeat count", mark..<position)
    }
    return (minimum, maximum)
  }

  mutating func number() -> Int? {
    var result: Int?
    while position < scalars.count, (0x30...0x39).contains(scalars[position]) {
      result = min((result ?? 0) * 10 + Int(scalars[position] - 0x30), 100_000)
      position += 1
    }
    return result
  }

  /// The next atom; nil for what only changes flags.
  mutating func atom(depth: Int) throws(RegexError) -> RegexNode? {
    let start = position
    let value = scalars[position]
    position += 1
    switch Unicode.Scalar(value) {
    case "(": return try group(depth: depth)
    case "[": return .set(try set())
    case ".": return dotMatchesNewline ? .anything : .anythingButNewline
    case "^": return .assert(isMultiline ? .lineStart : .textStart)
    case "$": return .assert(isMultiline ? .lineEnd : .textEnd)
    case "*", "+", "?": throw failure("missing argument to repetition operator", start..<position)
    case "\\": return try escape(from: start)
    default: return literal(value)
    }
  }

  func literal(_ value: UInt32) -> RegexNode {
    guard ignoresCase, RegexClass.otherCase(value) != nil else { return .scalar(value) }
    return .set(RegexClass(ranges: [value...value], ignoresCase: true))
  }

  mutating func group(depth: Int) throws(RegexError) -> RegexNode? {
    let saved = (ignoresCase, isMultiline, dotMatchesNewline, isUngreedy)
    func restore(_ parser: inout RegexParser) {
      (parser.ignoresCase, parser.isMultiline, parser.dotMatchesNewline, parser.isUngreedy) = saved
    }
    if accept("?") {
      let start = position - 2
      if peek("P"), peek("<", ahead: 1) { position += 1 }
      if accept("<") {
        let mark = position
        while position < scalars.count, !peek(">") { position += 1 }
        let name = text(mark..<position)
        guard accept(">"), !name.isEmpty, name.utf8.allSatisfy({ $0 == 0x5F || isAlphanumeric(UInt32($0)) }) else {
          throw failure("invalid named capture", start..<position)
        }
        groupNames[name] = groups + 1
        return try capture(depth: depth, restore: restore)
      }
      var isOn = true
      while position < scalars.count {
        let flag = Unicode.Scalar(scalars[position])
        position += 1
        switch flag {
        case "-": isOn = false
        case "i": ignoresCase = isOn
        case "m": isMultiline = isOn
        case "s": dotMatchesNewline = isOn
        case "U": isUngreedy = isOn
        case ")": return nil
        case ":":
          let inner = try alternation(depth: depth + 1)
          guard accept(")") else { throw failure("missing closing )") }
          restore(&self)
          return inner
        default: throw failure("invalid or unsupported Perl syntax", start..<position)
        }
      }
      throw failure("missing closing )")
    }
    return try capture(depth: depth, restore: restore)
  }

  private mutating func capture(depth: Int, restore: (inout RegexParser) -> Void) throws(RegexError) -> RegexNode {
    groups += 1
    let index = groups
    guard index <= 200 else { throw failure("too many groups") }
    let inner = try alternation(depth: depth + 1)
    guard accept(")") else { throw failure("missing closing )") }
    restore(&self)
    return .group(inner, index: index)
  }

  func isAlphanumeric(_ value: UInt32) -> Bool {
    (0x30...0x39).contains(value) || (0x41...0x5A).contains(value) || (0x61...0x7A).contains(value)
  }
}
