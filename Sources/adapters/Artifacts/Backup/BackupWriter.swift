import CLinux
import Contracts
import Glibc
import JSONValue

/// Writes a backup: files and trees of this machine with a manifest of them, as a directory or as one compressed tar. Not for several threads.
///
/// Trees may change while they are read: what goes away meanwhile is left out, a file that grows is taken up to the size that it had, one that
/// becomes shorter is filled up (``BackupEntry/wasCut``). No link is followed, at no place of a path, whoever puts one there meanwhile.
package final class BackupWriter {
  private let target: any BackupTarget
  /// What was written.
  package private(set) var entries: [BackupEntry] = []
  /// What could not be taken and has no content to keep, or no name that a manifest can hold: sockets, pipes, devices.
  package private(set) var omitted: [String] = []
  /// Bytes of all files.
  package private(set) var size: UInt64 = 0

  /// Asked now and then; when it says yes, all ends with `failed`.
  package var isCancelled: @Sendable () -> Bool = { false }

  /// How deep a tree may be.
  private static let depthLimit = 256

  /// A new directory. Throws `failed` when the path is taken by anything but an empty directory.
  package init(directory path: String) throws(ArtifactFailure) {
    if let status = FileStatus(path) {
      guard status.kind == .directory, try Files.names(in: path).isEmpty else { throw Self.taken(path) }
    }
    target = try BackupDirectory(path)
  }

  /// A new file. Throws `failed` when there is something already.
  package init(archive path: String) throws(ArtifactFailure) {
    guard FileStatus(path) == nil else { throw Self.taken(path) }
    target = try BackupArchive(path)
  }

  /// What a descriptor leads to, which stays the caller's; `name` is for messages.
  package init(descriptor: Int32, name: String) throws(ArtifactFailure) {
    target = try BackupArchive(descriptor: descriptor, name: name)
  }

  deinit { target.abandon() }

  private static func taken(_ path: String) -> ArtifactFailure {
    .failed("\(path) is there already: choose another name, a backup replaces nothing")
  }

  /// Takes a small file that is made for the backup.
  package func add(_ bytes: [UInt8], as path: String, mode: UInt32, modified: Int64) throws(ArtifactFailure) {
    try add(MemorySource(bytes), BackupEntry(path, .directory, mode: mode, modified: modified), size: UInt64(bytes.count))
  }

  /// Takes a file, or a directory with all below it, as `path`; nothing when it is not there. `skips` is asked for the paths in the backup
  /// of all below it.
  package func add(_ source: String, as path: String, skips: (String) -> Bool = { _ in false }) throws(ArtifactFailure) {
    let folder = Glibc.open(Files.parent(source), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else {
      if errno == ENOENT { return }
      throw systemFailure("cannot open \(Files.parent(source))")
    }
    try add(Files.baseName(source), in: Descriptor(folder), as: path, source: source, depth: 0, skips)
  }

  private func add(
    _ name: String, in folder: Descriptor, as path: String, source: String, depth: Int, _ skips: (String) -> Bool
  ) throws(ArtifactFailure) {
    if isCancelled() { throw .failed("interrupted") }
    var raw = stat()
    guard fstatat(folder.number, name, &raw, AT_SYMLINK_NOFOLLOW) == 0 else {
      if errno == ENOENT { return }
      throw systemFailure("cannot read \(source)")
    }
    switch FileStatus(raw).kind {
    case .symlink:
      var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
      let count = buffer.withUnsafeMutableBytes { bytes in
        bytes.withMemoryRebound(to: CChar.self) { text in text.baseAddress.map { readlinkat(folder.number, name, $0, text.count) } ?? -1 }
      }
      guard count > 0, let text = String(validating: buffer[..<count], as: UTF8.self) else { return omitted.append(path) }
      try target.link(path, to: text)
      entries.append(entry(path, .link(text), raw))
    case .file:
      guard let file = try open(name, in: folder, O_NONBLOCK, source) else { return }
      guard fstat(file.number, &raw) == 0, FileStatus(raw).kind == .file else { return omitted.append(path) }
      try add(FileSource(file, name: source), entry(path, .directory, raw), size: FileStatus(raw).size)
    case .directory:
      guard depth < Self.depthLimit else { throw .failed("\(source) lies deeper than \(Self.depthLimit) directories") }
      guard let directory = try open(name, in: folder, O_DIRECTORY, source) else { return }
      try target.directory(path)
      entries.append(entry(path, .directory, raw))
      for name in try names(in: directory, path, source) where !skips(path + "/" + name) {
        try add(name, in: directory, as: path + "/" + name, source: source + "/" + name, depth: depth + 1, skips)
      }
    case .other: omitted.append(path)
    }
  }

  /// Nil when it is gone, or became something else.
  private func open(_ name: String, in folder: Descriptor, _ flags: Int32, _ source: String) throws(ArtifactFailure) -> Descriptor? {
    let number = openat(folder.number, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags)
    if number >= 0 { return Descriptor(number) }
    if [ENOENT, ELOOP, ENOTDIR].contains(errno) { return nil }
    throw systemFailure("cannot read \(source)")
  }

  private func names(in directory: Descriptor, _ path: String, _ source: String) throws(ArtifactFailure) -> [String] {
    let copy = fcntl(directory.number, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0, let stream = fdopendir(copy) else {
      let code = errno
      if copy >= 0 { close(copy) }
      throw systemFailure("cannot list \(source)", code: code)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let found = readdir(stream) else {
        if errno != 0 { throw systemFailure("cannot list \(source)") }
        return names.sorted()
      }
      let name: String? = withUnsafePointer(to: &found.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
      }
      guard let name else {
        omitted.append(path + "/(a name that is no UTF-8)")
        continue
      }
      if name != "." && name != ".." { names.append(name) }
    }
  }

  private func entry(_ path: String, _ kind: BackupEntry.Kind, _ raw: stat) -> BackupEntry {
    let status = FileStatus(raw)
    return BackupEntry(path, kind, mode: status.mode, modified: status.modified, user: raw.st_uid, group: raw.st_gid)
  }

  private func add(_ source: any ByteSource, _ entry: BackupEntry, size: UInt64) throws(ArtifactFailure) {
    guard BackupPath.isClean(entry.path) else { throw .failed("\(entry.path) is no path for a backup") }
    let measured = MeasuredSource(source, size: size, isCancelled)
    try target.file(entry.path, size: size, mode: entry.mode, modified: entry.modified, from: measured)
    var entry = entry
    entry.kind = .file(size: size, sha256: measured.sha256)
    entry.wasCut = measured.wasCut
    entries.append(entry)
    self.size += size
  }

  /// Writes the manifest and puts the backup in its place. Throws `failed`; then nothing of it stays.
  package func finish(_ header: JSONObject) throws(ArtifactFailure) {
    var header = header
    if !omitted.isEmpty { header["omitted"] = .array(omitted.map { .string($0) }) }
    let manifest = BackupManifest(header: header, entries: entries).bytes
    try target.file(BackupManifest.name, size: UInt64(manifest.count), mode: 0o600, modified: 0, from: MemorySource(manifest))
    try target.finish()
  }

  /// Writes all of the file system that holds an open file to its disk. Throws `failed`.
  package static func synchronise(_ descriptor: Int32, named name: String) throws(ArtifactFailure) {
    let code = clx_sync_file_system(descriptor)
    guard code == 0 else { throw systemFailure("cannot write \(name)", code: -code) }
  }
}
