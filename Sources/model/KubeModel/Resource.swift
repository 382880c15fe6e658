package import Basics
package import JSONValue

/// A kind of resource: its API group and version, its name and its plural, and whether its objects live in namespaces.
package struct ResourceKind: Sendable, Hashable {
  /// Empty for Kubernetes' core group.
  package var group: String
  package var version: String
  package var kind: String
  /// Lower case, as in a URL: `workflowtemplates`.
  package var plural: String
  package var isNamespaced: Bool

  package init(group: String, version: String, kind: String, plural: String, isNamespaced: Bool = true) {
    self.group = group
    self.version = version
    self.kind = kind
    self.plural = plural
    self.isNamespaced = isNamespaced
  }

  /// `v1` or `argoproj.io/v1alpha1`.
  package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
  /// `workflows.argoproj.io`, as messages of Kubernetes name a kind; without a dot for the core group.
  package var qualifiedPlural: String { group.isEmpty ? plural : "\(plural).\(group)" }
}

extension ResourceKind {
  private static func argo(_ kind: String, _ plural: String, isNamespaced: Bool = true) -> ResourceKind {
    ResourceKind(group: "argoproj.io", version: "v1alpha1", kind: kind, plural: plural, isNamespaced: isNamespaced)
  }
  private static func core(_ kind: String, _ plural: String, isNamespaced: Bool = true) -> ResourceKind {
    ResourceKind(group: "", version: "v1", kind: kind, plural: plural, isNamespaced: isNamespaced)
  }

  package static let workflow = argo("Workflow", "workflows")
  package static let workflowTemplate = argo("WorkflowTemplate", "workflowtemplates")
  package static let clusterWorkflowTemplate = argo("ClusterWorkflowTemplate", "clusterworkflowtemplates", isNamespaced: false)
  package static let cronWorkflow = argo("CronWorkflow", "cronworkflows")
  package static let workflowEventBinding = argo("WorkflowEventBinding", "workfloweventbindings")
  package static let workflowTaskResult = argo("WorkflowTaskResult", "workflowtaskresults")
  package static let workflowArtifactGCTask = argo("WorkflowArtifactGCTask", "workflowartifactgctasks")
  package static let workflowTaskSet = argo("WorkflowTaskSet", "workflowtasksets")
  package static let pod = core("Pod", "pods")
  package static let secret = core("Secret", "secrets")
  package static let configMap = core("ConfigMap", "configmaps")
  package static let serviceAccount = core("ServiceAccount", "serviceaccounts")
  package static let persistentVolumeClaim = core("PersistentVolumeClaim", "persistentvolumeclaims")
  package static let namespace = core("Namespace", "namespaces", isNamespaced: false)
  /// The limit of a semaphore that is kept in the store, by the semaphore's key: what Argo keeps in a table of its database.
  package static let syncLimit = ResourceKind(group: "argosy.io", version: "v1alpha1", kind: "SyncLimit", plural: "synclimits")
  package static let event = core("Event", "events")
  package static let node = core("Node", "nodes", isNamespaced: false)
  package static let persistentVolume = core("PersistentVolume", "persistentvolumes", isNamespaced: false)
  package static let storageClass = ResourceKind(
    group: "storage.k8s.io", version: "v1", kind: "StorageClass", plural: "storageclasses", isNamespaced: false)
  package static let customResourceDefinition = ResourceKind(
    group: "apiextensions.k8s.io", version: "v1", kind: "CustomResourceDefinition", plural: "customresourcedefinitions",
    isNamespaced: false)

  /// The kinds that this build knows by themselves.
  package static let known: [ResourceKind] = [
    .workflow, .workflowTemplate, .clusterWorkflowTemplate, .cronWorkflow, .workflowEventBinding, .workflowTaskResult,
    .workflowArtifactGCTask,
    .workflowTaskSet,
    .pod, .secret, .configMap, .serviceAccount, .persistentVolumeClaim, .namespace, .event, .syncLimit,
  ]

  /// The known kind of an object's `apiVersion` and `kind`.
  package static func known(apiVersion: String, kind: String) -> ResourceKind? {
    known.first { $0.kind == kind && $0.apiVersion == apiVersion }
  }
}

/// What names one object: its kind, its namespace (empty for cluster-wide kinds) and its name.
package struct ResourceKey: Sendable, Hashable {
  package var kind: ResourceKind
  package var namespace: String
  package var name: String
  package init(_ kind: ResourceKind, namespace: String, name: String) {
    self.kind = kind
    self.namespace = kind.isNamespaced ? namespace : ""
    self.name = name
  }
}

