import ArgoModel
import Basics
import Contracts
import JSONValue

/// The run as Argo's clients see it (spec section 1.10).
extension RunState {
  /// The Workflow object's `status`, with all nodes. `holders`: who holds a lock, of all runs; without it only holders of this run are told.
  package func status(lockHolders holders: (LockName) -> [LockHolder]? = { _ in nil }) -> JSON {
    var status = summary()
    status["synchronization"] = synchronizationStatus(holders)
    var progress = Array(repeating: NodeProgress(done: 0, total: 0), count: nodes.count)
    var usage = Array(repeating: ResourceUsage(), count: nodes.count)
    for index in nodes.indices.reversed() {
      if nodes[index].type.countsAsWork {
        let own = nodes[index].shownProgress
        progress[index].done += own.done
        progress[index].total += own.total
      }
      if let own = nodes[index].usage { usage[index] += own }
      guard let around = nodes[index].owner ?? nodes[index].boundary else { continue }
      progress[around].done += progress[index].done
      progress[around].total += progress[index].total
      usage[around] += usage[index]
    }
    var map = JSONObject()
    for index in nodes.indices {
      var node = nodeStatus(index, withChildren: true)
      // A node that works tells its own; the others what is inside them.
      if !nodes[index].type.countsAsWork {
        node["progress"] = .string("\(progress[index])")
        if nodes[index].phase.isFulfilled, !usage[index].isEmpty { node["resourcesDuration"] = usage[index].json }
      }
      map[nodes[index].id] = node
    }
    if !map.isEmpty { status["nodes"] = .object(map) }
    return status
  }

  /// The `status` without nodes: enough for lists, and cheap.
  package func summary() -> JSON {
    var object = JSONObject()
    object["phase"] = .string(header.phase.rawValue)
    // Go writes times that are not known as null, which typed clients of the API take for wrong.
    object["startedAt"] = header.startedAt.map { .string($0.rfc3339) }
    object["finishedAt"] = header.finishedAt.map { .string($0.rfc3339) }
    object["progress"] = .string(progress)
    if let estimate = header.estimatedDuration, estimate > 0 { object["estimatedDuration"] = .int(estimate) }
    object["resourcesDuration"] = resourcesDuration
    if !header.message.isEmpty { object["message"] = .string(header.message) }
    if !header.outputParameters.isEmpty || !header.outputArtifacts.isEmpty {
      var outputs = JSONObject()
      if !header.outputParameters.isEmpty { outputs["parameters"] = .array(header.outputParameters) }
      if !header.outputArtifacts.isEmpty { outputs["artifacts"] = .array(header.outputArtifacts) }
      object["outputs"] = .object(outputs)
    }
    var conditions: [JSON] = []
    if header.startedAt != nil {
      conditions.append(["type": "PodRunning", "status": .string(activePods > 0 && !isFinished ? "True" : "False")])
    }
    if isFinished { conditions.append(["type": "Completed", "status": "True"]) }
    if let error = header.artifactGCError {
      conditions.append(["type": "ArtifactGCError", "status": "True", "message": .string(error)])
    }
    if !header.metricsError.isEmpty {
      conditions.append(["type": "MetricsError", "status": "True", "message": .string(header.metricsError)])
    }
    if !conditions.isEmpty { object["conditions"] = .array(conditions) }
    if !header.claims.isEmpty {
      object["persistentVolumeClaims"] = .array(
        header.claims.map { ["name": .string($0.volume), "persistentVolumeClaim": ["claimName": .string($0.claim)]] })
    }
    if !frozen.specs.isEmpty {
      let used = Set(nodes.lazy.compactMap { $0.template?.key })
      var stored = JSONObject()
      for (scope, spec) in frozen.specs.sorted(by: { $0.key < $1.key }) {
        for template in spec.list("templates") {
          if let name = template["name"]?.string, used.contains("\(scope)/\(name)") { stored["\(scope)/\(name)"] = template }
        }
      }
      if !stored.isEmpty { object["storedTemplates"] = .object(stored) }
    }
    if spec.workflowTemplateRef != nil { object["storedWorkflowTemplateSpec"] = spec.json }
    object["artifactRepositoryRef"] = header.repository.reference
    return .object(object)
  }

