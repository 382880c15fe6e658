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
    var changes = RunChanges(run: isHeaderChanged ? row : nil, nodes: changedNodes.sorted().map { nodeRow($0) })
    if reuse.isChanged { changes.nodes = reuse.rows(runUID: uid) + changes.nodes }
    reuse.isChanged = false
    isHeaderChanged = false
    changedNodes.removeAll(keepingCapacity: true)
    return changes
  }

  /// The run's row as it is now.
  package var row: RunRow {
    RunRow(uid: uid, namespace: namespace, name: name, header: headerJSON, isFinished: isFinished)
  }

  /// All rows as they are now, in order.
  package var nodeRows: [NodeRow] { reuse.rows(runUID: uid) + nodes.indices.map { nodeRow($0) } }

  private func nodeRow(_ index: Int) -> NodeRow {
    NodeRow(
      runUID: uid, index: index, id: nodes[index].id, phase: nodes[index].phase.rawValue,
      record: ["status": nodeStatus(index, withChildren: false), "engine": engineRecord(index)])
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
    if let held = json["problem"], let phase = held["phase"]?.string.flatMap(WorkflowPhase.init(rawValue:)) {
      problem = (phase, held["message"]?.string ?? "")
    }
  }

  // MARK: Nodes

  private func engineRecord(_ index: Int) -> JSON {
    var object = JSONObject()
    object["origin"] = nodes[index].origin.json
    object["owner"] = nodes[index].owner.map { .int(Int64($0)) }
    object["boundary"] = nodes[index].boundary.map { .int(Int64($0)) }
    if !nodes[index].parents.isEmpty { object["parents"] = .array(nodes[index].parents.map { .int(Int64($0)) }) }
    if !nodes[index].outbound.isEmpty { object["outbound"] = .array(nodes[index].outbound.map { .int(Int64($0)) }) }
    object["template"] = nodes[index].template.map { .string($0.key) }
    object["item"] = nodes[index].item
    object["startedAt"] = .int(nodes[index].startedAt.milliseconds)
    object["finishedAt"] = nodes[index].finishedAt.map { .int($0.milliseconds) }
    object["depth"] = .int(Int64(nodes[index].depth))
    var flags: [JSON] = []
    if nodes[index].isOnExit { flags.append("onExit") }
    if nodes[index].isStopping { flags.append("stopping") }
    if nodes[index].hasRun { flags.append("ran") }
    if nodes[index].hasTask { flags.append("task") }
    if nodes[index].isReused { flags.append("reused") }
    if nodes[index].isSettled { flags.append("settled") }
    if nodes[index].isExitDecided { flags.append("exitDecided") }
    if nodes[index].counts.isProblemFailure { flags.append("problemIsFailure") }
    if nodes[index].counts.isTimedOut { flags.append("timedOut") }
    if nodes[index].counts.isRaised { flags.append("raised") }
    if !flags.isEmpty { object["flags"] = .array(flags) }
    object["locks"] = nodes[index].claim?.json
    object["pod"] = nodes[index].podName.map { .string($0) }
    object["wakeAt"] = nodes[index].wakeAt.map { .int($0.milliseconds) }
    object["executionDeadline"] = nodes[index].executionDeadline.map { .int($0.milliseconds) }
    object["declaredOutputs"] = nodes[index].declaredOutputs
    object["lastRetry"] = nodes[index].lastRetry
    object["problem"] = nodes[index].counts.problem.map { .string($0) }
    if !nodes[index].firedHooks.isEmpty { object["firedHooks"] = .array(nodes[index].firedHooks.sorted().map { .int(Int64($0)) }) }
    let loops = nodes[index].loops.filter { constantItems(index, place: $0.key) == nil }
    if !loops.isEmpty {
      object["loops"] = .object(JSONObject(loops.sorted { $0.key < $1.key }.map { (String($0.key), .array($0.value)) }))
    }
    return .object(object)
  }

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
    for index in nodes.indices {
      for parent in nodes[index].parents {
        guard nodes.indices.contains(parent) else { throw RunRestoreError(message: "node \(index) has no parent \(parent)") }
        nodes[parent].children.append(index)
      }
      guard nodes[index].outbound.allSatisfy(nodes.indices.contains), hasPlace(index) else {
        throw RunRestoreError(message: "node \(nodes[index].id) does not fit its template")
      }
    }
    recount()
    restartQueues()
    drain()
    effects = []
    isHeaderChanged = false
    changedNodes = []
  }

  /// Whether a node's place, loops and hooks are those of the template around it: all that follows relies on it.
  private func hasPlace(_ index: Int) -> Bool {
    let node = nodes[index]
    guard let template = node.boundary.flatMap({ nodes[$0].template }) else { return true }
    func group(_ number: Int) -> [CompiledStep]? { template.groups.indices.contains(number) ? template.groups[number] : nil }
    switch node.origin {
    case .group(let number): return group(number).map { steps in node.loops.keys.allSatisfy(steps.indices.contains) } ?? false
    case .step(let place, _):
      // One that is skipped with its empty loop belongs to nobody.
      guard let owner = node.owner, case .group(let number) = nodes[owner].origin else { return node.owner == nil }
      guard group(number)?.indices.contains(place) == true else { return false }
    case .task(let place): guard template.tasks.indices.contains(place) else { return false }
    default: break
    }
    let hooks = compiledStep(of: index)?.hooks.indices
    return hooks.map { hooks in node.firedHooks.allSatisfy { $0 < 0 || hooks.contains($0) } } ?? true
  }

  private mutating func restoreNode(_ row: NodeRow) throws(RunRestoreError) {
    let status = row.record["status"] ?? .null
    let engine = row.record["engine"] ?? .null
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
    var node = Node(
      index: row.index, id: row.id, name: status["name"]?.string ?? "", displayName: status["displayName"]?.string ?? "", type: type,
      phase: phase, message: status["message"]?.string ?? "", origin: origin, owner: owner, boundary: boundary,
      startedAt: Instant(milliseconds: startedAt))
    node.parents = engine.list("parents").compactMap { $0.int.map { Int($0) } }
    node.outbound = engine.list("outbound").compactMap { $0.int.map { Int($0) } }
    node.scope = status["templateScope"]?.string ?? ""
    node.templateName = status["templateName"]?.string ?? ""
    node.templateRef = status["templateRef"]
    node.memoization = MemoizationStatus(status["memoizationStatus"])
    node.inputs = status["inputs"]
    node.outputs = status["outputs"]
    node.item = engine["item"]
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
    node.counts.isTimedOut = flags.contains("timedOut")
    node.counts.isProblemFailure = flags.contains("problemIsFailure")
    node.counts.isRaised = flags.contains("raised")
    node.claim = engine["locks"].flatMap(LockClaim.init(json:))
    node.podName = engine["pod"]?.string
    node.podIP = status["podIP"]?.string
    if type.countsAsWork, let text = status["progress"]?.string, text != "\(node.shownProgress)" { node.progress = NodeProgress(text) }
    if type == .pod { node.usage = ResourceUsage(json: status["resourcesDuration"]) }
    node.hostNodeName = status["hostNodeName"]?.string
    node.wakeAt = engine["wakeAt"]?.int.map { Instant(milliseconds: $0) }
    node.executionDeadline = engine["executionDeadline"]?.int.map { Instant(milliseconds: $0) }
    node.declaredOutputs = engine["declaredOutputs"]
    node.lastRetry = engine["lastRetry"]
    node.counts.problem = engine["problem"]?.string
    node.firedHooks = Set(engine.list("firedHooks").compactMap { $0.int.map { Int($0) } })
    for (key, value) in engine["loops"]?.object ?? [:] { if let place = Int(key) { node.loops[place] = value.array } }
    if let key = engine["template"]?.string {
      guard let template = template(forKey: key) else { throw RunRestoreError(message: "template \(key) of node \(row.id) is missing") }
      node.template = template
    }
    nodes.append(node)
    nodeByName[node.name] = row.index
    if node.claim != nil { claimed.insert(row.index) }
    nodeIDs.insert(node.id)
    if let pod = node.podName { nodeByPod[pod] = row.index }
    if node.hasTask { nodeByTask[node.id] = row.index }
  }
}

