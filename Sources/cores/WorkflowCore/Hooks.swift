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
    if nodes[node].memoization?.isHit != true { liftGlobals(node) }
    remember(node)
    if tellsMetricsAtEnd(node) { emitMetrics(ofNode: node) }
    if type == .pod { stack.append(.release(boundary: nil)) }
    if let boundary = nodes[node].boundary {
      if type == .pod || type == .steps || type == .dag { stack.append(.release(boundary: boundary)) }
      checkFailFast(boundary)
    }
    switch nodes[node].origin {
    case .group: groupEnded(node)
    case .attempt:
      guard let retry = nodes[node].owner else { return }
      if nodes[node].counts.isRaised, !retriesErrors(retry) {
        nodes[node].counts.isRaised = false
        raise(retry, RunFailure(nodes[node].message))
      } else {
        attemptEnded(retry, node)
      }
    case .container: break
    default: stack.append(.unit(node))
    }
  }

  /// Looks at the hooks of a unit, and whether its owner may go on.
  mutating func updateUnit(_ node: Int) {
    guard !nodes[node].isSettled else { return }
    let phase = nodes[node].phase
    let step = compiledStep(of: node)
    if let step, nodes[node].type != .skipped || phase.isFulfilled {
      do throws(RunFailure) {
        // Items of a task group have exit hooks only; lifecycle hooks belong to the group.
        if case .item = nodes[node].origin {} else { try fireHooks(node, step) }
        try decideExit(node, step)
      } catch {
        hookFailed(node, error)
      }
    }
    if !nodes[node].counts.pendingHooks.isEmpty { stack.append(.pump(QueueEntry(hooks: node))) }
    guard nodes[node].phase.isFulfilled || (nodes[node].isDaemoned && phase != .pending), nodes[node].counts.openHooks == 0 else { return }
    nodes[node].isSettled = true
    changedNodes.insert(node)
    stack.append(.settled(node))
  }

  private func hookFrame(_ node: Int, _ step: CompiledStep) -> Frame {
    Frame(boundary: nodes[node].boundary, own: (step.name, node))
  }

  private mutating func fireHooks(_ node: Int, _ step: CompiledStep) throws(RunFailure) {
    for (place, hook) in step.hooks.enumerated() where !nodes[node].firedHooks.contains(place) {
      guard let expression = hook.expression else {
        throw RunFailure("Expression required for hook \(NodeNames.hook(nodes[node].name, hook.name))")
      }
      if try evaluate(condition: expression, hookFrame(node, step)) { fire(node, hook: place) }
    }
  }

  private mutating func decideExit(_ node: Int, _ step: CompiledStep) throws(RunFailure) {
    guard nodes[node].phase.isCompleted, !nodes[node].isExitDecided else { return }
    nodes[node].isExitDecided = true
    changedNodes.insert(node)
    guard let exit = step.exit, header.shutdown != .terminate else { return }
    if let expression = exit.expression, !(try evaluate(condition: expression, hookFrame(node, step))) { return }
    fire(node, hook: -1)
  }

  private mutating func fire(_ node: Int, hook: Int) {
    nodes[node].firedHooks.insert(hook)
    nodes[node].counts.openHooks += 1
    nodes[node].counts.pendingHooks.insert(hook)
    changedNodes.insert(node)
  }

  private mutating func hookFailed(_ node: Int, _ failure: RunFailure) {
    nodes[node].isExitDecided = true
    if let owner = nodes[node].owner, nodes[owner].type == .stepGroup {
      setProblem(owner, failure.message)
    }
    if let step = compiledStep(of: node) { for place in step.hooks.indices { nodes[node].firedHooks.insert(place) } }
    setPhase(node, .error, failure.message)
  }

  mutating func startHook(_ node: Int, _ place: Int) {
    guard let step = compiledStep(of: node), let hook = place == -1 ? step.exit : step.hooks[place] else { return }
    let name = place == -1 ? NodeNames.onExit(nodes[node].name) : NodeNames.hook(nodes[node].name, hook.name)
    let frame = hookFrame(node, step)
    let started = startTemplate(
      name, origin: place == -1 ? .exit : .hook(place), owner: node, boundary: nodes[node].boundary, reference: hook.reference,
      frame: frame,
      arguments: hookArguments(hook, frame), parents: [node], isOnExit: place == -1 || nodes[node].isOnExit, isHook: true,
      locals: ["steps.name": step.name, "tasks.name": step.name])
    stack.append(.unit(started))
  }

  private func hookArguments(_ hook: CompiledHook, _ frame: Frame) -> Result<BoundArguments, RunFailure> {
    // A handler without arguments of its own gets the workflow's.
    if hook.arguments.isEmpty {
      return .success(
        BoundArguments(
          parameters: header.parameters.map { ["name": .string($0.name), "value": .string($0.value)] },
          artifacts: spec.arguments.artifacts.map(\.json)))
    }
    do throws(RunFailure) {
      return .success(try bind(hook.arguments, frame, isStrict: false))
    } catch {
      return .failure(error)
    }
  }

  mutating func settled(_ node: Int) {
    switch nodes[node].origin {
    case .step: if let owner = nodes[node].owner { memberSettled(owner, node) }
    case .task: if let owner = nodes[node].owner { taskSettled(owner, node) }
    case .item: if let owner = nodes[node].owner { itemSettled(owner, node) }
    case .hook, .exit:
      guard let owner = nodes[node].owner else { return }
      // A hook that fails changes nothing; one that cannot even be started is the group's error.
      if nodes[node].counts.isRaised, let group = nodes[owner].owner, nodes[group].type == .stepGroup {
        setProblem(group, nodes[node].message)
      }
      nodes[owner].counts.openHooks -= 1
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
      if nodeByName[name] != nil { continue }
      if !header.firedHooks.contains(place) {
        do throws(RunFailure) {
          guard let expression = hook.expression else { throw RunFailure("Expression required for hook \(name)") }
          guard try evaluate(condition: expression, Frame()) else { continue }
        } catch {
          header.brokenHooks.insert(place)
          isHeaderChanged = true
          setPhase(0, .error, error.message)
          continue
        }
        header.firedHooks.insert(place)
        isHeaderChanged = true
      }
      // A hook that fired waits for its turn like every other node.
      if let limit = spec.parallelism, activePods >= limit { continue }
      let node = startTemplate(
        name, origin: .workflowHook(place), owner: nil, boundary: nil, reference: hook.reference, frame: Frame(),
        arguments: hookArguments(hook, Frame()), parents: [0], isOnExit: false, isHook: true)
      stack.append(.unit(node))
    }
  }

  /// Ends the run when its root, hooks and exit handler have ended.
  mutating func finishWhenDone() {
    guard let root = nodes.first, root.isSettled, !isFinished, !header.isSuspended else { return }
    if root.counts.isRaised, root.phase.isFailedOrError {
      complete(root.phase == .failed ? .failed : .error, "error in entry template execution: \(root.message)")
      return
    }
    if header.mainStatus == nil {
      header.mainStatus = root.phase == .failed ? .failed : root.phase == .error ? .error : .succeeded
      isHeaderChanged = true
    }
    updateWorkflowHooks()
    for place in header.firedHooks where workflowHooks.indices.contains(place) {
      let node = nodeByName[NodeNames.hook(name, workflowHooks[place].name)]
      if let node, !nodes[node].isSettled { return }
      if node == nil, header.shutdown == nil { return }
    }
    let exitName = NodeNames.onExit(name)
    if let exit = workflowExit, !header.isExitStarted, header.shutdown != .terminate {
      header.isExitStarted = true
      isHeaderChanged = true
      let node = startTemplate(
        exitName, origin: .workflowExit, owner: nil, boundary: nil, reference: exit.reference, frame: Frame(),
        arguments: hookArguments(exit, Frame()), parents: [], isOnExit: true, isHook: true)
      stack.append(.unit(node))
      return
    }
    let exit = nodeByName[exitName]
    if let exit {
      guard nodes[exit].isSettled else { return }
      if nodes[exit].counts.isRaised {
        complete(.error, "error in exit template execution : \(nodes[exit].message)")
        return
      }
    }
    emitWorkflowMetrics(clocksOnly: false)
    let status = header.mainStatus ?? .succeeded
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
