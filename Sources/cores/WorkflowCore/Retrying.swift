import ArgoModel
import Basics
import JSONValue
import KubeModel

/// What a retry has the shell do, besides storing the run's rows in place of all earlier ones.
package struct RetryOutcome: Sendable {
  /// Pods of nodes that are gone; to be removed before `effects` are carried out, which make pods of the same names.
  package var removedPods: [String]
  package var effects: [RunEffect]
}

/// Going on with a run that is over (`argo retry`, spec 2.13).
extension RunState {
  /// Takes away what failed, and what else `request` means, with all that follows it, and goes on from there. Throws, and changes nothing,
  /// when the run's phase does not allow it. Afterwards the rows of the run are new altogether: numbers of nodes have changed.
  package mutating func retry(_ request: RetryRequest, in world: World) throws(RunRefusal) -> RetryOutcome {
    switch header.phase {
    case .failed, .error: break
    case .succeeded:
      guard request.restartsSuccessful, request.selector?.isEmpty == false else {
        throw RunRefusal("To retry a succeeded workflow, set the options restartSuccessful and nodeFieldSelector")
      }
    case .unknown, .pending, .running: throw RunRefusal("Cannot retry a workflow in phase \(header.phase.rawValue)")
    }
    self.world = world
    effects.removeAll()
    let plan = retryPlan(request)
    let removed = nodes.indices.filter { plan.isRemoved[$0] }
    let pods = removed.compactMap { nodes[$0].podName }
    let paths = Set(removed.map { String(path(nodes[$0].name)) })
    reuse.remove { paths.contains($0) }
    keepNodes(plan)
    spec = WorkflowSpec(Resubmission.renewed(spec.json, parameters: request.parameters))
    let claims = resetHeader(world: world)
    // Counting looks at the workflow's parameters, which beginning settles once more.
    try? resolveGlobals()
    recount()
    header.parameters = []
    begin()
    stack.append(.workflowHooks)
    drain()
    let outcome = effects.filter { effect in
      if case .createClaim(let claim) = effect { return !claims.contains(claim.name) }
      return true
    }
    effects = []
    self.world = World(now: now, limits: world.limits)
    isHeaderChanged = true
    reuse.isChanged = !reuse.isEmpty
    for index in nodes.indices { changedNodes.insert(index) }
    return RetryOutcome(removedPods: pods, effects: outcome)
  }

  /// Leaves out the removed nodes, numbers the others anew, and opens those around.
  private mutating func keepNodes(_ plan: RetryPlan) {
    let kept = nodes.indices.filter { !plan.isRemoved[$0] }
    var number = Array(repeating: -1, count: nodes.count)
    for (new, old) in kept.enumerated() { number[old] = new }
    let old = nodes
    var hooks: [Int: Set<Int>] = [:]
    for index in kept {
      guard let owner = old[index].owner else { continue }
      if case .hook(let place) = old[index].origin { hooks[owner, default: []].insert(place) }
      if case .exit = old[index].origin { hooks[owner, default: []].insert(-1) }
    }
    nodes = kept.map { index in
      var node = old[index]
      node.index = number[index]
      node.owner = node.owner.map { number[$0] }
      node.boundary = node.boundary.map { number[$0] }
      node.parents = NodeNumbers(node.parents.compactMap { number[$0] >= 0 ? number[$0] : nil })
      if !node.details.outbound.isEmpty {
        node.details.outbound = node.details.outbound.compactMap { number[$0] >= 0 ? number[$0] : nil }
      }
      node.children = NodeNumbers()
      let problem = node.counts.problem
      node.clearCounts()
      node.wakeAt = nil
      if plan.isReset[index] || !node.phase.isFulfilled {
        node.phase = .running
        node.message = ""
        node.startedAt = world.now
        node.finishedAt = nil
        node.outputs = nil
        if node.hasDetails {
          node.details.outbound = []
          node.details.executionDeadline = nil
        }
        node.isDaemoned = false
        node.isProblemFailure = false
        node.isTimedOut = false
        node.isRaised = false
      } else if let problem {
        node.counts.problem = problem
      }
      if !node.phase.isFulfilled || plan.isReopened[index] {
        node.isSettled = false
        let fired = hooks[index] ?? []
        if fired != node.details.firedHooks { node.details.firedHooks = fired }
        node.isExitDecided = fired.contains(-1)
      }
      return node
    }
    claimed = []
    indexNodes()
    for index in nodes.indices { for parent in nodes[index].parents { nodes[parent].children.append(index) } }
  }

  /// Makes the run one that has not begun. Returns the names of the claims that are still there.
  private mutating func resetHeader(world: World) -> Set<String> {
    let claims = Set(header.claims.map(\.claim))
    var fresh = RunHeader()
    fresh.outputParameters = header.outputParameters
    fresh.outputArtifacts = header.outputArtifacts
    fresh.isSuspended = spec.isSuspended && header.isSuspended
    fresh.estimatedDuration = header.estimatedDuration
    fresh.priority = header.priority
    fresh.collectsArtifacts = header.collectsArtifacts
    fresh.firedHooks = header.firedHooks.filter { place in
      workflowHooks.indices.contains(place) && self.node(named: NodeNames.hook(name, workflowHooks[place].name)) != nil
    }
    header = fresh
    problem = nil
    timers = [:]
    blocked = MinHeap()
    stack = []
    activePods = 0
    servingDaemons = 0
    workDone = 0
    workTotal = 0
    totalUsage = ResourceUsage()
    return claims
  }

  /// Has all open nodes do what comes next, once the run may start.
  mutating func goOnWithAll() {
    restartQueues()
    for index in nodes.indices.reversed() where !nodes[index].isSettled || !nodes[index].phase.isFulfilled {
      switch nodes[index].origin {
      // Attempts and groups are never settled by themselves.
      case .attempt, .group, .container: if nodes[index].phase.isFulfilled { continue }
      default:
        // What nobody waits for stays as it ended.
        if nodes[index].phase.isFulfilled, let around = enclosing(index), nodes[around].phase.isFulfilled, !nodes[around].isHook,
          nodes[around].isSettled
        {
          continue
        }
      }
      goOn(index)
    }
  }

  /// Has an open node do what comes next.
  private mutating func goOn(_ index: Int) {
    if nodes[index].phase.isFulfilled {
      stack.append(.unit(index))
      return
    }
    switch nodes[index].type {
    case .retry:
      if let last = nodes[index].counts.attempts.last {
        guard nodes[last].phase.isFulfilled else { return }
        // Whether there is another attempt is decided again.
        nodes[index].counts.pending.removeAll()
        stack.append(.ended(last))
      } else {
        nodes[index].counts.pending = MinHeap([0])
        stack.append(.pump(QueueEntry(units: index)))
      }
    case .steps:
      guard let group = nodes[index].counts.group else {
        stack.append(.begin(index))
        return
      }
      if nodes[group].phase.isFulfilled { stack.append(.ended(group)) }
    case .dag:
      if nodes[index].counts.dag == nil { stack.append(.begin(index)) } else if nodes[index].counts.dag?.open == 0 { finishDAG(index) }
    case .stepGroup: if nodes[index].counts.open == 0 { finishGroup(index) }
    case .taskGroup: if nodes[index].counts.open == 0 { finishTaskGroup(index) }
    default: break
    }
  }
}
