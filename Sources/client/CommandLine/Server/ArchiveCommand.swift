import ArgoClient
import ArgumentParser
import Basics
import JSONValue

/// `argosy archive`.
struct ArchiveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "archive",
    abstract: "Manage the archive of finished workflows of a server.",
    discussion: """
      EXAMPLES
        argosy archive list
        argosy archive get my-wf
        argosy archive search "out of memory"
        argosy archive retry my-wf
      """,
    subcommands: [
      ArchiveListCommand.self, ArchiveGetCommand.self, ArchiveSearchCommand.self, ArchiveDeleteCommand.self,
      ArchiveListLabelKeysCommand.self, ArchiveListLabelValuesCommand.self, ArchiveResubmitCommand.self, ArchiveRetryCommand.self,
      ArchiveForkCommand.self,
    ])
}

/// Whether workflows are named by their names or by their UIDs.
struct ArchiveIdentity: ParsableArguments {
  @Flag(name: .customLong("name"), help: "Take what is given for names.")
  var isName = false

  @Flag(name: .customLong("uid"), help: "Take what is given for UIDs.")
  var isUID = false

  func validate() throws {
    if isName && isUID {
      throw ValidationError("if any flags in the group [name uid] are set none of the others can be; [name uid] were all set")
    }
  }

  /// The UID of a workflow: what looks like one is one, unless the flags say otherwise.
  func uid(of identifier: String, _ client: ArgoClient) async throws -> String {
    if isUID || (!isName && Self.looksLikeUID(identifier)) { return identifier }
    return try await WrappedFailure.wrap("resolve UID") {
      let found = try await client.archived(
        namespace: client.connection.namespace, query: [("namePrefix", identifier), ("nameFilter", "Exact")], most: 2)
      guard let first = found.first, let uid = first.at("metadata", "uid")?.string else {
        throw SubmitFailure("archived workflow '\(identifier)' not found")
      }
      if found.count > 1 {
        let context = Terminal.context(DisplayStyle(hasColor: false, hasGlyphs: true))
        let lines = found.map { workflow in
          let created = Humanize.timestamp(WorkflowText.instant(workflow.at("metadata", "creationTimestamp")), context)
          let finished = Humanize.timestamp(WorkflowText.instant(workflow.at("status", "finishedAt")), context)
          return "  \(workflow.at("metadata", "uid")?.string ?? "") (Created: \(created), Finished: \(finished))\n"
        }
        throw SubmitFailure(
          "Multiple archived workflows found with name '\(identifier)':\n\(lines.joined())Please specify the UID.")
      }
      return uid
    }
  }

  /// `a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11`, in small letters.
  static func looksLikeUID(_ text: String) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    return parts.map(\.utf8.count) == [8, 4, 4, 4, 12]
      && parts.joined().utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }
}

extension ArgoClient {
  static let archivePath = ["api", "v1", "archived-workflows"]

  /// Archived workflows, page by page, until at least `most` are there; nil: all. `namespace` empty: of all.
  func archived(namespace: String, query: Query, pageSize: Int64 = 0, most: Int? = nil) async throws -> [JSON] {
    var result: [JSON] = []
    var next = ""
    while true {
      var query = query
      if !namespace.isEmpty { query.append(("namespace", namespace)) }
      if pageSize > 0 { query.append(("listOptions.limit", String(pageSize))) }
      if !next.isEmpty { query.append(("listOptions.continue", next)) }
      let page = try await get(Self.archivePath, query: query)
      result += page.items
      next = page.at("metadata", "continue")?.string ?? ""
      if next.isEmpty || page.items.isEmpty || result.count >= most ?? .max { return result }
    }
  }
}

/// An archived workflow as `argo archive get` prints it.
enum ArchiveText {
  enum Form: String, ExpressibleByArgument, CaseIterable { case name, json, yaml, wide }

