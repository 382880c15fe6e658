import ArgoClient
import ArgumentParser
import JSONValue

/// From where a fork goes on, and with what.
struct ForkArguments: ParsableArguments {
  @Option(help: ArgumentHelp("The node: its display name, name or ID, or a field selector that means one node.", valueName: "node"))
  var node: String

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("An input parameter of the node; may be given often.", valueName: "name=value"))
  var setInput: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("An output of a node, which is not run then; may be given often.", valueName: "node.name=value"))
  var setOutput: [String] = []

  func action() throws(SubmitFailure) -> RunAction {
    var inputs: [ParameterArgument] = []
    for text in setInput { inputs.append(try ParameterArgument(parsing: text)) }
    var outputs: [ForkOutput] = []
    for text in setOutput { outputs.append(try ForkOutput(parsing: text)) }
    return .fork(node: node, inputs: inputs, outputs: outputs)
  }

  /// What a server is told.
  func members() throws(SubmitFailure) -> JSONObject {
    var outputs: [JSON] = []
    for text in setOutput {
      let output = try ForkOutput(parsing: text)
      outputs.append(["node": .string(output.node), "name": .string(output.name), "value": .string(output.value)])
    }
    return ["node": .string(node), "inputs": .array(setInput.map { .string($0) }), "outputs": .array(outputs)]
  }

  func validate() throws {
    do { _ = try action() } catch { throw ValidationError("\(error)") }
  }
}

/// `argosy fork`.
struct ForkCommand: PlacedVerb {
  static let configuration = CommandConfiguration(
    commandName: "fork",
    abstract: "Start a new run from a node of a finished one.",
    discussion: """
      What lies before the node is taken over with its outputs and artifacts; the node and everything after it runs again, with the \
      templates as they are now. Edited outputs stand in place of a node's own, and that node is not run.

      EXAMPLES
        argosy fork my-wf --node deploy -n argo --watch
        argosy fork my-wf --node deploy --state ./state
        argosy fork my-wf --node deploy --state ./state -p env=test --set-input replicas=2
        argosy fork my-wf --node test --state ./state --set-output build.version=1.2.3

      \(RunAgainArguments.exitStatuses)
      """)

  @Argument(help: ArgumentHelp("The workflow; @latest is the newest.", valueName: "workflow"), completion: .workflows)
  var workflow: String

  @OptionGroup var place: ForkArguments

  @Option(
    name: [.short, .long], parsing: .unconditionalSingleValue,
    help: ArgumentHelp("A parameter of the workflow; may be given often.", valueName: "name=value"))
  var parameter: [String] = []

  @OptionGroup(title: "Display") var display: RunDisplayArguments
  @OptionGroup(title: "State") var state: StateArguments
  @OptionGroup(title: "Server") var server: ServerArguments

  func check() throws { try display.checkForServer() }

  func keep(_ directory: String, _ dependencies: CommandDependencies) async throws -> Int32 {
    await dependencies.run(
      try display.options(directory, namespace: stateNamespace, try place.action(), workflows: [workflow], parameters: parameter))
  }

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let named = WorkflowName(namespace: client.connection.namespace, name: workflow)
    var members = try place.members()
    members["parameters"] = .array(parameter.map { .string($0) })
    let body = members
    return try await display.show([named], client, dependencies) { named in
      try await client.act("fork", named.name, namespace: named.namespace, body)
    }
  }
}

/// `argosy archive fork`.
struct ArchiveForkCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "fork",
    abstract: "Start new runs from a node of archived workflows.",
    discussion: """
      Argosy's own. As `argosy fork`, which means the archived workflow of the name too where there is no other; by its UID an earlier one.

      EXAMPLES
        argosy archive fork my-wf --node deploy
        argosy archive fork a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 --node deploy -p env=test --watch
      """)

  @OptionGroup var action: ArchiveActionArguments

  @OptionGroup var place: ForkArguments

  @OptionGroup(title: "Server") var server: ServerArguments

  func validate() throws {
    if action.workflows.isEmpty && !action.hasSelector { throw ValidationError("requires either selector or workflow") }
  }

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    try await action.run("fork", try place.members(), client, dependencies)
  }
}
