import JSONValue
import KubeModel

/// A claim and a volume as they are when they belong to each other.
struct BoundPair: Sendable {
  static let completed = "pv.kubernetes.io/bind-completed"
  static let byController = "pv.kubernetes.io/bound-by-controller"

  var claim: Resource
  var volume: Resource

  init(_ givenClaim: Resource, _ givenVolume: Resource) {
    var claim = givenClaim
    var volume = givenVolume
    let reference = volume.spec["claimRef"]
    if reference?["uid"]?.string != claim.uid {
      var new: JSONObject = [
        "apiVersion": .string(claim.kind.apiVersion), "kind": .string(claim.kind.kind), "namespace": .string(claim.namespace),
        "name": .string(claim.name), "uid": .string(claim.uid),
      ]
      if let version = claim.resourceVersion { new["resourceVersion"] = .string(String(version)) }
      var spec = volume.spec
      spec["claimRef"] = .object(new)
      volume.spec = spec
      if reference == nil { volume.setAnnotation(Self.byController, "yes") }
    }
    if volume.status["phase"]?.string != "Bound" { volume.status = ["phase": "Bound"] }
    if claim.spec["volumeName"]?.string != volume.name {
      var spec = claim.spec
      spec["volumeName"] = .string(volume.name)
      claim.spec = spec
      claim.setAnnotation(Self.byController, "yes")
    }
    if claim.annotation(Self.completed) != "yes" { claim.setAnnotation(Self.completed, "yes") }
    var status = claim.status
    status["phase"] = "Bound"
    status["accessModes"] = volume.spec["accessModes"]
    status["capacity"] = volume.spec["capacity"]
    if status != claim.status { claim.status = status }
    self.claim = claim
    self.volume = volume
  }
}
