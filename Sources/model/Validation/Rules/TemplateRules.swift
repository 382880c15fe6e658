import JSONValue
import YAMLText

extension ValidationRun {
  /// Checks what a step, a task, a hook or the entry refers to; nil when it is unknown or only known at run time.
  func resolve(_ holder: JSON, in origin: TemplateOrigin, at path: FieldPath) -> (template: CallableTemplate, origin: TemplateOrigin)? {
    let name = holder.text(at: "template")
    if holder.holds("inline"), let inline = holder["inline"] {
      let template = CallableTemplate(json: inline, path: path["inline"])
      if !template.name.isEmpty {
        report("inline", "an inline template has no name", hint: "remove it", at: template.path["name"])
      }
      if path.steps.contains(.key("inline")) {
        report("inline", "an inline template cannot hold another inline template", hint: "give one of them a name", at: template.path)
      }
      return (template, origin)
    }
    if holder.holds("templateRef"), let reference = holder["templateRef"] {
      return resolveReference(reference, besides: name, at: path["templateRef"])
    }
    if name.isEmpty {
      report("template-missing", "template name is required", hint: "say template, templateRef or inline", at: path)
      return nil
    }
    if isTemplated(name) { return nil }
    guard let template = origin.template(named: name) else {
      let near = nearest(to: name, in: origin.templates.map(\.name)).map { "did you mean '\($0)'?" }
      report("template-undefined", "template name '\(name)' undefined", hint: near, at: path["template"])
      return nil
    }
    return (template, origin)
  }

  private func resolveReference(
    _ reference: JSON, besides name: String, at path: FieldPath
  ) -> (template: CallableTemplate, origin: TemplateOrigin)? {
    let (resource, wanted) = (reference.text(at: "name"), reference.text(at: "template"))
    if !name.isEmpty {
      report("template-ref", "template name cannot be specified with templateRef", at: path)
      return nil
    }
    if resource.isEmpty {
      report("template-ref", "resource name is required", at: path)
      return nil
    }
    if wanted.isEmpty {
      report("template-ref", "template name is required", at: path)
      return nil
    }
    if isTemplated(resource) || isTemplated(wanted) { return nil }
    let isClusterScope = reference["clusterScope"]?.bool ?? false
    guard let origin = origin(named: resource, isClusterScope: isClusterScope) else {
      report("template-ref-not-found", "template reference \(resource).\(wanted) not found", hint: hint(isClusterScope), at: path)
      return nil
    }
    guard let template = origin.template(named: wanted) else {
      let near = nearest(to: wanted, in: origin.templates.map(\.name)).map { "did you mean '\($0)'?" }
      report("template-ref-not-found", "template reference \(resource).\(wanted) not found", hint: near, at: path)
      return nil
    }
    return (template, origin)
  }

  private func hint(_ isClusterScope: Bool) -> String {
    isClusterScope
      ? "there is no ClusterWorkflowTemplate of this name"
      : "there is no WorkflowTemplate of this name; a ClusterWorkflowTemplate needs clusterScope: true"
  }

  /// Checks a template once for each place that its names are looked up in. `outer` is what an inline template sees of the template around it.
  func visit(_ template: CallableTemplate, in origin: TemplateOrigin, calledAt path: FieldPath, outer: TagScope = TagScope()) {
    inside(origin, calledAt: path) {
      let id = template.name.isEmpty ? "\(origin.id) \(template.path)" : "\(origin.id)/\(template.name)"
      guard visited.insert(id).inserted else { return }
      check(template, in: origin, outer: outer)
    }
  }

