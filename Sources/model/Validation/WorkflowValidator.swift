import JSONValue
import KubeModel

/// The rules for the objects of Argo Workflows: those of the original's validator with its texts, and some that it leaves to run time.
///
/// Pure: stored templates and time zones come through closures. The same rules serve lint, submit and run.
package struct WorkflowValidator: Sendable {
  package enum Mode: Sendable, Hashable {
    /// Workflow parameters may lack values, and what this build cannot run is a warning.
    case lint
    /// Workflow parameters need values.
    case submit
    /// As `submit`, and what this build cannot run is an error where the workflow would come to it.
    case run
  }

  package struct Options: Sendable {
    package var mode: Mode
    /// The stored WorkflowTemplate, or ClusterWorkflowTemplate when the second argument is true, of a name; nil when there is none.
    package var catalog: @Sendable (_ name: String, _ isClusterScope: Bool) -> Resource?
    /// The spec of the controller's `workflowDefaults`.
    package var defaults: JSON?
    /// Whether unknown fields are errors; else they are warnings and play no part.
    package var isStrict = true
    /// Whether to warn of what is likely a mistake, too, besides what is not run.
    package var givesAdvice = false
    /// Whether a name is one of the time zone database.
    package var isTimeZone: @Sendable (String) -> Bool

    package init(
      mode: Mode, catalog: @escaping @Sendable (_ name: String, _ isClusterScope: Bool) -> Resource? = { _, _ in nil },
      defaults: JSON? = nil, isTimeZone: @escaping @Sendable (String) -> Bool = { _ in true }
    ) {
      self.mode = mode
      self.catalog = catalog
      self.defaults = defaults
      self.isTimeZone = isTimeZone
    }
  }

  package var options: Options

  package init(_ options: Options) { self.options = options }

  /// Checks an object that came without a text; its findings have paths and no positions.
  package func diagnostics(for resource: Resource) -> [Diagnostic] {
    findings(for: resource).map { finding in
      Diagnostic(
        finding.severity, rule: finding.rule, finding.message, hint: finding.hint, path: finding.path, kind: resource.kind.kind,
        objectName: resource.name.isEmpty ? resource.generateName ?? "" : resource.name)
    }
  }

  /// Checks an object of a file: first against the schema, then, when its shape is right, against the rules.
  package func diagnostics(for manifest: Manifest) -> [Diagnostic] {
    (manifest.diagnostics(findings(for: manifest.resource)) + (options.givesAdvice ? manifest.truthAdvice() : [])).sorted()
  }

  private func findings(for resource: Resource) -> [Finding] {
    var structural = StructuralCheck.findings(of: resource.json, kind: resource.kind.kind)
    if !options.isStrict {
      for index in structural.indices where structural[index].rule == "unknown-field" { structural[index].severity = .warning }
    }
    if structural.contains(where: { $0.severity == .error }) { return structural }
    let run = ValidationRun(options)
    run.check(resource)
    let advice = options.givesAdvice ? AdviceRun.findings(for: resource, options) : []
    // Where the engine refuses an expression its references are not spoken of once more.
    let refused = Set(run.findings.filter { $0.severity == .error }.map(\.path))
    let compared = Set(advice.filter { $0.rule == "when-type" }.map(\.path))
    return structural + run.findings.filter { $0.rule != "when" || $0.severity == .error || !compared.contains($0.path) }
      + advice.filter { $0.rule != "not-upstream" || !refused.contains($0.path) }
  }
}

