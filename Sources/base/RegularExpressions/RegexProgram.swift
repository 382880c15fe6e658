/// Why a regular expression does not compile or run, in the words of Go's `regexp`.
package struct RegexError: Error, Sendable, Hashable, CustomStringConvertible {
  package var message: String
  package var description: String { message }
  package init(message: String) { self.message = message }
}

/// A set of characters.
struct RegexClass: Sendable, Hashable {
  var ranges: [ClosedRange<UInt32>] = []
  /// Negated sets inside a set: `[a\D]`.
  var excluded: [[ClosedRange<UInt32>]] = []
  var properties: [RegexProperty] = []
  var isNegated = false
  var ignoresCase = false

  func contains(_ scalar: UInt32) -> Bool {
    if matches(scalar) != isNegated { return true }
    return false
  }

  private func matches(_ scalar: UInt32) -> Bool {
    if holds(scalar) { return true }
    guard ignoresCase, let other = RegexClass.otherCase(scalar) else { return false }
    return holds(other)
  }

  private func holds(_ scalar: UInt32) -> Bool {
    for range in ranges where range.contains(scalar) { return true }
    for set in excluded where !set.contains(where: { $0.contains(scalar) }) { return true }
    guard !properties.isEmpty, let value = Unicode.Scalar(scalar) else { return false }
    return properties.contains { $0.contains(value) }
  }

  /// The same letter in the other case, when there is a single one.
  static func otherCase(_ scalar: UInt32) -> UInt32? {
    if scalar < 0x80 {
      if (0x41...0x5A).contains(scalar) { return scalar + 0x20 }
      if (0x61...0x7A).contains(scalar) { return scalar - 0x20 }
      return nil
    }
    guard let value = Unicode.Scalar(scalar) else { return nil }
    for text in [value.properties.lowercaseMapping, value.properties.uppercaseMapping] {
      let scalars = text.unicodeScalars
      if let other = scalars.first, scalars.count == 1, other != value { return other.value }
    }
    return nil
  }
}

/// A Unicode class such as `\p{L}`.
struct RegexProperty: Sendable, Hashable {
  var name: String
  var isNegated: Bool

  static let names: Set<String> = ["L", "Lu", "Ll", "N", "Nd", "P", "S", "Z", "Zs"]

  func contains(_ scalar: Unicode.Scalar) -> Bool { holds(scalar) != isNegated }

  private func holds(_ scalar: Unicode.Scalar) -> Bool {
    switch (name, scalar.properties.generalCategory) {
    case ("L", .uppercaseLetter), ("L", .lowercaseLetter), ("L", .titlecaseLetter), ("L", .modifierLetter), ("L", .otherLetter),
      ("Lu", .uppercaseLetter), ("Ll", .lowercaseLetter), ("N", .decimalNumber), ("N", .letterNumber), ("N", .otherNumber),
      ("Nd", .decimalNumber), ("P", .connectorPunctuation), ("P", .dashPunctuation), ("P", .openPunctuation),
      ("P", .closePunctuation), ("P", .initialPunctuation), ("P", .finalPunctuation), ("P", .otherPunctuation), ("S", .mathSymbol),
      ("S", .currencySymbol), ("S", .modifierSymbol), ("S", .otherSymbol), ("Z", .spaceSeparator), ("Z", .lineSeparator),
      ("Z", .paragraphSeparator), ("Zs", .spaceSeparator):
      true
    default: false
    }
  }
}

/// One instruction of the automaton.
enum RegexInstruction: Sendable, Hashable {
  case scalar(UInt32)
  case anything
  case anythingButNewline
  case set(RegexClass)
  /// Continues at the first, and with lower priority at the second.
  case split(Int, Int)
  case jump(Int)
  case save(Int)
  case assert(RegexAssertion)
  case match
}

enum RegexAssertion: Sendable, Hashable {
  case textStart, textEnd, lineStart, lineEnd, wordBoundary, notWordBoundary
}

/// The tree of a regular expression.
indirect enum RegexNode: Sendable, Hashable {
  case empty
  case scalar(UInt32)
  case anything
  case anythingButNewline
  case set(RegexClass)
  case assert(RegexAssertion)
  case group(RegexNode, index: Int)
  case sequence([RegexNode])
  case alternation([RegexNode])
  case repetition(RegexNode, minimum: Int, maximum: Int?, isLazy: Bool)
}

/// Translates the tree into instructions.
struct RegexCompiler {
  static let maximumInstructions = 20_000
  var code: [RegexInstruction] = []

  mutating func emit(_ instruction: RegexInstruction) throws(RegexError) {
    guard code.count < RegexCompiler.maximumInstructions else {
      throw RegexError(message: "error parsing regexp: expression too large")
    }
    code.append(instruction)
  }

  mutating func compile(_ node: RegexNode) throws(RegexError) {
    switch node {
    case .empty: break
    case .scalar(let value): try emit(.scalar(value))
    case .anything: try emit(.anything)
    case .anythingButNewline: try emit(.anythingButNewline)
    case .set(let set): try emit(.set(set))
    case .assert(let assertion): try emit(.assert(assertion))
    case .group(let inner, let index):
      try emit(.save(index * 2))
      try compile(inner)
      try emit(.save(index * 2 + 1))
    case .sequence(let nodes): for node in nodes { try compile(node) }
    case .alternation(let nodes):
      var jumps: [Int] = []
      for (position, node) in nodes.enumerated() {
        guard position < nodes.count - 1 else {
          try compile(node)
          break
        }
        let split = code.count
        try emit(.split(0, 0))
        try compile(node)
        jumps.append(code.count)
        try emit(.jump(0))
        code[split] = .split(split + 1, code.count)
      }
      for jump in jumps { code[jump] = .jump(code.count) }
    case .repetition(let inner, let minimum, let maximum, let isLazy):
      try compileRepetition(inner, minimum, maximum, isLazy)
    }
  }

  private mutating func compileRepetition(
    _ inner: RegexNode, _ minimum: Int, _ maximum: Int?, _ isLazy: Bool
  ) throws(RegexError) {
    for _ in 0..<minimum { try compile(inner) }
    func split(_ first: Int, _ second: Int) -> RegexInstruction { isLazy ? .split(second, first) : .split(first, second) }
    guard let maximum else {
      let start = code.count
      try emit(.split(0, 0))
      try compile(inner)
      try emit(.jump(start))
      code[start] = split(start + 1, code.count)
      return
    }
    var splits: [Int] = []
    for _ in minimum..<max(minimum, maximum) {
      splits.append(code.count)
      try emit(.split(0, 0))
      try compile(inner)
    }
    for start in splits { code[start] = split(start + 1, code.count) }
  }
}
