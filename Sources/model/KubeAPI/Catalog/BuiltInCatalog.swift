internal import JSONValue
package import KubeModel

/// The kinds that are served without a CustomResourceDefinition: names come from ``BuiltInKinds``, verbs, subresources, fields of selectors and columns from here.
///
/// Kinds of Kubernetes that need a controller which this program does not have (Deployments, Jobs …) are not served: a client is told so at once
/// instead of waiting for pods that never come.
package enum BuiltInCatalog {
  package static let kinds: [APIKind] = {
    var result: [APIKind] = []
    for (group, names) in order {
      for name in names {
        guard let entry = BuiltInKinds.all.first(where: { $0.kind.group == group && $0.kind.kind == name }) else { continue }
        result.append(apiKind(entry))
      }
    }
    return result
  }()

  /// Groups in the order of discovery: a name that several groups have means the first.
  private static let order: [(group: String, kinds: [String])] = [
    (
      "",
      [
        "ConfigMap", "Endpoints", "Event", "LimitRange", "Namespace", "Node", "PersistentVolumeClaim", "PersistentVolume", "Pod",
        "ResourceQuota", "Secret", "ServiceAccount", "Service",
      ]
    ),
    ("authentication.k8s.io", ["SelfSubjectReview", "TokenReview"]),
    (
      "authorization.k8s.io",
      ["LocalSubjectAccessReview", "SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview"]
    ),
    ("rbac.authorization.k8s.io", ["ClusterRoleBinding", "ClusterRole", "RoleBinding", "Role"]),
    ("storage.k8s.io", ["StorageClass"]), ("apiextensions.k8s.io", ["CustomResourceDefinition"]),
    ("coordination.k8s.io", ["Lease"]),
    (
      "argoproj.io",
      [
        "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowArtifactGCTask", "WorkflowEventBinding", "Workflow", "WorkflowTaskResult",
        "WorkflowTaskSet", "WorkflowTemplate",
      ]
    ),
    ("argosy.io", ["SyncLimit"]),
  ]

  private static func apiKind(_ entry: BuiltInKinds.Entry) -> APIKind {
    let kind = entry.kind
    var result = APIKind(
      kind, singular: kind.kind.lowercased(), typeName: BuiltInTypes.prefix(ofGroup: kind.group) + kind.kind)
    result.shortNames = entry.shortNames
    result.isCustom = kind.group == "argoproj.io" || kind.group == "argosy.io"
    if let verbs = verbs[kind.kind] { result.verbs = verbs }
    if kind.group.hasPrefix("auth") { result.verbs = ["create"] }
    result.subresources = subresources(of: kind)
    result.columns = BuiltInColumns.columns(of: kind)
    result.selectableFields = selectableFields[kind.kind] ?? []
    if kind.group.isEmpty, ["Pod", "Service"].contains(kind.kind) { result.categories = ["all"] }
    if kind.kind == "CustomResourceDefinition" { result.categories = ["api-extensions"] }
    if inert.contains(kind.kind) { result.warning = "\(kind.kind) objects are only kept: nothing in Argosy acts on them" }
    return result
  }

  /// Kept for manifests that have them.
  private static let inert: Set<String> = ["Endpoints", "LimitRange", "ResourceQuota", "Service"]

  private static let verbs: [String: [String]] = [
    "Node": ["get", "list", "watch"], "Namespace": ["create", "delete", "get", "list", "patch", "update", "watch"],
  ]

  private static let withStatus: Set<String> = [
    "Namespace", "Pod", "PersistentVolume", "PersistentVolumeClaim", "ResourceQuota", "Service", "CustomResourceDefinition",
    "WorkflowTaskSet", "WorkflowArtifactGCTask",
  ]

  private static func subresources(of kind: ResourceKind) -> [APIKind.Subresource] {
    var result: [APIKind.Subresource] = []
    switch kind.kind {
    case "Pod":
      result = [
        APIKind.Subresource("attach", kind: "PodAttachOptions", verbs: ["create", "get"]),
        APIKind.Subresource("exec", kind: "PodExecOptions", verbs: ["create", "get"]),
        APIKind.Subresource("log", kind: "Pod", verbs: ["get"]),
      ]
    case "ServiceAccount":
      result = [APIKind.Subresource("token", kind: "TokenRequest", group: "authentication.k8s.io", version: "v1", verbs: ["create"])]
    default: break
    }
    if withStatus.contains(kind.kind) { result.append(APIKind.Subresource("status", kind: kind.kind, verbs: ["get", "patch", "update"])) }
    return result
  }

  private static let selectableFields: [String: [String]] = [
    "Pod": [
      "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork", "status.phase",
      "status.podIP", "status.nominatedNodeName",
    ],
    "Namespace": ["status.phase"], "Secret": ["type"], "Node": ["spec.unschedulable"], "Service": ["spec.clusterIP", "spec.type"],
    "Event": [
      "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion",
      "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
    ],
  ]
}

extension APIKind {
  /// The value that a field selector compares, as text: of a field of ``selectableFields``, `metadata.name` or `metadata.namespace`. Nil where the object has none.
  package func selectableValue(_ field: String, of resource: Resource) -> String? {
    if kind.kind == "Event", kind.group.isEmpty, field == "source" {
      return resource.json.at("source", "component")?.string ?? resource.json["reportingComponent"]?.string
    }
    switch resource.json.at(field.split(separator: ".").map(String.init)) {
    case .string(let text)?: return text
    case .bool(let value)?: return value ? "true" : "false"
    case .int(let value)?: return String(value)
    case .number(let text)?: return text
    default: return kind.kind == "Pod" && field == "spec.hostNetwork" || kind.kind == "Node" ? "false" : nil
    }
  }
}
