import ArgoClient
import ArgumentParser
import Basics
import JSONValue
import KubeModel

/// `argosy submit`.
struct SubmitCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "submit",
    abstract: "Submit workflows to a server.",
    discussion: """
      What a file holds beside Workflows is left out. A file may be a URL, or - for standard input.

      EXAMPLES
        argosy submit my-wf.yaml -n argo
        argosy submit --watch my-wf.yaml -p message=hello
        argosy submit --wait one.yaml two.yaml
        argosy submit --log my-wf.yaml
        argosy submit --from workflowtemplate/build -p branch=main --entrypoint test
        argosy submit --from cronwf/nightly
        cat my-wf.yaml | argosy submit -

      EXIT STATUS
        0  submitted; with --wait: all Succeeded
        1  not submitted; with --wait: one Failed or is in Error
      """)

  @Argument(help: ArgumentHelp("Manifests: files, URLs, or - for standard input.", valueName: "file"), completion: .file())
  var files: [String] = []

  @Option(help: ArgumentHelp("Submit from a workflowtemplate, clusterworkflowtemplate or cronworkflow.", valueName: "kind/name"))
  var from: String?

  /// What is changed in the workflows.
  struct Overrides: ParsableArguments {
    @Option(
      name: [.customShort("p"), .long], parsing: .unconditionalSingleValue,
      help: ArgumentHelp("A parameter; may be given often.", valueName: "name=value"))
    var parameter: [String] = []

    @Option(
      name: [.customShort("f"), .long], parsing: .singleValue,
      help: ArgumentHelp("Parameters from a YAML or JSON map; -p wins over it.", valueName: "file"), completion: .file())
    var parameterFile: [String] = []

    @Option(help: ArgumentHelp("The workflow's name.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("The beginning of a generated name.", valueName: "prefix"))
    var generateName: String?

    @Option(help: ArgumentHelp("Start at this template.", valueName: "template"))
    var entrypoint: String?

    @Option(name: .customLong("serviceaccount"), help: ArgumentHelp("Run all pods as this service account.", valueName: "name"))
    var serviceAccount: String?

    @Option(
      name: .shortAndLong, parsing: .singleValue,
      help: ArgumentHelp("Labels of the workflow; may be given often.", valueName: "name=value,…"))
    var labels: [String] = []

    @Option(parsing: .unconditional, help: ArgumentHelp("The workflow's priority.", valueName: "n"))
    var priority: Int32?

    @Option(help: ArgumentHelp("The value of {{workflow.scheduledTime}} (RFC 3339), for backfilling.", valueName: "time"))
    var scheduledTime: String?
  }

  @OptionGroup(title: "Changes to the workflow") var overrides: Overrides
  @OptionGroup(title: "Following") var follow: FollowArguments

  @Flag(help: "Show the workflow that would be created, and create nothing.")
  var dryRun = false

  @Flag(help: "As --dry-run, with everything that the server adds and checks.")
  var serverDryRun = false

  @Flag(inversion: .prefixedNo, help: "Take unknown fields as errors.")
  var strict = true

  @Option(
    name: [.customShort("o"), .long], help: ArgumentHelp("The form: name, json, yaml or wide.", valueName: "form"))
  var output: WorkflowOutput?

  @Option(help: ArgumentHelp("Show nodes of this phase only, with --watch.", valueName: "phase"))
  var status = ""

  @Option(help: ArgumentHelp("Show nodes only that this chooses.", valueName: "selector"))
  var nodeFieldSelector = ""

  @OptionGroup(title: "Server") var server: ServerArguments

  func check() throws {
    if from != nil && !files.isEmpty { throw SubmitFailure("cannot combine --from with file arguments") }
    if files.filter({ $0 == "-" }).count > 1 { throw SubmitFailure("standard input (-) can be read only once") }
    if output == .short { throw SubmitFailure("-o must be one of: name|json|yaml|wide") }
    if files.isEmpty { try checkTogether(count: 1) }
    for label in overrides.labels { _ = try LabelArgument.list(label) }
    for text in overrides.parameter { _ = try ParameterArgument(parsing: text) }
    _ = try NodeFilter(status: status, selector: nodeFieldSelector)
    if let time = overrides.scheduledTime, Instant(rfc3339: time) == nil {
      throw SubmitFailure("scheduled-time contains invalid time.RFC3339 format. (e.g.: `2006-01-02T15:04:05-07:00`)")
    }
  }

  /// What of the flags excludes each other, in the original's words and order.
  private func checkTogether(count: Int) throws(SubmitFailure) {
    if follow.watch {
      if count > 1 { throw SubmitFailure("cannot watch more than one workflow") }
      if follow.wait { throw SubmitFailure("--wait cannot be combined with --watch") }
      if dryRun { throw SubmitFailure("--watch cannot be combined with --dry-run") }
      if serverDryRun { throw SubmitFailure("--watch cannot be combined with --server-dry-run") }
    }
    if follow.wait {
      if dryRun { throw SubmitFailure("--wait cannot be combined with --dry-run") }
      if serverDryRun { throw SubmitFailure("--wait cannot be combined with --server-dry-run") }
    }
    if dryRun {
      if output == nil { throw SubmitFailure("--dry-run should have an output option") }
      if serverDryRun { throw SubmitFailure("--dry-run cannot be combined with --server-dry-run") }
    }
    if serverDryRun, output == nil { throw SubmitFailure("--server-dry-run should have an output option") }
  }

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    if !follow.watch && !status.isEmpty { dependencies.errors.write("Warning: --status should only be used with --watch\n") }
    let parameters = try await dependencies.parameters(files: overrides.parameterFile, given: overrides.parameter)
    let filter = try NodeFilter(status: status, selector: nodeFieldSelector)
    var created: [WorkflowName] = []
    func show(_ workflow: JSON) {
      created.append(WorkflowName(workflow, fallback: client.connection.namespace))
      let context = Terminal.context(dependencies.style(noColor: false))
      dependencies.output.write(
        WorkflowOutput.text(workflow, output, context, yaml: dependencies.yaml, isShown: status.isEmpty ? { _ in true } : filter.isShown))
    }
    do {
      if let from {
        show(try await submit(from, parameters, client))
      } else {
        let workflows = try await dependencies.objects(of: .workflow, in: files, isStrict: strict)
        try checkTogether(count: workflows.count)
        if workflows.isEmpty { throw SubmitFailure("no workflow found in given files") }
        let options = try options(parameters, client.connection)
        for workflow in workflows {
          let resource = options.apply(to: Resource(.workflow, json: workflow))
          show(
            try await client.create(resource.json, namespace: resource.namespace, isDryRun: dryRun, isServerDryRun: serverDryRun))
        }
      }
    } catch let failure as ClientFailure {
      throw ClientFailure("failed to submit workflow: \(failure.message)", code: failure.code, status: failure.status)
    }
    if dryRun || serverDryRun { return ConcludingStatus.succeeded.rawValue }
    return try await Following(client: client, dependencies: dependencies)
      .follow(created, follow, output: output, filter: filter)
  }

  private func options(_ parameters: [ParameterArgument], _ connection: ServerConnection) throws -> SubmitOptions {
    var options = SubmitOptions(
      entrypoint: overrides.entrypoint, name: overrides.name, generateName: overrides.generateName, namespace: connection.namespace,
      labels: try labels(connection), parameters: parameters)
    options.serviceAccount = overrides.serviceAccount
    options.priority = overrides.priority
    if let time = overrides.scheduledTime {
      options.annotations = [LabelArgument(name: "workflows.argoproj.io/scheduled-time", value: time)]
    }
    return options
  }

  private func labels(_ connection: ServerConnection) throws -> [LabelArgument] {
    let instance = LabelArgument(name: "workflows.argoproj.io/controller-instanceid", value: connection.instanceID)
    return try overrides.labels.flatMap { try LabelArgument.list($0) } + (connection.instanceID.isEmpty ? [] : [instance])
  }

  private func submit(_ from: String, _ parameters: [ParameterArgument], _ client: ArgoClient) async throws -> JSON {
    let parts = from.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
      throw SubmitFailure("resource identifier '\(from)' is malformed. Should be `kind/name`, e.g. cronwf/hello-world-cwf")
    }
    var options: JSONObject = [
      "parameters": .array(parameters.map { .string("\($0.name)=\($0.value)") }),
      "labels": .string(try labels(client.connection).map { "\($0.name)=\($0.value)" }.joined(separator: ",")),
    ]
    if let name = overrides.name { options["name"] = .string(name) }
    if let name = overrides.generateName { options["generateName"] = .string(name) }
    if let entrypoint = overrides.entrypoint { options["entryPoint"] = .string(entrypoint) }
    if let account = overrides.serviceAccount { options["serviceAccount"] = .string(account) }
    if let priority = overrides.priority { options["priority"] = .int(Int64(priority)) }
    if let time = overrides.scheduledTime { options["annotations"] = .string("workflows.argoproj.io/scheduled-time=\(time)") }
    if dryRun { options["dryRun"] = true }
    if serverDryRun { options["serverDryRun"] = true }
    return try await client.submit(kind: parts[0], name: parts[1], namespace: client.connection.namespace, options: .object(options))
  }
}
