import ArgoModel
import Basics
import JSONValue
import Templating

extension RunState {
  static let depthMessage =
    "Maximum recursion depth exceeded. See https://argo-workflows.readthedocs.io/en/latest/scaling/#maximum-recursion-depth"

  /// What a node is started with besides its place.
  struct Start {
    var name: String
    var origin: Origin
    var owner: Int?
    var boundary: Int?
    var parents: [Int]
    var isOnExit = false
    var isHook = false
    var item: JSON?
    /// `steps.name` or `tasks.name` in the template (``RunState/callerNames(of:)`` says the same once there is a node).
    var locals = Locals()
    var memoization: MemoizationStatus?
  }

  /// Starts a template on a new node, or makes the node tell why that is not possible (spec 2.4).
  @discardableResult
  mutating func startTemplate(
    _ name: String, origin: Origin, owner: Int?, boundary: Int?, reference: CompiledReference, frame: Frame,
    arguments: Result<BoundArguments, RunFailure>, parents: [Int], isOnExit: Bool, isHook: Bool = false, item: JSON? = nil,
    locals: Locals = ["steps.name": ""]
  ) -> Int {
    var start = Start(
      name: name, origin: origin, owner: owner, boundary: boundary, parents: parents, isOnExit: isOnExit, isHook: isHook, item: item,
      locals: locals)
    let scope = boundary.flatMap { nodes[$0].template?.scope } ?? localScope
    let depth = (boundary.map { nodes[$0].depth } ?? owner.map { nodes[$0].depth } ?? 0) + 1
    var label = ReferenceLabel()
    do throws(RunFailure) {
      let found = try findTemplate(reference, frame, scope: scope)
      label = found.label
      if depth >= world.limits.templateDepth {
        let node = addFailedNode(start, scope: scope, label: label, RunFailure(Self.depthMessage))
        nodes[node].isRaised = boundary == nil
        return node
      }
      guard found.template.body != nil else { throw RunFailure("template '\(found.template.name)' type is unknown") }
      let template = compiled(found)
      let bound = try arguments.get()
      var leaf = Frame(item: item, locals: locals)
      leaf.locals["node.name"] = name
      if template.isInline, let boundary { leaf.outer = Frame.OuterFrame(boundary: boundary, item: item) }
      if template.isPod, template.retry == nil { leaf.locals["pod.name"] = podName(name, label) }
      let inputs = reuse.edited(try bindInputs(template, bound, leaf), of: path(name))
      leaf.inputs = inputs
      if let earlier = reuse.node(at: path(name)) {
        return startReused(earlier, start, template: template, scope: scope, label: label, inputs: inputs, depth: depth, leaf: leaf)
      }
      // What needs locks looks when it has them.
      let locks = try locksNeeded(template, leaf, isOnExit: isOnExit)
      if locks == nil, header.shutdown == nil || isOnExit, let (status, outputs) = try lookUpCache(template, leaf) {
        start.memoization = status
        if status.isHit {
          return startCached(
            start, template: template, scope: scope, label: label, inputs: inputs, depth: depth, leaf: leaf, outputs: outputs)
        }
      }
      let node = startResolved(
        start, template: template, locks: locks, scope: scope, label: label, inputs: inputs, depth: depth, leaf: leaf)
      if locks == nil { emitClocks(ofNode: node) }
      return node
    } catch {
      let node = addFailedNode(start, scope: scope, label: label, error)
      nodes[node].isRaised = true
      return node
    }
  }

  /// Starts a template whose inputs are known on a node of its own: a Retry node where it has a retry strategy. Where it needs locks, the
  /// node waits for them.
  private mutating func startResolved(
    _ start: Start, template: CompiledTemplate, locks: [LockName]?, scope: String, label: ReferenceLabel, inputs: JSON?, depth: Int,
    leaf: Frame
  ) -> Int {
    let node = addNode(start, type: template.retry == nil ? nil : .retry, template: template, isHeldBack: locks != nil)
    note(node, start, template: template, scope: scope, label: label, inputs: inputs, depth: depth)
    guard setDisplayName(node, template, leaf) else { return node }
    if let locks { requestLocks(node, locks, template, leaf) } else { proceed(node, template, leaf, label) }
    return node
  }

  /// Goes on with a node that has the locks it needs and no memoized result (spec 2.4): the first attempt, or the body.
  mutating func proceed(_ node: Int, _ template: CompiledTemplate, _ leaf: Frame, _ label: ReferenceLabel) {
    if nodes[node].type == .retry {
      setPhase(node, .running)
      startAttempt(node, 0)
    } else {
      beginBody(node, template, leaf, label)
    }
  }

