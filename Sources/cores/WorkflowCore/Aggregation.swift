import ArgoModel
import JSONValue

/// Outputs of loops (spec 2.8).
extension RunState {
  /// Puts the outputs of a finished loop together, where something reads them.
  mutating func aggregate(_ node: Int) {
    switch nodes[node].type {
    case .taskGroup:
      let children = nodes[node].children.filter { nodes[$0].owner == node && !nodes[$0].isHook }
      nodes[node].counts.anySucceeded = children.contains { nodes[$0].phase == .succeeded }
      nodes[node].counts.allFailed = !children.isEmpty && children.allSatisfy { nodes[$0].phase == .failed }
      guard compiledStep(of: node)?.areOutputsRead ?? true else { return }
      let aggregate = aggregated(children)
      nodes[node].counts.aggregates[0] = aggregate
    case .stepGroup:
      guard !nodes[node].details.loops.isEmpty, let boundary = nodes[node].boundary, let template = nodes[boundary].template,
        case .group(let number) = nodes[node].origin
      else { return }
      var members: [Int: [Int]] = [:]
      for child in nodes[node].children {
        if case .step(let place, .some) = nodes[child].origin { members[place, default: []].append(child) }
      }
      for place in nodes[node].details.loops.keys where template.groups[number][place].areOutputsRead {
        let aggregate = aggregated(members[place] ?? [])
        nodes[node].counts.aggregates[place] = aggregate
      }
    default: break
    }
  }

  /// Why the results of a group's loops cannot be put together, which spoils the template that the group belongs to.
  func aggregationProblem(ofGroup group: Int) -> String? {
    nodes[group].counts.aggregates.sorted { $0.key < $1.key }.lazy.compactMap(\.value.problem).first
  }

  /// In the order of the items, whatever the order of starting.
  private func aggregated(_ members: [Int]) -> Aggregate {
    func item(_ node: Int) -> Int {
      switch nodes[node].origin {
      case .step(_, let item): item ?? 0
      case .item(let item): item
      default: 0
      }
    }
    var results: [JSON] = []
    var parameters: [JSON] = []
    var values: [(name: String, values: [String])] = []
    var places: [String: Int] = [:]
    var problem: String?
    for node in members.sorted(by: { item($0) < item($1) }) where nodes[node].phase == .succeeded {
      guard let outputs = nodes[node].outputs else { continue }
      var object = JSONObject()
      for parameter in outputs.list("parameters") {
        guard let name = parameter["name"]?.string else { continue }
        let value = parameter.present("value")?.anyString ?? ""
        object[name] = .string(value)
        if let place = places[name] {
          values[place].values.append(value)
        } else {
          places[name] = values.count
          values.append((name, [value]))
        }
      }
      if !object.isEmpty { parameters.append(.object(object)) }
      if let result = outputs["result"]?.string {
        if let parsed = try? JSON.parse(result) {
          results.append(parsed)
        } else {
          problem = problem ?? goParseError(result)
        }
      }
    }
    var byName: [String: String] = [:]
    for (name, list) in values {
      let parsed = list.compactMap { text in (try? JSON.parse(text)).flatMap { $0.object != nil || $0.array != nil ? $0 : nil } }
      byName[name] = parsed.count == list.count ? JSON.array(parsed).text(.go) : JSON.array(list.map { .string($0) }).text(.go)
    }
    return Aggregate(
      result: JSON.array(results).text(LoopItem.style), parameters: JSON.array(parameters).text(.go), byName: byName, problem: problem)
  }
}
