import ArgoClient
import ArgumentParser
import Basics
import JSONValue

/// `argosy get`.
struct GetCommand: PlacedVerb {
  static let configuration = CommandConfiguration(
    commandName: "get",
    abstract: "Show workflows.",
    discussion: """
      EXAMPLES
        argosy get my-wf -n argo
        argosy get @latest
        argosy get my-wf --state ./state
        argosy get @latest --state ./state -o wide
        argosy get my-wf --status Failed
      """)

  @OptionGroup var workflows: NamedWorkflows

  @Option(name: [.short, .long], help: ArgumentHelp("The form: name, json, yaml, short or wide.", valueName: "form"))
  var output: WorkflowOutput?

  @Option(help: ArgumentHelp("Show nodes of this phase only.", valueName: "phase"))
  var status = ""

  @Option(help: ArgumentHelp("Show nodes only that this chooses.", valueName: "selector"))
  var nodeFieldSelector = ""

  @Flag(help: "No colours.")
  var noColor = false

  @Flag(name: .customLong("no-utf8"), help: "Words and ASCII lines in place of glyphs.")
  var noUTF8 = false

  @OptionGroup(title: "State") var state: StateArguments
  @OptionGroup(title: "Server") var server: ServerArguments

  func validate() throws {
    do { _ = try NodeFilter(status: status, selector: nodeFieldSelector) } catch { throw ValidationError("\(error)") }
  }

  func keep(_ directory: String, _ dependencies: CommandDependencies) async throws -> Int32 {
    var request = StateRequest(.get, directory: directory)
    (request.names, request.namespace) = (workflows.names, stateNamespace)
    let found: [JSON]
    do { found = try await dependencies.control(request) } catch {
      dependencies.errors.write("argosy: \(error)\n")
      return ConcludingStatus.failed.rawValue
    }
    let texts = try found.map { try text($0, dependencies) }
    dependencies.output.write(texts.joined(separator: output == .yaml ? "---\n" : ""))
    return ConcludingStatus.succeeded.rawValue
  }

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    for (place, name) in workflows.names.enumerated() {
      let workflow = try await client.workflow(name, namespace: client.connection.namespace)
      dependencies.output.write((place > 0 && output == .yaml ? "---\n" : "") + (try text(workflow, dependencies)))
    }
    return ConcludingStatus.succeeded.rawValue
  }

  private func text(_ workflow: JSON, _ dependencies: CommandDependencies) throws -> String {
    let filter = try NodeFilter(status: status, selector: nodeFieldSelector)
    let context = Terminal.context(dependencies.style(noColor: noColor, noUTF8: noUTF8))
    return WorkflowOutput.text(workflow, output, context, yaml: dependencies.yaml, isShown: filter.isShown)
  }
}
