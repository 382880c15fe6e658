import Contracts
import Crypto
import Glibc

/// Reads a backup (a directory, or a compressed tar in a file or a stream) and checks all of it against its manifest.
package struct BackupReader: Sendable {
  private let source: String
  private let descriptor: Int32?
  /// Asked now and then; when it says yes, all ends with `failed`.
  package var isCancelled: @Sendable () -> Bool = { false }

  /// A directory or a file.
  package init(_ path: String) {
    source = path
    descriptor = nil
  }

  /// What comes from a descriptor, which stays the caller's; `name` is for messages.
  package init(descriptor: Int32, name: String) {
    source = name
    self.descriptor = descriptor
  }

  /// Reads the whole backup; what `takes` wants is put below the empty directory `directory`, with its permissions, times, links and (where
  /// this process may give files away) owners. Throws `failed` for what is missing, changed or more than the manifest says; what was put into
  /// the directory by then is the caller's to remove.
  package func read(into directory: String, takes: (String) -> Bool = { _ in true }) throws(ArtifactFailure) -> BackupManifest {
    let isDirectory = descriptor == nil && FileStatus(following: source)?.kind == .directory
    let manifest = isDirectory ? try copy(into: directory, takes) : try unpack(into: directory, takes)
    try settle(manifest.entries.filter { takes($0.path) }, in: directory)
    return manifest
  }

  // MARK: A directory

  private func copy(into directory: String, _ takes: (String) -> Bool) throws(ArtifactFailure) -> BackupManifest {
    let place = source + "/" + BackupManifest.name
    guard FileStatus(place)?.kind == .file else { throw .failed("\(source) is no backup of argosy: it has no \(BackupManifest.name)") }
    let manifest = try BackupManifest(
      FileSource(try Descriptor(place, O_RDONLY | O_NOFOLLOW), name: place).bytes(all: BackupManifest.limit), of: source)
    for entry in manifest.entries {
      guard case .file(let size, let sha256) = entry.kind else { continue }
      let path = source + "/" + entry.path
      guard FileStatus(path)?.kind == .file else { throw .failed("\(source) is damaged: \(entry.path) is not there") }
      let file = FileSource(try Descriptor(path, O_RDONLY | O_NOFOLLOW), name: path)
      let found = try take(file, to: takes(entry.path) ? directory + "/" + entry.path : nil)
      try compare(entry.path, found, (size, sha256))
    }
    return manifest
  }

  // MARK: A tar

  private func unpack(into directory: String, _ takes: (String) -> Bool) throws(ArtifactFailure) -> BackupManifest {
    let file: FileSource
    if let descriptor {
      let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
      guard copy >= 0 else { throw systemFailure("cannot read \(source)") }
      file = FileSource(Descriptor(copy), name: source)
    } else {
      file = FileSource(try Descriptor(source, O_RDONLY), name: source)
    }
    var found: [String: Found] = [:]
    var manifest: [UInt8]?
    do throws(ArtifactFailure) {
      let reader = TarReader(try InflateSource(file, form: .gzip), file: file)
      while let entry = try reader.next() {
        guard entry.kind == .file else { continue }
        guard entry.name != BackupManifest.name else {
          manifest = try EntrySource(reader).bytes(all: BackupManifest.limit)
          continue
        }
        guard BackupPath.isClean(entry.name), found[entry.name] == nil else { throw .failed("it has an entry \"\(entry.name)\"") }
        found[entry.name] = try take(EntrySource(reader), to: takes(entry.name) ? directory + "/" + entry.name : nil)
      }
    } catch {
      throw .failed("\(source) cannot be read as a backup: \(error)")
    }
    guard let manifest else { throw .failed("\(source) is no backup of argosy, or not a whole one: it has no \(BackupManifest.name)") }
    let read = try BackupManifest(manifest, of: source)
    for entry in read.entries {
      guard case .file(let size, let sha256) = entry.kind else { continue }
      guard let one = found.removeValue(forKey: entry.path) else { throw .failed("\(source) is damaged: \(entry.path) is not there") }
      try compare(entry.path, one, (size, sha256))
    }
    if let more = found.keys.min() { throw .failed("\(source) is damaged: its \(BackupManifest.name) knows no \(more)") }
    return read
  }

  // MARK: Files

  private typealias Found = (size: UInt64, sha256: String)

  private func compare(_ path: String, _ found: Found, _ wanted: Found) throws(ArtifactFailure) {
    guard found.size == wanted.size else {
      throw .failed("\(source) is damaged: \(path) has \(found.size) bytes in place of \(wanted.size)")
    }
    guard found.sha256 == wanted.sha256 else { throw .failed("\(source) is damaged: the checksum of \(path) is another") }
  }

  /// Reads to the end; writes to a new file where one is given.
  private func take(_ source: any ByteSource, to path: String?) throws(ArtifactFailure) -> Found {
    var sink: FileSink?
    if let path {
      try Files.makeDirectories(Files.parent(path), mode: 0o700)
      sink = FileSink(try Descriptor(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW), name: path)
    }
    let hashing = HashingSink(sink, isCancelled)
    let size = try pump(source, into: hashing)
    return (size, Digest.hex(Array(hashing.hash.finalize())))
  }

  /// Directories, links, and what the entries are to look like; links last, so that nothing was written through one.
  private func settle(_ entries: [BackupEntry], in directory: String) throws(ArtifactFailure) {
    for entry in entries where entry.kind == .directory { try Files.makeDirectories(directory + "/" + entry.path, mode: 0o700) }
    let givesAway = geteuid() == 0
    for entry in entries {
      guard case .file = entry.kind else { continue }
      let path = directory + "/" + entry.path
      let file = try Descriptor(path, O_RDONLY | O_NOFOLLOW)
      if givesAway, fchown(file.number, entry.user, entry.group) != 0 { throw systemFailure("cannot give \(path) to its owner") }
      file.setMode(entry.mode)
      file.setModified(entry.modified)
    }
    for entry in entries {
      guard case .link(let target) = entry.kind else { continue }
      let path = directory + "/" + entry.path
      try Files.makeDirectories(Files.parent(path), mode: 0o700)
      guard symlink(target, path) == 0 else { throw systemFailure("cannot make \(path)") }
      if givesAway { lchown(path, entry.user, entry.group) }
    }
    // The deepest first: one that may not be written into has all in it by then.
    for entry in entries.reversed() where entry.kind == .directory {
      let path = directory + "/" + entry.path
      let opened = try Descriptor(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
      if givesAway, fchown(opened.number, entry.user, entry.group) != 0 { throw systemFailure("cannot give \(path) to its owner") }
      opened.setModified(entry.modified)
      opened.setMode(entry.mode)
    }
  }
}

/// The content of a tar's present entry.
private final class EntrySource: ByteSource {
  private let reader: TarReader
  init(_ reader: TarReader) { self.reader = reader }
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArtifactFailure) -> Int { try reader.read(into: buffer) }
}

/// Computes the SHA-256 of what passes.
private final class HashingSink: ByteSink {
  private let downstream: FileSink?
  var hash = SHA256()
  private let isCancelled: @Sendable () -> Bool

  init(_ downstream: FileSink?, _ isCancelled: @escaping @Sendable () -> Bool) {
    self.downstream = downstream
    self.isCancelled = isCancelled
  }

  func write(_ buffer: UnsafeRawBufferPointer) throws(ArtifactFailure) {
    if isCancelled() { throw .failed("interrupted") }
    hash.update(bufferPointer: buffer)
    try downstream?.write(buffer)
  }
}

extension ByteSource {
  /// Everything, at most so many bytes.
  fileprivate func bytes(all limit: Int) throws(ArtifactFailure) -> [UInt8] {
    let sink = MemorySink()
    let count = try pump(self, into: sink, limit: UInt64(limit) + 1)
    guard count <= UInt64(limit) else { throw .failed("the \(BackupManifest.name) is larger than \(limit) bytes") }
    return sink.bytes
  }
}

extension FileStatus {
  /// What a path leads to, links followed; nil when nothing is there.
  init?(following path: String) {
    var raw = stat()
    guard stat(path, &raw) == 0 else { return nil }
    self.init(raw)
  }
}
