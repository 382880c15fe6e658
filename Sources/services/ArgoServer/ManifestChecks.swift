internal import Basics
package import Contracts
package import JSONValue
package import KubeModel
package import Validation

/// The rules of `argosy lint` and `argosy run`, for objects that come by the API. References find what is stored.
package struct ManifestChecks: Sendable {
  let resources: any ResourceServing
  /// The `workflowDefaults` of Argo's controller.
  let defaults: @Sendable () -> JSON?

  package init(resources: any ResourceServing, defaults: @escaping @Sendable () -> JSON? = { nil }) {
    self.resources = resources
    self.defaults = defaults
  }

  /// Throws `badRequest` with all that is wrong, a line each. Unknown fields play no part, as in Argo's API.
  package func check(_ resource: Resource, _ mode: WorkflowValidator.Mode) throws(KubeStatus) {
    let errors = diagnostics(for: resource, mode).filter { $0.severity == .error }
    guard !errors.isEmpty else { return }
    throw KubeStatus(.badRequest, errors.map { $0.hint == nil ? $0.message : "\($0.message) (\($0.hint ?? ""))" }.joined(separator: "\n"))
  }

  /// All findings, also warnings.
  package func diagnostics(for resource: Resource, _ mode: WorkflowValidator.Mode) -> [Diagnostic] {
    let (resources, namespace) = (resources, resource.namespace)
    var options = WorkflowValidator.Options(
      mode: mode,
      catalog: { name, isClusterScope in
        try? resources.get(ResourceKey(isClusterScope ? .clusterWorkflowTemplate : .workflowTemplate, namespace: namespace, name: name))
      }, defaults: defaults()?["spec"], isTimeZone: { SystemTimeZones.named($0) != nil })
    options.isStrict = false
    return WorkflowValidator(options).diagnostics(for: resource)
  }
}
