import CommandLine
import JSONValue
import KubeModel
import Validation

/// One `argosy lint`: the validator of `run` over files, without running anything.
struct LintSession: Sendable {
  let options: LintOptions

  /// Throws ``InputFailure`` when a file cannot be read.
  func run() throws -> LintOutcome {
    var intake = ManifestIntake()
    try intake.read(options.paths, namespace: nil)
    intake.validate(mode: .lint, stored: { _ in nil })
    let isChosen: (String) -> Bool = { kind in
      options.kinds.isEmpty || ResourceKind.known.contains { $0.kind == kind && options.kinds.contains($0.plural) }
    }
    intake.keepDiagnostics { $0.kind.isEmpty || isChosen($0.kind) }
    let resources = intake.fixtures.map(\.resource) + intake.workflows.map(\.resource)
    let checked = resources.contains { $0.kind.group == "argoproj.io" && isChosen($0.kind.kind) }
    let result = intake
    return LintOutcome(exitStatus: result.diagnostics.hasErrors || !checked ? 1 : 0) { form, style in
      let report = result.report(isColored: style.hasColor)
      return switch form {
      case .json: report.json.text(.pretty) + "\n"
      case .simple: report.simple + (report.diagnostics.hasErrors ? "" : Self.closing(checked))
      case .pretty: report.pretty + report.summary(lintedAnything: checked || report.diagnostics.hasErrors)
      }
    }
  }

  private static func closing(_ checked: Bool) -> String {
    checked ? "no linting errors found!\n" : "found nothing to lint in the specified paths, failing...\n"
  }
}
