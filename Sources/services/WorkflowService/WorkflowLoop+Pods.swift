import ArgoModel
import Contracts
import JSONValue
import KubeModel
import WorkflowCore

/// What pods and their results come to.
extension WorkflowLoop {
  /// The run that a pod belongs to: its owner's, not that of a newer workflow of the same name.
  private func run(of pod: Resource) -> String? {
    if let owner = pod.owningRun { return owner }
    return pod.label(ArgoKey.workflow).flatMap { uidByName[Self.slot(pod.namespace, $0)] }
  }

  mutating func observe(_ pod: Resource) {
    guard let uid = run(of: pod), let phase = pod.status["phase"]?.string else { return }
    let slot = pod.annotation(ArgoKey.nodeID).map { Self.slot(pod.namespace, $0) }
    decide(uid, .podObserved(PodObservation(pod: pod, taskResult: slot.flatMap { taskResults[$0] })))
    // The run has taken it over.
    if let slot, phase == "Succeeded" || phase == "Failed" { taskResults[slot] = nil }
    if pod.annotation(ArgoKey.podGCStrategy) != nil { collect(pod, workflow: workflowPhase(ofRun: uid, pod)) }
  }

  /// The phase of a pod's workflow: of the run in memory, else as stored.
  private func workflowPhase(ofRun uid: String, _ pod: Resource) -> WorkflowPhase {
    if let phase = service.withRuns({ $0.entries[uid]?.state.phase }) { return phase }
    let key = ResourceKey(.workflow, namespace: pod.namespace, name: pod.label(ArgoKey.workflow) ?? "")
    guard let workflow = try? service.storage.get(key), workflow.uid == uid else { return .unknown }
    return workflow.workflowPhase
  }

  mutating func podDeleted(_ pod: Resource) {
    collections.remove(pod.key)
    if let uid = run(of: pod) { decide(uid, .podLost(podName: pod.name)) }
  }

  /// Remembers the result of a pod; one that comes after the end of its run is of no use.
  mutating func keep(_ result: Resource) {
    guard let name = result.label(ArgoKey.workflow), let uid = uidByName[Self.slot(result.namespace, name)] else {
      cleanup.append([.delete(result.key)])
      return
    }
    taskResults[Self.slot(result.namespace, result.name)] = result
    resultKeys[uid, default: []].insert(result.key)
  }
}
