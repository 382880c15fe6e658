import Basics
import RegularExpressions

/// A token of govaluate.
struct WhenToken: Sendable {
  enum Kind: String, Sendable {
    case prefix = "PREFIX"
    case numeric = "NUMERIC"
    case boolean = "BOOLEAN"
    case string = "STRING"
    case time = "TIME"
    case variable = "VARIABLE"
    case accessor = "ACCESSOR"
    case separator = "SEPARATOR"
    case comparator = "COMPARATOR"
    case logical = "LOGICALOP"
    case modifier = "MODIFIER"
    case clause = "CLAUSE"
    case clauseClose = "CLAUSE_CLOSE"
    case ternary = "TERNARY"
    case start = "UNKNOWN"

    private static let operands: Set<Kind> = [.numeric, .boolean, .variable, .accessor, .string, .time, .clause]
    private static let operators: Set<Kind> = [.modifier, .comparator, .logical, .clauseClose, .ternary, .separator]

    /// The kinds that may follow.
    var successors: Set<Kind> {
      switch self {
      case .start: Kind.operands.union([.prefix])
      case .clause: Kind.operands.union([.prefix, .clauseClose])
      case .clauseClose: Kind.operators.union([.numeric, .boolean, .variable, .string, .time, .clause])
      case .numeric, .boolean, .string, .variable: Kind.operators
      case .time: Kind.operators.subtracting([.ternary])
      case .accessor: Kind.operators.union([.clause])
      case .modifier: [.prefix, .numeric, .variable, .accessor, .string, .boolean, .clause, .clauseClose]
      case .comparator, .logical: Kind.operands.union([.prefix, .clauseClose])
      case .prefix: [.numeric, .boolean, .variable, .accessor, .clause, .clauseClose]
      case .ternary: Kind.operands.union([.prefix, .separator])
      case .separator: Kind.operands.union([.prefix])
      }
    }

    /// Whether an expression may end with it.
    var mayEnd: Bool {
      switch self {
      case .clauseClose, .numeric, .boolean, .string, .time, .variable, .accessor: true
      default: false
      }
    }
  }

  var kind: Kind
  var text: String
  var value: WhenValue = .nothing
  /// It has a tag in it or beside it, so that it may be anything.
  var isOpen = false

  /// The token's value as Go's `%v` prints it: parentheses are numbers, names with accessors lists.
  var shown: String {
    switch kind {
    case .clause, .clauseClose: String(text.unicodeScalars.first?.value ?? 0)
    case .accessor: "[" + text.split(separator: ".", omittingEmptySubsequences: false).joined(separator: " ") + "]"
    case .numeric: value.shown
    default: text
    }
  }
}

/// A value of govaluate: numbers are float64, times are their Unix seconds.
enum WhenValue: Sendable, Hashable {
  case nothing
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([WhenValue])
}

/// Cuts a `when` into tokens by govaluate's rules.
struct WhenLexer {
  private static let comparators: Set<String> = ["==", "!=", ">", ">=", "<", "<=", "=~", "!~"]
  private static let modifiers: Set<String> = ["+", "-", "*", "/", "%", "**", "&", "|", "^", ">>", "<<"]
  /// Stands for a tag whose value is not known: a word of which nothing can be told.
  static let openLetter: Unicode.Scalar = "\u{A66E}"
  private let scalars: [Unicode.Scalar]
  private let hasOpenWords: Bool
  private var position = 0
  private var isAfterOpen = false

  /// - Parameter hasOpenWords: whether words with ``openLetter`` may be anything; then only what is wrong whatever they are is thrown.
  static func tokens(of text: String, hasOpenWords: Bool = false) throws(WhenError) -> [WhenToken] {
    var lexer = WhenLexer(text, hasOpenWords)
    var result: [WhenToken] = []
    var state = WhenToken.Kind.start
    while let token = try lexer.next(after: state) {
      guard result.count < 20_000 else { throw WhenError(message: "the condition is too long") }
      result.append(token)
      state = token.kind
      lexer.isAfterOpen = token.isOpen
    }
    if hasOpenWords {
      try check(result)
      return result
    }
    var open = 0
    for token in result {
      if token.kind == .clause { open += 1 }
      if token.kind == .clauseClose { open -= 1 }
    }
    guard open == 0 else { throw WhenError(message: "Unbalanced parenthesis") }
    try check(result)
    return result
  }

