import ArgoClient
import ArgumentParser
import JSONValue
import KubeModel

/// `argosy cron`.
struct CronCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cron",
    abstract: "Manage cron workflows of a server.",
    discussion: """
      EXAMPLES
        argosy cron create nightly.yaml
        argosy cron list -A
        argosy cron suspend nightly
        argosy cron backfill nightly --start "Mon, 02 Nov 2026 00:00:00 UTC"
      """,
    subcommands: [
      CronGetCommand.self, CronListCommand.self, CronCreateCommand.self, CronDeleteCommand.self, CronLintCommand.self,
      CronSuspendCommand.self, CronResumeCommand.self, CronUpdateCommand.self, CronBackfillCommand.self,
    ])

  static func path(_ namespace: String) -> [String] { ["api", "v1", "cron-workflows", namespace] }
  static let names = CompletionKind.shellCommand("argosy cron list -o name 2>/dev/null")
}

/// What is changed in the workflow of a cron workflow's manifest.
struct CronSubmitArguments: ParsableArguments {
  @Option(help: ArgumentHelp("In place of metadata.name.", valueName: "name"))
  var name: String?

  @Option(help: ArgumentHelp("In place of metadata.generateName.", valueName: "prefix"))
  var generateName: String?

  @Option(help: ArgumentHelp("In place of the entrypoint.", valueName: "template"))
  var entrypoint: String?

  @Option(
    name: [.short, .long], parsing: .unconditionalSingleValue,
    help: ArgumentHelp("A parameter of the workflows; may be given often.", valueName: "name=value"))
  var parameter: [String] = []

  @Option(name: [.customShort("f"), .long], help: ArgumentHelp("A YAML map of parameters.", valueName: "file"), completion: .file())
  var parameterFile: String?

  @Option(help: ArgumentHelp("The service account of the workflows.", valueName: "name"))
  var serviceaccount: String?

  @Option(name: [.short, .long], help: ArgumentHelp("Labels of the cron workflow.", valueName: "name=value,…"))
  var labels = ""

  /// The cron workflow with these changes, in its namespace.
  func apply(to cron: JSON, _ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Resource {
    var options = SubmitOptions()
    (options.entrypoint, options.serviceAccount) = (entrypoint, serviceaccount)
    options.parameters = try await dependencies.parameters(files: parameterFile.map { [$0] } ?? [], given: parameter)
    let workflow = Resource(.workflow, json: ["spec": cron.at("spec", "workflowSpec") ?? .object([:])])
    var result = Resource(.cronWorkflow, json: cron)
    var spec = cron["spec"] ?? .object([:])
    spec["workflowSpec"] = options.apply(to: workflow).json["spec"]
    result.json["spec"] = spec
    for label in try LabelArgument.list(labels) { result.setLabel(label.name, label.value) }
    if result.namespace.isEmpty { result.namespace = client.connection.namespace }
    return result
  }

  /// The manifests of files.
  static func read(_ manifests: ManifestArguments, _ dependencies: CommandDependencies) async throws -> [JSON] {
    let found = try await dependencies.objects(of: .cronWorkflow, in: manifests.files, isStrict: manifests.strict)
    if found.isEmpty { throw SubmitFailure("No CronWorkflows found in given files") }
    return found
  }
}

/// `argosy cron create`.
struct CronCreateCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Create cron workflows.",
    discussion: """
      EXAMPLES
        argosy cron create nightly.yaml
        argosy cron create nightly.yaml --schedule "30 3 * * *" --name early -p env=test
      """)

  @OptionGroup var manifests: ManifestArguments
  @OptionGroup var submit: CronSubmitArguments

  @Option(help: ArgumentHelp("In place of the schedules.", valueName: "schedule"))
  var schedule: String?

  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let context = Terminal.context(dependencies.style(noColor: true))
    for manifest in try await CronSubmitArguments.read(manifests, dependencies) {
      var cron = try await submit.apply(to: manifest, client, dependencies)
      if let schedule, !schedule.isEmpty {
        var spec = cron.json["spec"] ?? .object([:])
        spec["schedules"] = [.string(schedule)]
        cron.json["spec"] = spec
      }
      // A name excludes a prefix, and the other way round.
      var metadata = cron.json["metadata"] ?? .object([:])
      if let prefix = submit.generateName, !prefix.isEmpty { (metadata["generateName"], metadata["name"]) = (.string(prefix), nil) }
      if let name = submit.name, !name.isEmpty { (metadata["name"], metadata["generateName"]) = (.string(name), nil) }
      cron.json["metadata"] = metadata
      let body: JSON = ["namespace": .string(cron.namespace), "cronWorkflow": cron.json]
      let path = CronCommand.path(cron.namespace)
      let created = try await WrappedFailure.wrap("failed to create cron workflow") { try await client.post(path, body) }
      dependencies.output.write(
        ObjectOutput.text(created, manifests.output, yaml: dependencies.yaml) { CronText.block($0, context) })
    }
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy cron update`.
struct CronUpdateCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "update",
    abstract: "Replace cron workflows.",
    discussion: """
      EXAMPLES
        argosy cron update nightly.yaml
        argosy cron update nightly.yaml -o yaml
      """)

  @OptionGroup var manifests: ManifestArguments
  @OptionGroup var submit: CronSubmitArguments
  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let context = Terminal.context(dependencies.style(noColor: true))
    for manifest in try await CronSubmitArguments.read(manifests, dependencies) {
      let cron = try await submit.apply(to: manifest, client, dependencies)
      let path = CronCommand.path(cron.namespace) + [cron.name]
      let present = try await WrappedFailure.wrap("failed to get existing cron workflow \"\(cron.name)\" to update") {
        try await client.get(path)
      }
      let body: JSON = ["namespace": .string(cron.namespace), "cronWorkflow": cron.json.withVersion(of: present)]
      let updated = try await WrappedFailure.wrap("failed to update cron workflow") { try await client.put(path, body) }
      dependencies.output.write(
        ObjectOutput.text(updated, manifests.output, yaml: dependencies.yaml) { CronText.block($0, context) })
    }
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy cron get`.
struct CronGetCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "get",
    abstract: "Show cron workflows.",
    discussion: """
      EXAMPLES
        argosy cron get nightly
        argosy cron get nightly hourly -o yaml
      """)

  @Argument(help: ArgumentHelp("Names of cron workflows.", valueName: "cron workflow"), completion: CronCommand.names)
  var names: [String]

  @Option(name: [.short, .long], help: ArgumentHelp("The form: name, json, yaml or wide.", valueName: "form"))
  var output: ObjectOutput?

  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let context = Terminal.context(dependencies.style(noColor: true))
    for name in names {
      let cron = try await client.get(CronCommand.path(client.connection.namespace) + [name])
      dependencies.output.write(ObjectOutput.text(cron, output, yaml: dependencies.yaml) { CronText.block($0, context) })
    }
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy cron list`.
struct CronListCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List cron workflows.",
    discussion: """
      EXAMPLES
        argosy cron list
        argosy cron list -A -l team=build
        argosy cron list -o name
      """)

  @Flag(name: [.customShort("A"), .long], help: "Cron workflows of all namespaces.")
  var allNamespaces = false

  @Option(name: [.customShort("l"), .long], help: ArgumentHelp("Cron workflows that have these labels.", valueName: "labels"))
  var selector = ""

  @Option(name: [.short, .long], help: ArgumentHelp("The form: wide or name.", valueName: "form"))
  var output: ListOutput?

  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let context = Terminal.context(dependencies.style(noColor: true))
    let query: ArgoClient.Query = selector.isEmpty ? [] : [("listOptions.labelSelector", selector)]
    let crons = try await client.get(CronCommand.path(allNamespaces ? "" : client.connection.namespace), query: query).items
    dependencies.output.write(
      output == .name
        ? crons.map { $0.displayName + "\n" }.joined() : CronText.table(crons, hasNamespace: allNamespaces, context))
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy cron lint`.
struct CronLintCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "lint",
    abstract: "Check manifests of cron workflows.",
    discussion: """
      Objects of other kinds are left out. It is argosy lint --kinds cronworkflows.

      EXAMPLES
        argosy cron lint crons/
        argosy cron lint nightly.yaml -o simple
      """)

  @OptionGroup var lint: KindLintArguments
  @OptionGroup(title: "Server") var server: ServerArguments

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    try await lint.run([ResourceKind.cronWorkflow.plural], server, dependencies)
  }
}

