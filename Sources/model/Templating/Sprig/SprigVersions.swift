/// sprig's `semver`, `semverCompare` (Masterminds/semver 3 constraints), and URLs.
enum SprigVersions {
  static func call(_ call: Sprig.Call) throws(ExpressionError) -> ExprValue? {
    switch call.name {
    case "semver":
      let version = try version(try call.string(0))
      return .map([
        "Major": .int(version.numbers[0]), "Minor": .int(version.numbers[1]), "Patch": .int(version.numbers[2]),
        "Prerelease": .string(version.prerelease.joined(separator: ".")), "Metadata": .string(version.metadata),
        "Original": .string(try call.string(0)),
      ])
    case "semverCompare":
      let version = try version(try call.string(1))
      for alternative in GoText.split(try call.string(0), "||") {
        if try holds(alternative, version) { return .bool(true) }
      }
      return .bool(false)
    default: return nil
    }
  }

  private struct Version {
    var numbers: [Int64]
    /// How many numbers were written.
    var given: Int
    var prerelease: [String]
    var metadata: String
  }

  private static func version(_ text: String) throws(ExpressionError) -> Version {
    let invalid = ExpressionError(message: "Invalid Semantic Version", offset: 0)
    var rest = GoText.removingPrefix(GoText.trimSpace(text), "v")
    var metadata = ""
    if let plus = rest.firstIndex(of: "+") {
      metadata = String(rest[rest.index(after: plus)...])
      rest = String(rest[..<plus])
    }
    var prerelease: [String] = []
    if let dash = rest.firstIndex(of: "-") {
      prerelease = GoText.split(String(rest[rest.index(after: dash)...]), ".")
      rest = String(rest[..<dash])
    }
    let parts = rest.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...3).contains(parts.count) else { throw invalid }
    var numbers: [Int64] = []
    for part in parts {
      if ["x", "X", "*"].contains(part) { break }
      guard let number = Int64(part), number >= 0, number < Int64.max else { throw invalid }
      numbers.append(number)
    }
    let given = numbers.count
    while numbers.count < 3 { numbers.append(0) }
    return Version(numbers: numbers, given: given, prerelease: prerelease, metadata: metadata)
  }

  /// -1, 0 or 1.
  private static func compare(_ left: Version, _ right: Version) -> Int {
    for (a, b) in zip(left.numbers, right.numbers) where a != b { return a < b ? -1 : 1 }
    if left.prerelease.isEmpty != right.prerelease.isEmpty { return left.prerelease.isEmpty ? 1 : -1 }
    for (a, b) in zip(left.prerelease, right.prerelease) where a != b {
      switch (Int64(a), Int64(b)) {
      case (let first?, let second?): return first < second ? -1 : 1
      case (.some, nil): return -1
      case (nil, .some): return 1
      default: return a < b ? -1 : 1
      }
    }
    let (a, b) = (left.prerelease.count, right.prerelease.count)
    return a == b ? 0 : a < b ? -1 : 1
  }

  /// Constraints that must all hold, separated by commas or spaces; `1.2 - 2.0` is a range.
  private static func holds(_ text: String, _ version: Version) throws(ExpressionError) -> Bool {
    let range = GoText.split(text, " - ")
    if range.count == 2 {
      guard try holds(">=" + GoText.trimSpace(range[0]), version) else { return false }
      return try holds("<=" + GoText.trimSpace(range[1]), version)
    }
    var words: [String] = []
    for word in text.split(whereSeparator: { $0 == " " || $0 == "," }) {
      if let last = words.last, last.allSatisfy({ "=<>!~^".contains($0) }) {
        words[words.count - 1] = last + word
      } else {
        words.append(String(word))
      }
    }
    for word in words {
      let name = String(word.prefix { "=<>!~^".contains($0) })
      if try !holds(name, try self.version(String(word.dropFirst(name.count))), version) { return false }
    }
    return true
  }

  private static func holds(_ name: String, _ wanted: Version, _ version: Version) throws(ExpressionError) -> Bool {
    if !version.prerelease.isEmpty, wanted.prerelease.isEmpty, name != "!=" { return false }
    let order = compare(version, wanted)
    /// Below the next version after the first `count` numbers.
    func isBelowNext(_ count: Int) -> Bool { Array(version.numbers.prefix(count)) == Array(wanted.numbers.prefix(count)) }
    switch name {
    case "", "=", "==": return wanted.given < 3 ? isBelowNext(wanted.given) : order == 0
    case "!=": return wanted.given < 3 ? !isBelowNext(wanted.given) : order != 0
    case ">": return wanted.given < 3 ? order > 0 && !isBelowNext(wanted.given) : order > 0
    case ">=", "=>": return order >= 0
    case "<": return order < 0
    case "<=", "=<": return order <= 0 || (wanted.given < 3 && isBelowNext(wanted.given))
    case "~", "~>": return order >= 0 && isBelowNext(min(2, wanted.given))
    case "^":
      if wanted.given == 0 { return true }
      let significant = wanted.numbers.prefix(wanted.given).firstIndex { $0 != 0 } ?? max(0, wanted.given - 1)
      return order >= 0 && isBelowNext(significant + 1)
    default: throw ExpressionError(message: "improper constraint: \(name)", offset: 0)
    }
  }
}
