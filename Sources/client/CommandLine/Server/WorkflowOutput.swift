import ArgumentParser
import JSONValue
import KubeModel

/// The form in which a workflow is printed (`-o`).
enum WorkflowOutput: String, ExpressibleByArgument, CaseIterable {
  case name, json, yaml, short, wide

  /// Whether programs read it.
  var isForPrograms: Bool { self == .name || self == .json || self == .yaml }

  /// As the original prints one workflow.
  static func text(
    _ workflow: JSON, _ form: WorkflowOutput?, _ context: DisplayContext, yaml: (JSON) -> String, isShown: (JSON) -> Bool = { _ in true }
  ) -> String {
    switch form {
    case .name: (workflow.at("metadata", "name")?.string ?? "") + "\n"
    case .json: workflow.text(.goIndented(4)) + "\n"
    case .yaml: yaml(workflow.withSortedKeys)
    case .short: WorkflowText.get(workflow, form: .short, context: context, isShown: isShown)
    case .wide: WorkflowText.get(workflow, form: .wide, context: context, isShown: isShown)
    case nil: WorkflowText.get(workflow, form: .standard, context: context, isShown: isShown)
    }
  }
}

extension JSONStyle {
  /// As Go's `json.MarshalIndent` writes, keys in the order in which they stand.
  static func goIndented(_ indent: Int) -> JSONStyle {
    var style = JSONStyle.compact
    (style.indent, style.escapesHTML) = (indent, true)
    return style
  }
}

extension JSON {
  /// With the keys of all objects in order, as Go's YAML writer has them.
  var withSortedKeys: JSON {
    switch self {
    case .object(let members): .object(JSONObject(members.sortedByKey().map { ($0.key, $0.value.withSortedKeys) }))
    case .array(let elements): .array(elements.map(\.withSortedKeys))
    default: self
    }
  }
}

/// Which nodes of a workflow are shown (`--status`, `--node-field-selector`).
struct NodeFilter: Sendable {
  private let selector: FieldSelector?

  init(status: String, selector text: String) throws(SubmitFailure) {
    if !status.isEmpty && !text.isEmpty { throw SubmitFailure("cannot use both --status and --node-field-selector") }
    let text = status.isEmpty ? text : "phase=\(status)"
    if text.isEmpty {
      selector = nil
      return
    }
    do {
      selector = try FieldSelector.parse(text)
    } catch {
      throw SubmitFailure("unable to parse node field selector '\(text)': \(error)")
    }
  }

  func isShown(_ node: JSON) -> Bool {
    guard let selector else { return true }
    return selector.matches { field in
      switch field {
      case "templateName": return node.at("templateRef", "template")?.string ?? node["templateName"]?.string
      case "templateRef.name": return node.at("templateRef", "name")?.string
      case "templateRef.template": return node.at("templateRef", "template")?.string
      case "displayName", "name", "id", "phase": return node[field]?.string
      default:
        guard field.hasPrefix("inputs.parameters."), field.hasSuffix(".value") else { return nil }
        let wanted = field.dropFirst("inputs.parameters.".count).dropLast(".value".count)
        let parameter = (node.at("inputs", "parameters")?.array ?? []).first { $0["name"]?.string == String(wanted) }
        return parameter?["value"].map(parameterText)
      }
    }
  }
}
