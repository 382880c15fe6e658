import ArgoModel
import Basics
import JSONValue
import Templating

/// Values of loops (spec 2.8).
enum LoopItem {
  /// Go's JSON of values that keep the order of their keys.
  static let style: JSONStyle = {
    var style = JSONStyle.compact
    style.escapesHTML = true
    return style
  }()

  /// What `{{item}}` inserts: a string as it is, everything else as Go's JSON. The members of a map are sorted; below them a list or map
  /// keeps the order in which it was written.
  static func text(_ item: JSON) -> String {
    switch item {
    case .string(let text): text
    case .object(let object): JSON.object(object.sortedByKey()).text(style)
    default: item.text(style)
    }
  }

  /// How Argo prints an item within a name, or a member of one (`{{item.k}}`): JSON without the quotes of a string, which so keeps its
  /// escapes, and without those for HTML.
  static func printed(_ value: JSON) -> String {
    if case .string(let text) = value, text.utf8.allSatisfy(isPlain) { return text }
    var text = value.text(style)
    if case .string = value { text = String(text.dropFirst().dropLast()) }
    guard text.utf8.contains(UInt8(ascii: "\\")) else { return text }
    for (escape, plain) in [("\\u003c", "<"), ("\\u003e", ">"), ("\\u0026", "&")] { text = text.replacing(escape, with: plain) }
    return text
  }

  /// Whether a byte of a string stands for itself in JSON and in names.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"): false
    default: byte >= 0x20 && byte < 0x80
    }
  }

  /// The item's part of a node's name: parentheses are dropped, members of a map sorted, the elements of a list set apart by spaces.
  static func name(_ item: JSON) -> String {
    let text =
      switch item {
      case .object(let object):
        object.map { "\($0.key):\(printed($0.value))" }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.joined(separator: ",")
      case .array(let elements): "[" + elements.map(printed).joined(separator: " ") + "]"
      // Argo takes null for an empty list.
      case .null: "[]"
      default: printed(item)
      }
    return text.utf8.contains { $0 == UInt8(ascii: "(") || $0 == UInt8(ascii: ")") } ? text.filter { $0 != "(" && $0 != ")" } : text
  }

  /// A list written in the manifest: its maps have lost the order of their keys on the way from YAML to JSON.
  static func sorted(_ value: JSON) -> JSON {
    switch value {
    case .array(let elements): .array(elements.map(sorted))
    case .object(let object): .object(JSONObject(object.sortedByKey().map { ($0.key, sorted($0.value)) }))
    default: value
    }
  }
}

extension RunState {
  /// The items of a loop. A list that cannot be read is no error when the step would not run anyway.
  func loopItems(_ step: CompiledStep, _ frame: Frame) throws(RunFailure) -> (items: [JSON], isConstant: Bool) {
    if let tree = step.withItems {
      if case .constant(.array(let items)) = tree.tree { return (try checked(items.map(LoopItem.sorted)), true) }
      return (try checked((try evaluate(tree, frame).array ?? []).map(LoopItem.sorted)), false)
    }
    if let text = step.withParam {
      do throws(RunFailure) {
        let value = try filled(frame) { () throws(RunFailure) in try evaluate(text, frame) }
        let parsed = try? JSON.parse(value)
        // Go reads null into a list as none.
        if parsed == .null { return ([], false) }
        guard case .array(let items)? = parsed else {
          throw RunFailure("withParam value could not be parsed as a JSON list: \(value.trimmed): \(goParseError(value))")
        }
        return (try checked(items), false)
      } catch {
        if neverRuns(step, frame) { return ([], false) }
        throw error
      }
    }
    if let tree = step.withSequence {
      do throws(RunFailure) {
        let json = try filled(frame) { () throws(RunFailure) in try evaluate(tree, frame) }
        return (try sequence(Sequence(json)), tree.tree.isConstant)
      } catch {
        if neverRuns(step, frame) { return ([], false) }
        throw error
      }
    }
    return ([], true)
  }

  /// What is filled in before the loop is read; a failure is worded by steps.
  private func filled<Value>(_ frame: Frame, _ fill: () throws(RunFailure) -> Value) throws(RunFailure) -> Value {
    do throws(RunFailure) { return try fill() } catch { throw unresolved(error, frame) }
  }

