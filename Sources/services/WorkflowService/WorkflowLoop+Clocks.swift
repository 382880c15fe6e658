import Basics
import KubeModel
import WorkflowCore

/// The clocks that runs go by.
extension WorkflowLoop {
  mutating func adopt(_ state: RunState, workflow: Resource, uid: String) {
    baselines[uid] = Estimates(store: service.storage).baseline(namespace: workflow.namespace, labels: state.estimateLabels)
    uidByName[Self.slot(workflow.namespace, workflow.name)] = uid
    var state = state
    let ahead = startClock(of: &state)
    for (timer, time) in state.pendingTimers { timers.set(uid, timer, at: time - ahead) }
    service.withRuns { $0.entries[uid] = RunTable.Entry(state: state, workflow: workflow, ahead: ahead) }
  }

  /// The steady clock goes on through restarts of this program, so that a run keeps its reckoning, whatever was done to the wall clock meanwhile, until
  /// the machine starts anew.
  private func startClock(of state: inout RunState) -> TimeSpan {
    if let clock = state.clock, clock.machineStart == service.machineStart, !clock.machineStart.isEmpty { return clock.ahead }
    // The wall clock may have been set back since.
    let ahead = max(service.now, state.newestTime ?? service.now) - service.steady
    state.clock = RunClock(machineStart: service.machineStart, ahead: ahead)
    return ahead
  }

  /// The clock of a run, or the wall clock where it is none that goes on.
  func ahead(_ uid: String) -> TimeSpan {
    service.withRuns { $0.entries[uid]?.ahead } ?? service.now - service.steady
  }
}
