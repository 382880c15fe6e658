import Basics
import CommandLine
import JSONValue
import KubeModel
import ResourceDB
import Validation
import YAMLText

/// Reads, checks and sorts what a command was given.
struct ManifestIntake {
  /// A workflow to run, and the manifest it came from; none for one made from a template.
  struct Submission {
    var resource: Resource
    var manifest: Manifest?
  }

  /// Everything that is no Workflow, in the order of the files.
  private(set) var fixtures: [Manifest] = []
  private(set) var workflows: [Submission] = []
  /// CronWorkflows that are to fire.
  private(set) var crons: Set<ResourceKey> = []
  private(set) var diagnostics: [Diagnostic] = []
  private(set) var sources: [String: String] = [:]

  /// Collects the files and reads them. Throws ``InputFailure`` when one cannot be read; what is wrong inside is in `diagnostics`.
  /// - Parameters:
  ///   - schedules: CronWorkflows among them fire; otherwise they are only applied.
  ///   - passesOver: Whether documents of no kind of Argo's are passed over in files that were found in directories.
  mutating func read(_ paths: [String], namespace: String?, schedules: Bool = false, passesOver: Bool = false) throws {
    var loader = ManifestLoader(defaultNamespace: namespace)
    for file in try InputFiles.collect(paths) {
      loader.passesOver = passesOver && file.isFound
      let result = loader.load(file.bytes, file: file.name)
      sources[file.name] = String(decoding: file.bytes, as: UTF8.self)
      diagnostics += result.diagnostics
      for manifest in result.manifests {
        if manifest.resource.kind == .workflow {
          workflows.append(Submission(resource: manifest.resource, manifest: manifest))
        } else {
          fixtures.append(manifest)
          if schedules, manifest.resource.kind == .cronWorkflow { crons.insert(manifest.resource.key) }
        }
      }
    }
    forgetStrangers()
  }

  /// Takes off references to owners that are not among what was read: objects of some cluster, from which a manifest was printed. With them the
  /// object would go at once as one whose owner is gone.
  private mutating func forgetStrangers() {
    let uids = Set((fixtures.map(\.resource) + workflows.map(\.resource)).map(\.uid))
    func detached(_ resource: Resource) -> Resource {
      guard let owners = resource.metadata["ownerReferences"]?.array else { return resource }
      let known = owners.filter { $0["uid"]?.string.map { !$0.isEmpty && uids.contains($0) } ?? false }
      guard known.count < owners.count else { return resource }
      var resource = resource
      var metadata = resource.metadata
      metadata["ownerReferences"] = known.isEmpty ? nil : .array(known)
      resource.metadata = metadata
      return resource
    }
    for index in fixtures.indices { fixtures[index].resource = detached(fixtures[index].resource) }
    for index in workflows.indices {
      let resource = detached(workflows[index].resource)
      workflows[index].resource = resource
      workflows[index].manifest?.resource = resource
    }
  }

  /// Adds the workflow that runs a template.
  mutating func add(_ source: SubmitSource, namespace: String) {
    var workflow = source.workflow
    workflow.namespace = namespace
    workflows.append(Submission(resource: workflow, manifest: nil))
  }

  /// Applies a submission's options to every workflow.
  mutating func apply(_ options: SubmitOptions) {
    for index in workflows.indices {
      let resource = options.apply(to: workflows[index].resource)
      workflows[index].resource = resource
      workflows[index].manifest?.resource = resource
    }
  }

  /// Checks everything against the rules; references find what was read and what `stored` has.
  mutating func validate(
    mode: WorkflowValidator.Mode, isStrict: Bool = true, givesAdvice: Bool = false, stored: @escaping @Sendable (ResourceKey) -> Resource?
  ) {
    var templates: [ResourceKey: Resource] = [:]
    for manifest in fixtures { templates[manifest.resource.key] = manifest.resource }
    let known = templates
    let configuration = fixtures.map(\.resource).last { $0.kind == .configMap && $0.name == ControllerConfiguration.mapName }
    let defaults = configuration.flatMap { ControllerConfiguration($0).workflowDefaults?["spec"] }
    func validator(_ namespace: String) -> WorkflowValidator {
      var options = WorkflowValidator.Options(
        mode: mode,
        catalog: { name, isClusterScope in
          let key = ResourceKey(isClusterScope ? .clusterWorkflowTemplate : .workflowTemplate, namespace: namespace, name: name)
          return known[key] ?? stored(key)
        }, defaults: defaults, isTimeZone: { SystemTimeZones.named($0) != nil })
      options.isStrict = isStrict
      options.givesAdvice = givesAdvice
      return WorkflowValidator(options)
    }
    for manifest in fixtures { diagnostics += validator(manifest.resource.namespace).diagnostics(for: manifest) }
    for workflow in workflows {
      let validator = validator(workflow.resource.namespace)
      diagnostics += workflow.manifest.map(validator.diagnostics) ?? validator.diagnostics(for: workflow.resource).map(Self.ofCommandLine)
    }
    resolveInSources()
  }

  /// Moves findings to their lines in blocks of text, and drops those that comments ignore.
  private mutating func resolveInSources() {
    let byFile = Dictionary(grouping: diagnostics, by: \.file)
    var files = Set(byFile.keys)
    files.formUnion(sources.filter { $0.value.contains("argosy:ignore") }.keys)
    diagnostics = files.flatMap { file in
      let found = byFile[file] ?? []
      return sources[file].map { SourceText($0).resolve(found, file: file) } ?? found
    }
    diagnostics.sort()
  }

  private static func ofCommandLine(_ diagnostic: Diagnostic) -> Diagnostic {
    var diagnostic = diagnostic
    diagnostic.file = "--from"
    return diagnostic
  }

  /// Drops findings that are not asked for.
  mutating func keepDiagnostics(_ isKept: (Diagnostic) -> Bool) { diagnostics.removeAll { !isKept($0) } }

  /// The findings as text.
  func report(isColored: Bool) -> DiagnosticReport {
    let sources = sources
    return DiagnosticReport(diagnostics, isColored: isColored, source: { sources[$0] })
  }
}
