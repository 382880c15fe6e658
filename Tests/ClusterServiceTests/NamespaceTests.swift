import ClusterService
import Contracts
import JSONValue
import KubeAPI
import KubeModel
import ResourceDB
import Testing

@Suite struct NamespaceTests {
  @Test("the standard namespaces are there when the service has started, with their label, phase and finalizer")
  func standard() throws {
    let world = try World()
    for name in ["default", "kube-system", "kube-public"] {
      let namespace = try #require(try world.store.get(ResourceKey(.namespace, namespace: "", name: name)))
      #expect(namespace.status["phase"]?.string == "Active")
      #expect(namespace.label("kubernetes.io/metadata.name") == name)
      #expect(namespace.spec["finalizers"] == ["kubernetes"])
    }
  }

  @Test("a deleted namespace goes when all that is in it is gone, custom objects too")
  func deletion() throws {
    let world = try World()
    try world.make(.namespace, "team", in: "")
    try world.wait(world.key(.serviceAccount, "default", in: "team"), "had a token") { $0.json["secrets"]?.array?.count == 1 }
    for number in 0..<250 { try world.make(.configMap, "map-\(number)", in: "team") }
    try world.make(.workflow, "running", in: "team")
    try world.make(.configMap, "other", in: "default")
    let key = ResourceKey(.namespace, namespace: "", name: "team")
    try world.delete(key)
    try world.waitGone(key)
    for kind in world.catalog.catalog.kinds where kind.kind.isNamespaced {
      #expect(try world.store.list(kind.kind, namespace: "team", labels: .everything).isEmpty, "\(kind.kind.kind)")
    }
    #expect(try world.store.get(world.key(.configMap, "other")) != nil)
  }

  @Test("a namespace waits for an object with a finalizer, and its conditions say for which")
  func waiting() throws {
    let world = try World()
    try world.make(.namespace, "slow", in: "")
    try world.make(.configMap, "held", in: "slow", ["metadata": ["finalizers": ["example.com/hold"]]])
    let key = ResourceKey(.namespace, namespace: "", name: "slow")
    try world.delete(key)
    let shown = try world.wait(key, "said what remains") { ($0.status["conditions"]?.array ?? []).count == 5 }
    #expect(shown.status["phase"]?.string == "Terminating")
    let messages = (shown.status["conditions"]?.array ?? []).filter { $0["status"] == "True" }.compactMap { $0["message"]?.string }
    #expect(
      messages == [
        "Some resources are remaining: configmaps. has 1 resource instances",
        "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
      ])
    let held = try #require(try world.store.get(world.key(.configMap, "held", in: "slow")))
    #expect(held.deletionTimestamp != nil)
    try world.store.commit([try #require(held.removal(ofFinalizer: "example.com/hold"))])
    try world.waitGone(key)
  }

  @Test("what is refused: a namespace that is not there, one that goes, the deletion of standard ones")
  func admission() throws {
    let world = try World()
    let gate = NamespaceAdmission(store: world.store, settings: world.settings)
    func create(_ namespace: String) -> KubeStatus? {
      let key = ResourceKey(.pod, namespace: namespace, name: "p")
      var request = AdmissionRequest(.create, key: key, old: nil, new: Resource(.pod, json: [:]), user: .anonymous)
      do throws(KubeStatus) {
        try gate.admit(&request)
        return nil
      } catch {
        return error
      }
    }
    #expect(create("default") == nil)
    #expect(create("nowhere")?.message == "namespaces \"nowhere\" not found")
    #expect(create("nowhere")?.reason == .notFound)
    try world.make(.namespace, "gone", in: "")
    try world.make(.configMap, "held", in: "gone", ["metadata": ["finalizers": ["example.com/hold"]]])
    try world.delete(ResourceKey(.namespace, namespace: "", name: "gone"))
    let refusal = create("gone")
    #expect(
      refusal?.message
        == "pods \"p\" is forbidden: unable to create new content in namespace gone because it is being terminated")
    #expect(refusal?.details?.causes.first?.reason == "NamespaceTerminating")
    let standard = ResourceKey(.namespace, namespace: "", name: "kube-system")
    var request = AdmissionRequest(.delete, key: standard, old: try world.store.get(standard), new: nil, user: .anonymous)
    #expect(
      throws: KubeStatus(.forbidden, "namespaces \"kube-system\" is forbidden: this namespace may not be deleted", details: .init(standard))
    ) {
      try gate.admit(&request)
    }
    let new = ResourceKey(.namespace, namespace: "", name: "new")
    var creation = AdmissionRequest(
      .create, key: new, old: nil, new: Resource(.namespace, json: ["metadata": ["name": "new"]]), user: .anonymous)
    try gate.admit(&creation)
    #expect(creation.new?.label("kubernetes.io/metadata.name") == "new")
  }

  @Test("a namespace whose deletion was under way when the program ended goes with the next start")
  func restart() throws {
    let world = try World(before: { store in
      try store.create(
        Resource(
          .namespace,
          json: [
            "metadata": ["name": "old", "deletionTimestamp": "2026-01-01T00:00:00Z"], "spec": ["finalizers": ["kubernetes"]],
            "status": ["phase": "Terminating"],
          ]))
      try store.create(Resource(.secret, json: ["metadata": ["name": "left", "namespace": "old"]]))
    })
    try world.waitGone(ResourceKey(.namespace, namespace: "", name: "old"))
    try world.waitGone(world.key(.secret, "left", in: "old"))
  }
}
