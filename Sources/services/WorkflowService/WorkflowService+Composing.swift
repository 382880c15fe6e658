import Contracts
import JSONValue
import KubeModel
import Synchronization
import WorkflowCore

/// What readers see of a Workflow: the stored object with the status of its run.
extension WorkflowService: ResourceComposing {
  /// A Workflow with the status composed from its run, live while it runs, else from its rows; other objects and workflows without a run as
  /// they are.
  package func composed(_ resource: Resource) throws(KubeStatus) -> Resource {
    guard resource.kind == .workflow else { return resource }
    var workflow = resource
    let uid = workflow.uid
    var live: JSON?
    withRuns { table in
      let locks = table.locks
      live = table.entries[uid]?.state.status { locks.holders(of: $0) }
    }
    if let live {
      workflow.status = live
    } else if workflow.status["nodes"] != nil {
      return workflow
    } else if let status = try finished.status(
      of: uid, version: workflow.resourceVersion ?? 0, compose: { () throws(KubeStatus) in try stored(uid) })
    {
      workflow.status = status
    } else if workflow.status[Self.revisionField] != nil {
      workflow.status[Self.revisionField] = nil
    }
    return workflow
  }

  /// A Workflow with the status of its run but for the nodes.
  package func summarized(_ resource: Resource) throws(KubeStatus) -> Resource {
    guard resource.kind == .workflow else { return resource }
    var workflow = resource
    let uid = workflow.uid
    if let live = withRuns({ table in table.entries[uid]?.state.summary() }) {
      workflow.status = live
      return workflow
    }
    var status = workflow.status
    for member in ["nodes", Self.revisionField] where status[member] != nil { status[member] = nil }
    if status != workflow.status { workflow.status = status }
    return workflow
  }

  /// Of the stored status: changes when the nodes do, so that watchers are told. Nobody is shown it.
  static let revisionField = "argosyRevision"

  private func stored(_ uid: String) throws(KubeStatus) -> JSON? { try storedRun(uid)?.status() }

  private func storedRun(_ uid: String) throws(KubeStatus) -> RunState? {
    guard let row = try storage.runs(uid: uid).first else { return nil }
    let nodes = try storage.nodes(ofRun: uid)
    return try? RunState(restoring: row, nodes: nodes)
  }

  private func archivedRun(_ uid: String) throws(KubeStatus) -> RunState? {
    guard let kept = try archive?.archivedRun(uid: uid) else { return nil }
    return try? RunState(restoring: kept.run, nodes: kept.nodes)
  }

  /// What is kept of the way of a workflow's nodes, from the run while it goes on, else from its rows, else from the archive.
  package func history(_ workflow: Resource) throws(KubeStatus) -> JSON? {
    let uid = workflow.uid
    if let live = withRuns({ $0.entries[uid]?.state.history }) { return live }
    if let stored = try storedRun(uid) { return stored.history }
    return try archivedRun(uid)?.history
  }
}

/// The composed statuses of runs that are over, as long as there is room: lists ask for them again and again.
final class FinishedStatuses: Sendable {
  private struct Entry {
    var version: Int64
    var status: JSON
    var nodes: Int
  }
  private struct State {
    var entries: [String: Entry] = [:]
    var order: [String] = []
    var nodes = 0
  }
  /// Nodes of all statuses that are kept.
  private static let capacity = 5000
  private let state = Mutex(State())

  /// The status of a run as its Workflow object of this version goes with; nil where there is no run.
  func status(of uid: String, version: Int64, compose: () throws(KubeStatus) -> JSON?) throws(KubeStatus) -> JSON? {
    if let found = state.withLock({ $0.entries[uid] }), found.version == version { return found.status }
    guard let status = try compose() else { return nil }
    let isOver = ["Succeeded", "Failed", "Error"].contains(status["phase"]?.string ?? "")
    let count = max(1, status["nodes"]?.object?.count ?? 0)
    guard isOver, count <= Self.capacity / 4 else { return status }
    state.withLock { state in
      if let earlier = state.entries.removeValue(forKey: uid) {
        state.nodes -= earlier.nodes
        state.order.removeAll { $0 == uid }
      }
      state.entries[uid] = Entry(version: version, status: status, nodes: count)
      state.order.append(uid)
      state.nodes += count
      while state.nodes > Self.capacity, let oldest = state.order.first {
        state.order.removeFirst()
        state.nodes -= state.entries.removeValue(forKey: oldest)?.nodes ?? 0
      }
    }
    return status
  }
}
