import JSONValue
import Templating

/// Values that cannot be what their place needs.
extension AdviceRun {
  func adviseTypes() {
    for template in templates {
      for call in template.calls {
        adviseLoop(call, in: template)
        adviseCondition(call.json.text(at: "when"), of: call, in: template, at: call.path["when"])
      }
    }
  }

  /// `withParam` must be a JSON list.
  private func adviseLoop(_ call: TemplateCall, in template: CallableTemplate) {
    // What a condition keeps from running may have any list.
    guard call.json.text(at: "when").isEmpty,
      case .simple(let name, let raw)? = TagTemplate(compiling: call.json.text(at: "withParam")).onlyTag
    else { return }
    let words = name.split(separator: ".").map(String.init)
    let place = call.path["withParam"]
    if let kind = Self.scalarKind(words) {
      say("with-param-type", "withParam needs a JSON list, {{\(raw)}} is \(kind)", hint: "use an output that prints a JSON list", at: place)
      return
    }
    guard let values = literals(of: words, in: template) else { return }
    for value in values where !ValidationRun.isListText(value) {
      say(
        "with-param-type", "withParam needs a JSON list, {{\(raw)}} is \"\(Self.short(value))\"", hint: Self.listHint(value), at: place)
      return
    }
  }

  private static func listHint(_ value: String) -> String {
    let parts = value.split { $0 == "," || $0 == " " || $0 == "\n" }.map(String.init)
    guard (1...8).contains(parts.count), !value.contains("{"), !value.contains("[") else { return "write a list: [\"a\", \"b\"]" }
    return "write \(JSON.array(parts.map { .string($0) }).text())"
  }

  static func short(_ text: String) -> String { text.count <= 40 ? text : "\(text.prefix(39))…" }

  /// What a tag always is, as messages name it; nil for one that can be a list.
  private static func scalarKind(_ words: [String]) -> String? {
    if words.count == 3, words[0] == "steps" || words[0] == "tasks" {
      switch words[2] {
      case "exitCode": return "a number"
      case "status", "id", "ip", "startedAt", "finishedAt", "hostNodeName": return "plain text"
      default: return nil
      }
    }
    if words.count == 2, words[0] == "workflow",
      ["name", "namespace", "uid", "serviceAccountName", "priority", "status"].contains(words[1])
    {
      return "plain text"
    }
    return nil
  }

  // MARK: Conditions

  private func adviseCondition(_ text: String, of call: TemplateCall, in template: CallableTemplate, at path: FieldPath) {
    if text.isEmpty { return }
    for comparison in ConditionScanner.comparisons(in: text) {
      let (left, right) = (type(of: comparison.left, call, template), type(of: comparison.right, call, template))
      guard let left, let right, left != right else { continue }
      let text = "\(comparison.left.source) \(comparison.operation) \(comparison.right.source)"
      let effect =
        switch comparison.operation {
        case "==": "is never true"
        case "!=": "is always true"
        default: "cannot be evaluated"
        }
      say(
        "when-type", "\(text) compares a \(left.rawValue) with a \(right.rawValue) and \(effect)",
        hint: "write both sides with quotes, or both without", at: path)
    }
  }

  private enum OperandType: String { case number, text }

  private func type(of operand: ConditionScanner.Operand, _ call: TemplateCall, _ template: CallableTemplate) -> OperandType? {
    switch operand {
    case .number: return .number
    case .quoted: return .text
    case .word(let word): return ["true", "false"].contains(word) ? nil : .text
    case .tag(let tag):
      guard case .simple(let name, _)? = TagTemplate(compiling: tag).onlyTag else { return nil }
      let words = name.split(separator: ".").map(String.init)
      if words == ["retries"] || (words.last == "exitCode" && words.count == 3) { return .number }
      if words == ["item"] {
        if call.json.holds("withSequence"), (call.json["withSequence"]?.text(at: "format") ?? "").isEmpty { return .number }
        return common(call.json.elements("withItems").map(\.scalarText))
      }
      guard let values = literals(of: words, in: template) else { return nil }
      return common(values)
    default: return nil
    }
  }

