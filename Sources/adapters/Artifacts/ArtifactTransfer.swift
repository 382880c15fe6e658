import Contracts
import Glibc
import HTTPAccess
import JSONValue

/// Moves artifacts between files of this machine and the default repository, or any place that a driver knows.
///
/// `subPath` is applied here: below the key for the default repository and the object stores, else inside what was fetched. Whoever has put it
/// into the key already must take it out of the artifact.
package struct ArtifactTransfer: ArtifactTransferring {
  let store: LocalArtifactStore
  private let http: HTTPFetcher
  let limits: ExtractionLimits
  private let gitProgram: String
  private let usesOwnKeys: Bool
  private let environment: @Sendable (String) -> String?
  private let retries: RetryPolicy

  /// `gitPath` is the git program; a name without a slash is looked up in `PATH`. `environment` is where cloud credentials that a manifest asks
  /// for by `useSDKCreds` are looked up. `usesOwnKeys`: a git artifact that names no secret is fetched with what the user who runs this
  /// process has (`~/.ssh`, `~/.netrc`); not for a server whose users are others.
  package init(
    store: LocalArtifactStore, http: HTTPFetcher, limits: ExtractionLimits = ExtractionLimits(), gitPath: String = "git",
    usesOwnKeys: Bool = true,
    environment: @escaping @Sendable (String) -> String? = { name in getenv(name).map { String(cString: $0) } }
  ) {
    self.store = store
    self.http = http
    self.limits = limits
    gitProgram = gitPath
    self.usesOwnKeys = usesOwnKeys
    self.environment = { name in
      guard let value = environment(name), !value.isEmpty else { return nil }
      return value
    }
    retries = RetryPolicy(environment: environment)
  }

  package func load(_ artifact: JSON, to destination: String, context: ArtifactContext) throws(ArtifactFailure) {
    let location = try ArtifactLocation(artifact)
    let staging = try Staging(beside: destination)
    defer { staging.remove() }
    let fetched = staging.path + "/fetched"
    var subPath = artifact["subPath"]?.string ?? ""
    // A file of the repository is read where it lies, so that an archive is not copied before it is unpacked.
    var borrowed = false
    var source = fetched
    switch location {
    case .local(let key):
      // One that nobody supplied: no failure where it is optional.
      guard let key else { throw .notFound("artifact \"\(name(artifact))\" has no location") }
      (source, subPath) = try find(key: key, subPath: subPath)
      borrowed = true
    case .remote(let driver, let location):
      subPath = try fetch(driver, location, subPath: subPath, to: fetched, context)
    }

    if FileStatus(source)?.kind == .file, let form = try inputForm(artifact, file: source) {
      source = try Packing.unpack(source, as: form, into: staging.path + "/tree", limits: limits)
      borrowed = false
    }
    if !subPath.isEmpty {
      source = try LinkCheck.resolve(subPath, below: source)
      guard FileStatus(source) != nil else { throw .notFound("artifact \"\(name(artifact))\" has nothing at subPath \"\(subPath)\"") }
      if !borrowed { try LinkCheck.verify(source) }
    }
    if borrowed {
      try LinkCheck.verify(source)
      try Files.copy(source, to: fetched)
      source = fetched
    }
    try changeMode(artifact, of: source)
    try publish(source, to: destination)
  }

  package func save(_ artifact: JSON, from source: String, context: ArtifactContext) throws(ArtifactFailure) -> JSON {
    let location = try ArtifactLocation(artifact)
    let source = try outputSource(source)
    guard let status = FileStatus(source) else { throw .notFound("artifact \"\(name(artifact))\" is not there: \(source)") }
    guard status.kind == .file || status.kind == .directory else { throw .failed("artifact \"\(name(artifact))\" is no file or directory") }
    let form = try declaredForm(artifact) ?? .tar(level: -1)
    let fileName = try outputName(artifact, form: form, source: source)
    var saved = artifact
    switch location {
    case .remote(let kind, var location):
      if let member = kind.keyMember, (location[member]?.string ?? "").isEmpty {
        location.modifyObject { $0[member] = .string(context.keyPrefix + "/" + fileName) }
      }
      let driver = try kind.init(location, support(context))
      if form == .none {
        try driver.save(from: source)
      } else {
        // Next to the repository, not next to the user's file: the volume may be full or read-only.
        try Files.makeDirectories(store.root)
        let staging = try Staging(in: store.root)
        defer { staging.remove() }
        try Packing.pack(source, as: form, to: staging.path + "/packed", named: packedName(artifact))
        try driver.save(from: staging.path + "/packed")
      }
      saved.modifyObject { $0[kind.kind] = location }
    case .local(let given):
      let key = try LocalArtifactStore.clean(given ?? context.keyPrefix + "/" + fileName)
      if form == .none {
        try store.put(source, key: key)
      } else {
        try store.put(key: key) { path throws(ArtifactFailure) in try Packing.pack(source, as: form, to: path, named: packedName(artifact))
        }
      }
      saved.modifyObject { object in
        for member in ArtifactLocation.members { object.removeValue(forKey: member) }
        object["local"] = ["key": .string(key)]
      }
    }
    return saved
  }

  package func list(_ artifact: JSON, context: ArtifactContext) throws(ArtifactFailure) -> [String] {
    switch try ArtifactLocation(artifact) {
    case .local(let key): try store.keys(below: key ?? "")
    case .remote(let driver, let location): try driver.init(location, support(context)).list()
    }
  }

  package func delete(_ artifact: JSON, context: ArtifactContext) throws(ArtifactFailure) {
    switch try ArtifactLocation(artifact) {
    case .local(let key):
      guard let key else { throw .failed("artifact \"\(name(artifact))\" has no location to delete") }
      try store.remove(key: key)
    case .remote(let driver, let location): try driver.init(location, support(context)).delete()
    }
  }

  func support(_ context: ArtifactContext) -> DriverSupport {
    DriverSupport(
      artifacts: context, http: http, environment: environment, retries: retries, limit: limits.bytes, gitProgram: gitProgram,
      usesOwnKeys: usesOwnKeys)
  }

  /// Fetches from a driver's place: from `<key>/<subPath>` when that is there. Returns what `subPath` still means inside of what came.
  private func fetch(
    _ kind: any ArtifactDriver.Type, _ location: JSON, subPath: String, to path: String, _ context: ArtifactContext
  ) throws(ArtifactFailure) -> String {
    let support = support(context)
    if let member = kind.keyMember, let key = location[member]?.string, !key.isEmpty, !subPath.isEmpty {
      let names = Files.pieces(subPath).filter { $0 != "." }
      guard !names.contains("..") else { throw .failed("subPath \"\(subPath)\" leads out of its directory") }
      var below = location
      below.modifyObject { $0[member] = .string((key.hasSuffix("/") ? key : key + "/") + names.joined(separator: "/")) }
      do {
        try kind.init(below, support).load(to: path)
        return ""
      } catch .notFound {}
    }
    try kind.init(location, support).load(to: path)
    return subPath
  }

  private func name(_ artifact: JSON) -> String { artifact["name"]?.string ?? "" }

  /// What `subPath` still means after the repository was asked for `<key>/<subPath>`: nothing when it is there, else a path in the archive.
  private func find(key: String, subPath: String) throws(ArtifactFailure) -> (path: String, subPath: String) {
    guard !subPath.isEmpty else { return (try store.path(ofKey: key), "") }
    do { return (try store.path(ofKey: key + "/" + subPath), "") } catch .notFound { return (try store.path(ofKey: key), subPath) }
  }

  private func declaredForm(_ artifact: JSON) throws(ArtifactFailure) -> ArchiveForm? {
    guard let archive = artifact["archive"], !archive.isNull else { return nil }
    if let none = archive["none"], !none.isNull { return ArchiveForm.none }
    if let zip = archive["zip"], !zip.isNull { return .zip }
    if let tar = archive["tar"], !tar.isNull {
      guard let level = tar["compressionLevel"], !level.isNull else { return .tar(level: -1) }
      guard let level = level.int, (-1...9).contains(level) else {
        throw .failed("artifact \"\(name(artifact))\": archive.tar.compressionLevel must be -1 to 9")
      }
      return .tar(level: level)
    }
    return nil
  }

  /// nil for bytes that stay as they are.
  func inputForm(_ artifact: JSON, file: String) throws(ArtifactFailure) -> ArchiveForm? {
    guard let declared = try declaredForm(artifact) else { return try Packing.isCompressedTar(file) ? .tar(level: -1) : nil }
    return declared == .none ? nil : declared
  }

  private func outputName(_ artifact: JSON, form: ArchiveForm, source: String) throws(ArtifactFailure) -> String {
    let plain = name(artifact)
    switch form {
    case .none: return Files.baseName(source)
    case .tar, .zip:
      guard !plain.isEmpty, !plain.utf8.contains(UInt8(ascii: "/")) else { throw .failed("artifact name \"\(plain)\" is no file name") }
      return plain + (form == .zip ? ".zip" : ".tgz")
    }
  }

  /// The name in an archive of an output that its pod had at `path`; nil: that of the file here.
  private func packedName(_ artifact: JSON) -> String? {
    let name = Files.baseName(artifact["path"]?.string ?? "")
    return name.isEmpty || name == "." || name == ".." ? nil : name
  }

  /// An output that is itself a link is followed only to its neighbours: the link was written by the user's program, and this process may
  /// read more than that program may.
  private func outputSource(_ source: String) throws(ArtifactFailure) -> String {
    guard FileStatus(source)?.kind == .symlink else { return source }
    return try LinkCheck.resolve(Files.baseName(source), below: Files.parent(source))
  }

  /// `mode` is a number, as YAML and JSON give it, or octal digits in a string.
  private func changeMode(_ artifact: JSON, of path: String) throws(ArtifactFailure) {
    guard let value = artifact["mode"], !value.isNull else { return }
    let digits = value.string.map { $0.hasPrefix("0o") ? String($0.dropFirst(2)) : $0 }
    let mode = value.int ?? digits.flatMap { Int64($0, radix: 8) }
    guard let mode, (0...0o777).contains(mode) else { throw .failed("artifact \"\(name(artifact))\": mode must be 0 to 0777") }
    try Files.change(path, mode: mode_t(mode), recursive: artifact["recurseMode"]?.bool ?? false)
  }

  /// Takes the place of a file or an empty directory, never of a full one.
  private func publish(_ source: String, to destination: String) throws(ArtifactFailure) {
    if FileStatus(destination)?.kind == .directory, rmdir(destination) != 0 {
      throw systemFailure("cannot put the artifact at \(destination)")
    }
    // A directory cannot be moved without write permission on itself, its own entry ".." changes.
    if let status = FileStatus(source), status.kind == .directory, status.mode & 0o200 == 0 {
      chmod(source, mode_t(status.mode | 0o700))
      try Files.move(source, to: destination)
      chmod(destination, mode_t(status.mode))
    } else {
      if FileStatus(source)?.kind == .file, FileStatus(destination)?.kind == .symlink { unlink(destination) }
      try Files.move(source, to: destination)
    }
  }
}
