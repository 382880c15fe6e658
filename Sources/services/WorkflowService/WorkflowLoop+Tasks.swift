import ArgoModel
import Contracts
import JSONValue
import KubeModel
import WorkflowCore

/// What the agent tells of HTTP and Plugin nodes.
extension WorkflowLoop {
  /// A task of a run that is over, or of none, is of no use.
  mutating func observe(task: Resource, isDeleted: Bool) {
    let uid = task.owningRun ?? ""
    guard service.withRuns({ $0.entries[uid] != nil }) else {
      if !isDeleted { cleanup.append([.delete(task.key)]) }
      return
    }
    if isDeleted {
      decide(uid, .taskLost(nodeID: task.name))
    } else if let result = task.status.at("nodes", task.name) {
      decide(uid, .taskObserved(TaskObservation(nodeID: task.name, result: result)))
    }
  }
}
