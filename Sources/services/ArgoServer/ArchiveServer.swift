package import Contracts
package import KubeModel
package import WorkflowCore

/// What ``ArchiveServer`` stands on.
package struct ArchiveServerParts: Sendable {
  package var archive: any WorkflowArchiving
  package var acting: any ArchivedRunActing
  package var remover: any ArchivedRemoving
  /// The only namespace that the server serves; empty: all.
  package var managedNamespace: String

  package init(
    archive: any WorkflowArchiving, acting: any ArchivedRunActing, remover: any ArchivedRemoving, managedNamespace: String = ""
  ) {
    (self.archive, self.acting, self.remover, self.managedNamespace) = (archive, acting, remover, managedNamespace)
  }
}

/// Finished runs: what the routes below `/api/v1/archived-workflows` do. What a user may do is asked with ``May``, once the workflow is known.
///
/// Calls block.
package struct ArchiveServer: Sendable {
  /// Throws `forbidden` unless the user may do this to the workflow (name empty: to those of the namespace).
  package typealias May = (_ verb: String, _ namespace: String, _ name: String) throws(KubeStatus) -> Void

  private let parts: ArchiveServerParts

  package init(_ parts: ArchiveServerParts) { self.parts = parts }

  /// Which archived workflow is meant.
  package struct Reference: Sendable, Hashable {
    package var uid: String
    package var namespace: String
    package var name: String
    package init(uid: String = "", namespace: String = "", name: String = "") {
      (self.uid, self.namespace, self.name) = (uid, namespace, name)
    }
  }

  /// The namespace that a list is about: the one asked for; where all are (empty), the only one that is served.
  package func scope(_ namespace: String) -> String { namespace.isEmpty ? parts.managedNamespace : namespace }

  /// A part of the list, newest start first.
  ///
  /// - Parameter namePrefix: how names begin, unless the request says otherwise (`nameFilter`) and has no name of its own: the original's client sends a
  ///   whole name so.
  /// - Parameter phases: empty: all.
  package func list(
    _ request: WorkflowListRequest, namePrefix: String = "", isPrefix: Bool = true, phases: Set<String> = [], search: String = ""
  ) throws(KubeStatus) -> ResourcePage {
    var query = request.archiveQuery
    query.isGone = false
    if request.isOtherNamespace { (query.namespace, query.otherThan) = (nil, request.namespace) }
    if !parts.managedNamespace.isEmpty {
      guard request.isOtherNamespace ? request.namespace != parts.managedNamespace : request.namespace == parts.managedNamespace else {
        return ResourcePage(items: [], revision: 0)
      }
      query.namespace = parts.managedNamespace
    }
    if !namePrefix.isEmpty {
      var named = request
      named.name = namePrefix
      query.names += isPrefix || !request.name.isEmpty ? [.prefix(namePrefix)] : named.archiveQuery.names
    }
    (query.phases, query.search) = (phases, search)
    (query.limit, query.offset) = (request.limit, request.offset)
    let found = try parts.archive.archived(query)
    var page = ResourcePage(items: found.workflows, revision: 0)
    if request.limit > 0, found.remaining > 0 { page.continueToken = String(request.offset + found.workflows.count) }
    if request.tellsRemaining, request.limit > 0 { page.remaining = found.remaining }
    return page
  }

  /// The workflow of this uid; without one, the one of the name that started last. Throws `notFound`, and `badRequest` when neither is given.
  package func get(_ reference: Reference, _ may: May) throws(KubeStatus) -> Resource {
    let workflow: Resource?
    if reference.uid.isEmpty {
      guard !reference.namespace.isEmpty, !reference.name.isEmpty else {
        throw KubeStatus(.badRequest, "both name and namespace are required if uid is not specified")
      }
      // Asked first: who may not read the namespace learns nothing of its names.
      try may("get", reference.namespace, reference.name)
      workflow = try parts.archive.archived(namespace: reference.namespace, name: reference.name)
    } else {
      workflow = try parts.archive.archived(uid: reference.uid)
      if let workflow { try may("get", workflow.namespace, workflow.name) }
    }
    guard let workflow, parts.managedNamespace.isEmpty || workflow.namespace == parts.managedNamespace else {
      throw KubeStatus(.notFound, "not found")
    }
    return workflow
  }

  /// Removes it with its logs and artifacts.
  package func delete(_ reference: Reference, _ may: May) throws(KubeStatus) {
    let workflow = try get(named(reference), may)
    try may("delete", workflow.namespace, workflow.name)
    try parts.remover.remove(uid: workflow.uid)
  }

  /// Submits it again, labelled with who does so.
  ///
  /// - Parameter parameters: `name=value`.
  package func resubmit(
    _ reference: Reference, isMemoized: Bool, parameters: [String], priority: Int32? = nil, by user: UserInfo, _ may: May
  ) throws(KubeStatus) -> Resource {
    let workflow = try get(named(reference), may)
    try may("create", workflow.namespace, "")
    let request = ResubmitRequest(isMemoized: isMemoized, parameters: try SubmitOptions.parameters(parameters), priority: priority)
    return try parts.acting.resubmit(archived: workflow.uid, request, labels: ActorLabels.creatorEdit(user))
  }

  /// Makes it anew, under its name and uid, and lets it go on. Throws `alreadyExists` while a workflow of the name is there.
  ///
  /// - Parameter selector: the nodes to run again, with `restartsSuccessful` those too that had succeeded.
  package func retry(
    _ reference: Reference, restartsSuccessful: Bool, selector: String, parameters: [String], by user: UserInfo, _ may: May
  ) throws(KubeStatus) -> Resource {
    let workflow = try get(named(reference), may)
    try may("create", workflow.namespace, "")
    let request = RetryRequest(
      restartsSuccessful: restartsSuccessful, selector: try RunActions.selector(selector),
      parameters: try SubmitOptions.parameters(parameters))
    return try parts.acting.retry(archived: workflow.uid, request, labels: ActorLabels.edit(user, .retry))
  }

  /// Makes a new run from a node of it. Throws `badRequest` for a node that is none.
  package func fork(_ reference: Reference, _ request: ForkRequest, by user: UserInfo, _ may: May) throws(KubeStatus) -> Resource {
    let workflow = try get(named(reference), may)
    try may("create", workflow.namespace, "")
    return try parts.acting.fork(archived: workflow.uid, request, labels: ActorLabels.creatorEdit(user))
  }

  /// As the original, whose client sends a name with or instead of a uid: for all but reading the name decides where there is one.
  private func named(_ reference: Reference) -> Reference {
    guard !reference.name.isEmpty, !reference.namespace.isEmpty else { return Reference(uid: reference.uid) }
    return Reference(namespace: reference.namespace, name: reference.name)
  }

  /// Nil: of all namespaces.
  package func labelKeys(namespace: String?) throws(KubeStatus) -> [String] { try parts.archive.archivedLabelKeys(namespace: namespace) }

  /// The values of the one label that the selector asks to exist. Throws `badRequest` for any other selector.
  package func labelValues(_ selector: LabelSelector, namespace: String?) throws(KubeStatus) -> [String] {
    guard selector.requirements.count == 1, let requirement = selector.requirements.first else {
      throw KubeStatus(.badRequest, "only allow 1 labelRequirement, found \(selector.requirements.count)")
    }
    guard case .exists(let key) = requirement else {
      throw KubeStatus(.badRequest, "operation \(requirement.operatorName) is not supported")
    }
    return try parts.archive.archivedLabelValues(ofKey: key, namespace: namespace)
  }
}

extension LabelSelector.Requirement {
  /// As Kubernetes' selectors name it.
  fileprivate var operatorName: String {
    switch self {
    case .equals: "="
    case .notEquals: "!="
    case .isIn: "in"
    case .notIn: "notin"
    case .exists: "exists"
    case .doesNotExist: "!"
    case .greaterThan: "gt"
    case .lessThan: "lt"
    }
  }
}
