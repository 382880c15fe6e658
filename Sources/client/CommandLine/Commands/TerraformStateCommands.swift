import ArgoClient
import ArgumentParser
import JSONValue

/// `argosy tfstate`.
struct TerraformStateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tfstate", abstract: "Look after the Terraform states that a server keeps.",
    discussion: """
      Terraform keeps states in a server by its http backend (docs/terraform-state.md):

        address = "https://127.0.0.1:2746/tfstate/NAMESPACE/KEY"
      """,
    subcommands: [
      TerraformStateListCommand.self, TerraformStateShowCommand.self, TerraformStateGetCommand.self, TerraformStateHistoryCommand.self,
      TerraformStateUnlockCommand.self, TerraformStateRestoreCommand.self, TerraformStateRemoveCommand.self,
    ])
}

/// How a command prints what it has found.
enum TerraformStateForm: String, ExpressibleByArgument, CaseIterable { case name, json }

/// The state that a command is about.
struct TerraformStateArgument: ParsableArguments {
  @Argument(help: ArgumentHelp("The state's key, as in its address behind the namespace.", valueName: "key"))
  var key: String

  func path(_ prefix: String, _ client: ArgoClient) -> [String] {
    [prefix, client.connection.namespace] + key.split(separator: "/").map(String.init)
  }

  func validate() throws {
    let segments = key.split(separator: "/", omittingEmptySubsequences: false)
    if segments.contains(where: { ["", ".", ".."].contains($0) }) {
      throw ValidationError("KEY must have something between its slashes, and not dots alone. Received: \(key)")
    }
  }
}

