import ArgumentParser

/// `argosy service`.
struct ServiceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "service",
    abstract: "Have systemd run the server.",
    discussion: """
      EXAMPLES
        argosy service install --dry-run
        sudo argosy service install
        argosy service status
      """,
    subcommands: [ServiceInstallCommand.self, ServiceUninstallCommand.self, ServiceStatusCommand.self])
}

/// Which service is meant.
struct ServiceArguments: ParsableArguments {
  @Flag(help: "The service of the machine (for root the default).")
  var system = false

  @Flag(help: "The service of this user (for others the default).")
  var user = false

  @Option(help: ArgumentHelp("The unit's name, without .service.", valueName: "name"))
  var name = "argosy"

  func validate() throws {
    if system && user { throw ValidationError("--system and --user exclude each other.") }
    let isName =
      !name.isEmpty && name.utf8.count <= 200 && !name.hasPrefix("-") && !name.hasPrefix(".")
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "-_.".utf8.contains(byte)
        }
      }
    guard isName else { throw ValidationError("--name must be letters, digits, '-', '_' and '.'. Received: \(name)") }
  }

  func options(_ verb: ServiceOptions.Verb) -> ServiceOptions {
    var options = ServiceOptions(verb)
    options.name = name
    options.scope = system ? .system : user ? .user : nil
    return options
  }
}

extension Verb {
  fileprivate func service(_ options: ServiceOptions, _ dependencies: CommandDependencies) async -> Int32 {
    do {
      let outcome = try await dependencies.service(options)
      dependencies.output.write(outcome.text)
      for remark in outcome.remarks { dependencies.errors.write("\(dependencies.program): \(remark)\n") }
      return outcome.exitStatus
    } catch {
      dependencies.errors.write("\(dependencies.program): \(error)\n")
      return ConcludingStatus.failed.rawValue
    }
  }
}

/// `argosy service install`.
struct ServiceInstallCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "install",
    abstract: "Make a systemd unit for the server, enable it and start it.",
    discussion: """
      The unit starts the server with the machine (--system) or with your first session (--user), and again when it fails. Stopping it leaves \
      running pods to the next start. Installing again replaces the unit and starts the server anew. What comes after -- is passed on to \
      argosy server.

      EXAMPLES
        argosy service install --dry-run                only print the unit
        sudo argosy service install                     as root, data in /var/lib/argosy
        sudo argosy service install --run-as build --data /srv/argosy
        argosy service install --user -- --listen 127.0.0.1:2746 --auth-mode server

      EXIT STATUS
        0  the server runs
        1  it could not be installed or started; then nothing of it is left, or what was there before
        2  bad usage
      """)

  @OptionGroup var service: ServiceArguments

  @Option(
    help: ArgumentHelp("The directory of all data: by default /var/lib/argosy, or of a user the usual one.", valueName: "dir"),
    completion: .directory)
  var data: String?

  @Option(help: ArgumentHelp("The account that the machine's service runs as; root when none is named.", valueName: "account"))
  var runAs: String?

  @Flag(help: "Print the unit, and change nothing.")
  var dryRun = false

  @Argument(parsing: .postTerminator, help: ArgumentHelp("Arguments of argosy server.", valueName: "argument"))
  var server: [String] = []

  func validate() throws {
    if runAs != nil && service.user { throw ValidationError("--run-as is for the machine's service: a user's runs as that user.") }
    if let runAs, runAs.isEmpty { throw ValidationError("--run-as must name an account.") }
    if let problem = Self.problem(server) { throw ValidationError("after --: \(problem)") }
  }

  /// What `argosy server` would say of the arguments; nil when it takes them.
  private static func problem(_ arguments: [String]) -> String? {
    if arguments.contains(where: { $0 == "--data" || $0.hasPrefix("--data=") }) { return "name the data before the --, by --data DIR." }
    do {
      _ = try ServerCommand.parse(CobraSpelling.spelled(arguments, for: ServerCommand.self))
      return nil
    } catch {
      return ServerCommand.message(for: error)
    }
  }

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    var options = service.options(.install)
    (options.data, options.account, options.isDryRun) = (data, runAs, dryRun)
    options.arguments = CobraSpelling.spelled(server, for: ServerCommand.self)
    return await service(options, dependencies)
  }
}

/// `argosy service uninstall`.
struct ServiceUninstallCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "uninstall",
    abstract: "Stop the service and remove its unit; the data stay.",
    discussion: """
      EXAMPLES
        sudo argosy service uninstall
        argosy service uninstall --user --dry-run
      """)

  @OptionGroup var service: ServiceArguments

  @Flag(help: "Only say what would be removed.")
  var dryRun = false

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    var options = service.options(.uninstall)
    options.isDryRun = dryRun
    return await service(options, dependencies)
  }
}

/// `argosy service status`.
struct ServiceStatusCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Tell whether the service is installed and runs, and where.",
    discussion: """
      EXAMPLES
        argosy service status
        argosy service status --system

      EXIT STATUS
        0  it runs
        1  it does not run, or is not installed
        2  bad usage
      """)

  @OptionGroup var service: ServiceArguments

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    await service(service.options(.status), dependencies)
  }
}
