import ArgoModel
import Contracts
import JSONValue
import KubeModel
import WorkflowCore

/// Entries of memoization caches that wait for their commit, by ConfigMap and key.
struct PendingCacheEntries: Sendable {
  private(set) var entries: [ResourceKey: [String: String]] = [:]

  mutating func note(_ effects: [RunEffect], namespace: String) {
    for effect in effects {
      guard case .saveCacheEntry(let cache, let key, let entry) = effect else { continue }
      entries[ResourceKey(.configMap, namespace: namespace, name: cache), default: [:]][key] = entry
    }
  }

  mutating func removeAll() {
    if !entries.isEmpty { entries.removeAll() }
  }
}

/// Memoization caches in the store: ConfigMaps with a label of their own (spec 2.18).
struct MemoizationCaches: Sendable {
  static let label = "Cache"
  let store: any ResourceStoring
  let pending: PendingCacheEntries

  @Sendable func answer(namespace: String, name: String, key: String) -> World.CacheAnswer {
    let place = ResourceKey(.configMap, namespace: namespace, name: name)
    let waiting = pending.entries[place]?[key]
    guard let map = try? store.get(place) else { return waiting.map { .entry($0) } ?? .missing }
    let label = map.label(ArgoKey.configMapType)
    guard label == Self.label else { return .notACache(label: label) }
    guard let entry = waiting ?? map.json.at("data", key)?.string, !entry.isEmpty else { return .missing }
    return .entry(entry)
  }

  /// The writes that put entries into a cache: a patch, or the ConfigMap where there is none and the same transaction has not made it.
  func saving(_ entries: JSONObject, to key: ResourceKey, madeBefore: inout Set<ResourceKey>) -> [Write] {
    if madeBefore.contains(key) { return [Self.patch(key, entries)] }
    guard let map = try? store.get(key) else {
      madeBefore.insert(key)
      return [.create(Self.made(key, entries))]
    }
    return map.label(ArgoKey.configMapType) == Self.label ? [Self.patch(key, entries)] : []
  }

  /// A write to a cache as it can be done now, when the ConfigMap was made or removed meanwhile.
  static func possible(_ write: Write, in store: any ResourceStoring) -> [Write] {
    let place: ResourceKey
    let entries: JSONObject
    switch write {
    case .create(let map): (place, entries) = (map.key, map.json["data"]?.object ?? [:])
    case .patch(let key, let change): (place, entries) = (key, change["data"]?.object ?? [:])
    default: return [write]
    }
    var made: Set<ResourceKey> = []
    return MemoizationCaches(store: store, pending: PendingCacheEntries()).saving(entries, to: place, madeBefore: &made)
  }

  private static func patch(_ key: ResourceKey, _ entries: JSONObject) -> Write { .patch(key, ["data": .object(entries)]) }

  private static func made(_ key: ResourceKey, _ entries: JSONObject) -> Resource {
    Resource(
      .configMap,
      json: [
        "metadata": [
          "name": .string(key.name), "namespace": .string(key.namespace), "labels": [ArgoKey.configMapType: .string(label)],
        ],
        "data": .object(entries),
      ])
  }
}
