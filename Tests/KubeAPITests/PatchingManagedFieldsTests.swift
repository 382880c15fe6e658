import Basics
import Contracts
import JSONValue
import KubeAPI
import KubeModel
import Testing

@Suite struct PatchingManagedFieldsTests {
  private static let catalog = Catalog()
  private func target(_ apiVersion: String, _ kind: String) throws -> PatchTarget {
    PatchTarget(try #require(Self.catalog.kind(apiVersion: apiVersion, kind: kind)), in: Self.catalog)
  }

  @Test("a pod that was created belongs to its creator as in Kubernetes")
  func pod() throws {
    var bench = Bench(try target("v1", "Pod"))
    try bench.put(
      #"""
      {"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"n","labels":{"run":"p"},"creationTimestamp":"2023-11-14T22:13:21Z","uid":"u"},
       "spec":{"containers":[{"name":"p","image":"nginx","ports":[{"containerPort":80}],"resources":{"limits":{"cpu":"1"}},"livenessProbe":{"httpGet":{"port":80}}}],
        "nodeSelector":{"a":"b"},"tolerations":[{"key":"x"}],"restartPolicy":"Always"}}
      """#, by: "kubectl-run")
    #expect(
      bench.entry("kubectl-run", "Update")
        == (try JSON.parse(
          #"""
          {"manager":"kubectl-run","operation":"Update","apiVersion":"v1","time":"2023-11-14T22:13:21Z","fieldsType":"FieldsV1","fieldsV1":
           {"f:metadata":{"f:labels":{".":{},"f:run":{}}},
            "f:spec":{"f:containers":{"k:{\"name\":\"p\"}":{".":{},"f:image":{},"f:livenessProbe":{".":{},"f:httpGet":{".":{},"f:port":{}}},"f:name":{},
              "f:ports":{".":{},"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{}}},
              "f:resources":{".":{},"f:limits":{".":{},"f:cpu":{}}}}},
             "f:nodeSelector":{},"f:restartPolicy":{},"f:tolerations":{}}}}
          """#)))
  }

  @Test("who changes a field takes it from the others, who removes it takes it from all")
  func changes() throws {
    var bench = Bench(try target("v1", "ConfigMap"))
    try bench.put(#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"x":"1","y":"1","z":"1"}}"#, by: "one")
    try bench.patch(.merge, #"{"data":{"x":"2","y":null}}"#, by: "two")
    #expect(bench.fields("one", "Update") == ["f:data": [".": [:], "f:z": [:]]])
    #expect(bench.fields("two", "Update") == ["f:data": ["f:x": [:]]])
    #expect(bench.entry("one", "Update")?["time"] == "2023-11-14T22:13:21Z")
    #expect(bench.entry("two", "Update")?["time"] == "2023-11-14T22:13:22Z")
    // What a manager had stays its own when it changes something else.
    try bench.patch(.json, #"[{"op":"add","path":"/data/w","value":"1"}]"#, by: "two")
    #expect(bench.fields("two", "Update") == ["f:data": ["f:w": [:], "f:x": [:]]])
    // Labels and annotations too; the name and what the server sets never.
    try bench.patch(.strategic, #"{"metadata":{"labels":{"l":"1"},"uid":"u","resourceVersion":"7","generation":3}}"#, by: "labeler")
    #expect(bench.fields("labeler", "Update") == ["f:metadata": ["f:labels": [".": [:], "f:l": [:]]]])
    try bench.patch(.merge, #"{"data":null}"#, by: "cleaner")
    #expect(bench.live?.at("metadata", "managedFields")?.array?.count == 1)
  }

  @Test("the entries of updates are bounded: the oldest become ancient-changes")
  func cap() throws {
    var bench = Bench(try target("v1", "ConfigMap"))
    try bench.put(#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"x":"1"}}"#, by: "m0")
    for index in 1..<14 { try bench.patch(.merge, #"{"data":{"k\#(index)":"1"}}"#, by: "m\(index)") }
    let entries = try #require(bench.live?.at("metadata", "managedFields")?.array)
    #expect(entries.count == 10)
    #expect(entries.map { $0["manager"]?.string } == ["ancient-changes"] + (5..<14).map { "m\($0)" })
    #expect(
      bench.fields("ancient-changes", "Update")
        == ["f:data": [".": [:], "f:k1": [:], "f:k2": [:], "f:k3": [:], "f:k4": [:], "f:x": [:]]])
    #expect(entries[0]["time"] == "2023-11-14T22:13:25Z")
  }

  @Test("a client may set the entries, reset them by an empty list, and cannot lose them")
  func byClients() throws {
    var bench = Bench(try target("v1", "ConfigMap"))
    let create = #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"x":"1"}}"#
    try bench.put(create, by: "one")
    let before = bench.live
    // Clients that know nothing of them send none; wrong ones count as none.
    try bench.put(create, by: "two")
    #expect(bench.live == before)
    try bench.put(
      #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","managedFields":[{"manager":"x","operation":"Steal"}]},"data":{"x":"1"}}"#,
      by: "two")
    #expect(bench.live == before)
    try bench.put(
      #"""
      {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","managedFields":[
       {"manager":"x","operation":"Apply","apiVersion":"v1","time":"2020-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:data":{"f:x":{}}}}]},"data":{"x":"1"}}
      """#, by: "two")
    #expect(bench.live?.at("metadata", "managedFields")?.array?.map { $0["manager"]?.string } == ["x"])
    try bench.patch(.merge, #"{"metadata":{"managedFields":[{}]}}"#, by: "two")
    #expect(bench.live?.at("metadata", "managedFields") == nil)
    // Not tracked from then on, until somebody applies.
    try bench.patch(.merge, #"{"data":{"y":"1"}}"#, by: "two")
    #expect(bench.live?.at("metadata", "managedFields") == nil)
  }

  @Test("a write through status leaves the entries of the object alone, even if the client sends others")
  func statusWrites() throws {
    var bench = Bench(try target("v1", "Pod"))
    try bench.put(#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"a"}]}}"#, by: "one")
    try bench.patch(
      .merge, #"{"metadata":{"managedFields":[]},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}"#,
      by: "kubelet",
      subresource: "status")
    #expect(bench.fields("one", "Update") == ["f:spec": ["f:containers": ["k:{\"name\":\"a\"}": [".": [:], "f:name": [:]]]]])
    #expect(
      bench.fields("kubelet", "Update", subresource: "status")
        == [
          "f:status": ["f:conditions": [".": [:], "k:{\"type\":\"Ready\"}": [".": [:], "f:status": [:], "f:type": [:]]], "f:phase": [:]]
        ])
    let status = try #require(
      try bench.refusal(
        #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"a","image":"x"}],"nope":1}}"#))
    #expect(status.message == "failed to create typed patch object (/p; /v1, Kind=Pod): .spec.nope: field not declared in schema")
  }

  @Test("templates of workflows have one owner, as Argo's definitions have it")
  func workflows() throws {
    var bench = Bench(try target("argoproj.io/v1alpha1", "Workflow"))
    func workflow(_ spec: String) -> String {
      #"{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow","metadata":{"name":"w"},"spec":\#(spec)}"#
    }
    try bench.apply(
      workflow(#"{"entrypoint":"a","templates":[{"name":"a"}],"arguments":{"parameters":[{"name":"p","value":"1"}]}}"#), by: "one")
    try bench.apply(workflow(#"{"suspend":true,"nodeSelector":{"a":"b"}}"#), by: "two")
    let status = try #require(
      try bench.refusal(workflow(#"{"templates":[{"name":"b"}],"arguments":{"parameters":[{"name":"q"}]}}"#), by: "two"))
    #expect(status.details?.causes.map(\.field) == [".spec.templates", ".spec.arguments.parameters"])
  }

  @Test("entries of another schema are read as the present one has it")
  func reconciled() throws {
    // The list was told apart by names once; now it goes as a whole.
    var bench = Bench(Shapes.deployments)
    bench.live = try JSON.parse(
      #"""
      {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","managedFields":[{"manager":"old","operation":"Apply","apiVersion":"apps/v1","fieldsType":"FieldsV1",
       "fieldsV1":{"f:spec":{"f:template":{"f:spec":{"f:tolerations":{"k:{\"key\":\"a\"}":{".":{},"f:key":{}}}}}}}}]},
       "spec":{"template":{"spec":{"tolerations":[{"key":"a"}]}}}}
      """#)
    let status = try #require(
      try bench.refusal(
        #"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"template":{"spec":{"tolerations":[{"key":"b"}]}}}}"#)
    )
    #expect(status.message == #"Apply failed with 1 conflict: conflict with "old": .spec.template.spec.tolerations"#)
    try bench.apply(
      #"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":1}}"#, by: "new")
    #expect(bench.fields("old") == ["f:spec": ["f:template": ["f:spec": ["f:tolerations": [:]]]]])
  }
}
