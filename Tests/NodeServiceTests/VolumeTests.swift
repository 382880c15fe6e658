import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import ResourceDB
import Testing

@testable import NodeService

/// A pod with one volume, mounted at `/v`.
private func volume(_ source: JSONObject, mount: JSONObject = [:], env: JSON = []) -> JSON {
  var entry: JSONObject = ["name": "v", "mountPath": "/v"]
  for (key, value) in mount { entry[key] = value }
  var volume: JSONObject = ["name": "v"]
  for (key, value) in source { volume[key] = value }
  var spec = container(["volumeMounts": [.object(entry)], "env": env])
  spec["volumes"] = [.object(volume)]
  return spec
}

@Suite struct VolumeTests {
  @Test("an emptyDir is a directory of the pod that everybody may write") func emptyDir() throws {
    let bench = try Bench()
    let mount = try #require(try bench.plan(volume(["emptyDir": [:]])).containers[0].mounts.first)
    #expect(mount.target == "/v")
    #expect(!mount.isReadOnly)
    #expect(mode(mount.source) == 0o777)
    #expect(mount.source.hasPrefix(bench.state + "/pods/n_p_u1/"))
  }

  @Test("a secret is files with their modes, read-only") func secret() throws {
    let bench = try Bench()
    try bench.secret("s", ["a": "1", "b": "2"])
    let all = try bench.plan(volume(["secret": ["secretName": "s", "defaultMode": 256]]))
    #expect(all.text(of: "/v", "/a") == "1")
    #expect(all.text(of: "/v", "/b") == "2")
    #expect(all.containers[0].mounts[0].isReadOnly)
    #expect(mode(all.containers[0].mounts[0].source + "/a") == 0o400)
  }

  @Test("items choose keys, paths and modes") func items() throws {
    let bench = try Bench()
    try bench.secret("s", ["a": "1", "b": "2"])
    let plan = try bench.plan(volume(["secret": ["secretName": "s", "items": [["key": "a", "path": "x/y", "mode": 448]]]]))
    #expect(plan.text(of: "/v", "/x/y") == "1")
    #expect(plan.text(of: "/v", "/b") == nil)
    #expect(mode(plan.containers[0].mounts[0].source + "/x/y") == 0o700)
  }

  @Test("a ConfigMap, projected sources and the downward API are files") func others() throws {
    let bench = try Bench()
    try bench.configMap("c", ["k": "map"])
    try bench.secret("s", ["t": "hidden"])
    #expect(try bench.plan(volume(["configMap": ["name": "c"]])).text(of: "/v", "/k") == "map")
    let projected = try bench.plan(
      volume([
        "projected": [
          "defaultMode": 256,
          "sources": [
            ["configMap": ["name": "c"]], ["secret": ["name": "s", "items": [["key": "t", "path": "d/t"]]]],
            ["secret": ["name": "none", "optional": true]],
            ["downwardAPI": ["items": [["path": "name", "fieldRef": ["fieldPath": "metadata.name"]]]]],
          ],
        ]
      ]))
    #expect(projected.text(of: "/v", "/k") == "map")
    #expect(projected.text(of: "/v", "/d/t") == "hidden")
    #expect(projected.text(of: "/v", "/name") == "p")
    #expect(mode(projected.containers[0].mounts[0].source + "/k") == 0o400)
    let downward = try bench.plan(
      volume([
        "downwardAPI": [
          "items": [
            ["path": "labels", "fieldRef": ["fieldPath": "metadata.labels"]],
            ["path": "cpu", "resourceFieldRef": ["containerName": "main", "resource": "requests.cpu"]],
          ]
        ]
      ]))
    #expect(downward.text(of: "/v", "/labels") == "workflows.argoproj.io/workflow=\"wf\"")
    #expect(downward.text(of: "/v", "/cpu") == "0")
  }

  @Test("a claim is a directory that outlives the pod; missing it is an error") func claim() throws {
    let bench = try Bench()
    let spec = volume(["persistentVolumeClaim": ["claimName": "data", "readOnly": true]])
    #expect(bench.message(spec) == "persistentvolumeclaim \"data\" not found")
    try bench.claim("data")
    let mount = try bench.plan(spec).containers[0].mounts[0]
    #expect(mount.source == bench.state + "/volumes/n/data")
    #expect(mount.isReadOnly)
    #expect(mode(bench.state + "/volumes") == 0o700)
    #expect(bench.message(volume(["persistentVolumeClaim": ["claimName": "../../x"]])).contains("not found"))
  }

