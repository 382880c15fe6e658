import ArgoModel
import JSONValue

/// What a restored run counts anew instead of having it stored.
extension RunState {
  /// Derives from the nodes what is counted, as it was when they were written.
  mutating func recount() {
    for index in nodes.indices {
      count(index, 1)
      if let usage = nodes[index].usage { totalUsage += usage }
      if nodes[index].details.claim?.stage == .granted { nodes[index].counts.pending.insert(0) }
      if nodes[index].wakeAt != nil { timers[.node(index)] = nodes[index].wakeAt }
      guard let owner = nodes[index].owner else { continue }
      switch nodes[index].origin {
      case .attempt: nodes[owner].counts.attempts.append(index)
      case .group:
        // Of a retried template an earlier group may be open while later ones are done.
        if let group = nodes[owner].counts.group, !nodes[group].phase.isFulfilled { break }
        nodes[owner].counts.group = index
      default: break
      }
      if nodes[index].isDaemoned, nodes[index].type == .pod, let boundary = nodes[index].boundary {
        nodes[boundary].counts.daemons.append(index)
      }
    }
    if let deadline = workflowDeadline, !header.isDeadlinePassed, !isFinished, header.startedAt != nil { timers[.deadline] = deadline }
    var tasks: [Int: [Int]] = [:]
    for index in nodes.indices {
      if case .task = nodes[index].origin, let dag = nodes[index].owner { tasks[dag, default: []].append(index) }
    }
    for index in nodes.indices {
      recountHooks(index)
      switch nodes[index].type {
      case .stepGroup: recountGroup(index)
      case .taskGroup: recountTaskGroup(index)
      case .dag where !nodes[index].phase.isFulfilled && !nodes[index].isHeldBack: recountDAG(index, tasks: tasks[index] ?? [])
      case .retry where nodes[index].phase == .running && nodes[index].counts.attempts.isEmpty:
        nodes[index].counts.pending = MinHeap([0])
      case .retry where !nodes[index].phase.isFulfilled:
        if let last = nodes[index].counts.attempts.last, nodes[last].phase.isFulfilled, nodes[index].wakeAt == nil {
          nodes[index].counts.pending.insert(nodes[index].counts.attempts.count)
        }
      default: break
      }
    }
  }

  private mutating func recountHooks(_ index: Int) {
    guard !nodes[index].details.firedHooks.isEmpty, !nodes[index].isSettled else { return }
    var started: [Int: Int] = [:]
    for child in nodes[index].children where nodes[child].owner == index {
      if case .hook(let place) = nodes[child].origin { started[place] = child }
      if case .exit = nodes[child].origin { started[-1] = child }
    }
    let isGivenUp = nodes[index].details.firedHooks.contains(Self.givenUp)
    for hook in nodes[index].details.firedHooks.sorted() where hook != Self.givenUp {
      if let child = started[hook] {
        if !nodes[child].isSettled { nodes[index].counts.openHooks += 1 }
      } else if !isGivenUp {
        nodes[index].counts.openHooks += 1
        nodes[index].counts.pendingHooks.insert(hook)
      }
    }
  }

  private mutating func recountGroup(_ group: Int) {
    guard let boundary = nodes[group].boundary, let template = nodes[boundary].template, case .group(let number) = nodes[group].origin,
      !nodes[boundary].phase.isFulfilled
    else { return }
    for (place, step) in template.groups[number].enumerated() where step.isLoop && nodes[group].details.loops[place] == nil {
      if let items = constantItems(group, place: place), !items.isEmpty { nodes[group].details.loops[place] = items }
    }
    if nodes[group].phase.isFulfilled {
      if nodes[group].phase == .succeeded { aggregate(group) }
      return
    }
    var started: [Origin: Int] = [:]
    for child in nodes[group].children where nodes[child].owner == group { started[nodes[child].origin] = child }
    for (place, step) in template.groups[number].enumerated() {
      if step.isLoop {
        for item in (nodes[group].details.loops[place] ?? []).indices {
          nodes[group].counts.units.append(GroupUnit(place: Int32(place), item: Int32(item)))
        }
      } else {
        nodes[group].counts.units.append(GroupUnit(place: Int32(place), item: -1))
      }
    }
    var pending: [Int] = []
    for (unit, part) in nodes[group].counts.units.enumerated() {
      if let child = started[.step(Int(part.place), item: part.item >= 0 ? Int(part.item) : nil)] {
        if !nodes[child].isSettled { nodes[group].counts.open += 1 }
      } else if nodes[group].counts.problem == nil {
        nodes[group].counts.open += 1
        pending.append(unit)
      }
    }
    nodes[group].counts.pending = MinHeap(pending)
  }

  private mutating func recountTaskGroup(_ group: Int) {
    guard let boundary = nodes[group].boundary, !nodes[boundary].phase.isFulfilled else { return }
    if nodes[group].details.loops[0] == nil { nodes[group].details.loops[0] = constantItems(group, place: 0) }
    if nodes[group].phase.isFulfilled {
      aggregate(group)
      return
    }
    var started: [Int: Int] = [:]
    for child in nodes[group].children where nodes[child].owner == group {
      if case .item(let item) = nodes[child].origin { started[item] = child }
    }
    var pending: [Int] = []
    for item in (nodes[group].details.loops[0] ?? []).indices {
      if let child = started[item] {
        if !nodes[child].isSettled { nodes[group].counts.open += 1 }
      } else if nodes[group].counts.problem == nil {
        nodes[group].counts.open += 1
        pending.append(item)
      }
    }
    nodes[group].counts.pending = MinHeap(pending)
  }

  private mutating func recountDAG(_ dag: Int, tasks: [Int]) {
    guard let template = nodes[dag].template, let compiled = template.dag, var progress = try? makeProgress(dag, template, compiled) else {
      return
    }
    for child in tasks {
      if case .task(let place) = nodes[child].origin { progress.node[place] = Int32(child) }
    }
    for place in template.tasks.indices where progress.node[place] >= 0 {
      let node = Int(progress.node[place])
      if nodes[node].isSettled {
        progress.open -= 1
        if nodes[node].phase.isFailedOrError { progress.hasFailure = true }
        for dependent in compiled.dependents[place] where progress.isWanted[dependent] { progress.waiting[dependent] -= 1 }
      } else {
        progress.running += 1
      }
    }
    for place in template.tasks.indices where progress.isWanted[place] && progress.node[place] < 0 && progress.waiting[place] == 0 {
      nodes[dag].counts.pending.insert(place)
    }
    nodes[dag].counts.dag = progress
  }
}
