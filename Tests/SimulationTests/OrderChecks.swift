import WorkflowCore

/// What must hold when a pod or task is created, found from node names and the manifest's own facts.
struct OrderChecks {
  let workflow: SimulatedWorkflow
  let view: NodeView

  /// - Parameter what: what was created, for messages.
  func check(_ what: String, _ nodeName: String, shutdown: RunCommand?) throws(Violation) {
    switch shutdown {
    case .terminate?: throw Violation("\(what) created after a terminate")
    case .stop?:
      if !nodeName.contains(".onExit") { throw Violation("\(what) of \(nodeName) created after a stop") }
    default: break
    }
    guard var node = view[nodeName] else { return }
    if nodeName.hasPrefix("\(workflow.name).onExit"), let root = view[workflow.name], !root.isFulfilled, !root.isDaemoned {
      throw Violation("exit handler \(nodeName) started before the end")
    }
    // Every enclosing Steps and DAG must have come to the place where the node is.
    while let boundary = view.node(id: node.boundary) {
      if boundary.isFulfilled, !node.name.contains(".onExit"), !node.name.contains(".hooks.") {
        throw Violation("\(what) of \(nodeName) created inside \(boundary.name), which is \(boundary.phase)")
      }
      guard node.name.hasPrefix(boundary.name) else {
        throw Violation("node \(node.name) lies within \(boundary.name) but is not named so")
      }
      let rest = node.name.dropFirst(boundary.name.count)
      switch boundary.type {
      case "Steps": try checkStep(node, rest, in: boundary)
      case "DAG": try checkTask(node, rest, in: boundary)
      default: throw Violation("boundary \(boundary.name) is a \(boundary.type)")
      }
      node = boundary
    }
  }

  /// A step's place is `[2].name` and what follows.
  private func checkStep(_ node: NodeView.Node, _ rest: Substring, in boundary: NodeView.Node) throws(Violation) {
    guard rest.first == "[", let close = rest.firstIndex(of: "]"), let group = Int(rest[rest.index(after: rest.startIndex)..<close]) else {
      throw Violation("step node \(node.name) names no group of \(boundary.name)")
    }
    for before in 0..<group {
      guard let other = view["\(boundary.name)[\(before)]"] else { throw Violation("\(node.name) started without group \(before)") }
      guard other.phase == "Succeeded" else { throw Violation("\(node.name) started although group \(before) is \(other.phase)") }
    }
    let step = name(rest[rest.index(after: close)...].dropFirst())
    try checkExit(node, "\(boundary.name)[\(group)].\(step)", "\(boundary.name)[\(group)].")
    guard let facts = workflow.templates[boundary.template], let condition = facts.conditions[step] else { return }
    try checkCondition(condition, node) { step, group in view["\(boundary.name)[\(group ?? 0)].\(step)"] }
  }

  private func checkTask(_ node: NodeView.Node, _ rest: Substring, in boundary: NodeView.Node) throws(Violation) {
    let task = name(rest.dropFirst())
    try checkExit(node, "\(boundary.name).\(task)", "\(boundary.name).")
    guard let facts = workflow.templates[boundary.template] else { return }
    for other in (facts.dependencies[task] ?? []).sorted() {
      guard let found = view["\(boundary.name).\(other)"] else { throw Violation("\(node.name) started before \(other) had a node") }
      guard isOver(found) else { throw Violation("\(node.name) started while \(other) is \(found.phase)") }
      if facts.depends[task] == nil, holds(found, nil, facts.coveredByContinueOn[other] ?? []) == false {
        throw Violation("\(node.name) started although \(other) is \(found.phase)")
      }
    }
    let condition = facts.depends[task]?.holds { other, result in
      view["\(boundary.name).\(other)"].map { holds($0, result, []) } ?? false
    }
    if condition == false { throw Violation("\(node.name) started although '\(facts.depends[task]?.text ?? "")' does not hold") }
    // A task group succeeds, and has its exit hook, even when the condition held for none of its items.
    if let condition = facts.conditions[task], view["\(boundary.name).\(task)"]?.type != "TaskGroup" || !node.isHook {
      try checkCondition(condition, node) { step, _ in view["\(boundary.name).\(step)"] }
    }
  }

