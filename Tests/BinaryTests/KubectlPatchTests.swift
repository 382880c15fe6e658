import JSONValue
import Testing

/// The ways in which kubectl changes objects: client-side and server-side apply, patches, edit, replace, label, annotate, diff.
@Suite(.needsKubectl) struct KubectlPatchTests {
  private static let pod = """
    apiVersion: v1
    kind: Pod
    metadata: {name: p, labels: {a: b}}
    spec:
      containers:
      - name: main
        image: alpine
        command: [sleep, "300"]
        ports: [{containerPort: 80}]
        env: [{name: A, value: "1"}, {name: B, value: "2"}]
    """

  private static func configMap(_ data: String) -> String {
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: default}\ndata: {\(data)}\n"
  }

  @Test("client-side apply keeps what others added and takes away what the file no longer has", arguments: Kubectl.chosen)
  func clientSide(version: String) async throws {
    let cluster = try await ServedCluster()
    func ok(_ words: String) async throws -> String { try await cluster.ok(words, version: version) }
    func file(_ text: String) throws { try cluster.bench.file("pod.yaml", text) }
    try file(Self.pod)
    _ = try await ok("apply -f pod.yaml")
    _ = try await ok("label pod p mine=1")
    let changed = Self.pod.replacing("{a: b}", with: "{c: d}").replacing("image: alpine", with: "image: busybox")
    try file(changed)
    #expect(try await cluster.kubectl("diff -f pod.yaml", version: version).status == 1)
    #expect(try await ok("apply -f pod.yaml") == "pod/p configured\n")
    let pod = try JSON.parse(try await ok("get pod p -o json"))
    #expect(pod.at("metadata", "labels") == ["c": "d", "mine": "1"])
    #expect(pod.at("spec", "containers")?[0]?["image"] == "busybox")
    #expect(try await ok("apply -f pod.yaml") == "pod/p unchanged\n")
    #expect(try await cluster.kubectl("diff -f pod.yaml", version: version).status == 0)
    #expect(try await ok("apply view-last-applied pod/p").contains("busybox"))
  }

  @Test("the three types of patches change what they say, and are refused in Kubernetes' words", arguments: Kubectl.chosen)
  func patches(version: String) async throws {
    let cluster = try await ServedCluster()
    func patch(_ type: String, _ text: String, _ more: String...) async throws -> Outcome {
      try await cluster.kubectl(["patch", "pod", "p", "--type", type, "-p", text] + more, version: version)
    }
    try cluster.bench.file("pod.yaml", Self.pod)
    try await cluster.ok("create -f pod.yaml", version: version)
    #expect(try await patch("strategic", #"{"spec":{"containers":[{"name":"main","image":"busybox"}]}}"#).status == 0)
    #expect(try await patch("merge", #"{"metadata":{"labels":{"a":null,"m":"1"}}}"#).status == 0)
    #expect(
      try await patch(
        "json", #"[{"op":"test","path":"/metadata/labels/m","value":"1"},{"op":"add","path":"/metadata/labels/j","value":"2"}]"#
      ).status == 0)
    let pod = try JSON.parse(try await cluster.ok("get pod p -o json", version: version))
    let container = try #require(pod.at("spec", "containers")?[0])
    #expect(container["image"] == "busybox")
    #expect(container["env"]?.array?.count == 2 && container["ports"]?[0]?["protocol"] == "TCP")
    #expect(pod.at("metadata", "labels") == ["m": "1", "j": "2"])
    #expect(try await patch("merge", #"{"metadata":{"labels":{"m":"1"}}}"#).out == "pod/p patched (no change)\n")
    #expect(try await patch("merge", #"{"metadata":{"labels":{"m":"2"}}}"#, "--dry-run=server").status == 0)
    #expect(try await cluster.ok("get pod p -o jsonpath={.metadata.labels.m}", version: version) == "1")

    #expect(
      try await patch("strategic", #"{"spec":{"containers":[{"image":"x"}]}}"#).err
        == "Error from server: map: map[image:x] does not contain declared merge key: name\n")
    #expect(try await patch("json", #"[{"op":"test","path":"/metadata/labels/m","value":"9"}]"#).err.hasPrefix("The request is invalid: "))
    #expect(
      try await patch("merge", "[1]").err
        == "Error from server (BadRequest): error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}\n"
    )
    #expect(
      try await patch("merge", #"{"metadata":{"name":"q"}}"#).err
        == "Error from server (BadRequest): the name of the object (q) does not match the name on the URL (p)\n")
    #expect(
      try await patch("merge", #"{"metadata":{"resourceVersion":"1","labels":{"z":"1"}}}"#).err.hasPrefix(
        "Error from server (Conflict): Operation cannot be fulfilled on pods \"p\""))
  }

  @Test("several managers share an object: conflicts are told, force takes over, withdrawal takes away", arguments: Kubectl.chosen)
  func managers(version: String) async throws {
    let cluster = try await ServedCluster()
    func apply(_ data: String, _ manager: String, _ more: String = "") async throws -> Outcome {
      try cluster.bench.file("c.yaml", Self.configMap(data))
      return try await cluster.kubectl("apply --server-side --field-manager=\(manager) -f c.yaml \(more)", version: version)
    }
    func data() async throws -> JSON { try JSON.parse(try await cluster.ok("get cm c -o jsonpath={.data}", version: version)) }
    #expect(try await apply(#"a: "1", b: "1""#, "one").status == 0)
    #expect(try await apply(#"a: "1", c: "1""#, "two").status == 0)
    let conflict = try await apply(#"a: "2", b: "2""#, "two")
    #expect(conflict.status == 1)
    #expect(conflict.err.contains("Apply failed with 2 conflicts: conflicts with \"one\":\n- .data.a\n- .data.b"), "\(conflict)")
    // The failed apply changed nothing.
    #expect(try await data() == ["a": "1", "b": "1", "c": "1"])
    #expect(try await apply(#"a: "2""#, "two", "--force-conflicts").status == 0)
    #expect(try await data() == ["a": "2", "b": "1"])
    #expect(try await apply("", "one").status == 0)
    #expect(try await data() == ["a": "2"])
    let owners = try JSON.parse(try await cluster.ok("get cm c -o json --show-managed-fields", version: version))
    let entries = try #require(owners.at("metadata", "managedFields")?.array)
    // By time in whole seconds, then by name: which comes first depends on when the second turned.
    let fields = Dictionary(uniqueKeysWithValues: entries.map { ($0["manager"]?.string, $0["fieldsV1"]) })
    // An empty map is owned too.
    #expect(fields == ["two": ["f:data": ["f:a": [:]]], "one": ["f:data": [:]]])
  }

  @Test("what was applied from the client's side goes over to server-side apply without a conflict", arguments: Kubectl.chosen)
  func migration(version: String) async throws {
    let cluster = try await ServedCluster()
    try cluster.bench.file("c.yaml", Self.configMap(#"a: "1", b: "1""#))
    try await cluster.ok("apply -f c.yaml", version: version)
    try cluster.bench.file("c.yaml", Self.configMap(#"a: "2""#))
    #expect(try await cluster.ok("apply --server-side -f c.yaml", version: version) == "configmap/c serverside-applied\n")
    #expect(try await cluster.ok("get cm c -o jsonpath={.data}", version: version) == #"{"a":"2"}"#)
    let object = try JSON.parse(try await cluster.ok("get cm c -o json --show-managed-fields", version: version))
    let managers = (object.at("metadata", "managedFields")?.array ?? []).map {
      "\($0["manager"]?.string ?? "") \($0["operation"]?.string ?? "")"
    }
    #expect(!managers.contains("kubectl-client-side-apply Update"), "\(managers)")
    #expect(managers.contains("kubectl Apply"))
    // And back.
    try cluster.bench.file("c.yaml", Self.configMap(#"a: "3""#))
    #expect(try await cluster.ok("apply -f c.yaml", version: version) == "configmap/c configured\n")
    #expect(try await cluster.ok("get cm c -o jsonpath={.data}", version: version) == #"{"a":"3"}"#)
  }

  @Test("a custom kind's lists merge by their keys in server-side apply; strategic patches are refused", arguments: Kubectl.chosen)
  func custom(version: String) async throws {
    let cluster = try await ServedCluster()
    func ok(_ words: String) async throws -> String { try await cluster.ok(words, version: version) }
    try cluster.bench.file(
      "crd.yaml",
      """
      apiVersion: apiextensions.k8s.io/v1
      kind: CustomResourceDefinition
      metadata: {name: widgets.example.com}
      spec:
        group: example.com
        scope: Namespaced
        names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
        versions:
        - name: v1
          served: true
          storage: true
          subresources: {status: {}}
          schema:
            openAPIV3Schema:
              type: object
              properties:
                spec:
                  type: object
                  properties:
                    size: {type: integer, default: 3}
                    parts:
                      type: array
                      x-kubernetes-list-type: map
                      x-kubernetes-list-map-keys: [name]
                      items: {type: object, required: [name], properties: {name: {type: string}, count: {type: integer}}}
                    tags: {type: array, x-kubernetes-list-type: set, items: {type: string}}
                    open: {type: object, x-kubernetes-preserve-unknown-fields: true}
                status: {type: object, properties: {ready: {type: boolean}}}

      """)
    _ = try await ok("apply -f crd.yaml")
    _ = try await ok("wait --for condition=established crd/widgets.example.com --timeout=60s")
    func apply(_ spec: String, _ manager: String) async throws -> Outcome {
      try cluster.bench.file("w.yaml", "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: \(spec)\n")
      return try await cluster.kubectl("apply --server-side --field-manager=\(manager) -f w.yaml", version: version)
    }
    #expect(try await apply("{parts: [{name: a, count: 1}, {name: b, count: 2}], tags: [x], open: {k: {l: 1}}}", "one").status == 0)
    #expect(try await apply("{parts: [{name: c}, {name: b}], tags: [t, x], open: {k: {m: 1}}}", "two").status == 0)
    let spec = try JSON.parse(try await ok("get widget w -o jsonpath={.spec}"))
    #expect(spec["parts"] == [["name": "a", "count": 1], ["name": "c"], ["name": "b", "count": 2]])
    #expect(Set(spec["tags"]?.array ?? []) == ["x", "t"] && spec["size"] == 3)
    #expect(spec["open"] == ["k": ["l": 1, "m": 1]])
    let conflict = try await apply("{parts: [{name: a, count: 9}]}", "two")
    #expect(conflict.err.contains("conflict with \"one\": .spec.parts[name=\"a\"].count"), "\(conflict)")
    let unknown = try await apply("{nothing: 1}", "two")
    #expect(
      unknown.err.contains(
        "failed to create typed patch object (default/w; example.com/v1, Kind=Widget): .spec.nothing: field not declared in schema"),
      "\(unknown)")
    let strategic = try await cluster.kubectl(["patch", "widget", "w", "--type=strategic", "-p", "{}"], version: version)
    #expect(strategic.status == 1 && strategic.err.contains("application/strategic-merge-patch+json is not supported"), "\(strategic)")
    let status = try await cluster.kubectl(
      ["patch", "widget", "w", "--subresource=status", "--type=merge", "-p", #"{"status":{"ready":true},"spec":{"size":9}}"#],
      version: version)
    #expect(status.status == 0, "\(status)")
    #expect(try await ok("get widget w -o jsonpath={.spec.size}{.status.ready}") == "3true")
  }

  @Test("edit and replace change objects; a version that is gone is a conflict", arguments: Kubectl.chosen)
  func editing(version: String) async throws {
    let cluster = try await ServedCluster()
    func ok(_ words: String) async throws -> String { try await cluster.ok(words, version: version) }
    try cluster.bench.file("pod.yaml", Self.pod)
    _ = try await ok("create -f pod.yaml")
    try cluster.bench.command("editor", "#!/bin/sh\nsed -i 's/image: alpine/image: busybox/; s/a: b/a: edited/' \"$1\"\n")
    cluster.bench.set("KUBE_EDITOR", cluster.bench.path("bin/editor"))
    #expect(try await ok("edit pod p") == "pod/p edited\n")
    #expect(try await ok("get pod p -o jsonpath={.spec.containers[0].image}{.metadata.labels.a}") == "busyboxedited")
    cluster.bench.set("KUBE_EDITOR", "true")
    let unchanged = try await cluster.kubectl("edit pod p", version: version)
    #expect((unchanged.out + unchanged.err).contains("Edit cancelled, no changes made."), "\(unchanged)")
    try cluster.bench.file("c.yaml", Self.configMap(#"a: "1""#))
    _ = try await ok("create -f c.yaml")
    try cluster.bench.file("stale.yaml", try await ok("get cm c -o yaml"))
    #expect(try await ok("label cm c x=1 --overwrite") == "configmap/c labeled\n")
    let stale = try await cluster.kubectl("replace -f stale.yaml", version: version)
    #expect(
      stale.status == 1 && stale.err.contains("the object has been modified; please apply your changes to the latest version"), "\(stale)")
    try cluster.bench.file("c.yaml", Self.configMap(#"b: "2""#))
    #expect(try await ok("replace -f c.yaml") == "configmap/c replaced\n")
    #expect(try await ok("get cm c -o jsonpath={.data}{.metadata.labels}") == #"{"b":"2"}"#)
    #expect(try await ok("annotate cm c note=1 --field-manager=me").hasPrefix("configmap/c annotate"))
    #expect(try await ok("label cm c x- y=1").contains("configmap/c labeled"))
    let object = try JSON.parse(try await ok("get cm c -o json --show-managed-fields"))
    let entry = object.at("metadata", "managedFields")?.array?.first { $0["manager"] == "me" }
    #expect(entry?["fieldsV1"] == ["f:metadata": ["f:annotations": [".": [:], "f:note": [:]]]])
  }
}
