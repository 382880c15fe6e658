import Contracts
import Glibc

/// Finds where links lead without letting the kernel follow them.
enum LinkCheck {
  /// The path of `path` below `root` with every link resolved; fails when a link leads out of `root`. What is not there ends the search: the
  /// rest is taken as written.
  static func resolve(_ path: String, below root: String) throws(ArtifactFailure) -> String {
    var open = Array(Files.pieces(path).reversed())
    var done: [String] = []
    var followed = 0
    while let name = open.popLast() {
      if name == "." { continue }
      if name == ".." {
        guard done.popLast() != nil else { throw .failed("\"\(path)\" leads out of its directory") }
        continue
      }
      let here = ([root] + done + [name]).joined(separator: "/")
      guard let status = FileStatus(here), status.kind == .symlink else {
        done.append(name)
        continue
      }
      followed += 1
      guard followed <= 40 else { throw .failed("\"\(path)\" goes through too many links") }
      let target = try Files.linkTarget(here)
      guard target.utf8.first != UInt8(ascii: "/") else {
        throw .failed("\"\(path)\" is or passes a link to \"\(target)\", out of its directory")
      }
      open += Files.pieces(target).reversed()
    }
    return ([root] + done).joined(separator: "/")
  }

  /// Fails when a link anywhere in the tree leads out of it; the message names the link. A link as the tree itself always does.
  static func verify(_ root: String) throws(ArtifactFailure) {
    if let path = try outward(root).first { throw .failed("the link \"\(path)\" is refused: it leads out of the target directory") }
  }

  /// The links anywhere in the tree that lead out of it, by their paths below `root`. Fails when the tree itself is a link.
  static func outward(_ root: String) throws(ArtifactFailure) -> [String] {
    guard let status = FileStatus(root) else { return [] }
    if status.kind == .symlink { throw .failed("\"\(Files.baseName(root))\" is a link out of the target directory") }
    return status.kind == .directory ? try outward(root, below: "") : []
  }

  private static func outward(_ root: String, below prefix: String) throws(ArtifactFailure) -> [String] {
    var found: [String] = []
    for name in try Files.names(in: root + "/" + prefix) {
      let path = prefix.isEmpty ? name : prefix + "/" + name
      switch FileStatus(root + "/" + path)?.kind {
      case .directory: found += try outward(root, below: path)
      case .symlink: do { _ = try resolve(path, below: root) } catch { found.append(path) }
      default: continue
      }
    }
    return found
  }
}
