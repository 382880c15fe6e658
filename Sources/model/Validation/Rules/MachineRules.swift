import JSONValue

/// What a manifest says to a cluster and one machine has no use for. It is kept in the pods, and said once for each object.
extension ValidationRun {
  /// Where pods run, as whom they speak to the cluster, and what a cluster lets them have.
  private static let clusterFields = [
    "nodeSelector", "affinity", "tolerations", "schedulerName", "podPriorityClassName", "priorityClassName", "imagePullSecrets",
    "resourceClaims", "podDisruptionBudget", "automountServiceAccountToken",
  ]

  func checkMachine(spec: JSON, at path: FieldPath) {
    var found: [(name: String, path: FieldPath)] = []
    var probes: [FieldPath] = []
    func look(_ json: JSON, _ path: FieldPath) {
      for field in Self.clusterFields where json.holds(field) { found.append((field, path[field])) }
    }
    look(spec, path)
    for (index, template) in spec.elements("templates").enumerated() {
      let place = path["templates"][index]
      look(template, place)
      for field in ["container", "script"] { probes += Self.remoteProbes(template[field], place[field]) }
      for (list, members) in [("sidecars", template), ("containers", template["containerSet"] ?? .null)] {
        let around = list == "containers" ? place["containerSet"] : place
        for (number, container) in members.elements(list).enumerated() { probes += Self.remoteProbes(container, around[list][number]) }
      }
    }
    if let first = found.first {
      var names: [String] = []
      for item in found where !names.contains(item.name) { names.append(item.name) }
      report(
        "cluster-only", "\(names.joined(separator: ", ")): kept in the pods and ignored, since this machine is the only node",
        at: first.path,
        severity: .warning)
    }
    if let first = probes.first {
      report("grpc-probe", "gRPC probes are not carried out: they count as passed", at: first, severity: .warning)
    }
  }

  private static func remoteProbes(_ container: JSON?, _ path: FieldPath) -> [FieldPath] {
    ["livenessProbe", "readinessProbe", "startupProbe"].compactMap { container?[$0]?.holds("grpc") == true ? path[$0]["grpc"] : nil }
  }
}
