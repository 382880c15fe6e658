import Glibc

/// A call of the kernel that a test needs and that failed.
struct KitError: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
  init(call: String, _ subject: String) { description = "\(call) \(subject): \(String(cString: strerror(errno)))" }
}

/// Whole files and directories, without Foundation.
enum Files {
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  static func isExecutable(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
  }

  /// Reads at most `limit` bytes; nil when there is no such file.
  static func bytes(_ path: String, limit: Int = 64 << 20) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var result: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while result.count < limit {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { break }
      result.append(contentsOf: chunk[..<count])
    }
    return result
  }

  static func text(_ path: String) -> String { String(decoding: bytes(path) ?? [], as: UTF8.self) }

  static func write(_ path: String, _ bytes: [UInt8], mode: mode_t = 0o644) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw KitError(call: "open", path) }
    defer { close(descriptor) }
    var offset = 0
    while offset < bytes.count {
      let count = bytes[offset...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw KitError(call: "write", path) }
      offset += count
    }
  }

  static func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { bytes in
      part.withUnsafeBytes { part in
        guard let wanted = part.baseAddress, let first = part.first, var place = bytes.baseAddress else { return false }
        let end = place + bytes.count
        while end - place >= part.count, let found = memchr(place, Int32(first), end - place - part.count + 1) {
          if memcmp(found, wanted, part.count) == 0 { return true }
          place = UnsafeRawPointer(found) + 1
        }
        return false
      }
    }
  }

  static func makeDirectories(_ path: String) throws {
    if Files.exists(path) { return }
    if let slash = path.lastIndex(of: "/"), slash > path.startIndex { try makeDirectories(String(path[..<slash])) }
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw KitError(call: "mkdir", path) }
  }

  /// The names in a directory, sorted; empty when there is none.
  static func names(_ directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var result: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != "." && name != ".." { result.append(name) }
    }
    return result.sorted()
  }

  /// Paths of the plain files below a directory, links not followed, sorted.
  static func all(below directory: String) -> [String] {
    var result: [String] = []
    for name in names(directory) {
      let path = directory + "/" + name
      var status = stat()
      guard lstat(path, &status) == 0 else { continue }
      if status.st_mode & S_IFMT == S_IFDIR { result += all(below: path) } else { result.append(path) }
    }
    return result
  }

  static func remove(tree path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    if status.st_mode & S_IFMT == S_IFDIR {
      chmod(path, 0o700)
      for name in names(path) { remove(tree: path + "/" + name) }
      rmdir(path)
    } else {
      unlink(path)
    }
  }
}

/// The project as it lies on this machine.
enum Project {
  static let root = #filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 }
  static let examples = root + "/examples"
  static let shared = root + "/../shared"
}
