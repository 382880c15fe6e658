import ArgoModel
import JSONValue
import KubeModel

/// A new run from a node of one that is over: what lies before the node is taken over, the node and everything after it runs again.
package struct ForkRequest: Sendable, Hashable {
  /// An output parameter (or `result`) of a node, set to a value.
  package struct OutputEdit: Sendable, Hashable {
    /// As ``ForkRequest/node``.
    package var node: String
    package var name: String
    package var value: String
    package init(node: String, name: String, value: String) {
      self.node = node
      self.name = name
      self.value = value
    }
  }

  /// A node's display name, name or ID, or a field selector; must mean one node.
  package var node: String
  /// Workflow parameters set anew.
  package var parameters: [ParameterValue] = []
  /// Input parameters of the node set anew.
  package var inputs: [ParameterValue] = []
  package var outputs: [OutputEdit] = []

  package init(node: String) { self.node = node }

  /// What was edited, for the new run's annotation; nil when nothing was.
  var edits: String? {
    func members(_ values: [(String, String)]) -> JSON { .object(JSONObject(values.map { ($0.0, .string($0.1)) })) }
    var object = JSONObject()
    if !parameters.isEmpty { object["parameters"] = members(parameters.map { ($0.name, $0.value) }) }
    if !inputs.isEmpty { object["inputs"] = members(inputs.map { ($0.name, $0.value) }) }
    if !outputs.isEmpty { object["outputs"] = members(outputs.map { ("\($0.node).\($0.name)", $0.value) }) }
    return object.isEmpty ? nil : JSON.object(object).text(.compact)
  }
}

/// Forking. The rules, by the place of the node:
///
/// - *Before* it lie the earlier groups of each Steps template around it and the tasks on which its task, and each around it, depends. What
///   ended there stands as it ended, failed or not.
/// - *After* it come the later groups of each of these Steps templates, the tasks that depend on it or on what is around it, the hooks of
///   what is around it that began after it, and the workflow's hooks and exit handler. All of that is made anew.
/// - *Beside* it (other branches, other items of its loop, other members of its group) what succeeded is taken over, and what failed,
///   never ended or never began runs. What failed there and was passed over, so that something after it succeeded, stands too.
/// - A node within an attempt that was tried again cannot be meant: nothing came of it.
/// - An attempt means its whole retry, which starts with a full number of attempts; a container its container set. Of a loop that is
///   expanded anew, items with the same place and value are the same.
/// - Daemons are never taken over: what runs may need them.
/// - A node with an edited output is not run: it stands as Succeeded with that output, whatever it was.
extension RunState {
  /// - Parameters:
  ///   - workflow: the run's Workflow object, as it is stored.
  ///   - suffix: the end of the new name, five of `a`-`z` and `0`-`9`.
  package func fork(of workflow: Resource, _ request: ForkRequest, suffix: String) throws(RunRefusal) -> DerivedRun {
    guard isFinished else {
      throw RunRefusal("Cannot fork a workflow in phase \(header.phase.rawValue): stop it, or wait for its end")
    }
    let point = unit(of: try node(meant: request.node))
    if let attempt = givenUp(around: point) {
      throw RunRefusal(
        "node \(nodes[point].name) lies in \(nodes[attempt].name), which was tried again: give the node of the last attempt")
    }
    var isAfter = Array(repeating: false, count: nodes.count)
    var isBefore = isAfter
    divide(at: point, after: &isAfter, before: &isBefore)
    isAfter = closedInward(isAfter)
    isBefore = closedInward(isBefore)
    let paths = derivedPaths()
    var table = takenOver(isAfter: isAfter, isBefore: isBefore, paths: paths)
    try editInputs(request, of: point, paths: paths, &table)
    for edit in request.outputs { try apply(edit, paths: paths, &table) }
    var copy = Resubmission.copy(of: workflow, parameters: request.parameters, labels: [:])
    copy.name = Resubmission.prefix(of: workflow) + suffix
    var annotations: [String: String] = [ForkKey.from: workflow.name, ForkKey.node: nodes[point].name]
    annotations[ForkKey.edits] = request.edits
    for (key, value) in annotations.sorted(by: { $0.key < $1.key }) { copy.setAnnotation(key, value) }
    // A label's value has 63 characters at most.
    if workflow.name.utf8.count <= 63 { copy.setLabel(ForkKey.from, workflow.name) }
    return DerivedRun(workflow: copy, reuse: table)
  }

