import ArgoClient
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

extension ArgoClient {
  /// Suspends or resumes a workflow; a refusal says which.
  fileprivate func actPlainly(_ verb: String, _ name: String, _ members: JSONObject = [:]) async throws(ClientFailure) {
    do {
      _ = try await act(verb, name, namespace: connection.namespace, members)
    } catch {
      throw ClientFailure("failed to \(verb) \(name): \(error.message)", code: error.code, status: error.status)
    }
  }
}

/// `argosy stop`.
struct StopCommand: PlacedVerb {
  static let configuration = CommandConfiguration(
    commandName: "stop",
    abstract: "Stop workflows; exit handlers still run.",
    discussion: """
      With --state a process that runs them is told; where none does, --resume goes on accordingly.

      EXAMPLES
        argosy stop my-wf -n argo
        argosy stop -l app=build --dry-run
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
  @OptionGroup(title: "Server") var server: ServerArguments

  func keep(_ directory: String, _ dependencies: CommandDependencies) async throws -> Int32 {
    var request = StateRequest(.stop, directory: directory)
    (request.names, request.labels, request.namespace) = (workflows.names, workflows.selector, stateNamespace)
    (request.message, request.selector, request.isDryRun) = (message, nodeFieldSelector, dryRun)
    try workflows.checkForState()
    return await control(request, dependencies) { "workflow \($0) stopped" }
  }

  func check() throws { _ = try NodeFilter(status: "", selector: nodeFieldSelector) }

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    for workflow in try await client.chosen(workflows) {
      if dryRun {
        dependencies.output.write("workflow \(Printable.line(workflow.name)) stopped (dry-run)\n")
        continue
      }
      let stopped = try await client.act(
        "stop", workflow.name, namespace: workflow.namespace,
        ["message": .string(message), "nodeFieldSelector": .string(nodeFieldSelector)])
      dependencies.output.write("workflow \(Printable.line(WorkflowName(stopped, fallback: "").name)) stopped\n")
    }
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy terminate`.
struct TerminateCommand: PlacedVerb {
  static let configuration = CommandConfiguration(
    commandName: "terminate",
    abstract: "Terminate workflows at once, without exit handlers.",
    discussion: """
      EXAMPLES
        argosy terminate my-wf -n argo
        argosy terminate --field-selector metadata.name=my-wf
        argosy terminate my-wf --state ./state
      """)

  @OptionGroup var workflows: WorkflowArguments

  @Flag(help: "Only say which workflows would be terminated.")
  var dryRun = false

  @OptionGroup(title: "State") var state: StateArguments
  @OptionGroup(title: "Server") var server: ServerArguments

  func keep(_ directory: String, _ dependencies: CommandDependencies) async throws -> Int32 {
    var request = StateRequest(.terminate, directory: directory)
    (request.names, request.labels, request.namespace) = (workflows.names, workflows.selector, stateNamespace)
    request.isDryRun = dryRun
    try workflows.checkForState()
    return await control(request, dependencies) { "workflow \($0) terminated" }
  }

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    for workflow in try await client.chosen(workflows) {
      if dryRun {
        dependencies.output.write("workflow \(Printable.line(workflow.name)) terminated (dry-run)\n")
        continue
      }
      let terminated = try await client.act("terminate", workflow.name, namespace: workflow.namespace)
      dependencies.output.write("workflow \(Printable.line(WorkflowName(terminated, fallback: "").name)) terminated\n")
    }
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy suspend`.
struct SuspendCommand: PlacedVerb {
  static let configuration = CommandConfiguration(
    commandName: "suspend",
    abstract: "Suspend workflows: what runs ends, nothing new starts.",
    discussion: """
      EXAMPLES
        argosy suspend my-wf -n argo
        argosy suspend my-wf --state ./state
      """)

  @OptionGroup var workflows: NamedWorkflows

  @OptionGroup(title: "State") var state: StateArguments
  @OptionGroup(title: "Server") var server: ServerArguments

  func keep(_ directory: String, _ dependencies: CommandDependencies) async throws -> Int32 {
    var request = StateRequest(.suspend, directory: directory)
    (request.names, request.namespace) = (workflows.names, stateNamespace)
    return await control(request, dependencies) { "workflow \($0) suspended" }
  }

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    for name in workflows.names {
      try await client.actPlainly("suspend", name)
      dependencies.output.write("workflow \(Printable.line(name)) suspended\n")
    }
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy resume`.
struct ResumeCommand: PlacedVerb {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "Resume workflows, and their suspended nodes.",
    discussion: """
      This lifts a suspension. To go on with runs after a crash, use argosy run --state DIR --resume.

      EXAMPLES
        argosy resume my-wf -n argo
        argosy resume my-wf --state ./state
        argosy resume my-wf --state ./state --node-field-selector inputs.parameters.tag.value=eu
      """)

  @OptionGroup var workflows: NamedWorkflows

  @Option(help: ArgumentHelp("Suspended nodes to resume, in place of all.", valueName: "selector"))
  var nodeFieldSelector = ""

  @OptionGroup(title: "State") var state: StateArguments
  @OptionGroup(title: "Server") var server: ServerArguments

  func keep(_ directory: String, _ dependencies: CommandDependencies) async throws -> Int32 {
    var request = StateRequest(.resume, directory: directory)
    (request.names, request.namespace, request.selector) = (workflows.names, stateNamespace, nodeFieldSelector)
    return await control(request, dependencies) { "workflow \($0) resumed" }
  }

  func check() throws { _ = try NodeFilter(status: "", selector: nodeFieldSelector) }

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    for name in workflows.names {
      try await client.actPlainly("resume", name, ["nodeFieldSelector": .string(nodeFieldSelector)])
      dependencies.output.write("workflow \(Printable.line(name)) resumed\n")
    }
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy node`.
struct NodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "node", abstract: "Perform action on a node of a workflow.", subcommands: [NodeSetCommand.self])
}

/// `argosy node set`.
struct NodeSetCommand: PlacedVerb {
  static let configuration = CommandConfiguration(
    commandName: "set",
    abstract: "Set outputs, message or phase of suspended nodes.",
    discussion: """
      EXAMPLES
        argosy node set my-wf -n argo --node-field-selector displayName=approve -p message=go
        argosy node set my-wf --state ./state --node-field-selector displayName=approve -p message="go ahead"
        argosy node set my-wf --state ./state --node-field-selector displayName=approve --phase Failed --message "too late"
      """)

  @Argument(help: ArgumentHelp("The workflow; @latest is the newest.", valueName: "workflow"), completion: .workflows)
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
  @OptionGroup(title: "Server") var server: ServerArguments

  func validate() throws {
    do { for text in outputParameter { _ = try ParameterArgument(parsing: text) } } catch { throw ValidationError("\(error)") }
  }

  func keep(_ directory: String, _ dependencies: CommandDependencies) async throws -> Int32 {
    var request = StateRequest(.set, directory: directory)
    (request.names, request.namespace, request.selector) = ([workflow], stateNamespace, nodeFieldSelector)
    (request.message, request.phase) = (message, phase)
    for text in outputParameter { request.outputs.append(try Self.unquoted(ParameterArgument(parsing: text))) }
    return await control(request, dependencies) { _ in "workflow values set" }
  }

  func check() throws { _ = try NodeFilter(status: "", selector: nodeFieldSelector) }

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    var outputs = JSONObject()
    for text in outputParameter {
      let parameter = Self.unquoted(try ParameterArgument(parsing: text))
      outputs[parameter.name] = .string(parameter.value)
    }
    _ = try await client.act(
      "set", workflow, namespace: client.connection.namespace,
      [
        "nodeFieldSelector": .string(nodeFieldSelector), "message": .string(message), "phase": .string(phase),
        "outputParameters": .string(outputs.isEmpty ? "" : JSON.object(outputs).text(.canonical)),
      ])
    dependencies.output.write("workflow values set\n")
    return ConcludingStatus.succeeded.rawValue
  }

  /// A value in quotes is taken without them, as the original does.
  private static func unquoted(_ parameter: ParameterArgument) -> ParameterArgument {
    var parameter = parameter
    if parameter.value.hasPrefix("\""), let text = (try? JSON.parse(parameter.value))?.string { parameter.value = text }
    return parameter
  }
}
