import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import Templating

/// What pods tell, and suspended nodes.
extension RunState {
  mutating func observe(_ pod: PodObservation) {
    guard let node = self.node(ofPod: pod.podName) else { return }
    if nodes[node].isStopping, pod.phase == .succeeded || pod.phase == .failed {
      nodes[node].isStopping = false
      changedNodes.insert(node)
    }
    guard !isFinished, !nodes[node].phase.isFulfilled else { return }
    if let progress = pod.progress { setProgress(node, progress) }
    switch pod.phase {
    case .pending:
      guard nodes[node].phase == .pending, nodes[node].message != pod.message else { return }
      nodes[node].message = pod.message
      changedNodes.insert(node)
      if !pod.message.isEmpty { note(node, .waits, pod.message) }
    case .running: running(node, pod)
    case .succeeded, .failed:
      // A short pod may end before it was ever seen running; hooks on Running get their chance.
      if !nodes[node].hasRun, pod.startedAt != nil || pod.exitCode != nil, nodes[node].template?.template.isDaemon != true {
        running(node, pod)
        drain()
        guard !isFinished, !nodes[node].phase.isFulfilled else { return }
      }
      end(node, pod)
    }
  }

  private mutating func running(_ node: Int, _ pod: PodObservation) {
    if nodes[node].template?.template.isDaemon == true {
      guard pod.isReady, !nodes[node].isDaemoned else { return }
      setDaemoned(node, true)
      if let address = pod.podIP { nodes[node].details.podIP = address }
      releaseLocks(node)
      if let boundary = nodes[node].boundary { nodes[boundary].counts.daemons.append(node) }
      if isBeingEnded {
        // It has left its places to what waits for them.
        stack.append(.release(boundary: nil))
        if let boundary = nodes[node].boundary { stack.append(.release(boundary: boundary)) }
      }
    } else if nodes[node].hasRun {
      updateContainers(node, pod)
      return
    }
    nodes[node].hasRun = true
    nodes[node].hostNodeName = pod.hostNodeName ?? nodes[node].hostNodeName
    changedNodes.insert(node)
    cancelTimer(.node(node))
    nodes[node].wakeAt = nil
    noteBegin(node)
    setPhase(node, .running, pod.message)
    updateContainers(node, pod)
    if nodes[node].isDaemoned, nodes[node].origin.isUnit { emitMetrics(ofNode: node) }
    if case .attempt = nodes[node].origin, let retry = nodes[node].owner {
      if nodes[node].isDaemoned { attemptEnded(retry, node) } else { stack.append(.unit(retry)) }
    } else {
      stack.append(.unit(node))
    }
  }

  private mutating func end(_ node: Int, _ pod: PodObservation) {
    nodes[node].hostNodeName = pod.hostNodeName ?? nodes[node].hostNodeName
    let declared = nodes[node].detailsBox?.value.declaredOutputs
    let outputs = merged(pod, declared: declared)
    nodes[node].outputs = outputs
    noteArtifactGC(outputs)
    if declared != nil { nodes[node].details.declaredOutputs = nil }
    nodes[node].finishedAt = pod.finishedAt.map { min($0, now) } ?? now
    if let finishedAt = nodes[node].finishedAt, finishedAt < nodes[node].startedAt { nodes[node].finishedAt = nodes[node].startedAt }
    setDaemoned(node, false)
    if let usage = pod.usage {
      nodes[node].keptUsage = KeptValue(usage.json).packed(&recentTexts)
      totalUsage += usage
    }
    changedNodes.insert(node)
    updateContainers(node, pod)
    if pod.phase == .succeeded, let problem = cacheProblem(node) {
      setPhase(node, .error, problem)
    } else if pod.phase == .succeeded {
      setPhase(node, nodes[node].template?.template.isDaemon == true ? .failed : .succeeded, pod.message)
    } else {
      setPhase(node, pod.isInfrastructureError ? .error : .failed, pod.message)
    }
  }

  /// Reported outputs over those declared; a parameter that was not reported has its default. One that is declared with a plain value and
  /// no file to read has that value however its containers ended, as Argo's executor reports it.
  private func merged(_ pod: PodObservation, declared: JSON?) -> JSON? {
    var outputs = JSONObject()
    let parameters = merged(pod, declared: declared, "parameters")
    if !parameters.isEmpty { outputs["parameters"] = .array(parameters) }
    let artifacts = merged(pod, declared: declared, "artifacts")
    if !artifacts.isEmpty { outputs["artifacts"] = .array(artifacts) }
    if let result = pod.outputs["result"]?.string { outputs["result"] = .string(result) }
    if let exitCode = pod.exitCode { outputs["exitCode"] = .string(String(exitCode)) }
    return outputs.isEmpty ? nil : .object(outputs)
  }

