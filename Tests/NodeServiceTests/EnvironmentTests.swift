import Basics
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Testing

@testable import NodeService

@Suite struct EnvironmentTests {
  @Test("the machine's base comes first, then envFrom, then env, and later entries win") func order() throws {
    let bench = try Bench()
    try bench.configMap("c", ["A": "map", "B": "map"])
    try bench.secret("s", ["B": "secret"])
    let plan = try bench.plan(
      container([
        "envFrom": [["configMapRef": ["name": "c"]], ["secretRef": ["name": "s"]], ["prefix": "X_", "configMapRef": ["name": "c"]]],
        "env": [["name": "A", "value": "own"], ["name": "PATH", "value": "/mine"]],
      ]))
    #expect(
      plan.ownEnvironment == ["PATH=/mine", "HOME=/home/me", "HOSTNAME=p", "A=own", "B=secret", "X_A=map", "X_B=map"])
  }

  @Test(
    "where a manifest puts something into root's home, that is the home",
    arguments: [
      ("/root/.aws", "", "/root"), ("/root", "", "/root"), ("/rooted", "", "/home/me"), ("/data", "/root/.ssh/id", "/root"),
      ("/data", "/in", "/home/me"),
    ]) func home(_ mount: String, _ artifact: String, _ expected: String) throws
  {
    let spec: JSON = [
      "volumes": [["name": "v", "emptyDir": [:]]],
      "containers": [
        ["name": "main", "image": "alpine", "command": ["true"], "volumeMounts": [["name": "v", "mountPath": .string(mount)]]],
        ["name": "other", "image": "alpine", "command": ["true"]],
        [
          "name": "told", "image": "alpine", "command": ["true"], "volumeMounts": [["name": "v", "mountPath": .string(mount)]],
          "env": [["name": "HOME", "value": "/told"]],
        ],
      ],
    ]
    let template: JSON =
      artifact.isEmpty ? [:] : ["inputs": ["artifacts": [["name": "a", "path": .string(artifact), "raw": ["data": "x"]]]]]
    let plan = try Bench().plan(spec, template: template)
    #expect(plan.containers[0].env.contains("HOME=\(expected)"))
    #expect(plan.containers[1].env.contains("HOME=/home/me"))
    #expect(plan.containers[2].env.contains("HOME=/told"))
  }

  @Test(
    "$(VAR) stands for what the manifest has declared before",
    arguments: [
      ("$(A)", "1"), ("$$(A)", "$(A)"), ("$(NONE)", "$(NONE)"), ("$(LATER)", "$(LATER)"), ("$(PATH)", "$(PATH)"), ("$(A", "$(A"),
      ("$", "$"), ("a$b", "a$b"), ("$(MAP)-$(A)", "m-1"),
    ]) func expansion(_ text: String, _ expected: String) throws
  {
    let bench = try Bench()
    try bench.configMap("c", ["MAP": "m"])
    let plan = try bench.plan(
      container([
        "envFrom": [["configMapRef": ["name": "c"]]],
        "env": [["name": "A", "value": "1"], ["name": "T", "value": .string(text)], ["name": "LATER", "value": "2"]],
      ]))
    #expect(plan.variable("T") == expected)
  }

  @Test("arguments are expanded with the whole environment") func arguments() throws {
    let plan = try Bench().plan(
      container(["command": ["echo", "$(B)"], "args": ["$(A)$(B)"], "env": [["name": "A", "value": "x"], ["name": "B", "value": "y"]]]))
    #expect(plan.containers[0].argv == ["echo", "y", "xy"])
  }

  @Test("a value with a NUL byte is refused, not cut off") func nulBytes() throws {
    let bench = try Bench()
    #expect(
      bench.message(container(["command": ["echo"], "args": ["a", "b\0c"]]))
        == "argument 2 of container \"main\" has a NUL byte, which nothing that is handed to a program may have: give it the value as an artifact"
    )
    #expect(
      bench.message(container(["env": [["name": "V", "value": "\0"]]])).hasPrefix("variable V of container \"main\" has a NUL byte, "))
  }

  @Test("values come from secrets, ConfigMaps, the pod and its resources") func references() throws {
    let bench = try Bench()
    try bench.configMap("c", ["k": "map"])
    try bench.secret("s", ["k": "hidden"])
    var spec = container([
      "resources": ["limits": ["cpu": "1500m", "memory": "64Mi"], "requests": ["cpu": 2]],
      "env": [
        ["name": "MAP", "valueFrom": ["configMapKeyRef": ["name": "c", "key": "k"]]],
        ["name": "SECRET", "valueFrom": ["secretKeyRef": ["name": "s", "key": "k"]]],
        ["name": "NAME", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]],
        ["name": "NODE", "valueFrom": ["fieldRef": ["fieldPath": "spec.nodeName"]]],
        ["name": "LABEL", "valueFrom": ["fieldRef": ["fieldPath": "metadata.labels['workflows.argoproj.io/workflow']"]]],
        ["name": "CPU", "valueFrom": ["resourceFieldRef": ["resource": "limits.cpu"]]],
        ["name": "MILLI", "valueFrom": ["resourceFieldRef": ["resource": "limits.cpu", "divisor": "1m"]]],
        ["name": "MEMORY", "valueFrom": ["resourceFieldRef": ["resource": "limits.memory", "divisor": "1Mi"]]],
        ["name": "REQUEST", "valueFrom": ["resourceFieldRef": ["resource": "requests.cpu", "containerName": "main"]]],
        ["name": "GONE", "valueFrom": ["secretKeyRef": ["name": "none", "key": "k", "optional": true]]],
        ["name": "GONE_KEY", "valueFrom": ["configMapKeyRef": ["name": "c", "key": "none", "optional": true]]],
      ],
    ])
    spec["serviceAccountName"] = "robot"
    let plan = try bench.plan(spec)
    for (name, value) in [
      ("MAP", "map"), ("SECRET", "hidden"), ("NAME", "p"), ("NODE", "machine"), ("LABEL", "wf"), ("CPU", "2"), ("MILLI", "1500"),
      ("MEMORY", "64"), ("REQUEST", "2"),
    ] { #expect(plan.variable(name) == value) }
    #expect(plan.variable("GONE") == nil)
    #expect(plan.variable("GONE_KEY") == nil)
    #expect(plan.containers[0].memoryLimit == 64 << 20)
    #expect(plan.containers[0].cpuLimit == 1500)
  }

  @Test(
    "a reference that leads nowhere says so",
    arguments: [
      (["env": [["name": "A", "valueFrom": ["secretKeyRef": ["name": "none", "key": "k"]]]]], "secret \"none\" not found"),
      (
        ["env": [["name": "A", "valueFrom": ["configMapKeyRef": ["name": "c", "key": "none"]]]]], "couldn't find key none in ConfigMap n/c"
      ),
      (["envFrom": [["configMapRef": ["name": "none"]]]], "configmap \"none\" not found"),
      (["env": [["name": "A", "valueFrom": ["fieldRef": ["fieldPath": "spec.none"]]]]], "fieldPath \"spec.none\" is not supported"),
      (
        ["env": [["name": "A", "valueFrom": ["resourceFieldRef": ["resource": "limits.cpu", "containerName": "x"]]]]],
        "resourceFieldRef names no container of the pod"
      ),
      (
        ["env": [["name": "A", "valueFrom": [:]]]],
        "env.valueFrom names none of configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef"
      ),
    ] as [(JSON, String)]) func errors(_ members: JSON, _ message: String) throws
  {
    let bench = try Bench()
    try bench.configMap("c", ["k": "v"])
    #expect(bench.message(container(members.object ?? [:])) == message)
  }

  @Test("optional sources of envFrom may be missing") func optional() throws {
    let plan = try Bench().plan(container(["envFrom": [["secretRef": ["name": "none", "optional": true]]]]))
    #expect(plan.ownEnvironment.count == 3)
  }
}

