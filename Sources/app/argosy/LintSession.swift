import CommandLine
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
    return LintOutcome(
      report: { intake.report(isColored: $0) }, checked: (intake.fixtures + intake.workflows).count { options.includes($0.resource.kind) })
  }
}
