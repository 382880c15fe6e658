import JSONValue
import KubeModel

/// Makes valid manifests from seeds. It stays within what can be checked: names without dots or parentheses, no recursion, no endless retry
/// of what fails for sure, no daemons where a limit could wait for them for ever.
struct WorkflowGenerator {
  /// What later steps need to know of a template.
  struct Known {
    var name: String
    /// The most pods that one use starts, retries not counted.
    var weight: Int
    var result: TemplateFacts.ResultKind?
    var hasParameter: Bool
    var isDaemon = false
    var isLeaf: Bool
    /// The WorkflowTemplate it is kept in.
    var library: String?
  }

  /// A step that came before.
  struct Earlier {
    var name: String
    var group: Int?
    var template: Known
    var isLoop: Bool
    var isPlain: Bool
  }

  var random: SeededRandom
  var known: [Known] = []
  var facts: [String: TemplateFacts] = [:]
  /// Where templates are being added: the workflow or a library.
  var library: String?
  var isLibraryClusterWide = false
  var templates: [JSON] = []
  var isTimingDependent = false
  let allowsTiming: Bool
  let allowsDaemons: Bool
  private var number = 0
  private let seed: UInt64
  /// Locks have a source of their own, so that workflows are otherwise as they were without.
  var lockRandom: SeededRandom
  let allowsLocks: Bool

  init(seed: UInt64) {
    self.seed = seed
    random = SeededRandom(seed, "workflow")
    allowsTiming = random.chance(45)
    allowsDaemons = random.chance(15)
    lockRandom = SeededRandom(seed, "locks")
    allowsLocks = lockRandom.chance(40)
  }

  static func workflow(seed: UInt64) -> SimulatedWorkflow {
    var generator = WorkflowGenerator(seed: seed)
    return generator.make(name: "sim\(seed)")
  }

  mutating func name(_ prefix: String) -> String {
    number += 1
    return "\(prefix)\(number)"
  }

  private mutating func make(name: String) -> SimulatedWorkflow {
    var catalog: [Resource] = []
    if random.chance(25) {
      library = "library"
      isLibraryClusterWide = random.chance(30)
      for _ in 0..<random.within(1...2) { _ = template(depth: random.below(2)) }
      let kind: ResourceKind = isLibraryClusterWide ? .clusterWorkflowTemplate : .workflowTemplate
      catalog.append(resource(kind, "library", ["templates": .array(templates)]))
      templates = []
      library = nil
    }
    let entry = template(depth: 3)
    var spec: JSON = ["entrypoint": .string(entry.name)]
    if random.chance(30) { spec["arguments"] = ["parameters": [["name": "top", "value": "7"]]] }
    var result = SimulatedWorkflow(workflow: Resource(.workflow, json: .null))
    if allowsTiming, !allowsDaemons, random.chance(35) {
      let limit = random.within(1...3)
      result.parallelism = limit
      spec["parallelism"] = .int(Int64(limit))
      isTimingDependent = true
    }
    if random.chance(25) {
      let exit = template(depth: random.below(2))
      result.hasExitHandler = true
      if random.chance(60) { spec["onExit"] = reference(exit)["template"] } else { spec["hooks"] = ["exit": reference(exit)] }
      if spec["onExit"] == nil, spec["hooks"] == nil { result.hasExitHandler = false }
    }
    if random.chance(12) {
      let hook = leaf(daemon: false)
      var value = reference(hook)
      value["expression"] = .string(random.pick(["workflow.status == \"Running\"", "workflow.status == \"Failed\""], or: ""))
      var hooks = spec["hooks"] ?? .object([:])
      hooks["h"] = value
      spec["hooks"] = hooks
    }
    if allowsTiming, random.chance(15) {
      spec["activeDeadlineSeconds"] = .int(Int64(random.within(5...60)))
      isTimingDependent = true
    }
    if random.chance(5) {
      result.workflowRetryLimit = 1
      spec["retryStrategy"] = ["limit": "1"]
    }
    if random.chance(5) {
      spec["volumeClaimTemplates"] = [["metadata": ["name": "work"], "spec": ["resources": ["requests": ["storage": "1Mi"]]]]]
    }
    addLocks(&spec)
    result.lockLimits = Self.lockLimits
    spec["templates"] = .array(templates)
    if random.chance(15) {
      catalog.append(resource(.workflowTemplate, "whole", spec))
      spec = ["workflowTemplateRef": ["name": "whole"]]
    }
    result.workflow = resource(.workflow, name, spec)
    result.catalog = catalog
    result.templates = facts
    result.isTimingDependent = isTimingDependent
    return result
  }

