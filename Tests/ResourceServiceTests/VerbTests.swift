import Basics
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import ResourceService
import Testing

@Suite("verbs")
struct VerbTests {
  @Test("a created object has what the server gives, whatever the client said of it")
  func create() throws {
    let bench = try Bench()
    let json: JSON = [
      "apiVersion": "v1", "kind": "Pod",
      "metadata": ["generateName": "p-", "uid": "mine", "generation": 7, "deletionTimestamp": "2020-01-01T00:00:00Z"],
      "spec": ["containers": [["name": "main", "image": "busybox"]]], "status": ["phase": "Succeeded"],
    ]
    let written = try bench.service.create(.pod, namespace: "n", json, bench.options)
    #expect(written.isDone)
    let pod = written.resource
    #expect(pod.name.hasPrefix("p-") && pod.name.utf8.count == 7)
    #expect(pod.uid.utf8.count == 36)
    #expect(pod.deletionTimestamp == nil)
    #expect(pod.namespace == "n")
    #expect(pod.status["phase"] == "Pending")
    #expect(pod.status["qosClass"] == "BestEffort")
    #expect(try bench.service.get(pod.key) == pod)
  }

  @Test("what does not fit its place is refused in Kubernetes' words")
  func refused() throws {
    let bench = try Bench()
    func message(_ kind: ResourceKind, _ namespace: String?, _ json: JSON) -> String {
      do {
        _ = try bench.service.create(kind, namespace: namespace, json, bench.options)
        return "created"
      } catch { return error.message }
    }
    #expect(
      message(.pod, "n", ["metadata": ["name": "a", "namespace": "m"]])
        == "the namespace of the provided object does not match the namespace sent on the request")
    #expect(message(.pod, "m", pod("a")) == "namespaces \"m\" not found")
    #expect(
      message(.pod, "n", ["apiVersion": "apps/v1", "metadata": ["name": "a"]])
        == "the API version in the data (apps/v1) does not match the expected API version (v1)")
    try bench.create(.pod, pod("a"))
    #expect(message(.pod, "n", pod("a")) == "pods \"a\" already exists")
    #expect(
      message(ResourceKind(group: "x", version: "v1", kind: "X", plural: "xs"), "n", [:])
        == "the server could not find the requested resource")
    #expect(message(.pod, "n", "text").hasPrefix("couldn't get version/kind; json parse error"))
  }

  @Test("nothing new comes into a namespace that is being removed")
  func terminatingNamespace() throws {
    let bench = try Bench()
    try bench.create(.namespace, ["metadata": ["name": "m"]])
    let key = ResourceKey(.namespace, namespace: "", name: "m")
    let marked = try bench.service.delete(key, DeleteOptions(), bench.options)
    #expect(!marked.isDone)
    #expect(marked.resource.status["phase"] == "Terminating")
    #expect(marked.resource.deletionTimestamp != nil)
    let refusal = #expect(throws: KubeStatus.self) {
      try bench.service.create(.configMap, namespace: "m", ["metadata": ["name": "c"]], bench.options)
    }
    #expect(
      refusal?.message
        == "configmaps \"c\" is forbidden: unable to create new content in namespace m because it is being terminated")
    #expect(refusal?.details?.causes.first?.reason == "NamespaceTerminating")
  }

  @Test("an update of an older version conflicts; without a version the last one wins, but not for custom kinds")
  func concurrency() throws {
    let bench = try Bench()
    let first = try bench.create(.configMap, ["metadata": ["name": "c"], "data": ["a": "1"]])
    var changed = first.json
    changed["data"]?["a"] = "2"
    let second = try bench.service.update(first.key, subresource: "", changed, bench.options).resource
    #expect(second.resourceVersion != first.resourceVersion)
    let key = first.key
    let stale = changed
    #expect(throws: KubeStatus.conflict(key)) { try bench.service.update(key, subresource: "", stale, bench.options) }
    changed["metadata"]?["resourceVersion"] = nil
    changed["data"]?["a"] = "3"
    #expect(try bench.service.update(first.key, subresource: "", changed, bench.options).resource.json.at("data", "a") == "3")
    try bench.create(.widget, ["metadata": ["name": "w"]])
    let refusal = #expect(throws: KubeStatus.self) {
      try bench.service.update(bench.key(.widget, "w"), subresource: "", ["metadata": ["name": "w"]], bench.options)
    }
    #expect(
      refusal?.message
        == "widgets.example.com \"w\" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update")
  }

  @Test("an update that changes nothing writes nothing")
  func noChange() throws {
    let bench = try Bench()
    let first = try bench.create(.configMap, ["metadata": ["name": "c", "generation": 4], "data": ["a": "1"]])
    // A plain record counts no generations.
    #expect(first.metadata["generation"] == nil)
    let revision = bench.store.revision
    #expect(try bench.service.update(first.key, subresource: "", first.json, bench.options).resource == first)
    #expect(try bench.patch(.configMap, "c", ["data": ["a": "1"]]) == first)
    #expect(bench.store.revision == revision)
  }

  @Test("status and specification are written apart, and only the latter counts as a generation")
  func status() throws {
    let bench = try Bench()
    let widget = try bench.create(.widget, ["metadata": ["name": "w"], "spec": ["size": 1], "status": ["ready": true]])
    #expect(widget.json["status"] == nil)
    #expect(widget.metadata["generation"] == 1)
    let ready = try bench.patch(
      .widget, "w", ["metadata": ["labels": ["a": "b"]], "spec": ["size": 5], "status": ["ready": true]], subresource: "status")
    #expect(ready.status["ready"] == true)
    #expect(ready.spec["size"] == 1)
    #expect(ready.labels.isEmpty)
    #expect(ready.metadata["generation"] == 1)
    let larger = try bench.patch(.widget, "w", ["spec": ["size": 2], "status": ["ready": false]])
    #expect(larger.status["ready"] == true)
    #expect(larger.spec["size"] == 2)
    #expect(larger.metadata["generation"] == 2)
    #expect(try bench.patch(.widget, "w", ["metadata": ["labels": ["a": "b"]]]).metadata["generation"] == 2)
    #expect(throws: KubeStatus.self) { try bench.patch(.configMap, "c", [:], subresource: "status") }
  }

  @Test("clients cannot write the status of workflows, which is the engine's")
  func engineStatus() throws {
    let bench = try Bench()
    let workflow = try bench.create(.workflow, ["metadata": ["name": "w"], "spec": ["entrypoint": "a"], "status": ["phase": "Failed"]])
    #expect(workflow.json["status"] == nil)
    try bench.store.commit([.patch(workflow.key, ["status": ["phase": "Running"]])])
    let patched = try bench.patch(.workflow, "w", ["spec": ["shutdown": "Stop"], "status": ["phase": "Succeeded"]])
    #expect(patched.status["phase"] == "Running")
    #expect(patched.spec["shutdown"] == "Stop")
  }

  @Test("an object of another version of its kind is the same object")
  func versions() throws {
    let bench = try Bench()
    try bench.create(.oldWidget, ["apiVersion": "example.com/v1alpha1", "kind": "Widget", "metadata": ["name": "w"], "spec": ["a": 1]])
    #expect(try bench.service.get(bench.key(.widget, "w")).json["apiVersion"] == "example.com/v1")
    #expect(try bench.service.get(bench.key(.oldWidget, "w")).json["apiVersion"] == "example.com/v1alpha1")
    #expect(try bench.service.list(.oldWidget, namespace: nil, ListOptions()).items.map(\.kind.version) == ["v1alpha1"])
  }

  @Test("a dry run answers as the real one and stores nothing")
  func dryRun() throws {
    let bench = try Bench()
    try bench.create(.pod, pod("b"))
    let revision = bench.store.revision
    var options = bench.options
    options.isDryRun = true
    #expect(try bench.service.create(.pod, namespace: "n", pod("a"), options).resource.uid.isEmpty == false)
    #expect(try bench.service.delete(bench.key(.pod, "b"), DeleteOptions(), options).isDone == false)
    #expect(
      try bench.service.patch(bench.key(.pod, "b"), subresource: "", .merge, ["metadata": ["labels": ["x": "y"]]], options).resource
        .label("x") == "y")
    #expect(bench.store.revision == revision)
    let again = options
    #expect(throws: KubeStatus.self) { try bench.service.create(.pod, namespace: "n", pod("b"), again) }
  }
}

