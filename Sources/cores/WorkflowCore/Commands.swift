import ArgoModel
import Basics
import JSONValue

/// What users ask for, and the workflow's deadline (spec 2.10-2.12).
extension RunState {
  /// Why a command cannot be carried out now, in Argo's words; nil when it can.
  package func refusal(of command: RunCommand) -> String? {
    switch command {
    case .stop(_, nil), .terminate:
      guard isFinished else { return nil }
      return "cannot shutdown a completed workflow: workflow: \(JSON.string(name).text()), namespace: \(JSON.string(namespace).text())"
    case .suspend: return isFinished ? "cannot suspend completed workflows" : nil
    case .resume(nil):
      for node in nodes.indices where isWaiting(node) { if let problem = resumeProblem(node) { return problem } }
      return nil
    case .stop(_, let selector?), .resume(let selector?):
      let matching = matches(selector)
      if matching.isEmpty { return noMatch(selector) }
      if case .resume = command { for node in matching { if let problem = resumeProblem(node) { return problem } } }
      return nil
    case .set(let selector, let parameters, let message, let phase):
      let matching = matches(selector)
      // Argo says the same of a change that sets nothing.
      if (message ?? "").isEmpty, (phase ?? "").isEmpty, parameters.isEmpty { return noMatch(selector) }
      if matching.isEmpty { return noMatch(selector) }
      if let phase, !["", "Succeeded", "Failed", "Error", "Skipped"].contains(phase) { return "\(phase) is an invalid phase to set to" }
      for node in matching {
        if !parameters.isEmpty, nodes[node].outputs == nil {
          return "cannot set output parameters because node is not expecting any raw parameters"
        }
        for name in parameters.keys.sorted() {
          guard let declared = nodes[node].outputs?.list("parameters").first(where: { $0["name"]?.string == name }) else {
            return "node is not expecting output parameter '\(name)'"
          }
          if declared.at("valueFrom", "supplied") == nil {
            return "cannot set output parameter '\(name)' because it does not use valueFrom.raw or it was already set"
          }
        }
      }
      return nil
    }
  }

  private func noMatch(_ selector: NodeSelector) -> String {
    "currently, set only targets suspend nodes: no suspend nodes matching nodeFieldSelector: \(selector.text)"
  }

  private func resumeProblem(_ node: Int) -> String? {
    do throws(RunFailure) {
      _ = try suppliedOutputs(node)
      return nil
    } catch {
      return error.message
    }
  }

  private func isWaiting(_ node: Int) -> Bool { nodes[node].type == .suspend && nodes[node].phase == .running }

  private func matches(_ selector: NodeSelector) -> [Int] {
    nodes.indices.filter { isWaiting($0) && matches(selector, $0) }
  }

  mutating func obey(_ command: RunCommand) {
    guard !isFinished, refusal(of: command) == nil else { return }
    switch command {
    case .stop(_, nil): shutDown(.stop)
    case .terminate: shutDown(.terminate)
    case .stop(let message, let selector?): for node in matches(selector) { setPhase(node, .failed, message ?? "") }
    case .suspend:
      guard !header.isSuspended else { return }
      header.isSuspended = true
      isHeaderChanged = true
    case .resume(nil):
      for node in nodes.indices where isWaiting(node) {
        let message = nodes[node].message
        resume(node)
        // As the original joins it with the (empty) word about who resumed.
        if !message.isEmpty, nodes[node].phase == .succeeded { setPhase(node, .succeeded, message + "; ") }
      }
      if header.isSuspended {
        header.isSuspended = false
        isHeaderChanged = true
        if nodes.isEmpty, header.startedAt != nil { startRoot() }
        restartQueues()
      }
    case .resume(let selector?): for node in matches(selector) { resume(node) }
    case .set(let selector, let parameters, let message, let phase):
      for node in matches(selector) { set(node, parameters, message, phase.flatMap(NodePhase.init(rawValue:))) }
    }
  }

  private mutating func set(_ node: Int, _ values: [String: String], _ message: String?, _ phase: NodePhase?) {
    if case .object(var outputs)? = nodes[node].outputs, case .array(var parameters)? = outputs["parameters"], !values.isEmpty {
      for place in parameters.indices {
        guard let name = parameters[place]["name"]?.string, let value = values[name] else { continue }
        parameters[place]["value"] = .string(value)
        parameters[place]["valueFrom"] = nil
      }
      outputs["parameters"] = .array(parameters)
      nodes[node].outputs = .object(outputs)
      changedNodes.insert(node)
      liftGlobals(node)
    }
    if let message, !message.isEmpty { setPhase(node, nodes[node].phase, message) }
    if let phase, phase.isFulfilled { setPhase(node, phase) }
  }

  /// Tries again to start everything that waits: after a suspension and after a restart.
  mutating func restartQueues() {
    stack.append(.finishWorkflow)
    for node in nodes.indices.reversed() where !nodes[node].phase.isFulfilled || !nodes[node].counts.pendingHooks.isEmpty {
      if !nodes[node].counts.pending.isEmpty, !nodes[node].counts.isQueued { stack.append(.pump(QueueEntry(units: node))) }
      if !nodes[node].counts.pendingHooks.isEmpty, !nodes[node].counts.areHooksQueued { stack.append(.pump(QueueEntry(hooks: node))) }
    }
  }

  private mutating func shutDown(_ strategy: WorkflowSpec.Shutdown) {
    guard header.shutdown != .terminate, header.shutdown != strategy else { return }
    header.shutdown = strategy
    header.isSuspended = false
    isHeaderChanged = true
    guard header.startedAt != nil, !nodes.isEmpty else {
      complete(.failed, "Stopped with strategy '\(strategy.rawValue)'")
      return
    }
    let message = "Stopped with strategy '\(strategy.rawValue)'"
    endOpen(sparingExit: strategy == .stop, message, ofPods: "workflow shutdown with strategy:  \(strategy.rawValue)")
  }

  mutating func checkDeadline() {
    guard isDeadlineDue else { return }
    header.isDeadlinePassed = true
    isHeaderChanged = true
    cancelTimer(.deadline)
    endOpen(sparingExit: true, "Step exceeded its deadline", ofPods: "Step exceeded its deadline")
  }

  /// Ends what is open, but daemons, and what belongs to exit handlers where they are spared.
  private mutating func endOpen(sparingExit: Bool, _ message: String, ofPods podMessage: String) {
    for node in nodes.indices where !nodes[node].phase.isFulfilled && !(sparingExit && nodes[node].isOnExit) {
      if nodes[node].isHeldBack {
        setPhase(node, .failed, message)
        continue
      }
      switch nodes[node].type {
      case .pod where !nodes[node].isDaemoned:
        stopPod(node)
        failContainers(node, podMessage)
        setPhase(node, .failed, podMessage)
      case .suspend, .http, .plugin: setPhase(node, .failed, message)
      case .retry:
        if let last = nodes[node].counts.attempts.last, nodes[last].phase.isFulfilled {
          cancelTimer(.node(node))
          decideRetry(node)
        }
      default: break
      }
    }
    restartQueues()
  }
}
