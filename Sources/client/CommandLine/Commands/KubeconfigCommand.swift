import ArgumentParser
import Basics

/// What `argosy kubeconfig` is asked for.
package struct KubeconfigOptions: Sendable, Hashable {
  /// Where the entry goes.
  package enum Target: Sendable, Hashable {
    /// Standard output: the entry alone.
    case output
    /// A file that keeps what else is in it.
    case file(String)
    /// The file that kubectl reads: the first one of `$KUBECONFIG`, else `~/.kube/config`.
    case merge
  }

  /// The server's data directory; nil: the usual one.
  package var data: String?
  /// Where the server is reached; nil: as it said when it started.
  package var server: String?
  package var target = Target.output
  /// Of the context and the cluster.
  package var name = "argosy"
  /// The service account to log in as; nil: the administrator.
  package var serviceAccount: (namespace: String, name: String)?
  /// How long the service account's token is good, in seconds.
  package var seconds: Int64 = 86_400
  package init() {}

  package static func == (left: KubeconfigOptions, right: KubeconfigOptions) -> Bool {
    left.data == right.data && left.server == right.server && left.target == right.target && left.name == right.name
      && left.serviceAccount?.namespace == right.serviceAccount?.namespace && left.serviceAccount?.name == right.serviceAccount?.name
      && left.seconds == right.seconds
  }
  package func hash(into hasher: inout Hasher) {
    hasher.combine(data)
    hasher.combine(server)
    hasher.combine(name)
  }
}

/// What `argosy kubeconfig` has to print.
package struct KubeconfigOutcome: Sendable, Hashable {
  /// For standard output.
  package var text: String
  /// Remarks for standard error, one a line.
  package var remarks: [String]
  package init(text: String, remarks: [String] = []) {
    self.text = text
    self.remarks = remarks
  }
}

/// `argosy kubeconfig`.
struct KubeconfigCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "kubeconfig",
    abstract: "Write the kubeconfig entry by which kubectl reaches a server.",
    discussion: """
      The entry becomes the current context. In a file that is there already all other entries stay; comments do not. The file is
      readable for you only. Without --service-account the entry logs in as the administrator, whom no access rule binds.

      EXAMPLES
        argosy kubeconfig --merge                       into ~/.kube/config (or $KUBECONFIG)
        argosy kubeconfig -o ./kubeconfig               into a file of its own
        argosy kubeconfig --service-account argo/robot --duration 8h
      """)

  @Option(help: ArgumentHelp("The server's data directory.", valueName: "dir"), completion: .directory)
  var data: String?

  @Option(help: ArgumentHelp("Where the server is reached, as https://host:port.", valueName: "url"))
  var server: String?

  @Flag(help: "Put the entry into the file that kubectl reads.")
  var merge = false

  @Option(name: [.short, .long], help: ArgumentHelp("Put the entry into this file.", valueName: "file"), completion: .file())
  var output: String?

  @Option(help: ArgumentHelp("The name of the context and the cluster.", valueName: "name"))
  var name = "argosy"

  @Option(help: ArgumentHelp("Log in as this service account.", valueName: "namespace/name"))
  var serviceAccount: String?

  @Option(help: ArgumentHelp("How long the service account's token is good (10m at least).", valueName: "duration"))
  var duration = "24h"

  func validate() throws {
    if merge && output != nil { throw ValidationError("--merge and --output exclude each other.") }
    if name.isEmpty { throw ValidationError("--name must not be empty.") }
    if let server, !server.hasPrefix("https://"), !server.hasPrefix("http://") {
      throw ValidationError("--server must begin with https:// or http://. Received: \(server)")
    }
    if let serviceAccount { _ = try Self.account(serviceAccount) }
    _ = try seconds()
  }

  private static func account(_ text: String) throws -> (namespace: String, name: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
      throw ValidationError("--service-account must be NAMESPACE/NAME. Received: \(text)")
    }
    return (String(parts[0]), String(parts[1]))
  }

  private func seconds() throws -> Int64 {
    guard let span = TimeSpan(argument: duration), (600...4_294_967_296).contains(span.milliseconds / 1000) else {
      throw ValidationError("--duration must be a duration such as 8h or 90m, of 10m at least. Received: \(duration)")
    }
    return span.milliseconds / 1000
  }

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    var options = KubeconfigOptions()
    (options.data, options.server, options.name) = (data, server, name)
    if merge { options.target = .merge } else if let output { options.target = .file(output) }
    if let serviceAccount { options.serviceAccount = try Self.account(serviceAccount) }
    options.seconds = try seconds()
    do {
      let outcome = try await dependencies.kubeconfig(options)
      dependencies.output.write(outcome.text)
      for remark in outcome.remarks { dependencies.errors.write("argosy: \(remark)\n") }
      return ConcludingStatus.succeeded.rawValue
    } catch {
      dependencies.errors.write("argosy: \(error)\n")
      return ConcludingStatus.failed.rawValue
    }
  }
}
