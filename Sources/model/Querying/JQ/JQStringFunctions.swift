import RegularExpressions

/// jq's functions on strings.
enum JQStringFunctions {
  /// The result, or nil when the name is none of these.
  static func call(_ name: String, _ value: JQValue, _ arguments: [JQValue]) throws(JQFailure) -> JQValue? {
    switch name {
    case "startswith", "endswith", "ltrimstr", "rtrimstr", "trimstr":
      guard let text = value.string, let part = arguments[0].string else { throw .cannotApply(name, value, arguments[0]) }
      switch name {
      case "startswith": return .bool(text.utf8.starts(with: part.utf8))
      case "endswith": return .bool(JQText.hasSuffix(text, part))
      case "ltrimstr": return .string(JQText.removingPrefix(text, part))
      case "rtrimstr": return .string(JQText.removingSuffix(text, part))
      default: return .string(JQText.removingSuffix(JQText.removingPrefix(text, part), part))
      }
    case "ltrim", "rtrim", "trim":
      guard let text = value.string else { throw .cannotApply(name, value) }
      return .string(JQText.trimmed(text, left: name != "rtrim", right: name != "ltrim"))
    case "explode":
      guard let text = value.string else { throw .cannotApply(name, value) }
      return try .makeArray(text.unicodeScalars.map { .int(Int64($0.value)) })
    case "implode":
      guard let codes = value.array else { throw .cannotApply(name, value) }
      var view = String.UnicodeScalarView()
      for code in codes {
        guard let number = code.integer else { throw .cannotApply(name, value) }
        view.append(UInt32(exactly: number).flatMap { Unicode.Scalar($0) } ?? "\u{FFFD}")
      }
      return .string(String(view))
    case "split":
      guard let text = value.string else { throw .cannotApply(name, value) }
      guard let separator = arguments[0].string else { throw .cannotApply(name, arguments[0]) }
      return try .makeArray(JQText.split(text, separator).map { .string($0) })
    case "ascii_downcase", "ascii_upcase":
      guard let text = value.string else { throw .cannotApply(name, value) }
      let (letters, isUp): (ClosedRange<UInt8>, Bool) = name == "ascii_upcase" ? (0x61...0x7A, true) : (0x41...0x5A, false)
      let bytes = text.utf8.map { letters.contains($0) ? (isUp ? $0 - 32 : $0 + 32) : $0 }
      return .string(String(decoding: bytes, as: UTF8.self))
    case "_match": return try match(value, arguments[0], arguments[1], isTest: arguments[2].isTruthy)
    case "_captures":
      guard let captures = value.array else { throw .message("expected an array but got: \(value.described)") }
      var members: [JQObject.Member] = []
      for case .object(let capture) in captures {
        if let name = capture["name"]?.string { members.append((name, capture["string"] ?? .null)) }
      }
      return try .makeObject(members)
    default: return nil
    }
  }

  private static func match(_ value: JQValue, _ pattern: JQValue, _ flags: JQValue, isTest: Bool) throws(JQFailure) -> JQValue {
    let name = isTest ? "test" : "match"
    guard let text = value.string, let source = pattern.string, flags.isNull || flags.string != nil else {
      throw .message("\(name)(\(pattern.preview); \(flags.preview)) cannot be applied to: \(value.described)")
    }
    let letters = flags.string ?? ""
    guard letters.unicodeScalars.allSatisfy({ "gim".unicodeScalars.contains($0) }) else {
      throw .message("unsupported regular expression flag: \(JQValue.string(letters).text)")
    }
    let expression = (letters.contains("m") ? "(?s)" : "") + (letters.contains("i") ? "(?i)" : "") + source
    let regex: LinearRegex
    let found: [LinearRegex.Found]
    let scalars = Array(text.unicodeScalars)
    do throws(RegexError) {
      regex = try LinearRegex(expression)
    } catch {
      throw .message("invalid regular expression \(JQValue.string(expression).text): \(error.message)")
    }
    do throws(RegexError) {
      if isTest { return .bool(try regex.matches(text)) }
      found = try regex.found(in: scalars, limit: letters.contains("g") ? -1 : 1)
    } catch {
      throw .message(error.message)
    }
    func part(_ range: Range<Int>) -> JQValue { .string(String(String.UnicodeScalarView(scalars[range]))) }
    func place(_ range: Range<Int>?) -> [JQObject.Member] {
      guard let range else { return [("length", .int(0)), ("offset", .int(-1)), ("string", .null)] }
      return [("length", .int(Int64(range.count))), ("offset", .int(Int64(range.lowerBound))), ("string", part(range))]
    }
    let names = regex.namesOfGroups
    var matches: [JQValue] = []
    for match in found {
      var captures: [JQValue] = []
      for (index, group) in match.groups.enumerated() {
        captures.append(try .makeObject(place(group) + [("name", names[index].map { .string($0) } ?? .null)]))
      }
      matches.append(try .makeObject(place(match.range) + [("captures", try .makeArray(captures))]))
    }
    return try .makeArray(matches)
  }
}
