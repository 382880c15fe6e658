import JSONValue
import KubeModel

/// Labels that an action puts on a workflow, or takes off it (nil), in the transaction of the action: who acted (spec 5.3).
package struct LabelEdit: Sendable, Hashable {
  package var values: [String: String?]
  package init(_ values: [String: String?] = [:]) { self.values = values }

  /// The merge patch that does it; nil when there is nothing to do.
  package var patch: JSON? {
    guard !values.isEmpty else { return nil }
    var labels = JSONObject()
    for (key, value) in values.sorted(by: { $0.key < $1.key }) { labels[key] = JSON(value) }
    return ["metadata": ["labels": .object(labels)]]
  }

  /// Does it to an object that is not stored yet.
  package func apply(to resource: inout Resource) { for (key, value) in values { resource.setLabel(key, value) } }
}

/// A workflow that is to be submitted again (`argo resubmit`, spec 2.13).
package struct ResubmitRequest: Sendable, Hashable {
  /// What succeeded is not run again.
  package var isMemoized: Bool
  package var parameters: [ParameterValue]
  /// nil: as it was.
  package var priority: Int32?
  package init(isMemoized: Bool = false, parameters: [ParameterValue] = [], priority: Int32? = nil) {
    self.isMemoized = isMemoized
    self.parameters = parameters
    self.priority = priority
  }
}

/// What users ask of runs, for everything that offers it: the control socket, the REST API, events. Each call is one transaction and returns the
/// workflow as it is then, with its status. A refusal is a `badRequest` in Argo's words, a workflow that is not there `notFound`.
///
/// The calls block: they are for threads of one's own.
package protocol WorkflowActing: Sendable {
  /// The Workflow object as its users see it, with the status of its run; nil when there is none.
  func workflow(_ key: ResourceKey) throws(KubeStatus) -> Resource?
  /// What is kept of the way of its nodes (``RunState/history``); nil where it has no run.
  func history(_ workflow: Resource) throws(KubeStatus) -> JSON?
  /// Stops, terminates, suspends or resumes a run, or sets what its suspended nodes wait for.
  @discardableResult func act(_ key: ResourceKey, _ command: RunCommand, labels: LabelEdit) throws(KubeStatus) -> Resource
  /// Lets a run that is over go on.
  @discardableResult func retry(_ key: ResourceKey, _ request: RetryRequest, labels: LabelEdit) throws(KubeStatus) -> Resource
  /// Submits a workflow again. Returns the new one.
  @discardableResult func resubmit(_ key: ResourceKey, _ request: ResubmitRequest, labels: LabelEdit) throws(KubeStatus) -> Resource
  /// Makes a new run from a node of one that is over. Returns its workflow.
  @discardableResult func fork(_ key: ResourceKey, _ request: ForkRequest, labels: LabelEdit) throws(KubeStatus) -> Resource
}
