import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing
import WorkflowCore

@testable import WorkflowService

@Suite struct CacheTests {
  private static let map = ResourceKey(.configMap, namespace: "n", name: "c")

  /// One memoized pod.
  private func memoized(_ key: String) -> JSON {
    [
      "entrypoint": "leaf",
      "templates": [
        [
          "name": "leaf", "memoize": ["key": .string(key), "cache": ["configMap": ["name": "c"]]],
          "outputs": ["parameters": [["name": "v", "valueFrom": ["path": "/v"]]]],
          "container": ["image": "alpine", "command": ["true"]],
        ]
      ],
    ]
  }

  private static let ending = TinyNode.Ending(outputs: ["parameters": [["name": "v", "value": "one"]]])

  @Test("the first workflow makes the cache, the next one hits it without a pod") func sharedCache() async throws {
    try await Bench.with(script: { _ in Self.ending }) { bench, service, node in
      try bench.submit("w", memoized("k"))
      try await bench.reaches("w", "Succeeded")
      let cache = try #require(try bench.database.get(Self.map))
      #expect(cache.label(ArgoKey.configMapType) == "Cache")
      let entry = try JSON.parse(try #require(cache.json.at("data", "k")?.string))
      #expect(entry["nodeID"] == "w")
      try bench.submit("again", memoized("k"))
      try await bench.reaches("again", "Succeeded")
      #expect(node.created.withLock { $0 } == ["w"])
      let hit = try #require(try service.workflow(Bench.key("again"))?.status.at("nodes", "again"))
      #expect(hit.at("memoizationStatus", "hit") == true)
      #expect(hit.at("outputs", "parameters")?[0]?["value"] == "one")
    }
  }

  @Test("many workflows at once keep all their entries") func manyAtOnce() async throws {
    try await Bench.with(script: { _ in Self.ending }) { bench, _, _ in
      for number in 0..<20 { try bench.submit("w\(number)", memoized("k\(number)")) }
      for number in 0..<20 { try await bench.reaches("w\(number)", "Succeeded") }
      let data = try #require(try bench.database.get(Self.map)?.json["data"]?.object)
      #expect(Set(data.keys) == Set((0..<20).map { "k\($0)" }))
    }
  }

  @Test("a ConfigMap that is no cache is refused and left as it is") func alien() async throws {
    try await Bench.with(script: { _ in Self.ending }) { bench, service, node in
      try bench.database.create(
        Resource(.configMap, json: ["metadata": ["name": "c", "namespace": "n"], "data": ["k": "mine"]]))
      try bench.submit("w", memoized("k"))
      try await bench.reaches("w", "Error")
      #expect(node.created.withLock { $0 }.isEmpty)
      #expect(try bench.database.get(Self.map)?.json["data"] == ["k": "mine"])
      #expect(
        try service.workflow(Bench.key("w"))?.status.at("nodes", "w", "message")
          == "memoization configmap doesn't have workflows.argoproj.io/configmap-type label, refusing to use it")
    }
  }

  @Test("a cache that a user removes or makes between decision and commit gets its entry all the same") func meanwhile() throws {
    let bench = try Bench()
    let caches = MemoizationCaches(store: bench.database, pending: PendingCacheEntries())
    var made: Set<ResourceKey> = []
    let creation = caches.saving(["k": "1"], to: Self.map, madeBefore: &made)
    // Of one transaction the second entry is a patch.
    try bench.database.commit(creation + caches.saving(["l": "2"], to: Self.map, madeBefore: &made))
    #expect(try bench.database.get(Self.map)?.json["data"] == ["k": "1", "l": "2"])
    let late = try #require(creation.first)
    try bench.database.commit(MemoizationCaches.possible(late, in: bench.database))
    let patch = try #require(caches.saving(["m": "3"], to: Self.map, madeBefore: &made).first)
    try bench.database.commit([.delete(Self.map)])
    try bench.database.commit(MemoizationCaches.possible(patch, in: bench.database))
    #expect(try bench.database.get(Self.map)?.json["data"] == ["m": "3"])
    #expect(try bench.database.get(Self.map)?.label(ArgoKey.configMapType) == "Cache")
  }
}