@Suite("deletion")
struct DeletionTests {
  @Test("an object goes at once, unless finalizers hold it until the last is taken off")
  func finalizers() throws {
    let bench = try Bench()
    try bench.create(.configMap, ["metadata": ["name": "c"]])
    #expect(try bench.service.delete(bench.key(.configMap, "c"), DeleteOptions(), bench.options).isDone)
    #expect(throws: KubeStatus.notFound(bench.key(.configMap, "c"))) { try bench.service.get(bench.key(.configMap, "c")) }
    try bench.create(.configMap, ["metadata": ["name": "d", "finalizers": ["example.com/a", "example.com/b"]]])
    #expect(try !bench.service.delete(bench.key(.configMap, "d"), DeleteOptions(), bench.options).isDone)
    let held = try bench.service.get(bench.key(.configMap, "d"))
    #expect(held.deletionTimestamp != nil)
    let revision = bench.store.revision
    #expect(try !bench.service.delete(bench.key(.configMap, "d"), DeleteOptions(), bench.options).isDone)
    #expect(bench.store.revision == revision)
    let again = #expect(throws: KubeStatus.self) { try bench.create(.configMap, ["metadata": ["name": "d"]]) }
    #expect(again?.message == "object is being deleted: configmaps \"d\" already exists")
    try bench.patch(.configMap, "d", ["metadata": ["finalizers": ["example.com/b"]]])
    try bench.patch(.configMap, "d", ["metadata": ["finalizers": nil]])
    #expect(throws: KubeStatus.self) { try bench.service.get(bench.key(.configMap, "d")) }
  }

