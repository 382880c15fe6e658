import ArgoClient
import ArgumentParser
import JSONValue

/// `argosy sync`.
struct SyncCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sync",
    abstract: "Manage the limits of semaphores on a server.",
    discussion: """
      EXAMPLES
        argosy sync create deploys --type database --limit 3
        argosy sync get deploys --type configmap --cm-name limits
      """,
    subcommands: [SyncCreateCommand.self, SyncUpdateCommand.self, SyncDeleteCommand.self, SyncGetCommand.self])
}

/// Which limit is meant.
struct SyncArguments: ParsableArguments {
  enum Kind: String { case database, configmap }

  @Argument(help: ArgumentHelp("The key of the semaphore.", valueName: "key"))
  var key: String

  @Option(help: ArgumentHelp("Where the limit is kept: database or configmap.", valueName: "type"))
  var type: String

  @Option(help: ArgumentHelp("The ConfigMap of --type configmap.", valueName: "name"))
  var cmName = ""

  func validate() throws {
    guard let kind = Kind(rawValue: type.lowercased()) else { throw ValidationError("--type must be either 'database' or 'configmap'") }
    if kind == .configmap && cmName.isEmpty { throw ValidationError("--cm-name is required when type is configmap") }
  }

  /// The members of a request.
  func members(_ client: ArgoClient) -> JSONObject {
    [
      "namespace": .string(client.connection.namespace), "key": .string(key), "cmName": .string(cmName),
      "type": .string(type.uppercased()),
    ]
  }

  static func path(_ client: ArgoClient) -> [String] { ["api", "v1", "sync", client.connection.namespace] }

  var query: ArgoClient.Query { [("type", type.uppercased())] + (cmName.isEmpty ? [] : [("cmName", cmName)]) }

  /// A limit, as every command but `delete` prints it. A type that is left out is the first of the API's, a ConfigMap.
  static func text(_ limit: JSON) -> String {
    let isDatabase = limit["type"]?.string?.uppercased() == "DATABASE" || limit["type"]?.int == 1
    func line(_ key: String, _ value: String) -> String { "\(key): \(Printable.line(value))\n" }
    return line("Key", limit["key"]?.string ?? "") + line("Type", isDatabase ? "database" : "configmap")
      + (isDatabase ? "" : line("ConfigMap Name", limit["cmName"]?.string ?? "")) + line("Namespace", limit["namespace"]?.string ?? "")
      + line("Limit", String(limit["limit"]?.int ?? 0))
  }
}

/// A limit that is to be written.
struct SyncLimitArguments: ParsableArguments {
  @OptionGroup var sync: SyncArguments

  @Option(help: ArgumentHelp("How many may hold it at once.", valueName: "n"))
  var limit: Int32

  /// Sends it and prints it as it is then. - Parameter verb: `create` or `update`.
  func send(
    _ verb: String, _ client: ArgoClient, _ dependencies: CommandDependencies, _ request: (JSON) async throws -> JSON
  ) async throws -> Int32 {
    var body = sync.members(client)
    body["limit"] = .int(Int64(limit))
    let written = try await WrappedFailure.wrap("failed to \(verb) sync limit") { try await request(.object(body)) }
    dependencies.output.write("Sync limit \(verb)d\n" + SyncArguments.text(written))
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy sync create`.
struct SyncCreateCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Create the limit of a semaphore.",
    discussion: """
      EXAMPLES
        argosy sync create my-key --type database --limit 10
        argosy sync create my-key --type configmap --cm-name my-configmap --limit 10
      """)

  @OptionGroup var wanted: SyncLimitArguments
  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    try await wanted.send("create", client, dependencies) { body in try await client.post(SyncArguments.path(client), body) }
  }
}

/// `argosy sync update`.
struct SyncUpdateCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "update",
    abstract: "Change the limit of a semaphore.",
    discussion: """
      EXAMPLES
        argosy sync update my-key --type database --limit 20
        argosy sync update my-key --type configmap --cm-name my-configmap --limit 20
      """)

  @OptionGroup var wanted: SyncLimitArguments
  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    try await wanted.send("update", client, dependencies) { body in
      try await client.put(SyncArguments.path(client) + [wanted.sync.key], body)
    }
  }
}

/// `argosy sync get`.
struct SyncGetCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "get",
    abstract: "Show the limit of a semaphore.",
    discussion: """
      EXAMPLES
        argosy sync get my-key --type database
        argosy sync get my-key --type configmap --cm-name my-configmap
      """)

  @OptionGroup var sync: SyncArguments
  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let limit = try await WrappedFailure.wrap("failed to get sync limit") {
      try await client.get(SyncArguments.path(client) + [sync.key], query: sync.query)
    }
    dependencies.output.write(SyncArguments.text(limit))
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy sync delete`.
struct SyncDeleteCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "delete",
    abstract: "Delete the limit of a semaphore.",
    discussion: """
      EXAMPLES
        argosy sync delete my-key --type database
        argosy sync delete my-key --type configmap --cm-name my-configmap
      """)

  @OptionGroup var sync: SyncArguments
  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    _ = try await WrappedFailure.wrap("failed to delete sync limit") {
      try await client.delete(SyncArguments.path(client) + [sync.key], query: sync.query)
    }
    dependencies.output.write("Sync limit deleted\n")
    return ConcludingStatus.succeeded.rawValue
  }
}
