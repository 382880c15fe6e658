import ArgoServer
import Contracts
import JSONValue
import KubeAPI
import KubeModel
import ResourceDB
import ResourceService
import Testing

private struct WholeCatalog: CatalogProviding { let catalog: any KindCatalog = Catalog() }

@Suite("Limits of semaphores") struct SyncLimitTests {
  private let store: ResourceDatabase
  private let limits: SyncLimits
  private let user = UserInfo(name: "tester")

  init() throws {
    store = try ResourceDatabase(file: ":memory:")
    let catalog = WholeCatalog()
    limits = SyncLimits(resources: ResourceService(store: store, kinds: { catalog.catalog }))
    try store.create(Resource(.namespace, json: ["metadata": ["name": "n"], "status": ["phase": "Active"]]))
  }

  private func reason(_ body: () throws -> Void) -> KubeStatus.Reason? {
    do { try body() } catch { return (error as? KubeStatus)?.reason }
    return nil
  }

  private func create(_ place: SyncLimits.Place, _ key: String, _ limit: Int64) throws {
    try limits.create(place, namespace: "n", key: key, limit: limit, by: user) { _ in }
  }
  private func update(_ place: SyncLimits.Place, _ key: String, _ limit: Int64) throws {
    try limits.update(place, namespace: "n", key: key, limit: limit, by: user) { _ in }
  }
  private func delete(_ place: SyncLimits.Place, _ key: String) throws {
    try limits.delete(place, namespace: "n", key: key, by: user) { _ in }
  }
  private func get(_ place: SyncLimits.Place, _ key: String) throws -> Int64 { try limits.get(place, namespace: "n", key: key) { _ in } }

  @Test("a limit is made, read, changed and removed", arguments: [SyncLimits.Place.configMap(name: "limits"), .database])
  func life(place: SyncLimits.Place) throws {
    try create(place, "Any_key", 100)
    #expect(try get(place, "Any_key") == 100)
    #expect(reason { try create(place, "Any_key", 5) } == .alreadyExists)
    try create(place, "another", 7)
    try update(place, "Any_key", 200)
    #expect(try get(place, "Any_key") == 200)
    #expect(try get(place, "another") == 7)
    #expect(reason { try update(place, "absent", 1) } == .notFound)
    #expect(reason { _ = try get(place, "absent") } == .notFound)
    try delete(place, "Any_key")
    #expect(reason { _ = try get(place, "Any_key") } == .notFound)
    #expect(try get(place, "another") == 7)
    for wrong: Int64 in [0, -1, 1 << 31] {
      #expect(reason { try create(place, "wrong", wrong) } == .badRequest)
      #expect(reason { try update(place, "another", wrong) } == .badRequest)
    }
  }

  @Test("who may not is told that, and nothing of what else is wrong") func rightsFirst() throws {
    let deny: SyncLimits.Permission = { verb throws(KubeStatus) in throw KubeStatus(.forbidden, verb) }
    for place in [SyncLimits.Place.configMap(name: ""), .database] {
      #expect(reason { try limits.create(place, namespace: "n", key: "", limit: 0, by: user, deny) } == .forbidden)
      #expect(reason { try limits.update(place, namespace: "n", key: "", limit: -1, by: user, deny) } == .forbidden)
      #expect(reason { _ = try limits.get(place, namespace: "n", key: "", deny) } == .forbidden)
      #expect(reason { try limits.delete(place, namespace: "n", key: "", by: user, deny) } == .forbidden)
    }
  }

  @Test("limits lie where semaphores read them, and leave the rest of a ConfigMap alone") func places() throws {
    try store.create(Resource(.configMap, json: ["metadata": ["name": "limits", "namespace": "n"], "data": ["other": "kept"]]))
    try create(.configMap(name: "limits"), "pool", 3)
    let map = try #require(try store.get(ResourceKey(.configMap, namespace: "n", name: "limits")))
    #expect(map.json["data"] == ["other": "kept", "pool": "3"])
    try create(.database, "pool", 4)
    #expect(try store.get(ResourceKey(.syncLimit, namespace: "n", name: "pool"))?.spec["limit"] == 4)
    #expect(reason { _ = try get(.configMap(name: "limits"), "other") } == .badRequest)
    #expect(reason { _ = try get(.configMap(name: "nowhere"), "pool") } == .notFound)
    #expect(reason { _ = try get(.configMap(name: ""), "pool") } == .badRequest)
  }

  @Test("who may not, does not") func rights() throws {
    try create(.configMap(name: "limits"), "pool", 3)
    for forbidden in ["create", "update", "get"] {
      func permit(_ verb: String) throws(KubeStatus) { if verb == forbidden { throw KubeStatus(.forbidden, verb) } }
      let place = SyncLimits.Place.configMap(name: "limits")
      #expect(reason { try limits.create(place, namespace: "n", key: "x", limit: 1, by: user, permit) } == .forbidden)
      if forbidden == "get" { #expect(reason { _ = try limits.get(place, namespace: "n", key: "pool", permit) } == .forbidden) }
      if forbidden == "update" {
        #expect(reason { try limits.update(place, namespace: "n", key: "pool", limit: 9, by: user, permit) } == .forbidden)
        #expect(reason { try limits.delete(place, namespace: "n", key: "pool", by: user, permit) } == .forbidden)
      }
    }
    #expect(try get(.configMap(name: "limits"), "pool") == 3)
    #expect(reason { _ = try get(.configMap(name: "limits"), "x") } == .notFound)
  }
}
