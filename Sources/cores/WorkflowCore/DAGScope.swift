import ArgoModel
import Basics
import JSONValue
import Templating

/// DAG templates (spec 2.6).
extension RunState {
  mutating func beginDAG(_ node: Int) {
    guard let template = nodes[node].template, let dag = template.dag else { return }
    do throws(RunFailure) {
      if let problem = dag.problem { throw RunFailure(problem) }
      nodes[node].counts.dag = try makeProgress(node, template, dag)
    } catch {
      raise(node, error)
      return
    }
    guard let progress = nodes[node].counts.dag else { return }
    if progress.open == 0 {
      finishDAG(node)
      return
    }
    for place in order(template, progress) where progress.waiting[place] == 0 { nodes[node].counts.pending.insert(place) }
    stack.append(.pump(QueueEntry(units: node)))
  }

  /// The bookkeeping of a DAG none of whose tasks has started.
  func makeProgress(_ node: Int, _ template: CompiledTemplate, _ dag: CompiledDAG) throws(RunFailure) -> DAGProgress {
    let count = template.tasks.count
    var targets = dag.leaves
    if let target = dag.target {
      targets = []
      for name in try evaluate(target, Frame(boundary: node), isStrict: false).split(separator: " ") {
        guard let place = template.positions[String(name)]?.place else { throw RunFailure("target \(name) does not exist") }
        targets.append(place)
      }
    }
    var isWanted = Array(repeating: false, count: count)
    var stack = targets
    while let place = stack.popLast() {
      if isWanted[place] { continue }
      isWanted[place] = true
      stack += dag.dependencies[place]
    }
    return DAGProgress(
      waiting: dag.dependencies.map { Int32($0.count) }, node: Array(repeating: -1, count: count), isWanted: isWanted, targets: targets,
      open: isWanted.reduce(0) { $0 + ($1 ? 1 : 0) })
  }

  private func order(_ template: CompiledTemplate, _ progress: DAGProgress) -> [Int] {
    template.tasks.indices.filter { progress.isWanted[$0] }
  }

  /// Starts a task all of whose dependencies have settled.
  mutating func startTask(_ dag: Int, place: Int) {
    guard let template = nodes[dag].template, let compiledDAG = template.dag else { return }
    let task = template.tasks[place]
    let name = NodeNames.task(nodes[dag].name, task.name)
    let origin = Origin.task(place)
    let dependencies = compiledDAG.dependencies[place].compactMap { other -> Int? in
      guard let node = nodes[dag].countsBox?.value.dag?.node[other], node >= 0 else { return nil }
      return Int(node)
    }
    let parents = dependencies.isEmpty ? [dag] : outboundNodes(of: dependencies)
    if !dependencies.isEmpty, !dependsHold(dag, place: place, template) {
      addSkipped(name, .omitted, "omitted: depends condition not met", origin: origin, dag: dag, parents: parents, task: task)
      return
    }
    let frame = Frame(boundary: dag)
    do throws(RunFailure) {
      if let problem = aggregationProblem(dag, place: place, template) { throw RunFailure(problem) }
      guard task.isLoop else {
        let resolved = try resolveStep(task, frame)
        if !resolved.proceeds {
          addSkipped(name, .skipped, "when '\(resolved.when)' evaluated false", origin: origin, dag: dag, parents: parents, task: task)
          return
        }
        let node = startTemplate(
          name, origin: origin, owner: dag, boundary: dag, reference: task.reference, frame: frame, arguments: .success(resolved.arguments),
          parents: parents, isOnExit: nodes[dag].isOnExit, locals: ["tasks.name": task.name])
        noteCondition(node, resolved, task)
        track(dag, place: place, node)
        stack.append(.unit(node))
        return
      }
      let (items, _) = try loopItems(task, frame)
      if items.isEmpty {
        addSkipped(name, .skipped, "Skipped, empty params", origin: origin, dag: dag, parents: parents, task: task)
        return
      }
      try checkLoop(task, items, frame)
      let group = addNode(name, type: .taskGroup, phase: .running, origin: origin, owner: dag, boundary: dag, parents: parents)
      label(group, task, boundary: dag)
      nodes[group].depth = nodes[dag].depth
      nodes[group].isOnExit = nodes[dag].isOnExit
      nodes[group].details.loops[0] = items
      nodes[group].counts.open = items.count
      nodes[group].counts.pending = MinHeap(Array(items.indices))
      track(dag, place: place, group)
      stack.append(.unit(group))
      stack.append(.pump(QueueEntry(units: group)))
    } catch {
      addSkipped(name, .error, error.message, origin: origin, dag: dag, parents: parents, task: task)
    }
  }

  private mutating func track(_ dag: Int, place: Int, _ node: Int) {
    nodes[dag].counts.dag?.node[place] = Int32(node)
    nodes[dag].counts.dag?.running += 1
  }

