import ArgoClient
import ArgumentParser
import JSONValue

/// `argosy explain`.
struct ExplainCommand: PlacedVerb {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Say why a run, or a node of it, is as it is.",
    discussion: """
      From what the server or a kept state has: what a node waited for and how that ended, its condition and the values that it saw, its attempts, the
      locks and places that it waited for, and of a failure the nodes that it came from. Of a node that has not begun: what it waits for, or why it never came to it.

      EXAMPLES
        argosy explain my-wf -n argo
        argosy explain my-wf --state ./state
        argosy explain @latest build.test --state ./state
        argosy explain my-wf 'deploy(*' --state ./state

      EXIT STATUS
        0  explained
        1  there is no such run or node
        2  bad usage
      """)

  @Argument(help: ArgumentHelp("The workflow; @latest is the newest.", valueName: "run"))
  var run: String

  @Argument(help: ArgumentHelp("A node: its path, display name or ID; * stands for anything.", valueName: "node"))
  var node: String?

  @OptionGroup(title: "State") var state: StateArguments
  @OptionGroup(title: "Server") var server: ServerArguments

  func keep(_ directory: String, _ dependencies: CommandDependencies) async throws -> Int32 {
    var request = StateRequest(.explain, directory: directory)
    (request.names, request.namespace) = ([run], stateNamespace)
    let found: [JSON]
    do { found = try await dependencies.control(request) } catch {
      dependencies.errors.write("argosy: \(error)\n")
      return ConcludingStatus.failed.rawValue
    }
    guard let workflow = found.first, let text = dependencies.explain(workflow, node) else {
      dependencies.errors.write("argosy: \(hasNoNode)\n")
      return ConcludingStatus.failed.rawValue
    }
    dependencies.output.write(Printable.block(text))
    return ConcludingStatus.succeeded.rawValue
  }

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let workflow = try await client.workflow(run, namespace: client.connection.namespace, withHistory: true)
    guard let text = dependencies.explain(workflow, node) else { throw SubmitFailure(hasNoNode) }
    dependencies.output.write(Printable.block(text))
    return ConcludingStatus.succeeded.rawValue
  }

  private var hasNoNode: String { "\(run) has no node '\(node ?? "")': see 'argosy get \(run)' for its nodes" }
}
