import ArgoModel
import Basics
import JSONValue
import Templating

/// Steps templates (spec 2.5).
extension RunState {
  mutating func beginBody(_ node: Int) {
    guard !nodes[node].phase.isFulfilled else { return }
    if nodes[node].type == .dag { beginDAG(node) } else { openGroup(node, 0) }
  }

  /// Begins the `number`th group, or ends the template after its last.
  mutating func openGroup(_ steps: Int, _ number: Int) {
    guard let template = nodes[steps].template else { return }
    guard number < template.groups.count else {
      finishSteps(steps)
      return
    }
    if let existing = self.node(named: NodeNames.stepGroup(nodes[steps].name, number)) {
      // A retried template that had gone on behind a failure.
      nodes[steps].counts.group = existing
      stack.append(nodes[existing].phase.isFulfilled ? .ended(existing) : .pump(QueueEntry(units: existing)))
      return
    }
    var parents = [steps]
    if number > 0, let before = nodes[steps].counts.group {
      let members = nodes[before].children
      parents = members.isEmpty ? [before] : outboundNodes(of: members)
    }
    let group = addNode(
      NodeNames.stepGroup(nodes[steps].name, number), type: .stepGroup, phase: .running, origin: .group(number), owner: steps,
      boundary: steps, parents: parents)
    setSource(group, nil, scope: template.scope)
    nodes[group].depth = nodes[steps].depth
    nodes[group].isOnExit = nodes[steps].isOnExit
    nodes[steps].counts.group = group
    if !expand(group, steps: template.groups[number], in: steps) { return }
    nodes[group].counts.open = nodes[group].counts.units.count
    nodes[group].counts.pending = MinHeap(Array(nodes[group].counts.units.indices))
    if nodes[group].counts.open == 0 {
      finishGroup(group)
    } else {
      stack.append(.pump(QueueEntry(units: group)))
    }
  }

  /// Finds the units of a group. Everything that stands in a plain step is evaluated before any member starts, so that a group with a bad
  /// reference starts nothing. False: the group has failed.
  private mutating func expand(_ group: Int, steps: [CompiledStep], in boundary: Int) -> Bool {
    let frame = Frame(boundary: boundary)
    for (place, step) in steps.enumerated() {
      do throws(RunFailure) {
        if step.isLoop {
          let (items, isConstant) = try loopItems(step, frame)
          if items.isEmpty {
            skip(group, "\(step.name)", origin: .step(place, item: nil), phase: .skipped, message: "Skipped, empty params", step: step)
            continue
          }
          try checkLoop(step, items, frame)
          if !isConstant { changedNodes.insert(group) }
          nodes[group].details.loops[place] = items
          for item in items.indices { nodes[group].counts.units.append(GroupUnit(place: Int32(place), item: Int32(item))) }
        } else {
          _ = try resolveStep(step, frame)
          nodes[group].counts.units.append(GroupUnit(place: Int32(place), item: -1))
        }
      } catch {
        nodes[group].counts.units = []
        setPhase(group, .error, step.isLoop ? error.message : "failed to resolve references: \(error.message)")
        return false
      }
    }
    return true
  }

  /// A step with its values, and whether it is to run.
  struct ResolvedStep {
    var proceeds = true
    var when = ""
    var arguments = BoundArguments()
  }

  func resolveStep(_ step: CompiledStep, _ frame: Frame) throws(RunFailure) -> ResolvedStep {
    var resolved = ResolvedStep()
    if let when = step.when {
      resolved.when = try evaluate(when, frame)
      resolved.proceeds = try shouldExecute(resolved.when)
      if !resolved.proceeds { return resolved }
    }
    resolved.arguments = try bind(step.arguments, frame)
    return resolved
  }

  func shouldExecute(_ when: String) throws(RunFailure) -> Bool {
    if when.isEmpty { return true }
    do throws(WhenError) {
      return try WhenCondition.evaluate(when)
    } catch {
      throw RunFailure(error.description)
    }
  }

