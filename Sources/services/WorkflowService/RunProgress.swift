import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import WorkflowCore

extension PublishedStatus {
  init(of state: RunState) {
    self.init(phase: state.phase, message: state.message, labels: state.objectLabels)
  }

  /// The merge patch that puts this onto the Workflow object. `withNodes`: the whole status of a run that is over.
  func patch(of state: RunState, withNodes: Bool = false) -> JSON {
    let message: JSON = message.isEmpty ? .null : .string(message)
    var status: JSONObject = ["phase": .string(phase.rawValue), "message": message, "progress": .string(state.progress)]
    status["resourcesDuration"] = state.resourcesDuration
    if let time = state.startedAt { status["startedAt"] = .string(time.rfc3339) }
    if let time = state.finishedAt { status["finishedAt"] = .string(time.rfc3339) }
    if state.isFinished {
      // Of one with many nodes all the rest, so that lists need not look up its rows.
      for (field, value) in (withNodes ? state.status() : state.summary()).object ?? [:] { status[field] = value }
      status["message"] = message
      status[WorkflowService.revisionField] = .null
    }
    var members: JSONObject = [:]
    for (key, value) in labels.sorted(by: { $0.key < $1.key }) { members[key] = .string(value) }
    var annotations: JSONObject = [:]
    for (key, value) in state.objectAnnotations.sorted(by: { $0.key < $1.key }) { annotations[key] = .string(value) }
    return ["metadata": ["labels": .object(members), "annotations": .object(annotations)], "status": .object(status)]
  }
}

extension RunProgress {
  init(changes: RunChanges, entry: RunTable.Entry, uid: String, hasChangedStatus: Bool) {
    let state = entry.state
    self.init(
      runUID: uid, workflow: entry.workflow, phase: state.phase, message: state.message, startedAt: state.startedAt,
      finishedAt: state.finishedAt, hasChangedStatus: hasChangedStatus, nodes: changes.nodes, isFinished: state.isFinished)
  }
}
