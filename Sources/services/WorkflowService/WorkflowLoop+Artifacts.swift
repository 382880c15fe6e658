import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import WorkflowCore

/// Artifact garbage collection (spec 2.21): the tasks that delete artifacts are objects, so that none is forgotten; the node service does
/// the work.
extension WorkflowLoop {
  /// What deleting a workflow leaves to do. Read before its rows go. A run in memory knows better than its rows.
  func artifactGCTask(ofDeleted uid: String) -> [Write] {
    if let state = service.withRuns({ $0.entries[uid]?.state }) {
      return state.artifactGCTask(.onWorkflowDeletion).map { [.create($0)] } ?? []
    }
    guard let state = restored(uid, if: { $0.header["collectsArtifacts"]?.bool == true }),
      let task = state.artifactGCTask(.onWorkflowDeletion)
    else { return [] }
    return [.create(task)]
  }

  /// A task has been done: its run's nodes say so, and the task goes when nothing of it is left. One that failed stays, and is tried again
  /// by the next start.
  mutating func artifactsCollected(_ task: Resource) {
    guard task.status["artifactResultsByNode"] != nil else { return }
    let uid = RunState.run(ofTask: task) ?? ""
    // It may have been retried meanwhile.
    if let isComplete = service.withRuns({ $0.entries[uid]?.state.artifactsCollected(task) }) {
      if isComplete { attach([.delete(task.key)], to: uid) }
      return note([], of: uid, namespace: task.namespace)
    }
    guard var state = restored(uid) else {
      let isComplete = (task.status["artifactResultsByNode"]?.object ?? [:]).allSatisfy { _, node in
        (node["artifactResults"]?.object ?? [:]).allSatisfy { $0.value["success"]?.bool == true }
      }
      if isComplete { cleanup.append([.delete(task.key)]) }
      return
    }
    let isComplete = state.artifactsCollected(task)
    let changes = state.takeChanges()
    // Of one that is only archived there are no rows any more.
    let isStored = (try? service.storage.runs(uid: uid).first) != nil
    var writes: [Write] = isStored ? changes.nodes.map { .putNode($0) } : []
    if isStored, let run = changes.run { writes.append(.putRun(run)) }
    if isComplete { writes.append(.delete(task.key)) }
    writes += archivingArtifacts(of: state)
    // The rows know better from now on.
    let workflow = ResourceKey(.workflow, namespace: state.namespace, name: state.name)
    if let stored = try? service.storage.get(workflow), stored.uid == uid, stored.status["nodes"] != nil {
      writes.append(.patch(workflow, ["status": ["nodes": .null]]))
    }
    cleanup.append(writes)
  }
}
