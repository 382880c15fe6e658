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
    case .adjust: return nil
    case .resume(nil, _):
      for node in nodes.indices where isWaiting(node) { if let problem = resumeProblem(node) { return problem } }
      return nil
    case .stop(_, let selector?), .resume(let selector?, _):
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

  /// Whether the node of this number is suspended now.
  package func isSuspended(at index: Int) -> Bool { nodes.indices.contains(index) && isWaiting(index) }

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
    case .resume(nil, let user):
      for node in nodes.indices where isWaiting(node) {
        let message = nodes[node].message
        note(node, .resumed, user)
        // As the original joins it with the word about who resumed, which may be empty.
        resume(node, message: message.isEmpty ? user : message + "; " + user)
      }
      if header.isSuspended {
        header.isSuspended = false
        isHeaderChanged = true
        if nodes.isEmpty, header.startedAt != nil { startRoot() }
        restartQueues()
      }
    case .resume(let selector?, let user):
      for node in matches(selector) {
        note(node, .resumed, user)
        resume(node, message: user)
      }
    case .adjust(let limits): adjust(limits)
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

  /// The limits that the run's own specification sets.
  package var limits: RunLimitEdit { RunLimitEdit(spec: spec.json) }
  /// It runs what its own specification says, not a template's.
  package var hasOwnSpecification: Bool { spec.workflowTemplateRef == nil }

  private mutating func adjust(_ new: RunLimitEdit) {
    guard new != limits else { return }
    isHeaderChanged = true
    var json = spec.json
    json["parallelism"] = new.parallelism.map { .int($0) }
    json["activeDeadlineSeconds"] = new.activeDeadlineSeconds.map { .int($0) }
    spec = WorkflowSpec(json)
    if let deadline = workflowDeadline {
      if !header.isDeadlinePassed { setTimer(.deadline, at: deadline) }
    } else {
      cancelTimer(.deadline)
    }
    stack.append(.release(boundary: nil))
  }

  /// Tries again to start everything that waits: after a suspension and after a restart.
  mutating func restartQueues() {
    stack.append(.finishWorkflow)
    for node in nodes.indices.reversed() where !nodes[node].phase.isFulfilled || !nodes[node].counts.pendingHooks.isEmpty {
      let counts = nodes[node].counts
      if !counts.pending.isEmpty, isBeingEnded || !counts.isQueued { stack.append(.pump(QueueEntry(units: node))) }
      if !counts.pendingHooks.isEmpty, isBeingEnded || !counts.areHooksQueued { stack.append(.pump(QueueEntry(hooks: node))) }
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
