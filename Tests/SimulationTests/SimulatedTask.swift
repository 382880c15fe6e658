import ArgoModel
import JSONValue
import WorkflowCore

/// A task that the simulated agent carries out; what comes of it is known from its script.
struct SimulatedTask {
  let nodeID: String
  let script: PodScript
  /// The WorkflowTaskSet is there.
  var exists = true
  /// What its status says.
  var current: TaskObservation?

  init(nodeID: String, script: PodScript) {
    self.nodeID = nodeID
    self.script = script
  }

  /// The next thing that is to be seen of it: that it runs, or its end; nil when it is over.
  mutating func goOn() -> RunEvent? {
    guard exists, current?.phase.isFulfilled != true else { return nil }
    if current == nil, script.tellsRunning {
      let seen = TaskObservation(nodeID: nodeID, phase: .running, message: "started")
      current = seen
      return .taskObserved(seen)
    }
    let seen: TaskObservation
    switch script.end {
    case .succeed: seen = TaskObservation(nodeID: nodeID, phase: .succeeded, outputs: script.outputs)
    case .fail(let code):
      seen = TaskObservation(
        nodeID: nodeID, phase: .failed, message: "received non-2xx response code: \(code)", outputs: ["result": "broken"])
    case .infrastructure: seen = TaskObservation(nodeID: nodeID, phase: .error, message: "agent pod failed with reason:\"no memory\"")
    case .vanish:
      exists = false
      return .taskLost(nodeID: nodeID)
    }
    current = seen
    return .taskObserved(seen)
  }
}
