import Contracts
import JSONValue

/// One file, directory or link of a backup.
package struct BackupEntry: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    /// The size in bytes and the SHA-256 in hexadecimal digits.
    case file(size: UInt64, sha256: String)
    case directory
    /// A symbolic link and where it leads.
    case link(String)
  }

  /// Relative, with slashes, without `.` and `..`.
  package var path: String
  package var kind: Kind
  /// The permissions.
  package var mode: UInt32
  /// Seconds since 1970.
  package var modified: Int64
  package var user: UInt32
  package var group: UInt32
  /// It became shorter while it was read, and was filled up with zeros.
  package var wasCut = false

  package var json: JSON {
    var members: JSONObject = ["path": .string(path)]
    switch kind {
    case .file(let size, let sha256):
      members["size"] = .int(Int64(clamping: size))
      members["sha256"] = .string(sha256)
    case .directory: members["directory"] = true
    case .link(let target): members["link"] = .string(target)
    }
    members["mode"] = .string(String(mode, radix: 8))
    members["modified"] = .int(modified)
    members["user"] = .int(Int64(user))
    members["group"] = .int(Int64(group))
    if wasCut { members["cut"] = true }
    return .object(members)
  }

  fileprivate init?(_ json: JSON) {
    guard let path = json["path"]?.string, BackupPath.isClean(path), let mode = json["mode"]?.string.flatMap({ UInt32($0, radix: 8) }),
      let modified = json["modified"]?.int, let user = json["user"]?.int.flatMap({ UInt32(exactly: $0) }),
      let group = json["group"]?.int.flatMap({ UInt32(exactly: $0) })
    else { return nil }
    if let size = json["size"]?.int, let sha256 = json["sha256"]?.string, size >= 0 {
      kind = .file(size: UInt64(size), sha256: sha256)
    } else if json["directory"]?.bool == true {
      kind = .directory
    } else if let target = json["link"]?.string, !target.isEmpty, !target.utf8.contains(0) {
      kind = .link(target)
    } else {
      return nil
    }
    (self.path, self.mode, self.modified, self.user, self.group) = (path, mode & 0o777, modified, user, group)
    wasCut = json["cut"]?.bool == true
  }

  package init(_ path: String, _ kind: Kind, mode: UInt32, modified: Int64, user: UInt32 = 0, group: UInt32 = 0) {
    (self.path, self.kind, self.mode, self.modified, self.user, self.group) = (path, kind, mode, modified, user, group)
  }
}

/// What a backup holds: `manifest.jsonl`, one JSON document a line. The first says what it is a backup of, one for each entry follows, the last
/// counts them, so that a manifest which was cut off is known.
package struct BackupManifest: Sendable, Hashable {
  package static let name = "manifest.jsonl"
  package static let format = "argosy-backup"
  /// Of the form of the backup; readers refuse later ones.
  package static let version: Int64 = 1
  /// No manifest of a real backup is larger.
  static let limit = 1 << 30

  /// What the first line says beside the format.
  package var header: JSONObject
  package var entries: [BackupEntry]

  var bytes: [UInt8] {
    var text: [UInt8] = []
    var first: JSONObject = ["format": .string(Self.format), "version": .int(Self.version)]
    for (key, value) in header { first[key] = value }
    text += JSON.object(first).bytes() + [0x0A]
    for entry in entries { text += entry.json.bytes() + [0x0A] }
    text += JSON.object(["end": true, "entries": .int(Int64(entries.count))]).bytes() + [0x0A]
    return text
  }

  /// Throws `failed`, naming what is wrong.
  init(_ bytes: [UInt8], of source: String) throws(ArtifactFailure) {
    var lines = bytes.split(separator: 0x0A)[...]
    func document(_ line: ArraySlice<UInt8>?) -> JSON? { line.flatMap { try? JSON.parse(Array($0)) } }
    guard let first = document(lines.popFirst())?.object, first["format"]?.string == Self.format, let version = first["version"]?.int else {
      throw .failed("\(source) is no backup of argosy: its \(Self.name) does not begin as one")
    }
    guard version <= Self.version else {
      throw .failed(
        "\(source) has version \(version) of the format of backups, this program knows \(Self.version): use the program that made it, or a later one"
      )
    }
    guard let last = document(lines.popLast()), last["end"]?.bool == true, last["entries"]?.int == Int64(lines.count) else {
      throw .failed("\(source) is damaged: its \(Self.name) is not whole")
    }
    header = first
    entries = []
    entries.reserveCapacity(lines.count)
    var seen: Set<String> = []
    for (index, line) in lines.enumerated() {
      guard let entry = document(line).flatMap(BackupEntry.init), seen.insert(entry.path).inserted else {
        throw .failed("\(source) is damaged: line \(index + 2) of its \(Self.name) describes no file")
      }
      entries.append(entry)
    }
  }

  package init(header: JSONObject, entries: [BackupEntry]) {
    self.header = header
    self.entries = entries
  }
}

enum BackupPath {
  /// Whether a path leads below the directory that it is put behind.
  static func isClean(_ path: String) -> Bool {
    guard !path.isEmpty, path.utf8.count <= 8192, !path.utf8.contains(0) else { return false }
    return path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { part in
      !part.isEmpty && part.count <= 255 && !part.elementsEqual([UInt8(ascii: ".")]) && !part.elementsEqual(Array("..".utf8))
    }
  }
}
