import ArgoClient
import ArgumentParser
import Basics
import JSONValue

/// `argosy delete`.
struct DeleteCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "delete",
    abstract: "Delete workflows of a server.",
    discussion: """
      EXAMPLES
        argosy delete my-wf -n argo
        argosy delete @latest
        argosy delete --completed --older 7d --dry-run
        argosy delete --all
      """)

  @Argument(help: ArgumentHelp("Names of workflows; @latest is the newest.", valueName: "workflow"), completion: .workflows)
  var names: [String] = []

  @Flag(help: "All workflows of the namespace.")
  var all = false

  @OptionGroup var arguments: ListingArguments

  @Option(help: ArgumentHelp("Ask the server for so many at a time; 0 for all at once.", valueName: "n"))
  var queryChunkSize: Int64 = 0

  @Flag(help: "Only say which workflows would be deleted.")
  var dryRun = false

  @Flag(help: "Delete at once, whoever has a finalizer on them.")
  var force = false

  @OptionGroup(title: "Server") var server: ServerArguments

  private var hasFilter: Bool {
    all || arguments.allNamespaces || arguments.completed || arguments.resubmitted || !arguments.prefix.isEmpty
      || !arguments.selector.isEmpty || !arguments.fieldSelector.isEmpty || arguments.older != nil || !arguments.status.isEmpty
  }

  /// Whether it is in the archive only, which `argosy archive delete` is for.
  private static func isArchived(_ workflow: JSON) -> Bool {
    workflow.at("metadata", "labels", "workflows.argoproj.io/workflow-archiving-status")?.string == "Persisted"
  }

  func check() throws {
    if names.isEmpty && !hasFilter { throw SubmitFailure("requires either a workflow or other argument") }
  }

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    var workflows = names.map { WorkflowName(namespace: client.connection.namespace, name: $0) }
    if hasFilter {
      var listing = try arguments.listing(client.connection.namespace)
      listing.chunkSize = queryChunkSize
      let fields =
        "metadata,items.metadata.name,items.metadata.namespace,items.metadata.labels,items.metadata.creationTimestamp,items.status.finishedAt"
      let now = Terminal.now()
      workflows += try await client.workflows(listing, fields: fields).filter {
        listing.hasPlace(for: $0, now: now) && !Self.isArchived($0)
      }
      .map { WorkflowName($0, fallback: client.connection.namespace) }
    }
    if workflows.isEmpty { dependencies.output.write("No resources found\n") }
    for workflow in workflows {
      let name = Printable.line(workflow.name)
      if dryRun {
        dependencies.output.write("Workflow '\(name)' deleted (dry-run)\n")
        continue
      }
      do throws(ClientFailure) {
        try await client.deleteWorkflow(workflow.name, namespace: workflow.namespace, isForced: force)
      } catch {
        guard error.isNotFound else { throw error }
        dependencies.output.write("Workflow '\(name)' not found\n")
        continue
      }
      dependencies.output.write("Workflow '\(name)' deleted\n")
    }
    return ConcludingStatus.succeeded.rawValue
  }
}
