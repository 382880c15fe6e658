import JSONValue
import Templating

/// What tags and expressions read that is not there: an error where the engine refuses it, advice where the tag just stays as it is written.
extension ValidationRun {
  /// Roots of names. What stands below those of the second list is known at run time only.
  private static let roots = ["item", "steps", "inputs", "outputs", "pod", "workflow", "tasks", "node", "lastRetry"]
  static let runtimeRoots: Set<String> = [
    "outputs", "pod", "node", "lastRetry", "retries", "status", "duration", "exitCode", "resourcesDuration", "request", "response",
    "cronworkflow", "data", "payload", "metadata", "headers", "namespace", "discriminator",
  ]

  /// Reports what an expression reads that is not there, where the engine takes that for a failure; reads that cope with absence are let be.
  func checkReferences(_ text: String, _ scope: TagScope, prefix: String, at path: FieldPath) {
    guard let expression = try? Expression(compiling: text) else { return }
    let known = scope.allNames.union(globals)
    for reference in expression.references where !reference.isGuarded {
      let name = reference.path.joined(separator: ".")
      let isKnown =
        scope.contains(name) || globals.contains(name) || known.contains { $0.hasPrefix(name + ".") || name.hasPrefix($0 + ".") }
        || Self.isAlwaysAllowed(name) || (isTemplateResource && name.hasPrefix("workflow.parameters"))
      guard !isKnown else { continue }
      let near = nearestTag(to: name, in: known).map { "did you mean \($0)?" }
      reportMissing(name, hint: scope.isOfLoop(name) ? Self.loopHint(scope.loop ?? "") : near, prefix: prefix, at: path)
    }
  }

  /// Reports what an expression outside of a loop reads that is not there: an error where `scope` needs its value, else advice.
  func judgeReferences(_ text: String, _ scope: TagScope, prefix: String, at path: FieldPath) {
    guard let expression = try? Expression(compiling: text) else { return }
    // A name that no pass knows fails even where `??` or `?.` guards it.
    let unguarded = text.replacing("??", with: "", maxReplacements: 1).replacing("?.", with: ".")
    for reference in expression.references {
      guard let problem = problem(of: reference.path, scope) else { continue }
      let name = reference.path.joined(separator: ".")
      let isRead = reference.isGuarded ? problem.isUnknown && !Self.isConditional(unguarded) : !Self.isConditional(text)
      if scope.needsExpressions, isRead, !problem.isLate {
        reportMissing(name, hint: problem.hint, prefix: prefix, at: path)
      } else if !reference.isGuarded || problem.isUnknown {
        let effect = scope.needsExpressions && !problem.isLate ? "it fails when it comes to that" : "the tag stays as it is written"
        advise("literal-tag", "\(name) is not there: \(effect)", hint: problem.hint, at: path)
      }
    }
  }

  private func reportMissing(_ name: String, hint: String?, prefix: String, at path: FieldPath) {
    let separator = prefix.isEmpty ? "" : " "
    report("unresolved-tag", "\(prefix)\(separator)failed to evaluate expression: \(name) is missing", hint: hint, at: path)
  }

  private struct Problem {
    var hint: String?
    /// Nothing of this program ever sets a variable with this root.
    var isUnknown = false
    /// The engine leaves the tag to a later pass.
    var isLate = false
  }

  /// Why a variable of an expression has no value; nil when it has one, or it is not known here.
  private func problem(of path: [String], _ scope: TagScope) -> Problem? {
    guard let root = path.first, !Self.runtimeRoots.contains(root) else { return nil }
    let name = path.joined(separator: ".")
    if scope.contains(name) || globals.contains(name) || Self.isAlwaysAllowed(name) { return nil }
    switch root {
    case "item":
      if scope.contains("item") || scope.allowsAnyItem { return nil }
      return Problem(hint: Self.itemHint(scope), isLate: true)
    case "inputs":
      return path.count == 3 && path[1] == "parameters" ? missing(path, scope) : nil
    case "workflow":
      if path.count < 2 || ["labels", "annotations", "priority", "status", "failures"].contains(path[1]) { return nil }
      if path[1] == "parameters" { return path.count != 3 || isTemplateResource ? nil : missing(path, scope) }
      return ["outputs", "creationTimestamp"].contains(path[1]) ? nil : missing(path, scope)
    case "steps", "tasks":
      guard path.count >= 3 else { return nil }
      let node = "\(root).\(path[1])"
      // What is not waited for, and steps that are not there, is advice of its own.
      guard scope.contains("\(node).id") else { return hasSteps(scope) ? nil : missing(path, scope) }
      if path.count == 3, ["outputs", "status", "ip"].contains(path[2]) { return nil }
      if path.count == 4, path[2] == "outputs", ["parameters", "artifacts"].contains(path[3]) { return nil }
      if scope.contains(path.prefix(5).joined(separator: ".")) || scope.contains(path.prefix(4).joined(separator: ".")) { return nil }
      return Problem(hint: missing(path, scope).hint ?? outputsHint(of: node, scope))
    default:
      return Problem(hint: rootHint(path), isUnknown: true)
    }
  }