  /// The labels that the Workflow object is to have: its phase, and what `workflowMetadata` adds.
  package var objectLabels: [String: String] {
    var labels = header.labels
    labels[ArgoKey.phase] = header.phase == .unknown ? nil : header.phase.rawValue
    labels[ArgoKey.completed] = isFinished ? "true" : "false"
    if let reference = spec.workflowTemplateRef {
      labels[reference.isClusterScoped ? ArgoKey.clusterWorkflowTemplate : ArgoKey.workflowTemplate] = reference.name
    }
    return labels
  }

  package var objectAnnotations: [String: String] {
    var annotations = header.annotations
    annotations[ArgoKey.podNameFormat] = identity.podNameFormat == .v1 ? "v1" : "v2"
    return annotations
  }

  /// One node's Argo `NodeStatus`; nil when there is none of this ID.
  package func node(id: String) -> JSON? { nodes.firstIndex { $0.id == id }.map { nodeStatus($0, withChildren: true) } }

  func nodeStatus(_ index: Int, withChildren: Bool) -> JSON {
    var object = JSONObject(capacity: 20)
    describe(index, withChildren: withChildren, to: &object)
    return .object(object)
  }

  /// The members of a node's status.
  func describe(_ index: Int, withChildren: Bool, to status: inout some JSONMembers & ~Copyable) {
    let type = nodes[index].type
    describeID(index, "id", to: &status)
    status.append("name", string: nodes[index].name)
    let details = nodes[index].detailsBox
    if let name = details?.value.displayName {
      status.append("displayName", string: name)
    } else {
      status.append("displayName", tailOf: nodes[index].name, after: Int(nodes[index].displayStart))
    }
    status.append("type", string: type.rawValue)
    let source = nodes[index].source
    status.append(members: source.members, text: source.membersText)
    status.append("phase", string: nodes[index].phase.rawValue)
    if let boundary = nodes[index].boundary { describeID(boundary, "boundaryID", to: &status) }
    if !nodes[index].message.isEmpty { status.append("message", string: nodes[index].message) }
    nodes[index].startedAt.withRFC3339 { status.append("startedAt", plain: $0) }
    if let finishedAt = nodes[index].finishedAt { finishedAt.withRFC3339 { status.append("finishedAt", plain: $0) } }
    if let estimate = nodes[index].estimatedDuration, estimate > 0 { status.append("estimatedDuration", int: estimate) }
    if type.countsAsWork {
      let progress = (details?.value.progress ?? .unknown).shown(in: nodes[index].phase)
      status.append("progress", string: progress.description)
    }
    status.append("resourcesDuration", nodes[index].keptUsage)
    if let details { status.append("podIP", string: details.value.podIP) }
    if nodes[index].isDaemoned { status.append("daemoned", true) }
    if nodes[index].isHook || nodes[index].isRetried {
      var flag = JSONObject()
      if nodes[index].isHook { flag["hooked"] = true }
      if nodes[index].isRetried { flag["retried"] = true }
      status.append("nodeFlag", .object(flag))
    }
    if let details { status.append("memoizationStatus", details.value.memoization?.json) }
    if let claim = details?.value.claim, claim.stage == .waiting {
      status.append("synchronizationStatus", ["waiting": .string(claim.waitingFor)])
    }
    status.append("inputs", nodes[index].keptInputs)
    status.append("outputs", nodes[index].keptOutputs)
    if withChildren, !nodes[index].children.isEmpty { status.append("children", ids(nodes[index].children)) }
    if let details, !details.value.outbound.isEmpty { status.append("outboundNodes", ids(details.value.outbound)) }
    status.append("hostNodeName", string: nodes[index].hostNodeName)
  }

  /// Adds a node's ID as a member.
  private func describeID(_ index: Int, _ key: StaticString, to members: inout some JSONMembers & ~Copyable) {
    if let id = nodes[index].detailsBox?.value.id {
      members.append(key, string: id)
      return
    }
    guard nodes[index].hasUsualNames else {
      members.append(key, string: nodes[index].name)
      return
    }
    members.append(key, plain: nodes[index].source.idText, number: Int64(nodes[index].hash))
  }

  private func ids(_ members: some Collection<Int>) -> JSON {
    var result: [JSON] = []
    result.reserveCapacity(members.count)
    for member in members { result.append(.string(id(of: member))) }
    return .array(result)
  }

  /// The `status` of a stored run, composed from its rows.
  package static func status(of row: RunRow, nodes: [NodeRow]) throws(RunRestoreError) -> JSON {
    try RunState(restoring: row, nodes: nodes).status()
  }
}
