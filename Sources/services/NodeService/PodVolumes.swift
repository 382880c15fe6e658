import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel

/// Makes a pod's volumes as directories of this machine.
struct PodVolumes {
  let pod: Resource
  /// The pod's own directory.
  let directory: String
  let store: any ResourceStoring
  let settings: NodeSettings
  var services = NodeHelpers()

  /// A volume as it lies on this machine.
  struct Volume: Sendable, Hashable {
    var path: String
    /// Containers may not write it, whatever their mounts say.
    var isReadOnly = false
  }

  /// Where each volume of the pod lies, by name. Throws ``PodFailure`` when one cannot be made.
  func prepare() throws -> [String: Volume] {
    var result: [String: Volume] = [:]
    for volume in pod.spec["volumes"]?.array ?? [] {
      guard let name = volume["name"]?.string else { throw PodFailure("a volume has no name") }
      guard PodPlan.isFileName(name) else { throw PodFailure("volume name \"\(name)\" is invalid") }
      do {
        result[name] = try make(volume, name: name)
      } catch let failure as PodFailure {
        // What is not there may come.
        guard pod.isUserPod || failure.mayCome && settings.waitsForConfiguration else { throw failure }
        throw PodHold(cause: .volume, message: "MountVolume.SetUp failed for volume \"\(name)\" : \(failure.message)")
      }
    }
    return result
  }

  private func make(_ volume: JSON, name: String) throws -> Volume {
    let own = "\(directory)/volumes/\(name)"
    try LocalFiles.makeDirectories("\(directory)/volumes", mode: 0o700)
    if let secret = volume["secret"] {
      try project(.secret, name: secret["secretName"]?.string, source: secret, mode: mode(secret["defaultMode"]), into: own)
      return Volume(path: own, isReadOnly: true)
    }
    if let map = volume["configMap"] {
      try project(.configMap, name: map["name"]?.string, source: map, mode: mode(map["defaultMode"]), into: own)
      return Volume(path: own, isReadOnly: true)
    }
    if let claim = volume["persistentVolumeClaim"] {
      var volume = try self.claim(claim["claimName"]?.string ?? "")
      if claim["readOnly"]?.bool == true { volume.isReadOnly = true }
      return volume
    }
    if let host = volume["hostPath"] { return Volume(path: try hostPath(host)) }
    if let projected = volume["projected"] {
      try LocalFiles.makeDirectories(own)
      for source in projected["sources"]?.array ?? [] { try project(source, mode: mode(projected["defaultMode"]), into: own) }
      return Volume(path: own, isReadOnly: true)
    }
    if let downward = volume["downwardAPI"] {
      try LocalFiles.makeDirectories(own)
      try writeFields(downward, mode: mode(downward["defaultMode"]), into: own)
      return Volume(path: own, isReadOnly: true)
    }
    let others = (volume.object ?? [:]).keys.filter { $0 != "name" && $0 != "emptyDir" && $0 != "ephemeral" }
    if let other = others.first { throw PodFailure("volume \"\(name)\": \(other) volumes are not supported on this machine") }
    try LocalFiles.makeDirectories(own, mode: 0o777)
    open(own)
    return Volume(path: own)
  }

  private func mode(_ json: JSON?, default: mode_t = 0o644) -> mode_t {
    json?.int.map { mode_t(truncatingIfNeeded: $0) & 0o777 } ?? `default`
  }

  private func claim(_ name: String) throws -> Volume {
    let key = ResourceKey(.persistentVolumeClaim, namespace: pod.namespace, name: name)
    guard let binder = services.claims else { throw PodFailure("persistentvolumeclaim \"\(name)\": this node has no volumes") }
    do throws(KubeStatus) {
      let bound = try binder.volume(ofClaim: key)
      // Those of this program are everybody's; others keep the owner that they have.
      if bound.path.hasPrefix(settings.directory + "/"), !bound.isReadOnly { open(bound.path) }
      return Volume(path: bound.path, isReadOnly: bound.isReadOnly)
    } catch {
      // A scheduler's words.
      let reason = error.reason == .notFound ? "persistentvolumeclaim \"\(name)\" not found" : error.message
      guard error.reason == .notFound || error.reason == .serviceUnavailable else { throw error }
      throw PodHold(cause: .unschedulable, message: "0/1 nodes are available: \(reason).")
    }
  }

