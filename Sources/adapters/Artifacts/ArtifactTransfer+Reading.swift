import Contracts
import Glibc
import JSONValue

/// Artifacts for readers that are no pods: files, directories, and what lies in archives.
extension ArtifactTransfer: ArtifactReading {
  package func content(of artifact: JSON, at path: String, context: ArtifactContext) throws(ArtifactFailure) -> ArtifactContent {
    let names = try names(of: path, in: artifact)
    let staging = try scratch()
    defer { staging.remove() }
    do throws(ArtifactFailure) {
      switch try find(artifact, names, context, staging) {
      case .file(let path, let isBorrowed): return .file(try kept(path, isBorrowed: isBorrowed))
      case .tree, .keys: return .directory
      }
    } catch {
      guard case .notFound = error, !names.isEmpty, let archive = try archive(artifact, context, staging) else { throw error }
      let target = staging.path + "/entry"
      guard try archive.extract(names, to: target) else { return .directory }
      return .file(try kept(target, isBorrowed: false))
    }
  }

  package func names(in artifact: JSON, at path: String, context: ArtifactContext) throws(ArtifactFailure) -> [String] {
    let names = try names(of: path, in: artifact)
    let staging = try scratch()
    defer { staging.remove() }
    var failure = ArtifactFailure.notFound("artifact \"\(artifact["name"]?.string ?? "")\" has no directory \"\(path)\"")
    do throws(ArtifactFailure) {
      switch try find(artifact, names, context, staging) {
      case .keys(let keys): return Self.children(keys)
      case .tree(let directory): return try Self.children(of: directory)
      case .file where !names.isEmpty: throw failure
      case .file: break
      }
    } catch {
      guard case .notFound = error, !names.isEmpty else { throw error }
      failure = error
    }
    guard let archive = try archive(artifact, context, staging) else { throw failure }
    return try archive.names(in: names)
  }

  package func packed(_ artifact: JSON, context: ArtifactContext) throws(ArtifactFailure) -> ArtifactFile {
    let names = try names(of: "", in: artifact)
    let staging = try scratch()
    defer { staging.remove() }
    let directory: String
    switch try find(artifact, names, context, staging) {
    case .file(let path, let isBorrowed): return try kept(path, isBorrowed: isBorrowed)
    case .tree(let path): directory = path
    case .keys:
      directory = staging.path + "/whole"
      guard case .remote(let kind, let location) = try ArtifactLocation(artifact) else { throw .failed("the artifact is in no store") }
      try kind.init(Self.below(location, kind, names), support(context)).load(to: directory)
    }
    let target = staging.path + "/packed"
    try Packing.pack(directory, as: .tar(level: -1), to: target)
    return try kept(target, isBorrowed: false)
  }

  // MARK: Finding

  private enum Found {
    /// A file, of the repository where it is borrowed.
    case file(String, isBorrowed: Bool)
    /// A directory of this machine.
    case tree(String)
    /// The keys below a directory of a store, without the directory's own.
    case keys([String])
  }

  /// What is stored under these names below the artifact's key. Throws `notFound`.
  private func find(
    _ artifact: JSON, _ names: [String], _ context: ArtifactContext, _ staging: Staging
  ) throws(ArtifactFailure) -> Found {
    switch try ArtifactLocation(artifact) {
    case .local(let key):
      guard let key else { throw .notFound("artifact \"\(artifact["name"]?.string ?? "")\" has no location") }
      let path = try store.path(ofKey: ([key] + names).joined(separator: "/"))
      return FileStatus(path)?.kind == .directory ? .tree(path) : .file(path, isBorrowed: true)
    case .remote(let kind, let location):
      let fetched = staging.path + "/fetched"
      guard let member = kind.keyMember else {
        Files.remove(fetched)
        try kind.init(location, support(context)).load(to: fetched)
        return try here(fetched, names)
      }
      let location = Self.below(location, kind, names)
      let driver = try kind.init(location, support(context))
      let prefix = ObjectTree.prefix(of: location[member]?.string ?? "")
      // A place that may be read and not listed is asked for the file alone.
      do throws(ArtifactFailure) {
        let below = try driver.list().filter { $0.hasPrefix(prefix) && $0.utf8.count > prefix.utf8.count }
        if !below.isEmpty { return .keys(below.map { String($0.dropFirst(prefix.count)) }) }
      } catch { if case .notFound = error { throw error } }
      Files.remove(fetched)
      try driver.load(to: fetched)
      return try here(fetched, [])
    }
  }