  /// Starts the body of a template on a new node.
  @discardableResult
  mutating func startBody(
    _ start: Start, template: CompiledTemplate, scope: String, label: ReferenceLabel, inputs: JSON?, depth: Int, leaf: Frame,
    lastRetry: JSON? = nil, executionDeadline: Instant? = nil
  ) -> Int {
    if let earlier = reuse.node(at: path(start.name)) {
      return startReused(earlier, start, template: template, scope: scope, label: label, inputs: inputs, depth: depth, leaf: leaf)
    }
    let node = addNode(start, type: nil, template: template, isHeldBack: false)
    note(node, start, template: template, scope: scope, label: label, inputs: inputs, depth: depth)
    if let lastRetry { nodes[node].details.lastRetry = lastRetry }
    if let executionDeadline { nodes[node].details.executionDeadline = executionDeadline }
    if setDisplayName(node, template, leaf) { beginBody(node, template, leaf, label) }
    return node
  }

  private mutating func beginBody(_ node: Int, _ template: CompiledTemplate, _ leaf: Frame, _ label: ReferenceLabel) {
    if !nodes[node].type.startsPending { setPhase(node, .running) }
    switch nodes[node].type {
    case .steps, .dag: stack.append(.begin(node))
    case .suspend: beginSuspend(node, template, leaf)
    case .http, .plugin: beginTask(node, template, leaf)
    default: beginPod(node, template, leaf, label)
    }
  }

  /// Adds the node of a template: of `type`, or of that of the template's body. Pods and tasks are Pending until they run, others only
  /// while they wait for locks.
  private mutating func addNode(_ start: Start, type: NodeType?, template: CompiledTemplate, isHeldBack: Bool) -> Int {
    let type = type ?? template.template.body?.nodeType ?? .pod
    return addNode(
      start.name, type: type, phase: type.startsPending || isHeldBack ? .pending : .running, origin: start.origin, owner: start.owner,
      boundary: start.boundary, parents: start.parents)
  }

  /// Adds the node that stands for one of an earlier run.
  private mutating func startReused(
    _ earlier: ReuseTable.Earlier, _ start: Start, template: CompiledTemplate, scope: String, label: ReferenceLabel, inputs: JSON?,
    depth: Int, leaf: Frame
  ) -> Int {
    let node = addReused(earlier, start)
    note(node, start, template: template, scope: scope, label: label, inputs: inputs, depth: depth)
    _ = setDisplayName(node, template, leaf)
    return node
  }

  mutating func note(
    _ node: Int, _ start: Start, template: CompiledTemplate?, scope: String, label: ReferenceLabel, inputs: JSON?, depth: Int
  ) {
    setSource(node, template, scope: scope, label: label)
    nodes[node].inputs = inputs
    nodes[node].depth = depth
    nodes[node].isOnExit = start.isOnExit
    nodes[node].isHook = start.isHook
    if let memoization = start.memoization { nodes[node].details.memoization = memoization }
    if case .attempt = start.origin { nodes[node].isRetried = true }
    if let item = start.item, template?.isInline == true { nodes[node].details.item = item }
  }

  @discardableResult
  mutating func addFailedNode(_ start: Start, scope: String, label: ReferenceLabel, _ failure: RunFailure) -> Int {
    let node = addNode(
      start.name, type: .skipped, phase: .error, message: failure.message, origin: start.origin, owner: start.owner,
      boundary: start.boundary, parents: start.parents)
    note(node, start, template: nil, scope: scope, label: label, inputs: nil, depth: 0)
    stack.append(.ended(node))
    return node
  }

  // MARK: Looking up templates

  var localScope: String { "local/\(name)" }

  /// What a node says of the template it was started from.
  struct ReferenceLabel: Sendable, Hashable {
    var name = ""
    var ref: JSON?
    /// The part of the pod's name.
    var podTemplate: String { name.isEmpty ? ref?["template"]?.string ?? "" : name }
  }

  struct FoundTemplate {
    var template: Template
    var scope: String
    var key: String
    var isInline: Bool
    var label: ReferenceLabel
    /// Where it has been compiled before.
    var compiled: CompiledTemplate?
  }

  /// A template's name and where it is looked up.
  struct TemplatePlace: Hashable, Sendable {
    var scope: String
    var name: String
    func hash(into hasher: inout Hasher) { hasher.combine(name) }
  }

