import JSONValue
import KubeModel
import NodeService
import YAMLText

/// What of Argo's controller configuration this program reads: a ConfigMap with one key a field, or all fields in the key `config`.
struct ControllerConfiguration {
  static let mapName = "workflow-controller-configmap"

  private let map: Resource

  init(_ map: Resource) { self.map = map }

  /// Entry points by image.
  var images: [ImageRule] { field("images").map(ImageRule.rules) ?? [] }

  /// `workflowDefaults`: a Workflow's metadata and spec under every workflow.
  var workflowDefaults: JSON? { field("workflowDefaults") }

  private func field(_ name: String) -> JSON? {
    if let text = map.json.at("data", name)?.string { return document(text) }
    return map.json.at("data", "config")?.string.flatMap(document)?[name]
  }

  private func document(_ text: String) -> JSON? { (try? YAMLText.documents(Array(text.utf8)))?.first?.value }
}