/// `argosy tfstate list`.
struct TerraformStateListCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List states and who has locked them.",
    discussion: """
      EXAMPLES
        argosy tfstate list -n argo
        argosy tfstate list -A
        argosy tfstate list -o json | jq '.[] | select(.lock).key'
      """)

  @Flag(name: [.customShort("A"), .long], help: "States of all namespaces.")
  var allNamespaces = false

  @Option(name: [.short, .long], help: ArgumentHelp("The form: name or json.", valueName: "form"))
  var output: TerraformStateForm?

  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let path = ["tfstate"] + (allNamespaces ? [] : [client.connection.namespace])
    let states = try await client.get(path)["items"]?.array ?? []
    switch output {
    case .json: dependencies.output.write(JSON.array(states).text(.pretty) + "\n")
    case .name: for state in states { dependencies.output.write(Printable.line(state["key"]?.string ?? "") + "\n") }
    case nil:
      let context = Terminal.context(dependencies.style(noColor: true))
      dependencies.output.write(TerraformStateText.list(states, hasNamespace: allNamespaces, context: context))
    }
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy tfstate show`.
struct TerraformStateShowCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a state: its version, its lock, and the resources in it.",
    discussion: """
      No value of any resource is shown: the content is what 'argosy tfstate get' prints.

      EXAMPLES
        argosy tfstate show demo/account-create -n argo
      """)

  @OptionGroup var state: TerraformStateArgument
  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let known = try await client.get(state.path("tfstate-versions", client))
    var content: JSON?
    if known["current"]?.isNull == false {
      do throws(ClientFailure) {
        content = try await client.get(state.path("tfstate", client))
      } catch {
        // Who may list states may not read them.
        guard error.status == 403 else { throw error }
      }
    }
    dependencies.output.write(
      TerraformStateText.show(known, content: content, context: Terminal.context(dependencies.style(noColor: true))))
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy tfstate get`.
struct TerraformStateGetCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "get", abstract: "Print a state's content, with all secrets that are in it.",
    discussion: """
      EXAMPLES
        argosy tfstate get demo/account-create -n argo | jq .outputs
        argosy tfstate get demo/account-create -n argo --version 2
      """)

  @OptionGroup var state: TerraformStateArgument

  @Option(help: ArgumentHelp("A version that 'argosy tfstate history' lists.", valueName: "number"))
  var version: Int?

  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let content = try await client.bytes(state.path("tfstate", client), query: version.map { [("version", String($0))] } ?? [])
    dependencies.output.write(String(decoding: content, as: UTF8.self))
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy tfstate history`.
struct TerraformStateHistoryCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "List the versions of a state, the newest first.",
    discussion: """
      EXAMPLES
        argosy tfstate history demo/account-create -n argo
      """)

  @OptionGroup var state: TerraformStateArgument

  @Option(name: [.short, .long], help: ArgumentHelp("The form: name or json.", valueName: "form"))
  var output: TerraformStateForm?

  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let known = try await client.get(state.path("tfstate-versions", client))
    switch output {
    case .json: dependencies.output.write((known["versions"] ?? .array([])).text(.pretty) + "\n")
    case .name:
      for version in known["versions"]?.array ?? [] { dependencies.output.write("\(version["version"]?.int ?? 0)\n") }
    case nil:
      dependencies.output.write(TerraformStateText.history(known, context: Terminal.context(dependencies.style(noColor: true))))
    }
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy tfstate unlock`.
struct TerraformStateUnlockCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "unlock", abstract: "Release the lock of a state whose holder is gone.",
    discussion: """
      Terraform that still runs with that lock cannot write the state any more. Look first who has it: 'argosy tfstate show KEY'.

      EXAMPLES
        argosy tfstate unlock demo/account-create 2d9cf2e1-6ee1-2f1b-8a5e-5b1a4bb1f0a3 -n argo
        argosy tfstate unlock demo/account-create --force -n argo
      """)

  @OptionGroup var state: TerraformStateArgument

  @Argument(help: ArgumentHelp("The lock's ID.", valueName: "lock-id"))
  var lockID: String?

  @Flag(help: "Release whichever lock there is.")
  var force = false

  @OptionGroup(title: "Server") var server: ServerArguments

  func check() throws {
    if (lockID == nil) != force {
      throw ClientFailure("name the lock by its ID, or give --force: 'argosy tfstate show \(state.key)' tells both")
    }
  }

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let path = state.path("tfstate-lock", client)
    let known = try await client.get(state.path("tfstate-versions", client))
    guard let lock = known["lock"], !lock.isNull else { throw ClientFailure("nobody has locked \(state.key)") }
    do throws(ClientFailure) {
      _ = try await client.delete(path, query: lockID.map { [("ID", $0)] } ?? [])
    } catch {
      guard error.status == 409 else { throw error }
      throw ClientFailure("\(state.key) is locked by \(TerraformStateText.holder(lock)) with another ID: \(lock["id"]?.string ?? "")")
    }
    dependencies.output.write("\(state.key) unlocked; the lock was of \(TerraformStateText.holder(lock))\n")
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy tfstate restore`.
struct TerraformStateRestoreCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Make an earlier version of a state the current one again.",
    discussion: """
      It becomes a new version, so that nothing of the history is lost. A deleted state comes back this way too.

      EXAMPLES
        argosy tfstate history demo/account-create -n argo
        argosy tfstate restore demo/account-create 2 -n argo
      """)

  @OptionGroup var state: TerraformStateArgument

  @Argument(help: ArgumentHelp("The version.", valueName: "version"))
  var version: Int

  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let answer: JSON
    do throws(ClientFailure) {
      answer = try await client.call("POST", state.path("tfstate-versions", client), query: [("version", String(version))])
    } catch { throw error.explained(state.key, "restored") }
    dependencies.output.write("\(state.key) is version \(version) again, as version \(answer.at("current", "version")?.int ?? 0)\n")
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy tfstate rm`.
struct TerraformStateRemoveCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "rm", abstract: "Delete a state; what Terraform made stays.",
    discussion: """
      The versions are kept for a while, and 'argosy tfstate restore' brings the state back. With --all-versions nothing is kept.

      EXAMPLES
        argosy tfstate rm demo/account-create -n argo
      """)

  @OptionGroup var state: TerraformStateArgument

  @Flag(help: "Delete all versions too.")
  var allVersions = false

  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    // Tells that it is not there, which deleting does not.
    _ = try await client.get(state.path("tfstate-versions", client))
    do throws(ClientFailure) {
      _ = try await client.delete(state.path("tfstate", client), query: allVersions ? [("versions", "all")] : [])
    } catch { throw error.explained(state.key, "deleted") }
    dependencies.output.write("\(state.key) deleted\n")
    return ConcludingStatus.succeeded.rawValue
  }
}

extension ClientFailure {
  /// The refusal of a locked state has the lock as its body, and no message.
  fileprivate func explained(_ key: String, _ verb: String) -> ClientFailure {
    guard status == 423 else { return self }
    return ClientFailure("\(key) is locked and cannot be \(verb): 'argosy tfstate show \(key)' tells by whom", status: status)
  }
}
