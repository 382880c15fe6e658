import Basics
import ClusterService
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Testing

@Suite struct VolumeTests {
  private func claim(_ more: JSON = [:], size: String = "1Gi") -> JSON {
    var spec: JSON = ["accessModes": ["ReadWriteOnce"], "resources": ["requests": ["storage": .string(size)]]]
    for (key, value) in more.object ?? [:] { spec[key] = value }
    return ["spec": spec]
  }
  private func volume(
    _ path: String, size: String, storageClass: String = "", policy: String = "Retain", modes: [String] = ["ReadWriteOnce"]
  ) -> JSON {
    [
      "spec": [
        "capacity": ["storage": .string(size)], "accessModes": .array(modes.map { .string($0) }),
        "persistentVolumeReclaimPolicy": .string(policy), "storageClassName": .string(storageClass), "hostPath": ["path": .string(path)],
      ]
    ]
  }
  private func phase(_ object: Resource) -> String? { object.status["phase"]?.string }

  @Test("a claim without a class gets a directory of this machine from the default class, which goes with it")
  func provisioning() throws {
    let world = try World()
    let standard = try #require(try world.store.get(ResourceKey(.storageClass, namespace: "", name: "local")))
    #expect(standard.annotation("storageclass.kubernetes.io/is-default-class") == "true")
    let made = try world.make(.persistentVolumeClaim, "data", claim())
    let bound = try world.wait(made.key, "was bound") { phase($0) == "Bound" }
    #expect(bound.spec["volumeName"]?.string == "pvc-\(made.uid)" && bound.spec["storageClassName"]?.string == "local")
    #expect(bound.status["capacity"] == ["storage": "1Gi"] && bound.status["accessModes"] == ["ReadWriteOnce"])
    #expect(bound.annotation("pv.kubernetes.io/bind-completed") == "yes")
    let volume = try #require(try world.store.get(ResourceKey(.persistentVolume, namespace: "", name: "pvc-\(made.uid)")))
    #expect(phase(volume) == "Bound" && volume.spec.at("claimRef", "uid")?.string == made.uid)
    #expect(volume.spec["persistentVolumeReclaimPolicy"] == "Delete")
    let path = try world.service.claims.volume(ofClaim: made.key).path
    #expect(path == world.directory + "/pvc-" + made.uid && LocalFiles.isDirectory(path))
    try LocalFiles.write([1], to: path + "/file")
    try world.delete(made.key)
    try world.waitGone(volume.key)
    try world.wait("the directory is gone") { !LocalFiles.exists(path) }
  }

  @Test("a static volume is chosen by class, modes, size and labels, the smallest first; Retain keeps it")
  func statics() throws {
    let world = try World()
    let directory = world.directory + "-static"
    defer { LocalFiles.removeTree(directory) }
    func add(_ name: String, _ size: String, storageClass: String = "fast", modes: [String] = ["ReadWriteOnce"], labels: JSON = [:]) throws
    {
      var json = volume(directory + "/" + name, size: size, storageClass: storageClass, modes: modes)
      json["metadata"] = ["labels": labels]
      try world.make(.persistentVolume, name, in: "", json)
    }
    try add("small", "1Gi")
    try add("large", "10Gi")
    try add("medium", "5Gi")
    try add("labelled", "2Gi", labels: ["tier": "a"])
    try add("foreign", "2Gi", storageClass: "slow")
    try add("shared", "2Gi", modes: ["ReadWriteMany"])
    try world.wait(ResourceKey(.persistentVolume, namespace: "", name: "shared"), "was available") { phase($0) == "Available" }
    let first = try world.make(.persistentVolumeClaim, "one", claim(["storageClassName": "fast"], size: "3Gi"))
    #expect(try world.wait(first.key, "was bound") { phase($0) == "Bound" }.spec["volumeName"] == "medium")
    let second = try world.make(
      .persistentVolumeClaim, "two", claim(["storageClassName": "fast", "selector": ["matchLabels": ["tier": "a"]]]))
    #expect(try world.wait(second.key, "was bound") { phase($0) == "Bound" }.spec["volumeName"] == "labelled")
    let third = try world.make(
      .persistentVolumeClaim, "three", claim(["storageClassName": "fast", "accessModes": ["ReadWriteMany"]]))
    #expect(try world.wait(third.key, "was bound") { phase($0) == "Bound" }.spec["volumeName"] == "shared")
    let path = try world.service.claims.volume(ofClaim: first.key).path
    #expect(path == directory + "/medium" && LocalFiles.isDirectory(path))
    try world.delete(first.key)
    try world.wait(ResourceKey(.persistentVolume, namespace: "", name: "medium"), "was released") { phase($0) == "Released" }
    #expect(LocalFiles.isDirectory(path))
  }