  /// The node that a user means.
  private func node(meant text: String) throws(RunRefusal) -> Int {
    var found = nodes.indices.filter { nodes[$0].id == text || nodes[$0].name == text }
    if found.isEmpty { found = nodes.indices.filter { nodes[$0].displayName == text } }
    if found.isEmpty, text.contains("=") {
      let selector: NodeSelector
      do throws(SelectorError) { selector = try NodeSelector(parsing: text) } catch { throw RunRefusal(error.description) }
      found = nodes.indices.filter { matches(selector, $0) }
    }
    // A retry and its attempts are one.
    let units = Set(found.map { unit(of: $0) }).sorted()
    guard let first = units.first else {
      throw RunRefusal(
        "no node of workflow \(name) is meant by \"\(text)\": give a display name, name, ID or field selector that `argosy get` shows")
    }
    guard units.count == 1 else {
      let names = units.prefix(5).map { nodes[$0].name }.joined(separator: ", ")
      throw RunRefusal("\"\(text)\" means \(units.count) nodes (\(names)\(units.count > 5 ? ", …" : "")): give the name of one")
    }
    return first
  }

  /// The attempt around a node that another one followed; nil when what became of the node counted.
  private func givenUp(around index: Int) -> Int? {
    var current = index
    while let owner = nodes[current].owner {
      if case .attempt = nodes[current].origin, nodes[owner].counts.attempts.last != current { return current }
      current = owner
    }
    return nil
  }

  /// The node that runs as a whole: of an attempt the retry, of a container the pod.
  private func unit(of index: Int) -> Int {
    switch nodes[index].origin {
    case .attempt, .container: nodes[index].owner.map { unit(of: $0) } ?? index
    default: index
    }
  }

  /// Walks from the node to the root and marks what follows and what precedes on each level.
  private func divide(at point: Int, after: inout [Bool], before: inout [Bool]) {
    after[point] = true
    for index in nodes.indices {
      switch nodes[index].origin {
      case .workflowExit, .workflowHook: after[index] = true
      default: break
      }
    }
    var members: [Int: [Int]] = [:]
    for index in nodes.indices { if let owner = nodes[index].owner { members[owner, default: []].append(index) } }
    var current = point
    while true {
      // Hooks of what is around that began later.
      if current != point {
        for member in members[current] ?? [] where member > point {
          switch nodes[member].origin {
          case .hook, .exit: after[member] = true
          default: break
          }
        }
      }
      guard let around = enclosing(current) else { return }
      switch nodes[current].origin {
      case .group(let number):
        for member in members[around] ?? [] {
          if case .group(let other) = nodes[member].origin {
            if other > number { after[member] = true } else if other < number { before[member] = true }
          }
        }
      case .task(let place):
        guard let dag = nodes[around].template?.dag else { break }
        let followers = reachable(from: place, dag.dependents)
        let sources = reachable(from: place, dag.dependencies)
        for member in members[around] ?? [] {
          guard case .task(let other) = nodes[member].origin else { continue }
          if followers.contains(other) { after[member] = true }
          if sources.contains(other) { before[member] = true }
        }
      case .hook, .exit: before[around] = true
      default: break
      }
      current = around
    }
  }

  private func reachable(from place: Int, _ edges: [[Int]]) -> Set<Int> {
    var result: Set<Int> = []
    var stack = edges[place]
    while let next = stack.popLast() { if result.insert(next).inserted { stack += edges[next] } }
    return result
  }

