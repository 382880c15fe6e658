import Contracts
import Glibc

/// An open file, closed with the last reference to it.
final class Descriptor {
  let number: Int32
  init(_ number: Int32) { self.number = number }
  deinit { close(number) }

  /// Opens a path; `ENOENT` and all other errors become `failed`. `O_CLOEXEC` is added.
  convenience init(_ path: String, _ flags: Int32, mode: mode_t = 0o600) throws(ArtifactFailure) {
    let number = open(path, flags | O_CLOEXEC, mode)
    guard number >= 0 else { throw systemFailure("cannot open \(path)") }
    self.init(number)
  }

  /// Writes everything to the disk.
  func sync(_ name: String) throws(ArtifactFailure) {
    guard fsync(number) == 0 else { throw systemFailure("cannot write \(name)") }
  }

  func setMode(_ mode: UInt32) { fchmod(number, mode & 0o777) }

  /// `seconds` since 1970.
  func setModified(_ seconds: Int64) {
    let time = timespec(tv_sec: Int(seconds), tv_nsec: 0)
    _ = withUnsafeBytes(of: (time, time)) { futimens(number, $0.bindMemory(to: timespec.self).baseAddress) }
  }

  func status(_ name: String) throws(ArtifactFailure) -> FileStatus {
    var raw = stat()
    guard fstat(number, &raw) == 0 else { throw systemFailure("cannot read \(name)") }
    return FileStatus(raw)
  }
}

/// A failure with the system's reason; read `errno` before anything else can change it.
func systemFailure(_ what: String, code: Int32 = errno) -> ArtifactFailure {
  .failed("\(what): \(String(cString: strerror(code)))")
}

/// What `lstat` says of a file.
struct FileStatus {
  enum Kind { case file, directory, symlink, other }
  var kind: Kind
  var mode: UInt32
  var size: UInt64
  /// Seconds since 1970.
  var modified: Int64

  init(_ raw: stat) {
    kind =
      switch raw.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      case S_IFLNK: .symlink
      default: .other
      }
    mode = raw.st_mode & 0o777
    size = UInt64(clamping: raw.st_size)
    modified = Int64(raw.st_mtim.tv_sec)
  }

  /// nil when nothing is there; links are not followed.
  init?(_ path: String) {
    var raw = stat()
    guard lstat(path, &raw) == 0 else { return nil }
    self.init(raw)
  }
}

/// Names, trees and copies on this machine's disk. No function follows a symbolic link at the end of a path.
enum Files {
  static let chunk = 256 * 1024

  static func baseName(_ path: String) -> String { pieces(path).last ?? "" }

  static func parent(_ path: String) -> String {
    let names = pieces(path)
    let joined = names.dropLast().joined(separator: "/")
    return path.utf8.first == UInt8(ascii: "/") ? "/" + joined : (joined.isEmpty ? "." : joined)
  }

