import ArgumentParser
import JSONValue

extension Verb {
  /// Carries out a request and says so for each workflow, in Argo's words.
  fileprivate func control(_ request: StateRequest, _ dependencies: CommandDependencies, done: (String) -> String) async -> Int32 {
    do {
      for workflow in try await dependencies.control(request) {
        let name = workflow.at("metadata", "name")?.string ?? ""
        dependencies.output.write(done(name) + (request.isDryRun ? " (dry-run)" : "") + "\n")
      }
      return ConcludingStatus.succeeded.rawValue
    } catch {
      dependencies.errors.write("argosy: \(error)\n")
      return ConcludingStatus.failed.rawValue
    }
  }
}

/// `argosy stop`.
struct StopCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "stop",
    abstract: "Stop workflows of a kept state; exit handlers still run.",
    discussion: """
      A process that runs them is told; where none does, --resume goes on accordingly.

      EXAMPLES
        argosy stop my-wf --state ./state
        argosy stop @latest --state ./state --node-field-selector displayName=approve --message "not today"
      """)

  @OptionGroup var workflows: WorkflowArguments

  @Option(help: ArgumentHelp("The message of the nodes that are stopped.", valueName: "text"))
  var message = ""

  @Option(help: ArgumentHelp("Suspended nodes to fail, in place of the whole workflow.", valueName: "selector"))
  var nodeFieldSelector = ""

  @Flag(help: "Only say which workflows would be stopped.")
  var dryRun = false

  @OptionGroup(title: "State") var state: StateArguments

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    var request = StateRequest(.stop, directory: state.state)
    (request.names, request.labels, request.namespace) = (workflows.names, workflows.selector, state.namespace)
    (request.message, request.selector, request.isDryRun) = (message, nodeFieldSelector, dryRun)
    return await control(request, dependencies) { "workflow \($0) stopped" }
  }
}

/// `argosy terminate`.
struct TerminateCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "terminate",
    abstract: "Terminate workflows of a kept state at once, without exit handlers.",
    discussion: """
      EXAMPLES
        argosy terminate my-wf --state ./state
      """)

  @OptionGroup var workflows: WorkflowArguments

  @Flag(help: "Only say which workflows would be terminated.")
  var dryRun = false

  @OptionGroup(title: "State") var state: StateArguments

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    var request = StateRequest(.terminate, directory: state.state)
    (request.names, request.labels, request.namespace) = (workflows.names, workflows.selector, state.namespace)
    request.isDryRun = dryRun
    return await control(request, dependencies) { "workflow \($0) terminated" }
  }
}

/// `argosy suspend`.
struct SuspendCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "suspend",
    abstract: "Suspend workflows of a kept state: what runs ends, nothing new starts.",
    discussion: """
      EXAMPLES
        argosy suspend my-wf --state ./state
      """)

  @OptionGroup var workflows: NamedWorkflows

  @OptionGroup(title: "State") var state: StateArguments

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    var request = StateRequest(.suspend, directory: state.state)
    (request.names, request.namespace) = (workflows.names, state.namespace)
    return await control(request, dependencies) { "workflow \($0) suspended" }
  }
}

/// `argosy resume`.
struct ResumeCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "Resume workflows of a kept state, and their suspended nodes.",
    discussion: """
      This lifts a suspension. To go on with runs after a crash, use argosy run --state DIR --resume.

      EXAMPLES
        argosy resume my-wf --state ./state
        argosy resume my-wf --state ./state --node-field-selector inputs.parameters.tag.value=eu
      """)

  @OptionGroup var workflows: NamedWorkflows

  @Option(help: ArgumentHelp("Suspended nodes to resume, in place of all.", valueName: "selector"))
  var nodeFieldSelector = ""

  @OptionGroup(title: "State") var state: StateArguments

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    var request = StateRequest(.resume, directory: state.state)
    (request.names, request.namespace, request.selector) = (workflows.names, state.namespace, nodeFieldSelector)
    return await control(request, dependencies) { "workflow \($0) resumed" }
  }
}

/// `argosy node`.
struct NodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "node", abstract: "Perform action on a node of a workflow.", subcommands: [NodeSetCommand.self])
}

/// `argosy node set`.
struct NodeSetCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "set",
    abstract: "Set outputs, message or phase of suspended nodes.",
    discussion: """
      EXAMPLES
        argosy node set my-wf --state ./state --node-field-selector displayName=approve -p message="go ahead"
        argosy node set my-wf --state ./state --node-field-selector displayName=approve --phase Failed --message "too late"
      """)

  @Argument(help: ArgumentHelp("The workflow; @latest is the newest.", valueName: "workflow"))
  var workflow: String

  @Option(help: ArgumentHelp("Suspended nodes to set.", valueName: "selector"))
  var nodeFieldSelector = ""

  @Option(
    name: [.customShort("p"), .long], parsing: .unconditionalSingleValue,
    help: ArgumentHelp("A supplied output parameter; may be given often.", valueName: "name=value"))
  var outputParameter: [String] = []

  @Option(help: ArgumentHelp("Succeeded, Failed, Error or Skipped.", valueName: "phase"))
  var phase = ""

  @Option(name: [.short, .long], help: ArgumentHelp("The node's message.", valueName: "text"))
  var message = ""

  @OptionGroup(title: "State") var state: StateArguments

  func validate() throws {
    do { for text in outputParameter { _ = try ParameterArgument(parsing: text) } } catch { throw ValidationError("\(error)") }
  }

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    var request = StateRequest(.set, directory: state.state)
    (request.names, request.namespace, request.selector) = ([workflow], state.namespace, nodeFieldSelector)
    (request.message, request.phase) = (message, phase)
    for text in outputParameter { request.outputs.append(try Self.unquoted(ParameterArgument(parsing: text))) }
    return await control(request, dependencies) { _ in "workflow values set" }
  }

  /// A value in quotes is taken without them, as the original does.
  private static func unquoted(_ parameter: ParameterArgument) -> ParameterArgument {
    var parameter = parameter
    if parameter.value.hasPrefix("\""), let text = (try? JSON.parse(parameter.value))?.string { parameter.value = text }
    return parameter
  }
}
