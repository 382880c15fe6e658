import ArgoModel
import Basics

/// `steps.name` and `tasks.name`: the name of the step or task that a template was started for, with its item when it is one of a loop.
/// They are replaced all over the started template, so in a Steps or DAG template they name what called that template, not its own steps.
/// What is started by no step (the entrypoint, exit handlers and hooks) counts as a step without a name.
extension RunState {
  /// The names known in the template of a node, which says all there is to know, so that a restored run knows them too.
  func callerNames(of node: Int) -> Locals {
    guard let owner = nodes[node].owner else { return ["steps.name": ""] }
    switch nodes[node].origin {
    case .step: return ["steps.name": tail(node, after: owner)]
    case .task: return ["tasks.name": tail(node, after: owner)]
    case .item: return ["tasks.name": nodes[owner].owner.map { tail(node, after: $0) } ?? ""]
    case .attempt: return callerNames(of: owner)
    case .root, .group, .hook, .exit, .workflowHook, .workflowExit, .container: return ["steps.name": ""]
    }
  }

  /// What a node's name adds to that of the node around it.
  private func tail(_ node: Int, after around: Int) -> String {
    String(decoding: nodes[node].name.utf8.dropFirst(nodes[around].name.utf8.count + 1), as: UTF8.self)
  }
}