extension ValidationRun {
  func check(_ resource: Resource) {
    checkName(resource)
    checkLabels(resource.metadata, at: FieldPath("metadata"))
    let isLint = options.mode == .lint
    switch resource.kind {
    case .workflow:
      let context = SpecContext(
        metadata: resource.metadata, path: FieldPath("spec"), allowsEmptyValues: isLint, needsEntrypoint: true)
      checkSpec(resource.spec, context)
    case .workflowTemplate, .clusterWorkflowTemplate:
      isTemplateResource = true
      let context = SpecContext(
        metadata: resource.metadata, path: FieldPath("spec"), allowsEmptyValues: true, needsEntrypoint: false)
      checkSpec(resource.spec, context)
    case .cronWorkflow:
      checkCron(resource, at: FieldPath("spec"))
      let metadata = resource.spec["workflowMetadata"] ?? [:]
      checkLabels(metadata, at: FieldPath("spec", "workflowMetadata"))
      let context = SpecContext(
        metadata: metadata, path: FieldPath("spec", "workflowSpec"), allowsEmptyValues: false, needsEntrypoint: true)
      nested("cannot validate Workflow:") { checkSpec(resource.spec["workflowSpec"] ?? [:], context) }
    case .workflowEventBinding: checkEventBinding(resource.spec)
    default: break
    }
  }

  private func checkName(_ resource: Resource) {
    let path = FieldPath("metadata", "name")
    let name = resource.name
    if name.isEmpty {
      if (resource.generateName ?? "").isEmpty {
        // The original's lint accepts an object without a name; nothing can be submitted without one.
        report(
          "object-name", "metadata.name or metadata.generateName is required", at: FieldPath("metadata"),
          severity: options.mode == .lint ? .warning : .error)
      } else if let prefix = resource.generateName, !isSubdomain(prefix + "x") {
        reportMalformed(prefix, at: FieldPath("metadata", "generateName"))
      }
      return
    }
    let (limit, word): (Int, String) =
      switch resource.kind {
      case .workflow: (63, "workflow")
      case .workflowTemplate: (63, "workflow template")
      case .clusterWorkflowTemplate: (63, "cluster workflow template")
      case .cronWorkflow: (52, "cron workflow")
      default: (253, resource.kind.kind)
      }
    if name.utf8.count > limit {
      report(
        "object-name", "\(word) name \"\(name)\" must not be more than \(limit) characters long (currently \(name.utf8.count))", at: path)
    } else if !isSubdomain(name) {
      reportMalformed(name, at: path)
    }
  }

  private func reportMalformed(_ name: String, at path: FieldPath) {
    report(
      "object-name",
      "\(path): Invalid value: \"\(name)\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
        + "'-' or '.', and must start and end with an alphanumeric character", at: path)
  }

  private func isSubdomain(_ name: String) -> Bool {
    name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
      let isPlain = label.utf8.allSatisfy { (isAlphanumeric($0) && !($0 >= 0x41 && $0 <= 0x5A)) || $0 == 0x2D }
      return !label.isEmpty && isPlain && label.first != "-" && label.last != "-"
    }
  }

  private func checkEventBinding(_ spec: JSON) {
    let path = FieldPath("spec")
    let selector = spec["event"]?.text(at: "selector") ?? ""
    if selector.isEmpty {
      report("event-selector", "spec.event.selector is required", at: path["event"])
    } else {
      checkExpression(selector, what: "spec.event.selector", prefix: "", at: path["event"]["selector"])
    }
    guard let submit = spec["submit"], !submit.isNull else { return }
    if (submit["workflowTemplateRef"]?.text(at: "name") ?? "").isEmpty {
      report("workflow-template-ref", "spec.submit.workflowTemplateRef.name is required", at: path["submit"]["workflowTemplateRef"])
    }
    let arguments = path["submit"]["arguments"]
    checkArguments(submit["arguments"] ?? [:], prefix: "spec.submit.arguments.", allowsEmptyValues: false, at: arguments)
    for (index, parameter) in (submit["arguments"]?.elements("parameters") ?? []).enumerated() {
      let event = parameter["valueFrom"]?.text(at: "event") ?? ""
      if event.isEmpty { continue }
      checkExpression(event, what: "event", prefix: "", at: arguments["parameters"][index]["valueFrom"]["event"])
    }
  }
}
