import Basics
import CommandLine
import JSONValue
import KubeModel
import Validation
import WorkflowTesting

/// One `argosy plan`: reads and checks as `run` does, then lets the engine walk the workflow without a machine.
struct PlanSession: Sendable {
  let options: PlanOptions

  func run() throws -> PlanOutcome {
    var intake = ManifestIntake()
    try intake.read(options.paths, namespace: "default")
    intake.apply(options.submit)
    intake.validate(mode: .lint, stored: { _ in nil })
    if intake.diagnostics.hasErrors {
      return PlanOutcome(exitStatus: 1, text: intake.report(isColored: options.style.hasColor).pretty)
    }
    let resources = intake.fixtures.map(\.resource)
    guard let workflow = intake.workflows.first?.resource, intake.workflows.count == 1 else {
      throw SubmitFailure(
        intake.workflows.isEmpty
          ? "there is no Workflow in the files: give one, with the templates that it refers to"
          : "there are \(intake.workflows.count) Workflows in the files: give one of them")
    }
    let plan = Plan(workflow: workflow, resources: resources, start: SystemClock.now())
    let text =
      switch options.form {
      case .tree: plan.tree(hasGlyphs: options.style.hasGlyphs)
      case .json: plan.json.text(.pretty) + "\n"
      case .dot: plan.dot
      case .mermaid: plan.mermaid
      case .svg: plan.svg
      }
    return PlanOutcome(exitStatus: plan.problem == nil ? 0 : 1, text: text)
  }
}
