import Basics
import ClusterService
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Testing

@Suite struct OwnerTests {
  @Test("what an object owns goes after it, and what that owns too")
  func background() throws {
    let world = try World(scope: .runs)
    let owner = try world.make(.configMap, "owner")
    let middle = try world.make(.secret, "middle", owners: [owner])
    try world.make(.pod, "leaf", owners: [middle])
    try world.make(.configMap, "other")
    try world.delete(owner.key)
    try world.waitGone(world.key(.secret, "middle"))
    try world.waitGone(world.key(.pod, "leaf"))
    #expect(try world.store.get(world.key(.configMap, "other")) != nil)
  }

  @Test("an object with several owners stays while one is there, without the references to those that are gone")
  func severalOwners() throws {
    let world = try World(scope: .runs)
    let first = try world.make(.configMap, "first")
    let second = try world.make(.configMap, "second")
    let shared = try world.make(.secret, "shared", owners: [first, second])
    try world.delete(second.key)
    let held = try world.wait(shared.key, "lost a reference") { ($0.metadata["ownerReferences"]?.array ?? []).count == 1 }
    #expect(held.metadata["ownerReferences"]?[0]?["name"]?.string == "first")
    try world.delete(first.key)
    try world.waitGone(shared.key)
  }

  @Test("an owner deleted in the foreground waits for what blocks it, and only for that")
  func foreground() throws {
    let world = try World(scope: .runs)
    let owner = try world.make(.configMap, "owner")
    let blocking = try world.make(.secret, "blocking", owners: [owner], blocks: true, ["metadata": ["finalizers": ["example.com/hold"]]])
    let free = try world.make(.secret, "free", owners: [owner], ["metadata": ["finalizers": ["example.com/hold"]]])
    try world.delete(owner.key, adding: [Resource.foregroundFinalizer])
    let marked = try world.wait(blocking.key, "was marked") { $0.deletionTimestamp != nil }
    try world.wait(free.key, "was marked") { $0.deletionTimestamp != nil }
    #expect(try world.store.get(owner.key)?.finalizers == [Resource.foregroundFinalizer])
    try world.store.commit([try #require(marked.removal(ofFinalizer: "example.com/hold"))])
    try world.waitGone(owner.key)
    #expect(try world.store.get(free.key) != nil)
  }

  @Test("an owner that orphans leaves what it owned without a reference to it")
  func orphan() throws {
    let world = try World(scope: .runs)
    let owner = try world.make(.configMap, "owner")
    let child = try world.make(.secret, "child", owners: [owner])
    try world.delete(owner.key, adding: [Resource.orphanFinalizer])
    try world.waitGone(owner.key)
    let left = try #require(try world.store.get(child.key))
    #expect(left.metadata["ownerReferences"] == nil && left.deletionTimestamp == nil)
  }

  @Test("an owner counts by uid and in the object's own namespace; a cluster-wide one counts everywhere")
  func identity() throws {
    let world = try World()
    try world.make(.namespace, "a", in: "")
    try world.make(.namespace, "b", in: "")
    let elsewhere = try world.make(.configMap, "owner", in: "a")
    let stranger = try world.make(.secret, "stranger", in: "b", owners: [elsewhere])
    try world.waitGone(stranger.key)
    // Of the name, but an earlier one.
    var past = elsewhere
    past.uid = "00000000-0000-4000-8000-000000000000"
    try world.waitGone(try world.make(.secret, "late", in: "a", owners: [past]).key)
    let node = try world.make(.node, "n1", in: "")
    let held = try world.make(.secret, "held", in: "b", owners: [node])
    // A cluster-wide object cannot be owned by a namespaced one: nothing is known of it, and it stays.
    let odd = try world.make(.node, "n2", in: "", owners: [elsewhere])
    try world.delete(elsewhere.key)
    try world.delete(node.key)
    try world.waitGone(held.key)
    #expect(try world.store.get(odd.key) != nil)
  }

  @Test("owners of a kind that nobody knows decide nothing")
  func unknownKind() throws {
    let world = try World(scope: .runs)
    let owner = Resource(
      ResourceKind(group: "example.com", version: "v1", kind: "Thing", plural: "things"),
      json: ["metadata": ["name": "t", "uid": "11111111-0000-4000-8000-000000000000"]])
    let kept = try world.make(.secret, "kept", owners: [owner])
    let known = try world.make(.configMap, "known")
    let marker = try world.make(.secret, "marker", owners: [known])
    try world.delete(known.key)
    try world.waitGone(marker.key)
    #expect(try world.store.get(kept.key) != nil)
  }

  @Test("what lost its owner while nobody watched goes with the next start")
  func restart() throws {
    let world = try World(
      scope: .runs,
      before: { store in
        try store.create(
          Resource(
            .pod,
            json: [
              "metadata": [
                "name": "left", "namespace": "default",
                "ownerReferences": [
                  ["apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "name": "w", "uid": "22222222-0000-4000-8000-000000000000"]
                ],
              ]
            ]))
      })
    try world.waitGone(world.key(.pod, "left"))
  }

  @Test("a pod that runs is left to its node to end, in its time")
  func runningPod() throws {
    let world = try World(scope: .runs)
    let owner = try world.make(.configMap, "owner")
    let pod = try world.make(
      .pod, "runs", owners: [owner], ["spec": ["terminationGracePeriodSeconds": 7], "status": ["phase": "Running"]])
    let waiting = try world.make(.pod, "waits", owners: [owner], ["status": ["phase": "Pending"]])
    try world.delete(owner.key)
    try world.waitGone(waiting.key)
    let marked = try world.wait(pod.key, "was marked") { $0.deletionTimestamp != nil }
    #expect(marked.metadata["deletionGracePeriodSeconds"] == 7)
  }
}
