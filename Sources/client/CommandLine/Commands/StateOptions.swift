import ArgumentParser

/// Which kept state a command is about.
struct StateArguments: ParsableArguments {
  @Option(help: ArgumentHelp("The state directory of the runs.", valueName: "dir"), completion: .directory)
  var state: String

  @Option(name: [.short, .long], help: ArgumentHelp("The workflows' namespace.", valueName: "namespace"))
  var namespace = "default"
}

/// Names of one or more workflows.
struct NamedWorkflows: ParsableArguments {
  @Argument(help: ArgumentHelp("Names of workflows; @latest is the newest.", valueName: "workflow"))
  var names: [String]
}

/// Which workflows run again, and with what other parameters.
struct RunAgainArguments: ParsableArguments {
  @OptionGroup var workflows: NamedWorkflows

  @Option(
    name: [.short, .long], parsing: .unconditionalSingleValue,
    help: ArgumentHelp("A parameter to override; may be given often.", valueName: "name=value"))
  var parameter: [String] = []
}

/// Names of workflows, or labels that choose them.
struct WorkflowArguments: ParsableArguments {
  @Argument(help: ArgumentHelp("Names of workflows; @latest is the newest.", valueName: "workflow"))
  var names: [String] = []

  @Option(name: [.customShort("l"), .long], help: ArgumentHelp("Workflows that have these labels.", valueName: "labels"))
  var selector = ""

  func validate() throws {
    if names.isEmpty && selector.isEmpty { throw ValidationError("requires either selector or workflow.") }
  }
}

/// How a run in the foreground is shown.
struct RunDisplayArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Pods that run at once at most.", valueName: "n"))
  var maxPods: Int?

  @Flag(help: "Follow the logs of all pods.")
  var log = false

  @Option(name: [.short, .long], help: ArgumentHelp("What is printed at the end: name, json, yaml or wide.", valueName: "form"))
  var output: RunOptions.Output?

  @Flag(help: "No colours.")
  var noColor = false

  @Flag(name: .customLong("no-utf8"), help: "Words and ASCII lines in place of glyphs.")
  var noUTF8 = false

  func validate() throws {
    if let maxPods, maxPods < 1 { throw ValidationError("--max-pods must be 1 or more. Received: \(maxPods)") }
  }

  func options(_ state: StateArguments, _ action: RunAction, workflows: [String], parameters: [String]) throws(SubmitFailure) -> RunOptions
  {
    var options = RunOptions()
    options.stateDirectory = state.state
    options.submit.namespace = state.namespace
    options.action = action
    options.workflows = workflows
    var given: [ParameterArgument] = []
    for text in parameters { given.append(try ParameterArgument(parsing: text)) }
    options.submit.parameters = ParameterArgument.merged(files: [], given: given)
    options.maximumPods = maxPods
    options.followsLogs = log
    options.output = output
    options.noColor = noColor
    options.noUTF8 = noUTF8
    return options
  }
}
