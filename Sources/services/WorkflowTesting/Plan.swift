import ArgoModel
import Basics
import JSONValue
import KubeModel
import Templating
import WorkflowCore

/// What a workflow would run: the engine's own tree, walked with every step taken as successful.
///
/// Values that only a run has are marks in the engine and `‹step.output›` in the plan. Where a mark decides a condition or a loop, that step is taken
/// and noted, and the walk begins anew: the engine is not changed for it.
package struct Plan: Sendable {
  package struct Node: Sendable {
    package var id: String
    package var name: String
    package var type: String
    package var template: String
    /// With marks replaced.
    package var inputs: [(name: String, value: String)]
    package var images: [String]
    /// The condition that a run decides.
    package var condition: String?
    /// The list that a run gives.
    package var loop: String?
    package var retries: String?
    /// Why it does not run: skipped, omitted, an error.
    package var note: String?
    package var isError: Bool
    /// What it calls.
    package var parts: [Node]
    /// IDs of nodes that come right after it.
    package var next: [String]
  }

  package private(set) var workflow = ""
  package private(set) var root: [Node] = []
  package private(set) var images: [String] = []
  package private(set) var secrets: [String] = []
  package private(set) var volumes: [String] = []
  package private(set) var locks: [String] = []
  /// Pods that may run at once, when all take equally long.
  package private(set) var parallelism = 0
  package private(set) var pods = 0
  /// What the run would end as, if not Succeeded.
  package private(set) var problem: String?

  package init(workflow: Resource, resources: [Resource], start: Instant) {
    var marks = Marks()
    var walk = SymbolicWalk(workflow: Self.supplied(workflow, &marks), resources: resources, marks: marks)
    let rehearsal = walk.run(start: start)
    self.workflow = rehearsal.state.name
    let nodes = NodeViews(rehearsal)
    let builder = PlanBuilder(nodes, walk, rehearsal)
    root = builder.tree()
    images = Self.sorted(rehearsal.pods.flatMap(PlanBuilder.images))
    secrets = Self.sorted(rehearsal.pods.flatMap(Self.secrets))
    volumes = Self.sorted(rehearsal.pods.flatMap(Self.volumes))
    locks = Self.sorted(rehearsal.locksAsked.map { walk.marks.shown($0) })
    parallelism = rehearsal.peak
    pods = rehearsal.pods.count
    let phase = rehearsal.state.phase
    if phase != .succeeded {
      let text = walk.marks.shown(rehearsal.state.message)
      problem = rehearsal.state.isFinished ? "\(phase.rawValue)\(text.isEmpty ? "" : ": \(text)")" : "the run would not end by itself"
    }
  }

  private static func sorted(_ names: [String]) -> [String] { Set(names).sorted() }

  /// Parameters without a value come with the submission: marks until then.
  private static func supplied(_ workflow: Resource, _ marks: inout Marks) -> Resource {
    guard let parameters = workflow.spec["arguments"]?["parameters"]?.array else { return workflow }
    var spec = workflow.spec
    var arguments = spec["arguments"] ?? [:]
    arguments["parameters"] = .array(
      parameters.map { parameter in
        guard parameter["value"] == nil, parameter["valueFrom"] == nil else { return parameter }
        var result = parameter
        result["value"] = .string(marks.make("parameter \(parameter["name"]?.string ?? "")"))
        return result
      })
    spec["arguments"] = arguments
    var result = workflow
    result.json["spec"] = spec
    return result
  }

  private static func containers(_ pod: Resource) -> [JSON] {
    ["initContainers", "containers"].flatMap { pod.spec[$0]?.array ?? [] }
  }

  private static func secrets(_ pod: Resource) -> [String] {
    var result: [String] = []
    for container in containers(pod) {
      for variable in container["env"]?.array ?? [] {
        guard let reference = variable.at("valueFrom", "secretKeyRef") else { continue }
        result.append("\(reference["name"]?.string ?? "")/\(reference["key"]?.string ?? "")")
      }
      for source in container["envFrom"]?.array ?? [] {
        if let name = source.at("secretRef", "name")?.string { result.append(name) }
      }
    }
    for volume in pod.spec["volumes"]?.array ?? [] {
      if let name = volume.at("secret", "secretName")?.string { result.append(name) }
    }
    return result
  }

  private static func volumes(_ pod: Resource) -> [String] {
    (pod.spec["volumes"]?.array ?? []).compactMap { volume in
      let name = volume["name"]?.string ?? ""
      guard let kind = volume.object?.keys.first(where: { $0 != "name" }), kind != "secret" else { return nil }
      let source = volume[kind] ?? [:]
      let target = ["claimName", "name", "path", "server"].compactMap { source[$0]?.string }.first
      return "\(name) (\(kind)\(target.map { " \($0)" } ?? ""))"
    }
  }
}

