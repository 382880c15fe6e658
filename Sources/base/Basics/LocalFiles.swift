import Glibc

/// A system call that failed, with the path it was about.
package struct FileError: Error, Sendable, Hashable, CustomStringConvertible {
  package var operation: String
  package var path: String
  /// `errno` of the failed call.
  package var code: Int32
  package init(_ operation: String, _ path: String, code: Int32 = errno) {
    self.operation = operation
    self.path = path
    self.code = code
  }
  package var description: String { "\(operation) \(path): \(String(cString: strerror(code)))" }
}

/// Files and directories of this machine, by plain system calls.
package enum LocalFiles {
  package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// How often an open is tried again while no file descriptor or memory is free, and the pause between, in microseconds: half a minute in all.
  private static let tries = (count: 1500, pause: UInt32(20_000))

  /// `open(2)` with O_CLOEXEC that waits for a free file descriptor: what ends meanwhile gives some back, and a file that exists must not look as
  /// if it did not. Negative, with `errno`, when the file cannot be opened. For threads that may wait.
  package static func open(_ path: String, _ flags: Int32, mode: mode_t = 0) -> Int32 {
    for _ in 0..<tries.count {
      let descriptor = Glibc.open(path, flags | O_CLOEXEC, mode)
      guard descriptor < 0, errno == EMFILE || errno == ENFILE || errno == ENOMEM else { return descriptor }
      usleep(tries.pause)
    }
    return -1
  }

  /// Nanoseconds since 1970 by the clock that ``modified(_:)`` has its times from, which is a little behind the exact one.
  package static var modificationClock: Int {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME_COARSE, &time)
    return time.tv_sec &* 1_000_000_000 &+ time.tv_nsec
  }

  /// When the contents of a file, or the names in a directory, last changed: nanoseconds since 1970; nil where it is not there.
  package static func modified(_ path: String) -> Int? {
    var info = stat()
    return stat(path, &info) == 0 ? info.st_mtim.tv_sec &* 1_000_000_000 &+ info.st_mtim.tv_nsec : nil
  }

  /// Whether the path is a directory (links are followed).
  package static func isDirectory(_ path: String) -> Bool {
    var info = stat()
    return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
  }

  /// Makes a directory and the missing ones above it.
  package static func makeDirectories(_ path: String, mode: mode_t = 0o755) throws(FileError) {
    if mkdir(path, mode) == 0 { return }
    if errno == EEXIST {
      guard isDirectory(path) else { throw FileError("mkdir", path, code: ENOTDIR) }
      return
    }
    guard errno == ENOENT, let parent = parent(of: path) else { throw FileError("mkdir", path) }
    try makeDirectories(parent, mode: mode)
    if mkdir(path, mode) != 0, errno != EEXIST { throw FileError("mkdir", path) }
  }

  /// The directory that holds the path; nil for `/` and names without a slash.
  package static func parent(of path: String) -> String? {
    let trimmed = path.hasSuffix("/") ? String(path.dropLast()) : path
    guard let slash = trimmed.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
    return slash == trimmed.startIndex ? (trimmed.utf8.count > 1 ? "/" : nil) : String(trimmed[..<slash])
  }

  /// Writes a whole file, replacing what was there.
  package static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o644) throws(FileError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
    guard descriptor >= 0 else { throw FileError("open", path) }
    defer { close(descriptor) }
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes { buffer -> Int in
        guard let base = buffer.baseAddress else { return 0 }
        return Glibc.write(descriptor, base + offset, buffer.count - offset)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw FileError("write", path)
      }
      offset += count
    }
    // The mode of open(2) is subject to the umask; the caller's is not.
    if fchmod(descriptor, mode) != 0 { throw FileError("chmod", path) }
  }

  /// Reads a whole file of at most `limit` bytes.
  package static func read(_ path: String, limit: Int = 1 << 30) throws(FileError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { throw FileError("open", path) }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw FileError("stat", path) }
    guard info.st_mode & S_IFMT != S_IFDIR else { throw FileError("read", path, code: EISDIR) }
    var result: [UInt8] = []
    result.reserveCapacity(min(limit, Int(info.st_size)) + 1)
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw FileError("read", path)
      }
      if count == 0 { return result }
      guard result.count + count <= limit else { throw FileError("read", path, code: EFBIG) }
      result.append(contentsOf: chunk[..<count])
    }
  }

  /// The names in a directory, without `.` and `..`, in ascending order; empty when it cannot be read.
  package static func names(in directory: String) -> [String] {
    guard let handle = opendir(directory) else { return [] }
    defer { closedir(handle) }
    var result: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { result.append(name) }
    }
    return result.sorted()
  }

  /// Removes a file or a whole tree, never following links; what is not there is no error.
  package static func removeTree(_ path: String) {
    if unlink(path) == 0 || errno == ENOENT { return }
    for name in names(in: path) { removeTree(path + "/" + name) }
    rmdir(path)
  }

  /// An absolute path without `.`, `..` and doubled slashes; nil when `..` would leave the root.
  package static func normalized(_ path: String) -> String? {
    var parts: [Substring] = []
    for part in path.split(separator: "/") {
      switch part {
      case ".": continue
      case "..":
        if parts.isEmpty { return nil }
        parts.removeLast()
      default: parts.append(part)
      }
    }
    return "/" + parts.joined(separator: "/")
  }
}
