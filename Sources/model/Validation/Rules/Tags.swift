import JSONValue
import Templating

/// The names that tags may use at one place.
struct TagScope {
  var names: Set<String> = []
  /// `item.*` may be anything: the items come from a parameter.
  var allowsAnyItem = false
  var allowsAnyWorkflowParameterOutput = false
  var allowsAnyWorkflowArtifactOutput = false

  /// Every tag must resolve, whatever its root: where the items of a loop are put in.
  var needsEveryTag = false

  /// An expression that fails is an error here; elsewhere its tag stays as it is written.
  var needsExpressions = false

  /// The tags are those of a step or a task itself.
  var isCall = false

  /// The loop that the texts are of, as `steps.a`: nothing of it is there while they are filled in.
  var loop: String?

  /// Beginnings of names below which everything resolves.
  var openNodes: Set<String> = []

  /// What is in scope around this, shared and not copied: many tasks see the same outputs.
  var base: Shared?
  /// Answers for names that are decided when they are asked for.
  var decides: ((String) -> Bool)?

  final class Shared {
    let scope: TagScope
    init(_ scope: TagScope) { self.scope = scope }
  }

  mutating func insert(_ name: String) { names.insert(name) }

  func contains(_ name: String) -> Bool {
    if isOfLoop(name) { return false }
    if names.contains(name) || decides?(name) == true { return true }
    if openNodes.contains(where: name.hasPrefix) { return true }
    if allowsAnyItem, name.hasPrefix("item.") { return true }
    if allowsAnyWorkflowParameterOutput, name.hasPrefix("workflow.outputs.parameters.") { return true }
    if allowsAnyWorkflowArtifactOutput, name.hasPrefix("workflow.outputs.artifacts.") { return true }
    return base?.scope.contains(name) ?? false
  }

  /// Whether the name is one below the loop's own.
  func isOfLoop(_ name: String) -> Bool { loop.map { name.hasPrefix("\($0).") } ?? false }

  /// All names, for suggestions.
  var allNames: Set<String> {
    let all = names.union(base?.scope.allNames ?? [])
    return loop == nil ? all : all.filter { !isOfLoop($0) }
  }

  mutating func formUnion(_ other: TagScope) {
    names.formUnion(other.names)
    if let shared = other.base { formUnion(shared.scope) }
    openNodes.formUnion(other.openNodes)
    allowsAnyItem = allowsAnyItem || other.allowsAnyItem
    allowsAnyWorkflowParameterOutput = allowsAnyWorkflowParameterOutput || other.allowsAnyWorkflowParameterOutput
    allowsAnyWorkflowArtifactOutput = allowsAnyWorkflowArtifactOutput || other.allowsAnyWorkflowArtifactOutput
  }
}

extension ValidationRun {
  /// Tags with these roots must resolve; all others stay as they are written.
  private static let checkedRoots = ["item.", "steps.", "inputs.", "outputs.", "pod.", "workflow.", "tasks."]
  private static let alwaysAllowed = [
    "outputs.", "workflow.creationTimestamp", "workflow.scheduledTime", "workflow.duration", "tasks.name", "steps.name", "node.name",
  ]

  static func isAlwaysAllowed(_ name: String) -> Bool { alwaysAllowed.contains(where: name.hasPrefix) }

  /// Reports tags that nothing in scope resolves, and expressions that cannot be parsed, in every string below `value`.
  func checkTags(_ value: JSON, _ scope: TagScope, prefix: String, at path: FieldPath, skipping skipped: Set<String> = []) {
    switch value {
    case .string(let text):
      guard text.contains("{{") else { return }
      checkTags(in: text, scope, prefix: prefix, at: path)
    case .array(let elements):
      for (index, element) in elements.enumerated() { checkTags(element, scope, prefix: prefix, at: path[index]) }
    case .object(let members):
      for (key, member) in members where !skipped.contains(key) {
        if key.contains("{{") { checkTags(in: key, scope, prefix: prefix, at: path[key]) }
        checkTags(member, scope, prefix: prefix, at: path[key])
      }
    default: break
    }
  }

  /// Checks the tags of a step or a task besides its hooks. Its arguments and its condition must be complete when it begins.
  func checkCallTags(_ call: JSON, _ scope: TagScope, prefix: String, at path: FieldPath) {
    var scope = scope
    scope.isCall = true
    checkTags(call, scope, prefix: prefix, at: path, skipping: ["inline", "arguments", "when", "hooks"])
    var strict = scope
    strict.needsExpressions = true
    for field in ["arguments", "when"] {
      if let value = call[field] { checkTags(value, strict, prefix: prefix, at: path[field]) }
    }
  }

  private func checkTags(in text: String, _ scope: TagScope, prefix: String, at path: FieldPath) {
    for tag in TagTemplate(compiling: text).tags {
      switch tag {
      case .simple(let name, let raw): checkTag(name, raw, scope, prefix: prefix, at: path)
      case .expression(let expression):
        let isNeeded = scope.needsEveryTag || scope.needsExpressions
        checkExpression(expression, what: tag.source, isNeeded: isNeeded, prefix: prefix, at: path)
        checkComparisons(expression, isStrict: isNeeded, prefix: prefix, at: path)
        if scope.needsEveryTag {
          checkReferences(expression, scope, prefix: prefix, at: path)
        } else {
          judgeReferences(expression, scope, prefix: prefix, at: path)
        }
      case .nested: break  // which name it will be is known at run time
      }
    }
  }

  private func checkTag(_ name: String, _ raw: String, _ scope: TagScope, prefix: String, at path: FieldPath) {
    let isChecked = scope.needsEveryTag || Self.checkedRoots.contains(where: name.hasPrefix)
    guard isChecked else {
      adviseLiteral(name, raw, scope, at: path)
      return
    }
    if scope.contains(name) || globals.contains(name) || Self.isAlwaysAllowed(name) { return }
    if isTemplateResource, name.hasPrefix("workflow.parameters") { return }
    let separator = prefix.isEmpty ? "" : " "
    report(
      "unresolved-tag", "\(prefix)\(separator)failed to resolve {{\(raw)}}", hint: hint(for: name, scope), at: path)
  }
}
