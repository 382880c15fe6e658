import ArgoClient
import ArgumentParser
import JSONValue

/// `argosy retry`.
struct RetryCommand: PlacedVerb {
  static let configuration = CommandConfiguration(
    commandName: "retry",
    abstract: "Run the failed steps of a workflow again, and what follows them.",
    discussion: """
      The same workflow goes on: what succeeded stays, what failed is taken away and made anew. With --state it runs in the foreground as run
      does.

      EXAMPLES
        argosy retry my-wf -n argo --watch
        argosy retry -l app=build
        argosy retry my-wf --state ./state
        argosy retry my-wf --state ./state -p branch=fixed
        argosy retry my-wf --state ./state --restart-successful --node-field-selector templateName=build

      \(RunAgainArguments.exitStatuses)
      """)

  @OptionGroup var again: RunAgainArguments

  @Flag(help: "Run succeeded nodes again that --node-field-selector chooses.")
  var restartSuccessful = false

  @Option(help: ArgumentHelp("Nodes to reset: displayName=build, inputs.parameters.tag.value=x …", valueName: "selector"))
  var nodeFieldSelector = ""

  @OptionGroup(title: "Display") var display: RunDisplayArguments
  @OptionGroup(title: "State") var state: StateArguments
  @OptionGroup(title: "Server") var server: ServerArguments

  func check() throws {
    _ = try NodeFilter(status: "", selector: nodeFieldSelector)
    try display.checkForServer()
  }

  func keep(_ directory: String, _ dependencies: CommandDependencies) async throws -> Int32 {
    let action = RunAction.retry(restartsSuccessful: restartSuccessful, selector: nodeFieldSelector)
    return await dependencies.run(
      try display.options(
        directory, namespace: stateNamespace, action, workflows: try again.namesForState(), parameters: again.parameter))
  }

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let chosen = try await client.chosen(again.workflows)
    return try await display.show(chosen, client, dependencies) { workflow in
      try await client.act(
        "retry", workflow.name, namespace: workflow.namespace,
        [
          "restartSuccessful": .bool(restartSuccessful), "nodeFieldSelector": .string(nodeFieldSelector),
          "parameters": .array(again.parameter.map { .string($0) }),
        ])
    }
  }
}

/// `argosy resubmit`.
struct ResubmitCommand: PlacedVerb {
  static let configuration = CommandConfiguration(
    commandName: "resubmit",
    abstract: "Submit a workflow again, as a new one.",
    discussion: """
      EXAMPLES
        argosy resubmit my-wf -n argo --watch
        argosy resubmit my-wf --state ./state
        argosy resubmit my-wf --state ./state -p env=test
        argosy resubmit my-wf --state ./state --memoized      skip what succeeded, and take its outputs

      \(RunAgainArguments.exitStatuses)
      """)

  @OptionGroup var again: RunAgainArguments

  @Flag(help: "Re-use successful steps and outputs from the previous run.")
  var memoized = false

  @Option(help: ArgumentHelp("The workflow's priority.", valueName: "n"))
  var priority: Int32?

  @OptionGroup(title: "Display") var display: RunDisplayArguments
  @OptionGroup(title: "State") var state: StateArguments
  @OptionGroup(title: "Server") var server: ServerArguments

  func check() throws { try display.checkForServer() }

  func keep(_ directory: String, _ dependencies: CommandDependencies) async throws -> Int32 {
    let action = RunAction.resubmit(memoized: memoized, priority: priority)
    return await dependencies.run(
      try display.options(
        directory, namespace: stateNamespace, action, workflows: try again.namesForState(), parameters: again.parameter))
  }

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let chosen = try await client.chosen(again.workflows)
    return try await display.show(chosen, client, dependencies) { workflow in
      var body: JSONObject = ["memoized": .bool(memoized), "parameters": .array(again.parameter.map { .string($0) })]
      if let priority { body["priority"] = .int(Int64(priority)) }
      return try await client.act("resubmit", workflow.name, namespace: workflow.namespace, body)
    }
  }
}
