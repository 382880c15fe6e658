internal import JSONValue
internal import KubeModel

/// Checks of pods (`pkg/apis/core/validation.ValidatePod`).
enum PodRules {
  static func problems(of pod: Resource, old: Resource?) -> [FieldProblem] {
    if let old { return changeProblems(pod, old) }
    let spec = pod.spec
    var result: [FieldProblem] = []
    var volumes: Set<String> = []
    for (index, volume) in (spec["volumes"]?.array ?? []).enumerated() {
      let name = volume["name"]?.string ?? ""
      let path = "spec.volumes[\(index)]"
      result += nameProblems(name, "\(path).name", taken: volumes)
      volumes.insert(name)
      let sources = (volume.object ?? [:]).keys.filter { $0 != "name" }
      if sources.isEmpty { result.append(.required(path, "must specify a volume type")) }
      for extra in sources.dropFirst() { result.append(.forbidden("\(path).\(extra)", "may not specify more than 1 volume type")) }
      result += sourceProblems(volume, path)
    }
    let containers = spec["containers"]?.array ?? []
    if containers.isEmpty { result.append(.required("spec.containers")) }
    var names: Set<String> = []
    for (index, container) in containers.enumerated() {
      result += problems(ofContainer: container, "spec.containers[\(index)]", volumes, &names)
    }
    for (index, container) in (spec["initContainers"]?.array ?? []).enumerated() {
      result += problems(ofContainer: container, "spec.initContainers[\(index)]", volumes, &names)
    }
    result += choiceProblem(spec["restartPolicy"], "spec.restartPolicy", ["Always", "OnFailure", "Never"])
    result += choiceProblem(spec["dnsPolicy"], "spec.dnsPolicy", ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"])
    if let seconds = spec["activeDeadlineSeconds"]?.int, !(1...2_147_483_647).contains(seconds) {
      result.append(.invalid("spec.activeDeadlineSeconds", .int(seconds), "must be between 1 and 2147483647, inclusive"))
    }
    if let seconds = spec["terminationGracePeriodSeconds"]?.int, seconds < 0 {
      result.append(.invalid("spec.terminationGracePeriodSeconds", .int(seconds), "must be greater than or equal to 0"))
    }
    if let account = spec["serviceAccountName"]?.string {
      for problem in account.isEmpty ? [] : NameFormats.subdomain(account) {
        result.append(.invalid("spec.serviceAccountName", .string(account), problem))
      }
    }
    result += MetadataRules.labelProblems(spec["nodeSelector"], at: "spec.nodeSelector")
    return result
  }

  private static func choiceProblem(_ value: JSON?, _ path: String, _ choices: [JSON]) -> [FieldProblem] {
    guard let value, !choices.contains(value) else { return [] }
    return [.notSupported(path, value, choices)]
  }

  private static func nameProblems(_ name: String, _ path: String, taken: Set<String>) -> [FieldProblem] {
    if name.isEmpty { return [.required(path)] }
    var result = NameFormats.label(name).map { FieldProblem.invalid(path, .string(name), $0) }
    if taken.contains(name) { result.append(.duplicate(path, .string(name))) }
    return result
  }

  /// What sources of volumes need.
  private static func sourceProblems(_ volume: JSON, _ path: String) -> [FieldProblem] {
    func needs(_ source: String, _ field: String) -> [FieldProblem] {
      guard let value = volume[source], (value[field]?.string ?? "").isEmpty else { return [] }
      return [.required("\(path).\(source).\(field)")]
    }
    return needs("secret", "secretName") + needs("configMap", "name") + needs("persistentVolumeClaim", "claimName")
      + needs("hostPath", "path")
  }

  private static func problems(
    ofContainer container: JSON, _ path: String, _ volumes: Set<String>, _ names: inout Set<String>
  ) -> [FieldProblem] {
    let name = container["name"]?.string ?? ""
    var result = nameProblems(name, "\(path).name", taken: names)
    names.insert(name)
    let image = container["image"]?.string ?? ""
    if image.isEmpty { result.append(.required("\(path).image")) }
    if image.first?.isWhitespace == true || image.last?.isWhitespace == true {
      result.append(.invalid("\(path).image", .string(image), "must not have leading or trailing whitespace"))
    }
    result += choiceProblem(container["imagePullPolicy"], "\(path).imagePullPolicy", ["Always", "IfNotPresent", "Never"])
    for (index, variable) in (container["env"]?.array ?? []).enumerated() {
      let name = variable["name"]?.string ?? ""
      let place = "\(path).env[\(index)]"
      if name.isEmpty { result.append(.required("\(place).name")) }
      for problem in name.isEmpty ? [] : NameFormats.environmentName(name) {
        result.append(.invalid("\(place).name", .string(name), problem))
      }
      if let source = variable["valueFrom"]?.object {
        if source.isEmpty {
          result.append(
            .invalid("\(place).valueFrom", "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"))
        }
        if !(variable["value"]?.string ?? "").isEmpty {
          result.append(.invalid("\(place).valueFrom", "", "may not be specified when `value` is not empty"))
        }
      }
    }
    var paths: Set<String> = []
    for (index, mount) in (container["volumeMounts"]?.array ?? []).enumerated() {
      let place = "\(path).volumeMounts[\(index)]"
      let volume = mount["name"]?.string ?? ""
      let mountPath = mount["mountPath"]?.string ?? ""
      if volume.isEmpty { result.append(.required("\(place).name")) }
      if !volume.isEmpty, !volumes.contains(volume) { result.append(.notFound("\(place).name", .string(volume))) }
      if mountPath.isEmpty { result.append(.required("\(place).mountPath")) }
      if !mountPath.isEmpty, !paths.insert(mountPath).inserted {
        result.append(.invalid("\(place).mountPath", .string(mountPath), "must be unique"))
      }
      if let sub = mount["subPath"]?.string, sub.hasPrefix("/") || sub.split(separator: "/").contains("..") {
        result.append(.invalid("\(place).subPath", .string(sub), sub.hasPrefix("/") ? "must be a relative path" : "must not contain '..'"))
      }
    }
    for (index, port) in (container["ports"]?.array ?? []).enumerated() {
      for field in ["containerPort", "hostPort"] {
        guard let number = port[field]?.int, !(1...65_535).contains(number), field == "containerPort" || number != 0 else { continue }
        result.append(.invalid("\(path).ports[\(index)].\(field)", .int(number), "must be between 1 and 65535, inclusive"))
      }
    }
    return result
  }

  /// Of a pod that is there only few settings change (`ValidatePodUpdate`).
  private static func changeProblems(_ pod: Resource, _ old: Resource) -> [FieldProblem] {
    guard fixed(pod.spec) != fixed(old.spec) else { return [] }
    return [
      .forbidden(
        "spec",
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
          + "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
          + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)")
    ]
  }

  private static func fixed(_ spec: JSON) -> JSON {
    var result = spec
    for field in ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName"] { result[field] = nil }
    for list in ["containers", "initContainers"] {
      guard let containers = result[list]?.array else { continue }
      result[list] = .array(
        containers.map { container in
          var container = container
          container["image"] = nil
          return container
        })
    }
    return result
  }
}