/// Walks a workflow until nothing that a run decides hides a step.
struct SymbolicWalk {
  private(set) var workflow: Resource
  private(set) var resources: [Resource]
  private(set) var marks: Marks
  /// By `template/step`.
  private(set) var conditions: [String: String] = [:]
  private(set) var loops: [String: String] = [:]

  init(workflow: Resource, resources: [Resource], marks: Marks) {
    self.workflow = workflow
    self.resources = resources
    self.marks = marks
  }

  mutating func run(start: Instant) -> Rehearsal {
    // Each round takes a condition or a loop away, so there are no more rounds than steps.
    var rounds = 0
    while true {
      let rehearsal = rehearse(start)
      rounds += 1
      let undecided = undecided(rehearsal)
      if undecided.isEmpty || rounds > 1000 { return rehearsal }
      for step in undecided { decide(step) }
    }
  }

  private mutating func rehearse(_ start: Instant) -> Rehearsal {
    let box = MarkBox(marks)
    let name = workflow.name.isEmpty ? (workflow.generateName ?? "workflow-") + "plan" : workflow.name
    var named = workflow
    named.name = name
    var rehearsal = Rehearsal(workflow: named, resources: resources, start: start) { step in
      Self.outcome(step, box, NodeView.path(step.nodeName, workflow: name))
    }
    rehearsal.run()
    // Somebody resumes what waits for it, with the outputs that it is to get.
    var resumed = 0
    while !rehearsal.state.isFinished, resumed < 1000 {
      let waiting = NodeViews(rehearsal).all.filter { $0.type == "Suspend" && $0.phase == "Running" }
      if waiting.isEmpty { break }
      for node in waiting {
        guard let selector = NodeSelector("id=\(node.id)") else { continue }
        var outputs: [String: String] = [:]
        for parameter in node.json.at("outputs", "parameters")?.array ?? [] where parameter.at("valueFrom", "supplied") != nil {
          if let output = parameter["name"]?.string { outputs[output] = box.marks.make("\(node.path).\(output)") }
        }
        if !outputs.isEmpty { rehearsal.obey(.set(selector: selector, outputParameters: outputs, message: nil, phase: nil)) }
        rehearsal.obey(.resume(selector: selector))
      }
      rehearsal.run()
      resumed += 1
    }
    marks = box.marks
    return rehearsal
  }

  private final class MarkBox {
    var marks: Marks
    init(_ marks: Marks) { self.marks = marks }
  }

  private static func outcome(_ step: RehearsedStep, _ box: MarkBox, _ path: String) -> StepOutcome {
    var result = StepOutcome()
    let declared = step.template["outputs"] ?? [:]
    let label = path.isEmpty ? "workflow" : path
    // The results of a loop's items are put together as JSON.
    let last = path.split(separator: ".").last ?? ""
    let mark = box.marks.make("\(label).result")
    var outputs: JSONObject = ["result": .string(last.contains("(") && last.contains(":") ? "\"\(mark)\"" : mark)]
    let parameters = (declared["parameters"]?.array ?? []).map { parameter -> JSON in
      var reported: JSONObject = ["name": parameter["name"] ?? ""]
      reported["value"] = .string(box.marks.make("\(label).\(parameter["name"]?.string ?? "")"))
      reported["globalName"] = parameter["globalName"]
      return .object(reported)
    }
    if !parameters.isEmpty { outputs["parameters"] = .array(parameters) }
    let artifacts = (declared["artifacts"]?.array ?? []).map { artifact -> JSON in
      var saved = artifact
      if saved["s3"] == nil, saved["raw"] == nil { saved["s3"] = ["key": .string("\(label)/\(artifact["name"]?.string ?? "")")] }
      return saved
    }
    if !artifacts.isEmpty { outputs["artifacts"] = .array(artifacts) }
    result.outputs = .object(outputs)
    result.staysUp = step.template["daemon"]?.bool == true
    return result
  }

