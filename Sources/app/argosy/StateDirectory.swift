import Basics
import CommandLine
import Glibc
import Identity
import KubeModel
import ResourceDB

/// Where a run keeps its database, pods, volumes and artifacts: a directory the user names, or a temporary one.
struct StateDirectory: Sendable {
  let path: String
  let isTemporary: Bool

  static let databaseName = "argosy.db"

  var database: String { path + "/" + Self.databaseName }
  var artifacts: String { path + "/artifacts" }
  var node: String { path }
  /// Logs of workflows' pods, beyond their pods.
  var logs: String { path + "/logs" }

  /// Opens the named directory, making it where needed, or makes a temporary one below `TMPDIR`. Throws `FileError`.
  init(named name: String?) throws {
    if let name {
      try LocalFiles.makeDirectories(name, mode: 0o700)
      guard let resolved = realpath(name, nil) else { throw FileError("open", name) }
      defer { free(resolved) }
      path = String(cString: resolved)
      isTemporary = false
      return
    }
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(base)/argosy-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw FileError("mkdtemp", base) }
    guard let resolved = realpath(made, nil) else { throw FileError("open", base) }
    defer { free(resolved) }
    path = String(cString: resolved)
    isTemporary = true
  }

  /// A directory that has a database. Throws ``SubmitFailure`` when it has none.
  init(existing name: String) throws {
    guard LocalFiles.exists(name + "/" + Self.databaseName) else {
      throw SubmitFailure("there are no kept runs in \(name): give the --state DIR of an argosy run")
    }
    try self.init(named: name)
  }

  /// The server's keys; not there in the state of a run.
  var keys: KeyDirectory { KeyDirectory(path + "/" + KeyDirectory.name) }

  /// Opens the database to serve it, with the key of its Secrets where there is one. A command that has it for a moment is waited for.
  func open() throws(KubeStatus) -> ResourceDatabase {
    var settings = ResourceDatabaseSettings()
    settings.ownerMilliseconds = 3000
    return try open(settings, sealing: try SecretKeys.existing(in: keys))
  }

  /// Opens the database with these keys, which are read when nobody else has it. A change of the key that was interrupted is finished: opening has encrypted anew what was left.
  func open(
    _ settings: ResourceDatabaseSettings, sealing: @autoclosure () throws(KubeStatus) -> SecretKeys?
  ) throws(KubeStatus) -> ResourceDatabase {
    let store = try ResourceDatabase(file: database, settings: settings, sealing: try sealing())
    if let sealing = store.sealing as? SecretKeys, sealing.keys.count > 1 {
      do throws(KubeStatus) {
        try sealing.dropOldKeys()
      } catch {
        store.close()
        throw error
      }
    }
    return store
  }

  func remove() { LocalFiles.removeTree(path) }
}