  private func common(_ values: [String?]) -> OperandType? {
    let kinds = values.map { value -> OperandType? in
      guard let value, !isTemplated(value) else { return nil }
      if Double(value) != nil { return .number }
      // A text of several words, and one that reads as something else, is another matter.
      let isWord = value.utf8.first.map { $0 > 0x39 } == true && value.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x5F }
      return isWord && !["true", "false"].contains(value) ? .text : nil
    }
    guard let first = kinds.first, let kind = first, kinds.allSatisfy({ $0 == kind }) else { return nil }
    return kind
  }
}

/// Finds the comparisons of a `when` whose sides are single words, numbers, quoted texts or tags.
enum ConditionScanner {
  enum Operand {
    case number(String), quoted(String), word(String), tag(String), other

    var source: String {
      switch self {
      case .number(let text), .quoted(let text), .word(let text), .tag(let text): text
      case .other: ""
      }
    }
  }

  struct Comparison {
    var left: Operand
    var operation: String
    var right: Operand
  }

  private enum Token {
    case operand(Operand), comparison(String), boundary, arithmetic
  }

  static func comparisons(in text: String) -> [Comparison] {
    let tokens = tokens(of: Array(text.unicodeScalars))
    var result: [Comparison] = []
    for index in tokens.indices.dropFirst().dropLast() {
      guard case .comparison(let operation) = tokens[index], case .operand(let left) = tokens[index - 1],
        case .operand(let right) = tokens[index + 1], isEdge(tokens, index - 2), isEdge(tokens, index + 2)
      else { continue }
      result.append(Comparison(left: left, operation: operation, right: right))
    }
    return result
  }

  private static func isEdge(_ tokens: [Token], _ index: Int) -> Bool {
    guard tokens.indices.contains(index) else { return true }
    if case .boundary = tokens[index] { return true }
    return false
  }

  private static func tokens(of text: [Unicode.Scalar]) -> [Token] {
    var result: [Token] = []
    var index = 0
    func at(_ offset: Int) -> Unicode.Scalar? { index + offset < text.count ? text[index + offset] : nil }
    while let next = at(0) {
      switch next {
      case " ", "\n", "\t", "\r": index += 1
      case "(", ")", ",":
        result.append(.boundary)
        index += 1
      case "&", "|":
        result.append(at(1) == next ? .boundary : .arithmetic)
        index += at(1) == next ? 2 : 1
      case "=", "!", "<", ">":
        if at(1) == "=" {
          result.append(.comparison("\(next)="))
          index += 2
        } else if next == "<" || next == ">" {
          result.append(.comparison(String(next)))
          index += 1
        } else {
          result.append(.arithmetic)
          index += at(1) == "~" ? 2 : 1
        }
      case "'", "\"":
        var end = index + 1
        while end < text.count, text[end] != next { end += 1 }
        result.append(.operand(.quoted(string(text[index..<min(end + 1, text.count)]))))
        index = end + 1
      default:
        if let word = word(text, &index) {
          result.append(.operand(word))
        } else {
          result.append(.arithmetic)
          index += 1
        }
      }
    }
    return result
  }

  /// Letters, digits and tags without a space between them.
  private static func word(_ text: [Unicode.Scalar], _ index: inout Int) -> Operand? {
    let start = index
    var tags = 0
    var letters = 0
    while index < text.count {
      if text[index] == "{", index + 1 < text.count, text[index + 1] == "{" {
        var end = index + 2
        while end + 1 < text.count, !(text[end] == "}" && text[end + 1] == "}") { end += 1 }
        index = min(end + 2, text.count)
        tags += 1
      } else if text[index].properties.isAlphabetic || ("0"..."9").contains(text[index]) || text[index] == "_" || text[index] == "." {
        index += 1
        letters += 1
      } else if text[index] == "-", index == start, index + 1 < text.count, ("0"..."9").contains(text[index + 1]) {
        index += 1
      } else {
        break
      }
    }
    guard index > start else { return nil }
    let source = string(text[start..<index])
    // `a-b`, `2024/01`: what it is depends on the evaluator.
    if index < text.count, "-+*/%{[".unicodeScalars.contains(text[index]) { return .other }
    if tags == 1, letters == 0 { return .tag(source) }
    if tags > 0 { return .other }
    return Double(source) != nil ? .number(source) : .word(source)
  }

  private static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }
}
