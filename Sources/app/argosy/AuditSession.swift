import AuditLog
import Basics
import CommandLine
import Contracts
import Glibc
import JSONValue

/// `argosy audit` and `argosy audit verify`: read the files of the log, also while a server writes them.
enum AuditSession {
  private static func segments(_ data: String?) throws -> AuditSegments {
    guard let name = data ?? DataDirectory.usual({ Terminal.environment($0) }) else {
      throw SubmitFailure("there is no home directory to look for the server's data in: name it with --data DIR")
    }
    let directory = name + "/" + AuditSegments.directoryName
    guard LocalFiles.isDirectory(directory) else {
      throw SubmitFailure("there is no audit log in \(name): name a server's data with --data DIR; one with --audit none has none")
    }
    guard access(directory, R_OK | X_OK) == 0 else { throw FileError("open", directory) }
    return AuditSegments(directory)
  }

  static func read(_ options: AuditOptions, isCancelled: () -> Bool, body: (JSON) -> Void) throws {
    var filter = AuditFilter()
    filter.since = options.since.map { SystemClock.now() + TimeSpan(milliseconds: -$0.milliseconds) } ?? options.sinceTime
    (filter.user, filter.verb, filter.resource, filter.namespace) = (options.user, options.verb, options.resource, options.namespace)
    try AuditReader.read(try segments(options.data), filter, follows: options.follows, isCancelled: isCancelled) { body($1) }
  }

  /// Gives what to print, and whether the chain is whole.
  static func verify(data: String?, expecting: String?) throws -> AuditOutcome {
    let segments = try segments(data)
    let found = try AuditReader.verify(segments, expecting: expecting)
    if let problem = found.problem {
      return AuditOutcome(text: "the audit log is broken: \(problem)\n", isWhole: false)
    }
    guard found.records > 0 else { return AuditOutcome(text: "the audit log is empty\n", isWhole: true) }
    let begin = found.first > 1 ? " (those before were removed, as the log was too large)" : ""
    return AuditOutcome(
      text: "records \(found.first) to \(found.last) are whole\(begin); the last has the hash\n\(found.head)\n", isWhole: true)
  }
}