  private func check(_ template: CallableTemplate, in origin: TemplateOrigin, outer: TagScope) {
    let (name, path) = (template.name, template.path)
    checkRetry(template.json["retryStrategy"], at: path["retryStrategy"])
    let choice = "choose one of: container, containerSet, steps, script, resource, dag, suspend, template, template ref"
    switch CallableTemplate.bodies.filter({ template.has($0.0) }).count {
    case 1: break
    case 0: report("template-type", "templates.\(name) template type unspecified. \(choice)", at: path)
    default: report("template-type", "templates.\(name) multiple template types specified. \(choice)", at: path)
    }
    var scope = inputScope(template)
    scope.formUnion(outer)
    for (index, container) in template.list("initContainers").enumerated() where container.text(at: "name").isEmpty {
      report("init-container-name", "initContainers must all have container name", at: path["initContainers"][index])
    }
    checkTimeouts(template)
    checkValues(of: template.json, prefix: "templates.\(name).", at: path)
    checkSupport(of: template)
    switch template.typeName {
    case "Steps", "DAG":
      checkParallelism(of: template.json, prefix: "templates.\(name).", at: path)
      if template.typeName == "DAG" {
        checkDAG(template, in: origin, scope: &scope)
      } else {
        checkSteps(template, in: origin, scope: &scope)
      }
    default: checkLeaf(template, in: origin, scope: scope)
    }
    checkOutputs(template, scope)
    if let location = template.json["archiveLocation"] {
      checkLocation(location, prefix: "templates.\(name).archiveLocation", at: path["archiveLocation"])
    }
    checkMetrics(template.json["metrics"], prefix: "templates.\(name) ", at: path["metrics"])
    checkSynchronization(
      template.json["synchronization"], prefix: "templates.\(name).synchronization ", at: path["synchronization"])
    checkPodResources(template.json["podResources"], prefix: "templates.\(name).podResources", at: path["podResources"])
    if template.has("podResources"), ["HTTP", "Plugin"].contains(template.typeName) {
      report(
        "pod-resources", "templates.\(name).podResources is not supported for \(template.typeName) templates", at: path["podResources"])
    }
    if !template.list("resourceClaims").isEmpty, !template.isPod {
      report(
        "resource-claims",
        "templates.\(name).resourceClaims is not supported for \(template.typeName) templates, which do not create a pod",
        at: path["resourceClaims"])
    }
  }

  /// Checks the inputs; answers what tags may name in the body.
  private func inputScope(_ template: CallableTemplate) -> TagScope {
    let (name, path) = (template.name, template.path)
    var scope = TagScope()
    let parameters = template.list("inputs", "parameters")
    let artifacts = template.list("inputs", "artifacts")
    let inputs = path["inputs"]
    checkNames(parameters, .parameterOrArtifact, prefix: "templates.\(name).inputs.parameters", at: inputs["parameters"])
    checkNames(artifacts, .parameterOrArtifact, prefix: "templates.\(name).inputs.artifacts", at: inputs["artifacts"])
    for parameter in parameters { scope.insert("inputs.parameters.\(parameter.text(at: "name"))") }
    if !parameters.isEmpty { scope.insert("inputs.parameters") }
    for (index, artifact) in artifacts.enumerated() {
      let reference = "inputs.artifacts.\(artifact.text(at: "name"))"
      let place = inputs["artifacts"][index]
      scope.insert(reference)
      if template.isLeaf {
        checkPath(artifact, name: "templates.\(name).\(reference)", at: place)
        scope.insert("\(reference).path")
      } else if !artifact.text(at: "path").isEmpty {
        report("artifact-path", "templates.\(name).\(reference).path only valid in container/script templates", at: place["path"])
      }
      if !artifact.text(at: "from").isEmpty {
        report("artifact-from", "templates.\(name).\(reference).from not valid in inputs", at: place["from"])
      }
      checkLocation(artifact, prefix: "templates.\(name).\(reference)", at: place)
    }
    if template.isPod { scope.insert("pod.name") }
    for artifact in template.list("outputs", "artifacts") where !artifact.text(at: "path").isEmpty {
      scope.insert("outputs.artifacts.\(artifact.text(at: "name")).path")
    }
    for parameter in template.list("outputs", "parameters") where !(parameter["valueFrom"]?.text(at: "path") ?? "").isEmpty {
      scope.insert("outputs.parameters.\(parameter.text(at: "name")).path")
    }
    return scope
  }

  /// An artifact of a leaf needs a path, and one that stays in its directory.
  func checkPath(_ artifact: JSON, name: String, at path: FieldPath) {
    let text = artifact.text(at: "path")
    if text.isEmpty {
      report("artifact-path", "error in \(name): Artifact '\(artifact.text(at: "name"))' did not specify a path", at: path)
    } else if text.split(separator: "/").contains("..") {
      report(
        "artifact-path",
        "error in \(name): Directory traversal is not permitted: \(text) may escape its directory", hint: "write the path without \"..\"",
        at: path["path"])
    }
  }