  /// Whether each token may follow the one before it, and the last may end the text; and whether fixed patterns compile.
  static func check(_ tokens: [WhenToken]) throws(WhenError) {
    var state = WhenToken.Kind.start
    var last = "<nil>"
    var isOpen = false
    for token in tokens {
      guard isOpen || token.isOpen || state.successors.contains(token.kind) else {
        if state == .variable, token.kind == .clause { throw WhenError(message: "Undefined function \(last)") }
        throw WhenError(
          message: "Cannot transition token types from \(state.rawValue) [\(last)] to \(token.kind.rawValue) [\(token.shown)]")
      }
      state = token.kind
      last = token.shown
      isOpen = token.isOpen
    }
    guard tokens.isEmpty || isOpen || state.mayEnd else { throw WhenError(message: "Unexpected end of expression") }
    for (sign, pattern) in zip(tokens, tokens.dropFirst())
    where sign.kind == .comparator && (sign.text == "=~" || sign.text == "!~") && pattern.kind == .string && !pattern.isOpen {
      do throws(RegexError) { _ = try LinearRegex(pattern.text) } catch { throw WhenError(message: error.message) }
    }
  }

  private init(_ text: String, _ hasOpenWords: Bool) {
    scalars = Array(text.unicodeScalars)
    self.hasOpenWords = hasOpenWords
  }

  /// Whether there is a tag among the scalars from `start` to here, or just before or after them.
  private func touchesTag(from start: Int) -> Bool {
    hasOpenWords && scalars[max(0, start - 1)..<min(position + 1, scalars.count)].contains(WhenLexer.openLetter)
  }

  private var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

  private static func isLetter(_ value: Unicode.Scalar) -> Bool {
    switch value.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }
  private static func isDigit(_ value: Unicode.Scalar) -> Bool { value.properties.generalCategory == .decimalNumber }

  /// The run of scalars that satisfy the condition; a backslash takes the next one as it is.
  private mutating func run(
    keepsSpace: Bool = false, while condition: (Unicode.Scalar) -> Bool
  ) -> (text: String, isClosed: Bool) {
    var view = String.UnicodeScalarView()
    while let value = current {
      position += 1
      if value == "\\" {
        if let next = current { view.append(next) }
        position += 1
        continue
      }
      if !keepsSpace, value.properties.isWhitespace {
        if !view.isEmpty { return (String(view), true) }
        continue
      }
      guard condition(value) else {
        position -= 1
        return (String(view), true)
      }
      view.append(value)
    }
    position = min(position, scalars.count)
    return (String(view), false)
  }

  private mutating func next(after state: WhenToken.Kind) throws(WhenError) -> WhenToken? {
    while let value = current, value.properties.isWhitespace { position += 1 }
    guard let value = current else { return nil }
    if WhenLexer.isDigit(value) || value == "." { return try number() }
    switch value {
    case ",":
      position += 1
      return WhenToken(kind: .separator, text: ",")
    case "(":
      position += 1
      return WhenToken(kind: .clause, text: "(")
    case ")":
      position += 1
      return WhenToken(kind: .clauseClose, text: ")")
    case "[":
      position += 1
      let (name, isClosed) = run(keepsSpace: true) { $0 != "]" }
      guard isClosed else { throw WhenError(message: "Unclosed parameter bracket") }
      position += 1
      return WhenToken(kind: .variable, text: name)
    case "'", "\"":
      let start = position
      position += 1
      let (text, isClosed) = run(keepsSpace: true) { $0 != "'" && $0 != "\"" }
      if !isClosed, touchesTag(from: start) { return WhenToken(kind: .string, text: text, isOpen: true) }
      guard isClosed else { throw WhenError(message: "Unclosed string literal") }
      position += 1
      if hasOpenWords, text.unicodeScalars.contains(WhenLexer.openLetter) { return WhenToken(kind: .string, text: text, isOpen: true) }
      if let seconds = WhenTime.seconds(text) { return WhenToken(kind: .time, text: text, value: .number(seconds)) }
      return WhenToken(kind: .string, text: text, value: .string(text))
    default: break
    }
    if WhenLexer.isLetter(value) { return try word() }
    return try symbol(after: state)
  }

