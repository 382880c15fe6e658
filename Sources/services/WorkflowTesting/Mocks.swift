import Basics
import JSONValue
import KubeModel
import Templating

/// What a test says of steps: how they end instead of running.
final class Mocks {
  private let list: [JSON]
  private let workflow: String
  /// How often a mock has answered for a node, attempts of it counted together.
  private var counts: [String: Int] = [:]
  /// What was wrong with a mock: an expression that fails, a phase that is none.
  private(set) var problems: [String] = []
  private var used: Set<Int> = []
  private let own: Int

  /// - Parameter own: how many at the beginning are the case's own; the others are for all cases, and need not all be used in each.
  init(_ list: [JSON], own: Int, workflow: String) {
    self.list = list
    self.own = own
    self.workflow = workflow
  }

  /// The case's own mocks that no step asked for, as messages name them.
  var unused: [String] {
    list.indices.prefix(own).filter { !used.contains($0) }.map { index in
      let mock = list[index]
      return mock["node"].map { "node \($0.string ?? "")" } ?? "template \(mock["template"]?.string ?? "")"
    }
  }

  func outcome(of step: RehearsedStep) -> StepOutcome { mocked(step) ?? outcome([:], step, scope(of: step, attempt: 0)) }

  /// What the first mock that fits says; nil when none does. Of a suspended node only a mock ends the suspension.
  func mocked(_ step: RehearsedStep) -> StepOutcome? {
    let path = NodeView.path(step.nodeName, workflow: workflow)
    let names = [path, NodeView.withoutParentheses(path), path.split(separator: ".").last.map(String.init) ?? path]
    let template = step.template["name"]?.string ?? ""
    let unit = Self.withoutAttempt(path)
    let count = counts[unit, default: 0]
    counts[unit] = count + 1
    let scope = self.scope(of: step, attempt: count)
    let isSuspended = step.template["suspend"] != nil
    for (index, mock) in list.enumerated() {
      // What is said of all steps ends no suspension.
      if isSuspended, mock["template"] == nil, mock["node"] == nil { continue }
      if let wanted = mock["template"]?.string, wanted != template { continue }
      if let wanted = mock["node"]?.string, !names.contains(where: { Glob.matches(wanted, $0) || $0 == wanted }) { continue }
      if let condition = mock["when"]?.string {
        switch evaluate(condition, scope) {
        case .bool(true)?: break
        case .bool(false)?: continue
        case let other?:
          problems.append("the mock's when is no boolean but \(other.text(.go)): \(condition)")
          continue
        case nil: continue
        }
      }
      used.insert(index)
      var chosen = mock
      if let attempts = mock["attempts"]?.array, !attempts.isEmpty {
        for (field, value) in attempts[min(count, attempts.count - 1)].object ?? [:] { chosen[field] = value }
      }
      return outcome(chosen, step, scope)
    }
    return nil
  }

  /// The name without the number of an attempt.
  private static func withoutAttempt(_ path: String) -> String {
    guard path.last == ")", let open = path.lastIndex(of: "("),
      path[path.index(after: open)..<path.index(before: path.endIndex)].allSatisfy(\.isNumber)
    else { return path }
    return String(path[..<open])
  }

  private func outcome(_ mock: JSON, _ step: RehearsedStep, _ scope: ValueScope) -> StepOutcome {
    var result = StepOutcome()
    func text(_ field: String) -> String? { mock[field].flatMap { $0.isNull ? nil : replaced($0.string ?? $0.text(.go), scope) } }
    if let phase = text("phase") {
      if let known = StepOutcome.Phase(rawValue: phase) { result.phase = known } else { problems.append("a mock's phase is '\(phase)'") }
    }
    if let code = text("exitCode") {
      if let number = Int32(code) {
        result.exitCode = number
        if number != 0, mock["phase"] == nil { result.phase = .failed }
      } else {
        problems.append("a mock's exitCode is '\(code)'")
      }
    }
    addContainers(mock, step, scope, to: &result)
    result.message = text("message")
    if let duration = text("duration") {
      do throws(DurationError) {
        result.duration = try GoDuration(argo: duration).timeSpan
      } catch {
        problems.append("a mock's duration: \(error.description)")
      }
    }
    result.staysUp = step.template["daemon"]?.bool == true && mock["phase"] == nil && mock["exitCode"] == nil
    result.outputs = outputs(mock["outputs"] ?? [:], step, scope, isSuccess: result.phase == .succeeded)
    return result
  }

