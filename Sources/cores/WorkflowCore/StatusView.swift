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
    object["startedAt"] = header.startedAt.map { .string($0.rfc3339) } ?? .null
    object["finishedAt"] = header.finishedAt.map { .string($0.rfc3339) } ?? .null
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
    let node = nodes[index]
    var object = JSONObject()
    object["id"] = .string(node.id)
    object["name"] = .string(node.name)
    object["displayName"] = .string(node.displayName)
    object["type"] = .string(node.type.rawValue)
    if !node.templateName.isEmpty { object["templateName"] = .string(node.templateName) }
    object["templateRef"] = node.templateRef
    if !node.scope.isEmpty { object["templateScope"] = .string(node.scope) }
    object["phase"] = .string(node.phase.rawValue)
    object["boundaryID"] = node.boundary.map { .string(nodes[$0].id) }
    if !node.message.isEmpty { object["message"] = .string(node.message) }
    object["startedAt"] = .string(node.startedAt.rfc3339)
    object["finishedAt"] = node.finishedAt.map { .string($0.rfc3339) } ?? .null
    if let estimate = node.estimatedDuration, estimate > 0 { object["estimatedDuration"] = .int(estimate) }
    if node.type.countsAsWork { object["progress"] = .string("\(node.shownProgress)") }
    object["resourcesDuration"] = node.usage?.json
    object["podIP"] = node.podIP.map { .string($0) }
    if node.isDaemoned { object["daemoned"] = true }
    if node.isHook || node.isRetried {
      var flag = JSONObject()
      if node.isHook { flag["hooked"] = true }
      if node.isRetried { flag["retried"] = true }
      object["nodeFlag"] = .object(flag)
    }
    object["memoizationStatus"] = node.memoization?.json
    if let claim = node.claim, claim.stage == .waiting { object["synchronizationStatus"] = ["waiting": .string(claim.waitingFor)] }
    object["inputs"] = node.inputs
    object["outputs"] = node.outputs
    if withChildren, !node.children.isEmpty { object["children"] = .array(node.children.map { .string(nodes[$0].id) }) }
    if !node.outbound.isEmpty { object["outboundNodes"] = .array(node.outbound.map { .string(nodes[$0].id) }) }
    object["hostNodeName"] = node.hostNodeName.map { .string($0) }
    return .object(object)
  }

  /// The `status` of a stored run, composed from its rows.
  package static func status(of row: RunRow, nodes: [NodeRow]) throws(RunRestoreError) -> JSON {
    try RunState(restoring: row, nodes: nodes).status()
  }
}
