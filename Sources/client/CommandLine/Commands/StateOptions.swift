import ArgoClient
import ArgumentParser
import JSONValue

/// A verb that acts on workflows of a server, or of a run's state directory when `--state` names one. See docs/argo-cli.md.
protocol PlacedVerb: ServerVerb {
  var state: StateArguments { get }
  /// Does the work in a state directory and returns the exit status. What it throws is bad usage.
  func keep(_ directory: String, _ dependencies: CommandDependencies) async throws -> Int32
}

extension PlacedVerb {
  /// The namespace of the workflows of a state directory.
  var stateNamespace: String { server.namespace ?? "default" }

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    if let directory = state.state { return try await keep(directory, dependencies) }
    return await dependencies.failing {
      try check()
      guard let client = try await dependencies.clientIfAny(server) else { throw NoServer(allowsState: true) }
      return try await serve(client, dependencies)
    }
  }
}

/// Which kept state a command is about.
struct StateArguments: ParsableArguments {
  @Option(help: ArgumentHelp("The state directory of an argosy run, in place of a server.", valueName: "dir"), completion: .directory)
  var state: String?
}

/// Names of one or more workflows.
struct NamedWorkflows: ParsableArguments {
  @Argument(help: ArgumentHelp("Names of workflows; @latest is the newest.", valueName: "workflow"), completion: .workflows)
  var names: [String]
}

/// Names of workflows, or what chooses them.
struct WorkflowArguments: ParsableArguments {
  @Argument(help: ArgumentHelp("Names of workflows; @latest is the newest.", valueName: "workflow"), completion: .workflows)
  var names: [String] = []

  @Option(name: [.customShort("l"), .long], help: ArgumentHelp("Workflows that have these labels.", valueName: "labels"))
  var selector = ""

  @Option(help: ArgumentHelp("Workflows of a server that have these fields: metadata.name=x.", valueName: "fields"))
  var fieldSelector = ""

  func validate() throws {
    if names.isEmpty && selector.isEmpty && fieldSelector.isEmpty { throw ValidationError("requires either selector or workflow.") }
  }

  /// What a state directory can choose by.
  func checkForState() throws(SubmitFailure) {
    if !fieldSelector.isEmpty { throw SubmitFailure("--field-selector is for a server. Leave it out with --state") }
  }
}

/// Which workflows run again, and with what other parameters.
struct RunAgainArguments: ParsableArguments {
  /// What the help of commands says that let a workflow run again.
  static let exitStatuses = """
    EXIT STATUS
      0    done; with --wait or --state: the workflow Succeeded
      1    refused; with --wait or --state: it Failed or is in Error
      2    bad usage
      130  stopped with Ctrl-C
    """

  @OptionGroup var workflows: WorkflowArguments

  @Option(
    name: [.short, .long], parsing: .unconditionalSingleValue,
    help: ArgumentHelp("A parameter to override; may be given often.", valueName: "name=value"))
  var parameter: [String] = []

  func validate() throws {
    do { for text in parameter { _ = try ParameterArgument(parsing: text) } } catch { throw ValidationError("\(error)") }
  }

  /// The names, for a state directory.
  func namesForState() throws(SubmitFailure) -> [String] {
    if !workflows.selector.isEmpty || !workflows.fieldSelector.isEmpty {
      throw SubmitFailure("selectors are for a server. Name the workflows with --state")
    }
    return workflows.names
  }
}

/// How a workflow that runs again is shown.
struct RunDisplayArguments: ParsableArguments {
  @OptionGroup var follow: FollowArguments

  @Option(help: ArgumentHelp("Pods that run at once at most, with --state.", valueName: "n"))
  var maxPods: Int?

  @Option(name: [.short, .long], help: ArgumentHelp("What is printed: name, json, yaml or wide.", valueName: "form"))
  var output: RunOptions.Output?

  @Flag(help: "No colours.")
  var noColor = false

  @Flag(name: .customLong("no-utf8"), help: "Words and ASCII lines in place of glyphs.")
  var noUTF8 = false

  func validate() throws {
    if let maxPods, maxPods < 1 { throw ValidationError("--max-pods must be 1 or more. Received: \(maxPods)") }
  }

  /// For a run in the foreground, which is watched until its end whatever the flags say of that.
  func options(
    _ directory: String, namespace: String, _ action: RunAction, workflows: [String], parameters: [String]
  ) throws(SubmitFailure) -> RunOptions {
    var options = RunOptions()
    options.stateDirectory = directory
    options.submit.namespace = namespace
    options.action = action
    options.workflows = workflows
    var given: [ParameterArgument] = []
    for text in parameters { given.append(try ParameterArgument(parsing: text)) }
    options.submit.parameters = ParameterArgument.merged(files: [], given: given)
    options.maximumPods = maxPods
    options.followsLogs = follow.log
    options.output = output
    options.noColor = noColor
    options.noUTF8 = noUTF8
    return options
  }

  /// The form for a workflow of a server.
  var form: WorkflowOutput? { output.flatMap { WorkflowOutput(rawValue: $0.rawValue) } }

  func checkForServer() throws(SubmitFailure) {
    if maxPods != nil { throw SubmitFailure("--max-pods is for --state: how many pods a server runs is its own affair") }
    if follow.wait && follow.watch { throw SubmitFailure("--wait cannot be combined with --watch") }
  }

  /// Shows what came of it, one by one, and then follows a single one, as the original does.
  func show(
    _ workflows: [WorkflowName], _ client: ArgoClient, _ dependencies: CommandDependencies,
    act: (WorkflowName) async throws -> JSON
  ) async throws -> Int32 {
    let context = Terminal.context(dependencies.style(noColor: noColor, noUTF8: noUTF8))
    var last: WorkflowName?
    for workflow in workflows {
      let result = try await act(workflow)
      dependencies.output.write(WorkflowOutput.text(result, form, context, yaml: dependencies.yaml))
      last = WorkflowName(result, fallback: workflow.namespace)
    }
    guard workflows.count == 1, let last else { return ConcludingStatus.succeeded.rawValue }
    let following = Following(client: client, dependencies: dependencies, noColor: noColor, noUTF8: noUTF8)
    return try await following.follow([last], follow, output: form, filter: try NodeFilter(status: "", selector: ""))
  }
}
