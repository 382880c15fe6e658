import Contracts
import Glibc

/// How a directory becomes objects of a store and back: one object for each file, its key the directory's key and the file's path.
enum ObjectTree {
  struct Item: Hashable {
    var path: String
    /// Below the directory, with slashes.
    var name: String
  }

  /// Every regular file below a directory. Links are left out, as Argo leaves them out.
  static func files(below directory: String) throws(ArtifactFailure) -> [Item] {
    var found: [Item] = []
    func walk(_ path: String, _ prefix: String) throws(ArtifactFailure) {
      for name in try Files.names(in: path) {
        switch FileStatus(path + "/" + name)?.kind {
        case .directory: try walk(path + "/" + name, prefix + name + "/")
        case .file: found.append(Item(path: path + "/" + name, name: prefix + name))
        default: continue
        }
      }
    }
    try walk(directory, "")
    return found
  }

  /// The prefix of all keys below a key: cleaned of empty and `.` parts, with a slash at its end; empty for no key.
  static func prefix(of key: String) -> String {
    let names = Files.pieces(key).filter { $0 != "." }
    return names.isEmpty ? "" : names.joined(separator: "/") + "/"
  }

  static func joined(_ key: String, _ name: String) -> String { prefix(of: key) + name }

  /// Where the object `key` goes below `directory`; its directories are made. Keys come from the store, so one that leads out is refused.
  static func place(_ key: String, below prefix: String, in directory: String) throws(ArtifactFailure) -> String {
    let names = Files.pieces(String(key.dropFirst(key.hasPrefix(prefix) ? prefix.count : 0)))
    guard !names.isEmpty, !names.contains(where: { $0 == ".." || $0 == "." || $0.utf8.contains(0) }) else {
      throw .failed("the object \"\(key)\" cannot become a file of the directory: its key leads out of it")
    }
    let path = ([directory] + names).joined(separator: "/")
    try Files.makeDirectories(Files.parent(path))
    return path
  }

  /// What a browser takes a file for, by its name.
  static func contentType(_ name: String) -> String {
    let types: [String: String] = [
      "css": "text/css; charset=utf-8", "csv": "text/csv", "gif": "image/gif", "htm": "text/html; charset=utf-8",
      "html": "text/html; charset=utf-8", "jpeg": "image/jpeg", "jpg": "image/jpeg", "js": "text/javascript; charset=utf-8",
      "json": "application/json", "log": "text/plain; charset=utf-8", "pdf": "application/pdf", "png": "image/png", "svg": "image/svg+xml",
      "tgz": "application/gzip", "txt": "text/plain; charset=utf-8", "xml": "text/xml; charset=utf-8", "zip": "application/zip",
    ]
    guard let dot = name.lastIndex(of: ".") else { return "application/octet-stream" }
    return types[name[name.index(after: dot)...].lowercased()] ?? "application/octet-stream"
  }
}
