internal import ArgoModel
package import Basics
package import Contracts
package import JSONValue
package import KubeModel
internal import Validation
package import WorkflowCore

/// What ``WorkflowServer`` stands on.
package struct WorkflowServerParts: Sendable {
  package var store: any ResourceStoring
  package var resources: any ResourceServing
  package var acting: any WorkflowActing
  package var composer: any ResourceComposing
  package var index: WorkflowIndex
  package var checks: ManifestChecks
  /// Nil: pods have no logs here.
  package var logs: (any LogOpening)?
  package var keptLogs: (any KeptLogOpening)?
  /// Nil: nothing is archived.
  package var archive: (any WorkflowArchiving)?
  /// Runs archived workflows again.
  package var archivedActing: (any ArchivedRunActing)?
  package var now: @Sendable () -> Instant = SystemClock.now

  package init(
    store: any ResourceStoring, resources: any ResourceServing, acting: any WorkflowActing, composer: any ResourceComposing,
    index: WorkflowIndex, checks: ManifestChecks
  ) {
    (self.store, self.resources, self.acting, self.composer) = (store, resources, acting, composer)
    (self.index, self.checks) = (index, checks)
  }
}

/// Runs of workflows: what the routes below `/api/v1/workflows` do.
///
/// Calls block. What the user may do was decided before; ``submit(_:by:may:)`` alone has more to ask.
package struct WorkflowServer: Sendable {
  let parts: WorkflowServerParts
  package let actions: RunActions
  private let objects: ObjectServer

  var store: any ResourceStoring { parts.store }
  var composer: any ResourceComposing { parts.composer }
  var index: WorkflowIndex { parts.index }
  var archive: (any WorkflowArchiving)? { parts.archive }
  var checks: ManifestChecks { parts.checks }

  package init(_ parts: WorkflowServerParts) {
    self.parts = parts
    actions = RunActions(store: parts.store, acting: parts.acting, index: parts.index, archive: parts.archive)
    objects = ObjectServer(.workflow, resources: parts.resources, checks: parts.checks)
  }

  /// The member of a Workflow that tells the history of its nodes, where that is asked for: lists of `[milliseconds, kind, text]` by the nodes' IDs.
  package static let historyMember = "argosyHistory"

  /// The workflow as clients of this API expect it: with a status also before it begins, as Go writes one.
  package static func completed(_ workflow: Resource) -> Resource {
    guard workflow.json["status"] == nil else { return workflow }
    var workflow = workflow
    workflow.status = [:]
    return workflow
  }

  // MARK: Reading

  /// The workflow of a name (`@latest`: the one that was made last), or of this uid if one is given; where it is not live, the archived one. Throws
  /// `notFound`.
  ///
  /// - Parameters:
  ///   - isBrief: without nodes, which spares to compose them.
  ///   - withHistory: with what is kept of the way of the nodes, in ``historyMember``.
  package func get(
    namespace: String, name: String, uid: String = "", isBrief: Bool = false, withHistory: Bool = false
  ) throws(KubeStatus) -> Resource {
    var workflow = try found(namespace: namespace, name: actions.resolved(namespace: namespace, name: name), uid: uid, isBrief: isBrief)
    if withHistory { workflow.json[Self.historyMember] = try parts.acting.history(workflow) }
    return workflow
  }

  private func found(namespace: String, name: String, uid: String, isBrief: Bool) throws(KubeStatus) -> Resource {
    let key = ResourceKey(.workflow, namespace: namespace, name: name)
    if let stored = try store.get(key), uid.isEmpty || stored.uid == uid {
      return Self.completed(isBrief ? try composer.summarized(stored) : try composer.composed(stored))
    }
    let archived = uid.isEmpty ? try archive?.archived(namespace: namespace, name: name) : try archive?.archived(uid: uid)
    guard let archived, archived.namespace == namespace, archived.name == name else { throw .notFound(key) }
    return archived
  }

  /// The options of a watch, checked, so that a client learns what is wrong with them before the stream begins; `metadata.name=@latest` in the field
  /// selector is the workflow that is the newest now. Throws `badRequest`, `notFound`.
  package func prepared(_ options: WatchOptions, of kind: ResourceKind, namespace: String) throws(KubeStatus) -> WatchOptions {
    var options = options
    for place in options.fields.requirements.indices where kind == .workflow {
      let term = options.fields.requirements[place]
      guard term.field == "metadata.name", term.comparison == .equals, term.value == RunActions.latest else { continue }
      options.fields.requirements[place].value = try actions.resolved(namespace: namespace, name: term.value)
    }
    var probe = ListOptions()
    (probe.labels, probe.fields, probe.resourceVersion) = (options.labels, options.fields, options.resourceVersion)
    // No namespace has this name: the options are read, and nothing else.
    _ = try parts.resources.list(kind, namespace: "-", probe)
    return options
  }

  /// Follows the workflows of a namespace (empty: all).
  package func watch(
    namespace: String, _ options: WatchOptions, sink: @escaping @Sendable ([WatchSignal]) -> Void
  ) throws(KubeStatus) -> any WatchHandle {
    try parts.resources.watch(.workflow, namespace: namespace.isEmpty ? nil : namespace, options, sink: sink)
  }

  /// What a watch of one workflow by its name begins with when that is only archived: as it began while the workflow was there. Nil: nothing.
  package func archived(for options: WatchOptions, namespace: String) throws(KubeStatus) -> Resource? {
    guard options.fields.requirements.count == 1, let term = options.fields.requirements.first, term.field == "metadata.name",
      term.comparison == .equals, !namespace.isEmpty, options.resourceVersion.isEmpty || options.resourceVersion == "0",
      options.sendsInitialEvents != false,
      try store.get(ResourceKey(.workflow, namespace: namespace, name: term.value)) == nil,
      let kept = try archive?.archived(namespace: namespace, name: term.value), options.labels.matches(kept.labels)
    else { return nil }
    return kept
  }

  /// Follows the events of a namespace (empty: all).
  package func watchEvents(
    namespace: String, _ options: WatchOptions, sink: @escaping @Sendable ([WatchSignal]) -> Void
  ) throws(KubeStatus) -> any WatchHandle {
    try parts.resources.watch(.event, namespace: namespace.isEmpty ? nil : namespace, options, sink: sink)
  }

  /// The lines that a workflow's pods printed. Throws `notFound`, and `badRequest` for an expression or a selector that cannot be read.
  package func logs(_ request: LogRequest) throws(KubeStatus) -> LogSession {
    guard let logs = parts.logs else { throw KubeStatus(.badRequest, "this server has no pods") }
    let workflow = try get(namespace: request.namespace, name: request.name)
    return try LogSession(of: workflow, request, store: store, logs: logs, kept: parts.keptLogs)
  }

  // MARK: Making and removing

  /// Stores a new workflow, labelled with its maker. Throws `badRequest` with what is wrong with it, `alreadyExists`.
  ///
  /// - Parameter isServerDryRun: nothing is stored; the answer is as if.
  /// - Parameter isDryRun: nothing is stored; the workflow comes back as it was sent.
  package func create(
    namespace: String, _ document: JSON, isServerDryRun: Bool = false, isDryRun: Bool = false, by user: UserInfo
  ) throws(KubeStatus) -> Resource {
    var workflow = try objects.placed(document, in: namespace)
    ActorLabels.setCreator(&workflow, user)
    return try store(workflow, isServerDryRun: isServerDryRun, isDryRun: isDryRun, by: user)
  }

  /// The workflow as it was sent. Throws `badRequest` with what is wrong with it.
  package func lint(namespace: String, _ document: JSON, by user: UserInfo) throws(KubeStatus) -> Resource {
    try objects.lint(namespace: namespace, document, by: user)
  }

  /// Checks and stores a workflow that is labelled already. Throws `notFound` where it refers to a template that is not there.
  func store(_ workflow: Resource, isServerDryRun: Bool, isDryRun: Bool, by user: UserInfo) throws(KubeStatus) -> Resource {
    if let reference = workflow.spec["workflowTemplateRef"], let name = reference["name"]?.string, !name.isEmpty {
      let kind = reference["clusterScope"]?.bool == true ? ResourceKind.clusterWorkflowTemplate : .workflowTemplate
      _ = try parts.resources.get(ResourceKey(kind, namespace: workflow.namespace, name: name))
    }
    try checks.check(workflow, .submit)
    if isDryRun { return workflow }
    let options = objects.options(user, isServerDryRun)
    return Self.completed(try parts.resources.create(.workflow, namespace: workflow.namespace, workflow.json, options).resource)
  }

  /// - Parameter isForced: finalizers do not hold it back.
  package func delete(
    namespace: String, name: String, isForced: Bool, _ deletion: DeleteOptions = DeleteOptions(), isDryRun: Bool = false, by user: UserInfo
  ) throws(KubeStatus) {
    let key = try actions.key(namespace: namespace, name: name)
    let options = objects.options(user, isDryRun)
    if isForced {
      _ = try parts.resources.patch(key, subresource: "", .merge, ["metadata": ["finalizers": .null]], options)
    }
    _ = try parts.resources.delete(key, deletion, options)
  }

  // MARK: Acting

  /// Stops, terminates, suspends, resumes or sets.
  package func act(_ verb: RunVerb, namespace: String, name: String, by user: UserInfo) throws(KubeStatus) -> Resource {
    Self.completed(try actions.perform(verb, on: try actions.key(namespace: namespace, name: name), by: user))
  }

  /// Lets a workflow that is over go on, an archived one too. Throws `badRequest` in Argo's words.
  ///
  /// - Parameter parameters: `name=value` each.
  package func retry(
    namespace: String, name: String, restartsSuccessful: Bool = false, selector: String = "", parameters: [String] = [], by user: UserInfo
  ) throws(KubeStatus) -> Resource {
    let request = RetryRequest(
      restartsSuccessful: restartsSuccessful, selector: try RunActions.selector(selector),
      parameters: try SubmitOptions.parameters(parameters))
    let labels = ActorLabels.edit(user, .retry)
    return try liveOrArchived(
      namespace, name, { key throws(KubeStatus) in try actions.acting.retry(key, request, labels: labels) },
      { acting, uid throws(KubeStatus) in try acting.retry(archived: uid, request, labels: labels) })
  }

  /// Submits a workflow again, an archived one too.
  package func resubmit(
    namespace: String, name: String, isMemoized: Bool = false, parameters: [String] = [], priority: Int32? = nil, by user: UserInfo
  ) throws(KubeStatus) -> Resource {
    let request = ResubmitRequest(
      isMemoized: isMemoized, parameters: try SubmitOptions.parameters(parameters), priority: priority)
    let labels = ActorLabels.creatorEdit(user)
    return try liveOrArchived(
      namespace, name, { key throws(KubeStatus) in try actions.acting.resubmit(key, request, labels: labels) },
      { acting, uid throws(KubeStatus) in try acting.resubmit(archived: uid, request, labels: labels) })
  }
}
