import ArgoModel
import JSONValue

/// What a user asks of a finished run that is to go on (`argo retry`, spec 2.13).
package struct RetryRequest: Sendable, Hashable {
  /// Succeeded nodes that `selector` means run again too, with everything after them.
  package var restartsSuccessful: Bool
  package var selector: NodeSelector?
  /// Workflow parameters that are set anew.
  package var parameters: [ParameterValue]

  package init(restartsSuccessful: Bool = false, selector: NodeSelector? = nil, parameters: [ParameterValue] = []) {
    self.restartsSuccessful = restartsSuccessful
    self.selector = selector
    self.parameters = parameters
  }
}

/// A parameter that a user sets.
package struct ParameterValue: Sendable, Hashable {
  package var name: String
  package var value: String
  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// Which nodes a retry removes, to be made again, and which of those around them are to be open again.
struct RetryPlan {
  var isRemoved: [Bool]
  /// Goes on from where it is: a node around one that is removed.
  var isReset: [Bool]
  /// Its hooks are decided anew.
  var isReopened: [Bool]
}

extension RunState {
  /// The node that a node is part of: the work of its owner, or what it was skipped in.
  func enclosing(_ index: Int) -> Int? {
    if let owner = nodes[index].owner { return owner }
    if case .step = nodes[index].origin { return nodes[index].parents.first }
    return nodes[index].boundary
  }

  /// Marks of nodes; what is in a marked node is marked with it.
  func closedInward(_ marks: [Bool]) -> [Bool] {
    var marks = marks
    for index in nodes.indices { if let around = enclosing(index), marks[around] { marks[index] = true } }
    return marks
  }

  /// Whether a node stands in a nested attempt after which there was another one.
  private func supersededNodes() -> [Bool] {
    var result = Array(repeating: false, count: nodes.count)
    for index in nodes.indices {
      guard let owner = nodes[index].owner else { continue }
      if result[owner] {
        result[index] = true
      } else if case .attempt = nodes[owner].origin, let retry = nodes[owner].owner, nodes[retry].counts.attempts.last != owner {
        result[index] = true
      }
    }
    return result
  }

  /// For each node whether a node below it, along the edges, has succeeded; those of `selected` do not count themselves, and hooks do
  /// not count: that a failure was told of does not mean that it was passed over.
  func succeededBelow(except selected: [Bool]) -> [Bool] {
    var result = Array(repeating: false, count: nodes.count)
    var state = Array(repeating: UInt8(0), count: nodes.count)
    for start in nodes.indices where state[start] == 0 {
      var stack = [start]
      while let node = stack.last {
        if state[node] == 0 {
          state[node] = 1
          stack += nodes[node].children.filter { state[$0] == 0 }
        } else {
          stack.removeLast()
          if state[node] == 2 { continue }
          state[node] = 2
          result[node] = nodes[node].children.contains { child in
            !nodes[child].isHook && ((!selected[child] && nodes[child].phase == .succeeded) || result[child])
          }
        }
      }
    }
    return result
  }

  /// Of each Steps node the last group in which something has succeeded.
  private func lastSuccessfulGroups() -> [Int: Int] {
    var result: [Int: Int] = [:]
    for index in nodes.indices where nodes[index].type.isExecution && nodes[index].phase == .succeeded && !nodes[index].isHook {
      var current = index
      while let around = enclosing(current) {
        if case .group(let number) = nodes[current].origin { result[around] = max(result[around] ?? number, number) }
        current = around
      }
    }
    return result
  }

  /// Whether something has succeeded in a group after the node's, or after that of what is around it: its failure had no consequence. The
  /// edges alone do not tell it of what lies inside a template.
  private func isPassedOver(_ index: Int, _ lastSuccess: [Int: Int]) -> Bool {
    var current = index
    while let around = enclosing(current) {
      if case .group(let number) = nodes[current].origin, let last = lastSuccess[around], number < last { return true }
      current = around
    }
    return false
  }

  /// Marks a node and everything below it along the edges.
  func mark(_ start: Int, _ marks: inout [Bool]) {
    var stack = [start]
    while let node = stack.popLast() {
      if marks[node], node != start { continue }
      marks[node] = true
      stack += nodes[node].children.filter { !marks[$0] }
    }
  }

  /// The workflow's exit handler with all that is in it.
  func exitHandlerNodes() -> [Bool] { closedInward(nodes.map { $0.origin == .workflowExit }) }

  /// Argo's choice of nodes: failed work without anything succeeded below it, what is selected, and all that follows these; the exit
  /// handler. With parameters, loops and groups on the way are expanded anew.
  func retryPlan(_ request: RetryRequest) -> RetryPlan {
    let isExit = exitHandlerNodes()
    let selector = request.restartsSuccessful ? request.selector : nil
    let isSelected = nodes.indices.map { index in selector.map { matches($0, index) } ?? false }
    let hasSuccess = succeededBelow(except: isSelected)
    let isSuperseded = supersededNodes()
    let lastSuccess = lastSuccessfulGroups()
    var isRemoved = Array(repeating: false, count: nodes.count)
    for index in nodes.indices where !isExit[index] {
      var isChosen = isSelected[index]
      if !isChosen, nodes[index].type.isExecution, nodes[index].phase.isFailedOrError, !isSuperseded[index] {
        var judged = index
        if case .attempt = nodes[index].origin { judged = nodes[index].owner ?? index }
        isChosen = !hasSuccess[judged] && !isPassedOver(judged, lastSuccess)
      }
      // A run that ended around running work, left it behind.
      if !nodes[index].phase.isFulfilled, nodes[index].type.isExecution || nodes[index].type == .suspend || holdsLocks(index) {
        isChosen = true
      }
      if isChosen { mark(nodes[index].type == .container ? nodes[index].owner ?? index : index, &isRemoved) }
    }
    for index in nodes.indices where isExit[index] { isRemoved[index] = true }
    var plan = closed(isRemoved)
    if !request.parameters.isEmpty {
      for index in nodes.indices where plan.isReset[index] && !plan.isRemoved[index] {
        if nodes[index].type == .taskGroup || nodes[index].type == .stepGroup { mark(index, &plan.isRemoved) }
      }
      plan = closed(plan.isRemoved)
    }
    return plan
  }

  /// A template that needs locks runs again as a whole, so that nothing in it goes on without them.
  private func holdsLocks(_ index: Int) -> Bool {
    if case .attempt = nodes[index].origin { return false }
    return nodes[index].template?.synchronization != nil
  }

  /// Completes a choice so that the rest fits together: what is around removed nodes is open again, and what follows something open is
  /// removed.
  private func closed(_ marks: [Bool]) -> RetryPlan {
    var removed = marks
    while true {
      removed = closedInward(removed)
      var plan = RetryPlan(isRemoved: removed, isReset: removed.map { _ in false }, isReopened: removed.map { _ in false })
      for index in nodes.indices.reversed() {
        guard plan.isRemoved[index] || plan.isReset[index] || plan.isReopened[index], let around = enclosing(index) else { continue }
        switch nodes[index].origin {
        case .hook, .exit: plan.isReopened[around] = true
        default: plan.isReset[around] = true
        }
      }
      for index in nodes.indices where plan.isRemoved[index] {
        plan.isReset[index] = false
        plan.isReopened[index] = false
      }
      let locked = nodes.indices.filter { plan.isReset[$0] && holdsLocks($0) }
      let added = followers(of: plan)
      if added.isEmpty, locked.isEmpty { return plan }
      for index in added { removed[index] = true }
      for index in locked { mark(index, &removed) }
    }
  }

  /// Kept nodes that were decided by something which is open now: later groups of a Steps node, unless they succeeded because what is open
  /// had been passed over; Omitted tasks of a DAG; attempts after one that is gone.
  private func followers(of plan: RetryPlan) -> [Int] {
    func isOpen(_ index: Int) -> Bool { plan.isRemoved[index] || plan.isReset[index] || plan.isReopened[index] }
    var firstGroup: [Int: Int] = [:]
    var openTasks: [Int: Set<Int>] = [:]
    var brokenRetries: Set<Int> = []
    for index in nodes.indices where isOpen(index) {
      guard let owner = nodes[index].owner, plan.isReset[owner] else { continue }
      switch nodes[index].origin {
      case .group(let number): firstGroup[owner] = min(firstGroup[owner] ?? number, number)
      case .task(let place): openTasks[owner, default: []].insert(place)
      case .attempt: if plan.isRemoved[index] { brokenRetries.insert(owner) }
      default: break
      }
    }
    // From the first that did not succeed on.
    var cut: [Int: Int] = [:]
    for index in nodes.indices where !plan.isRemoved[index] {
      guard case .group(let number) = nodes[index].origin, let owner = nodes[index].owner, let first = firstGroup[owner], number > first,
        nodes[index].phase != .succeeded || isOpen(index)
      else { continue }
      cut[owner] = min(cut[owner] ?? number, number)
    }
    for (dag, places) in openTasks {
      guard let dependents = nodes[dag].template?.dag?.dependents else { continue }
      var all = places
      var queue = Array(places)
      while let place = queue.popLast() { for next in dependents[place] where all.insert(next).inserted { queue.append(next) } }
      openTasks[dag] = all
    }
    return nodes.indices.filter { index in
      guard !plan.isRemoved[index], let owner = nodes[index].owner else { return false }
      switch nodes[index].origin {
      case .group(let number): return cut[owner].map { number >= $0 } ?? false
      case .task(let place): return nodes[index].phase == .omitted && openTasks[owner]?.contains(place) == true
      case .attempt: return brokenRetries.contains(owner)
      default: return false
      }
    }
  }
}

extension NodeType {
  /// Runs something itself (Argo's execution nodes).
  var isExecution: Bool {
    switch self {
    case .pod, .container, .http, .plugin: true
    default: false
    }
  }
}
