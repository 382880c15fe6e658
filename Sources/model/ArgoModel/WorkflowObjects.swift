internal import JSONValue
package import KubeModel

extension Resource {
  /// The Workflow that owns the object.
  package var owningWorkflow: (uid: String, name: String)? {
    guard let owner = metadata.list("ownerReferences").first(where: { $0["kind"]?.string == "Workflow" }) else { return nil }
    return (owner["uid"]?.string ?? "", owner["name"]?.string ?? "")
  }

  /// The uid of the Workflow that owns the object.
  package var owningRun: String? { owningWorkflow?.uid }

  /// A Workflow object's phase.
  package var workflowPhase: WorkflowPhase { WorkflowPhase(rawValue: status["phase"]?.string ?? "") ?? .unknown }

  /// A Pod object has succeeded or failed.
  package var isOverPod: Bool { status["phase"]?.string == "Succeeded" || status["phase"]?.string == "Failed" }
}
