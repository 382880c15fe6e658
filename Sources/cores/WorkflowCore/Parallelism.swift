import ArgoModel

/// Limits on how much runs at once, and the queues of what waits for them (spec 2.16).
extension RunState {
  mutating func pump(_ entry: QueueEntry) {
    let node = entry.node
    guard nodes.indices.contains(node) else { return }
    if entry.isHooks { pumpHooks(node) } else { pumpUnits(node) }
  }

  private mutating func pumpUnits(_ node: Int) {
    guard nodes[node].countsBox?.value.pending.isEmpty == false else { return }
    guard !nodes[node].phase.isFulfilled else {
      nodes[node].counts.pending.removeAll()
      return
    }
    if let problem = nodes[node].countsBox?.value.problem {
      abandonUnits(node, problem)
      return
    }
    if header.isSuspended || header.startedAt == nil { return }
    let type = nodes[node].type
    // What has its locks has its place in the template already.
    let isHeldBack = nodes[node].isHeldBack
    let boundary = type == .retry || isHeldBack ? nil : type == .dag ? node : nodes[node].boundary
    if let boundary {
      if failsFast(boundary) {
        abandonUnits(node, Self.failFastMessage)
        return
      }
      if !isBeyondLimits(node), isFull(boundary) {
        if !nodes[node].counts.isQueued {
          nodes[node].counts.isQueued = true
          nodes[boundary].counts.blocked.insert(QueueEntry(units: node).number)
        }
        return
      }
    }
    if !isBeyondLimits(node), isFull {
      if !nodes[node].counts.isQueued {
        nodes[node].counts.isQueued = true
        blocked.insert(QueueEntry(units: node).number)
      }
      if type == .dag, !isHeldBack { finishDAGIfStuck(node) }
      return
    }
    guard let unit = nodes[node].counts.pending.popFirst() else { return }
    if isHeldBack {
      beginClaimed(node)
      return
    }
    if nodes[node].countsBox?.value.pending.isEmpty == false { stack.append(.pump(QueueEntry(units: node))) }
    switch type {
    case .stepGroup: startStep(node, unit: unit)
    case .taskGroup: startItem(node, item: unit)
    case .dag: startTask(node, place: unit)
    case .retry: startAttempt(node, unit)
    default: break
    }
  }

  /// After a stop or the deadline no limit holds back a unit that is no exit handler's: it fails at once when it is started, so that everything comes to an end,
  /// and what has the places may be daemons, which end with what is around them.
  private func isBeyondLimits(_ node: Int) -> Bool {
    header.shutdown == .terminate || !nodes[node].isOnExit && isBeingEnded
  }

  /// Stopped, or past the deadline: what is not an exit handler's comes to an end.
  package var isBeingEnded: Bool { header.shutdown != nil || header.isDeadlinePassed }

  /// As many pods are active as the workflow allows. Of a run that is being ended, daemons that are up take no place: they end with what is
  /// around them, which waits for the exit handlers that would wait for these places.
  var isFull: Bool {
    guard let limit = spec.parallelism else { return false }
    return activePods - (isBeingEnded ? servingDaemons : 0) >= limit
  }

  /// As many children of a steps or DAG node are active as its template allows; daemons as for the workflow.
  private func isFull(_ boundary: Int) -> Bool {
    guard let limit = nodes[boundary].template?.template.parallelism else { return false }
    var active = nodes[boundary].counts.activeChildren
    if isBeingEnded, active >= limit {
      active -= nodes[boundary].counts.daemons.count { nodes[$0].isDaemoned && !nodes[$0].phase.isFulfilled }
    }
    return active >= limit
  }