  /// The parts between slashes, split by bytes: a slash with a combining mark is still a slash.
  static func pieces(_ path: String) -> [String] {
    path.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The sorted names in a directory. A name that is no UTF-8 is refused.
  static func names(in path: String) throws(ArtifactFailure) -> [String] {
    guard let directory = opendir(path) else { throw systemFailure("cannot list \(path)") }
    defer { closedir(directory) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(directory) else {
        if errno != 0 { throw systemFailure("cannot list \(path)") }
        break
      }
      let name: String? = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
      }
      guard let name else { throw .failed("a file name in \(path) is no UTF-8") }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// In bytes; throws when nothing is there.
  static func size(_ path: String) throws(ArtifactFailure) -> Int64 {
    guard let status = FileStatus(path) else { throw systemFailure("cannot read \(path)") }
    return Int64(clamping: status.size)
  }

  static func linkTarget(_ path: String) throws(ArtifactFailure) -> String {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = buffer.withUnsafeMutableBytes { bytes in
      bytes.withMemoryRebound(to: CChar.self) { text in text.baseAddress.map { readlink(path, $0, text.count) } ?? -1 }
    }
    guard count >= 0 else { throw systemFailure("cannot read the link \(path)") }
    guard let text = String(validating: buffer[..<count], as: UTF8.self) else { throw .failed("the link \(path) is no UTF-8") }
    return text
  }

  static func makeDirectories(_ path: String, mode: mode_t = 0o755, sync: Bool = false) throws(ArtifactFailure) {
    let above = parent(path)
    if mkdir(path, mode) != 0 {
      if errno == EEXIST { return }
      guard errno == ENOENT, above != path else { throw systemFailure("cannot make \(path)") }
      try makeDirectories(above, mode: mode, sync: sync)
      guard mkdir(path, mode) == 0 || errno == EEXIST else { throw systemFailure("cannot make \(path)") }
    }
    if sync { try Descriptor(above, O_RDONLY | O_DIRECTORY).sync(above) }
  }

  /// Removes a file or a whole tree; what cannot be removed is left.
  static func remove(_ path: String) {
    guard let status = FileStatus(path) else { return }
    guard status.kind == .directory else {
      unlink(path)
      return
    }
    if rmdir(path) == 0 { return }
    if status.mode & 0o700 != 0o700 { chmod(path, 0o700) }
    if let names = try? names(in: path) { for name in names { remove(path + "/" + name) } }
    rmdir(path)
  }

  static func move(_ source: String, to target: String) throws(ArtifactFailure) {
    guard rename(source, target) == 0 else { throw systemFailure("cannot move to \(target)") }
  }

  static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws(ArtifactFailure) {
    let sink = FileSink(try Descriptor(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode), name: path)
    try sink.write(bytes)
  }

  /// The whole text of a small file of this machine, links followed; nil when it cannot be read.
  static func text(_ path: String) -> String? {
    guard let file = try? Descriptor(path, O_RDONLY), let bytes = try? FileSource(file, name: path).bytes(1 << 20) else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  /// Copies a file, or a directory with all below it. Links are copied as links; `LinkCheck` judges them. Sockets, pipes and devices in a
  /// directory are left out: they have no content to keep; so are the paths `without`.
  static func copy(_ source: String, to target: String, without: Set<String> = [], sync: Bool = false) throws(ArtifactFailure) {
    guard let status = FileStatus(source) else { throw systemFailure("cannot read \(source)") }
    switch status.kind {
    case .file:
      try copyFile(source, to: target, sync: sync)
    case .symlink:
      guard symlink(try linkTarget(source), target) == 0 else { throw systemFailure("cannot make \(target)") }
    case .directory:
      guard mkdir(target, 0o700) == 0 else { throw systemFailure("cannot make \(target)") }
      for name in try names(in: source) where !without.contains(source + "/" + name) {
        try copy(source + "/" + name, to: target + "/" + name, without: without, sync: sync)
      }
      chmod(target, status.mode)
      if sync { try Descriptor(target, O_RDONLY | O_DIRECTORY).sync(target) }
    case .other:
      return
    }
  }

  private static func copyFile(_ source: String, to target: String, sync: Bool) throws(ArtifactFailure) {
    let input = try Descriptor(source, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    let status = try input.status(source)
    let output = try Descriptor(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
    try pump(FileSource(input, name: source), into: FileSink(output, name: target))
    output.setMode(status.mode)
    if sync { try output.sync(target) }
  }

  /// `mode` for a file or directory, and with `recursive` for everything below it, children first so that a mode without search permission
  /// does not stop the walk. Links are left alone.
  static func change(_ path: String, mode: mode_t, recursive: Bool) throws(ArtifactFailure) {
    guard let status = FileStatus(path), status.kind != .symlink else { return }
    if recursive && status.kind == .directory {
      for name in try names(in: path) { try change(path + "/" + name, mode: mode, recursive: true) }
    }
    guard chmod(path, mode) == 0 else { throw systemFailure("cannot change the mode of \(path)") }
  }
}

/// A directory of its own beside a target, on the same file system. Whoever makes one says `defer { staging.remove() }` next.
struct Staging {
  let path: String
  init(beside target: String) throws(ArtifactFailure) { path = try Staging.make(in: Files.parent(target)) }
  init(in directory: String) throws(ArtifactFailure) { path = try Staging.make(in: directory) }
  func remove() { Files.remove(path) }

  private static func make(in directory: String) throws(ArtifactFailure) -> String {
    var template = Array((directory + "/.argosy-tmp-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw systemFailure("cannot make a directory in \(directory)") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
