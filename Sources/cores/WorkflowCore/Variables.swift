import ArgoModel
import Basics
import JSONValue
import Templating

extension RunState {
  /// The value of a simple tag in a frame (spec section 3.3).
  func value(_ name: String, _ frame: Frame) -> TagValue {
    if let text = frame.locals[name] { return .text(text) }
    let found = ownValue(name, frame)
    if found != .unknown { return found }
    // What an inline template does not know itself comes from around the step it is written in.
    var outer = frame.outer
    if outer == nil, let boundary = frame.boundary { outer = outerFrame(of: boundary) }
    var levels = 0
    while let next = outer, levels < world.limits.templateDepth {
      let found = ownValue(name, Frame(boundary: next.boundary, item: next.item))
      if found != .unknown { return found }
      outer = outerFrame(of: next.boundary)
      levels += 1
    }
    return .unknown
  }

  private func outerFrame(of boundary: Int) -> Frame.OuterFrame? {
    guard nodes[boundary].template?.isInline == true, let outer = nodes[boundary].boundary else { return nil }
    return Frame.OuterFrame(boundary: outer, item: nodes[boundary].details.item)
  }

  private func ownValue(_ name: String, _ frame: Frame) -> TagValue {
    guard let dot = name.utf8.firstIndex(of: UInt8(ascii: ".")) else {
      if name == "item", let item = frame.item { return .text(LoopItem.text(item)) }
      if name == "retries", let boundary = frame.boundary, case .attempt(let number) = nodes[boundary].origin {
        return .text(String(number))
      }
      return .unknown
    }
    let rest = String(name[name.index(after: dot)...])
    switch name[..<dot] {
    case "item":
      guard let value = frame.item?.object?[rest] else { return .unknown }
      return .text(LoopItem.printed(value))
    case "inputs":
      guard let inputs = frame.inputs ?? frame.boundary.flatMap({ nodes[$0].inputs }) else { return .unknown }
      if rest == "parameters" { return .text((inputs["parameters"] ?? .array([])).text(.go)) }
      guard rest.hasPrefix("parameters.") else { return .unknown }
      let wanted = rest.dropFirst("parameters.".count)
      for parameter in inputs.list("parameters") where parameter["name"]?.string.map({ $0 == wanted }) ?? false {
        return parameter.present("value")?.anyString.map { .text($0) } ?? .unknown
      }
      return .unknown
    case "steps", "tasks":
      guard let second = rest.firstIndex(of: ".") else {
        guard rest == "name", let boundary = frame.boundary else { return .unknown }
        return callerNames(of: boundary)[name].map { .text($0) } ?? .unknown
      }
      return stepValue(String(rest[..<second]), field: String(rest[rest.index(after: second)...]), String(name[..<dot]), frame)
    case "workflow": return workflowValue(rest)
    case "lastRetry":
      guard let boundary = frame.boundary, case .attempt = nodes[boundary].origin else { return .unknown }
      return nodes[boundary].details.lastRetry?[rest]?.string.map { .text($0) } ?? .unknown
    case "node":
      // Of an attempt it is the name of the Retry node.
      guard rest == "name", let boundary = frame.boundary else { return .unknown }
      if case .attempt = nodes[boundary].origin, let retry = nodes[boundary].owner { return .text(nodes[retry].name) }
      return .text(nodes[boundary].name)
    default: return .unknown
    }
  }

  // MARK: Steps and tasks

  /// The node that stands for a step or task; of a loop in steps the group.
  private func node(ofStep name: String, _ frame: Frame) -> Int? {
    if let own = frame.own, own.name == name { return own.node }
    guard let boundary = frame.boundary, let template = nodes[boundary].template, let position = template.positions[name] else {
      return nil
    }
    if template.isDAG {
      guard let index = nodes[boundary].counts.dag?.node[position.place], index >= 0 else { return nil }
      return Int(index)
    }
    let group = NodeNames.stepGroup(nodes[boundary].name, position.group)
    if let index = self.node(named: NodeNames.step(group, name)) { return index }
    guard let index = self.node(named: group), nodes[index].phase.isFulfilled else { return nil }
    return index
  }

