import Basics
import Contracts
import JSONValue
import KubeModel

/// A container's environment: the machine's base, then `envFrom`, then `env`, later entries winning (Kubernetes' order).
struct PodEnvironment {
  let pod: Resource
  let store: any ResourceStoring
  let settings: NodeSettings

  /// The variables of a container in a stable order. Throws ``PodFailure`` when a reference that is not optional leads nowhere.
  func variables(of container: JSON) throws -> [(name: String, value: String)] {
    var result = Variables()
    for (name, value) in settings.baseEnvironment { result.set(name, value) }
    result.set("HOSTNAME", pod.name)
    for source in container["envFrom"]?.array ?? [] { try addAll(from: source, to: &result) }
    for entry in container["env"]?.array ?? [] {
      guard let name = entry["name"]?.string else { continue }
      if let reference = entry["valueFrom"] {
        if let value = try value(from: reference, container: container) { result.set(name, value) }
      } else {
        result.set(name, Self.expand(entry["value"]?.string ?? "") { result[$0] })
      }
    }
    return result.entries
  }

  private func addAll(from source: JSON, to result: inout Variables) throws {
    let prefix = source["prefix"]?.string ?? ""
    for (member, kind) in [("configMapRef", ResourceKind.configMap), ("secretRef", .secret)] {
      guard let reference = source[member] else { continue }
      guard let object = try object(kind, reference) else { continue }
      for (key, value) in ConfigData.entries(of: object) { result.set(prefix + key, String(decoding: value, as: UTF8.self)) }
    }
  }

  /// The object a reference names, nil when it is optional and missing.
  private func object(_ kind: ResourceKind, _ reference: JSON) throws -> Resource? {
    let name = reference["name"]?.string ?? ""
    if let object = try store.get(ResourceKey(kind, namespace: pod.namespace, name: name)) { return object }
    if reference["optional"]?.bool == true { return nil }
    throw PodFailure("\(kind.plural.dropLast()) \"\(name)\" not found")
  }

  private func value(from reference: JSON, container: JSON) throws -> String? {
    for (member, kind) in [("configMapKeyRef", ResourceKind.configMap), ("secretKeyRef", .secret)] {
      guard let selector = reference[member] else { continue }
      guard let object = try object(kind, selector) else { return nil }
      let key = selector["key"]?.string ?? ""
      if let value = ConfigData.value(of: object, key: key) { return String(decoding: value, as: UTF8.self) }
      if selector["optional"]?.bool == true { return nil }
      throw PodFailure("couldn't find key \(key) in \(kind.kind) \(pod.namespace)/\(object.name)")
    }
    if let field = reference.at("fieldRef", "fieldPath")?.string { return try self.field(field) }
    if let resource = reference["resourceFieldRef"] { return Self.resourceField(resource, of: container) }
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
    case "status.podIP", "status.hostIP", "status.podIPs", "status.hostIPs": return "127.0.0.1"
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

  private static func resourceField(_ reference: JSON, of container: JSON) -> String {
    let name = (reference["resource"]?.string ?? "").split(separator: ".").map(String.init)
    guard name.count == 2, let text = container.at(["resources"] + name)?.string, let quantity = Quantity(text) else { return "0" }
    return String(name[1] == "cpu" ? (quantity.milliValue + 999) / 1000 : quantity.value)
  }

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

/// Variables in the order in which they were first set.
private struct Variables {
  private(set) var entries: [(name: String, value: String)] = []
  private var index: [String: Int] = [:]

  subscript(name: String) -> String? { index[name].map { entries[$0].value } }

  mutating func set(_ name: String, _ value: String) {
    if let position = index[name] {
      entries[position].value = value
    } else {
      index[name] = entries.count
      entries.append((name, value))
    }
  }
}
