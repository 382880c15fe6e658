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
    checkSettings(spec, at: path)
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
    checkHooks(spec["hooks"], prefix: "hooks", in: source, at: path["hooks"])
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
    if let value = spec["parallelism"]?.int, value < 1 {
      report("parallelism", "spec.parallelism must be greater than or equal to 1", at: path["parallelism"])
    }
    if let value = spec["activeDeadlineSeconds"]?.int, value < 0 {
      report("active-deadline", "spec.activeDeadlineSeconds must be greater than or equal to 0", at: path["activeDeadlineSeconds"])
    }
    checkRetry(spec["retryStrategy"], at: path["retryStrategy"])
    checkMetrics(spec["metrics"], prefix: "spec.", at: path["metrics"])
    checkSynchronization(spec["synchronization"], prefix: "spec.synchronization ", at: path["synchronization"])
    checkPodResources(spec["podResources"], prefix: "spec.podResources", at: path["podResources"])
    for (label, source) in spec.at("workflowMetadata", "labelsFrom")?.object ?? [:] {
      checkExpression(
        source.text(at: "expression"), what: "expression", prefix: "spec.workflowMetadata.labelsFrom.\(label)",
        at: path["workflowMetadata"]["labelsFrom"][label]["expression"])
    }
    checkSupport(ofSpec: spec, at: path)
    checkMachine(spec: spec, at: path)
  }
}