  // MARK: What a run decides

  private enum Undecided: Hashable {
    case condition(template: String, step: String)
    case loop(template: String, step: String)
    case expressions(template: String, step: String)
  }

  private func undecided(_ rehearsal: Rehearsal) -> Set<Undecided> {
    var result: Set<Undecided> = []
    let nodes = NodeViews(rehearsal)
    for node in nodes.all where !node.message.isEmpty && node.message.contains("failed to evaluate expression") {
      let steps = calls(of: nodes[node.boundaryID]?.templateName ?? node.templateName)
      let template = nodes[node.boundaryID]?.templateName ?? node.templateName
      for step in steps where Self.hasExpression(step.json) {
        let name = step.json["name"]?.string ?? ""
        let isMeant =
          node.type == "StepGroup" ? node.displayName == "[\(step.group ?? -1)]" : NodeView.withoutParentheses(node.displayName) == name
        if isMeant { result.insert(.expressions(template: template, step: name)) }
      }
    }
    for node in nodes.all where !node.message.isEmpty && (marks.isIn(node.message) || Marks.isUnreadable(node.message)) {
      if node.type == "Steps" || node.type == "DAG" {
        // A loop that cannot be filled in spoils the whole template.
        let begun = Set(nodes.all.filter { $0.boundaryID == node.id }.map { NodeView.withoutParentheses($0.displayName) })
        let step = calls(of: node.templateName).first { step in
          let name = step.json["name"]?.string ?? ""
          return hasOpenLoop(step.json) && loops["\(node.templateName)/\(name)"] == nil && !begun.contains(name)
        }
        if let name = step?.json["name"]?.string { result.insert(.loop(template: node.templateName, step: name)) }
        continue
      }
      guard node.phase == "Skipped" || node.phase == "Error" || node.phase == "Failed", let boundary = nodes[node.boundaryID] else {
        continue
      }
      let template = boundary.templateName
      let steps = calls(of: template)
      if node.type == "StepGroup" {
        let place = Int(node.displayName.filter(\.isNumber)) ?? 0
        let members = steps.filter { $0.group == place }
        // Which of them it was: the one whose own words are in the message.
        let named = members.filter { Self.isAbout($0.json["when"]?.string ?? "", node.message) }
        for step in named.isEmpty ? likeliest(members, of: template) : named { add(step.json, template, node.message, &result) }
      } else if let step = steps.first(where: { $0.json["name"]?.string == NodeView.withoutParentheses(node.displayName) }) {
        add(step.json, template, node.message, &result)
      }
    }
    return result
  }

  /// The members of a group of which a message may tell: of several loops first those over what steps give, last those over the workflow's own
  /// parameters, which mostly are known.
  private func likeliest(_ members: [(json: JSON, group: Int?)], of template: String) -> [(json: JSON, group: Int?)] {
    func rank(_ step: JSON) -> Int? {
      guard hasOpenLoop(step), loops["\(template)/\(step["name"]?.string ?? "")"] == nil else { return nil }
      let list = step["withParam"]?.string ?? step["withSequence"]?.text() ?? ""
      return list.contains("steps") ? 0 : list.contains("inputs") ? 1 : 2
    }
    let first = members.compactMap { rank($0.json) }.min()
    return members.filter { step in rank(step.json).map { $0 == first } ?? true }
  }

  /// Whether what a condition says besides its tags is in a message.
  private static func isAbout(_ condition: String, _ message: String) -> Bool {
    let words = TagTemplate(compiling: condition).parts.compactMap { part -> String? in
      if case .text(let text) = part, text.contains(where: { !$0.isWhitespace }) { text } else { nil }
    }
    return !words.isEmpty && words.allSatisfy(message.contains)
  }