  @Test("a pod has its time to end, which a second deletion can shorten")
  func grace() throws {
    let bench = try Bench()
    try bench.create(.pod, pod("p"))
    let marked = try bench.service.delete(bench.key(.pod, "p"), DeleteOptions(), bench.options)
    #expect(!marked.isDone)
    #expect(marked.resource.metadata["deletionGracePeriodSeconds"] == 30)
    var shorter = DeleteOptions()
    shorter.graceSeconds = 5
    let sooner = try bench.service.delete(bench.key(.pod, "p"), shorter, bench.options)
    #expect(sooner.resource.metadata["deletionGracePeriodSeconds"] == 5)
    shorter.graceSeconds = 0
    #expect(try bench.service.delete(bench.key(.pod, "p"), shorter, bench.options).isDone)
    try bench.create(.pod, pod("q"))
    try bench.patch(.pod, "q", ["status": ["phase": "Succeeded"]], subresource: "status")
    #expect(try bench.service.delete(bench.key(.pod, "q"), DeleteOptions(), bench.options).isDone)
  }

  @Test("propagation is written into finalizers, and preconditions hold")
  func propagation() throws {
    let bench = try Bench()
    let stored = try bench.create(.configMap, ["metadata": ["name": "c"]])
    var deletion = DeleteOptions()
    deletion.uid = "other"
    let wrong = deletion
    #expect(throws: KubeStatus.self) { try bench.service.delete(stored.key, wrong, bench.options) }
    deletion.uid = stored.uid
    deletion.propagation = .foreground
    #expect(try bench.service.delete(stored.key, deletion, bench.options).resource.finalizers == ["foregroundDeletion"])
    deletion.propagation = .orphan
    #expect(try bench.service.delete(stored.key, deletion, bench.options).resource.finalizers == ["orphan"])
    deletion.propagation = .background
    #expect(try bench.service.delete(stored.key, deletion, bench.options).isDone)
  }

  @Test("a collection is deleted as far as its selectors reach")
  func collection() throws {
    let bench = try Bench()
    for name in ["a", "b", "c"] {
      try bench.create(.configMap, ["metadata": ["name": .string(name), "labels": ["l": name == "c" ? "x" : "y"]]])
    }
    var list = ListOptions()
    list.labels = LabelSelector([.equals("l", "y")])
    let gone = try bench.service.deleteAll(.configMap, namespace: "n", list, DeleteOptions(), bench.options)
    #expect(gone.items.map(\.name) == ["a", "b"])
    #expect(try bench.service.list(.configMap, namespace: "n", ListOptions()).items.map(\.name) == ["c"])
  }
}
