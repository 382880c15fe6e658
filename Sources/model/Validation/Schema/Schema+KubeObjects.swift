extension Schema {
  /// Metadata, pod settings and the plain Kubernetes kinds. The notation is ``SchemaTable``'s.
  static let kubeObjects = """
    ObjectMeta
      annotations {string}
      creationTimestamp string @date-time
      deletionGracePeriodSeconds integer @int64
      deletionTimestamp string @date-time
      finalizers [string] @set @merge
      generateName string
      generation integer @int64
      labels {string}
      managedFields [ManagedFieldsEntry]
      name string
      namespace string
      ownerReferences [OwnerReference] @map=uid @merge=uid
      resourceVersion string
      selfLink string
      uid string
    OwnerReference @atomic
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
    LocalObjectReference @atomic
      name string
    PodDisruptionBudgetSpec
      maxUnavailable intOrString
      minAvailable intOrString
      selector LabelSelector
      unhealthyPodEvictionPolicy string
    LabelSelector @atomic
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
      fsGroup integer @int64
      fsGroupChangePolicy string
      runAsGroup integer @int64
      runAsNonRoot boolean
      runAsUser integer @int64
      seLinuxChangePolicy string
      seLinuxOptions SELinuxOptions
      seccompProfile SeccompProfile
      supplementalGroups [integer] @int64
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
      tolerationSeconds integer @int64
      value string
    Affinity
      nodeAffinity NodeAffinity
      podAffinity PodAffinity
      podAntiAffinity PodAntiAffinity
    Secret
      apiVersion string
      kind string
      metadata ObjectMeta
      data {string} @byte
      stringData {string}
      type string
      immutable boolean
    ConfigMap
      apiVersion string
      kind string
      metadata ObjectMeta
      data {string}
      binaryData {string} @byte
      immutable boolean
    ServiceAccount
      apiVersion string
      kind string
      metadata ObjectMeta
      secrets [ObjectReference] @map=name @merge=name
      imagePullSecrets [LocalObjectReference]
      automountServiceAccountToken boolean
    Namespace
      apiVersion string
      kind string
      metadata ObjectMeta
      spec NamespaceSpec
      status NamespaceStatus
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
      status PersistentVolumeClaimStatus
    """
}
