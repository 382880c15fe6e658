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

/// `argosy backup`: copies a data directory, whoever serves it.
///
/// The database is copied as of one moment; files are read after it, so that what the copy names is there: artifacts, and the logs of pods that it knows as ended. The keys
/// are those that open the copy's Secrets.
struct BackupSession: Sendable {
  let options: BackupOptions
  let isCancelled: @Sendable () -> Bool

  /// How often database and keys are copied until they fit: a change of the key may fall between them.
  private static let attempts = 5

  func run() throws -> String {
    let data = try OperationSessions.data(options.data)
    let place = try place(data)
    announce(data, place)
    let temporary = try TemporaryDirectory(in: place)
    defer { temporary.remove() }
    let writer = try writer()
    writer.isCancelled = isCancelled
    let copy = temporary.path + "/" + StateDirectory.databaseName
    let (snapshot, keys) = try database(data, to: copy)
    try writer.add(copy, as: StateDirectory.databaseName)
    let now = SystemClock.now()
    for (name, bytes) in keys?.files ?? [] {
      try writer.add(bytes, as: "\(KeyDirectory.name)/\(name)", mode: 0o600, modified: now.seconds)
    }
    try addLogs(of: snapshot.endedPods, data, to: writer)
    for name in LocalFiles.names(in: data.path) where !Self.isOwn(name) {
      try writer.add(data.path + "/" + name, as: name) { path in
        path.split(separator: "/").last.map { $0.hasPrefix(".argosy-tmp-") || $0.hasPrefix(".removed-") } ?? false
      }
    }
    try writer.finish([
      "created": .string(now.rfc3339), "program": .string("argosy \(VersionInformation.current.version)"),
      "host": .string(Wiring.hostName()),
      "source": .string(data.path), "revision": .int(snapshot.revision), "schema": .int(snapshot.schema),
      "keys": ["included": .bool(keys != nil), "secrets": .array(snapshot.sealingKeys.sorted().map { .string($0) })],
    ])
    return report(data, snapshot, writer, hasKeys: keys != nil)
  }

  /// Tells the process that serves the data, which records it.
  private func announce(_ data: StateDirectory, _ place: String) {
    var request = StateRequest(.backup, directory: data.path)
    request.names = [options.target == .output ? target : place + "/" + (target.split(separator: "/").last.map(String.init) ?? "")]
    request.message = options.hasKeys ? "" : "without keys"
    // A server of an earlier version does not know the request, and records nothing.
    guard (try? ControlSession(request: request).tell()) == false, let audit = try? LocalAudit.open(data) else { return }
    _ = try? LocalAudit(log: audit).recording(request, by: .own) { [] }
    audit.close()
  }

  private var target: String {
    switch options.target {
    case .directory(let path), .archive(let path): path
    case .output: "standard output"
    }
  }

