import Contracts
import Glibc

/// The one way an archive of any form becomes files. Every directory on the way to an entry is opened without following links, so an entry
/// cannot pass through a link made before it; links are judged again when the tree is whole (`LinkCheck`).
final class Extraction {
  private let root: Descriptor
  private let limits: ExtractionLimits
  private var parentNames: [String] = []
  private var parent: Descriptor
  private var bytes: UInt64 = 0
  private var entries = 0
  private var directoryModes: [(names: [String], mode: UInt32)] = []
  private var directoryBytes = 0
  /// What the names of directories whose mode waits may take, for a million long names are gigabytes.
  private static let maximumDirectoryBytes = 128 << 20
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Files.chunk, alignment: 8)

  /// `directory` exists and is empty.
  init(into directory: String, limits: ExtractionLimits) throws(ArtifactFailure) {
    root = try Descriptor(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    parent = root
    self.limits = limits
  }

  deinit { buffer.deallocate() }

  func run(_ reader: any ArchiveReader) throws(ArtifactFailure) {
    while let entry = try reader.next() {
      entries += 1
      guard entries <= limits.entries else { throw .failed("the archive has more than \(limits.entries) entries") }
      try extract(entry, reader)
    }
    // Only now: a directory without write permission could not have been filled.
    for directory in directoryModes.reversed() {
      let opened = try openDirectory(directory.names, entry: directory.names.joined(separator: "/"), create: false)
      opened.setMode(directory.mode)
    }
  }

  private func extract(_ entry: ArchiveEntry, _ reader: any ArchiveReader) throws(ArtifactFailure) {
    let names = try components(entry.name)
    if entry.kind == .directory {
      guard !names.isEmpty else { return }
      _ = try openDirectory(names, entry: entry.name, create: true)
      // New directories have this mode already.
      if entry.mode & 0o777 != 0o755 {
        directoryBytes += entry.name.utf8.count
        guard directoryBytes <= Self.maximumDirectoryBytes else { throw refused(entry.name, "the archive has too many directories") }
        directoryModes.append((names, entry.mode))
      }
      return
    }
    guard let name = names.last else { throw refused(entry.name, "it names no file") }
    let folder = try openDirectory(names.dropLast(), entry: entry.name, create: true)
    switch entry.kind {
    case .file:
      try clear(name, in: folder, entry: entry.name)
      try write(entry, name: name, in: folder, reader)
    case .symlink(let target):
      guard !target.isEmpty, target.utf8.first != UInt8(ascii: "/"), !target.utf8.contains(0) else {
        throw refused(entry.name, "it is a link to \"\(target)\", outside of the target directory")
      }
      try clear(name, in: folder, entry: entry.name)
      guard symlinkat(target, folder.number, name) == 0 else { throw systemFailure("cannot make archive entry \"\(entry.name)\"") }
    case .hardLink(let target):
      try link(target, name: name, in: folder, entry: entry.name)
    case .unsupported(let what):
      throw refused(entry.name, "it is \(what)")
    case .directory:
      return
    }
  }

  private func write(_ entry: ArchiveEntry, name: String, in folder: Descriptor, _ reader: any ArchiveReader) throws(ArtifactFailure) {
    let number = openat(folder.number, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard number >= 0 else { throw systemFailure("cannot make archive entry \"\(entry.name)\"") }
    let file = Descriptor(number)
    let sink = FileSink(file, name: entry.name)
    while true {
      let count = try reader.read(into: buffer)
      if count == 0 { break }
      bytes += UInt64(count)
      guard bytes <= limits.bytes else { throw refused(entry.name, "the archive becomes larger than \(limits.bytes) bytes") }
      if bytes > limits.ratioFrom, bytes / max(1, reader.consumed) > limits.ratio {
        throw refused(entry.name, "the archive becomes more than \(limits.ratio) times as large as it is")
      }
      try sink.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    file.setMode(entry.mode)
    if entry.modified > 0 { file.setModified(entry.modified) }
  }

  private func link(_ target: String, name: String, in folder: Descriptor, entry: String) throws(ArtifactFailure) {
    let names = try components(target, of: entry)
    guard let old = names.last else { throw refused(entry, "it links to no file") }
    let from = try openDirectory(names.dropLast(), entry: entry, create: false)
    var status = stat()
    guard fstatat(from.number, old, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw refused(entry, "it is a hard link to \"\(target)\", which is no file of the archive")
    }
    if from === folder && old == name { return }
    try clear(name, in: folder, entry: entry)
    guard linkat(from.number, old, folder.number, name, 0) == 0 else { throw systemFailure("cannot make archive entry \"\(entry)\"") }
  }

  /// Later entries of the same name replace earlier ones, as tar does; a directory is not replaced.
  private func clear(_ name: String, in folder: Descriptor, entry: String) throws(ArtifactFailure) {
    guard unlinkat(folder.number, name, 0) == 0 || errno == ENOENT else {
      throw refused(entry, "something else has that name already")
    }
  }

  /// Opens a directory below the root step by step, no step through a link.
  private func openDirectory(_ names: some Collection<String>, entry: String, create: Bool) throws(ArtifactFailure) -> Descriptor {
    let names = Array(names)
    if names == parentNames { return parent }
    var current = root
    for name in names {
      var number = openat(current.number, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      if number < 0 && errno == ENOENT && create {
        guard mkdirat(current.number, name, 0o755) == 0 else { throw systemFailure("cannot make archive entry \"\(entry)\"") }
        number = openat(current.number, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        // Whatever the umask says.
        fchmod(number, 0o755)
      }
      guard number >= 0 else {
        if errno == ENOENT { throw refused(entry, "it refers to \"\(name)\", which is not there") }
        throw refused(entry, "\"\(name)\" on its way is a link or a file, no directory")
      }
      current = Descriptor(number)
    }
    parentNames = names
    parent = current
    return current
  }

  private func components(_ path: String, of entry: String? = nil) throws(ArtifactFailure) -> [String] {
    let entry = entry ?? path
    guard path.utf8.first != UInt8(ascii: "/") else { throw refused(entry, "its path is absolute") }
    guard path.utf8.count <= 4096, !path.utf8.contains(0) else { throw refused(entry, "its path is too long or no path") }
    let names = Files.pieces(path).filter { $0 != "." }
    guard !names.contains("..") else { throw refused(entry, "its path leads out of the target directory with \"..\"") }
    guard names.allSatisfy({ $0.utf8.count <= 255 }) else { throw refused(entry, "a part of its path is longer than 255 bytes") }
    return names
  }

  private func refused(_ entry: String, _ reason: String) -> ArtifactFailure {
    .failed("archive entry \"\(entry)\" is refused: \(reason)")
  }
}