  @Test(
    "hostPath types are checked",
    arguments: [
      ("Directory", "/there", ""), ("Directory", "/file", "hostPath type check failed: S/file is not a directory"), ("File", "/file", ""),
      ("File", "/there", "hostPath type check failed: S/there is not a file"), ("DirectoryOrCreate", "/new/deep", ""),
      ("FileOrCreate", "/new-file", ""), ("Socket", "/none", "hostPath type check failed: S/none is not a socket file"), ("", "/made", ""),
      ("Funny", "/there", "hostPath.type \"Funny\" is unknown"), ("", "/a/../b", "hostPath.path \"S/a/../b\" must not contain '..'"),
    ]) func hostPath(_ type: String, _ path: String, _ message: String) throws
  {
    let bench = try Bench()
    try LocalFiles.makeDirectories(bench.state + "/there")
    try bench.write("x", bench.state + "/file")
    let spec = volume(["hostPath": ["path": .string(bench.state + path), "type": .string(type)]])
    #expect(bench.message(spec) == message.split(separator: "S/", omittingEmptySubsequences: false).joined(separator: bench.state + "/"))
    if message.isEmpty { #expect(LocalFiles.exists(bench.state + path)) } else { #expect(!LocalFiles.exists(bench.state + "/none")) }
  }

  @Test("subPath binds a part of the volume, made where it is not there") func subPath() throws {
    let bench = try Bench()
    try bench.claim("data")
    let source: JSONObject = ["persistentVolumeClaim": ["claimName": "data"]]
    let made = try bench.plan(volume(source, mount: ["subPath": "a/b"])).containers[0].mounts[0].source
    #expect(made.hasSuffix("/volumes/n/data/a/b"))
    #expect(LocalFiles.isDirectory(made))
    let expression = volume(source, mount: ["subPathExpr": "logs/$(POD)"], env: [["name": "POD", "value": "p7"]])
    #expect(try bench.plan(expression).containers[0].mounts[0].source.hasSuffix("/data/logs/p7"))
    #expect(symlink("/etc", bench.state + "/volumes/n/data/out") == 0)
    for (mount, message) in [
      (["subPath": "../x"], "subPath \"../x\" must be relative and must not contain '..'"),
      (["subPath": "/x"], "subPath \"/x\" must be relative and must not contain '..'"),
      (["subPath": "out"], "subPath \"out\" leads out of its volume"),
      (["subPathExpr": "$(NONE)"], "subPathExpr \"$(NONE)\": missing value for \"NONE\""),
    ] as [(JSONObject, String)] {
      #expect(bench.message(volume(source, mount: mount)) == message)
    }
  }

  @Test(
    "what cannot be made is refused",
    arguments: [
      (["secret": ["secretName": "none"]], "secret \"none\" not found"),
      (["configMap": ["name": "c", "items": [["key": "x", "path": "x"]]]], "references non-existent key \"x\" of ConfigMap \"c\""),
      (
        ["configMap": ["name": "c", "items": [["key": "k", "path": "../x"]]]],
        "volume item path \"../x\" must be relative and must not contain '..'"
      ),
      (["nfs": ["server": "x"]], "volume \"v\": nfs volumes are not supported on this machine"),
      (["name": "../../x", "emptyDir": [:]], "volume name \"../../x\" is invalid"),
      (
        ["projected": ["sources": [["serviceAccountToken": ["path": "t"]]]]],
        "serviceAccountToken projections are not supported on this machine"
      ),
      (["name": "w", "emptyDir": [:]], "volumeMounts names volume \"v\", which the pod does not have"),
    ] as [(JSON, String)]) func refused(_ source: JSON, _ message: String) throws
  {
    let bench = try Bench()
    try bench.configMap("c", ["k": "v"])
    #expect(bench.message(volume(source.object ?? [:])) == message)
  }

  @Test("optional objects and keys may be missing") func optional() throws {
    let bench = try Bench()
    try bench.configMap("c", ["k": "v"])
    #expect(bench.message(volume(["secret": ["secretName": "none", "optional": true]])) == "")
    #expect(bench.message(volume(["configMap": ["name": "c", "optional": true, "items": [["key": "x", "path": "x"]]]])) == "")
  }

  @Test("a mount inside another comes after it") func nesting() throws {
    var spec = container([
      "volumeMounts": [["name": "a", "mountPath": "/x/y"], ["name": "b", "mountPath": "/x"], ["name": "a", "mountPath": "/z"]]
    ])
    spec["volumes"] = [["name": "a", "emptyDir": [:]], ["name": "b", "emptyDir": [:]]]
    #expect(try Bench().plan(spec).containers[0].mounts.map(\.target) == ["/x", "/z", "/x/y"])
  }
}

@Suite struct InputTests {
  @Test("a script is staged as the last argument") func script() throws {
    let bench = try Bench()
    let plan = try bench.plan(container(["command": ["python3"], "args": ["-u"]]), template: ["script": ["source": "print(1)"]])
    #expect(plan.containers[0].argv == ["python3", "-u", "/argo/staging/script"])
    #expect(plan.text(of: "/argo/staging", "/script") == "print(1)")
    #expect(mode(bench.state + "/pods/n_p_u1/staging/script") == 0o755)
    #expect(try bench.plan(container([:]), template: ["script": ["source": ""]]).containers[0].argv == ["true"])
  }

