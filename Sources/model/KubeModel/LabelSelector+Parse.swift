extension LabelSelector {
  /// A requirement with the text that Kubernetes prints for it.
  package struct Written: Sendable, Hashable {
    package var requirement: Requirement
    package var text: String
  }

  /// Reads Kubernetes' selector grammar (`k8s.io/apimachinery/pkg/labels`): requirements joined by commas, `key`, `!key`, `key=value`,
  /// `==`, `!=`, `key in (a,b)`, `key notin (a,b)`, `key>1`, `key<1`. Empty text selects everything.
  package static func parse(_ text: String) throws(SelectorError) -> LabelSelector {
    LabelSelector(try requirements(text).map(\.requirement))
  }

  /// The requirements of a selector with their texts, in the order in which they are written.
  package static func requirements(_ text: String) throws(SelectorError) -> [Written] {
    var tokens = SelectorTokens(text)
    var requirements: [Written] = []
    while true {
      let next = tokens.peek()
      switch next.token {
      case .end: return requirements
      case .word, .not:
        do throws(SelectorError) {
          requirements.append(try requirement(&tokens))
        } catch {
          throw SelectorError("unable to parse requirement: \(error)")
        }
        let separator = tokens.take()
        switch separator.token {
        case .end: return requirements
        case .comma:
          let following = tokens.peek()
          switch following.token {
          case .word, .not: continue
          default: throw SelectorError("found '\(following.text)', expected: identifier after ','")
          }
        default: throw SelectorError("found '\(separator.text)', expected: ',' or 'end of string'")
        }
      default: throw SelectorError("found '\(next.text)', expected: !, identifier, or 'end of string'")
      }
    }
  }

  private static func requirement(_ tokens: inout SelectorTokens) throws(SelectorError) -> Written {
    var next = tokens.take()
    let isNegated = next.token == .not
    if isNegated { next = tokens.take() }
    guard case .word(let key) = next.token else { throw SelectorError("found '\(next.text)', expected: identifier") }
    if let problem = LabelSyntax.problem(key: key) { throw SelectorError("key: Invalid value: \"\(key)\": \(problem)") }
    if isNegated { return Written(requirement: .doesNotExist(key), text: "!" + key) }
    if [.end, .comma].contains(tokens.peek().token) { return Written(requirement: .exists(key), text: key) }
    let sign = tokens.take()
    switch sign.token {
    case .equals, .doubleEquals, .notEquals, .greater, .less:
      let value = try exactValue(&tokens, key)
      return Written(requirement: try comparison(key, sign.token, value), text: key + sign.text + value)
    case .word("in"), .word("notin"):
      let values = try values(&tokens, key)
      return Written(
        requirement: sign.token == .word("in") ? .isIn(key, values) : .notIn(key, values),
        text: "\(key) \(sign.text) (\(values.joined(separator: ",")))")
    default: throw SelectorError("found '\(sign.text)', expected: in, notin, =, ==, !=, gt, lt")
    }
  }

  private static func comparison(_ key: String, _ sign: SelectorTokens.Token, _ value: String) throws(SelectorError) -> Requirement {
    switch sign {
    case .equals, .doubleEquals: return .equals(key, value)
    case .notEquals: return .notEquals(key, value)
    default:
      guard let bound = Int64(value) else {
        throw SelectorError("values[0][\(key)]: Invalid value: \"\(value)\": for 'Gt', 'Lt' operators, the value must be an integer")
      }
      return sign == .greater ? .greaterThan(key, bound) : .lessThan(key, bound)
    }
  }

  private static func exactValue(_ tokens: inout SelectorTokens, _ key: String) throws(SelectorError) -> String {
    if [.end, .comma].contains(tokens.peek().token) { return "" }
    let next = tokens.take()
    guard case .word(let value) = next.token else { throw SelectorError("found '\(next.text)', expected: identifier") }
    try check(value, 0, key)
    return value
  }

  private static func check(_ value: String, _ index: Int, _ key: String) throws(SelectorError) {
    if let problem = LabelSyntax.problem(value: value) {
      throw SelectorError("values[\(index)][\(key)]: Invalid value: \"\(value)\": \(problem)")
    }
  }

  /// The values in parentheses, sorted and without repetitions; an empty place between commas is the empty value.
  private static func values(_ tokens: inout SelectorTokens, _ key: String) throws(SelectorError) -> [String] {
    let opening = tokens.take()
    guard opening.token == .open else { throw SelectorError("found '\(opening.text)' expected: '('") }
    var found: Set<String> = []
    var isValueExpected = true
    if tokens.peek().token == .close {
      throw SelectorError("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty")
    }
    while true {
      let next = tokens.take()
      switch next.token {
      case .word(let value) where isValueExpected:
        found.insert(value)
        isValueExpected = false
      case .comma:
        if isValueExpected { found.insert("") }
        isValueExpected = true
      case .close:
        if isValueExpected { found.insert("") }
        let sorted = found.sorted()
        for (index, value) in sorted.enumerated() { try check(value, index, key) }
        return sorted
      default: throw SelectorError("found '\(next.text)', expected: \(isValueExpected ? "',', or identifier" : "',' or ')'")")
      }
    }
  }
}

/// What Kubernetes accepts as keys and values of labels.
package enum LabelSyntax {
  /// Why a text is no label key, or nil: an optional DNS prefix with a slash, then at most 63 characters.
  package static func problem(key: String) -> String? {
    let parts = key.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count <= 2, let name = parts.last else {
      return "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
        + "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
        + "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
    }
    if parts.count == 2 {
      let prefix = parts[0]
      if prefix.isEmpty { return "prefix part must be non-empty" }
      let labels = prefix.split(separator: ".", omittingEmptySubsequences: false)
      let isDomain = labels.allSatisfy { label in
        isBounded(label) && label.utf8.allSatisfy { $0 == 0x2D || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
      }
      if prefix.utf8.count > 253 { return "prefix part must be no more than 253 bytes" }
      if !isDomain {
        return "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
          + "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
          + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
      }
    }
    if name.isEmpty { return "name part must be non-empty" }
    if name.utf8.count > 63 { return "name part must be no more than 63 bytes" }
    if !isLabel(name) {
      return "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
        + "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
    }
    return nil
  }

  /// Why a text is no label value, or nil.
  package static func problem(value: String) -> String? {
    if value.utf8.count > 63 { return "must be no more than 63 bytes" }
    if !value.isEmpty, !isLabel(value[...]) {
      return "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with "
        + "an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
        + "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
    }
    return nil
  }

  private static func isAlphanumeric(_ byte: UInt8?) -> Bool {
    guard let byte else { return false }
    return (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }

  private static func isBounded(_ text: Substring) -> Bool { isAlphanumeric(text.utf8.first) && isAlphanumeric(text.utf8.last) }

  private static func isLabel(_ text: Substring) -> Bool {
    isBounded(text) && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2D || $0 == 0x5F || $0 == 0x2E }
  }
}
