import Contracts
import JSONValue
import KubeAPI
import KubeModel
import Testing

@Suite struct ObjectSchemaTests {
  let catalog = Catalog()

  private func schema(_ apiVersion: String, _ kind: String) throws -> ObjectSchema {
    ObjectSchema(try #require(catalog.kind(apiVersion: apiVersion, kind: kind)), in: catalog)
  }

  private func refusal(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch {
      return (error as? KubeStatus)?.message
    }
  }

  @Test("unknown fields are named with their paths, and left out")
  func unknownFields() throws {
    let schema = try schema("v1", "Pod")
    let given: JSON = [
      "metadata": ["name": "p", "nmae": "q"], "spec": ["containers": [["name": "a", "imgae": "b"]], "nodeName": nil],
    ]
    var document = given
    let warnings = try schema.read(&document, validation: .warn, duplicates: ["spec.containers"])
    #expect(
      warnings == [
        #"duplicate field "spec.containers""#, #"unknown field "metadata.nmae""#, #"unknown field "spec.containers[0].imgae""#,
      ])
    #expect(document == ["metadata": ["name": "p"], "spec": ["containers": [["name": "a"]]]])
    document = given
    #expect(try schema.read(&document, validation: .ignore).isEmpty)
    document = given
    #expect(
      refusal { _ = try schema.read(&document, validation: .strict) }
        == #"Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "metadata.nmae", unknown field "spec.containers[0].imgae""#
    )
  }

  @Test("where an artifact of a run lies in the own repository is no unknown field; in a specification it is one")
  func ownRepository() throws {
    let schema = try schema("argoproj.io/v1alpha1", "Workflow")
    let artifacts: JSON = ["artifacts": [["name": "a", "local": ["key": "n/w/p/a.tgz"]]]]
    var document: JSON = ["metadata": ["name": "w"], "status": ["nodes": ["w": ["id": "w", "inputs": artifacts, "outputs": artifacts]]]]
    let given = document
    #expect(try schema.read(&document, validation: .strict).isEmpty)
    #expect(document == given)
    document = ["metadata": ["name": "w"], "spec": ["arguments": artifacts]]
    let warnings = try schema.read(&document, validation: .warn)
    #expect(warnings == [#"unknown field "spec.arguments.artifacts[0].local""#])
  }

  @Test("the parser finds what a document has twice")
  func duplicates() throws {
    var found: [String] = []
    let text = #"{"spec":{"a":1,"list":[{"x":1},{"y":1,"y":2}],"a":2},"kind":"A"}"#
    #expect(try JSON.parse(Array(text.utf8), duplicates: &found)["spec"]?["a"] == 2)
    #expect(found == ["spec.list[1].y", "spec.a"])
  }

  @Test(
    "values that cannot be decoded are refused as Go's decoder words it",
    arguments: [
      (["spec": ["containers": "x"]], "json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container"),
      (
        ["spec": ["containers": [["name": 1]]]],
        "json: cannot unmarshal number into Go struct field Container.spec.containers.name of type string"
      ),
      (
        ["metadata": ["labels": ["a": true]]],
        "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels.a of type string"
      ),
      (
        ["spec": ["containers": [["resources": ["limits": ["cpu": "many"]]]]]],
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
      ),
    ] as [(JSON, String)])
  func wrongTypes(document: JSON, message: String) throws {
    let schema = try schema("v1", "Pod")
    var document = document
    #expect(refusal { _ = try schema.read(&document, validation: .warn) } == "Pod in version \"v1\" cannot be handled as a Pod: \(message)")
  }

  @Test("numbers of quantities become texts, bad base64 is refused")
  func plainValues() throws {
    var pod: JSON = ["spec": ["containers": [["resources": ["limits": ["cpu": 1]]]]]]
    _ = try schema("v1", "Pod").read(&pod, validation: .strict)
    #expect(pod.at("spec", "containers")?[0]?.at("resources", "limits", "cpu") == "1")
    var secret: JSON = ["data": ["a": "%"]]
    #expect(
      refusal { _ = try schema("v1", "Secret").read(&secret, validation: .strict) }
        == "Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data at input byte 0")
  }

  @Test("a pod gets the defaults that clients see")
  func podDefaults() throws {
    var pod: JSON = [
      "spec": [
        "containers": [["name": "a", "image": "busybox", "ports": [["containerPort": 80]], "resources": ["limits": ["cpu": "1"]]]],
        "volumes": [["name": "v", "secret": ["secretName": "s"]], ["name": "w"]],
      ]
    ]
    try schema("v1", "Pod").setDefaults(&pod)
    #expect(
      pod["spec"] == [
        "containers": [
          [
            "name": "a", "image": "busybox", "ports": [["containerPort": 80, "protocol": "TCP"]],
            "resources": ["limits": ["cpu": "1"], "requests": ["cpu": "1"]], "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File", "imagePullPolicy": "Always",
          ]
        ],
        "volumes": [["name": "v", "secret": ["secretName": "s", "defaultMode": 420]], ["name": "w", "emptyDir": [:]]],
        "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "schedulerName": "default-scheduler",
        "enableServiceLinks": true, "securityContext": [:],
      ])
    var tagged: JSON = ["spec": ["containers": [["image": "r:5000/a:1"], ["image": "r:5000/a"], ["image": "a@sha256:0"]]]]
    try schema("v1", "Pod").setDefaults(&tagged)
    #expect(tagged.at("spec", "containers")?.array?.map { $0["imagePullPolicy"] } == ["IfNotPresent", "Always", "IfNotPresent"])
  }

  @Test("workflows are stored as they were written, without defaults")
  func workflowsStay() throws {
    let schema = try schema("argoproj.io/v1alpha1", "Workflow")
    let given: JSON = [
      "metadata": ["name": "w", "namespace": "n"],
      "spec": [
        "entrypoint": "a", "arguments": ["parameters": [["name": "p", "value": 1]]],
        "templates": [["name": "a", "container": ["image": "busybox", "ports": [["containerPort": 80]]]]],
      ], "status": ["phase": "Running", "ofArgosy": true],
    ]
    var document = given
    #expect(try schema.read(&document, validation: .strict).isEmpty)
    schema.setDefaults(&document)
    #expect(document == given)
    let kind = try #require(catalog.kind(apiVersion: "argoproj.io/v1alpha1", kind: "Workflow"))
    #expect(schema.problems(of: Resource(kind.kind, json: document), old: nil).isEmpty)
    document["spec"]?["parallelism"] = "many"
    #expect(
      schema.problems(of: Resource(kind.kind, json: document), old: nil).map(\.text) == [
        #"spec.parallelism: Invalid value: "string": spec.parallelism in body must be of type integer: "string""#
      ])
  }

  @Test("metadata is checked in Kubernetes' words, with a cause for each field")
  func metadata() throws {
    let schema = try schema("v1", "ConfigMap")
    let object = Resource(
      .configMap,
      json: [
        "metadata": [
          "name": "A_b", "namespace": "n", "labels": ["a b": "c", "x": "-"], "finalizers": ["x/y/z"],
          "ownerReferences": [
            ["apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "1", "controller": true],
            ["apiVersion": "v1", "kind": "Pod", "name": "q", "uid": "", "controller": true],
          ],
        ], "data": ["a/b": "c"],
      ])
    let problems = schema.problems(of: object, old: nil)
    #expect(
      problems.map(\.path) == [
        "metadata.name", "metadata.labels", "metadata.labels", "metadata.ownerReferences[1].uid", "metadata.ownerReferences",
        "metadata.finalizers", "data[a/b]",
      ])
    #expect(problems.first?.body.hasPrefix(#"Invalid value: "A_b": a lowercase RFC 1123 subdomain must consist of"#) == true)
    let status = try #require(KubeStatus.invalid(.configMap, name: "A_b", problems))
    #expect(status.message.hasPrefix(#"ConfigMap "A_b" is invalid: [metadata.name: Invalid value"#))
    #expect(status.details?.causes.count == 7 && status.details?.kind == "ConfigMap")
    let nameless = Resource(.configMap, json: ["metadata": ["namespace": "n"]])
    #expect(
      KubeStatus.invalid(.configMap, name: "", schema.problems(of: nameless, old: nil))?.message
        == #"ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required"#)
    #expect(
      try self.schema("rbac.authorization.k8s.io/v1", "ClusterRole").problems(
        of: Resource(
          .of(apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole") ?? .pod,
          json: ["metadata": ["name": "system:a"], "rules": []]),
        old: nil
      ).isEmpty)
  }

  @Test("a pod's parts fit together")
  func podRules() throws {
    let pod = Resource(
      .pod,
      json: [
        "metadata": ["name": "p", "namespace": "n"],
        "spec": [
          "volumes": [["name": "v", "emptyDir": [:]]],
          "containers": [
            ["name": "a", "image": "i", "volumeMounts": [["name": "v", "mountPath": "/a"], ["name": "w", "mountPath": "/a"]]],
            ["name": "a", "env": [["value": "x"]]],
          ],
        ],
      ])
    #expect(
      try schema("v1", "Pod").problems(of: pod, old: nil).map(\.text) == [
        #"spec.containers[0].volumeMounts[1].name: Not found: "w""#,
        #"spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/a": must be unique"#,
        #"spec.containers[1].name: Duplicate value: "a""#, "spec.containers[1].image: Required value",
        "spec.containers[1].env[0].name: Required value",
      ])
    var changed = pod
    changed.json["spec"]?["restartPolicy"] = "Never"
    #expect(try schema("v1", "Pod").problems(of: changed, old: pod).map(\.reason) == ["FieldValueForbidden"])
  }

  @Test("what may not change does not change")
  func immutable() throws {
    let secret = Resource(
      .secret, json: ["metadata": ["name": "s", "namespace": "n"], "type": "Opaque", "data": ["a": "YQ=="], "immutable": true])
    var changed = secret
    changed.json["data"] = ["a": "Yg=="]
    changed.json["type"] = "other"
    #expect(
      try schema("v1", "Secret").problems(of: changed, old: secret).map(\.text) == [
        "data: Forbidden: field is immutable when `immutable` is set", #"type: Invalid value: "other": field is immutable"#,
      ])
  }
}
