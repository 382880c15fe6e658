import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import ResourceDB
import Testing

@testable import NodeService

@Suite("Actions of resource templates") struct ActionTests {
  @Test("create, apply, patch, replace, get and delete do what kubectl does, and no process is started")
  func lifecycle() async throws {
    try await Bench.with { (bench: Bench) async throws in
      #expect(try await bench.outcome("a", ["action": "create", "manifest": .string(configMap("a: '1', b: '2'"))]) == "")
      #expect(try bench.data() == ["a": "1", "b": "2"])
      #expect(
        try await bench.outcome("b", ["action": "create", "manifest": .string(configMap("a: '1'"))])
          == "64: no more retries Error from server (AlreadyExists): error when creating \"/tmp/manifest.yaml\": configmaps \"cm\" already exists"
      )
      #expect(try await bench.outcome("c", ["action": "apply", "manifest": .string(configMap("a: '3', c: '4'"))]) == "")
      #expect(try bench.data() == ["a": "3", "b": "2", "c": "4"])
      #expect(try bench.log("c").contains("is missing the kubectl.kubernetes.io/last-applied-configuration annotation"))
      #expect(try await bench.outcome("d", ["action": "apply", "manifest": .string(configMap("a: '5'"))]) == "")
      #expect(try bench.data() == ["a": "5", "b": "2"])
      #expect(try await bench.outcome("e", ["action": "patch", "manifest": .string(configMap("b: null, d: '6'"))]) == "")
      #expect(try bench.data() == ["a": "5", "d": "6"])
      let operations = "- {op: add, path: /data/e, value: '7'}\n- {op: remove, path: /data/d}\n"
      let json: JSON = ["action": "patch", "mergeStrategy": "json", "flags": ["configmap", "cm"], "manifest": .string(operations)]
      #expect(try await bench.outcome("f", json) == "")
      #expect(try bench.data() == ["a": "5", "e": "7"])
      let merge: JSON = ["action": "patch", "mergeStrategy": "merge", "flags": ["cm/cm"], "manifest": "data: {a: null}"]
      #expect(try await bench.outcome("g", merge) == "")
      #expect(try bench.data() == ["e": "7"])
      let uid = try bench.object("v1", "ConfigMap", "cm")?.at("metadata", "uid")
      #expect(try await bench.outcome("h", ["action": "replace", "manifest": .string(configMap("z: '8'"))]) == "")
      #expect(try bench.data() == ["z": "8"])
      #expect(try bench.object("v1", "ConfigMap", "cm")?.at("metadata", "uid") == uid)
      #expect(try await bench.outcome("i", ["action": "get", "manifest": .string(configMap("z: '8'"))]) == "")
      #expect(try await bench.outcome("j", ["action": "delete", "manifest": .string(configMap(""))]) == "")
      #expect(try bench.data() == nil)
      #expect(
        try await bench.outcome("k", ["action": "delete", "manifest": .string(configMap(""))]) == "", "kubectl ignores what is not there")
      #expect(
        try await bench.outcome("l", ["action": "get", "manifest": .string(configMap(""))])
          == "64: no more retries Error from server (NotFound): configmaps \"cm\" not found")
      #expect(
        try await bench.outcome("m", ["action": "replace", "manifest": .string(configMap(""))])
          == "64: no more retries Error from server (NotFound): error when replacing \"/tmp/manifest.yaml\": configmaps \"cm\" not found")
      #expect(bench.runner.started.isEmpty)
      #expect(try bench.status("a")["containerStatuses"]?[0]?.at("state", "terminated", "exitCode") == 0)
      #expect(try bench.status("b")["containerStatuses"]?[0]?["name"] == "main")
      #expect(try bench.log("b").contains(" stderr F kubectl create -f /tmp/manifest.yaml\n"))
    }
  }

  @Test("names are generated, namespaces filled in and those of the cluster left without")
  func names() async throws {
    try await Bench.with { (bench: Bench) async throws in
      let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: made-}\n"
      #expect(try await bench.outcome("a", ["action": "create", "manifest": .string(manifest)]) == "")
      let made = try bench.store.list(.configMap, namespace: "n", labels: .everything)
      #expect(made.count == 1 && made[0].name.hasPrefix("made-") && made[0].name.utf8.count == 10)
      let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\n"
      #expect(try await bench.outcome("b", ["action": "create", "manifest": .string(role)]) == "")
      #expect(try bench.object("rbac.authorization.k8s.io/v1", "ClusterRole", "r")?.at("metadata", "namespace") == nil)
      let widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 1}\n"
      #expect(try await bench.outcome("c", ["action": "create", "manifest": .string(widget)]) == "")
      #expect(try bench.object("example.com/v1", "Widget", "w")?.at("spec", "size") == 1)
      #expect(try bench.status("c")["message"] == "Widget \"w\" is stored, but nothing on this machine acts on objects of its kind")
      let other: JSON = ["action": "create", "flags": ["-n", "m"], "manifest": .string(configMap("", extra: ", namespace: k"))]
      #expect(
        try await bench.outcome("d", other)
          == "64: no more retries error: the namespace from the provided object \"k\" does not match the namespace \"m\". "
          + "You must pass '--namespace=k' to perform this operation.")
      #expect(
        try await bench.outcome("e", ["action": "apply", "manifest": .string(manifest)])
          == "64: no more retries error: from made-: cannot use generate name with apply")
    }
  }

  @Test("a strategic patch is not for kinds that Kubernetes does not define")
  func strategic() async throws {
    try await Bench.with { (bench: Bench) async throws in
      let widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 1}\n"
      try bench.store.create(
        Resource(
          try #require(ResourceKind.of(apiVersion: "example.com/v1", kind: "Widget")), json: ["metadata": ["name": "w", "namespace": "n"]]))
      let message = try await bench.outcome("a", ["action": "patch", "manifest": .string(widget)])
      #expect(
        message.hasPrefix(
          "64: no more retries error: application/strategic-merge-patch+json is not supported by example.com/v1, Kind=Widget: "))
      #expect(try await bench.outcome("b", ["action": "patch", "mergeStrategy": "merge", "manifest": .string(widget)]) == "")
      #expect(try bench.object("example.com/v1", "Widget", "w")?.at("spec", "size") == 1)
    }
  }

  @Test("containers beside an action are refused in words", arguments: ["sidecars", "initContainers"])
  func companions(field: String) async throws {
    try await Bench.with { (bench: Bench) async throws in
      let more: JSONObject = [field: [["name": "s", "image": "a", "command": ["x"]]]]
      #expect(
        try await bench.outcome("a", ["action": "get", "flags": ["cm", "x"]], more: more)
          == "1: \(field) of a resource template are not supported here: it runs without containers")
    }
  }

  @Test("objects are chosen by label, by kind and all together")
  func selectors() async throws {
    try await Bench.with { (bench: Bench) async throws in
      for (name, label) in [("a", "x"), ("b", "x"), ("c", "y")] {
        try bench.store.create(
          Resource(.configMap, json: ["metadata": ["name": .string(name), "namespace": "n", "labels": ["k": .string(label)]]]))
      }
      #expect(try await bench.outcome("p1", ["action": "delete", "flags": ["configmap", "--selector", "k=x"]]) == "")
      #expect(try bench.store.list(.configMap, namespace: "n", labels: .everything).map(\.name) == ["c"])
      #expect(
        try await bench.outcome("p2", ["action": "delete", "flags": ["configmap"]])
          == "64: no more retries error: resource(s) were provided, but no name was specified")
      #expect(
        try await bench.outcome("p3", ["action": "delete", "flags": ["frobs", "x"]])
          == "64: no more retries error: the server doesn't have a resource type \"frobs\"")
      #expect(try await bench.outcome("p4", ["action": "delete", "flags": ["cm", "--all"]]) == "")
      #expect(try bench.store.list(.configMap, namespace: "n", labels: .everything).isEmpty)
      #expect(try await bench.outcome("p5", ["action": "delete"]) == "64: Must provide at least one of flags or manifest.")
    }
  }

  @Test("several documents are carried out, and then fail as they do in Argo")
  func documents() async throws {
    try await Bench.with { (bench: Bench) async throws in
      let both = configMap("a: '1'", name: "one") + "---\n" + configMap("a: '2'", name: "two")
      #expect(
        try await bench.outcome("a", ["action": "create", "manifest": .string(both)]) == "64: invalid character '{' after top-level value")
      #expect(try bench.store.list(.configMap, namespace: "n", labels: .everything).map(\.name) == ["one", "two"])
      #expect(
        try await bench.outcome("b", ["action": "apply", "manifest": .string(both)])
          == "64: Kind and name are both required but at least one of them is missing from the manifest")
      #expect(try await bench.outcome("c", ["action": "delete", "manifest": .string(both)]) == "")
      #expect(try bench.store.list(.configMap, namespace: "n", labels: .everything).isEmpty)
    }
  }

  @Test("a manifest comes from an artifact, and a missing one is the engine's error")
  func artifact() async throws {
    try await Bench.with { (bench: Bench) async throws in
      let inputs: JSON = ["artifacts": [["name": "m", "path": "/tmp/m.yaml", "raw": ["data": .string(configMap("a: '1'"))]]]]
      let resource: JSON = ["action": "create", "manifestFrom": ["artifact": ["name": "m"]]]
      #expect(try await bench.outcome("a", resource, more: ["inputs": inputs]) == "")
      #expect(try bench.data() == ["a": "1"])
      #expect(
        try await bench.outcome("b", resource, more: ["inputs": inputs])
          == "64: no more retries Error from server (AlreadyExists): error when creating \"/tmp/m.yaml\": configmaps \"cm\" already exists")
      let missing: JSON = ["artifacts": [["name": "m", "path": "/tmp/m.yaml", "missing": true]]]
      #expect(try await bench.outcome("c", resource, more: ["inputs": missing]) == "1: failed to load artifact 'm': nothing there")
    }
  }

  @Test("an action on the pod itself")
  func itself() async throws {
    try await Bench.with { (bench: Bench) async throws in
      let manifest = "- {op: add, path: /metadata/annotations/foo, value: bar}"
      let patch: JSON = ["action": "patch", "mergeStrategy": "json", "flags": ["pod", "a"], "manifest": .string(manifest)]
      #expect(try await bench.outcome("a", patch) == "")
      #expect(try bench.store.get(Bench.key("a"))?.annotation("foo") == "bar")
    }
  }

  @Test("Argo's objects are checked: a field that is not there is refused, a Workflow that cannot run has failed")
  func admission() async throws {
    try await Bench.with { (bench: Bench) async throws in
      func workflow(_ name: String, _ spec: String) -> JSON {
        let text = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: \(name)}\nspec: \(spec)\n"
        return ["action": "create", "manifest": .string(text)]
      }
      let message = try await bench.outcome("a", workflow("w", "{entrypoin: m}"))
      #expect(
        message.hasPrefix(
          "64: no more retries Error from server (BadRequest): error when creating \"/tmp/manifest.yaml\": Workflow in version \"v1alpha1\" cannot be "
            + "handled as a Workflow: strict decoding error: "))
      #expect(try await bench.outcome("b", workflow("w", "{entrypoint: m, templates: [{name: x, suspend: {}}]}")) == "")
      let stored = try #require(try bench.object("argoproj.io/v1alpha1", "Workflow", "w"))
      #expect(stored.at("status", "phase") == "Failed")
      #expect(stored.at("status", "message")?.string?.hasPrefix("invalid spec: ") == true)
    }
  }

  @Test("a dry run changes nothing")
  func dryRun() async throws {
    try await Bench.with { (bench: Bench) async throws in
      _ = try await bench.outcome("a", ["action": "create", "flags": ["--dry-run=server"], "manifest": .string(configMap(""))])
      #expect(try bench.data() == nil)
    }
  }
}
