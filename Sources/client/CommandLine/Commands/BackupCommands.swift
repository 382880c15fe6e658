import ArgumentParser

/// What `argosy backup` was asked to do.
package struct BackupOptions: Sendable, Hashable {
  /// Where a backup goes.
  package enum Target: Sendable, Hashable {
    case directory(String)
    /// A compressed tar.
    case archive(String)
    /// A compressed tar on standard output.
    case output
  }

  /// The data directory; nil: the usual one.
  package var data: String?
  package var target: Target
  /// The server's keys are part of it.
  package var hasKeys = true

  package init(_ target: Target) { self.target = target }

  /// The target that a word of the command line means.
  package static func target(_ text: String) -> Target {
    if text == "-" { return .output }
    return text.hasSuffix(".tar.gz") || text.hasSuffix(".tgz") ? .archive(text) : .directory(text)
  }
}

/// What `argosy restore` was asked to do.
package struct RestoreOptions: Sendable, Hashable {
  /// A directory, a file, or `-` for standard input.
  package var source: String
  /// The data directory to make.
  package var data: String
  /// A directory with the keys, for a backup without them.
  package var keys: String?
  package init(source: String, data: String) {
    self.source = source
    self.data = data
  }
}

/// `argosy backup`.
struct BackupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Copy all data of a server, also while it runs.",
    discussion: """
      EXAMPLES
        argosy backup /mnt/backup/argosy-monday.tar.gz
        argosy backup verify /mnt/backup/argosy-monday.tar.gz
        argosy backup - --data ./data | ssh store 'cat > argosy.tar.gz'

      See 'argosy backup create --help' for the options; 'create' may be left out.
      """,
    subcommands: [BackupCreateCommand.self, BackupVerifyCommand.self], defaultSubcommand: BackupCreateCommand.self)
}

/// `argosy backup DEST`.
struct BackupCreateCommand: Verb {
  /// Nothing half-done stays behind.
  static let endsOnInterrupt = false

  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Make a backup.",
    discussion: """
      DEST is a new directory, a new file that ends in .tar.gz or .tgz, or - for standard output. It holds the database as of one moment, \
      the keys, artifacts, logs of pods that have ended, volumes, the audit log, and a manifest with checksums. It is readable for \
      its owner only: with the keys it is worth as much as the server itself.

      Without the keys (--without-keys) nobody can read the Secrets in it or make tokens with it; keep a copy of the directory keys \
      elsewhere, restore asks for it (--keys), and make a new copy after 'argosy secrets rotate-key'.

      EXAMPLES
        argosy backup /mnt/backup/monday
        argosy backup monday.tar.gz --data ./data --without-keys

      EXIT STATUS
        0  the backup is whole and on the disk
        1  it could not be made; nothing of it stays
        2  bad usage
      """)

  @Argument(help: ArgumentHelp("A new directory, a new .tar.gz, or - for standard output.", valueName: "dest"))
  var destination: String

  @Option(help: ArgumentHelp("The server's data directory.", valueName: "dir"), completion: .directory)
  var data: String?

  @Flag(help: "Leave the server's keys out.")
  var withoutKeys = false

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    var options = BackupOptions(BackupOptions.target(destination))
    (options.data, options.hasKeys) = (data, !withoutKeys)
    let request = options
    return await operate(dependencies, toErrors: request.target == .output) { try await dependencies.operations.backup(request) }
  }
}

/// `argosy backup verify`.
struct BackupVerifyCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check a backup: all files by their checksums, the database, and the keys of its Secrets.",
    discussion: """
      The database is unpacked below $TMPDIR (/tmp) for a while.

      EXAMPLES
        argosy backup verify monday.tar.gz
      """)

  @Argument(help: ArgumentHelp("A backup: a directory, a .tar.gz, or - for standard input.", valueName: "src"))
  var source: String

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    await operate(dependencies) { try await dependencies.operations.verifyBackup(source) }
  }
}

/// `argosy restore`.
struct RestoreCommand: Verb {
  /// Nothing half-done stays behind.
  static let endsOnInterrupt = false

  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Make the data directory of a server from a backup.",
    discussion: """
      Everything is checked first and put in its place in one step: it is all there, or nothing is. The directory must be new or empty. \
      A server that is then started on it goes on where the backup was made: workflows that ran go on, and steps that ran \
      at that moment run again from their beginning.

      EXAMPLES
        argosy restore monday.tar.gz --data ./data && argosy server --data ./data
        argosy restore monday --data ./data --keys /mnt/safe/keys

      EXIT STATUS
        0  the data are there
        1  they could not be restored; nothing stays behind
        2  bad usage
      """)

  @Argument(help: ArgumentHelp("A backup: a directory, a .tar.gz, or - for standard input.", valueName: "src"))
  var source: String

  @Option(help: ArgumentHelp("The data directory to make.", valueName: "dir"), completion: .directory)
  var data: String

  @Option(help: ArgumentHelp("The directory with the server's keys, for a backup without them.", valueName: "dir"), completion: .directory)
  var keys: String?

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    var options = RestoreOptions(source: source, data: data)
    options.keys = keys
    let request = options
    return await operate(dependencies) { try await dependencies.operations.restore(request) }
  }
}