@Suite struct ImageTests {
  static let table = ImageTable(
    ImageRule.rules(configuration: [
      "mine/tool:v2": ["entrypoint": ["tool2"]], "mine/tool": ["entrypoint": ["tool"], "cmd": ["--help"]],
      "docker.io/other": ["cmd": ["o"]],
    ]))

  @Test(
    "an image without command runs what the table says",
    arguments: [
      ("mine/tool:v1", [], ["tool", "--help"]), ("mine/tool:v2", ["x"], ["tool2", "x"]), ("mine/tool", ["x"], ["tool", "x"]),
      ("docker.io/mine/tool@sha256:abc", [], ["tool", "--help"]), ("other:1", [], ["o"]), ("docker.io/library/alpine:3.20", [], ["sh"]),
      ("alpine", ["echo", "hi"], ["echo", "hi"]), ("argoproj/argosay:v2", ["echo"], ["argosay", "echo"]),
      ("quay.io/argoproj/argosay:v2", [], ["argosay"]), ("localhost:5000/nothing", [], nil), ("nothing:1", ["x"], nil),
    ] as [(String, [String], [String]?)]) func table(_ image: String, _ args: [String], _ expected: [String]?)
  {
    #expect(Self.table.arguments(image: image, command: [], args: args) == expected)
  }

  @Test("a command beats the table") func command() {
    #expect(Self.table.arguments(image: "nothing", command: ["a"], args: ["b"]) == ["a", "b"])
  }

  @Test("an image that nobody knows is named with the remedy") func unknown() throws {
    let message = try Bench().message(["containers": [["name": "main", "image": "ghcr.io/x/y:1"]]])
    #expect(message.contains("\"ghcr.io/x/y:1\""))
    #expect(message.contains("workflow-controller-configmap"))
  }
}
