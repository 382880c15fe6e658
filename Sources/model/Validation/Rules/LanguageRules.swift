import JSONValue
import Templating
import YAMLText

extension ValidationRun {
  /// Whether this build can read the languages at all; about one that it cannot read nothing is said.
  private static let canCompile = (try? Expression(compiling: "true")) != nil

  private static let canEvaluateConditions = (try? WhenCondition.evaluate("true")) != nil

  /// Reports an expression that cannot be parsed, or calls what is no function. One with tags inside is only complete at run time.
  ///
  /// `isNeeded`: the engine fails where it cannot be evaluated; elsewhere its tag stays as it is written.
  func checkExpression(_ text: String, what: String, isNeeded: Bool = true, prefix: String, at path: FieldPath) {
    guard Self.canCompile, !isTemplated(text) else { return }
    do throws(ExpressionError) {
      for name in try Expression(compiling: text).unknownFunctions {
        let message = "there is no function \(name)"
        if isNeeded, !Self.isConditional(text) {
          report("expression", joined(prefix, "invalid expression in \(what): \(message)"), hint: functionHint(name), at: path)
        } else {
          advise("expression", joined(prefix, "\(what): \(message)"), hint: functionHint(name), at: path)
        }
      }
    } catch {
      report("expression", joined(prefix, "invalid expression in \(what): \(error)"), at: path)
    }
  }

  /// Whether a condition is false whatever happens.
  func isNever(_ when: String) -> Bool { !when.isEmpty && !isTemplated(when) && (try? WhenCondition.evaluate(when)) == false }

  /// Whether parts of an expression may never be come to.
  static func isConditional(_ text: String) -> Bool {
    ["?", "&&", "||", " and ", " or ", "if ", "{", "#"].contains(where: text.contains)
  }

  private func functionHint(_ name: String) -> String? {
    guard !name.contains(".") else { return nil }
    if Expression.hasSprig(name) { return "write sprig.\(name)" }
    return nearest(to: name, in: Expression.functions.sorted()).map { "did you mean \($0)?" }
  }

  /// Reports a condition that cannot be evaluated whatever its tags stand for; warns of one that no usual values make good.
  func checkWhen(_ text: String, prefix: String, at path: FieldPath) {
    guard Self.canEvaluateConditions, !text.isEmpty else { return }
    switch WhenCondition.forecast(TagTemplate(compiling: text)) {
    case .mayHold: break
    case .fails(let error):
      let hint = Self.signHint(error)
      report("when", joined(prefix, Self.message(error, isHinted: hint != nil)), hint: hint, at: path)
    case .likelyFails(let error):
      let hint = Self.signHint(error)
      advise("when", Self.message(error, isHinted: hint != nil), hint: hint, at: path)
    }
  }

  /// The message, without Argo's own hint where there is a better one.
  static func message(_ error: WhenError, isHinted: Bool) -> String {
    guard isHinted, let place = error.message.ranges(of: " (hint: ").last else { return error.message }
    return String(error.message[..<place.lowerBound])
  }

  /// What to write for a sign that is no operator.
  static func signHint(_ error: WhenError) -> String? {
    let signs = [
      "=": "== to compare", "===": "==", "!==": "!=", "<>": "!=", "=>": ">=", "=<": "<=", ":=": "== to compare", "==~": "=~",
    ]
    return signs.first { error.message.contains("Invalid token: '\($0.key)'") }.map { "write \($0.value)" }
  }

  func checkDepends(_ text: String, prefix: String, at path: FieldPath) {
    let words = text.split { !($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") }
    for word in words {
      let parts = word.split(separator: ".", maxSplits: 1)
      guard parts.count == 2, !DependsExpression.results.contains(String(parts[1])) else { continue }
      let near = nearest(to: String(parts[1]), in: DependsExpression.results).map { "did you mean '\($0)'?" }
      report("depends", joined(prefix, "task result '\(parts[1])' for task '\(parts[0])' is invalid"), hint: near, at: path)
      return
    }
    do throws(ExpressionError) {
      _ = try DependsExpression.parse(text)
    } catch {
      report("depends", joined(prefix, "invalid 'depends' expression '\(text)': \(error)"), at: path)
    }
  }

  /// The tasks that a `depends` mentions and the results it asks for; nothing for one that cannot be read.
  func dependsTerms(_ text: String) -> [(task: String, result: String?)] {
    if isTemplated(text) { return [] }
    return ((try? DependsExpression.parse(text))?.terms ?? []).map { ($0.task, $0.result) }
  }

  private func joined(_ prefix: String, _ text: String) -> String { prefix.isEmpty ? text : "\(prefix) \(text)" }

  /// Whether the text is YAML once its tags are replaced by plain words.
  func isYAML(_ text: String) -> Bool {
    let template = TagTemplate(compiling: text)
    let plain = template.parts.map { if case .text(let words) = $0 { words } else { "tag" } }.joined()
    return (try? documents(template.hasTags ? plain : text)) != nil
  }
}