/// `argosy cron delete`.
struct CronDeleteCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "delete",
    abstract: "Delete cron workflows; the workflows that they own go with them.",
    discussion: """
      EXAMPLES
        argosy cron delete nightly
        argosy cron delete --all
      """)

  @Argument(help: ArgumentHelp("Names of cron workflows.", valueName: "cron workflow"), completion: CronCommand.names)
  var names: [String] = []

  @Flag(help: "All of the namespace.")
  var all = false

  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let path = CronCommand.path(client.connection.namespace)
    let others = all ? try await client.get(path).items.compactMap { $0.at("metadata", "name")?.string } : []
    for name in others + names.filter({ !others.contains($0) }) {
      _ = try await client.delete(path + [name])
      dependencies.output.write("CronWorkflow '\(Printable.line(name))' deleted\n")
    }
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy cron suspend`.
struct CronSuspendCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "suspend",
    abstract: "Suspend cron workflows: their times pass by.",
    discussion: """
      EXAMPLES
        argosy cron suspend nightly hourly
      """)

  @Argument(help: ArgumentHelp("Names of cron workflows.", valueName: "cron workflow"), completion: CronCommand.names)
  var names: [String] = []

  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    try await client.setSuspension(of: names, "suspend", dependencies)
  }
}

/// `argosy cron resume`.
struct CronResumeCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "Let suspended cron workflows run again.",
    discussion: """
      EXAMPLES
        argosy cron resume nightly
      """)

  @Argument(help: ArgumentHelp("Names of cron workflows.", valueName: "cron workflow"), completion: CronCommand.names)
  var names: [String] = []

  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    try await client.setSuspension(of: names, "resume", dependencies)
  }
}

extension ArgoClient {
  fileprivate func setSuspension(of names: [String], _ verb: String, _ dependencies: CommandDependencies) async throws -> Int32 {
    let namespace = connection.namespace
    for name in names {
      _ = try await put(CronCommand.path(namespace) + [name, verb], ["name": .string(name), "namespace": .string(namespace)])
      dependencies.output.write("CronWorkflow '\(Printable.line(name))' \(verb == "suspend" ? "suspended" : "resumed")\n")
    }
    return ConcludingStatus.succeeded.rawValue
  }
}
