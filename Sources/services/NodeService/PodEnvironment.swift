import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel

/// A container's environment: the machine's base, then `envFrom`, then `env`, later entries winning (Kubernetes' order).
struct PodEnvironment {
  let pod: Resource
  let store: any ResourceStoring
  let settings: NodeSettings

  /// The variables of a container in a stable order. Throws ``PodFailure`` when a reference that is not optional leads nowhere.
  func variables(of container: JSON) throws -> ContainerVariables {
    var result = ContainerVariables()
    for (name, value) in settings.baseEnvironment { result.set(name, value, isDeclared: false) }
    if hasOwnHome(container) { result.set("HOME", Self.rootHome, isDeclared: false) }
    result.set("HOSTNAME", pod.name, isDeclared: false)
    if let api = settings.api {
      result.set("KUBERNETES_SERVICE_HOST", api.host, isDeclared: false)
      result.set("KUBERNETES_SERVICE_PORT", String(api.port()), isDeclared: false)
      result.set("KUBERNETES_SERVICE_PORT_HTTPS", String(api.port()), isDeclared: false)
    }
    for source in container["envFrom"]?.array ?? [] { try addAll(from: source, to: &result) }
    for entry in container["env"]?.array ?? [] {
      guard let name = entry["name"]?.string else { continue }
      if let reference = entry["valueFrom"] {
        if let value = try value(from: reference, container: container) { result.set(name, value) }
      } else {
        result.set(name, result.expand(entry["value"]?.string ?? ""))
      }
    }
    return result
  }

  /// Root's home in a container, who most images run as.
  private static let rootHome = "/root"

  /// Whether the manifest puts something into root's home, `~/.aws` or `~/.ssh`: programs that look there must find it whoever runs this machine's
  /// side. Else the caller's home is of more use: programs of this machine have their own files there.
  private func hasOwnHome(_ container: JSON) -> Bool {
    guard settings.isolation == .namespaces else { return false }
    var paths = (container["volumeMounts"]?.array ?? []).compactMap { $0["mountPath"]?.string }
    if container["name"]?.string == "main" {
      paths += (PodPreparation.template(of: pod).at("inputs", "artifacts")?.array ?? []).compactMap { $0["path"]?.string }
    }
    return paths.contains { path in
      guard let path = LocalFiles.normalized(path) else { return false }
      return path == Self.rootHome || path.hasPrefix(Self.rootHome + "/")
    }
  }

  private func addAll(from source: JSON, to result: inout ContainerVariables) throws {
    let prefix = source["prefix"]?.string ?? ""
    for (member, kind) in [("configMapRef", ResourceKind.configMap), ("secretRef", .secret)] {
      guard let reference = source[member], let object = try object(kind, reference) else { continue }
      for (key, value) in ConfigData.entries(of: object) { result.set(prefix + key, String(decoding: value, as: UTF8.self)) }
    }
  }

  /// The object a reference names, nil when it is optional and missing.
  private func object(_ kind: ResourceKind, _ reference: JSON) throws -> Resource? {
    let name = reference["name"]?.string ?? ""
    if let object = try store.get(ResourceKey(kind, namespace: pod.namespace, name: name)) { return object }
    if reference["optional"]?.bool == true { return nil }
    throw PodFailure(mayCome: true, "\(kind.plural.dropLast()) \"\(name)\" not found")
  }

  private func value(from reference: JSON, container: JSON) throws -> String? {
    for (member, kind) in [("configMapKeyRef", ResourceKind.configMap), ("secretKeyRef", .secret)] {
      guard let selector = reference[member] else { continue }
      guard let object = try object(kind, selector) else { return nil }
      let key = selector["key"]?.string ?? ""
      if let value = ConfigData.value(of: object, key: key) { return String(decoding: value, as: UTF8.self) }
      if selector["optional"]?.bool == true { return nil }
      throw PodFailure(mayCome: true, "couldn't find key \(key) in \(kind.kind) \(pod.namespace)/\(object.name)")
    }
    if let field = reference.at("fieldRef", "fieldPath")?.string { return try self.field(field) }
    if let resource = reference["resourceFieldRef"] { return try resourceField(resource, of: container) }
    throw PodFailure("env.valueFrom names none of configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef")
  }