  @Test("a claim that nothing serves waits, says why, and is bound when a volume comes")
  func waiting() throws {
    let world = try World()
    let made = try world.make(.persistentVolumeClaim, "data", claim(["storageClassName": "gold"]))
    try world.wait(made.key, "was pending") { phase($0) == "Pending" }
    let event = try #require(world.heard.wait(for: "ProvisioningFailed"))
    #expect(event.message == "storageclass.storage.k8s.io \"gold\" not found" && event.about.name == "data")
    do throws(KubeStatus) {
      _ = try world.service.claims.volume(ofClaim: made.key)
      Issue.record("not refused")
    } catch {
      #expect(error.reason == .serviceUnavailable && error.message == event.message)
    }
    let directory = world.directory + "-gold"
    defer { LocalFiles.removeTree(directory) }
    try world.make(.persistentVolume, "gold", in: "", volume(directory, size: "1Gi", storageClass: "gold"))
    try world.wait(made.key, "was bound") { phase($0) == "Bound" }
    let other = try world.make(.persistentVolumeClaim, "none", claim(["storageClassName": ""]))
    #expect(world.heard.wait(for: "FailedBinding")?.message == "no persistent volumes available for this claim and no storage class is set")
    try world.wait(other.key, "was pending") { phase($0) == "Pending" }
  }

  @Test("a class that waits for a consumer binds when a pod mounts the claim")
  func consumer() throws {
    let world = try World()
    try world.make(
      .storageClass, "late", in: "",
      ["provisioner": "ebs.csi.aws.com", "volumeBindingMode": "WaitForFirstConsumer", "reclaimPolicy": "Retain"])
    let made = try world.make(.persistentVolumeClaim, "data", claim(["storageClassName": "late"]))
    #expect(world.heard.wait(for: "WaitForFirstConsumer")?.message == "waiting for first consumer to be created before binding")
    let path = try world.service.claims.volume(ofClaim: made.key).path
    try world.wait(made.key, "was bound") { phase($0) == "Bound" }
    try world.delete(made.key)
    try world.wait(ResourceKey(.persistentVolume, namespace: "", name: "pvc-\(made.uid)"), "was released") { phase($0) == "Released" }
    #expect(LocalFiles.isDirectory(path))
  }

  @Test("a claim in use is protected until its pods have ended; without protection its directory is")
  func protection() throws {
    let world = try World()
    let uses: JSON = [
      "spec": ["volumes": [["name": "v", "persistentVolumeClaim": ["claimName": "data"]]]], "status": ["phase": "Running"],
    ]
    var request = AdmissionRequest(
      .create, key: world.key(.persistentVolumeClaim, "data"), old: nil,
      new: Resource(.persistentVolumeClaim, json: claim()), user: .anonymous)
    try VolumeAdmission(store: world.store).admit(&request)
    #expect(request.new?.spec["storageClassName"]?.string == "local")
    let made = try world.make(.persistentVolumeClaim, "data", request.new?.json ?? [:])
    #expect(made.finalizers == ["kubernetes.io/pvc-protection"])
    let path = try world.service.claims.volume(ofClaim: made.key).path
    let pod = try world.make(.pod, "user", uses)
    try world.delete(made.key)
    let marker = try world.make(.persistentVolumeClaim, "marker", claim())
    try world.wait(marker.key, "was bound") { phase($0) == "Bound" }
    #expect(try world.store.get(made.key)?.deletionTimestamp != nil && LocalFiles.isDirectory(path))
    try world.store.commit([.patch(pod.key, ["status": ["phase": "Succeeded"]])])
    try world.waitGone(made.key)
    try world.wait("the directory is gone") { !LocalFiles.exists(path) }

    let plain = try world.make(.persistentVolumeClaim, "data", claim())
    let second = try world.service.claims.volume(ofClaim: plain.key).path
    let other = try world.make(.pod, "other", uses)
    try world.store.commit([.delete(plain.key)])
    try world.wait(ResourceKey(.persistentVolume, namespace: "", name: "pvc-\(plain.uid)"), "was released") { phase($0) == "Released" }
    #expect(LocalFiles.isDirectory(second))
    try world.store.commit([.delete(other.key)])
    try world.wait("the directory is gone") { !LocalFiles.exists(second) }
  }

