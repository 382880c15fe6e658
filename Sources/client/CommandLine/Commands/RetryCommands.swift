import ArgumentParser

private let exitStatuses = """
  EXIT STATUS
    0    the workflow Succeeded
    1    it Failed or is in Error, or the command was refused
    2    bad usage
    130  stopped with Ctrl-C
  """

/// `argosy retry`.
struct RetryCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "retry",
    abstract: "Run the failed steps of a workflow again, and what follows them.",
    discussion: """
      The same workflow goes on: what succeeded stays, what failed is taken away and made anew. Runs in the foreground as run does.

      EXAMPLES
        argosy retry my-wf --state ./state
        argosy retry my-wf --state ./state -p branch=fixed
        argosy retry my-wf --state ./state --restart-successful --node-field-selector templateName=build

      \(exitStatuses)
      """)

  @OptionGroup var again: RunAgainArguments

  @Flag(help: "Run succeeded nodes again that --node-field-selector chooses.")
  var restartSuccessful = false

  @Option(help: ArgumentHelp("Nodes to reset: displayName=build, inputs.parameters.tag.value=x …", valueName: "selector"))
  var nodeFieldSelector = ""

  @OptionGroup(title: "State") var state: StateArguments
  @OptionGroup(title: "Display") var display: RunDisplayArguments

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    let action = RunAction.retry(restartsSuccessful: restartSuccessful, selector: nodeFieldSelector)
    return await dependencies.run(try display.options(state, action, workflows: again.workflows.names, parameters: again.parameter))
  }
}

/// `argosy resubmit`.
struct ResubmitCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "resubmit",
    abstract: "Submit a workflow of a kept state again, as a new one.",
    discussion: """
      EXAMPLES
        argosy resubmit my-wf --state ./state
        argosy resubmit my-wf --state ./state -p env=test
        argosy resubmit my-wf --state ./state --memoized      skip what succeeded, and take its outputs

      \(exitStatuses)
      """)

  @OptionGroup var again: RunAgainArguments

  @Flag(help: "Re-use successful steps and outputs from the previous run.")
  var memoized = false

  @Option(help: ArgumentHelp("The workflow's priority.", valueName: "n"))
  var priority: Int32?

  @OptionGroup(title: "State") var state: StateArguments
  @OptionGroup(title: "Display") var display: RunDisplayArguments

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    let action = RunAction.resubmit(memoized: memoized, priority: priority)
    return await dependencies.run(try display.options(state, action, workflows: again.workflows.names, parameters: again.parameter))
  }
}

/// `argosy fork`.
struct ForkCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "fork",
    abstract: "Start a new run from a node of a finished one.",
    discussion: """
      What lies before the node is taken over with its outputs and artifacts; the node and everything after it runs again, with the \
      templates as they are now. Edited outputs stand in place of a node's own, and that node is not run.

      EXAMPLES
        argosy fork my-wf --node deploy --state ./state
        argosy fork my-wf --node deploy --state ./state -p env=test --set-input replicas=2
        argosy fork my-wf --node test --state ./state --set-output build.version=1.2.3

      \(exitStatuses)
      """)

  @Argument(help: ArgumentHelp("The workflow; @latest is the newest.", valueName: "workflow"))
  var workflow: String

  @Option(help: ArgumentHelp("The node: its display name, name or ID, or a field selector that means one node.", valueName: "node"))
  var node: String

  @Option(
    name: [.short, .long], parsing: .unconditionalSingleValue,
    help: ArgumentHelp("A parameter of the workflow; may be given often.", valueName: "name=value"))
  var parameter: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("An input parameter of the node; may be given often.", valueName: "name=value"))
  var setInput: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("An output of a node, which is not run then; may be given often.", valueName: "node.name=value"))
  var setOutput: [String] = []

  @OptionGroup(title: "State") var state: StateArguments
  @OptionGroup(title: "Display") var display: RunDisplayArguments

  private func action() throws(SubmitFailure) -> RunAction {
    var inputs: [ParameterArgument] = []
    for text in setInput { inputs.append(try ParameterArgument(parsing: text)) }
    var outputs: [ForkOutput] = []
    for text in setOutput { outputs.append(try ForkOutput(parsing: text)) }
    return .fork(node: node, inputs: inputs, outputs: outputs)
  }

  func validate() throws {
    do { _ = try action() } catch { throw ValidationError("\(error)") }
  }

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    await dependencies.run(try display.options(state, try action(), workflows: [workflow], parameters: parameter))
  }
}
