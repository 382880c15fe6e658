/// What of Kubernetes' and Argo's kinds can be known without asking a server: plurals, scopes, and the short names of `kubectl`.
package enum BuiltInKinds {
  package struct Entry: Sendable {
    package var kind: ResourceKind
    package var shortNames: [String]
  }

  private static func entry(
    _ group: String, _ version: String, _ kind: String, _ plural: String, _ shortNames: String..., cluster: Bool = false
  )
    -> Entry
  {
    Entry(
      kind: ResourceKind(group: group, version: version, kind: kind, plural: plural, isNamespaced: !cluster), shortNames: shortNames)
  }

  static let core: [Entry] = [
    entry("", "v1", "Pod", "pods", "po"), entry("", "v1", "ConfigMap", "configmaps", "cm"), entry("", "v1", "Secret", "secrets"),
    entry("", "v1", "Service", "services", "svc"), entry("", "v1", "ServiceAccount", "serviceaccounts", "sa"),
    entry("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", "pvc"),
    entry("", "v1", "PersistentVolume", "persistentvolumes", "pv", cluster: true),
    entry("", "v1", "Namespace", "namespaces", "ns", cluster: true), entry("", "v1", "Node", "nodes", "no", cluster: true),
    entry("", "v1", "Event", "events", "ev"), entry("", "v1", "Endpoints", "endpoints", "ep"),
    entry("", "v1", "LimitRange", "limitranges", "limits"), entry("", "v1", "ResourceQuota", "resourcequotas", "quota"),
    entry("", "v1", "ReplicationController", "replicationcontrollers", "rc"), entry("", "v1", "PodTemplate", "podtemplates"),
  ]

  static let groups: [Entry] = [
    entry("apps", "v1", "Deployment", "deployments", "deploy"), entry("apps", "v1", "StatefulSet", "statefulsets", "sts"),
    entry("apps", "v1", "DaemonSet", "daemonsets", "ds"), entry("apps", "v1", "ReplicaSet", "replicasets", "rs"),
    entry("apps", "v1", "ControllerRevision", "controllerrevisions"), entry("batch", "v1", "Job", "jobs"),
    entry("batch", "v1", "CronJob", "cronjobs", "cj"),
    entry("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa"),
    entry("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb"),
    entry("networking.k8s.io", "v1", "Ingress", "ingresses", "ing"),
    entry("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", "netpol"),
    entry("networking.k8s.io", "v1", "IngressClass", "ingressclasses", cluster: true),
    entry("rbac.authorization.k8s.io", "v1", "Role", "roles"), entry("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"),
    entry("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", cluster: true),
    entry("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", cluster: true),
    entry("storage.k8s.io", "v1", "StorageClass", "storageclasses", "sc", cluster: true),
    entry("storage.k8s.io", "v1", "VolumeAttachment", "volumeattachments", cluster: true),
    entry("storage.k8s.io", "v1", "CSIDriver", "csidrivers", cluster: true),
    entry("storage.k8s.io", "v1", "CSINode", "csinodes", cluster: true),
    entry("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", "pc", cluster: true),
    entry("coordination.k8s.io", "v1", "Lease", "leases"), entry("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"),
    entry("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", "crd", "crds", cluster: true),
    entry("apiregistration.k8s.io", "v1", "APIService", "apiservices", cluster: true),
    entry("admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", cluster: true),
    entry("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", cluster: true),
    entry("certificates.k8s.io", "v1", "CertificateSigningRequest", "certificatesigningrequests", "csr", cluster: true),
  ]

  static let argo: [Entry] = [
    entry("argoproj.io", "v1alpha1", "Workflow", "workflows", "wf"),
    entry("argoproj.io", "v1alpha1", "WorkflowTemplate", "workflowtemplates", "wftmpl"),
    entry("argoproj.io", "v1alpha1", "ClusterWorkflowTemplate", "clusterworkflowtemplates", "cwft", "clusterwftmpl", cluster: true),
    entry("argoproj.io", "v1alpha1", "CronWorkflow", "cronworkflows", "cwf", "cronwf"),
    entry("argoproj.io", "v1alpha1", "WorkflowEventBinding", "workfloweventbindings", "wfeb"),
    entry("argoproj.io", "v1alpha1", "WorkflowTaskSet", "workflowtasksets", "wfts"),
    entry("argoproj.io", "v1alpha1", "WorkflowTaskResult", "workflowtaskresults"),
    entry("argoproj.io", "v1alpha1", "WorkflowArtifactGCTask", "workflowartifactgctasks", "wfat"),
  ]

  /// What answers questions about access; nothing of them is kept.
  static let reviews: [Entry] = [
    entry("authentication.k8s.io", "v1", "TokenReview", "tokenreviews", cluster: true),
    entry("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", cluster: true),
    entry("authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", cluster: true),
    entry("authorization.k8s.io", "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews"),
    entry("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", cluster: true),
    entry("authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", cluster: true),
  ]

  static let argosy: [Entry] = [entry("argosy.io", "v1alpha1", "SyncLimit", "synclimits")]

  package static let all: [Entry] = core + argo + groups + reviews + argosy

  /// Kinds whose objects make something happen only where a controller of a cluster watches them.
  package static let needsController: Set<String> = [
    "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Service", "Ingress",
    "HorizontalPodAutoscaler",
  ]
}

