import ArgoModel
import JSONValue
import Templating

/// Where an artifact argument or output comes from.
struct CompiledArtifactSource: Sendable {
  var json: JSON
  var name: String
  var from: CompiledText?
  var fromExpression: String?
  var isOptional: Bool
  var subPath: CompiledText?
  /// Everything but `from`, `fromExpression` and `subPath`, for artifacts that say their location themselves.
  var tree: CompiledTree

  init(_ json: JSON) {
    self.json = json
    let artifact = Artifact(json)
    name = artifact.name
    from = artifact.from.map { CompiledText($0) }
    fromExpression = artifact.fromExpression
    isOptional = artifact.isOptional
    let isReference = artifact.from != nil || artifact.fromExpression != nil
    subPath = isReference ? artifact.subPath.map { CompiledText($0) } : nil
    var rest = json
    rest["from"] = nil
    rest["fromExpression"] = nil
    tree = CompiledTree(rest)
  }
}

/// Arguments ready to be evaluated in a scope.
struct CompiledArguments: Sendable {
  struct ParameterArgument: Sendable {
    var name: String
    var tree: CompiledTree
    /// The name of the variable when the value is exactly one simple tag.
    var onlyTag: String?
  }
  var parameters: [ParameterArgument]
  var artifacts: [CompiledArtifactSource]
  var isEmpty: Bool { parameters.isEmpty && artifacts.isEmpty }

  init(_ arguments: Arguments) {
    parameters = arguments.parameters.map { parameter in
      var json = parameter.json
      if let value = parameter.value { json["value"] = .string(value) }
      var onlyTag: String?
      if let value = parameter.value, case .simple(let name, _)? = TagTemplate(compiling: value).onlyTag { onlyTag = name }
      return ParameterArgument(name: parameter.name, tree: CompiledTree(json), onlyTag: onlyTag)
    }
    artifacts = arguments.artifacts.map { CompiledArtifactSource($0.json) }
  }
}

/// Which template to run, compiled; all of it may hold tags.
struct CompiledReference: Sendable {
  var template: CompiledText?
  var templateRef: CompiledTree?
  /// The key of the inline template, and itself.
  var inline: String?
  var inlineTemplate: Template?

  static func template(_ name: String) -> CompiledReference {
    CompiledReference(template: CompiledText(name))
  }
}

struct CompiledHook: Sendable {
  var name: String
  var reference: CompiledReference
  var arguments: CompiledArguments
  var expression: String?

  init(_ name: String, _ hook: LifecycleHook) {
    self.name = name
    reference = CompiledReference(
      template: hook.template.map { CompiledText($0) }, templateRef: hook.templateRef.map { CompiledTree($0.json) })
    arguments = CompiledArguments(hook.arguments)
    expression = hook.expression
  }
}

/// One step or task.
final class CompiledStep: Sendable {
  let name: String
  let isLoop: Bool
  let reference: CompiledReference
  let arguments: CompiledArguments
  let when: CompiledText?
  let withItems: CompiledTree?
  let withParam: CompiledText?
  let withSequence: CompiledTree?
  /// Of a loop: the texts that must be replaced wholly before the first item starts.
  let loopTexts: LoopTexts
  let continueOn: ContinueOn
  let hooks: [CompiledHook]
  let exit: CompiledHook?
  /// The enclosing template reads `outputs.result` of it, so standard output is captured (spec 4.4).
  let isResultRead: Bool
  /// The enclosing template reads outputs of it (as a loop: aggregates are worth computing).
  let areOutputsRead: Bool

  init(_ step: WorkflowStep, inlineKey: String?, read: OutputReferences) {
    name = step.name
    isLoop = step.isLoop
    reference = CompiledReference(
      template: step.template.map { CompiledText($0) }, templateRef: step.templateRef.map { CompiledTree($0.json) },
      inline: step.inline == nil ? nil : inlineKey, inlineTemplate: step.inline)
    arguments = CompiledArguments(step.arguments)
    when = step.when.map { CompiledText($0) }
    withItems = step.withItems.map { CompiledTree(.array($0)) }
    withParam = step.withParam.map { CompiledText($0) }
    withSequence = step.json.present("withSequence").map { CompiledTree($0) }
    loopTexts = step.isLoop ? LoopTexts(step.json) : LoopTexts()
    continueOn = step.continueOn
    hooks = step.hooks.filter { $0.name != "exit" }.map { CompiledHook($0.name, $0.hook) }
    exit = step.exitHook.map { CompiledHook("exit", $0) }
    areOutputsRead = read.isDynamic || read.outputs.contains(step.name)
    isResultRead = read.isDynamic || read.results.contains(step.name)
  }
}

struct CompiledDAG: Sendable {
  var dependencies: [[Int]]
  var dependents: [[Int]]
  /// nil: no condition.
  var conditions: [DependsExpression?]
  var usesDepends: [Bool]
  /// Tasks nobody depends on, by name.
  var leaves: [Int]
  var target: CompiledText?
  var failFast: Bool
  var problem: String?
}