  static func text(_ workflow: JSON, _ form: Form?, _ context: DisplayContext, yaml: (JSON) -> String) -> String {
    switch form {
    case .json: return workflow.text() + "\n"
    case .yaml: return yaml(workflow) + "\n"
    case .name: return workflow.displayName + "\n"
    case .wide, nil: break
    }
    let status = workflow["status"] ?? .null
    let executed = status["storedWorkflowTemplateSpec"] ?? workflow["spec"] ?? .null
    let account = executed["serviceAccountName"]?.string ?? ""
    let started = WorkflowText.instant(status["startedAt"])
    let finished = WorkflowText.instant(status["finishedAt"])
    var block = KeyBlock(width: 20)
    block.add("Name:", workflow.at("metadata", "name")?.string ?? "")
    block.add("Namespace:", workflow.at("metadata", "namespace")?.string ?? "")
    block.add("ServiceAccount:", account.isEmpty ? "unset (will run with the default ServiceAccount)" : account)
    block.add("Status:", status["phase"]?.string ?? "")
    if let message = status["message"]?.string, !message.isEmpty { block.add("Message:", message) }
    block.add("Created:", WorkflowText.instant(workflow.at("metadata", "creationTimestamp")), context)
    if let started { block.add("Started:", started, context) }
    if let finished { block.add("Finished:", finished, context) }
    if let started { block.add("Duration:", Humanize.duration(from: started, to: finished, now: context.now)) }
    return block.text
  }

  /// A list as `argo archive list` prints it.
  static func list(_ workflows: [JSON], _ form: Form, _ context: DisplayContext, yaml: (JSON) -> String) -> String {
    let workflows = WorkflowList.sorted(workflows)
    switch form {
    case .json: return (workflows.isEmpty ? "[]" : JSON.array(workflows).text(.pretty)) + "\n"
    case .yaml: return workflows.isEmpty ? "[]\n" : yaml(.array(workflows)) + "\n"
    case .name where !workflows.isEmpty: return workflows.map { $0.displayName + "\n" }.joined()
    case .name, .wide:
      return WorkflowList.table(workflows, isWide: form == .wide, hasNamespace: true, hasHeader: true, hasUID: true, context: context)
    }
  }
}

/// `argosy archive get`.
struct ArchiveGetCommand: ServerVerb {
  enum Form: String, ExpressibleByArgument, CaseIterable { case json, yaml, wide }

  static let configuration = CommandConfiguration(
    commandName: "get",
    abstract: "Show an archived workflow.",
    discussion: """
      EXAMPLES
        argosy archive get my-wf
        argosy archive get a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 -o yaml
        argosy archive get cafe --name
      """)

  @Argument(help: ArgumentHelp("The workflow's name or UID.", valueName: "workflow"))
  var workflow: String

  @OptionGroup var identity: ArchiveIdentity

