import CommandLine
import JSONValue
import KubeModel
import ResourceDB
import Validation
import YAMLText

/// Reads, checks and sorts what a command was given.
struct ManifestIntake {
  /// Everything that is no Workflow, in the order of the files.
  private(set) var fixtures: [Manifest] = []
  private(set) var workflows: [Manifest] = []
  private(set) var diagnostics: [Diagnostic] = []
  private(set) var sources: [String: String] = [:]

  /// Collects the files and reads them. Throws ``InputFailure`` when one cannot be read; what is wrong inside is in `diagnostics`.
  mutating func read(_ paths: [String], namespace: String?) throws {
    let loader = ManifestLoader(defaultNamespace: namespace)
    for file in try InputFiles.collect(paths) {
      let result = loader.load(file.bytes, file: file.name)
      sources[file.name] = String(decoding: file.bytes, as: UTF8.self)
      diagnostics += result.diagnostics
      for manifest in result.manifests {
        if manifest.resource.kind == .workflow { workflows.append(manifest) } else { fixtures.append(manifest) }
      }
    }
  }

  /// Workflows that were read, with a submission's options applied to each.
  mutating func applyToWorkflows(_ options: SubmitOptions) {
    for index in workflows.indices { workflows[index].resource = options.apply(to: workflows[index].resource) }
  }

  /// Checks everything against the rules; references find what was read and what `stored` has.
  mutating func validate(mode: WorkflowValidator.Mode, stored: @escaping @Sendable (ResourceKey) -> Resource?) {
    var templates: [ResourceKey: Resource] = [:]
    for manifest in fixtures { templates[manifest.resource.key] = manifest.resource }
    let known = templates
    for manifest in fixtures + workflows {
      let namespace = manifest.resource.namespace
      let catalog: @Sendable (String, Bool) -> Resource? = { name, isClusterScope in
        let key = ResourceKey(isClusterScope ? .clusterWorkflowTemplate : .workflowTemplate, namespace: namespace, name: name)
        return known[key] ?? stored(key)
      }
      diagnostics += WorkflowValidator(.init(mode: mode, catalog: catalog)).diagnostics(for: manifest)
    }
    diagnostics.sort()
  }

  /// Drops findings that are not asked for.
  mutating func keepDiagnostics(_ isKept: (Diagnostic) -> Bool) { diagnostics.removeAll { !isKept($0) } }

  /// The findings as text.
  func report(isColored: Bool) -> DiagnosticReport {
    let sources = sources
    return DiagnosticReport(diagnostics, isColored: isColored, source: { sources[$0] })
  }
}