  private mutating func addSkipped(
    _ name: String, _ phase: NodePhase, _ message: String, origin: Origin, dag: Int, parents: [Int], task: CompiledStep
  ) {
    let node = addNode(name, type: .skipped, phase: phase, message: message, origin: origin, owner: dag, boundary: dag, parents: parents)
    label(node, task, boundary: dag)
    if case .task(let place) = origin { track(dag, place: place, node) }
    stack.append(.ended(node))
  }

  /// A loop among the task's dependencies whose results are no JSON spoils the scope.
  private func aggregationProblem(_ dag: Int, place: Int, _ template: CompiledTemplate) -> String? {
    for other in template.dag?.dependencies[place] ?? [] {
      guard let node = nodes[dag].countsBox?.value.dag?.node[other], node >= 0 else { continue }
      if let problem = nodes[Int(node)].countsBox?.value.aggregates[0]?.problem { return problem }
    }
    return nil
  }

  /// Whether the results of the dependencies let the task run.
  private func dependsHold(_ dag: Int, place: Int, _ template: CompiledTemplate) -> Bool {
    guard let compiledDAG = template.dag else { return true }
    func holds(_ other: Int, _ result: String?) -> Bool {
      guard let index = nodes[dag].countsBox?.value.dag?.node[other], index >= 0 else { return false }
      let node = Int(index)
      let phase = nodes[node].phase
      let isDaemoned = nodes[node].isDaemoned && phase != .pending
      switch result {
      case "Succeeded": return phase == .succeeded
      case "Failed": return phase == .failed
      case "Errored": return phase == .error
      case "Skipped": return phase == .skipped
      case "Omitted": return phase == .omitted
      case "Daemoned": return isDaemoned
      case "AnySucceeded": return nodes[node].counts.anySucceeded
      case "AllFailed": return nodes[node].counts.allFailed
      default:
        return phase == .succeeded || phase == .skipped || isDaemoned || template.tasks[other].continueOn.covers(phase)
      }
    }
    if let condition = compiledDAG.conditions[place] {
      return condition.evaluate { term in template.positions[term.task].map { holds($0.place, term.result) } ?? false }
    }
    return compiledDAG.dependencies[place].allSatisfy { holds($0, nil) }
  }

  /// Starts one item of a task group.
  mutating func startItem(_ group: Int, item number: Int) {
    guard case .task(let place) = nodes[group].origin, let dag = nodes[group].owner, let template = nodes[dag].template,
      let item = nodes[group].detailsBox?.value.loops[0]?[number]
    else { return }
    let task = template.tasks[place]
    let taskName = NodeNames.item(task.name, number, LoopItem.name(item))
    let name = NodeNames.task(nodes[dag].name, taskName)
    let origin = Origin.item(number)
    let frame = Frame(boundary: dag, item: item)
    func settle(_ state: inout RunState, _ phase: NodePhase, _ message: String) {
      let node = state.addNode(
        name, type: .skipped, phase: phase, message: message, origin: origin, owner: group, boundary: dag, parents: [group])
      state.label(node, task, boundary: dag)
      state.stack.append(.ended(node))
    }
    do throws(RunFailure) {
      let resolved = try resolveStep(task, frame)
      guard resolved.proceeds else {
        settle(&self, .skipped, "when '\(resolved.when)' evaluated false")
        return
      }
      let node = startTemplate(
        name, origin: origin, owner: group, boundary: dag, reference: task.reference, frame: frame, arguments: .success(resolved.arguments),
        parents: [group], isOnExit: nodes[group].isOnExit, item: item, locals: ["tasks.name": taskName])
      noteCondition(node, resolved, task)
      stack.append(.unit(node))
    } catch {
      settle(&self, .error, error.message)
    }
  }

  mutating func itemSettled(_ group: Int, _ item: Int) {
    prefixTaskError(item)
    nodes[group].counts.open -= 1
    if nodes[group].countsBox?.value.open == 0 { finishTaskGroup(group) }
  }

  mutating func finishTaskGroup(_ group: Int) {
    guard !nodes[group].phase.isFulfilled else { return }
    aggregate(group)
    let failed = nodes[group].children.last { nodes[$0].owner == group && !nodes[$0].isHook && nodes[$0].phase.isFailedOrError }
    if let failed {
      setPhase(group, nodes[failed].phase)
    } else if let problem = nodes[group].counts.problem {
      setPhase(group, .failed, problem)
    } else {
      setPhase(group, .succeeded)
    }
  }

  /// Errors of starting a task are worded by the DAG.
  private mutating func prefixTaskError(_ node: Int) {
    guard nodes[node].isRaised else { return }
    nodes[node].isRaised = false
    let message = "task '\(nodes[node].name)' errored: \(nodes[node].message)"
    nodes[node].message = message
    changedNodes.insert(node)
  }