  @Option(name: [.short, .long], help: ArgumentHelp("The form: json, yaml or wide.", valueName: "form"))
  var output: Form = .wide

  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let uid = try await identity.uid(of: workflow, client)
    let found = try await client.get(ArgoClient.archivePath + [uid])
    let form = ArchiveText.Form(rawValue: output.rawValue)
    let context = Terminal.context(dependencies.style(noColor: true))
    dependencies.output.write(ArchiveText.text(found, form, context, yaml: dependencies.yaml))
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy archive list`.
struct ArchiveListCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List archived workflows.",
    discussion: """
      EXAMPLES
        argosy archive list
        argosy archive list -l team=build,stage!=test
        argosy archive list --chunk-size 100 -o name
      """)

  @Option(name: [.customShort("l"), .long], help: ArgumentHelp("Workflows that have these labels.", valueName: "labels"))
  var selector = ""

  @Option(name: [.short, .long], help: ArgumentHelp("The form: name, json, yaml or wide.", valueName: "form"))
  var output: ArchiveText.Form = .wide

  @Option(help: ArgumentHelp("Ask for so many at a time; 0: for all at once.", valueName: "n"))
  var chunkSize: Int64 = 0

  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let found = try await client.archived(
      namespace: client.connection.namespace, query: selector.isEmpty ? [] : [("listOptions.labelSelector", selector)],
      pageSize: chunkSize)
    let context = Terminal.context(dependencies.style(noColor: true))
    dependencies.output.write(ArchiveText.list(found, output, context, yaml: dependencies.yaml))
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy archive search`.
struct ArchiveSearchCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "search",
    abstract: "Find archived workflows by what their names, parameters and messages say.",
    discussion: """
      Every word has to occur, as a part of a word too and in any case; words in quotes are one. The original has no such command.

      EXAMPLES
        argosy archive search imagename v1.4
        argosy archive search '"exit code 137"' -A
      """)

  @Argument(help: ArgumentHelp("Words that all occur.", valueName: "word"))
  var words: [String]

  @Flag(name: [.customShort("A"), .long], help: "Workflows of all namespaces.")
  var allNamespaces = false

  @Option(name: [.customShort("l"), .long], help: ArgumentHelp("Workflows that have these labels.", valueName: "labels"))
  var selector = ""

  @Option(help: ArgumentHelp("The newest so many at most.", valueName: "n"))
  var limit = 100

  @Option(name: [.short, .long], help: ArgumentHelp("The form: name, json, yaml or wide.", valueName: "form"))
  var output: ArchiveText.Form = .wide

  @OptionGroup(title: "Server") var server: ServerArguments

  func check() throws {
    guard (1...10_000).contains(limit) else { throw SubmitFailure("--limit must be from 1 to 10000. Received: \(limit)") }
  }

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    var query: ArgoClient.Query = [("search", words.joined(separator: " "))]
    if !selector.isEmpty { query.append(("listOptions.labelSelector", selector)) }
    let namespace = allNamespaces ? "" : client.connection.namespace
    let found = try await client.archived(namespace: namespace, query: query, pageSize: Int64(min(limit, 500)), most: limit)
    let context = Terminal.context(dependencies.style(noColor: true))
    dependencies.output.write(ArchiveText.list(Array(found.prefix(limit)), output, context, yaml: dependencies.yaml))
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy archive delete`.
struct ArchiveDeleteCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "delete",
    abstract: "Delete workflows from the archive.",
    discussion: """
      EXAMPLES
        argosy archive delete my-wf my-other-wf
        argosy archive delete a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11
      """)

  @Argument(help: ArgumentHelp("Names or UIDs of workflows.", valueName: "workflow"))
  var workflows: [String] = []

  @OptionGroup var identity: ArchiveIdentity
  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    for workflow in workflows {
      let uid = try await identity.uid(of: workflow, client)
      _ = try await client.delete(ArgoClient.archivePath + [uid])
      dependencies.output.write("Archived workflow '\(Printable.line(workflow))' deleted\n")
    }
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy archive list-label-keys`.
struct ArchiveListLabelKeysCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "list-label-keys",
    abstract: "List the labels that archived workflows have.",
    discussion: """
      EXAMPLES
        argosy archive list-label-keys
      """)

  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let keys = try await client.get(["api", "v1", "archived-workflows-label-keys"]).items
    dependencies.output.write(keys.map { Printable.line($0.string ?? "") + "\n" }.joined())
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy archive list-label-values`.
struct ArchiveListLabelValuesCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "list-label-values",
    abstract: "List the values that a label has in the archive.",
    discussion: """
      EXAMPLES
        argosy archive list-label-values -l workflows.argoproj.io/phase
      """)

  @Option(name: [.customShort("l"), .long], help: ArgumentHelp("The label.", valueName: "label"))
  var selector: String

  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let values = try await client.get(
      ["api", "v1", "archived-workflows-label-values"], query: [("listOptions.labelSelector", selector)]
    ).items
    dependencies.output.write(values.map { Printable.line($0.string ?? "") + "\n" }.joined())
    return ConcludingStatus.succeeded.rawValue
  }
}
