import ArgumentParser
import JSONValue

/// `argosy secrets`.
struct SecretsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "secrets", abstract: "Act on the encryption of stored Secrets.", subcommands: [RotateKeyCommand.self])
}

/// `argosy secrets rotate-key`.
struct RotateKeyCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "rotate-key",
    abstract: "Encrypt all stored Secrets with a new key.",
    discussion: """
      A server that runs on the directory does it itself, without a pause. When the command is interrupted, nothing is lost: the old key
      is removed only when nothing needs it, and the next start, or the same command again, does the rest. Backups of before need the
      old key: keep a copy of keys/secrets.key with them.

      Without --data the directory is $ARGOSY_DATA, or argosy below $XDG_DATA_HOME (~/.local/share).

      EXAMPLES
        argosy secrets rotate-key --data ./data
      """)

  @Option(help: ArgumentHelp("The server's data directory.", valueName: "dir"), completion: .directory)
  var data: String?

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    guard let directory = data ?? DataDirectory.usual(dependencies.environment) else {
      dependencies.errors.write("argosy: there is no home directory to look for the server's data in: name it with --data DIR\n")
      return ConcludingStatus.failed.rawValue
    }
    do {
      for answer in try await dependencies.control(StateRequest(.rotateKey, directory: directory)) {
        let count = answer["secrets"]?.int ?? 0
        dependencies.output.write(
          "\(count) stored \(count == 1 ? "text" : "texts") of Secrets encrypted with the key \(answer["key"]?.string ?? "")\n")
      }
      return ConcludingStatus.succeeded.rawValue
    } catch {
      dependencies.errors.write("argosy: \(error)\n")
      return ConcludingStatus.failed.rawValue
    }
  }
}