  /// The exit codes of a container set's containers; one that fails fails the node.
  private func addContainers(_ mock: JSON, _ step: RehearsedStep, _ scope: ValueScope, to result: inout StepOutcome) {
    let known = (step.template.at("containerSet", "containers")?.array ?? []).compactMap { $0["name"]?.string }
    for (name, container) in mock["containers"]?.object ?? [:] {
      guard known.contains(name) else {
        let template = step.template["name"]?.string ?? ""
        problems.append(
          known.isEmpty
            ? "template \(template) is no container set, and has no container \"\(name)\""
            : "template \(template) has no container \"\(name)\" (it has \(known.joined(separator: ", ")))")
        continue
      }
      let text = container["exitCode"].map { replaced($0.string ?? $0.text(.go), scope) } ?? "0"
      guard let code = Int32(text) else {
        problems.append("the exitCode of a mock's container \(name) is '\(text)'")
        continue
      }
      result.containers[name] = code
      if code != 0, mock["phase"] == nil { result.phase = .failed }
    }
  }

  /// As the executor would report them: what no mock names is its name in angle brackets, or the declared default.
  private func outputs(_ values: JSON, _ step: RehearsedStep, _ scope: ValueScope, isSuccess: Bool) -> JSON {
    func given(_ name: String) -> String? { values[name].map { value in replaced(value.string ?? value.text(.go), scope) } }
    var result = JSONObject()
    let declared = step.template["outputs"] ?? [:]
    let names = (declared["parameters"]?.array ?? []).compactMap { $0["name"]?.string }
    for (name, _) in values.object ?? [:] where name != "result" && !names.contains(name) {
      let known = names.isEmpty ? "none" : names.joined(separator: ", ")
      problems.append("template \(step.template["name"]?.string ?? "") declares no output parameter \"\(name)\" (it declares \(known))")
    }
    var parameters: [JSON] = []
    let isSuspended = step.template["suspend"] != nil
    for parameter in declared["parameters"]?.array ?? [] {
      let name = parameter["name"]?.string ?? ""
      // What nobody sets while a node is suspended has its default, or fails as it does in Argo.
      let fallback = isSuspended ? nil : parameter.at("valueFrom", "default")?.string ?? (isSuccess ? "<\(name)>" : nil)
      guard let value = given(name) ?? fallback else { continue }
      var reported: JSONObject = ["name": .string(name), "value": .string(value)]
      reported["globalName"] = parameter["globalName"]
      parameters.append(.object(reported))
    }
    if !parameters.isEmpty { result["parameters"] = .array(parameters) }
    var artifacts: [JSON] = []
    for artifact in declared["artifacts"]?.array ?? [] where isSuccess {
      var saved = artifact
      if saved.object?.keys.allSatisfy({ ["name", "path", "globalName", "archive", "optional", "artifactGC"].contains($0) }) == true {
        saved["s3"] = ["key": .string("\(step.nodeName)/\(artifact["name"]?.string ?? "")")]
      }
      artifacts.append(saved)
    }
    if !artifacts.isEmpty { result["artifacts"] = .array(artifacts) }
    if let text = given("result") { result["result"] = .string(text) }
    return result.isEmpty ? .null : .object(result)
  }

  // MARK: Expressions

  private func scope(of step: RehearsedStep, attempt: Int) -> ValueScope {
    var inputs = JSONObject()
    for (name, value) in step.inputs { inputs[name] = .string(value) }
    return ValueScope([
      "inputs": ExprValue(["parameters": .object(inputs)]), "attempt": .int(Int64(attempt)), "node": .string(step.nodeName),
      "template": ExprValue(step.template),
    ])
  }

  private func evaluate(_ expression: String, _ scope: ValueScope) -> JSON? {
    do throws(ExpressionError) {
      return try Expression(compiling: expression).evaluate(in: scope).json
    } catch {
      problems.append("a mock's expression fails: \(expression): \(error)")
      return nil
    }
  }

  private func replaced(_ text: String, _ scope: ValueScope) -> String {
    guard text.contains("{{") else { return text }
    let substitution = Substitution(scope: scope) { name in
      let words = name.split(separator: ".").map(String.init)
      guard let root = words.first, let value = scope.values[root]?.json, let found = value.at(Array(words.dropFirst())) else {
        return .absent
      }
      return .text(found.string ?? found.text(.go))
    }
    do throws(SubstitutionError) {
      return try substitution.apply(to: text)
    } catch {
      problems.append("a mock's text fails: \(text): \(error)")
      return text
    }
  }
}
