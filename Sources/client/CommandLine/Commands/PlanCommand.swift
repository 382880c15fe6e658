import ArgumentParser

/// What `argosy plan` was asked to foresee.
package struct PlanOptions: Sendable, Hashable {
  package enum Form: String, Sendable, Hashable, CaseIterable { case tree, json, dot, mermaid, svg }

  /// Files and directories, as given; one Workflow in them is planned.
  package var paths: [String]
  package var submit: SubmitOptions
  package var form: Form
  package var style: DisplayStyle
}

/// A plan as text, and the exit status.
package struct PlanOutcome: Sendable {
  package var exitStatus: Int32
  package var text: String

  package init(exitStatus: Int32, text: String) {
    self.exitStatus = exitStatus
    self.text = text
  }
}

/// `argosy plan`.
struct PlanCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Show what a workflow would run, before anything does.",
    discussion: """
      The engine walks the workflow with every step taken as successful. What is only known at run time is written ‹step.output›; a step whose
      condition depends on it is shown with the condition, a loop over it once, with the list.

      EXAMPLES
        argosy plan deploy.yaml -p env=test
        argosy plan deploy.yaml lib/ -o mermaid
        argosy plan deploy.yaml -o svg > deploy.svg

      EXIT STATUS
        0  the plan is whole
        1  the workflow is refused, or would end in an error
        2  bad usage
      """)

  @Argument(help: ArgumentHelp("Files or directories: the workflow and what it refers to.", valueName: "file"), completion: .file())
  var files: [String]

  @Option(name: [.short, .long], help: ArgumentHelp("A parameter of the workflow.", valueName: "name=value"))
  var parameter: [String] = []

  @Option(
    name: [.customShort("f"), .long], help: ArgumentHelp("A YAML or JSON file with parameters.", valueName: "file"), completion: .file())
  var parameterFile: String?

  @Option(help: ArgumentHelp("The template to begin with.", valueName: "template"))
  var entrypoint: String?

  @Option(name: [.short, .long], help: ArgumentHelp("The form: tree, json, dot, mermaid or svg.", valueName: "form"))
  var output: PlanOptions.Form = .tree

  @Flag(help: "No colours.")
  var noColor = false

  @Flag(name: .customLong("no-utf8"), help: "ASCII in place of glyphs.")
  var noUTF8 = false

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    var submit = SubmitOptions()
    var fromFile: [ParameterArgument] = []
    if let parameterFile {
      let document = try dependencies.parseDocument(try InputFiles.read(parameterFile))
      fromFile = try ParameterArgument.file(document, name: parameterFile)
    }
    let given = try parameter.map { text throws(SubmitFailure) in try ParameterArgument(parsing: text) }
    submit.parameters = ParameterArgument.merged(files: fromFile, given: given)
    submit.entrypoint = entrypoint
    let options = PlanOptions(
      paths: files, submit: submit, form: output, style: dependencies.style(noColor: noColor, noUTF8: noUTF8))
    let outcome = try await dependencies.plan(options)
    dependencies.output.write(outcome.text)
    return outcome.exitStatus
  }
}

extension PlanOptions.Form: ExpressibleByArgument {}
