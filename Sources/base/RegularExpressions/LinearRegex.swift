/// A regular expression in RE2's syntax with Go's leftmost-first matches, run in time linear in the text (Pike's machine): no pattern of a
/// user can stall the program.
package struct LinearRegex: Sendable {
  package let source: String
  package let groupCount: Int
  private let groupNames: [String: Int]
  private let code: [RegexInstruction]

  /// The most instructions times characters that one search may take.
  package static let maximumWork = 400_000_000

  package init(_ source: String) throws(RegexError) {
    self.source = source
    guard source.utf8.count <= 64 << 10 else { throw RegexError(message: "error parsing regexp: expression too large") }
    var parser = RegexParser(source)
    let tree = try parser.document()
    var compiler = RegexCompiler()
    try compiler.compile(.group(tree, index: 0))
    try compiler.emit(.match)
    code = compiler.code
    groupCount = parser.groups
    groupNames = parser.groupNames
  }

  /// Positions in `scalars` of a match and its groups; -1 for a group that took no part.
  struct Match { var slots: [Int] }

  /// Whether the pattern matches anywhere in the text.
  package func matches(_ text: String) throws(RegexError) -> Bool {
    try search(text.unicodeScalars.map(\.value), from: 0, wantsGroups: false) != nil
  }

  private struct Threads {
    var list: [(counter: Int, slots: [Int])] = []
    var mark: [Int]
    var generation = 0
    init(count: Int) { mark = Array(repeating: -1, count: count) }
    mutating func clear(_ generation: Int) {
      list.removeAll(keepingCapacity: true)
      self.generation = generation
    }
  }

  func search(_ text: [UInt32], from start: Int, wantsGroups: Bool = true) throws(RegexError) -> Match? {
    guard (text.count - start + 1).multipliedReportingOverflow(by: code.count).partialValue <= LinearRegex.maximumWork else {
      throw RegexError(message: "the text is too long for this regular expression")
    }
    let slotCount = wantsGroups ? (groupCount + 1) * 2 : 2
    var current = Threads(count: code.count)
    var next = Threads(count: code.count)
    var best: Match?
    var position = start
    current.clear(0)
    while true {
      if best == nil {
        add(0, Array(repeating: -1, count: slotCount), position, text, &current)
      }
      if current.list.isEmpty, best != nil { break }
      next.clear(position + 1)
      let scalar: UInt32? = position < text.count ? text[position] : nil
      for thread in current.list {
        var isAccepted = false
        switch code[thread.counter] {
        case .scalar(let value): isAccepted = scalar == value
        case .anything: isAccepted = scalar != nil
        case .anythingButNewline: isAccepted = scalar != nil && scalar != 0x0A
        case .set(let set): if let scalar { isAccepted = set.contains(scalar) }
        case .match:
          best = Match(slots: thread.slots)
        default: break
        }
        if case .match = code[thread.counter] { break }
        if isAccepted { add(thread.counter + 1, thread.slots, position + 1, text, &next) }
      }
      swap(&current, &next)
      position += 1
      if position > text.count { break }
      if !wantsGroups, best != nil { break }
    }
    return best
  }

  /// Follows everything that needs no character; the stack keeps the order of priority.
  private func add(_ counter: Int, _ slots: [Int], _ position: Int, _ text: [UInt32], _ threads: inout Threads) {
    var stack = [(counter, slots)]
    while let (counter, slots) = stack.popLast() {
      if threads.mark[counter] == threads.generation { continue }
      threads.mark[counter] = threads.generation
      switch code[counter] {
      case .jump(let target): stack.append((target, slots))
      case .split(let first, let second):
        stack.append((second, slots))
        stack.append((first, slots))
      case .save(let slot):
        var slots = slots
        if slot < slots.count { slots[slot] = position }
        stack.append((counter + 1, slots))
      case .assert(let assertion):
        if holds(assertion, position, text) { stack.append((counter + 1, slots)) }
      default: threads.list.append((counter, slots))
      }
    }
  }

  private func holds(_ assertion: RegexAssertion, _ position: Int, _ text: [UInt32]) -> Bool {
    func isWord(_ index: Int) -> Bool {
      guard text.indices.contains(index) else { return false }
      let value = text[index]
      return value == 0x5F || (0x30...0x39).contains(value) || (0x41...0x5A).contains(value) || (0x61...0x7A).contains(value)
    }
    return switch assertion {
    case .textStart: position == 0
    case .textEnd: position == text.count
    case .lineStart: position == 0 || text[position - 1] == 0x0A
    case .lineEnd: position == text.count || text[position] == 0x0A
    case .wordBoundary: isWord(position - 1) != isWord(position)
    case .notWordBoundary: isWord(position - 1) == isWord(position)
    }
  }

  /// The matches from left to right without overlap, at most `limit` (negative: all), as Go's `FindAll` gives them.
  private func all(_ text: [UInt32], limit: Int) throws(RegexError) -> [Match] {
    var result: [Match] = []
    var position = 0
    var lastEnd = -1
    var work = 0
    while position <= text.count, limit < 0 || result.count < limit {
      guard let match = try search(text, from: position) else { break }
      let (start, end) = (match.slots[0], match.slots[1])
      if end != position || start != lastEnd { result.append(match) }
      lastEnd = end
      work += (end - position + 1) * code.count
      guard work <= LinearRegex.maximumWork, result.count <= 1_000_000 else {
        throw RegexError(message: "the text is too long for this regular expression")
      }
      position = end == position ? end + 1 : end
    }
    return result
  }

  private func string(_ text: [UInt32], _ start: Int, _ end: Int) -> String {
    var view = String.UnicodeScalarView()
    guard start >= 0, start < end else { return "" }
    for value in text[start..<end] { if let scalar = Unicode.Scalar(value) { view.append(scalar) } }
    return String(view)
  }

  /// A match in a text of Unicode scalars.
  package struct Found: Sendable, Hashable {
    /// Where the match lies.
    package var range: Range<Int>
    /// Where the groups lie, in the order of their opening parentheses; nil for one that took no part.
    package var groups: [Range<Int>?]
  }

  /// The names of the groups, in the order of their opening parentheses; nil for a group without a name.
  package var namesOfGroups: [String?] {
    var names: [String?] = Array(repeating: nil, count: groupCount)
    for (name, index) in groupNames where names.indices.contains(index - 1) { names[index - 1] = name }
    return names
  }

  /// Every match with its groups, at most `limit` (negative: all).
  package func found(in text: [Unicode.Scalar], limit: Int = -1) throws(RegexError) -> [Found] {
    try all(text.map(\.value), limit: limit).map { match in
      func range(_ index: Int) -> Range<Int>? {
        let (start, end) = (match.slots[index * 2], match.slots[index * 2 + 1])
        return start >= 0 && end >= start ? start..<end : nil
      }
      return Found(range: range(0) ?? 0..<0, groups: groupCount == 0 ? [] : (1...groupCount).map(range))
    }
  }

  /// The text of every match.
  package func findAll(_ text: String, limit: Int = -1) throws(RegexError) -> [String] {
    let scalars = text.unicodeScalars.map(\.value)
    return try all(scalars, limit: limit).map { string(scalars, $0.slots[0], $0.slots[1]) }
  }

  /// The text with every match replaced; `$1`, `${1}` and `${name}` stand for groups unless `isLiteral`.
  package func replacingAll(_ text: String, with replacement: String, isLiteral: Bool = false) throws(RegexError) -> String {
    let scalars = text.unicodeScalars.map(\.value)
    var output = ""
    var last = 0
    for match in try all(scalars, limit: -1) {
      output += string(scalars, last, match.slots[0])
      output += isLiteral ? replacement : expand(replacement, match, scalars)
      last = match.slots[1]
    }
    return output + string(scalars, last, scalars.count)
  }

  /// The text cut at the matches, in at most `limit` pieces (negative: all), as Go's `Split`.
  package func split(_ text: String, limit: Int) throws(RegexError) -> [String] {
    if limit == 0 { return [] }
    if !source.isEmpty, text.isEmpty { return [""] }
    let scalars = text.unicodeScalars.map(\.value)
    var result: [String] = []
    var begin = 0
    var end = 0
    for match in try all(scalars, limit: limit) {
      if limit > 0, result.count == limit - 1 { break }
      end = match.slots[0]
      if match.slots[1] != 0 { result.append(string(scalars, begin, end)) }
      begin = match.slots[1]
    }
    if end != scalars.count { result.append(string(scalars, begin, scalars.count)) }
    return result
  }

  private func expand(_ template: String, _ match: Match, _ text: [UInt32]) -> String {
    let bytes = Array(template.utf8)
    var output: [UInt8] = []
    var index = 0
    while index < bytes.count {
      guard bytes[index] == UInt8(ascii: "$"), index + 1 < bytes.count else {
        output.append(bytes[index])
        index += 1
        continue
      }
      if bytes[index + 1] == UInt8(ascii: "$") {
        output.append(bytes[index])
        index += 2
        continue
      }
      let isBraced = bytes[index + 1] == UInt8(ascii: "{")
      var end = index + (isBraced ? 2 : 1)
      let start = end
      while end < bytes.count, bytes[end] == 0x5F || (0x30...0x39).contains(bytes[end]) || (0x61...0x7A).contains(bytes[end] | 0x20) {
        end += 1
      }
      if start == end || (isBraced && (end >= bytes.count || bytes[end] != UInt8(ascii: "}"))) {
        output.append(bytes[index])
        index += 1
        continue
      }
      let name = String(decoding: bytes[start..<end], as: UTF8.self)
      let group = Int(name) ?? groupNames[name] ?? -1
      if group >= 0, group <= groupCount {
        output += Array(string(text, match.slots[group * 2], match.slots[group * 2 + 1]).utf8)
      }
      index = end + (isBraced ? 1 : 0)
    }
    return String(decoding: output, as: UTF8.self)
  }
}
