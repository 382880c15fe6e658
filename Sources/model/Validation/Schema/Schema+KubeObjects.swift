extension Schema {
  /// Metadata, pod settings and the plain Kubernetes kinds. The notation is ``SchemaTable``'s.
  static let kubeObjects = """
    ObjectMeta
      annotations {string}
      creationTimestamp string
      deletionGracePeriodSeconds integer
      deletionTimestamp string
      finalizers [string]
      generateName string
      generation integer
      labels {string}
      managedFields [any]
      name string
      namespace string
      ownerReferences [OwnerReference]
      resourceVersion string
      selfLink string
      uid string
    OwnerReference
      apiVersion! string
      blockOwnerDeletion boolean
      controller boolean
      kind! string
      name! string
      uid! string
    PodDNSConfig
      nameservers [string]
      options [PodDNSConfigOption]
      searches [string]
    PodDNSConfigOption
      name string
      value string
    HostAlias
      hostnames [string]
      ip! string
    LocalObjectReference
      name string
    PodDisruptionBudgetSpec
      maxUnavailable intOrString
      minAvailable intOrString
      selector LabelSelector
      unhealthyPodEvictionPolicy string
    LabelSelector
      matchExpressions [LabelSelectorRequirement]
      matchLabels {string}
    LabelSelectorRequirement
      key! string
      operator! string = In NotIn Exists DoesNotExist
      values [string]
    PodResourceClaim
      name! string
      resourceClaimName string
      resourceClaimTemplateName string
    PodSecurityContext
      appArmorProfile AppArmorProfile
      fsGroup integer
      fsGroupChangePolicy string
      runAsGroup integer
      runAsNonRoot boolean
      runAsUser integer
      seLinuxChangePolicy string
      seLinuxOptions SELinuxOptions
      seccompProfile SeccompProfile
      supplementalGroups [integer]
      supplementalGroupsPolicy string
      sysctls [Sysctl]
      windowsOptions WindowsSecurityContextOptions
    Sysctl
      name! string
      value! string
    Toleration
      effect string = NoSchedule PreferNoSchedule NoExecute
      key string
      operator string = Exists Equal Lt Gt
      tolerationSeconds integer
      value string
    Affinity
      nodeAffinity any
      podAffinity any
      podAntiAffinity any
    Secret
      apiVersion string
      kind string
      metadata ObjectMeta
      data {string}
      stringData {string}
      type string
      immutable boolean
    ConfigMap
      apiVersion string
      kind string
      metadata ObjectMeta
      data {string}
      binaryData {string}
      immutable boolean
    ServiceAccount
      apiVersion string
      kind string
      metadata ObjectMeta
      secrets [any]
      imagePullSecrets [LocalObjectReference]
      automountServiceAccountToken boolean
    Namespace
      apiVersion string
      kind string
      metadata ObjectMeta
      spec any
      status any
    SyncLimit
      apiVersion string
      kind string
      metadata ObjectMeta
      spec! SyncLimitSpec
    SyncLimitSpec
      limit! integer
    PersistentVolumeClaim
      apiVersion string
      kind string
      metadata ObjectMeta
      spec PersistentVolumeClaimSpec
      status any
    """
}
