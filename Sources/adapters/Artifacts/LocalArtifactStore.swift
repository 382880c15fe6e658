import Contracts
import Glibc

/// The default artifact repository: a directory in which every key is a file, or a directory for what is not packed. Safe for use by many
/// threads and processes: an object appears whole or not at all.
package struct LocalArtifactStore: Sendable {
  /// The directory, made when first needed.
  package let root: String

  package init(root: String) { self.root = root }

  /// The key in its one clean form: no empty or `.` parts. `..`, parts over 255 bytes, NUL and names this store uses itself are refused.
  package static func clean(_ key: String) throws(ArtifactFailure) -> String {
    let names = Files.pieces(key).filter { $0 != "." }
    guard !names.isEmpty else { throw .failed("artifact key \"\(key)\" is empty") }
    guard !names.contains(".."), !key.utf8.contains(0), key.utf8.count <= 3000,
      names.allSatisfy({ $0.utf8.count <= 255 && !$0.hasPrefix(".argosy-tmp-") })
    else { throw .failed("artifact key \"\(key)\" is not allowed") }
    return names.joined(separator: "/")
  }

  /// Where the file or directory of a key lies, no link on the way followed; `notFound` when nothing is there.
  package func path(ofKey key: String) throws(ArtifactFailure) -> String {
    let clean = try Self.clean(key)
    var path = root
    let names = Files.pieces(clean)
    for (index, name) in names.enumerated() {
      path += "/" + name
      let kind = FileStatus(path)?.kind
      let last = index == names.count - 1
      guard kind == .directory || (last && kind == .file) else { throw .notFound("artifact \"\(clean)\" is not in the repository") }
    }
    return path
  }

  /// Keeps a copy of a file or directory under a key, in place of what was there. Links in a directory that lead out of it are left out, as
  /// are all links where a directory becomes a key for each file.
  package func put(_ source: String, key: String) throws(ArtifactFailure) {
    try Files.makeDirectories(root)
    let outward = try LinkCheck.outward(source)
    let staging = try Staging(in: root)
    defer { staging.remove() }
    try Files.copy(source, to: staging.path + "/new", without: Set(outward.map { source + "/" + $0 }), sync: true)
    try publish(staging, key: key)
  }

  /// Keeps what `make` writes to the path it is given.
  func put(key: String, make: (String) throws(ArtifactFailure) -> Void) throws(ArtifactFailure) {
    try Files.makeDirectories(root)
    let staging = try Staging(in: root)
    defer { staging.remove() }
    let new = staging.path + "/new"
    try make(new)
    try Descriptor(new, O_RDONLY | O_NOFOLLOW).sync(new)
    try publish(staging, key: key)
  }

  /// Removes a key with all below it, and the directories above it that are empty then; nothing there is no error.
  package func remove(key: String) throws(ArtifactFailure) {
    let path: String
    do { path = try self.path(ofKey: key) } catch .notFound { return }
    let staging = try Staging(in: root)
    defer { staging.remove() }
    try Files.move(path, to: staging.path + "/old")
    var folder = Files.parent(path)
    while folder.utf8.count > root.utf8.count, rmdir(folder) == 0 { folder = Files.parent(folder) }
  }

  /// The keys of all files below a key, sorted; no key means all of the repository. A key that is a file has none below it, one that is
  /// not there is `notFound` (as Argo's S3 driver has it).
  package func keys(below key: String) throws(ArtifactFailure) -> [String] {
    let names = Files.pieces(key).filter { $0 != "." }
    let place = names.isEmpty ? root : try path(ofKey: key)
    guard FileStatus(place)?.kind == .directory else { return [] }
    var found: [String] = []
    func walk(_ directory: String, _ prefix: String) throws(ArtifactFailure) {
      for name in try Files.names(in: directory) where !name.hasPrefix(".argosy-tmp-") {
        switch FileStatus(directory + "/" + name)?.kind {
        case .directory: try walk(directory + "/" + name, prefix + name + "/")
        case .file: found.append(prefix + name)
        default: continue
        }
      }
    }
    try walk(place, names.isEmpty ? "" : names.joined(separator: "/") + "/")
    return found.sorted()
  }

  private func publish(_ staging: Staging, key: String) throws(ArtifactFailure) {
    let path = root + "/" + (try Self.clean(key))
    let folder = Files.parent(path)
    // No directory on the way may be a link or a file, whoever made it.
    var passed = root
    for name in Files.pieces(try Self.clean(key)).dropLast() {
      passed += "/" + name
      if let status = FileStatus(passed), status.kind != .directory {
        throw .failed("artifact key \"\(key)\" goes through \"\(name)\", which is no directory")
      }
    }
    for attempt in 1...8 {
      try Files.makeDirectories(folder, sync: true)
      if rename(staging.path + "/new", path) == 0 { break }
      // A removal beside this has taken the empty directory away.
      if errno == ENOENT, attempt < 8 { continue }
      // A directory does not replace a file, nor a full directory: the old one steps aside first.
      try Files.move(path, to: staging.path + "/old")
      try Files.move(staging.path + "/new", to: path)
      break
    }
    try Descriptor(folder, O_RDONLY | O_DIRECTORY).sync(folder)
  }
}