  /// A task has settled: those that wait for it come a step nearer.
  mutating func taskSettled(_ dag: Int, _ node: Int) {
    guard case .task(let place) = nodes[node].origin, let template = nodes[dag].template, let compiledDAG = template.dag,
      !nodes[dag].phase.isFulfilled
    else { return }
    prefixTaskError(node)
    nodes[dag].counts.dag?.open -= 1
    nodes[dag].counts.dag?.running -= 1
    if nodes[node].phase.isFailedOrError { nodes[dag].counts.dag?.hasFailure = true }
    for dependent in compiledDAG.dependents[place] {
      guard let waiting = nodes[dag].countsBox?.value.dag?.waiting[dependent],
        nodes[dag].countsBox?.value.dag?.isWanted[dependent] == true
      else { continue }
      nodes[dag].counts.dag?.waiting[dependent] = waiting - 1
      // A retried DAG may have nodes of later tasks already.
      if waiting == 1, nodes[dag].countsBox?.value.dag?.node[dependent] == -1 { nodes[dag].counts.pending.insert(dependent) }
    }
    if failsFast(dag) { nodes[dag].counts.pending.removeAll() }
    if nodes[dag].countsBox?.value.dag?.open == 0 || (failsFast(dag) && nodes[dag].countsBox?.value.dag?.running == 0) {
      finishDAG(dag)
    } else if nodes[dag].countsBox?.value.pending.isEmpty == false {
      stack.append(.pump(QueueEntry(units: dag)))
    }
  }

  /// With `failFast` a failed target decides once nothing runs, although other tasks could not start yet.
  mutating func finishDAGIfStuck(_ dag: Int) {
    guard let progress = nodes[dag].counts.dag, progress.running == 0, progress.hasFailure, nodes[dag].template?.dag?.failFast == true,
      !nodes[dag].phase.isFulfilled
    else { return }
    let phase = assess(dag)
    guard phase.isFailedOrError else { return }
    nodes[dag].counts.pending.removeAll()
    setPhase(dag, phase)
  }

  mutating func finishDAG(_ dag: Int) {
    guard !nodes[dag].phase.isFulfilled else { return }
    if failsFast(dag) {
      setDAGOutbound(dag)
      setPhase(dag, .failed, Self.failFastMessage)
      return
    }
    let phase = header.shutdown != nil && !nodes[dag].isOnExit ? .failed : assess(dag)
    if phase.isFailedOrError {
      setDAGOutbound(dag)
      setPhase(dag, phase)
      return
    }
    setDAGOutbound(dag)
    do throws(RunFailure) {
      nodes[dag].outputs = try outputs(of: dag)
      setPhase(dag, .succeeded)
    } catch {
      raise(dag, error)
    }
  }

  private mutating func setDAGOutbound(_ dag: Int) {
    guard let progress = nodes[dag].counts.dag else { return }
    nodes[dag].details.outbound = outboundNodes(of: progress.targets.compactMap { progress.node[$0] >= 0 ? Int(progress.node[$0]) : nil })
    changedNodes.insert(dag)
  }

  /// The phase of a DAG none of whose nodes runs: walks from the DAG node outward with the phase of the branch, which nodes that did not
  /// run inherit, and takes the first failed target.
  private func assess(_ dag: Int) -> NodePhase {
    guard let template = nodes[dag].template, let progress = nodes[dag].counts.dag else { return .succeeded }
    var phases: [Int: NodePhase] = [:]
    var seen: Set<Visit> = []
    var queue = nodes[dag].children.map { Visit(node: $0, phase: .succeeded) }
    var next = 0
    while next < queue.count {
      let visit = queue[next]
      next += 1
      if !seen.insert(visit).inserted { continue }
      let phase = nodes[visit.node].phase.isCompleted ? nodes[visit.node].phase : visit.phase
      if nodes[visit.node].owner == dag, case .task(let place) = nodes[visit.node].origin {
        if !(phases[place]?.isFailedOrError ?? false) { phases[place] = phase }
      }
      if nodes[visit.node].type == .retry {
        // A retry stands for its last attempt: only what hangs on the attempts and hooks is followed.
        for child in nodes[visit.node].children {
          if nodes[child].isHook {
            queue.append(Visit(node: child, phase: phase))
          } else {
            queue += nodes[child].children.map { Visit(node: $0, phase: phase) }
          }
        }
      } else {
        queue += nodes[visit.node].children.map { Visit(node: $0, phase: phase) }
      }
    }
    var result = NodePhase.succeeded
    for target in progress.targets {
      guard let phase = phases[target], phase.isFailedOrError, !template.tasks[target].continueOn.covers(phase) else { continue }
      result = phase
      if template.dag?.failFast ?? true { break }
    }
    return result
  }

  private struct Visit: Hashable {
    var node: Int
    var phase: NodePhase
  }
}
