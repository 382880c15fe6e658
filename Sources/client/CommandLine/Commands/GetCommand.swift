import ArgumentParser
import Basics
import JSONValue
import KubeModel

/// `argosy get`.
struct GetCommand: Verb {
  enum Form: String, ExpressibleByArgument, CaseIterable { case name, json, yaml, short, wide }

  static let configuration = CommandConfiguration(
    commandName: "get",
    abstract: "Show workflows of a kept state.",
    discussion: """
      EXAMPLES
        argosy get my-wf --state ./state
        argosy get @latest --state ./state -o wide
        argosy get my-wf --state ./state --status Failed
      """)

  @OptionGroup var workflows: NamedWorkflows

  @Option(name: [.short, .long], help: ArgumentHelp("The form: name, json, yaml, short or wide.", valueName: "form"))
  var output: Form?

  @Option(help: ArgumentHelp("Show nodes of this phase only.", valueName: "phase"))
  var status = ""

  @Option(help: ArgumentHelp("Show nodes only that this chooses.", valueName: "selector"))
  var nodeFieldSelector = ""

  @Flag(help: "No colours.")
  var noColor = false

  @Flag(name: .customLong("no-utf8"), help: "Words and ASCII lines in place of glyphs.")
  var noUTF8 = false

  @OptionGroup(title: "State") var state: StateArguments

  func validate() throws {
    do { _ = try FieldSelector.parse(nodeFieldSelector) } catch {
      throw ValidationError("unable to parse node field selector '\(nodeFieldSelector)': \(error)")
    }
  }

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    var request = StateRequest(.get, directory: state.state)
    (request.names, request.namespace) = (workflows.names, state.namespace)
    let found: [JSON]
    do { found = try await dependencies.control(request) } catch {
      dependencies.errors.write("argosy: \(error)\n")
      return ConcludingStatus.failed.rawValue
    }
    let context = Terminal.context(dependencies.style(noColor: noColor, noUTF8: noUTF8))
    let texts = found.map { text($0, context, yaml: dependencies.yaml) }
    dependencies.output.write(texts.joined(separator: output == .yaml ? "---\n" : ""))
    return ConcludingStatus.succeeded.rawValue
  }

  private func text(_ workflow: JSON, _ context: DisplayContext, yaml: (JSON) -> String) -> String {
    switch output {
    case .name: return (workflow.at("metadata", "name")?.string ?? "") + "\n"
    case .json: return workflow.text(.pretty) + "\n"
    case .yaml: return yaml(workflow)
    case .short: return WorkflowText.get(workflow, form: .short, context: context, isShown: isShown)
    case .wide: return WorkflowText.get(workflow, form: .wide, context: context, isShown: isShown)
    case nil: return WorkflowText.get(workflow, form: .standard, context: context, isShown: isShown)
    }
  }

  private func isShown(_ node: JSON) -> Bool {
    if !status.isEmpty, node["phase"]?.string != status { return false }
    guard let selector = try? FieldSelector.parse(nodeFieldSelector) else { return true }
    return selector.matches { field in
      switch field {
      case "templateName": return node.at("templateRef", "template")?.string ?? node["templateName"]?.string
      case "templateRef.name": return node.at("templateRef", "name")?.string
      case "templateRef.template": return node.at("templateRef", "template")?.string
      case "displayName", "name", "id", "phase": return node[field]?.string
      default:
        guard field.hasPrefix("inputs.parameters."), field.hasSuffix(".value") else { return nil }
        let wanted = field.dropFirst("inputs.parameters.".count).dropLast(".value".count)
        let parameter = (node.at("inputs", "parameters")?.array ?? []).first { $0["name"]?.string == String(wanted) }
        return parameter?["value"].map(parameterText)
      }
    }
  }
}

