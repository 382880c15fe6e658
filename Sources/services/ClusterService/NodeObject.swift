import Basics
import Contracts
import JSONValue
import KubeModel

/// The Node object of this machine, so that `kubectl get nodes` says what there is.
struct NodeObject: Sendable {
  let store: any ResourceStoring
  let description: NodeDescription

  func write(at now: Instant) throws(KubeStatus) {
    let key = ResourceKey(.node, namespace: "", name: description.name)
    guard var node = try store.get(key) else {
      try store.commit([.create(object(at: now))])
      return
    }
    let fresh = object(at: now)
    var status = fresh.status
    // A condition that holds on has held since it first did.
    let before = node.status["conditions"]?.array ?? []
    let conditions = (status["conditions"]?.array ?? []).map { condition in
      var condition = condition
      if let earlier = before.first(where: { $0["type"] == condition["type"] && $0["status"] == condition["status"] }) {
        condition["lastTransitionTime"] = earlier["lastTransitionTime"]
      }
      return condition
    }
    status["conditions"] = .array(conditions)
    node.status = status
    for (label, value) in fresh.labels where node.label(label) != value { node.setLabel(label, value) }
    try store.commit([.update(node)])
  }

  private func object(at now: Instant) -> Resource {
    var resources: JSONObject = [
      "cpu": .string(String(description.processors)), "memory": .string("\(description.memory / 1024)Ki"),
      "pods": .string(String(description.maximumPods)),
    ]
    resources = resources.sortedByKey()
    let name = JSON.string(description.name)
    var addresses: [JSON] = description.addresses.map { ["type": "InternalIP", "address": .string($0)] }
    addresses.append(["type": "Hostname", "address": name])
    let time = JSON.string(now.rfc3339)
    func condition(_ type: String, _ status: String, _ reason: String, _ message: String) -> JSON {
      [
        "type": .string(type), "status": .string(status), "lastHeartbeatTime": time, "lastTransitionTime": time,
        "reason": .string(reason), "message": .string(message),
      ]
    }
    return Resource(
      .node,
      json: [
        "metadata": [
          "name": name,
          "labels": [
            "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": .string(description.architecture),
            "node-role.kubernetes.io/control-plane": "",
          ],
        ],
        "spec": [:],
        "status": [
          "addresses": .array(addresses), "allocatable": .object(resources), "capacity": .object(resources),
          "conditions": [
            condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
            condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
            condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
          ],
          "nodeInfo": [
            "architecture": .string(description.architecture), "bootID": .string(description.bootID),
            "containerRuntimeVersion": "argosy://sandbox", "kernelVersion": .string(description.kernelVersion),
            "kubeProxyVersion": "", "kubeletVersion": .string(description.version), "machineID": .string(description.machineID),
            "operatingSystem": "linux", "osImage": .string(description.operatingSystemImage), "systemUUID": .string(description.machineID),
          ],
        ],
      ])
  }
}
