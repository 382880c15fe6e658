import ArgoModel
import JSONValue
import Templating

/// What follows the end of a node, and hooks (spec 2.14).
extension RunState {
  mutating func ended(_ node: Int) {
    let type = nodes[node].type
    if type == .steps || type == .dag {
      let daemons = nodes[node].counts.daemons
      for daemon in daemons.sorted() where nodes[daemon].isDaemoned { killDaemon(daemon) }
    }
    // A memoized node's were lifted when it was made.
    if nodes[node].detailsBox?.value.memoization?.isHit != true { liftGlobals(node) }
    remember(node)
    if tellsMetricsAtEnd(node) { emitMetrics(ofNode: node) }
    if type == .pod { stack.append(.release(boundary: nil)) }
    if let boundary = nodes[node].boundary {
      if type == .pod || type == .steps || type == .dag || type == .retry { stack.append(.release(boundary: boundary)) }
      checkFailFast(boundary)
    }
    nodes[node].rest(&recentTexts)
    switch nodes[node].origin {
    case .group: groupEnded(node)
    case .attempt:
      guard let retry = nodes[node].owner else { return }
      if nodes[node].isRaised, !retriesErrors(retry) {
        nodes[node].isRaised = false
        raise(retry, RunFailure(nodes[node].message))
      } else {
        attemptEnded(retry, node)
      }
    case .container: break
    default: stack.append(.unit(node))
    }
  }

  mutating func settled(_ node: Int) {
    switch nodes[node].origin {
    case .step: if let owner = nodes[node].owner { memberSettled(owner, node) }
    case .task: if let owner = nodes[node].owner { taskSettled(owner, node) }
    case .item: if let owner = nodes[node].owner { itemSettled(owner, node) }
    case .hook, .exit:
      guard let owner = nodes[node].owner else { return }
      nodes[owner].counts.openHooks -= 1
      // A hook that fails changes nothing; one that cannot even be started does.
      if nodes[node].isRaised { hookFailed(owner, nodes[node].origin, RunFailure(nodes[node].message)) }
      stack.append(.unit(owner))
    case .root, .workflowHook, .workflowExit: stack.append(.finishWorkflow)
    case .group, .attempt, .container: break
    }
  }

  // MARK: The workflow's own hooks and end

  mutating func updateWorkflowHooks() {
    guard !isFinished, !nodes.isEmpty, !header.isSuspended, header.shutdown == nil else { return }
    for (place, hook) in workflowHooks.enumerated() where !header.brokenHooks.contains(place) {
      let name = NodeNames.hook(self.name, hook.name)
      if self.node(named: name) != nil { continue }
      if !header.firedHooks.contains(place) {
        do throws(RunFailure) {
          guard let expression = hook.expression else { throw RunFailure("Expression required for hook \(name)") }
          guard try evaluate(condition: expression, Frame()) else { continue }
        } catch {
          workflowHookFailed(place, error)
          continue
        }
        header.firedHooks.insert(place)
        isHeaderChanged = true
      }
      // A hook that fired waits for its turn like every other node.
      if isFull { continue }
      let node = startTemplate(
        name, origin: .workflowHook(place), owner: nil, boundary: nil, reference: hook.reference, frame: Frame(),
        arguments: hookArguments(hook, Frame(), isExit: false), parents: [0], isOnExit: false, isHook: true)
      if nodes[node].isRaised { workflowHookFailed(place, RunFailure(nodes[node].message)) }
      stack.append(.unit(node))
    }
  }

  /// A hook of the workflow whose condition cannot be evaluated, or that cannot be started, makes the root an Error.
  private mutating func workflowHookFailed(_ place: Int, _ failure: RunFailure) {
    header.brokenHooks.insert(place)
    isHeaderChanged = true
    guard !nodes[0].phase.isFailedOrError else { return }
    setPhase(0, .error, failure.message)
  }

  /// Ends the run when its root, hooks and exit handler have ended.
  mutating func finishWhenDone() {
    guard let root = nodes.first, root.isSettled, !isFinished, !header.isSuspended, header.startedAt != nil else { return }
    if root.isRaised, root.phase.isFailedOrError {
      complete(root.phase == .failed ? .failed : .error, "error in entry template execution: \(root.message)")
      return
    }
    if header.mainStatus == nil {
      header.mainStatus = root.phase == .failed ? .failed : root.phase == .error ? .error : .succeeded
      isHeaderChanged = true
    }
    updateWorkflowHooks()
    for place in header.firedHooks where workflowHooks.indices.contains(place) {
      let node = self.node(named: NodeNames.hook(name, workflowHooks[place].name))
      if let node, !nodes[node].isSettled { return }
      if node == nil, header.shutdown == nil { return }
    }
    let exitName = NodeNames.onExit(name)
    if let exit = workflowExit, !header.isExitStarted, header.shutdown != .terminate {
      header.isExitStarted = true
      isHeaderChanged = true
      let node = startTemplate(
        exitName, origin: .workflowExit, owner: nil, boundary: nil, reference: exit.reference, frame: Frame(),
        arguments: hookArguments(exit, Frame(), isExit: true), parents: [], isOnExit: true, isHook: true)
      stack.append(.unit(node))
      return
    }
    let exit = self.node(named: exitName)
    if let exit {
      guard nodes[exit].isSettled else { return }
      if nodes[exit].isRaised {
        complete(.error, "error in exit template execution : \(nodes[exit].message)")
        return
      }
    }
    emitWorkflowMetrics(clocksOnly: false)
    var status = header.mainStatus ?? .succeeded
    // Argo maps the root's phase anew after the exit handler, which then finds what a hook has done to it.
    if status == .succeeded, exit != nil, nodes[0].phase == .error { status = .error }
    if status == .succeeded {
      if let exit, nodes[exit].phase.isFailedOrError {
        complete(nodes[exit].phase == .failed ? .failed : .error, nodes[exit].message)
      } else {
        complete(.succeeded, "")
      }
    } else if let shutdown = header.shutdown {
      complete(status, "Stopped with strategy '\(shutdown.rawValue)'")
    } else {
      complete(status, nodes[0].message)
    }
  }
}