  /// A field of the pod by its downward-API path.
  func field(_ path: String) throws -> String {
    switch path {
    case "metadata.name": return pod.name
    case "metadata.namespace": return pod.namespace
    case "metadata.uid": return pod.uid
    case "spec.nodeName": return settings.hostName
    case "spec.serviceAccountName": return pod.spec["serviceAccountName"]?.string ?? "default"
    case "status.podIP", "status.hostIP", "status.podIPs", "status.hostIPs": return settings.hostAddress
    default: break
    }
    for (prefix, values) in [("metadata.labels", pod.labels), ("metadata.annotations", pod.annotations)] where path.hasPrefix(prefix) {
      let rest = path.dropFirst(prefix.count)
      if rest.isEmpty {
        return values.sorted { $0.key < $1.key }.map { "\($0.key)=\(JSON.string($0.value).text())" }.joined(separator: "\n")
      }
      if rest.hasPrefix("['"), rest.hasSuffix("']") { return values[String(rest.dropFirst(2).dropLast(2))] ?? "" }
    }
    throw PodFailure("fieldPath \"\(path)\" is not supported")
  }

  /// An amount of a container's `resources` in units of `divisor` (1 by default), rounded up. Without a limit it is the machine's own, and a
  /// request is the limit.
  func resourceField(_ reference: JSON, of own: JSON?) throws -> String {
    var container = own
    if let name = reference["containerName"]?.string {
      let all = (pod.spec["containers"]?.array ?? []) + (pod.spec["initContainers"]?.array ?? [])
      container = all.first { $0["name"]?.string == name }
    }
    guard let container else { throw PodFailure("resourceFieldRef names no container of the pod") }
    let path = reference["resource"]?.string ?? ""
    let parts = path.split(separator: ".", maxSplits: 1).map(String.init)
    guard parts.count == 2, parts[0] == "limits" || parts[0] == "requests" else {
      throw PodFailure("resourceFieldRef: resource \"\(path)\" is not supported")
    }
    let text =
      container.at("resources", parts[0], parts[1])?.quantityText ?? container.at("resources", "limits", parts[1])?.quantityText
      ?? (parts[0] == "limits" ? Self.capacity(parts[1]) : "0")
    let divisor = reference["divisor"]?.quantityText.flatMap { Quantity($0) }.map(\.nanos) ?? 0
    guard let amount = Quantity(text) else { throw PodFailure("resourceFieldRef: \"\(text)\" is no quantity") }
    let unit = divisor > 0 ? divisor : 1_000_000_000
    return String(amount.nanos / unit + (amount.nanos % unit > 0 ? 1 : 0))
  }

  /// What this machine has.
  private static func capacity(_ resource: String) -> String {
    switch resource {
    case "cpu": String(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    case "memory": String(max(0, sysconf(Int32(_SC_PHYS_PAGES)) &* sysconf(Int32(_SC_PAGESIZE))))
    default: "0"
    }
  }
}

/// The variables of a container, in the order in which they were first set.
struct ContainerVariables {
  private(set) var entries: [(name: String, value: String)] = []
  private var index: [String: Int] = [:]
  private var declared: Set<String> = []

  /// The value of a variable that the manifest declares: what `$(NAME)` may stand for.
  subscript(name: String) -> String? { declared.contains(name) ? index[name].map { entries[$0].value } : nil }

  /// - Parameter isDeclared: by the manifest, not by the machine or image.
  mutating func set(_ name: String, _ value: String, isDeclared: Bool = true) {
    if isDeclared { declared.insert(name) }
    if let position = index[name] {
      entries[position].value = value
    } else {
      index[name] = entries.count
      entries.append((name, value))
    }
  }

  func expand(_ text: String) -> String { Self.expand(text) { self[$0] } }

  /// `$(NAME)` replaced by a variable that is already defined, `$$(NAME)` by `$(NAME)`; others stay (Kubernetes' expansion).
  static func expand(_ text: String, _ lookup: (String) -> String?) -> String {
    guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var position = 0
    while position < bytes.count {
      guard bytes[position] == UInt8(ascii: "$"), position + 1 < bytes.count else {
        result.append(bytes[position])
        position += 1
        continue
      }
      if bytes[position + 1] == UInt8(ascii: "$") {
        result.append(bytes[position])
        position += 2
      } else if bytes[position + 1] == UInt8(ascii: "("), let end = bytes[position...].firstIndex(of: UInt8(ascii: ")")) {
        let name = String(decoding: bytes[(position + 2)..<end], as: UTF8.self)
        result.append(contentsOf: lookup(name).map { Array($0.utf8) } ?? Array(bytes[position...end]))
        position = end + 1
      } else {
        result.append(bytes[position])
        position += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
