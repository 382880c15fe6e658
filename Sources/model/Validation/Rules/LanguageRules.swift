import JSONValue
import Templating
import YAMLText

extension ValidationRun {
  /// Whether this build can read the languages at all; about one that it cannot read nothing is said.
  private static let canCompile = (try? Expression(compiling: "true")) != nil

  private static let canEvaluateConditions = (try? WhenCondition.evaluate("true")) != nil

  /// Reports an expression that cannot be parsed. One with tags inside is only complete at run time.
  func checkExpression(_ text: String, what: String, prefix: String, at path: FieldPath) {
    guard Self.canCompile, !isTemplated(text) else { return }
    do throws(ExpressionError) {
      _ = try Expression(compiling: text)
    } catch {
      report("expression", joined(prefix, "invalid expression in \(what): \(error)"), at: path)
    }
  }

  /// Reports a condition without tags that cannot be evaluated; one with tags is only complete at run time.
  func checkWhen(_ text: String, prefix: String, at path: FieldPath) {
    guard Self.canEvaluateConditions, !text.isEmpty, !isTemplated(text) else { return }
    do throws(WhenError) {
      _ = try WhenCondition.evaluate(text)
    } catch {
      report("when", joined(prefix, "\(error)"), at: path)
    }
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
