import JSONValue

/// Paths in the syntax of tidwall/gjson, the keys of Argo's resource conditions (spec section 4.6): names joined by dots, with a backslash
/// before special characters, indices, `#` (count, or each element), `#(query)` and `#(query)#`, the wildcards `*` and `?`, `|`, and the
/// modifiers `@this`, `@reverse`, `@flatten`, `@keys`, `@values`, `@tostr`, `@fromstr`, `@ugly`, `@valid`.
///
/// Not there: multipaths (`[…]`, `{…}`), literals (`!…`), `@pretty`, `@join`, `@group`, `@dig`; they yield nothing. No label selector can
/// hold them.
package struct GJSONPath: Sendable, Hashable {
  let path: String
  package init(_ path: String) { self.path = path }

  /// The value at the path; nil when there is none. JSON null is a value.
  package func value(in json: JSON) -> JSON? {
    var work = 1_000_000
    return GJSONSearch.get(json, Array(path.utf8)[...], depth: 0, work: &work)
  }

  /// gjson's string of a value: strings as they are, null as nothing, lists and objects as compact JSON.
  package static func text(_ value: JSON) -> String {
    switch value {
    case .null: ""
    case .bool(let value): value ? "true" : "false"
    case .int(let value): String(value)
    case .number(let text): text
    case .double(let value): GJSONSearch.decimal(value)
    case .string(let text): text
    case .array, .object: value.text()
    }
  }
}

/// One component of a path.
private struct GJSONPart {
  /// The name with its backslashes, for wildcards.
  var source: ArraySlice<UInt8>
  var isWild = false
  /// What follows behind a dot.
  var rest: ArraySlice<UInt8>?
  /// What follows behind a bar, or a modifier behind a dot.
  var pipe: ArraySlice<UInt8>?

  /// The name without backslashes.
  var name: String {
    var output: [UInt8] = []
    var bytes = source
    while let byte = bytes.popFirst() {
      if byte == UInt8(ascii: "\\"), let next = bytes.popFirst() { output.append(next) } else { output.append(byte) }
    }
    return String(decoding: output, as: UTF8.self)
  }

  init(_ path: ArraySlice<UInt8>, isQuery: Bool = false, from start: Int? = nil) {
    var index = start ?? path.startIndex
    source = path
    while index < path.endIndex {
      switch path[index] {
      case UInt8(ascii: "\\"): index += 1
      case UInt8(ascii: "*"), UInt8(ascii: "?"): isWild = true
      case UInt8(ascii: "|"):
        source = path[..<index]
        pipe = path[(index + 1)...]
        return
      case UInt8(ascii: "."):
        source = path[..<index]
        let after = path[(index + 1)...]
        if !isQuery, after.first == UInt8(ascii: "@"), GJSONModifier.isModifier(after) { pipe = after } else { rest = after }
        return
      default: break
      }
      index += 1
    }
  }
}

enum GJSONSearch {
  static let maximumDepth = 100

  static func get(_ json: JSON, _ path: ArraySlice<UInt8>, depth: Int, work: inout Int) -> JSON? {
    work -= 1
    guard depth < maximumDepth, work > 0 else { return nil }
    if path.first == UInt8(ascii: "@"), GJSONModifier.isModifier(path) {
      let part = GJSONPart(path)
      guard let changed = GJSONModifier.apply(part.name, json) else { return nil }
      guard let next = part.rest ?? part.pipe else { return changed }
      return get(changed, next, depth: depth + 1, work: &work)
    }
    switch json {
    case .object(let object):
      let part = GJSONPart(path)
      let name = part.name
      let found: JSON?
      if part.isWild {
        let pattern = Array(part.source)
        found = object.first { matches(Array($0.key.utf8)[...], pattern[...]) }?.value
      } else {
        found = object[name]
      }
      guard let found else { return nil }
      guard let next = part.rest ?? part.pipe else { return found }
      return get(found, next, depth: depth + 1, work: &work)
    case .array(let elements): return get(elements, path, depth: depth, work: &work)
    default: return nil
    }
  }

