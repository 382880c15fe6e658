import JSONValue
import KubeModel
import Testing

/// What `kubectl apply` (1.32) made of these: its patches were recorded at a server and applied by `kubectl patch --local`.
@Suite struct ThreeWayMergeTests {
  typealias Case = (
    title: String, apiVersion: String, kind: String, original: String?, current: String, modified: String, expected: String
  )
  static let cases: [Case] = [
    (
      "data: added, changed, removed, foreign kept", "v1", "ConfigMap",
      #"{"data":{"a":"1","b":"2"}}"#,
      #"{"data":{"a":"1","b":"2","x":"9"}}"#,
      #"{"data":{"a":"3","n":"4"}}"#,
      #"{"data":{"a":"3","n":"4","x":"9"}}"#
    ),
    (
      "containers by name: foreign sidecar stays, own one goes", "apps/v1", "Deployment",
      #"{"spec":{"template":{"spec":{"containers":[{"name":"a","image":"i:1"},{"name":"old","image":"o"}]}}}}"#,
      #"{"spec":{"template":{"spec":{"containers":[{"name":"a","image":"i:1","imagePullPolicy":"Always"},{"name":"old","image":"o"},{"name":"mesh","image":"m"}]}}}}"#,
      #"{"spec":{"template":{"spec":{"containers":[{"name":"a","image":"i:2"},{"name":"new","image":"n"}]}}}}"#,
      #"{"spec":{"template":{"spec":{"containers":[{"image":"i:2","imagePullPolicy":"Always","name":"a"},{"image":"m","name":"mesh"},{"image":"n","name":"new"}]}}}}"#
    ),
    (
      "env and ports inside", "apps/v1", "Deployment",
      #"{"spec":{"template":{"spec":{"containers":[{"name":"a","env":[{"name":"X","value":"1"},{"name":"Y","value":"2"}],"ports":[{"containerPort":80}],"args":["a","b"]}]}}}}"#,
      #"{"spec":{"template":{"spec":{"containers":[{"name":"a","env":[{"name":"X","value":"1"},{"name":"Y","value":"2"},{"name":"Z","value":"3"}],"ports":[{"containerPort":80,"protocol":"TCP"}],"args":["a","b"]}]}}}}"#,
      #"{"spec":{"template":{"spec":{"containers":[{"name":"a","env":[{"name":"Y","value":"5"},{"name":"W","value":"0"}],"ports":[{"containerPort":80},{"containerPort":81}],"args":["c"]}]}}}}"#,
      #"{"spec":{"template":{"spec":{"containers":[{"args":["c"],"env":[{"name":"Y","value":"5"},{"name":"Z","value":"3"},{"name":"W","value":"0"}],"name":"a","ports":[{"containerPort":80,"protocol":"TCP"},{"containerPort":81}]}]}}}}"#
    ),
    (
      "retainKeys of a volume", "apps/v1", "Deployment",
      #"{"spec":{"template":{"spec":{"volumes":[{"name":"v","emptyDir":{}}],"containers":[]}}}}"#,
      #"{"spec":{"template":{"spec":{"volumes":[{"name":"v","emptyDir":{}},{"name":"token","secret":{"secretName":"s"}}],"containers":[]}}}}"#,
      #"{"spec":{"template":{"spec":{"volumes":[{"name":"v","configMap":{"name":"c"}}],"containers":[]}}}}"#,
      #"{"spec":{"template":{"spec":{"containers":[],"volumes":[{"configMap":{"name":"c"},"name":"v"},{"name":"token","secret":{"secretName":"s"}}]}}}}"#
    ),
    (
      "retainKeys of the strategy", "apps/v1", "Deployment",
      #"{"spec":{"strategy":{"type":"RollingUpdate"}}}"#,
      #"{"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}}"#,
      #"{"spec":{"strategy":{"type":"Recreate"}}}"#,
      #"{"spec":{"strategy":{"type":"Recreate"}}}"#
    ),
    (
      "unchanged strategy keeps what the server filled in", "apps/v1", "Deployment",
      #"{"spec":{"replicas":1,"strategy":{"type":"RollingUpdate"}}}"#,
      #"{"spec":{"replicas":1,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}}"#,
      #"{"spec":{"replicas":2,"strategy":{"type":"RollingUpdate"}}}"#,
      #"{"spec":{"replicas":2,"strategy":{"type":"RollingUpdate"}}}"#
    ),
    (
      "finalizers as a set", "v1", "ConfigMap",
      #"{"metadata":{"finalizers":["a/a","b/b"]}}"#,
      #"{"metadata":{"finalizers":["a/a","b/b","x/x"]}}"#,
      #"{"metadata":{"finalizers":["c/c","a/a"]}}"#,
      #"{"metadata":{"finalizers":["c/c","a/a","x/x"]}}"#
    ),
    (
      "labels and a null", "v1", "ConfigMap",
      #"{"metadata":{"labels":{"a":"1","b":"2"}}}"#,
      #"{"metadata":{"labels":{"a":"1","b":"2","s":"3"}}}"#,
      #"{"metadata":{"labels":{"a":"1","s":null}}}"#,
      #"{"metadata":{"labels":{"a":"1"}}}"#
    ),
    (
      "a list that goes away", "apps/v1", "Deployment",
      #"{"spec":{"template":{"spec":{"containers":[{"name":"a","args":["x"],"env":[{"name":"A","value":"1"}]}]}}}}"#,
      #"{"spec":{"template":{"spec":{"containers":[{"name":"a","args":["x"],"env":[{"name":"A","value":"1"},{"name":"B","value":"1"}]}]}}}}"#,
      #"{"spec":{"template":{"spec":{"containers":[{"name":"a"}]}}}}"#,
      #"{"spec":{"template":{"spec":{"containers":[{"name":"a"}]}}}}"#
    ),
    (
      "service ports", "v1", "Service",
      #"{"spec":{"ports":[{"port":80,"name":"h"},{"port":81,"name":"i"}]}}"#,
      #"{"spec":{"clusterIP":"10.0.0.1","ports":[{"port":80,"name":"h","nodePort":30000},{"port":81,"name":"i"}]}}"#,
      #"{"spec":{"ports":[{"port":82,"name":"j"},{"port":80,"name":"hh"}]}}"#,
      #"{"spec":{"clusterIP":"10.0.0.1","ports":[{"name":"j","port":82},{"name":"hh","nodePort":30000,"port":80}]}}"#
    ),
    (
      "network policy ports replace", "networking.k8s.io/v1", "NetworkPolicy",
      #"{"spec":{"ingress":[{"ports":[{"port":80}]}]}}"#,
      #"{"spec":{"ingress":[{"ports":[{"port":80,"protocol":"TCP"}]}]}}"#,
      #"{"spec":{"ingress":[{"ports":[{"port":81}]}]}}"#,
      #"{"spec":{"ingress":[{"ports":[{"port":81}]}]}}"#
    ),
    (
      "volumeClaimTemplates replace", "apps/v1", "StatefulSet",
      #"{"spec":{"volumeClaimTemplates":[{"metadata":{"name":"a"},"name":"a"}]}}"#,
      #"{"spec":{"volumeClaimTemplates":[{"metadata":{"name":"a"},"spec":{"x":1}}]}}"#,
      #"{"spec":{"volumeClaimTemplates":[{"metadata":{"name":"b"}}]}}"#,
      #"{"spec":{"volumeClaimTemplates":[{"metadata":{"name":"b"}}]}}"#
    ),
    (
      "without a last applied configuration nothing is removed", "v1", "ConfigMap",
      nil,
      #"{"data":{"a":"1","x":"9"}}"#,
      #"{"data":{"a":"3"}}"#,
      #"{"data":{"a":"3","x":"9"}}"#
    ),
    (
      "a custom kind merges as JSON", "example.com/v1", "Widget",
      #"{"spec":{"containers":[{"name":"a"}],"size":1,"gone":true}}"#,
      #"{"spec":{"containers":[{"name":"a","x":1},{"name":"b"}],"size":1,"gone":true,"foreign":2}}"#,
      #"{"spec":{"containers":[{"name":"a"}],"size":2}}"#,
      #"{"spec":{"containers":[{"name":"a"}],"size":2,"foreign":2}}"#
    ),
    (
      "elements in another order", "apps/v1", "Deployment",
      #"{"spec":{"template":{"spec":{"containers":[{"name":"a","command":["x"]}]}}}}"#,
      #"{"spec":{"template":{"spec":{"containers":[{"name":"a","command":["x"]}],"initContainers":[{"name":"i","image":"q"}]}}}}"#,
      #"{"spec":{"template":{"spec":{"initContainers":[{"name":"i","image":"r"},{"name":"j"}],"containers":[{"name":"z"},{"name":"a","command":["y"]}]}}}}"#,
      #"{"spec":{"template":{"spec":{"containers":[{"name":"z"},{"command":["y"],"name":"a"}],"initContainers":[{"image":"r","name":"i"},{"name":"j"}]}}}}"#
    ),
    (
      "pod scheduling lists", "apps/v1", "Deployment",
      #"{"spec":{"template":{"spec":{"containers":[],"tolerations":[{"key":"a"}],"imagePullSecrets":[{"name":"p"}],"hostAliases":[{"ip":"1","hostnames":["a"]}]}}}}"#,
      #"{"spec":{"template":{"spec":{"containers":[],"tolerations":[{"key":"a"},{"key":"b"}],"imagePullSecrets":[{"name":"p"},{"name":"q"}],"hostAliases":[{"ip":"1","hostnames":["a"]},{"ip":"2","hostnames":["b"]}]}}}}"#,
      #"{"spec":{"template":{"spec":{"containers":[],"tolerations":[{"key":"c"}],"imagePullSecrets":[{"name":"r"}],"hostAliases":[{"ip":"1","hostnames":["c"]}]}}}}"#,
      #"{"spec":{"template":{"spec":{"containers":[],"hostAliases":[{"hostnames":["c"],"ip":"1"},{"hostnames":["b"],"ip":"2"}],"imagePullSecrets":[{"name":"q"},{"name":"r"}],"tolerations":[{"key":"c"}]}}}}"#
    ),
  ]

