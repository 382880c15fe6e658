import ArgumentParser
import Basics
import JSONValue
import Synchronization

/// What `argosy audit` was asked to show.
package struct AuditOptions: Sendable, Hashable {
  /// The data directory; nil: the usual one.
  package var data: String?
  /// Not older than this.
  package var since: TimeSpan?
  package var sinceTime: Instant?
  package var user = ""
  package var verb = ""
  package var resource = ""
  package var namespace = ""
  package var follows = false
  package init() {}
}

/// What `argosy audit verify` found.
package struct AuditOutcome: Sendable, Hashable {
  package var text: String
  package var isWhole: Bool
  package init(text: String, isWhole: Bool) {
    self.text = text
    self.isWhole = isWhole
  }
}

/// `argosy audit`.
struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Show who did what on a server, from where, and check that nothing was changed in that log.",
    discussion: """
      EXAMPLES
        argosy audit --since 1h
        argosy audit --user kubernetes-admin --verb delete -o wide
        argosy audit --resource secrets --follow
        argosy audit verify

      See 'argosy audit list --help' for the options; 'list' may be left out.
      """,
    subcommands: [AuditListCommand.self, AuditVerifyCommand.self], defaultSubcommand: AuditListCommand.self)
}

/// `argosy audit list`.
struct AuditListCommand: Verb {
  enum Form: String, ExpressibleByArgument { case json, wide }

  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Show records of the audit log.",
    discussion: """
      A line for each request that changed something or was denied: when, with which status, by whom (and on whose behalf), what. wide adds \
      the peer, the request's id and the client. json prints the records as they lie in the log.

      EXAMPLES
        argosy audit --since 24h --resource workflows.argoproj.io
        argosy audit -o json | jq -r 'select(.status == 403) | .user' | sort | uniq -c
      """)

  @Option(help: ArgumentHelp("The server's data directory.", valueName: "dir"), completion: .directory)
  var data: String?

  @Option(help: ArgumentHelp("Records of the last time (1h, 30m) or since a time (RFC 3339).", valueName: "when"))
  var since: String?

  @Option(help: ArgumentHelp("Records of this user, also on behalf of others.", valueName: "name"))
  var user: String?

  @Option(help: ArgumentHelp("Records of this verb: create, update, patch, delete …", valueName: "verb"))
  var verb: String?

  @Option(help: ArgumentHelp("Records about this resource, as workflows or workflows.argoproj.io.", valueName: "plural"))
  var resource: String?

  @Option(name: [.short, .long], help: ArgumentHelp("Records about this namespace.", valueName: "namespace"))
  var namespace: String?

  @Option(name: [.short, .long], help: ArgumentHelp("json or wide.", valueName: "form"))
  var output: Form?

  @Flag(name: [.short, .long], help: "Go on with records as they come.")
  var follow = false

  func validate() throws { _ = try times() }

  private func times() throws -> (TimeSpan?, Instant?) {
    guard let since else { return (nil, nil) }
    if let span = TimeSpan(argument: since) { return (span, nil) }
    if let time = Instant(rfc3339: since) { return (nil, time) }
    throw ValidationError("--since must be a duration such as 90m or 24h, or a time such as 2026-11-28T12:00:00Z. Received: \(since)")
  }

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    var options = AuditOptions()
    options.data = data
    (options.since, options.sinceTime) = try times()
    (options.user, options.verb, options.resource, options.namespace) = (user ?? "", verb ?? "", resource ?? "", namespace ?? "")
    options.follows = follow
    let (wanted, form, output) = (options, output, dependencies.output)
    let hasHeader = Mutex(false)
    do {
      try await dependencies.operations.audit(wanted) { record in
        let isFirst = hasHeader.withLock { has in
          defer { has = true }
          return !has
        }
        if form == .json { return output.write(record.text(.compact) + "\n") }
        output.write((isFirst ? AuditText.header(isWide: form == .wide) : "") + AuditText.line(record, isWide: form == .wide))
      }
      return ConcludingStatus.succeeded.rawValue
    } catch {
      dependencies.errors.write("argosy: \(error)\n")
      return ConcludingStatus.failed.rawValue
    }
  }
}

/// `argosy audit verify`.
struct AuditVerifyCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check the chain of hashes of the audit log, and name the first record that is broken.",
    discussion: """
      The hash that it prints is that of all records up to now: keep it elsewhere, and give it with --expect later. Without that, a log \
      whose end was cut off, or that was made anew as a whole, cannot be told from a good one.

      EXAMPLES
        argosy audit verify
        argosy audit verify --expect 5e8c…

      EXIT STATUS
        0  the log is whole
        1  it is not, or cannot be read
      """)

  @Option(help: ArgumentHelp("The server's data directory.", valueName: "dir"), completion: .directory)
  var data: String?

  @Option(help: ArgumentHelp("The hash of a record that must be there.", valueName: "hash"))
  var expect: String?

  func validate() throws {
    if let expect, expect.utf8.count != 64 || !expect.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) {
      throw ValidationError("--expect must be a hash of 64 hexadecimal digits, as verify prints it. Received: \(expect)")
    }
  }

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    do {
      let outcome = try await dependencies.operations.verifyAudit(data, expect)
      (outcome.isWhole ? dependencies.output : dependencies.errors).write(outcome.text)
      return (outcome.isWhole ? ConcludingStatus.succeeded : .failed).rawValue
    } catch {
      dependencies.errors.write("argosy: \(error)\n")
      return ConcludingStatus.failed.rawValue
    }
  }
}
