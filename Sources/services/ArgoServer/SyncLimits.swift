package import Contracts
internal import JSONValue
package import KubeModel

/// How many may hold a semaphore: what the routes below `/api/v1/sync` do. Limits of the database are objects of this program (`SyncLimit`); a changed one counts
/// at once, for those who wait too.
package struct SyncLimits: Sendable {
  /// Where a limit is kept.
  package enum Place: Sendable, Hashable {
    case configMap(name: String)
    case database
  }

  /// Throws `forbidden` unless the sender may do that in the namespace, to the kind in which the limit is kept.
  package typealias Permission = (_ verb: String) throws(KubeStatus) -> Void

  private let resources: any ResourceServing

  package init(resources: any ResourceServing) { self.resources = resources }

  /// Makes a limit. Throws `badRequest` for one that is no number from 1, `alreadyExists`.
  package func create(
    _ place: Place, namespace: String, key: String, limit: Int64, by user: UserInfo, _ permit: Permission
  ) throws(KubeStatus) {
    try permit("create")
    try Self.check(place, key, limit)
    switch place {
    case .database:
      do throws(KubeStatus) {
        _ = try resources.create(.syncLimit, namespace: namespace, Self.object(namespace, key, limit), options(user))
      } catch {
        guard error.reason == .alreadyExists else { throw error }
        throw KubeStatus(.alreadyExists, "Database sync limit already exists in namespace \"\(namespace)\".")
      }
    case .configMap(let name):
      try permit("get")
      do throws(KubeStatus) {
        try change(namespace, name, permit, user) { data throws(KubeStatus) in
          guard data[key] == nil else { throw KubeStatus(.alreadyExists, "sync limit cannot be created as it already exists") }
          data[key] = .string(String(limit))
        }
      } catch {
        guard error.reason == .notFound else { throw error }
        let map: JSON = [
          "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name), "namespace": .string(namespace)],
          "data": .object([key: .string(String(limit))]),
        ]
        _ = try resources.create(.configMap, namespace: namespace, map, options(user))
      }
    }
  }

  /// The limit. Throws `notFound`, and `badRequest` for what is no number.
  package func get(_ place: Place, namespace: String, key: String, _ permit: Permission) throws(KubeStatus) -> Int64 {
    try permit("get")
    try Self.check(place, key, 1)
    switch place {
    case .database: return try stored(namespace, key).spec["limit"]?.int ?? 0
    case .configMap(let name):
      let map = try resources.get(ResourceKey(.configMap, namespace: namespace, name: name))
      guard let text = map.json.at("data", key)?.string else { throw Self.missing(key, namespace, name) }
      guard let limit = Int64(text), Int32(exactly: limit) != nil else {
        throw KubeStatus(.badRequest, "invalid limit format for key \(key) in configmap \(namespace)/\(name)")
      }
      return limit
    }
  }

  /// Changes a limit that is there. Throws as ``create(_:namespace:key:limit:by:_:)``, and `notFound`.
  package func update(
    _ place: Place, namespace: String, key: String, limit: Int64, by user: UserInfo, _ permit: Permission
  ) throws(KubeStatus) {
    try permit("update")
    try Self.check(place, key, limit)
    switch place {
    case .database:
      _ = try stored(namespace, key)
      _ = try resources.patch(
        ResourceKey(.syncLimit, namespace: namespace, name: key), subresource: "", .merge, ["spec": ["limit": .int(limit)]], options(user))
    case .configMap(let name):
      try change(namespace, name, permit, user) { data throws(KubeStatus) in
        guard data[key] != nil else {
          throw KubeStatus(.notFound, "key \(key) not found in configmap \(namespace)/\(name) - please create it first")
        }
        data[key] = .string(String(limit))
      }
    }
  }

  /// Removes a limit. Throws `notFound` when there is no such ConfigMap, or no such limit in the database.
  package func delete(_ place: Place, namespace: String, key: String, by user: UserInfo, _ permit: Permission) throws(KubeStatus) {
    try permit(place == .database ? "delete" : "update")
    try Self.check(place, key, 1)
    switch place {
    case .database:
      _ = try stored(namespace, key)
      _ = try resources.delete(ResourceKey(.syncLimit, namespace: namespace, name: key), DeleteOptions(), options(user))
    case .configMap(let name):
      try change(namespace, name, permit, user) { data throws(KubeStatus) in data[key] = nil }
    }
  }

  private static func check(_ place: Place, _ key: String, _ limit: Int64) throws(KubeStatus) {
    guard limit > 0 else { throw KubeStatus(.badRequest, "limit must be greater than zero") }
    guard Int32(exactly: limit) != nil else { throw KubeStatus(.badRequest, "limit must be at most \(Int32.max). Received: \(limit)") }
    guard !key.isEmpty else { throw KubeStatus(.badRequest, "key is required") }
    if case .configMap(let name) = place, name.isEmpty {
      throw KubeStatus(.badRequest, "cmName is required for limits of the type CONFIGMAP")
    }
  }

  private static func missing(_ key: String, _ namespace: String, _ name: String) -> KubeStatus {
    KubeStatus(.notFound, "key \(key) not found in configmap \(namespace)/\(name)")
  }

  private static func object(_ namespace: String, _ key: String, _ limit: Int64) -> JSON {
    let kind = ResourceKind.syncLimit
    return [
      "apiVersion": .string(kind.apiVersion), "kind": .string(kind.kind),
      "metadata": ["name": .string(key), "namespace": .string(namespace)], "spec": ["limit": .int(limit)],
    ]
  }

  private func stored(_ namespace: String, _ key: String) throws(KubeStatus) -> Resource {
    do throws(KubeStatus) { return try resources.get(ResourceKey(.syncLimit, namespace: namespace, name: key)) } catch {
      guard error.reason == .notFound else { throw error }
      throw KubeStatus(.notFound, "Database sync limit not found in namespace \"\(namespace)\".")
    }
  }

  /// Changes a ConfigMap's data; again when somebody else did so meanwhile.
  private func change(
    _ namespace: String, _ name: String, _ permit: Permission, _ user: UserInfo,
    _ body: (inout JSONObject) throws(KubeStatus) -> Void
  ) throws(KubeStatus) {
    let key = ResourceKey(.configMap, namespace: namespace, name: name)
    for attempt in 1... {
      var map = try resources.get(key)
      var data = map.json["data"]?.object ?? [:]
      try body(&data)
      try permit("update")
      map.json["data"] = .object(data)
      do throws(KubeStatus) {
        _ = try resources.update(key, subresource: "", map.json, options(user))
        return
      } catch {
        guard error.reason == .conflict, attempt < 5 else { throw error }
      }
    }
  }

  private func options(_ user: UserInfo) -> WriteOptions { WriteOptions(user: user, fieldManager: ObjectServer.fieldManager) }
}
