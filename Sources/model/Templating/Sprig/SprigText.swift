import Basics
import RegularExpressions

/// sprig's functions on strings and regular expressions.
enum SprigText {
  /// The result, or nil when the name is none of these.
  static func call(_ call: Sprig.Call) throws(ExpressionError) -> ExprValue? {
    switch call.name {
    case "hello": return .string("Hello!")
    case "trim": return .string(GoText.trimSpace(try call.string(0)))
    case "trimAll", "trimall": return .string(GoText.trim(try call.string(1), characters: try call.string(0)))
    case "trimSuffix": return .string(GoText.removingSuffix(try call.string(1), try call.string(0)))
    case "trimPrefix": return .string(GoText.removingPrefix(try call.string(1), try call.string(0)))
    case "contains": return .bool(GoText.contains(try call.string(1), try call.string(0)))
    case "hasPrefix": return .bool(try call.string(1).utf8.starts(with: try call.string(0).utf8))
    case "hasSuffix": return .bool(try call.string(1).utf8.reversed().starts(with: try call.string(0).utf8.reversed()))
    case "replace":
      let (old, new, text) = (try call.string(0), try call.string(1), try call.string(2))
      let growth = (text.utf8.count / max(1, old.utf8.count) + 1).multipliedReportingOverflow(by: new.utf8.count + 1)
      guard !growth.overflow, growth.partialValue < 128 << 20 else { throw call.failure("the result is too large") }
      return .string(GoText.replace(text, old, new))
    case "repeat":
      let (count, text) = (try call.integer(0), try call.string(1))
      guard count >= 0 else { throw call.failure("strings: negative Repeat count") }
      let (size, overflow) = count.multipliedReportingOverflow(by: Int64(max(1, text.utf8.count)))
      guard !overflow, size <= 64 << 20 else { throw call.failure("the result is too large") }
      return .string(String(repeating: text, count: Int(count)))
    case "substr": return .string(try substring(try call.integer(0), try call.integer(1), try call.string(2)))
    case "trunc": return .string(truncate(try call.integer(0), try call.string(1)))
    case "abbrev": return .string(abbreviate(0, try call.integer(0), try call.string(1)))
    case "abbrevboth": return .string(abbreviate(try call.integer(0), try call.integer(1), try call.string(2)))
    case "nospace": return .string(GoText.trim(try call.string(0)) { _ in false }.filtered { !$0.properties.isWhitespace })
    case "wrap": return .string(wrap(try call.string(1), Int(clamping: try call.integer(0)), "\n", breaksWords: false))
    case "wrapWith": return .string(wrap(try call.string(2), Int(clamping: try call.integer(0)), try call.string(1), breaksWords: true))
    case "quote": return .string(call.arguments.filter { !$0.isNil }.map { GoQuote.quoted(text($0)) }.joined(separator: " "))
    case "squote": return .string(call.arguments.filter { !$0.isNil }.map { "'\(text($0))'" }.joined(separator: " "))
    case "cat": return .string(GoText.trimSpace(call.arguments.filter { !$0.isNil }.map(text).joined(separator: " ")))
    case "indent", "nindent":
      let count = try call.integer(0)
      guard count >= 0, count <= 10_000 else { throw call.failure("strings: negative Repeat count") }
      let pad = String(repeating: " ", count: Int(count))
      let lines = pad + GoText.replace(try call.string(1), "\n", "\n" + pad)
      return .string(call.name == "indent" ? lines : "\n" + lines)
    case "plural": return .string(try call.integer(2) == 1 ? try call.string(0) : try call.string(1))
    case "toString": return .string(text(try call.value(0)))
    case "join": return .string(strings(try call.value(1)).joined(separator: try call.string(0)))
    case "splitList": return .array(GoText.split(try call.string(1), try call.string(0)).map { .string($0) })
    case "split", "splitn":
      let isLimited = call.name == "splitn"
      let limit = isLimited ? Int(clamping: try call.integer(1)) : -1
      var result: [String: ExprValue] = [:]
      for (index, part) in GoText.split(try call.string(isLimited ? 2 : 1), try call.string(0), limit: limit).enumerated() {
        result["_\(index)"] = .string(part)
      }
      return .map(result)
    default: return try regex(call)
    }
  }

  /// sprig's `strval`.
  static func text(_ value: ExprValue) -> String { GoNumber.text(value) }

  /// sprig's `strslice`: the elements as strings, nil left out.
  static func strings(_ value: ExprValue) -> [String] {
    switch value {
    case .nil: []
    case .array(let elements): elements.filter { !$0.isNil }.map(text)
    default: [text(value)]
    }
  }