  /// Lets everybody write into a volume; with `fsGroup` what is made in it belongs to that group.
  private func open(_ path: String) {
    chmod(path, 0o777)
    guard let group = ContainerSecurity.fileGroup(of: pod), chown(path, .max, group) == 0 else { return }
    chmod(path, 0o2777)
  }

  private func hostPath(_ source: JSON) throws -> String {
    guard let path = source["path"]?.string, path.hasPrefix("/") else { throw PodFailure("hostPath.path must be an absolute path") }
    guard !path.split(separator: "/").contains("..") else { throw PodFailure("hostPath.path \"\(path)\" must not contain '..'") }
    let type = source["type"]?.string ?? ""
    func require(_ format: mode_t, _ what: String) throws {
      var info = stat()
      guard stat(path, &info) == 0, info.st_mode & S_IFMT == format else {
        throw PodFailure("hostPath type check failed: \(path) is not a \(what)")
      }
    }
    switch type {
    case "DirectoryOrCreate":
      if !LocalFiles.exists(path) { try LocalFiles.makeDirectories(path) }
      try require(S_IFDIR, "directory")
    case "FileOrCreate":
      if !LocalFiles.exists(path) { try LocalFiles.write([], to: path) }
      try require(S_IFREG, "file")
    case "Directory": try require(S_IFDIR, "directory")
    case "File": try require(S_IFREG, "file")
    case "Socket": try require(S_IFSOCK, "socket file")
    case "CharDevice": try require(S_IFCHR, "character device")
    case "BlockDevice": try require(S_IFBLK, "block device")
    case "":
      // Without a type a container engine makes the directory.
      if !LocalFiles.exists(path) { try LocalFiles.makeDirectories(path) }
    default: throw PodFailure("hostPath.type \"\(type)\" is unknown")
    }
    return path
  }

  private func project(_ source: JSON, mode: mode_t, into target: String) throws {
    if let secret = source["secret"] { try project(.secret, name: secret["name"]?.string, source: secret, mode: mode, into: target) }
    if let map = source["configMap"] { try project(.configMap, name: map["name"]?.string, source: map, mode: mode, into: target) }
    if let downward = source["downwardAPI"] { try writeFields(downward, mode: mode, into: target) }
    if let token = source["serviceAccountToken"] {
      guard let accounts = services.accounts else { throw PodFailure("serviceAccountToken projections are not supported on this machine") }
      let path = token["path"]?.string ?? "token"
      // Makes the directory and refuses paths that lead out of it.
      try write([], to: path, below: target, mode: mode)
      try accounts.write(token, of: pod, to: target + "/" + path)
      chmod(target + "/" + path, mode)
    }
    if source["clusterTrustBundle"] != nil { throw PodFailure("clusterTrustBundle projections are not supported on this machine") }
  }

  private func project(_ kind: ResourceKind, name: String?, source: JSON, mode: mode_t, into target: String) throws {
    try LocalFiles.makeDirectories(target)
    let isOptional = source["optional"]?.bool == true
    guard let object = try store.get(ResourceKey(kind, namespace: pod.namespace, name: name ?? "")) else {
      if isOptional { return }
      throw PodFailure(mayCome: true, "\(kind.plural.dropLast()) \"\(name ?? "")\" not found")
    }
    guard let items = source["items"]?.array else {
      for (key, value) in ConfigData.entries(of: object) { try write(value, to: key, below: target, mode: mode) }
      return
    }
    for item in items {
      let key = item["key"]?.string ?? ""
      guard let value = ConfigData.value(of: object, key: key) else {
        if isOptional { continue }
        throw PodFailure(mayCome: true, "references non-existent key \"\(key)\" of \(kind.kind) \"\(object.name)\"")
      }
      try write(value, to: item["path"]?.string ?? key, below: target, mode: self.mode(item["mode"], default: mode))
    }
  }