  private func compiledStep(_ name: String, _ frame: Frame) -> CompiledStep? {
    guard let boundary = frame.boundary, let template = nodes[boundary].template, let position = template.positions[name] else {
      return nil
    }
    return template.isDAG ? template.tasks[position.place] : template.groups[position.group][position.place]
  }

  func aggregate(ofStep name: String, node: Int, _ frame: Frame) -> Aggregate? {
    switch nodes[node].type {
    case .taskGroup: return nodes[node].counts.aggregates[0]
    case .stepGroup:
      guard let boundary = frame.boundary, let place = nodes[boundary].template?.positions[name]?.place else { return nil }
      return nodes[node].counts.aggregates[place]
    default: return nil
    }
  }

  private func stepValue(_ step: String, field: String, _ root: String, _ frame: Frame) -> TagValue {
    if field.isEmpty { return .unknown }
    guard let node = node(ofStep: step, frame) else { return .unknown }
    let last = lastAttempt(node)
    switch field {
    case "id": return .text(nodes[last].id)
    case "status": return .text(nodes[frame.own?.node == node ? node : last].phase.rawValue)
    case "startedAt": return .text(nodes[last].startedAt.rfc3339)
    case "finishedAt": return nodes[last].finishedAt.map { .text($0.rfc3339) } ?? .unknown
    case "ip": return nodes[last].details.podIP.map { .text($0) } ?? .unknown
    case "hostNodeName": return nodes[last].hostNodeName.map { .text($0) } ?? (nodes[last].hasRun ? .text("localhost") : .unknown)
    case "exitCode": return nodes[last].outputs?["exitCode"]?.string.map { .text($0) } ?? .unknown
    default: break
    }
    guard field.hasPrefix("outputs.") else { return .unknown }
    if let aggregate = aggregate(ofStep: step, node: node, frame), aggregate.problem == nil {
      switch field {
      case "outputs.result": return .text(aggregate.result)
      case "outputs.parameters": return .text(aggregate.parameters)
      default:
        guard field.hasPrefix("outputs.parameters.") else { return .unknown }
        return aggregate.byName[String(field.dropFirst("outputs.parameters.".count))].map { .text($0) } ?? .unknown
      }
    }
    if field == "outputs.result" { return nodes[last].outputs?["result"]?.string.map { .text($0) } ?? .unknown }
    guard field.hasPrefix("outputs.parameters.") else { return .unknown }
    let wanted = String(field.dropFirst("outputs.parameters.".count))
    if let outputs = nodes[last].outputs {
      for parameter in outputs.list("parameters") where parameter["name"]?.string == wanted {
        return parameter.present("value")?.anyString.map { .text($0) } ?? .unknown
      }
      return .unknown
    }
    return skippedOutput(step, node: node, parameter: wanted, frame)
  }

  /// The declared default of a skipped producer's output, or its absence (spec 3.5).
  private func skippedOutput(_ step: String, node: Int, parameter wanted: String, _ frame: Frame) -> TagValue {
    guard nodes[node].phase == .skipped || nodes[node].phase == .omitted, let template = skippedTemplate(step, frame),
      let parameter = template.outputs.parameters.first(where: { $0.name == wanted })
    else { return .unknown }
    return parameter.valueFrom?.defaultValue.map { .text($0) } ?? .absent
  }

  private func skippedTemplate(_ step: String, _ frame: Frame) -> Template? {
    guard let compiled = compiledStep(step, frame), let boundary = frame.boundary, let scope = nodes[boundary].template?.scope else {
      return nil
    }
    return try? findTemplate(compiled.reference, frame, scope: scope).template
  }

  func stepNames(_ root: String, _ frame: Frame) -> [String] {
    guard let boundary = frame.boundary, let template = nodes[boundary].template, template.isDAG == (root == "tasks") else { return [] }
    return template.positions.keys.sorted()
  }

