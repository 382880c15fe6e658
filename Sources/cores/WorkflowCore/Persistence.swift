import ArgoModel
import Basics
import Contracts
import JSONValue
import Templating

/// What the store is to write after a decision.
package struct RunChanges: Sendable {
  /// The run's own row, when it changed.
  package var run: RunRow?
  /// The rows of the nodes that changed, by index.
  package var nodes: [NodeRow]
  package var isEmpty: Bool { run == nil && nodes.isEmpty }
}

/// Why rows do not make a run.
package struct RunRestoreError: Error, Sendable, Hashable, CustomStringConvertible {
  package var message: String
  package var description: String { message }
}

extension RunState {
  /// The rows that changed since the last call. Committed together with the effects of the decision they make the run restorable.
  package mutating func takeChanges() -> RunChanges {
    var changes = RunChanges(run: isHeaderChanged ? row : nil, nodes: [])
    let changed = changedNodes.takeAll()
    changes.nodes.reserveCapacity(changed.count)
    if !changed.isEmpty {
      var text = JSONText(capacity: Self.usualRowLength)
      for index in changed { changes.nodes.append(nodeRow(index, &text)) }
    }
    if reuse.isChanged { changes.nodes = reuse.rows(runUID: uid) + changes.nodes }
    reuse.isChanged = false
    isHeaderChanged = false
    return changes
  }

  /// The run's row as it is now.
  package var row: RunRow {
    RunRow(uid: uid, namespace: namespace, name: name, header: headerJSON, isFinished: isFinished)
  }

  /// All rows as they are now, in order.
  package var nodeRows: [NodeRow] {
    var text = JSONText(capacity: Self.usualRowLength)
    return reuse.rows(runUID: uid) + nodes.indices.map { nodeRow($0, &text) }
  }

  /// In bytes; some are longer.
  private static let usualRowLength = 1024

  private func nodeRow(_ index: Int, _ text: inout JSONText) -> NodeRow {
    NodeRow(
      runUID: uid, index: index, id: id(of: index), phase: nodes[index].phase.rawValue, record: nodeRecord(index, &text))
  }

  // MARK: The run's row