  @Test("objects are brought to what the user wrote as kubectl apply does it", arguments: cases.indices)
  func applied(index: Int) throws {
    let row = Self.cases[index]
    let kind = try #require(ResourceKind.of(apiVersion: row.apiVersion, kind: row.kind))
    let result = try JSON.parse(row.current).applied(
      modified: try JSON.parse(row.modified), original: try row.original.map { try JSON.parse($0) }, lists: ListMerging(for: kind))
    #expect(result == (try JSON.parse(row.expected)), "\(row.title): \(result.text())")
  }

  @Test("an element of a merged list needs its key")
  func missingKey() throws {
    let current = try JSON.parse(#"{"containers":[{"name":"a"}]}"#)
    #expect(throws: JSONPatchError.self) {
      try current.applied(
        modified: try JSON.parse(#"{"containers":[{"image":"x"}]}"#), original: nil, lists: .strategic(exceptions: []))
    }
    let replaced = try current.applied(modified: try JSON.parse(#"{"containers":[{"image":"x"}]}"#), original: nil, lists: .replacing)
    #expect(replaced.text() == #"{"containers":[{"image":"x"}]}"#)
  }

  @Test("lists that are exceptions of a kind replace in strategic patches too")
  func exceptions() throws {
    let object = try JSON.parse(#"{"spec":{"volumeClaimTemplates":[{"name":"a"}]}}"#)
    let patch = try JSON.parse(#"{"spec":{"volumeClaimTemplates":[{"name":"b"}]}}"#)
    let set = try #require(ResourceKind.of(apiVersion: "apps/v1", kind: "StatefulSet"))
    #expect(try object.strategicallyMerged(with: patch, exceptions: MergeKeys.exceptions(of: set)) == patch)
    #expect(try object.strategicallyMerged(with: patch).at("spec", "volumeClaimTemplates")?.array?.count == 2)
  }
}

@Suite struct KindTests {
  @Test(
    "kinds are found by what manifests say",
    arguments: [
      ("v1", "ConfigMap", "configmaps", true), ("v1", "Namespace", "namespaces", false),
      ("apps/v1", "Deployment", "deployments.apps", true),
      ("extensions/v1beta1", "Ingress", "ingresses.extensions", true),
      ("autoscaling/v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers.autoscaling", true),
      ("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles.rbac.authorization.k8s.io", false),
      ("argoproj.io/v1alpha1", "ClusterWorkflowTemplate", "clusterworkflowtemplates.argoproj.io", false),
      ("example.com/v1", "Policy", "policies.example.com", true), ("example.com/v1", "Bus", "buses.example.com", true),
      ("example.com/v1", "Widget", "widgets.example.com", true),
    ])
  func byManifest(apiVersion: String, kind: String, plural: String, isNamespaced: Bool) throws {
    let found = try #require(ResourceKind.of(apiVersion: apiVersion, kind: kind))
    #expect(found.qualifiedPlural == plural)
    #expect(found.isNamespaced == isNamespaced)
    #expect(found.apiVersion == apiVersion)
  }

  @Test(
    "kinds are found by the words of kubectl",
    arguments: [
      ("po", "Pod"), ("pods", "Pod"), ("Pod", "Pod"), ("cm", "ConfigMap"), ("deploy", "Deployment"), ("deployments.apps", "Deployment"),
      ("deployments.v1.apps", "Deployment"), ("wf", "Workflow"), ("workflows.argoproj.io", "Workflow"), ("cronwf", "CronWorkflow"),
      ("pods.apps", nil), ("widgets", nil),
    ])
  func byWord(word: String, kind: String?) { #expect(ResourceKind.named(word)?.kind == kind) }

  @Test("what nothing here acts on is known")
  func inert() throws {
    for (apiVersion, kind, isInert) in [
      ("batch/v1", "Job", true), ("apps/v1", "Deployment", true), ("example.com/v1", "Widget", true), ("v1", "ConfigMap", false),
      ("v1", "Pod", false), ("argoproj.io/v1alpha1", "Workflow", false), ("rbac.authorization.k8s.io/v1", "Role", false),
    ] {
      #expect(try #require(ResourceKind.of(apiVersion: apiVersion, kind: kind)).isInert == isInert, "\(kind)")
    }
  }
}