  @Test("an input artifact is mounted at its path, or put into the volume that holds the path") func artifacts() throws {
    let bench = try Bench()
    var spec = container(["volumeMounts": [["name": "v", "mountPath": "/work"]]])
    spec["volumes"] = [["name": "v", "emptyDir": [:]]]
    let plan = try bench.plan(
      spec,
      template: [
        "inputs": [
          "artifacts": [
            ["name": "a", "path": "/tmp/a.txt", "raw": ["data": "A"]], ["name": "b", "path": "/work/deep/b", "raw": ["data": "B"]],
            ["name": "c", "path": "/tmp/c", "missing": true, "optional": true],
          ]
        ]
      ])
    #expect(plan.containers[0].mounts.map(\.target) == ["/work", "/tmp/a.txt"])
    #expect(plan.text(of: "/tmp/a.txt") == "A")
    #expect(plan.text(of: "/work", "/deep/b") == "B")
  }

  @Test(
    "an artifact that cannot be loaded is named",
    arguments: [
      (["name": "x", "path": "/x", "missing": true], "failed to load artifact 'x': nothing there"),
      (
        ["name": "x", "path": "/x", "broken": true, "optional": true, "http": ["url": "http://h"]],
        "failed to load artifact 'x': no route to host"
      ),
    ] as [(JSON, String)]) func missing(_ artifact: JSON, _ message: String) throws
  {
    #expect(try Bench().message(container([:]), template: ["inputs": ["artifacts": [artifact]]]) == message)
  }

  @Test("limits of the pod reach the plan and cannot overflow") func limits() throws {
    let bench = try Bench()
    var spec = container(["securityContext": ["runAsUser": 1000]])
    spec["activeDeadlineSeconds"] = 10
    spec["terminationGracePeriodSeconds"] = 5
    spec["securityContext"] = ["runAsUser": 1, "runAsGroup": 2]
    let plan = try bench.plan(spec)
    #expect(plan.deadline == 1_700_000_010_000)
    #expect(plan.gracePeriod == 5)
    #expect(plan.containers[0].user == 1000)
    #expect(plan.containers[0].group == 2)
    spec["activeDeadlineSeconds"] = .int(.max)
    #expect(try bench.plan(spec).deadline == .max)
  }

  @Test("containers have Argo's roles") func roles() throws {
    let one = { (name: String) -> JSON in ["name": .string(name), "image": "alpine", "command": ["true"]] }
    let bench = try Bench()
    let plan = try bench.plan(["initContainers": [one("i")], "containers": [one("main"), one("side")]])
    #expect(plan.containers.map(\.role) == [.initial, .main, .sidecar])
    let set: JSON = ["containerSet": ["containers": [["name": "a"], ["name": "main"]]]]
    #expect(
      try bench.plan(["containers": [one("a"), one("main"), one("s")]], template: set).containers.map(\.role) == [.main, .main, .sidecar])
  }
}