  private mutating func number() throws(WhenError) -> WhenToken {
    let start = position
    if current == "0", position + 1 < scalars.count, scalars[position + 1] == "x" {
      position += 2
      let (digits, _) = run { Character($0).hexDigitValue != nil }
      guard let value = UInt64(digits, radix: 16) else {
        throw WhenError(message: "Unable to parse hex value '\(digits)' to uint64\n")
      }
      return WhenToken(kind: .numeric, text: digits, value: .number(Double(value)))
    }
    let (text, _) = run { WhenLexer.isDigit($0) || $0 == "." }
    if touchesTag(from: start) { return WhenToken(kind: .numeric, text: text, isOpen: true) }
    guard let value = Double(text) else { throw WhenError(message: "Unable to parse numeric value '\(text)' to float64\n") }
    return WhenToken(kind: .numeric, text: text, value: .number(value))
  }

  private mutating func word() throws(WhenError) -> WhenToken {
    let start = position
    let (text, _) = run { WhenLexer.isLetter($0) || WhenLexer.isDigit($0) || $0 == "_" || $0 == "." }
    if touchesTag(from: start) { return WhenToken(kind: .variable, text: text, isOpen: true) }
    switch text {
    case "true": return WhenToken(kind: .boolean, text: text, value: .bool(true))
    case "false": return WhenToken(kind: .boolean, text: text, value: .bool(false))
    case "in", "IN": return WhenToken(kind: .comparator, text: "in")
    default: break
    }
    guard text.contains(".") else { return WhenToken(kind: .variable, text: text) }
    if text.hasSuffix(".") { throw WhenError(message: "Hanging accessor on token '\(text)'") }
    for part in text.split(separator: ".", omittingEmptySubsequences: false).dropFirst() {
      let first = part.prefix(1)
      if first.uppercased() != first { throw WhenError(message: "Unable to access unexported field '\(part)' in token '\(text)'") }
    }
    return WhenToken(kind: .accessor, text: text)
  }

  private mutating func symbol(after state: WhenToken.Kind) throws(WhenError) -> WhenToken {
    let start = position
    let (text, _) = run { value in
      !(WhenLexer.isDigit(value) || WhenLexer.isLetter(value) || ["(", ")", "[", "]", "'", "\""].contains(value))
    }
    if state.successors.contains(.prefix), ["-", "!", "~"].contains(text) { return WhenToken(kind: .prefix, text: text) }
    if WhenLexer.modifiers.contains(text) { return WhenToken(kind: .modifier, text: text) }
    if text == "&&" || text == "||" { return WhenToken(kind: .logical, text: text) }
    if WhenLexer.comparators.contains(text) { return WhenToken(kind: .comparator, text: text) }
    if ["?", ":", "??"].contains(text) { return WhenToken(kind: .ternary, text: text) }
    // What comes after a tag may be a prefix, and a sign beside a tag a part of another.
    if touchesTag(from: start) || isAfterOpen && ["-", "!", "~"].contains(text) {
      return WhenToken(kind: .modifier, text: text, isOpen: true)
    }
    throw WhenError(message: "Invalid token: '\(text)'")
  }
}

/// The dates that govaluate recognises in quoted strings.
enum WhenTime {
  private static let layouts = [
    "Mon Jan _2 15:04:05 2006", "Mon Jan _2 15:04:05 MST 2006", "Mon Jan 02 15:04:05 -0700 2006", "3:04PM", "2006-01-02T15:04:05Z07:00",
    "2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02 15:04:05-07:00", "2006-01-02T15Z0700",
    "2006-01-02T15:04Z0700", "2006-01-02T15:04:05Z0700",
  ]

  static func seconds(_ text: String) -> Double? {
    guard (6...40).contains(text.utf8.count), text.utf8.contains(where: { (0x30...0x39).contains($0) }) else { return nil }
    for layout in layouts { if let time = GoTime.parse(text, layout) { return Double(time.seconds) } }
    return nil
  }
}