  /// The template that a step, task or hook names, looked up from `scope`.
  func findTemplate(_ reference: CompiledReference, _ frame: Frame, scope: String) throws(RunFailure) -> FoundTemplate {
    if let inline = reference.inlineTemplate, let key = reference.inline {
      return FoundTemplate(template: inline, scope: scope, key: key, isInline: true, label: ReferenceLabel())
    }
    if let tree = reference.templateRef {
      let ref = TemplateRef(try evaluate(tree, frame))
      let target = FrozenTemplates.scope(ref.name, isClusterScoped: ref.isClusterScoped)
      let label = ReferenceLabel(name: "", ref: ref.json)
      guard frozen.specs[target] != nil else { throw RunFailure("workflow template \(ref.name) not found") }
      guard let template = template(ref.template, scope: target) else {
        throw RunFailure("template \(ref.template) not found in workflow template \(ref.name)")
      }
      return FoundTemplate(template: template, scope: target, key: "\(target)/\(ref.template)", isInline: false, label: label)
    }
    guard let text = reference.template else { throw RunFailure("failed to get a template") }
    let wanted = try evaluate(text, frame)
    let label = ReferenceLabel(name: wanted)
    if let known = namedTemplates[TemplatePlace(scope: scope, name: wanted)] {
      return FoundTemplate(template: known.template, scope: scope, key: known.key, isInline: false, label: label, compiled: known)
    }
    guard let template = template(wanted, scope: scope) else { throw RunFailure("template \(wanted) not found") }
    return FoundTemplate(template: template, scope: scope, key: "\(scope)/\(wanted)", isInline: false, label: label)
  }

  private func template(_ wanted: String, scope: String) -> Template? {
    if let compiled = templates["\(scope)/\(wanted)"] { return compiled.template }
    if scope == localScope { return spec.template(wanted) }
    return frozen.specs[scope]?.list("templates").first { $0["name"]?.string == wanted }.map { Template($0) }
  }

  /// The compiled template, made at first use.
  mutating func compiled(_ found: FoundTemplate) -> CompiledTemplate {
    if let known = found.compiled ?? templates[found.key] { return known }
    var json = found.template.json
    if let defaults = spec.templateDefaults { json = SpecMerge.apply(defaults: defaults, to: json) }
    let metadata = found.scope == localScope ? spec.json["podMetadata"] : frozen.specs[found.scope]?["podMetadata"]
    if let metadata = metadata?.object {
      var own = json["metadata"] ?? .object([:])
      for field in ["labels", "annotations"] {
        for (key, value) in metadata[field]?.object ?? [:] where own[field]?[key] == nil {
          var members = own[field] ?? .object([:])
          members[key] = value
          own[field] = members
        }
      }
      json["metadata"] = own
    }
    let template = CompiledTemplate(
      Template(json), scope: found.scope, key: found.key, isInline: found.isInline, workflowRetry: spec.json.present("retryStrategy"))
    templates[found.key] = template
    if !found.isInline { namedTemplates[TemplatePlace(scope: found.scope, name: found.template.name)] = template }
    return template
  }

  /// The compiled template of a key, for restoring.
  mutating func template(forKey key: String) -> CompiledTemplate? {
    if let known = templates[key] { return known }
    if let range = key.ranges(of: "/inline/").last {
      guard let around = template(forKey: String(key[..<range.lowerBound])) else { return nil }
      let wanted = String(key[range.upperBound...])
      guard let step = (around.groups.joined() + around.tasks).first(where: { $0.name == wanted }),
        let inline = step.reference.inlineTemplate
      else { return nil }
      return compiled(FoundTemplate(template: inline, scope: around.scope, key: key, isInline: true, label: ReferenceLabel()))
    }
    guard let slash = key.lastIndex(of: "/") else { return nil }
    let scope = String(key[..<slash])
    guard let found = template(String(key[key.index(after: slash)...]), scope: scope) else { return nil }
    return compiled(FoundTemplate(template: found, scope: scope, key: key, isInline: false, label: ReferenceLabel()))
  }

  /// Argo's name of a node's pod, or, where another node of the run has it by the same hash, that with a number.
  func podName(_ node: String, _ label: ReferenceLabel) -> String {
    let base = NodeNames.pod(workflow: name, node: node, template: label.podTemplate, format: identity.podNameFormat)
    let hash = fnv1a32(node)
    if unusualPods.isEmpty, nodeTable.last(hash, in: nodes, where: { nodes[$0].name != node }) == nil { return base }
    var candidate = base
    var number = 0
    while let other = self.node(ofPod: candidate), nodes[other].name != node {
      number += 1
      candidate = "\(base)-\(number)"
    }
    return candidate
  }
}
