import ArgoModel
import JSONValue
import KubeModel
import Templating

/// Where a run finds the templates it refers to, at the moment it begins. Nothing is looked up later: what a run can reach is frozen with it.
package struct TemplateCatalog: Sendable {
  package var workflowTemplate: @Sendable (_ name: String) -> Resource?
  package var clusterWorkflowTemplate: @Sendable (_ name: String) -> Resource?
  /// `workflowDefaults` of the settings: a Workflow's `metadata` and `spec` under every workflow.
  package var defaults: Resource?
  /// Only workflows that take their specification from a template may run (`workflowRestrictions.templateReferencing`).
  /// They may say what this allows beside the reference. nil: any workflow may run.
  package var restriction: UserOverrides?

  package init(
    defaults: Resource? = nil, restriction: UserOverrides? = nil,
    workflowTemplate: @escaping @Sendable (_ name: String) -> Resource? = { _ in nil },
    clusterWorkflowTemplate: @escaping @Sendable (_ name: String) -> Resource? = { _ in nil }
  ) {
    self.defaults = defaults
    self.restriction = restriction
    self.workflowTemplate = workflowTemplate
    self.clusterWorkflowTemplate = clusterWorkflowTemplate
  }

  /// A catalog of these WorkflowTemplates and ClusterWorkflowTemplates.
  package init(_ resources: [Resource], defaults: Resource? = nil) {
    var named: [String: Resource] = [:]
    var cluster: [String: Resource] = [:]
    for resource in resources {
      if resource.kind == .clusterWorkflowTemplate { cluster[resource.name] = resource } else { named[resource.name] = resource }
    }
    self.init(
      defaults: defaults, workflowTemplate: { [named] in named[$0] }, clusterWorkflowTemplate: { [cluster] in cluster[$0] })
  }

  package func resource(_ name: String, isClusterScoped: Bool) -> Resource? {
    isClusterScoped ? clusterWorkflowTemplate(name) : workflowTemplate(name)
  }
}

/// The templates of other resources that a run can reach: `namespaced/<name>` and `cluster/<name>`.
struct FrozenTemplates: Sendable {
  /// The resource's `spec`, reduced to what templates need.
  var specs: [String: JSON] = [:]

  static func scope(_ name: String, isClusterScoped: Bool) -> String { "\(isClusterScoped ? "cluster" : "namespaced")/\(name)" }

  /// Follows every `templateRef` from the workflow's merged specification. References with tags are resolved where workflow parameters
  /// suffice; otherwise they find at run time what others froze.
  init(spec: JSON, catalog: TemplateCatalog) {
    var parameters: [String: String] = [:]
    for parameter in Arguments(spec["arguments"]).parameters { parameters["workflow.parameters.\(parameter.name)"] = parameter.value }
    let substitution = Substitution { [parameters] name in parameters[name].map { .text($0) } ?? .unknown }
    var pending = [spec]
    while let next = pending.popLast() {
      var found: [TemplateRef] = []
      Self.references(in: next, substitution, into: &found)
      for reference in found {
        let key = Self.scope(reference.name, isClusterScoped: reference.isClusterScoped)
        guard specs[key] == nil, let resource = catalog.resource(reference.name, isClusterScoped: reference.isClusterScoped) else {
          continue
        }
        var kept = JSONObject()
        kept["templates"] = resource.spec["templates"]
        kept["podMetadata"] = resource.spec["podMetadata"]
        specs[key] = .object(kept)
        pending.append(.object(kept))
      }
    }
  }

  init(specs: [String: JSON]) { self.specs = specs }

  private static func references(in root: JSON, _ substitution: Substitution, into found: inout [TemplateRef]) {
    var stack = [root]
    while let json = stack.popLast() {
      switch json {
      case .array(let elements): stack += elements
      case .object(let object):
        for (key, value) in object {
          if key == "templateRef", value.object != nil {
            let reference = TemplateRef((try? substitution.apply(to: value)) ?? value)
            if !reference.name.contains("{{") { found.append(reference) }
          } else {
            stack.append(value)
          }
        }
      default: break
      }
    }
  }
}