  /// One list of these. A method, since a function within one copies the whole state.
  private func merged(_ pod: PodObservation, declared: JSON?, _ field: String) -> [JSON] {
    var reported = pod.outputs.list(field)
    if field == "artifacts" { for place in reported.indices { reported[place] = shortened(reported[place]) } }
    if reported.isEmpty, declared == nil { return [] }
    var result: [JSON] = []
    for item in declared?.list(field) ?? [] {
      let name = item["name"]
      if let found = reported.first(where: { $0["name"] == name }) {
        result.append(SpecMerge.merge(found, over: item))
      } else if field == "parameters", pod.phase == .succeeded, let fallback = item.at("valueFrom", "default")?.anyString {
        var item = item
        item["value"] = .string(fallback)
        result.append(item)
      } else if field == "parameters", pod.phase == .succeeded || pod.exitCode != nil, item.at("valueFrom", "path") == nil,
        let value = item.present("value")?.anyString
      {
        var item = item
        item["value"] = .string(value)
        result.append(item)
      }
    }
    result += reported.filter { item in !result.contains { $0["name"] == item["name"] } }
    return result
  }

  /// What a step says of its progress (spec 2.20).
  mutating func setProgress(_ node: Int, _ progress: NodeProgress) {
    guard nodes[node].type.countsAsWork, nodes[node].details.progress != progress else { return }
    count(node, -1)
    nodes[node].details.progress = progress
    count(node, 1)
    changedNodes.insert(node)
  }

  /// The nodes of a container set's containers.
  private mutating func updateContainers(_ node: Int, _ pod: PodObservation) {
    guard nodes[node].template?.template.body == .containerSet else { return }
    for (name, container) in pod.containers.sorted(by: { $0.key < $1.key }) {
      guard let child = self.node(named: NodeNames.container(nodes[node].name, name)), !nodes[child].phase.isFulfilled else { continue }
      if let code = container.exitCode {
        let message = "\(name): \(container.reason) (exit code \(code)): \(container.message)"
        setPhase(child, code == 0 ? .succeeded : code == 64 ? .error : .failed, code == 0 ? nil : message)
      } else if pod.phase == .failed {
        setPhase(child, .failed, "Pod Failed whilst container running")
      } else if container.isRunning {
        setPhase(child, .running)
      }
    }
    guard pod.phase == .succeeded || pod.phase == .failed else { return }
    failContainers(node, "Pod Failed whilst container running", phase: pod.phase == .succeeded ? .succeeded : .failed)
  }

  func containers(of node: Int) -> [Int] {
    guard nodes[node].template?.template.body == .containerSet else { return [] }
    let names = nodes[node].template?.template.json.at("containerSet", "containers")?.array?.compactMap { $0["name"]?.string } ?? []
    return names.compactMap { self.node(named: NodeNames.container(nodes[node].name, $0)) }
  }

  mutating func failContainers(_ node: Int, _ message: String, phase: NodePhase = .failed) {
    for child in containers(of: node) where !nodes[child].phase.isFulfilled { setPhase(child, phase, phase == .succeeded ? nil : message) }
  }

  mutating func lose(_ podName: String) {
    guard let node = self.node(ofPod: podName) else { return }
    if nodes[node].isStopping {
      nodes[node].isStopping = false
      changedNodes.insert(node)
    }
    guard !isFinished, !nodes[node].phase.isFulfilled else { return }
    setDaemoned(node, false)
    failContainers(node, "container deleted", phase: .error)
    setPhase(node, .error, "pod deleted")
  }

  mutating func stopPod(_ node: Int) {
    guard let pod = nodes[node].podName, !nodes[node].isStopping else { return }
    nodes[node].isStopping = true
    changedNodes.insert(node)
    effects.append(.stopPod(name: pod, immediately: false))
  }

  private mutating func setDaemoned(_ node: Int, _ isDaemoned: Bool) {
    count(node, -1)
    nodes[node].isDaemoned = isDaemoned
    count(node, 1)
  }

  mutating func killDaemon(_ node: Int) {
    guard nodes[node].isDaemoned else { return }
    setDaemoned(node, false)
    if nodes[node].type == .pod { stopPod(node) }
    changedNodes.insert(node)
    if !nodes[node].phase.isFulfilled { setPhase(node, .succeeded) }
    if case .attempt = nodes[node].origin, let retry = nodes[node].owner, nodes[retry].isDaemoned {
      nodes[retry].isDaemoned = false
      if !nodes[retry].phase.isFulfilled { setPhase(retry, .succeeded) }
    }
  }