extension Origin {
  var json: JSON {
    switch self {
    case .root: ["root"]
    case .group(let number): ["group", .int(Int64(number))]
    case .step(let place, nil): ["step", .int(Int64(place))]
    case .step(let place, let item?): ["step", .int(Int64(place)), .int(Int64(item))]
    case .task(let place): ["task", .int(Int64(place))]
    case .item(let item): ["item", .int(Int64(item))]
    case .attempt(let number): ["attempt", .int(Int64(number))]
    case .hook(let place): ["hook", .int(Int64(place))]
    case .exit: ["exit"]
    case .workflowHook(let place): ["workflowHook", .int(Int64(place))]
    case .workflowExit: ["workflowExit"]
    case .container(let name): ["container", .string(name)]
    }
  }

  init?(json: JSON) {
    let number = json[1]?.int.map { Int($0) }
    switch (json[0]?.string, number) {
    case ("root", _): self = .root
    case ("group", let number?): self = .group(number)
    case ("step", let place?): self = .step(place, item: json[2]?.int.map { Int($0) })
    case ("task", let place?): self = .task(place)
    case ("item", let item?): self = .item(item)
    case ("attempt", let number?): self = .attempt(number)
    case ("hook", let place?): self = .hook(place)
    case ("exit", _): self = .exit
    case ("workflowHook", let place?): self = .workflowHook(place)
    case ("workflowExit", _): self = .workflowExit
    case ("container", _): self = .container(json[1]?.string ?? "")
    default: return nil
    }
  }
}