  private func resource(_ kind: ResourceKind, _ name: String, _ spec: JSON) -> Resource {
    Resource(
      kind,
      json: [
        "metadata": [
          "name": .string(name), "namespace": "default", "uid": .string("uid-\(name)"), "creationTimestamp": "2026-01-01T00:00:00Z",
        ], "spec": spec,
      ])
  }

  // MARK: Templates

  private mutating func add(_ json: JSON, _ entry: Known, _ fact: TemplateFacts) -> Known {
    var json = json
    var fact = fact
    var entry = entry
    json["name"] = .string(entry.name)
    json["inputs"] = ["parameters": [["name": "x", random.chance(50) ? "value" : "default": "0"]]]
    if !entry.isDaemon, random.chance(entry.isLeaf ? 25 : 8), entry.weight <= 10 {
      json["retryStrategy"] = retryStrategy(entry, &fact)
      entry.weight *= 2
    }
    addLocks(&json, entry, &fact)
    facts[entry.name] = fact
    templates.append(json)
    entry.library = library
    known.append(entry)
    return entry
  }

  private mutating func retryStrategy(_ entry: Known, _ fact: inout TemplateFacts) -> JSON {
    var strategy = JSONObject()
    let limit = random.below(4)
    strategy["limit"] = random.chance(50) ? .int(Int64(limit)) : .string(String(limit))
    fact.retryLimit = limit
    if random.chance(60) {
      strategy["retryPolicy"] = .string(random.pick(["Always", "OnFailure", "OnError", "OnTransientError"], or: "Always"))
    }
    if random.chance(40) {
      var backoff: JSONObject = ["duration": .string(random.pick(["1", "2s", "500ms", "1m"], or: "1"))]
      if random.chance(50) { backoff["factor"] = random.chance(50) ? 2 : "3" }
      if random.chance(30) { backoff["cap"] = "5s" }
      if allowsTiming, random.chance(30) {
        backoff["maxDuration"] = .string(random.pick(["5s", "1m", "10"], or: "1m"))
        isTimingDependent = true
      }
      strategy["backoff"] = .object(backoff)
    }
    if random.chance(20) {
      let expressions = [
        "asInt(lastRetry.exitCode) != 2", "lastRetry.status == \"Failed\"", "asInt(retries) < 1", "lastRetry.message != \"x\"",
      ]
      strategy["expression"] = .string(random.pick(expressions, or: "true"))
    }
    return .object(strategy)
  }

  mutating func template(depth: Int) -> Known {
    if depth > 0, random.chance(depth == 3 ? 96 : 45) { return random.chance(50) ? steps(depth) : dag(depth) }
    let reusable = known.filter { ($0.isLeaf || depth > 0) && $0.weight <= 6 && !$0.isDaemon }
    if !reusable.isEmpty, random.chance(30) { return random.pick(reusable, or: reusable[0]) }
    if random.chance(8) { return suspend() }
    return leaf(daemon: allowsDaemons && depth > 0 && random.chance(25))
  }

  private mutating func suspend() -> Known {
    let duration: JSON = .string(random.pick(["1", "3s", "1m", "0"], or: "1"))
    return add(
      ["suspend": ["duration": duration]], Known(name: name("wait"), weight: 0, result: nil, hasParameter: false, isLeaf: true),
      TemplateFacts())
  }

