internal import JSONValue
internal import KubeModel

/// The defaults that a Kubernetes server sets in its own kinds (`pkg/apis/*/v1/defaults.go`), as far as clients see them.
enum BuiltInDefaults {
  static func set(_ document: inout JSON, _ kind: ResourceKind) {
    document.modifyObject { root in
      switch kind.kind {
      case "Pod": root.edit("spec", PodDefaults.set)
      case "Secret": root.setDefault("type", "Opaque")
      case "Namespace":
        let name = root["metadata"]?["name"] ?? ""
        guard let text = name.string, !text.isEmpty else { return }
        root.edit("metadata") { metadata in
          metadata.edit("labels", makes: true) { $0["kubernetes.io/metadata.name"] = .string(text) }
        }
      case "PersistentVolume":
        root.edit("spec") { spec in
          spec.setDefault("persistentVolumeReclaimPolicy", "Retain")
          spec.setDefault("volumeMode", "Filesystem")
          if spec["hostPath"]?.object != nil { spec.edit("hostPath") { $0.setDefault("type", "") } }
        }
      case "PersistentVolumeClaim": root.edit("spec") { $0.setDefault("volumeMode", "Filesystem") }
      case "RoleBinding", "ClusterRoleBinding": setRoles(&root)
      case "StorageClass":
        root.setDefault("reclaimPolicy", "Delete")
        root.setDefault("volumeBindingMode", "Immediate")
      case "Service": root.edit("spec", setService)
      case "CustomResourceDefinition": root.edit("spec", setDefinition)
      default: break
      }
    }
  }

  private static func setRoles(_ root: inout JSONObject) {
    root.edit("roleRef") { $0.setDefault("apiGroup", "rbac.authorization.k8s.io") }
    root.editElements("subjects") { subject in
      switch subject["kind"]?.string {
      case "User"?, "Group"?: subject.setDefault("apiGroup", "rbac.authorization.k8s.io")
      default: break
      }
    }
  }

  private static func setService(_ spec: inout JSONObject) {
    spec.setDefault("sessionAffinity", "None")
    spec.setDefault("type", "ClusterIP")
    spec.editElements("ports") { port in
      port.setDefault("protocol", "TCP")
      if port["targetPort"] == nil { port["targetPort"] = port["port"] }
    }
    if spec["type"] != "ExternalName" { spec.setDefault("internalTrafficPolicy", "Cluster") }
  }

  private static func setDefinition(_ spec: inout JSONObject) {
    if spec["conversion"] == nil { spec["conversion"] = ["strategy": "None"] }
    spec.edit("names") { names in
      if let kind = names["kind"]?.string {
        names.setDefault("singular", .string(kind.lowercased()))
        names.setDefault("listKind", .string(kind + "List"))
      }
    }
  }
}

/// The defaults of a pod's specification (`SetDefaults_PodSpec` and those of its parts).
enum PodDefaults {
  static func set(_ spec: inout JSONObject) {
    spec.setDefault("dnsPolicy", "ClusterFirst")
    spec.setDefault("restartPolicy", "Always")
    spec.setDefault("terminationGracePeriodSeconds", 30)
    spec.setDefault("schedulerName", "default-scheduler")
    spec.setDefault("enableServiceLinks", true)
    if spec["securityContext"] == nil { spec["securityContext"] = [:] }
    if let account = spec["serviceAccountName"] ?? spec["serviceAccount"], account.string?.isEmpty == false {
      spec["serviceAccountName"] = account
      spec["serviceAccount"] = account
    }
    for list in ["initContainers", "containers", "ephemeralContainers"] { spec.editElements(list, container) }
    spec.editElements("volumes", volume)
  }

  private static func container(_ container: inout JSONObject) {
    container.setDefault("terminationMessagePath", "/dev/termination-log")
    container.setDefault("terminationMessagePolicy", "File")
    container.setDefault("imagePullPolicy", hasMovingTag(container["image"]?.string ?? "") ? "Always" : "IfNotPresent")
    if container["resources"] == nil { container["resources"] = [:] }
    container.editElements("ports") { $0.setDefault("protocol", "TCP") }
    container.editElements("env") { variable in
      variable.edit("valueFrom") { $0.edit("fieldRef") { $0.setDefault("apiVersion", "v1") } }
    }
    container.edit("resources") { resources in
      // What is limited and not asked for is asked for.
      guard let limits = resources["limits"]?.object, !limits.isEmpty else { return }
      resources.edit("requests", makes: true) { requests in for (name, limit) in limits { requests.setDefault(name, limit) } }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
      container.edit(probe) { probe in
        probe.setDefault("timeoutSeconds", 1)
        probe.setDefault("periodSeconds", 10)
        probe.setDefault("successThreshold", 1)
        probe.setDefault("failureThreshold", 3)
        handler(&probe)
      }
    }
    container.edit("lifecycle") { lifecycle in for hook in ["postStart", "preStop"] { lifecycle.edit(hook, handler) } }
  }

  private static func handler(_ object: inout JSONObject) {
    object.edit("httpGet") { get in
      get.setDefault("path", "/")
      get.setDefault("scheme", "HTTP")
    }
    object.edit("grpc") { $0.setDefault("service", "") }
  }

  private static func volume(_ volume: inout JSONObject) {
    if volume.count == 1, volume["name"] != nil { volume["emptyDir"] = [:] }
    for source in ["secret", "configMap", "downwardAPI", "projected"] { volume.edit(source) { $0.setDefault("defaultMode", 420) } }
    volume.edit("hostPath") { $0.setDefault("type", "") }
    volume.edit("projected") { projected in
      projected.editElements("sources") { source in source.edit("serviceAccountToken") { $0.setDefault("expirationSeconds", 3600) } }
    }
  }

  /// `:latest`, or no tag and no digest.
  private static func hasMovingTag(_ image: String) -> Bool {
    if image.contains("@") { return false }
    let last = image.split(separator: "/").last ?? ""
    guard let colon = last.lastIndex(of: ":") else { return true }
    return last[last.index(after: colon)...] == "latest"
  }
}

extension JSONObject {
  fileprivate mutating func setDefault(_ key: String, _ value: JSON) {
    if self[key] == nil || self[key]?.isNull == true { self[key] = value }
  }

  /// Edits a member that is an object; `makes`: also one that is missing.
  fileprivate mutating func edit(_ key: String, makes: Bool = false, _ body: (inout JSONObject) -> Void) {
    guard var members = self[key]?.object ?? (makes && self[key] == nil ? [:] : nil) else { return }
    if self[key] != nil { self[key] = .null }
    body(&members)
    self[key] = .object(members)
  }

  /// Edits the objects of a member that is a list.
  fileprivate mutating func editElements(_ key: String, _ body: (inout JSONObject) -> Void) {
    guard var elements = self[key]?.array else { return }
    self[key] = .null
    for index in elements.indices {
      guard case .object(var members) = elements[index] else { continue }
      elements[index] = .null
      body(&members)
      elements[index] = .object(members)
    }
    self[key] = .array(elements)
  }
}
