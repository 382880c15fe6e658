import Basics
import CSQLite
import Contracts
import Glibc
import KubeModel

/// What a database, or a copy of one, holds.
package struct DatabaseSnapshot: Sendable, Hashable {
  /// The last resourceVersion that was given out when it was made.
  package var revision: Int64
  /// How many steps of the schema it has.
  package var schema: Int64
  /// The ids of the keys that its Secrets are encrypted with.
  package var sealingKeys: Set<String>
  /// Pods that have ended, with their uids.
  package var endedPods: [EndedPod]

  package struct EndedPod: Sendable, Hashable {
    package var namespace: String
    package var name: String
    package var uid: String
  }
}

extension ResourceDatabase {
  /// Copies a database into a new file (0600), as of one moment, while another process may serve and change it: SQLite's `VACUUM INTO` reads
  /// one snapshot of the log and the file and holds up no writer. Takes no lock of this program's own and changes nothing of the source. The
  /// copy is one file without a log, has no free pages, and is on the disk.
  ///
  /// Throws as the opening of a database does; a full disk is `serviceUnavailable`. Then there is no copy.
  package static func snapshot(of file: String, to target: String) throws(KubeStatus) -> DatabaseSnapshot {
    try DatabaseFile.make(target)
    do throws(KubeStatus) {
      do throws(StoreFailure) {
        let source = try Connection(file: file, access: .readOnly, busyMilliseconds: snapshotPatience)
        try Schema.check(source, file: file)
        let statement = try Statement(source, "VACUUM INTO ?1", isKept: false)
        defer { statement.finalize() }
        try statement.bind(1, target)
        _ = try statement.step()
      } catch {
        throw error.status(file: error.primaryCode == SQLITE_FULL || error.primaryCode == SQLITE_IOERR ? target : file)
      }
      try synchronise(target)
      return try inspect(target, checks: false)
    } catch {
      unlink(target)
      throw error
    }
  }

  private static let snapshotPatience: Int32 = 30_000

  /// Reads what a copy holds; with `checks` also whether it is whole (SQLite's `integrity_check` and `foreign_key_check`). Throws
  /// `internalError` with what is damaged. Changes nothing.
  package static func inspect(_ file: String, checks: Bool) throws(KubeStatus) -> DatabaseSnapshot {
    do throws(StoreFailure) {
      let connection = try Connection(file: file, access: .readOnly, busyMilliseconds: snapshotPatience)
      let version = try Schema.check(connection, file: file)
      if checks {
        for pragma in ["integrity_check(20)", "foreign_key_check"] { try check(connection, pragma, file: file) }
      }
      return DatabaseSnapshot(
        revision: try connection.integer("SELECT value FROM revision") ?? 0, schema: version,
        sealingKeys: try SealedTexts.keys(connection, version: version), endedPods: try endedPods(connection))
    } catch {
      throw error.status(file: file)
    }
  }

  /// Notes in a copy that becomes a database of its own that clients may have seen later revisions than it has: the next opening with a history
  /// goes on far behind them, and watchers list anew. To be called while nobody has the file open.
  package static func markRestored(_ file: String) throws(KubeStatus) {
    do throws(StoreFailure) {
      let connection = try Connection(file: file, access: .readWrite, busyMilliseconds: snapshotPatience)
      // The form of the log stays that of a closed database: one file.
      try connection.execute("PRAGMA synchronous = FULL")
      try MachineStart.store("restored", connection)
    } catch {
      throw error.status(file: file)
    }
  }

  /// Throws `serviceUnavailable`, naming the process, when one serves the database.
  package static func checkUnused(_ file: String) throws(KubeStatus) { _ = try LockFile(ofDatabase: file) }

  private static func check(_ connection: Connection, _ pragma: String, file: String) throws(StoreFailure) {
    let statement = try Statement(connection, "PRAGMA \(pragma)", isKept: false)
    defer { statement.finalize() }
    var problems: [String] = []
    while try statement.step() {
      let line = statement.string(0)
      if line != "ok" { problems.append(line) }
    }
    guard let first = problems.first else { return }
    throw .refused(KubeStatus(.internalError, "\(file) is damaged: \(first)\(problems.count > 1 ? " and more" : "")"))
  }

  private static func endedPods(_ connection: Connection) throws(StoreFailure) -> [DatabaseSnapshot.EndedPod] {
    let statement = try Statement(
      connection,
      "SELECT namespace, name, uid FROM objects WHERE kind = ?1 AND json_extract(json, '$.status.phase') IN ('Succeeded', 'Failed')",
      isKept: false)
    defer { statement.finalize() }
    try statement.bind(1, ResourceKind.pod.qualifiedPlural)
    var result: [DatabaseSnapshot.EndedPod] = []
    while try statement.step() {
      result.append(.init(namespace: statement.string(0), name: statement.string(1), uid: statement.string(2)))
    }
    return result
  }

  private static func synchronise(_ file: String) throws(KubeStatus) {
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw KubeStatus(.serviceUnavailable, "\(file) cannot be opened: \(errorText(errno))") }
    defer { Glibc.close(descriptor) }
    guard fsync(descriptor) == 0 else { throw KubeStatus(.serviceUnavailable, "\(file) cannot be written: \(errorText(errno))") }
  }
}
