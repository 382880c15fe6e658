import JSONValue
import KubeModel

extension WorkflowGenerator {
  /// How a step, task or hook names the template: nothing but `template` in its own library.
  func reference(_ target: Known) -> JSON {
    if let library = target.library, library != self.library {
      var reference: JSON = ["name": .string(library), "template": .string(target.name)]
      if isLibraryClusterWide { reference["clusterScope"] = true }
      return ["templateRef": reference]
    }
    return ["template": .string(target.name)]
  }

  /// One step or task; `loops` is the most items it expands to, 0 without a loop.
  mutating func step(
    _ name: String, _ target: Known, earlier: [Earlier], prefix: String, condition: inout Condition?, mayContinue: Bool
  ) -> (json: JSON, loops: Int) {
    var json: JSON = ["name": .string(name)]
    var isInline = false
    if target.isLeaf, !target.isDaemon, !target.hasParameter, random.chance(8) {
      // Same kind of work, written in place.
      json["inline"] = ["container": ["image": "sim", "command": ["sim"], "args": ["inline"]]]
      isInline = true
    } else {
      for (key, value) in reference(target).object ?? [:] { json[key] = value }
    }
    var loops = 0
    var item: String?
    if !target.isDaemon, target.weight <= 4, random.chance(22) { (loops, item) = loop(&json, earlier, prefix) }
    if !isInline, let value = argument(earlier, prefix, item) {
      json["arguments"] = ["parameters": [["name": "x", "value": .string(value)]]]
    }
    if !target.isDaemon, random.chance(18) { json["when"] = .string(when(earlier, prefix, &condition)) }
    if mayContinue, random.chance(25) {
      var covered = JSONObject()
      if random.chance(70) { covered["failed"] = true }
      if random.chance(50) { covered["error"] = true }
      json["continueOn"] = .object(covered)
    }
    hooks(&json, name, prefix)
    return (json, loops)
  }

  private mutating func hooks(_ json: inout JSON, _ name: String, _ prefix: String) {
    if random.chance(7) {
      let exit = reference(leaf(daemon: false))
      if let template = exit["template"], random.chance(50) { json["onExit"] = template } else { json["hooks"] = ["exit": exit] }
    }
    if random.chance(7) {
      var hook = reference(leaf(daemon: false))
      let statuses = allowsTiming ? ["Succeeded", "Failed", "Running"] : ["Succeeded", "Failed"]
      let status = random.pick(statuses, or: "Succeeded")
      if status == "Running" { isTimingDependent = true }
      hook["expression"] = .string("\(prefix)[\"\(name)\"].status == \"\(status)\"")
      var hooks = json["hooks"] ?? .object([:])
      hooks["h"] = hook
      json["hooks"] = hooks
    }
  }

  private mutating func loop(_ json: inout JSON, _ earlier: [Earlier], _ prefix: String) -> (Int, String) {
    let lists = earlier.filter { $0.template.result == .list && !$0.isLoop }
    if !lists.isEmpty, random.chance(60) {
      json["withParam"] = .string("{{\(prefix).\(lists[random.below(lists.count)].name).outputs.result}}")
      return (3, "{{item}}")
    }
    switch random.below(4) {
    case 0:
      json["withSequence"] =
        random.chance(50) ? ["count": .string(String(random.below(4)))] : ["start": "3", "end": "1", "format": "n%02d"]
      return (3, "{{item}}")
    case 1:
      json["withItems"] = [["k": "a", "n": 1], ["k": "b(c)", "n": 2]]
      return (2, random.chance(50) ? "{{item.k}}" : "{{item}}")
    case 2:
      json["withItems"] = .array((0..<random.below(4)).map { .int(Int64($0)) })
      return (3, "{{item}}")
    default:
      json["withItems"] = ["one", "two (2)", true]
      return (3, "{{item}}")
    }
  }

  private mutating func argument(_ earlier: [Earlier], _ prefix: String, _ item: String?) -> String? {
    var choices: [String] = [
      "literal", "{{inputs.parameters.x}}", "{{workflow.name}}", "{{=inputs.parameters.x + '1'}}", "{{workflow.parameters.none}}",
    ]
    if let item { choices += [item, item, item, "{{inputs.parameters.x}}-\(item)"] }
    for step in earlier {
      if step.template.hasParameter { choices += Array(repeating: "{{\(prefix).\(step.name).outputs.parameters.p}}", count: 3) }
      if step.template.result != nil, !step.template.isDaemon, step.template.isLeaf {
        choices += Array(repeating: "{{\(prefix).\(step.name).outputs.result}}", count: 2)
      }
      if !step.isLoop { choices.append("{{\(prefix).\(step.name).status}}") }
    }
    return random.chance(55) ? choices[random.below(choices.count)] : nil
  }

  private mutating func when(_ earlier: [Earlier], _ prefix: String, _ condition: inout Condition?) -> String {
    let coins = earlier.filter { $0.template.result == .coin && !$0.isLoop && $0.template.isLeaf }
    if !coins.isEmpty, random.chance(65) {
      let coin = coins[random.below(coins.count)]
      condition = .resultIs(step: coin.name, group: coin.group, value: "1")
      return "{{\(prefix).\(coin.name).outputs.result}} == 1"
    }
    switch random.below(4) {
    case 0:
      condition = .never
      return "1 == 2"
    case 1:
      condition = .never
      return "false"
    case 2: return "\"{{inputs.parameters.x}}\" != \"none\""
    default: return "true"
    }
  }
}
