import ArgoModel
import Basics
import JSONValue
import KubeModel

/// What the agent tells of a task: Argo's `NodeResult` (spec 4.7).
package struct TaskObservation: Sendable, Hashable {
  package var nodeID: String
  package var phase: NodePhase
  package var message: String
  /// `result`, `parameters`, `artifacts`; null when there are none.
  package var outputs: JSON

  package init(nodeID: String, phase: NodePhase, message: String = "", outputs: JSON = .null) {
    self.nodeID = nodeID
    self.phase = phase
    self.message = message
    self.outputs = outputs
  }

  /// Reads a member of a WorkflowTaskSet's `status.nodes`. A phase that is none makes the node an Error, so that it does not wait for ever.
  package init(nodeID: String, result: JSON) {
    let text = result["phase"]?.string ?? ""
    guard let phase = NodePhase(rawValue: text) else {
      self.init(nodeID: nodeID, phase: .error, message: "the agent reported the phase \(JSON.string(text).text()), which there is none of")
      return
    }
    self.init(nodeID: nodeID, phase: phase, message: result.text("message") ?? "", outputs: result.present("outputs") ?? .null)
  }
}

/// HTTP and Plugin nodes: no pods, but tasks that an agent carries out (spec 1.8, 4.7). The WorkflowTaskSet object of a node is committed with
/// the node's row and removed with the row of its end.
extension RunState {
  mutating func beginTask(_ node: Int, _ template: CompiledTemplate, _ leaf: Frame) {
    if let shutdown = header.shutdown, shutdown == .terminate || !nodes[node].isOnExit {
      setPhase(node, .failed, "Stopped with strategy '\(shutdown.rawValue)'")
      return
    }
    if header.isDeadlinePassed || isDeadlineDue, !nodes[node].isOnExit {
      setPhase(node, .failed, "Step exceeded its deadline")
      return
    }
    do throws(RunFailure) {
      let task = try makeTask(node, template, leaf)
      let timeout = try pendingDeadline(node, template, leaf)
      nodes[node].hasTask = true
      nodeByTask[nodes[node].id] = node
      effects.append(.createTask(task))
      if let timeout {
        nodes[node].wakeAt = timeout
        setTimer(.node(node), at: timeout)
      }
    } catch {
      raise(node, error)
    }
  }

  /// The object that hands the node's template, with tags replaced, to the agent. Unlike Argo's it holds one task only, so that the work for a
  /// node does not grow with the run. `spec.executorPlugins` are the workflow's own plugins, which Argo's controller puts into the agent's pod.
  private func makeTask(_ node: Int, _ template: CompiledTemplate, _ leaf: Frame) throws(RunFailure) -> Resource {
    var leaf = leaf
    leaf.inputs = nodes[node].inputs ?? .object([:])
    var body = try evaluate(template.body, leaf, isStrict: false)
    body["inputs"] = nodes[node].inputs ?? .object([:])
    for field in ["outputs", "metadata"] where body.present(field) == nil { body[field] = .object([:]) }
    var spec: JSONObject = ["tasks": .object([nodes[node].id: body])]
    spec["executorPlugins"] = workflowField("executorPlugins")
    return Resource(
      .workflowTaskSet,
      json: [
        "metadata": [
          "name": .string(nodes[node].id), "namespace": .string(namespace), "labels": [ArgoKey.workflow: .string(name)],
          "annotations": [ArgoKey.nodeName: .string(nodes[node].name)],
          "ownerReferences": [ownerReference],
        ], "spec": .object(spec),
      ])
  }

  mutating func observe(_ task: TaskObservation) {
    guard !isFinished, let node = nodeByTask[task.nodeID], !nodes[node].phase.isFulfilled else { return }
    let outputs = task.outputs.isNull ? nil : task.outputs
    if nodes[node].outputs != outputs {
      nodes[node].outputs = outputs
      changedNodes.insert(node)
    }
    guard nodes[node].phase == .pending, task.phase == .running else {
      // Nothing that runs waits again.
      setPhase(node, task.phase == .pending ? nodes[node].phase : task.phase, task.message)
      return
    }
    // What runs is not limited by `timeout` any more, and hooks on Running get their chance.
    cancelTimer(.node(node))
    nodes[node].wakeAt = nil
    nodes[node].hasRun = true
    setPhase(node, .running, task.message)
    if case .attempt = nodes[node].origin, let retry = nodes[node].owner { stack.append(.unit(retry)) } else { stack.append(.unit(node)) }
  }

  /// Somebody removed the task of a node that waits for it.
  mutating func loseTask(_ nodeID: String) {
    guard !isFinished, let node = nodeByTask[nodeID], !nodes[node].phase.isFulfilled else { return }
    setPhase(node, .error, "task deleted")
  }

  /// Takes a node's task back: it has ended, or nobody waits for it.
  mutating func endTask(_ node: Int) {
    guard nodes[node].hasTask else { return }
    nodes[node].hasTask = false
    nodeByTask[nodes[node].id] = nil
    changedNodes.insert(node)
    effects.append(.deleteTask(name: nodes[node].id))
  }
}
