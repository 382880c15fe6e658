import JSONValue
import KubeModel

/// A template that a workflow is submitted from: `workflowtemplate/NAME` and its other spellings (spec section 5.3).
package struct SubmitSource: Sendable, Hashable {
  /// `.workflowTemplate` or `.clusterWorkflowTemplate`.
  package var kind: ResourceKind
  package var name: String

  package init(kind: ResourceKind, name: String) {
    self.kind = kind
    self.name = name
  }

  /// Reads `workflowtemplate/NAME`, `wftmpl/NAME`, `clusterworkflowtemplate/NAME`, `cwft/NAME`.
  package init(parsing text: String) throws(SubmitFailure) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
      throw SubmitFailure(
        "expected a resource of the form: KIND/NAME. Received: \(text). For example: workflowtemplate/my-template")
    }
    switch parts[0].lowercased() {
    case "workflowtemplate", "workflowtemplates", "wftmpl", "wft": kind = .workflowTemplate
    case "clusterworkflowtemplate", "clusterworkflowtemplates", "cwftmpl", "cwft": kind = .clusterWorkflowTemplate
    default:
      throw SubmitFailure(
        "Resource kind '\(parts[0])' is not supported for submitting. Use workflowtemplate/NAME or clusterworkflowtemplate/NAME")
    }
    name = String(parts[1])
  }

  /// The Workflow that runs the template: a reference, a label and a name to be generated from the template's.
  package var workflow: Resource {
    let isClusterWide = kind == .clusterWorkflowTemplate
    let label = "workflows.argoproj.io/\(isClusterWide ? "cluster-workflow-template" : "workflow-template")"
    var reference: JSONObject = ["name": .string(name)]
    if isClusterWide { reference["clusterScope"] = true }
    return Resource(
      .workflow,
      json: [
        "apiVersion": .string(ResourceKind.workflow.apiVersion),
        "kind": .string(ResourceKind.workflow.kind),
        "metadata": ["generateName": .string("\(name)-"), "labels": .object(JSONObject([(label, .string(name))]))],
        "spec": ["workflowTemplateRef": .object(reference)],
      ])
  }
}