  @Test("a volume that is promised to a claim is taken by no other; a claim whose volume is gone is lost")
  func promised() throws {
    let world = try World()
    let directory = world.directory + "-promised"
    defer { LocalFiles.removeTree(directory) }
    var json = volume(directory, size: "1Gi", storageClass: "fast")
    json["spec"]?["claimRef"] = ["name": "mine", "namespace": "default"]
    try world.make(.persistentVolume, "promised", in: "", json)
    let other = try world.make(.persistentVolumeClaim, "other", claim(["storageClassName": "fast"]))
    try world.wait(other.key, "was pending") { phase($0) == "Pending" }
    let mine = try world.make(.persistentVolumeClaim, "mine", claim(["storageClassName": "fast"]))
    #expect(try world.wait(mine.key, "was bound") { phase($0) == "Bound" }.spec["volumeName"] == "promised")
    try world.store.commit([.delete(ResourceKey(.persistentVolume, namespace: "", name: "promised"))])
    try world.wait(mine.key, "was lost") { phase($0) == "Lost" }
    #expect(world.heard.wait(for: "ClaimLost")?.message == "Bound claim has lost its PersistentVolume. Data on the volume is lost!")
  }

  @Test("without a cluster every claim is served, and the files of earlier versions are found")
  func runs() throws {
    let world = try World(scope: .runs, configure: { $0.servesUnknownClasses = true })
    try LocalFiles.makeDirectories(world.directory + "/default/old")
    let old = try world.make(.persistentVolumeClaim, "old", claim(["storageClassName": "gp3"]))
    let new = try world.make(.persistentVolumeClaim, "new", ["spec": [:]])
    #expect(try world.service.claims.volume(ofClaim: old.key).path == world.directory + "/default/old")
    #expect(try world.service.claims.volume(ofClaim: new.key).path == world.directory + "/pvc-" + new.uid)
    #expect(try world.store.list(.storageClass, namespace: nil, labels: .everything).isEmpty)
    try world.store.commit([.delete(old.key)])
    try world.wait("the directory is gone") { !LocalFiles.exists(world.directory + "/default") }
  }

  @Test("only directories of provisioned volumes are ever removed")
  func foreignDirectories() throws {
    let world = try World()
    let directory = world.directory + "-foreign"
    defer { LocalFiles.removeTree(directory) }
    try LocalFiles.makeDirectories(directory)
    try world.make(.persistentVolume, "foreign", in: "", volume(directory, size: "1Gi", storageClass: "fast", policy: "Delete"))
    let made = try world.make(.persistentVolumeClaim, "data", claim(["storageClassName": "fast"]))
    try world.wait(made.key, "was bound") { phase($0) == "Bound" }
    try world.delete(made.key)
    let failed = try world.wait(ResourceKey(.persistentVolume, namespace: "", name: "foreign"), "failed") { phase($0) == "Failed" }
    #expect(failed.status["message"]?.string?.contains("no deletable volume plugin matched") == true)
    #expect(LocalFiles.isDirectory(directory))
  }

  @Test("a claim that asks for more gets it")
  func expansion() throws {
    let world = try World()
    let made = try world.make(.persistentVolumeClaim, "data", claim())
    try world.wait(made.key, "was bound") { phase($0) == "Bound" }
    try world.store.commit([.patch(made.key, ["spec": ["resources": ["requests": ["storage": "3Gi"]]]])])
    try world.wait(made.key, "has more") { $0.status["capacity"] == ["storage": "3Gi"] }
    #expect(
      try world.store.get(ResourceKey(.persistentVolume, namespace: "", name: "pvc-\(made.uid)"))?.spec["capacity"] == ["storage": "3Gi"])
  }
}
