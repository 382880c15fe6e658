import JSONValue
import KubeModel

/// What surrounds a workflow's spec.
struct SpecContext {
  /// Of the object; labels and annotations define tags.
  var metadata: JSON
  var path: FieldPath
  var allowsEmptyValues: Bool
  var needsEntrypoint: Bool
}

extension ValidationRun {
  /// The rules of a WorkflowSpec, on the spec merged with that of its `workflowTemplateRef`.
  func checkSpec(_ spec: JSON, _ context: SpecContext) {
    let path = context.path
    var base: TemplateOrigin?
    if spec.holds("workflowTemplateRef"), let reference = spec["workflowTemplateRef"] {
      let place = path["workflowTemplateRef"]
      if !spec.elements("templates").isEmpty {
        report(
          "workflow-template-ref", "Templates is invalid field in spec if workflow referred WorkflowTemplate reference",
          at: path["templates"])
      }
      let isClusterScope = reference["clusterScope"]?.bool ?? false
      let name = reference.text(at: "name")
      base = origin(named: name, isClusterScope: isClusterScope)
      if base == nil {
        let kind = isClusterScope ? ResourceKind.clusterWorkflowTemplate : .workflowTemplate
        report("workflow-template-ref", "\(kind.qualifiedPlural) \"\(name)\" not found", at: place)
        return
      }
    }
    let local = TemplateOrigin(id: "local", name: "", spec: spec, path: path, isForeign: false)
    let source = base ?? local
    checkNames(spec.elements("templates"), .field, prefix: "spec.templates", at: path["templates"])
    let arguments = mergedArguments(spec["arguments"] ?? [:], base?.spec["arguments"] ?? [:])
    checkArguments(arguments, prefix: "spec.arguments.", allowsEmptyValues: context.allowsEmptyValues, at: path["arguments"])
    defineGlobals(spec, base: base?.spec, arguments: arguments, metadata: context.metadata)
    if !isTemplateResource { volumes = volumes(of: [spec, base?.spec, options.defaults].compactMap { $0 }) }
    checkSettings(spec, at: path)
    checkPodLabels(spec, at: path)
    checkExecutorPlugins(spec, at: path)

    // Whoever uses a template may give it other arguments.
    var given: JSON? = arguments
    if isTemplateResource { given = .none }
    isReachable = true
    let entrypoint = [spec, source.spec].map { $0.text(at: "entrypoint") }.first { !$0.isEmpty } ?? ""
    if !entrypoint.isEmpty {
      let place = spec.holds("entrypoint") ? path["entrypoint"] : path["workflowTemplateRef"]
      call(entrypoint, in: source, with: given, at: place)
    } else if context.needsEntrypoint {
      report("entrypoint-required", "spec.entrypoint is required", at: path)
    }
    let onExit = [spec, source.spec].map { $0.text(at: "onExit") }.first { !$0.isEmpty } ?? ""
    let parametrized = source.templates.contains { template in
      template.list("outputs", "artifacts").contains { holdsParameterTag($0.text(at: "globalName")) }
    }
    globals.insert("workflow.failures")
    if !onExit.isEmpty {
      var outer = TagScope()
      outer.allowsAnyWorkflowArtifactOutput = parametrized
      let place = spec.holds("onExit") ? path["onExit"] : path["workflowTemplateRef"]
      call(onExit, in: source, with: given, at: place, outer: outer)
    }
    checkHooks(spec["hooks"], prefix: "hooks", in: source, scope: HookScope(), at: path["hooks"])
    isReachable = false
    for template in source.templates where !template.name.isEmpty {
      nested("templates.\(template.name)") {
        visit(template, in: source, calledAt: path["workflowTemplateRef"])
      }
    }
    inside(source, calledAt: path["workflowTemplateRef"]) { checkRecursion(source) }
  }

  private func call(_ name: String, in origin: TemplateOrigin, with arguments: JSON?, at path: FieldPath, outer: TagScope = TagScope()) {
    guard !isTemplated(name) else { return }
    guard let template = origin.template(named: name) else {
      let near = nearest(to: name, in: origin.templates.map(\.name)).map { "did you mean '\($0)'?" }
      let text = origin.isForeign ? "template reference \(origin.name).\(name) not found" : "template name '\(name)' undefined"
      report("template-undefined", text, hint: near, at: path)
      return
    }
    visit(template, in: origin, calledAt: path, outer: outer)
    if let arguments { checkSupplied(template, by: arguments, at: path) }
  }

  /// The workflow's own arguments, then those that only the template has.
  private func mergedArguments(_ own: JSON, _ base: JSON) -> JSON {
    var result = own
    for field in ["parameters", "artifacts"] {
      let listed = own.elements(field)
      let names = Set(listed.map { $0.text(at: "name") })
      let all = listed + base.elements(field).filter { !names.contains($0.text(at: "name")) }
      if !all.isEmpty { result[field] = .array(all) }
    }
    return result
  }