/// One Kubernetes-style object: a JSON document with `apiVersion`, `kind`, `metadata` and whatever else its kind has.
package struct Resource: Sendable, Hashable {
  package let kind: ResourceKind
  /// The whole document.
  package var json: JSON

  /// Wraps a document of this kind; `apiVersion` and `kind` are set to match.
  package init(_ kind: ResourceKind, json: JSON) {
    self.kind = kind
    self.json = json
    if self.json["apiVersion"]?.string != kind.apiVersion { self.json["apiVersion"] = .string(kind.apiVersion) }
    if self.json["kind"]?.string != kind.kind { self.json["kind"] = .string(kind.kind) }
  }

  package var key: ResourceKey { ResourceKey(kind, namespace: namespace, name: name) }

  package var metadata: JSON {
    get { json["metadata"] ?? .object([:]) }
    set { json["metadata"] = newValue }
  }
  package var spec: JSON {
    get { json["spec"] ?? .object([:]) }
    set { json["spec"] = newValue }
  }
  package var status: JSON {
    get { json["status"] ?? .object([:]) }
    set { json["status"] = newValue }
  }

  package var name: String {
    get { json.at("metadata", "name")?.string ?? "" }
    set { setMetadata("name", .string(newValue)) }
  }
  package var generateName: String? { json.at("metadata", "generateName")?.string }
  package var namespace: String {
    get { json.at("metadata", "namespace")?.string ?? "" }
    set { setMetadata("namespace", .string(newValue)) }
  }
  package var uid: String {
    get { json.at("metadata", "uid")?.string ?? "" }
    set { setMetadata("uid", .string(newValue)) }
  }
  package var creationTimestamp: Instant? {
    get { json.at("metadata", "creationTimestamp")?.string.flatMap(Instant.init(rfc3339:)) }
    set { setMetadata("creationTimestamp", newValue.map { .string($0.rfc3339) }) }
  }
  package var deletionTimestamp: Instant? { json.at("metadata", "deletionTimestamp")?.string.flatMap(Instant.init(rfc3339:)) }
  /// The store's revision that wrote this object; nil before it is stored.
  package var resourceVersion: Int64? {
    get { json.at("metadata", "resourceVersion")?.string.flatMap { Int64($0) } }
    set { setMetadata("resourceVersion", newValue.map { .string(String($0)) }) }
  }
  package var labels: [String: String] { strings("labels") }
  package var annotations: [String: String] { strings("annotations") }
  /// The uid of the object that this one belongs to: its controller, else its first owner.
  package var ownerUID: String? {
    let owners = json.at("metadata", "ownerReferences")?.array ?? []
    return (owners.first { $0["controller"]?.bool == true } ?? owners.first)?["uid"]?.string
  }
  package func label(_ key: String) -> String? { json.at("metadata", "labels", key)?.string }
  package func annotation(_ key: String) -> String? { json.at("metadata", "annotations", key)?.string }
  package mutating func setLabel(_ key: String, _ value: String?) { setMetadata("labels", key, value) }
  package mutating func setAnnotation(_ key: String, _ value: String?) { setMetadata("annotations", key, value) }

  private func strings(_ field: String) -> [String: String] {
    var result: [String: String] = [:]
    for (key, value) in json.at("metadata", field)?.object ?? [:] { result[key] = value.string }
    return result
  }

  private mutating func setMetadata(_ field: String, _ value: JSON?) {
    json.modifyObject { root in
      var metadata = root.removeAndKeepPlace("metadata")
      metadata[field] = value
      root["metadata"] = metadata
    }
  }

  private mutating func setMetadata(_ field: String, _ key: String, _ value: String?) {
    json.modifyObject { root in
      var metadata = root.removeAndKeepPlace("metadata")
      var members = metadata[field]?.object ?? [:]
      members[key] = value.map { .string($0) }
      metadata[field] = .object(members)
      root["metadata"] = metadata
    }
  }
}

extension JSONObject {
  /// The member's value (an empty object where there is none), leaving null in its place so that editing the value copies nothing.
  fileprivate mutating func removeAndKeepPlace(_ key: String) -> JSON {
    let value = self[key] ?? .object([:])
    self[key] = .null
    return value
  }
}