  mutating func fire(_ timer: TimerID) {
    guard let at = timers[timer], now >= at else { return }
    forget(timer)
    if timer == .deadline {
      isHeaderChanged = true
      checkDeadline()
      return
    }
    guard let node = timer.node, nodes.indices.contains(node) else { return }
    nodes[node].wakeAt = nil
    changedNodes.insert(node)
    guard !nodes[node].phase.isFulfilled else { return }
    if nodes[node].isHeldBack {
      nodes[node].isTimedOut = true
      setPhase(node, .failed, "timeout")
      return
    }
    switch nodes[node].type {
    case .suspend:
      note(node, .resumed, "its duration was over")
      resume(node)
    case .retry: decideRetry(node)
    case .http, .plugin:
      guard nodes[node].phase == .pending else { return }
      nodes[node].isTimedOut = true
      setPhase(node, .failed, "timeout")
    case .pod:
      guard nodes[node].phase == .pending else { return }
      nodes[node].isTimedOut = true
      stopPod(node)
      failContainers(node, "timeout")
      setPhase(node, .failed, "timeout")
    default: break
    }
  }

  // MARK: Suspended nodes

  mutating func beginSuspend(_ node: Int, _ template: CompiledTemplate, _ leaf: Frame) {
    if let shutdown = header.shutdown, shutdown == .terminate || !nodes[node].isOnExit {
      setPhase(node, .failed, "Stopped with strategy '\(shutdown.rawValue)'")
      return
    }
    if header.isDeadlinePassed, !nodes[node].isOnExit {
      setPhase(node, .failed, "Step exceeded its deadline")
      return
    }
    do throws(RunFailure) {
      let body = try evaluate(template.body, leaf, isStrict: false)
      var parameters: [JSON] = []
      for parameter in body.at("outputs", "parameters")?.array ?? [] where parameter.at("valueFrom", "supplied") != nil {
        var parameter = parameter
        if parameter.at("valueFrom", "default") == nil,
          let input = nodes[node].inputs?.list("parameters").first(where: { $0["name"] == parameter["name"] }),
          let fallback = input.present("default")
        {
          var valueFrom = parameter["valueFrom"] ?? .object([:])
          valueFrom["default"] = fallback
          parameter["valueFrom"] = valueFrom
        }
        parameters.append(parameter)
      }
      if !parameters.isEmpty { nodes[node].outputs = ["parameters": .array(parameters)] }
      copyChoices(node)
      guard let text = template.suspendDuration else { return }
      let duration = try evaluate(text, leaf, isStrict: false)
      guard let span = parseDuration(duration) else { throw RunFailure("unable to parse \(duration) as a duration") }
      let until = nodes[node].startedAt + span
      nodes[node].wakeAt = until
      setTimer(.node(node), at: until)
    } catch {
      raise(node, error)
    }
  }

  /// An input whose value is a parameter written as JSON hands its choices on, for forms.
  private mutating func copyChoices(_ node: Int) {
    guard case .object(var inputs)? = nodes[node].inputs, case .array(var parameters)? = inputs["parameters"] else { return }
    var isChanged = false
    for (place, parameter) in parameters.enumerated() {
      guard let value = parameter["value"]?.string, value.hasPrefix("{"), let parsed = try? JSON.parse(value),
        let choices = parsed["enum"]?.array, let first = choices.first
      else { continue }
      parameters[place]["enum"] = .array(choices)
      if parameter.present("default") == nil { parameters[place]["default"] = first }
      isChanged = true
    }
    guard isChanged else { return }
    inputs["parameters"] = .array(parameters)
    nodes[node].inputs = .object(inputs)
  }

  /// Lets a suspended node succeed, if its outputs allow. An empty message leaves the node's own.
  mutating func resume(_ node: Int, message: String = "") {
    do throws(RunFailure) {
      nodes[node].outputs = try suppliedOutputs(node)
      if message.isEmpty { setPhase(node, .succeeded) } else { setPhase(node, .succeeded, message) }
    } catch {
      raise(node, error)
    }
  }

  func suppliedOutputs(_ node: Int) throws(RunFailure) -> JSON? {
    guard var outputs = nodes[node].outputs, case .array(var parameters)? = outputs["parameters"] else { return nodes[node].outputs }
    for (place, parameter) in parameters.enumerated() where parameter.present("value") == nil {
      guard let fallback = parameter.at("valueFrom", "default")?.anyString else {
        throw RunFailure(
          "raw output parameter '\(parameter["name"]?.string ?? "")' has not been set and does not have a default value")
      }
      parameters[place]["value"] = .string(fallback)
    }
    for place in parameters.indices { parameters[place]["valueFrom"] = nil }
    outputs["parameters"] = .array(parameters)
    return outputs
  }
}