  /// Adds the node of a step or task that does not run.
  mutating func skip(_ owner: Int, _ step: String, origin: Origin, phase: NodePhase, message: String, step compiled: CompiledStep) {
    let boundary = nodes[owner].type == .stepGroup ? nodes[owner].boundary : owner
    let node = addNode(
      "\(nodes[owner].name).\(step)", type: .skipped, phase: phase, message: message, origin: origin, owner: nil, boundary: boundary,
      parents: [owner])
    label(node, compiled, boundary: boundary)
    nodes[node].isSettled = true
  }

  /// What a node that never resolved its template says of it.
  mutating func label(_ node: Int, _ step: CompiledStep, boundary: Int?) {
    var label = ReferenceLabel(name: step.reference.template?.source ?? "")
    if let tree = step.reference.templateRef, case .constant(let json) = tree.tree { label.ref = json }
    setSource(node, nil, scope: boundary.flatMap { nodes[$0].template?.scope } ?? localScope, label: label)
    changedNodes.insert(node)
  }

  private func part(of group: Int, _ unit: Int) -> GroupUnit? {
    guard let box = nodes[group].countsBox, box.value.units.indices.contains(unit) else { return nil }
    return box.value.units[unit]
  }

  mutating func startStep(_ group: Int, unit: Int) {
    guard let part = part(of: group, unit), let boundary = nodes[group].boundary, let template = nodes[boundary].template,
      case .group(let number) = nodes[group].origin
    else { return }
    let place = Int(part.place)
    let itemIndex = Int(part.item)
    let step = template.groups[number][place]
    let item = itemIndex >= 0 ? nodes[group].detailsBox?.value.loops[place]?[itemIndex] : nil
    let stepName = item.map { NodeNames.item(step.name, itemIndex, LoopItem.name($0)) } ?? step.name
    let name = NodeNames.step(nodes[group].name, stepName)
    let origin = Origin.step(place, item: itemIndex >= 0 ? itemIndex : nil)
    let frame = Frame(boundary: boundary, item: item)
    let resolved: ResolvedStep
    do throws(RunFailure) {
      resolved = try resolveStep(step, frame)
    } catch {
      // A bad `when` has a node of its own; anything else is the group's failure.
      let node = addNode(
        name, type: .skipped, phase: .error, message: error.message, origin: origin, owner: group, boundary: boundary, parents: [group])
      label(node, step, boundary: boundary)
      setProblem(group, error.message)
      stack.append(.ended(node))
      return
    }
    guard resolved.proceeds else {
      let node = addNode(
        name, type: .skipped, phase: .skipped, message: "when '\(resolved.when)' evaluated false", origin: origin, owner: group,
        boundary: boundary, parents: [group])
      label(node, step, boundary: boundary)
      stack.append(.ended(node))
      return
    }
    let started = startTemplate(
      name, origin: origin, owner: group, boundary: boundary, reference: step.reference, frame: frame,
      arguments: .success(resolved.arguments),
      parents: [group], isOnExit: nodes[group].isOnExit, item: item, locals: ["steps.name": stepName])
    noteCondition(started, resolved, step)
    stack.append(.unit(started))
  }

  /// A member of a group has settled.
  mutating func memberSettled(_ group: Int, _ member: Int) {
    if nodes[member].isTimedOut {
      setProblem(group, nodes[member].message, isFailure: true)
    } else if nodes[member].isRaised {
      setProblem(group, "step group deemed errored due to child \(nodes[member].name) error: \(nodes[member].message)")
    }
    nodes[group].counts.open -= 1
    if nodes[group].countsBox?.value.problem != nil, !nodes[group].counts.pending.isEmpty {
      nodes[group].counts.open -= nodes[group].counts.pending.count
      nodes[group].counts.pending.removeAll()
    }
    if nodes[group].countsBox?.value.open == 0 { finishGroup(group) }
  }

