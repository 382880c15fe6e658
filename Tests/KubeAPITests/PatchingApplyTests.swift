import Basics
import Contracts
import JSONValue
import KubeAPI
import KubeModel
import Testing

/// One object that several managers write.
struct Bench {
  var target: PatchTarget
  var live: JSON?
  var clock: Int64 = 1_700_000_000

  init(_ target: PatchTarget) { self.target = target }

  mutating func apply(_ text: String, by name: String = "kubectl-test", subresource: String = "", force: Bool = false) throws {
    clock += 1
    live = try Patching.apply(
      .apply, try JSON.parse(text), to: live, of: target, by: manager(name, subresource), force: force)
  }
  mutating func patch(_ form: PatchForm, _ text: String, by name: String, subresource: String = "") throws {
    clock += 1
    live = try Patching.apply(form, try JSON.parse(text), to: live, of: target, by: manager(name, subresource))
  }
  mutating func put(_ text: String, by name: String, subresource: String = "") throws {
    clock += 1
    live = FieldOwnership.recorded(try JSON.parse(text), over: live, by: manager(name, subresource), of: target)
  }
  func manager(_ name: String, _ subresource: String) -> FieldManager {
    FieldManager(name: name, subresource: subresource, time: Instant(seconds: clock))
  }
  mutating func refusal(_ text: String, by name: String = "kubectl-test") throws -> KubeStatus? {
    do throws(KubeStatus) {
      _ = try Patching.apply(.apply, (try? JSON.parse(text)) ?? .null, to: live, of: target, by: manager(name, ""))
      return nil
    } catch { return error }
  }
  /// The live object without its entries.
  var object: JSON? {
    var object = live
    object?["metadata"]?["managedFields"] = nil
    return object
  }
  func entry(_ name: String, _ operation: String = "Apply", subresource: String? = nil) -> JSON? {
    live?.at("metadata", "managedFields")?.array?.first {
      $0["manager"]?.string == name && $0["operation"]?.string == operation && $0["subresource"]?.string == subresource
    }
  }
  func fields(_ name: String, _ operation: String = "Apply", subresource: String? = nil) -> JSON? {
    entry(name, operation, subresource: subresource)?["fieldsV1"]
  }
}