  private func checked(_ items: [JSON]) throws(RunFailure) -> [JSON] {
    guard items.count <= world.limits.loopItems else {
      throw RunFailure("a loop of \(items.count) items is over the limit of \(world.limits.loopItems)")
    }
    return items
  }

  /// Whether the condition is false without an item.
  func neverRuns(_ step: CompiledStep, _ frame: Frame) -> Bool {
    guard let when = step.when, let text = try? evaluate(when, frame), let proceeds = try? shouldExecute(text) else { return false }
    return !proceeds
  }

  private func sequence(_ sequence: Sequence) throws(RunFailure) -> [JSON] {
    func number(_ text: String) throws(RunFailure) -> Int64 {
      guard let value = Int64(text) else { throw RunFailure("strconv.Atoi: parsing \(JSON.string(text).text()): invalid syntax") }
      return value
    }
    let start = try sequence.start.map { text throws(RunFailure) in try number(text) } ?? 0
    let end: Int64
    if let text = sequence.end {
      end = try number(text)
    } else if let text = sequence.count {
      let count = try number(text)
      if count == 0 { return [] }
      end = start.addingReportingOverflow(count - 1).partialValue
    } else {
      throw RunFailure("neither end nor count was specified in withSequence")
    }
    let span = end.subtractingReportingOverflow(start)
    guard !span.overflow, span.partialValue.magnitude < UInt64(world.limits.loopItems) else {
      throw RunFailure("a loop from \(start) to \(end) is over the limit of \(world.limits.loopItems)")
    }
    var items: [JSON] = []
    var value = start
    while true {
      items.append(.string(sequence.format.map { goFormat($0, value) } ?? String(value)))
      if value == end { return items }
      value += start <= end ? 1 : -1
    }
  }
}

/// Go's `Sprintf` with one integer: flags, width and the verbs d, x, X, o, b, c, q, v.
func goFormat(_ format: String, _ value: Int64) -> String {
  var result = ""
  var isUsed = false
  var rest = Array(format)[...]
  while let character = rest.popFirst() {
    guard character == "%" else {
      result.append(character)
      continue
    }
    var flags = ""
    while let flag = rest.first, "+-# 0".contains(flag) {
      flags.append(flag)
      rest.removeFirst()
    }
    var width = 0
    while let digit = rest.first?.wholeNumberValue, width < 1000 {
      width = width * 10 + digit
      rest.removeFirst()
    }
    guard let verb = rest.popFirst() else {
      result += "%!(NOVERB)"
      break
    }
    if verb == "%" {
      result.append("%")
      continue
    }
    if isUsed {
      result += "%!\(verb)(BADINDEX)"
      continue
    }
    isUsed = true
    var digits: String
    var prefix = ""
    switch verb {
    case "d", "v": digits = String(value.magnitude)
    case "x": (digits, prefix) = (String(value.magnitude, radix: 16), flags.contains("#") ? "0x" : "")
    case "X": (digits, prefix) = (String(value.magnitude, radix: 16, uppercase: true), flags.contains("#") ? "0X" : "")
    case "o": (digits, prefix) = (String(value.magnitude, radix: 8), flags.contains("#") ? "0" : "")
    case "b": (digits, prefix) = (String(value.magnitude, radix: 2), flags.contains("#") ? "0b" : "")
    case "c": digits = UInt32(exactly: value).flatMap(Unicode.Scalar.init).map { String(Character($0)) } ?? "\u{FFFD}"
    default:
      result += "%!\(verb)(int=\(value))"
      continue
    }
    let sign = value < 0 ? "-" : flags.contains("+") ? "+" : flags.contains(" ") ? " " : ""
    let used = sign.count + prefix.count + digits.count
    let fill = max(0, width - used)
    if flags.contains("-") {
      result += sign + prefix + digits + String(repeating: " ", count: fill)
    } else if flags.contains("0"), verb != "c" {
      result += sign + prefix + String(repeating: "0", count: fill) + digits
    } else {
      result += String(repeating: " ", count: fill) + sign + prefix + digits
    }
  }
  return isUsed ? result : result + "%!(EXTRA int=\(value))"
}