  private mutating func pumpHooks(_ node: Int) {
    guard !nodes[node].counts.pendingHooks.isEmpty else { return }
    guard let hook = nodes[node].counts.pendingHooks.first else { return }
    let isExit = hook == -1
    if header.shutdown == .terminate || (header.shutdown == .stop && !isExit && !nodes[node].isOnExit) {
      // Nothing but exit handlers is started any more.
      _ = nodes[node].counts.pendingHooks.popFirst()
      nodes[node].counts.openHooks -= 1
      stack.append(.unit(node))
      stack.append(.pump(QueueEntry(hooks: node)))
      return
    }
    if header.isSuspended || header.startedAt == nil { return }
    if let boundary = nodes[node].boundary, isFull(boundary) {
      if !nodes[node].counts.areHooksQueued {
        nodes[node].counts.areHooksQueued = true
        nodes[boundary].counts.blocked.insert(QueueEntry(hooks: node).number)
      }
      return
    }
    if isFull {
      if !nodes[node].counts.areHooksQueued {
        nodes[node].counts.areHooksQueued = true
        blocked.insert(QueueEntry(hooks: node).number)
      }
      return
    }
    _ = nodes[node].counts.pendingHooks.popFirst()
    if !nodes[node].counts.pendingHooks.isEmpty { stack.append(.pump(QueueEntry(hooks: node))) }
    startHook(node, hook)
  }

  /// Lets those that wait for a limit try again, the lowest number first.
  mutating func release(_ boundary: Int?) {
    let entry: Int?
    if let boundary {
      if isFull(boundary) { return }
      entry = nodes[boundary].counts.blocked.popFirst()
    } else {
      if isFull { return }
      entry = blocked.popFirst()
    }
    guard let entry else { return }
    let waiting = QueueEntry(number: entry)
    if waiting.isHooks { nodes[waiting.node].counts.areHooksQueued = false } else { nodes[waiting.node].counts.isQueued = false }
    stack.append(.release(boundary: boundary))
    stack.append(.pump(waiting))
  }

  static let failFastMessage = "template has failed or errored children and failFast enabled"

  /// A template with `failFast` and a failed child starts nothing more, and fails when what runs has ended.
  func failsFast(_ boundary: Int) -> Bool {
    (nodes[boundary].countsBox?.value.unsuccessful ?? 0) > 0 && nodes[boundary].template?.template.failFast == true
  }

  /// Has the units that wait in a template that fails fast given up at once, whatever they wait for.
  mutating func checkFailFast(_ boundary: Int) {
    guard failsFast(boundary), !nodes[boundary].counts.isFailing, !nodes[boundary].phase.isFulfilled else { return }
    nodes[boundary].counts.isFailing = true
    for node in claimed.sorted() where nodes[node].boundary == boundary && nodes[node].isHeldBack {
      setPhase(node, .failed, Self.failFastMessage)
    }
    if nodes[boundary].type == .dag {
      stack.append(.pump(QueueEntry(units: boundary)))
      for task in nodes[boundary].counts.dag?.node ?? [] where task >= 0 && nodes[Int(task)].type == .taskGroup {
        stack.append(.pump(QueueEntry(units: Int(task))))
      }
    } else if let group = nodes[boundary].counts.group {
      stack.append(.pump(QueueEntry(units: group)))
    }
  }

  /// Gives up the units of a node that have not started.
  private mutating func abandonUnits(_ node: Int, _ message: String) {
    let count = nodes[node].counts.pending.count
    nodes[node].counts.pending.removeAll()
    switch nodes[node].type {
    case .stepGroup, .taskGroup:
      nodes[node].counts.open -= count
      setProblem(node, message, isFailure: true)
      guard nodes[node].counts.open == 0 else { return }
      if nodes[node].type == .stepGroup { finishGroup(node) } else { finishTaskGroup(node) }
    case .dag: if nodes[node].counts.dag?.running == 0 { finishDAG(node) }
    default: break
    }
  }

  /// What makes a group fail when its units have ended; the first problem counts.
  mutating func setProblem(_ group: Int, _ message: String, isFailure: Bool = false) {
    guard nodes[group].counts.problem == nil else { return }
    nodes[group].counts.problem = message
    nodes[group].isProblemFailure = isFailure
    changedNodes.insert(group)
  }
}
