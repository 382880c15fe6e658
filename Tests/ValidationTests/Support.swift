import JSONValue
import KubeModel
import Validation
import YAMLText

/// Findings of a text with the templates in it (and in `stored`) as the catalog.
func lint(_ text: String, mode: WorkflowValidator.Mode = .lint, stored: String = "") -> [Diagnostic] {
  let loader = ManifestLoader()
  let loaded = loader.load(Array(text.utf8), file: "a.yaml")
  let others = loader.load(Array(stored.utf8), file: "stored.yaml")
  let validator = WorkflowValidator(.init(mode: mode, catalog: catalog(loaded.manifests + others.manifests)))
  return (loaded.diagnostics + loaded.manifests.flatMap { validator.diagnostics(for: $0) }).sorted()
}

func catalog(_ manifests: [Manifest]) -> @Sendable (String, Bool) -> Resource? {
  let resources = manifests.map(\.resource)
  return { name, isClusterScope in
    resources.first { $0.kind == (isClusterScope ? .clusterWorkflowTemplate : .workflowTemplate) && $0.name == name }
  }
}

/// `line:column message` of every finding; `warning` before it for warnings, the hint in parentheses after it.
func lines(_ diagnostics: [Diagnostic]) -> [String] {
  diagnostics.map { diagnostic in
    let place = diagnostic.position.map { "\($0)" } ?? "-"
    let word = diagnostic.severity == .warning ? "warning " : ""
    return "\(place) \(word)\(diagnostic.message)" + (diagnostic.hint.map { " (\($0))" } ?? "")
  }
}