  func checkLocation(_ location: JSON, prefix: String, at path: FieldPath) {
    if location.holds("git"), let git = location["git"], git.text(at: "repo").isEmpty {
      report("artifact-location", "\(prefix).git.repo is required", at: path["git"])
    }
    guard location.holds("hdfs"), let hdfs = location["hdfs"] else { return }
    if hdfs.elements("addresses").isEmpty {
      report("artifact-location", "\(prefix).hdfs.addresses is required", at: path["hdfs"])
    } else if hdfs.text(at: "path").isEmpty {
      report("artifact-location", "\(prefix).hdfs.path is required", at: path["hdfs"])
    } else if hdfs.text(at: "path").first != "/", !isTemplated(hdfs.text(at: "path")) {
      report("artifact-location", "\(prefix).hdfs.path must be a absolute file path", at: path["hdfs"]["path"])
    }
  }

  func checkRetry(_ strategy: JSON?, at path: FieldPath) {
    guard let strategy, !strategy.isNull else { return }
    let policy = strategy.text(at: "retryPolicy")
    let policies = ["Always", "OnFailure", "OnError", "OnTransientError"]
    if !policy.isEmpty, !policies.contains(policy) {
      let near = nearest(to: policy, in: policies).map { "did you mean \"\($0)\"?" }
      report("retry-policy", "\(policy) is not a valid RetryPolicy", hint: near, at: path["retryPolicy"])
    }
    let expression = strategy.text(at: "expression")
    if !expression.isEmpty { checkExpression(expression, what: "retryStrategy.expression", prefix: "", at: path["expression"]) }
  }

  private func checkTimeouts(_ template: CallableTemplate) {
    for field in ["timeout", "pendingTimeout"] {
      let text = template.json.text(at: field)
      if text.isEmpty { continue }
      if !template.isLeaf {
        report("timeout", "\(template.typeName) template doesn't support \(field) field", at: template.path[field])
      } else if Int(text) != nil, field == "timeout" {
        report(
          "timeout", "\(template.name) has invalid duration format in timeout", hint: "write \"\(text)s\" for seconds",
          at: template.path[field])
      }
    }
  }

  func checkPodResources(_ resources: JSON?, prefix: String, at path: FieldPath) {
    guard let resources, !resources.isNull else { return }
    if !resources.elements("claims").isEmpty {
      report("pod-resources", "\(prefix).claims is not supported for pod-level resources", at: path["claims"])
    }
    for field in ["limits", "requests"] {
      for (name, _) in resources[field]?.object ?? [:] where name != "cpu" && name != "memory" && !name.hasPrefix("hugepages-") {
        report(
          "pod-resources",
          "\(prefix): \"\(name)\" is not a valid pod-level resource, only cpu, memory and hugepages-* are supported", at: path[field][name])
      }
    }
  }

  /// The rules of `prometheus` metrics; the original words them alike for workflows and templates.
  func checkMetrics(_ metrics: JSON?, prefix: String, at path: FieldPath) {
    for (index, metric) in (metrics?.elements("prometheus") ?? []).enumerated() {
      let name = metric.text(at: "name")
      let place = path["prometheus"][index]
      if !isMetricName(name) {
        report(
          "metric", "\(prefix)metric name '\(name)' is invalid. Metric names must contain alphanumeric characters or '_'", at: place["name"]
        )
      }
      for (number, label) in metric.elements("labels").enumerated() where !isMetricName(label.text(at: "key")) {
        report(
          "metric", "metric label '\(label.text(at: "key"))' is invalid: keys may only contain alphanumeric characters or '_'",
          at: place["labels"][number]["key"])
      }
      if metric.text(at: "help").isEmpty {
        report("metric", "\(prefix)metric '\(name)' must contain a help string under 'help: ' field", at: place)
      }
      for kind in ["gauge", "counter", "histogram"] where metric.holds(kind) && (metric[kind]?.text(at: "value") ?? "").isEmpty {
        report("metric", "\(prefix)metric '\(name)' error: missing \(kind).value", at: place[kind])
      }
      if metric["gauge"]?["realtime"]?.bool == true, metric["gauge"]?.text(at: "value").contains("resourcesDuration.") == true {
        report(
          "metric", "\(prefix)metric '\(name)' error: 'resourcesDuration.*' metrics cannot be used in real-time",
          at: place["gauge"]["value"])
      }
      checkWhen(metric.text(at: "when"), prefix: prefix + "metric '\(name)'", at: place["when"])
    }
  }

  private func isMetricName(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(first >= 0x30 && first <= 0x39) else { return false }
    return name.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x5F }
  }
}
