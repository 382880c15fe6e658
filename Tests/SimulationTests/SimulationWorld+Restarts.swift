import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import WorkflowCore

/// What a restart makes of the stored run, and of the locks.
extension SimulationWorld {
  // MARK: Locks

  /// A decision with what the lock table answers, and what follows from that.
  func decideAll(_ state: inout RunState, _ locks: inout LockTable, _ event: RunEvent, _ world: World) -> [RunEffect] {
    let limits = workflow.lockLimits
    var effects = state.decide(event, in: world)
    var next = 0
    while next < effects.count {
      switch effects[next] {
      case .requestLocks(let request):
        effects += state.decide(.locks(request.holder, locks.request(request) { limits[$0.text] }), in: world)
      case .releaseLocks(let holder):
        for granted in locks.release(holder) { effects += state.decide(.locks(granted, .granted), in: world) }
      default: break
      }
      next += 1
    }
    return effects
  }

  /// The lock table as a restart builds it.
  func rebuilt(_ state: RunState) throws(Violation) -> LockTable {
    let limits = workflow.lockLimits
    var table = LockTable()
    for (request, isHeld) in state.lockRequests where isHeld { table.restore(holding: request) { limits[$0.text] } }
    let granted = table.restore(waiting: state.lockRequests.filter { !$0.isHeld }.map(\.request)) { limits[$0.text] }
    if !granted.isEmpty { throw Violation("a restart lets \(granted) through, who waited before") }
    return table
  }

  // MARK: Restarts

  func restored(_ run: RunRow) throws(Violation) -> RunState {
    var copy: RunState
    do throws(RunRestoreError) {
      copy = try RunState(restoring: run, nodes: rows)
    } catch {
      throw Violation("cannot be restored: \(error)")
    }
    if !copy.takeChanges().isEmpty { throw Violation("restoring changed something") }
    return copy
  }

  /// Memory is lost: everything is read from the store again.
  mutating func crash() throws(Violation) {
    crashes += 1
    guard let run else {
      state = Self.newState(workflow)
      locks = LockTable()
      return
    }
    let copy = try restored(run)
    timers = [:]
    state = copy
    locks = try rebuilt(copy)
    for (timer, moment) in state.pendingTimers { arm(timer, moment) }
    for effect in state.pendingStops {
      guard case .stopPod(let name, _) = effect, let pod = pods[name] else { continue }
      if !pod.isStopAsked { throw Violation("a stop of \(name) is pending that was never committed") }
    }
    queue.add(.list, at: now.milliseconds)
  }

  /// The committed rows make the same state as the one in memory.
  func checkRestoring() throws(Violation) {
    guard let run else { return }
    try Comparison.require([state.row], [run], "the run's row in memory (left) and stored (right)")
    try Comparison.require(state.nodeRows, rows, "node rows in memory (left) and stored (right)")
    let copy = try restored(run)
    try Comparison.require([copy.row], [run], "the run's row restored (left) and stored (right)")
    try Comparison.require(copy.nodeRows, rows, "node rows restored (left) and stored (right)")
    try Comparison.require([copy.status()], [state.status()], "status restored (left) and in memory (right)")
    try Comparison.require(copy.activePodNames, state.activePodNames, "active pods restored and in memory")
    try Comparison.require(copy.activeTaskNames, state.activeTaskNames, "active tasks restored and in memory")
  }

  func checkRepetition(_ event: RunEvent, in world: World) throws(Violation) {
    // A second resume is a new one: it may find another suspended node.
    if case .commanded(let command) = event {
      switch command {
      case .resume, .set: return
      default: break
      }
    }
    var copy = state
    var copiedLocks = locks
    let effects = decideAll(&copy, &copiedLocks, event, world)
    let changes = copy.takeChanges()
    guard effects.isEmpty, changes.isEmpty else {
      throw Violation(
        "a repeated \(Trace.text(event)) is no no-op: effects \(effects.map(Trace.text)), rows \(changes.nodes.map { $0.record.json["status"]?["name"]?.string ?? "" }), run \(changes.run != nil)"
      )
    }
  }
}