  private var headerJSON: JSON {
    var object = JSONObject()
    object["identity"] = identity.json
    object["spec"] = spec.json
    object["frozen"] = .object(JSONObject(frozen.specs.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }))
    if let problem { object["problem"] = ["phase": .string(problem.phase.rawValue), "message": .string(problem.message)] }
    object["phase"] = .string(header.phase.rawValue)
    object["message"] = .string(header.message)
    object["startedAt"] = header.startedAt.map { .int($0.milliseconds) }
    object["finishedAt"] = header.finishedAt.map { .int($0.milliseconds) }
    object["suspended"] = .bool(header.isSuspended)
    object["shutdown"] = header.shutdown.map { .string($0.rawValue) }
    object["parameters"] = .array(header.parameters.map { [.string($0.name), .string($0.value)] })
    object["outputParameters"] = .array(header.outputParameters)
    object["outputArtifacts"] = .array(header.outputArtifacts)
    object["labels"] = strings(header.labels)
    object["annotations"] = strings(header.annotations)
    object["volumes"] = .array(header.volumes)
    object["claims"] = .array(header.claims.map { [.string($0.volume), .string($0.claim)] })
    object["deadlinePassed"] = .bool(header.isDeadlinePassed)
    object["mainStatus"] = header.mainStatus.map { .string($0.rawValue) }
    object["firedHooks"] = .array(header.firedHooks.sorted().map { .int(Int64($0)) })
    if !header.brokenHooks.isEmpty { object["brokenHooks"] = .array(header.brokenHooks.sorted().map { .int(Int64($0)) }) }
    object["exitStarted"] = .bool(header.isExitStarted)
    if !header.metricsError.isEmpty { object["metricsError"] = .string(header.metricsError) }
    object["estimatedDuration"] = header.estimatedDuration.map { .int($0) }
    if header.collectsArtifacts { object["collectsArtifacts"] = true }
    object["artifactGCError"] = header.artifactGCError.map { .string($0) }
    if header.repository != .own { object["artifactRepository"] = header.repository.reference }
    if header.priority != 0 { object["priority"] = .int(header.priority) }
    object["locks"] = header.claim?.json
    object["clock"] = header.clock?.json
    return .object(object)
  }

  private func strings(_ values: [String: String]) -> JSON {
    .object(JSONObject(values.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
  }

  private mutating func restoreHeader(_ json: JSON) {
    header.phase = WorkflowPhase(rawValue: json["phase"]?.string ?? "") ?? .unknown
    header.message = json["message"]?.string ?? ""
    header.startedAt = json["startedAt"]?.int.map { Instant(milliseconds: $0) }
    header.finishedAt = json["finishedAt"]?.int.map { Instant(milliseconds: $0) }
    header.isSuspended = json["suspended"]?.bool ?? false
    header.shutdown = json["shutdown"]?.string.flatMap(WorkflowSpec.Shutdown.init(rawValue:))
    header.parameters = json.list("parameters").map { ($0[0]?.string ?? "", $0[1]?.string ?? "") }
    header.outputParameters = json.list("outputParameters")
    header.outputArtifacts = json.list("outputArtifacts")
    for (key, value) in json["labels"]?.object ?? [:] { header.labels[key] = value.string }
    for (key, value) in json["annotations"]?.object ?? [:] { header.annotations[key] = value.string }
    header.volumes = json.list("volumes")
    header.claims = json.list("claims").map { ($0[0]?.string ?? "", $0[1]?.string ?? "") }
    header.isDeadlinePassed = json["deadlinePassed"]?.bool ?? false
    header.mainStatus = json["mainStatus"]?.string.flatMap(WorkflowPhase.init(rawValue:))
    header.firedHooks = Set(json.list("firedHooks").compactMap { $0.int.map { Int($0) } })
    header.brokenHooks = Set(json.list("brokenHooks").compactMap { $0.int.map { Int($0) } })
    header.isExitStarted = json["exitStarted"]?.bool ?? false
    header.metricsError = json["metricsError"]?.string ?? ""
    header.estimatedDuration = json["estimatedDuration"]?.int
    header.collectsArtifacts = json["collectsArtifacts"]?.bool ?? false
    header.artifactGCError = json["artifactGCError"]?.string
    if let reference = json["artifactRepository"] { header.repository = ArtifactRepository(reference: reference) }
    header.priority = json["priority"]?.int ?? 0
    header.claim = json["locks"].flatMap(LockClaim.init(json:))
    header.clock = json["clock"].flatMap(RunClock.init(json:))
    if let held = json["problem"], let phase = held["phase"]?.string.flatMap(WorkflowPhase.init(rawValue:)) {
      problem = (phase, held["message"]?.string ?? "")
    }
  }

  // MARK: Nodes

  /// The items of a loop that are written in the template and need not be kept.
  func constantItems(_ node: Int, place: Int) -> [JSON]? {
    guard let step = loopStep(node, place: place), case .constant(.array(let items))? = step.withItems?.tree else { return nil }
    return items
  }

  private func loopStep(_ node: Int, place: Int) -> CompiledStep? {
    switch nodes[node].origin {
    case .group(let number): nodes[node].boundary.flatMap { nodes[$0].template }?.groups[number][place]
    case .task: compiledStep(of: node)
    default: nil
    }
  }

  /// The run that these rows hold, ready to take events. Throws when the rows do not fit together.
  package init(restoring row: RunRow, nodes rows: [NodeRow]) throws(RunRestoreError) {
    let json = row.header
    var specs: [String: JSON] = [:]
    for (key, value) in json["frozen"]?.object ?? [:] { specs[key] = value }
    self.init(
      uid: row.uid, namespace: row.namespace, name: row.name, identity: WorkflowIdentity(json["identity"] ?? .null),
      spec: json["spec"] ?? .object([:]), frozen: FrozenTemplates(specs: specs))
    restoreHeader(json)
    for row in rows where row.index < 0 { reuse.restore(row) }
    for (index, row) in rows.filter({ $0.index >= 0 }).sorted(by: { $0.index < $1.index }).enumerated() {
      guard row.index == index else { throw RunRestoreError(message: "node \(index) is missing") }
      try restoreNode(row)
    }
    indexNodes()
    for index in nodes.indices {
      for parent in nodes[index].parents {
        guard nodes.indices.contains(parent) else { throw RunRestoreError(message: "node \(index) has no parent \(parent)") }
        nodes[parent].children.append(index)
      }
      guard nodes[index].details.outbound.allSatisfy(nodes.indices.contains), hasPlace(index) else {
        throw RunRestoreError(message: "node \(nodes[index].id) does not fit its template")
      }
    }
    recount()
    restartQueues()
    drain()
    effects = []
    isHeaderChanged = false
    _ = changedNodes.takeAll()
  }

  /// Whether a node's place, loops and hooks are those of the template around it: all that follows relies on it.
  private func hasPlace(_ index: Int) -> Bool {
    let node = nodes[index]
    guard let template = node.boundary.flatMap({ nodes[$0].template }) else { return true }
    func group(_ number: Int) -> [CompiledStep]? { template.groups.indices.contains(number) ? template.groups[number] : nil }
    switch node.origin {
    case .group(let number): return group(number).map { steps in node.details.loops.keys.allSatisfy(steps.indices.contains) } ?? false
    case .step(let place, _):
      // One that is skipped with its empty loop belongs to nobody.
      guard let owner = node.owner, case .group(let number) = nodes[owner].origin else { return node.owner == nil }
      guard group(number)?.indices.contains(place) == true else { return false }
    case .task(let place): guard template.tasks.indices.contains(place) else { return false }
    default: break
    }
    let hooks = compiledStep(of: index)?.hooks.indices
    return hooks.map { hooks in node.details.firedHooks.allSatisfy { $0 < 0 || hooks.contains($0) } } ?? true
  }

  private mutating func restoreNode(_ row: NodeRow) throws(RunRestoreError) {
    let record = row.record.json
    let status = record["status"] ?? .null
    let engine = record["engine"] ?? .null
    let count = nodes.count
    func reference(_ field: String) throws(RunRestoreError) -> Int? {
      guard let value = engine[field]?.int else { return nil }
      guard value >= 0, value < count else { throw RunRestoreError(message: "node \(row.id) refers to a later node") }
      return Int(value)
    }
    guard let type = status["type"]?.string.flatMap(NodeType.init(rawValue:)), let phase = NodePhase(rawValue: row.phase),
      let origin = engine["origin"].flatMap(Origin.init(json:)), let startedAt = engine["startedAt"]?.int
    else { throw RunRestoreError(message: "node \(row.id) cannot be read") }
    let owner = try reference("owner")
    let boundary = try reference("boundary")
    let name = status["name"]?.string ?? ""
    let label = ReferenceLabel(name: status["templateName"]?.string ?? "", ref: status["templateRef"])
    var template: CompiledTemplate?
    if let key = engine["template"]?.string {
      template = self.template(forKey: key)
      if template == nil { throw RunRestoreError(message: "template \(key) of node \(row.id) is missing") }
    }
    var node = Node(
      index: row.index, name: name, hash: fnv1a32(name),
      source: source(template, scope: status["templateScope"]?.string ?? "", label: label),
      type: type, phase: phase, message: status["message"]?.string ?? "", origin: origin, owner: owner, boundary: boundary,
      boundaryName: boundary.map { nodes[$0].name }, startedAt: Instant(milliseconds: startedAt))
    if row.id != node.id { node.details.id = row.id }
    node.display(status["displayName"]?.string ?? "")
    node.parents = NodeNumbers(engine.list("parents").compactMap { $0.int.map { Int($0) } })
    node.inputs = status["inputs"]
    node.outputs = status["outputs"]
    node.finishedAt = engine["finishedAt"]?.int.map { Instant(milliseconds: $0) }
    node.estimatedDuration = status["estimatedDuration"]?.int
    node.depth = Int(engine["depth"]?.int ?? 0)
    node.isHook = status.at("nodeFlag", "hooked")?.bool ?? false
    node.isRetried = status.at("nodeFlag", "retried")?.bool ?? false
    node.isDaemoned = status["daemoned"]?.bool ?? false
    let flags = Set(engine.list("flags").compactMap(\.string))
    node.isOnExit = flags.contains("onExit")
    node.isStopping = flags.contains("stopping")
    node.hasRun = flags.contains("ran")
    node.hasTask = flags.contains("task")
    node.isReused = flags.contains("reused")
    node.isSettled = flags.contains("settled")
    node.isExitDecided = flags.contains("exitDecided")
    node.isTimedOut = flags.contains("timedOut")
    node.isProblemFailure = flags.contains("problemIsFailure")
    node.isRaised = flags.contains("raised")
    if type == .pod { node.keptUsage = KeptValue(status["resourcesDuration"]).packed(&recentTexts) }
    node.hostNodeName = status["hostNodeName"]?.string
    node.wakeAt = engine["wakeAt"]?.int.map { Instant(milliseconds: $0) }
    node.history = engine.list("history").compactMap(NodeTransition.init(json:))
    if let problem = engine["problem"]?.string { node.counts.problem = problem }
    restoreDetails(of: &node, status: status, engine: engine)
    if node.phase.isFulfilled { node.rest(&recentTexts) }
    nodes.append(node)
    if node.details.claim != nil { claimed.insert(row.index) }
    if let pod = engine["pod"]?.string { setPod(row.index, pod) }
  }

  /// What few nodes have.
  private func restoreDetails(of node: inout Node, status: JSON, engine: JSON) {
    var details = node.details
    details.outbound = engine.list("outbound").compactMap { $0.int.map { Int($0) } }
    details.memoization = MemoizationStatus(status["memoizationStatus"])
    details.item = engine["item"]
    details.claim = engine["locks"].flatMap(LockClaim.init(json:))
    details.podIP = status["podIP"]?.string
    if node.type.countsAsWork, let text = status["progress"]?.string, text != "\(node.shownProgress)" {
      details.progress = NodeProgress(text)
    }
    details.executionDeadline = engine["executionDeadline"]?.int.map { Instant(milliseconds: $0) }
    details.declaredOutputs = engine["declaredOutputs"]
    details.lastRetry = engine["lastRetry"]
    details.firedHooks = Set(engine.list("firedHooks").compactMap { $0.int.map { Int($0) } })
    for (key, value) in engine["loops"]?.object ?? [:] { if let place = Int(key) { details.loops[place] = value.array } }
    if !details.isEmpty { node.details = details }
  }
}
