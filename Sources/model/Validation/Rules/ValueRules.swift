import Basics
import JSONValue
import KubeModel
import Templating
import YAMLText

/// Texts that their reader takes for a number, a duration or a patch: the engine refuses them when it comes to them. What tags are in is only known then.
extension ValidationRun {
  /// Checks the values of a template, or of `templateDefaults`.
  func checkValues(of template: JSON, prefix: String, at path: FieldPath) {
    checkRetryValues(template["retryStrategy"], prefix: prefix, at: path["retryStrategy"])
    checkDuration(template["suspend"], "duration", prefix: prefix + "suspend.", at: path["suspend"])
    for field in ["timeout", "pendingTimeout"] { checkDuration(template, field, prefix: prefix, at: path) }
    checkDuration(template["memoize"], "maxAge", isGo: true, prefix: prefix + "memoize.", at: path["memoize"])
    checkCacheKey(template["memoize"], prefix: prefix, at: path["memoize"])
    if let strategy = template.at("containerSet", "retryStrategy") {
      let (words, place) = (prefix + "containerSet.retryStrategy.", path["containerSet"]["retryStrategy"])
      checkNumber(strategy, "retries", prefix: words, at: place)
      checkDuration(strategy, "duration", isGo: true, prefix: words, at: place)
    }
    checkPatch(template, prefix: prefix, at: path)
  }

  /// The engine takes `^[a-zA-Z0-9][-a-zA-Z0-9]*$` for a key, which goes into a ConfigMap.
  private func checkCacheKey(_ memoize: JSON?, prefix: String, at path: FieldPath) {
    guard let key = memoize?["key"]?.string, !isTemplated(key) else { return }
    let isDash = { (byte: UInt8) in byte == UInt8(ascii: "-") }
    if let first = key.utf8.first, !isDash(first), key.utf8.allSatisfy({ isAlphanumeric($0) || isDash($0) }) { return }
    report("memoize-key", "\(prefix)memoize: invalid cache key: \(key)", hint: "write letters, digits and dashes only", at: path["key"])
  }

  /// Checks the numbers of a loop over a sequence. A step that its `when` keeps from running may have any.
  func checkSequence(of holder: JSON, prefix: String, at path: FieldPath) {
    guard holder.holds("withSequence"), let sequence = holder["withSequence"], holder.text(at: "when").isEmpty else { return }
    for field in ["start", "end", "count"] {
      checkNumber(sequence, field, prefix: "\(prefix).withSequence.", at: path["withSequence"])
    }
  }

  /// Checks what is read of a retry strategy after an attempt has failed.
  func checkRetryValues(_ strategy: JSON?, prefix: String, at path: FieldPath) {
    guard let strategy, !strategy.isNull else { return }
    let prefix = prefix + "retryStrategy."
    checkNumber(strategy, "limit", prefix: prefix, at: path)
    if strategy.holds("backoff"), let backoff = strategy["backoff"] {
      let place = path["backoff"]
      for field in ["duration", "maxDuration", "cap"] { checkDuration(backoff, field, prefix: prefix + "backoff.", at: place) }
      if backoff.text(at: "duration").isEmpty {
        report(
          "duration", "\(prefix)backoff.duration is required: no base duration specified for retryStrategy",
          hint: "write duration: 10s, or remove backoff", at: place)
      }
      if let text = backoff["factor"]?.scalarText, !isTemplated(text), Double(text) == nil {
        report("number", "\(prefix)backoff.factor: \"\(text)\" is no number", hint: "write factor: 2", at: place["factor"])
      }
    }
    let expression = strategy.text(at: "expression")
    if !isTemplated(expression) { checkComparisons(expression, isStrict: true, prefix: "\(prefix)expression:", at: path["expression"]) }
  }

  /// Reports comparisons of texts with numbers. One that every evaluation comes to and that ends in an error is an error where the expression's
  /// value is needed (`isStrict`).
  func checkComparisons(_ text: String, isStrict: Bool, prefix: String, at path: FieldPath) {
    guard !text.isEmpty, let expression = try? Expression(compiling: text) else { return }
    for comparison in expression.numberComparisons where comparison.isOfText {
      let isError = isStrict && comparison.isCertain && comparison.cannotBeEvaluated
      if isError {
        report("expression-type", "\(prefix) \(comparison.complaint)", hint: comparison.hint, at: path)
      } else {
        advise("expression-type", comparison.complaint, hint: comparison.hint, at: path)
      }
    }
  }