@Suite struct PatchingApplyTests {
  @Test("an apply creates an object and owns what it says")
  func create() throws {
    var bench = Bench(Shapes.configMaps)
    try bench.apply(#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"n","labels":{"x":"1"}},"data":{"k":"v"}}"#)
    #expect(
      bench.object
        == (try JSON.parse(
          #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"n","labels":{"x":"1"}},"data":{"k":"v"}}"#)))
    #expect(
      bench.live?.at("metadata", "managedFields")
        == (try JSON.parse(
          #"""
          [{"manager":"kubectl-test","operation":"Apply","apiVersion":"v1","time":"2023-11-14T22:13:21Z","fieldsType":"FieldsV1",
           "fieldsV1":{"f:data":{"f:k":{}},"f:metadata":{"f:labels":{"f:x":{}}}}}]
          """#)))
  }

  @Test("what another owns conflicts, in Kubernetes' words; force takes it over")
  func conflicts() throws {
    var bench = Bench(Shapes.configMaps)
    try bench.put(
      #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"1","b":"2"}}"#, by: "kubectl-create")
    let one = try #require(
      try bench.refusal(#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"x"}}"#))
    #expect(one.reason == .conflict)
    #expect(one.message == #"Apply failed with 1 conflict: conflict with "kubectl-create" using v1: .data.a"#)
    #expect(
      one.details?.causes == [
        KubeStatus.Cause(
          reason: "FieldManagerConflict", message: #"conflict with "kubectl-create" using v1"#, field: ".data.a")
      ])
    try bench.apply(#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"c":"3"}}"#, by: "other")
    let two = try #require(
      try bench.refusal(#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"x","b":"y","c":"z"}}"#))
    #expect(
      two.message == """
        Apply failed with 3 conflicts: conflicts with "kubectl-create" using v1:
        - .data.a
        - .data.b
        conflicts with "other":
        - .data.c
        """)
    try bench.apply(#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"x"}}"#, force: true)
    #expect(bench.object?["data"] == ["a": "x", "b": "2", "c": "3"])
    #expect(bench.fields("kubectl-create", "Update") == ["f:data": [".": [:], "f:b": [:]]])
    #expect(bench.fields("kubectl-test") == ["f:data": ["f:a": [:]]])
  }

  @Test("the same value is owned by both and conflicts with nobody")
  func shared() throws {
    var bench = Bench(Shapes.configMaps)
    try bench.apply(#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"1","b":"2"}}"#, by: "one")
    try bench.apply(#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"1"}}"#, by: "two")
    #expect(bench.fields("two") == ["f:data": ["f:a": [:]]])
    // One gives a up; two keeps it. b goes, for nobody else owns it.
    try bench.apply(#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"#, by: "one")
    #expect(bench.object?["data"] == ["a": "1"])
    #expect(bench.entry("one") == nil)
    try bench.apply(#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"#, by: "two")
    #expect(bench.object == ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a"]])
    #expect(bench.live?.at("metadata", "managedFields") == nil)
  }

  @Test("elements of keyed lists have owners of their own; defaults count as keys")
  func lists() throws {
    func deployment(_ containers: String) -> String {
      #"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"template":{"spec":{"containers":[\#(containers)]}}}}"#
    }
    var bench = Bench(Shapes.deployments)
    try bench.apply(deployment(#"{"name":"main","image":"a","ports":[{"containerPort":80}]}"#), by: "one")
    try bench.apply(
      deployment(#"{"name":"side","image":"b"},{"name":"main","ports":[{"containerPort":80,"protocol":"UDP"}]}"#), by: "two")
    #expect(
      bench.object?.at("spec", "template", "spec", "containers")
        == (try JSON.parse(
          #"[{"name":"side","image":"b"},{"name":"main","image":"a","ports":[{"containerPort":80},{"containerPort":80,"protocol":"UDP"}]}]"#
        )))
    #expect(
      bench.fields("two")
        == (try JSON.parse(
          #"""
          {"f:spec":{"f:template":{"f:spec":{"f:containers":{
           "k:{\"name\":\"main\"}":{".":{},"f:name":{},"f:ports":{"k:{\"containerPort\":80,\"protocol\":\"UDP\"}":{".":{},"f:containerPort":{},"f:protocol":{}}}},
           "k:{\"name\":\"side\"}":{".":{},"f:image":{},"f:name":{}}}}}}}
          """#)))
    // The port with the default protocol is the one that was there.
    try bench.apply(
      deployment(#"{"name":"main","ports":[{"containerPort":80,"protocol":"TCP","hostPort":8080}]}"#), by: "three")
    let ports = bench.object?.at("spec", "template", "spec", "containers")?[1]?["ports"]?.array
    #expect(ports?.count == 2 && ports?.first == ["containerPort": 80, "protocol": "TCP", "hostPort": 8080])
    // Two withdraws: its container goes, its port goes, what one owns stays.
    try bench.apply(deployment(""), by: "two")
    #expect(
      bench.object?.at("spec", "template", "spec", "containers")
        == (try JSON.parse(
          #"[{"name":"main","image":"a","ports":[{"containerPort":80,"protocol":"TCP","hostPort":8080}]}]"#)))
  }

  @Test("atomic lists and maps have one owner; sets are owned value by value")
  func atomic() throws {
    func deployment(_ spec: String) -> String {
      #"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":\#(spec)}"#
    }
    var bench = Bench(Shapes.deployments)
    try bench.apply(
      deployment(#"{"sets":["a","b"],"template":{"spec":{"nodeSelector":{"x":"1"},"tolerations":[{"key":"a"}]}}}"#), by: "one")
    try bench.apply(deployment(#"{"sets":["b","c"]}"#), by: "two")
    #expect(bench.object?.at("spec", "sets") == ["a", "b", "c"])
    #expect(bench.fields("two") == ["f:spec": ["f:sets": ["v:\"b\"": [:], "v:\"c\"": [:]]]])
    let status = try #require(
      try bench.refusal(deployment(#"{"template":{"spec":{"nodeSelector":{"y":"1"},"tolerations":[{"key":"b"}]}}}"#), by: "two"))
    #expect(status.details?.causes.map(\.field) == [".spec.template.spec.nodeSelector", ".spec.template.spec.tolerations"])
    try bench.apply(deployment(#"{"sets":["b"]}"#), by: "one")
    #expect(bench.object?["spec"] == ["sets": ["b", "c"]])
  }

  @Test("objects without a schema are owned member by member, their lists as a whole")
  func schemaless() throws {
    var bench = Bench(Shapes.workflows)
    func workflow(_ spec: String) -> String {
      #"{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow","metadata":{"name":"w","finalizers":["x"]},"spec":\#(spec)}"#
    }
    try bench.apply(workflow(#"{"entrypoint":"a","templates":[{"name":"a"}],"deep":{"x":{"y":1}},"none":{}}"#), by: "one")
    #expect(
      bench.fields("one")
        == (try JSON.parse(
          #"{"f:metadata":{"f:finalizers":{"v:\"x\"":{}}},"f:spec":{".":{},"f:deep":{".":{},"f:x":{".":{},"f:y":{}}},"f:entrypoint":{},"f:none":{},"f:templates":{}}}"#
        )))
    let status = try #require(try bench.refusal(workflow(#"{"templates":[{"name":"b"}],"deep":{"x":{"z":1}}}"#), by: "two"))
    #expect(status.details?.causes.map(\.field) == [".spec.templates"])
    try bench.apply(workflow(#"{"deep":{"x":{"z":1}}}"#), by: "two")
    try bench.apply(workflow(#"{"entrypoint":"a"}"#), by: "one")
    #expect(bench.object?["spec"] == ["entrypoint": "a", "deep": ["x": ["z": 1]]])
  }

  @Test("a configuration of another kind or shape is refused in Kubernetes' words")
  func refusals() throws {
    func check(_ text: String, _ reason: KubeStatus.Reason, _ message: String, _ line: Int = #line) throws {
      var bench = Bench(Shapes.deployments)
      let status = try #require(try bench.refusal(text))
      #expect(status.reason == reason && status.message == message, "line \(line)")
    }
    try check(#"{"apiVersion":"v1","kind":"Pod"}"#, .badRequest, "invalid object type: /v1, Kind=Pod")
    try check("{}", .badRequest, "invalid object type: /, Kind=")
    try check(
      #"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","managedFields":[]}}"#, .badRequest,
      "metadata.managedFields must be nil")
    let prefix = "failed to create typed patch object (n/d; apps/v1, Kind=Deployment): "
    func of(_ spec: String) -> String {
      #"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","namespace":"n"},"spec":\#(spec)}"#
    }
    try check(of(#"{"foo":1}"#), .unknown, prefix + ".spec.foo: field not declared in schema")
    try check(of(#"{"replicas":"3"}"#), .unknown, prefix + ".spec.replicas: expected numeric (int or float), got string")
    try check(
      of(#"{"template":{"spec":{"restartPolicy":5}}}"#), .unknown,
      prefix + ".spec.template.spec.restartPolicy: expected string, got &value.valueUnstructured{Value:5}")
    try check(
      of(#"{"paused":"no","template":[]}"#), .unknown,
      prefix + "errors:\n  .spec.paused: expected boolean, got &{no}\n  .spec.template: expected map, got &{[]}")
    try check(
      of(#"{"template":{"spec":{"containers":{}}}}"#), .unknown, prefix + ".spec.template.spec.containers: expected list, got &{map[]}")
    try check(
      of(#"{"template":{"spec":{"containers":[{"image":"x"}]}}}"#), .unknown,
      prefix
        + #".spec.template.spec.containers: element 0: associative list with keys has an element that omits all key fields ["name"] (and doesn't have default values for any key fields)"#
    )
    try check(
      of(#"{"template":{"spec":{"containers":[{"name":"x"},{"name":"x"}]}}}"#), .unknown,
      prefix + #".spec.template.spec.containers: duplicate entries for key [name="x"]"#)
    #expect(throws: KubeStatus.self) { try Patching.checkOptions(.apply, fieldManager: "", force: nil) }
    #expect(throws: KubeStatus.self) { try Patching.checkOptions(.merge, fieldManager: "x", force: false) }
    try Patching.checkOptions(.apply, fieldManager: "x", force: true)
  }

  @Test("an apply that changes nothing writes nothing")
  func nothing() throws {
    var bench = Bench(Shapes.configMaps)
    let config = #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"1"}}"#
    try bench.apply(config)
    let first = bench.live
    try bench.apply(config)
    #expect(bench.live == first)
    try bench.patch(.merge, #"{"data":{"a":"1"}}"#, by: "someone")
    #expect(bench.live == first)
  }

  @Test("objects from before the first apply belong to before-first-apply")
  func before() throws {
    var bench = Bench(Shapes.configMaps)
    bench.live = try JSON.parse(#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","uid":"u"},"data":{"a":"1"}}"#)
    try bench.patch(.merge, #"{"data":{"b":"2"}}"#, by: "someone")
    #expect(bench.live?.at("metadata", "managedFields") == nil)
    try bench.apply(#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"c":"3"}}"#)
    #expect(bench.fields("before-first-apply", "Update") == ["f:data": [".": [:], "f:a": [:], "f:b": [:]]])
    #expect(bench.fields("kubectl-test") == ["f:data": ["f:c": [:]]])
  }

  @Test("kubectl takes over what it applied from the client's side, and keeps its annotation in step")
  func migration() throws {
    var bench = Bench(Shapes.configMaps)
    let last =
      #"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"annotations\":{},\"name\":\"a\"},\"data\":{\"a\":\"1\",\"b\":\"1\"}}\n"#
    try bench.put(
      #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"\#(last)"}},"data":{"a":"1","b":"1"}}"#,
      by: "kubectl-client-side-apply")
    try bench.patch(.merge, #"{"data":{"b":"2"}}"#, by: "editor")
    // b was changed by another since: that remains a conflict.
    let status = try #require(
      try bench.refusal(#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"2","b":"3"}}"#, by: "kubectl"))
    #expect(status.details?.causes.map(\.field) == [".data.b"])
    try bench.apply(#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"2"}}"#, by: "kubectl")
    #expect(bench.object?["data"] == ["a": "2", "b": "2"])
    #expect(
      bench.object?.at("metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration")?.string
        == #"{"apiVersion":"v1","data":{"a":"2"},"kind":"ConfigMap","metadata":{"name":"a"}}"# + "\n")
  }

  @Test("the status has owners of its own")
  func status() throws {
    var bench = Bench(Shapes.deployments)
    try bench.put(
      #"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":1},"status":{"replicas":9}}"#, by: "a")
    #expect(bench.fields("a", "Update") == ["f:spec": ["f:replicas": [:]]])
    try bench.patch(.merge, #"{"spec":{"replicas":2},"status":{"replicas":1}}"#, by: "controller", subresource: "status")
    #expect(bench.fields("controller", "Update", subresource: "status") == ["f:status": ["f:replicas": [:]]])
    #expect(bench.fields("a", "Update") == ["f:spec": ["f:replicas": [:]]])
    try bench.apply(
      #"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"status":{"conditions":[{"type":"Ready","status":"True"}]}}"#,
      by: "controller", subresource: "status")
    #expect(
      bench.fields("controller", subresource: "status")
        == ["f:status": ["f:conditions": ["k:{\"type\":\"Ready\"}": [".": [:], "f:status": [:], "f:type": [:]]]]])
  }
}
