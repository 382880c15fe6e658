import JSONValue
import Templating

/// Values that are pasted where their text becomes program text.
extension AdviceRun {
  func advisePastes() {
    for template in templates {
      for (container, path) in template.containers {
        guard let script = Self.shellScript(in: container, path) else { continue }
        adviseShell(script.text, in: template, at: script.path)
      }
      adviseBody(of: template)
    }
  }

  private static let shells: Set<String> = ["sh", "bash", "dash", "ash", "zsh", "ksh"]

  /// The text that a shell reads: the source of a script, or the argument after `-c`.
  private static func shellScript(in container: JSON, _ path: FieldPath) -> (text: String, path: FieldPath)? {
    let command = container.elements("command").map { $0.string ?? "" }
    guard let program = command.first?.split(separator: "/").last, shells.contains(String(program)) else { return nil }
    if container.holds("source") { return (container.text(at: "source"), path["source"]) }
    let words =
      command.indices.map { (command[$0], path["command"][$0]) }
      + container.elements("args").enumerated().map { ($1.string ?? "", path["args"][$0]) }
    guard let option = words.firstIndex(where: { $0.0.hasPrefix("-") && !$0.0.hasPrefix("--") && $0.0.hasSuffix("c") }),
      words.indices.contains(option + 1)
    else { return nil }
    return (words[option + 1].0, words[option + 1].1)
  }

  private func adviseShell(_ text: String, in template: CallableTemplate, at path: FieldPath) {
    guard text.contains("{{") else { return }
    var said: Set<String> = []
    for paste in ShellScanner.pastes(in: text) {
      guard paste.place != .quoted, let name = outsideValue(paste.tag, in: template), said.insert(name).inserted else { continue }
      let variable = Self.variable(name)
      if paste.place == .json {
        say(
          "json-paste", "\(paste.tag.source) is pasted into JSON: a quote or a line break in the value breaks it",
          hint: "give it to the container as env \(variable) and build the JSON with jq -n --arg v \"$\(variable)\" '{key: $v}'", at: path,
          inner: paste.position)
      } else {
        say(
          "shell-paste", "\(paste.tag.source) is pasted unquoted into a shell command: the value is read as program text",
          hint: "give it to the container as env {name: \(variable), value: \"\(paste.tag.source)\"} and write \"$\(variable)\"", at: path,
          inner: paste.position)
      }
    }
  }

  private func adviseBody(of template: CallableTemplate) {
    let body = template.json["http"]?.text(at: "body") ?? ""
    guard let first = body.unicodeScalars.first(where: { !$0.properties.isWhitespace }), first == "{" || first == "[" else { return }
    let compiled = TagTemplate(compiling: body)
    if compiled.onlyTag != nil { return }
    var before = ""
    var said: Set<String> = []
    for part in compiled.parts {
      if case .tag(let tag) = part, case .simple(let name, _) = tag, outsideValue(tag, in: template) != nil, said.insert(name).inserted {
        let expression = "{{=toJson(\(Self.path(name)))}}"
        say(
          "json-paste", "\(tag.source) is pasted into JSON: a quote or a line break in the value breaks it",
          hint: "write \(expression), without quotes around it", at: template.path["http"]["body"], inner: TextPlace(endOf: before))
      }
      before += part.text
    }
  }

  private static func path(_ name: String) -> String {
    let words = name.split(separator: ".")
    return words.dropFirst().reduce(words.first.map(String.init) ?? "") { text, word in
      word.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x5F } ? "\(text).\(word)" : "\(text)['\(word)']"
    }
  }

  private static func variable(_ name: String) -> String {
    let word = name.split(separator: ".").last ?? "VALUE"
    return String(word.uppercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })
  }

  /// The tag's name when its value comes from elsewhere and may hold anything; nil for one that cannot do harm.
  private func outsideValue(_ tag: TagTemplate.Tag, in template: CallableTemplate) -> String? {
    switch tag {
    case .simple(let name, _):
      return isOutside(name.split(separator: ".").map(String.init), in: template) ? name : nil
    case .expression(let text):
      let safe = ["toJson", "toJSON", "quote", "squote", "asInt", "asFloat", "int(", "toBase64", "b64enc", "len("]
      if safe.contains(where: text.contains) { return nil }
      let references = (try? Expression(compiling: text))?.references ?? []
      return references.first { isOutside($0.path, in: template) }?.path.joined(separator: ".")
    case .nested: return nil
    }
  }

  private func isOutside(_ name: [String], in template: CallableTemplate) -> Bool {
    guard name.count >= 2 else { return name == ["item"] }
    switch (name[0], name[1]) {
    case ("item", _): return true
    case ("workflow", "parameters"), ("inputs", "parameters"):
      guard name.count == 3 else { return true }
      let list = name[0] == "inputs" ? template.list("inputs", "parameters") : spec["arguments"]?.elements("parameters") ?? []
      let parameter = list.first { $0.text(at: "name") == name[2] }
      if parameter?["enum"] != nil { return false }
      if name[0] == "workflow" { return true }
      return !(literals(of: name, in: template)?.allSatisfy(Self.isHarmless) ?? false)
    case ("workflow", "labels"), ("workflow", "annotations"): return true
    case ("steps", _), ("tasks", _):
      return name.count > 3 && name[2] == "outputs" && (name[3] == "result" || name[3] == "parameters")
    default: return false
    }
  }

  /// Whether a text is one word to a shell, whatever stands around it.
  private static func isHarmless(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { isAlphanumeric($0) || "_-./:@%+=,".utf8.contains($0) }
  }
}