  private func checkNumber(_ holder: JSON, _ field: String, prefix: String, at path: FieldPath) {
    guard let text = holder[field]?.scalarText, !isTemplated(text), Int64(text.trimmed) == nil else { return }
    report("number", "\(prefix)\(field): \"\(text)\" is no whole number", hint: "write a number such as 3", at: path[field])
  }

  /// `isGo`: a number needs its unit.
  private func checkDuration(_ holder: JSON?, _ field: String, isGo: Bool = false, prefix: String, at path: FieldPath) {
    guard let text = holder?[field]?.scalarText, !text.isEmpty, !isTemplated(text) else { return }
    do throws(DurationError) {
      _ = try isGo ? GoDuration(parsing: text) : GoDuration(argo: text.trimmed)
    } catch {
      let hint = isGo && Int64(text) != nil ? "write \"\(text)s\" for seconds" : "write 90s, 5m, 2h or 1h30m"
      report("duration", "\(prefix)\(field): \"\(text)\" is no duration", hint: hint, at: path[field])
    }
  }

  /// Checks the `podSpecPatch` of a template or a workflow: YAML or JSON of a mapping.
  func checkPatch(_ holder: JSON, prefix: String, at path: FieldPath) {
    let text = holder.text(at: "podSpecPatch")
    if text.isEmpty { return }
    let place = path["podSpecPatch"]
    // A tag may hold the patch, or any part of it.
    guard !isTemplated(text) else {
      adviseTemplatedPatch(text, prefix: prefix, at: place)
      return
    }
    do throws(YAMLError) {
      guard let patch = try documents(text).first?.value, let problem = PodSpecPatch.problem(of: patch) else { return }
      report(
        "pod-spec-patch", "\(prefix)podSpecPatch does not fit into a pod: \(problem)",
        hint: "write a mapping, such as containers: [{name: main, …}]", at: place)
    } catch {
      report(
        "pod-spec-patch", "\(prefix)podSpecPatch is no YAML: \(error.message)",
        hint: "write a mapping, such as containers: [{name: main, …}]",
        at: place)
    }
  }

  private func adviseTemplatedPatch(_ text: String, prefix: String, at place: FieldPath) {
    let template = TagTemplate(compiling: text)
    if case .tag? = template.parts.first { return }
    let plain = template.parts.map { if case .text(let words) = $0 { words } else { "1" } }.joined()
    if let patch = try? documents(plain).first?.value, patch.object != nil { return }
    advise(
      "pod-spec-patch", "\(prefix)podSpecPatch is no mapping, whatever its tags stand for",
      hint: "write a mapping, such as containers: [{name: main, …}]", at: place)
  }
}

extension Expression.NumberComparison {
  /// Whether the variable is a text: all of Argo's are, but those that a cron workflow or a request sets.
  var isOfText: Bool {
    switch path.first {
    case "lastRetry": return path.count == 2
    case "retries": return path.count == 1
    case "inputs": return path.count == 3 && path[1] == "parameters"
    case "workflow": return path.count == 3 && path[1] == "parameters" || path.count == 4 && path[1] == "outputs"
    case "steps", "tasks":
      guard path.count >= 3 else { return false }
      if path.count == 3 { return path[2] == "exitCode" }
      return path[2] == "outputs" && (path[3] == "result" && path.count == 4 || path[3] == "parameters" && path.count == 5)
    case "item": return path.count <= 2
    default: return false
    }
  }

  /// Whether an evaluation that comes to it ends in an error.
  var cannotBeEvaluated: Bool { !["==", "!=", "in"].contains(operation) }

  private var variable: String {
    path.dropFirst().reduce(path.first ?? "") { text, step in
      step.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x5F } ? "\(text).\(step)" : "\(text)['\(step)']"
    }
  }

  private func written(_ variable: String, _ number: String) -> String {
    isLeft ? "\(variable) \(operation) \(number)" : "\(number) \(operation) \(variable)"
  }

  /// What is wrong, as messages say it.
  var complaint: String {
    let effect =
      switch operation {
      case "==", "in": "is never true"
      case "!=": "is always true"
      default: "cannot be evaluated"
      }
    return "\(written(variable, number)) compares a text with \(operation == "in" ? "numbers" : "a number") and \(effect)"
  }

  var hint: String {
    let function = number.contains(".") || path.last == "duration" ? "asFloat" : "asInt"
    return "write \(written("\(function)(\(variable))", number))"
  }
}
