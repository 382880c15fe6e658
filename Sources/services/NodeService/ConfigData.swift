import Basics
import Contracts
import JSONValue
import KubeModel

/// The keys and bytes of a Secret or ConfigMap.
enum ConfigData {
  /// All entries in ascending order of their keys.
  static func entries(of object: Resource) -> [(key: String, value: [UInt8])] {
    var result: [(key: String, value: [UInt8])] = []
    for member in ["data", "binaryData", "stringData"] {
      for (key, value) in object.json[member]?.object ?? [:] {
        guard let bytes = bytes(value, member: member, of: object) else { continue }
        result.removeAll { $0.key == key }
        result.append((key, bytes))
      }
    }
    return result.sorted { $0.key < $1.key }
  }

  /// The bytes of one key; nil when it is not there.
  static func value(of object: Resource, key: String) -> [UInt8]? {
    for member in ["stringData", "data", "binaryData"] {
      if let value = object.json[member]?[key], let bytes = bytes(value, member: member, of: object) { return bytes }
    }
    return nil
  }

  private static func bytes(_ value: JSON, member: String, of object: Resource) -> [UInt8]? {
    guard let text = value.string else { return nil }
    let isEncoded = member == "binaryData" || (member == "data" && object.kind == .secret)
    return isEncoded ? Base64.decode(text) : Array(text.utf8)
  }
}

/// Secrets of the store, for artifact drivers and requests.
package struct StoredSecrets: SecretReading {
  let store: any ResourceStoring

  package init(store: any ResourceStoring) { self.store = store }

  package func secret(namespace: String, name: String, key: String) -> [UInt8]? {
    guard let object = try? store.get(ResourceKey(.secret, namespace: namespace, name: name)) else { return nil }
    return ConfigData.value(of: object, key: key)
  }
}
