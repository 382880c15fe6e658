package import Contracts
package import KubeModel

/// WorkflowTemplates and ClusterWorkflowTemplates.
package struct TemplateServer: Sendable {
  package let namespaced: ObjectServer
  package let cluster: ObjectServer

  package init(resources: any ResourceServing, checks: ManifestChecks) {
    namespaced = ObjectServer(.workflowTemplate, resources: resources, checks: checks)
    cluster = ObjectServer(.clusterWorkflowTemplate, resources: resources, checks: checks)
  }

  /// The templates of a namespace (empty: of all) whose names have a text in them. Newest first, and a page ends with a `continue` that is the last one's
  /// resourceVersion, as in Argo.
  ///
  /// - Parameter pattern: empty: the ordinary list.
  package func list(namespace: String, pattern: String, _ options: ListOptions) throws(KubeStatus) -> ResourcePage {
    guard !pattern.isEmpty else { return try namespaced.list(namespace: namespace, options) }
    var before: Int64?
    if !options.continueToken.isEmpty {
      guard let number = Int64(options.continueToken) else {
        throw KubeStatus(.badRequest, "listOptions.continue must be the resourceVersion that the page before ended with")
      }
      before = number
    }
    var all = options
    (all.continueToken, all.limit) = ("", 0)
    var page = try namespaced.list(namespace: namespace, all)
    var items = page.items.filter { $0.name.contains(pattern) }
    items.sort { ($0.resourceVersion ?? 0) > ($1.resourceVersion ?? 0) }
    if let before { items.removeAll { ($0.resourceVersion ?? 0) >= before } }
    page.remaining = nil
    if options.limit > 0, items.count >= options.limit {
      items = Array(items.prefix(options.limit))
      page.continueToken = items.last?.resourceVersion.map(String.init) ?? ""
    }
    page.items = items
    return page
  }
}