  mutating func leaf(daemon: Bool) -> Known {
    let kinds: [TemplateFacts.ResultKind] = [.number, .number, .coin, .coin, .list]
    let kind = random.chance(4) ? .word : random.pick(kinds, or: .number)
    var json = JSONObject()
    let isScript = random.chance(25) && !daemon
    if isScript {
      json["script"] = ["image": "sim", "command": ["sh"], "source": "echo {{inputs.parameters.x}}"]
    } else {
      json["container"] = ["image": "sim", "command": ["sim"], "args": [.string(kind.rawValue), "{{inputs.parameters.x}}"]]
    }
    let hasParameter = random.chance(35) && !daemon
    if !isScript, !hasParameter, !daemon { becomeTask(&json, kind) }
    if hasParameter {
      var from: JSONObject = ["path": "/tmp/p"]
      if random.chance(25) { from["default"] = "none" }
      json["outputs"] = ["parameters": [["name": "p", "valueFrom": .object(from)]]]
    }
    if daemon { json["daemon"] = true }
    if allowsTiming, random.chance(8) {
      json["activeDeadlineSeconds"] = .int(Int64(random.within(1...20)))
      if daemon { isTimingDependent = true }
    } else if allowsTiming, random.chance(8) {
      json["timeout"] = .string(random.pick(["1s", "5s", "20s"], or: "5s"))
      isTimingDependent = true
    }
    let entry = Known(name: name("leaf"), weight: 1, result: kind, hasParameter: hasParameter, isDaemon: daemon, isLeaf: true)
    var fact = TemplateFacts()
    fact.leaf = .init(result: kind, hasParameter: hasParameter, isDaemon: daemon)
    return add(.object(json), entry, fact)
  }

  /// Some leaves are no pods but tasks of the agent. Chosen by chance of its own, so that a seed keeps its workflow otherwise.
  private func becomeTask(_ json: inout JSONObject, _ kind: TemplateFacts.ResultKind) {
    var chance = SeededRandom(stableHash(seed, "task"), String(number))
    guard chance.chance(25) else { return }
    json["container"] = nil
    if chance.chance(60) {
      json["http"] = ["url": "http://sim/{{inputs.parameters.x}}", "body": .string(kind.rawValue)]
    } else {
      json["plugin"] = ["sim": ["kind": .string(kind.rawValue), "x": "{{inputs.parameters.x}}"]]
    }
  }

  private mutating func limits(_ json: inout JSON, _ fact: inout TemplateFacts) {
    guard allowsTiming, !allowsDaemons, random.chance(25) else { return }
    let limit = random.within(1...3)
    json["parallelism"] = .int(Int64(limit))
    fact.parallelism = limit
    isTimingDependent = true
    if random.chance(25) { json["failFast"] = true }
  }

  private mutating func steps(_ depth: Int) -> Known {
    let own = name("steps")
    var fact = TemplateFacts()
    var earlier: [Earlier] = []
    var weight = 0
    var groups: [JSON] = []
    for group in 0..<random.within(1...3) {
      var members: [JSON] = []
      var added: [Earlier] = []
      for _ in 0..<random.within(1...3) where weight < 16 {
        let target = template(depth: depth - 1)
        let step = "s\(earlier.count + added.count)"
        let (json, loops) = self.step(step, target, earlier: earlier, prefix: "steps", condition: &fact.conditions[step], mayContinue: true)
        weight += target.weight * max(1, loops)
        members.append(json)
        added.append(Earlier(name: step, group: group, template: target, isLoop: loops > 0, isPlain: json["when"] == nil))
      }
      earlier += added
      if !members.isEmpty { groups.append(.array(members)) }
    }
    var json: JSON = ["steps": .array(groups)]
    limits(&json, &fact)
    let hasParameter = outputs(&json, earlier, "steps")
    return add(json, Known(name: own, weight: weight, result: nil, hasParameter: hasParameter, isLeaf: false), fact)
  }

