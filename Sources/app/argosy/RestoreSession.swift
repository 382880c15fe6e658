import Artifacts
import AuditLog
import Basics
import CommandLine
import Contracts
import Glibc
import Identity
import JSONValue
import KubeModel
import ResourceDB

/// `argosy restore`: makes a data directory of a backup, all or nothing.
struct RestoreSession: Sendable {
  let options: RestoreOptions
  let isCancelled: @Sendable () -> Bool

  func run() throws -> String {
    let target = try target()
    let staging = try TemporaryDirectory(in: target.staging)
    defer { staging.remove() }
    let manifest = try BackupCheck.reader(options.source, isCancelled).read(into: staging.path)
    let snapshot = try BackupCheck.check(manifest, in: staging.path, source: options.source)
    try addKeys(manifest, snapshot, to: staging.path)
    let state = try StateDirectory(named: staging.path)
    try adapt(state, from: manifest.header["source"]?.string ?? "", to: target.path)
    if let audit = try LocalAudit.open(state) {
      let made = manifest.header["created"]?.string ?? ""
      audit.record(
        LocalAudit.event("restore", .own, message: "from \(options.source), made \(made) of \(manifest.header["source"]?.string ?? "")"))
      audit.close()
    }
    try put(staging.path, at: target)
    return "restored \(options.source) to \(target.path): revision \(snapshot.revision), made \(manifest.header["created"]?.string ?? "")\n"
  }

  /// Where the data come to lie.
  private struct Target {
    var path: String
    /// The directory in which they are put together, on the same file system.
    var staging: String
    /// The directory is there (and empty) and cannot be replaced: it is where another file system begins.
    var isMount: Bool
  }

  /// Throws when the directory has anything in it, with the process that serves it where one does.
  private func target() throws -> Target {
    let given = options.data.hasSuffix("/") && options.data.utf8.count > 1 ? String(options.data.dropLast()) : options.data
    let parent = given.contains("/") ? LocalFiles.parent(of: given) ?? "/" : "."
    if !LocalFiles.exists(parent) { try LocalFiles.makeDirectories(parent, mode: 0o700) }
    guard let resolved = realpath(parent, nil) else { throw FileError("open", parent) }
    defer { free(resolved) }
    let place = String(cString: resolved)
    guard let name = given.split(separator: "/").last, name != ".", name != ".." else {
      throw SubmitFailure("\(given) is no name for a new directory: give its path")
    }
    let path = (place == "/" ? "" : place) + "/" + name
    var raw = stat()
    guard lstat(path, &raw) == 0 else { return Target(path: path, staging: place, isMount: false) }
    guard raw.st_mode & S_IFMT == S_IFDIR else { throw SubmitFailure("\(path) is no directory: choose a new or empty one") }
    let names = LocalFiles.names(in: path).filter { $0 != "lost+found" }
    if names.contains(StateDirectory.databaseName) {
      // Tells which process serves it, if one does.
      try ResourceDatabase.checkUnused(path + "/" + StateDirectory.databaseName)
      throw SubmitFailure("\(path) has a server's data already: choose a new directory, or move those away")
    }
    guard names.isEmpty else { throw SubmitFailure("\(path) is not empty: choose a new or empty directory") }
    var above = stat()
    let isMount = stat(place, &above) == 0 && above.st_dev != raw.st_dev
    return Target(path: path, staging: isMount ? path : place, isMount: isMount)
  }

  private func addKeys(_ manifest: BackupManifest, _ snapshot: DatabaseSnapshot, to directory: String) throws {
    let hasKeys = BackupCheck.hasKeys(manifest)
    if let keys = options.keys {
      guard !hasKeys else { throw SubmitFailure("\(options.source) has its keys: leave --keys out") }
      guard LocalFiles.isDirectory(keys) else { throw SubmitFailure("there are no keys in \(keys)") }
      let copies = try KeyCopies(of: KeyDirectory(keys))
      let missing = snapshot.sealingKeys.subtracting(try copies.secretKeyIDs())
      guard missing.isEmpty else {
        throw SubmitFailure(
          "\(keys)/secrets.key lacks the key \(missing.sorted().joined(separator: ", ")) of the Secrets in \(options.source): give the keys of that time"
        )
      }
      try copies.write(to: KeyDirectory(directory + "/" + KeyDirectory.name))
    } else if !hasKeys && !snapshot.sealingKeys.isEmpty {
      throw SubmitFailure(
        "\(options.source) was made without the keys that its Secrets need: give the server's directory of keys with --keys DIR")
    }
  }

  /// Makes the database one of its new place: volumes lie there, and what clients know of later revisions is void.
  private func adapt(_ state: StateDirectory, from source: String, to target: String) throws {
    let store = try state.open()
    do {
      let (old, new) = (source + "/volumes/", target + "/volumes/")
      for volume in try store.list(.persistentVolume, namespace: nil, labels: .everything) {
        var moved = volume
        for kind in ["hostPath", "local"] {
          guard let path = volume.json.at("spec", kind, "path")?.string, path.hasPrefix(old) else { continue }
          moved.json["spec"]?[kind]?["path"] = .string(new + path.dropFirst(old.utf8.count))
        }
        if moved != volume { try store.update(moved) }
      }
    } catch {
      store.close()
      throw error
    }
    store.close()
    try ResourceDatabase.markRestored(state.database)
    unlink(state.database + ".lock")
  }

  private func put(_ staging: String, at target: Target) throws {
    if isCancelled() { throw SubmitFailure("interrupted: nothing was restored") }
    let place = open(staging, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard place >= 0 else { throw FileError("open", staging) }
    defer { close(place) }
    try BackupWriter.synchronise(place, named: staging)
    guard target.isMount else {
      guard rename(staging, target.path) == 0 else { throw FileError("make", target.path) }
      let parent = open(target.staging, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      if parent >= 0 {
        fsync(parent)
        close(parent)
      }
      return
    }
    // The database last: without it the rest is no server's data.
    var moved: [String] = []
    let names = LocalFiles.names(in: staging)
    for name in names.filter({ $0 != StateDirectory.databaseName }) + [StateDirectory.databaseName] {
      guard rename(staging + "/" + name, target.path + "/" + name) == 0 else {
        let failure = FileError("make", target.path + "/" + name)
        for name in moved { LocalFiles.removeTree(target.path + "/" + name) }
        throw failure
      }
      moved.append(name)
    }
    try BackupWriter.synchronise(place, named: target.path)
  }
}
