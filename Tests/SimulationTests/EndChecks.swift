import Basics
import Contracts
import JSONValue
import KubeModel
import WorkflowCore

/// What must hold when a run is over.
struct EndChecks {
  let world: SimulationWorld

  func check() throws(Violation) {
    let view = world.view
    guard world.state.isFinished else { throw Violation("not finished: \(world.state.phase)") }
    if world.run?.isFinished != true { throw Violation("the stored run is not finished") }
    if let open = view.nodes.first(where: { !$0.isFulfilled }) {
      throw Violation("finished (\(world.state.phase): \(world.state.message)) with \(open.name) \(open.type) \(open.phase)")
    }
    if let timer = world.state.pendingTimers.first { throw Violation("timer \(timer.id) left") }
    for pod in world.pods.values where !pod.isEnded && !pod.isStopAsked { throw Violation("pod \(pod.name) runs on after the end") }
    if let task = world.tasks.keys.first { throw Violation("task \(task) left after the end") }
    if let name = world.state.activeTaskNames.first { throw Violation("task \(name) is still counted as active") }
    if !world.locks.isEmpty { throw Violation("locks are left: \(world.locks.names)") }
    try checkAttempts()
    try checkLinks(world.state.status())
    try world.checkRestoring()
  }

  private func checkAttempts() throws(Violation) {
    for retry in world.view.nodes where retry.type == "Retry" {
      var attempts = 0
      while world.view["\(retry.name)(\(attempts))"] != nil { attempts += 1 }
      guard let limit = world.workflow.templates[retry.template]?.retryLimit ?? world.workflow.workflowRetryLimit else { continue }
      if attempts > limit + 1 { throw Violation("\(attempts) attempts of \(retry.name), whose limit is \(limit)") }
    }
  }

  private func checkLinks(_ status: JSON) throws(Violation) {
    let nodes = status["nodes"]?.object ?? [:]
    if nodes.count != world.view.nodes.count { throw Violation("the status has \(nodes.count) nodes, the store \(world.view.nodes.count)") }
    var hasParent: Set<String> = []
    for (id, node) in nodes {
      if node["id"]?.string != id { throw Violation("node \(id) has ID \(node["id"]?.string ?? "")") }
      for field in ["children", "outboundNodes"] {
        var seen: Set<String> = []
        for child in node[field]?.array ?? [] {
          let child = child.string ?? ""
          guard nodes[child] != nil else { throw Violation("\(field) of \(id): no node \(child)") }
          if !seen.insert(child).inserted { throw Violation("\(field) of \(id): \(child) twice") }
          if field == "children" { hasParent.insert(child) }
        }
      }
      guard let boundary = node["boundaryID"]?.string else { continue }
      guard let type = nodes[boundary]?["type"]?.string, type == "Steps" || type == "DAG" else {
        throw Violation("boundary \(boundary) of \(id) is no Steps or DAG node")
      }
    }
    for (id, node) in nodes {
      let name = node["name"]?.string ?? ""
      let isTop = name == world.workflow.name || name == "\(world.workflow.name).onExit"
      if isTop == hasParent.contains(id) { throw Violation(isTop ? "\(name) has a parent" : "\(name) has no parent") }
      if node["boundaryID"] == nil, !isTop, !name.hasPrefix("\(world.workflow.name)("), !name.hasPrefix("\(world.workflow.name).hooks."),
        !name.hasPrefix("\(world.workflow.name).onExit(")
      {
        throw Violation("\(name) has no boundary")
      }
    }
  }
}
