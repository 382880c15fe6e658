import ArgoClient
import ArgumentParser
import JSONValue

/// What is run again from the archive, and how it is shown.
struct ArchiveActionArguments: ParsableArguments {
  @Argument(help: ArgumentHelp("Names or UIDs of workflows.", valueName: "workflow"))
  var workflows: [String] = []

  @OptionGroup var identity: ArchiveIdentity

  @Option(
    name: [.short, .long], parsing: .unconditionalSingleValue,
    help: ArgumentHelp("A parameter to override; may be given often.", valueName: "name=value"))
  var parameter: [String] = []

  @Option(name: [.customShort("l"), .long], help: ArgumentHelp("Workflows that have these labels.", valueName: "labels"))
  var selector = ""

  @Option(help: ArgumentHelp("Workflows that have these fields.", valueName: "fields"))
  var fieldSelector = ""

  @Option(name: [.short, .long], help: ArgumentHelp("The form: name, json, yaml or wide.", valueName: "form"))
  var output: ArchiveText.Form?

  @OptionGroup var follow: FollowArguments

  func validate() throws {
    do { for text in parameter { _ = try ParameterArgument(parsing: text) } } catch { throw ValidationError("\(error)") }
  }

  var hasSelector: Bool { !selector.isEmpty || !fieldSelector.isEmpty }

  /// Acts on each workflow once, prints what came of it, and follows a single one.
  func run(
    _ verb: String, _ members: JSONObject, _ client: ArgoClient, _ dependencies: CommandDependencies
  ) async throws -> Int32 {
    let namespace = client.connection.namespace
    var targets: [(namespace: String, uid: String)] = []
    if hasSelector {
      var query: ArgoClient.Query = []
      if !selector.isEmpty { query.append(("listOptions.labelSelector", selector)) }
      if !fieldSelector.isEmpty { query.append(("listOptions.fieldSelector", fieldSelector)) }
      for workflow in try await client.archived(namespace: namespace, query: query) {
        targets.append((workflow.at("metadata", "namespace")?.string ?? namespace, workflow.at("metadata", "uid")?.string ?? ""))
      }
    }
    for workflow in workflows { targets.append((namespace, try await identity.uid(of: workflow, client))) }
    let context = Terminal.context(dependencies.style(noColor: true))
    var seen: Set<String> = []
    var last: WorkflowName?
    for target in targets where seen.insert(target.uid).inserted {
      var body = members
      (body["uid"], body["namespace"]) = (.string(target.uid), .string(target.namespace))
      if !parameter.isEmpty { body["parameters"] = .array(parameter.map { .string($0) }) }
      let result = try await client.put(ArgoClient.archivePath + [target.uid, verb], .object(body))
      dependencies.output.write(ArchiveText.text(result, output, context, yaml: dependencies.yaml))
      last = WorkflowName(result, fallback: target.namespace)
    }
    guard seen.count == 1, let last else { return ConcludingStatus.succeeded.rawValue }
    let following = Following(client: client, dependencies: dependencies)
    return try await following.follow(
      [last], follow, output: output.flatMap { WorkflowOutput(rawValue: $0.rawValue) }, filter: try NodeFilter(status: "", selector: ""))
  }
}

/// `argosy archive resubmit`.
struct ArchiveResubmitCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "resubmit",
    abstract: "Submit archived workflows again, as new ones.",
    discussion: """
      EXAMPLES
        argosy archive resubmit my-wf
        argosy archive resubmit my-wf -p message="once more" --watch
        argosy archive resubmit --memoized a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11
        argosy archive resubmit -l team=build
      """)

  @OptionGroup var action: ArchiveActionArguments

  @Option(help: ArgumentHelp("The priority of the new workflows.", valueName: "n"))
  var priority: Int32?

  @Flag(help: "Take over what has succeeded.")
  var memoized = false

  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    var members: JSONObject = [:]
    if memoized { members["memoized"] = true }
    if let priority { members["priority"] = .int(Int64(priority)) }
    return try await action.run("resubmit", members, client, dependencies)
  }
}

/// `argosy archive retry`.
struct ArchiveRetryCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "retry",
    abstract: "Run the failed steps of archived workflows again.",
    discussion: """
      EXAMPLES
        argosy archive retry my-wf
        argosy archive retry my-wf --restart-successful --node-field-selector displayName=build --log
        argosy archive retry -l team=build
      """)

  @OptionGroup var action: ArchiveActionArguments

  @Flag(help: "Run successful nodes again too that --node-field-selector chooses.")
  var restartSuccessful = false

  @Option(help: ArgumentHelp("Nodes to run again.", valueName: "selector"))
  var nodeFieldSelector = ""

  @OptionGroup(title: "Server") var server: ServerArguments

  func validate() throws {
    if action.workflows.isEmpty && !action.hasSelector { throw ValidationError("requires either selector or workflow") }
  }

  func check() throws { _ = try NodeFilter(status: "", selector: nodeFieldSelector) }

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    var members: JSONObject = [:]
    if restartSuccessful { members["restartSuccessful"] = true }
    if !nodeFieldSelector.isEmpty { members["nodeFieldSelector"] = .string(nodeFieldSelector) }
    return try await action.run("retry", members, client, dependencies)
  }
}
