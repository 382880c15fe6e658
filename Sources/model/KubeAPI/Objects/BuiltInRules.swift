internal import Basics
internal import JSONValue
internal import KubeModel

/// What a Kubernetes server checks in objects of its own kinds beyond their form (`pkg/apis/*/validation`), as far as this program acts on it.
enum BuiltInRules {
  /// Data of a ConfigMap or a Secret, in bytes.
  static let maximumData: Int64 = 1_048_576

  static func problems(of resource: Resource, old: Resource?) -> [FieldProblem] {
    switch (resource.kind.group, resource.kind.kind) {
    case ("", "Pod"): PodRules.problems(of: resource, old: old)
    case ("", "Secret"): secretProblems(resource, old)
    case ("", "ConfigMap"): dataProblems(resource, old, ["data", "binaryData"])
    case ("", "PersistentVolume"): VolumeRules.problems(ofVolume: resource)
    case ("", "PersistentVolumeClaim"): VolumeRules.problems(ofClaim: resource, old: old)
    case ("", "Event"): eventProblems(resource)
    case ("", "Service"): serviceProblems(resource)
    case ("rbac.authorization.k8s.io", _): AccessRulesCheck.problems(of: resource, old: old)
    case ("storage.k8s.io", "StorageClass"): storageClassProblems(resource, old)
    case ("coordination.k8s.io", "Lease"): leaseProblems(resource)
    case ("apiextensions.k8s.io", "CustomResourceDefinition"): DefinitionRules.problems(of: resource, old: old)
    default: []
    }
  }

  // MARK: Secrets and ConfigMaps

  private static func dataProblems(_ resource: Resource, _ old: Resource?, _ fields: [String]) -> [FieldProblem] {
    var result: [FieldProblem] = []
    var size: Int64 = 0
    var seen: Set<String> = []
    for field in fields {
      for (key, value) in resource.json[field]?.object ?? [:] {
        for problem in NameFormats.configKey(key) { result.append(.invalid("\(field)[\(key)]", .string(key), problem)) }
        if !seen.insert(key).inserted { result.append(.invalid("\(field)[\(key)]", .string(key), "duplicate of key present in data")) }
        let text = value.string ?? ""
        size += Int64(field == "data" && resource.kind.kind == "ConfigMap" ? text.utf8.count : text.utf8.count / 4 * 3)
      }
    }
    if size > maximumData { result.append(.tooLong(fields.count > 1 ? "" : fields[0], limit: maximumData)) }
    guard let old, old.json["immutable"]?.bool == true else { return result }
    if resource.json["immutable"]?.bool != true {
      result.append(.forbidden("immutable", "field is immutable when `immutable` is set"))
    }
    for field in fields where resource.json[field] != old.json[field] {
      result.append(.forbidden(field, "field is immutable when `immutable` is set"))
    }
    return result
  }

  private static func secretProblems(_ secret: Resource, _ old: Resource?) -> [FieldProblem] {
    var result = dataProblems(secret, old, ["data"])
    let type = secret.json["type"]?.string ?? ""
    if let old, old.json["type"] != secret.json["type"] { result.append(.immutable("type", .string(type))) }
    func has(_ key: String) -> Bool { secret.json.at("data", key) != nil || secret.json.at("stringData", key) != nil }
    func needs(_ keys: String...) { for key in keys where !has(key) { result.append(.required("data[\(key)]")) } }
    switch type {
    case "kubernetes.io/service-account-token":
      if (secret.annotation("kubernetes.io/service-account.name") ?? "").isEmpty {
        result.append(.required("metadata.annotations[kubernetes.io/service-account.name]"))
      }
    case "kubernetes.io/tls": needs("tls.crt", "tls.key")
    case "kubernetes.io/ssh-auth": needs("ssh-privatekey")
    case "kubernetes.io/basic-auth":
      if !has("username"), !has("password") {
        result.append(.required("data[username]"))
        result.append(.required("data[password]"))
      }
    case "kubernetes.io/dockerconfigjson": result += dockerProblems(secret, ".dockerconfigjson")
    case "kubernetes.io/dockercfg": result += dockerProblems(secret, ".dockercfg")
    default: break
    }
    return result
  }

  private static func dockerProblems(_ secret: Resource, _ key: String) -> [FieldProblem] {
    if secret.json.at("stringData", key) != nil { return [] }
    guard let value = secret.json.at("data", key)?.string else { return [.required("data[\(key)]")] }
    let document = Base64.decode(value).flatMap { try? JSON.parse($0) }
    return document?.object == nil ? [.invalid("data[\(key)]", "<secret contents redacted>", "invalid character in JSON")] : []
  }

  // MARK: Small kinds

  private static func eventProblems(_ event: Resource) -> [FieldProblem] {
    let namespace = event.json.at("involvedObject", "namespace")?.string ?? ""
    let expected = namespace.isEmpty ? "default" : namespace
    guard event.namespace != expected, event.namespace != namespace else { return [] }
    return [.invalid("involvedObject.namespace", .string(namespace), "does not match event.namespace")]
  }

  private static func serviceProblems(_ service: Resource) -> [FieldProblem] {
    let type = service.spec["type"]?.string ?? ""
    var result: [FieldProblem] = []
    let ports = service.spec["ports"]?.array ?? []
    if ports.isEmpty, type != "ExternalName", service.spec["clusterIP"]?.string != "None" { result.append(.required("spec.ports")) }
    for (index, port) in ports.enumerated() {
      let number = port["port"]?.int ?? 0
      if !(1...65_535).contains(number) {
        result.append(.invalid("spec.ports[\(index)].port", .int(number), "must be between 1 and 65535, inclusive"))
      }
      if ports.count > 1, (port["name"]?.string ?? "").isEmpty { result.append(.required("spec.ports[\(index)].name")) }
    }
    if type == "ExternalName", (service.spec["externalName"]?.string ?? "").isEmpty { result.append(.required("spec.externalName")) }
    return result
  }

  private static func storageClassProblems(_ storage: Resource, _ old: Resource?) -> [FieldProblem] {
    var result: [FieldProblem] = []
    if (storage.json["provisioner"]?.string ?? "").isEmpty { result.append(.required("provisioner")) }
    let policies: [JSON] = ["Delete", "Retain"]
    if let policy = storage.json["reclaimPolicy"], !policies.contains(policy) {
      result.append(.notSupported("reclaimPolicy", policy, policies))
    }
    let modes: [JSON] = ["Immediate", "WaitForFirstConsumer"]
    if let mode = storage.json["volumeBindingMode"], !modes.contains(mode) {
      result.append(.notSupported("volumeBindingMode", mode, modes))
    }
    guard let old else { return result }
    if storage.json["parameters"] != old.json["parameters"] {
      result.append(.forbidden("parameters", "updates to parameters are forbidden."))
    }
    for field in ["provisioner", "reclaimPolicy"] where storage.json[field] != old.json[field] {
      result.append(.forbidden(field, "updates to \(field) are forbidden."))
    }
    return result
  }

  private static func leaseProblems(_ lease: Resource) -> [FieldProblem] {
    var result: [FieldProblem] = []
    if let seconds = lease.spec["leaseDurationSeconds"]?.int, seconds <= 0 {
      result.append(.invalid("spec.leaseDurationSeconds", .int(seconds), "must be greater than 0"))
    }
    if let count = lease.spec["leaseTransitions"]?.int, count < 0 {
      result.append(.invalid("spec.leaseTransitions", .int(count), "must be greater than or equal to 0"))
    }
    return result
  }
}
