import ArgoModel
import Contracts
import JSONValue
import KubeModel
import Validation

/// What an API server and Argo's controller say to a new object of Argo's kinds that comes from inside a workflow, where no command checks it.
struct WorkflowAdmission {
  let store: any ResourceStoring

  /// Rules of the schema; their findings stand alone.
  private static let structural: Set<String> = ["removed-field", "required-field", "unknown-field", "enum", "wrong-type"]

  /// The object as it is stored. Throws `badRequest` for fields that its kind does not have. A Workflow that breaks another rule is stored as
  /// failed with `invalid spec: …`, and never runs.
  func admitted(_ object: Resource) throws(KubeStatus) -> Resource {
    guard object.kind.group == ResourceKind.workflow.group else { return object }
    let store = store
    let namespace = object.namespace
    let validator = WorkflowValidator(
      .init(
        mode: .run,
        catalog: { name, isClusterScope in
          try? store.get(
            ResourceKey(isClusterScope ? .clusterWorkflowTemplate : .workflowTemplate, namespace: namespace, name: name))
        }))
    let errors = validator.diagnostics(for: object).filter { $0.severity == .error }
    let misshapen = errors.filter { Self.structural.contains($0.rule) }
    guard misshapen.isEmpty else {
      throw KubeStatus(
        .badRequest,
        "\(object.kind.kind) in version \"\(object.kind.version)\" cannot be handled as a \(object.kind.kind): strict decoding error: "
          + misshapen.map(\.message).joined(separator: ", "))
    }
    guard object.kind == .workflow, object.json.at("status", "phase") == nil, let first = errors.first else { return object }
    var failed = object
    failed.status = ["phase": "Failed", "message": .string("invalid spec: \(first.message)")]
    failed.setLabel(ArgoKey.phase, "Failed")
    failed.setLabel(ArgoKey.completed, "true")
    return failed
  }
}