  private static func regex(_ call: Sprig.Call) throws(ExpressionError) -> ExprValue? {
    guard call.name.hasPrefix("regex") else { return nil }
    if call.name == "regexQuoteMeta" {
      var output = ""
      for scalar in try call.string(0).unicodeScalars {
        if "\\.+*?()|[]{}^$".unicodeScalars.contains(scalar) { output += "\\" }
        output.unicodeScalars.append(scalar)
      }
      return .string(output)
    }
    let (pattern, text) = (try call.string(0), try call.string(1))
    do throws(RegexError) {
      let regex = try LinearRegex(pattern)
      switch call.name {
      case "regexMatch": return .bool(try regex.matches(text))
      case "regexFind": return .string(try regex.findAll(text, limit: 1).first ?? "")
      case "regexFindAll":
        guard case .int(let limit)? = call.arguments.dropFirst(2).first else { throw RegexError(message: "not enough arguments") }
        return .array(try regex.findAll(text, limit: Int(clamping: limit)).map { .string($0) })
      case "regexSplit":
        guard case .int(let limit)? = call.arguments.dropFirst(2).first else { throw RegexError(message: "not enough arguments") }
        return .array(try regex.split(text, limit: Int(clamping: limit)).map { .string($0) })
      case "regexReplaceAll", "regexReplaceAllLiteral":
        guard case .string(let new)? = call.arguments.dropFirst(2).first else { throw RegexError(message: "not enough arguments") }
        return .string(try regex.replacingAll(text, with: new, isLiteral: call.name == "regexReplaceAllLiteral"))
      default: return nil
      }
    } catch {
      throw call.failure(error.message)
    }
  }

  private static func substring(_ start: Int64, _ end: Int64, _ text: String) throws(ExpressionError) -> String {
    let bytes = Array(text.utf8)
    let length = Int64(bytes.count)
    let low = start < 0 ? 0 : start
    let high = end < 0 || end > length ? length : end
    guard low <= high else { throw ExpressionError(message: "slice bounds out of range [\(low):\(high)]", offset: 0) }
    return String(decoding: bytes[Int(low)..<Int(high)], as: UTF8.self)
  }

  private static func truncate(_ count: Int64, _ text: String) -> String {
    let bytes = Array(text.utf8)
    if count < 0, Int64(bytes.count) + count > 0 { return String(decoding: bytes[(bytes.count + Int(count))...], as: UTF8.self) }
    if count >= 0, Int64(bytes.count) > count { return String(decoding: bytes[..<Int(count)], as: UTF8.self) }
    return text
  }

  /// `goutils.AbbreviateFull`.
  private static func abbreviate(_ offset: Int64, _ width: Int64, _ text: String) -> String {
    let bytes = Array(text.utf8)
    let (offset, width) = (Int(clamping: offset), Int(clamping: width))
    if width < 4 || (offset > 0 && width < 7) || bytes.count <= width { return text }
    func part(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
    var start = min(max(offset, 0), bytes.count)
    if bytes.count - start < width - 3 { start = bytes.count - (width - 3) }
    if start <= 4 { return part(0..<width - 3) + "..." }
    if width < 7 { return text }
    if start + width - 3 < bytes.count { return "..." + abbreviate(0, Int64(width - 3), part(start..<bytes.count)) }
    return "..." + part(bytes.count - (width - 3)..<bytes.count)
  }

  /// `goutils.WrapCustom`.
  private static func wrap(_ text: String, _ width: Int, _ newline: String, breaksWords: Bool) -> String {
    let width = max(1, width)
    var rest = Array(text.utf8)[...]
    var output: [UInt8] = []
    while rest.count > width {
      if rest.first == 0x20 {
        rest = rest.dropFirst()
        continue
      }
      let limit = rest.startIndex + width
      if let space = rest[...limit].lastIndex(of: 0x20) {
        output += rest[..<space] + Array(newline.utf8)
        rest = rest[(space + 1)...]
      } else if breaksWords {
        output += rest[..<limit] + Array(newline.utf8)
        rest = rest[limit...]
      } else if let space = rest[limit...].firstIndex(of: 0x20) {
        output += rest[..<space] + Array(newline.utf8)
        rest = rest[(space + 1)...]
      } else {
        break
      }
    }
    return String(decoding: output + rest, as: UTF8.self)
  }
}

extension String {
  /// The scalars that satisfy the condition.
  func filtered(_ isKept: (Unicode.Scalar) -> Bool) -> String {
    var view = String.UnicodeScalarView()
    for scalar in unicodeScalars where isKept(scalar) { view.append(scalar) }
    return String(view)
  }
}
