import ArgoClient
import ArgumentParser
import Basics
import JSONValue

/// `argosy watch`.
struct WatchCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Watch a workflow of a server until it completes.",
    discussion: """
      On a terminal the picture is drawn over and over; elsewhere each change is printed.

      EXAMPLES
        argosy watch my-wf -n argo
        argosy watch @latest
      """)

  @Argument(help: ArgumentHelp("The workflow; @latest is the newest.", valueName: "workflow"), completion: .workflows)
  var workflow: String

  @Option(help: ArgumentHelp("Show nodes of this phase only.", valueName: "phase"))
  var status = ""

  @Option(help: ArgumentHelp("Show nodes only that this chooses.", valueName: "selector"))
  var nodeFieldSelector = ""

  @Flag(help: "No colours.")
  var noColor = false

  @Flag(name: .customLong("no-utf8"), help: "Words and ASCII lines in place of glyphs.")
  var noUTF8 = false

  @OptionGroup(title: "Server") var server: ServerArguments

  func check() throws { _ = try NodeFilter(status: status, selector: nodeFieldSelector) }

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let following = Following(client: client, dependencies: dependencies, noColor: noColor, noUTF8: noUTF8)
    let filter = try NodeFilter(status: status, selector: nodeFieldSelector)
    try await following.watch(WorkflowName(namespace: client.connection.namespace, name: workflow), filter: filter)
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy wait`.
struct WaitCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "wait",
    abstract: "Wait for workflows of a server to complete.",
    discussion: """
      EXAMPLES
        argosy wait my-wf my-other-wf -n argo
        argosy wait @latest

      EXIT STATUS
        0  all Succeeded
        1  one Failed or is in Error, or is not there
      """)

  @Argument(help: ArgumentHelp("Names of workflows; @latest is the newest.", valueName: "workflow"), completion: .workflows)
  var names: [String] = []

  @Flag(help: "A workflow that is not there is as good as one that Succeeded.")
  var ignoreNotFound = false

  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let workflows = names.map { WorkflowName(namespace: client.connection.namespace, name: $0) }
    let following = Following(client: client, dependencies: dependencies)
    let haveSucceeded = try await following.wait(workflows, ignoresMissing: ignoreNotFound)
    return (haveSucceeded ? ConcludingStatus.succeeded : .failed).rawValue
  }
}

/// `argosy logs`.
struct LogsCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "logs",
    abstract: "Print the logs of a workflow of a server, or of one of its pods.",
    discussion: """
      The lines of all pods in the order of time, each behind its pod's name. Of a workflow in the archive too.

      EXAMPLES
        argosy logs my-wf -n argo
        argosy logs @latest --follow
        argosy logs my-wf my-pod -c my-container --tail 20
        argosy logs my-wf -l app=sth --grep 'warn|error' --since 1h
      """)

  @Argument(help: ArgumentHelp("The workflow; @latest is the newest.", valueName: "workflow"), completion: .workflows)
  var workflow: String

  @Argument(help: ArgumentHelp("One pod of it.", valueName: "pod"))
  var pod: String?

  @Option(name: .shortAndLong, help: ArgumentHelp("The container.", valueName: "name"))
  var container = "main"

  @Flag(name: .shortAndLong, help: "Go on with what is written from now on, until the workflow ends.")
  var follow = false

  @Flag(name: .shortAndLong, help: "The logs of containers that ran before a restart.")
  var previous = false

  @Option(help: ArgumentHelp("Lines of this time only: 5s, 2m, 3h.", valueName: "duration"))
  var since: String?

  @Option(help: ArgumentHelp("Lines since this moment (RFC 3339).", valueName: "time"))
  var sinceTime: String?

  @Option(parsing: .unconditional, help: ArgumentHelp("So many lines from the end.", valueName: "n"))
  var tail: Int64 = -1

  @Option(help: ArgumentHelp("Lines that this regular expression finds.", valueName: "regex"))
  var grep = ""

  @Option(name: [.customShort("l"), .long], help: ArgumentHelp("Pods that have these labels.", valueName: "labels"))
  var selector = ""

  @Flag(help: "The time of each line in front of it.")
  var timestamps = false

  @Flag(help: "No colours.")
  var noColor = false

  @OptionGroup(title: "Server") var server: ServerArguments

  func check() throws { _ = try query() }

  private func query() throws(SubmitFailure) -> ArgoClient.Query {
    var query: ArgoClient.Query = [("logOptions.container", container)]
    if let pod { query.append(("podName", pod)) }
    if !grep.isEmpty { query.append(("grep", grep)) }
    if !selector.isEmpty { query.append(("selector", selector)) }
    if follow { query.append(("logOptions.follow", "true")) }
    if previous { query.append(("logOptions.previous", "true")) }
    if timestamps { query.append(("logOptions.timestamps", "true")) }
    if tail >= 0 { query.append(("logOptions.tailLines", String(tail))) }
    if let since {
      guard let duration = try? GoDuration(parsing: since), duration.nanoseconds >= 0 else {
        throw SubmitFailure("--since must be a duration such as 5s, 2m or 3h. Received: \(since)")
      }
      if duration.nanoseconds > 0 {
        if sinceTime != nil { throw SubmitFailure("--since-time and --since cannot be used together") }
        query.append(("logOptions.sinceSeconds", String(max(1, duration.nanoseconds / 1_000_000_000))))
      }
    }
    if let sinceTime {
      guard let instant = Instant(rfc3339: sinceTime) else {
        throw SubmitFailure("--since-time must be a time as 2026-01-02T15:04:05Z. Received: \(sinceTime)")
      }
      query.append(("logOptions.sinceTime.seconds", String(instant.seconds)))
      query.append(("logOptions.sinceTime.nanos", String((instant.milliseconds - instant.seconds * 1000) * 1_000_000)))
    }
    return query
  }

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let following = Following(client: client, dependencies: dependencies, noColor: noColor)
    try await following.log(WorkflowName(namespace: client.connection.namespace, name: workflow), query: try query())
    return ConcludingStatus.succeeded.rawValue
  }
}