  private mutating func dag(_ depth: Int) -> Known {
    let own = name("dag")
    var fact = TemplateFacts()
    var all: [Earlier] = []
    var ancestors: [String: Set<String>] = [:]
    var weight = 0
    var tasks: [JSON] = []
    let usesDepends = random.chance(50)
    let prefix = random.chance(25) ? "k-" : "t"
    for place in 0..<random.within(2...6) where weight < 16 || place < 1 {
      let target = template(depth: depth - 1)
      let task = "\(prefix)\(place)"
      var needed: Set<String> = []
      var extra = JSONObject()
      if place > 0, random.chance(75) {
        if usesDepends {
          let condition = dependence(all)
          needed = condition.tasks
          fact.depends[task] = condition
          extra["depends"] = .string(condition.text)
        } else {
          for _ in 0..<random.within(1...2) { needed.insert(all[random.below(all.count)].name) }
          extra["dependencies"] = .array(needed.sorted().map { .string($0) })
        }
      }
      fact.dependencies[task] = needed
      let above = needed.union(needed.reduce(into: Set<String>()) { $0.formUnion(ancestors[$1] ?? []) })
      ancestors[task] = above
      let visible = all.filter { above.contains($0.name) }
      var (json, loops) = step(
        task, target, earlier: visible, prefix: "tasks", condition: &fact.conditions[task], mayContinue: !usesDepends)
      if let covered = json["continueOn"]?.object { fact.coveredByContinueOn[task] = Set(covered.filter { $0.value == true }.map(\.key)) }
      for (key, value) in extra { json[key] = value }
      weight += target.weight * max(1, loops)
      tasks.append(json)
      all.append(Earlier(name: task, group: nil, template: target, isLoop: loops > 0, isPlain: json["when"] == nil))
    }
    tasks.shuffle(using: &random)
    var body: JSON = ["tasks": .array(tasks)]
    if random.chance(30) { body["failFast"] = .bool(random.chance(30)) }
    if random.chance(12) { body["target"] = .string(all[random.below(all.count)].name) }
    var json: JSON = ["dag": body]
    limits(&json, &fact)
    let hasParameter = body["target"] == nil && outputs(&json, all, "tasks")
    return add(json, Known(name: own, weight: weight, result: nil, hasParameter: hasParameter, isLeaf: false), fact)
  }

  private mutating func dependence(_ all: [Earlier]) -> Dependence {
    func term(_ random: inout SeededRandom) -> Dependence {
      let task = all[random.below(all.count)]
      var results: [String?] = [nil, nil, nil, "Succeeded", "Succeeded", "Failed", "Errored", "Skipped", "Omitted"]
      if task.isLoop { results += ["AnySucceeded", "AllFailed"] }
      if task.template.isDaemon { results += ["Daemoned"] }
      let base = Dependence.term(task.name, results[random.below(results.count)])
      return random.chance(12) ? .not(base) : base
    }
    var result = term(&random)
    while random.chance(45) {
      let other = term(&random)
      result = random.chance(50) ? .all(result, other) : .any(result, other)
    }
    return result
  }

  /// Output parameter `p` from one of the steps.
  private mutating func outputs(_ json: inout JSON, _ earlier: [Earlier], _ prefix: String) -> Bool {
    let sources = earlier.filter { $0.template.hasParameter && !$0.name.contains("-") }
    guard !sources.isEmpty, random.chance(50) else { return false }
    let source = sources[random.below(sources.count)]
    var from = JSONObject()
    if random.chance(80) || source.isLoop {
      from["parameter"] = .string("{{\(prefix).\(source.name).outputs.parameters.p}}")
    } else {
      from["expression"] = .string("\(prefix).\(source.name).outputs.parameters.p")
    }
    if random.chance(50) { from["default"] = "d" }
    json["outputs"] = ["parameters": [["name": "p", "valueFrom": .object(from)]]]
    return true
  }
}