  /// What to write for a variable whose first word is none.
  func rootHint(_ path: [String]) -> String {
    let near = nearest(to: path.first ?? "", in: Self.roots + ["retries"])
    return near.map { "did you mean \(([$0] + path.dropFirst()).joined(separator: "."))?" }
      ?? "no variable begins with '\(path.first ?? "")'"
  }

  private func hasSteps(_ scope: TagScope) -> Bool { scope.allNames.contains { $0.hasPrefix("steps.") || $0.hasPrefix("tasks.") } }

  private func missing(_ path: [String], _ scope: TagScope) -> Problem {
    Problem(hint: nearestTag(to: path.joined(separator: "."), in: scope.allNames.union(globals)).map { "did you mean \($0)?" })
  }

  /// Advises of a simple tag that nothing resolves and whose root is not checked: users may have names of their own.
  func adviseLiteral(_ name: String, _ raw: String, _ scope: TagScope, at path: FieldPath) {
    guard options.givesAdvice else { return }
    if name == "item" {
      if scope.contains("item") || scope.allowsAnyItem { return }
      advise("literal-tag", "{{\(raw)}} outside of a loop stays as it is written", hint: Self.itemHint(scope), at: path)
      return
    }
    let words = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard words.count >= 2, !Self.roots.contains(words[0]), !Self.runtimeRoots.contains(words[0]),
      let root = nearest(to: words[0], in: Self.roots)
    else { return }
    advise(
      "literal-tag", "{{\(raw)}} is no variable and stays as it is written",
      hint: "did you mean {{\(([root] + words.dropFirst()).joined(separator: "."))}}?", at: path)
  }

  private static func itemHint(_ scope: TagScope) -> String {
    scope.isCall
      ? "give the step withItems, withParam or withSequence"
      : "a called template gets the item as an argument: value: \"{{item}}\" in the step, {{inputs.parameters.NAME}} here"
  }

  func hint(for name: String, _ scope: TagScope) -> String? {
    if let loop = scope.loop, scope.isOfLoop(name) { return Self.loopHint(loop) }
    if let near = nearestTag(to: name, in: scope.allNames.union(globals)) { return "did you mean {{\(near)}}?" }
    let words = name.split(separator: ".", omittingEmptySubsequences: false)
    let asksForOutput = words.count >= 3 && (words[2] == "outputs" || words[2] == "exitCode")
    if asksForOutput, words[0] == "steps" || words[0] == "tasks", scope.contains("\(words[0]).\(words[1]).id") {
      return outputsHint(of: "\(words[0]).\(words[1])", scope)
    }
    if name.hasPrefix("steps."), scope.allNames.contains(where: { $0.hasPrefix("tasks.") }) {
      return "in a DAG, other tasks are called tasks.…"
    }
    if name.hasPrefix("tasks."), scope.allNames.contains(where: { $0.hasPrefix("steps.") }) { return "in steps, others are called steps.…" }
    return nil
  }

  /// What a step has for others to read.
  private func outputsHint(of node: String, _ scope: TagScope) -> String {
    let outputs = scope.allNames.filter { $0.hasPrefix("\(node).outputs.") || $0 == "\(node).exitCode" }.sorted()
    let word = node.hasPrefix("tasks") ? "task" : "step"
    let name = node.dropFirst(6)
    if outputs.isEmpty { return "\(word) '\(name)' has no outputs" }
    return "\(word) '\(name)' has \(outputs.map { String($0.dropFirst(node.count + 1)) }.joined(separator: ", "))"
  }
}