/// A template prepared for running.
final class CompiledTemplate: Sendable {
  let template: Template
  /// `local/<wf>`, `namespaced/<wft>` or `cluster/<cwft>`: where plain template names in it are looked up.
  let scope: String
  let key: String
  /// It was written inside a step, so what it does not define itself it takes from there.
  let isInline: Bool
  let groups: [[CompiledStep]]
  /// Tasks in order of declaration.
  let tasks: [CompiledStep]
  let dag: CompiledDAG?
  /// Group and place of each step by its name; of a task the place is in `tasks`.
  let positions: [String: (group: Int, place: Int)]
  /// The whole template but inputs, for leaves.
  let body: CompiledTree
  /// The text by which pods are told of the template, where that is the same for all of them; nil: it is made for each.
  let plainText: String?
  /// Pods without inputs differ in nothing but the names of node and pod.
  let makesEqualPods: Bool
  let inputParameters: [CompiledTree]
  let inputArtifacts: [CompiledTree]
  let outputArtifacts: [CompiledArtifactSource]
  /// Paths of declared files: `outputs.artifacts.x.path` and the like.
  let paths: [String: String]
  let suspendDuration: CompiledText?
  let timeout: CompiledText?
  let pendingTimeout: CompiledText?
  let retry: RetryStrategy?
  let retryTree: CompiledTree?
  let displayName: CompiledText?
  let memoize: CompiledTree?
  let metrics: [CompiledMetric]
  let synchronization: CompiledTree?
  /// Those that the template says itself.
  let podFields: PodField.Names

  init(_ template: Template, scope: String, key: String, isInline: Bool, workflowRetry: JSON?) {
    self.template = template
    podFields = PodField.Names(of: template.json)
    self.scope = scope
    self.key = key
    self.isInline = isInline
    let isDAG = template.body == .dag
    let text = template.body == .dag || template.body == .steps ? template.json.text(.compact) : ""
    let read = OutputReferences(text, prefix: isDAG ? "tasks" : "steps")
    groups =
      template.body == .steps
      ? template.steps.map { $0.map { CompiledStep($0, inlineKey: "\(key)/inline/\($0.name)", read: read) } } : []
    tasks =
      isDAG
      ? (template.dag?.tasks ?? []).map {
        CompiledStep($0.step, inlineKey: "\(key)/inline/\($0.name)", read: read)
      } : []
    var positions: [String: (group: Int, place: Int)] = [:]
    for (group, steps) in groups.enumerated() {
      for (place, step) in steps.enumerated() { positions[step.name] = (group, place) }
    }
    for (place, task) in tasks.enumerated() { positions[task.name] = (0, place) }
    self.positions = positions
    dag = template.dag.flatMap { isDAG ? CompiledDAG($0) : nil }
    var rest = template.json
    rest["inputs"] = nil
    body = template.body == .steps || isDAG ? CompiledTree(.null) : CompiledTree(rest)
    if case .constant(var json) = body.tree, Self.isSameInAllPods(template) {
      json["metadata"] = nil
      plainText = json.text(.compact)
    } else {
      plainText = nil
    }
    makesEqualPods =
      plainText != nil && template.timeout == nil
      && ["sidecars", "initContainers", "podSpecPatch"].allSatisfy { template.json[$0] == nil }
    inputParameters = template.inputs.parameters.map { CompiledTree($0.json) }
    inputArtifacts = template.inputs.artifacts.map { CompiledTree($0.json) }
    outputArtifacts = template.outputs.artifacts.map { CompiledArtifactSource($0.json) }
    var paths: [String: String] = [:]
    for artifact in template.inputs.artifacts { paths["inputs.artifacts.\(artifact.name).path"] = artifact.path }
    for artifact in template.outputs.artifacts { paths["outputs.artifacts.\(artifact.name).path"] = artifact.path }
    for parameter in template.outputs.parameters { paths["outputs.parameters.\(parameter.name).path"] = parameter.valueFrom?.path }
    self.paths = paths
    suspendDuration = template.suspendDuration.map { CompiledText($0) }
    timeout = template.timeout.map { CompiledText($0) }
    pendingTimeout = template.pendingTimeout.map { CompiledText($0) }
    let retryJSON = template.json.present("retryStrategy") ?? workflowRetry
    retry = retryJSON.map { RetryStrategy($0) }
    retryTree = retryJSON.map { CompiledTree($0) }
    metrics = CompiledMetric.all(template.metrics)
    memoize = template.memoize.map { CompiledTree($0) }
    synchronization = template.synchronization.map { CompiledTree($0) }
    displayName = template.annotations["workflows.argoproj.io/display-name"]?.string.map { CompiledText($0) }
  }

  /// Whether nothing of it is changed for a pod besides tags: no places of artifacts, no owner of what it manages.
  private static func isSameInAllPods(_ template: Template) -> Bool {
    (template.body == .container || template.body == .script) && template.outputs.artifacts.isEmpty
      && template.json["archiveLocation"] == nil
  }

  var isSteps: Bool { template.body == .steps }
  var isDAG: Bool { template.body == .dag }
  var isPod: Bool { template.body?.nodeType == .pod }
}

extension CompiledDAG {
  init(_ template: DAGTemplate) {
    let names = template.tasks.map(\.name)
    var place: [String: Int] = [:]
    for (index, name) in names.enumerated() where place[name] == nil { place[name] = index }
    dependencies = Array(repeating: [], count: names.count)
    dependents = Array(repeating: [], count: names.count)
    conditions = Array(repeating: nil, count: names.count)
    usesDepends = Array(repeating: false, count: names.count)
    target = template.target.map { CompiledText($0) }
    failFast = template.failFast
    leaves = []
    for (index, task) in template.tasks.enumerated() {
      var needed: [String] = []
      if let depends = task.depends {
        do {
          let expression = try DependsExpression.parse(depends)
          conditions[index] = expression
          usesDepends[index] = true
          needed = expression.tasks
        } catch {
          problem = "unable to evaluate expression '\(depends)': \(error.description)"
        }
      } else {
        for name in task.dependencies where !needed.contains(name) { needed.append(name) }
      }
      for name in needed {
        guard let other = place[name] else {
          problem = "target \(name) does not exist"
          continue
        }
        dependencies[index].append(other)
        dependents[other].append(index)
      }
    }
    let followers = dependents
    leaves = names.indices.filter { followers[$0].isEmpty }.sorted { names[$0].utf8.lexicographicallyPrecedes(names[$1].utf8) }
  }
}