  /// What was fetched, or something below it.
  private func here(_ path: String, _ names: [String]) throws(ArtifactFailure) -> Found {
    let found = names.isEmpty ? path : try LinkCheck.resolve(names.joined(separator: "/"), below: path)
    switch FileStatus(found)?.kind {
    case .file: return .file(found, isBorrowed: false)
    case .directory: return .tree(found)
    default: throw .notFound("there is no \"\(names.joined(separator: "/"))\"")
    }
  }

  /// The archive that the artifact is; nil when it is none.
  private func archive(_ artifact: JSON, _ context: ArtifactContext, _ staging: Staging) throws(ArtifactFailure) -> PackedFiles? {
    guard case .file(let path, _) = try find(artifact, [], context, staging), let form = try inputForm(artifact, file: path) else {
      return nil
    }
    return PackedFiles(path: path, form: form, limits: limits)
  }

  /// The location with its key continued.
  private static func below(_ location: JSON, _ kind: any ArtifactDriver.Type, _ names: [String]) -> JSON {
    guard let member = kind.keyMember, !names.isEmpty else { return location }
    var below = location
    below[member] = .string(ObjectTree.prefix(of: location[member]?.string ?? "") + names.joined(separator: "/"))
    return below
  }

  /// The names of a path, after those of the artifact's `subPath`.
  private func names(of path: String, in artifact: JSON) throws(ArtifactFailure) -> [String] {
    let names = (Files.pieces(artifact["subPath"]?.string ?? "") + Files.pieces(path)).filter { $0 != "." }
    guard !names.contains(".."), !path.utf8.contains(0), path.utf8.count <= 4096 else {
      throw .notFound("\"\(path)\" leads out of its artifact")
    }
    return names
  }

  // MARK: Giving

  private static func children(_ keys: [String]) -> [String] {
    var found: Set<String> = []
    for key in keys {
      let pieces = Files.pieces(key)
      guard let first = pieces.first else { continue }
      found.insert(pieces.count > 1 || key.hasSuffix("/") ? first + "/" : first)
    }
    return found.sorted()
  }

  private static func children(of directory: String) throws(ArtifactFailure) -> [String] {
    var found: [String] = []
    for name in try Files.names(in: directory) where !name.hasPrefix(".argosy-tmp-") {
      switch FileStatus(directory + "/" + name)?.kind {
      case .file: found.append(name)
      case .directory: found.append(name + "/")
      default: continue
      }
    }
    return found
  }

  private func scratch() throws(ArtifactFailure) -> Staging {
    try Files.makeDirectories(store.root)
    return try Staging(in: store.root)
  }

  /// A file that outlives the staging directory it lies in.
  private func kept(_ path: String, isBorrowed: Bool) throws(ArtifactFailure) -> ArtifactFile {
    let size = try Files.size(path)
    if isBorrowed { return ArtifactFile(path: path, size: size, isTemporary: false) }
    var template = Array((store.root + "/.argosy-tmp-XXXXXX").utf8CString)
    let number = mkstemp(&template)
    guard number >= 0 else { throw systemFailure("cannot make a file in \(store.root)") }
    close(number)
    let target = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    try Files.move(path, to: target)
    return ArtifactFile(path: target, size: size, isTemporary: true)
  }
}
