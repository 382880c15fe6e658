import ArgoModel
import JSONValue
import Templating

/// Hooks of steps, tasks and loop items (spec 2.14).
extension RunState {
  /// Looks at the hooks of a unit, and whether its owner may go on.
  mutating func updateUnit(_ node: Int) {
    guard !nodes[node].isSettled else { return }
    let phase = nodes[node].phase
    if let step = compiledStep(of: node), hasHooks(node) {
      // Items of a task group have exit hooks only; lifecycle hooks belong to the group.
      if case .item = nodes[node].origin {} else { fireHooks(node, step) }
      decideExit(node, step)
    }
    if nodes[node].countsBox?.value.pendingHooks.isEmpty == false { stack.append(.pump(QueueEntry(hooks: node))) }
    guard nodes[node].phase.isFulfilled || (nodes[node].isDaemoned && phase != .pending), nodes[node].countsBox?.value.openHooks ?? 0 == 0
    else {
      return
    }
    nodes[node].isSettled = true
    changedNodes.insert(node)
    stack.append(.settled(node))
  }

  /// The place of the exit hook among ``Node/firedHooks``.
  static let exitPlace = -1
  /// There: the unit's hooks that have not started never will.
  static let givenUp = -2

  /// What hooks see. In steps each item of a loop is a step of its own, with its value and its own name; in a DAG it goes by the task's.
  private func hookFrame(_ node: Int, _ step: CompiledStep) -> Frame {
    guard case .step(let place, .some(let number)) = nodes[node].origin, let group = nodes[node].owner,
      let items = nodes[group].details.loops[place], items.indices.contains(number)
    else { return Frame(boundary: nodes[node].boundary, own: (step.name, node)) }
    let name = NodeNames.item(step.name, number, LoopItem.name(items[number]))
    return Frame(boundary: nodes[node].boundary, item: items[number], own: (name, node))
  }

  /// A step that was not to run has none; a task's see that it was skipped.
  private func hasHooks(_ node: Int) -> Bool {
    // One that stands for a node of an earlier run, which ran, has the hooks of that.
    guard nodes[node].type == .skipped, !(nodes[node].isReused && nodes[node].phase.isCompleted) else { return true }
    if case .step = nodes[node].origin { return nodes[node].phase == .error }
    return nodes[node].phase.isFulfilled
  }

  private mutating func fireHooks(_ node: Int, _ step: CompiledStep) {
    for (place, hook) in step.hooks.enumerated() where !nodes[node].details.firedHooks.contains(place) {
      if nodes[node].details.firedHooks.contains(Self.givenUp) { return }
      do throws(RunFailure) {
        guard let expression = hook.expression else {
          throw RunFailure("Expression required for hook \(NodeNames.hook(nodes[node].name, hook.name))")
        }
        if try evaluate(condition: expression, hookFrame(node, step)) { fire(node, hook: place) }
      } catch {
        hookFailed(node, .hook(place), error)
      }
    }
  }

  private mutating func decideExit(_ node: Int, _ step: CompiledStep) {
    guard nodes[node].phase.isCompleted, !nodes[node].isExitDecided else { return }
    nodes[node].isExitDecided = true
    changedNodes.insert(node)
    guard let exit = step.exit, header.shutdown != .terminate else { return }
    do throws(RunFailure) {
      if let expression = exit.expression, !(try evaluate(condition: expression, hookFrame(node, step))) { return }
      fire(node, hook: Self.exitPlace)
    } catch {
      hookFailed(node, .exit, error)
    }
  }

  private mutating func fire(_ node: Int, hook: Int) {
    nodes[node].details.firedHooks.insert(hook)
    nodes[node].counts.openHooks += 1
    nodes[node].counts.pendingHooks.insert(hook)
    changedNodes.insert(node)
  }

  /// What it means that a hook of a unit cannot be evaluated, filled in or started. In steps: an Error of the group, and no more hooks of the
  /// unit. In a DAG: for a lifecycle hook an Error of the task, and, when that is a target, of the DAG; for an exit hook nothing.
  mutating func hookFailed(_ node: Int, _ hook: Origin, _ failure: RunFailure) {
    guard let owner = nodes[node].owner else { return }
    switch nodes[node].origin {
    case .step:
      giveUpHooks(node)
      setProblem(owner, failure.message)
    case .task(let place):
      guard case .hook = hook else { return }
      giveUpHooks(node)
      setPhase(node, .error, failure.message)
      guard nodes[owner].counts.dag?.targets.contains(place) == true, !nodes[owner].phase.isFulfilled else { return }
      raise(owner, failure)
    default: return
    }
  }

  /// Hooks of the unit that have not started never will.
  private mutating func giveUpHooks(_ node: Int) {
    nodes[node].details.firedHooks.insert(Self.givenUp)
    nodes[node].isExitDecided = true
    nodes[node].counts.openHooks -= nodes[node].counts.pendingHooks.count
    nodes[node].counts.pendingHooks.removeAll()
    changedNodes.insert(node)
  }

  mutating func startHook(_ node: Int, _ place: Int) {
    guard let step = compiledStep(of: node), let hook = place == Self.exitPlace ? step.exit : step.hooks[place] else { return }
    let isExit = place == Self.exitPlace
    let name = isExit ? NodeNames.onExit(nodes[node].name) : NodeNames.hook(nodes[node].name, hook.name)
    let frame = hookFrame(node, step)
    let arguments = hookArguments(hook, frame, isExit: isExit)
    if case .failure(let failure) = arguments {
      // Without arguments there is no node.
      nodes[node].counts.openHooks -= 1
      hookFailed(node, isExit ? .exit : .hook(place), failure)
      if isExit { nodes[node].details.firedHooks.remove(place) }
      changedNodes.insert(node)
      stack.append(.unit(node))
      return
    }
    let started = startTemplate(
      name, origin: isExit ? .exit : .hook(place), owner: node, boundary: nodes[node].boundary, reference: hook.reference,
      frame: frame, arguments: arguments, parents: [node], isOnExit: isExit || nodes[node].isOnExit, isHook: true)
    stack.append(.unit(started))
  }

  /// The arguments of a hook. An exit hook without any gets the workflow's, which `onExit` gets always; a lifecycle hook gets none.
  func hookArguments(_ hook: CompiledHook, _ frame: Frame, isExit: Bool) -> Result<BoundArguments, RunFailure> {
    if hook.arguments.isEmpty {
      guard isExit else { return .success(BoundArguments()) }
      return .success(
        BoundArguments(
          parameters: header.parameters.map { ["name": .string($0.name), "value": .string($0.value)] },
          artifacts: workflowArtifacts))
    }
    do throws(RunFailure) {
      return .success(try bind(hook.arguments, frame, isStrict: false))
    } catch {
      return .failure(error)
    }
  }
}