  mutating func finishGroup(_ group: Int) {
    guard !nodes[group].phase.isFulfilled else { return }
    if let boundary = nodes[group].boundary, failsFast(boundary) { setProblem(group, Self.failFastMessage, isFailure: true) }
    if let problem = nodes[group].counts.problem {
      setPhase(group, nodes[group].isProblemFailure ? .failed : .error, problem)
      return
    }
    // No closure: it would copy the whole state for each child.
    var failed: Int?
    for child in nodes[group].children where failsOwner(child) {
      failed = child
      break
    }
    if let failed {
      setPhase(group, .failed, "child '\(nodes[failed].id)' failed")
    } else {
      aggregate(group)
      setPhase(group, .succeeded)
    }
  }

  /// Whether a step or task ended in a way that its `continueOn` does not cover.
  func failsOwner(_ node: Int) -> Bool {
    guard nodes[node].phase.isFailedOrError, !nodes[node].isHook else { return false }
    return !(compiledStep(of: node)?.continueOn.covers(nodes[node].phase) ?? false)
  }

  /// The step or task that a node was started for.
  func compiledStep(of node: Int) -> CompiledStep? {
    guard let boundary = nodes[node].boundary, let template = nodes[boundary].template else { return nil }
    switch nodes[node].origin {
    case .step(let place, _):
      guard let owner = nodes[node].owner, case .group(let number) = nodes[owner].origin else { return nil }
      return template.groups[number][place]
    case .task(let place): return template.tasks[place]
    case .item:
      guard let owner = nodes[node].owner, case .task(let place) = nodes[owner].origin else { return nil }
      return template.tasks[place]
    case .attempt: return nodes[node].owner.flatMap { compiledStep(of: $0) }
    default: return nil
    }
  }

  mutating func groupEnded(_ group: Int) {
    guard let steps = nodes[group].owner, !nodes[steps].phase.isFulfilled, case .group(let number) = nodes[group].origin else { return }
    if nodes[group].phase.isFailedOrError {
      setOutbound(steps)
      setPhase(steps, .failed, nodes[group].message)
    } else if let problem = aggregationProblem(ofGroup: group) {
      raise(steps, RunFailure(problem))
    } else {
      openGroup(steps, number + 1)
    }
  }

  private mutating func setOutbound(_ steps: Int) {
    guard let group = nodes[steps].counts.group else { return }
    nodes[steps].details.outbound = outboundNodes(of: nodes[group].children)
    changedNodes.insert(steps)
  }

  private mutating func finishSteps(_ steps: Int) {
    setOutbound(steps)
    do throws(RunFailure) {
      nodes[steps].outputs = try outputs(of: steps)
      setPhase(steps, .succeeded)
    } catch {
      raise(steps, error)
    }
  }

  /// The last nodes below some nodes, where what follows hangs on (Argo's `getOutboundNodes`).
  func outboundNodes(of members: some Collection<Int>) -> [Int] {
    var result: [Int] = []
    var stack = Array(members.reversed())
    while let node = stack.popLast() {
      switch nodes[node].type {
      case .skipped, .suspend, .http, .plugin: result.append(node)
      case .pod, .container, .taskGroup:
        let isSet = nodes[node].template?.template.body == .containerSet
        let children = nodes[node].type == .pod && !isSet ? [] : nodes[node].children.filter { isInside($0, node) }
        if children.isEmpty { result.append(node) } else { stack += children.reversed() }
      case .retry:
        // The last child, hooks included.
        result.append(nodes[node].children.last ?? node)
      case .steps, .dag, .stepGroup:
        // A template that ended before it started anything stands for itself.
        let outbound = nodes[node].detailsBox?.value.outbound ?? []
        if outbound.isEmpty { result.append(node) } else { stack += outbound.reversed() }
      }
    }
    return result
  }

  private func isInside(_ child: Int, _ node: Int) -> Bool {
    switch nodes[node].type {
    case .container: nodes[child].boundary == nodes[node].boundary
    case .taskGroup: nodes[child].owner == node
    default: nodes[child].type == .container
    }
  }
}
