import ClusterService
import Contracts
import JSONValue
import KubeAPI
import KubeModel
import ResourceDB
import Testing

@Suite struct DefinitionTests {
  private func definition(_ plural: String, kind: String, shortNames: [String] = []) -> JSON {
    [
      "metadata": ["name": .string("\(plural).example.com")],
      "spec": [
        "group": "example.com", "scope": "Namespaced",
        "names": [
          "plural": .string(plural), "kind": .string(kind), "shortNames": .array(shortNames.map { .string($0) }),
        ],
        "versions": [
          [
            "name": "v1", "served": true, "storage": true,
            "schema": ["openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]],
          ]
        ],
      ],
    ]
  }
  private func key(_ plural: String) -> ResourceKey { ResourceKey(.customResourceDefinition, namespace: "", name: plural + ".example.com") }
  private func condition(_ definition: Resource, _ type: String) -> JSON? {
    definition.status["conditions"]?.array?.first { $0["type"]?.string == type }
  }

  @Test("a definition is established, its kind is served, and its versions are noted")
  func established() throws {
    let world = try World()
    #expect(world.catalog.catalog.kind(group: "example.com", version: "v1", plural: "things") == nil)
    try world.store.create(Resource(.customResourceDefinition, json: definition("things", kind: "Thing", shortNames: ["th"])))
    let stored = try world.wait(key("things"), "was established") { condition($0, "Established")?["status"] == "True" }
    #expect(condition(stored, "NamesAccepted")?["reason"] == "NoConflicts")
    #expect(condition(stored, "Established")?["reason"] == "InitialNamesAccepted")
    #expect(
      stored.status["acceptedNames"] == [
        "plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList", "shortNames": ["th"],
      ])
    #expect(stored.status["storedVersions"] == ["v1"])
    try world.wait("the kind is served") { world.catalog.catalog.kind(group: "example.com", version: "v1", plural: "things") != nil }
  }

  @Test("a definition whose names are another's waits until they are free")
  func conflict() throws {
    let world = try World()
    try world.store.create(Resource(.customResourceDefinition, json: definition("things", kind: "Thing", shortNames: ["th"])))
    try world.wait(key("things"), "was established") { condition($0, "Established")?["status"] == "True" }
    try world.store.create(Resource(.customResourceDefinition, json: definition("thistles", kind: "Thistle", shortNames: ["th"])))
    let refused = try world.wait(key("thistles"), "was refused") { condition($0, "NamesAccepted")?["status"] == "False" }
    #expect(condition(refused, "NamesAccepted")?["reason"] == "ShortNamesConflict")
    #expect(condition(refused, "NamesAccepted")?["message"] == "\"th\" is already in use")
    #expect(condition(refused, "Established")?["reason"] == "NotAccepted")
    #expect(world.catalog.catalog.kind(group: "example.com", version: "v1", plural: "thistles") == nil)
    try world.delete(key("things"))
    try world.waitGone(key("things"))
    try world.wait(key("thistles"), "was established") { condition($0, "Established")?["status"] == "True" }
  }

  @Test("the objects of a definition go before it, and their owners' dependents with them")
  func deletion() throws {
    let world = try World()
    try world.store.create(Resource(.customResourceDefinition, json: definition("things", kind: "Thing")))
    try world.wait("the kind is served") { world.catalog.catalog.kind(group: "example.com", version: "v1", plural: "things") != nil }
    let kind = try #require(world.catalog.catalog.kind(group: "example.com", version: "v1", plural: "things")).kind
    let held = try world.make(kind, "held", ["metadata": ["finalizers": ["example.com/hold"]]])
    let plain = try world.make(kind, "plain")
    let child = try world.make(.secret, "child", owners: [plain])
    try world.delete(key("things"))
    try world.waitGone(plain.key)
    try world.waitGone(child.key)
    let waiting = try world.wait(key("things"), "waits") { condition($0, "Terminating")?["status"] == "True" }
    #expect(condition(waiting, "Terminating")?["reason"] == "InstanceDeletionInProgress")
    let marked = try world.wait(held.key, "was marked") { $0.deletionTimestamp != nil }
    try world.store.commit([try #require(marked.removal(ofFinalizer: "example.com/hold"))])
    try world.waitGone(key("things"))
    try world.wait("the kind is no longer served") {
      world.catalog.catalog.kind(group: "example.com", version: "v1", plural: "things") == nil
    }
  }
}