  private func takenOver(isAfter: [Bool], isBefore: [Bool], paths: [String?]) -> ReuseTable {
    var table = ReuseTable()
    let hasSuccess = succeededBelow(except: isAfter)
    var isCovered = Array(repeating: false, count: nodes.count)
    for index in nodes.indices where !isAfter[index] {
      if let around = enclosing(index), isCovered[around] {
        isCovered[index] = true
        continue
      }
      let node = nodes[index]
      guard let path = paths[index], node.phase.isCompleted || node.isReused, node.template?.template.isDaemon != true else { continue }
      let stands = isBefore[index] || hasSuccess[index]
      switch node.type {
      case .retry where node.phase.isFailedOrError && stands:
        table.set(earlier(index, phase: node.phase), at: path)
        isCovered[index] = true
      case .retry, .steps, .dag:
        // A cache had its outputs: there is nothing in it.
        if node.details.memoization?.isHit == true { table.set(earlier(index, phase: node.phase), at: path) }
      case .pod, .http, .plugin, .suspend: if node.phase == .succeeded || stands { table.set(earlier(index, phase: node.phase), at: path) }
      case .skipped where node.isReused:
        let phase = node.phase == .skipped ? NodePhase.succeeded : node.phase
        if phase == .succeeded || stands { table.set(earlier(index, phase: phase), at: path) }
      default: break
      }
    }
    return table
  }

  // MARK: Edits

  private func editInputs(_ request: ForkRequest, of point: Int, paths: [String?], _ table: inout ReuseTable) throws(RunRefusal) {
    guard !request.inputs.isEmpty, let path = paths[point] else { return }
    let declared = (nodes[point].inputs?.list("parameters") ?? []).compactMap { $0["name"]?.string }
    for input in request.inputs where !declared.contains(input.name) {
      let known = declared.isEmpty ? "it has none" : "it has \(declared.joined(separator: ", "))"
      throw RunRefusal("node \(nodes[point].name) has no input parameter \"\(input.name)\": \(known)")
    }
    table.edit(inputs: Dictionary(request.inputs.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }), at: path)
  }

  private func apply(_ edit: ForkRequest.OutputEdit, paths: [String?], _ table: inout ReuseTable) throws(RunRefusal) {
    let index = unit(of: try node(meant: edit.node))
    switch nodes[index].type {
    case .pod, .http, .plugin, .suspend, .retry, .skipped: break
    default:
      throw RunRefusal("the outputs of \(nodes[index].name) come from the nodes in it: set the outputs of those")
    }
    guard let path = paths[index] else { throw RunRefusal("node \(nodes[index].name) is no part of the new run") }
    var earlier = table.node(at: path[...]) ?? self.earlier(index, phase: .succeeded)
    earlier.phase = .succeeded
    earlier.message = "original pod: \(nodes[index].id); outputs set"
    var outputs = earlier.outputs ?? .object([:])
    if edit.name == "result" {
      outputs["result"] = .string(edit.value)
    } else {
      var parameters = outputs.list("parameters")
      let declared = nodes[index].template?.template.outputs.parameters.map(\.name) ?? []
      if let place = parameters.firstIndex(where: { $0["name"]?.string == edit.name }) {
        parameters[place]["value"] = .string(edit.value)
        parameters[place]["valueFrom"] = nil
      } else if declared.contains(edit.name) || nodes[index].template == nil {
        parameters.append(["name": .string(edit.name), "value": .string(edit.value)])
      } else {
        let known = declared.isEmpty ? "it has none" : "it has \(declared.joined(separator: ", "))"
        throw RunRefusal("node \(nodes[index].name) has no output parameter \"\(edit.name)\": \(known)")
      }
      outputs["parameters"] = .array(parameters)
    }
    earlier.outputs = outputs
    table.set(earlier, at: path)
  }
}