extension TextPlace {
  /// The place after a text.
  init(endOf text: String) {
    let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    self.init(line: max(0, lines.count - 1), column: lines.last?.count ?? 0)
  }
}

extension TagTemplate.Part {
  fileprivate var text: String {
    switch self {
    case .text(let text): text
    case .tag(let tag): tag.source
    }
  }
}

/// Where tags stand in a shell script, as the shell reads its quotes.
enum ShellScanner {
  enum Place {
    /// Outside quotes.
    case bare
    /// In quotes, a here document or a comment.
    case quoted
    /// In a single-quoted text that is JSON.
    case json
  }

  struct Paste {
    var tag: TagTemplate.Tag
    var place: Place
    var position: TextPlace
  }

  static func pastes(in text: String) -> [Paste] {
    var state = State()
    var result: [Paste] = []
    for part in TagTemplate(compiling: text).parts {
      switch part {
      case .text(let words): for scalar in words.unicodeScalars { state.read(scalar) }
      case .tag(let tag):
        result.append(Paste(tag: tag, place: state.place, position: TextPlace(line: state.line, column: state.column)))
        for scalar in tag.source.unicodeScalars { state.skip(scalar) }
      }
    }
    return result
  }

  private struct State {
    private enum Quote { case single, double, substitution, comment }
    var line = 0
    var column = 0
    private var stack: [Quote] = []
    private var isEscaped = false
    private var previous: Unicode.Scalar = "\n"
    private var singleStart: Unicode.Scalar?
    private var lineText: [Unicode.Scalar] = []
    /// The words that end here documents, those that began in this line and that which is read.
    private var ends: [String] = []
    private var end: String?

    var place: Place {
      if end != nil { return .quoted }
      switch stack.last {
      case .single: return singleStart == "{" || singleStart == "[" ? .json : .quoted
      case .double, .comment: return .quoted
      case .substitution, nil: return .bare
      }
    }

    mutating func skip(_ scalar: Unicode.Scalar) {
      if stack.last == .single, singleStart == nil { singleStart = scalar }
      previous = "x"
      isEscaped = false
      lineText.append(scalar)
      advance(scalar)
    }

    mutating func read(_ scalar: Unicode.Scalar) {
      if scalar == "\n" {
        endLine()
      } else {
        lineText.append(scalar)
        if end == nil { quote(scalar) }
      }
      previous = scalar
      advance(scalar)
    }

    private mutating func advance(_ scalar: Unicode.Scalar) {
      if scalar == "\n" { (line, column) = (line + 1, 0) } else { column += 1 }
    }

    private mutating func endLine() {
      isEscaped = false
      if stack.last == .comment { stack.removeLast() }
      let text = String(String.UnicodeScalarView(lineText))
      lineText = []
      if let word = end {
        if text == word || text.drop(while: { $0 == "\t" }) == word { end = ends.isEmpty ? nil : ends.removeFirst() }
        return
      }
      if stack.isEmpty || stack.last == .substitution { ends += Self.hereWords(text) }
      if !ends.isEmpty { end = ends.removeFirst() }
    }

    private mutating func quote(_ scalar: Unicode.Scalar) {
      if isEscaped {
        isEscaped = false
        return
      }
      switch stack.last {
      case .comment: break
      case .single:
        if singleStart == nil { singleStart = scalar }
        if scalar == "'" { stack.removeLast() }
      case .double:
        if scalar == "\\" { isEscaped = true }
        if scalar == "\"" { stack.removeLast() }
        if scalar == "(", previous == "$" { stack.append(.substitution) }
      case .substitution, nil:
        switch scalar {
        case "\\": isEscaped = true
        case "'":
          stack.append(.single)
          singleStart = nil
        case "\"": stack.append(.double)
        case "(" where stack.last == .substitution || previous == "$": stack.append(.substitution)
        case ")" where stack.last == .substitution: stack.removeLast()
        case "#" where " \t\n;".unicodeScalars.contains(previous): stack.append(.comment)
        default: break
        }
      }
    }

    /// The words after `<<` in a line.
    private static func hereWords(_ line: String) -> [String] {
      guard line.contains("<<"), !line.contains("<<<") else { return [] }
      return line.split(separator: "<<", omittingEmptySubsequences: false).dropFirst().compactMap { rest in
        let word = rest.drop { $0 == "-" || $0 == " " }.prefix { !" \t;|&>)".contains($0) }.filter { !"'\"\\".contains($0) }
        return word.isEmpty ? nil : String(word)
      }
    }
  }
}