  private static func get(_ elements: [JSON], _ path: ArraySlice<UInt8>, depth: Int, work: inout Int) -> JSON? {
    guard path.first == UInt8(ascii: "#") else {
      let part = GJSONPart(path)
      let digits = part.source
      guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }), let index = Int(String(decoding: digits, as: UTF8.self)),
        elements.indices.contains(index)
      else { return nil }
      guard let next = part.rest ?? part.pipe else { return elements[index] }
      return get(elements[index], next, depth: depth + 1, work: &work)
    }
    if let query = GJSONQuery(path) { return select(elements, query, depth: depth, work: &work) }
    let part = GJSONPart(path)
    guard part.source.count == 1 else { return nil }
    let count = JSON.int(Int64(elements.count))
    guard let rest = part.rest else { return part.pipe.map { get(count, $0, depth: depth + 1, work: &work) } ?? count }
    return each(elements, rest, depth: depth, work: &work)
  }

  /// The rest of the path on each element, up to a bar; what follows the bar is applied to the list.
  private static func each(_ elements: [JSON], _ rest: ArraySlice<UInt8>, depth: Int, work: inout Int) -> JSON? {
    let (inner, outer) = split(rest)
    var results: [JSON] = []
    for element in elements { if let found = get(element, inner, depth: depth + 1, work: &work) { results.append(found) } }
    return outer.map { get(.array(results), $0, depth: depth + 1, work: &work) } ?? .array(results)
  }

  private static func select(_ elements: [JSON], _ query: GJSONQuery, depth: Int, work: inout Int) -> JSON? {
    func holds(_ element: JSON) -> Bool {
      switch element {
      case .object, .array:
        return query.matches(query.path.isEmpty ? element : get(element, query.path, depth: depth + 1, work: &work))
      default: return query.path.isEmpty && query.matches(element)
      }
    }
    if query.isAll {
      let chosen = elements.filter(holds)
      if let rest = query.rest { return each(chosen, rest, depth: depth, work: &work) }
      return query.pipe.map { get(.array(chosen), $0, depth: depth + 1, work: &work) } ?? .array(chosen)
    }
    guard let found = elements.first(where: holds) else { return nil }
    guard let next = query.rest ?? query.pipe else { return found }
    return get(found, next, depth: depth + 1, work: &work)
  }

  /// The path before and behind its first bar outside parentheses.
  private static func split(_ path: ArraySlice<UInt8>) -> (ArraySlice<UInt8>, ArraySlice<UInt8>?) {
    var depth = 0
    var index = path.startIndex
    while index < path.endIndex {
      switch path[index] {
      case UInt8(ascii: "\\"): index += 1
      case UInt8(ascii: "("), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: "|") where depth == 0: return (path[..<index], path[(index + 1)...])
      default: break
      }
      index += 1
    }
    return (path, nil)
  }

  /// Whether a text fits a pattern of `*`, `?`, characters, and characters behind a backslash; in linear space and bounded time.
  static func matches(_ text: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
    var text = text
    var pattern = pattern
    var retry: (text: ArraySlice<UInt8>, pattern: ArraySlice<UInt8>)?
    while true {
      if pattern.first == UInt8(ascii: "*") {
        pattern = pattern.dropFirst()
        retry = (text, pattern)
        continue
      }
      if text.isEmpty, pattern.isEmpty { return true }
      if let wanted = pattern.first, let byte = text.first {
        let isEscaped = wanted == UInt8(ascii: "\\") && pattern.count > 1
        let literal = isEscaped ? pattern[pattern.startIndex + 1] : wanted
        if byte == literal || !isEscaped && wanted == UInt8(ascii: "?") {
          text = text.dropFirst()
          if !isEscaped, wanted == UInt8(ascii: "?") { while let next = text.first, next & 0xC0 == 0x80 { text = text.dropFirst() } }
          pattern = pattern.dropFirst(isEscaped ? 2 : 1)
          continue
        }
      }
      guard let last = retry, !last.text.isEmpty else { return false }
      retry = (last.text.dropFirst(), last.pattern)
      text = last.text.dropFirst()
      pattern = last.pattern
    }
  }

  /// Go's `strconv.FormatFloat(x, 'f', -1, 64)`.
  static func decimal(_ value: Double) -> String {
    let text = JSON.numberText(value)
    guard let mark = text.firstIndex(of: "e"), let exponent = Int(text[text.index(after: mark)...].drop { $0 == "+" }) else { return text }
    let mantissa = text[..<mark]
    let isNegative = mantissa.hasPrefix("-")
    let digits = mantissa.filter { $0 != "-" && $0 != "." }
    let body =
      exponent < 0
      ? "0." + String(repeating: "0", count: -exponent - 1) + digits
      : digits + String(repeating: "0", count: max(0, exponent + 1 - digits.utf8.count))
    return (isNegative ? "-" : "") + body
  }
}

/// `#(path op value)` or `#(path op value)#` with what follows.
struct GJSONQuery {
  var path: ArraySlice<UInt8>
  var sign = ""
  var value = ""
  var isAll = false
  var rest: ArraySlice<UInt8>?
  var pipe: ArraySlice<UInt8>?