  /// Where the copy of the database lies meanwhile: beside the backup, where there must be room anyway.
  private func place(_ data: StateDirectory) throws -> String {
    switch options.target {
    case .output: return Terminal.environment("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? data.path
    case .directory(let path), .archive(let path):
      let parent = path.contains("/") ? LocalFiles.parent(of: path) ?? "/" : "."
      guard let resolved = realpath(parent, nil) else { throw FileError("open", parent) }
      defer { free(resolved) }
      let place = String(cString: resolved)
      guard place != data.path, !place.hasPrefix(data.path + "/") else {
        throw SubmitFailure("\(path) lies in the data themselves: choose a place outside of \(data.path), best on another disk")
      }
      return place
    }
  }

  private func writer() throws(ArtifactFailure) -> BackupWriter {
    switch options.target {
    case .directory(let path): try BackupWriter(directory: path)
    case .archive(let path): try BackupWriter(archive: path)
    case .output: try BackupWriter(descriptor: STDOUT_FILENO, name: "standard output")
    }
  }

  private func database(_ data: StateDirectory, to copy: String) throws -> (DatabaseSnapshot, KeyCopies?) {
    for attempt in 1...Self.attempts {
      let keys = options.hasKeys && LocalFiles.exists(data.keys.path) ? try KeyCopies(of: data.keys) : nil
      let snapshot = try ResourceDatabase.snapshot(of: data.database, to: copy)
      guard let keys, !snapshot.sealingKeys.isSubset(of: try keys.secretKeyIDs()) else { return (snapshot, keys) }
      if attempt < Self.attempts { unlink(copy) }
    }
    throw SubmitFailure(
      "\(data.keys.path) lacks keys of the Secrets in \(data.database): was secrets.key replaced? A backup would be of no use")
  }

  /// The logs of pods that have ended by the database's copy; those that ran then run again after a restore. Plans stay out: they hold values of Secrets.
  private func addLogs(of pods: [DatabaseSnapshot.EndedPod], _ data: StateDirectory, to writer: BackupWriter) throws(ArtifactFailure) {
    for pod in pods {
      let name = "pods/\(pod.namespace)_\(pod.name)_\(pod.uid)"
      try writer.add("\(data.node)/\(name)/status.json", as: name + "/status.json")
      try writer.add("\(data.node)/\(name)/containers", as: name + "/containers") { path in
        let parts = path.split(separator: "/")
        return parts.count > 5 || (parts.count == 5 && !parts[4].hasPrefix("log"))
      }
    }
  }

  /// What is taken in another way, or is of this process's or machine's life only. The tokens in `accounts` are made anew for the pods that need them.
  private static func isOwn(_ name: String) -> Bool {
    name.hasPrefix(StateDirectory.databaseName) || name.hasPrefix(".argosy-tmp-")
      || [KeyDirectory.name, "pods", "scratch", "accounts", ControlSocket.name, ServerRecord.name, BackupManifest.name].contains(name)
  }

  private func report(_ data: StateDirectory, _ snapshot: DatabaseSnapshot, _ writer: BackupWriter, hasKeys: Bool) -> String {
    var text =
      "backup of \(data.path) at revision \(snapshot.revision): \(writer.entries.count) entries, \(writer.size) bytes, in \(target)\n"
    if !hasKeys && !snapshot.sealingKeys.isEmpty {
      text += "without the keys: the Secrets in it need \(data.keys.path)/secrets.key, keep a copy of that directory elsewhere\n"
    }
    let cut = writer.entries.filter(\.wasCut)
    if let first = cut.first { text += "\(cut.count) files became shorter while they were read, as \(first.path)\n" }
    if let first = writer.omitted.first {
      text += "\(writer.omitted.count) sockets, pipes, devices or unreadable names were left out, as \(first)\n"
    }
    return text
  }
}

/// `argosy backup verify`, and what a restore checks.
struct BackupCheck: Sendable {
  let source: String
  let isCancelled: @Sendable () -> Bool

  func run() throws -> String {
    let temporary = try TemporaryDirectory.usual()
    defer { temporary.remove() }
    let manifest = try Self.reader(source, isCancelled).read(into: temporary.path) { path in
      path == StateDirectory.databaseName || path.hasPrefix(KeyDirectory.name + "/")
    }
    let snapshot = try Self.check(manifest, in: temporary.path, source: source)
    let keys = Self.hasKeys(manifest) ? "with its keys" : "without keys"
    return
      "\(source) is whole: \(manifest.header["source"]?.string ?? "") at revision \(snapshot.revision), made \(manifest.header["created"]?.string ?? ""), \(manifest.entries.count) entries, \(keys)\n"
  }

  static func reader(_ source: String, _ isCancelled: @escaping @Sendable () -> Bool) -> BackupReader {
    var reader = source == "-" ? BackupReader(descriptor: STDIN_FILENO, name: "standard input") : BackupReader(source)
    reader.isCancelled = isCancelled
    return reader
  }

  static func hasKeys(_ manifest: BackupManifest) -> Bool { manifest.header["keys"]?["included"]?.bool == true }

  /// Checks the database that was unpacked into a directory, and whether the keys beside it open its Secrets.
  static func check(_ manifest: BackupManifest, in directory: String, source: String) throws -> DatabaseSnapshot {
    let file = directory + "/" + StateDirectory.databaseName
    guard LocalFiles.exists(file) else {
      throw SubmitFailure("\(source) is no backup of a server: it has no \(StateDirectory.databaseName)")
    }
    let snapshot = try ResourceDatabase.inspect(file, checks: true)
    guard hasKeys(manifest) else { return snapshot }
    let missing = snapshot.sealingKeys.subtracting(try KeyCopies(of: KeyDirectory(directory + "/" + KeyDirectory.name)).secretKeyIDs())
    guard missing.isEmpty else {
      throw SubmitFailure("\(source) is of no use: it lacks the key \(missing.sorted().joined(separator: ", ")) of its Secrets")
    }
    return snapshot
  }
}
