package import Contracts
package import KubeModel
package import WorkflowCore

extension ForkRequest {
  /// What a client asks for: Argosy's own, the original has no such thing. Throws `badRequest` for what is no `name=value`, or without a node.
  ///
  /// - Parameters:
  ///   - parameters: of the workflow, `name=value` each.
  ///   - inputs: of the node, likewise.
  package init(node: String, parameters: [String], inputs: [String], outputs: [OutputEdit]) throws(KubeStatus) {
    guard !node.isEmpty else { throw KubeStatus(.badRequest, "node is required: the display name, name or ID of the node to go on from") }
    self.init(node: node)
    self.parameters = try SubmitOptions.parameters(parameters)
    self.inputs = try SubmitOptions.parameters(inputs)
    self.outputs = outputs
  }
}

extension WorkflowServer {
  /// Makes a new run from a node of one that is over, archived or not. Throws `badRequest` for a node that is none, or a run that is not over; `notFound`.
  package func fork(namespace: String, name: String, _ request: ForkRequest, by user: UserInfo) throws(KubeStatus) -> Resource {
    let labels = ActorLabels.creatorEdit(user)
    return try liveOrArchived(
      namespace, name, { key throws(KubeStatus) in try actions.acting.fork(key, request, labels: labels) },
      { acting, uid throws(KubeStatus) in try acting.fork(archived: uid, request, labels: labels) })
  }
}
