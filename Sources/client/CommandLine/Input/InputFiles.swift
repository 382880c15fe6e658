import Basics
import Glibc

/// The bytes of one manifest file and how messages name it.
package struct InputFile: Sendable, Hashable {
  /// The path as the user gave it or as it was found below a directory; `<stdin>` for `-`.
  package var name: String
  package var bytes: [UInt8]
  /// Whether it was found below a directory, and not named itself.
  package var isFound: Bool

  package init(name: String, bytes: [UInt8], isFound: Bool = false) {
    self.name = name
    self.bytes = bytes
    self.isFound = isFound
  }
}

/// Why an input could not be read. The description is a whole message for the user and names the path.
package enum InputFailure: Error, Sendable, Hashable, CustomStringConvertible {
  case missing(String)
  case tooLarge(String, limit: Int)
  case unreadable(String, reason: String)
  case tooDeep(String)

  package var description: String {
    switch self {
    case .missing(let path): "\(path): no such file or directory. Check the path, or use - to read standard input."
    case .tooLarge(let path, let limit):
      "\(path): larger than \(limit >> 20) MiB, the most that is read of one manifest file. Split it into several files."
    case .unreadable(let path, let reason): "\(path): cannot be read: \(reason)"
    case .tooDeep(let path): "\(path): directories are nested deeper than \(InputFiles.maximumDepth) levels"
    }
  }
}

/// Collects manifest files: files, directories with everything below them, and standard input.
package enum InputFiles {
  /// Bytes of one file at most: 64 MiB.
  package static let maximumSize = 64 << 20
  static let maximumDepth = 64

  /// The files that the paths name, in order: a file by itself whatever its name, `-` standard input, of a directory all
  /// `*.yaml`, `*.yml` and `*.json` below it in order of their paths. A file named twice is read once. Empty when directories hold none.
  package static func collect(_ paths: [String], maximumSize: Int = maximumSize) throws(InputFailure) -> [InputFile] {
    var result: [InputFile] = []
    var seen: Set<FileIdentity> = []
    for path in paths {
      if path == "-" {
        result.append(InputFile(name: "<stdin>", bytes: try read(STDIN_FILENO, "<stdin>", maximumSize)))
        continue
      }
      let status = try Self.status(path)
      if isDirectory(status) {
        var directories: Set<FileIdentity> = []
        try collect(below: path, status, depth: 0, maximumSize, &directories, &seen, &result)
      } else {
        // A pipe such as <(…) has no identity to compare.
        if status.st_mode & S_IFMT == S_IFREG, !seen.insert(FileIdentity(status)).inserted { continue }
        result.append(try read(path, maximumSize: maximumSize))
      }
    }
    return result
  }

  /// One file; `-` is standard input.
  package static func read(_ path: String, maximumSize: Int = maximumSize) throws(InputFailure) -> InputFile {
    if path == "-" { return InputFile(name: "<stdin>", bytes: try read(STDIN_FILENO, "<stdin>", maximumSize)) }
    let status = try Self.status(path)
    if isDirectory(status) { throw .unreadable(path, reason: "it is a directory") }
    if status.st_size > maximumSize { throw .tooLarge(path, limit: maximumSize) }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path) }
    defer { close(descriptor) }
    return InputFile(name: path, bytes: try read(descriptor, path, maximumSize))
  }

  /// Puts other bytes in the place of a file's, all or none of them; its mode stays, and a link goes on pointing at it.
  package static func replace(_ path: String, with bytes: [UInt8]) throws {
    guard let resolved = realpath(path, nil) else { throw failure(path) }
    defer { free(resolved) }
    let target = String(cString: resolved)
    let mode = try status(target).st_mode & 0o7777
    let temporary = "\(target).argosy-\(getpid())"
    do {
      try LocalFiles.write(bytes, to: temporary, mode: mode)
    } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, target) == 0 else {
      let problem = failure(target)
      unlink(temporary)
      throw problem
    }
  }

  private struct FileIdentity: Hashable {
    var device: UInt
    var inode: UInt
    init(_ status: stat) {
      device = UInt(truncatingIfNeeded: status.st_dev)
      inode = UInt(truncatingIfNeeded: status.st_ino)
    }
  }

  private static func isDirectory(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFDIR }

  private static func status(_ path: String) throws(InputFailure) -> stat {
    var status = stat()
    guard stat(path, &status) == 0 else { throw failure(path) }
    return status
  }

  private static func failure(_ path: String) -> InputFailure {
    let code = errno
    return code == ENOENT || code == ENOTDIR ? .missing(path) : .unreadable(path, reason: String(cString: strerror(code)))
  }

  private static func collect(
    below directory: String, _ status: stat, depth: Int, _ maximumSize: Int, _ directories: inout Set<FileIdentity>,
    _ seen: inout Set<FileIdentity>, _ result: inout [InputFile]
  ) throws(InputFailure) {
    guard depth < maximumDepth else { throw .tooDeep(directory) }
    // A link to a directory above would come round for ever.
    guard directories.insert(FileIdentity(status)).inserted else { return }
    for name in try names(directory).sorted() {
      let path = directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
      var status = stat()
      // What vanished meanwhile, or is a link to nowhere, is no manifest.
      guard stat(path, &status) == 0 else { continue }
      if isDirectory(status) {
        try collect(below: path, status, depth: depth + 1, maximumSize, &directories, &seen, &result)
      } else if status.st_mode & S_IFMT == S_IFREG, isManifest(name), seen.insert(FileIdentity(status)).inserted {
        var file = try read(path, maximumSize: maximumSize)
        file.isFound = true
        result.append(file)
      }
    }
  }

  private static func isManifest(_ name: String) -> Bool {
    [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) && name.utf8.count > $0.utf8.count }
  }

  private static func names(_ directory: String) throws(InputFailure) -> [String] {
    guard let stream = opendir(directory) else { throw failure(directory) }
    defer { closedir(stream) }
    var result: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { result.append(name) }
    }
    return result
  }

  private static func read(_ descriptor: CInt, _ name: String, _ maximumSize: Int) throws(InputFailure) -> [UInt8] {
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count == 0 { return result }
      if count < 0 {
        if errno == EINTR { continue }
        throw .unreadable(name, reason: String(cString: strerror(errno)))
      }
      if result.count + count > maximumSize { throw .tooLarge(name, limit: maximumSize) }
      result.append(contentsOf: buffer[..<count])
    }
  }
}
