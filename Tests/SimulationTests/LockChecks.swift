import WorkflowCore

/// What must hold of locks after every commit.
struct LockChecks {
  let workflow: SimulatedWorkflow
  let view: NodeView
  let locks: LockTable

  func check(_ started: [String]) throws(Violation) {
    for lock in locks.names {
      let holders = locks.holders(of: lock)
      guard let limit = locks.limit(of: lock) else { continue }
      if holders.count > limit { throw Violation("\(lock) is held by \(holders) where \(limit) may") }
    }
    for name in started {
      guard let node = view[name], let wanted = workflow.templates[node.template]?.locks else { continue }
      // A retry holds for its attempts.
      var ids = [node.id]
      if name.last == ")", let open = name.lastIndex(of: "("), let retry = view[String(name[..<open])], retry.type == "Retry" {
        ids.append(retry.id)
      }
      let keys = Set(ids.map { "default/\(workflow.name)/\($0)" })
      for lock in wanted where !locks.holders(of: lock).contains(where: { keys.contains($0.key) }) {
        throw Violation("pod of \(name) started without \(lock)")
      }
    }
  }
}
