import ArgoClient
import ArgumentParser
import Basics
import JSONValue

/// Which workflows are meant by what they are (`list`, `delete`).
struct ListingArguments: ParsableArguments {
  @Flag(name: [.customShort("A"), .long], help: "Workflows of all namespaces.")
  var allNamespaces = false

  @Flag(help: "Completed workflows only.")
  var completed = false

  @Option(
    parsing: .singleValue, help: ArgumentHelp("Workflows in these phases.", valueName: "phase,…"))
  var status: [String] = []

  @Option(help: ArgumentHelp("Workflows whose names begin so.", valueName: "text"))
  var prefix = ""

  @Option(help: ArgumentHelp("Workflows that finished longer ago: 10m, 3h, 1d.", valueName: "duration"))
  var older: String?

  @Flag(help: "Resubmitted workflows only.")
  var resubmitted = false

  @Option(name: [.customShort("l"), .long], help: ArgumentHelp("Workflows that have these labels.", valueName: "labels"))
  var selector = ""

  @Option(help: ArgumentHelp("Workflows of a server that have these fields: metadata.name=x.", valueName: "fields"))
  var fieldSelector = ""

  func validate() throws {
    do { if let older { _ = try WorkflowListing.span(older, "--older") } } catch { throw ValidationError("\(error)") }
  }

  var phases: [String] { status.flatMap { $0.split(separator: ",").map(String.init) } }

  /// - Parameter namespace: where not all are meant.
  func listing(_ namespace: String) throws(SubmitFailure) -> WorkflowListing {
    var listing = WorkflowListing(namespace: allNamespaces ? "" : namespace)
    (listing.labels, listing.fieldSelector, listing.phases) = (selector, fieldSelector, phases)
    (listing.isCompleted, listing.isResubmitted, listing.prefix) = (completed, resubmitted, prefix)
    if let older { listing.older = try WorkflowListing.span(older, "--older") }
    return listing
  }
}

/// `argosy list`.
struct ListCommand: PlacedVerb {
  enum Form: String, ExpressibleByArgument, CaseIterable { case wide, name, json, yaml }

  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List workflows.",
    discussion: """
      Those that run come first, then those that finished last; a server's archive is listed with them.

      EXAMPLES
        argosy list -n argo
        argosy list -A --running
        argosy list --status Failed,Error -o name
        argosy list --since 1h --older 10m -l app=build
        argosy list --state ./state
      """)

  @OptionGroup var arguments: ListingArguments

  @Flag(help: "Running workflows only.")
  var running = false

  @Option(help: ArgumentHelp("Workflows created in this time: 10m, 3h, 1d.", valueName: "duration"))
  var since: String?

  @Option(help: ArgumentHelp("Ask the server for so many at a time; 0 for all at once.", valueName: "n"))
  var chunkSize: Int64 = 0

  @Flag(help: "No header line.")
  var noHeaders = false

  @Option(name: [.short, .long], help: ArgumentHelp("The form: wide, name, json or yaml.", valueName: "form"))
  var output: Form?

  @OptionGroup(title: "State") var state: StateArguments
  @OptionGroup(title: "Server") var server: ServerArguments

  func validate() throws {
    if running && arguments.completed { throw ValidationError("--completed and --running cannot be used together") }
    do { if let since { _ = try WorkflowListing.span(since, "--since") } } catch { throw ValidationError("\(error)") }
  }

  private func listing(_ namespace: String) throws -> WorkflowListing {
    var listing = try arguments.listing(namespace)
    (listing.isRunning, listing.chunkSize) = (running, chunkSize)
    if let since { listing.since = try WorkflowListing.span(since, "--since") }
    return listing
  }

  func keep(_ directory: String, _ dependencies: CommandDependencies) async throws -> Int32 {
    let listing = try listing(stateNamespace)
    if !listing.fieldSelector.isEmpty { throw SubmitFailure("--field-selector is for a server. Leave it out with --state") }
    var request = StateRequest(.list, directory: directory)
    (request.namespace, request.labels) = (listing.namespace, listing.labels)
    let found: [JSON]
    do { found = try await dependencies.control(request) } catch {
      dependencies.errors.write("argosy: \(error)\n")
      return ConcludingStatus.failed.rawValue
    }
    let phases = Set(listing.phases)
    show(
      found.filter { workflow in
        let isCompleted = workflow.at("metadata", "labels", "workflows.argoproj.io/completed")?.string == "true"
        if listing.isRunning && isCompleted || listing.isCompleted && !isCompleted { return false }
        if !phases.isEmpty, !phases.contains(workflow.at("status", "phase")?.string ?? "") { return false }
        return !listing.isResubmitted || workflow.at("metadata", "labels", "workflows.argoproj.io/resubmitted-from-workflow") != nil
      }, listing, dependencies)
    return ConcludingStatus.succeeded.rawValue
  }

  /// What of the workflows is asked for, as much as the form shows: their nodes are most of them.
  private var fields: String {
    switch output {
    case .name: "metadata,items.metadata.name,items.metadata.creationTimestamp,items.status.finishedAt"
    case .json, .yaml, .wide: ""
    case nil:
      "metadata,items.metadata.name,items.metadata.namespace,items.metadata.creationTimestamp,items.spec.priority,items.spec.suspend,"
        + "items.spec.shutdown,items.status.phase,items.status.message,items.status.startedAt,items.status.finishedAt"
    }
  }

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let listing = try listing(client.connection.namespace)
    show(try await client.workflows(listing, fields: fields), listing, dependencies)
    return ConcludingStatus.succeeded.rawValue
  }

  private func show(_ found: [JSON], _ listing: WorkflowListing, _ dependencies: CommandDependencies) {
    let context = Terminal.context(dependencies.style(noColor: true))
    let workflows = WorkflowList.sorted(found.filter { listing.hasPlace(for: $0, now: context.now) })
    dependencies.output.write(text(workflows, context, yaml: dependencies.yaml))
  }

  private func text(_ workflows: [JSON], _ context: DisplayContext, yaml: (JSON) -> String) -> String {
    switch output {
    case .json: return workflows.isEmpty ? "[]\n" : JSON.array(workflows).text(.goIndented(2)) + "\n"
    case .yaml: return workflows.isEmpty ? "[]\n" : yaml(JSON.array(workflows).withSortedKeys) + "\n"
    case .name where !workflows.isEmpty: return workflows.map { ($0.at("metadata", "name")?.string ?? "") + "\n" }.joined()
    default:
      return WorkflowList.table(
        workflows, isWide: output == .wide, hasNamespace: arguments.allNamespaces, hasHeader: !noHeaders, context: context)
    }
  }
}
