import ArgoModel
import JSONValue
import KubeModel

/// A selector over nodes in Kubernetes' field-selector syntax (`displayName=approve,inputs.parameters.tag.value!=x`, spec 2.11).
package struct NodeSelector: Sendable, Hashable {
  private var terms: FieldSelector

  /// Throws, in Kubernetes' words, when the text is no field selector. The empty text selects every node.
  package init(parsing text: String) throws(SelectorError) { terms = try FieldSelector.parse(text) }

  /// nil when the text is no field selector.
  package init?(_ text: String) {
    guard let terms = try? FieldSelector.parse(text) else { return nil }
    self.terms = terms
  }

  package var isEmpty: Bool { terms.requirements.isEmpty }

  /// The selector as Kubernetes prints it: `==` is `=`.
  package var text: String {
    func escaped(_ value: String) -> String {
      var result = ""
      for character in value {
        if character == "\\" || character == "," || character == "=" { result.append("\\") }
        result.append(character)
      }
      return result
    }
    return terms.requirements.map { "\($0.field)\($0.comparison.rawValue)\(escaped($0.value))" }.joined(separator: ",")
  }

  func matches(_ value: (String) -> String?) -> Bool { terms.matches(value) }
}

extension RunState {
  /// Whether a node is one that a selector means.
  func matches(_ selector: NodeSelector, _ index: Int) -> Bool {
    selector.matches { field in
      let node = nodes[index]
      switch field {
      case "displayName": return node.displayName
      case "name": return node.name
      case "id": return node.id
      case "phase": return node.phase.rawValue
      case "templateName": return node.source.label.ref?["template"]?.string ?? node.source.label.name
      case "templateRef.name": return node.source.label.ref?["name"]?.string
      case "templateRef.template": return node.source.label.ref?["template"]?.string
      default:
        guard field.hasPrefix("inputs.parameters."), field.hasSuffix(".value") else { return nil }
        let wanted = field.dropFirst("inputs.parameters.".count).dropLast(".value".count)
        let parameter = node.inputs?.list("parameters").first { $0["name"]?.string.map { $0 == wanted } ?? false }
        return parameter?.present("value")?.anyString
      }
    }
  }
}