extension ResourceKind {
  /// The kind of an object's `apiVersion` and `kind`: a known one, else one made up by Kubernetes' own guess of the plural
  /// (`meta.UnsafeGuessKindToResource`) and taken to be namespaced. Nil when one of the two is empty.
  package static func of(apiVersion: String, kind: String) -> ResourceKind? {
    guard !apiVersion.isEmpty, !kind.isEmpty else { return nil }
    if let known = known(apiVersion: apiVersion, kind: kind) { return known }
    let parts = apiVersion.split(separator: "/", maxSplits: 1).map(String.init)
    let (group, version) = parts.count == 2 ? (parts[0], parts[1]) : ("", apiVersion)
    if var found = BuiltInKinds.all.first(where: { $0.kind.group == group && $0.kind.kind == kind })?.kind {
      found.version = version
      return found
    }
    return ResourceKind(group: group, version: version, kind: kind, plural: guessedPlural(kind))
  }

  /// The kind that a word of a `kubectl` command line names: plural, singular or short name, also with version and group behind dots
  /// (`deploy`, `deployments.apps`, `deployments.v1.apps`). Nil when this program knows none.
  package static func named(_ word: String) -> ResourceKind? {
    let word = word.lowercased()
    let (name, rest) = split(word)
    let candidates = BuiltInKinds.all.filter { entry in
      entry.kind.plural == name || entry.kind.kind.lowercased() == name || entry.shortNames.contains(name)
    }
    let chosen = candidates.first { entry in
      rest.isEmpty || entry.kind.group == rest || "\(entry.kind.version).\(entry.kind.group)" == rest
    }
    guard let kind = chosen?.kind else { return nil }
    return known(apiVersion: kind.apiVersion, kind: kind.kind) ?? kind
  }

  private static func split(_ word: String) -> (name: String, rest: String) {
    guard let dot = word.firstIndex(of: ".") else { return (word, "") }
    return (String(word[..<dot]), String(word[word.index(after: dot)...]))
  }

  private static func guessedPlural(_ kind: String) -> String {
    let name = kind.lowercased()
    switch name.utf8.last {
    case UInt8(ascii: "s"): return name + "es"
    case UInt8(ascii: "y"): return name.dropLast() + "ies"
    default: return name + "s"
    }
  }

  /// Kubernetes itself defines the kind, so that its API takes strategic merge patches of it.
  package var isBuiltIn: Bool {
    (BuiltInKinds.core + BuiltInKinds.groups + BuiltInKinds.reviews).contains { $0.kind.group == group && $0.kind.kind == kind }
  }

  /// Objects of the kind bear a `generation`: those with a desired state that somebody works on. Kubernetes gives its plain records none.
  package var countsGenerations: Bool {
    switch group {
    case "": plural == "pods" || plural == "replicationcontrollers"
    case "rbac.authorization.k8s.io", "coordination.k8s.io", "storage.k8s.io", "events.k8s.io", "scheduling.k8s.io": false
    default: true
    }
  }

  /// The kind means nothing to this program or to a step: its objects are only kept.
  package var isInert: Bool {
    isBuiltIn ? BuiltInKinds.needsController.contains(kind) : !ResourceKind.known.contains(self) && group != "argoproj.io"
  }
}