  private func add(_ step: JSON, _ template: String, _ message: String, _ result: inout Set<Undecided>) {
    let name = step["name"]?.string ?? ""
    let key = "\(template)/\(name)"
    let hasLoop = hasOpenLoop(step)
    let isAboutLoop =
      message.contains("withParam") || message.contains("withSequence") || message.contains("JSON list") || message.contains("pars")
    if hasLoop, loops[key] == nil, isAboutLoop || step["when"] == nil {
      result.insert(.loop(template: template, step: name))
    } else if step["when"] != nil, conditions[key] == nil {
      result.insert(.condition(template: template, step: name))
    } else if hasLoop, loops[key] == nil {
      result.insert(.loop(template: template, step: name))
    }
  }

  private static func hasExpression(_ call: JSON) -> Bool {
    (call.at("arguments", "parameters")?.array ?? []).contains { $0["value"]?.string?.contains("{{=") == true }
  }

  private func hasOpenLoop(_ step: JSON) -> Bool {
    step["withParam"]?.string?.contains("{{") == true || step["withSequence"]?.text().contains("{{") == true
  }

  private func calls(of template: String) -> [(json: JSON, group: Int?)] {
    for resource in [workflow] + resources {
      for candidate in resource.spec["templates"]?.array ?? [] where candidate["name"]?.string == template {
        var result: [(JSON, Int?)] = []
        for (group, steps) in (candidate["steps"]?.array ?? []).enumerated() { result += (steps.array ?? []).map { ($0, group) } }
        return result + (candidate.at("dag", "tasks")?.array ?? []).map { ($0, nil) }
      }
    }
    return []
  }

  private mutating func decide(_ step: Undecided) {
    switch step {
    case .condition(let template, let name):
      edit(template, name) { call, walk in
        walk.conditions["\(template)/\(name)"] = call["when"]?.string ?? ""
        call["when"] = nil
      }
    case .expressions(let template, let name):
      // What computes with a value of the run is known at run time only.
      edit(template, name) { call, walk in
        var arguments = call["arguments"] ?? [:]
        arguments["parameters"] = .array(
          (arguments["parameters"]?.array ?? []).map { parameter in
            guard let text = parameter["value"]?.string, text.contains("{{=") else { return parameter }
            var result = parameter
            result["value"] = .string(walk.marks.make(text))
            return result
          })
        call["arguments"] = arguments
      }
    case .loop(let template, let name):
      edit(template, name) { call, walk in
        let list = call["withParam"]?.string ?? call["withSequence"]?.text() ?? ""
        walk.loops["\(template)/\(name)"] = list
        call["withParam"] = nil
        call["withSequence"] = nil
        call["withItems"] = .array([walk.item(for: call, list)])
      }
    }
  }

  /// An item that has all members that the step asks it for.
  private mutating func item(for call: JSON, _ list: String) -> JSON {
    let text = call.text()
    var members = JSONObject()
    for part in text.split(separator: "item.").dropFirst() {
      let name = String(part.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" })
      if !name.isEmpty { members[name] = .string(marks.make("item.\(name)")) }
    }
    return members.isEmpty ? .string(marks.make("item")) : .object(members)
  }

  private mutating func edit(_ template: String, _ name: String, _ body: (inout JSON, inout SymbolicWalk) -> Void) {
    func edited(_ resource: Resource, _ walk: inout SymbolicWalk) -> Resource {
      guard let templates = resource.spec["templates"]?.array else { return resource }
      var result = resource
      var spec = resource.spec
      spec["templates"] = .array(
        templates.map { candidate in
          guard candidate["name"]?.string == template else { return candidate }
          var changed = candidate
          if let groups = candidate["steps"]?.array {
            changed["steps"] = .array(
              groups.map { group in
                .array(
                  (group.array ?? []).map { step in
                    guard step["name"]?.string == name else { return step }
                    var step = step
                    body(&step, &walk)
                    return step
                  })
              })
          }
          if var dag = candidate["dag"], let tasks = dag["tasks"]?.array {
            dag["tasks"] = .array(
              tasks.map { task in
                guard task["name"]?.string == name else { return task }
                var task = task
                body(&task, &walk)
                return task
              })
            changed["dag"] = dag
          }
          return changed
        })
      result.json["spec"] = spec
      return result
    }
    workflow = edited(workflow, &self)
    for index in resources.indices { resources[index] = edited(resources[index], &self) }
  }
}
