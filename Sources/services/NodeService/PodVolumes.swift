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

  /// Where each volume of the pod lies, by name. Throws ``PodFailure`` when one cannot be made.
  func prepare() throws -> [String: String] {
    var result: [String: String] = [:]
    for volume in pod.spec["volumes"]?.array ?? [] {
      guard let name = volume["name"]?.string else { throw PodFailure("a volume has no name") }
      result[name] = try path(of: volume, name: name)
    }
    return result
  }

  private func path(of volume: JSON, name: String) throws -> String {
    let own = "\(directory)/volumes/\(name)"
    if let secret = volume["secret"] {
      try project(.secret, name: secret["secretName"]?.string, source: secret, into: own)
      return own
    }
    if let map = volume["configMap"] {
      try project(.configMap, name: map["name"]?.string, source: map, into: own)
      return own
    }
    if let claim = volume["persistentVolumeClaim"] { return try self.claim(claim["claimName"]?.string ?? "") }
    if let host = volume["hostPath"] { return try hostPath(host) }
    if let projected = volume["projected"] {
      try LocalFiles.makeDirectories(own)
      for source in projected["sources"]?.array ?? [] { try project(source, into: own) }
      return own
    }
    if let downward = volume["downwardAPI"] {
      try LocalFiles.makeDirectories(own)
      try writeFields(downward, into: own)
      return own
    }
    let others = (volume.object ?? [:]).keys.filter { $0 != "name" && $0 != "emptyDir" && $0 != "ephemeral" }
    if let other = others.first { throw PodFailure("volume \"\(name)\": \(other) volumes are not supported on this machine") }
    try LocalFiles.makeDirectories(own, mode: 0o777)
    chmod(own, 0o777)
    return own
  }

  private func claim(_ name: String) throws -> String {
    guard try store.get(ResourceKey(.persistentVolumeClaim, namespace: pod.namespace, name: name)) != nil else {
      throw PodFailure("persistentvolumeclaim \"\(name)\" not found")
    }
    let path = "\(settings.directory)/volumes/\(pod.namespace)/\(name)"
    try LocalFiles.makeDirectories(path)
    chmod(path, 0o777)
    return path
  }

  private func hostPath(_ source: JSON) throws -> String {
    guard let path = source["path"]?.string, path.hasPrefix("/") else { throw PodFailure("hostPath.path must be an absolute path") }
    let type = source["type"]?.string ?? ""
    switch type {
    case "DirectoryOrCreate": try LocalFiles.makeDirectories(path)
    case "FileOrCreate":
      if !LocalFiles.exists(path) { try LocalFiles.write([], to: path) }
    case "Directory":
      guard LocalFiles.isDirectory(path) else { throw PodFailure("hostPath type check failed: \(path) is not a directory") }
    case "File":
      guard LocalFiles.exists(path), !LocalFiles.isDirectory(path) else {
        throw PodFailure("hostPath type check failed: \(path) is not a file")
      }
    default:
      // Without a type a container engine makes the directory.
      if !LocalFiles.exists(path) { try LocalFiles.makeDirectories(path) }
    }
    return path
  }

  private func project(_ source: JSON, into target: String) throws {
    if let secret = source["secret"] { try project(.secret, name: secret["name"]?.string, source: secret, into: target) }
    if let map = source["configMap"] { try project(.configMap, name: map["name"]?.string, source: map, into: target) }
    if let downward = source["downwardAPI"] { try writeFields(downward, into: target) }
    if source["serviceAccountToken"] != nil { throw PodFailure("serviceAccountToken projections are not supported on this machine") }
  }

  private func project(_ kind: ResourceKind, name: String?, source: JSON, into target: String) throws {
    try LocalFiles.makeDirectories(target)
    let isOptional = source["optional"]?.bool == true
    guard let object = try store.get(ResourceKey(kind, namespace: pod.namespace, name: name ?? "")) else {
      if isOptional { return }
      throw PodFailure("\(kind.plural.dropLast()) \"\(name ?? "")\" not found")
    }
    let mode = mode_t(truncatingIfNeeded: source["defaultMode"]?.int ?? 0o644) & 0o777
    guard let items = source["items"]?.array else {
      for (key, value) in ConfigData.entries(of: object) { try write(value, to: key, below: target, mode: mode) }
      return
    }
    for item in items {
      let key = item["key"]?.string ?? ""
      guard let value = ConfigData.value(of: object, key: key) else {
        if isOptional { continue }
        throw PodFailure("references non-existent key \"\(key)\" of \(kind.kind) \"\(object.name)\"")
      }
      let mode = item["mode"]?.int.map { mode_t(truncatingIfNeeded: $0) & 0o777 } ?? mode
      try write(value, to: item["path"]?.string ?? key, below: target, mode: mode)
    }
  }

  private func writeFields(_ source: JSON, into target: String) throws {
    let environment = PodEnvironment(pod: pod, store: store, settings: settings)
    for item in source["items"]?.array ?? [] {
      guard let path = item["path"]?.string, let field = item.at("fieldRef", "fieldPath")?.string else { continue }
      try write(Array(try environment.field(field).utf8), to: path, below: target, mode: 0o644)
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
  func mount(_ entry: JSON, volumes: [String: String], variables: [(name: String, value: String)]) throws -> PodPlan.Mount {
    let name = entry["name"]?.string ?? ""
    guard let volume = volumes[name] else { throw PodFailure("volumeMounts names volume \"\(name)\", which the pod does not have") }
    guard let target = entry["mountPath"]?.string, let target = LocalFiles.normalized(target.hasPrefix("/") ? target : "/" + target) else {
      throw PodFailure("volumeMounts of volume \"\(name)\" needs an absolute mountPath")
    }
    var sub = entry["subPath"]?.string ?? ""
    if let expression = entry["subPathExpr"]?.string {
      sub = PodEnvironment.expand(expression) { name in variables.last { $0.name == name }?.value }
    }
    var source = volume
    if !sub.isEmpty {
      guard !sub.hasPrefix("/"), !sub.split(separator: "/").contains("..") else {
        throw PodFailure("subPath \"\(sub)\" must be relative and must not contain '..'")
      }
      source += "/" + sub
      if !LocalFiles.exists(source) { try LocalFiles.makeDirectories(source, mode: 0o777) }
    }
    return PodPlan.Mount(source: source, target: target, isReadOnly: entry["readOnly"]?.bool == true)
  }
}