  private func defineGlobals(_ spec: JSON, base: JSON?, arguments: JSON, metadata: JSON) {
    for name in ["name", "namespace", "mainEntrypoint", "serviceAccountName", "uid", "status"] { globals.insert("workflow.\(name)") }
    for name in ["annotations", "labels"] { globals.formUnion(["workflow.\(name)", "workflow.\(name).json"]) }
    let parameters = arguments.elements("parameters")
    if !parameters.isEmpty { globals.formUnion(["workflow.parameters", "workflow.parameters.json"]) }
    for parameter in parameters { globals.insert("workflow.parameters.\(parameter.text(at: "name"))") }
    for specification in [spec, base, options.defaults] {
      guard let extra = specification?["workflowMetadata"] else { continue }
      define(extra["annotations"], under: "annotations")
      define(extra["labels"], under: "labels")
      define(extra["labelsFrom"], under: "labels")
    }
    define(metadata["annotations"], under: "annotations")
    define(metadata["labels"], under: "labels")
    if spec.holds("priority") || base?.holds("priority") == true { globals.insert("workflow.priority") }
  }

  /// The names of the volumes and claims that the specs give their pods; nil when one is only known at run time.
  private func volumes(of specs: [JSON]) -> Set<String>? {
    var names: Set<String> = []
    for spec in specs {
      let own = spec.elements("volumes") + (spec["templateDefaults"]?.elements("volumes") ?? [])
      names.formUnion(own.map { $0.text(at: "name") })
      names.formUnion(spec.elements("volumeClaimTemplates").map { $0["metadata"]?.text(at: "name") ?? "" })
    }
    return names.contains(where: isTemplated) ? nil : names
  }

  private func define(_ members: JSON?, under name: String) {
    for (key, _) in members?.object ?? [:] { globals.insert("workflow.\(name).\(key)") }
  }

  /// Fields of the spec itself.
  private func checkSettings(_ spec: JSON, at path: FieldPath) {
    let strategy = spec["podGC"]?.text(at: "strategy") ?? ""
    let strategies = ["OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess"]
    if !strategy.isEmpty, !strategies.contains(strategy) {
      let near = nearest(to: strategy, in: strategies).map { "did you mean \"\($0)\"?" }
      report("pod-gc", "podGC.strategy unknown strategy '\(strategy)'", hint: near, at: path["podGC"]["strategy"])
    }
    checkParallelism(of: spec, prefix: "spec.", at: path)
    if let value = spec["activeDeadlineSeconds"]?.int, value < 0 {
      report("active-deadline", "spec.activeDeadlineSeconds must be greater than or equal to 0", at: path["activeDeadlineSeconds"])
    }
    checkRetry(spec["retryStrategy"], at: path["retryStrategy"])
    checkRetryValues(spec["retryStrategy"], prefix: "spec.", at: path["retryStrategy"])
    checkPatch(spec, prefix: "spec.", at: path)
    if spec.holds("templateDefaults"), let defaults = spec["templateDefaults"] {
      checkDefaults(defaults, prefix: "spec.templateDefaults", at: path["templateDefaults"])
    }
    checkMetrics(spec["metrics"], prefix: "spec.", at: path["metrics"])
    checkSynchronization(spec["synchronization"], prefix: "spec.synchronization ", at: path["synchronization"])
    checkPodResources(spec["podResources"], prefix: "spec.podResources", at: path["podResources"])
    for (label, source) in spec.at("workflowMetadata", "labelsFrom")?.object ?? [:] {
      let (expression, place) = (source.text(at: "expression"), path["workflowMetadata"]["labelsFrom"][label]["expression"])
      let prefix = "spec.workflowMetadata.labelsFrom.\(label)"
      checkExpression(expression, what: "expression", prefix: prefix, at: place)
      if !isTemplateResource { checkReferences(expression, TagScope(), prefix: prefix, at: place) }
    }
    checkSupport(ofSpec: spec, at: path)
    checkMachine(spec: spec, at: path)
  }

  /// Less than one place would let nothing begin, ever.
  func checkParallelism(of holder: JSON, prefix: String, at path: FieldPath) {
    guard let value = holder["parallelism"]?.int, value < 1 else { return }
    report("parallelism", "\(prefix)parallelism must be greater than or equal to 1", at: path["parallelism"])
  }

  /// The rules of a template that do not ask what it runs, on what all templates have in common.
  private func checkDefaults(_ defaults: JSON, prefix: String, at path: FieldPath) {
    checkValues(of: defaults, prefix: prefix + ".", at: path)
    checkParallelism(of: defaults, prefix: prefix + ".", at: path)
    checkRetry(defaults["retryStrategy"], at: path["retryStrategy"])
    checkMetrics(defaults["metrics"], prefix: prefix + " ", at: path["metrics"])
    checkSynchronization(defaults["synchronization"], prefix: prefix + ".synchronization ", at: path["synchronization"])
    checkPodResources(defaults["podResources"], prefix: prefix + ".podResources", at: path["podResources"])
    checkAction(of: defaults["resource"] ?? [:], prefix: prefix + ".resource", isRequired: false, at: path["resource"])
  }
}
