import CommandLine
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Validation

/// One `argosy lint`: the validator of `run` over files, without running anything.
struct LintSession: Sendable {
  let options: LintOptions

  /// Throws ``InputFailure`` when a file cannot be read.
  func run() throws -> LintOutcome {
    var intake = ManifestIntake()
    try intake.read(options.paths, namespace: nil, passesOver: true)
    let templates = try storedTemplates()
    let namespace = options.namespace
    intake.validate(mode: .lint, isStrict: options.isStrict, givesAdvice: true) { key in
      let isLocal = key.namespace.isEmpty && key.kind == .workflowTemplate && !namespace.isEmpty
      return templates[isLocal ? ResourceKey(key.kind, namespace: namespace, name: key.name) : key]
    }
    let isChosen: (String) -> Bool = { kind in
      options.kinds.isEmpty || ResourceKind.known.contains { $0.kind == kind && options.kinds.contains($0.plural) }
    }
    // A comment may be about what the other kinds are not asked for.
    intake.keepDiagnostics { ($0.kind.isEmpty && (options.kinds.isEmpty || $0.rule != "unused-ignore")) || isChosen($0.kind) }
    let resources = intake.fixtures.map(\.resource) + intake.workflows.map(\.resource)
    let checked = resources.contains { $0.kind.group == "argoproj.io" && isChosen($0.kind.kind) }
    let result = intake
    return LintOutcome(exitStatus: result.diagnostics.hasErrors || !checked ? 1 : 0) { form, style in
      let report = result.report(isColored: style.hasColor)
      return switch form {
      case .json: report.json.text(.pretty) + "\n"
      case .sarif: report.sarif(version: VersionInformation.current.version).text(.pretty) + "\n"
      case .github: report.github
      case .simple: report.simple + (report.diagnostics.hasErrors ? "" : Self.closing(checked))
      case .pretty: report.pretty + report.summary(lintedAnything: checked || report.diagnostics.hasErrors)
      }
    }
  }

  /// The templates of the server or of the kept state that references may name; none with `--offline`.
  private func storedTemplates() throws -> [ResourceKey: Resource] {
    if !options.templates.isEmpty {
      let found = options.templates.map { json in
        let kind: ResourceKind = json["kind"]?.string == ResourceKind.workflowTemplate.kind ? .workflowTemplate : .clusterWorkflowTemplate
        return Resource(kind, json: json)
      }
      return Dictionary(found.map { ($0.key, $0) }, uniquingKeysWith: { $1 })
    }
    guard let state = options.state, !options.isOffline else { return [:] }
    let store = try ResourceDatabase(file: try StateDirectory(existing: state).database)
    defer { store.close() }
    var result: [ResourceKey: Resource] = [:]
    for kind in [ResourceKind.workflowTemplate, .clusterWorkflowTemplate] {
      for resource in try store.list(kind, namespace: nil, labels: LabelSelector()) { result[resource.key] = resource }
    }
    return result
  }

  private static func closing(_ checked: Bool) -> String {
    checked ? "no linting errors found!\n" : "found nothing to lint in the specified paths, failing...\n"
  }
}