  /// Nil when the path begins with no well-formed query.
  init?(_ source: ArraySlice<UInt8>) {
    let bytes = Array(source)
    guard bytes.count > 2, bytes[1] == UInt8(ascii: "(") || bytes[1] == UInt8(ascii: "[") else { return nil }
    var index = 2
    var depth = 1
    var signStart: Int?
    scan: while index < bytes.count {
      let byte = bytes[index]
      if depth == 1, signStart == nil, "!=<>%".utf8.contains(byte) {
        signStart = index
      } else {
        switch byte {
        case UInt8(ascii: "\\"): index += 1
        case UInt8(ascii: "["), UInt8(ascii: "("): depth += 1
        case UInt8(ascii: "]"), UInt8(ascii: ")"):
          depth -= 1
          if depth == 0 { break scan }
        case UInt8(ascii: "\""):
          index += 1
          while index < bytes.count, bytes[index] != UInt8(ascii: "\"") { index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1 }
        default: break
        }
      }
      index += 1
    }
    guard depth == 0, index < bytes.count else { return nil }
    path = Self.trimmed(bytes[2..<(signStart ?? index)])
    if let signStart {
      let right = Self.trimmed(bytes[signStart..<index])
      let text = String(decoding: right, as: UTF8.self)
      let length = ["!=", "!%", "<=", ">=", "=="].contains { text.hasPrefix($0) } ? 2 : 1
      sign = text.hasPrefix("==") ? "=" : String(text.prefix(length))
      let literal = Self.trimmed(right.dropFirst(length))
      value = String(decoding: literal, as: UTF8.self)
      if literal.count >= 2, literal.first == UInt8(ascii: "\""), literal.last == UInt8(ascii: "\"") {
        let inner = String(decoding: literal.dropFirst().dropLast(), as: UTF8.self)
        do throws(JSONParseError) { value = try JSON.parse(Array(literal)).string ?? inner } catch { value = inner }
      }
    }
    var end = index + 1
    if end < bytes.count, bytes[end] == UInt8(ascii: "#") {
      isAll = true
      end += 1
    }
    guard end < bytes.count else { return }
    switch bytes[end] {
    case UInt8(ascii: "."): rest = bytes[(end + 1)...]
    case UInt8(ascii: "|"): pipe = bytes[(end + 1)...]
    default: return nil
    }
  }

  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var bytes = bytes
    while let first = bytes.first, first <= 0x20 { bytes = bytes.dropFirst() }
    while let last = bytes.last, last <= 0x20 { bytes = bytes.dropLast() }
    return bytes
  }

  /// Whether the value at the query's path fits; nil when nothing is there.
  func matches(_ found: JSON?) -> Bool {
    var found = found
    var wanted = value
    if value.hasPrefix("~") {
      let answer: Bool? =
        switch value {
        case "~*": found != nil
        case "~null": found?.isNull ?? true
        case "~true": Self.truth(found) == true
        case "~false": found == nil || Self.truth(found) == false
        default: nil
        }
      guard let answer else { return false }
      found = .bool(answer)
      wanted = "true"
    }
    guard let found else { return false }
    if sign.isEmpty { return true }
    switch found {
    case .string(let text):
      switch sign {
      case "=": return text == wanted
      case "!=": return text != wanted
      case "<": return text.utf8.lexicographicallyPrecedes(wanted.utf8)
      case "<=": return !wanted.utf8.lexicographicallyPrecedes(text.utf8)
      case ">": return wanted.utf8.lexicographicallyPrecedes(text.utf8)
      case ">=": return !text.utf8.lexicographicallyPrecedes(wanted.utf8)
      case "%": return GJSONSearch.matches(Array(text.utf8)[...], Array(wanted.utf8)[...])
      case "!%": return !GJSONSearch.matches(Array(text.utf8)[...], Array(wanted.utf8)[...])
      default: return false
      }
    case .int, .double, .number:
      let number = found.double ?? 0
      let bound = Double(wanted) ?? 0
      switch sign {
      case "=": return number == bound
      case "!=": return number != bound
      case "<": return number < bound
      case "<=": return number <= bound
      case ">": return number > bound
      case ">=": return number >= bound
      default: return false
      }
    case .bool(let flag):
      switch sign {
      case "=": return wanted == (flag ? "true" : "false")
      case "!=": return wanted != (flag ? "true" : "false")
      case ">": return flag && wanted == "false"
      case "<": return !flag && wanted == "true"
      case ">=": return flag || wanted == "false"
      case "<=": return !flag || wanted == "true"
      default: return false
      }
    default: return false
    }
  }

  /// What gjson takes for true or false; nil for what is neither.
  private static func truth(_ value: JSON?) -> Bool? {
    switch value {
    case nil, .null?: false
    case .bool(let flag)?: flag
    case .int?, .double?, .number?: value?.double != 0
    case .string(let text)?:
      switch text.lowercased() {
      case "1", "t", "true": true
      case "0", "f", "false": false
      default: nil
      }
    default: nil
    }
  }
}