  private func isOver(_ node: NodeView.Node) -> Bool { node.isFulfilled || (node.isDaemoned && node.phase != "Pending") }

  private func holds(_ node: NodeView.Node, _ result: String?, _ covered: Set<String>) -> Bool? {
    // A daemon that has ended may have been up when it was asked.
    if node.isFulfilled, workflow.templates[node.template]?.leaf?.isDaemon == true { return nil }
    switch result {
    case "Errored": return node.phase == "Error"
    case "Daemoned": return node.isDaemoned
    case "AnySucceeded", "AllFailed": return nil
    case let result?: return node.phase == result
    case nil:
      return node.phase == "Succeeded" || node.phase == "Skipped" || node.isDaemoned
        || (node.phase == "Failed" && covered.contains("failed")) || (node.phase == "Error" && covered.contains("error"))
    }
  }

  private func checkCondition(
    _ condition: Condition, _ node: NodeView.Node, _ find: (String, Int?) -> NodeView.Node?
  ) throws(Violation) {
    switch condition {
    case .never: throw Violation("\(node.name) started although its `when` is false")
    case .resultIs(let step, let group, let value):
      guard let found = find(step, group) else { throw Violation("\(node.name) started although \(step) has no node") }
      if let result = found.result, result != value { throw Violation("\(node.name) started although the result of \(step) is \(result)") }
    }
  }

  /// An exit hook's owner has ended. `plain` is the step without a loop.
  private func checkExit(_ node: NodeView.Node, _ plain: String, _ prefix: String) throws(Violation) {
    guard let range = node.name.ranges(of: ".onExit").last, node.isHook else { return }
    let owner = String(node.name[..<range.lowerBound])
    guard owner.hasPrefix(prefix) || owner == plain, let found = view[owner] else { return }
    if !isOver(found) { throw Violation("exit hook \(node.name) started while its owner is \(found.phase)") }
  }

  /// The step's or task's name at the start of the rest of a node's name.
  private func name(_ rest: Substring) -> String { String(rest.prefix { $0 != "(" && $0 != "." && $0 != "[" }) }

  // MARK: Limits

  /// Counts what is active only where something was started, since nothing else can pass a limit. Daemons that are up take no place of a run
  /// that is being ended.
  func checkLimits(_ started: [String], isBeingEnded: Bool, withPods: () -> Set<String>) throws(Violation) {
    if started.isEmpty { return }
    if let limit = workflow.parallelism {
      let withPods = withPods()
      // What waits for a lock has no pod yet.
      let active = view.nodes.filter {
        $0.type == "Pod" && !$0.isFulfilled && withPods.contains($0.name) && !(isBeingEnded && $0.isDaemoned)
      }
      if active.count > limit { throw Violation("\(active.count) pods at once where the workflow allows \(limit): \(active.map(\.name))") }
    }
    for boundary in view.nodes where (boundary.type == "Steps" || boundary.type == "DAG") && !boundary.isFulfilled {
      guard let limit = workflow.templates[boundary.template]?.parallelism else { continue }
      // Argo does not ask the limit again for further attempts of what already runs.
      let active = view.nodes.filter {
        $0.boundary == boundary.id && !$0.isFulfilled && ["Pod", "Steps", "DAG"].contains($0.type) && (attempt($0.name) ?? 0) == 0
          && !(isBeingEnded && $0.isDaemoned)
      }
      if active.count > limit {
        throw Violation("\(active.count) children of \(boundary.name) at once where \(limit) are allowed: \(active.map(\.name))")
      }
    }
  }

  private func attempt(_ name: String) -> Int? {
    guard name.last == ")", let open = name.lastIndex(of: "("), let retry = view[String(name[..<open])], retry.type == "Retry" else {
      return nil
    }
    return Int(name[name.index(after: open)...].dropLast())
  }
}