  private func writeFields(_ source: JSON, mode: mode_t, into target: String) throws {
    let environment = PodEnvironment(pod: pod, store: store, settings: settings)
    for item in source["items"]?.array ?? [] {
      guard let path = item["path"]?.string else { continue }
      let value: String
      if let field = item.at("fieldRef", "fieldPath")?.string {
        value = try environment.field(field)
      } else if let resource = item["resourceFieldRef"] {
        value = try environment.resourceField(resource, of: nil)
      } else {
        throw PodFailure("downwardAPI item \"\(path)\" names neither fieldRef nor resourceFieldRef")
      }
      try write(Array(value.utf8), to: path, below: target, mode: self.mode(item["mode"], default: mode))
    }
  }

  private func write(_ bytes: [UInt8], to path: String, below target: String, mode: mode_t) throws {
    guard !path.split(separator: "/").contains(".."), !path.hasPrefix("/"), !path.isEmpty else {
      throw PodFailure("volume item path \"\(path)\" must be relative and must not contain '..'")
    }
    let file = target + "/" + path
    if let parent = LocalFiles.parent(of: file) { try LocalFiles.makeDirectories(parent) }
    try LocalFiles.write(bytes, to: file, mode: mode)
  }

  /// What a `volumeMounts` entry of a container binds. Throws ``PodFailure`` for a volume that is not there or a `subPath` that leaves it.
  func mount(_ entry: JSON, made: [String: Volume], variables: ContainerVariables) throws -> PodPlan.Mount {
    let name = entry["name"]?.string ?? ""
    guard let volume = made[name] else { throw PodFailure("volumeMounts names volume \"\(name)\", which the pod does not have") }
    guard let path = entry["mountPath"]?.string, !path.isEmpty, let target = LocalFiles.normalized(path) else {
      throw PodFailure("volumeMounts of volume \"\(name)\" needs an absolute mountPath")
    }
    var sub = entry["subPath"]?.string ?? ""
    if let expression = entry["subPathExpr"]?.string {
      var missing: String?
      sub = ContainerVariables.expand(expression) { name in
        if variables[name] == nil { missing = missing ?? name }
        return variables[name]
      }
      if let missing { throw PodFailure("subPathExpr \"\(expression)\": missing value for \"\(missing)\"") }
    }
    let source = sub.isEmpty ? volume.path : try place(sub, in: volume.path)
    return PodPlan.Mount(source: source, target: target, isReadOnly: volume.isReadOnly || entry["readOnly"]?.bool == true)
  }

  /// A directory or file inside a volume, made where it is not there. Links in the volume must not lead out of it.
  private func place(_ sub: String, in volume: String) throws -> String {
    guard !sub.hasPrefix("/"), !sub.split(separator: "/").contains("..") else {
      throw PodFailure("subPath \"\(sub)\" must be relative and must not contain '..'")
    }
    let outside = PodFailure("subPath \"\(sub)\" leads out of its volume")
    guard let root = Self.resolved(volume) else { throw FileError("open", volume) }
    var path = root
    for part in sub.split(separator: "/") where part != "." {
      let next = path + "/" + part
      var info = stat()
      if lstat(next, &info) != 0 {
        try LocalFiles.makeDirectories(next)
        chmod(next, 0o777)
      }
      guard let found = Self.resolved(next), found == root || found.hasPrefix(root + "/") else { throw outside }
      path = found
    }
    return path
  }

  /// The path without links; nil when it leads nowhere.
  private static func resolved(_ path: String) -> String? {
    guard let found = realpath(path, nil) else { return nil }
    defer { free(found) }
    return String(cString: found)
  }
}