  /// All there is to know of a step, for expressions.
  func stepObject(_ step: String, _ root: String, _ frame: Frame) -> ExprValue? {
    guard let node = node(ofStep: step, frame) else {
      guard step == "name", case .text(let text) = value("\(root).name", frame) else { return nil }
      return .string(text)
    }
    let last = lastAttempt(node)
    var members: [String: ExprValue] = [:]
    for field in ["id", "status", "startedAt", "finishedAt", "ip", "hostNodeName", "exitCode"] {
      if case .text(let text) = stepValue(step, field: field, root, frame) { members[field] = .string(text) }
    }
    var outputs: [String: ExprValue] = [:]
    if let aggregate = aggregate(ofStep: step, node: node, frame), aggregate.problem == nil {
      outputs["result"] = .string(aggregate.result)
      outputs["parameters"] = aggregate.byName.isEmpty ? .string(aggregate.parameters) : .map(aggregate.byName.mapValues { .string($0) })
    } else if let held = nodes[last].outputs {
      if let result = held["result"]?.string { outputs["result"] = .string(result) }
      var parameters: [String: ExprValue] = [:]
      for parameter in held.list("parameters") {
        if let name = parameter["name"]?.string, let value = parameter.present("value")?.anyString { parameters[name] = .string(value) }
      }
      if !parameters.isEmpty { outputs["parameters"] = .map(parameters) }
      var artifacts: [String: ExprValue] = [:]
      for artifact in held.list("artifacts") {
        if let name = artifact["name"]?.string { artifacts[name] = ExprValue(artifact) }
      }
      if !artifacts.isEmpty { outputs["artifacts"] = .map(artifacts) }
    } else if nodes[node].phase == .skipped || nodes[node].phase == .omitted, let template = skippedTemplate(step, frame) {
      var parameters: [String: ExprValue] = [:]
      for parameter in template.outputs.parameters {
        parameters[parameter.name] = parameter.valueFrom?.defaultValue.map { .string($0) } ?? .nil
      }
      if !parameters.isEmpty { outputs["parameters"] = .map(parameters) }
      outputs["result"] = .nil
    }
    if !outputs.isEmpty { members["outputs"] = .map(outputs) }
    return .map(members)
  }

  /// The artifact that a tag names.
  func artifact(_ name: String, _ frame: Frame) -> JSON? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    func find(_ list: JSON?, _ wanted: String) -> JSON? { list?.list("artifacts").first { $0["name"]?.string == wanted } }
    if parts.count >= 3, parts[0] == "inputs", parts[1] == "artifacts" {
      let wanted = parts[2...].joined(separator: ".")
      if let found = find(frame.inputs ?? frame.boundary.flatMap { nodes[$0].inputs }, wanted) { return found }
    } else if parts.count >= 5, parts[0] == "steps" || parts[0] == "tasks", parts[2] == "outputs", parts[3] == "artifacts" {
      guard let node = node(ofStep: parts[1], frame) else { return nil }
      let wanted = parts[4...].joined(separator: ".")
      if let found = find(nodes[lastAttempt(node)].outputs, wanted) { return found }
      // Steps keep a place for artifacts of skipped producers, so that consumers with an optional input go on; DAGs do not.
      if parts[0] == "steps", nodes[node].phase == .skipped, nodes[node].outputs == nil,
        skippedTemplate(parts[1], frame)?.outputs.artifacts.contains(where: { $0.name == wanted }) == true
      {
        return .object([:])
      }
    } else if parts.count >= 4, parts[0] == "workflow", parts[1] == "outputs", parts[2] == "artifacts" {
      let wanted = parts[3...].joined(separator: ".")
      return header.outputArtifacts.first { $0["name"]?.string == wanted }
    }
    if let outer = frame.outer { return artifact(name, Frame(boundary: outer.boundary, item: outer.item)) }
    if let boundary = frame.boundary, let outer = outerFrame(of: boundary) {
      return artifact(name, Frame(boundary: outer.boundary, item: outer.item))
    }
    return nil
  }

  /// The last attempt of a Retry node; every other node itself.
  func lastAttempt(_ node: Int) -> Int {
    nodes[node].type == .retry ? nodes[node].counts.attempts.last ?? node : node
  }
}