/// `argosy list`.
struct ListCommand: Verb {
  enum Form: String, ExpressibleByArgument, CaseIterable { case wide, name, json, yaml }

  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the workflows of a kept state.",
    discussion: """
      EXAMPLES
        argosy list --state ./state
        argosy list --state ./state --status Failed,Error -o name
        argosy list --state ./state -A --since 1h
      """)

  @Flag(name: [.customShort("A"), .long], help: "Workflows of all namespaces.")
  var allNamespaces = false

  @Flag(help: "Running workflows only.")
  var running = false

  @Flag(help: "Completed workflows only.")
  var completed = false

  @Option(help: ArgumentHelp("Workflows in these phases.", valueName: "phase,…"))
  var status = ""

  @Option(help: ArgumentHelp("Workflows whose names begin so.", valueName: "text"))
  var prefix = ""

  @Option(help: ArgumentHelp("Workflows created in this time: 10m, 3h, 1d.", valueName: "duration"))
  var since: String?

  @Option(help: ArgumentHelp("Workflows that finished longer ago: 10m, 3h, 1d.", valueName: "duration"))
  var older: String?

  @Flag(help: "Resubmitted workflows only.")
  var resubmitted = false

  @Option(name: [.customShort("l"), .long], help: ArgumentHelp("Workflows that have these labels.", valueName: "labels"))
  var selector = ""

  @Flag(help: "No header line.")
  var noHeaders = false

  @Option(name: [.short, .long], help: ArgumentHelp("The form: wide, name, json or yaml.", valueName: "form"))
  var output: Form?

  @OptionGroup(title: "State") var state: StateArguments

  private func span(_ text: String?, _ flag: String) throws(SubmitFailure) -> TimeSpan? {
    guard let text else { return nil }
    if text.hasSuffix("d"), let days = Int64(text.dropLast()) { return TimeSpan(seconds: days * 86_400) }
    guard let span = TimeSpan(argument: text) else {
      throw SubmitFailure("\(flag) must be a duration such as 10m, 3h or 1d. Received: \(text)")
    }
    return span
  }

  func validate() throws {
    if running && completed { throw ValidationError("--completed and --running cannot be used together.") }
    do { _ = (try span(since, "--since"), try span(older, "--older")) } catch { throw ValidationError("\(error)") }
  }

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    var request = StateRequest(.list, directory: state.state)
    (request.namespace, request.labels) = (allNamespaces ? "" : state.namespace, selector)
    var found: [JSON]
    do { found = try await dependencies.control(request) } catch {
      dependencies.errors.write("argosy: \(error)\n")
      return ConcludingStatus.failed.rawValue
    }
    let context = Terminal.context(dependencies.style(noColor: true))
    let phases = Set(status.split(separator: ",").map(String.init))
    let since = try span(since, "--since")
    let older = try span(older, "--older")
    found = found.filter { workflow in
      let isCompleted = workflow.at("metadata", "labels", "workflows.argoproj.io/completed")?.string == "true"
      if running && isCompleted || completed && !isCompleted { return false }
      if !phases.isEmpty, !phases.contains(workflow.at("status", "phase")?.string ?? "") { return false }
      if resubmitted, workflow.at("metadata", "labels", "workflows.argoproj.io/resubmitted-from-workflow") == nil { return false }
      if let since {
        guard let created = WorkflowText.instant(workflow.at("metadata", "creationTimestamp")), context.now - created < since else {
          return false
        }
      }
      if let older {
        guard let finished = WorkflowText.instant(workflow.at("status", "finishedAt")), context.now - finished > older else { return false }
      }
      return (workflow.at("metadata", "name")?.string ?? "").hasPrefix(prefix)
    }
    dependencies.output.write(text(WorkflowList.sorted(found), context, yaml: dependencies.yaml))
    return ConcludingStatus.succeeded.rawValue
  }

  private func text(_ workflows: [JSON], _ context: DisplayContext, yaml: (JSON) -> String) -> String {
    switch output {
    case .json: return JSON.array(workflows).text(.pretty) + "\n"
    case .yaml: return workflows.isEmpty ? "[]\n" : yaml(.array(workflows))
    case .name where !workflows.isEmpty: return workflows.map { ($0.at("metadata", "name")?.string ?? "") + "\n" }.joined()
    default:
      return WorkflowList.table(
        workflows, isWide: output == .wide, hasNamespace: allNamespaces, hasHeader: !noHeaders, context: context)
    }
  }
}
