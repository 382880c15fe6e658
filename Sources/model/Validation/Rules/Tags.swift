import JSONValue
import Templating

/// The names that tags may use at one place.
struct TagScope {
  var names: Set<String> = []
  /// `item.*` may be anything: the items come from a parameter.
  var allowsAnyItem = false
  var allowsAnyWorkflowParameterOutput = false
  var allowsAnyWorkflowArtifactOutput = false

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
    if names.contains(name) || decides?(name) == true { return true }
    if openNodes.contains(where: name.hasPrefix) { return true }
    if allowsAnyItem, name.hasPrefix("item.") { return true }
    if allowsAnyWorkflowParameterOutput, name.hasPrefix("workflow.outputs.parameters.") { return true }
    if allowsAnyWorkflowArtifactOutput, name.hasPrefix("workflow.outputs.artifacts.") { return true }
    return base?.scope.contains(name) ?? false
  }

  /// All names, for suggestions.
  var allNames: Set<String> { names.union(base?.scope.allNames ?? []) }

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

  private func checkTags(in text: String, _ scope: TagScope, prefix: String, at path: FieldPath) {
    for tag in TagTemplate(compiling: text).tags {
      switch tag {
      case .simple(let name, let raw): checkTag(name, raw, scope, prefix: prefix, at: path)
      case .expression(let expression): checkExpression(expression, what: tag.source, prefix: prefix, at: path)
      case .nested: break  // which name it will be is known at run time
      }
    }
  }

  private func checkTag(_ name: String, _ raw: String, _ scope: TagScope, prefix: String, at path: FieldPath) {
    guard Self.checkedRoots.contains(where: name.hasPrefix), !scope.contains(name), !globals.contains(name) else { return }
    if Self.alwaysAllowed.contains(where: name.hasPrefix) { return }
    if isTemplateResource, name.hasPrefix("workflow.parameters") { return }
    let separator = prefix.isEmpty ? "" : " "
    report(
      "unresolved-tag", "\(prefix)\(separator)failed to resolve {{\(raw)}}", hint: hint(for: name, scope), at: path)
  }

  private func hint(for name: String, _ scope: TagScope) -> String? {
    if let near = nearestTag(to: name, in: scope.allNames.union(globals)) { return "did you mean {{\(near)}}?" }
    if name.hasPrefix("steps."), scope.allNames.contains(where: { $0.hasPrefix("tasks.") }) {
      return "in a DAG, other tasks are called tasks.…"
    }
    if name.hasPrefix("tasks."), scope.allNames.contains(where: { $0.hasPrefix("steps.") }) { return "in steps, others are called steps.…" }
    return nil
  }
}
